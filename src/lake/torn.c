/*
 * What a commit that did not reach its end has left in days: taken back before the next row goes there. The catalogue
 * says which block the last whole commit ended with; those behind it are torn. So a commit is whole or not at all, and
 * what is put again may be of another day or dataset than it was.
 */
#include <inttypes.h>

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

/* Rows of a dataset, and what its shares say of them. */
static void add_table(const struct lake *lake, const struct day *day, struct str dataset,
                      struct buf *sql)
{
    struct buf table = {0}, text = {0};
    buf_printf(&table, "\"%s\".", day->name);
    lake_quote_name(&table, dataset);
    lake_quote_text(&text, dataset);
    struct str name = buf_str(&table), label = buf_str(&text);
    buf_printf(sql,
               "UPDATE \"%s\"._shares SET rows = rows - n, bytes = bytes - b FROM (SELECT _agency, "
               "count(*) AS n, sum(coalesce(octet_length(_bytes), strlen(_raw))) AS b FROM %.*s "
               "WHERE _block > %" PRIu64 " GROUP BY 1) WHERE agency = _agency AND dataset = %.*s;",
               day->name, STR_ARG(name), lake->whole, STR_ARG(label));
    buf_printf(sql, "DELETE FROM %.*s WHERE _block > %" PRIu64 ";", STR_ARG(name), lake->whole);
    buf_printf(sql,
               "UPDATE \"%s\"._shares SET first = f, last = l FROM (SELECT _agency, "
               "min(epoch_us(_time)) AS f, max(epoch_us(_time)) AS l FROM %.*s GROUP BY 1) WHERE "
               "agency = _agency AND dataset = %.*s;",
               day->name, STR_ARG(name), STR_ARG(label));
    sql->failed |= table.failed || text.failed;
    buf_free(&table);
    buf_free(&text);
}

int torn_undo(struct lake *lake, struct day *day, struct err *err)
{
    struct buf sql = {0};
    int64_t n = 0;
    int status = count_torn(lake, day, &n, err);
    if (status < 0 || n == 0)
        return status;
    buf_add_c(&sql, "BEGIN;");
    for (size_t i = 0; i < day->tables.len; i++)
        if (day->tables.items[i].exists)
            add_table(lake, day, lake->tables.items[i]->name, &sql);
    const char *name = day->name;
    buf_printf(&sql,
               "DELETE FROM \"%s\"._shares WHERE rows = 0; DELETE FROM \"%s\"._blocks WHERE seq > "
               "%" PRIu64 "; DELETE FROM \"%s\"._progress; INSERT INTO \"%s\"._progress FROM "
               "lake.progress; COMMIT",
               name, name, lake->whole, name, name);
    buf_add_byte(&sql, '\0');
    status = sql.failed ? err_set(err, -ENOMEM, "no memory")
                        : statement_run_text(lake, lake->writer, buf_str(&sql), err);
    buf_free(&sql);
    return status;
}
