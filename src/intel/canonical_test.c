/* One thing in two spellings is one value; what is no value is refused. */
#include "base/test.h"

#include "intel/canonical.h"

struct spelling {
    enum indicator_type type;
    const char *written;
    const char *canonical; /* NULL: no value of that type */
};

static void check(const struct spelling *spellings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char bytes[INDICATOR_VALUE_MAX + 1];
        struct str value;
        bool good =
            indicator_canonical(spellings[i].type, str_from_c(spellings[i].written), bytes, &value);
        if (!spellings[i].canonical) {
            if (good)
                fail_msg("%s is taken for a %s", spellings[i].written,
                         indicator_type_names[spellings[i].type]);
            continue;
        }
        if (!good)
            fail_msg("%s is refused", spellings[i].written);
        assert_true(value.len <= INDICATOR_VALUE_MAX);
        char text[INDICATOR_VALUE_MAX + 1];
        memcpy(text, value.ptr, value.len);
        text[value.len] = '\0';
        assert_string_equal(text, spellings[i].canonical);
        /* What is canonical stays as it is. */
        char again[INDICATOR_VALUE_MAX];
        assert_true(indicator_canonical(spellings[i].type, str_from_c(text), again, &value));
        assert_int_equal(value.len, strlen(text));
        assert_memory_equal(value.ptr, text, value.len);
    }
}

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        static const struct spelling check_list[] = {__VA_ARGS__};                                 \
        check(check_list, sizeof(check_list) / sizeof(check_list[0]));                             \
    } while (0)

