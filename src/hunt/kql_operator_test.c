/* Tabular operators: what each holds, and that what it prints is the same. */
#include "hunt/kql_test.h"

#include "hunt/kql_operators.h"

static void rows_are_chosen_and_ordered(void **state)
{
    (void)state;
    kql_test_prints(
        "T | filter a == 1 | limit 5 | sample 3 | distinct * | distinct a, tolower(b)",
        "T\n| where a == 1\n| take 5\n| sample 3\n| distinct *\n| distinct a, tolower(b)");
    kql_test_prints("T | order by a asc nulls first, b desc, c | top 5 by a nulls last",
                    "T\n| sort by a asc nulls first, b desc, c\n| top 5 by a nulls last");
    const struct kql_ordered *ordered =
        kql_test_operator("T | sort by a desc nulls last")->ordered.items;
    assert_int_equal(ordered->direction, KQL_DESC);
    assert_int_equal(ordered->nulls, KQL_NULLS_LAST);
    assert_int_equal(kql_test_operator("T | sort by a")->ordered.items->direction,
                     KQL_DIRECTION_NONE);
}

static void where_may_have_a_name_that_means_nothing(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator("T | where a = true");
    assert_str(op->alias.text, "a");
    assert_true(op->predicate->literal.boolean);
    kql_test_prints("T | where a = b > 1", "T\n| where a = b > 1");
}

static void levels_of_top_nested_follow_each_other(void **state)
{
    (void)state;
    const struct kql_operator *op =
        kql_test_operator("T | top-nested 3 of a with others = 'rest' by n = count() desc, "
                          "top-nested of b by max(c)");
    assert_int_equal(op->nested.len, 2);
    assert_int_equal(op->nested.items[0].count->literal.integer, 3);
    assert_str(op->nested.items[0].others->literal.text, "rest");
    assert_str(op->nested.items[0].by.by.names.items[0].text, "n");
    assert_null(op->nested.items[1].count);
}

static void columns_are_made_and_named(void **state)
{
    (void)state;
    kql_test_prints("T | extend a = b + 1, (c, d) = f(e), g | project x, ['y z'] = 1",
                    "T\n| extend a = b + 1, (c, d) = f(e), g\n| project x, [\"y z\"] = 1");
    kql_test_prints(
        "T | project-away a, b*, *c, *d*1 | project-keep * | project-rename n = o, p = ['q r']",
        "T\n| project-away a, b*, *c, *d*1\n| project-keep *\n| project-rename n = o, p = "
        "[\"q r\"]");
    kql_test_prints("T | project-reorder a asc, b* granny-desc, * desc",
                    "T\n| project-reorder a asc, b* granny-desc, * desc");
    const struct kql_operator *op = kql_test_operator("T | project-away a*, b, *");
    assert_int_equal(op->exprs.items[0]->kind, KQL_PATTERN);
    assert_int_equal(op->exprs.items[1]->kind, KQL_NAME);
    assert_int_equal(op->exprs.items[2]->kind, KQL_STAR);
}

static void summarize_has_aggregates_and_groups(void **state)
{
    (void)state;
    kql_test_prints("T | summarize hint.shufflekey=k n = count(), dcount(b) by c = bin(d, 1h), e",
                    "T\n| summarize hint.shufflekey=k n = count(), dcount(b) by c = bin(d, 1h), e");
    kql_test_prints("T | summarize by a", "T\n| summarize by a");
    kql_test_prints("T | summarize count()", "T\n| summarize count()");
    assert_int_equal(kql_test_operator("T | summarize by a")->summarize.aggregates.len, 0);
}

static void series_have_an_axis_in_two_spellings(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator(
        "T | make-series n = count() default=0, avg(x) on t from a to b step 1h by h");
    assert_int_equal(op->make_series.series.len, 2);
    assert_int_equal(op->make_series.series.items[0].fallback->literal.integer, 0);
    assert_null(op->make_series.series.items[1].fallback);
    assert_false(op->make_series.in_range);
    op = kql_test_operator("T | make-series kind=nonempty count() on t in range(a, b, 1h) by h");
    assert_true(op->make_series.in_range && op->make_series.nonempty);
    assert_str(op->make_series.to->name, "b");
    kql_test_prints("T | make-series count() on t step 1d",
                    "T\n| make-series count() on t step 1d");
}

static void joins_know_kind_and_keys(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator(
        "T | join kind = leftantisemi hint.remote=left (U | take 1) on a, $left.b == "
        "$right.c, $right.['d e'] == $left.f.g");
    assert_int_equal(op->join.kind, KQL_JOIN_LEFTANTI);
    assert_non_null(kql_option(op, "hint.remote"));
    assert_int_equal(op->join.on.len, 3);
    const struct kql_join_key *keys = op->join.on.items;
    assert_ptr_equal(keys[0].left, keys[0].right);
    assert_str(keys[1].left->name, "b");
    assert_str(keys[1].right->name, "c");
    assert_str(keys[2].left->member.name, "g");
    assert_str(keys[2].right->name, "d e");
    assert_int_equal(kql_test_operator("T | join U on a")->join.kind, KQL_JOIN_INNERUNIQUE);
    assert_int_equal(kql_test_operator("T | lookup U on a")->join.kind, KQL_JOIN_LEFTOUTER);
}

