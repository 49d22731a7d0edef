/* What is built is found, merged, allowed and expired as it should be; a damaged file does no harm. */
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "intel/builder.h"
#include "intel/image.h"

#define DAY TIME_DAY_US
#define NOW (INT64_C(20000) * DAY)

static struct indicator make(enum indicator_type type, const char *value, const char *source)
{
    return (struct indicator){.type = type,
                              .value = str_from_c(value),
                              .source = str_from_c(source),
                              .confidence = 50,
                              .tlp = TLP_GREEN,
                              .from = TIME_UNSET,
                              .until = TIME_UNSET};
}

static void add(struct intel_builder *builder, enum indicator_type type, const char *value)
{
    struct indicator indicator = make(type, value, "feed");
    assert_int_equal(intel_builder_add(builder, &indicator), 0);
}

static void allow(struct intel_builder *builder, enum allow_kind kind, uint32_t types,
                  const char *value)
{
    struct err err;
    struct intel_allow item = {kind, types, str_from_c(value)};
    if (intel_builder_allow(builder, &item, &err) < 0)
        fail_msg("%s: %s", value, err.message);
}

/* Finishes the builder. The file lives in *file. */
static struct intel *build(struct intel_builder *builder, struct buf *file)
{
    struct err err;
    assert_int_equal(intel_builder_finish(builder, file), 0);
    struct intel *intel = intel_open(buf_str(file), &err);
    if (!intel)
        fail_msg("%s", err.message);
    assert_int_equal(intel_verify(intel, &err), 0);
    return intel;
}

static void end(struct intel_builder *builder, struct intel *intel, struct buf *file)
{
    intel_close(intel);
    buf_free(file);
    intel_builder_free(builder);
}

static bool finds(const struct intel *intel, enum indicator_type type, const char *value)
{
    struct indicator indicator;
    return intel_find(intel, type, str_from_c(value), NOW, &indicator);
}

static size_t looks_up(const struct intel *intel, const char *text)
{
    struct arena arena;
    struct indicator indicators[16];
    arena_init(&arena, 1 << 20);
    size_t n = intel_look_up(intel, str_from_c(text), &arena, indicators, 16);
    arena_free(&arena);
    return n;
}

static const struct {
    enum indicator_type type;
    const char *value, *absent;
} SAMPLES[] = {
    {INDICATOR_IPV4, "192.0.2.1", "192.0.2.2"},
    {INDICATOR_IPV6, "2001:db8::1", "2001:db8::2"},
    {INDICATOR_CIDR4, "198.51.100.0/24", "198.51.100.0/25"},
    {INDICATOR_CIDR6, "2001:db8:1::/48", "2001:db8:2::/48"},
    {INDICATOR_DOMAIN, "evil.example", "example"},
    {INDICATOR_HOST, "www.bad.example", "bad.example"},
    {INDICATOR_URL, "http://evil.example/x", "http://evil.example/y"},
    {INDICATOR_MD5, "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427f"},
    {INDICATOR_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
     "da39a3ee5e6b4b0d3255bfef95601891afd80709"},
    {INDICATOR_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "e3b0c44298fc1c149afbf4c8996fb92527ae41e4649b934ca495991b7852b855"},
    {INDICATOR_EMAIL, "bad@evil.example", "good@evil.example"},
    {INDICATOR_FILE_NAME, "evil.exe", "good.exe"},
    {INDICATOR_FILE_PATH, "c:\\evil.exe", "c:\\good.exe"},
    {INDICATOR_JA3, "e7d705a3286e19ea42f587b344ee6865", "e7d705a3286e19ea42f587b344ee6866"},
    {INDICATOR_JA4, "t13d1516h2_8daaf6152771_b186095e22b6", "t13d1516h2_8daaf6152771_b186095e22b7"},
    {INDICATOR_USER_AGENT, "Evil/1.0", "Evil/1.1"},
};

