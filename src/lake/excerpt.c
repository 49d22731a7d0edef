/* What proves the events of an export: of each block their leaves, and hashes that stand for all others. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lake/proof.h"

struct hash {
    unsigned char bytes[LAKE_HASH];
};

struct hashes {
    struct hash *items;
    size_t len, cap;
};

/* Leaves of a day's blocks, as they come; those of one block at a time are kept. */
struct gathering {
    const struct lake_export *what;
    int (*each)(void *context, const struct lake_excerpt *excerpt);
    void *context;
    struct err *err;
    const struct block_list *blocks; /* of the day */
    size_t block;                    /* the one that is being gathered */
    struct hashes all, own;          /* of all its events; of those that are exported */
    VEC(struct lake_place) places;
    VEC(uint32_t) at;
};

static const unsigned char (*bytes_of(const struct hashes *hashes))[LAKE_HASH]
{
    return (const unsigned char(*)[LAKE_HASH])hashes->items;
}

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "no memory");
}

static int hand_out(struct gathering *gathering, const struct lake_block *block, struct str others)
{
    const struct lake_excerpt excerpt = {
        .block = *block,
        .part = {.count = (uint32_t)gathering->all.len,
                 .at = gathering->at.items,
                 .leaves = bytes_of(&gathering->own),
                 .n = gathering->own.len,
                 .others = others},
        .places = gathering->places.items,
    };
    if (!lake_excerpt_ok(&excerpt))
        return err_set(gathering->err, -EBADMSG,
                       "%.*s: block %" PRIu64 " is not as it was stored (jaga lake verify)",
                       STR_ARG(block->day), block->seq);
    int status = gathering->each(gathering->context, &excerpt);
    return status < 0 && !gathering->err->code
               ? err_set(gathering->err, status, "%s", strerror(-status))
               : status;
}

/* The block that is being gathered is complete. */
static int end_block(struct gathering *gathering)
{
    struct merkle_tree tree;
    struct buf others = {0};
    int status = 0;
    if (gathering->own.len > 0) {
        if (merkle_tree_make(bytes_of(&gathering->all), gathering->all.len, &tree) < 0)
            return no_memory(gathering->err);
        merkle_tree_others(&tree, gathering->at.items, gathering->at.len, &others);
        merkle_tree_free(&tree);
        status = others.failed ? no_memory(gathering->err)
                               : hand_out(gathering, &gathering->blocks->items[gathering->block],
                                          buf_str(&others));
    }
    gathering->all.len = gathering->own.len = gathering->places.len = gathering->at.len = 0;
    buf_free(&others);
    return status < 0 ? status : 0;
}

static int take_leaf(struct gathering *gathering, const struct lake_vector *columns, uint32_t row)
{
    struct hash hash;
    const struct lake_place place = {columns[1].integers[row], (uint32_t)columns[2].integers[row]};
    uint32_t index = (uint32_t)gathering->all.len;
    if (hash_from_hex(columns[3].texts[row], hash.bytes) < 0)
        return -EBADMSG;
    if (vec_push(&gathering->all, hash) < 0)
        return -ENOMEM;
    if (!columns[4].integers[row])
        return 0;
    return vec_push(&gathering->own, hash) < 0 || vec_push(&gathering->places, place) < 0 ||
                   vec_push(&gathering->at, index) < 0
               ? -ENOMEM
               : 0;
}

static int take_leaves(void *context, const struct lake_chunk *chunk)
{
    struct gathering *gathering = context;
    const struct block_list *blocks = gathering->blocks;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < chunk->n_rows; i++) {
        uint64_t seq = (uint64_t)chunk->columns[0].integers[i];
        while (status == 0 && gathering->block < blocks->len &&
               blocks->items[gathering->block].seq < seq) {
            status = end_block(gathering);
            gathering->block++;
        }
        if (status == 0 &&
            (gathering->block == blocks->len || blocks->items[gathering->block].seq != seq))
            status = err_set(gathering->err, -EBADMSG,
                             "%s: events say they are of block %" PRIu64 ", which there is not",
                             blocks->day->name, seq);
        if (status == 0)
            status = take_leaf(gathering, chunk->columns, i);
    }
    return status;
}

static void add_own(struct buf *sql, const struct day *day, const struct lake_export *what)
{
    buf_printf(sql, "FROM \"%s\".", day->name);
    lake_quote_name(sql, what->dataset);
    buf_add_c(sql, " WHERE true");
    source_add_times(sql, what->first, what->last);
    source_add_agencies(sql, &what->scope);
}

