/* STIX: a pattern gives the facts of which any one is enough, and nothing that would need more than one. */
#include "intel/feed_test.h"

#include "intel/stix_pattern.h"

struct sample {
    const char *pattern;
    const char *facts;         /* "type value\n" each; NULL: does not parse */
    enum feed_refusal refusal; /* of the alternatives that are no facts */
    uint32_t refused;
};

static void check(const struct sample *sample)
{
    struct stix_pattern pattern = {0};
    struct arena arena;
    struct err err;
    struct buf text = {0};
    arena_init(&arena, 1 << 20);
    int status = stix_pattern_read(str_from_c(sample->pattern), &arena, &pattern, &err);
    if ((status < 0) != (sample->facts == NULL))
        fail_msg("%s: %s", sample->pattern, status < 0 ? err.message : "is read");
    if (status == 0) {
        for (size_t i = 0; i < pattern.facts.len; i++)
            buf_printf(&text, "%s %.*s\n", indicator_type_names[pattern.facts.items[i].type],
                       STR_ARG(pattern.facts.items[i].value));
        buf_add_byte(&text, '\0');
        if (strcmp(text.ptr, sample->facts) != 0)
            fail_msg("%s\ngives %s", sample->pattern, text.ptr);
        if (pattern.refused[sample->refusal] != sample->refused)
            fail_msg("%s: %u refused", sample->pattern, pattern.refused[sample->refusal]);
    }
    buf_free(&text);
    stix_pattern_free(&pattern);
    arena_free(&arena);
}

static void alternatives_are_facts(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"[ipv4-addr:value = '192.0.2.1']", "ipv4 192.0.2.1\n", 0, 0},
        {"[ipv4-addr:value='192.0.2.0/24' OR ipv6-addr:value ISSUBSET '2001:db8::/32']",
         "ipv4 192.0.2.0/24\nipv6 2001:db8::/32\n", 0, 0},
        {"[domain-name:value = 'a.example'] OR [url:value = 'http://a.example/it\\'s']",
         "domain a.example\nurl http://a.example/it's\n", 0, 0},
        {"[file:hashes.'SHA-256' = 'aa' OR file:hashes.MD5 = 'bb' OR file:hashes.\"SHA-1\" = 'cc']",
         "sha256 aa\nmd5 bb\nsha1 cc\n", 0, 0},
        {"([email-message:from_ref.value = 'a@b.example'])", "email a@b.example\n", 0, 0},
        {"[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]", "ipv4 192.0.2.1\nipv4 192.0.2.2\n", 0,
         0},
        {"[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Evil/1']",
         "user-agent Evil/1\n", 0, 0},
        {"[ipv4-addr:value = '192.0.2.1'] WITHIN 300 SECONDS", "ipv4 192.0.2.1\n", 0, 0},
        {"[(((domain-name:value = 'a.example')))]", "domain a.example\n", 0, 0},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        check(&samples[i]);
}

static void what_needs_several_facts_is_left_out(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"[file:name = 'a.exe' AND file:size = 5]", "", FEED_NO_TYPE, 1},
        {"[file:name = 'a.exe' AND domain-name:value = 'a.example']", "", FEED_CONJUNCTION, 1},
        {"[ipv4-addr:value = '192.0.2.1'] AND [domain-name:value = 'a.example']", "",
         FEED_CONJUNCTION, 1},
        {"[ipv4-addr:value = '192.0.2.1'] FOLLOWEDBY [url:value = 'http://a.example/']", "",
         FEED_CONJUNCTION, 1},
        /* The alternative beside it is still good; AND binds before OR. */
        {"[url:value = 'http://a.example/' OR file:name = 'a' AND domain-name:value = 'b.example']",
         "url http://a.example/\n", FEED_CONJUNCTION, 1},
        {"[(url:value = 'http://a.example/' OR file:name = 'a') AND domain-name:value = "
         "'b.example']",
         "", FEED_CONJUNCTION, 1},
        {"[ipv4-addr:value = '192.0.2.1' AND NOT_A:path = 1] OR [domain-name:value = 'a.example']",
         "domain a.example\n", FEED_NO_TYPE, 1},
        {"[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 443]", "",
         FEED_NO_TYPE, 1},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        check(&samples[i]);
}

static void what_is_one_fact_after_all_is_taken(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
         "'192.0.2.1']",
         "ipv4 192.0.2.1\n", 0, 0},
        {"[network-traffic:dst_ref.value = 'a.example' AND network-traffic:dst_ref.type = "
         "'domain-name']",
         "domain a.example\n", 0, 0},
        {"[file:hashes.MD5 = 'aa' AND file:hashes.'SHA-256' = 'bb' AND file:hashes.'SHA-1' = 'cc']",
         "sha256 bb\n", 0, 0},
        {"[file:name = 'a.exe' AND file:parent_directory_ref.path = 'C:\\\\Temp']",
         "file-path C:\\Temp\\a.exe\n", 0, 0},
        {"[file:parent_directory_ref.path = '/tmp/' AND file:name = 'x']", "file-path /tmp/x\n", 0,
         0},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        check(&samples[i]);
}

