#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "parse/formats.h"
#include "parse/parser.h"

static const struct parse_options OPTIONS = {0};

/* What came of a text: its events as JSON lines, and its errors. */
struct outcome {
    struct sink sink;
    struct buf events;
    unsigned n_events, n_errors, n_cut;
    uint64_t offset;   /* of the last error */
    char message[128]; /* of the last error */
};

static int on_event(struct sink *sink, struct event *event)
{
    struct outcome *outcome = (struct outcome *)sink;
    event_write_json(event, &outcome->events);
    buf_add_byte(&outcome->events, '\n');
    outcome->n_events++;
    outcome->n_cut += event->cut;
    return 0;
}

static void on_error(struct sink *sink, const struct parse_error *error)
{
    struct outcome *outcome = (struct outcome *)sink;
    outcome->n_errors++;
    outcome->offset = error->offset;
    snprintf(outcome->message, sizeof(outcome->message), "%s", error->message);
}

struct fixture {
    struct fields fields;
    struct parser *parser;
    struct outcome outcome;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    assert_int_equal(fields_init(&fixture->fields), 0);
    fields_add(&fixture->fields, STR("EventID"));
    fixture->parser = parser_new(&fixture->fields, &OPTIONS);
    assert_non_null(fixture->parser);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    parser_free(fixture->parser);
    fields_free(&fixture->fields);
    buf_free(&fixture->outcome.events);
    free(fixture);
    return 0;
}

/* Cuts and parses a whole stream that arrives `step` bytes at a time. */
static void feed(struct fixture *fixture, struct str text, size_t step)
{
    struct outcome *outcome = &fixture->outcome;
    struct buf events = outcome->events;
    buf_clear(&events);
    *outcome = (struct outcome){.sink = {on_event, on_error}, .events = events};
    struct cutter cutter = {.format = &format_json};
    size_t known = step < text.len ? step : text.len;
    while (text.len > 0) {
        bool last = known == text.len;
        /* The bytes end where the data ends, so that a sanitizer sees a read behind them. */
        char *exact = malloc(known ? known : 1);
        assert_non_null(exact);
        memcpy(exact, text.ptr, known);
        struct chunk chunk = {0};
        size_t taken = format_json.cut(&cutter, str_of(exact, known), last, &chunk.body);
        assert_true(taken <= known);
        assert_true(taken > 0 || !last);
        chunk.header = buf_str(&cutter.header);
        assert_int_equal(parser_run(fixture->parser, &format_json, &chunk, &outcome->sink), 0);
        free(exact);
        text = str_skip(text, taken);
        known -= taken;
        if (taken == 0 || known == 0)
            known = known + step < text.len ? known + step : text.len;
    }
    buf_free(&cutter.header);
    buf_add_byte(&outcome->events, 0);
    outcome->events.len--;
}

static void assert_events(struct fixture *fixture, const char *text, const char *wanted)
{
    feed(fixture, str_from_c(text), SIZE_MAX / 2);
    assert_string_equal(fixture->outcome.events.ptr, wanted);
}

/* One record that can't be read, and one behind it that can. */
static void assert_refused(struct fixture *fixture, struct str bad, const char *message)
{
    struct buf text = {0};
    buf_add_c(&text, "{\"before\":1}\n");
    buf_add_str(&text, bad);
    buf_add_c(&text, "\n{\"behind\":2}\n");
    feed(fixture, buf_str(&text), SIZE_MAX / 2);
    assert_string_equal(fixture->outcome.events.ptr, "{\"before\":1}\n{\"behind\":2}\n");
    assert_int_equal(fixture->outcome.n_errors, 1);
    assert_string_equal(fixture->outcome.message, message);
    buf_free(&text);
}

static void values_keep_their_text_and_type(void **state)
{
    assert_events(*state,
                  "{\"a\":\"x\", \"b\" : -1.5e+10 ,\"c\":0,\"d\":true,\"e\":false,\"f\":null,"
                  "\"g\":[],\"h\":{},\"i\":\"\",\"j\":12345678901234567890}",
                  "{\"a\":\"x\",\"b\":-1.5e+10,\"c\":0,\"d\":true,\"e\":false,\"f\":null,"
                  "\"g\":[],\"h\":{},\"i\":\"\",\"j\":12345678901234567890}\n");
}

