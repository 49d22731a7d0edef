#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "event/event.h"
#include "event/fields.h"

#define SLOTS 300

struct fixture {
    struct arena scratch;
    struct slot slots[SLOTS];
    struct event event;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    arena_init(&fixture->scratch, 1 << 20);
    fixture->event.slots = fixture->slots;
    fixture->event.scratch = &fixture->scratch;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_free(&fixture->scratch);
    free(fixture);
    return 0;
}

static struct slot *add(struct fixture *fixture, const char *name, struct str text,
                        enum value_type type, unsigned flags)
{
    struct slot *slot = &fixture->slots[fixture->event.n_slots++];
    *slot = (struct slot){.name = name,
                          .name_len = (uint16_t)strlen(name),
                          .text = text.ptr,
                          .text_len = (uint32_t)text.len,
                          .type = (uint8_t)type,
                          .flags = (uint8_t)flags};
    return slot;
}

static void assert_json(struct fixture *fixture, const char *wanted)
{
    struct buf out = {0};
    event_write_json(&fixture->event, &out);
    buf_add_byte(&out, 0);
    assert_false(out.failed);
    assert_string_equal(out.ptr, wanted);
    buf_free(&out);
}

static void assert_unescaped(struct str escaped, struct str wanted)
{
    char bytes[256];
    assert_true(escaped.len <= sizeof(bytes));
    size_t len = event_unescape(escaped, bytes);
    assert_int_equal(len, wanted.len);
    assert_memory_equal(bytes, wanted.ptr, wanted.len);
}

static void every_escape_of_json_is_resolved(void **state)
{
    (void)state;
    assert_unescaped(STR("\\\"\\\\\\/\\b\\f\\n\\r\\t"), STR("\"\\/\b\f\n\r\t"));
    assert_unescaped(STR("C:\\\\Windows\\\\x"), STR("C:\\Windows\\x"));
    assert_unescaped(STR("\\u0041\\u00e9\\u20AC"), STR("A\xC3\xA9\xE2\x82\xAC"));
    assert_unescaped(STR("a\\u0000b"), STR("a\0b"));
    assert_unescaped(STR("plain"), STR("plain"));
    assert_unescaped(STR(""), STR(""));
}

static void surrogate_pairs_are_one_code_point_and_halves_are_replaced(void **state)
{
    (void)state;
    assert_unescaped(STR("\\ud83d\\ude00"), STR("\xF0\x9F\x98\x80"));
    assert_unescaped(STR("\\ud83dx"), STR("\xEF\xBF\xBDx"));
    assert_unescaped(STR("\\ude00"), STR("\xEF\xBF\xBD"));
    assert_unescaped(STR("\\ud83d\\u0041"), STR("\xEF\xBF\xBD"
                                                "A"));
    assert_unescaped(STR("\\ud83d\\ud83d\\ude00"), STR("\xEF\xBF\xBD\xF0\x9F\x98\x80"));
}

static void what_is_no_escape_stands_for_itself(void **state)
{
    (void)state;
    assert_unescaped(STR("\\q"), STR("\\q"));
    assert_unescaped(STR("\\u12"), STR("\\u12"));
    assert_unescaped(STR("\\uzzzz"), STR("\\uzzzz"));
    assert_unescaped(STR("end\\"), STR("end\\"));
}

static void text_is_resolved_once_and_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct slot *slot =
        add(fixture, "a", STR("x\\n\xFF"), VALUE_STRING, SLOT_ESCAPED | SLOT_UNCHECKED);
    struct str first = event_text(&fixture->event, slot);
    assert_true(str_eq(first, STR("x\n\xEF\xBF\xBD")));
    assert_int_equal(slot->flags, 0);
    assert_ptr_equal(event_text(&fixture->event, slot).ptr, first.ptr);
}

static void a_spent_scratch_arena_gives_an_empty_text_and_marks_the_event(void **state)
{
    struct fixture *fixture = *state;
    arena_free(&fixture->scratch);
    arena_init(&fixture->scratch, 1);
    struct slot *slot = add(fixture, "a", STR("x\\n"), VALUE_STRING, SLOT_ESCAPED);
    assert_int_equal(event_text(&fixture->event, slot).len, 0);
    assert_true(fixture->event.cut);
}

