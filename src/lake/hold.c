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

#define STATEMENT_BYTES 65536 /* about as long as a statement with many values becomes */

#define IS_HELD "(_key, _part) IN (SELECT (key, part) FROM lake.holds)"

/* Those of one table that are not copied yet; `going` as of goings_write(). */
static int find_held(struct reading *reading, const struct day *day, struct str dataset,
                     struct str going, struct held_list *list, struct err *err)
{
    struct buf sql = {0};
    buf_printf(&sql, "SELECT _key, _part, _block FROM \"%s\".", day->name);
    lake_quote_name(&sql, dataset);
    buf_add_c(&sql, " WHERE " IS_HELD
                    " AND (_key, _part) NOT IN (SELECT (key, part) FROM \"held\"._proofs)");
    buf_add_str(&sql, going);
    buf_add_c(&sql, " ORDER BY _block, _key, _part");
    int status = reading_ask(reading, &sql, take_held, list, err);
    buf_free(&sql);
    return status;
}

static void add_hex(struct buf *sql, const unsigned char *bytes, size_t n)
{
    buf_add_c(sql, "from_hex('");
    for (size_t i = 0; i < n; i++)
        buf_printf(sql, "%02x", bytes[i]);
    buf_add_c(sql, "')");
}

/* A row of _proofs. */
static void add_path(struct buf *sql, const struct held *held, const struct lake_block *block,
                     const struct lake_path *path)
{
    buf_printf(sql, "(%" PRId64 ", %" PRIu32 ", %" PRIu64 ", ", held->key, held->part, block->seq);
    lake_quote_text(sql, block->day);
    buf_printf(sql, ", %" PRIu32 ", %" PRIu64 ", %" PRIu64 ", %" PRIu32 ", ", block->partition,
               block->first, block->next, block->count);
    add_hex(sql, block->root, LAKE_HASH);
    buf_printf(sql, ", %" PRIu32 ", ", path->index);
    add_hex(sql, path->hashes[0], (size_t)path->n * LAKE_HASH);
    buf_add_byte(sql, ')');
}

