/* Documents, what they say about themselves, collections, doubled ids, filters. */
#include "sigma/rule_test.h"

#define TAIL "detection: {s: {A: 1}, condition: s}\n"
#define HEAD "title: T\nlogsource: {category: c}\n"

static void everything_a_rule_says_of_itself_is_read(void **state)
{
    (void)state;
    struct sigma_set set = load_set(
        "title: The title\nid: 929a690e-bef0-4204-a928-ef5e620d6fcc\nname: the_name\n"
        "status: Test\nlevel: HIGH\ndescription: |\n  two\n  lines\nauthor: Me\ndate: 2024-01-02\n"
        "modified: 2024/1/3\nlicense: MIT\ntaxonomy: sigma\ntags: [attack.t1003, "
        "attack.execution]\n"
        "references:\n  - https://example.com\nfalsepositives: Unlikely\nfields: [A, null, B]\n"
        "custom: {x: [1, 2]}\n"
        "logsource: {product: Windows, service: sysmon, definition: {any: thing}}\n" TAIL);
    assert_int_equal(set.rules.len, 1);
    const struct sigma_rule *rule = set.rules.items[0];
    assert_true(str_eq(rule->meta.title, STR("The title")));
    assert_true(str_eq(rule->meta.name, STR("the_name")));
    assert_true(str_eq(rule->meta.description, STR("two\nlines\n")));
    assert_int_equal(rule->meta.level, SIGMA_HIGH);
    assert_int_equal(rule->meta.n_tags, 2);
    assert_true(str_eq(rule->meta.tags[1], STR("attack.execution")));
    assert_int_equal(rule->meta.n_references, 1);
    assert_int_equal(rule->meta.n_falsepositives, 1);
    assert_int_equal(rule->meta.n_fields, 2);
    assert_int_equal(rule->meta.line, 1);
    assert_true(str_eq(rule->meta.origin, STR("test.yml")));
    assert_true(str_eq(rule->logsource.product, STR("windows")));
    assert_true(str_eq(rule->logsource.service, STR("sysmon")));
    assert_int_equal(rule->logsource.category.len, 0);
    assert_true(rule->generate);
    sigma_set_free(&set);
}

static void what_is_no_rule_is_counted_apart(void **state)
{
    (void)state;
    struct sigma_set set = load_set("just: data\n---\n[a, b]\n---\n\n---\n" HEAD TAIL);
    assert_int_equal(set.rules.len, 1);
    assert_int_equal(set.n_other, 2);
    assert_int_equal(set.n_documents, 1);
    sigma_set_free(&set);
}

static void broken_documents_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_refused("title: [a\n", 2, 1, "");
    assert_refused("a: 1\na: 2\n", 2, 1, "twice");
    assert_refused(HEAD, 1, 1, "no detection");
    assert_refused("title: T\n" TAIL, 1, 1, "no logsource");
    assert_refused("title: T\nlogsource: {definition: x}\n" TAIL, 2, 12, "says no product");
    assert_refused("title: T\nlogsource: x\n" TAIL, 2, 12, "is a map");
    assert_refused("title: T\nlogsource: {product: [a]}\n" TAIL, 2, 22, "product is text");
    assert_refused(HEAD "detection: {s: {A: 1}}\n", 3, 12, "no condition");
    assert_refused(HEAD "detection: {condition: s}\n", 3, 12, "no selection");
    assert_refused(HEAD "detection: [s]\n", 3, 12, "is a map");
    assert_refused(HEAD "title: {a: b}\n", 3, 1, "twice");
    assert_refused("title: {a: b}\nlogsource: {product: a}\n" TAIL, 1, 8, "'title' is text");
    assert_refused(HEAD "level: urgent\n" TAIL, 3, 8, "not 'urgent'");
    assert_refused(HEAD "status: done\n" TAIL, 3, 9, "not 'done'");
    assert_refused(HEAD "tags: {a: b}\n" TAIL, 3, 7, "'tags' is text or a list");
    assert_refused(HEAD "tags: [[a]]\n" TAIL, 3, 8, "list of texts");
}

static void a_second_document_with_the_same_id_is_refused(void **state)
{
    (void)state;
    struct sigma_set set = load_set("id: ABCD\n" HEAD TAIL
                                    "---\nid: abcd\ntitle: Two\nlogsource: {category: c}\n" TAIL);
    assert_int_equal(set.rules.len, 1);
    assert_int_equal(set.refusals.len, 1);
    assert_true(str_eq(set.refusals.items[0].title, STR("Two")));
    assert_string_equal(set.refusals.items[0].err.message, "'T' in test.yml has the same id");
    assert_int_equal(set.refusals.items[0].err.line, 6);
    sigma_set_free(&set);
}

