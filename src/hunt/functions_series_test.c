/* Series. */
#include "hunt/functions_test.h"

#define WEEKS "dynamic([1,2,3,9,1,2,3,9,1,2,3,9,1,2,3,90,1,2,3,9])"

const struct function_case series_cases[] = {
    {"series_add(dynamic([1,2,4]), dynamic([4,2,1]))", "[5.0,4.0,5.0]"},
    {"series_divide(dynamic([1,2]), dynamic([2,null]))", "[0.5,null]"},
    {"series_greater(dynamic([1,2,4]), dynamic([4,2,1]))", "[false,false,true]"},
    {"series_fill_const(dynamic([1,null,3]), 0)", "[1.0,0.0,3.0]"},
    {"series_fill_forward(dynamic([null,1,null,3]))", "[null,1.0,1.0,3.0]"},
    {"series_fill_backward(dynamic([null,1,null]))", "[1.0,1.0,null]"},
    {"series_fill_linear(dynamic([null,1,null,3,null]))", "[1.0,1.0,2.0,3.0,3.0]"},
    {"print y = dynamic([2,4,6,8]) | extend (r, s, v, rv, i, f) = series_fit_line(y) | project r, "
     "s, i, f",
     "1|2|2|[2.0,4.0,6.0,8.0]"},
    {"print y = dynamic([0,1,2,3,10,9,8,7]) | extend (r, split, v, rv, f) = series_fit_2lines(y) | "
     "project r, split, f",
     "1|4|[0.0,1.0,2.0,3.0,10.0,9.0,8.0,7.0]"},
    {"print y = " WEEKS " | extend a = series_decompose_anomalies(y) | project a",
     "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0]"},
    {"print y = " WEEKS
     " | extend (f, s, b) = series_decompose_anomalies(y, 1.5, 4) | project f[15], b[3], b[4]",
     "1|13.05|5.05"},
    {"series_decompose_forecast(dynamic([1,2,3,9,1,2,3,9,1,2,3,9,0,0,0,0]), 4)",
     "[1.0,2.0,3.0,9.0,1.0,2.0,3.0,9.0,1.0,2.0,3.0,9.0,1.0,2.0,3.0,9.0]"},
    {"series_decompose_forecast(dynamic([1,2,3,4,5,0,0]), 2, 0, 'linefit')",
     "[1.0,2.0,3.0,4.0,5.0,6.0,7.0]"},
    {"print y = dynamic([1,5,3]) | extend (lo, lo_at, hi, hi_at, mean) = series_stats(y) | project "
     "lo, lo_at, hi, hi_at, mean",
     "1|0|5|1|3"},
    {"print y = " WEEKS
     " | extend (p, s) = series_periods_detect(dynamic([1,2,3,9,1,2,3,9,1,2,3,9]), 0.0, 6.0, 1) | "
     "project p",
     "[4.0]"},
    {"series_outliers(dynamic([1,1,1,1,1,1,1,1,1,50]))[0]", "0.0"},
    {"series_stats(1)[0]", "NULL"},
    {"series_add(dynamic([1,2]), 10)", "[11.0,12.0]"},
    {"series_pow(dynamic([1,2,3]), dynamic([4,5,6]))", "[1.0,32.0,729.0]"},
    {"series_abs(dynamic([-6.5,0,8.2]))", "[6.5,0.0,8.1999999999999993]"},
    {"series_sign(dynamic([-6,8,0]))", "[-1.0,1.0,0.0]"},
    {"series_floor(dynamic([-3.9,3.9]))", "[-4.0,3.0]"},
    {"series_log(dynamic([1]))", "[0.0]"},
    {"series_sum(dynamic([1,2,3,4]))", "10"},
    {"series_magnitude(dynamic([3,4]))", "5"},
    {"series_dot_product(dynamic([1,2,3]), dynamic([4,5,6]))", "32"},
    {"round(series_cosine_similarity(dynamic([1,0]), dynamic([1,1])), 6)", "0.707107"},
    {"series_pearson_correlation(dynamic([1,2,3]), dynamic([5,4,3]))", "-1"},
    {"series_pearson_correlation(dynamic([1,2,3]), dynamic([1]))", "NULL"},
    {"series_fir(dynamic([0,10,20,40,0]), dynamic([1,1]))", "[0.0,5.0,15.0,30.0,20.0]"},
    {"series_fir(dynamic([0,0,2,2,3,3]), dynamic([1,-1]), false, false)",
     "[0.0,0.0,2.0,0.0,1.0,0.0]"},
    {"series_fir(dynamic([0,10,20,10,0]), dynamic([1,1,1,1,1]), true, true)",
     "[6.0,8.0,8.0,8.0,6.0]"},
    {"series_fir(dynamic([1]), dynamic([1,-1]), true)", "NULL"},
    {"series_iir(dynamic([1,2,3,4]), dynamic([1]), dynamic([1,-1]))", "[1.0,3.0,6.0,10.0]"},
    {"series_iir(dynamic([1]), dynamic([1]), dynamic([0]))", "NULL"},
    {"print (re, im) = series_fft(dynamic([1,0,0,0])) | project re, im",
     "[1.0,1.0,1.0,1.0]|[0.0,0.0,0.0,0.0]"},
    {"print (re, im) = series_fft(dynamic([1,2,3,4])) | extend (a, b) = series_ifft(re, im) | "
     "project round(todouble(a[2]), 6), abs(round(todouble(b[2]), 6))",
     "3|0"},
    {"print (r, c) = series_fit_poly(dynamic([1,2,5,10]), dynamic([0,1,2,3]), 2) | project "
     "round(r, "
     "6), round(todouble(c[0]), 6), abs(round(todouble(c[1]), 6)), round(todouble(c[2]), 6)",
     "1|1|0|1"},
    {"series_seasonal(dynamic([2,5,3,2,5,3,2,5,3]))", "[2.0,5.0,3.0,2.0,5.0,3.0,2.0,5.0,3.0]"},
    {"series_seasonal(dynamic([1,3,3,5]), 2)", "[2.0,4.0,2.0,4.0]"},
    {"print y = dynamic([1,2,3,9,1,2,3,9,1,2,3,9]) | extend (p, s) = series_periods_validate(y, "
     "4.0, "
     "3.0) | project p, todouble(s[0]) > 0.9, todouble(s[1]) < 0.5",
     "[4.0,3.0]|true|true"},
    {"series_stats_dynamic(dynamic([1,5]))['max']", "5.0"},
    {"series_fit_line_dynamic(dynamic([2,4,6,8]))['slope']", "2.0"},
    {0},
};