static void slots_are_found_by_field_and_by_name(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "a", STR("1"), VALUE_INT, 0);
    struct slot *slot = add(fixture, "b", STR("2"), VALUE_INT, 0);
    slot->field = 7;
    assert_ptr_equal(event_find(&fixture->event, 7), slot);
    assert_null(event_find(&fixture->event, FIELD_NONE));
    assert_null(event_find(&fixture->event, 8));
    assert_true(str_eq(event_get(&fixture->event, "b"), STR("2")));
    assert_int_equal(event_get(&fixture->event, "c").len, 0);
}

static void values_are_written_by_their_type(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "text", STR("a\"b\\c\n"), VALUE_STRING, 0);
    add(fixture, "escaped", STR("C:\\\\x"), VALUE_STRING, SLOT_ESCAPED);
    add(fixture, "int", STR("-42"), VALUE_INT, 0);
    add(fixture, "float", STR("1.5e+3"), VALUE_FLOAT, 0);
    add(fixture, "bool", STR("true"), VALUE_BOOL, 0);
    add(fixture, "null", STR(""), VALUE_NULL, 0);
    add(fixture, "list", STR(""), VALUE_EMPTY_LIST, 0);
    add(fixture, "map", STR(""), VALUE_EMPTY_MAP, 0);
    assert_json(fixture, "{\"text\":\"a\\\"b\\\\c\\n\",\"escaped\":\"C:\\\\x\",\"int\":-42,"
                         "\"float\":1.5e+3,\"bool\":true,\"null\":null,\"list\":[],\"map\":{}}");
}

static void numbers_that_json_does_not_know_are_written_as_text(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "a", STR("007"), VALUE_INT, 0);
    add(fixture, "b", STR("+5"), VALUE_INT, 0);
    add(fixture, "c", STR("1."), VALUE_FLOAT, 0);
    add(fixture, "d", STR("nan"), VALUE_FLOAT, 0);
    add(fixture, "e", STR("0"), VALUE_INT, 0);
    assert_json(fixture, "{\"a\":\"007\",\"b\":\"+5\",\"c\":\"1.\",\"d\":\"nan\",\"e\":0}");
}

static void values_of_one_name_become_a_list_where_the_first_stood(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, "a", STR("1"), VALUE_INT, SLOT_ARRAY);
    add(fixture, "single", STR("x"), VALUE_STRING, SLOT_ARRAY);
    add(fixture, "twice", STR("p"), VALUE_STRING, 0);
    add(fixture, "a", STR("2"), VALUE_INT, SLOT_ARRAY);
    add(fixture, "twice", STR("q"), VALUE_STRING, 0);
    assert_json(fixture, "{\"a\":[1,2],\"single\":[\"x\"],\"twice\":[\"p\",\"q\"]}");
}

static void many_names_are_grouped_as_few_are(void **state)
{
    struct fixture *fixture = *state;
    static char names[SLOTS][8];
    struct buf wanted = {0};
    buf_add_byte(&wanted, '{');
    for (unsigned i = 0; i < SLOTS / 2; i++) {
        snprintf(names[i], sizeof(names[i]), "n%u", i);
        buf_printf(&wanted, "%s\"n%u\":[1,2]", i ? "," : "", i);
    }
    buf_add_c(&wanted, "}");
    buf_add_byte(&wanted, 0);
    for (unsigned i = 0; i < SLOTS; i++)
        add(fixture, names[i % (SLOTS / 2)], i < SLOTS / 2 ? STR("1") : STR("2"), VALUE_INT, 0);
    assert_json(fixture, wanted.ptr);
    buf_free(&wanted);
}

static void an_event_without_values_is_an_empty_object(void **state)
{
    assert_json(*state, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_escape_of_json_is_resolved),
        cmocka_unit_test(surrogate_pairs_are_one_code_point_and_halves_are_replaced),
        cmocka_unit_test(what_is_no_escape_stands_for_itself),
        cmocka_unit_test_setup_teardown(text_is_resolved_once_and_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_spent_scratch_arena_gives_an_empty_text_and_marks_the_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(slots_are_found_by_field_and_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_are_written_by_their_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_that_json_does_not_know_are_written_as_text, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(values_of_one_name_become_a_list_where_the_first_stood,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_names_are_grouped_as_few_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_without_values_is_an_empty_object, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
