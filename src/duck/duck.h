/*
 * duck: the functions of DuckDB's C API that we call, declared by us and found in libduckdb when they are first
 * wanted. Commands without a lake never load it, and no header of DuckDB is needed to build.
 *
 *     const struct duck *duck = duck_load(NULL, &err);
 *     if (!duck) ...                                     // err.message says where it was looked for
 *     duck->open_ext(path, &database, config, &problem);
 *
 * Names, arguments and ownership are those of the C API (https://duckdb.org/docs/stable/clients/c/api), version 1.2
 * and later, without its prefix `duckdb_`. What is called *_destroy or destroy_* there is owned by the caller.
 *
 * Threads: duck_load() from any; a database from any; a connection, and what came of it, from one at a
 * time, but for interrupt() and query_progress().
 */
#ifndef JAGA_DUCK_DUCK_H
#define JAGA_DUCK_DUCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DUCK_VECTOR_SIZE 2048 /* rows of a data chunk */

enum duck_state { DUCK_OK, DUCK_ERROR };

enum duck_pending_state {
    DUCK_PENDING_READY,
    DUCK_PENDING_NOT_READY,
    DUCK_PENDING_ERROR,
    DUCK_PENDING_NO_TASKS,
};

/* duckdb_type */
enum duck_type {
    DUCK_INVALID,
    DUCK_BOOLEAN,
    DUCK_TINYINT,
    DUCK_SMALLINT,
    DUCK_INTEGER,
    DUCK_BIGINT,
    DUCK_UTINYINT,
    DUCK_USMALLINT,
    DUCK_UINTEGER,
    DUCK_UBIGINT,
    DUCK_FLOAT,
    DUCK_DOUBLE,
    DUCK_TIMESTAMP, /* µs */
    DUCK_DATE,
    DUCK_TIME,
    DUCK_INTERVAL,
    DUCK_HUGEINT,
    DUCK_VARCHAR,
    DUCK_BLOB,
    DUCK_DECIMAL,
    DUCK_TIMESTAMP_S,
    DUCK_TIMESTAMP_MS,
    DUCK_TIMESTAMP_NS,
    DUCK_ENUM,
    DUCK_LIST,
    DUCK_STRUCT,
    DUCK_MAP,
    DUCK_UUID,
    DUCK_UNION,
    DUCK_BIT,
    DUCK_TIME_TZ,
    DUCK_TIMESTAMP_TZ,
    DUCK_UHUGEINT,
    DUCK_ARRAY,
    DUCK_ANY,
    DUCK_BIGNUM,
    DUCK_SQLNULL,
};

enum duck_statement_type {
    DUCK_STATEMENT_SELECT = 1,
    DUCK_STATEMENT_EXPLAIN = 4,
    DUCK_STATEMENT_COPY = 11,
};

/* Handles. */
struct duck_database;
struct duck_connection;
struct duck_config;
struct duck_prepared;
struct duck_pending;
struct duck_extracted;
struct duck_logical_type;
struct duck_data_chunk;
struct duck_vector;
struct duck_value;
struct duck_scalar_function;
struct duck_table_function;
struct duck_function_info;
struct duck_bind_info;
struct duck_init_info;

/* Handed over by value, so its size is a part of the ABI. */
struct duck_result {
    uint64_t deprecated[3];
    void *deprecated_columns;
    char *deprecated_error;
    void *internal;
};

struct duck_progress {
    double percentage; /* -1: not known */
    uint64_t rows_processed, rows_total;
};

/* A text or BLOB in a vector: up to 12 bytes are in place. */
union duck_string {
    struct {
        uint32_t len;
        char bytes[12];
    } inlined;
    struct {
        uint32_t len;
        char prefix[4];
        const char *ptr;
    } pointer;
};

struct duck_hugeint {
    uint64_t lower;
    int64_t upper;
};

struct duck_interval {
    int32_t months, days;
    int64_t micros;
};

struct duck_list_entry {
    uint64_t offset, length;
};

typedef void duck_scalar_callback(struct duck_function_info *info, struct duck_data_chunk *input,
                                  struct duck_vector *output);
typedef void duck_bind_callback(struct duck_bind_info *info);
typedef void duck_init_callback(struct duck_init_info *info);
typedef void duck_table_callback(struct duck_function_info *info, struct duck_data_chunk *output);
typedef void duck_delete_callback(void *data);

