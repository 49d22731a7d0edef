/*
 * Pictures of results, held against files of tests/golden/charts. With JAGA_GOLDEN=write in the environment the files are
 * written anew, to be looked at.
 */
#include "cli/hunt_chart.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "io/file.h"

#define COLUMNS_MAX 6
#define ROWS_MAX 256

/* A result that is made of text: "t:datetime, n:long", then rows with '|' between their cells, a line each. */
struct sample {
    struct hunt_column columns[COLUMNS_MAX];
    struct hunt_cell cells[ROWS_MAX][COLUMNS_MAX];
    const struct hunt_cell *rows[ROWS_MAX];
    struct hunt_render render;
    struct str names[COLUMNS_MAX], values[COLUMNS_MAX];
    struct hunt_kept kept;
};

static void read_columns(struct sample *sample, struct str text)
{
    struct str part;
    uint32_t n = 0;
    while (str_cut(&text, ',', &part)) {
        size_t colon = str_index(part, ':');
        sample->columns[n].name = str_trim(str_first(part, colon));
        assert_true(
            tables_type_find(str_trim(str_skip(part, colon + 1)), &sample->columns[n].type));
        n++;
    }
    sample->kept.head.columns = sample->columns;
    sample->kept.head.n_columns = n;
}

static void read_rows(struct sample *sample, struct str text)
{
    struct str line, part;
    size_t n = 0;
    for (; str_cut_line(&text, &line); n++) {
        uint32_t c = 0;
        assert_true(n < ROWS_MAX);
        for (; str_cut(&line, '|', &part); c++)
            sample->cells[n][c] = (struct hunt_cell){part, part.len == 0};
        sample->rows[n] = sample->cells[n];
    }
    sample->kept.rows = sample->rows;
    sample->kept.n = n;
}

/* "timechart title=Logons kind=stacked" */
static void read_render(struct sample *sample, struct str text)
{
    struct str part;
    str_cut(&text, ' ', &sample->render.chart);
    while (str_cut(&text, ' ', &part)) {
        size_t equals = str_index(part, '=');
        sample->names[sample->render.n_properties] = str_first(part, equals);
        sample->values[sample->render.n_properties++] = str_skip(part, equals + 1);
    }
    sample->render.names = sample->names;
    sample->render.values = sample->values;
    sample->kept.head.render = &sample->render;
}

static struct sample *make(const char *columns, const char *rows, const char *render)
{
    struct sample *sample = calloc(1, sizeof(*sample));
    assert_non_null(sample);
    read_columns(sample, str_from_c(columns));
    read_rows(sample, str_from_c(rows));
    read_render(sample, str_from_c(render));
    return sample;
}

static void expect_file(const char *name, struct str text)
{
    char path[512];
    struct buf wanted = {0};
    const char *mode = getenv("JAGA_GOLDEN");
    snprintf(path, sizeof(path), "%s/%s.txt", GOLDEN, name);
    if (mode && strcmp(mode, "write") == 0)
        assert_int_equal(file_write(path, text), 0);
    assert_int_equal(file_read(path, 1 << 20, &wanted), 0);
    if (!str_eq(buf_str(&wanted), text))
        fail_msg("%s:\n%.*s\n-- is wanted, and not:\n%.*s", name, STR_ARG(buf_str(&wanted)),
                 STR_ARG(text));
    buf_free(&wanted);
}

static const struct hunt_look plain = {.width = 72};

static void check_as(const char *name, struct sample *sample, const struct hunt_look *look)
{
    struct buf out = {0};
    assert_true(hunt_chart_write(&out, &sample->kept, look));
    assert_false(out.failed);
    expect_file(name, buf_str(&out));
    buf_free(&out);
    free(sample);
}

static void check(const char *name, struct sample *sample)
{
    check_as(name, sample, &plain);
}

/* ---- samples ---- */

#define HOURS                                                                                      \
    "2026-11-21T20:00:00Z|4\n2026-11-21T21:00:00Z|9\n2026-11-21T22:00:00Z|40\n"                    \
    "2026-11-21T23:00:00Z|12\n2026-11-22T00:00:00Z|3\n2026-11-22T01:00:00Z|0\n"                    \
    "2026-11-22T04:00:00Z|22\n2026-11-22T05:00:00Z|31\n"

