/* Correlations, and the aggregations of old rules that become correlations. */
#include "sigma/rule_test.h"

#define RULE(name)                                                                                 \
    "title: R " name "\nname: " name "\nlogsource: {category: c}\n"                                \
    "detection: {s: {A: 1}, condition: s}\n---\n"
#define RULES RULE("a") RULE("b") RULE("c")

static struct sigma_set load_correlations(const char *documents)
{
    struct buf yaml = {0};
    buf_printf(&yaml, RULES "%s", documents);
    buf_add_byte(&yaml, '\0');
    struct sigma_set set = load_set(yaml.ptr);
    buf_free(&yaml);
    return set;
}

static void an_event_count_has_rules_groups_span_and_bounds(void **state)
{
    (void)state;
    struct sigma_set set = load_correlations(
        "title: C\nid: x\nlevel: high\ncorrelation:\n  type: event_count\n  rules: [b, a]\n"
        "  group-by: [Computer Name, User]\n  timespan: 90m\n  condition: {gt: 100, lte: 200}\n");
    assert_int_equal(set.refusals.len, 0);
    const struct sigma_correlation *c = set.correlations.items[0];
    assert_int_equal(c->type, SIGMA_EVENT_COUNT);
    assert_int_equal(c->n_sources, 2);
    assert_int_equal(c->sources[0].index, 1);
    assert_int_equal(c->sources[1].index, 0);
    assert_int_equal(c->n_group_by, 2);
    assert_true(str_eq(c->group_by[0].name, STR("ComputerName")));
    assert_true(str_eq(c->group_by[0].by_source[1], STR("ComputerName")));
    assert_int_equal(c->timespan_us, INT64_C(5400) * TIME_SECOND_US);
    assert_int_equal(c->n_bounds, 2);
    assert_int_equal(c->bounds[0].op, SIGMA_GREATER);
    assert_true(c->bounds[1].op == SIGMA_LESS_EQUAL && c->bounds[1].number == 200);
    assert_true(c->generate);
    assert_false(set.rules.items[0]->generate);
    assert_false(set.rules.items[1]->generate);
    assert_true(set.rules.items[2]->generate);
    sigma_set_free(&set);
}

static void value_correlations_have_fields(void **state)
{
    (void)state;
    struct sigma_set set = load_correlations(
        "title: C\ncorrelation:\n  type: value_count\n  rules: a\n  timespan: 1d\n"
        "  condition: {field: [User, Src Ip], neq: 3}\n"
        "---\ntitle: D\ncorrelation:\n  type: value_percentile\n  rules: [a]\n  timespan: 1M\n"
        "  group-by: x\n  condition: {field: User, percentile: 95, gte: 1.5}\n");
    assert_int_equal(set.correlations.len, 2);
    const struct sigma_correlation *c = set.correlations.items[0], *d = set.correlations.items[1];
    assert_int_equal(c->n_fields, 2);
    assert_true(str_eq(c->fields[1], STR("SrcIp")));
    assert_true(c->bounds[0].op == SIGMA_NUMBER && c->bounds[0].negated);
    assert_true(d->percentile == 95 && d->bounds[0].number == 1.5);
    assert_int_equal(d->timespan_us, INT64_C(2629746) * TIME_SECOND_US);
    sigma_set_free(&set);
}

static void aliases_say_what_a_group_is_called_in_each_source(void **state)
{
    (void)state;
    struct sigma_set set = load_correlations(
        "title: C\ncorrelation:\n  type: temporal\n  rules: [a, b, c]\n  timespan: 10s\n"
        "  group-by: [ip, User]\n  aliases:\n    ip: {a: destination.ip, b: source.ip}\n");
    assert_int_equal(set.refusals.len, 0);
    const struct sigma_correlation *c = set.correlations.items[0];
    assert_true(str_eq(c->group_by[0].by_source[0], STR("destination.ip")));
    assert_true(str_eq(c->group_by[0].by_source[1], STR("source.ip")));
    assert_true(str_eq(c->group_by[0].by_source[2], STR("ip")));
    assert_true(str_eq(c->group_by[1].by_source[0], STR("User")));
    assert_int_equal(c->n_bounds, 0);
    assert_null(c->expression);
    sigma_set_free(&set);
}

