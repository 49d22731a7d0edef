#include <errno.h>

#include "base/buf.h"
#include "base/test.h"
#include "lake/lake.h"

static void an_id_has_one_spelling(void **state)
{
    (void)state;
    static const char *const good[] = {"0.0", "7.1042", "255.281474976710655", "0.5.1",
                                       "3.9.65535"};
    static const char *const bad[] = {
        "",          ".",    "1",       "1.",     "1.2.", "1.2.0",   "01.2",
        "1.02",      "-1.2", "1.2.3.4", "1.2.03", "1 .2", "32768.0", "0.281474976710656",
        "0.0.65536", "0x1.2"};
    struct lake_id id;
    char text[LAKE_ID_TEXT_MAX];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(lake_id_parse(str_from_c(good[i]), &id), 0);
        assert_int_equal(lake_id_format(&id, text), strlen(good[i]));
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(lake_id_parse(str_from_c(bad[i]), &id), -EINVAL);
}

static void names_and_texts_cannot_leave_their_quotes(void **state)
{
    (void)state;
    struct buf sql = {0};
    lake_quote_name(&sql, STR("a\"; DROP TABLE b; --\""));
    lake_quote_text(&sql, STR("'it''s"));
    lake_quote_text(&sql, STR(""));
    assert_str(buf_str(&sql), "\"a\"\"; DROP TABLE b; --\"\"\"'''it''''s'''");
    buf_free(&sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_has_one_spelling),
        cmocka_unit_test(names_and_texts_cannot_leave_their_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
