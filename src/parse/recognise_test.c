/* What holds for every text format: it knows its own and no other's, and is cut anywhere. */
#include "base/test.h"

#include <stdlib.h>

#include "parse/collect_test.h"
#include "parse/samples_test.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct parse_options OPTIONS = {.reference_us = INT64_C(1795262400000000)};

static void every_sample_is_recognised_as_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_samples; i++) {
        const struct format *format = format_recognise(samples[i].text);
        if (format->id != samples[i].format)
            fail_msg("%s is taken for %s", samples[i].what, format->name);
    }
}

static void other_peoples_streams_are_left_alone(void **state)
{
    (void)state;
    static const struct str others[] = {
        TEXT("ElfFile\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\x80\0\0\0\1\0\3\0\0\x10\1\0"),
        TEXT("{\"EventID\":1,\"Image\":\"a, b\"}\n{\"EventID\":2,\"Image\":\"c=d\"}\n"),
        TEXT("[\n  {\n    \"ts\": 1,\n    \"a\": \"b\"\n  }\n]\n"),
        TEXT("<?xml version=\"1.0\"?>\n<Events><Event xmlns='x'/></Events>\n"),
        TEXT("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>\n</Event>"),
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        for (int id = FORMAT_SYSLOG; id < FORMAT_PLAIN; id++)
            if (format_get((enum format_id)id)->probe(others[i]) >= 50)
                fail_msg("%s takes stream %zu", format_get((enum format_id)id)->name, i);
}

static void an_empty_stream_is_plain_and_has_no_events(void **state)
{
    (void)state;
    for (int id = FORMAT_SYSLOG; id <= FORMAT_PLAIN; id++) {
        const struct format *format = format_get((enum format_id)id);
        assert_true(format->probe(STR("")) <= 1);
        struct collection got = collect(format, STR(""), &OPTIONS, SIZE_MAX);
        assert_int_equal(got.count, 0);
        collection_free(&got);
    }
}

static void a_stream_cut_anywhere_gives_the_same_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_samples; i++) {
        const struct format *format = format_get(samples[i].format);
        struct collection whole = collect(format, samples[i].text, &OPTIONS, SIZE_MAX);
        if (whole.count != samples[i].events)
            fail_msg("%s gives %u events", samples[i].what, whole.count);
        for (size_t step = 1; step < samples[i].text.len; step++) {
            struct collection cut = collect(format, samples[i].text, &OPTIONS, step);
            if (strcmp(cut.events.ptr, whole.events.ptr) != 0)
                fail_msg("%s in steps of %zu:\n%s", samples[i].what, step, cut.events.ptr);
            assert_int_equal(cut.n_errors, whole.n_errors);
            collection_free(&cut);
        }
        collection_free(&whole);
    }
}

/* Every start of a sample: nothing is read behind its end (the sanitizers watch), nothing stops. */
static void a_truncated_stream_is_read_as_far_as_it_goes(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_samples; i++) {
        for (size_t len = 0; len < samples[i].text.len; len++) {
            char *copy = malloc(len ? len : 1);
            assert_non_null(copy);
            memcpy(copy, samples[i].text.ptr, len);
            struct collection got =
                collect(format_get(samples[i].format), str_of(copy, len), &OPTIONS, 64);
            assert_true(got.count <= samples[i].events);
            collection_free(&got);
            free(copy);
        }
    }
}

/* A line of more than a record's length, between two good ones. */
static void a_line_without_end_is_reported_and_the_rest_is_read(void **state)
{
    (void)state;
    const size_t len = PARSE_RECORD_MAX + 1000;
    for (size_t i = 0; i < n_samples; i++) {
        enum format_id id = samples[i].format;
        /*
         * Not of lines, with a header line that comes again, with records
         * that would be joined again.
         */
        if (id == FORMAT_JOURNAL || id == FORMAT_CSV || id == FORMAT_AUDITD ||
            (i > 0 && id == samples[i - 1].format))
            continue;
        struct buf stream = {0};
        buf_add_str(&stream, samples[i].text);
        char *line = buf_reserve(&stream, len);
        assert_non_null(line);
        memset(line, 'x', len);
        stream.len += len;
        buf_add_byte(&stream, '\n');
        buf_add_str(&stream, samples[i].text);
        struct collection got = collect(format_get(id), buf_str(&stream), &OPTIONS, 4u << 20);
        if (got.n_errors == 0 || got.count != 2 * samples[i].events)
            fail_msg("%s gives %u events, %u errors", samples[i].what, got.count, got.n_errors);
        collection_free(&got);
        buf_free(&stream);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_recognised_as_what_it_is),
        cmocka_unit_test(other_peoples_streams_are_left_alone),
        cmocka_unit_test(an_empty_stream_is_plain_and_has_no_events),
        cmocka_unit_test(a_stream_cut_anywhere_gives_the_same_events),
        cmocka_unit_test(a_truncated_stream_is_read_as_far_as_it_goes),
        cmocka_unit_test(a_line_without_end_is_reported_and_the_rest_is_read),
    };
    return cmocka_run_group_tests_name("parse/recognise", tests, NULL, NULL);
}
