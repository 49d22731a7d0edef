#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "parse/collect_test.h"
#include "parse/evtx.h"
#include "parse/evtx_build.h"
#include "parse/evtx_sample_test.h"

/* Parses a whole file; what came of it is in the collection, to be freed. */
static struct collection parse(struct str file)
{
    return collect(&format_evtx, file, &(struct parse_options){0}, SIZE_MAX);
}

/* The only event of what was built, without System, as JSON. */
static void assert_event(struct evtx_builder *builder, const char *json)
{
    struct collection got = parse(evtx_build_finish(builder));
    assert_string_equal(got.errors.len ? got.errors.ptr : "", "");
    assert_string_equal(got.events.ptr, json);
    collection_free(&got);
    evtx_build_free(builder);
}

static void an_event_has_the_names_that_rules_use(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    sample_event(&builder, 7, "cmd /c Größe 日本 😀");
    assert_event(&builder,
                 "{\"Provider_Name\":\"Microsoft-Windows-Sysmon\",\"EventID\":1,\"Level\":4,"
                 "\"TimeCreated_SystemTime\":\"2025-11-21T20:37:24.123456Z\",\"EventRecordID\":7,"
                 "\"Channel\":\"Sysmon/Operational\",\"Computer\":\"pc1\","
                 "\"Image\":\"C:\\\\Windows\\\\cmd.exe\","
                 "\"CommandLine\":\"cmd /c Größe 日本 😀\"}\n");
}

static void time_record_and_offset_are_set(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    sample_event(&builder, 41, "a");
    struct collection got = parse(evtx_build_finish(&builder));
    assert_int_equal(got.last_time, A_TIME);
    assert_int_equal(got.last_record, 41);
    assert_int_equal(got.last_offset, 4096 + 512);
    collection_free(&got);
    evtx_build_free(&builder);
}

/* One value, and what its slot looks like. */
struct value_case {
    uint8_t type;
    const char *bytes;
    uint16_t size;
    const char *json;
};

