/* Literals that are not to be shown. */
#include "hunt/kql_mask.h"

#include "base/test.h"

static void check(const char *text, const char *masked)
{
    struct buf out = {0};
    kql_mask(&out, str_from_c(text));
    buf_add_byte(&out, '\0');
    assert_string_equal(out.ptr, masked);
    assert_int_equal(kql_has_hidden(str_from_c(text)), strcmp(text, masked) != 0);
    buf_free(&out);
}

static void hidden_literals_become_stars(void **state)
{
    (void)state;
    check("print h'secret'", "print h'***'");
    check("T | where a == H\"x\\\"y\" and b == 'open'", "T | where a == H\"***\" and b == 'open'");
    check("print h@'c:\\x', h```block\nof it```, h~~~t~~~",
          "print h@'***', h```***```, h~~~***~~~");
    check("let h = 'a'; print hash('x'), h", "let h = 'a'; print hash('x'), h");
    check("// h'not one'\nprint 'h\"x\"'", "// h'not one'\nprint 'h\"x\"'");
    check("print h'a' 'b'", "print h'***' 'b'");
    check("print datetime(h'2026'), long(5)", "print datetime(h'***'), long(5)");
    check("", "");
}

static void one_that_never_ends_is_hidden_to_its_end(void **state)
{
    (void)state;
    check("print h'secret", "print h'***");
    check("print h\"secret\nT", "print h\"***\nT");
}

static void messages_do_not_repeat_them(void **state)
{
    (void)state;
    struct buf message = {0};
    buf_add_c(&message, "'s3cret' is no number, s3cret and 'other'");
    kql_mask_message(&message, STR("T | where n == long(h's3cret') or x == h'' or y == 'other'"));
    assert_str(buf_str(&message), "'***' is no number, *** and 'other'");
    buf_free(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_literals_become_stars),
        cmocka_unit_test(one_that_never_ends_is_hidden_to_its_end),
        cmocka_unit_test(messages_do_not_repeat_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
