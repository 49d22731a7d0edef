/* The plain meaning of every op, on events made by hand. */
#include "sigma/rule_test.h"

#include "base/address.h"
#include "sigma/pattern.h"

/* "Name=value" makes text, "Name:value" a number, "Name" null, "Name[" an empty list. */
struct fixture {
    struct arena arena;
    struct slot slots[16];
    struct event event;
};

static void make_event(struct fixture *f, const char *const *values)
{
    *f = (struct fixture){0};
    arena_init(&f->arena, 1 << 20);
    for (; *values; values++) {
        struct slot *slot = &f->slots[f->event.n_slots++];
        size_t len = strcspn(*values, "=:[");
        char sign = (*values)[len];
        slot->name = *values;
        slot->name_len = (uint16_t)len;
        slot->type = sign == '='   ? VALUE_STRING
                     : sign == ':' ? VALUE_INT
                     : sign == '[' ? VALUE_EMPTY_LIST
                                   : VALUE_NULL;
        slot->text = *values + len + (sign == '=' || sign == ':');
        slot->text_len = (uint32_t)strlen(slot->text);
        if (slot->type >= VALUE_NULL)
            slot->text_len = 0;
    }
    f->event.slots = f->slots;
    f->event.route = ROUTE_NONE;
    f->event.dataset = DATASET_NONE;
    f->event.time = TIME_UNSET;
    f->event.scratch = &f->arena;
}

/* Does the selection of these lines hold for the event? */
static bool holds(const char *lines, const char *const *values)
{
    struct buf yaml = {0};
    struct fixture f;
    buf_printf(&yaml, RULE_HEAD "detection:\n  sel:\n    %s\n  condition: sel\n", lines);
    buf_add_byte(&yaml, '\0');
    struct sigma_set set = load_set(yaml.ptr);
    if (set.refusals.len)
        fail_msg("%s: %s", lines, set.refusals.items[0].err.message);
    make_event(&f, values);
    bool result = sigma_eval_node(set.rules.items[0]->condition, NULL, &f.event);
    arena_free(&f.arena);
    sigma_set_free(&set);
    buf_free(&yaml);
    return result;
}

#define EVENT(...) ((const char *const[]){__VA_ARGS__, NULL})
#define YES(lines, ...)                                                                            \
    do {                                                                                           \
        if (!holds(lines, EVENT(__VA_ARGS__)))                                                     \
            fail_msg("should hold: %s", lines);                                                    \
    } while (0)
#define NO(lines, ...)                                                                             \
    do {                                                                                           \
        if (holds(lines, EVENT(__VA_ARGS__)))                                                      \
            fail_msg("should not hold: %s", lines);                                                \
    } while (0)

static void text_compares_without_case_unless_cased(void **state)
{
    (void)state;
    YES("F: CMD.exe", "F=cmd.EXE");
    NO("F: cmd", "F=cmd.exe");
    YES("F|startswith: C:\\Win", "F=c:\\windows");
    YES("F|endswith: \\cmd.exe", "F=C:\\CMD.EXE");
    YES("F|contains: \xc3\x84", "F=x\xc3\xa4y");
    NO("F|contains|cased: \xc3\x84", "F=x\xc3\xa4y");
    YES("F|cased: Ab", "F=Ab");
    NO("F|cased: Ab", "F=ab");
    NO("F: abc", "G=abc");
    YES("F: \xcf\x83", "F=\xcf\x82"); /* both sigmas fold to one */
}

static void wildcards_stand_for_characters(void **state)
{
    (void)state;
    YES("F: a?c", "F=abc");
    YES("F: a?c", "F=a\xc3\xa4"
                  "c");
    NO("F: a?c", "F=ac");
    YES("F: 'a*c*e'", "F=abcde");
    NO("F: 'a*c*e'", "F=abcdef");
    YES("F: '*'", "F=");
    NO("F: '*'", "F");
    YES("F: '?*'", "F=x");
    NO("F: '?*'", "F=");
}

static void null_empty_and_absent_differ(void **state)
{
    (void)state;
    YES("F: null", "G=1");
    YES("F: null", "F");
    NO("F: null", "F=");
    NO("F: null", "F", "F=x");
    NO("F: null", "F[");
    YES("F: ''", "F=");
    NO("F: ''", "F");
    NO("F: ''", "G=1");
    YES("F|exists: true", "F");
    YES("F|exists: true", "F[");
    NO("F|exists: true", "G=1");
    YES("F|exists: false", "G=1");
    NO("F|exists: false", "F=");
}