static const struct value_case value_cases[] = {
    {EVTX_STRING, "a\0b\0", 4, "\"ab\""},
    {EVTX_STRING, "a\0\0\0b\0", 6, "\"a\""},
    {EVTX_STRING, "a\0\x00\xD8", 4, "\"a\xEF\xBF\xBD\""},
    {EVTX_STRING, "", 0, "\"\""},
    {EVTX_STRING, "1\0002\0003\0004\0005\0006\0007\0008\0009\0", 18, "\"123456789\""},
    {EVTX_STRING, "1\0002\0003\0004\0005\0006\0007\0008\0\xE9\0", 18, "\"12345678é\""},
    {EVTX_STRING, "1\0002\0003\0004\0005\0006\0007\0008\0009\0\0\0", 20, "\"123456789\""},
    {EVTX_ANSI, "caf\xE9 \x80\0x", 7, "\"café €\""},
    {EVTX_ANSI, "0123456789abcdef", 16, "\"0123456789abcdef\""},
    {EVTX_INT8, "\xFF", 1, "-1"},
    {EVTX_INT8, "\x80", 1, "-128"},
    {EVTX_UINT8, "\xFF", 1, "255"},
    {EVTX_INT16, "\x00\x80", 2, "-32768"},
    {EVTX_UINT16, "\xFF\xFF", 2, "65535"},
    {EVTX_INT32, "\x00\x00\x00\x80", 4, "-2147483648"},
    {EVTX_UINT32, "\xFF\xFF\xFF\xFF", 4, "4294967295"},
    {EVTX_INT64, "\0\0\0\0\0\0\0\x80", 8, "-9223372036854775808"},
    {EVTX_UINT64, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, "18446744073709551615"},
    {EVTX_REAL32, "\x00\x00\x00\x3F", 4, "0.5"},
    {EVTX_REAL32, "\xCD\xCC\xCC\x3D", 4, "0.1"},
    {EVTX_REAL64, "\x9A\x99\x99\x99\x99\x99\xB9\xBF", 8, "-0.1"},
    {EVTX_REAL64, "\0\0\0\0\0\0\xF8\x7F", 8, "\"nan\""},
    {EVTX_BOOL, "\x01\0\0\0", 4, "true"},
    {EVTX_BOOL, "\0\0\0\0", 4, "false"},
    {EVTX_BOOL, "\x01", 1, "true"},
    {EVTX_BOOL, "\0\0\0\0\0\0\0\x80", 8, "true"},
    {EVTX_BINARY, "\x00\xAB\xFF", 3, "\"00ABFF\""},
    {EVTX_GUID, "\x85\x5F\x38\x57\x2A\xC2\xE0\x43\xBF\x4C\x06\xF5\x69\x8F\xFB\xD9", 16,
     "\"57385F85-C22A-43E0-BF4C-06F5698FFBD9\""},
    {EVTX_SIZE_T, "\x00\x10\0\0", 4, "\"0x1000\""},
    {EVTX_SIZE_T, "\0\0\0\0\x01\0\0\0", 8, "\"0x100000000\""},
    {EVTX_FILETIME, "\x00\x80\x3E\xD5\xDE\xB1\x9D\x01", 8, "\"1970-01-01T00:00:00.000000Z\""},
    {EVTX_FILETIME, "\0\0\0\0\0\0\0\0", 8, "\"1601-01-01T00:00:00.000000Z\""},
    {EVTX_SYSTEMTIME, "\xE8\x07\x02\0\x04\0\x1D\0\x17\0\x3B\0\x3A\0\xE7\x03", 16,
     "\"2024-02-29T23:59:58.999000Z\""},
    {EVTX_SID, "\x01\x02\0\0\0\0\0\x05\x20\0\0\0\x20\x02\0\0", 16, "\"S-1-5-32-544\""},
    {EVTX_HEX32, "\x40\x06\0\0", 4, "\"0x640\""},
    {EVTX_HEX32, "\0\0\0\0", 4, "\"0x0\""},
    {EVTX_HEX64, "\0\0\0\0\0\0\0\x80", 8, "\"0x8000000000000000\""},
    {EVTX_HANDLE, "\x10\0\0\0", 4, "\"0x10\""},
    {EVTX_XML, "<\0a\0/\0>\0", 8, "\"<a/>\""},
    {EVTX_NULL, "", 0, "null"},
    {EVTX_UINT32, "", 0, "null"},
    /* Sizes that are not the type's, and types that are none: the bytes. */
    {EVTX_UINT32, "\x01\x02\x03", 3, "\"010203\""},
    {EVTX_GUID, "\x01", 1, "\"01\""},
    {EVTX_SID, "\x01\x0F\0\0\0\0\0\x05", 8, "\"010F000000000005\""},
    {EVTX_FILETIME, "\x01\x02", 2, "\"0102\""},
    {0x17, "\x01\x02", 2, "\"0102\""},
    {0x7F, "\x01\x02", 2, "\"0102\""},
    /* Arrays. */
    {EVTX_ARRAY | EVTX_STRING, "a\0\0\0\0\0b\0c\0", 10, "[\"a\",\"\",\"bc\"]"},
    {EVTX_ARRAY | EVTX_STRING, "a\0\0\0", 4, "[\"a\"]"},
    {EVTX_ARRAY | EVTX_ANSI, "a\0bc\0", 5, "[\"a\",\"bc\"]"},
    {EVTX_ARRAY | EVTX_INT8, "\x01\xFF", 2, "[1,-1]"},
    {EVTX_ARRAY | EVTX_UINT8, "\x01\xFF", 2, "[1,255]"},
    {EVTX_ARRAY | EVTX_INT16, "\x01\0\xFF\xFF", 4, "[1,-1]"},
    {EVTX_ARRAY | EVTX_UINT16, "\x01\0\x02\0\x03\0", 6, "[1,2,3]"},
    {EVTX_ARRAY | EVTX_INT32, "\x01\0\0\0\xFF\xFF\xFF\xFF", 8, "[1,-1]"},
    {EVTX_ARRAY | EVTX_UINT32, "\x01\0\0\0\x02\0\0\0", 8, "[1,2]"},
    {EVTX_ARRAY | EVTX_INT64, "\x01\0\0\0\0\0\0\0", 8, "[1]"},
    {EVTX_ARRAY | EVTX_UINT64, "\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", 16, "[1,2]"},
    {EVTX_ARRAY | EVTX_REAL32, "\x00\x00\x00\x3F\x00\x00\x80\x3F", 8, "[0.5,1]"},
    {EVTX_ARRAY | EVTX_REAL64, "\0\0\0\0\0\0\xE0\x3F", 8, "[0.5]"},
    {EVTX_ARRAY | EVTX_BOOL, "\x01\0\0\0\0\0\0\0", 8, "[true,false]"},
    {EVTX_ARRAY | EVTX_GUID,
     "\x85\x5F\x38\x57\x2A\xC2\xE0\x43\xBF\x4C\x06\xF5\x69\x8F\xFB\xD9"
     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
     32, "[\"57385F85-C22A-43E0-BF4C-06F5698FFBD9\",\"00000000-0000-0000-0000-000000000000\"]"},
    {EVTX_ARRAY | EVTX_SIZE_T, "\x10\0\0\0\0\0\0\0", 8, "[\"0x10\"]"},
    {EVTX_ARRAY | EVTX_FILETIME, "\0\0\0\0\0\0\0\0", 8, "[\"1601-01-01T00:00:00.000000Z\"]"},
    {EVTX_ARRAY | EVTX_SYSTEMTIME, "\xE8\x07\x02\0\x04\0\x1D\0\x17\0\x3B\0\x3A\0\xE7\x03", 16,
     "[\"2024-02-29T23:59:58.999000Z\"]"},
    {EVTX_ARRAY | EVTX_SID,
     "\x01\x01\0\0\0\0\0\x05\x12\0\0\0\x01\x02\0\0\0\0\0\x05\x20\0\0\0\x20\x02\0\0", 28,
     "[\"S-1-5-18\",\"S-1-5-32-544\"]"},
    {EVTX_ARRAY | EVTX_HEX32, "\x01\0\0\0\xFF\0\0\0", 8, "[\"0x1\",\"0xff\"]"},
    {EVTX_ARRAY | EVTX_HEX64, "\x01\0\0\0\0\0\0\0", 8, "[\"0x1\"]"},
    {EVTX_ARRAY | EVTX_BINARY, "\x01\x02", 2, "[\"0102\"]"},
    {EVTX_ARRAY | EVTX_UINT32, "\x01\0\0\0\x02", 5, "[1,2]"},
};

