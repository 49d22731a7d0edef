/* What proves events: the blocks of days, the way from an event to its block's root, and whether all of it is so. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lake/proof.h"

int hash_from_hex(struct str hex, unsigned char ret_hash[static LAKE_HASH])
{
    if (hex.len != 2 * LAKE_HASH)
        return -EBADMSG;
    for (size_t i = 0; i < LAKE_HASH; i++) {
        int high = str_hex_digit(hex.ptr[2 * i]), low = str_hex_digit(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EBADMSG;
        ret_hash[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

/* The days that fit, pinned, on a connection of its own. */
int reading_open_after(struct lake *lake, struct str day, uint64_t after,
                       struct reading *ret_reading, struct err *err)
{
    *ret_reading = (struct reading){.lake = lake};
    int status = 0;
    if (lake->duck->connect(lake->database, &ret_reading->connection) != DUCK_OK)
        return err_set(err, -ENOMEM, "no memory");
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; status == 0 && i < lake->days.len; i++) {
        struct day *one = lake->days.items[i];
        if (one->seq_last > after && (day.len == 0 || str_eq(day, str_from_c(one->name))))
            status = source_pin(lake, one, &ret_reading->pins, err);
    }
    pthread_mutex_unlock(&lake->lock);
    if (status < 0)
        reading_close(ret_reading);
    return status;
}

int reading_open(struct lake *lake, struct str day, struct reading *ret_reading, struct err *err)
{
    return reading_open_after(lake, day, 0, ret_reading, err);
}

void reading_close(struct reading *reading)
{
    reading->lake->duck->disconnect(&reading->connection);
    pins_release(reading->lake, &reading->pins);
}

void add_leaf_call(struct buf *sql, struct str dataset)
{
    buf_add_c(sql, "jaga_leaf(_key, _part, _time, _received, _agency, _source, ");
    lake_quote_text(sql, dataset);
    buf_add_c(sql, ", _format, _raw, _bytes)");
}

/* SELECT of (block, key, part, hash) over all tables of a day, and what was removed from them. */
int add_leaves(struct lake *lake, const struct day *day, const char *where, struct buf *sql)
{
    buf_printf(sql, "SELECT block, key, part, hash FROM \"%s\"._removed", day->name);
    if (where[0])
        buf_printf(sql, " WHERE block %s", where);
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; i < day->tables.len; i++) {
        if (!day->tables.items[i].exists)
            continue;
        struct str dataset = lake->tables.items[i]->name;
        buf_add_c(sql, " UNION ALL SELECT _block, _key, _part, ");
        add_leaf_call(sql, dataset);
        buf_printf(sql, " FROM \"%s\".", day->name);
        lake_quote_name(sql, dataset);
        if (where[0])
            buf_printf(sql, " WHERE _block %s", where);
    }
    pthread_mutex_unlock(&lake->lock);
    buf_add_c(sql, " ORDER BY 1, 2, 3");
    return sql->failed ? -ENOMEM : 0;
}

int reading_ask(struct reading *reading, struct buf *sql, statement_each *each, void *context,
                struct err *err)
{
    buf_add_byte(sql, '\0');
    if (sql->failed)
        return err_set(err, -ENOMEM, "no memory");
    return statement_ask(reading->lake, reading->connection, buf_str(sql), NULL, 0, each, context,
                         err);
}

static int take_block(void *context, const struct lake_chunk *chunk)
{
    struct block_list *blocks = context;
    const struct lake_vector *columns = chunk->columns;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct lake_block block = {
            .seq = (uint64_t)columns[0].integers[i],
            .day = str_from_c(blocks->day->name),
            .partition = (uint32_t)columns[1].integers[i],
            .first = (uint64_t)columns[2].integers[i],
            .next = (uint64_t)columns[3].integers[i],
            .count = (uint32_t)columns[4].integers[i],
        };
        if (columns[5].texts[i].len != LAKE_HASH)
            return -EBADMSG;
        memcpy(block.root, columns[5].texts[i].ptr, LAKE_HASH);
        if (vec_push(blocks, block) < 0)
            return -ENOMEM;
    }
    return 0;
}

int blocks_read(struct reading *reading, const struct day *day, const char *where, const char *more,
                struct block_list *blocks, struct err *err)
{
    struct buf sql = {0};
    blocks->day = day;
    buf_printf(&sql,
               "SELECT seq, partition, first, next, count, root FROM \"%s\"._blocks WHERE %s ORDER "
               "BY seq%s",
               day->name, where, more);
    int status = reading_ask(reading, &sql, take_block, blocks, err);
    buf_free(&sql);
    return status;
}

