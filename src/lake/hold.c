#include "lake/hold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lake/proof.h"

/* An event on hold in a day that is to go. */
struct held {
    int64_t key;
    uint32_t part;
    uint64_t block;
};

struct held_list {
    struct held *items;
    size_t len, cap;
};

static int take_held(void *context, const struct lake_chunk *chunk)
{
    struct held_list *list = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++)
        if (vec_push(list, (struct held){chunk->columns[0].integers[i],
                                         (uint32_t)chunk->columns[1].integers[i],
                                         (uint64_t)chunk->columns[2].integers[i]}) < 0)
            return -ENOMEM;
    return 0;
}

#define IS_HELD "(_key, _part) IN (SELECT (key, part) FROM lake.holds)"

/* " AND _agency IN (...)": of shares of the table that go. False: there are none. */
static bool add_going(struct buf *sql, const struct goings *goings, uint32_t number)
{
    bool any = false;
    for (size_t i = 0; i < goings->len; i++) {
        if (goings->items[i].table != number)
            continue;
        buf_add_c(sql, any ? ", " : " AND _agency IN (");
        lake_quote_text(sql, goings->items[i].agency);
        any = true;
    }
    if (any)
        buf_add_byte(sql, ')');
    return any;
}

/* Those of one table that are not copied yet; `going` as of add_going(). */
static int find_held(struct reading *reading, const struct day *day, struct str dataset,
                     struct str going, struct held_list *list, struct err *err)
{
    struct buf sql = {0};
    buf_printf(&sql, "SELECT _key, _part, _block FROM \"%s\".", day->name);
    lake_quote_name(&sql, dataset);
    buf_add_c(&sql, " WHERE " IS_HELD
                    " AND (_key, _part) NOT IN (SELECT (key, part) FROM \"held\"._proofs)");
    buf_add_str(&sql, going);
    int status = reading_ask(reading, &sql, take_held, list, err);
    buf_free(&sql);
    return status;
}

static int save_path(struct lake *lake, const struct held *held, const struct lake_block *block,
                     const struct lake_path *path, struct err *err)
{
    return statement_ask(
        lake, lake->writer,
        STR("INSERT INTO \"held\"._proofs VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"),
        (struct lake_value[]){
            {.kind = LAKE_INTEGER, .integer = held->key},
            {.kind = LAKE_INTEGER, .integer = held->part},
            {.kind = LAKE_INTEGER, .integer = (int64_t)block->seq},
            {.kind = LAKE_TEXT, .text = block->day},
            {.kind = LAKE_INTEGER, .integer = block->partition},
            {.kind = LAKE_INTEGER, .integer = (int64_t)block->first},
            {.kind = LAKE_INTEGER, .integer = (int64_t)block->next},
            {.kind = LAKE_INTEGER, .integer = block->count},
            {.kind = LAKE_BYTES, .text = str_of((const char *)block->root, LAKE_HASH)},
            {.kind = LAKE_INTEGER, .integer = path->index},
            {.kind = LAKE_BYTES,
             .text = str_of((const char *)path->hashes, (size_t)path->n * LAKE_HASH)},
        },
        11, NULL, NULL, err);
}

/* Rows, by name: the held table may have columns that the day has not. Inside a transaction. */
static int copy_rows(struct lake *lake, const struct day *day, struct day *to, uint32_t number,
                     struct str going, struct err *err)
{
    struct buf sql = {0};
    struct str dataset = lake->tables.items[number]->name;
    struct day_table *place = day_table(lake, to, number);
    if (!place)
        return err_set(err, -ENOMEM, "no memory");
    int status = append_shape(lake, to, place, lake->tables.items[number], err);
    buf_add_c(&sql, "INSERT INTO \"held\".");
    lake_quote_name(&sql, dataset);
    buf_printf(&sql, " BY NAME SELECT * FROM \"%s\".", day->name);
    lake_quote_name(&sql, dataset);
    buf_add_c(&sql, " t WHERE " IS_HELD " AND NOT EXISTS (FROM \"held\".");
    lake_quote_name(&sql, dataset);
    buf_add_c(&sql, " h WHERE h._key = t._key AND h._part = t._part)");
    buf_add_str(&sql, going);
    buf_add_byte(&sql, '\0');
    if (status == 0)
        status = sql.failed ? err_set(err, -ENOMEM, "no memory")
                            : statement_run_text(lake, lake->writer, buf_str(&sql), err);
    buf_free(&sql);
    return status;
}