/* X(type returned, name, arguments) */
#define DUCK_FUNCTIONS(X)                                                                          \
    X(const char *, library_version, (void))                                                       \
    X(void, free, (void *memory))                                                                  \
    X(enum duck_state, create_config, (struct duck_config * *ret))                                 \
    X(enum duck_state, set_config, (struct duck_config *, const char *name, const char *value))    \
    X(void, destroy_config, (struct duck_config **))                                               \
    X(enum duck_state, open_ext,                                                                   \
      (const char *path, struct duck_database **ret, struct duck_config *, char **ret_problem))    \
    X(void, close, (struct duck_database **))                                                      \
    X(enum duck_state, connect, (struct duck_database *, struct duck_connection * *ret))           \
    X(void, disconnect, (struct duck_connection **))                                               \
    X(void, interrupt, (struct duck_connection *))                                                 \
    X(struct duck_progress, query_progress, (struct duck_connection *))                            \
    X(enum duck_state, query, (struct duck_connection *, const char *sql, struct duck_result *))   \
    X(void, destroy_result, (struct duck_result *))                                                \
    X(const char *, result_error, (struct duck_result *))                                          \
    X(uint64_t, column_count, (struct duck_result *))                                              \
    X(const char *, column_name, (struct duck_result *, uint64_t column))                          \
    X(struct duck_logical_type *, column_logical_type, (struct duck_result *, uint64_t column))    \
    X(uint64_t, rows_changed, (struct duck_result *))                                              \
    X(struct duck_data_chunk *, fetch_chunk, (struct duck_result))                                 \
    X(uint64_t, extract_statements,                                                                \
      (struct duck_connection *, const char *sql, struct duck_extracted **ret))                    \
    X(const char *, extract_statements_error, (struct duck_extracted *))                           \
    X(enum duck_state, prepare_extracted_statement,                                                \
      (struct duck_connection *, struct duck_extracted *, uint64_t index,                          \
       struct duck_prepared * *ret))                                                               \
    X(void, destroy_extracted, (struct duck_extracted **))                                         \
    X(enum duck_state, prepare,                                                                    \
      (struct duck_connection *, const char *sql, struct duck_prepared **ret))                     \
    X(const char *, prepare_error, (struct duck_prepared *))                                       \
    X(void, destroy_prepare, (struct duck_prepared **))                                            \
    X(int, prepared_statement_type, (struct duck_prepared *))                                      \
    X(uint64_t, nparams, (struct duck_prepared *))                                                 \
    X(enum duck_state, bind_boolean, (struct duck_prepared *, uint64_t index, bool))               \
    X(enum duck_state, bind_int64, (struct duck_prepared *, uint64_t index, int64_t))              \
    X(enum duck_state, bind_double, (struct duck_prepared *, uint64_t index, double))              \
    X(enum duck_state, bind_timestamp, (struct duck_prepared *, uint64_t index, int64_t))          \
    X(enum duck_state, bind_varchar_length,                                                        \
      (struct duck_prepared *, uint64_t index, const char *text, uint64_t len))                    \
    X(enum duck_state, bind_blob,                                                                  \
      (struct duck_prepared *, uint64_t index, const void *bytes, uint64_t len))                   \
    X(enum duck_state, bind_null, (struct duck_prepared *, uint64_t index))                        \
    X(enum duck_state, execute_prepared, (struct duck_prepared *, struct duck_result *))           \
    X(enum duck_state, pending_prepared_streaming,                                                 \
      (struct duck_prepared *, struct duck_pending * *ret))                                        \
    X(enum duck_state, pending_prepared, (struct duck_prepared *, struct duck_pending * *ret))     \
    X(enum duck_pending_state, pending_execute_task, (struct duck_pending *))                      \
    X(const char *, pending_error, (struct duck_pending *))                                        \
    X(enum duck_state, execute_pending, (struct duck_pending *, struct duck_result *))             \
    X(void, destroy_pending, (struct duck_pending **))                                             \
    X(struct duck_logical_type *, create_logical_type, (enum duck_type))                           \
    X(enum duck_type, get_type_id, (struct duck_logical_type *))                                   \
    X(void, destroy_logical_type, (struct duck_logical_type **))                                   \
    X(void, logical_type_set_alias, (struct duck_logical_type *, const char *alias))               \
    X(char *, logical_type_get_alias, (struct duck_logical_type *))                                \
    X(uint8_t, decimal_scale, (struct duck_logical_type *))                                        \
    X(enum duck_type, decimal_internal_type, (struct duck_logical_type *))                         \
    X(enum duck_type, enum_internal_type, (struct duck_logical_type *))                            \
    X(char *, enum_dictionary_value, (struct duck_logical_type *, uint64_t index))                 \
    X(struct duck_logical_type *, list_type_child_type, (struct duck_logical_type *))              \
    X(struct duck_logical_type *, array_type_child_type, (struct duck_logical_type *))             \
    X(uint64_t, array_type_array_size, (struct duck_logical_type *))                               \
    X(struct duck_logical_type *, map_type_key_type, (struct duck_logical_type *))                 \
    X(struct duck_logical_type *, map_type_value_type, (struct duck_logical_type *))               \
    X(uint64_t, struct_type_child_count, (struct duck_logical_type *))                             \
    X(char *, struct_type_child_name, (struct duck_logical_type *, uint64_t index))                \
    X(struct duck_logical_type *, struct_type_child_type,                                          \
      (struct duck_logical_type *, uint64_t index))                                                \
    X(struct duck_data_chunk *, create_data_chunk,                                                 \
      (struct duck_logical_type * *types, uint64_t n))                                             \
    X(void, destroy_data_chunk, (struct duck_data_chunk **))                                       \
    X(void, data_chunk_reset, (struct duck_data_chunk *))                                          \
    X(uint64_t, data_chunk_get_column_count, (struct duck_data_chunk *))                           \
    X(struct duck_vector *, data_chunk_get_vector, (struct duck_data_chunk *, uint64_t column))    \
    X(uint64_t, data_chunk_get_size, (struct duck_data_chunk *))                                   \
    X(void, data_chunk_set_size, (struct duck_data_chunk *, uint64_t rows))                        \
    X(struct duck_logical_type *, vector_get_column_type, (struct duck_vector *))                  \
    X(void *, vector_get_data, (struct duck_vector *))                                             \
    X(uint64_t *, vector_get_validity, (struct duck_vector *))                                     \
    X(void, vector_ensure_validity_writable, (struct duck_vector *))                               \
    X(void, vector_assign_string_element_len,                                                      \
      (struct duck_vector *, uint64_t row, const char *text, uint64_t len))                        \
    X(void, unsafe_vector_assign_string_element_len,                                               \
      (struct duck_vector *, uint64_t row, const char *text, uint64_t len))                        \
    X(void, vector_reference_value, (struct duck_vector *, struct duck_value *))                   \
    X(struct duck_vector *, list_vector_get_child, (struct duck_vector *))                         \
    X(struct duck_vector *, array_vector_get_child, (struct duck_vector *))                        \
    X(struct duck_vector *, struct_vector_get_child, (struct duck_vector *, uint64_t index))       \
    X(struct duck_value *, create_null_value, (void))                                              \
    X(void, destroy_value, (struct duck_value **))                                                 \
    X(struct duck_scalar_function *, create_scalar_function, (void))                               \
    X(void, destroy_scalar_function, (struct duck_scalar_function **))                             \
    X(void, scalar_function_set_name, (struct duck_scalar_function *, const char *name))           \
    X(void, scalar_function_add_parameter,                                                         \
      (struct duck_scalar_function *, struct duck_logical_type *))                                 \
    X(void, scalar_function_set_varargs,                                                           \
      (struct duck_scalar_function *, struct duck_logical_type *))                                 \
    X(void, scalar_function_set_return_type,                                                       \
      (struct duck_scalar_function *, struct duck_logical_type *))                                 \
    X(void, scalar_function_set_special_handling, (struct duck_scalar_function *))                 \
    X(void, scalar_function_set_volatile, (struct duck_scalar_function *))                         \
    X(void, scalar_function_set_extra_info,                                                        \
      (struct duck_scalar_function *, void *data, duck_delete_callback *))                         \
    X(void, scalar_function_set_function, (struct duck_scalar_function *, duck_scalar_callback *)) \
    X(void *, scalar_function_get_extra_info, (struct duck_function_info *))                       \
    X(void, scalar_function_set_error, (struct duck_function_info *, const char *text))            \
    X(enum duck_state, register_scalar_function,                                                   \
      (struct duck_connection *, struct duck_scalar_function *))                                   \
    X(struct duck_table_function *, create_table_function, (void))                                 \
    X(void, destroy_table_function, (struct duck_table_function **))                               \
    X(void, table_function_set_name, (struct duck_table_function *, const char *name))             \
    X(void, table_function_set_extra_info,                                                         \
      (struct duck_table_function *, void *data, duck_delete_callback *))                          \
    X(void, table_function_set_bind, (struct duck_table_function *, duck_bind_callback *))         \
    X(void, table_function_set_init, (struct duck_table_function *, duck_init_callback *))         \
    X(void, table_function_set_function, (struct duck_table_function *, duck_table_callback *))    \
    X(enum duck_state, register_table_function,                                                    \
      (struct duck_connection *, struct duck_table_function *))                                    \
    X(void *, bind_get_extra_info, (struct duck_bind_info *))                                      \
    X(void, bind_add_result_column,                                                                \
      (struct duck_bind_info *, const char *name, struct duck_logical_type *))                     \
    X(void, bind_set_error, (struct duck_bind_info *, const char *text))                           \
    X(void *, function_get_extra_info, (struct duck_function_info *))

struct duck {
#define DUCK_MEMBER(type, name, arguments) type(*name) arguments;
    DUCK_FUNCTIONS(DUCK_MEMBER)
#undef DUCK_MEMBER
};

/*
 * The library, loaded once for the whole process; NULL: *err says where it was looked for, and the next call looks
 * again. Looked at in this order:
 *
 *     file, where the caller names one; then nothing else
 *     $JAGA_DUCKDB; then nothing else
 *     ../lib/jaga/libduckdb.so beside the executable           (installed)
 *     ../../../out/duckdb/libduckdb.so beside the executable   (a build folder)
 *     libduckdb.so of the system
 */
const struct duck *duck_load(const char *file, struct err *err);

static inline struct str duck_string_str(const union duck_string *string)
{
    uint32_t len = string->inlined.len;
    return (struct str){len <= 12 ? string->inlined.bytes : string->pointer.ptr, len};
}

#endif
