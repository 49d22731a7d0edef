/* Text cut into tokens. */
#include "base/test.h"

#include "base/buf.h"
#include "hunt/kql_lexer.h"

/* "n:where s:= .." : kinds by their letter, with the text of each token. */
static void assert_tokens(const char *text, const char *expected)
{
    static const char letters[] = {
        [KQL_TOKEN_NAME] = 'n',  [KQL_TOKEN_SYMBOL] = 's',  [KQL_TOKEN_STRING] = 't',
        [KQL_TOKEN_LONG] = 'l',  [KQL_TOKEN_REAL] = 'r',    [KQL_TOKEN_TIMESPAN] = 'd',
        [KQL_TOKEN_TYPED] = 'y', [KQL_TOKEN_COMMENT] = 'c', [KQL_TOKEN_BAD] = '!',
    };
    struct kql_lexer lexer;
    struct buf buf = {0};
    kql_lexer_init(&lexer, str_from_c(text));
    for (;;) {
        struct kql_token token = kql_lexer_next(&lexer);
        if (token.kind == KQL_TOKEN_END)
            break;
        buf_printf(&buf, "%s%c:%.*s", buf.len ? " " : "", letters[token.kind], (int)token.len,
                   text + token.place.offset);
    }
    buf_add_byte(&buf, '\0');
    assert_string_equal(buf.ptr, expected);
    buf_free(&buf);
}

static void words_symbols_and_comments_are_told_apart(void **state)
{
    (void)state;
    assert_tokens("T|where a==5 // why\nand b", "n:T s:| n:where n:a s:== l:5 c:// why n:and n:b");
    assert_tokens("x=>y<=z<>w=~v", "n:x s:=> n:y s:<= n:z s:<> n:w s:=~ n:v");
    assert_tokens("$left.a_1", "n:$left s:. n:a_1");
}

static void negated_operators_are_one_symbol(void **state)
{
    (void)state;
    assert_tokens("a !has b !in~ (c) in~ d != e !~ f",
                  "n:a s:!has n:b s:!in~ s:( n:c s:) s:in~ n:d s:!= n:e s:!~ n:f");
}

static void numbers_know_their_kind(void **state)
{
    (void)state;
    assert_tokens("1 0x1F 1.5 1e6 2E-3 1.", "l:1 l:0x1F r:1.5 r:1e6 r:2E-3 r:1.");
    assert_tokens("1..5 1 .. 5", "l:1 s:.. l:5 l:1 s:.. l:5");
    assert_tokens("1d 1.5h 100ms 10microseconds 3ticks",
                  "d:1d d:1.5h d:100ms d:10microseconds d:3ticks");
    assert_tokens("3Dchart 4_a", "n:3Dchart n:4_a");
}

static void strings_end_where_their_kind_of_quote_says(void **state)
{
    (void)state;
    assert_tokens("\"a\\\"b\" 'c\"d'", "t:\"a\\\"b\" t:'c\"d'");
    assert_tokens("@\"a\\\" @'b''c'", "t:@\"a\\\" t:@'b''c'");
    assert_tokens("h'x' H@\"y\" h", "t:h'x' t:H@\"y\" n:h");
    assert_tokens("```a\n'b``` ~~~c\nd~~~", "t:```a\n'b``` t:~~~c\nd~~~");
    assert_tokens("'// no comment'", "t:'// no comment'");
}

static void literals_with_a_type_are_one_token(void **state)
{
    (void)state;
    assert_tokens("datetime(2026-11-22 10:00) long (5)x",
                  "y:datetime(2026-11-22 10:00) y:long (5) n:x");
    assert_tokens("(x:long) string(1) datetime",
                  "s:( n:x s:: n:long s:) n:string s:( l:1 s:) n:datetime");
}

static void names_may_have_letters_of_any_script(void **state)
{
    (void)state;
    assert_tokens("Größe == ключ", "n:Größe s:== n:ключ");
    assert_tokens("a\xc2\xa0\xe2\x80\x8b=\xef\xbb\xbf"
                  "5",
                  "n:a s:= l:5"); /* spaces of web pages */
}

static void after_something_bad_the_rest_is_read_on(void **state)
{
    (void)state;
    assert_tokens("a 'open\nb", "n:a !:'open n:b");
    assert_tokens("a ^ b", "n:a !:^ n:b");
    assert_tokens("a \xe2\x80\x9cx\xe2\x80\x9d", "n:a !:\xe2\x80\x9c n:x !:\xe2\x80\x9d");
}

static void a_token_knows_its_line_and_column(void **state)
{
    struct kql_lexer lexer;
    (void)state;
    kql_lexer_init(&lexer, STR("T\n  | take ```\n``` x"));
    kql_lexer_next(&lexer);
    struct kql_token bar = kql_lexer_next(&lexer);
    assert_int_equal(bar.place.line, 2);
    assert_int_equal(bar.place.column, 3);
    assert_int_equal(bar.place.offset, 4);
    kql_lexer_next(&lexer);
    kql_lexer_next(&lexer);
    struct kql_token x = kql_lexer_next(&lexer);
    assert_int_equal(x.place.line, 3);
    assert_int_equal(x.place.column, 5);
}

static void types_have_several_spellings_and_one_name(void **state)
{
    (void)state;
    assert_int_equal(kql_type_of(STR("double")), KQL_REAL);
    assert_int_equal(kql_type_of(STR("uuid")), KQL_GUID);
    assert_int_equal(kql_type_of(STR("text")), KQL_TYPE_NONE);
    assert_str(kql_type_name(KQL_TIMESPAN), "timespan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_symbols_and_comments_are_told_apart),
        cmocka_unit_test(negated_operators_are_one_symbol),
        cmocka_unit_test(numbers_know_their_kind),
        cmocka_unit_test(strings_end_where_their_kind_of_quote_says),
        cmocka_unit_test(literals_with_a_type_are_one_token),
        cmocka_unit_test(names_may_have_letters_of_any_script),
        cmocka_unit_test(after_something_bad_the_rest_is_read_on),
        cmocka_unit_test(a_token_knows_its_line_and_column),
        cmocka_unit_test(types_have_several_spellings_and_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