static void a_global_document_is_laid_over_those_that_follow(void **state)
{
    (void)state;
    struct sigma_set set =
        load_set("action: global\ntitle: G\nid: abcd\ndetection: {condition: s}\n"
                 "---\nlogsource: {category: one}\ndetection: {s: {A: 1}}\n"
                 "---\nlogsource: {category: two}\ndetection: {s: {B: 2}}\n"
                 "---\naction: reset\n"
                 "---\ntitle: Own\nlogsource: {category: three}\n" TAIL);
    assert_int_equal(set.refusals.len, 0);
    assert_int_equal(set.rules.len, 3);
    assert_int_equal(set.n_other, 2);
    assert_true(str_eq(set.rules.items[0]->meta.title, STR("G")));
    assert_true(str_eq(set.rules.items[1]->meta.id, STR("abcd")));
    assert_node_text(set.rules.items[0]->selections[0].node, "A = 1");
    assert_node_text(set.rules.items[1]->selections[0].node, "B = 2");
    assert_true(str_eq(set.rules.items[2]->meta.title, STR("Own")));
    sigma_set_free(&set);
}

static void repeat_lays_a_document_over_the_one_before(void **state)
{
    (void)state;
    struct sigma_set set = load_set(HEAD "id: a\n" TAIL "---\naction: repeat\nid: b\ntitle: R\n"
                                         "detection: {s: {B: 2}}\n");
    assert_int_equal(set.rules.len, 2);
    assert_true(str_eq(set.rules.items[1]->meta.title, STR("R")));
    assert_node_text(set.rules.items[1]->selections[0].node, "(A = 1 and B = 2)");
    assert_refused("action: again\n", 1, 9, "not 'again'");
    sigma_set_free(&set);
}

static const char FILTERED[] =
    "title: One\nid: aaaa\nlogsource: {product: windows, category: process_creation}\n" TAIL
    "---\ntitle: Two\nname: two\nlogsource: {product: linux}\n" TAIL "---\n"
    "title: F\nlogsource: {product: windows}\nfilter:\n";

static struct sigma_set load_filtered(const char *filter)
{
    struct buf yaml = {0};
    buf_printf(&yaml, "%s%s", FILTERED, filter);
    buf_add_byte(&yaml, '\0');
    struct sigma_set set = load_set(yaml.ptr);
    buf_free(&yaml);
    return set;
}

static void a_filter_is_conjoined_to_the_rules_it_names(void **state)
{
    (void)state;
    struct sigma_set set = load_filtered(
        "  rules: [AAAA]\n  s: {User: adm}\n  t: {B: 1}\n  condition: not 1 of them\n");
    assert_int_equal(set.filters.len, 1);
    assert_int_equal(set.filters.items[0].n_rules, 1);
    assert_node_text(set.rules.items[0]->condition,
                     "(s and not (s of filter 'F' or t of filter 'F'))");
    assert_node_text(set.rules.items[1]->condition, "s");
    assert_int_equal(set.rules.items[0]->n_selections, 3);
    const struct sigma_node *ref = set.rules.items[0]->condition->children[0];
    assert_ptr_equal(ref->selection, &set.rules.items[0]->selections[ref->index]);
    sigma_set_free(&set);
}

static void a_filter_for_any_rule_asks_for_its_logsource(void **state)
{
    (void)state;
    struct sigma_set set = load_filtered("  rules: any\n  s: {User: adm}\n  condition: not s\n");
    assert_node_text(set.rules.items[0]->condition, "(s and not s of filter 'F')");
    assert_node_text(set.rules.items[1]->condition, "s");
    sigma_set_free(&set);
}

static void a_filter_without_its_rule_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *reason;
    } cases[] = {
        {"  rules: [nope]\n  s: {A: 1}\n  condition: s\n", "there is no rule 'nope'"},
        {"  rules: two\n  s: {A: 1}\n  condition: s\n", "another logsource"},
        {"  s: {A: 1}\n  condition: s\n", "does not say which rules"},
        {"  rules: any\n  condition: s\n", "no selection"},
        {"  rules: any\n  s: {A: 1}\n", "no condition"},
        {"  rules: any\n  s: {A: 1}\n  condition: [s]\n", "is text"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct sigma_set set = load_filtered(cases[i].filter);
        assert_int_equal(set.rules.len, 2);
        assert_int_equal(set.refusals.len, 1);
        assert_non_null(strstr(set.refusals.items[0].err.message, cases[i].reason));
        sigma_set_free(&set);
    }
}

