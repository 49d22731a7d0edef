/*
 * Operators, run: joins of all kinds, nulls, names of columns, bins, lists, patterns.
 */
#include "hunt/golden_test.h"

static void columns_without_a_name_are_named_as_kusto_names_them(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"print 1 + 2", "print_0/3"},
        {"print a = 1, 2", "a|print_1/1|2"},
        {"print strcat('a', 'b')", "print_0/ab"},
        {"datatable(a:long, b:long)[1, 2] | project a, b + 1, a * 2", "a|Column1|Column2/1|3|2"},
        {"datatable(a:long, b:long)[1, 2] | extend a + b", "a|b|Column1/1|2|3"},
        {"datatable(a:long)[1, 2] | summarize count()", "count_/2"},
        {"datatable(a:long)[1, 2] | summarize count(), sum(a), n = count()",
         "count_|sum_a|n/2|3|2"},
        {"datatable(a:long)[1, 2, 2] | summarize sum(a), dcount(a)", "sum_a|dcount_a/5|2"},
        {"datatable(a:long)[1, 2, 2] | summarize sum(a + 1)", "sum_/8"},
        {"datatable(t:datetime)[datetime(2026-11-22 10:20:30)] | summarize count() by bin(t, 1h)",
         "t|count_/2026-11-22T10:00:00Z|1"},
        {"datatable(a:long)[7] | summarize count() by a + 1", "Column1|count_/8|1"},
        {"datatable(d:dynamic)[dynamic({\"a\": {\"b\": 5}})] | project d.a.b", "d_a_b/5"},
        {"datatable(d:dynamic)[dynamic({\"a\": [7, 8]})] | project d.a[1]", "d_a_1/8"},
        {"datatable(d:dynamic)[dynamic({\"a b\": 1})] | project d[\"a b\"]", "d_a b/1"},
        {"datatable(d:dynamic)[dynamic({\"a\": 1})] | project tolong(d.a)", "d_a/1"},
        {"datatable(a:long)[1] | project a, a", "a|a1/1|1"},
        {"datatable(a:long)[1, 2] | count", "Count/2"},
        {"datatable(a:long)[1, 2] | count as n", "n/2"},
        {"datatable(a:long)[5] | summarize countif(a > 3)", "countif_/1"},
        {"datatable(a:string)[\"X\"] | project tolower(a), strlen(a), gettype(a), split(a, \".\")",
         "Column1|strlen_a|type_a|a/x|1|string|[\"X\"]"},
        {"datatable(t:datetime)[datetime(2026-11-22 10:20:30)] | summarize count() by "
         "startofday(t)",
         "t|count_/2026-11-22T00:00:00Z|1"},
        {"datatable(t:datetime)[datetime(2026-11-22 10:20:30)] | project startofweek(t), "
         "format_datetime(t, \"yyyy\")",
         "Column1|t/2026-11-22T00:00:00Z|2026"},
        {"print y = dynamic([1, 5]) | extend series_stats(y) | project-away y",
         "series_stats_y_min|series_stats_y_min_idx|series_stats_y_max|series_stats_y_max_idx|"
         "series_stats_y_avg|series_stats_y_stdev|series_stats_y_variance/"
         "1|0|5|1|3|2.8284271247461903|8"},
        {"print y = dynamic([1, 5]) | project (low, at) = series_stats(y)", "low|at/1|0"},
        {"print y = dynamic([1, 5]) | project low = series_stats(y)", "low/1"},
    };
    GOLDEN_CHECK(cases);
}

static void project_extend_and_their_relatives_change_columns_only(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"datatable(a:long, b:string)[1, \"x\"] | project b", "b/x"},
        {"datatable(a:long, b:string)[1, \"x\"] | project n = b, a", "n|a/x|1"},
        {"datatable(a:long, b:string)[1, \"x\"] | project-away a", "b/x"},
        {"datatable(ab:long, ac:long, b:long)[1, 2, 3] | project-away a*", "b/3"},
        {"datatable(ab:long, ac:long, b:long)[1, 2, 3] | project-keep a*", "ab|ac/1|2"},
        {"datatable(a:long, b:string)[1, \"x\"] | project-rename c = a", "c|b/1|x"},
        {"datatable(ab:long, ac:long, b:long)[1, 2, 3] | project-keep x*", "/"},
        {"datatable(a:long, b:long, c:long)[1, 2, 3] | project-reorder c", "c|a|b/3|1|2"},
        {"datatable(b2:long, a:long, b1:long)[1, 2, 3] | project-reorder b* asc", "b1|b2|a/3|1|2"},
        {"datatable(b1:long, a:long, b2:long)[1, 2, 3] | project-reorder b* desc", "b2|b1|a/3|1|2"},
        {"datatable(a:long, b:long)[1, 2] | extend a = b, b = a", "a|b/2|1"},
        {"datatable(a:long)[1] | extend b = a + 1, c = b + 1", "a|b|c/1|2|3"},
        {"datatable(a:long)[1] | extend a = 5 | extend b = a", "a|b/5|5"},
        {"datatable(a:long)[1] | serialize b = a + 1", "a|b/1|2"},
        {"datatable(a:long)[1] | extend x = column_ifexists(\"b\", 7), y = column_ifexists(\"a\", "
         "7)",
         "a|x|y/1|7|1"},
        {"datatable(a:long, b:string)[1, \"x\"] | extend p = pack_all()",
         "a|b|p/1|x|{\"a\":1,\"b\":\"x\"}"},
        {"print d = dynamic([1, 2]) | extend (x, y) = d", "d|x|y/[1,2]|1|2"},
        {"datatable(a:long, b:string)[] | getschema",
         "ColumnName|ColumnOrdinal|DataType|ColumnType/a|0|System.Int64|long/"
         "b|1|System.String|string"},
        {"datatable(a:long)[] | getschema | project ColumnName, DataType",
         "ColumnName|DataType/a|System.Int64"},
    };
    GOLDEN_CHECK(cases);
}

