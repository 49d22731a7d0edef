#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/clock.h"
#include "lake/duckdb.h"
#include "lake/run.h"

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "no memory");
}

static int make_views(struct lake_run *run, const struct lake_query *query, struct err *err)
{
    struct buf sql = {0};
    int status = 0;
    for (size_t i = 0; status == 0 && i < query->n_sources; i++) {
        buf_clear(&sql);
        buf_add_c(&sql, "CREATE TEMP VIEW ");
        lake_quote_name(&sql, query->sources[i].name);
        buf_add_c(&sql, " AS ");
        status = source_write(run->lake, &query->sources[i], query, &run->pins, &sql, err);
        buf_add_byte(&sql, '\0');
        if (status == 0 && sql.failed)
            status = no_memory(err);
        if (status == 0)
            status = statement_run_text(run->lake, run->connection, buf_str(&sql), err);
    }
    buf_free(&sql);
    return status;
}

/* One SELECT, and nothing behind it. */
static int prepare(struct lake_run *run, const struct lake_query *query, int type, struct err *err)
{
    const struct duck *duck = run->lake->duck;
    struct duck_extracted *extracted = NULL;
    struct buf sql = {0};
    if (type == DUCK_STATEMENT_EXPLAIN)
        buf_add_c(&sql, "EXPLAIN ");
    buf_add_str(&sql, query->sql);
    buf_add_byte(&sql, '\0');
    int status = 0;
    if (sql.failed) {
        status = no_memory(err);
    } else if (memchr(query->sql.ptr, '\0', query->sql.len)) {
        status = err_set(err, -EINVAL, "the query has a NUL byte in it");
    } else {
        uint64_t n = duck->extract_statements(run->connection, sql.ptr, &extracted);
        if (n == 0 && duck->extract_statements_error(extracted))
            status = statement_fail(err, duck->extract_statements_error(extracted));
        else if (n != 1)
            status = err_set(err, -EINVAL, "one statement is asked at a time, not %d", (int)n);
        else if (duck->prepare_extracted_statement(run->connection, extracted, 0, &run->prepared) !=
                 DUCK_OK)
            status = statement_fail(err, duck->prepare_error(run->prepared));
    }
    if (extracted)
        duck->destroy_extracted(&extracted);
    buf_free(&sql);
    if (status < 0)
        return status;
    if ((int)duck->prepared_statement_type(run->prepared) != type)
        return err_set(err, -EACCES, "only SELECT may be asked");
    if (statement_bind(duck, run->prepared, query->values, query->n_values) < 0)
        return err_set(err, -EINVAL, "the query has %d parameters and %zu values",
                       (int)duck->nparams(run->prepared), query->n_values);
    return 0;
}

int run_ask_for(struct lake *lake, const struct lake_query *query, int type,
                struct lake_run **ret_run, struct err *err)
{
    struct lake_run *run = calloc(1, sizeof(*run));
    if (!run)
        return no_memory(err);
    run->lake = lake;
    run->limits = query->limits;
    run->started = clock_ticks_us();
    int status = 0;
    if (lake->duck->connect(lake->database, &run->connection) != DUCK_OK)
        status = no_memory(err);
    watcher_add(run);
    /* Before there are views, so that a name of a source hides nothing from it. */
    if (status == 0 && query->guarded)
        status = guard_check(lake, run->connection, query, err);
    if (status == 0)
        status = statement_run(lake, run->connection, err,
                               "SET enable_progress_bar = true; SET enable_progress_bar_print = "
                               "false");
    if (status == 0)
        status = make_views(run, query, err);
    if (status == 0)
        status = prepare(run, query, type, err);
    if (status < 0) {
        run_done(run);
        return status;
    }
    *ret_run = run;
    return 0;
}

int run_ask(struct lake *lake, const struct lake_query *query, struct lake_run **ret_run,
            struct err *err)
{
    return run_ask_for(lake, query, DUCK_STATEMENT_SELECT, ret_run, err);
}

void run_done(struct lake_run *run)
{
    if (!run)
        return;
    const struct duck *duck = run->lake->duck;
    watcher_remove(run);
    if (run->chunk)
        duck->destroy_data_chunk(&run->chunk);
    if (run->executed)
        duck->destroy_result(&run->result);
    if (run->pending)
        duck->destroy_pending(&run->pending);
    if (run->prepared)
        duck->destroy_prepare(&run->prepared);
    if (run->connection)
        duck->disconnect(&run->connection);
    pins_release(run->lake, &run->pins);
    converter_free(run->converter);
    if (run->file) /* what was not taken of it */
        (void)unlink(run->file);
    free(run->file);
    free((void *)(uintptr_t)run->dataset.ptr);
    free(run->columns);
    free(run);
}

/* Why DuckDB stopped: what we did to it says more than what it says. */
static int failed(struct lake_run *run, const char *problem, struct err *err)
{
    run->ended = true;
    if (atomic_load(&run->cancelled))
        return err_set(err, -ECANCELED, "the query was cancelled");
    if (atomic_load(&run->late))
        return err_set(err, -ETIME, "the query took longer than %.1f s",
                       (double)run->limits.time_us / 1e6);
    if (atomic_load(&run->excess) == RUN_LARGE)
        return err_set(err, -ENOMEM,
                       "the query needs more than the %" PRIu64 " MiB of memory "
                       "that it may have",
                       run->limits.memory >> 20);
    if (atomic_load(&run->excess) == RUN_CROWDED)
        return err_set(err, -ENOMEM,
                       "the queries that run need more memory than there is, and "
                       "this one was the largest");
    if (problem && statement_code(problem) == -ENOMEM)
        return err_set(err, -ENOMEM, "the query needs more memory than the lake has");
    return statement_fail(err, problem);
}

