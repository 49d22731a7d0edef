/*
 * image: the file of indicators, and looking up in it. Written by builder.c in the byte order of the machine,
 * mapped and read in place.
 *
 *     header │ tables ... │ networks ... │ metas │ strings │ texts
 *
 *     a table (one per type, for indicators and for the allow-list):
 *
 *        key ─▶ filter     blocks of 256 bits, one bit in each of 8 words per key (about 10 bits a key, 1 % of absent
 *         │                keys get through): an absent value costs one cache line
 *         ├───▶ directory  first bits of the key ─▶ where its group of about 4 entries begins
 *         └───▶ entries    sorted by key: [ key, 128 bits | meta ] = 20 bytes
 *                                            │              └──▶ metas: source, id, label, confidence, ... shared
 *                                            └─▶ texts (types kept as text only)
 *
 *     networks, sorted: [ address, 128 bits | prefix | meta | parent ]: what holds an address is the last network that
 *     begins at or before it, or one of that one's parents.
 *
 * The key of an address or a digest is the value itself, mixed by a bijection, so that equal keys are equal values; of
 * SHA-1 and SHA-256 its first 128 bits: to find a second value that begins so costs 2^128. The key of a
 * text is its 64-bit hash and where the text lies; the text is compared. So 21 bytes and 10 bits of filter are
 * an indicator that shares its meta, 22.5 bytes.
 *
 * Opening checks the bounds of the tables, nothing else: what an entry points at is checked when it is
 * followed. A hostile file can lie, but only about indicators.
 */
#ifndef JAGA_INTEL_IMAGE_H
#define JAGA_INTEL_IMAGE_H

#include "base/address.h"
#include "intel/intel.h"

#define IMAGE_MAGIC "jaga-int"
#define IMAGE_VERSION 1u
#define IMAGE_BYTE_ORDER 0x01020304u
#define IMAGE_ALIGN 64u      /* of every section */
#define IMAGE_FILTER_BITS 10 /* per key */
#define IMAGE_GROUP 4        /* entries of a directory's group, on average */
#define IMAGE_NO_PARENT UINT32_MAX

enum image_set { IMAGE_INDICATORS, IMAGE_ALLOW, IMAGE_SETS };
enum image_family { IMAGE_IPV4, IMAGE_IPV6, IMAGE_FAMILIES };

/* Tables by enum indicator_type; the last holds names whose URLs are allow-listed. */
#define IMAGE_URL_HOSTS INDICATOR_COUNT
#define IMAGE_TABLES (INDICATOR_COUNT + 1)

struct image_key {
    uint64_t high, low;
};

struct image_entry {
    uint32_t key[4]; /* high, low as memcpy() gives them */
    uint32_t meta;
};

struct image_network {
    uint8_t address[16];
    uint32_t meta;
    uint32_t parent; /* the narrowest network around it, at a smaller index, or IMAGE_NO_PARENT */
    uint32_t bits;
};

/* Strings lie as [length, 16 bits | bytes] in `strings`. */
struct image_meta {
    int64_t from, until;
    uint32_t source, id, label;
    uint8_t confidence, tlp;
    uint16_t spare;
};

struct image_section {
    uint64_t offset, size; /* bytes */
};

struct image_table {
    uint64_t filter, directory, entries; /* offsets */
    uint64_t count;                      /* entries */
    uint32_t filter_blocks;
    uint32_t directory_bits;
};

struct image_header {
    char magic[8];
    uint32_t version, byte_order;
    uint64_t size; /* of the file */
    int64_t built; /* µs */
    struct image_table tables[IMAGE_SETS][IMAGE_TABLES];
    struct image_section networks[IMAGE_SETS][IMAGE_FAMILIES];
    struct image_section metas, strings, texts;
    uint64_t body_hash;   /* of all behind the header */
    uint64_t header_hash; /* of the header up to here */
};

#define IMAGE_FILTER_WORDS 8 /* of a block */

/* A table ready for look-ups. */
struct table {
    const uint32_t *filter;
    const uint32_t *directory; /* 2^bits + 1 indices of entries */
    const struct image_entry *entries;
    uint64_t count;
    uint32_t filter_blocks, directory_bits;
};

struct intel {
    const struct image_header *header;
    struct str bytes;
    struct table tables[IMAGE_SETS][IMAGE_TABLES];
    const struct image_network *networks[IMAGE_SETS][IMAGE_FAMILIES];
    uint32_t n_networks[IMAGE_SETS][IMAGE_FAMILIES];
    const struct image_meta *metas;
    uint32_t n_metas;
    struct str strings, texts;
};

/* Is a type kept as text, rather than by its bits? */
bool image_is_text(unsigned table);

/* Is it a type of networks, which no table holds? */
static inline bool image_is_network(unsigned type)
{
    return type == INDICATOR_CIDR4 || type == INDICATOR_CIDR6;
}

/*
 * The key of 128 bits: a Feistel network of two rounds, so that values of any pattern spread over the
 * directory and equal keys still mean equal values.
 */
static inline struct image_key image_key_of_bits(uint64_t high, uint64_t low)
{
    low ^= (high ^ high >> 32) * 0x9e3779b97f4a7c15u;
    uint64_t mixed = (low ^ low >> 29) * 0xbf58476d1ce4e5b9u;
    high ^= mixed ^ mixed >> 32;
    return (struct image_key){high, low};
}

static inline struct image_key image_key_of_bytes(const uint8_t bytes[static 16])
{
    uint64_t high, low;
    memcpy(&high, bytes, 8);
    memcpy(&low, bytes + 8, 8);
    return image_key_of_bits(high, low);
}

/* The key's hash decides all for a text; where the text lies is 48 bits of offset and 16 of length. */
uint64_t image_hash_of_text(struct str text);
#define IMAGE_TEXT_AT(offset, len) ((uint64_t)(offset) << 16 | (uint64_t)(len))

/* The eight bits of a key in its block, and which block. */
uint32_t image_filter_bit(uint32_t hash, unsigned word);
static inline uint64_t image_filter_block(uint64_t high, uint32_t blocks)
{
    return (high >> 32) * blocks >> 32;
}

/* The key of a canonical value of a type that is kept by its bits. False: it is no such value. */
bool image_key_of_value(enum indicator_type type, struct str value, struct image_key *ret_key);

/*
 * The entries of a table with that key (or that text): the first one's index, their number in *ret_count, 0 for none.
 */
uint64_t image_find_key(const struct table *table, struct image_key key, uint64_t *ret_count);
uint64_t image_find_text(const struct intel *intel, const struct table *table, struct str text,
                         uint64_t *ret_count);

/*
 * The narrowest network of the set that holds the address: its index, or IMAGE_NO_PARENT. Go on with its
 * parents, image_parent().
 */
uint32_t image_find_network(const struct intel *intel, enum image_set set,
                            const struct address *address);
uint32_t image_parent(const struct intel *intel, enum image_set set, enum image_family family,
                      uint32_t index);

/* What a meta says, without type and value. False: there is no such meta (a damaged file). */
bool image_meta(const struct intel *intel, uint32_t meta, struct indicator *ret_indicator);

/*
 * Of several metas the one that is valid at `at`, else the one that was valid last. Fills all of *indicator
 * but type and value, where it is better than what is there; `n` of them have been seen.
 */
void image_better_meta(const struct intel *intel, uint32_t meta, int64_t at, unsigned *n,
                       struct indicator *indicator);

/* Is the canonical value allow-listed: itself, a name above it, a network around it? */
bool image_allows(const struct intel *intel, enum indicator_type type, struct str value);

#endif
