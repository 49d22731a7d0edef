#include "cli/hunt_frames.h"

#include "base/test.h"

/* What the sink was told, as text. */
static struct buf told;
static uint32_t n_columns;

static int begin(void *context, const struct hunt_head *head)
{
    (void)context;
    n_columns = head->n_columns;
    buf_printf(&told, "begin %u", head->index);
    for (uint32_t i = 0; i < n_columns; i++)
        buf_printf(&told, " %.*s:%s", STR_ARG(head->columns[i].name),
                   tables_type_name(head->columns[i].type));
    buf_printf(&told, "%s%.*s\n", head->render->chart.len ? " as " : "",
               STR_ARG(head->render->chart));
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    (void)context;
    for (uint32_t i = 0; i < n_columns; i++) {
        buf_add_c(&told, i ? "|" : "");
        buf_add_str(&told, cells[i].null ? STR("-") : cells[i].text);
    }
    buf_add_byte(&told, '\n');
    return 0;
}

static int end(void *context, bool cut)
{
    (void)context;
    buf_printf(&told, "end%s\n", cut ? " cut" : "");
    return 0;
}

static const struct hunt_sink sink = {begin, row, end, NULL};

/* Reads an answer, `step` bytes at a time. */
static int read_answer(const char *text, size_t step, struct err *err)
{
    struct str rest = str_from_c(text);
    struct hunt_frames *frames = hunt_frames_new(&sink);
    assert_non_null(frames);
    int status = 0;
    for (; status == 0 && rest.len; rest = str_skip(rest, step))
        status = hunt_frames_take(frames, str_first(rest, step), err);
    if (status == 0)
        status = hunt_frames_end(frames, err);
    hunt_frames_free(frames);
    return status;
}

static void expect(const char *text)
{
    buf_add_byte(&told, '\0');
    assert_string_equal(told.ptr, text);
    buf_free(&told);
}

static const char whole[] =
    "{\"hunt\":\"7\"}\n"
    "{\"result\":0,\"columns\":[{\"name\":\"a\",\"type\":\"string\"},{\"name\":\"r\",\"type\":"
    "\"real\"},"
    "{\"name\":\"d\",\"type\":\"dynamic\"}],\"render\":{\"chart\":\"barchart\"}}\n"
    "{\"row\":[\"x\\u00e4\\n\",0.1,{\"k\": [1, \"]\"]}]}\n"
    "{\"progress\":{\"part\":0.4,\"rows\":1}}\n"
    "{\"row\":[\"\",null,null]}\n"
    "{\"row\":[\"big\",\"NaN\",\"text\"]}\n"
    "{\"end\":0,\"rows\":3,\"cut\":true}\n"
    "{\"done\":{\"rows\":3}}\n";

static void an_answer_becomes_calls_however_it_is_cut(void **state)
{
    (void)state;
    struct err err = {0};
    for (size_t step = 1; step <= sizeof(whole); step += step < 8 ? 1 : 37) {
        assert_int_equal(read_answer(whole, step, &err), 0);
        expect("begin 0 a:string r:real d:dynamic as barchart\n"
               "xä\n|0.1|{\"k\": [1, \"]\"]}\n"
               "|-|-\n"
               "big|NaN|\"text\"\n"
               "end cut\n");
    }
}

static void what_is_no_answer_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"", -EIO},
        {"{\"hunt\":\"7\"}\n", -EIO},
        {"<html>", -EPROTO},
        {"[]\n", -EPROTO},
        {"{\"row\":[1]}\n", -EPROTO},
        {"{\"end\":0}\n", -EPROTO},
        {"{\"result\":0,\"columns\":[]}\n{\"result\":1,\"columns\":[]}\n", -EPROTO},
        {"{\"result\":0,\"columns\":[{\"name\":\"a\",\"type\":\"long\"}]}\n{\"row\":[1,2]}\n",
         -EPROTO},
        {"{\"result\":0,\"columns\":[{\"name\":\"a\",\"type\":\"long\"}]}\n{\"row\":[]}\n",
         -EPROTO},
        {"{\"problem\":{\"status\":422,\"detail\":\"too long\"}}\n", -ETIME},
        {"{\"problem\":{\"status\":409}}\n", -ECANCELED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};
        if (read_answer(cases[i].text, 1000, &err) != cases[i].status || !err.code)
            fail_msg("%s: %d %s", cases[i].text, err.code, err.message);
        buf_free(&told);
    }
}

static void a_problem_has_its_place_in_the_query(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(
        hunt_frames_problem(
            STR("{\"status\":400,\"detail\":\"no column\",\"line\":2,\"column\":9}"), &err),
        -EINVAL);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 9);
    assert_string_equal(err.message, "no column");
    assert_int_equal(hunt_frames_problem(STR("teapot"), &err), -EPROTO);
}

static void plan_name_and_progress_are_kept(void **state)
{
    (void)state;
    struct err err = {0};
    struct hunt_asking_stats stats;
    struct hunt_frames *frames = hunt_frames_new(&sink);
    assert_non_null(frames);
    hunt_frames_stats(frames, &stats);
    assert_true(stats.progress < 0);
    assert_false(stats.queued);
    assert_int_equal(hunt_frames_take(frames, STR("{\"waiting\":{\"ahead\":2}}\n"), &err), 0);
    hunt_frames_stats(frames, &stats);
    assert_true(stats.queued);
    assert_int_equal(stats.ahead, 2);
    assert_int_equal(
        hunt_frames_take(frames, STR("{\"hunt\":\"7\"}\n{\"progress\":{\"part\":0.25}}\n"), &err),
        0);
    hunt_frames_stats(frames, &stats);
    assert_true(stats.progress == 0.25);
    assert_false(stats.queued);
    assert_true(str_eq(hunt_frames_id(frames), STR("7")));
    assert_int_equal(hunt_frames_take(frames, STR("{\"plan\":\"SELECT 1\"}"), &err), 0);
    assert_int_equal(hunt_frames_end(frames, &err), 0);
    assert_true(str_eq(hunt_frames_plan(frames), STR("SELECT 1")));
    hunt_frames_free(frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_becomes_calls_however_it_is_cut),
        cmocka_unit_test(what_is_no_answer_is_an_error),
        cmocka_unit_test(a_problem_has_its_place_in_the_query),
        cmocka_unit_test(plan_name_and_progress_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