static int start(struct lake_run *run, struct err *err)
{
    const struct duck *duck = run->lake->duck;
    if (duck->pending_prepared_streaming(run->prepared, &run->pending) != DUCK_OK)
        return failed(run, duck->pending_error(run->pending), err);
    run->executed = true;
    if (duck->execute_pending(run->pending, &run->result) != DUCK_OK)
        return failed(run, duck->result_error(&run->result), err);
    size_t n = duck->column_count(&run->result);
    run->converter = converter_new(duck, &run->result);
    run->columns = calloc(n + 1, sizeof(*run->columns));
    if (!run->converter || !run->columns) {
        run->ended = true;
        return no_memory(err);
    }
    run->n_columns = n;
    for (size_t i = 0; i < n; i++)
        run->columns[i] = (struct lake_result_column){
            str_from_c(duck->column_name(&run->result, i)), converter_kind(run->converter, i)};
    return 0;
}

static uint64_t row_bytes(const struct lake_chunk *chunk, uint32_t row)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < chunk->n_columns; i++) {
        const struct lake_vector *vector = &chunk->columns[i];
        bool text =
            vector->kind == LAKE_TEXT || vector->kind == LAKE_JSON || vector->kind == LAKE_BYTES;
        bytes += lake_is_null(vector, row) ? 0 : text ? vector->texts[row].len : 8;
    }
    return bytes;
}

/* Counts what is handed out; cuts the chunk where a limit is reached. */
static void count_rows(struct lake_run *run, struct lake_chunk *chunk)
{
    uint64_t rows = atomic_load(&run->rows), bytes = atomic_load(&run->bytes);
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        uint64_t more = row_bytes(chunk, i);
        if ((run->limits.rows && rows >= run->limits.rows) ||
            (run->limits.bytes && bytes + more > run->limits.bytes && rows > 0)) {
            chunk->n_rows = i;
            atomic_store(&run->cut, true);
            run->ended = true;
            break;
        }
        rows++;
        bytes += more;
    }
    atomic_store(&run->rows, rows);
    atomic_store(&run->bytes, bytes);
}

static int next_chunk(struct lake_run *run, struct lake_chunk *ret_chunk, struct err *err)
{
    const struct duck *duck = run->lake->duck;
    for (;;) {
        if (run->chunk)
            duck->destroy_data_chunk(&run->chunk);
        run->chunk = duck->fetch_chunk(run->result);
        if (!run->chunk) {
            run->ended = true;
            const char *problem = duck->result_error(&run->result);
            return problem && problem[0] ? failed(run, problem, err) : 0;
        }
        if (duck->data_chunk_get_size(run->chunk) == 0)
            continue;
        int status = converter_take(run->converter, run->chunk, ret_chunk);
        if (status < 0)
            return no_memory(err);
        count_rows(run, ret_chunk);
        return ret_chunk->n_rows > 0;
    }
}

int run_next(struct lake_run *run, struct lake_chunk *ret_chunk, struct err *err)
{
    if (run->ended)
        return 0;
    if (run_is_ending(run))
        return failed(run, NULL, err);
    int status = 0;
    atomic_store(&run->busy, true);
    if (!run->executed && run->limits.memory > 0)
        watcher_wake(run->lake); /* it measures only where something computes */
    if (!run->executed)
        status = start(run, err);
    if (status == 0)
        status = next_chunk(run, ret_chunk, err);
    atomic_store(&run->busy, false);
    return status;
}

const struct lake_result_column *run_result(const struct lake_run *run, size_t *ret_n)
{
    *ret_n = run->n_columns;
    return run->columns;
}

void run_get_stats(struct lake_run *run, struct lake_run_stats *ret_stats)
{
    double progress = -1;
    pthread_mutex_lock(&run->lake->runs_lock);
    if (run->connection)
        progress = run->lake->duck->query_progress(run->connection).percentage / 100;
    pthread_mutex_unlock(&run->lake->runs_lock);
    *ret_stats = (struct lake_run_stats){
        .rows = atomic_load(&run->rows),
        .bytes = atomic_load(&run->bytes),
        .time_us = clock_ticks_us() - run->started,
        .progress = progress < 0   ? -1
                    : progress > 1 ? 1
                                   : progress,
        .cut = atomic_load(&run->cut),
    };
}

int run_explain(struct lake *lake, const struct lake_query *query, struct buf *text,
                struct err *err)
{
    struct lake_run *run;
    struct lake_chunk chunk;
    if (!query->scope.all)
        return err_set(err, -EACCES, "the engine's plan tells how much other agencies have");
    int status = run_ask_for(lake, query, DUCK_STATEMENT_EXPLAIN, &run, err);
    if (status < 0)
        return status;
    while ((status = run_next(run, &chunk, err)) == 1)
        for (uint32_t i = 0; i < chunk.n_rows; i++)
            buf_add_str(text, chunk.columns[chunk.n_columns - 1].texts[i]);
    run_done(run);
    return status < 0 ? status : text->failed ? no_memory(err) : 0;
}