static void every_value_type_has_its_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(value_cases) / sizeof(value_cases[0]); i++) {
        const struct value_case *one = &value_cases[i];
        struct evtx_builder builder = {0};
        struct evtx_build_value value = {one->type, one->bytes, one->size};
        char json[512];
        begin_data(&builder);
        add_data(&builder, "X", 0);
        finish_data(&builder, &value, 1);
        snprintf(json, sizeof(json), "{\"X\":%s}\n", one->json);
        assert_event(&builder, json);
    }
}

static void text_is_put_together_from_its_parts(void **state)
{
    (void)state;
    static const struct evtx_build_value values[] = {{EVTX_UINT32, "\x2A\0\0\0", 4},
                                                     {EVTX_ARRAY | EVTX_UINT8, "\x01\x02", 2}};
    struct evtx_builder builder = {0};
    begin_data(&builder);
    evtx_build_open(&builder, "Data", EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(&builder, "Name");
    evtx_build_text(&builder, "Some Name");
    evtx_build_content(&builder);
    evtx_build_text(&builder, "a ");
    evtx_build_substitution(&builder, 0, EVTX_UINT32, false);
    evtx_build_bytes(&builder, "\x07\x02\0<\0>\0", 7); /* CDATA */
    evtx_build_bytes(&builder, "\x08\xE9\0", 3);       /* character reference */
    evtx_build_bytes(&builder, "\x49", 1);             /* entity reference */
    evtx_build_name(&builder, "amp");
    evtx_build_substitution(&builder, 1, EVTX_UINT8, false);
    evtx_build_bytes(&builder, "\x0A", 1); /* processing instruction */
    evtx_build_name(&builder, "target");
    evtx_build_bytes(&builder, "\x0B\x01\0x\0", 5);
    evtx_build_close(&builder);
    finish_data(&builder, values, 2);
    assert_event(&builder, "{\"SomeName\":\"a 42<>é&1,2\"}\n");
}

static void what_is_null_is_left_out_as_windows_does(void **state)
{
    (void)state;
    static const struct evtx_build_value values[] = {{EVTX_NULL, "", 0}, {EVTX_UINT8, "\x05", 1}};
    struct evtx_builder builder = {0};
    evtx_build_record(&builder, 1, A_TIME);
    evtx_build_template(&builder, 9);
    evtx_build_open(&builder, "Event", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    evtx_build_open(&builder, "System", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    for (uint16_t i = 0; i < 2; i++) {
        evtx_build_open(&builder, i ? "Level" : "Version", i, false);
        evtx_build_content(&builder);
        evtx_build_substitution(&builder, i, EVTX_UINT8, true);
        evtx_build_close(&builder);
    }
    evtx_build_open(&builder, "Correlation", EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(&builder, "ActivityID");
    evtx_build_substitution(&builder, 0, EVTX_GUID, true);
    evtx_build_empty(&builder);
    evtx_build_close(&builder);
    evtx_build_open(&builder, "EventData", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    add_data(&builder, "Nothing", 0);
    add_data(&builder, "Missing", 17);
    evtx_build_open(&builder, "Dependent", 0, false);
    evtx_build_content(&builder);
    evtx_build_text(&builder, "not here");
    evtx_build_close(&builder);
    finish_data(&builder, values, 2);
    assert_event(&builder, "{\"Level\":5,\"Nothing\":null,\"Missing\":null}\n");
}

static void data_without_names_is_a_list(void **state)
{
    (void)state;
    static const struct evtx_build_value values[] = {
        {EVTX_STRING, "a\0", 2}, {EVTX_UINT8, "\x05", 1}, {EVTX_BINARY, "\xDE\xAD", 2}};
    struct evtx_builder builder = {0};
    begin_data(&builder);
    add_data(&builder, NULL, 0);
    add_data(&builder, NULL, 1);
    evtx_build_open(&builder, "Binary", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    evtx_build_substitution(&builder, 2, EVTX_BINARY, true);
    evtx_build_close(&builder);
    finish_data(&builder, values, 3);
    assert_event(&builder, "{\"Data\":[\"a\",5],\"Binary\":\"DEAD\"}\n");
}

static void a_name_may_come_from_a_value(void **state)
{
    (void)state;
    static const struct evtx_build_value values[] = {{EVTX_STRING, "K\0e\0 \0y\0", 8},
                                                     {EVTX_UINT8, "\x05", 1}};
    struct evtx_builder builder = {0};
    begin_data(&builder);
    evtx_build_open(&builder, "Data", EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(&builder, "Name");
    evtx_build_substitution(&builder, 0, EVTX_STRING, false);
    evtx_build_content(&builder);
    evtx_build_substitution(&builder, 1, EVTX_UINT8, false);
    evtx_build_close(&builder);
    finish_data(&builder, values, 2);
    assert_event(&builder, "{\"Key\":\"5\"}\n");
}

/* An element without template, as fragments in values have them. */
static void add_text_element(struct evtx_builder *builder, const char *name, const char *text)
{
    evtx_build_open(builder, name, EVTX_NO_DEPENDENCY, false);
    evtx_build_content(builder);
    evtx_build_text(builder, text);
    evtx_build_close(builder);
}

static void user_data_is_named_below_its_wrapper(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    evtx_build_record(&builder, 1, A_TIME);
    evtx_build_open(&builder, "Event", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    evtx_build_open(&builder, "UserData", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    evtx_build_open(&builder, "LogFileCleared", EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(&builder, "xmlns:n");
    evtx_build_text(&builder, "http://example.org");
    evtx_build_attribute(&builder, "kind");
    evtx_build_text(&builder, "k");
    evtx_build_content(&builder);
    add_text_element(&builder, "SubjectUserName", "u");
    evtx_build_open(&builder, "Chain", EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(&builder, "ref");
    evtx_build_text(&builder, "r");
    evtx_build_content(&builder);
    add_text_element(&builder, "Link", "1");
    add_text_element(&builder, "Link", "2");
    evtx_build_close(&builder);
    evtx_build_open(&builder, "Empty", EVTX_NO_DEPENDENCY, false);
    evtx_build_empty(&builder);
    evtx_build_close(&builder);
    evtx_build_close(&builder);
    evtx_build_close(&builder);
    evtx_build_record_end(&builder);
    assert_event(&builder, "{\"LogFileCleared_kind\":\"k\",\"SubjectUserName\":\"u\","
                           "\"Chain_ref\":\"r\",\"Chain.Link\":[\"1\",\"2\"],\"Empty\":null}\n");
}

static void rendered_texts_do_not_hide_the_system_fields(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    evtx_build_record(&builder, 1, A_TIME);
    evtx_build_open(&builder, "Event", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    evtx_build_open(&builder, "System", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    evtx_build_open(&builder, "TimeCreated", EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(&builder, "SystemTime");
    evtx_build_text(&builder, "1970-01-01T00:00:01.000000000Z");
    evtx_build_empty(&builder);
    add_text_element(&builder, "Level", "4");
    add_text_element(&builder, "Channel", "Security");
    evtx_build_close(&builder);
    evtx_build_open(&builder, "RenderingInfo", EVTX_NO_DEPENDENCY, true);
    evtx_build_attribute(&builder, "Culture");
    evtx_build_text(&builder, "en-US");
    evtx_build_content(&builder);
    add_text_element(&builder, "Message", "An account was logged on.");
    add_text_element(&builder, "Level", "Information");
    evtx_build_open(&builder, "Keywords", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(&builder);
    add_text_element(&builder, "Keyword", "Audit Success");
    evtx_build_close(&builder);
    evtx_build_close(&builder);
    evtx_build_close(&builder);
    evtx_build_record_end(&builder);
    struct collection got = parse(evtx_build_finish(&builder));
    assert_int_equal(got.last_time, TIME_SECOND_US);
    collection_free(&got);
    assert_event(&builder,
                 "{\"TimeCreated_SystemTime\":\"1970-01-01T00:00:01.000000000Z\",\"Level\":\"4\","
                 "\"Channel\":\"Security\",\"RenderingInfo_Culture\":\"en-US\","
                 "\"Message\":\"An account was logged on.\","
                 "\"RenderingInfo.Level\":\"Information\","
                 "\"RenderingInfo.Keywords.Keyword\":\"Audit Success\"}\n");
}

/* A file of so many events. */
static struct str many_events(struct evtx_builder *builder, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        char command[64];
        snprintf(command, sizeof(command), "run %u", i);
        sample_event(builder, i, command);
    }
    return evtx_build_finish(builder);
}

static void templates_are_found_again_in_later_chunks(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    /* The second chunk has the names elsewhere: an event of other fields comes first. */
    const struct evtx_build_field fields[] = {{"CommandLine", "x"}, {"Other", "y"}};
    struct str file = many_events(&builder, 300);
    assert_true(file.len >= 4096 + 2 * 65536);
    evtx_build_event(&builder, &(struct evtx_build_event){.fields = fields, .n_fields = 2});
    for (unsigned i = 302; i <= 400; i++)
        sample_event(&builder, i, "again");
    struct collection got = parse(evtx_build_finish(&builder));
    assert_int_equal(got.count, 400);
    assert_int_equal(got.errors.len, 0);
    struct str text = buf_str(&got.events), line;
    for (unsigned i = 1; str_cut_line(&text, &line); i++)
        if (i != 301)
            assert_true(str_find(line, STR("\"Image\":\"C:\\\\Windows\\\\cmd.exe\"")) != SIZE_MAX);
        else
            assert_true(str_find(line, STR("\"CommandLine\":\"x\",\"Other\":\"y\"")) != SIZE_MAX);
    collection_free(&got);
    evtx_build_free(&builder);
}

static void the_same_guid_may_mean_another_template(void **state)
{
    (void)state;
    static const struct evtx_build_value value = {EVTX_UINT8, "\x05", 1};
    struct buf files = {0};
    for (int i = 0; i < 3; i++) {
        struct evtx_builder builder = {0};
        begin_data(&builder);
        add_data(&builder, i == 1 ? "Bb" : "Aa", 0);
        finish_data(&builder, &value, 1);
        struct str file = evtx_build_finish(&builder);
        buf_add_str(&files, i ? str_skip(file, 4096) : file);
        evtx_build_free(&builder);
    }
    struct collection got = parse(buf_str(&files));
    assert_string_equal(got.events.ptr, "{\"Aa\":5}\n{\"Bb\":5}\n{\"Aa\":5}\n");
    collection_free(&got);
    buf_free(&files);
}

static void how_the_stream_arrives_does_not_matter(void **state)
{
    (void)state;
    struct evtx_builder builder = {0};
    struct str file = many_events(&builder, 900);
    struct parse_options options = {0};
    struct collection whole = parse(file);
    assert_int_equal(whole.count, 900);
    static const size_t steps[] = {1009, 65536, 70001};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct collection pieces = collect(&format_evtx, file, &options, steps[i]);
        assert_string_equal(pieces.events.ptr, whole.events.ptr);
        assert_int_equal(pieces.errors.len, 0);
        collection_free(&pieces);
    }
    collection_free(&whole);
    evtx_build_free(&builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_has_the_names_that_rules_use),
        cmocka_unit_test(time_record_and_offset_are_set),
        cmocka_unit_test(every_value_type_has_its_text),
        cmocka_unit_test(text_is_put_together_from_its_parts),
        cmocka_unit_test(what_is_null_is_left_out_as_windows_does),
        cmocka_unit_test(data_without_names_is_a_list),
        cmocka_unit_test(a_name_may_come_from_a_value),
        cmocka_unit_test(user_data_is_named_below_its_wrapper),
        cmocka_unit_test(rendered_texts_do_not_hide_the_system_fields),
        cmocka_unit_test(templates_are_found_again_in_later_chunks),
        cmocka_unit_test(the_same_guid_may_mean_another_template),
        cmocka_unit_test(how_the_stream_arrives_does_not_matter),
    };
    return cmocka_run_group_tests_name("parse/evtx", tests, NULL, NULL);
}