static void addresses_have_one_spelling(void **state)
{
    (void)state;
    CHECK({INDICATOR_IPV4, "192.0.2.1", "192.0.2.1"},
          {INDICATOR_IPV4, " 192.0.2.1:8080 ", "192.0.2.1"},
          {INDICATOR_IPV4, "::ffff:192.0.2.1", "192.0.2.1"},
          {INDICATOR_IPV4, "192.0.2.1/32", "192.0.2.1"}, {INDICATOR_IPV4, "192.0.2.01", NULL},
          {INDICATOR_IPV4, "192.0.2", NULL}, {INDICATOR_IPV4, "2001:db8::1", NULL},
          {INDICATOR_IPV4, "", NULL}, {INDICATOR_IPV4, ":", NULL},
          {INDICATOR_IPV6, "2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
          {INDICATOR_IPV6, "[2001:db8::1]:443", "2001:db8::1"},
          {INDICATOR_IPV6, "fe80::1%eth0", "fe80::1"}, {INDICATOR_IPV6, "[2001:db8::1", NULL},
          {INDICATOR_IPV6, "2001:db8::1/128", "2001:db8::1"}, {INDICATOR_IPV6, "192.0.2.1", NULL},
          {INDICATOR_CIDR4, "10.1.2.3/8", "10.0.0.0/8"},
          {INDICATOR_CIDR4, "0.0.0.0/0", "0.0.0.0/0"}, {INDICATOR_CIDR4, "10.0.0.0/33", NULL},
          {INDICATOR_CIDR4, "10.0.0.0/", NULL}, {INDICATOR_CIDR4, "10.0.0.0", NULL},
          {INDICATOR_CIDR4, "10.0.0.0/-1", NULL},
          {INDICATOR_CIDR6, "2001:DB8::1/32", "2001:db8::/32"}, {INDICATOR_CIDR6, "::/0", "::/0"},
          {INDICATOR_CIDR6, "2001:db8::/129", NULL});
}

static void names_are_lower_case_ascii(void **state)
{
    (void)state;
    CHECK({INDICATOR_DOMAIN, "Evil.EXAMPLE.com.", "evil.example.com"},
          {INDICATOR_DOMAIN, "*.evil.example", "evil.example"},
          {INDICATOR_DOMAIN, ".evil.example", "evil.example"},
          {INDICATOR_HOST, "_dmarc.a-b.example", "_dmarc.a-b.example"},
          {INDICATOR_DOMAIN,
           "B\xc3\x9c"
           "CHER.example",
           "xn--bcher-kva.example"},
          {INDICATOR_DOMAIN, "\xe4\xbe\x8b\xe3\x81\x88.jp", "xn--r8jz45g.jp"},
          {INDICATOR_DOMAIN, "xn--bcher-kva.example", "xn--bcher-kva.example"},
          {INDICATOR_DOMAIN, "a..b", NULL}, {INDICATOR_DOMAIN, "", NULL},
          {INDICATOR_DOMAIN, ".", NULL}, {INDICATOR_DOMAIN, "a b.example", NULL},
          {INDICATOR_DOMAIN, "192.0.2.1", NULL}, {INDICATOR_DOMAIN, "a.b..", NULL},
          {INDICATOR_DOMAIN, "a/b.example", NULL}, {INDICATOR_DOMAIN, "\xff\xfe.example", NULL},
          {INDICATOR_DOMAIN,
           "a123456789012345678901234567890123456789012345678901234567890123.example", NULL});
}

/* RFC 3986, 6.2.2 and 6.2.3. */
static void urls_are_normalised(void **state)
{
    (void)state;
    CHECK({INDICATOR_URL, "HTTP://Evil.Example:80/A/./b/../c%7e%c3?q=%2f#frag",
           "http://evil.example/A/c~%C3?q=%2F"},
          {INDICATOR_URL, "https://evil.example", "https://evil.example/"},
          {INDICATOR_URL, "https://evil.example:443?x", "https://evil.example/?x"},
          {INDICATOR_URL, "https://evil.example:8443/", "https://evil.example:8443/"},
          {INDICATOR_URL, "http://u:p@EVIL.example/", "http://u:p@evil.example/"},
          {INDICATOR_URL, "http://[2001:DB8:0::1]:80/x", "http://[2001:db8::1]/x"},
          {INDICATOR_URL, "evil.example/x", "//evil.example/x"},
          {INDICATOR_URL, "//evil.example/x", "//evil.example/x"},
          {INDICATOR_URL, "http://a.example/../../x", "http://a.example/x"},
          {INDICATOR_URL, "http://a.example/b/..", "http://a.example/"},
          {INDICATOR_URL, "http://a.example/%", "http://a.example/%25"},
          {INDICATOR_URL, "http://a.example/a b\xc3\xa9", "http://a.example/a%20b%C3%A9"},
          {INDICATOR_URL, "http://a.example/%%36%31", "http://a.example/%2561"},
          {INDICATOR_URL, "http:///x", NULL}, {INDICATOR_URL, "/index.php", NULL},
          {INDICATOR_URL, "http://a.example:x/", NULL}, {INDICATOR_URL, "", NULL});
}

static void digests_are_exact(void **state)
{
    (void)state;
    CHECK({INDICATOR_MD5, "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"},
          {INDICATOR_MD5, "d41d8cd98f00b204e9800998ecf8427", NULL},
          {INDICATOR_MD5, "g41d8cd98f00b204e9800998ecf8427e", NULL},
          {INDICATOR_SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
           "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
          {INDICATOR_SHA256, "da39a3ee5e6b4b0d3255bfef95601890afd80709", NULL},
          {INDICATOR_JA4, "t13d1516h2_8daaf6152771_b186095e22b6",
           "t13d1516h2_8daaf6152771_b186095e22b6"},
          {INDICATOR_JA4, "x13d1516h2_8daaf6152771_b186095e22b6", NULL});
}

static void windows_paths_have_no_case_and_others_do(void **state)
{
    (void)state;
    CHECK({INDICATOR_FILE_PATH, "C:/Users/Public\\Evil.EXE", "c:\\users\\public\\evil.exe"},
          {INDICATOR_FILE_PATH, "%TEMP%/x", "%temp%\\x"}, {INDICATOR_FILE_PATH, "/tmp/X", "/tmp/X"},
          {INDICATOR_FILE_NAME,
           "C:\\Users\\\xc3\x9c"
           "bel.exe",
           "\xc3\xbc"
           "bel.exe"},
          {INDICATOR_FILE_NAME, "/tmp/Evil", "evil"}, {INDICATOR_FILE_NAME, "/tmp/", NULL},
          {INDICATOR_EMAIL, "Bad Guy <Bad@Evil.Example>", "bad@evil.example"},
          {INDICATOR_EMAIL, "mailto:bad@evil.example", "bad@evil.example"},
          {INDICATOR_EMAIL, "bad@", NULL}, {INDICATOR_EMAIL, "@evil.example", NULL},
          {INDICATOR_USER_AGENT, " Evil/1.0 (X) ", "Evil/1.0 (X)"});
}

static void what_is_defanged_is_made_whole(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"hxxps://evil[.]example/x", "https://evil.example/x"},
        {"hXXp[:]//evil[dot]example", "http://evil.example"},
        {"192[.]0[.]2[.]1", "192.0.2.1"},
        {"bad[at]evil(dot)example", "bad@evil.example"},
        {"http[://]evil.example[/]x", "http://evil.example/x"},
        {"plain.example", "plain.example"},
        {"h**p://evil.example", "http://evil.example"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char bytes[INDICATOR_VALUE_MAX];
        struct str text;
        assert_true(indicator_refang(str_from_c(texts[i][0]), bytes, &text));
        assert_int_equal(text.len, strlen(texts[i][1]));
        assert_memory_equal(text.ptr, texts[i][1], text.len);
    }
}

static void a_type_is_known_by_its_looks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum indicator_type type;
    } texts[] = {
        {"192.0.2.1", INDICATOR_IPV4},
        {"192.0.2.1:443", INDICATOR_IPV4},
        {"192.0.2.0/24", INDICATOR_CIDR4},
        {"2001:db8::1", INDICATOR_IPV6},
        {"2001:db8::/32", INDICATOR_CIDR6},
        {"evil.example", INDICATOR_DOMAIN},
        {"https://evil.example/x", INDICATOR_URL},
        {"evil.example/x", INDICATOR_URL},
        {"d41d8cd98f00b204e9800998ecf8427e", INDICATOR_MD5},
        {"da39a3ee5e6b4b0d3255bfef95601890afd80709", INDICATOR_SHA1},
        {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", INDICATOR_SHA256},
        {"bad@evil.example", INDICATOR_EMAIL},
        {"evil.exe", INDICATOR_FILE_NAME},
        {"C:\\evil.exe", INDICATOR_FILE_PATH},
        {"/tmp/evil", INDICATOR_FILE_PATH},
        {"t13d1516h2_8daaf6152771_b186095e22b6", INDICATOR_JA4},
        {"some words", INDICATOR_NONE},
        {"", INDICATOR_NONE},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (indicator_guess(str_from_c(texts[i].text)) != texts[i].type)
            fail_msg("%s is taken for a %s", texts[i].text,
                     indicator_type_names[indicator_guess(str_from_c(texts[i].text))]);
}

static void traffic_lights_have_two_generations(void **state)
{
    (void)state;
    enum tlp tlp;
    assert_true(tlp_by_name(STR("TLP:WHITE"), &tlp) && tlp == TLP_CLEAR);
    assert_true(tlp_by_name(STR("tlp:amber+strict"), &tlp) && tlp == TLP_AMBER_STRICT);
    assert_true(tlp_by_name(STR("Red"), &tlp) && tlp == TLP_RED);
    assert_false(tlp_by_name(STR("TLP:PURPLE"), &tlp));
    assert_false(tlp_by_name(STR(""), &tlp));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_one_spelling),
        cmocka_unit_test(names_are_lower_case_ascii),
        cmocka_unit_test(urls_are_normalised),
        cmocka_unit_test(digests_are_exact),
        cmocka_unit_test(windows_paths_have_no_case_and_others_do),
        cmocka_unit_test(what_is_defanged_is_made_whole),
        cmocka_unit_test(a_type_is_known_by_its_looks),
        cmocka_unit_test(traffic_lights_have_two_generations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