static void every_type_is_found_and_nothing_else(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    size_t n = sizeof(SAMPLES) / sizeof(SAMPLES[0]);
    for (size_t i = 0; i < n; i++)
        add(builder, SAMPLES[i].type, SAMPLES[i].value);
    struct intel *intel = build(builder, &file);
    assert_int_equal(n, INDICATOR_COUNT - 1);
    assert_int_equal(intel_count(intel, INDICATOR_NONE), n);
    for (size_t i = 0; i < n; i++) {
        struct indicator found;
        assert_true(intel_find(intel, SAMPLES[i].type, str_from_c(SAMPLES[i].value), NOW, &found));
        assert_str(found.source, "feed");
        assert_int_equal(found.confidence, 50);
        assert_int_equal(found.tlp, TLP_GREEN);
        assert_false(finds(intel, SAMPLES[i].type, SAMPLES[i].absent));
        assert_int_equal(intel_count(intel, SAMPLES[i].type), 1);
    }
    end(builder, intel, &file);
}

static void an_empty_set_is_a_set(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    struct intel *intel = build(builder, &file);
    assert_int_equal(intel_count(intel, INDICATOR_NONE), 0);
    assert_false(finds(intel, INDICATOR_IPV4, "192.0.2.1"));
    assert_int_equal(looks_up(intel, "https://evil.example/x"), 0);
    end(builder, intel, &file);
}

static void names_are_found_under_their_parents(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    add(builder, INDICATOR_DOMAIN, "evil.example");
    add(builder, INDICATOR_HOST, "www.bad.example");
    add(builder, INDICATOR_URL, "//any.example/x");
    struct intel *intel = build(builder, &file);
    assert_int_equal(looks_up(intel, "a.b.EVIL.example"), 1);
    assert_int_equal(looks_up(intel, "evil[.]example"), 1);
    assert_int_equal(looks_up(intel, "notevil.example"), 0);
    assert_int_equal(looks_up(intel, "www.bad.example"), 1);
    assert_int_equal(looks_up(intel, "a.www.bad.example"), 0);
    assert_int_equal(looks_up(intel, "http://a.evil.example:8080/x"), 1);
    assert_int_equal(looks_up(intel, "someone@mail.evil.example"), 1);
    assert_int_equal(looks_up(intel, "ftp://any.example/x"), 1);
    assert_int_equal(looks_up(intel, "https://any.example/x"), 1);
    assert_int_equal(looks_up(intel, "https://any.example/"), 0);
    end(builder, intel, &file);
}

/* Against plain comparison with each network. */
static void an_address_is_found_in_every_network_around_it(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    char texts[200][32];
    struct address networks[200];
    unsigned bits[200];
    uint64_t seed = 7;
    for (int i = 0; i < 200; i++) {
        const char *problem;
        seed = hash_mix(seed, (uint64_t)i);
        struct address address = {
            .bytes = {10, (uint8_t)(seed & 3), (uint8_t)(seed >> 8 & 7), (uint8_t)(seed >> 16)}};
        char text[ADDRESS_TEXT_MAX];
        unsigned n = 8 + (unsigned)(seed >> 32) % 24;
        address_mask(&address, n);
        address_format(&address, text);
        snprintf(texts[i], sizeof(texts[i]), "%.15s/%u", text, n);
        assert_true(address_parse_network(str_from_c(texts[i]), &networks[i], &bits[i], &problem));
        bool repeated = false;
        for (int k = 0; k < i; k++)
            repeated = repeated || strcmp(texts[k], texts[i]) == 0;
        add(builder, INDICATOR_CIDR4, texts[i]);
        if (repeated)
            bits[i] = 33; /* counted once */
    }
    struct intel *intel = build(builder, &file);
    for (unsigned i = 0; i < 4096; i++) {
        struct address address = {
            .bytes = {10, (uint8_t)(i & 3), (uint8_t)(i >> 2 & 7), (uint8_t)(i >> 5 << 1)}};
        char text[ADDRESS_TEXT_MAX];
        size_t expected = 0;
        for (int k = 0; k < 200; k++)
            expected += bits[k] <= 32 && address_in_network(&address, &networks[k], bits[k]);
        address_format(&address, text);
        struct arena arena;
        struct indicator found[1];
        arena_init(&arena, 1 << 20);
        assert_int_equal(intel_look_up(intel, str_from_c(text), &arena, found, 1), expected);
        arena_free(&arena);
    }
    end(builder, intel, &file);
}