static void conditions_of_a_join_may_be_joined_by_and(void **state)
{
    (void)state;
    const struct kql_operator *op =
        kql_test_operator("T | join kind=inner U on $left.a == $right.b and $left.c == $right.c");
    assert_int_equal(op->join.on.len, 2);
    kql_test_prints("T | join U on $left.a == $right.b and c",
                    "T\n| join U on $left.a == $right.b, c");
}

static void unions_take_patterns_and_queries(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator(
        "union kind=inner isfuzzy=true withsource=Source A, B*, (C | take 1), database('d').E*");
    assert_true(op->merge.inner && op->merge.fuzzy);
    assert_str(op->merge.source_column.text, "Source");
    assert_int_equal(op->merge.tables.items[1]->kind, KQL_PATTERN);
    assert_int_equal(op->merge.tables.items[2]->kind, KQL_PIPE);
    assert_str(op->merge.tables.items[3]->member.name, "E*");
    assert_true(op->merge.tables.items[3]->member.pattern);
    kql_test_prints("union database('d').E*, database('d').['F*']",
                    "union database(\"d\").E*, database(\"d\").[\"F*\"]");
}

static void parse_has_pieces_in_order(void **state)
{
    (void)state;
    const struct kql_operator *op =
        kql_test_operator("T | parse kind=regex flags=Ui a with * \"x\" b:long \"y\" ['c d'] *");
    assert_int_equal(op->parse.kind, KQL_PARSE_REGEX);
    assert_str(op->parse.flags, "Ui");
    assert_int_equal(op->parse.pieces.len, 6);
    assert_int_equal(op->parse.pieces.items[0].kind, KQL_PIECE_STAR);
    assert_str(op->parse.pieces.items[1].text, "x");
    assert_int_equal(op->parse.pieces.items[2].column.type, KQL_LONG);
    assert_int_equal(op->parse.pieces.items[4].column.type, KQL_TYPE_NONE);
    assert_str(op->parse.pieces.items[4].column.name.text, "c d");
    kql_test_prints("T|parse-where a.b with c '-' d:datetime",
                    "T\n| parse-where a.b with c \"-\" d:datetime");
}

static void parse_kv_has_a_schema_and_properties(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator(
        "T | parse-kv a as (b:string, c:long) with (pair_delimiter=' ', quote=('\"', "
        "\"'\"), greedy=true)");
    assert_int_equal(op->parse_kv.columns.len, 2);
    assert_int_equal(op->parse_kv.properties.len, 3);
    assert_int_equal(op->parse_kv.properties.items[1].values.len, 2);
}

static void lists_are_expanded(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator(
        "T | mvexpand bagexpansion=array with_itemindex=i a = b.c to typeof(string), d limit 7");
    assert_int_equal(op->kind, KQL_MV_EXPAND);
    assert_true(op->mv.array);
    assert_str(op->mv.index.text, "i");
    assert_int_equal(op->mv.items.items[0].type, KQL_STRING);
    assert_int_equal(op->mv.items.items[1].type, KQL_TYPE_NONE);
    assert_int_equal(op->mv.limit->literal.integer, 7);
    op = kql_test_operator("T | mv-apply a = b on (where a > 1 | top 1 by a)");
    assert_null(op->mv.pipe->pipe.source);
    assert_int_equal(op->mv.pipe->pipe.operators.len, 2);
}

static void tables_are_searched(void **state)
{
    (void)state;
    const struct kql_operator *op =
        kql_test_operator("search kind=case_sensitive in (A, B*) 'x' and c:'y*'");
    assert_true(op->search.cased);
    assert_int_equal(op->search.tables.len, 2);
    assert_int_equal(op->search.predicate->exprs.items[1]->binary.test.op, KQL_COLON);
    assert_int_equal(kql_test_operator("search *")->search.predicate->kind, KQL_STAR);
    op = kql_test_operator("find withsource=s in (A) where a == 1 project b, c:long, pack(*)");
    assert_int_equal(op->find.project, KQL_FIND_PROJECT);
    assert_true(op->find.columns.items[2].pack);
    op = kql_test_operator("find 'x' project-smart project-away d*");
    assert_int_equal(op->find.project, KQL_FIND_PROJECT_SMART);
    assert_int_equal(op->find.away.len, 1);
}

static void sources_bring_their_own_rows(void **state)
{
    (void)state;
    kql_test_prints("range i from 1 to 10 step 2 | where i > 3",
                    "range i from 1 to 10 step 2\n| where i > 3");
    kql_test_prints("print a = 1, 'x'", "print a = 1, \"x\"");
    kql_test_prints("datatable(a:string,b:dynamic)['x',dynamic([1]),] | count",
                    "datatable (a:string, b:dynamic) [\"x\", dynamic([1])]\n| count");
    kql_test_prints("externaldata(a:string)[h@'https://x.example/a.csv'] with(format='csv')",
                    "externaldata (a:string) [h\"https://x.example/a.csv\"] with (format=\"csv\")");
    kql_test_prints("evaluate plugin(1)", "evaluate plugin(1)");
}

