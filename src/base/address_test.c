/* Addresses: read strictly, written in one way, masked to their networks. */
#include "base/test.h"

#include "base/address.h"

static void an_address_has_one_text(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"}, /* RFC 5952, 4.2.3: the first of two runs */
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* 4.2.2: one zero stays */
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"0:0:0:0:0:0:0:0", "::"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        assert_true(address_parse(str_from_c(texts[i][0]), &address));
        assert_int_equal(address_format(&address, text), strlen(texts[i][1]));
        assert_string_equal(text, texts[i][1]);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",       "1.2.3",      "1.2.3.4.5", "256.1.1.1",
                                        "1.2.3.", "01.2.3.4",   "::1%eth0",  "[::1]",
                                        ":::",    "1.2.3.4:80", "1:2"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address address;
        if (address_parse(str_from_c(texts[i]), &address))
            fail_msg("%s", texts[i]);
    }
}

static void a_mask_keeps_the_first_bits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned bits;
        const char *masked;
    } cases[] = {
        {"255.255.255.255", 32, "255.255.255.255"},  {"255.255.255.255", 0, "0.0.0.0"},
        {"255.255.255.255", 9, "255.128.0.0"},       {"255.255.255.255", 31, "255.255.255.254"},
        {"2001:db8:ffff::1", 33, "2001:db8:8000::"}, {"2001:db8::1", 128, "2001:db8::1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address;
        char text[ADDRESS_TEXT_MAX];
        assert_true(address_parse(str_from_c(cases[i].text), &address));
        address_mask(&address, cases[i].bits);
        address_format(&address, text);
        assert_string_equal(text, cases[i].masked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_one_text),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_mask_keeps_the_first_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
