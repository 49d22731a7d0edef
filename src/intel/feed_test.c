/* Lists, CSV, MISP and warning lists: what they hold is taken, what cannot be used is counted. */
#include "intel/feed_test.h"

#include "intel/csv.h"

static void a_list_has_a_value_a_line(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "list",
                   "# a list\n; of things\n\n192[.]0[.]2[.]1\r\n"
                   "198.51.100.0/24 ; SBL1\n"
                   "hxxp://evil[.]example/x # why\n"
                   "0.0.0.0 ads.example\n"
                   "127.0.0.1\tmore.example # hosts file\n"
                   "||blocked.example^\n"
                   "evil name.exe\n"
                   "not anything at all\n"
                   "D41D8CD98F00B204E9800998ECF8427E\n"
                   "2001:DB8::1",
                   NULL);
    assert_int_equal(notes.status, 0);
    assert_notes(&notes, "ipv4 192.0.2.1\n"
                         "cidr4 198.51.100.0/24\n"
                         "url http://evil.example/x\n"
                         "domain ads.example\n"
                         "domain more.example\n"
                         "domain blocked.example\n"
                         "file-name evil name.exe\n"
                         "md5 d41d8cd98f00b204e9800998ecf8427e\n"
                         "ipv6 2001:db8::1\n");
    assert_int_equal(notes.report.taken, 9);
    assert_int_equal(notes.report.refused[FEED_NO_VALUE], 1);
    assert_int_equal(notes.report.examples[FEED_NO_VALUE].line, 11);
    feed_notes_free(&notes);
}

static void options_say_what_a_list_does_not(void **state)
{
    (void)state;
    struct feed_notes notes;
    struct feed_options options = FEED_OPTIONS;
    options.type = INDICATOR_HOST;
    options.confidence = 70;
    options.tlp = TLP_AMBER;
    options.until = 0;
    feed_read_text(&notes, "list", "evil.example\n192.0.2.1\n", &options);
    assert_notes(&notes, "host evil.example conf=70 tlp=amber until=1970-01-01T00:00:00Z\n");
    assert_int_equal(notes.report.refused[FEED_NO_VALUE], 1);
    feed_notes_free(&notes);
}

static void a_list_can_be_an_allow_list(void **state)
{
    (void)state;
    struct feed_notes notes;
    struct feed_options options = FEED_OPTIONS;
    options.allow = true;
    feed_read_text(&notes, "list", "good.example\n10.0.0.0/8\n192.0.2.1\n", &options);
    assert_notes(&notes, "allow hostname domain host url : good.example\n"
                         "allow cidr cidr4 : 10.0.0.0/8\n"
                         "allow exact ipv4 : 192.0.2.1\n");
    assert_int_equal(notes.report.allowed, 3);
    feed_notes_free(&notes);
}

static void a_csv_is_read_by_the_names_of_its_columns(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "csv",
                   "Type,Value,Confidence,TLP,valid_until,Label,extra\n"
                   "domain,evil.example,80,TLP:AMBER,2026-12-01,\"a \"\"bad\"\"\nname\",x\n"
                   "\"ip-dst|port\",\"192.0.2.1|443\",,,,,\n"
                   "FileHash-MD5,d41d8cd98f00b204e9800998ecf8427e,101,,,,\n"
                   "mutex,Global\\x,,,,,\n"
                   "md5,d41d8,,,,,\n",
                   NULL);
    assert_int_equal(notes.status, 0);
    assert_notes(&notes, "domain evil.example conf=80 tlp=amber label=a \"bad\"\nname"
                         " until=2026-12-01T00:00:00Z\n"
                         "ipv4 192.0.2.1\n"
                         "md5 d41d8cd98f00b204e9800998ecf8427e\n");
    assert_int_equal(notes.report.refused[FEED_NO_TYPE], 1);
    assert_int_equal(notes.report.refused[FEED_NO_VALUE], 1);
    assert_int_equal(notes.report.examples[FEED_NO_VALUE].line, 7);
    feed_notes_free(&notes);
}

static void a_header_may_be_a_comment(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "csv",
                   "# A feed, for all\n# see example.com\n"
                   "# first_seen, ioc_id, ioc_value, ioc_type, malware\n"
                   "\"2026-11-01 00:00:00\", \"7\", \"192.0.2.1:4444\", \"ip:port\", \"Loader\"\n"
                   "\"2026-11-01 00:00:00\", \"8\", \"unterminated, \"url\"\n"
                   "\"2026-11-01 00:00:00\", \"9\", \"http://evil.example/\", \"url\", \"None\"\n",
                   NULL);
    assert_notes(&notes, "ipv4 192.0.2.1 label=Loader id=7 from=2026-11-01T00:00:00Z\n"
                         "url http://evil.example/ label=None id=9 from=2026-11-01T00:00:00Z\n");
    assert_int_equal(notes.report.refused[FEED_NO_VALUE], 1);
    feed_notes_free(&notes);
}

