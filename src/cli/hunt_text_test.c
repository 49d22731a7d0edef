#include "cli/hunt_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "cli/hunt_history.h"
#include "cli/hunt_offers.h"

static void a_query_is_whole_when_nothing_must_follow(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hunt_text_state state;
    } cases[] = {
        {"", HUNT_TEXT_EMPTY},
        {"  // only said\n", HUNT_TEXT_EMPTY},
        {";", HUNT_TEXT_EMPTY},
        {"T", HUNT_TEXT_WHOLE},
        {"T | take 5;", HUNT_TEXT_WHOLE},
        {"T | take 5 // five\n", HUNT_TEXT_WHOLE},
        {"T |", HUNT_TEXT_UNFINISHED},
        {"T\n| where a ==\n", HUNT_TEXT_UNFINISHED},
        {"T | where a in (1,", HUNT_TEXT_UNFINISHED},
        {"let x = 5;", HUNT_TEXT_UNFINISHED},
        {"let x = 5;\nlet y = T | where a > x;\n", HUNT_TEXT_UNFINISHED},
        {"let x = 5;\nprint x", HUNT_TEXT_WHOLE},
        {"T | where ) | take 5", HUNT_TEXT_WHOLE}, /* wrong in the middle: no line more helps */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (hunt_text_state(str_from_c(cases[i].text)) != cases[i].state)
            fail_msg("%s", cases[i].text);
}

static void a_semicolon_ends_only_outside_of_brackets_strings_and_comments(void **state)
{
    (void)state;
    assert_true(hunt_text_ends(STR("T | take 5;\n")));
    assert_true(hunt_text_ends(STR("T | take 5; // five\n")));
    assert_false(hunt_text_ends(STR("T | take 5 // five;\n")));
    assert_false(hunt_text_ends(STR("let f = () { let x = 5;\n")));
    assert_false(hunt_text_ends(STR("print ';'")));
    assert_false(hunt_text_ends(STR("")));
}

static void expect(struct buf *out, const char *text)
{
    buf_add_byte(out, '\0');
    assert_false(out->failed);
    assert_string_equal(out->ptr, text);
    buf_free(out);
}

static void a_line_is_coloured_by_the_lines_before_it(void **state)
{
    (void)state;
    struct buf out = {0};
    hunt_text_colour(&out, STR("T\n| where a has 'x' // y"), 2);
    expect(&out,
           "| \033[1;34mwhere\033[0m a \033[35mhas\033[0m \033[32m'x'\033[0m \033[2m// y\033[0m");
}

static void a_query_of_many_lines_is_kept_on_one(void **state)
{
    (void)state;
    struct buf out = {0};
    hunt_text_join(&out, STR("T // all\n| where a == '//'\n\n| take 5;\n"));
    expect(&out, "T | where a == '//' | take 5;");
}

/* ---- offers ---- */

static void some_tables(void *context, struct kql_offers *offers)
{
    (void)context;
    kql_offers_add(offers, KQL_OFFER_TABLE, STR("DeviceEvents"), STR("Events of devices"));
    kql_offers_add(offers, KQL_OFFER_TABLE, STR("DeviceFileEvents"), STR("Files"));
}

static const char *word(size_t index)
{
    static const char *const words[] = {"\\tables", "\\timing", NULL};
    return words[index];
}

static void common(const char *text, const char *result)
{
    static const struct kql_names names = {.tables = some_tables};
    struct arena arena;
    struct hunt_offers offers;
    struct buf out = {0};
    struct str typed = str_from_c(text);
    arena_init(&arena, 1 << 20);
    assert_int_equal(hunt_offers_find(&arena, typed, (uint32_t)typed.len, &names, word, &offers),
                     0);
    assert_true(offers.list.len > 0);
    hunt_offers_common(&offers, str_skip(typed, offers.from), &out);
    expect(&out, result);
    arena_free(&arena);
}

static void offers_are_completed_as_far_as_they_agree(void **state)
{
    (void)state;
    common("devi", "Device");
    common("Device", "Device");
    common("DeviceF", "DeviceFileEvents ");
    common("T | summ", "summarize ");
    common("\\ta", "\\tables ");
    common("\\t", "\\t");
    common("\\columns DeviceF", "DeviceFileEvents ");
}

static void few_offers_have_a_line_each(void **state)
{
    (void)state;
    static const struct kql_names names = {.tables = some_tables};
    struct arena arena;
    struct hunt_offers offers;
    struct buf out = {0};
    arena_init(&arena, 1 << 20);
    assert_int_equal(hunt_offers_find(&arena, STR("Devi"), 4, &names, word, &offers), 0);
    hunt_offers_write(&out, &offers, 40, false);
    expect(&out, "DeviceEvents      Events of devices\n"
                 "DeviceFileEvents  Files\n");
    arena_free(&arena);
}

/* ---- history ---- */

static void queries_are_found_again_by_the_next_prompt_and_by_nobody_else(void **state)
{
    (void)state;
    char folder[] = "/tmp/jaga-history-XXXXXX";
    struct stat st;
    assert_non_null(mkdtemp(folder));
    setenv("XDG_STATE_HOME", folder, 1);
    struct hunt_history *first = hunt_history_open(), *second = hunt_history_open();
    hunt_history_add(first, STR("T | take 1"));
    hunt_history_add(second, STR("T\t|\ntake 2"));
    hunt_history_close(first);
    hunt_history_close(second);
    struct hunt_history *later = hunt_history_open();
    assert_int_equal(hunt_history_count(later), 2);
    assert_true(str_eq(hunt_history_get(later, 0), STR("T | take 1")));
    assert_true(str_eq(hunt_history_get(later, 1), STR("T | take 2")));
    for (int i = 0; i < 3 * HUNT_HISTORY_MAX; i++)
        hunt_history_add(later, i == 0 ? STR("first") : STR("more"));
    hunt_history_close(later);
    later = hunt_history_open();
    assert_int_equal(hunt_history_count(later), HUNT_HISTORY_MAX);
    hunt_history_close(later);
    char path[128];
    snprintf(path, sizeof(path), "%s/jaga/hunt_history", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, HUNT_HISTORY_MAX * 5); /* it was cut */
    unlink(path);
    snprintf(path, sizeof(path), "%s/jaga", folder);
    rmdir(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_whole_when_nothing_must_follow),
        cmocka_unit_test(a_semicolon_ends_only_outside_of_brackets_strings_and_comments),
        cmocka_unit_test(a_line_is_coloured_by_the_lines_before_it),
        cmocka_unit_test(a_query_of_many_lines_is_kept_on_one),
        cmocka_unit_test(offers_are_completed_as_far_as_they_agree),
        cmocka_unit_test(few_offers_have_a_line_each),
        cmocka_unit_test(queries_are_found_again_by_the_next_prompt_and_by_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
