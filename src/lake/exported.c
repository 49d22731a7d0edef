#include "lake/exported.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lake/duckdb.h"
#include "lake/lines.h"

bool exported_is_parquet(const char *path)
{
    return str_ends(str_from_c(path), STR(".parquet"));
}

/* ---- a Parquet file, and an instance of DuckDB that reads nothing else ---- */

struct parquet {
    const struct duck *duck;
    int file;
    struct duck_database *database;
    struct duck_connection *connection;
    struct duck_prepared *prepared;
    struct duck_pending *pending;
    struct duck_result result;
    bool executed; /* there is a result to destroy */
};

/* The problem that DuckDB describes, without the descriptor and our SQL. */
static int parquet_fail(const char *problem, struct err *err)
{
    struct str text = str_from_c(problem ? problem : "it is no Parquet file");
    text = str_first(text, str_find(text, STR(" '/proc/self/fd/")));
    text = str_first(text, str_index(text, '\n'));
    return err_set(err, statement_code(problem ? problem : ""), "%.*s", STR_ARG(text));
}

static int run_sql(struct parquet *parquet, const char *sql, struct err *err)
{
    struct duck_result result;
    int status = 0;
    if (parquet->duck->query(parquet->connection, sql, &result) != DUCK_OK)
        status = statement_fail(err, parquet->duck->result_error(&result));
    parquet->duck->destroy_result(&result);
    return status;
}

/* In memory: nothing is spilled, and nothing is left behind. */
static int open_instance(struct parquet *parquet, const struct lake_options *options,
                         struct err *err)
{
    const struct duck *duck = parquet->duck;
    struct duck_config *config = NULL;
    char memory[32], *problem = NULL;
    int status = 0;
    snprintf(memory, sizeof(memory), "%" PRIu64 "B",
             options->memory ? options->memory : EXPORTED_MEMORY);
    if (duck->create_config(&config) != DUCK_OK)
        return err_set(err, -ENOMEM, "no memory");
    if (duck->set_config(config, "memory_limit", memory) != DUCK_OK ||
        duck->set_config(config, "temp_directory", "") != DUCK_OK)
        status = err_set(err, -EINVAL, "the library refuses its settings");
    else if (duck->open_ext(NULL, &parquet->database, config, &problem) != DUCK_OK)
        status = statement_fail(err, problem);
    else if (duck->connect(parquet->database, &parquet->connection) != DUCK_OK)
        status = err_set(err, -ENOMEM, "no memory");
    duck->free(problem);
    duck->destroy_config(&config);
    return status;
}

static void parquet_close(struct parquet *parquet)
{
    const struct duck *duck = parquet->duck;
    if (parquet->executed)
        duck->destroy_result(&parquet->result);
    if (parquet->pending)
        duck->destroy_pending(&parquet->pending);
    if (parquet->prepared)
        duck->destroy_prepare(&parquet->prepared);
    if (parquet->connection)
        duck->disconnect(&parquet->connection);
    if (parquet->database)
        duck->close(&parquet->database);
    if (parquet->file >= 0)
        close(parquet->file);
}

/*
 * The file goes by its descriptor: a name might be a pattern for several. From then on SQL reads nothing else, and
 * cannot change that.
 */
static int parquet_open(const char *path, const struct lake_options *options,
                        struct parquet *ret_parquet, struct err *err)
{
    char sql[512];
    *ret_parquet = (struct parquet){.duck = duck_load(options->library, err), .file = -1};
    if (!ret_parquet->duck)
        return err->code;
    ret_parquet->file = open(path, O_RDONLY | O_CLOEXEC);
    if (ret_parquet->file < 0)
        return err_set(err, -errno, "%s", strerror(errno));
    snprintf(sql, sizeof(sql),
             "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; SET "
             "allowed_paths = ['/proc/self/fd/%d']; SET enable_external_access = false; SET "
             "lock_configuration = true",
             ret_parquet->file);
    int status = open_instance(ret_parquet, options, err);
    if (status == 0)
        status = run_sql(ret_parquet, sql, err);
    if (status < 0)
        parquet_close(ret_parquet);
    return status;
}

/* Columns of all rows, as they are in the file. */
static int parquet_select(struct parquet *parquet, const char *columns, struct err *err)
{
    const struct duck *duck = parquet->duck;
    char sql[1024];
    snprintf(sql, sizeof(sql), "SELECT %s FROM read_parquet('/proc/self/fd/%d')", columns,
             parquet->file);
    if (duck->prepare(parquet->connection, sql, &parquet->prepared) != DUCK_OK)
        return parquet_fail(duck->prepare_error(parquet->prepared), err);
    if (duck->pending_prepared_streaming(parquet->prepared, &parquet->pending) != DUCK_OK)
        return parquet_fail(duck->pending_error(parquet->pending), err);
    parquet->executed = true;
    if (duck->execute_pending(parquet->pending, &parquet->result) != DUCK_OK)
        return parquet_fail(duck->result_error(&parquet->result), err);
    return 0;
}

/* ---- its rows as lines ---- */

struct lining {
    struct lines lines;
    int (*write)(void *context, struct str lines);
    void *context;
    struct err *err;
};

static int take_lines(void *context, const struct lake_chunk *chunk)
{
    struct lining *lining = context;
    return lines_add(&lining->lines, chunk, lining->write, lining->context, lining->err);
}

int exported_write_lines(const char *path, const struct lake_options *options,
                         int (*write)(void *context, struct str lines), void *context,
                         struct err *err)
{
    struct parquet parquet;
    struct lining lining = {.write = write, .context = context, .err = err};
    int status = parquet_open(path, options, &parquet, err);
    if (status < 0)
        return err_in(err, str_from_c(path));
    status = parquet_select(&parquet, "*", err);
    size_t n = status == 0 ? parquet.duck->column_count(&parquet.result) : 0;
    for (size_t i = 0; status == 0 && i < n; i++)
        if (lines_name(&lining.lines, str_from_c(parquet.duck->column_name(&parquet.result, i))) <
            0)
            status = err_set(err, -ENOMEM, "no memory");
    if (status == 0)
        status = statement_take(parquet.duck, &parquet.result, take_lines, &lining, err);
    if (status == 0)
        status = lines_end(&lining.lines, write, context, err);
    lines_free(&lining.lines);
    parquet_close(&parquet);
    return status < 0 ? err_in(err, str_from_c(path)) : status;
}