/* What the held file has is counted anew: it is small. Inside a transaction. */
static int count_shares(struct lake *lake, const struct day *held, struct err *err)
{
    struct buf sql = {0};
    buf_add_c(&sql, "DELETE FROM \"held\"._shares;");
    for (size_t i = 0; i < held->tables.len; i++) {
        if (!held->tables.items[i].exists)
            continue;
        buf_add_c(&sql, "INSERT INTO \"held\"._shares SELECT ");
        lake_quote_text(&sql, lake->tables.items[i]->name);
        buf_add_c(&sql, ", _agency, count(*), sum(strlen(_raw)), min(epoch_us(_time)), "
                        "max(epoch_us(_time)) FROM \"held\".");
        lake_quote_name(&sql, lake->tables.items[i]->name);
        buf_add_c(&sql, " GROUP BY _agency;");
    }
    buf_add_byte(&sql, '\0');
    int status = sql.failed ? err_set(err, -ENOMEM, "no memory")
                            : statement_run_text(lake, lake->writer, buf_str(&sql), err);
    buf_free(&sql);
    return status;
}

static void roll_back(struct lake *lake)
{
    struct err ignored;
    (void)statement_run(lake, lake->writer, &ignored, "ROLLBACK");
}

static int open_held(struct lake *lake, struct day **ret_held, struct err *err)
{
    struct day *held = day_get(lake, STR("held"));
    if (!held)
        return err_set(err, -ENOMEM, "no memory");
    int status = held->loaded ? 0 : day_load(lake, held, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err,
                               "CREATE TABLE IF NOT EXISTS \"held\"._proofs (key BIGINT, part "
                               "INTEGER, seq BIGINT, day VARCHAR, partition INTEGER, first BIGINT, "
                               "next BIGINT, count INTEGER, root BLOB, place INTEGER, path BLOB)");
    *ret_held = held;
    return status;
}

static int copy_table(struct reading *reading, struct day *day, struct day *held, uint32_t number,
                      struct str going, uint64_t *rows, struct err *err)
{
    struct lake *lake = reading->lake;
    struct held_list list = {0};
    int status = find_held(reading, day, lake->tables.items[number]->name, going, &list, err);
    bool any = status == 0 && list.len > 0;
    if (any)
        status = statement_run(lake, lake->writer, err, "BEGIN");
    if (any && status == 0)
        status = copy_rows(lake, day, held, number, going, err);
    for (size_t i = 0; any && status == 0 && i < list.len; i++) {
        struct lake_block block;
        struct lake_path path;
        status = proof_path(reading, day, list.items[i].block, list.items[i].key,
                            list.items[i].part, &block, &path, err);
        if (status == 0)
            status = save_path(lake, &list.items[i], &block, &path, err);
    }
    if (any && status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (any && status < 0)
        roll_back(lake);
    if (status == 0)
        *rows += list.len;
    vec_free(&list);
    return status;
}

static int has_holds(void *context, const struct lake_chunk *chunk)
{
    *(bool *)context = chunk->columns[0].integers[0] > 0;
    return 0;
}

/* Its events are found by their spans: each is as wide as one event, for get() to look here. */
static int settle_held(struct lake *lake, struct day *held, struct err *err)
{
    int status = day_recover(lake, held, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "BEGIN");
    if (status == 0)
        status = count_shares(lake, held, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err,
                               "DELETE FROM \"held\"._blocks; INSERT INTO \"held\"._blocks SELECT "
                               "min(seq), key >> 48, min(key & %" PRIu64 "), max(key & %" PRIu64
                               ") + 1, 0, ''::BLOB FROM \"held\"._proofs GROUP BY key >> 48",
                               LAKE_OFFSET_MAX, LAKE_OFFSET_MAX);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0) {
        roll_back(lake);
        return status;
    }
    return day_recover(lake, held, err);
}

