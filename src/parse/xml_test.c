#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "parse/collect_test.h"
#include "parse/evtx_build.h"
#include "parse/parser.h"

#define NAMESPACE "http://schemas.microsoft.com/win/2004/08/events/event"

static struct collection parse(struct str stream)
{
    return collect(&format_xml, stream, &(struct parse_options){0}, SIZE_MAX);
}

static void assert_events(struct str stream, const char *json)
{
    struct collection got = parse(stream);
    assert_string_equal(got.errors.ptr, "");
    assert_string_equal(got.events.ptr, json);
    collection_free(&got);
}

static const char sysmon[] =
    "<Event xmlns='" NAMESPACE "'><System><Provider Name='Microsoft-Windows-Sysmon' "
    "Guid='{5770385F-C22A-43E0-BF4C-06F5698FFBD9}'/><EventID>1</EventID><Version>5</Version>"
    "<Level>4</Level><Task>1</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"
    "<TimeCreated SystemTime='2025-11-21T20:37:24.1234567Z'/><EventRecordID>77</EventRecordID>"
    "<Correlation/><Execution ProcessID='12' ThreadID='34'/><Channel>Sysmon/Operational</Channel>"
    "<Computer>pc1</Computer><Security UserID='S-1-5-18'/></System><EventData>"
    "<Data Name='Rule Name'></Data><Data Name='CommandLine'>a &lt;b&gt; &amp; &quot;c&quot; "
    "&apos;d&apos; &#233;&#x1F600;</Data><Data Name='ProcessGuid'>"
    "{0197231E-C424-69E1-C922-000000000800}</Data><Data Name='ProcessId'>4</Data></EventData>"
    "</Event>";

static const char sysmon_json[] =
    "{\"Provider_Name\":\"Microsoft-Windows-Sysmon\","
    "\"Provider_Guid\":\"5770385F-C22A-43E0-BF4C-06F5698FFBD9\",\"EventID\":1,\"Version\":5,"
    "\"Level\":4,\"Task\":1,\"Opcode\":0,\"Keywords\":\"0x8000000000000000\","
    "\"TimeCreated_SystemTime\":\"2025-11-21T20:37:24.123456Z\",\"EventRecordID\":77,"
    "\"Execution_ProcessID\":12,\"Execution_ThreadID\":34,\"Channel\":\"Sysmon/Operational\","
    "\"Computer\":\"pc1\",\"Security_UserID\":\"S-1-5-18\",\"RuleName\":\"\","
    "\"CommandLine\":\"a <b> & \\\"c\\\" 'd' é😀\","
    "\"ProcessGuid\":\"0197231E-C424-69E1-C922-000000000800\",\"ProcessId\":\"4\"}\n";

static void an_event_has_the_names_that_rules_use(void **state)
{
    (void)state;
    assert_events(STR(sysmon), sysmon_json);
}

static void time_record_and_offset_are_set(void **state)
{
    (void)state;
    struct buf stream = {0};
    buf_add_c(&stream, "<?xml version=\"1.0\"?>\n<Events>\n");
    size_t at = stream.len;
    buf_add_c(&stream, sysmon);
    struct collection got = parse(buf_str(&stream));
    assert_int_equal(got.last_time, INT64_C(1763757444123456));
    assert_int_equal(got.last_record, 77);
    assert_int_equal(got.last_offset, at);
    collection_free(&got);
    buf_free(&stream);
}

/* The same event, as EVTX and as what wevtutil makes of it. */
static void xml_and_evtx_give_the_same_event(void **state)
{
    (void)state;
    const struct evtx_build_field fields[] = {{"Image", "C:\\a.exe"}, {"Empty", ""}};
    struct evtx_builder builder = {0};
    evtx_build_event(&builder, &(struct evtx_build_event){.provider = "p",
                                                          .channel = "Security",
                                                          .computer = "pc",
                                                          .event_id = 4688,
                                                          .record = 9,
                                                          .time_us = 1500000,
                                                          .fields = fields,
                                                          .n_fields = 2});
    struct collection evtx =
        collect(&format_evtx, evtx_build_finish(&builder), &(struct parse_options){0}, SIZE_MAX);
    assert_events(STR("<Event><System><Provider Name='p'/><EventID>4688</EventID><Level>0</Level>"
                      "<TimeCreated SystemTime='1970-01-01T00:00:01.500000000Z'/>"
                      "<EventRecordID>9</EventRecordID><Channel>Security</Channel>"
                      "<Computer>pc</Computer></System><EventData><Data Name='Image'>C:\\a.exe"
                      "</Data><Data Name='Empty'></Data></EventData></Event>"),
                  evtx.events.ptr);
    collection_free(&evtx);
    evtx_build_free(&builder);
}