static void columns_may_be_called_like_types(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "csv",
                   "name,md5,sha256\n"
                   "Loader,d41d8cd98f00b204e9800998ecf8427e,"
                   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
                   NULL);
    assert_notes(&notes, "md5 d41d8cd98f00b204e9800998ecf8427e label=Loader\n"
                         "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
                         " label=Loader\n");
    feed_notes_free(&notes);
}

static void columns_can_be_named_from_outside(void **state)
{
    (void)state;
    struct feed_sink none = {0};
    struct feed_options options = FEED_OPTIONS;
    struct feed_report report = {0};
    struct err err;
    (void)none;
    options.columns = STR("-,-");
    assert_int_equal(feed_csv.read(STR("a,b\n"), &options, &none, &report, &err), -EINVAL);
    assert_non_null(strstr(err.message, "column"));
}

/* What the reader takes and the writer keeps are the same. */
static void a_feed_that_is_kept_reads_the_same(void **state)
{
    (void)state;
    struct feed_notes notes;
    struct buf kept = {0};
    struct indicator indicator = {
        .type = INDICATOR_URL,
        .value = STR("http://evil.example/a,\"b\""),
        .source = STR("a, b"),
        .id = STR("indicator--1"),
        .label = STR("two\nlines"),
        .confidence = 0,
        .tlp = TLP_AMBER_STRICT,
        .from = 1,
        .until = INT64_C(1800000000) * TIME_SECOND_US,
    };
    struct intel_allow allow = {ALLOW_REGEX, 1u << INDICATOR_URL | 1u << INDICATOR_DOMAIN,
                                STR("^a,b$")};
    buf_add_c(&kept, feed_csv_header);
    feed_csv_add_indicator(&kept, &indicator);
    feed_csv_add_allow(&kept, &allow);
    buf_add_byte(&kept, '\0');
    feed_read_text(&notes, "csv", kept.ptr, NULL);
    assert_notes(&notes, "url http://evil.example/a,\"b\" conf=0 tlp=amber+strict label=two\nlines"
                         " id=indicator--1 source=a, b from=1970-01-01T00:00:00.000001Z"
                         " until=2027-01-15T08:00:00Z\n"
                         "allow regex domain url : ^a,b$\n");
    buf_free(&kept);
    feed_notes_free(&notes);
}

static const char MISP_EVENT[] =
    "{\"Event\":{\"uuid\":\"e-1\",\"info\":\"A campaign\",\"date\":\"2026-11-01\","
    "\"Tag\":[{\"name\":\"tlp:green\"}],"
    "\"Attribute\":["
    "{\"type\":\"ip-dst\",\"value\":\"192.0.2.1\",\"to_ids\":true,\"comment\":\"C2\","
    "\"Tag\":[{\"name\":\"tlp:red\"},"
    "{\"name\":\"misp:confidence-level=\\\"usually-confident\\\"\"}]},"
    "{\"type\":\"ip-dst|port\",\"value\":\"192.0.2.2|443\",\"to_ids\":true},"
    "{\"type\":\"domain|ip\",\"value\":\"evil.example|192.0.2.3\",\"to_ids\":true},"
    "{\"type\":\"filename|md5\",\"value\":\"a.exe|d41d8cd98f00b204e9800998ecf8427e\","
    "\"to_ids\":true},"
    "{\"type\":\"hostname\",\"value\":\"www.evil.example\",\"to_ids\":true,"
    "\"first_seen\":\"2026-11-01T00:00:00Z\",\"timestamp\":\"1793500000\"},"
    "{\"type\":\"url\",\"value\":\"http://good.example/\",\"to_ids\":false},"
    "{\"type\":\"url\",\"value\":\"http://gone.example/\",\"to_ids\":true,\"deleted\":true},"
    "{\"type\":\"mutex\",\"value\":\"x\",\"to_ids\":true}],"
    "\"Object\":[{\"name\":\"file\",\"Attribute\":["
    "{\"type\":\"sha1\",\"value\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\","
    "\"to_ids\":true}]}]}}";

static void a_misp_event_gives_its_attributes(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "misp", MISP_EVENT, NULL);
    assert_int_equal(notes.status, 0);
    assert_notes(
        &notes,
        "ipv4 192.0.2.1 conf=75 tlp=red label=C2 id=e-1\n"
        "ipv4 192.0.2.2 tlp=green label=A campaign id=e-1\n"
        "domain evil.example tlp=green label=A campaign id=e-1\n"
        "ipv4 192.0.2.3 tlp=green label=A campaign id=e-1\n"
        "md5 d41d8cd98f00b204e9800998ecf8427e tlp=green label=A campaign id=e-1\n"
        "host www.evil.example tlp=green label=A campaign id=e-1 from=2026-11-01T00:00:00Z\n"
        "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709 tlp=green label=A campaign id=e-1\n");
    assert_int_equal(notes.report.refused[FEED_NOT_TO_DETECT], 1);
    assert_int_equal(notes.report.refused[FEED_REVOKED], 1);
    assert_int_equal(notes.report.refused[FEED_NO_TYPE], 1);
    feed_notes_free(&notes);
}

