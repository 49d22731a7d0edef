#include "sigma/rule_test.h"

#include "sigma/lint.h"

static const char DATASET[] =
    "name: events\ntitle: Events\nrecognise: [{Source: test}]\nevent_id: EventID\n"
    "logsources:\n- {product: p, category: start, when: {EventID: [1, 2]}}\n- {product: p}\n"
    "fields: {Image: {type: path}, EventID: {type: integer}, User: {}, A: {}, B: {}}\n"
    "aliases:\n- {fields: {Alias: Image}}\n";

struct linted {
    struct fields fields;
    struct datasets *datasets;
    struct sigma_set set;
    struct lint lint;
};

static void lint_yaml(struct linted *l, const char *yaml)
{
    struct err err;
    assert_int_equal(fields_init(&l->fields), 0);
    l->datasets = datasets_new(&l->fields);
    assert_non_null(l->datasets);
    if (datasets_add(l->datasets, str_from_c(DATASET), STR("d.yaml"), &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(datasets_freeze(l->datasets), 0);
    l->set = load_set(yaml);
    assert_int_equal(lint_run(&l->set, l->datasets, &l->lint), 0);
}

static void linted_free(struct linted *l)
{
    lint_free(&l->lint);
    sigma_set_free(&l->set);
    datasets_free(l->datasets);
    fields_free(&l->fields);
}

static const struct lint_finding *find_code(const struct linted *l, const char *code)
{
    for (size_t i = 0; i < l->lint.findings.len; i++)
        if (strcmp(l->lint.findings.items[i].check->code, code) == 0)
            return &l->lint.findings.items[i];
    return NULL;
}

#define GOOD                                                                                       \
    "title: %s\nid: 929a690e-bef0-4204-a928-ef5e620d6fcc\nstatus: test\nlevel: high\n"             \
    "description: d\ndate: 2024-01-02\ntags: [attack.t1003]\n"

/* A rule with this logsource and detection has exactly that finding, or with NULL none. */
static void assert_finding(const char *body, const char *code, const char *message)
{
    struct buf yaml = {0};
    struct linted l;
    buf_printf(&yaml, GOOD "%s", "T", body);
    buf_add_byte(&yaml, '\0');
    lint_yaml(&l, yaml.ptr);
    if (!code && l.lint.findings.len)
        fail_msg("%s: %s", l.lint.findings.items[0].check->code,
                 l.lint.findings.items[0].message.ptr);
    const struct lint_finding *found = code ? find_code(&l, code) : NULL;
    if (code && !found)
        fail_msg("no %s in: %s", code, body);
    if (code && str_find(found->message, str_from_c(message)) == SIZE_MAX)
        fail_msg("'%s' does not say '%s'", found->message.ptr, message);
    linted_free(&l);
    buf_free(&yaml);
}

#define ON(selections) "logsource: {product: p}\ndetection: {" selections "}\n"
#define START(selections) "logsource: {product: p, category: start}\ndetection: {" selections "}\n"

static void a_good_rule_has_no_findings(void **state)
{
    (void)state;
    assert_finding(ON("s: {Image|endswith: abc, Alias: x, EventID: 1}, condition: s"), NULL, NULL);
    assert_finding(START("s: {EventID: [1, 3], A: b}, condition: s"), NULL, NULL);
}

static void logsources_and_fields_are_looked_up_in_the_datasets(void **state)
{
    (void)state;
    assert_finding("logsource: {product: other, category: c}\n"
                   "detection: {s: {A: b}, condition: s}\n",
                   "unroutable-logsource", "no dataset provides product other, category c");
    assert_finding(ON("s: {A: b, Nope: c}, condition: s"), "unknown-field", "'Nope'");
    assert_finding(START("s: {EventID: 3, A: b}, condition: s"), "impossible-event-id",
                   "never have EventID 3");
}

static void contradictions_are_found(void **state)
{
    (void)state;
    static const char *const never[] = {
        ON("s: {A: x}, f: {A: x}, condition: s and not f"),
        ON("s: {A: abc}, f: {A|startswith: a}, condition: s and not 1 of f*"),
        ON("s: {A|endswith: .exe}, f: {A|contains: .e}, condition: s and not f"),
        ON("s: {A: [xy, xz]}, f: {A|startswith: x}, condition: s and not f"),
        ON("s: {A: x}, t: {A: null}, condition: s and t"),
        ON("s: {A|exists: true}, t: {A|exists: false}, condition: all of them"),
    };
    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
        assert_finding(never[i], "never-matches", "excluded");
    assert_finding(ON("s: {A: x}, t: {A: y1}, condition: s and t"), "several-values", "at once");
    assert_finding(ON("s: {A: [xy, zz]}, f: {A|startswith: x}, condition: s and not f"), NULL,
                   NULL);
}

static void rules_that_ask_for_nothing_are_found(void **state)
{
    (void)state;
    assert_finding(ON("s: {A: x}, condition: not s"), "matches-absence", "without any");
    assert_finding(ON("s: {A: null}, condition: s"), "matches-absence", "without any");
    assert_finding(ON("s: {A: x}, t: {B: y}, condition: s"), "unused-selection", "'t'");
}

static void cost_is_told(void **state)
{
    (void)state;
    assert_finding(ON("k: [word], condition: k"), "keyword-search", "keywords");
    assert_finding(ON("s: {A|re: '.*[0-9]+'}, condition: s"), "no-trigger", "every event");
    assert_finding(ON("s: {A|re: '.*[0-9]+'}, condition: s"), "regex-without-text", "no fixed");
    assert_finding(ON("s: {A|contains: [a, b, c, d]}, condition: s"), "short-texts", "4 texts");
    assert_finding(ON("s: {A|re: '('}, condition: s"), "invalid-regex", "");
    assert_finding(ON("s: {A|hour: 24, B: x}, condition: s"), "time-out-of-range", "0 to 23");
}

static void what_documents_say_of_themselves_is_checked(void **state)
{
    (void)state;
    struct linted l;
    lint_yaml(&l, "id: 12\ndate: 2024/01/02\ntags: [Bad Tag]\ntaxonomy: ecs\nstatus: deprecated\n"
                  "logsource: {product: p}\ndetection: {s: {A: b}, condition: s}\n---\n"
                  "title: Broken\ndetection: {}\n");
    static const char *const expected[] = {"refused",       "missing-title",  "invalid-id",
                                           "missing-level", "invalid-date",   "invalid-tag",
                                           "retired",       "custom-taxonomy"};
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
        if (!find_code(&l, expected[i]))
            fail_msg("no %s", expected[i]);
    assert_int_equal(find_code(&l, "invalid-id")->line, 1);
    assert_int_equal(l.lint.count[LINT_ERROR], 2);
    assert_string_equal(lint_severity_name(find_code(&l, "refused")->check->severity), "error");
    linted_free(&l);
}

static void old_aggregations_and_idle_filters_are_noted(void **state)
{
    (void)state;
    struct linted l;
    lint_yaml(&l,
              "title: Old\nlogsource: {product: p}\n"
              "detection: {s: {A: b}, timeframe: 1m, condition: s | count() > 5}\n---\n"
              "title: F\nlogsource: {product: q}\nfilter: {rules: any, s: {A: 1}, condition: s}\n");
    assert_non_null(find_code(&l, "legacy-aggregation"));
    assert_non_null(find_code(&l, "filter-unused"));
    linted_free(&l);
}

static void every_check_has_its_own_code(void **state)
{
    (void)state;
    for (size_t i = 0; lint_checks(i); i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(lint_checks(i)->code, lint_checks(j)->code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_rule_has_no_findings),
        cmocka_unit_test(logsources_and_fields_are_looked_up_in_the_datasets),
        cmocka_unit_test(contradictions_are_found),
        cmocka_unit_test(rules_that_ask_for_nothing_are_found),
        cmocka_unit_test(cost_is_told),
        cmocka_unit_test(what_documents_say_of_themselves_is_checked),
        cmocka_unit_test(old_aggregations_and_idle_filters_are_noted),
        cmocka_unit_test(every_check_has_its_own_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