static void nested_objects_become_dotted_names(void **state)
{
    assert_events(*state, "{\"a\":{\"b\":{\"c\":1},\"d\":2},\"e\":3}",
                  "{\"a.b.c\":1,\"a.d\":2,\"e\":3}\n");
}

static void lists_become_one_value_for_each_element(void **state)
{
    assert_events(*state,
                  "{\"a\":[1,\"x\",null],\"b\":[[1,2],[3]],\"c\":[{\"d\":1},{\"d\":2,\"e\":3}]}",
                  "{\"a\":[1,\"x\",null],\"b\":[1,2,3],\"c.d\":[1,2],\"c.e\":[3]}\n");
}

static void names_lose_escapes_and_spaces(void **state)
{
    assert_events(*state, "{\"Event ID\":1,\"a\\u0062\\n\":2,\"\":3,\"x.y\":4}",
                  "{\"EventID\":1,\"ab\\n\":2,\"\":3,\"x.y\":4}\n");
}

/* Runs of escapes at every place of a block, and across its end. */
static void strings_may_be_long_and_full_of_escapes(void **state)
{
    static const char *const escapes[] = {"\\\\", "\\\"", "\\\\\\\"", "\\n\\u0001"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 80 * sizeof(escapes) / sizeof(escapes[0]); i++) {
        struct buf text = {0};
        buf_add_c(&text, "{\"text\":\"");
        for (size_t pad = 0; pad < i % 80; pad++)
            buf_add_byte(&text, 'x');
        for (int run = 0; run < 20; run++)
            buf_add_c(&text, escapes[i / 80]);
        buf_add_c(&text, "a text of more than thirty-two bytes behind them\",\"n\":1}\n");
        buf_add_byte(&text, 0);
        feed(fixture, str_from_c(text.ptr), SIZE_MAX / 2);
        assert_string_equal(fixture->outcome.events.ptr, text.ptr);
        buf_free(&text);
    }
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    assert_events(*state, "{\"a\":\"caf\xC3\xA9 \xE9t\xE9\",\"b\xFF\":1}",
                  "{\"a\":\"caf\xC3\xA9 \xEF\xBF\xBDt\xEF\xBF\xBD\",\"b\xEF\xBF\xBD\":1}\n");
}

static void surrogates_become_code_points(void **state)
{
    assert_events(*state, "{\"a\":\"\\uD83D\\uDE00 \\uDE00\"}",
                  "{\"a\":\"\xF0\x9F\x98\x80 \xEF\xBF\xBD\"}\n");
}

static void breaches_of_the_grammar_are_reported_and_the_rest_is_read(void **state)
{
    struct fixture *fixture = *state;
    static const char value[] = "expected a value";
    static const char comma[] = "expected ',' or the end of the object or list";
    static const char name[] = "expected the name of a member";
    static const char escape[] = "an escape that JSON does not know";
    static const char control[] = "a control character inside a string";
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"a\":}", value},
        {"{\"a\":tru}", value},
        {"{\"a\":True}", value},
        {"{\"a\":NaN}", value},
        {"{\"a\":+1}", value},
        {"{\"a\":-}", value},
        {"{\"a\":.5}", value},
        {"{\"a\":'x'}", value},
        {"{\"a\":[1,]}", value},
        {"{\"a\":[,1]}", value},
        {"{\"a\":01}", "a number that starts with 0"},
        {"{\"a\":1.}", "expected a digit behind the decimal point"},
        {"{\"a\":1.e5}", "expected a digit behind the decimal point"},
        {"{\"a\":1e}", "expected a digit in the exponent"},
        {"{\"a\":1e+}", "expected a digit in the exponent"},
        {"{\"a\":0x10}", comma},
        {"{\"a\":1 2}", comma},
        {"{\"a\":1]", comma},
        {"{\"a\":[1}", comma},
        {"{\"a\":\"x\" \"b\":1}", comma},
        {"{\"a\":truex}", comma},
        {"{\"a\" 1}", "expected ':' behind the name of a member"},
        {"{\"a\",1}", "expected ':' behind the name of a member"},
        {"{a:1}", name},
        {"{1:1}", name},
        {"{\"a\":1,}", name},
        {"{,\"a\":1}", name},
        {"{\"a\":\"\\x41\"}", escape},
        {"{\"a\":\"\\u12G4\"}", escape},
        {"{\"a\":\"\\u\"}", escape},
        {"{\"a\":\"0123456789012345678901234567890123456789\\q 01234567890123456789\"}", escape},
        {"{\"a\":\"tab\there\"}", control},
        {"{\"a\":\"0123456789012345678901234567\x01 0123456789012345678901234567890\"}", control},
        {"{\"a\":\"open", control},
        {"{\"a\":1", comma},
        {"hello", "expected a JSON object"},
        {"17", "expected a JSON object"},
        {"\"text\"", "expected a JSON object"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(fixture, str_from_c(cases[i].text), cases[i].message);
    assert_refused(fixture, STR("{\"a\":\"nul\0byte\"}"), control);
}