static void feeds_that_agree_are_one_indicator(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct intel_builder_stats stats;
    struct buf file = {0};
    struct indicator one = make(INDICATOR_IPV4, "192.0.2.1", "zeta"), found;
    struct indicator two = make(INDICATOR_IPV4, "192.0.2.1", "alpha");
    one.until = NOW + DAY;
    two.confidence = 90;
    two.tlp = TLP_RED;
    two.label = STR("C2");
    assert_int_equal(intel_builder_add(builder, &one), 0);
    assert_int_equal(intel_builder_add(builder, &two), 0);
    assert_int_equal(intel_builder_add(builder, &one), 0);
    struct intel *intel = build(builder, &file);
    intel_builder_stats(builder, &stats);
    assert_int_equal(stats.added, 3);
    assert_int_equal(stats.merged, 2);
    assert_int_equal(stats.kept, 1);
    assert_true(intel_find(intel, INDICATOR_IPV4, STR("192.0.2.1"), NOW, &found));
    assert_str(found.source, "alpha, zeta");
    assert_str(found.label, "C2");
    assert_int_equal(found.confidence, 90);
    assert_int_equal(found.tlp, TLP_RED);
    assert_true(found.until == TIME_UNSET);
    end(builder, intel, &file);
}

/* A gap between two times of validity stays a gap. */
static void times_that_do_not_touch_are_kept_apart(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    struct indicator one = make(INDICATOR_DOMAIN, "evil.example", "one"), found;
    struct indicator two = make(INDICATOR_DOMAIN, "evil.example", "two");
    one.from = NOW, one.until = NOW + DAY;
    two.from = NOW + 3 * DAY, two.until = NOW + 4 * DAY;
    assert_int_equal(intel_builder_add(builder, &two), 0);
    assert_int_equal(intel_builder_add(builder, &one), 0);
    struct intel *intel = build(builder, &file);
    assert_int_equal(intel_count(intel, INDICATOR_DOMAIN), 2);
    assert_true(intel_find(intel, INDICATOR_DOMAIN, STR("evil.example"), NOW, &found));
    assert_str(found.source, "one");
    assert_true(intel_find(intel, INDICATOR_DOMAIN, STR("evil.example"), NOW + 3 * DAY, &found));
    assert_str(found.source, "two");
    end(builder, intel, &file);
}

static void what_has_expired_is_left_out(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct intel_builder_stats stats;
    struct buf file = {0};
    struct indicator old = make(INDICATOR_IPV4, "192.0.2.1", "feed");
    old.until = NOW;
    assert_int_equal(intel_builder_add(builder, &old), 0);
    struct intel *intel = build(builder, &file);
    intel_builder_stats(builder, &stats);
    assert_int_equal(stats.expired, 1);
    assert_int_equal(intel_count(intel, INDICATOR_NONE), 0);
    end(builder, intel, &file);
}

#define NAMES (1u << INDICATOR_DOMAIN | 1u << INDICATOR_HOST)

