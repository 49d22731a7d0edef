/* Numbers, addresses, groups and windows. */
#include "hunt/functions_test.h"

const struct function_case number_cases[] = {
    {"abs(-5)", "5"},
    {"abs(-1.5)", "1.5"},
    {"abs(-1h) == 1h", "true"},
    {"ceiling(1.1)", "2"},
    {"round(2.98765, 3)", "2.988"},
    {"round(3)", "3"},
    {"sqrt(256)", "16"},
    {"sqrt(-1)", "NULL"},
    {"pow(2, 3)", "8"},
    {"exp2(3)", "8"},
    {"log(0.0)", "-inf"},
    {"log(-1.0)", "NULL"},
    {"log2(8)", "3"},
    {"log10(100)", "2"},
    {"sign(-42)", "-1"},
    {"min_of(10, 1, -3, 17)", "-3"},
    {"max_of(10, 1.5, 17)", "17"},
    {"isnan(real(nan))", "true"},
    {"isfinite(0.0)", "true"},
    {"isinf(real(+inf))", "true"},
    {"rand(1)", "0"},
    {"rand() < 1", "true"},
    {"tohex(256)", "100"},
    {"tohex(-256)", "ffffffffffffff00"},
    {"tohex(256, 8)", "00000100"},
    {"binary_and(12, 10)", "8"},
    {"binary_or(12, 10)", "14"},
    {"binary_xor(12, 10)", "6"},
    {"binary_not(100)", "-101"},
    {"binary_shift_left(1, 40)", "1099511627776"},
    {"binary_shift_right(1024, 3)", "128"},
    {"bitset_count_ones(42)", "3"},
    {"hash_md5('World')", "f5a7924e621e84c9280a9a27e1bcb7f6"},
    {"hash_sha1('World')", "70c07ec18ef89c5309bbb0937f3a6342411e1fdd"},
    {"hash_sha256('World')", "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"},
    {"hash('a') == hash('a') and hash('a', 10) < 10", "true"},
    {0},
};

const struct function_case ip_cases[] = {
    {"ipv4_is_private('192.168.1.1/24')", "true"},
    {"ipv4_is_private('10.1.2.3')", "true"},
    {"ipv4_is_private('202.1.2.3')", "false"},
    {"ipv4_is_private('x')", "NULL"},
    {"ipv4_is_match('192.168.1.1/24', '192.168.1.255')", "true"},
    {"ipv4_is_match('192.168.1.1', '192.168.1.255/24')", "true"},
    {"ipv4_is_match('192.168.1.1/30', '192.168.1.255/24')", "true"},
    {"ipv4_is_match('192.168.1.1', '192.168.1.0', 31)", "true"},
    {"ipv4_is_match('192.168.1.1', '192.168.1.2')", "false"},
    {"ipv4_is_match('x', '192.168.1.2')", "NULL"},
    {"ipv4_is_in_range('192.168.1.6', '192.168.1.1/24')", "true"},
    {"ipv4_is_in_range('192.168.2.6', '192.168.1.1/24')", "false"},
    {"ipv4_is_in_any_range('192.168.1.6', '10.0.0.0/8', '192.168.1.1/24')", "true"},
    {"ipv4_is_in_any_range('11.0.0.1', dynamic(['10.0.0.0/8', '127.0.0.1/8']))", "false"},
    {"ipv4_compare('192.168.1.1', '192.168.1.255')", "-1"},
    {"ipv4_compare('192.168.1.1/24', '192.168.1.255')", "0"},
    {"parse_ipv4('127.0.0.1')", "2130706433"},
    {"parse_ipv4('192.1.168.1') < parse_ipv4('192.1.168.2')", "true"},
    {"parse_ipv4_mask('192.1.168.2', 31) == parse_ipv4_mask('192.1.168.3', 31)", "true"},
    {"ipv4_netmask_suffix('192.168.1.1/24')", "24"},
    {"format_ipv4('192.168.1.1', 24)", "192.168.1.0"},
    {"format_ipv4('192.168.1.1/24', 32)", "192.168.1.0"},
    {"format_ipv4_mask('192.168.1.1', 24)", "192.168.1.0/24"},
    {"format_ipv4(2130706433)", "127.0.0.1"},
    {"ipv6_is_match('::ffff:7f00:1', '127.0.0.1')", "true"},
    {"ipv6_compare('fe80::85d:e82c:9446:7994', 'fe80::85d:e82c:9446:7995')", "-1"},
    {"ipv6_is_in_range('fe80::1', 'fe80::/10')", "true"},
    {"parse_ipv6('127.0.0.1')", "0000:0000:0000:0000:0000:ffff:7f00:0001"},
    {"parse_ipv6_mask('fe80::85d:e82c:9446:7994', 120)", "fe80:0000:0000:0000:085d:e82c:9446:7900"},
    {"has_ipv4('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.0.1')", "true"},
    {"has_ipv4('05:04:54 127.0.0.256 GET', '127.0.0.256')", "false"},
    {"has_ipv4('05:04:54127.0.0.1 GET', '127.0.0.1')", "false"},
    {"has_ipv4_prefix('05:04:54 127.0.0.1 GET', '127.0.')", "true"},
    {"has_ipv4_prefix('05:04:54 127.0.0.1 GET', '127.0')", "false"},
    {"has_any_ipv4('a 10.0.0.5 b', '10.0.0.1', '10.0.0.5')", "true"},
    {"geo_info_from_ip_address('1.1.1.1')", "{}"}, /* without a file of places */
    {"isempty(geo_info_from_ip_address('1.1.1.1').country)", "true"},
    {"tolong(geo_distance_2points(-122.407628, 47.578557, -118.275287, 34.019056) * 1000)",
     "1546754351"},
    {"geo_distance_2points(1, 1, 1, 1)", "0"},
    {"round(geo_distance_2points(0, 90, 17, -90) / 1000)", "20015"},
    {"geo_distance_2points(181, 0, 0, 0)", "NULL"},
    {"geo_distance_2points(0, 0, 0, real(null))", "NULL"},
    {0},
};