static void nulls_follow_kustos_rules(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"datatable(a:long)[1, long(null)] | where a == 1", "a/1"},
        {"datatable(a:long)[1, long(null)] | where a != 1", "a/-"},
        {"datatable(a:long)[1, long(null)] | where not(a == 1)", "a/-"},
        {"datatable(a:long)[1, long(null)] | where a > 0", "a/1"},
        {"datatable(a:long)[1, long(null)] | where not(a > 0)", "a"},
        {"datatable(a:long)[1, long(null)] | extend e = a == 1, n = a != 1",
         "a|e|n/1|true|false/-|false|true"},
        {"datatable(a:long)[1, long(null)] | extend e = a == long(null), n = a != long(null)",
         "a|e|n/1|false|true/-|-|-"},
        {"datatable(a:long)[1, long(null)] | where isnull(a)", "a/-"},
        {"datatable(a:long)[1, long(null)] | where a in (1, 2)", "a/1"},
        {"datatable(a:long)[1, long(null)] | where a !in (1, 2)", "a/-"},
        {"datatable(a:long)[1, long(null)] | extend b = a + 1", "a|b/1|2/-|-"},
        {"datatable(a:long)[1, long(null)] | summarize sum(a), count()", "sum_a|count_/1|2"},
        {"datatable(a:long)[1, long(null)] | summarize count() by a | sort by a asc",
         "a|count_/-|1/1|1"},
        {"datatable(a:long)[long(null), 2, 1] | sort by a asc", "a/-/1/2"},
        {"datatable(a:long)[long(null), 2, 1] | sort by a desc", "a/2/1/-"},
        {"datatable(a:long)[long(null), 2, 1] | sort by a", "a/2/1/-"},
        {"datatable(a:long)[long(null), 2, 1] | sort by a asc nulls last", "a/1/2/-"},
        {"datatable(a:long)[long(null), 2, 1] | top 2 by a", "a/2/1"},
        {"datatable(a:bool)[true, bool(null), false] | where a", "a/true"},
        {"datatable(a:bool)[true, bool(null), false] | where not(a)", "a/false"},
    };
    GOLDEN_CHECK(cases);
}

static void strings_are_never_null(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"Starts | where Missing == \"\" | count", "Count/10"},
        {"Starts | where Missing != \"\" | count", "Count/0"},
        {"Starts | where Missing != \"x\" | count", "Count/10"},
        {"Starts | where not(Missing == \"x\") | count", "Count/10"},
        {"Starts | where isempty(Missing) | count", "Count/10"},
        {"Starts | where isnull(Missing) | count", "Count/0"},
        {"Starts | summarize count() by Missing", "Missing|count_/|10"},
        {"Starts | where Missing in (\"\", \"x\") | count", "Count/10"},
        {"Starts | where Missing !in (\"x\") | count", "Count/10"},
        {"Starts | take 1 | project x = strcat(\"[\", Missing, \"]\")", "x/[]"},
        {"Starts | summarize dcount(Missing)", "dcount_Missing/1"},
        {"datatable(s:string)[\"b\", \"\", \"a\"] | sort by s asc", "s//a/b"},
        {"print iff(true, \"\", \"x\") == \"\"", "print_0/true"},
    };
    GOLDEN_CHECK(cases);
}

static void arithmetic_keeps_types_and_times(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"print 7 / 2", "print_0/3"},
        {"print -7 / 2", "print_0/-3"},
        {"print 7 / 2.0", "print_0/3.5"},
        {"print 7 % 3", "print_0/1"},
        {"print a = 14 % 12, b = -14 % 12, c = 14 % -12, d = -14 % -12, e = -5.5 % 2",
         "a|b|c|d|e/2|10|2|10|0.5"},
        {"datatable(a:long, b:long)[-14, 12, 14, -12, -14, -12, 1, 0] | project m = a % b, r = a % "
         "toreal(b)",
         "m|r/10|10/2|2/10|10/-|NaN"},
        {"print 7 / 0", "print_0/-"},
        {"print 1.0 / 0", "print_0/Infinity"},
        {"print 2h + 30m", "print_0/02:30:00"},
        {"print 1d / 2", "print_0/12:00:00"},
        {"print 1d / 1h", "print_0/24"},
        {"print 90m % 1h", "print_0/00:30:00"},
        {"print datetime(2026-11-22) + 1d", "print_0/2026-11-23T00:00:00Z"},
        {"print datetime(2026-11-22) - datetime(2026-11-21 12:00)", "print_0/12:00:00"},
        {"print datetime(2026-11-22) - 1s", "print_0/2026-11-21T23:59:59Z"},
        {"print 2 * 1h", "print_0/02:00:00"},
        {"print 1h > 59m", "print_0/true"},
        {"print a = dynamic({\"n\": 5}) | project a.n + 1", "Column1/6"},
        {"print -(3 - 5)", "print_0/2"},
        {"print a = 5 | extend b = -a", "a|b/5|-5"},
        {"print 9223372036854775807", "print_0/9223372036854775807"},
        {"print now()", "print_0/2026-11-22T12:00:00Z"},
        {"print ago(1d)", "print_0/2026-11-21T12:00:00Z"},
    };
    GOLDEN_CHECK(cases);
}

