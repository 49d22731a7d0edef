#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "lake/duckdb.h"

/* DuckDB's exceptions begin with their kind. */
static const struct {
    const char *begins, *holds;
    int code;
} problems[] = {
    {NULL, "No space left on device", -ENOSPC},
    {NULL, "Disk quota exceeded", -ENOSPC},
    {NULL, "File too large", -ENOSPC},
    {NULL, "max_temp_directory_size", -ENOMEM},
    {NULL, "Read-only file system", -EROFS},
    {NULL, "has been invalidated", -EIO},
    {"Out of Memory", NULL, -ENOMEM},
    {"INTERRUPT", NULL, -ECANCELED},
    {"Interrupt", NULL, -ECANCELED},
    {"Permission", NULL, -EACCES},
    {"Serialization", NULL, -EBADMSG},
    {"IO Error: Could not set lock", NULL, -EBUSY},
    {"IO Error: The file", "not a valid DuckDB database file", -EBADMSG},
    {"IO", NULL, -EIO},
    {"FATAL", NULL, -EIO},
};

int statement_code(const char *problem)
{
    struct str text = str_from_c(problem);
    for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
        if (problems[i].begins && !str_starts(text, str_from_c(problems[i].begins)))
            continue;
        if (problems[i].holds && str_find(text, str_from_c(problems[i].holds)) == SIZE_MAX)
            continue;
        return problems[i].code;
    }
    return -EINVAL;
}

int statement_fail(struct err *err, const char *problem)
{
    if (!problem)
        problem = "the engine does not say why";
    struct str text = str_trim(str_from_c(problem));
    return err_set(err, statement_code(problem), "%.*s", STR_ARG(text));
}

int statement_run_text(struct lake *lake, struct duck_connection *connection, struct str sql,
                       struct err *err)
{
    struct duck_result result;
    int status = 0;
    if (lake->duck->query(connection, sql.ptr, &result) != DUCK_OK)
        status = statement_fail(err, lake->duck->result_error(&result));
    lake->duck->destroy_result(&result);
    if (status < 0 && str_starts(sql, STR("BEGIN;"))) {
        (void)lake->duck->query(connection, "ROLLBACK", &result);
        lake->duck->destroy_result(&result);
    }
    return status;
}

int statement_run_built(struct lake *lake, struct duck_connection *connection, struct buf *sql,
                        struct err *err)
{
    bool any = sql->len > 0;
    buf_add_byte(sql, '\0');
    int status = sql->failed ? err_set(err, -ENOMEM, "no memory")
                 : any       ? statement_run_text(lake, connection, buf_str(sql), err)
                             : 0;
    buf_free(sql);
    return status;
}

void statement_roll_back(struct lake *lake)
{
    struct err ignored;
    (void)statement_run(lake, lake->writer, &ignored, "ROLLBACK");
}

int statement_run(struct lake *lake, struct duck_connection *connection, struct err *err,
                  const char *format, ...)
{
    char *sql;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&sql, format, arguments);
    va_end(arguments);
    if (len < 0)
        return err_set(err, -ENOMEM, "no memory");
    int status = statement_run_text(lake, connection, str_of(sql, (size_t)len), err);
    free(sql);
    return status;
}

static enum duck_state bind_value(const struct duck *duck, struct duck_prepared *prepared,
                                  uint64_t index, const struct lake_value *value)
{
    switch (value->kind) {
    case LAKE_NULL:
        return duck->bind_null(prepared, index);
    case LAKE_BOOLEAN:
        return duck->bind_boolean(prepared, index, value->integer != 0);
    case LAKE_INTEGER:
        return duck->bind_int64(prepared, index, value->integer);
    case LAKE_DOUBLE:
        return duck->bind_double(prepared, index, value->number);
    case LAKE_TIME:
        return duck->bind_timestamp(prepared, index, value->integer);
    case LAKE_TEXT:
    case LAKE_JSON:
        return duck->bind_varchar_length(prepared, index, value->text.ptr ? value->text.ptr : "",
                                         value->text.len);
    case LAKE_BYTES:
        return duck->bind_blob(prepared, index, value->text.ptr, value->text.len);
    }
    return DUCK_ERROR;
}

int statement_bind(const struct duck *duck, struct duck_prepared *prepared,
                   const struct lake_value *values, size_t n)
{
    if (duck->nparams(prepared) != n)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (bind_value(duck, prepared, i + 1, &values[i]) != DUCK_OK)
            return -EINVAL;
    return 0;
}

int statement_take(const struct duck *duck, struct duck_result *result, statement_each *each,
                   void *context, struct err *err)
{
    struct converter *converter = converter_new(duck, result);
    int status = converter ? 0 : err_set(err, -ENOMEM, "no memory");
    for (struct duck_data_chunk *chunk;
         status >= 0 && (chunk = duck->fetch_chunk(*result)) != NULL;) {
        struct lake_chunk rows;
        status = converter_take(converter, chunk, &rows);
        if (status < 0)
            err_set(err, status, "no memory");
        else if (rows.n_rows > 0 && (status = each(context, &rows)) < 0)
            err_set(err, status, "%s", strerror(-status));
        duck->destroy_data_chunk(&chunk);
    }
    converter_free(converter);
    const char *problem = duck->result_error(result);
    if (status >= 0 && problem && problem[0])
        return statement_fail(err, problem);
    return status < 0 ? status : 0;
}

int statement_ask(struct lake *lake, struct duck_connection *connection, struct str sql,
                  const struct lake_value *values, size_t n, statement_each *each, void *context,
                  struct err *err)
{
    const struct duck *duck = lake->duck;
    struct duck_prepared *prepared = NULL;
    struct duck_result result;
    int status;
    if (duck->prepare(connection, sql.ptr, &prepared) != DUCK_OK) {
        status = statement_fail(err, duck->prepare_error(prepared));
    } else if (statement_bind(duck, prepared, values, n) < 0) {
        status = err_set(err, -EINVAL, "values don't fit the parameters of the statement");
    } else {
        status = 0;
        if (duck->execute_prepared(prepared, &result) != DUCK_OK)
            status = statement_fail(err, duck->result_error(&result));
        else if (each)
            status = statement_take(duck, &result, each, context, err);
        duck->destroy_result(&result);
    }
    duck->destroy_prepare(&prepared);
    return status;
}
