#include "api/elastic_bulk.h"

#include "base/test.h"

#include <errno.h>

static struct bulk read_whole(const char *body)
{
    struct bulk bulk = {0};
    struct err err = {0};
    assert_int_equal(bulk_read(&bulk, str_from_c(body), STR(""), &err), 0);
    return bulk;
}

static void assert_refused(const char *body, const char *index, const char *message)
{
    struct bulk bulk = {0};
    struct err err = {0};
    assert_int_equal(bulk_read(&bulk, str_from_c(body), str_from_c(index), &err), -EINVAL);
    assert_non_null(strstr(err.message, message));
    bulk_free(&bulk);
}

static struct buf reply(const struct bulk *bulk, const char *filter_path)
{
    const struct bulk_place places[] = {{3, 1000}, {5, 7}};
    struct bulk_filter filter;
    struct buf out = {0};
    bulk_filter_read(&filter, str_from_c(filter_path));
    bulk_write_reply(&out, bulk, &filter, places, 12);
    return out;
}

static void assert_reply(const struct bulk *bulk, const char *filter_path, const char *want)
{
    struct buf out = reply(bulk, filter_path);
    buf_add_byte(&out, 0);
    assert_string_equal(out.ptr, want);
    buf_free(&out);
}

static void reads_actions_with_their_documents(void **state)
{
    (void)state;
    struct bulk bulk =
        read_whole("{\"create\":{\"_index\":\"logs-a\"}}\n{\"a\":1}\n"
                   "{ \"index\" : {\"_id\":\"7\",\"_index\":\"b\",\"routing\":null} }\r\n"
                   "{\"b\":2}\r\n"
                   "\n"
                   "{\"delete\":{\"_index\":\"c\",\"_id\":\"9\"}}\n"
                   "{\"update\":{\"_index\":\"d\",\"_id\":\"9\"}}\n{\"doc\":{}}\n");
    assert_int_equal(bulk.items.len, 4);
    const struct bulk_item *item = bulk.items.items;
    assert_int_equal(item[0].op, BULK_CREATE);
    assert_str(item[0].index, "logs-a");
    assert_null(item[0].id.ptr);
    assert_str(item[0].document, "{\"a\":1}");
    assert_int_equal(item[0].outcome, BULK_STORED);
    assert_int_equal(item[1].op, BULK_INDEX);
    assert_str(item[1].id, "7");
    assert_str(item[1].document, "{\"b\":2}");
    assert_int_equal(item[2].op, BULK_DELETE);
    assert_int_equal(item[2].outcome, BULK_FORBIDDEN);
    assert_int_equal(item[3].outcome, BULK_FORBIDDEN);
    bulk_free(&bulk);
}

static void repeated_actions_keep_their_own_documents(void **state)
{
    (void)state;
    struct bulk bulk = read_whole("{\"index\":{\"_index\":\"x\"}}\n{\"n\":1}\n"
                                  "{\"index\":{\"_index\":\"x\"}}\n{broken\n"
                                  "{\"index\":{\"_index\":\"x\"}}\n{\"n\":3}\n");
    assert_int_equal(bulk.items.len, 3);
    assert_int_equal(bulk.items.items[0].outcome, BULK_STORED);
    assert_str(bulk.items.items[1].document, "{broken");
    assert_int_equal(bulk.items.items[2].outcome, BULK_STORED);
    assert_str(bulk.items.items[2].document, "{\"n\":3}");
    bulk_free(&bulk);
}

static void the_path_names_the_index_where_the_action_does_not(void **state)
{
    (void)state;
    struct bulk bulk = {0};
    struct err err = {0};
    struct str body = STR("{\"index\":{}}\n{}\n{\"index\":{\"_index\":\"own\"}}\n{}\n");
    assert_int_equal(bulk_read(&bulk, body, STR("path"), &err), 0);
    assert_str(bulk.items.items[0].index, "path");
    assert_str(bulk.items.items[1].index, "own");
    bulk_free(&bulk);
}

static void what_is_no_bulk_body_is_refused_as_a_whole(void **state)
{
    (void)state;
    assert_refused("", "x", "request body is required");
    assert_refused(" \n\n", "x", "request body is required");
    assert_refused("{\"index\":{}}\n{}", "x", "must be terminated by a newline");
    assert_refused("\"index\"\n{}\n", "x", "line [1], expected START_OBJECT");
    assert_refused("{}\n{}\n", "x", "line [1], expected FIELD_NAME");
    assert_refused("{\"index\":{}}\n{}\n{\"upsert\":{}}\n{}\n", "x", "line [3], expected field");
    assert_refused("{\"index\":1}\n{}\n", "x", "expected START_OBJECT behind");
    assert_refused("{\"index\":{}}\n", "x", "expected a document");
    assert_refused("{\"index\":{}}\n{}\n", "", "index is missing");
}

static void documents_stand_on_one_line_each(void **state)
{
    (void)state;
    assert_refused("{\"index\":{}}\n{\n\"pretty\":1\n}\n", "x", "line [3]");
}

static void counts_no_more_than_its_limit(void **state)
{
    (void)state;
    static const char pair[] = "{\"index\":{}}\n{}\n";
    struct buf body = {0};
    for (size_t i = 0; i <= BULK_ITEMS_MAX; i++)
        buf_add(&body, pair, sizeof(pair) - 1);
    struct bulk bulk = {0};
    struct err err = {0};
    assert_int_equal(bulk_read(&bulk, buf_str(&body), STR("x"), &err), -E2BIG);
    bulk_free(&bulk);
    body.len -= sizeof(pair) - 1;
    assert_int_equal(bulk_read(&bulk, buf_str(&body), STR("x"), &err), 0);
    assert_int_equal(bulk.items.len, BULK_ITEMS_MAX);
    bulk_free(&bulk);
    buf_free(&body);
}

