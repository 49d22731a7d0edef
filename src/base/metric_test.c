#include "base/metric.h"

#include "base/test.h"

static void a_family_is_its_head_and_a_line_for_each_value(void **state)
{
    struct buf out = {0};
    (void)state;
    metric_head(&out, "jaga_events_total", "counter", "Events.");
    metric_add(&out, "jaga_events_total",
               METRIC_LABELS({"agency", STR("health")}, {"source", STR("dns")}), UINT64_MAX);
    metric_add(&out, "jaga_events_total", METRIC_LABELS({"agency", STR("*")}), 0);
    assert_str(buf_str(&out), "# HELP jaga_events_total Events.\n"
                              "# TYPE jaga_events_total counter\n"
                              "jaga_events_total{agency=\"health\",source=\"dns\"} "
                              "18446744073709551615\n"
                              "jaga_events_total{agency=\"*\"} 0\n");
    buf_free(&out);
}

static void a_family_may_be_one_number(void **state)
{
    struct buf out = {0};
    (void)state;
    metric_one(&out, "jaga_senders", "gauge", "Sources.", 7);
    assert_str(buf_str(&out), "# HELP jaga_senders Sources.\n"
                              "# TYPE jaga_senders gauge\n"
                              "jaga_senders 7\n");
    buf_free(&out);
}

static void what_a_label_says_stays_inside_its_quotes(void **state)
{
    struct buf out = {0};
    (void)state;
    metric_add(&out, "x", METRIC_LABELS({"title", STR("a\"} 1\nb\\")}), 1);
    assert_str(buf_str(&out), "x{title=\"a\\\"} 1\\nb\\\\\"} 1\n");
    buf_free(&out);
}

static void a_real_number_has_its_decimals(void **state)
{
    struct buf out = {0};
    (void)state;
    metric_add_real(&out, "x_seconds", METRIC_PLAIN, 1.5, 3);
    metric_add_real(&out, "x_seconds", METRIC_LABELS({"rule", STR("")}), 2e-6, 6);
    assert_str(buf_str(&out), "x_seconds 1.500\nx_seconds{rule=\"\"} 0.000002\n");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_is_its_head_and_a_line_for_each_value),
        cmocka_unit_test(a_family_may_be_one_number),
        cmocka_unit_test(what_a_label_says_stays_inside_its_quotes),
        cmocka_unit_test(a_real_number_has_its_decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