static void a_lifetime_counts_from_when_it_was_last_seen(void **state)
{
    (void)state;
    struct feed_notes notes;
    struct feed_options options = FEED_OPTIONS;
    options.lifetime = 10 * TIME_DAY_US;
    feed_read_text(&notes, "misp",
                   "{\"response\":[{\"Event\":{\"uuid\":\"e\",\"Attribute\":[{\"type\":\"domain\","
                   "\"value\":\"evil.example\",\"to_ids\":true,\"timestamp\":\"86400\","
                   "\"last_seen\":\"1970-01-03T00:00:00Z\"}]}}]}",
                   &options);
    assert_notes(&notes, "domain evil.example id=e until=1970-01-13T00:00:00Z\n");
    feed_notes_free(&notes);
}

static void a_manifest_holds_no_indicators(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "misp-manifest",
                   "{\"e-1\":{\"Orgc\":{\"name\":\"x\"},\"info\":\"A campaign\","
                   "\"threat_level_id\":\"1\",\"timestamp\":\"1\"}}",
                   NULL);
    assert_int_equal(notes.status, 0);
    assert_notes(&notes, "");
    feed_notes_free(&notes);
}

static void a_warning_list_allows(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "warninglist",
                   "{\"name\":\"resolvers\",\"type\":\"cidr\",\"version\":1,"
                   "\"matching_attributes\":[\"ip-src\",\"domain|ip\"],"
                   "\"list\":[\"192.0.2.0/24\",\" 2001:db8::1 \"]}",
                   NULL);
    assert_notes(&notes, "allow cidr ipv4 ipv6 cidr4 cidr6 domain host : 192.0.2.0/24\n"
                         "allow cidr ipv4 ipv6 cidr4 cidr6 domain host : 2001:db8::1\n");
    feed_notes_free(&notes);
    feed_read_text(&notes, "warninglist",
                   "{\"list\":[\"good.example\"],\"matching_attributes\":[\"hostname\",\"url\"],"
                   "\"type\":\"hostname\"}",
                   NULL);
    assert_notes(&notes, "allow hostname domain host url : good.example\n");
    feed_notes_free(&notes);
}

static void what_does_not_parse_says_where(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "misp", "{\"Event\":{\n\"Attribute\":[}", NULL);
    assert_int_equal(notes.status, -EINVAL);
    assert_int_equal(notes.err.line, 2);
    assert_true(notes.err.message[0] != '\0');
    feed_notes_free(&notes);
}

static void cells_are_separated_by_what_makes_the_most_of_the_header(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "csv", "ip;comment\n192.0.2.1;a, b\n192.0.2.2;\"c;d\"\n", NULL);
    assert_notes(&notes, "ipv4 192.0.2.1 label=a, b\nipv4 192.0.2.2 label=c;d\n");
    feed_notes_free(&notes);
    feed_read_text(&notes, "csv", "#ip\tconfidence\tcomment\n192.0.2.1\t\ta;b\n", NULL);
    assert_notes(&notes, "ipv4 192.0.2.1 label=a;b\n");
    feed_notes_free(&notes);
    assert_string_equal(feed_recognise(STR("; ip; domain\n192.0.2.1\n"))->name, "list");
    assert_string_equal(feed_recognise(STR("127.0.0.1\tdomain\n"))->name, "list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_has_a_value_a_line),
        cmocka_unit_test(options_say_what_a_list_does_not),
        cmocka_unit_test(a_list_can_be_an_allow_list),
        cmocka_unit_test(a_csv_is_read_by_the_names_of_its_columns),
        cmocka_unit_test(a_header_may_be_a_comment),
        cmocka_unit_test(columns_may_be_called_like_types),
        cmocka_unit_test(columns_can_be_named_from_outside),
        cmocka_unit_test(a_feed_that_is_kept_reads_the_same),
        cmocka_unit_test(a_misp_event_gives_its_attributes),
        cmocka_unit_test(a_lifetime_counts_from_when_it_was_last_seen),
        cmocka_unit_test(a_manifest_holds_no_indicators),
        cmocka_unit_test(a_warning_list_allows),
        cmocka_unit_test(what_does_not_parse_says_where),
        cmocka_unit_test(cells_are_separated_by_what_makes_the_most_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