static void temporal_conditions_may_be_expressions(void **state)
{
    (void)state;
    struct sigma_set set = load_correlations(
        "title: C\ncorrelation:\n  type: temporal\n  timespan: 5m\n"
        "  condition: (c or a) and not b\n"
        "---\ntitle: D\ncorrelation:\n  type: temporal_ordered\n  rules: [a, b]\n  timespan: 5m\n"
        "  condition: b AND a\n");
    assert_int_equal(set.refusals.len, 0);
    const struct sigma_correlation *c = set.correlations.items[0], *d = set.correlations.items[1];
    assert_int_equal(c->n_sources, 3);
    assert_int_equal(c->sources[0].index, 2);
    assert_node_text(c->expression, "((#0 or #1) and not #2)");
    assert_node_text(d->expression, "(#1 and #0)");
    sigma_set_free(&set);
}

static void chains_are_ordered_and_silence_what_they_count(void **state)
{
    (void)state;
    struct sigma_set set = load_correlations(
        "title: Outer\ncorrelation:\n  type: temporal_ordered\n  rules: [inner, c]\n"
        "  timespan: 5m\n---\n"
        "title: Inner\nname: inner\ncorrelation:\n  type: event_count\n  rules: [a]\n"
        "  timespan: 5m\n  condition: {gte: 2}\n  generate: true\n");
    assert_int_equal(set.correlations.len, 2);
    const struct sigma_correlation *inner = set.correlations.items[0];
    const struct sigma_correlation *outer = set.correlations.items[1];
    assert_true(str_eq(inner->meta.name, STR("inner")));
    assert_true(outer->sources[0].correlation);
    assert_int_equal(outer->sources[0].index, inner->number);
    assert_false(inner->generate);
    assert_true(outer->generate);
    assert_true(set.rules.items[0]->generate);
    assert_false(set.rules.items[2]->generate);
    sigma_set_free(&set);
}

static const struct {
    const char *correlation, *reason;
} refused[] = {
    {"{type: event_count, rules: [zz], timespan: 1m, condition: {gt: 1}}", "no rule 'zz'"},
    {"{type: event_count, rules: [a, a], timespan: 1m, condition: {gt: 1}}", "listed twice"},
    {"{type: nope, rules: [a], timespan: 1m, condition: {gt: 1}}", "type 'nope'"},
    {"{rules: [a], timespan: 1m, condition: {gt: 1}}", "has no type"},
    {"{type: event_count, timespan: 1m, condition: {gt: 1}}", "has no rules"},
    {"{type: event_count, rules: [], timespan: 1m, condition: {gt: 1}}", "'rules' is empty"},
    {"{type: event_count, rules: [a], condition: {gt: 1}}", "no timespan"},
    {"{type: event_count, rules: [a], timespan: 1x, condition: {gt: 1}}", "not '1x'"},
    {"{type: event_count, rules: [a], timespan: 0m, condition: {gt: 1}}", "not '0m'"},
    {"{type: event_count, rules: [a], timespan: 99999999999y, condition: {gt: 1}}", "time span"},
    {"{type: event_count, rules: [a], timespan: 1m}", "no condition"},
    {"{type: event_count, rules: [a], timespan: 1m, condition: {}}", "compares with nothing"},
    {"{type: event_count, rules: [a], timespan: 1m, condition: {gt: x}}", "'gt' is a number"},
    {"{type: event_count, rules: [a], timespan: 1m, condition: {ge: 1}}", "not 'ge'"},
    {"{type: event_count, rules: [a], timespan: 1m, condition: a and b}", "is a map"},
    {"{type: value_count, rules: [a], timespan: 1m, condition: {gt: 1}}", "needs a field"},
    {"{type: value_sum, rules: [a], timespan: 1m, condition: {field: [x, y], gt: 1}}", "one field"},
    {"{type: value_percentile, rules: [a], timespan: 1m, condition: {field: x, gt: 1}}",
     "needs a percentile"},
    {"{type: value_percentile, rules: a, timespan: 1m, condition: {field: x, gt: 1, percentile: "
     "101}}",
     "0 to 100"},
    {"{type: temporal, rules: [a, b], timespan: 1m, condition: a or c}", "no rule 'c'"},
    {"{type: temporal, rules: [a, b], timespan: 1m, condition: a}", "not mention the rule 'b'"},
    {"{type: temporal, rules: [a], timespan: 1m, aliases: {x: {b: y}}}", "none of the"},
    {"{type: temporal, rules: [a], timespan: 1m, aliases: {x: y}}", "maps rules"},
    {"{type: temporal, rules: [a], timespan: 1m, generate: maybe}", "true or false"},
    {"{type: temporal, rules: [self], timespan: 1m}", "counts itself"},
};

