#include "sigma/rule_test.h"

static void plain_values_are_wholes_prefixes_suffixes_or_parts(void **state)
{
    (void)state;
    assert_selection("    F: abc", "F = 'abc'");
    assert_selection("    F: abc*", "F startswith 'abc'");
    assert_selection("    F: '*abc'", "F endswith 'abc'");
    assert_selection("    F: '*abc*'", "F contains 'abc'");
    assert_selection("    F: '*abc**'", "F contains 'abc'");
    assert_selection("    F: a*c", "F like 'a*c'");
    assert_selection("    F: a?c", "F like 'a?c'");
    assert_selection("    F: '*'", "F like '*'");
    assert_selection("    F: '?*'", "F like '?*'");
    assert_selection("    F: ''", "F is empty");
    assert_selection("    F: null", "F is null");
    assert_selection("    F:", "F is null");
    assert_selection("    F: ABC", "F = 'abc'");
    assert_selection("    F: \xc3\x84pfel", "F = '\xc3\xa4pfel'");
}

static void backslashes_escape_wildcards_and_themselves(void **state)
{
    (void)state;
    assert_selection("    F: 'C:\\Windows'", "F = 'c:\\windows'");
    assert_selection("    F: 'a\\\\b'", "F = 'a\\b'");
    assert_selection("    F: 'a\\*b'", "F = 'a*b'");
    assert_selection("    F: 'a\\?b'", "F = 'a?b'");
    assert_selection("    F: 'a\\\\*'", "F startswith 'a\\'");
    assert_selection("    F: 'a\\\\\\*'", "F = 'a\\*'");
    assert_selection("    F: 'a\\\\\\\\b'", "F = 'a\\\\b'");
    assert_selection("    F: 'a\\\\\\b'", "F = 'a\\\\b'");
    assert_selection("    F: 'a\\'", "F = 'a\\'");
    assert_selection("    F|endswith: '\\cmd.exe'", "F endswith '\\cmd.exe'");
    assert_selection("    F|contains: '\\'", "F contains '\\'");
}

static void numbers_and_booleans_keep_their_type(void **state)
{
    (void)state;
    assert_selection("    F: 42", "F = 42");
    assert_selection("    F: '42'", "F = '42'");
    assert_selection("    F: 0x10", "F = 16");
    assert_selection("    F: 1.5", "F = 1.5");
    assert_selection("    F: true", "F = true");
    assert_selection("    F: 'true'", "F = 'true'");
    assert_selection("    F: no", "F = false");
}

static void opening_modifiers_add_wildcards_once(void **state)
{
    (void)state;
    assert_selection("    F|contains: a", "F contains 'a'");
    assert_selection("    F|contains: '*a'", "F contains 'a'");
    assert_selection("    F|contains: 'a*'", "F contains 'a'");
    assert_selection("    F|contains: 'a*b'", "F like '*a*b*'");
    assert_selection("    F|startswith: a", "F startswith 'a'");
    assert_selection("    F|startswith: 'a?'", "F like 'a?*'");
    assert_selection("    F|endswith: a", "F endswith 'a'");
    assert_selection("    F|endswith: '*a'", "F endswith 'a'");
    assert_selection("    F|contains: ''", "F like '*'");
    assert_selection("    F|contains|cased: aB", "F contains 'aB' (cased)");
    assert_selection("    F|cased|contains: aB", "F contains 'aB' (cased)");
}

static void lists_are_any_and_with_all_every(void **state)
{
    (void)state;
    assert_selection("    F: [a, 1, null]", "(F = 'a' or F = 1 or F is null)");
    assert_selection("    F|contains|all: [a, b]", "(F contains 'a' and F contains 'b')");
    assert_selection("    F|all|contains: [a, b]", "(F contains 'a' and F contains 'b')");
    assert_selection("    F: a\n    G: [b, c]", "(F = 'a' and (G = 'b' or G = 'c'))");
    assert_selection("    - F: a\n      G: b\n    - H: c", "((F = 'a' and G = 'b') or H = 'c')");
    assert_selection("    F|neq: [a, b]", "not (F = 'a' or F = 'b')");
    assert_selection("    F|neq|contains: a", "not F contains 'a'");
    assert_selection("    F|re|neq: a", "not F matches /a/");
    assert_selection_refused("    F: []", 6, 8, "empty");
    assert_selection_refused("    F: [[a]]", 6, 9, "not a list");
    assert_selection_refused("    F: {a: b}", 6, 8, "not a map");
}