static void other_comparisons_are_left_out(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"[ipv4-addr:value != '192.0.2.1']", "", FEED_OPERATOR, 1},
        {"[ipv4-addr:value NOT = '192.0.2.1']", "", FEED_OPERATOR, 1},
        {"[domain-name:value LIKE '%.example']", "", FEED_OPERATOR, 1},
        {"[url:value MATCHES '^http']", "", FEED_OPERATOR, 1},
        {"[EXISTS file:name]", "", FEED_OPERATOR, 1},
        {"[file:size > 5]", "", FEED_OPERATOR, 1},
        {"[windows-registry-key:key = 'HKLM']", "", FEED_NO_TYPE, 1},
        {"[ipv4-addr:value = '192.0.2.1'] REPEATS 5 TIMES", "", FEED_QUALIFIER, 1},
        {"[ipv4-addr:value = '192.0.2.1'] START t'2026-01-01T00:00:00Z' STOP "
         "t'2026-02-01T00:00:00Z'",
         "", FEED_QUALIFIER, 1},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        check(&samples[i]);
}

static void what_is_no_pattern_is_refused(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "",
        "[",
        "[]",
        "ipv4-addr:value = '192.0.2.1'",
        "[ipv4-addr:value = '192.0.2.1'",
        "[ipv4-addr:value = '192.0.2.1]",
        "[ipv4-addr:value '192.0.2.1']",
        "[ipv4-addr:value = ]",
        "[ipv4-addr = 'x']",
        "[a:b = 'x' OR ]",
        "[a:b = 'x'] trailing",
        "[a:b = 'x'] REPEATS 5",
        "[a:b IN ('x'",
        "[a:b['x = 'y']",
        "[a:b[ = 'y'",
    };
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        check(&(struct sample){patterns[i], NULL, 0, 0});
    char deep[STIX_DEPTH_MAX * 2 + 64];
    memset(deep, '(', sizeof(deep));
    deep[sizeof(deep) - 1] = '\0';
    check(&(struct sample){deep, NULL, 0, 0});
}

static void a_bundle_gives_its_indicators(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(
        &notes, "stix",
        "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":["
        "{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"marking-definition--"
        "own\","
        "\"extensions\":{\"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d\":"
        "{\"extension_type\":\"property-extension\",\"tlp_2_0\":\"amber+strict\"}}},"
        "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"name\":\"Loader "
        "C2\",\"pattern_type\":\"stix\","
        "\"pattern\":\"[ipv4-addr:value = '192.0.2.1'] OR [domain-name:value = 'Evil.example']\","
        "\"valid_from\":\"2026-11-01T00:00:00Z\",\"valid_until\":\"2026-12-01T00:00:00Z\","
        "\"confidence\":85,\"object_marking_refs\":"
        "[\"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da\",\"marking-definition--own\"]"
        "},"
        "{\"type\":\"indicator\",\"id\":\"indicator--2\",\"pattern\":\"[url:value = "
        "'http://x.example/']\","
        "\"indicator_types\":[\"malicious-activity\"],\"object_marking_refs\":"
        "[\"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1\"]},"
        "{\"type\":\"indicator\",\"id\":\"indicator--3\",\"revoked\":true,"
        "\"pattern\":\"[ipv4-addr:value = '192.0.2.9']\"},"
        "{\"type\":\"indicator\",\"id\":\"indicator--4\",\"pattern_type\":\"yara\",\"pattern\":"
        "\"rule x\"},"
        "{\"type\":\"indicator\",\"id\":\"indicator--5\",\"pattern_type\":\"stix\",\"pattern\":\"["
        "x\"},"
        "{\"type\":\"ipv4-addr\",\"id\":\"ipv4-addr--1\",\"value\":\"198.51.100.1\"},"
        "{\"type\":\"malware\",\"id\":\"malware--1\",\"name\":\"Loader\"}]}",
        NULL);
    assert_int_equal(notes.status, 0);
    assert_notes(&notes,
                 "ipv4 192.0.2.1 conf=85 tlp=amber+strict label=Loader C2 id=indicator--1"
                 " from=2026-11-01T00:00:00Z until=2026-12-01T00:00:00Z\n"
                 "domain evil.example conf=85 tlp=amber+strict label=Loader C2 id=indicator--1"
                 " from=2026-11-01T00:00:00Z until=2026-12-01T00:00:00Z\n"
                 "url http://x.example/ tlp=red label=malicious-activity id=indicator--2\n");
    assert_int_equal(notes.report.taken, 3);
    assert_int_equal(notes.report.refused[FEED_REVOKED], 1);
    assert_int_equal(notes.report.refused[FEED_LANGUAGE], 1);
    assert_int_equal(notes.report.refused[FEED_PATTERN], 1);
    assert_int_equal(notes.report.refused[FEED_CONTEXT], 1);
    feed_notes_free(&notes);
}

static void observables_alone_are_indicators(void **state)
{
    (void)state;
    struct feed_notes notes;
    feed_read_text(&notes, "stix",
                   "{\"objects\":[{\"type\":\"domain-name\",\"spec_version\":\"2.1\",\"id\":\"d\","
                   "\"value\":\"evil.example\"},"
                   "{\"type\":\"file\",\"id\":\"f\",\"name\":\"a.exe\",\"hashes\":"
                   "{\"MD5\":\"d41d8cd98f00b204e9800998ecf8427e\",\"SSDEEP\":\"3:x\"}},"
                   "{\"type\":\"file\",\"id\":\"g\",\"name\":\"b.exe\"}]}",
                   NULL);
    assert_notes(&notes, "domain evil.example id=d\n"
                         "md5 d41d8cd98f00b204e9800998ecf8427e label=a.exe id=f\n"
                         "file-name b.exe label=b.exe id=g\n");
    feed_notes_free(&notes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alternatives_are_facts),
        cmocka_unit_test(what_needs_several_facts_is_left_out),
        cmocka_unit_test(what_is_one_fact_after_all_is_taken),
        cmocka_unit_test(other_comparisons_are_left_out),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(a_bundle_gives_its_indicators),
        cmocka_unit_test(observables_alone_are_indicators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