static void bins_begin_where_kustos_do(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"print bin(7, 5)", "print_0/5"},
        {"print bin(-7, 5)", "print_0/-10"},
        {"print bin(7.5, 2.0)", "print_0/6"},
        {"print bin(-0.5, 1.0)", "print_0/-1"},
        {"print bin(datetime(2026-11-22 13:45:10), 1h)", "print_0/2026-11-22T13:00:00Z"},
        {"print bin(datetime(2026-11-22 13:45:10), 1d)", "print_0/2026-11-22T00:00:00Z"},
        {"print bin(datetime(2026-11-22 13:45:10), 7d)", "print_0/2026-11-16T00:00:00Z"},
        {"print bin(5h + 20m, 1h)", "print_0/05:00:00"},
        {"datatable(t:datetime)[datetime(2026-11-22 13:45:10)] | project bin(t, 7d)",
         "t/2026-11-16T00:00:00Z"},
        {"datatable(t:datetime)[datetime(1969-12-31 23:59:59)] | project bin(t, 1h)",
         "t/1969-12-31T23:00:00Z"},
        {"datatable(t:datetime)[datetime(null)] | project bin(t, 1h)", "t/-"},
        {"datatable(n:long)[-1, 0, 4, 5] | summarize count() by bin(n, 5) | sort by n asc",
         "n|count_/-5|1/0|2/5|1"},
    };
    GOLDEN_CHECK(cases);
}