static const struct test_case {
    const char *lines, *expected;
} chains[] = {
    {"    F|re: 'a.*b'", "F matches /a.*b/"},
    {"    F|re: 12", "F matches /12/"},
    {"    F|re|i: a", "F matches /a/i"},
    {"    F|re|i|m|s: a", "F matches /a/ims"},
    {"    F|re|ignorecase|multiline|dotall: a", "F matches /a/ims"},
    {"    F|re|contains: a", "F matches /a/"},
    {"    F|all|re: [a, b]", "(F matches /a/ and F matches /b/)"},
    {"    F|cidr: 10.0.0.0/8", "F in 10.0.0.0/8"},
    {"    F|cidr: 10.1.2.3", "F in 10.1.2.3/32"},
    {"    F|cidr: fc00::/7", "F in fc00:0:0:0:0:0:0:0/7"},
    {"    F|cidr: ::1", "F in 0:0:0:0:0:0:0:1/128"},
    {"    F|gt: 5", "F > 5"},
    {"    F|gte: 5", "F >= 5"},
    {"    F|lt: -5", "F < -5"},
    {"    F|lte: 5.5", "F <= 5.5"},
    {"    F|neq: 5", "not F = 5"},
    {"    F|minute: 5", "F minute = 5"},
    {"    F|hour|gte: 5", "F hour >= 5"},
    {"    F|day: 1", "F day = 1"},
    {"    F|week: 1", "F week = 1"},
    {"    F|month: 1", "F month = 1"},
    {"    F|year: [2024, 2025]", "(F year = 2024 or F year = 2025)"},
    {"    F|exists: true", "F exists"},
    {"    F|exists: no", "F does not exist"},
    {"    F|fieldref: G", "F = field G"},
    {"    F|fieldref|neq: G", "not F = field G"},
    {"    F|fieldref|startswith: G", "F startswith field G"},
    {"    F|fieldref|endswith: G", "F endswith field G"},
    {"    F|fieldref|contains: 'Some Field'", "F contains field SomeField"},
    {"    F|base64: foobar", "F = 'zm9vymfy'"},
    {"    F|base64|contains|cased: foobar", "F contains 'Zm9vYmFy' (cased)"},
    {"    F|base64offset|contains|cased: foobar",
     "(F contains 'Zm9vYmFy' (cased) or F contains 'Zvb2Jhc' (cased) or F contains 'mb29iYX' "
     "(cased))"},
    {"    F|base64offset|contains|cased|all: [foobar, foobaz]",
     "((F contains 'Zm9vYmFy' (cased) or F contains 'Zvb2Jhc' (cased) or F contains 'mb29iYX' "
     "(cased)) and (F contains 'Zm9vYmF6' (cased) or F contains 'Zvb2Jhe' (cased) or F contains "
     "'mb29iYX' (cased)))"},
    {"    F|wide: ab", "F = 'a\\x00b\\x00'"},
    {"    F|utf16le|contains: a", "F contains 'a\\x00'"},
    {"    F|utf16be: ab", "F = '\\x00a\\x00b'"},
    {"    F|utf16: a", "F = '\xef\xbb\xbf"
                       "a\\x00'"},
    {"    F|utf16|base64|cased: cmd", "F = '//5jAG0AZAA=' (cased)"},
    {"    F|wide|base64|cased: cmd", "F = 'YwBtAGQA' (cased)"},
    {"    F|utf16be|base64|cased: cmd", "F = 'AGMAbQBk' (cased)"},
    {"    F|wide|base64|cased: \xc3\xa9", "F = '6QA=' (cased)"},
    {"    F|wide|base64|cased: \xf0\x9f\x98\x80", "F = 'PdgA3g==' (cased)"},
    {"    F|windash: ' -a'", "(F = ' -a' or F = ' /a' or F = ' \xe2\x80\x93"
                             "a' or F = ' \xe2\x80\x94"
                             "a' or F = ' \xe2\x80\x95"
                             "a')"},
    {"    F|windash: a-b", "F = 'a-b'"},
    {"    F|windash|contains: ' - '", "F contains ' - '"},
    {"    Some Field: a", "SomeField = 'a'"},
};

static void every_modifier_makes_the_predicate_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(chains) / sizeof(*chains); i++)
        assert_selection(chains[i].lines, chains[i].expected);
}

static void windash_permutes_every_dash(void **state)
{
    (void)state;
    struct sigma_set set = load_set(RULE_HEAD "detection:\n  s:\n    F|windash|contains|all:\n"
                                              "      - ' -a --b /c'\n      - x\n  condition: s\n");
    assert_int_equal(set.rules.len, 1);
    const struct sigma_node *node = set.rules.items[0]->selections[0].node;
    assert_int_equal(node->kind, SIGMA_AND);
    assert_int_equal(node->children[0]->kind, SIGMA_OR);
    assert_int_equal(node->children[0]->count, 125);
    sigma_set_free(&set);
}

