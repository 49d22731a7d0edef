/* What rules need, and whether values have it. */
#include "sigma/need.h"
#include "sigma/rule_test.h"
#include "sigma/ruleset.h"

static bool fits(const char *hooks, const char *value)
{
    struct need_search *search = NULL;
    assert_int_equal(need_search_new(str_from_c(hooks), &search), 0);
    bool yes = need_search_fits(search, str_from_c(value));
    need_search_free(search);
    return yes;
}

static void hooks_fit_as_the_engine_compares(void **state)
{
    (void)state;
    assert_true(fits("s6:\\a.exe", "C:\\A.EXE"));
    assert_false(fits("s6:\\a.exe", "C:\\a.exe.txt"));
    assert_true(fits("e2:ab p2:xy", "XYZ"));
    assert_true(fits("c1:k", "\xe2\x84\xaa")); /* the sign of Kelvin folds to k */
    assert_true(fits("n1:4", "4.0"));
    assert_false(fits("n1:4 e1:4", "40"));
    assert_true(fits("e0:", ""));
    assert_false(fits("e0:", "x"));
    assert_true(fits("r4:0^a+ e1:b", "aab"));
    assert_true(fits("r4:0^a+ e1:b", "B"));
    assert_false(fits("r4:0^a+ e1:b", "Aab"));
    assert_true(fits("r4:1^a+", "Aab"));
}

static void what_are_no_hooks_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"x",   "c",    "c9:a", "c1a", "q1:a",  "c1:ab",
                                        "c0:", "n1:x", "r0:",  "r1:", "r2:8a", "r2:0("};
    struct need_search *search;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_int_equal(need_search_new(str_from_c(texts[i]), &search), -EINVAL);
}

static void write_need(const struct need *need, struct buf *out)
{
    static const char *const names[] = {"nothing", "never",  "all", "any",
                                        "value",   "number", "text"};
    buf_add_c(out, names[need->kind]);
    if (need->field.len)
        buf_printf(out, " %.*s", STR_ARG(need->field));
    if (need->kind == NEED_TEXT) {
        buf_add_c(out, " {");
        need_hooks_write(out, need->hooks, need->n);
        buf_add_c(out, "}");
    }
    for (uint32_t i = 0; (need->kind == NEED_ALL || need->kind == NEED_ANY) && i < need->n; i++) {
        buf_add_c(out, i ? ", " : " (");
        write_need(&need->items[i], out);
    }
    if (need->kind == NEED_ALL || need->kind == NEED_ANY)
        buf_add_byte(out, ')');
}

static void assert_need(const char *detection, const char *expected)
{
    struct buf yaml = {0}, text = {0};
    struct fields fields;
    struct arena arena;
    struct err err = {0};
    buf_printf(&yaml, RULE_HEAD "detection: %s\n", detection);
    buf_add_byte(&yaml, '\0');
    struct sigma_set set = load_set(yaml.ptr);
    assert_int_equal(set.rules.len, 1);
    assert_int_equal(fields_init(&fields), 0);
    struct datasets *datasets = datasets_new(&fields);
    assert_int_equal(ruleset_collect_fields(&set, &fields), 0);
    assert_int_equal(datasets_freeze(datasets), 0);
    struct ruleset *ruleset =
        ruleset_build(&set, &fields, datasets, &(struct ruleset_options){0}, &err);
    assert_non_null(ruleset);
    arena_init(&arena, 1u << 20);
    write_need(need_make(ruleset, 0, &arena), &text);
    buf_add_byte(&text, '\0');
    assert_string_equal(text.ptr, expected);
    arena_free(&arena);
    ruleset_free(ruleset);
    datasets_free(datasets);
    sigma_set_free(&set);
    fields_free(&fields);
    buf_free(&yaml);
    buf_free(&text);
}

static void a_rule_needs_what_its_condition_says(void **state)
{
    (void)state;
    assert_need("{s: {A|endswith: ['\\x.exe', '\\y.exe'], B: 1}, condition: s}",
                "all (text A {s6:\\x.exe s6:\\y.exe}, text B {n1:1 e1:1})");
    assert_need("{s: {A: x}, f: {B: y}, condition: s and not f}", "text A {e1:x}");
    assert_need("{s: {A: x}, t: {B: y}, condition: s or t}", "any (text A {e1:x}, text B {e1:y})");
    assert_need("{s: {A: x}, f: {B: y}, condition: s or not f}", "nothing");
    assert_need("{s: {A|exists: true}, condition: s}", "nothing");
    assert_need("{s: {A: null}, condition: not s}", "value A");
    assert_need("{s: {A|gt: 5}, condition: s}", "number A");
    assert_need("{s: {A|cidr: 10.0.0.0/8}, condition: s}", "value A");
    assert_need("{s: {A|re: 'x|y'}, condition: s}", "text A {r4:0x|y}");
    assert_need("{s: {A|re|i: ['[a-z]{3}', '^v\\d+ of words']}, condition: s}",
                "text A {r9:1[a-z]{3} c9: of words}");
    assert_need("{s: {A|re: '.*x'}, t: {A|contains: y}, condition: s or t}",
                "text A {r4:0.*x c1:y}");
    assert_need("{s: [word, other], condition: s}", "text {c4:word c5:other}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_fit_as_the_engine_compares),
        cmocka_unit_test(what_are_no_hooks_is_refused),
        cmocka_unit_test(a_rule_needs_what_its_condition_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
