#include "cli/hunt_out.h"

#include <locale.h>

#include "base/test.h"
#include "cli/hunt_watch.h"

static const struct hunt_column columns[] = {
    {{"Image", 5}, KQL_STRING},
    {{"n", 1}, KQL_LONG},
};
static const struct hunt_cell first[] = {{{"C:\\Windows\\System32\\whoami.exe", 30}, false},
                                         {{"1200", 4}, false}};
static const struct hunt_cell second[] = {{{"cmd\x1b[31m.exe", 12}, false}, {{"", 0}, true}};
static const struct hunt_cell third[] = {{{"b", 1}, false}, {{"300", 3}, false}};
static const struct hunt_cell *const rows[] = {first, second, third};

static const struct hunt_look wide = {0};

static struct hunt_kept result(size_t n, bool cut)
{
    return (struct hunt_kept){{0, columns, 2, NULL}, rows, n, cut};
}

static void expect(struct buf *out, const char *text)
{
    buf_add_byte(out, '\0');
    assert_false(out->failed);
    assert_string_equal(out->ptr, text);
    buf_free(out);
}

static void a_table_is_as_wide_as_it_needs(void **state)
{
    (void)state;
    const struct hunt_kept kept = result(2, false);
    struct buf out = {0};
    hunt_table_write(&out, &kept, &wide);
    expect(&out, "Image                              n\n"
                 "──────────────────────────────  ────\n"
                 "C:\\Windows\\System32\\whoami.exe  1200\n"
                 "cmd\\x1b[31m.exe                     \n"
                 "2 rows\n");
}

static void a_table_is_cut_to_its_terminal_and_says_what_is_missing(void **state)
{
    (void)state;
    const struct hunt_kept kept = result(1, true);
    struct buf out = {0};
    hunt_table_write(&out, &kept, &(struct hunt_look){.width = 20});
    expect(&out, "Image              n\n"
                 "──────────────  ────\n"
                 "C:\\Windows\\Sy…  1200\n"
                 "1 row, cut: there are more (--rows)\n");
}

static void wide_and_combining_characters_keep_columns_in_line(void **state)
{
    (void)state;
    static const struct hunt_cell wide_ones[] = {{{"\u4e2d\u6587.exe", 10}, false},
                                                 {{"1", 1}, false}};
    static const struct hunt_cell combined[] = {{{"e\u0301.exe", 7}, false}, {{"2", 1}, false}};
    static const struct hunt_cell *const both[] = {wide_ones, combined};
    const struct hunt_kept kept = {{0, columns, 2, NULL}, both, 2, false};
    struct buf out = {0};
    hunt_table_write(&out, &kept, &wide);
    expect(&out, "Image     n\n"
                 "────────  ─\n"
                 "\u4e2d\u6587.exe  1\n"
                 "e\u0301.exe     2\n"
                 "2 rows\n");
}

static void what_has_no_room_as_a_table_is_a_list(void **state)
{
    (void)state;
    static const struct hunt_column many[] = {{{"Computer", 8}, KQL_STRING},
                                              {{"CommandLine", 11}, KQL_STRING},
                                              {{"Hashes", 6}, KQL_STRING}};
    static const struct hunt_cell row[] = {
        {{"WORKSTATION1", 12}, false},
        {{"powershell.exe -enc JABzAGUAbgBkAA\nexit\t0", 41}, false},
        {{"", 0}, false}};
    static const struct hunt_cell *const one[] = {row};
    const struct hunt_kept kept = {{0, many, 3, NULL}, one, 1, false};
    const struct hunt_look narrow = {.width = 25, .ascii = true};
    struct buf out = {0};
    hunt_table_write(&out, &kept, &narrow);
    expect(&out, "-- 1 --------------------\n"
                 "Computer     WORKSTATION1\n"
                 "CommandLine  powershell.exe -\n"
                 "             enc JABzAGUAbgBk\n"
                 "             AA\n"
                 "             exit\\t0\n"
                 "1 column without a value left out\n"
                 "1 row\n");
}

static void progress_is_one_line(void **state)
{
    (void)state;
    const struct hunt_asking_stats known = {.rows = 1204, .time_us = 3240000, .progress = 0.375};
    const struct hunt_asking_stats unknown = {.time_us = 800000, .progress = -1};
    const struct hunt_asking_stats queued = {
        .time_us = 1000000, .progress = -1, .queued = true, .ahead = 2};
    struct buf out = {0};
    hunt_watch_write(&out, &known);
    expect(&out, "[=========               ]  38 %  1,204 rows  3.2 s   Ctrl-C ends it");
    hunt_watch_write(&out, &unknown);
    expect(&out, "0.8 s   Ctrl-C ends it");
    hunt_watch_write(&out, &queued);
    expect(&out, "waits for its turn, 2 before it  1.0 s   Ctrl-C ends it");
}

static void a_caret_stands_under_the_place_of_an_error(void **state)
{
    (void)state;
    struct buf out = {0};
    hunt_place_write(&out, STR("T\n| where ä == xy\n| count"), 2, 15);
    expect(&out, "  | where ä == xy\n"
                 "               ^\n");
    hunt_place_write(&out, STR("T"), 0, 0);
    hunt_place_write(&out, STR("T"), 7, 1);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_as_wide_as_it_needs),
        cmocka_unit_test(a_table_is_cut_to_its_terminal_and_says_what_is_missing),
        cmocka_unit_test(wide_and_combining_characters_keep_columns_in_line),
        cmocka_unit_test(what_has_no_room_as_a_table_is_a_list),
        cmocka_unit_test(progress_is_one_line),
        cmocka_unit_test(a_caret_stands_under_the_place_of_an_error),
    };
    setlocale(LC_CTYPE, "C.UTF-8"); /* as main() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
