#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/vec.h"
#include "watch/proofs.h"

/* A block whose proof is written; the journal's part follows. */
struct written {
    uint64_t seq;
    uint64_t events;
};

struct writing {
    int (*write)(void *context, struct str bytes);
    void *context;
    struct buf line;
    VEC(struct written) blocks;
    struct proofs_count count;
};

static int write_line(struct writing *writing)
{
    buf_add_byte(&writing->line, '\n');
    int status =
        writing->line.failed ? -ENOMEM : writing->write(writing->context, buf_str(&writing->line));
    buf_clear(&writing->line);
    return status < 0 ? status : 0;
}

static bool follows(const struct lake_excerpt *excerpt, size_t i)
{
    const struct lake_place *before = &excerpt->places[i - 1], *place = &excerpt->places[i];
    return place->key == before->key + 1 && place->part == before->part &&
           excerpt->part.at[i] == excerpt->part.at[i - 1] + 1;
}

static void add_leaves(struct buf *line, const struct lake_excerpt *excerpt)
{
    size_t n = excerpt->part.n;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && follows(excerpt, end);)
            end++;
        buf_printf(line, "%s[%" PRIu32 ",%" PRIu64 ",%" PRIu32 ",%zu]", first ? "," : "",
                   excerpt->part.at[first], (uint64_t)excerpt->places[first].key & LAKE_OFFSET_MAX,
                   excerpt->places[first].part, end - first);
    }
}

static int write_block(void *context, const struct lake_excerpt *excerpt)
{
    struct writing *writing = context;
    struct buf *line = &writing->line;
    const struct written written = {excerpt->block.seq, excerpt->part.n};
    buf_add_c(line, "{\"block\":");
    proof_write_block(line, &excerpt->block);
    buf_add_c(line, ",\"leaves\":[");
    add_leaves(line, excerpt);
    buf_add_c(line, "],\"hashes\":");
    proof_write_base64(line,
                       str_of((const char *)excerpt->part.leaves, excerpt->part.n * LAKE_HASH));
    buf_add_c(line, ",\"others\":");
    proof_write_base64(line, excerpt->part.others);
    buf_add_byte(line, '}');
    writing->count.blocks++;
    writing->count.events += excerpt->part.n;
    return vec_push(&writing->blocks, written) < 0 ? -ENOMEM : write_line(writing);
}

/* ---- the journal ---- */

static int by_seq(const void *a, const void *b)
{
    const struct written *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* The entries from the one with a block to a signature; the seq of the last block that they name. */
static int write_entries(struct writing *writing, struct ledger *ledger, uint64_t seq,
                         uint64_t *ret_last, struct err *err)
{
    struct proof proof = {.block = {.seq = seq}};
    uint64_t last = seq;
    arena_init(&proof.arena, PROOF_MEMORY_MAX);
    int status = proof_complete(ledger, &proof, err);
    for (size_t i = 0; status == 0 && i < proof.n_entries; i++) {
        uint64_t block = proof_last_block(&proof.entries[i]);
        last = block > last ? block : last;
    }
    if (status == 0) {
        buf_add_byte(&writing->line, '{');
        proof_write_journal(&proof, &writing->line);
        buf_add_byte(&writing->line, '}');
        writing->count.signatures++;
        status = write_line(writing);
        *ret_last = last;
    }
    proof_free(&proof);
    return status;
}

/* Blocks are noted in their order: behind one that is not signed yet, none is. */
static int write_journal(struct writing *writing, struct ledger *ledger, struct err *err)
{
    size_t n = writing->blocks.len, i = 0;
    const struct written *blocks = writing->blocks.items;
    int status = 0;
    if (n > 0)
        qsort(writing->blocks.items, n, sizeof(*blocks), by_seq);
    while (i < n) {
        uint64_t last = 0;
        struct err problem = {0};
        status = write_entries(writing, ledger, blocks[i].seq, &last, &problem);
        if (status == -ENOENT || status == -EAGAIN)
            break;
        if (status < 0) {
            *err = problem;
            return status;
        }
        while (i < n && blocks[i].seq <= last)
            i++;
    }
    for (; i < n; i++)
        writing->count.unsigned_events += blocks[i].events;
    return 0;
}

int proofs_write(const struct lake_ops *ops, struct lake *lake, struct ledger *ledger,
                 const struct lake_export *what, int (*write)(void *context, struct str bytes),
                 void *context, struct proofs_count *ret_count, struct err *err)
{
    struct writing writing = {.write = write, .context = context};
    buf_add_c(&writing.line, "{\"proofs\":1}");
    int status = write_line(&writing);
    if (status == 0)
        status = ops->export_proofs(lake, what, write_block, &writing, err);
    if (status == 0)
        status = write_journal(&writing, ledger, err);
    buf_printf(&writing.line,
               "{\"end\":{\"blocks\":%" PRIu64 ",\"events\":%" PRIu64 ",\"signatures\":%" PRIu64
               "}}",
               writing.count.blocks, writing.count.events, writing.count.signatures);
    if (status == 0)
        status = write_line(&writing);
    if (status < 0 && !err->code)
        err_set(err, status, "%s", strerror(-status));
    *ret_count = writing.count;
    buf_free(&writing.line);
    vec_free(&writing.blocks);
    return status;
}