/* All leaves of the blocks that have exported events, and which of them are those. */
static int ask_leaves(struct reading *reading, const struct day *day, struct gathering *gathering)
{
    struct buf sql = {0};
    buf_add_c(&sql,
              "WITH own AS MATERIALIZED (SELECT _block AS block, _key AS key, _part AS part ");
    add_own(&sql, day, gathering->what);
    buf_add_c(&sql, ") SELECT l.block, l.key, l.part, l.hash, own.key IS NOT NULL FROM (");
    int status = add_leaves(reading->lake, day, "IN (SELECT block FROM own)", &sql);
    buf_add_c(&sql, ") l LEFT JOIN own USING (block, key, part) ORDER BY 1, 2, 3");
    status = status < 0 ? no_memory(gathering->err)
                        : reading_ask(reading, &sql, take_leaves, gathering, gathering->err);
    buf_free(&sql);
    return status;
}

static int export_day(struct reading *reading, const struct day *day, struct gathering *gathering)
{
    struct block_list blocks = {0};
    struct err ignored;
    gathering->blocks = &blocks;
    gathering->block = 0;
    /* One transaction: what is committed meanwhile is neither in the blocks nor in the rows. */
    int status = statement_run(reading->lake, reading->connection, gathering->err, "BEGIN");
    if (status == 0)
        status = blocks_read(reading, day, "true", "", &blocks, gathering->err);
    if (status == 0)
        status = ask_leaves(reading, day, gathering);
    if (status == 0)
        status = end_block(gathering);
    (void)statement_run(reading->lake, reading->connection, &ignored, "ROLLBACK");
    vec_free(&blocks);
    return status;
}

/* ---- held events, each with the path that was kept ---- */

static int take_kept(void *context, const struct lake_chunk *chunk)
{
    struct gathering *gathering = context;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < chunk->n_rows; i++) {
        const struct lake_vector *own = chunk->columns, *kept = own + 3;
        const struct lake_place place = {own[0].integers[i], (uint32_t)own[1].integers[i]};
        struct lake_excerpt excerpt = {.places = &place};
        struct lake_path path;
        struct buf others = {0};
        unsigned char hash[1][LAKE_HASH];
        if (hash_from_hex(own[2].texts[i], hash[0]) < 0 ||
            kept_read(kept, i, &excerpt.block, &path) < 0)
            return -EBADMSG;
        merkle_path_others(&path, &others);
        excerpt.part = (struct merkle_part){
            path.count, &path.index, (const unsigned char(*)[LAKE_HASH])hash, 1, buf_str(&others)};
        if (others.failed)
            status = no_memory(gathering->err);
        else if (!lake_excerpt_ok(&excerpt))
            status = err_set(gathering->err, -EBADMSG, "an event on hold is not as it was stored");
        else
            status = gathering->each(gathering->context, &excerpt);
        buf_free(&others);
    }
    return status < 0 ? status : 0;
}

static int export_held(struct reading *reading, const struct day *day, struct gathering *gathering)
{
    struct buf sql = {0};
    buf_add_c(&sql, "SELECT o._key, o._part, o.hash, " KEPT_COLUMNS " FROM (SELECT _key, _part, ");
    add_leaf_call(&sql, gathering->what->dataset);
    buf_add_c(&sql, " AS hash ");
    add_own(&sql, day, gathering->what);
    buf_add_c(&sql, ") o JOIN \"held\"._proofs p ON p.key = o._key AND p.part = o._part");
    int status = reading_ask(reading, &sql, take_kept, gathering, gathering->err);
    buf_free(&sql);
    return status;
}

int excerpt_export(struct lake *lake, const struct lake_export *what,
                   int (*each)(void *context, const struct lake_excerpt *excerpt), void *context,
                   struct err *err)
{
    const struct lake_source source = {
        .dataset = what->dataset, .first = what->first, .last = what->last};
    struct gathering gathering = {.what = what, .each = each, .context = context, .err = err};
    struct reading reading = {.lake = lake};
    if (lake->duck->connect(lake->database, &reading.connection) != DUCK_OK)
        return no_memory(err);
    int status = source_pin_days(lake, &source, &what->scope, &reading.pins, err);
    for (size_t i = 0; status == 0 && i < reading.pins.len; i++) {
        const struct day *day = reading.pins.items[i];
        status = strcmp(day->name, "held") == 0 ? export_held(&reading, day, &gathering)
                                                : export_day(&reading, day, &gathering);
    }
    reading_close(&reading);
    vec_free(&gathering.all);
    vec_free(&gathering.own);
    vec_free(&gathering.places);
    vec_free(&gathering.at);
    return status;
}