static void joins_of_every_kind(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"datatable(k:string, a:long)[\"x\", 1, \"x\", 2, \"y\", 3] | join kind=inner "
         "(datatable(k:string, b:long)[\"x\", 10, \"z\", 20]) on k | sort by a asc",
         "k|a|k1|b/x|1|x|10/x|2|x|10"},
        {"datatable(k:string, a:long)[\"x\", 1, \"x\", 1, \"y\", 3] | join (datatable(k:string, "
         "b:long)[\"x\", 10, \"x\", 20]) on k | sort by b asc",
         "k|a|k1|b/x|1|x|10/x|1|x|20"},
        {"datatable(k:string, a:long)[\"x\", 1, \"x\", 1, \"y\", 3] | join kind=innerunique "
         "(datatable(k:string, b:long)[\"x\", 10]) on k",
         "k|a|k1|b/x|1|x|10"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | join kind=leftouter "
         "(datatable(k:string, b:long)[\"x\", 10, \"z\", 20]) on k | sort by a asc",
         "k|a|k1|b/x|1|x|10/y|3||-"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | join kind=rightouter "
         "(datatable(k:string, b:long)[\"x\", 10, \"z\", 20]) on k | sort by b asc",
         "k|a|k1|b/x|1|x|10/|-|z|20"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | join kind=fullouter "
         "(datatable(k:string, b:long)[\"x\", 10, \"z\", 20]) on k | sort by a asc, b asc",
         "k|a|k1|b/|-|z|20/x|1|x|10/y|3||-"},
        {"datatable(k:string, a:long)[\"x\", 1, \"x\", 2, \"y\", 3] | join kind=leftsemi "
         "(datatable(k:string, b:long)[\"x\", 10, \"x\", 20]) on k | sort by a asc",
         "k|a/x|1/x|2"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | join kind=rightsemi "
         "(datatable(k:string, b:long)[\"x\", 10, \"z\", 20]) on k",
         "k|b/x|10"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | join kind=leftanti "
         "(datatable(k:string, b:long)[\"x\", 10, \"z\", 20]) on k",
         "k|a/y|3"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | join kind=anti (datatable(k:string, "
         "b:long)[\"x\", 10]) on k",
         "k|a/y|3"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | join kind=rightanti "
         "(datatable(k:string, b:long)[\"x\", 10, \"z\", 20]) on k",
         "k|b/z|20"},
        {"datatable(k:string, a:long)[\"x\", 1] | join kind=inner (datatable(j:string, "
         "a:long)[\"x\", 10]) on $left.k == $right.j",
         "k|a|j|a1/x|1|x|10"},
        {"datatable(k:string, j:long)[\"x\", 1, \"x\", 2] | join kind=inner (datatable(k:string, "
         "j:long)[\"x\", 2]) on k, j",
         "k|j|k1|j1/x|2|x|2"},
        {"datatable(k:string, a:long)[\"\", 1] | join kind=inner (datatable(k:string, "
         "b:long)[\"\", 10]) on k",
         "k|a|k1|b/|1||10"},
        {"datatable(k:long, a:long)[long(null), 1] | join kind=inner (datatable(k:long, "
         "b:long)[long(null), 10]) on k | count",
         "Count/0"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | lookup (datatable(k:string, "
         "b:long)[\"x\", 10]) on k | sort by a asc",
         "k|a|b/x|1|10/y|3|-"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | lookup kind=inner (datatable(k:string, "
         "b:long)[\"x\", 10]) on k",
         "k|a|b/x|1|10"},
        {"let T = datatable(k:string, a:long)[\"x\", 1, \"y\", 2]; T | join kind=inner T on k | "
         "sort by a asc",
         "k|a|k1|a1/x|1|x|1/y|2|y|2"},
        {"let T = datatable(k:string, a:long)[\"x\", 1]; T | join kind=inner (T | join kind=inner "
         "T on k) on k | count",
         "Count/1"},
        {"datatable(k:string, s:string)[\"x\", \"v\", \"y\", \"w\"] | join kind=leftouter "
         "(datatable(k:string, t:string)[\"x\", \"u\"]) on k | sort by k asc | project k, empty = "
         "isempty(t)",
         "k|empty/x|false/y|true"},
    };
    GOLDEN_CHECK(cases);
}

static void unions_have_the_columns_of_all(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"union (datatable(a:long)[1]), (datatable(b:string)[\"x\"]) | sort by a asc",
         "a|b/-|x/1|"},
        {"union kind=inner (datatable(a:long, b:long)[1, 2]), (datatable(a:long)[3]) | sort by a "
         "asc",
         "a/1/3"},
        {"union withsource=T (datatable(a:long)[1]), (datatable(a:long)[2]) | sort by a asc | "
         "project a",
         "a/1/2"},
        {"union (datatable(a:long)[1]), (datatable(a:string)[\"x\"]) | sort by a_long asc",
         "a_long|a_string/-|x/1|"},
        {"datatable(a:long)[1] | union (datatable(a:long)[2]) | sort by a asc", "a/1/2"},
        {"let X = datatable(a:long)[1]; let Y = datatable(a:long)[2]; union X, Y | sort by a asc",
         "a/1/2"},
        {"let X = datatable(a:long)[1]; union isfuzzy=true X, NoSuchTable", "a/1"},
        {"let X = datatable(a:long)[1]; let Y = NoSuch | where a > 0; union isfuzzy=true (NoSuch | "
         "take 1), Y, (X | join (NoSuch) on a), X",
         "a/1"},
        {"let X = datatable(a:long)[1]; let f = (name:string) { table(name) | extend n = name }; "
         "union isfuzzy=true f('X'), f('NoSuch')",
         "a|n/1|X"},
        {"let Xa = datatable(a:long)[1]; let Xb = datatable(a:long)[2]; union X* | sort by a asc",
         "a/1/2"},
        {"let X = datatable(a:long)[1]; union withsource=T X, Starts | summarize count() by T | "
         "sort by T asc",
         "T|count_/Starts|10/X|1"},
    };
    GOLDEN_CHECK(cases);
}

static void summarize_groups_and_picks_rows(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 2, \"x\", 3] | summarize sum(a) by k | sort "
         "by k asc",
         "k|sum_a/x|4/y|2"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 2, \"x\", 3] | summarize arg_max(a, *) by k "
         "| sort by k asc",
         "k|a/x|3/y|2"},
        {"datatable(k:string, a:long, b:string)[\"x\", 1, \"p\", \"x\", 3, \"q\"] | summarize "
         "arg_max(a, b) by k",
         "k|a|b/x|3|q"},
        {"datatable(k:string, a:long, b:string)[\"x\", 1, \"p\", \"x\", 3, \"q\"] | summarize "
         "arg_min(a, b)",
         "a|b/1|p"},
        {"datatable(k:string, a:long, b:string)[\"x\", 1, \"p\", \"x\", 3, \"\"] | summarize "
         "arg_max(a, *)",
         "a|k|b/3|x|"},
        {"datatable(k:string, a:long)[\"x\", 1, \"x\", 3] | summarize n = arg_max(a, k)",
         "n|k/3|x"},
        {"datatable(k:string, a:long)[\"x\", 1] | summarize take_any(a), take_any(k)", "a|k/1|x"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | summarize arg_max(a + 1, strcat(k, "
         "\"!\"), K = k)",
         "max_|max__arg1|K/4|y!|y"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 3] | summarize arg_max(a, strcat(k, "
         "\"!\"))",
         "a|max_a_arg1/3|y!"},
        {"datatable(a:long)[1] | summarize percentiles(a, 50, 99.9)",
         "percentile_a_50|percentile_a_99_9/1|1"},
        {"datatable(k:string, a:long)[\"x\", 1] | summarize take_any(*) by k", "k|a/x|1"},
        {"datatable(a:long, s:string)[long(null), \"\", 5, \"x\"] | summarize take_any(a), "
         "take_any(s)",
         "a|s/5|x"},
        {"datatable(a:long, s:string)[long(null), \"x\", 5, \"\"] | summarize take_any(a, s)",
         "a|s/-|x"},
        {"datatable(k:string)[\"x\", \"y\", \"x\"] | summarize by k | sort by k asc", "k/x/y"},
        {"datatable(a:long)[] | summarize count()", "count_/0"},
        {"datatable(a:long)[] | summarize count() by a", "a|count_"},
        {"datatable(k:string, a:long)[\"x\", 1, \"y\", 2] | summarize n = count() * 10 + sum(a)",
         "n/23"},
        {"datatable(k:string)[\"x\", \"y\", \"x\"] | distinct k | sort by k asc", "k/x/y"},
        {"datatable(k:string, a:long)[\"x\", 1, \"x\", 1] | distinct *", "k|a/x|1"},
        {"datatable(k:string)[\"a\", \"b\", \"b\"] | summarize c = count() by k | where c > 1",
         "k|c/b|2"},
        {"datatable(a:long)[1, 2, 3] | summarize s = sum(a), n = count()", "s|n/6|3"},
    };
    GOLDEN_CHECK(cases);
}

static void order_lasts_until_it_is_needed(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"datatable(a:long)[3, 1, 2] | sort by a asc | extend b = a * 2", "a|b/1|2/2|4/3|6"},
        {"datatable(a:long)[3, 1, 2] | sort by a asc | take 2", "a/1/2"},
        {"datatable(a:long)[3, 1, 2] | order by a desc | where a < 3", "a/2/1"},
        {"datatable(a:long, b:long)[3, 1, 1, 2] | sort by a asc | project b", "b/2/1"},
        {"datatable(a:long)[3, 1, 2] | top 1 by a", "a/3"},
        {"datatable(a:long)[3, 1, 2] | top 2 by a asc", "a/1/2"},
        {"range x from 1 to 40 step 1 | summarize n = count() by k = x % 20 | extend m = n | top 3 "
         "by m",
         "k|n|m/0|2|2/1|2|2/2|2|2"},
        {"datatable(a:long, b:string)[1, \"x\", 1, \"a\", 2, \"b\"] | sort by a desc, b asc",
         "a|b/2|b/1|a/1|x"},
        {"datatable(a:long)[3, 1, 2] | sort by a asc | extend r = row_number()", "a|r/1|1/2|2/3|3"},
        {"datatable(a:long)[3, 1, 2] | sort by a asc | extend r = row_number(10) | where a > 1",
         "a|r/2|11/3|12"},
        {"datatable(a:long)[3, 1, 2] | sort by a asc | where row_number() == 2", "a/2"},
        {"datatable(a:long)[1, 2, 3] | take 0", "a"},
        {"datatable(a:long)[1, 2, 3] | sample 3 | summarize sum(a)", "sum_a/6"},
        {"datatable(a:long)[1, 1, 1] | sample-distinct 2 of a", "a/1"},
        {"range x from 1 to 5 step 2", "x/1/3/5"},
        {"range x from 5 to 1 step -2", "x/5/3/1"},
        {"range x from 1 to 2 step 0.5", "x/1/1.5/2"},
        {"range t from datetime(2026-11-20) to datetime(2026-11-22) step 1d",
         "t/2026-11-20T00:00:00Z/2026-11-21T00:00:00Z/2026-11-22T00:00:00Z"},
        {"range t from 1h to 3h step 1h", "t/01:00:00/02:00:00/03:00:00"},
    };
    GOLDEN_CHECK(cases);
}

static void dynamic_values_are_looked_into(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"print x = dynamic([1, 2, 3])[0]", "x/1"},
        {"print x = dynamic([1, 2, 3])[-1]", "x/3"},
        {"print x = dynamic([1, 2, 3])[9]", "x/-"},
        {"print tostring(dynamic({\"a\": {\"b\": \"c\"}}).a.b)", "a_b/c"},
        {"print dynamic({\"a\": 1}).b", "b/-"},
        {"print isnull(dynamic({\"a\": null}).a)", "print_0/true"},
        {"print dynamic({\"a\": \"x\"}).a == \"x\"", "print_0/true"},
        {"print dynamic({\"a\": 5}).a == 5", "print_0/true"},
        {"print dynamic({\"a\": 5}).a > 4", "print_0/true"},
        {"print tostring(dynamic({\"a\": [1, 2]}).a)", "a/[1,2]"},
        {"print k = \"b\", d = dynamic({\"a\": 1, \"b\": 2}) | project d[k]", "d_k/2"},
        {"print i = 1, d = dynamic([10, 20]) | project d[i]", "d_i/20"},
        {"print dynamic({\"it's\": 1})[\"it's\"]", "it's/1"},
        {"print dynamic({\"a\\\"b\": 1})[\"a\\\"b\"]", "a\"b/1"},
        {"print tolong(dynamic({\"a\": \"7\"}).a)", "a/7"},
        {"print \"2\" in (dynamic([\"1\", \"2\"]))", "print_0/true"},
        {"print x = dynamic([\"1\", \"2\"]) | where \"2\" in (x)", "x/[\"1\",\"2\"]"},
        {"print todynamic('{\"a\": 1}').a", "a/1"},
        {"print d = '{\"a\": {\"b\": 2}}' | project parse_json(d).a.b", "d_a_b/2"},
    };
    GOLDEN_CHECK(cases);
}