#define BY_HOST                                                                                    \
    "2026-11-22T00:00:00Z|WS1|5\n2026-11-22T00:00:00Z|WS2|1\n2026-11-22T01:00:00Z|WS1|8\n"         \
    "2026-11-22T01:00:00Z|WS2|4\n2026-11-22T02:00:00Z|WS1|2\n2026-11-22T02:00:00Z|WS2|6\n"

#define IMAGES "cmd.exe|41\nwhoami.exe|6\npowershell.exe|23\nnet.exe|1\n"

#define IMAGES_BY_HOST                                                                             \
    "cmd.exe|WS1|20\ncmd.exe|WS2|11\nwhoami.exe|WS2|6\npowershell.exe|WS1|13\n"                    \
    "powershell.exe|WS2|9\n"

static void times_are_lines_with_round_marks_in_utc(void **state)
{
    (void)state;
    check("timechart", make("t:datetime, n:long", HOURS, "timechart title=Logons ytitle=an_hour"));
    check_as("timechart_wide", make("t:datetime, n:long", HOURS, "timechart xtitle=time"),
             &(struct hunt_look){.width = 140});
    check_as("timechart_ascii", make("t:datetime, n:long", HOURS, "timechart"),
             &(struct hunt_look){.width = 72, .ascii = true});
    check("timechart_one", make("t:datetime, n:long", "2026-11-22T08:15:00Z|7\n", "timechart"));
}

static void a_column_of_texts_makes_series(void **state)
{
    (void)state;
    static const char columns[] = "t:datetime, host:string, n:long";
    check("timechart_series", make(columns, BY_HOST, "timechart"));
    check_as("timechart_colour", make(columns, BY_HOST, "timechart"),
             &(struct hunt_look){.width = 72, .colour = true});
    check("timechart_hidden", make(columns, BY_HOST, "timechart legend=hidden"));
    check("timechart_columns",
          make("t:datetime, least:long, most:long",
               "2026-11-22T00:00:00Z|1|5\n2026-11-22T01:00:00Z|2|9\n", "timechart"));
    check("timechart_chosen",
          make("t:datetime, least:long, most:long",
               "2026-11-22T00:00:00Z|1|5\n2026-11-22T01:00:00Z|2|9\n", "timechart ycolumns=most"));
}

static void areas_stand_on_each_other_where_that_is_asked(void **state)
{
    (void)state;
    static const char columns[] = "t:datetime, host:string, n:long";
    check("areachart", make("t:datetime, n:long", HOURS, "areachart"));
    check("areachart_stacked", make(columns, BY_HOST, "areachart kind=stacked"));
}

static void anomalies_are_marked(void **state)
{
    (void)state;
    check("anomalychart",
          make("n:dynamic, t:dynamic, odd:dynamic",
               "[3,4,3,30,4,3]|[\"2026-11-20T00:00:00Z\",\"2026-11-21T00:00:00Z\","
               "\"2026-11-22T00:00:00Z\",\"2026-11-23T00:00:00Z\",\"2026-11-24T00:00:00Z\","
               "\"2026-11-25T00:00:00Z\"]|[0,0,0,1,0,0]\n",
               "anomalychart anomalycolumns=odd"));
}

static void numbers_are_an_axis(void **state)
{
    (void)state;
    static const char points[] = "0|0.5\n10|-1.25\n20|2.5\n30|1\n40|0\n";
    check("linechart", make("x:long, y:real", points, "linechart xtitle=x"));
    check("scatterchart", make("x:long, y:real", points, "scatterchart"));
    check("linechart_large",
          make("x:long, y:long", "1|1500000\n2|3200000\n3|900000\n", "linechart"));
}

