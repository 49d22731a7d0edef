/*
 * What a commit that did not reach its end has left in days: taken back before the next row goes there. The catalogue
 * says which block the last whole commit ended with; those behind it are torn. So a commit is whole or not at all, and
 * what is put again may be of another day or dataset than it was.
 */
#include <inttypes.h>
#include <stdio.h>

#include "lake/duckdb.h"

static int take_count(void *context, const struct lake_chunk *chunk)
{
    *(int64_t *)context = chunk->columns[0].integers[0];
    return 0;
}

static int count_torn(struct lake *lake, const struct day *day, int64_t *ret_n, struct err *err)
{
    struct buf sql = {0};
    buf_printf(&sql, "SELECT count(*) FROM \"%s\"._blocks WHERE seq > %" PRIu64, day->name,
               lake->whole);
    buf_add_byte(&sql, '\0');
    int status = sql.failed ? err_set(err, -ENOMEM, "no memory")
                            : statement_ask(lake, lake->writer, buf_str(&sql), NULL, 0, take_count,
                                            ret_n, err);
    buf_free(&sql);
    return status;
}

int torn_undo(struct lake *lake, struct day *day, struct err *err)
{
    struct buf sql = {0};
    char torn[48];
    int64_t n = 0;
    int status = count_torn(lake, day, &n, err);
    if (status < 0 || n == 0)
        return status;
    snprintf(torn, sizeof(torn), " AND _block > %" PRIu64, lake->whole);
    buf_add_c(&sql, "BEGIN;");
    for (size_t i = 0; i < day->tables.len; i++)
        if (day->tables.items[i].exists)
            day_write_removal(day, lake->tables.items[i]->name, str_from_c(torn), &sql);
    const char *name = day->name;
    buf_printf(&sql,
               "DELETE FROM \"%s\"._blocks WHERE seq > %" PRIu64
               "; DELETE FROM \"%s\"._progress; INSERT INTO \"%s\"._progress FROM lake.progress; "
               "COMMIT",
               name, lake->whole, name, name);
    return statement_run_built(lake, lake->writer, &sql, err);
}