static void mistakes_in_correlations_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct buf yaml = {0};
        buf_printf(&yaml, "title: C\nname: self\ncorrelation: %s\n", refused[i].correlation);
        buf_add_byte(&yaml, '\0');
        struct sigma_set set = load_correlations(yaml.ptr);
        assert_int_equal(set.correlations.len, 0);
        assert_int_equal(set.refusals.len, 1);
        if (!strstr(set.refusals.items[0].err.message, refused[i].reason))
            fail_msg("'%s' does not say '%s'", set.refusals.items[0].err.message,
                     refused[i].reason);
        assert_true(set.rules.items[0]->generate);
        sigma_set_free(&set);
        buf_free(&yaml);
    }
}

static void what_counts_a_refused_correlation_is_refused_too(void **state)
{
    (void)state;
    struct sigma_set set = load_correlations(
        "title: C\nname: x\ncorrelation: {type: temporal, rules: [y], timespan: 1m}\n---\n"
        "title: D\nname: y\ncorrelation: {type: temporal, rules: [z], timespan: 1m}\n");
    assert_int_equal(set.correlations.len, 0);
    assert_int_equal(set.refusals.len, 2);
    assert_string_equal(set.refusals.items[1].err.message, "the correlation 'y' was refused");
    sigma_set_free(&set);
}

/* An old rule with this behind its condition's '|'. */
static struct sigma_set load_legacy(const char *aggregation)
{
    struct buf yaml = {0};
    buf_printf(&yaml,
               "title: Old\nid: abcd\nlevel: low\nlogsource: {product: p}\ndetection:\n"
               "  s: {A: 1}\n  t: {B: 2}\n  u: {C: 3}\n  timeframe: 5m\n  condition: s | %s\n",
               aggregation);
    buf_add_byte(&yaml, '\0');
    struct sigma_set set = load_set(yaml.ptr);
    buf_free(&yaml);
    return set;
}

static void an_old_count_becomes_a_correlation(void **state)
{
    (void)state;
    struct sigma_set set = load_legacy("count() by Host Name,User >= 10");
    assert_int_equal(set.correlations.len, 0); /* a name with a space is two words */
    sigma_set_free(&set);
    set = load_legacy("count() by HostName, User >= 10");
    assert_int_equal(set.correlations.len, 1);
    assert_int_equal(set.rules.len, 1);
    assert_int_equal(set.n_derived, 1);
    const struct sigma_correlation *c = set.correlations.items[0];
    assert_int_equal(c->type, SIGMA_EVENT_COUNT);
    assert_true(str_eq(c->meta.id, STR("abcd")));
    assert_int_equal(c->meta.level, SIGMA_LOW);
    assert_int_equal(c->n_group_by, 2);
    assert_true(c->bounds[0].op == SIGMA_GREATER_EQUAL && c->bounds[0].number == 10);
    assert_int_equal(c->timespan_us, INT64_C(300) * TIME_SECOND_US);
    assert_false(set.rules.items[0]->generate);
    assert_node_text(set.rules.items[0]->condition, "s");
    sigma_set_free(&set);
    set = load_legacy("count(TargetUser)>5");
    assert_int_equal(set.correlations.items[0]->type, SIGMA_VALUE_COUNT);
    assert_true(str_eq(set.correlations.items[0]->fields[0], STR("TargetUser")));
    sigma_set_free(&set);
    set = load_legacy("sum(bytes) by host < 1.5");
    assert_int_equal(set.correlations.items[0]->type, SIGMA_VALUE_SUM);
    sigma_set_free(&set);
}

