/*
 * image: the file of indicators, and looking up in it. Written by builder.c in the byte order of the machine,
 * mapped and read in place.
 *
 *     header │ tables ... │ networks ... │ metas │ strings │ texts
 *
 *     a table (one per type, for indicators and for the allow-list): lines of 64 bytes, a cache line each, and entries
 *
 *        first bits of the key ─▶ line     [ first | ends of 12 groups | filter, 6 words of 64 bits ]
 *                                   │        filter: a bit in each word per key; less than 1 of 100 absent keys gets
 *                                   │        through, so an absent value costs one cache line
 *        next bits ─▶ group ────────┴───▶ entries [first + end of the group before, first + end of the group), about 3
 *
 *        entries, sorted by key: [ key, 128 bits | meta ] = 20 bytes
 *                                          │         └──▶ metas: source, id, label, confidence, ... shared
 *                                          └─▶ texts (types kept as text only)
 *
 *     A value that is there costs its line, and then its group's entries, which lie side by side. Memory is waited for
 *     twice, not once for each of filter, directory and entries. Look-ups that are known together wait together: see
 *     struct image_probe.
 *
 *     networks, sorted: [ address, 128 bits | prefix | meta | parent ]: what holds an address is the last network that
 *     begins at or before it, or one of that one's parents.
 *
 * The key of an address or a digest is the value itself, mixed by a bijection, so that equal keys are equal values; of
 * SHA-1 and SHA-256 its first 128 bits: to find a second value that begins so costs 2^128. The key of a
 * text is its 64-bit hash and where the text lies; the text is compared. So an indicator that shares its meta is
 * 20 bytes and its share of a line, 21.8 bytes.
 *
 * Opening checks the bounds of the tables, nothing else: what an entry points at is checked when it is
 * followed. A hostile file can lie, but only about indicators.
 */
#ifndef JAGA_INTEL_IMAGE_H
#define JAGA_INTEL_IMAGE_H

#include "base/address.h"
#include "intel/intel.h"

#define IMAGE_MAGIC "jaga-int"
#define IMAGE_VERSION 2u
#define IMAGE_BYTE_ORDER 0x01020304u
#define IMAGE_ALIGN 64u    /* of every section */
#define IMAGE_LINE_KEYS 36 /* of a line, on average */
#define IMAGE_LINE_GROUPS 12
#define IMAGE_LINE_WORDS 6   /* of its filter */
#define IMAGE_GROUP_OPEN 255 /* an end that a byte can't say: that of the line, or beyond */
#define IMAGE_NO_PARENT UINT32_MAX

enum image_set { IMAGE_INDICATORS, IMAGE_ALLOW, IMAGE_SETS };
enum image_family { IMAGE_IPV4, IMAGE_IPV6, IMAGE_FAMILIES };

/* Tables by enum indicator_type; the last holds names whose URLs are allow-listed. */
#define IMAGE_URL_HOSTS INDICATOR_COUNT
#define IMAGE_TABLES (INDICATOR_COUNT + 1)

struct image_key {
    uint64_t high, low;
};

struct image_line {
    uint32_t first;                  /* entry */
    uint8_t ends[IMAGE_LINE_GROUPS]; /* from `first`, or IMAGE_GROUP_OPEN */
    uint64_t filter[IMAGE_LINE_WORDS];
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
    uint64_t lines, entries; /* offsets */
    uint64_t count;          /* entries */
    uint64_t n_lines;        /* one more follows, which begins where the entries end */
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

/* A table ready for look-ups. */
struct table {
    const struct image_line *lines;
    const struct image_entry *entries;
    uint64_t count, n_lines;
    bool is_text;
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
 * lines and equal keys still mean equal values.
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
static inline struct image_key image_key_of_text(struct str text)
{
    return (struct image_key){.high = image_hash_of_text(text)};
}

/* Where a key belongs, by its first half: in the order of the keys. */
struct image_place {
    uint64_t line;
    uint32_t group;
};
static inline struct image_place image_place(uint64_t high, uint64_t n_lines)
{
    __extension__ unsigned __int128 product = (unsigned __int128)high * n_lines;
    uint64_t rest = (uint64_t)product >> 32;
    return (struct image_place){(uint64_t)(product >> 64),
                                (uint32_t)(rest * IMAGE_LINE_GROUPS >> 32)};
}

/* Which bit a key has in each word of its line's filter: 6 bits a word. */
static inline uint64_t image_filter_bits(uint64_t high)
{
    return high * 0x9fb21c651e98df25u >> (64 - 6 * IMAGE_LINE_WORDS);
}

/* The key of a canonical value, of a text too. False: it is no such value. */
bool image_key_of_value(enum indicator_type type, struct str value, struct image_key *ret_key);

/*
 * One look-up, in steps that each ask for the memory of the next and don't wait for it. Who has several takes each
 * step for all of them before the next one, and pays for memory as if there were one.
 */
struct image_probe {
    const struct table *table;
    const struct image_line *line;
    struct image_key key; /* low: of values kept by their bits */
    uint32_t group;
    uint64_t first, end; /* entries */
};

/* Step 1. `key`: see image_key_of_text() for texts. */
static inline void image_probe_start(struct image_probe *probe, const struct table *table,
                                     struct image_key key)
{
    struct image_place place = image_place(key.high, table->n_lines);
    probe->table = table;
    probe->line = table->lines + place.line;
    probe->key = key;
    probe->group = place.group;
    __builtin_prefetch(probe->line);
}

/* Step 2. False: the value is absent. Nearly all that are end here. */
static inline bool image_probe_filter(const struct image_probe *probe)
{
    uint64_t bits = image_filter_bits(probe->key.high), all = ~UINT64_C(0);
    for (unsigned i = 0; i < IMAGE_LINE_WORDS; i++, bits >>= 6)
        all &= probe->line->filter[i] >> (bits & 63);
    return all & 1;
}

/* Step 3, where step 2 was true: which entries it may be. */
void image_probe_group(struct image_probe *probe);

/* Step 4: those with the first half of the key. False: the value is absent. */
bool image_probe_half(const struct intel *intel, struct image_probe *probe);

/* Step 5, where step 4 was true: how many entries are it, from probe->first on. `text`: of a text. */
uint64_t image_probe_value(const struct intel *intel, struct image_probe *probe, struct str text);

/*
 * All steps for one: how many entries hold the value, the first in *ret_first where there is one. `text`: of a text.
 */
uint64_t image_find(const struct intel *intel, const struct table *table, struct image_key key,
                    struct str text, uint64_t *ret_first);

/* The key of an entry; of a text where it lies, too. */
struct image_key image_entry_key(const struct image_entry *entry);

/* The text of an entry; empty where it lies outside of the file. */
struct str image_entry_text(const struct intel *intel, const struct image_entry *entry);

/*
 * The narrowest network of the set that holds the address: its index, or IMAGE_NO_PARENT. Go on with its
 * parents, image_parent().
 */
uint32_t image_find_network(const struct intel *intel, enum image_set set,
                            const struct address *address);
uint32_t image_parent(const struct intel *intel, enum image_set set, enum image_family family,
                      uint32_t index);

/* Asks for the memory of a meta, and then of its strings. */
void image_meta_prefetch(const struct intel *intel, uint32_t meta);
void image_strings_prefetch(const struct intel *intel, uint32_t meta);

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
