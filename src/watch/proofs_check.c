#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/vec.h"
#include "watch/proofs.h"

/* An event that has a proof. */
struct event {
    int64_t key;
    uint32_t part;
    uint32_t block; /* index of its block */
    bool seen;      /* looked up */
    unsigned char hash[LAKE_HASH];
};

struct block {
    struct lake_block block; /* its day is in the arena */
    bool is_whole;           /* its hashes lead to its root */
    uint64_t entry;          /* that names it; 0: none that is signed */
    size_t signature;
};

/* Where the block of that seq is; several may say that they are it. */
struct numbered {
    uint64_t seq;
    uint32_t index;
};

struct proofs {
    struct arena arena;
    bool has_key;
    unsigned char key[JOURNAL_KEY];
    VEC(struct event) events; /* by key and part, from proofs_end() on */
    VEC(struct block) blocks;
    VEC(struct numbered) numbered; /* the blocks by seq, from the journal on */
    VEC(struct journal_signature) signatures;
};

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "no memory");
}

struct proofs *proofs_new(const unsigned char *key)
{
    struct proofs *proofs = calloc(1, sizeof(*proofs));
    if (!proofs)
        return NULL;
    arena_init(&proofs->arena, PROOF_MEMORY_MAX);
    proofs->has_key = key;
    if (key)
        memcpy(proofs->key, key, JOURNAL_KEY);
    return proofs;
}

void proofs_free(struct proofs *proofs)
{
    if (!proofs)
        return;
    vec_free(&proofs->events);
    vec_free(&proofs->blocks);
    vec_free(&proofs->numbered);
    vec_free(&proofs->signatures);
    arena_free(&proofs->arena);
    free(proofs);
}

int proofs_add_block(struct proofs *proofs, const struct lake_excerpt *excerpt, struct err *err)
{
    struct block block = {.block = excerpt->block, .is_whole = lake_excerpt_ok(excerpt)};
    const struct merkle_part *part = &excerpt->part;
    uint32_t index = (uint32_t)proofs->blocks.len;
    block.block.day = arena_copy(&proofs->arena, excerpt->block.day);
    if (!block.block.day.ptr || proofs->numbered.len > 0 || index == UINT32_MAX)
        return err_set(err, -EBADMSG, "the blocks are too many, or behind the journal");
    if (vec_push(&proofs->blocks, block) < 0 ||
        vec_reserve(&proofs->events, proofs->events.len + part->n) < 0)
        return no_memory(err);
    for (size_t i = 0; i < part->n; i++) {
        struct event *event = &proofs->events.items[proofs->events.len++];
        *event = (struct event){excerpt->places[i].key, excerpt->places[i].part, index, false, {0}};
        memcpy(event->hash, part->leaves[i], LAKE_HASH);
    }
    return 0;
}

/* ---- the journal ---- */

static int by_seq(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

static int number_blocks(struct proofs *proofs)
{
    for (uint32_t i = 0; i < proofs->blocks.len; i++)
        if (vec_push(&proofs->numbered, (struct numbered){proofs->blocks.items[i].block.seq, i}) <
            0)
            return -ENOMEM;
    if (proofs->numbered.len > 0)
        qsort(proofs->numbered.items, proofs->numbered.len, sizeof(*proofs->numbered.items),
              by_seq);
    return 0;
}

/* Those of that seq that the note describes are proved. */
static int take_note(struct proofs *proofs, struct str note, uint64_t seq, uint64_t entry)
{
    size_t low = 0, high = proofs->numbered.len;
    int status = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (proofs->numbered.items[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < proofs->numbered.len && proofs->numbered.items[low].seq == seq; low++) {
        struct block *block = &proofs->blocks.items[proofs->numbered.items[low].index];
        struct buf text = {0};
        proof_write_block(&text, &block->block);
        if (text.failed)
            status = -ENOMEM;
        else if (str_eq(buf_str(&text), note)) {
            block->entry = entry;
            block->signature = proofs->signatures.len - 1;
        }
        buf_free(&text);
    }
    return status;
}

static int check_key(struct proofs *proofs, const struct proof *proof, struct err *err)
{
    if (!proofs->has_key)
        memcpy(proofs->key, proof->signature.key, JOURNAL_KEY);
    proofs->has_key = true;
    return memcmp(proofs->key, proof->signature.key, JOURNAL_KEY) == 0
               ? 0
               : err_set(err, -EBADMSG, "the journal's signature is of another key");
}

int proofs_add_journal(struct proofs *proofs, const struct proof *proof, struct err *err)
{
    int status = check_key(proofs, proof, err);
    if (status == 0)
        status = proof_check_journal(proof, err);
    if (status < 0)
        return status;
    if ((proofs->numbered.len == 0 && number_blocks(proofs) < 0) ||
        vec_push(&proofs->signatures, proof->signature) < 0)
        return no_memory(err);
    for (size_t i = 0; i < proof->n_entries; i++) {
        const struct journal_entry *entry = &proof->entries[i];
        struct str body = entry->body, note;
        uint64_t seq;
        while (status == 0 && str_eq(entry->action, PROOF_ACTION) &&
               proof_next_block(&body, &note, &seq))
            status = take_note(proofs, note, seq, entry->seq);
    }
    return status < 0 ? no_memory(err) : 0;
}

/* ---- events ---- */

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->part > y->part) - (x->part < y->part);
}