static void what_is_allowed_is_no_indicator(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct intel_builder_stats stats;
    struct buf file = {0};
    allow(builder, ALLOW_EXACT, 1u << INDICATOR_IPV4, "8.8.8.8");
    allow(builder, ALLOW_HOST_NAME, NAMES | 1u << INDICATOR_URL, "good.example");
    allow(builder, ALLOW_NETWORK, 0, "203.0.113.0/24");
    allow(builder, ALLOW_SUBSTRING, 1u << INDICATOR_URL, "/Favicon.ico");
    allow(builder, ALLOW_REGEX, 1u << INDICATOR_DOMAIN, "/\\.cdn[0-9]+\\.example$/i");
    static const struct {
        enum indicator_type type;
        const char *value;
        bool allowed;
    } cases[] = {
        {INDICATOR_IPV4, "8.8.8.8", true},
        {INDICATOR_IPV4, "8.8.4.4", false},
        {INDICATOR_DOMAIN, "good.example", true},
        {INDICATOR_DOMAIN, "www.good.example", true},
        {INDICATOR_HOST, "www.good.example", true},
        {INDICATOR_DOMAIN, "notgood.example", false},
        {INDICATOR_URL, "https://www.good.example/x", true},
        {INDICATOR_URL, "https://bad.example/x", false},
        {INDICATOR_URL, "https://bad.example/favicon.ico", true},
        {INDICATOR_IPV4, "203.0.113.9", true},
        {INDICATOR_CIDR4, "203.0.113.128/25", true},
        {INDICATOR_CIDR4, "203.0.112.0/23", false},
        {INDICATOR_DOMAIN, "x.cdn12.example", true},
        {INDICATOR_DOMAIN, "x.cdn.example", false},
    };
    size_t n = sizeof(cases) / sizeof(cases[0]), allowed = 0;
    for (size_t i = 0; i < n; i++)
        add(builder, cases[i].type, cases[i].value);
    struct intel *intel = build(builder, &file);
    for (size_t i = 0; i < n; i++) {
        if (finds(intel, cases[i].type, cases[i].value) == cases[i].allowed)
            fail_msg("%s", cases[i].value);
        allowed += cases[i].allowed;
    }
    intel_builder_stats(builder, &stats);
    assert_int_equal(stats.allowed, allowed);
    /* An indicator that is wider than the allow-list finds what lies beside it only. */
    assert_int_equal(looks_up(intel, "203.0.112.9"), 1);
    assert_int_equal(looks_up(intel, "203.0.113.9"), 0);
    end(builder, intel, &file);
}

static void an_allowed_host_is_not_found_under_its_domain(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    allow(builder, ALLOW_EXACT, NAMES, "www.shared.example");
    add(builder, INDICATOR_DOMAIN, "shared.example");
    struct intel *intel = build(builder, &file);
    assert_int_equal(looks_up(intel, "evil.shared.example"), 1);
    assert_int_equal(looks_up(intel, "www.shared.example"), 0);
    assert_int_equal(looks_up(intel, "a.www.shared.example"), 1);
    end(builder, intel, &file);
}

static void an_allow_list_says_what_is_wrong_with_it(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct err err;
    struct intel_allow regex = {ALLOW_REGEX, 1u << INDICATOR_URL, STR("a(b")};
    struct intel_allow network = {ALLOW_NETWORK, 0, STR("10.0.0.0/99")};
    struct intel_allow value = {ALLOW_EXACT, 1u << INDICATOR_MD5, STR("d41d8")};
    assert_int_equal(intel_builder_allow(builder, &regex, &err), -EINVAL);
    assert_non_null(strstr(err.message, "regular expression"));
    assert_int_equal(intel_builder_allow(builder, &network, &err), -EINVAL);
    assert_int_equal(intel_builder_allow(builder, &value, &err), -EINVAL);
    add(builder, INDICATOR_IPV4, "192.0.2.1");
    value.value = STR("d41d8cd98f00b204e9800998ecf8427e");
    assert_int_equal(intel_builder_allow(builder, &value, &err), -EINVAL);
    assert_non_null(strstr(err.message, "before"));
    intel_builder_free(builder);
}

