#include "cli/hunt_out.h"

#include "base/test.h"

static const struct hunt_column columns[] = {
    {{"Image", 5}, KQL_STRING},
    {{"n", 1}, KQL_LONG},
};
static const struct hunt_cell first[] = {{{"C:\\Windows\\System32\\whoami.exe", 30}, false},
                                         {{"1200", 4}, false}};
static const struct hunt_cell second[] = {{{"cmd\x1b[31m.exe", 12}, false}, {{"", 0}, true}};
static const struct hunt_cell third[] = {{{"b", 1}, false}, {{"300", 3}, false}};
static const struct hunt_cell *const rows[] = {first, second, third};

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
    hunt_table_write(&out, &kept, 0, false);
    expect(&out, "Image                              n\n"
                 "──────────────────────────────  ────\n"
                 "C:\\Windows\\System32\\whoami.exe  1200\n"
                 "cmd?[31m.exe                        \n"
                 "2 rows\n");
}

static void a_table_is_cut_to_its_terminal_and_says_what_is_missing(void **state)
{
    (void)state;
    const struct hunt_kept kept = result(1, true);
    struct buf out = {0};
    hunt_table_write(&out, &kept, 20, false);
    expect(&out, "Image              n\n"
                 "──────────────  ────\n"
                 "C:\\Windows\\Sy…  1200\n"
                 "1 row, cut: there are more (--rows)\n");
}

static void categories_are_bars_with_eighths(void **state)
{
    (void)state;
    static const struct hunt_cell a[] = {{{"a", 1}, false}, {{"1200", 4}, false}};
    static const struct hunt_cell *const bars[] = {a, third};
    const struct hunt_kept kept = {{0, columns, 2, NULL}, bars, 2, false};
    struct buf out = {0};
    assert_true(hunt_chart_write(&out, &kept, 30, false));
    expect(&out, "a  █████████████ 1200\n"
                 "b  ███▎ 300\n");
}

static void times_are_lines_of_braille_between_axes(void **state)
{
    (void)state;
    static const struct hunt_column over_time[] = {{{"at", 2}, KQL_DATETIME}, {{"n", 1}, KQL_LONG}};
    static const struct hunt_cell begin[] = {{{"2026-11-22T08:00:00Z", 20}, false},
                                             {{"0", 1}, false}};
    static const struct hunt_cell end[] = {{{"2026-11-22T09:00:00Z", 20}, false},
                                           {{"8", 1}, false}};
    static const struct hunt_cell *const points[] = {begin, end};
    const struct hunt_kept kept = {{0, over_time, 2, NULL}, points, 2, false};
    struct buf out = {0};
    assert_true(hunt_chart_write(&out, &kept, 60, false));
    buf_add_byte(&out, '\0');
    struct str rest = str_from_c(out.ptr), line;
    assert_true(str_cut_line(&rest, &line));
    assert_true(str_starts(line, STR("           8 ┤")));
    assert_true(str_ends(line, STR("⠁")) || str_ends(line, STR("⠉")) || str_ends(line, STR("⠊")));
    for (int i = 0; i < 11; i++)
        assert_true(str_cut_line(&rest, &line));
    assert_true(str_starts(line, STR("           0 ┤⣀")) ||
                str_starts(line, STR("           0 ┤⡠")) ||
                str_starts(line, STR("           0 ┤⢀")));
    assert_true(str_cut_line(&rest, &line));
    assert_true(str_find(line, STR("2026-11-22 08:00:00")) == 14);
    assert_true(str_ends(line, STR("2026-11-22 09:00:00")));
    buf_free(&out);
}

static void what_has_no_number_is_not_drawn(void **state)
{
    (void)state;
    const struct hunt_kept kept = {{0, columns, 1, NULL}, rows, 2, false};
    struct buf out = {0};
    assert_false(hunt_chart_write(&out, &kept, 80, false));
    assert_int_equal(out.len, 0);
    buf_free(&out);
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
        cmocka_unit_test(categories_are_bars_with_eighths),
        cmocka_unit_test(times_are_lines_of_braille_between_axes),
        cmocka_unit_test(what_has_no_number_is_not_drawn),
        cmocka_unit_test(a_caret_stands_under_the_place_of_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
