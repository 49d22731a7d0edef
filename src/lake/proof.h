/* proof: what the engine's files share that read blocks and leaves. Inside the DuckDB engine. */
#ifndef JAGA_LAKE_PROOF_H
#define JAGA_LAKE_PROOF_H

#include "lake/duckdb.h"

/* A connection, and days that stay attached for it. */
struct reading {
    struct lake *lake;
    struct duck_connection *connection;
    struct pins pins;
};

struct leaf_hash {
    uint64_t block;
    int64_t key;
    uint32_t part;
    unsigned char hash[LAKE_HASH];
};

struct leaf_list {
    struct leaf_hash *items;
    size_t len, cap;
};

/* All days that have blocks, or the one named. */
int reading_open(struct lake *lake, struct str day, struct reading *ret_reading, struct err *err);
/* Those with a block after `after`. */
int reading_open_after(struct lake *lake, struct str day, uint64_t after,
                       struct reading *ret_reading, struct err *err);
void reading_close(struct reading *reading);
/* Ends the text of the query, and asks it. */
int reading_ask(struct reading *reading, struct buf *sql, statement_each *each, void *context,
                struct err *err);

/* "jaga_leaf(...)" of a row of that dataset. */
void add_leaf_call(struct buf *sql, struct str dataset);
int add_leaves(struct lake *lake, const struct day *day, const char *where, struct buf *sql);

/* Blocks of a day, in order, whose day is `day`. */
struct block_list {
    const struct day *day;
    struct lake_block *items;
    size_t len, cap;
};

/* Those of which `where` holds, appended; `more`: behind the ORDER BY. */
int blocks_read(struct reading *reading, const struct day *day, const char *where, const char *more,
                struct block_list *blocks, struct err *err);
int hash_from_hex(struct str hex, unsigned char ret_hash[static LAKE_HASH]);

/* A block with its leaves in order, and the paths of them. */
struct block_tree {
    struct lake_block block;
    struct leaf_list leaves;
    struct merkle_tree tree;
};

/* -EBADMSG: the block is not whole. Nothing is to be freed then. */
int block_tree_read(struct reading *reading, const struct day *day, uint64_t seq,
                    struct block_tree *ret_tree, struct err *err);
void block_tree_free(struct block_tree *tree);
int block_tree_path(const struct block_tree *tree, int64_t key, uint32_t part,
                    struct lake_path *ret_path, struct err *err);

/* Columns of _proofs, which has the block and the path of each event in the held file. */
#define KEPT_COLUMNS "seq, day, partition, first, next, count, root, path, place"
/* From a row whose columns these are; the day's name lives as long as the chunk. 0 or -EBADMSG. */
int kept_read(const struct lake_vector *columns, uint32_t row, struct lake_block *ret_block,
              struct lake_path *ret_path);

#endif