static void a_rule_takes_so_many_filters_and_no_more(void **state)
{
    (void)state;
    struct buf yaml = {0};
    buf_add_c(&yaml, HEAD TAIL);
    for (int i = 0; i <= SIGMA_FILTERS_MAX; i++)
        buf_add_c(&yaml, "---\n" HEAD "filter: {rules: any, f: {B: 1}, condition: not f}\n");
    buf_add_byte(&yaml, '\0');
    struct sigma_set set = load_set(yaml.ptr);
    assert_int_equal(set.rules.items[0]->n_filters, SIGMA_FILTERS_MAX);
    assert_int_equal(set.filters.len, SIGMA_FILTERS_MAX);
    assert_non_null(strstr(set.refusals.items[0].err.message, "64 filters already"));
    sigma_set_free(&set);
    buf_free(&yaml);
}

static void limits_are_refusals(void **state)
{
    (void)state;
    struct sigma_set set;
    assert_int_equal(sigma_set_init(&set), 0);
    char *large = calloc(1, SIGMA_FILE_MAX + 1);
    assert_non_null(large);
    assert_int_equal(sigma_set_add(&set, str_of(large, SIGMA_FILE_MAX + 1), STR("large.yml")), 0);
    assert_int_equal(set.refusals.items[0].err.code, -EFBIG);
    struct buf yaml = {0};
    buf_add_c(&yaml,
              HEAD "detection:\n  s:\n    F|windash: '-a -b -c -d -e -f -g'\n  condition: s");
    assert_int_equal(sigma_set_add(&set, buf_str(&yaml), STR("dashes.yml")), 0);
    assert_non_null(strstr(set.refusals.items[1].err.message, "more than 20000 alternatives"));
    buf_clear(&yaml);
    buf_add_c(&yaml, HEAD "detection:\n  s:\n    F|windash:\n");
    for (int i = 0; i < 10; i++)
        buf_add_c(&yaml, "    - '-a -b -c -d -e -f'\n");
    buf_add_c(&yaml, "  condition: s");
    assert_int_equal(sigma_set_add(&set, buf_str(&yaml), STR("nodes.yml")), 0);
    assert_non_null(strstr(set.refusals.items[2].err.message, "more than 100000 tests"));
    assert_int_equal(sigma_set_link(&set), 0);
    assert_int_equal(set.n_documents, 3);
    buf_free(&yaml);
    free(large);
    sigma_set_free(&set);
}

static void a_filter_can_be_asked_for_itself_before_the_set_is_linked(void **state)
{
    (void)state;
    struct sigma_set set;
    struct sigma_alone_filter filter;
    struct sigma_rule rule = {.meta = {.id = STR("AB-1"), .name = STR("login")},
                              .logsource = {.product = STR("windows"), .category = STR("x")}};
    assert_int_equal(sigma_set_init(&set), 0);
    assert_int_equal(sigma_set_filter(&set, &filter), -ENOENT);
    assert_int_equal(
        sigma_set_add(&set,
                      STR("title: F\nlogsource: {product: windows}\n"
                          "filter: {rules: [ab-1], s: {User: ann}, condition: not s}\n"),
                      STR("f.yml")),
        0);
    assert_int_equal(set.refusals.len, 0);
    assert_int_equal(sigma_set_filter(&set, &filter), 0);
    assert_true(str_eq(filter.meta.title, STR("F")));
    assert_int_equal(filter.condition->kind, SIGMA_NOT);
    assert_true(sigma_filter_for(&filter, &rule)); /* ids without case */
    rule.meta.id = STR("ab-2");
    assert_false(sigma_filter_for(&filter, &rule));
    filter.any = true;
    assert_true(sigma_filter_for(&filter, &rule));
    rule.logsource.product = STR("linux");
    assert_false(sigma_filter_for(&filter, &rule));
    sigma_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_a_rule_says_of_itself_is_read),
        cmocka_unit_test(what_is_no_rule_is_counted_apart),
        cmocka_unit_test(broken_documents_are_refused_with_their_place),
        cmocka_unit_test(a_second_document_with_the_same_id_is_refused),
        cmocka_unit_test(a_global_document_is_laid_over_those_that_follow),
        cmocka_unit_test(repeat_lays_a_document_over_the_one_before),
        cmocka_unit_test(a_filter_is_conjoined_to_the_rules_it_names),
        cmocka_unit_test(a_filter_for_any_rule_asks_for_its_logsource),
        cmocka_unit_test(a_filter_without_its_rule_is_refused),
        cmocka_unit_test(a_rule_takes_so_many_filters_and_no_more),
        cmocka_unit_test(limits_are_refusals),
        cmocka_unit_test(a_filter_can_be_asked_for_itself_before_the_set_is_linked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