/* Many of one type: lines, groups and filters at work. */
static void all_of_many_are_found_and_no_others(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    enum { COUNT = 50000 };
    char text[65];
    for (int pass = 0; pass < 2; pass++) {
        struct intel *intel = pass ? build(builder, &file) : NULL;
        for (uint64_t i = 0; i < COUNT * 2; i++) {
            snprintf(text, sizeof(text), "%016llx%016llx", (unsigned long long)hash_mix(i, 1),
                     (unsigned long long)hash_mix(i, 2));
            if (pass && finds(intel, INDICATOR_MD5, text) != (i % 2 == 0))
                fail_msg("%s", text);
            if (!pass && i % 2 == 0)
                add(builder, INDICATOR_MD5, text);
            /* Values that begin alike must not pile up. */
            snprintf(text, sizeof(text), "%032llx", (unsigned long long)i);
            if (pass && finds(intel, INDICATOR_MD5, text) != (i % 2 == 0))
                fail_msg("%s", text);
            if (!pass && i % 2 == 0)
                add(builder, INDICATOR_MD5, text);
        }
        if (pass) {
            assert_int_equal(intel_count(intel, INDICATOR_MD5), 2 * COUNT);
            assert_true(file.len / (2 * COUNT) <= 32);
            intel_close(intel);
        }
    }
    end(builder, NULL, &file);
}

/* More under one key than a line's bytes can count: one value with many times of validity, among others. */
static void a_value_with_many_times_does_not_hide_its_neighbours(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    struct indicator found, one = make(INDICATOR_MD5, "d41d8cd98f00b204e9800998ecf8427e", "feed");
    char text[65];
    enum { TIMES = 600, OTHERS = 200 };
    for (int i = 0; i < TIMES; i++) {
        one.from = NOW + 2 * i * DAY;
        one.until = one.from + DAY;
        assert_int_equal(intel_builder_add(builder, &one), 0);
    }
    for (uint64_t i = 0; i < OTHERS; i++) {
        snprintf(text, sizeof(text), "%032llx", (unsigned long long)i);
        add(builder, INDICATOR_MD5, text);
    }
    struct intel *intel = build(builder, &file);
    assert_int_equal(intel_count(intel, INDICATOR_MD5), TIMES + OTHERS);
    for (int i = 0; i < TIMES; i++) {
        assert_true(
            intel_find(intel, INDICATOR_MD5, one.value, NOW + 2 * i * DAY + DAY / 2, &found));
        assert_true(found.from == NOW + 2 * i * DAY);
    }
    for (uint64_t i = 0; i < 2 * OTHERS; i++) {
        snprintf(text, sizeof(text), "%032llx", (unsigned long long)i);
        assert_int_equal(finds(intel, INDICATOR_MD5, text), i < OTHERS);
    }
    end(builder, intel, &file);
}

static void many_are_found_as_each_by_itself(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    enum { ROUNDS = 5, COUNT = sizeof(SAMPLES) / sizeof(SAMPLES[0]) };
    struct indicator asked[ROUNDS * COUNT * 2], *next = asked;
    size_t expected = 0;
    for (size_t i = 0; i < COUNT; i++)
        add(builder, SAMPLES[i].type, SAMPLES[i].value);
    struct intel *intel = build(builder, &file);
    for (size_t i = 0; i < ROUNDS * COUNT; i++) {
        struct str value = str_from_c(SAMPLES[i % COUNT].value);
        *next++ = (struct indicator){.type = SAMPLES[i % COUNT].type, .value = value};
        *next++ = (struct indicator){.type = (enum indicator_type)(i % (INDICATOR_COUNT + 1)),
                                     .value = value};
    }
    struct indicator alone[ROUNDS * COUNT * 2];
    for (size_t i = 0; i < ROUNDS * COUNT * 2; i++) {
        alone[i] = asked[i];
        if (!intel_find(intel, asked[i].type, asked[i].value, NOW, &alone[i]))
            alone[i].type = INDICATOR_NONE;
        expected += alone[i].type != INDICATOR_NONE;
    }
    assert_true(expected >= ROUNDS * COUNT);
    assert_int_equal(intel_find_many(intel, asked, ROUNDS * COUNT * 2, NOW), expected);
    for (size_t i = 0; i < ROUNDS * COUNT * 2; i++) {
        assert_int_equal(asked[i].type, alone[i].type);
        assert_true(str_eq(asked[i].value, alone[i].value));
        assert_true(str_eq(asked[i].source, alone[i].source));
        assert_int_equal(asked[i].tlp, alone[i].tlp);
    }
    end(builder, intel, &file);
}

