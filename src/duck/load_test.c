#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"
#include "duck/duck.h"

static void a_file_that_is_no_library_is_named_in_the_error(void **state)
{
    (void)state;
    struct err err = {0};
    assert_null(duck_load("/nowhere/libduckdb.so", &err));
    assert_true(err.code < 0);
    assert_non_null(strstr(err.message, "/nowhere/libduckdb.so"));
    assert_null(duck_load("libz.so.1", &err));
    assert_non_null(strstr(err.message, "duckdb_library_version"));
}

/* Sizes and numbers that we declared are those of the library. */
static void the_library_answers_a_query(void **state)
{
    (void)state;
    struct err err = {0};
    const struct duck *duck = duck_load(NULL, &err);
    if (!duck)
        fail_msg("%s", err.message);
    assert_ptr_equal(duck_load("/nowhere/libduckdb.so", &err), duck);
    struct duck_database *database = NULL;
    struct duck_connection *connection = NULL;
    assert_int_equal(duck->open_ext(NULL, &database, NULL, NULL), DUCK_OK);
    assert_int_equal(duck->connect(database, &connection), DUCK_OK);
    struct duck_result result;
    assert_int_equal(duck->query(connection,
                                 "SELECT 41 + 1::BIGINT, 'a text of more than twelve bytes', "
                                 "'short', ['x'], TIMESTAMP '1970-01-01 00:00:01'",
                                 &result),
                     DUCK_OK);
    assert_int_equal(duck->column_count(&result), 5);
    static const enum duck_type types[] = {DUCK_BIGINT, DUCK_VARCHAR, DUCK_VARCHAR, DUCK_LIST,
                                           DUCK_TIMESTAMP};
    for (uint64_t i = 0; i < 5; i++) {
        struct duck_logical_type *type = duck->column_logical_type(&result, i);
        assert_int_equal(duck->get_type_id(type), types[i]);
        duck->destroy_logical_type(&type);
    }
    struct duck_data_chunk *chunk = duck->fetch_chunk(result);
    assert_non_null(chunk);
    assert_int_equal(duck->data_chunk_get_size(chunk), 1);
    const int64_t *number = duck->vector_get_data(duck->data_chunk_get_vector(chunk, 0));
    assert_int_equal(*number, 42);
    assert_str(duck_string_str(duck->vector_get_data(duck->data_chunk_get_vector(chunk, 1))),
               "a text of more than twelve bytes");
    assert_str(duck_string_str(duck->vector_get_data(duck->data_chunk_get_vector(chunk, 2))),
               "short");
    const int64_t *time = duck->vector_get_data(duck->data_chunk_get_vector(chunk, 4));
    assert_int_equal(*time, 1000000);
    duck->destroy_data_chunk(&chunk);
    assert_null(duck->fetch_chunk(result));
    duck->destroy_result(&result);
    duck->disconnect(&connection);
    duck->close(&database);
}

int main(void)
{
    const char *library = getenv("JAGA_DUCKDB");
    if (library && access(library, R_OK) != 0) {
        printf("%s is missing: tools/duckdb.sh fetches it\n", library);
        return 77; /* skipped */
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_no_library_is_named_in_the_error),
        cmocka_unit_test(the_library_answers_a_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