static void replies_with_one_item_for_each_in_order(void **state)
{
    (void)state;
    struct bulk bulk = read_whole("{\"create\":{\"_index\":\"a\"}}\n{}\n"
                                  "{\"index\":{\"_index\":\"b\",\"_id\":\"\\u0041\"}}\n[]\n"
                                  "{\"index\":{\"_index\":\"b\",\"_id\":\"mine\"}}\n{}\n");
    bulk.items.items[0].nth = 4;
    bulk.items.items[1].outcome = BULK_MALFORMED;
    bulk.items.items[2].lane = 1;
    assert_reply(
        &bulk, "",
        "{\"took\":12,\"errors\":true,\"items\":["
        "{\"create\":{\"_index\":\"a\",\"_id\":\"3.1004\",\"_version\":1,\"result\":\"created\","
        "\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0},\"_seq_no\":1004,"
        "\"_primary_term\":1,\"status\":201}},"
        "{\"index\":{\"_index\":\"b\",\"_id\":\"\\u0041\",\"status\":400,\"error\":{"
        "\"type\":\"mapper_parsing_exception\","
        "\"reason\":\"failed to parse: the document is not one JSON object\"}}},"
        "{\"index\":{\"_index\":\"b\",\"_id\":\"mine\",\"_version\":1,\"result\":\"created\","
        "\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0},\"_seq_no\":7,"
        "\"_primary_term\":1,\"status\":201}}]}");
    bulk_free(&bulk);
}

static void replies_with_the_members_that_are_asked_for(void **state)
{
    (void)state;
    struct bulk bulk = read_whole("{\"create\":{\"_index\":\"a\"}}\n{}\n"
                                  "{\"index\":{\"_index\":\"b\"}}\n[]\n");
    bulk.items.items[1].outcome = BULK_MALFORMED;
    assert_reply(&bulk, "errors,items.*.status", /* */
                 "{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},"
                 "{\"index\":{\"status\":400}}]}");
    assert_reply(
        &bulk, "errors,items.*.error.type,items.*.status",
        "{\"errors\":true,\"items\":[{\"create\":{\"status\":201}},{\"index\":{\"status\":400,"
        "\"error\":{\"type\":\"mapper_parsing_exception\"}}}]}");
    assert_reply(&bulk, "took,items.index.error.type",
                 "{\"took\":12,\"items\":[{\"index\":{\"error\":{\"type\":"
                 "\"mapper_parsing_exception\"}}}]}");
    assert_reply(&bulk, "took,errors", "{\"took\":12,\"errors\":true}");
    assert_reply(&bulk, "**.status",
                 "{\"items\":[{\"create\":{\"status\":201}},{\"index\":{\"status\":400}}]}");
    assert_reply(&bulk, "-items", "{\"took\":12,\"errors\":true}");
    assert_reply(&bulk, "err*", "{\"errors\":true}");
    assert_reply(&bulk, "nothing", "{}");
    bulk_free(&bulk);
}

static void errors_have_the_shape_that_clients_read(void **state)
{
    (void)state;
    struct buf out = {0};
    elastic_write_error(&out, 429, "es_rejected_execution_exception", STR("say \"when\""));
    assert_str(buf_str(&out),
               "{\"error\":{\"root_cause\":[{\"type\":\"es_rejected_execution_exception\","
               "\"reason\":\"say \\\"when\\\"\"}],\"type\":\"es_rejected_execution_exception\","
               "\"reason\":\"say \\\"when\\\"\"},\"status\":429}");
    buf_free(&out);
}

static void a_day_in_the_name_of_an_index_makes_no_new_source(void **state)
{
    (void)state;
    assert_str(bulk_source(STR("winlogbeat-2026.11.21")), "winlogbeat");
    assert_str(bulk_source(STR("winlogbeat-8.17.0-2026.11.21")), "winlogbeat-8.17.0");
    assert_str(bulk_source(STR("fw-2026-11-21")), "fw");
    assert_str(bulk_source(STR("fw-2026.11")), "fw");
    assert_str(bulk_source(STR("logs-system.auth-default")), "logs-system.auth-default");
    assert_str(bulk_source(STR("filebeat-8.17.0")), "filebeat-8.17.0");
    assert_str(bulk_source(STR("2026.11.21")), "2026.11.21");
    assert_str(bulk_source(STR("-2026.11.21")), "-2026.11.21");
    assert_str(bulk_source(STR("")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_actions_with_their_documents),
        cmocka_unit_test(repeated_actions_keep_their_own_documents),
        cmocka_unit_test(the_path_names_the_index_where_the_action_does_not),
        cmocka_unit_test(what_is_no_bulk_body_is_refused_as_a_whole),
        cmocka_unit_test(documents_stand_on_one_line_each),
        cmocka_unit_test(counts_no_more_than_its_limit),
        cmocka_unit_test(replies_with_one_item_for_each_in_order),
        cmocka_unit_test(replies_with_the_members_that_are_asked_for),
        cmocka_unit_test(errors_have_the_shape_that_clients_read),
        cmocka_unit_test(a_day_in_the_name_of_an_index_makes_no_new_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