static void near_becomes_a_temporal_correlation(void **state)
{
    (void)state;
    struct sigma_set set = load_legacy("near t and not u");
    assert_int_equal(set.correlations.len, 1);
    assert_int_equal(set.rules.len, 3);
    assert_int_equal(set.n_derived, 3);
    assert_node_text(set.correlations.items[0]->expression, "(#0 and #1 and not #2)");
    assert_node_text(set.rules.items[2]->condition->selection->node, "C = 3");
    sigma_set_free(&set);
    set = load_legacy("near t");
    assert_null(set.correlations.items[0]->expression);
    assert_int_equal(set.correlations.items[0]->n_sources, 2);
    sigma_set_free(&set);
}

static void what_is_inexact_in_an_old_aggregation_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *aggregation, *reason;
    } cases[] = {
        {"max(x) by y > 3", "no exact equivalent"},
        {"count() by y", "expected a comparison"},
        {"count() by y > z", "expected a number"},
        {"count( > 3", "expected"},
        {"sum() > 3", "needs a field"},
        {"near nothing", "expected a selection"},
        {"median(x) > 3", "expected count"},
        {"count() > 3 and s", "expected its end"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sigma_set set = load_legacy(cases[i].aggregation);
        assert_int_equal(set.rules.len, 0);
        assert_int_equal(set.refusals.len, 1);
        if (!strstr(set.refusals.items[0].err.message, cases[i].reason))
            fail_msg("'%s'", set.refusals.items[0].err.message);
        sigma_set_free(&set);
    }
    assert_refused("title: T\nlogsource: {product: p}\n"
                   "detection: {s: {A: 1}, condition: s | count() > 5}\n",
                   3, 0, "no timeframe");
}

static void a_filter_reaches_the_rule_under_an_old_aggregation(void **state)
{
    (void)state;
    struct sigma_set set =
        load_set("title: Old\nid: abcd\nlogsource: {product: p}\ndetection:\n  s: {A: 1}\n"
                 "  timeframe: 5m\n  condition: s | count() > 5\n---\n"
                 "title: F\nlogsource: {product: p}\nfilter: {rules: [abcd], f: {B: 1}, condition: "
                 "not f}\n");
    assert_int_equal(set.refusals.len, 0);
    assert_node_text(set.rules.items[0]->condition, "(s and not f of filter 'F')");
    sigma_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_count_has_rules_groups_span_and_bounds),
        cmocka_unit_test(value_correlations_have_fields),
        cmocka_unit_test(aliases_say_what_a_group_is_called_in_each_source),
        cmocka_unit_test(temporal_conditions_may_be_expressions),
        cmocka_unit_test(chains_are_ordered_and_silence_what_they_count),
        cmocka_unit_test(mistakes_in_correlations_are_refused),
        cmocka_unit_test(what_counts_a_refused_correlation_is_refused_too),
        cmocka_unit_test(an_old_count_becomes_a_correlation),
        cmocka_unit_test(near_becomes_a_temporal_correlation),
        cmocka_unit_test(what_is_inexact_in_an_old_aggregation_is_refused),
        cmocka_unit_test(a_filter_reaches_the_rule_under_an_old_aggregation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
