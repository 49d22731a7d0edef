#include "base/test.h"

#include "parse/collect_test.h"

#define HEADER                                                                                     \
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"    \
    "#open\t2026-11-21-10-00-00\n"

static void check(struct str stream, const char *events, const char *errors)
{
    assert_collected(&format_zeek, stream, events, errors);
}

static void rows_give_what_zeeks_json_writer_gives(void **state)
{
    (void)state;
    struct str stream =
        STR(HEADER
            "#fields\tts\tuid\tid.orig_h\tid.orig_p\trtt\tquery\tAA\tanswers\tTTLs\tempty\n"
            "#types\ttime\tstring\taddr\tport\tinterval\tstring\tbool\tvector[string]\t"
            "vector[interval]\tset[string]\n"
            "1795255200.613421\tC1\t10.0.0.1\t53\t0.000870\te.example\tF\ta\\x2cb,-,c\t60.000000,"
            "1.5\t(empty)\n"
            "-1418429426.887384\tC2\t-\t-\t-\t(empty)\tT\t-\t-\t-\n");
    check(stream,
          "{\"_path\":\"dns\",\"ts\":\"2026-11-21T10:00:00.613421Z\",\"uid\":\"C1\","
          "\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":53,\"rtt\":0.00087,\"query\":\"e.example\","
          "\"AA\":false,\"answers\":[\"a,b\",null,\"c\"],\"TTLs\":[60.0,1.5],\"empty\":[]}\n"
          "{\"_path\":\"dns\",\"ts\":\"1925-01-19T23:49:33.112616Z\",\"uid\":\"C2\",\"query\":\"\","
          "\"AA\":true}\n",
          "");
    struct collection got =
        collect(&format_zeek, str_first(stream, stream.len - 62), &(struct parse_options){0}, 9);
    assert_int_equal(got.last_time, INT64_C(1795255200613421));
    collection_free(&got);
}

static void escapes_become_text_and_what_is_no_text_stays(void **state)
{
    (void)state;
    check(STR(HEADER "#fields\ta\n#types\tstring\n"
                     "tab\\x09line\\x0aback\\\\slash\\x5c\n"
                     "\\x00\\x01 \\xc3\\xa9 \\xff\\xc3 \\xe2\\x82 \\x2d\n"
                     "\\x2d\n"),
          "{\"_path\":\"dns\",\"a\":\"tab\\tline\\nback\\\\slash\\\\\"}\n"
          "{\"_path\":\"dns\",\"a\":\"\\\\x00\\\\x01 \xC3\xA9 \\\\xff\\\\xc3 \\\\xe2\\\\x82 -\"}\n"
          "{\"_path\":\"dns\",\"a\":\"-\"}\n",
          "");
}

static void values_that_belie_their_type_are_strings(void **state)
{
    (void)state;
    check(STR(HEADER "#fields\tn\tb\tt\tf\n#types\tcount\tbool\ttime\tdouble\n"
                     "12a\tmaybe\tnoon\tnan\n"
                     "007\tT\t1e9\t1e-05\n"),
          "{\"_path\":\"dns\",\"n\":\"12a\",\"b\":\"maybe\",\"t\":\"noon\",\"f\":\"nan\"}\n"
          "{\"_path\":\"dns\",\"n\":\"007\",\"b\":true,\"t\":\"2001-09-09T01:46:40.000000Z\","
          "\"f\":1e-05}\n",
          "");
}

static void rows_of_another_length_are_kept_and_reported(void **state)
{
    (void)state;
    check(STR(HEADER "#fields\ta\tb\n#types\tstring\tstring\n1\n1\t2\t3\n4\t5\n"),
          "{\"_path\":\"dns\",\"a\":\"1\"}\n{\"_path\":\"dns\",\"a\":\"1\",\"b\":\"2\"}\n"
          "{\"_path\":\"dns\",\"a\":\"4\",\"b\":\"5\"}\n",
          "138 1: fewer values than the header has fields\n"
          "140 2: more values than the header has fields; the rest is left out\n");
}

static void a_new_header_counts_for_what_follows(void **state)
{
    (void)state;
    check(STR(HEADER "#fields\ta\n#types\tstring\n1\n#close\t2026-11-21-11-00-00\n"
                     "#separator \\x7c\n#path|conn\n#fields|b|c\n#types|count|count\n2|3\n"),
          "{\"_path\":\"dns\",\"a\":\"1\"}\n{\"_path\":\"conn\",\"b\":2,\"c\":3}\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_give_what_zeeks_json_writer_gives),
        cmocka_unit_test(escapes_become_text_and_what_is_no_text_stays),
        cmocka_unit_test(values_that_belie_their_type_are_strings),
        cmocka_unit_test(rows_of_another_length_are_kept_and_reported),
        cmocka_unit_test(a_new_header_counts_for_what_follows),
    };
    return cmocka_run_group_tests_name("parse/zeek", tests, NULL, NULL);
}
