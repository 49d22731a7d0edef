/* Events of a batch know their places, whatever the format made of them. */
#include "watch/batch_reader.h"

#include "base/test.h"
#include "base/time.h"

#define RECEIVED INT64_C(1795262400000000) /* 2026-11-21T08:00:00Z */

struct caught {
    struct batch_reader reader;
    struct fields fields;
    struct buf out;
};

/* "index.part=value" of field "n", or of the message. */
static int catch_event(void *context, struct event *event, struct batch_place place)
{
    struct caught *caught = context;
    struct str n = event_get(event, "n");
    buf_printf(&caught->out, "%s%u.%u=%.*s", caught->out.len ? " " : "", place.index, place.part,
               STR_ARG(n));
    return n.len == 4 && memcmp(n.ptr, "stop", 4) == 0 ? -ECANCELED : 0;
}

static void caught_init(struct caught *caught)
{
    *caught = (struct caught){0};
    assert_int_equal(fields_init(&caught->fields), 0);
    assert_int_equal(batch_reader_init(&caught->reader, &caught->fields, catch_event, caught), 0);
}

static void caught_free(struct caught *caught)
{
    batch_reader_free(&caught->reader);
    fields_free(&caught->fields);
    buf_free(&caught->out);
}

/* Reads events [from, to) of the texts (to 0: all) and wants what was caught, and so many errors. */
static void assert_read(struct spool_batch head, const char *const *texts, uint32_t from,
                        uint32_t to, const char *expected, uint64_t errors)
{
    struct caught caught;
    struct buf bytes = {0};
    uint32_t ends[16], n = 0;
    for (; texts[n]; n++) {
        buf_add_c(&bytes, texts[n]);
        buf_add_byte(&bytes, '\n');
        ends[n] = (uint32_t)bytes.len;
    }
    head.received = RECEIVED;
    head.n = n;
    head.ends = ends;
    head.bytes = bytes.ptr;
    caught_init(&caught);
    assert_int_equal(batch_reader_run(&caught.reader, &head, from, to ? to : n), 0);
    buf_add_byte(&caught.out, '\0');
    assert_string_equal(caught.out.ptr, expected);
    assert_int_equal(caught.reader.errors, errors);
    caught_free(&caught);
    buf_free(&bytes);
}

static void lines_are_the_events_that_were_sent(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"n\":1}", "{\"n\":2}", "{\"n\":3}", NULL};
    assert_read((struct spool_batch){.format = FORMAT_JSON}, texts, 0, 0, "0.0=1 1.0=2 2.0=3", 0);
    assert_read((struct spool_batch){0}, texts, 0, 0, "0.0=1 1.0=2 2.0=3", 0);
    assert_read((struct spool_batch){.format = FORMAT_JSON}, texts, 1, 2, "1.0=2", 0);
}

static void a_line_that_wraps_several_records_gives_all_of_them(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"n\":1}", "[{\"n\":2},{\"n\":3}]", "{\"n\":4}", NULL};
    assert_read((struct spool_batch){.format = FORMAT_JSON, .split = true}, texts, 0, 0,
                "0.0=1 1.0=2 1.1=3 2.0=4", 0);
}

static void an_event_with_line_ends_inside_is_one_event(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"n\":\n1}", "{\n\"n\":2\n}", NULL};
    assert_read((struct spool_batch){.format = FORMAT_JSON, .split = true}, texts, 0, 0,
                "0.0=1 1.0=2", 0);
    assert_read((struct spool_batch){.format = FORMAT_JSON, .split = true}, texts, 1, 2, "1.0=2",
                0);
}

static void a_header_before_what_is_read_still_names_its_fields(void **state)
{
    (void)state;
    static const char *const texts[] = {"n,m", "1,a", "2,b", "3,c", NULL};
    assert_read((struct spool_batch){.format = FORMAT_CSV}, texts, 2, 3, "2.0=2", 0);
}

static void what_cannot_be_read_is_counted_and_the_rest_keeps_its_place(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"n\":1}", "{\"n\":", "{\"n\":3}", NULL};
    assert_read((struct spool_batch){.format = FORMAT_JSON, .split = true}, texts, 0, 0,
                "0.0=1 2.0=3", 1);
}

static void a_sink_that_stops_ends_the_reading(void **state)
{
    (void)state;
    struct caught caught;
    uint32_t ends[] = {8, 21};
    struct spool_batch batch = {.format = FORMAT_JSON,
                                .received = RECEIVED,
                                .n = 2,
                                .ends = ends,
                                .bytes = "{\"n\":1}\n{\"n\":\"stop\"}\n"};
    caught_init(&caught);
    assert_int_equal(batch_reader_run(&caught.reader, &batch, 0, 2), -ECANCELED);
    caught_free(&caught);
}

static int note_time(void *context, struct event *event, struct batch_place place)
{
    (void)place;
    *(int64_t *)context = event->time;
    return 0;
}

static void a_time_without_a_year_is_near_its_receipt(void **state)
{
    (void)state;
    static const char line[] = "<34>Nov 20 22:14:15 mymachine su: failed\n";
    struct fields fields;
    struct batch_reader reader;
    int64_t time = TIME_UNSET;
    uint32_t end = sizeof(line) - 1;
    struct spool_batch batch = {
        .format = FORMAT_SYSLOG, .received = RECEIVED, .n = 1, .ends = &end, .bytes = line};
    assert_int_equal(fields_init(&fields), 0);
    assert_int_equal(batch_reader_init(&reader, &fields, note_time, &time), 0);
    assert_int_equal(batch_reader_run(&reader, &batch, 0, 1), 0);
    assert_int_equal(time, time_from_civil(2026, 11, 20, 22, 14, 15, 0));
    batch_reader_free(&reader);
    fields_free(&fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_events_that_were_sent),
        cmocka_unit_test(a_line_that_wraps_several_records_gives_all_of_them),
        cmocka_unit_test(an_event_with_line_ends_inside_is_one_event),
        cmocka_unit_test(a_header_before_what_is_read_still_names_its_fields),
        cmocka_unit_test(what_cannot_be_read_is_counted_and_the_rest_keeps_its_place),
        cmocka_unit_test(a_sink_that_stops_ends_the_reading),
        cmocka_unit_test(a_time_without_a_year_is_near_its_receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