static void names_are_columns_that_stand_or_bars_that_lie(void **state)
{
    (void)state;
    check("columnchart", make("image:string, n:long", IMAGES, "columnchart title=Programs"));
    check("columnchart_stacked",
          make("image:string, host:string, n:long", IMAGES_BY_HOST, "columnchart kind=stacked"));
    check("columnchart_times", make("t:datetime, n:long", HOURS, "columnchart"));
    check_as("columnchart_narrow", make("image:string, n:long", IMAGES, "columnchart"),
             &(struct hunt_look){.width = 40});
    check("barchart", make("image:string, n:long", IMAGES, "barchart"));
    check("barchart_series", make("image:string, host:string, n:long", IMAGES_BY_HOST, "barchart"));
    check("barchart_stacked",
          make("image:string, host:string, n:long", IMAGES_BY_HOST, "barchart kind=stacked"));
    check_as("barchart_ascii", make("image:string, n:long", IMAGES, "barchart"),
             &(struct hunt_look){.width = 40, .ascii = true});
    check("piechart", make("image:string, n:long", IMAGES, "piechart"));
    check_as("piechart_narrow",
             make("image:string, n:long", IMAGES "a-program-with-a-long-name.exe|12\n", "piechart"),
             &(struct hunt_look){.width = 40});
    check("barchart_percent",
          make("image:string, host:string, n:long", IMAGES_BY_HOST, "barchart kind=stacked100"));
}

static void single_numbers_are_cards(void **state)
{
    (void)state;
    check("card", make("logons:long, hosts:long, last:datetime", "120400|7|2026-11-22T08:00:00Z\n",
                       "card"));
    check_as(
        "card_narrow",
        make("logons:long, hosts:long, last:datetime", "120400|7|2026-11-22T08:00:00Z\n", "card"),
        &(struct hunt_look){.width = 34, .ascii = true});
}

static void hostile_texts_stay_in_their_place(void **state)
{
    (void)state;
    check("hostile", make("image:string, n:long", "cmd\x1b[31m.exe|3\n\u4e2d\u6587.exe|9\n\t|1\n",
                          "barchart"));
}

static bool draws(const char *columns, const char *rows, const char *render)
{
    struct sample *sample = make(columns, rows, render);
    struct buf out = {0};
    bool drawn = hunt_chart_write(&out, &sample->kept, &plain);
    assert_true(drawn || out.len == 0);
    buf_free(&out);
    free(sample);
    return drawn;
}

static void what_cannot_be_drawn_is_left_to_the_table(void **state)
{
    (void)state;
    assert_false(draws("a:string", "x\n", "barchart"));
    assert_false(draws("a:string, n:long", "", "barchart"));
    assert_false(draws("a:string, n:long", "x|1\n", "timechart"));
    assert_false(draws("a:string, n:long", "x|1\n", "treemap"));
    assert_false(draws("a:string, n:long", "x|1\n", "table"));
    assert_false(draws("t:datetime, n:real", "2026-11-22T08:00:00Z|NaN\n", "timechart"));
    assert_true(draws("n:long", "5\n", "barchart"));
}

static void marks_are_round_numbers(void **state)
{
    (void)state;
    static const struct {
        double least, most;
        struct chart_axis axis;
    } cases[] = {
        {0, 41, {0, 60, 20}},
        {0, 1, {0, 1, 0.5}},
        {-3, 7, {-5, 10, 5}},
        {0, 0, {0, 0, 1}},
        {99.5, 100.5, {99.5, 100.5, 0.5}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct chart_axis axis = chart_axis_of(cases[i].least, cases[i].most, 4);
        assert_true(fabs(axis.least - cases[i].axis.least) < 1e-9);
        assert_true(fabs(axis.most - cases[i].axis.most) < 1e-9);
        assert_true(fabs(axis.step - cases[i].axis.step) < 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_lines_with_round_marks_in_utc),
        cmocka_unit_test(a_column_of_texts_makes_series),
        cmocka_unit_test(areas_stand_on_each_other_where_that_is_asked),
        cmocka_unit_test(anomalies_are_marked),
        cmocka_unit_test(numbers_are_an_axis),
        cmocka_unit_test(names_are_columns_that_stand_or_bars_that_lie),
        cmocka_unit_test(single_numbers_are_cards),
        cmocka_unit_test(hostile_texts_stay_in_their_place),
        cmocka_unit_test(what_cannot_be_drawn_is_left_to_the_table),
        cmocka_unit_test(marks_are_round_numbers),
    };
    setlocale(LC_CTYPE, "C.UTF-8"); /* as main() does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