static void an_error_says_where(void **state)
{
    struct fixture *fixture = *state;
    feed(fixture, STR("{\"a\":1}\n{\"b\":x}\n"), SIZE_MAX / 2);
    assert_int_equal(fixture->outcome.offset, 13);
}

static void every_kind_of_stream_gives_its_records(void **state)
{
    static const char *const streams[] = {
        "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n",
        "{\"a\":1}\r\n\r\n{\"a\":2}\r\n{\"a\":3}",
        "\xEF\xBB\xBF{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n",
        "{\"a\":1}{\"a\":2} {\"a\":3}",
        "[{\"a\":1},{\"a\":2},{\"a\":3}]",
        "[\n  {\n    \"a\": 1\n  },\n  {\"a\": 2},\n{\"a\": 3}\n]\n",
        "[{\"a\":1}]\n[{\"a\":2},{\"a\":3}]\n",
        "[[{\"a\":1},{\"a\":2}],{\"a\":3}]",
        "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n{\n  \"a\": 3\n}\n",
        "Record 1\n{\n  \"a\": 1\n}\nRecord 2\n{\n  \"a\": 2\n}\nRecord 3\n{\n  \"a\": 3\n}\n",
        "{\"Records\":[{\"a\":1},{\"a\":2},{\"a\":3}]}",
        "{\"Records\" : [\n{\"a\":1},\n{\"a\":2},\n{\"a\":3}\n] }\n",
        "{\"records\":[{\"a\":1}]}\n{\"records\":[{\"a\":2},{\"a\":3}]}\n",
        "{\"@odata.context\":\"x\",\"value\":[{\"a\":1},{\"a\":2},{\"a\":3}],\"@odata.nextLink\":"
        "\"]\"}",
        "{\"entries\":[{\"a\":1},{\"a\":2},{\"a\":3}],\"nextPageToken\":\"x\"}",
        "{\"took\":3,\"_shards\":{\"total\":[1]},\"hits\":{\"total\":{\"value\":3},\"max_score\":"
        "null,"
        "\"hits\":[{\"a\":1},{\"a\":2},{\"a\":3}]},\"x\":{}}",
        "\x1E{\"a\":1}\n\x1E{\"a\":2}\n\x1E{\"a\":3}\n",
        "{\"a\":1},\n{\"a\":2},\n{\"a\":3}\n",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        for (size_t step = 1; step < strlen(streams[i]) + 1; step++) {
            feed(fixture, str_from_c(streams[i]), step);
            assert_string_equal(fixture->outcome.events.ptr, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
            assert_int_equal(fixture->outcome.n_errors, 0);
        }
    }
}

static void broken_streams_give_the_same_however_they_are_cut(void **state)
{
    static const char *const streams[] = {
        "{\"a\":1}\n{\"a\":\n{\"a\":3}\n",
        "{\"a\":1\n{\"a\":2}\n{\"a\":3}\n",
        "{\n \"a\": 1\n}\n{\n \"a\": \"x\n{\n \"a\": 3\n}\n",
        "[{\"a\":1},{\"a\":tru},17,\"x{\",{\"a\":3}]",
        "[{\"a\":1},{\"a\":[2},{\"a\":3}]\n{\"a\":4}\n",
        "{\"Records\":[{\"a\":1},{\"a\"},{\"a\":3}],}{\"a\":4}",
        "{\"a\":1}}}]]{\"a\":2}\n{\"a\":3}",
        "{\"a\":1} \\\" { \"a\":2}{\"a\":3}",
        "{\"Records\":[{\"a\":1},{\"a\":2}",
        "garbage\nmore {garbage\n{\"a\":1}\n",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        feed(fixture, str_from_c(streams[i]), SIZE_MAX / 2);
        char *wanted = strdup(fixture->outcome.events.ptr);
        assert_non_null(wanted);
        for (size_t step = 1; step < strlen(streams[i]) + 1; step++) {
            feed(fixture, str_from_c(streams[i]), step);
            assert_string_equal(fixture->outcome.events.ptr, wanted);
            assert_true(fixture->outcome.n_errors > 0);
        }
        free(wanted);
    }
}

static void a_broken_line_costs_only_itself(void **state)
{
    struct fixture *fixture = *state;
    assert_events(fixture, "{\"a\":1\n{\"a\":2}\n{\"a\":3}\n", "{\"a\":2}\n{\"a\":3}\n");
    assert_int_equal(fixture->outcome.n_errors, 1);
}

static void a_truncated_pretty_record_ends_where_the_next_one_starts(void **state)
{
    struct fixture *fixture = *state;
    assert_events(fixture, "{\n \"a\": \"open\n{\n \"a\": 2\n}\n", "{\"a\":2}\n");
    assert_int_equal(fixture->outcome.n_errors, 1);
    assert_events(fixture, "{\n \"a\": {\n  \"b\": 1\n{\n \"a\": 2\n}\n", "{\"a\":2}\n");
    assert_int_equal(fixture->outcome.n_errors, 1);
}

static void depth_is_limited(void **state)
{
    struct fixture *fixture = *state;
    struct buf text = {0};
    for (int i = 0; i < 127; i++)
        buf_add_c(&text, "{\"a\":");
    buf_add_c(&text, "[1]");
    for (int i = 0; i < 127; i++)
        buf_add_c(&text, "}");
    feed(fixture, buf_str(&text), SIZE_MAX / 2);
    assert_int_equal(fixture->outcome.n_events, 1);
    buf_clear(&text);
    for (int i = 0; i < 100000; i++)
        buf_add_c(&text, "{\"a\":");
    buf_add_c(&text, "\n{\"b\":2}\n");
    feed(fixture, buf_str(&text), 4096);
    assert_int_equal(fixture->outcome.n_errors, 1);
    assert_string_equal(fixture->outcome.message, "objects and lists within each other, too deep");
    buf_free(&text);
}

static void more_values_than_an_event_holds_mark_it(void **state)
{
    struct fixture *fixture = *state;
    struct buf text = {0};
    buf_add_c(&text, "{\"a\":[1");
    for (int i = 0; i < EVENT_SLOTS_MAX; i++)
        buf_add_c(&text, ",1");
    buf_add_c(&text, "]}");
    feed(fixture, buf_str(&text), SIZE_MAX / 2);
    assert_int_equal(fixture->outcome.n_events, 1);
    assert_int_equal(fixture->outcome.n_cut, 1);
    buf_free(&text);
}

static void more_names_than_the_cache_holds_still_work(void **state)
{
    struct fixture *fixture = *state;
    struct buf text = {0};
    for (int i = 0; i < 40000; i++)
        buf_printf(&text, "{\"id%d\":{\"x\":%d}}\n", i, i);
    feed(fixture, buf_str(&text), 65536);
    assert_int_equal(fixture->outcome.n_events, 40000);
    assert_int_equal(fixture->outcome.n_cut, 0);
    assert_non_null(strstr(fixture->outcome.events.ptr, "\n{\"id39999.x\":39999}\n"));
    assert_non_null(strstr(fixture->outcome.events.ptr, "\n{\"id33333.x\":33333}\n"));
    buf_free(&text);
}

static void long_names_are_cut_and_mark_the_event(void **state)
{
    struct fixture *fixture = *state;
    struct buf text = {0};
    buf_add_c(&text, "{\"");
    for (int i = 0; i < 3000; i++)
        buf_add_byte(&text, 'n');
    buf_add_c(&text, "\":{\"b\":1},\"c\":2}");
    feed(fixture, buf_str(&text), SIZE_MAX / 2);
    assert_int_equal(fixture->outcome.n_cut, 1);
    assert_non_null(strstr(fixture->outcome.events.ptr, "\"c\":2}"));
    buf_free(&text);
}

/* `before`, 20 MiB of a string, `behind`. */
static struct buf oversized(const char *before, const char *behind)
{
    struct buf text = {0};
    buf_add_c(&text, before);
    char *room = buf_reserve(&text, 20u << 20);
    assert_non_null(room);
    memset(room, 'x', 20u << 20);
    text.len += 20u << 20;
    buf_add_c(&text, behind);
    return text;
}

static void a_record_that_is_too_long_is_refused_and_the_rest_read(void **state)
{
    static const struct {
        const char *before, *behind, *events;
    } cases[] = {
        {"{\"a\":1}\n{\"a\":\"", "\"}\n{\"a\":3}\n", "{\"a\":1}\n{\"a\":3}\n"},
        {"[{\"a\":1},{\"a\":\"", "\"},{\"a\":3}]", "{\"a\":1}\n{\"a\":3}\n"},
        {"{\"Records\":[{\"a\":1},{\"a\":\"", "\"},{\"a\":3}]}\n", "{\"a\":1}\n{\"a\":3}\n"},
        {"{\"a\":\"", "\"}{\"a\":3}", "{\"a\":3}\n"},
        {"{\n\"a\":\"", "\"\n}\n{\n\"a\":3}\n", "{\"a\":3}\n"},
        {"{\"a\":1}\n{\"a\":\"", "", "{\"a\":1}\n"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf text = oversized(cases[i].before, cases[i].behind);
        static const size_t steps[] = {5u << 20, 17u << 20, SIZE_MAX / 2};
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            feed(fixture, buf_str(&text), steps[j]);
            assert_string_equal(fixture->outcome.events.ptr, cases[i].events);
            assert_int_equal(fixture->outcome.n_errors, 1);
            assert_string_equal(fixture->outcome.message, "a record longer than 16 MiB");
        }
        buf_free(&text);
    }
}

static void a_long_list_is_cut_between_its_elements(void **state)
{
    (void)state;
    struct cutter cutter = {.format = &format_json};
    struct buf text = {0};
    struct str body;
    buf_add_c(&text, "{\"Records\":[");
    for (int i = 0; i < 10000; i++)
        buf_printf(&text, "%s{\"number\":%d}", i ? "," : "", i);
    size_t taken = format_json.cut(&cutter, buf_str(&text), false, &body);
    assert_true(taken > text.len - 64);
    assert_true(str_starts(body, STR("{\"number\":0}")));
    assert_true(str_ends(body, STR("{\"number\":9999}")));
    buf_free(&text);
    buf_free(&cutter.header);
}

static void utf16_is_named_as_what_it_is(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "\xFF\xFE{\0\"\0a\0\"\0:\0"
                               "1\0}\0";
    feed(fixture, str_of(text, sizeof(text) - 1), 5);
    assert_int_equal(fixture->outcome.n_errors, 1);
    assert_string_equal(fixture->outcome.message,
                        "the text is UTF-16: convert it to UTF-8, which JSON requires");
    assert_ptr_equal(format_recognise(str_of(text, sizeof(text) - 1)), &format_json);
}

static void json_is_recognised_by_content(void **state)
{
    (void)state;
    static const char *const yes[] = {
        "{\"a\":1}",
        "  \n{\n  \"a\": 1}",
        "[{\"a\":1}]",
        "\xEF\xBB\xBF{\"a\":1}",
        "Record 1\n{\n \"a\":1}",
        "{}",
        "[\n {\"a\":",
        "\x1E{\"a\":1}",
    };
    static const char *const no[] = {
        "",      "hello", "[2023-01-01 00:00:00] x", "{hello}", "<13>x", "Record of the day",
        "\"a\"", "12",    "[main] {\"a\":1}",
    };
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_true(format_json.probe(str_from_c(yes[i])) >= 60);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_int_equal(format_json.probe(str_from_c(no[i])), 0);
}

static int check_raw(struct sink *sink, struct event *event)
{
    unsigned *seen = (unsigned *)(sink + 1);
    assert_true(str_eq(event->raw, *seen ? STR("{\"b\": [2]}") : STR("{\"a\":1}")));
    assert_int_equal(event->offset, *seen ? 9 : 1);
    assert_int_equal(event->record, *seen + 1);
    assert_int_equal(event->format, FORMAT_JSON);
    assert_int_equal(event->time, TIME_UNSET);
    ++*seen;
    return *seen == 2 ? -ECANCELED : 0;
}

static void an_event_knows_its_bytes_and_a_sink_can_stop(void **state)
{
    struct fixture *fixture = *state;
    struct {
        struct sink sink;
        unsigned seen;
    } counter = {.sink = {check_raw, on_error}};
    struct chunk chunk = {.body = STR(" {\"a\":1} {\"b\": [2]} {\"c\":3}")};
    assert_int_equal(parser_run(fixture->parser, &format_json, &chunk, &counter.sink), -ECANCELED);
    assert_int_equal(counter.seen, 2);
}

static void fields_are_resolved_to_ids(void **state)
{
    struct fixture *fixture = *state;
    parser_begin(fixture->parser, 1, 0, STR(""));
    assert_int_equal(json_add_object(fixture->parser, STR(""), STR("{\"EventID\":1,\"x\":2}")), 0);
    const struct slot *slots = fixture->parser->event.slots;
    assert_int_equal(slots[0].field, fields_find(&fixture->fields, STR("EventID")));
    assert_int_equal(slots[1].field, FIELD_NONE);
}

static void an_object_inside_another_format_is_added_whole_or_not(void **state)
{
    struct fixture *fixture = *state;
    struct parser *parser = fixture->parser;
    struct buf out = {0};
    parser_begin(parser, 1, 0, STR(""));
    parser_add(parser, STR("host"), STR("h"), VALUE_STRING, 0);
    assert_int_equal(json_add_object(parser, STR("p."), STR(" {\"a\":{\"b\":1}} ")), 0);
    assert_int_equal(json_add_object(parser, STR(""), STR("{\"c\":[]}")), 0);
    assert_int_equal(json_add_object(parser, STR(""), STR("{\"d\":1,\"e\":}")), -EINVAL);
    assert_int_equal(json_add_object(parser, STR(""), STR("{\"d\":1} x")), -EINVAL);
    assert_int_equal(json_add_object(parser, STR(""), STR("[1]")), -EINVAL);
    assert_int_equal(json_add_object(parser, STR(""), STR("")), -EINVAL);
    event_write_json(&parser->event, &out);
    buf_add_byte(&out, 0);
    assert_string_equal(out.ptr, "{\"host\":\"h\",\"p.a.b\":1,\"c\":[]}");
    buf_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(values_keep_their_text_and_type),
        TEST(nested_objects_become_dotted_names),
        TEST(lists_become_one_value_for_each_element),
        TEST(names_lose_escapes_and_spaces),
        TEST(strings_may_be_long_and_full_of_escapes),
        TEST(bytes_that_are_not_utf8_are_replaced),
        TEST(surrogates_become_code_points),
        TEST(breaches_of_the_grammar_are_reported_and_the_rest_is_read),
        TEST(an_error_says_where),
        TEST(every_kind_of_stream_gives_its_records),
        TEST(broken_streams_give_the_same_however_they_are_cut),
        TEST(a_broken_line_costs_only_itself),
        TEST(a_truncated_pretty_record_ends_where_the_next_one_starts),
        TEST(depth_is_limited),
        TEST(more_values_than_an_event_holds_mark_it),
        TEST(more_names_than_the_cache_holds_still_work),
        TEST(long_names_are_cut_and_mark_the_event),
        TEST(a_record_that_is_too_long_is_refused_and_the_rest_read),
        TEST(a_long_list_is_cut_between_its_elements),
        TEST(utf16_is_named_as_what_it_is),
        TEST(json_is_recognised_by_content),
        TEST(an_event_knows_its_bytes_and_a_sink_can_stop),
        TEST(fields_are_resolved_to_ids),
        TEST(an_object_inside_another_format_is_added_whole_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