int proofs_end(struct proofs *proofs, struct err *err)
{
    const struct event *events = proofs->events.items;
    if (proofs->events.len > 0)
        qsort(proofs->events.items, proofs->events.len, sizeof(*events), compare_events);
    for (size_t i = 1; i < proofs->events.len; i++)
        if (compare_events(&events[i - 1], &events[i]) == 0)
            return err_set(err, -EBADMSG, "event %" PRIu64 ".%" PRIu64 " is there twice",
                           (uint64_t)events[i].key >> 48,
                           (uint64_t)events[i].key & LAKE_OFFSET_MAX);
    return 0;
}

void proofs_count(const struct proofs *proofs, struct proofs_count *ret_count)
{
    *ret_count = (struct proofs_count){.blocks = proofs->blocks.len,
                                       .events = proofs->events.len,
                                       .signatures = proofs->signatures.len};
    for (size_t i = 0; i < proofs->events.len; i++)
        ret_count->unsigned_events +=
            proofs->blocks.items[proofs->events.items[i].block].entry == 0;
}

const struct journal_signature *proofs_last_signature(const struct proofs *proofs)
{
    const struct journal_signature *last = NULL;
    for (size_t i = 0; i < proofs->signatures.len; i++)
        if (!last || proofs->signatures.items[i].seq > last->seq)
            last = &proofs->signatures.items[i];
    return last;
}

static enum proofs_verdict judge(const struct proofs *proofs, const struct event *event,
                                 const struct lake_leaf *leaf)
{
    const struct block *block = &proofs->blocks.items[event->block];
    unsigned char hash[LAKE_HASH];
    if (!block->is_whole)
        return PROOFS_BROKEN;
    if (block->entry == 0)
        return PROOFS_UNSIGNED;
    merkle_leaf(leaf, hash);
    return memcmp(hash, event->hash, LAKE_HASH) == 0 ? PROOFS_PROVEN : PROOFS_ALTERED;
}

enum proofs_verdict proofs_look_up(struct proofs *proofs, const struct lake_leaf *leaf,
                                   struct proofs_block *ret_block)
{
    const struct lake_id id = {leaf->partition, leaf->offset, leaf->part};
    const struct event wanted = {.key = lake_key(&id), .part = leaf->part};
    struct event *event = proofs->events.len == 0
                              ? NULL
                              : bsearch(&wanted, proofs->events.items, proofs->events.len,
                                        sizeof(wanted), compare_events);
    if (!event)
        return PROOFS_UNKNOWN;
    enum proofs_verdict verdict = judge(proofs, event, leaf);
    if (event->seen)
        return PROOFS_REPEATED;
    event->seen = true;
    if (verdict == PROOFS_PROVEN) {
        const struct block *block = &proofs->blocks.items[event->block];
        *ret_block = (struct proofs_block){block->block, block->entry,
                                           &proofs->signatures.items[block->signature]};
    }
    return verdict;
}

uint64_t proofs_missing(const struct proofs *proofs)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < proofs->events.len; i++)
        missing += !proofs->events.items[i].seen;
    return missing;
}