/* The paths of events in the order of their blocks, so that each block is read once. */
static int save_paths(struct reading *reading, const struct day *day, const struct held_list *list,
                      struct err *err)
{
    struct block_tree tree = {0};
    struct lake_path path;
    struct buf sql = {0};
    int status = 0;
    for (size_t i = 0; status == 0 && i < list->len; i++) {
        const struct held *held = &list->items[i];
        if (tree.block.seq != held->block) {
            block_tree_free(&tree);
            status = block_tree_read(reading, day, held->block, &tree, err);
        }
        if (status == 0)
            status = block_tree_path(&tree, held->key, held->part, &path, err);
        if (status < 0)
            break;
        buf_add_c(&sql, sql.len ? ", " : "INSERT INTO \"held\"._proofs VALUES ");
        add_path(&sql, held, &tree.block, &path);
        if (i + 1 < list->len && sql.len < STATEMENT_BYTES)
            continue;
        status = statement_run_built(reading->lake, reading->lake->writer, &sql, err);
    }
    block_tree_free(&tree);
    buf_free(&sql);
    return status;
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
    if (status == 0)
        status = statement_run_built(lake, lake->writer, &sql, err);
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
        buf_add_c(&sql, ", _agency, count(*), sum(" BYTES_SQL "), min(epoch_us(_time)), "
                        "max(epoch_us(_time)) FROM \"held\".");
        lake_quote_name(&sql, lake->tables.items[i]->name);
        buf_add_c(&sql, " GROUP BY _agency;");
    }
    return statement_run_built(lake, lake->writer, &sql, err);
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
    if (any && status == 0)
        status = save_paths(reading, day, &list, err);
    if (any && status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (any && status < 0)
        statement_roll_back(lake);
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
        statement_roll_back(lake);
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
        if (day->tables.items[i].exists && goings_write(goings, i, &going))
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

/* Holds. What is asked for stands in a table of the connection, so that there may be much of it. */

static int stage_ids(struct lake *lake, const struct lake_id *ids, size_t n, struct err *err)
{
    struct buf sql = {0};
    int status = statement_run(
        lake, lake->writer, err,
        "CREATE OR REPLACE TEMP TABLE asked (key BIGINT, part INTEGER); CREATE OR REPLACE "
        "TEMP TABLE found (key BIGINT, part INTEGER)");
    for (size_t i = 0; status == 0 && i < n; i++) {
        buf_add_c(&sql, sql.len ? ", " : "INSERT INTO asked VALUES ");
        buf_printf(&sql, "(%" PRId64 ", %" PRIu32 ")", lake_key(&ids[i]), ids[i].part);
        if (i + 1 == n || sql.len >= STATEMENT_BYTES)
            status = statement_run_built(lake, lake->writer, &sql, err);
    }
    buf_free(&sql);
    return status;
}

static bool may_have_any(const struct day *day, const struct lake_id *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (day_may_have(day, &ids[i]))
            return true;
    return false;
}

/* Notes which of the events a day has. */
static int find_in_day(struct lake *lake, const struct day *day, struct err *err)
{
    struct reading reading;
    int status = reading_open(lake, str_from_c(day->name), &reading, err);
    if (status < 0)
        return status;
    for (size_t i = 0; status == 0 && i < day->tables.len; i++) {
        struct buf sql = {0};
        if (!day->tables.items[i].exists)
            continue;
        buf_printf(&sql, "INSERT INTO found SELECT _key, _part FROM \"%s\".", day->name);
        lake_quote_name(&sql, lake->tables.items[i]->name);
        buf_add_c(&sql, " SEMI JOIN asked ON _key = key AND _part = part");
        status = statement_run_built(lake, lake->writer, &sql, err);
    }
    reading_close(&reading);
    return status;
}

static int take_missing(void *context, const struct lake_chunk *chunk)
{
    uint64_t key = (uint64_t)chunk->columns[0].integers[0];
    *(struct lake_id *)context = (struct lake_id){
        .partition = (uint32_t)(key >> 48),
        .offset = key & LAKE_OFFSET_MAX,
        .part = (uint32_t)chunk->columns[1].integers[0],
    };
    return 0;
}

/* -ENOENT: an event that is asked for is in no day. */
static int find_all(struct lake *lake, const struct lake_id *ids, size_t n, struct err *err)
{
    struct lake_id missing = {.partition = UINT32_MAX};
    char text[LAKE_ID_TEXT_MAX];
    int status = 0;
    for (size_t i = 0; status == 0 && i < lake->days.len; i++)
        if (may_have_any(lake->days.items[i], ids, n))
            status = find_in_day(lake, lake->days.items[i], err);
    if (status == 0)
        status = statement_ask(lake, lake->writer,
                               STR("SELECT key, part FROM asked ANTI JOIN found USING (key, part) "
                                   "LIMIT 1"),
                               NULL, 0, take_missing, &missing, err);
    if (status < 0 || missing.partition == UINT32_MAX)
        return status;
    lake_id_format(&missing, text);
    return err_set(err, -ENOENT, "there is no event %s", text);
}

static int take_number(void *context, const struct lake_chunk *chunk)
{
    *(uint64_t *)context = (uint64_t)chunk->columns[0].integers[0];
    return 0;
}

static int save_hold(struct lake *lake, const struct lake_hold *hold, uint64_t *ret_added,
                     struct err *err)
{
    const struct lake_value values[] = {
        {.kind = LAKE_TEXT, .text = hold->name},
        {.kind = LAKE_TEXT, .text = hold->reason},
        {.kind = LAKE_TEXT, .text = hold->by},
        {.kind = LAKE_INTEGER, .integer = hold->at},
    };
    int status = statement_run(lake, lake->writer, err, "BEGIN");
    if (status == 0)
        status = statement_ask(lake, lake->writer,
                               STR("INSERT INTO lake.hold_names SELECT $1, $2, $3, $4 WHERE NOT "
                                   "EXISTS (FROM lake.hold_names WHERE hold = $1)"),
                               values, 4, NULL, NULL, err);
    if (status == 0)
        status =
            statement_ask(lake, lake->writer,
                          STR("INSERT INTO lake.holds SELECT DISTINCT $1, key, part FROM asked "
                              "ANTI JOIN (FROM lake.holds WHERE hold = $1) USING (key, part)"),
                          values, 1, take_number, ret_added, err);
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0)
        statement_roll_back(lake);
    return status;
}

