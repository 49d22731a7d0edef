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
    {0},
};
