/*
 * gather: what the builder has collected and how it becomes a file: the inside of builder.c, shared with
 * assemble.c (sort and merge), metas.c (what indicators say, kept once) and layout.c (write).
 */
#ifndef JAGA_INTEL_GATHER_H
#define JAGA_INTEL_GATHER_H

#include "base/map.h"
#include "base/vec.h"
#include "intel/builder.h"
#include "intel/image.h"

/* An indicator on its way into a table: its key, or the hash and the place of its text in gathered.texts. */
struct record {
    uint64_t high, low;
    uint32_t meta;
};

struct record_list {
    struct record *items;
    size_t len, cap;
};

struct network_list {
    struct image_network *items;
    size_t len, cap;
};

struct gathered_set {
    struct record_list tables[IMAGE_TABLES];
    struct network_list networks[IMAGE_FAMILIES];
};

/* What indicators say besides their value: equal ones are kept once. */
struct metas {
    struct arena arena; /* keys of the maps */
    struct buf strings; /* as in the file */
    struct map string_ids, meta_ids;
    VEC(struct image_meta) items;
};

struct gathered {
    struct gathered_set sets[IMAGE_SETS];
    struct buf texts;
    struct metas metas;
    uint64_t merged;
};

int metas_init(struct metas *metas);
void metas_free(struct metas *metas);

/* The number of a string or a meta, new or not: 0, -ENOMEM, or -E2BIG past what 32 bits count. */
int metas_string(struct metas *metas, struct str text, uint32_t *ret_at);
int metas_add(struct metas *metas, const struct image_meta *meta, uint32_t *ret_number);

/*
 * Several metas of one value become as few as say the same: those whose times overlap or touch are
 * one, from all their sources, as confident as the surest and as restricted as the strictest. Writes the numbers over
 * `numbers` and returns how many, or -ENOMEM.
 */
int metas_merge(struct metas *metas, uint32_t *numbers, size_t count);

/* Sorts both sets and merges what is about one value. 0 or -ENOMEM. */
int assemble(struct gathered *gathered);

/* Writes what assemble() sorted: 0 or -ENOMEM. `ret_file` is empty. */
int layout_write(const struct gathered *gathered, int64_t now, struct buf *ret_file);

/* The text of a record. */
static inline struct str record_text(const struct gathered *gathered, const struct record *record)
{
    return str_of(gathered->texts.ptr + (record->low >> 16), record->low & 0xffff);
}

#endif