int hold_add(struct lake *lake, const struct lake_hold *hold, const struct lake_id *ids, size_t n,
             uint64_t *ret_added, struct err *err)
{
    struct err ignored;
    if (hold->name.len == 0 || n > LAKE_HOLD_IDS_MAX)
        return err_set(err, -EINVAL,
                       "a hold has a name, and at most %d events are put on it at a time",
                       LAKE_HOLD_IDS_MAX);
    int status = stage_ids(lake, ids, n, err);
    if (status == 0)
        status = find_all(lake, ids, n, err);
    if (status == 0)
        status = save_hold(lake, hold, ret_added, err);
    (void)statement_run(lake, lake->writer, &ignored,
                        "DROP TABLE IF EXISTS asked; DROP TABLE IF EXISTS found");
    return status;
}

/* Its texts live for the call of `each`. */
struct listing {
    int (*each)(void *context, const struct lake_hold *hold);
    void *context;
};

static int take_holds(void *context, const struct lake_chunk *chunk)
{
    const struct listing *listing = context;
    const struct lake_vector *columns = chunk->columns;
    int status = 0;
    for (uint32_t i = 0; status >= 0 && i < chunk->n_rows; i++) {
        const struct lake_hold hold = {
            .name = columns[0].texts[i],
            .reason = columns[1].texts[i],
            .by = columns[2].texts[i],
            .at = columns[3].integers[i],
            .events = (uint64_t)columns[4].integers[i],
        };
        status = listing->each(listing->context, &hold);
    }
    return status;
}

int hold_list(struct lake *lake, int (*each)(void *context, const struct lake_hold *hold),
              void *context)
{
    struct listing listing = {each, context};
    struct duck_connection *connection = NULL;
    struct err ignored;
    if (lake->duck->connect(lake->database, &connection) != DUCK_OK)
        return -ENOMEM;
    int status = statement_ask(
        lake, connection,
        STR("SELECT hold, coalesce(reason, ''), coalesce(by_whom, ''), coalesce(since, 0), n FROM "
            "(SELECT hold, count(*) AS n FROM lake.holds GROUP BY 1) LEFT JOIN lake.hold_names "
            "USING "
            "(hold) ORDER BY 4, 1"),
        NULL, 0, take_holds, &listing, &ignored);
    lake->duck->disconnect(&connection);
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
        status = statement_run_built(lake, lake->writer, &sql, err);
    }
    if (status == 0)
        status = statement_run(lake, lake->writer, err,
                               "DELETE FROM \"held\"._proofs WHERE (key, part) NOT IN (SELECT "
                               "(key, part) FROM lake.holds); COMMIT");
    if (status < 0) {
        statement_roll_back(lake);
        return status;
    }
    return settle_held(lake, held, err);
}

int hold_release(struct lake *lake, struct str hold, uint64_t *ret_released, struct err *err)
{
    struct day *held = NULL;
    uint64_t released = 0;
    struct lake_value name = {.kind = LAKE_TEXT, .text = hold};
    int status = statement_run(lake, lake->writer, err, "BEGIN");
    if (status == 0)
        status =
            statement_ask(lake, lake->writer, STR("DELETE FROM lake.hold_names WHERE hold = $1"),
                          &name, 1, NULL, NULL, err);
    if (status == 0)
        status = statement_ask(lake, lake->writer, STR("DELETE FROM lake.holds WHERE hold = $1"),
                               &name, 1, take_number, &released, err);
    if (status == 0 && released == 0)
        status = err_set(err, -ENOENT, "there is no hold '%.*s'", STR_ARG(hold));
    if (status == 0)
        status = statement_run(lake, lake->writer, err, "COMMIT");
    if (status < 0) {
        statement_roll_back(lake);
        return status;
    }
    *ret_released = released;
    if (!day_find(lake, STR("held")))
        return 0;
    status = open_held(lake, &held, err);
    return status < 0 ? status : release_rows(lake, held, err);
}