static void lists_become_rows(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"datatable(k:long, l:dynamic)[1, dynamic([10, 20])] | mv-expand l", "k|l/1|10/1|20"},
        {"datatable(k:long, l:dynamic)[1, dynamic([10, 20])] | mv-expand l to typeof(long)",
         "k|l/1|10/1|20"},
        {"datatable(k:long, l:dynamic)[1, dynamic([])] | mv-expand l", "k|l"},
        {"datatable(k:long, l:dynamic)[1, dynamic(null)] | mv-expand l", "k|l/1|-"},
        {"datatable(k:long, l:dynamic)[1, dynamic({\"a\": 1, \"b\": 2})] | mv-expand l",
         "k|l/1|{\"a\":1}/1|{\"b\":2}"},
        {"datatable(k:long, l:dynamic)[1, dynamic({\"a\": 1, \"b\": 2})] | mv-expand kind=array l",
         "k|l/1|[\"a\",1]/1|[\"b\",2]"},
        {"datatable(k:long, l:dynamic)[1, dynamic([\"a\", \"b\"])] | mv-expand with_itemindex=i l "
         "to typeof(string)",
         "k|l|i/1|a|0/1|b|1"},
        {"datatable(a:dynamic, b:dynamic)[dynamic([1, 2]), dynamic([7])] | mv-expand a, b",
         "a|b/1|7/2|-"},
        {"datatable(k:long, l:dynamic)[1, dynamic([1, 2, 3])] | mv-expand x = l limit 2",
         "k|l|x/1|[1,2,3]|1/1|[1,2,3]|2"},
        {"datatable(k:long, l:dynamic)[1, dynamic([5, 9, 7]), 2, dynamic([3])] | mv-apply l to "
         "typeof(long) on (top 1 by l) | sort by k asc",
         "k|l/1|9/2|3"},
        {"datatable(k:long, l:dynamic)[1, dynamic([5, 9, 7]), 2, dynamic([3])] | mv-apply x = l to "
         "typeof(long) on (summarize s = sum(x)) | sort by k asc",
         "k|l|s/1|[5,9,7]|21/2|[3]|3"},
        {"datatable(k:long, l:dynamic)[1, dynamic([5, 9])] | mv-apply x = l to typeof(long) on "
         "(where x > 6 | extend y = x + k)",
         "k|l|x|y/1|[5,9]|9|10"},
        {"datatable(k:long, l:dynamic)[1, dynamic([{\"n\": \"a\", \"v\": 1}, {\"n\": \"b\", \"v\": "
         "2}])] | mv-apply l on (where l.n == \"b\" | project v = tolong(l.v))",
         "k|l|v/1|[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":2}]|2"},
        {"datatable(k:long, l:dynamic)[1, dynamic([5, 9])] | mv-expand l to typeof(long) | "
         "summarize sum(l)",
         "sum_l/14"},
    };
    GOLDEN_CHECK(cases);
}