static void plugins_functions_and_charts_are_called(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator(
        "T | evaluate hint.distribution=single pivot(a, count(), b) : (*, c:long)");
    assert_str(op->evaluate.call->call.name, "pivot");
    assert_true(op->evaluate.has_schema && op->evaluate.open);
    assert_int_equal(op->evaluate.schema.len, 1);
    kql_test_prints(
        "T | invoke f(1) | render timechart with (title='t', ycolumns=a, b, legend=hidden)",
        "T\n| invoke f(1)\n| render timechart with (title=\"t\", ycolumns=a, b, "
        "legend=hidden)");
    kql_test_prints("T | render columnchart kind=unstacked title='x'",
                    "T\n| render columnchart with (kind=unstacked, title=\"x\")");
}

static void parts_have_operators_of_their_own(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator("T | partition by a (top 1 by b)");
    assert_false(op->partition.braces);
    assert_null(op->partition.pipe->pipe.source);
    op = kql_test_operator("T | partition by a { U | where x == a }");
    assert_true(op->partition.braces);
    op = kql_test_operator("T | fork x=(count) (take 5 | where a)");
    assert_int_equal(op->branches.len, 2);
    assert_str(op->branches.items[0].name.text, "x");
    assert_int_equal(kql_test_operator("T | facet by a, b with (take 5)")->facet.by.len, 2);
    assert_null(kql_test_operator("T | facet by a")->facet.pipe);
}

static void scan_has_steps(void **state)
{
    (void)state;
    const struct kql_operator *op = kql_test_operator(
        "T | scan with_match_id=m with_step_name=n order by t asc partition by h declare (n:long = "
        "0) with (step a "
        "output=last: x == 1 => n = a.n + 1; step b optional output=none: true;)");
    assert_str(op->scan.match_id.text, "m");
    assert_str(op->scan.step_name.text, "n");
    assert_int_equal(op->scan.steps.len, 2);
    assert_int_equal(op->scan.steps.items[0].output, KQL_OUTPUT_LAST);
    assert_int_equal(op->scan.steps.items[0].assignments.len, 1);
    assert_true(op->scan.steps.items[1].optional);
}

static void operators_without_operands_print_without_a_space(void **state)
{
    (void)state;
    kql_test_prints(
        "T | count | getschema | consume decodeblocks=true | serialize | count as n",
        "T\n| count\n| getschema\n| consume decodeblocks=true\n| serialize\n| count as n");
    kql_test_prints(
        "T | as hint.materialized=true X | sample-distinct 3 of a | serialize r = f()",
        "T\n| as hint.materialized=true X\n| sample-distinct 3 of a\n| serialize r = f()");
    kql_test_prints("T | reduce kind=source by a with threshold=0.5, characters='-'",
                    "T\n| reduce kind=source by a with threshold=0.5, characters=\"-\"");
}

/* The row promises a syntax that begins with its own name, and every kind of operator can be printed. */
static void every_row_is_whole(void **state)
{
    const struct kql_operator_row *row;
    (void)state;
    for (size_t i = 0; (row = kql_operator_at(i)) != NULL; i++) {
        assert_true(str_starts(str_from_c(row->syntax), str_from_c(row->name)));
        assert_ptr_equal(kql_operator_find(str_from_c(row->name)), row);
        assert_non_null(row->read);
        assert_non_null(row->print);
    }
    for (int kind = KQL_AS; kind <= KQL_WHERE; kind++)
        assert_non_null(kql_operator_row_of((enum kql_operator_kind)kind));
}

static int teardown(void **state)
{
    (void)state;
    kql_test_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_chosen_and_ordered),
        cmocka_unit_test(where_may_have_a_name_that_means_nothing),
        cmocka_unit_test(levels_of_top_nested_follow_each_other),
        cmocka_unit_test(columns_are_made_and_named),
        cmocka_unit_test(summarize_has_aggregates_and_groups),
        cmocka_unit_test(series_have_an_axis_in_two_spellings),
        cmocka_unit_test(joins_know_kind_and_keys),
        cmocka_unit_test(conditions_of_a_join_may_be_joined_by_and),
        cmocka_unit_test(unions_take_patterns_and_queries),
        cmocka_unit_test(parse_has_pieces_in_order),
        cmocka_unit_test(parse_kv_has_a_schema_and_properties),
        cmocka_unit_test(lists_are_expanded),
        cmocka_unit_test(tables_are_searched),
        cmocka_unit_test(sources_bring_their_own_rows),
        cmocka_unit_test(plugins_functions_and_charts_are_called),
        cmocka_unit_test(parts_have_operators_of_their_own),
        cmocka_unit_test(scan_has_steps),
        cmocka_unit_test(operators_without_operands_print_without_a_space),
        cmocka_unit_test(every_row_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