static void pretty_printed_events_are_the_same(void **state)
{
    (void)state;
    assert_events(STR("<Event>\r\n  <System>\r\n    <EventID Qualifiers=\"16384\">\n7036</EventID>"
                      "\r\n  </System>\r\n  <EventData>\r\n    <Data Name = \"a\">  x </Data>\r\n"
                      "  </EventData>\r\n</Event>\r\n"),
                  "{\"EventID_Qualifiers\":16384,\"EventID\":\"\\n7036\",\"a\":\"  x \"}\n");
}

static void lists_user_data_and_rendered_texts_have_their_places(void **state)
{
    (void)state;
    assert_events(
        STR("<Event><System><Level>4</Level></System><UserData><LogFileCleared xmlns:x='u' k='v'>"
            "<User>a</User><Chain ref='r'><Link>1</Link><Link>2</Link></Chain><None/>"
            "</LogFileCleared></UserData><RenderingInfo Culture='en-US'><Message>m</Message>"
            "<Level>Information</Level></RenderingInfo></Event>"),
        "{\"Level\":4,\"LogFileCleared_k\":\"v\",\"User\":\"a\",\"Chain_ref\":\"r\","
        "\"Chain.Link\":[\"1\",\"2\"],\"None\":null,\"RenderingInfo_Culture\":\"en-US\","
        "\"Message\":\"m\",\"RenderingInfo.Level\":\"Information\"}\n");
    assert_events(STR("<Event><System></System><EventData><Data>a</Data><Data></Data>"
                      "<Binary>00FF</Binary></EventData></Event>"),
                  "{\"Data\":[\"a\",\"\"],\"Binary\":\"00FF\"}\n");
}

static void cdata_and_comments_are_understood(void **state)
{
    (void)state;
    assert_events(STR("<!-- c --><Event><System/><EventData><Data Name='a'>1<![CDATA[<&2>]]><!-- "
                      "no -->3<?pi?></Data></EventData></Event>"),
                  "{\"a\":\"1<&2>3\"}\n");
}

static void what_windows_renders_its_own_way_looks_as_in_evtx(void **state)
{
    (void)state;
    assert_events(
        STR("<Event><System><Provider Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/></System>"
            "<EventData><Data Name='t'>2020-01-02T03:04:05.123456789Z</Data>"
            "<Data Name='u'>2020-01-02T03:04:05.12Z</Data>"
            "<Data Name='v'>{0CCE9217-69AE-11D9-BED3-505054503030} x</Data></EventData></Event>"),
        "{\"Provider_Guid\":\"{54849625-5478-4994-a5ba-3e3b0328c30d}\","
        "\"t\":\"2020-01-02T03:04:05.123456Z\",\"u\":\"2020-01-02T03:04:05.12Z\","
        "\"v\":\"{0CCE9217-69AE-11D9-BED3-505054503030} x\"}\n");
}

/* Three events within <Events>, one a line. */
static struct buf three_events(void)
{
    struct buf stream = {0};
    buf_add_c(&stream, "<Events>");
    for (int i = 0; i < 3; i++)
        buf_printf(&stream, "\n%s", sysmon);
    buf_add_c(&stream, "</Events>\n");
    return stream;
}