static void text_is_parsed_by_pattern(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"print s = \"user=bob id=7\" | parse s with \"user=\" user \" id=\" id:long",
         "s|user|id/user=bob id=7|bob|7"},
        {"print s = \"user=bob id=7\" | parse s with * \"id=\" id:long", "s|id/user=bob id=7|7"},
        {"print s = \"user=bob id=x\" | parse s with \"user=\" user \" id=\" id:long | project id",
         "id/-"},
        {"print s = \"a.b.c\" | parse s with x \".\" y", "s|x|y/a.b.c|a|b.c"},
        {"print s = \"nothing\" | parse s with \"user=\" user", "s|user/nothing|"},
        {"print s = \"abc 12\" | parse kind=regex s with \"[a-z]+ \" n:long", "s|n/abc 12|12"},
        {"print s = \"k: (v)\" | parse s with * \"(\" v \")\" *", "s|v/k: (v)|v"},
        {"datatable(s:string)[\"a=1\", \"b\"] | parse-where s with \"a=\" n:long", "s|n/a=1|1"},
        {"print s = \"a=1;b=two;c=3\" | parse-kv s as (b:string, c:long) with "
         "(pair_delimiter=\";\", kv_delimiter=\"=\")",
         "s|b|c/a=1;b=two;c=3|two|3"},
        {"print s = \"a='x;y';b=2\" | parse-kv s as (a:string, b:long) with (pair_delimiter=\";\", "
         "kv_delimiter=\"=\", quote=\"'\")",
         "s|a|b/a='x;y';b=2|x;y|2"},
    };
    GOLDEN_CHECK(cases);
}

static void lets_and_functions(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"let x = 5; print x + 1", "print_0/6"},
        {"let f = (a:long) { a * 2 }; print f(4)", "print_0/8"},
        {"let f = (a:long, b:long = 10) { a + b }; print f(1), f(1, 2)", "print_0|print_1/11|3"},
        {"let f = (t:(k:long)) { t | where k > 1 }; f(datatable(k:long)[1, 2])", "k/2"},
        {"let T = datatable(k:long)[1, 2]; let f = (n:long) { T | where k == n }; f(2)", "k/2"},
        {"let T = datatable(k:long)[1, 2]; print toscalar(T | summarize sum(k))", "print_0/3"},
        {"let T = datatable(k:long)[1, 2]; T | where k in (T | where k > 1)", "k/2"},
        {"let T = materialize(datatable(k:long)[1, 2]); T | union T | summarize sum(k)", "sum_k/6"},
        {"let L = dynamic([\"a\", \"b\"]); print \"b\" in (L), \"c\" in (L)",
         "print_0|print_1/true|false"},
        {"let s = toscalar(datatable(k:long)[3]); datatable(k:long)[1, 3] | where k == s", "k/3"},
        {"datatable(k:long)[1, 2] | as X | union X | summarize sum(k)", "sum_k/6"},
        {"datatable(k:long)[1] | invoke f()", "1:24: 'f' is no function of the query over a table"},
        {"let f = (T:(k:long), n:long) { T | extend m = k + n }; datatable(k:long)[1] | invoke "
         "f(5)",
         "k|m/1|6"},
        {"print 1; print 2", "print_0/1 // print_0/2"},
        {"declare query_parameters(n:long = 3); print n", "n/3"},
        {"set query_bin_auto_size = 1h; print t = datetime(2026-11-22 10:20) | project bin_auto(t)",
         "t/2026-11-22T10:00:00Z"},
        {"set query_bin_auto_size = 2d; set query_bin_auto_at = datetime(2026-11-22); print t = "
         "datetime(2026-11-25 10:20) | summarize count() by bin_auto(t)",
         "t|count_/2026-11-24T00:00:00Z|1"},
        {"print bin_auto(5)",
         "1:7: bin_auto() takes a value, and its size from 'set query_bin_auto_size'"},
        {"print a = 1, b = 'x' | project p = bag_pack_columns(b, a)", "p/{\"b\":\"x\",\"a\":1}"},
        {"Starts | where isnotnull(ingestion_time()) | count", "Count/10"},
        {"print t = ingestion_time()", "t/-"},
    };
    GOLDEN_CHECK(cases);
}

static void rows_to_columns_and_back(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"datatable(k:string, p:string, a:long)[\"x\", \"p1\", 1, \"x\", \"p2\", 2, \"y\", \"p1\", "
         "3] | evaluate pivot(p, sum(a), k) | sort by k asc",
         "k|p1|p2/x|1|2/y|3|0"},
        {"datatable(k:string, p:string)[\"x\", \"p1\", \"x\", \"p1\", \"y\", \"p2\"] | evaluate "
         "pivot(p) | sort by k asc",
         "k|p1|p2/x|2|0/y|0|1"},
        {"datatable(k:long, b:dynamic)[1, dynamic({\"x\": \"a\", \"n\": 2})] | evaluate "
         "bag_unpack(b)",
         "k|n|x/1|2|a"},
        {"datatable(k:long, b:dynamic)[1, dynamic({\"x\": \"a\"}), 2, dynamic({\"y\": 5})] | "
         "evaluate bag_unpack(b, \"p_\") | sort by k asc",
         "k|p_x|p_y/1|a|-/2||5"},
        {"datatable(k:long, b:dynamic)[1, dynamic({\"x\": \"a\"})] | evaluate bag_unpack(b) : "
         "(k:long, x:string)",
         "k|x/1|a"},
        {"let no = dynamic([\"x\", \"z\"]); datatable(k:long, b:dynamic)[1, dynamic({\"x\": \"a\", "
         "\"y\": 2})] | evaluate bag_unpack(b, OutputColumnPrefix=\"p_\", ignoredProperties=no)",
         "k|p_y/1|2"},
        {"datatable(k:long, b:dynamic)[1, dynamic({\"k\": 5})] | evaluate bag_unpack(b, "
         "columnsConflict=\"keep_source\")",
         "k/1"},
        {"datatable(k:long, b:dynamic)[1, dynamic({\"k\": 5})] | evaluate bag_unpack(b, '', "
         "'replace_source')",
         "k/5"},
        {"datatable(k:string, a:long)[\"x\", 1, \"x\", 5, \"y\", 2] | partition by k (top 1 by a) "
         "| sort by k asc",
         "k|a/x|5/y|2"},
        {"datatable(k:string, j:string, a:long)[\"x\", \"p\", 1, \"x\", \"q\", 5, \"y\", \"p\", 9, "
         "\"z\", \"p\", 1] | top-nested 2 of k by sum(a), top-nested 1 of j by sum(a) | sort by k "
         "asc",
         "k|aggregated_k|j|aggregated_j/x|6|q|5/y|9|p|9"},
    };
    GOLDEN_CHECK(cases);
}