static const struct {
    const char *lines;
    uint32_t column;
    const char *reason;
} refused_chains[] = {
    {"    F|nope: a", 7, "no modifier 'nope'"},
    {"    'F|contains|nope': a", 17, "no modifier 'nope'"},
    {"    F|: a", 7, "no modifier ''"},
    {"    F|contains: 1", 17, "'contains' takes text, a regular expression or a field reference"},
    {"    F|contains: null", 17, "not null"},
    {"    F|base64: 'a*'", 15, "wildcards"},
    {"    F|base64offset: 'a?'", 21, "wildcards"},
    {"    F|contains|base64: abc", 24, "wildcards"},
    {"    F|base64offset|contains: a", 30, "short"},
    {"    F|base64|re: a", 14, "before"},
    {"    F|re|base64: a", 18, "not a regular expression"},
    {"    F|i: a", 10, "takes a regular expression, not text"},
    {"    F|cased|cidr: a", 13, "before"},
    {"    F|cidr: 10.0.0.1/8", 13, "bits set behind"},
    {"    F|cidr: 10.0.0.0/33", 13, "0 to 32"},
    {"    F|cidr: hello", 13, "begin with an IPv4"},
    {"    F|gt: abc", 11, "takes a number"},
    {"    F|gt|lt: 5", 14, "not a comparison"},
    {"    F|gte|hour: 5", 17, "not a comparison"},
    {"    F|hour|gte|lt: 5", 16, "compared already"},
    {"    F|hour: 5.5", 13, "whole number"},
    {"    F|exists: yes please", 15, "takes a boolean"},
    {"    F|fieldref: a*", 17, "wildcards"},
    {"    F|contains|fieldref: a", 26, "wildcards"},
    {"    F|wide|contains: \xc3\xa9", 22, "UTF-16"},
    {"    F|expand: '%x%'", 15, "%x% has no value"},
    {"    '|cidr': 10.0.0.0/8", 14, "needs a field"},
    {"    '|exists': true", 16, "needs a field"},
};

static void illegal_chains_are_refused_where_they_stand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused_chains) / sizeof(*refused_chains); i++)
        assert_selection_refused(refused_chains[i].lines, 6, refused_chains[i].column,
                                 refused_chains[i].reason);
}

static void keywords_may_be_anywhere_in_any_value(void **state)
{
    (void)state;
    assert_selection("    - abc\n    - 12",
                     "(any value contains 'abc' or any value contains '12')");
    assert_selection("    abc", "any value contains 'abc'");
    assert_selection("    - 'a*b'", "any value like '*a*b*'");
    assert_selection("    '|all': [a, b]", "(any value contains 'a' and any value contains 'b')");
    assert_selection("    '|contains|all': [a, b]",
                     "(any value contains 'a' and any value contains 'b')");
    assert_selection("    '|re': 'a+'", "any value matches /a+/");
    assert_selection("    - abc\n    - F: x", "(any value contains 'abc' or F = 'x')");
    assert_selection("    - [a, b]\n    - F: x",
                     "((any value contains 'a' or any value contains 'b') or F = 'x')");
    assert_selection_refused("    - null", 6, 7, "null needs a field");
    assert_selection_refused("    []", 6, 5, "empty");
    assert_selection_refused("    {}", 6, 5, "empty");
}

static void placeholders_become_their_values(void **state)
{
    (void)state;
    static const char placeholders[] = "vars:\n  one: x\n  two: [y*, z]\n";
    static const char yaml[] =
        RULE_HEAD "detection:\n"
                  "  a: {F|expand: 'a%one%b'}\n  b: {F|expand|contains: '%two%'}\n"
                  "  c: {F|expand: '\\%one%%one%'}\n  d: {F|re|expand: '^%two%$'}\n"
                  "  e: {F|contains|expand: '%two%-%two%'}\n  f: {F: '%one%'}\n"
                  "  condition: all of them\n";
    static const char *const expected[] = {
        "F = 'axb'",
        "(F contains 'y' or F contains 'z')",
        "F = '%one%x'",
        "(F matches /^y*$/ or F matches /^z$/)",
        "(F like '*y*-y*' or F like '*y*-z*' or F contains 'z-y' or F contains 'z-z')",
        "F = '%one%'",
    };
    struct sigma_set set;
    struct err err;
    assert_int_equal(sigma_set_init(&set), 0);
    assert_int_equal(sigma_set_placeholders(&set, str_from_c(placeholders), &err), 0);
    assert_int_equal(sigma_set_add(&set, str_from_c(yaml), STR("t.yml")), 0);
    assert_int_equal(sigma_set_link(&set), 0);
    assert_int_equal(set.rules.len, 1);
    for (size_t i = 0; i < 6; i++)
        assert_node_text(set.rules.items[0]->selections[i].node, expected[i]);
    sigma_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_values_are_wholes_prefixes_suffixes_or_parts),
        cmocka_unit_test(backslashes_escape_wildcards_and_themselves),
        cmocka_unit_test(numbers_and_booleans_keep_their_type),
        cmocka_unit_test(opening_modifiers_add_wildcards_once),
        cmocka_unit_test(lists_are_any_and_with_all_every),
        cmocka_unit_test(every_modifier_makes_the_predicate_it_should),
        cmocka_unit_test(windash_permutes_every_dash),
        cmocka_unit_test(illegal_chains_are_refused_where_they_stand),
        cmocka_unit_test(keywords_may_be_anywhere_in_any_value),
        cmocka_unit_test(placeholders_become_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