static void numbers_equal_their_text(void **state)
{
    (void)state;
    YES("F: 42", "F:42");
    YES("F: 42", "F=42");
    YES("F: '42'", "F:42");
    YES("F: 42", "F=42.0");
    NO("F: 42", "F=421");
    YES("F: 0x2a", "F=42");
    YES("F: 0x2A", "F=0x2a");
    YES("F: 1.5", "F=1.50");
    YES("F: 9007199254740993", "F=9007199254740993");
    NO("F: 9007199254740993", "F=9007199254740992");
    YES("F: true", "F=True");
    YES("F: false", "F=false");
    NO("F: true", "F=1");
}

static void comparisons_are_numeric(void **state)
{
    (void)state;
    YES("F|gt: 5", "F:10");
    NO("F|gt: 5", "F:5");
    YES("F|gte: 5", "F=5");
    YES("F|lt: 5", "F=-1");
    YES("F|lte: 5.5", "F=5.5");
    NO("F|gt: 5", "F=abc");
    NO("F|lt: 5", "G:1");
    NO("F|lt: 5", "F");
}

static void negation_holds_where_the_field_is_absent(void **state)
{
    (void)state;
    YES("F|neq: 5", "F:6");
    NO("F|neq: 5", "F=5");
    YES("F|neq: 5", "G:5");
    NO("F|neq: [a, b]", "F=B");
    YES("F|neq|contains: a", "F=xyz");
}

static void networks_hold_addresses_of_their_family(void **state)
{
    (void)state;
    YES("F|cidr: 10.0.0.0/8", "F=10.255.1.2");
    NO("F|cidr: 10.0.0.0/8", "F=11.0.0.1");
    NO("F|cidr: 10.0.0.0/8", "F=10.0.0.1:80");
    NO("F|cidr: 10.0.0.0/8", "F=::ffff:10.0.0.1");
    YES("F|cidr: 0.0.0.0/0", "F=1.2.3.4");
    YES("F|cidr: fe80::/10", "F=FEBF::1");
    NO("F|cidr: fe80::/10", "F=fec0::1");
    YES("F|cidr: 192.168.1.4/30", "F=192.168.1.7");
    NO("F|cidr: 192.168.1.4/30", "F=192.168.1.8");
    NO("F|cidr: 10.0.0.0/8", "F=10.0.0.01");
}

static void regexes_search_by_their_flags(void **state)
{
    (void)state;
    YES("F|re: b.d", "F=abcde");
    NO("F|re: B.D", "F=abcde");
    YES("F|re|i: B.D", "F=abcde");
    NO("F|re: a.b", "F=a\nb");
    YES("F|re|s: a.b", "F=a\nb");
    NO("F|re: ^b", "F=a\nb");
    YES("F|re|m: ^b", "F=a\nb");
    YES("F|re: '^\\w{2}$'", "F=ab");
    NO("F|re: '^(a+)+$'", "F=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaX");
}

static void times_have_parts(void **state)
{
    (void)state;
    YES("F|hour: 13", "F=2024-02-29T13:05:09Z");
    YES("F|minute: 5", "F=2024-02-29T13:05:09Z");
    YES("F|day: 29", "F=2024-02-29T13:05:09Z");
    YES("F|week: 9", "F=2024-02-29T13:05:09Z");
    YES("F|month: 2", "F=2024-02-29T13:05:09Z");
    YES("F|year: 2024", "F=2024-02-29T13:05:09Z");
    YES("F|hour|gte: 13", "F=2024-02-29T15:05:09+02:00");
    NO("F|hour|lt: 13", "F=2024-02-29T13:05:09Z");
    NO("F|hour: 13", "F=thirteen");
}

static void fields_compare_with_fields(void **state)
{
    (void)state;
    YES("F|fieldref: G", "F=abc", "G=ABC");
    NO("F|cased|fieldref: G", "F=abc", "G=ABC");
    YES("F|fieldref: G", "F=x", "F=abc", "G=y", "G=abc");
    NO("F|fieldref: G", "F=abc");
    NO("F|fieldref: G", "H=abc");
    YES("F|fieldref|startswith: G", "F=abc", "G=ab");
    YES("F|fieldref|endswith: G", "F=abc", "G=bc");
    YES("F|fieldref|contains: G", "F=abcd", "G=bc");
    NO("F|fieldref|contains: G", "F=bc", "G=abcd");
}