#define SALES                                                                                      \
    "datatable(k:string, j:string, a:long)[\"x\", \"p\", 1, \"x\", \"q\", 5, \"y\", \"p\", 9, "    \
    "\"z\", \"p\", 1, \"z\", \"q\", 2] | "

static void of_equal_groups_top_nested_takes_the_first_by_key(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {SALES "top-nested 1 of j by dcount(k) | project j", "j/p"},
        {SALES
         "sort by k desc, j desc | top-nested 2 of k by count(), top-nested 1 of j by count() "
         "| project k, j | sort by k asc",
         "k|j/x|p/z|p"},
    };
    GOLDEN_CHECK(cases);
}

static void top_nested_has_others_where_it_is_told_to(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {SALES "top-nested 1 of k with others = \"rest\" by sum(a) | sort by k asc",
         "k|aggregated_k/rest|9/y|9"},
        {SALES
         "top-nested 1 of k with others = \"rest\" by sum(a), top-nested 1 of j with others = "
         "\"more\" by sum(a) | sort by k asc, j asc",
         "k|aggregated_k|j|aggregated_j/rest|9|more|9/y|9|p|9"},
        {SALES "top-nested 2 of k by s = sum(a), top-nested 1 of j with others = \"more\" by n = "
               "count() | sort by k asc, j asc",
         "k|s|j|n/x|6|more|1/x|6|p|1/y|9|p|1"},
        {SALES "top-nested of k by dcount(j) | sort by k asc", "k|aggregated_k/x|2/y|1/z|2"},
        {SALES "top-nested 1 of letter = toupper(k) by sum(a)", "letter|aggregated_letter/Y|9"},
    };
    GOLDEN_CHECK(cases);
}

static void partitions_have_queries_of_their_own(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"range x from 1 to 2 step 1 | partition hint.strategy=legacy by x { datatable(n:long)[1, "
         "2, "
         "2] | where n == toscalar(x) } | summarize count() by n | sort by n asc",
         "n|count_/1|1/2|2"},
        {SALES "partition hint.strategy=native by k (summarize s = sum(a) by k) | sort by k asc",
         "k|s/x|6/y|9/z|3"},
    };
    GOLDEN_CHECK(cases);
}

#define NETWORKS                                                                                   \
    "let N = datatable(network:string, code:string)[\"111.68.128.0/17\", \"JP\", \"5.8.0.0/19\", " \
    "\"RU\", \"223.255.254.0/24\", \"SG\", \"46.36.200.51/32\", \"CK\", \"2.20.183.0/24\", "       \
    "\"GB\"]; "                                                                                    \
    "datatable(ip:string)[\"2.20.183.12\", \"5.8.1.2\", \"192.165.12.17\"] | "

static void addresses_are_looked_up_in_networks(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {NETWORKS "evaluate ipv4_lookup(N, ip, network) | sort by ip asc",
         "ip|network|code/2.20.183.12|2.20.183.0/24|GB/5.8.1.2|5.8.0.0/19|RU"},
        {NETWORKS "evaluate ipv4_lookup(N, ip, network, return_unmatched = true) | sort by ip asc",
         "ip|network|code/192.165.12.17||/2.20.183.12|2.20.183.0/24|GB/5.8.1.2|5.8.0.0/19|RU"},
        {"let N = datatable(net:string, k:string, n:long)[\"10.0.0.0/8\", \"a\", 1, "
         "\"10.1.0.0/16\", "
         "\"a\", 2, \"10.0.0.0/8\", \"b\", 3, \"no\", \"a\", 4]; datatable(ip:string, "
         "k:string)[\"10.1.2.3\", \"a\", \"10.1.2.3\", \"b\", \"x\", \"a\", \"10.0.0.0/4\", \"a\"] "
         "| "
         "evaluate ipv4_lookup(N, ip, net, k) | project ip, k, n | sort by n asc",
         "ip|k|n/10.1.2.3|a|1/10.1.2.3|a|2/10.1.2.3|b|3"},
        {"let N = datatable(net:string, n:long)[\"fe80::/10\", 1, \"::ffff:7f00:0/104\", 2]; "
         "datatable(ip:string)[\"fe80::1\", \"127.0.0.1\", \"2001::\"] | evaluate ipv6_lookup(N, "
         "ip, "
         "net) | project ip, n | sort by n asc",
         "ip|n/fe80::1|1/127.0.0.1|2"},
        {"datatable(ip:string)[\"1.1.1.1\"] | evaluate ipv4_lookup(ip)",
         "1:44: ipv4_lookup() takes a table, a column with addresses, and the table's column with "
         "networks"},
    };
    GOLDEN_CHECK(cases);
}

static void rows_near_others_are_kept(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"range x from 1 to 9 step 1 | sort by x asc | evaluate rows_near(x == 5, 1)", "x/4/5/6"},
        {"range x from 1 to 9 step 1 | sort by x asc | evaluate rows_near(x == 5, 0, 2)",
         "x/5/6/7"},
    };
    GOLDEN_CHECK(cases);
}

static void series_have_a_value_for_each_step(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"datatable(t:datetime, a:long)[datetime(2026-11-20), 1, datetime(2026-11-22), 3] | "
         "make-series sum(a) on t from datetime(2026-11-20) to datetime(2026-11-23) step 1d",
         "sum_a|t/"
         "[1,0,3]|[\"2026-11-20T00:00:00.0000000Z\",\"2026-11-21T00:00:00.0000000Z\",\"2026-11-"
         "22T00:00:00.0000000Z\"]"},
        {"datatable(k:string, t:datetime, a:long)[\"x\", datetime(2026-11-20), 1, \"y\", "
         "datetime(2026-11-21), 3] | make-series n = count() default = 0 on t from "
         "datetime(2026-11-20) to datetime(2026-11-22) step 1d by k | sort by k asc | project k, n",
         "k|n/x|[1,0]/y|[0,1]"},
        {"datatable(t:long, a:long)[0, 1, 25, 3] | make-series s = sum(a) on t step 10",
         "s|t/[1,0,3]|[0,10,20]"},
    };
    GOLDEN_CHECK(cases);
}