static void the_same_indicators_make_the_same_file(void **state)
{
    (void)state;
    struct buf files[2] = {{0}};
    for (int i = 0; i < 2; i++) {
        struct intel_builder *builder = intel_builder_new(NOW);
        for (size_t k = 0; k < sizeof(SAMPLES) / sizeof(SAMPLES[0]); k++)
            add(builder, SAMPLES[k].type, SAMPLES[k].value);
        assert_int_equal(intel_builder_finish(builder, &files[i]), 0);
        intel_builder_free(builder);
    }
    assert_int_equal(files[0].len, files[1].len);
    assert_memory_equal(files[0].ptr, files[1].ptr, files[0].len);
    buf_free(&files[0]);
    buf_free(&files[1]);
}

/* Each byte of the file changed in turn, the hash of the header mended: nothing may be read outside of it. */
static void a_damaged_file_is_refused_or_harmless(void **state)
{
    (void)state;
    struct intel_builder *builder = intel_builder_new(NOW);
    struct buf file = {0};
    struct err err;
    for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++)
        add(builder, SAMPLES[i].type, SAMPLES[i].value);
    assert_int_equal(intel_builder_finish(builder, &file), 0);
    assert_null(intel_open(str_first(buf_str(&file), file.len - 1), &err));
    assert_null(intel_open(str_first(buf_str(&file), 20), &err));
    for (size_t i = 0; i < file.len; i++) {
        char *copy = malloc(file.len);
        assert_non_null(copy);
        memcpy(copy, file.ptr, file.len);
        copy[i] = (char)(copy[i] ^ (i % 2 ? 0xff : 0x10));
        struct image_header *header = (void *)copy;
        struct intel *intel = intel_open(str_of(copy, file.len), &err);
        if (intel && i >= sizeof(*header))
            assert_int_equal(intel_verify(intel, &err), -EINVAL);
        intel_close(intel);
        header->header_hash = hash_bytes(header, offsetof(struct image_header, header_hash), 0);
        intel = intel_open(str_of(copy, file.len), &err);
        for (size_t k = 0; intel && k < sizeof(SAMPLES) / sizeof(SAMPLES[0]); k++) {
            finds(intel, SAMPLES[k].type, SAMPLES[k].value);
            looks_up(intel, SAMPLES[k].value);
        }
        intel_close(intel);
        free(copy);
    }
    end(builder, NULL, &file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_found_and_nothing_else),
        cmocka_unit_test(an_empty_set_is_a_set),
        cmocka_unit_test(names_are_found_under_their_parents),
        cmocka_unit_test(an_address_is_found_in_every_network_around_it),
        cmocka_unit_test(feeds_that_agree_are_one_indicator),
        cmocka_unit_test(times_that_do_not_touch_are_kept_apart),
        cmocka_unit_test(what_has_expired_is_left_out),
        cmocka_unit_test(what_is_allowed_is_no_indicator),
        cmocka_unit_test(an_allowed_host_is_not_found_under_its_domain),
        cmocka_unit_test(an_allow_list_says_what_is_wrong_with_it),
        cmocka_unit_test(all_of_many_are_found_and_no_others),
        cmocka_unit_test(a_value_with_many_times_does_not_hide_its_neighbours),
        cmocka_unit_test(many_are_found_as_each_by_itself),
        cmocka_unit_test(the_same_indicators_make_the_same_file),
        cmocka_unit_test(a_damaged_file_is_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