static int compare_blocks(const void *a, const void *b)
{
    const struct lake_block *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

int proof_blocks(struct lake *lake, uint64_t after,
                 int (*each)(void *context, const struct lake_block *block), void *context)
{
    struct reading reading;
    struct block_list blocks = {0};
    struct err ignored;
    char where[64];
    char limit[32];
    snprintf(where, sizeof(where), "seq > %" PRIu64, after);
    snprintf(limit, sizeof(limit), " LIMIT %d", LAKE_BLOCKS_MAX);
    int status = reading_open_after(lake, (struct str){NULL, 0}, after, &reading, &ignored);
    if (status < 0)
        return status;
    for (size_t i = 0; status == 0 && i < reading.pins.len; i++)
        if (strcmp(reading.pins.items[i]->name, "held") != 0)
            status = blocks_read(&reading, reading.pins.items[i], where, limit, &blocks, &ignored);
    if (blocks.len > 0)
        qsort(blocks.items, blocks.len, sizeof(*blocks.items), compare_blocks);
    for (size_t i = 0; status >= 0 && i < blocks.len && i < LAKE_BLOCKS_MAX; i++)
        status = each(context, &blocks.items[i]);
    vec_free(&blocks);
    reading_close(&reading);
    return status < 0 ? status : 0;
}

/* Leaves of one or more blocks. */

static int take_leaf(void *context, const struct lake_chunk *chunk)
{
    struct leaf_list *leaves = context;
    const struct lake_vector *columns = chunk->columns;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct leaf_hash leaf = {
            .block = (uint64_t)columns[0].integers[i],
            .key = columns[1].integers[i],
            .part = (uint32_t)columns[2].integers[i],
        };
        if (hash_from_hex(columns[3].texts[i], leaf.hash) < 0)
            return -EBADMSG;
        if (vec_push(leaves, leaf) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int make_tree(struct block_tree *tree, struct err *err)
{
    size_t n = tree->leaves.len;
    unsigned char(*hashes)[LAKE_HASH] = malloc(n * sizeof(*hashes));
    if (!hashes)
        return err_set(err, -ENOMEM, "no memory");
    for (size_t i = 0; i < n; i++)
        memcpy(hashes[i], tree->leaves.items[i].hash, LAKE_HASH);
    int status = merkle_tree_make((const unsigned char(*)[LAKE_HASH])hashes, n, &tree->tree);
    free(hashes);
    return status < 0 ? err_set(err, status, "no memory") : 0;
}

int block_tree_read(struct reading *reading, const struct day *day, uint64_t seq,
                    struct block_tree *ret_tree, struct err *err)
{
    struct buf sql = {0};
    struct block_list blocks = {0};
    char where[64];
    *ret_tree = (struct block_tree){0};
    snprintf(where, sizeof(where), "seq = %" PRIu64, seq);
    int status = blocks_read(reading, day, where, "", &blocks, err);
    snprintf(where, sizeof(where), "= %" PRIu64, seq);
    if (status == 0 && add_leaves(reading->lake, day, where, &sql) < 0)
        status = err_set(err, -ENOMEM, "no memory");
    if (status == 0)
        status = reading_ask(reading, &sql, take_leaf, &ret_tree->leaves, err);
    if (status == 0 && (blocks.len != 1 || ret_tree->leaves.len == 0 ||
                        blocks.items[0].count != ret_tree->leaves.len))
        status = err_set(err, -EBADMSG, "%s: block %" PRIu64 " has not the events it was made of",
                         day->name, seq);
    if (status == 0) {
        ret_tree->block = blocks.items[0];
        status = make_tree(ret_tree, err);
    }
    vec_free(&blocks);
    buf_free(&sql);
    if (status < 0)
        block_tree_free(ret_tree);
    return status;
}

void block_tree_free(struct block_tree *tree)
{
    merkle_tree_free(&tree->tree);
    vec_free(&tree->leaves);
    *tree = (struct block_tree){0};
}

int block_tree_path(const struct block_tree *tree, int64_t key, uint32_t part,
                    struct lake_path *ret_path, struct err *err)
{
    for (size_t low = 0, high = tree->leaves.len; low < high;) {
        size_t middle = low + (high - low) / 2;
        const struct leaf_hash *leaf = &tree->leaves.items[middle];
        if (leaf->key == key && leaf->part == part) {
            merkle_tree_path(&tree->tree, middle, ret_path);
            return 0;
        }
        if (leaf->key < key || (leaf->key == key && leaf->part < part))
            low = middle + 1;
        else
            high = middle;
    }
    return err_set(err, -EBADMSG, "block %" PRIu64 " has not the event that names it",
                   tree->block.seq);
}

/* Whole days. */

struct checking {
    const struct lake_verifier *verifier; /* may be NULL */
    const struct day *day;
    struct lake_check check; /* of the day */
    const struct block_list *blocks;
    size_t block; /* the one whose leaves are being gathered */
    struct leaf_list leaves;
    uint64_t stray; /* the block that rows name and that is none; 0: none */
    uint64_t stray_rows;
};

static int tell_fault(struct checking *checking, const struct lake_block *block, uint64_t rows)
{
    const struct lake_fault fault = {*block, rows};
    checking->check.bad_blocks++;
    return checking->verifier ? checking->verifier->fault(checking->verifier->context, &fault) : 0;
}

/* Rows of a block that there is not: nobody put them there through us. */
static int end_stray(struct checking *checking)
{
    const struct lake_block none = {.seq = checking->stray, .day = str_from_c(checking->day->name)};
    uint64_t rows = checking->stray_rows;
    checking->stray = checking->stray_rows = 0;
    return rows ? tell_fault(checking, &none, rows) : 0;
}

/* The block that is gathered is complete: is its root so? */
static int end_block(struct checking *checking)
{
    const struct lake_block *block = &checking->blocks->items[checking->block];
    size_t n = checking->leaves.len;
    unsigned char(*hashes)[LAKE_HASH] = malloc((n + 1) * sizeof(*hashes));
    unsigned char root[LAKE_HASH] = {0};
    if (!hashes)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        memcpy(hashes[i], checking->leaves.items[i].hash, LAKE_HASH);
    if (n > 0)
        merkle_root(hashes, n, root);
    free(hashes);
    checking->check.blocks++;
    int status = n != block->count || memcmp(root, block->root, LAKE_HASH) != 0
                     ? tell_fault(checking, block, n)
                     : 0;
    checking->leaves.len = 0;
    checking->block++;
    return status;
}

static int check_leaves(void *context, const struct lake_chunk *chunk)
{
    struct checking *checking = context;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < chunk->n_rows; i++) {
        uint64_t seq = (uint64_t)chunk->columns[0].integers[i];
        struct leaf_hash leaf = {.block = seq};
        while (status == 0 && checking->block < checking->blocks->len &&
               checking->blocks->items[checking->block].seq < seq)
            status = end_block(checking);
        checking->check.rows++;
        if (status == 0 && checking->stray != seq)
            status = end_stray(checking);
        if (status < 0)
            return status;
        if (checking->block >= checking->blocks->len ||
            checking->blocks->items[checking->block].seq != seq) {
            checking->stray = seq;
            checking->stray_rows++;
            continue;
        }
        if (hash_from_hex(chunk->columns[3].texts[i], leaf.hash) < 0)
            return -EBADMSG;
        if (vec_push(&checking->leaves, leaf) < 0)
            return -ENOMEM;
    }
    return status;
}

static int count_removed(void *context, const struct lake_chunk *chunk)
{
    struct checking *checking = context;
    checking->check.removed += (uint64_t)chunk->columns[0].integers[0];
    return 0;
}

static int verify_day(struct reading *reading, const struct day *day, struct checking *checking,
                      struct err *err)
{
    struct block_list blocks = {0};
    struct buf sql = {0};
    checking->blocks = &blocks;
    checking->block = 0;
    /* One transaction: what is committed meanwhile is neither in the blocks nor in the rows. */
    int status = statement_run(reading->lake, reading->connection, err, "BEGIN");
    if (status == 0)
        status = blocks_read(reading, day, "true", "", &blocks, err);
    if (status == 0 && add_leaves(reading->lake, day, "", &sql) < 0)
        status = err_set(err, -ENOMEM, "no memory");
    if (status == 0)
        status = reading_ask(reading, &sql, check_leaves, checking, err);
    if (status == 0)
        status = end_stray(checking);
    while (status == 0 && checking->block < blocks.len)
        status = end_block(checking);
    if (status < 0 && !err->code)
        err_set(err, status, "%s", strerror(-status));
    buf_clear(&sql);
    buf_printf(&sql, "SELECT count(*) FROM \"%s\"._removed", day->name);
    if (status == 0)
        status = reading_ask(reading, &sql, count_removed, checking, err);
    struct err ignored;
    (void)statement_run(reading->lake, reading->connection, &ignored, "ROLLBACK");
    buf_free(&sql);
    vec_free(&blocks);
    return status;
}

static void add_check(struct lake_check *sum, const struct lake_check *check)
{
    sum->blocks += check->blocks;
    sum->rows += check->rows;
    sum->bad_blocks += check->bad_blocks;
    sum->removed += check->removed;
}

int proof_verify(struct lake *lake, struct str day, const struct lake_verifier *verifier,
                 struct lake_check *ret_check, struct err *err)
{
    struct reading reading;
    struct lake_check sum = {0};
    const char *bad_day = NULL;
    int status = reading_open(lake, day, &reading, err);
    if (status < 0)
        return status;
    for (size_t i = 0; status == 0 && i < reading.pins.len; i++) {
        struct checking checking = {.verifier = verifier, .day = reading.pins.items[i]};
        if (strcmp(checking.day->name, "held") == 0)
            continue; /* its events prove themselves, by the paths kept with them */
        status = verify_day(&reading, checking.day, &checking, err);
        vec_free(&checking.leaves);
        if (status == 0 && verifier)
            status =
                verifier->day(verifier->context, str_from_c(checking.day->name), &checking.check);
        if (checking.check.bad_blocks && !bad_day)
            bad_day = checking.day->name;
        add_check(&sum, &checking.check);
    }
    *ret_check = sum;
    if (status == 0 && bad_day)
        status = err_set(err, -EBADMSG, "%s: %" PRIu64 " blocks are not as they were stored",
                         bad_day, sum.bad_blocks);
    reading_close(&reading);
    return status;
}