static struct buf as_utf16(struct str text, bool big_endian, bool mark)
{
    struct buf utf16 = {0};
    if (mark)
        buf_add(&utf16, big_endian ? "\xFE\xFF" : "\xFF\xFE", 2);
    while (text.len) {
        uint32_t code_point;
        text = str_skip(text, utf8_decode(text, &code_point));
        uint32_t units[2] = {code_point, 0};
        if (code_point > 0xFFFF) {
            units[0] = 0xD800 + ((code_point - 0x10000) >> 10);
            units[1] = 0xDC00 + ((code_point - 0x10000) & 0x3FF);
        }
        for (int i = 0; i < 2 && units[i]; i++) {
            buf_add_byte(&utf16, (char)(big_endian ? units[i] >> 8 : units[i]));
            buf_add_byte(&utf16, (char)(big_endian ? units[i] : units[i] >> 8));
        }
    }
    return utf16;
}

static void every_encoding_and_every_step_gives_the_same_events(void **state)
{
    (void)state;
    static const size_t steps[] = {SIZE_MAX, 1, 7, 1000};
    struct buf text = three_events();
    struct collection whole = parse(buf_str(&text));
    assert_int_equal(whole.count, 3);
    uint64_t offset = whole.last_offset;
    struct buf streams[] = {
        {0},
        as_utf16(buf_str(&text), false, true),
        as_utf16(buf_str(&text), true, true),
        as_utf16(buf_str(&text), false, false),
        as_utf16(buf_str(&text), true, false),
    };
    buf_add(&streams[0], "\xEF\xBB\xBF", 3);
    buf_add_str(&streams[0], buf_str(&text));
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        assert_int_equal(format_xml.probe(buf_str(&streams[i])), 100);
        for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
            struct collection got =
                collect(&format_xml, buf_str(&streams[i]), &(struct parse_options){0}, steps[k]);
            assert_string_equal(got.errors.ptr, "");
            assert_string_equal(got.events.ptr, whole.events.ptr);
            if (i == 0)
                assert_int_equal(got.last_offset, offset + 3);
            if (i == 1)
                assert_memory_equal(streams[i].ptr + got.last_offset, "<\0E\0v\0", 6);
            collection_free(&got);
        }
        buf_free(&streams[i]);
    }
    collection_free(&whole);
    buf_free(&text);
}

/* One event that is refused for that reason, between two that are read. */
static void assert_refused(const char *event, const char *why)
{
    struct buf stream = {0};
    buf_printf(&stream, "%s\n%s\n%s\n", sysmon, event, sysmon);
    struct collection got = parse(buf_str(&stream));
    assert_int_equal(got.count, 2);
    assert_true(got.n_errors >= 1);
    char expected[200];
    snprintf(expected, sizeof(expected), "%zu 0: %s\n", sizeof(sysmon), why);
    assert_true(str_starts(buf_str(&got.errors), str_from_c(expected)));
    collection_free(&got);
    buf_free(&stream);
}

static void what_is_not_well_formed_is_reported_and_the_rest_is_read(void **state)
{
    (void)state;
    assert_refused("<Event><System></EventData></Event>", "an end tag of another element");
    assert_refused("<Event><System>&nbsp;</System></Event>",
                   "an entity that XML does not define, or an & by itself");
    assert_refused("<Event><System>&#xD800000000;</System></Event>",
                   "an entity that XML does not define, or an & by itself");
    assert_refused("<Event><System><a b></a></System></Event>", "an attribute without a value");
    assert_refused("<Event><System><a b=c/></System></Event>",
                   "an attribute's value without quotes");
    assert_refused("<Event><!DOCTYPE x></Event>", "a declaration within an event");
    assert_refused("<Event><a/></Event>", "no event of Windows: it has no System element");
    assert_refused("<Event/>", "no event of Windows: it has no System element");
    assert_refused("<rss><item/></rss>",
                   "an <Event> was expected: only events of Windows are read from XML");
    assert_refused("<!DOCTYPE Event [<!ENTITY a 'b'>]>",
                   "an <Event> was expected: only events of Windows are read from XML");
}