static void any_value_of_a_field_is_enough(void **state)
{
    (void)state;
    YES("F: b", "F=a", "F=b");
    YES("F|contains|all: [a, b]", "F=xa", "F=xb");
    NO("F|neq: a", "F=a", "F=b");
}

static void keywords_are_looked_for_in_every_value(void **state)
{
    (void)state;
    YES("- needle", "A=x", "B=a NEEDLE here");
    NO("- needle", "A=x", "B");
    YES("'|all': [one, two]", "A=one", "B=two");
    NO("'|all': [one, three]", "A=one", "B=two");
    YES("- 'o?e*x'", "A=an ooe fox");
    YES("'|re': '^o.e$'", "A=one");
    YES("- 4711", "A:14711");
}

static void patterns_are_linear_in_practice(void **state)
{
    (void)state;
    struct arena arena;
    struct pattern pattern;
    char text[4096];
    memset(text, 'a', sizeof(text));
    arena_init(&arena, 1 << 20);
    assert_int_equal(pattern_parse(&arena, STR("*a*a*a*a*a*a*a*a*b"), &pattern), 0);
    assert_false(pattern_matches(pattern.parts, pattern.count, str_of(text, sizeof(text))));
    arena_free(&arena);
}

static void addresses_are_read_strictly(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4",  "1.2.3.4 ", "1..2.3",
        "a.b.c.d", ":::",   "1:2:3",     "fe80::1%1", "1.2.3.4/8", "12345::",  "1.2.3.-4"};
    struct address address;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (address_parse(str_from_c(bad[i]), &address))
            fail_msg("'%s' is no address", bad[i]);
    assert_true(address_parse(STR("::ffff:1.2.3.4"), &address));
    assert_true(address.ipv6);
}

static void an_explanation_shows_what_the_event_has(void **state)
{
    (void)state;
    struct sigma_set set = load_set("title: Explained\nlevel: high\nlogsource: {product: windows}\n"
                                    "detection:\n  sel:\n    Image|endswith: \\cmd.exe\n"
                                    "    CommandLine|contains: [one, two, /c]\n"
                                    "  filter: {User: SYSTEM}\n  spare: {X: null}\n"
                                    "  condition: sel and not filter\n");
    struct fixture f;
    make_event(&f, EVENT("Image=C:\\cmd.exe", "CommandLine=cmd /c x\x1b[31m"));
    struct buf out = {0};
    sigma_explain(set.rules.items[0], NULL, &f.event, false, &out);
    buf_add_byte(&out, '\0');
    assert_string_equal(
        out.ptr, "\xe2\x9c\x97 Explained (high)\n"
                 "\xe2\x9c\x97 logsource product windows  [no dataset recognises the event]\n"
                 "\xe2\x9c\x93 condition: sel and not filter\n"
                 "\xe2\x9c\x93 sel\n"
                 "  \xe2\x9c\x93 Image endswith '\\cmd.exe'  [Image: 'C:\\cmd.exe']\n"
                 "  \xe2\x9c\x93 any of 3; these hold\n"
                 "    \xe2\x9c\x93 CommandLine contains '/c'  [CommandLine: 'cmd /c "
                 "x\\x1b[31m']\n"
                 "\xe2\x9c\x97 filter\n"
                 "  \xe2\x9c\x97 User = 'system'  [User is not there]\n"
                 "\xe2\x9c\x93 spare  (the condition does not use it)\n"
                 "  \xe2\x9c\x93 X is null  [X is not there]\n");
    buf_free(&out);
    arena_free(&f.arena);
    sigma_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_compares_without_case_unless_cased),
        cmocka_unit_test(wildcards_stand_for_characters),
        cmocka_unit_test(null_empty_and_absent_differ),
        cmocka_unit_test(numbers_equal_their_text),
        cmocka_unit_test(comparisons_are_numeric),
        cmocka_unit_test(negation_holds_where_the_field_is_absent),
        cmocka_unit_test(networks_hold_addresses_of_their_family),
        cmocka_unit_test(regexes_search_by_their_flags),
        cmocka_unit_test(times_have_parts),
        cmocka_unit_test(fields_compare_with_fields),
        cmocka_unit_test(any_value_of_a_field_is_enough),
        cmocka_unit_test(keywords_are_looked_for_in_every_value),
        cmocka_unit_test(patterns_are_linear_in_practice),
        cmocka_unit_test(addresses_are_read_strictly),
        cmocka_unit_test(an_explanation_shows_what_the_event_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