#define ROWS                                                                                       \
    "datatable(k: string, n: long, t: string, d: dynamic, b: bool) ["                              \
    "'a', 1, 'x', dynamic({\"p\":1}), true, 'a', 2, 'y', dynamic({\"q\":2}), false, "              \
    "'b', 3, '', dynamic(null), true, 'a', long(null), 'x', dynamic({\"p\":3}), false] | "

const struct function_case aggregate_cases[] = {
    {ROWS "summarize count(), countif(b), sum(n), sumif(n, b), avg(n), avgif(n, b)", "4|2|6|4|2|2"},
    {ROWS "summarize min(n), max(n), minif(n, b), maxif(n, not(b))", "1|3|1|2"},
    {ROWS "where n > 5 | summarize count(), sum(n), make_list(n)", "0|0|[]"},
    {ROWS "summarize dcount(t), dcountif(t, b), count_distinct(k)", "3|2|2"},
    {ROWS "summarize s = make_set(t) | project array_sort_asc(s)", "[\"\",\"x\",\"y\"]"},
    {ROWS "summarize s = make_set_if(t, n < 3) | project array_sort_asc(s)", "[\"x\",\"y\"]"},
    {ROWS "summarize s = make_set(n, 2) | project array_length(s)", "2"},
    {ROWS "sort by n asc | summarize make_list(n)", "[1,2,3]"},
    {ROWS "sort by n desc | summarize l = make_list_if(n, n != 2)", "[3,1]"},
    {ROWS "summarize l = make_list_with_nulls(n) | project array_length(l)", "4"},
    {ROWS "where k == 'a' | sort by n asc | summarize b = make_bag(d) | project "
          "array_sort_asc(bag_keys(b))",
     "[\"p\",\"q\"]"},
    {ROWS "summarize percentile(n, 50)", "2"},
    {ROWS "summarize percentiles(n, 5, 95)", "1|3"},
    {ROWS "summarize percentiles_array(n, 5, 95)", "[1,3]"},
    {ROWS "summarize stdev(n), variance(n), stdevp(n)", "1|1|0.816497"},
    {ROWS "summarize arg_max(n, t) by k | sort by k asc", "a|2|y\nb|3|"},
    {ROWS "summarize take_anyif(n, n > 2)", "3"},
    {ROWS "summarize binary_all_or(n), binary_all_and(n)", "3|0"},
    {ROWS "summarize hll(n)",
     "refused: hll() works on sketches, which are not kept; dcount() and percentile() work on the "
     "rows themselves"},
    {0},
};

const struct function_case window_cases[] = {
    {"range x from 1 to 3 step 1 | extend p = prev(x), n = next(x)", "1|NULL|2\n2|1|3\n3|2|NULL"},
    {"range x from 1 to 3 step 1 | extend p = prev(x, 2, 0)", "1|0\n2|0\n3|1"},
    {"range x from 1 to 3 step 1 | extend c = row_cumsum(x)", "1|1\n2|3\n3|6"},
    {"range x from 1 to 3 step 1 | sort by x desc | extend r = row_number()", "3|1\n2|2\n1|3"},
    {"range x from 1 to 2 step 1 | serialize r = row_number(7)", "1|7\n2|8"},
    {"range x from 1 to 4 step 1 | serialize r = row_number(1, x == 3)", "1|1\n2|2\n3|1\n4|2"},
    {"range x from 1 to 4 step 1 | serialize c = row_cumsum(x, x == 3)", "1|1\n2|3\n3|3\n4|7"},
    {"datatable(a:string)['x', 'y', 'y', 'z'] | sort by a asc | extend d = row_rank_dense(a), m = "
     "row_rank_min(a)",
     "x|1|1\ny|2|2\ny|2|2\nz|3|4"},
    {"datatable(k:long, a:string)[1, 'x', 1, 'y', 2, 'y', 2, 'y'] | sort by k asc, a asc | extend "
     "d "
     "= row_rank_dense(a, prev(k) != k)",
     "1|x|1\n1|y|2\n2|y|1\n2|y|1"},
    {"datatable(ID:string, T:datetime)['1', datetime(2024-04-11 10:00:00), '2', "
     "datetime(2024-04-11 10:18:00), '1', datetime(2024-04-11 11:00:00), '3', "
     "datetime(2024-04-11 11:30:00), '2', datetime(2024-04-11 13:30:00), '2', "
     "datetime(2024-04-11 10:16:00)] | sort by ID asc, T asc | project S = "
     "format_datetime(row_window_session(T, 1h, 5m, ID != prev(ID)), 'HH:mm')",
     "10:00\n11:00\n10:16\n10:16\n13:30\n11:30"},
    {"datatable(t:datetime)[datetime(2024-04-11 10:00), datetime(null), datetime(2024-04-11 "
     "10:01)] | extend s = row_window_session(t, 1h, 5m) | count",
     "3"},
    {"datatable(t:long)[1, 2, 9, 10] | project t = datetime(2024-04-11) + t * 1m | sort by t asc | "
     "extend s = row_window_session(t, 1h, 5m) | summarize n = count() by s | sort by s asc | "
     "project n",
     "2\n2"},
    {0},
};