static void tables_are_views_over_what_is_stored(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"Starts | count", "Count/10"},
        {"Starts | where TimeGenerated < datetime(2026-11-22 00:00:03) | project FileName, EventID",
         "FileName|EventID/C:\\Windows\\System32\\cmd.exe|22/C:\\Windows\\explorer.exe|1/"
         "C:\\a.exe|22"},
        {"Starts | where TimeGenerated between (datetime(2026-11-22 00:00:03) .. 2s) | count",
         "Count/3"},
        {"Starts | summarize min_ = count() by FileName | sort by FileName asc",
         "FileName|min_/C:\\Windows\\System32\\cmd.exe|4/C:\\Windows\\explorer.exe|3/C:\\a.exe|3"},
        {"Starts | where EventID == 1 and FileName == \"C:\\\\a.exe\" | count", "Count/1"},
        {"Starts | getschema | project ColumnName, ColumnType",
         "ColumnName|ColumnType/TimeGenerated|datetime/FileName|string/EventID|int/Missing|string"},
        {"Starts | take 1 | project _agency, _dataset", "_agency|_dataset/MOH|windows_sysmon"},
        {"Starts | where _agency == \"MOH\" | count", "Count/10"},
        {"search in (Starts) \"explorer\" | count", "Count/3"},
        {"find in (Starts) where EventID == 1 project FileName | count", "Count/5"},
        {"find in (Starts) where FileName has \"explorer\" project FileName, pack(*) | take 1 | "
         "project n = array_length(bag_keys(pack_))",
         "n/3"},
        {"search \"explorer\" | summarize count() by $table", "$table|count_/Starts|3"},
        {"find where EventID == 1 | summarize count() by source_ | sort by source_ asc",
         "source_|count_/Starts|5"},
        {"union * | count", "Count/10"},
    };
    GOLDEN_CHECK(cases);
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    static const struct golden cases[] = {
        {"Starts | where FilName == \"x\"",
         "1:16: there is no column 'FilName'; did you mean 'FileName'?"},
        {"Start | count", "1:1: there is no table 'Start'; did you mean 'Starts'?"},
        {"Starts | extend x = nosuch(1)", "1:21: there is no function 'nosuch'"},
        {"Starts | extend x = strca(\"a\")",
         "1:21: there is no function 'strca'; did you mean 'strcat'?"},
        {"Starts | where FileName", "1:16: a condition is a bool, not a string"},
        {"print 1d + \"x\"", "1:10: there is no timespan + string"},
        {"Starts | summarize FileName",
         "1:20: 'FileName' has many values here: it is wanted inside of an aggregate"},
        {"Starts | extend n = count()",
         "1:21: count() is about many rows: it stands in summarize, outside of others"},
        {"externaldata(a:string)[\"https://example.org\"]",
         "1:1: externaldata is not read: a hunt looks only at what is stored here"},
        {"Starts | partition by EventID (reduce by FileName)",
         "1:10: a partition can't use its rows twice, as 'as', 'reduce' and 'top-nested' do"},
        {"Starts | fork (count) (take 1) | count",
         "1:10: fork gives several results: it stands at the end of a query"},
        {"Starts | evaluate nosuch()", "1:19: there is no plugin 'nosuch' here"},
        {"let x = x + 1; print x", "1:9: there is no column 'x'"},
        {"Starts | join Starts", "1:21: expected 'on', but here the query ends"},
        {"Starts | where FileName matches regex '(' | count", "0:0: missing ): ("},
        {"Starts | where assert(EventID == 5, 'no') | count", "0:0: no"},
        {"Starts | summarize s = sum(9223372036854775807 - EventID + EventID) | count", "Count/1"},
        {"Starts | extend x = EventID * 9223372036854775807 * 2 | summarize sum(x)",
         "0:0: a number is out of range: Overflow in multiplication of long (9223372036854775807 * "
         "2)!"},
    };
    GOLDEN_CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_without_a_name_are_named_as_kusto_names_them),
        cmocka_unit_test(project_extend_and_their_relatives_change_columns_only),
        cmocka_unit_test(nulls_follow_kustos_rules),
        cmocka_unit_test(strings_are_never_null),
        cmocka_unit_test(arithmetic_keeps_types_and_times),
        cmocka_unit_test(bins_begin_where_kustos_do),
        cmocka_unit_test(joins_of_every_kind),
        cmocka_unit_test(unions_have_the_columns_of_all),
        cmocka_unit_test(summarize_groups_and_picks_rows),
        cmocka_unit_test(order_lasts_until_it_is_needed),
        cmocka_unit_test(dynamic_values_are_looked_into),
        cmocka_unit_test(lists_become_rows),
        cmocka_unit_test(text_is_parsed_by_pattern),
        cmocka_unit_test(lets_and_functions),
        cmocka_unit_test(rows_to_columns_and_back),
        cmocka_unit_test(of_equal_groups_top_nested_takes_the_first_by_key),
        cmocka_unit_test(top_nested_has_others_where_it_is_told_to),
        cmocka_unit_test(partitions_have_queries_of_their_own),
        cmocka_unit_test(addresses_are_looked_up_in_networks),
        cmocka_unit_test(rows_near_others_are_kept),
        cmocka_unit_test(series_have_a_value_for_each_step),
        cmocka_unit_test(tables_are_views_over_what_is_stored),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
    };
    if (!golden_open())
        return 77;
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    golden_close();
    return status;
}
