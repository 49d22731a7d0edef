/* Asks a lake that no centre holds, for end-to-end tests: lake_ask FOLDER SQL. Every dataset is a table; rows are JSON lists. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "lake/lake.h"

typedef VEC(struct lake_source) source_list;

static int add_source(void *context, struct str dataset)
{
    struct str name = str_of(strndup(dataset.ptr, dataset.len), dataset.len);
    struct lake_source source = {
        .name = name, .dataset = name, .first = INT64_MIN, .last = INT64_MAX};
    return vec_push((source_list *)context, source);
}

static void add_value(struct buf *out, const struct lake_vector *vector, size_t row)
{
    if (lake_is_null(vector, row))
        buf_add_c(out, "null");
    else if (vector->kind == LAKE_TEXT || vector->kind == LAKE_JSON)
        buf_add_json(out, vector->texts[row]);
    else if (vector->kind == LAKE_DOUBLE)
        buf_printf(out, "%.17g", vector->doubles[row]);
    else
        buf_printf(out, "%" PRId64, vector->integers[row]);
}

static void print_chunk(const struct lake_chunk *chunk)
{
    struct buf out = {0};
    for (uint32_t row = 0; row < chunk->n_rows; row++) {
        for (uint32_t i = 0; i < chunk->n_columns; i++) {
            buf_add_byte(&out, i ? ',' : '[');
            add_value(&out, &chunk->columns[i], row);
        }
        buf_add_c(&out, "]\n");
    }
    fwrite(out.ptr, 1, out.len, stdout);
    buf_free(&out);
}

static int ask(const struct lake_ops *ops, struct lake *lake, const char *sql, struct err *err)
{
    source_list sources = {0};
    struct lake_run *run = NULL;
    struct lake_chunk chunk;
    int r = ops->datasets(lake, &(struct lake_scope){.all = true}, add_source, &sources);
    const struct lake_query query = {.sql = str_from_c(sql),
                                     .sources = sources.items,
                                     .n_sources = sources.len,
                                     .scope = {.all = true}};
    if (r == 0)
        r = ops->ask(lake, &query, &run, err);
    while (r >= 0 && (r = ops->next(run, &chunk, err)) == 1)
        print_chunk(&chunk);
    ops->done(run);
    for (size_t i = 0; i < sources.len; i++)
        free((char *)(uintptr_t)sources.items[i].name.ptr);
    vec_free(&sources);
    return r;
}

int main(int argc, char **argv)
{
    const struct lake_options options = {0};
    struct err err = {0};
    if (argc != 3) {
        fprintf(stderr, "lake_ask FOLDER SQL\n");
        return 2;
    }
    struct lake *lake = lake_duckdb.open(argv[1], &options, &err);
    int r = lake ? ask(&lake_duckdb, lake, argv[2], &err) : err.code;
    if (r < 0)
        fprintf(stderr, "lake_ask: %s\n", err.message);
    if (lake)
        lake_duckdb.close(lake);
    return r < 0;
}