static void limits_are_reported(void **state)
{
    (void)state;
    struct buf deep = {0}, wide = {0};
    buf_add_c(&deep, "<Event><System>");
    for (int i = 0; i < 10000; i++)
        buf_add_c(&deep, "<a>");
    buf_add_byte(&deep, 0);
    assert_refused(deep.ptr, "elements nested too deep");
    buf_add_c(&wide, "<Event><System><a");
    for (int i = 0; i < 100; i++)
        buf_printf(&wide, " a%d=''", i);
    buf_add_c(&wide, "/></System></Event>");
    buf_add_byte(&wide, 0);
    assert_refused(wide.ptr, "an element has too many attributes");
    buf_free(&deep);
    buf_free(&wide);
}

static void an_event_cut_off_is_reported(void **state)
{
    (void)state;
    for (size_t len = 1; len < sizeof(sysmon) - 1; len++) {
        struct collection got = parse(str_of(sysmon, len));
        assert_int_equal(got.count, 0);
        assert_int_equal(got.n_errors, 1);
        collection_free(&got);
    }
}

static void evtx_dumps_titles_are_passed_over(void **state)
{
    (void)state;
    const struct str text = STR("Record 1\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                                "<Event><System><EventID>1</EventID></System></Event>\n"
                                "Record 2\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                                "<Event><System><EventID>2</EventID></System></Event>\n");
    assert_int_equal(format_xml.probe(text), 100);
    assert_collected(&format_xml, text, "{\"EventID\":1}\n{\"EventID\":2}\n", "");
}

static void other_xml_is_recognised_and_refused(void **state)
{
    (void)state;
    struct str other = STR("<?xml version='1.0'?><nmaprun><host/></nmaprun>");
    assert_true(format_xml.probe(other) > 0);
    assert_int_equal(format_xml.probe(STR("<html>")), 0);
    assert_int_equal(format_xml.probe(STR("{\"a\":1}")), 0);
    assert_int_equal(format_xml.probe(STR("")), 0);
    assert_int_equal(format_xml.probe(STR("<Event xmlns='x'>")), 100);
    struct collection got = parse(other);
    assert_int_equal(got.count, 0);
    assert_int_equal(got.n_errors, 1);
    collection_free(&got);
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    assert_events(
        STR("<Event><System/><EventData><Data Name='a'>x\xFFy</Data></EventData></Event>"),
        "{\"a\":\"x\xEF\xBF\xBDy\"}\n");
}

static void an_event_within_a_message_is_added(void **state)
{
    (void)state;
    struct fields fields;
    assert_int_equal(fields_init(&fields), 0);
    struct parser *parser = parser_new(&fields, &(struct parse_options){0});
    struct buf json = {0};
    parser_begin(parser, 1, 0, STR(""));
    assert_int_equal(xml_add_event(parser, STR(" <Event><System><EventID>5</EventID></System>"
                                               "</Event>\n")),
                     0);
    event_write_json(&parser->event, &json);
    assert_str(buf_str(&json), "{\"EventID\":5}");
    static const char *const none[] = {"", "<", "</Event>", "<Events>", "<Event", "<Event>", "x"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        parser_begin(parser, 1, 0, STR(""));
        assert_int_equal(xml_add_event(parser, str_from_c(none[i])), -EINVAL);
    }
    buf_free(&json);
    parser_free(parser);
    fields_free(&fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_has_the_names_that_rules_use),
        cmocka_unit_test(time_record_and_offset_are_set),
        cmocka_unit_test(xml_and_evtx_give_the_same_event),
        cmocka_unit_test(pretty_printed_events_are_the_same),
        cmocka_unit_test(lists_user_data_and_rendered_texts_have_their_places),
        cmocka_unit_test(cdata_and_comments_are_understood),
        cmocka_unit_test(what_windows_renders_its_own_way_looks_as_in_evtx),
        cmocka_unit_test(every_encoding_and_every_step_gives_the_same_events),
        cmocka_unit_test(what_is_not_well_formed_is_reported_and_the_rest_is_read),
        cmocka_unit_test(limits_are_reported),
        cmocka_unit_test(an_event_cut_off_is_reported),
        cmocka_unit_test(evtx_dumps_titles_are_passed_over),
        cmocka_unit_test(other_xml_is_recognised_and_refused),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(an_event_within_a_message_is_added),
    };
    return cmocka_run_group_tests_name("parse/xml", tests, NULL, NULL);
}