int hold_copy(struct lake *lake, struct day *day, const struct goings *goings, uint64_t *ret_rows,
              struct err *err)
{
    struct reading reading;
    struct day *held = NULL;
    uint64_t rows = 0;
    bool any = false;
    int status = statement_ask(lake, lake->writer, STR("SELECT count(*) FROM lake.holds"), NULL, 0,
                               has_holds, &any, err);
    if (status < 0 || !any)
        return status;
    status = open_held(lake, &held, err);
    if (status == 0)
        status = reading_open(lake, str_from_c(day->name), &reading, err);
    if (status < 0)
        return status;
    for (uint32_t i = 0; status == 0 && i < day->tables.len; i++) {
        struct buf going = {0};
        if (day->tables.items[i].exists && add_going(&going, goings, i))
            status = going.failed ? err_set(err, -ENOMEM, "no memory")
                                  : copy_table(&reading, day, held, i, buf_str(&going), &rows, err);
        buf_free(&going);
    }
    reading_close(&reading);
    if (status == 0 && rows > 0)
        status = settle_held(lake, held, err);
    if (status == 0)
        *ret_rows = rows;
    return status;
}

int hold_add(struct lake *lake, struct str hold, const struct lake_id *ids, size_t n,
             struct err *err)
{
    int status = statement_run(lake, lake->writer, err, "BEGIN");
    for (size_t i = 0; status == 0 && i < n; i++)
        status = statement_ask(lake, lake->writer,
                               STR("INSERT INTO lake.holds SELECT $1, $2, $3 WHERE NOT EXISTS "
                                   "(FROM lake.holds WHERE hold = $1 AND key = $2 AND part = $3)"),
                               (struct lake_value[]){
                                   {.kind = LAKE_TEXT, .text = hold},
                                   {.kind = LAKE_INTEGER, .integer = lake_key(&ids[i])},
                                   {.kind = LAKE_INTEGER, .integer = ids[i].part},
                               },
                               3, NULL, NULL, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0)
        roll_back(lake);
    return status;
}

/* What nobody holds any more leaves the held file. */
static int release_rows(struct lake *lake, struct day *held, struct err *err)
{
    int status = statement_run(lake, lake->writer, err, "BEGIN");
    for (size_t i = 0; status == 0 && i < held->tables.len; i++) {
        struct buf sql = {0};
        if (!held->tables.items[i].exists)
            continue;
        buf_add_c(&sql, "DELETE FROM \"held\".");
        lake_quote_name(&sql, lake->tables.items[i]->name);
        buf_add_c(&sql, " WHERE NOT " IS_HELD);
        buf_add_byte(&sql, '\0');
        status = sql.failed ? err_set(err, -ENOMEM, "no memory")
                            : statement_run_text(lake, lake->writer, buf_str(&sql), err);
        buf_free(&sql);
    }
    if (status == 0)
        status = statement_run(lake, lake->writer, err,
                               "DELETE FROM \"held\"._proofs WHERE (key, part) NOT IN (SELECT "
                               "(key, part) FROM lake.holds); COMMIT");
    if (status < 0) {
        roll_back(lake);
        return status;
    }
    return settle_held(lake, held, err);
}

int hold_release(struct lake *lake, struct str hold, struct err *err)
{
    struct day *held = NULL;
    struct lake_value name = {.kind = LAKE_TEXT, .text = hold};
    int status = statement_ask(lake, lake->writer, STR("DELETE FROM lake.holds WHERE hold = $1"),
                               &name, 1, NULL, NULL, err);
    if (status < 0 || !day_find(lake, STR("held")))
        return status;
    status = open_held(lake, &held, err);
    return status < 0 ? status : release_rows(lake, held, err);
}
