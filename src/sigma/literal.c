#include "sigma/literal.h"

#include <errno.h>

#include "base/utf8.h"
#include "sigma/text.h"

/* Key classes: 0 exact; 1 + i and 6 + i: prefix and suffix of KEY_SIZES[i] bytes. */
#define KEY_SIZE_COUNT 5u
#define CLASS_PREFIX 1u
#define CLASS_SUFFIX (CLASS_PREFIX + KEY_SIZE_COUNT)
static const uint8_t KEY_SIZES[KEY_SIZE_COUNT] = {1, 2, 4, 8, 16};

#define ANCHOR '='
#define ANCHOR_KEY 8u        /* bytes behind the anchor */
#define GRAM_BITS_PER_KEY 32 /* of the bitmap: one bit in 32 set */
#define GRAM_BITS_MIN 10
#define GRAM_BITS_MAX 22
#define PAIRS 65536u

static uint64_t key_mix(uint32_t class, uint64_t a, uint64_t b)
{
    return (a ^ (b << 29 | b >> 35) ^ (uint64_t) class << 58) * 0x9e3779b97f4a7c15u | 1;
}

/* The key of `size` bytes (a KEY_SIZES) at `bytes`. */
static inline uint64_t key_of_bytes(uint32_t class, const char *bytes, unsigned size)
{
    uint64_t word = 0;
    switch (size) {
    case 16:
        return key_mix(class, text_load64(bytes), text_load64(bytes + 8));
    case 8:
        return key_mix(class, text_load64(bytes), 0);
    case 4:
        return key_mix(class, text_load32(bytes), 0);
    default:
        memcpy(&word, bytes, size);
        return key_mix(class, word, 0);
    }
}

/* The key of a whole string: its length, first and last bytes; the comparison does the rest. */
static inline uint64_t key_of_whole(struct str s)
{
    uint64_t a = s.len, b = 0;
    if (s.len >= 8) {
        a ^= text_load64(s.ptr);
        b = text_load64(s.ptr + s.len - 8);
    } else if (s.len >= 4) {
        a ^= (uint64_t)text_load32(s.ptr) << 8;
        b = text_load32(s.ptr + s.len - 4);
    } else if (s.len > 0) {
        a ^= (uint64_t)(unsigned char)s.ptr[0] << 8;
        b = (uint64_t)(unsigned char)s.ptr[s.len / 2] << 8 | (unsigned char)s.ptr[s.len - 1];
    }
    return key_mix(0, a, b);
}

static inline uint32_t table_start(const struct literal_table *table, uint64_t key)
{
    return (uint32_t)(key >> 32) & table->mask;
}

/* The first literal with that key, or LITERAL_NONE. */
static inline uint32_t table_get(const struct literal_table *table, uint64_t key)
{
    for (uint32_t i = table_start(table, key);; i = (i + 1) & table->mask) {
        const struct literal_cell *cell = &table->cells[i];
        if (cell->key == key)
            return cell->first;
        if (cell->first == LITERAL_NONE)
            return LITERAL_NONE;
    }
}

static int table_init(struct literal_table *table, uint32_t count, struct arena *arena)
{
    uint32_t cap = 8;
    while (cap < 3 * (uint64_t)count && cap < 1u << 30)
        cap *= 2;
    table->cells = arena_zero(arena, cap, sizeof(*table->cells));
    if (!table->cells)
        return -ENOMEM;
    for (uint32_t i = 0; i < cap; i++)
        table->cells[i].first = LITERAL_NONE;
    table->mask = cap - 1;
    return 0;
}

static void table_add(struct literal_table *table, uint64_t key, struct literal *literals,
                      uint32_t id)
{
    uint32_t i = table_start(table, key);
    while (table->cells[i].first != LITERAL_NONE && table->cells[i].key != key)
        i = (i + 1) & table->mask;
    literals[id].next = table->cells[i].first;
    table->cells[i].key = key;
    table->cells[i].first = id;
}

/* ---- building ---- */

static void add_keyed(struct literal_set *set, struct literal *literals, uint32_t id)
{
    struct str text = literals[id].text;
    uint32_t class = 0;
    uint64_t key;
    if (literals[id].op == LITERAL_EXACT || text.len == 0) {
        key = key_of_whole(text);
    } else {
        unsigned i = KEY_SIZE_COUNT - 1;
        while (KEY_SIZES[i] > text.len)
            i--;
        bool suffix = literals[id].op == LITERAL_SUFFIX;
        class = (suffix ? CLASS_SUFFIX : CLASS_PREFIX) + i;
        key = key_of_bytes(class, suffix ? text.ptr + text.len - KEY_SIZES[i] : text.ptr,
                           KEY_SIZES[i]);
    }
    set->classes |= 1u << class;
    table_add(&set->keyed, key, literals, id);
}

static bool is_short(const struct literal *literal)
{
    return literal->op == LITERAL_CONTAINS && literal->text.len < LITERAL_GRAM;
}

static uint32_t gram_hash(uint32_t gram)
{
    return gram * 0x9e3779b1u;
}

static uint64_t gram_key(uint32_t gram)
{
    return (uint64_t)gram_hash(gram) << 32 | gram;
}

static bool can_anchor(struct str text)
{
    size_t at = str_index(text, ANCHOR);
    return at < text.len && text.len - at - 1 >= ANCHOR_KEY;
}

/* How often grams stand in the texts of a set: what rules spell often, events spell often too. */
#define CENSUS_BITS 14
struct census {
    uint16_t counts[1u << CENSUS_BITS];
};

static uint16_t *census_at(struct census *census, const char *gram)
{
    return &census->counts[gram_hash(text_load32(gram)) >> (32 - CENSUS_BITS)];
}

static void census_take(struct census *census, struct str text)
{
    for (size_t i = 0; i + 4 <= text.len; i++) {
        uint16_t *count = census_at(census, text.ptr + i);
        if (*count < UINT16_MAX)
            (*count)++;
    }
}

/* Bytes that are common in paths and command lines make a gram a worse key. */
static uint32_t byte_commonness(char c)
{
    static const char COMMON[] = "etaoinsrcl.\\ /d";
    static const char RARE[] = "qzxjkvwyb0123456789-_:=";
    if (c != '\0' && strchr(COMMON, c))
        return 3;
    return c != '\0' && strchr(RARE, c) ? 1 : 2;
}

static uint32_t rarest_gram(struct census *census, struct str text)
{
    uint32_t best = 0, best_score = UINT32_MAX;
    for (size_t i = 0; i + 4 <= text.len && i < UINT16_MAX; i++) {
        uint32_t score = 4u * *census_at(census, text.ptr + i);
        for (size_t k = 0; k < 4; k++)
            score += byte_commonness(text.ptr[i + k]);
        if (score < best_score) {
            best_score = score;
            best = (uint32_t)i;
        }
    }
    (*census_at(census, text.ptr + best))++; /* spreads literals over keys */
    return best;
}

static void add_contains(struct literal_set *set, struct literal *literals, uint32_t id,
                         struct census *census)
{
    struct literal *literal = &literals[id];
    if (set->anchored) {
        literal->key_at = (uint32_t)str_index(literal->text, ANCHOR) + 1;
        uint64_t key = key_of_bytes(0, literal->text.ptr + literal->key_at, ANCHOR_KEY);
        table_add(&set->grams, key, literals, id);
        return;
    }
    literal->key_at = rarest_gram(census, literal->text);
    uint32_t gram = text_load32(literal->text.ptr + literal->key_at);
    uint32_t bit = gram_hash(gram) >> set->gram_shift;
    set->gram_bits[bit / 32] |= 1u << (bit % 32);
    table_add(&set->grams, gram_key(gram), literals, id);
}

/* A literal of one byte sits behind every pair it begins; a last byte is a pair with a zero. */
static uint64_t pair_key(struct str text)
{
    if (text.len == 1)
        return key_mix(1, (unsigned char)text.ptr[0], 0);
    return key_mix(2, (uint64_t)(unsigned char)text.ptr[1] << 8 | (unsigned char)text.ptr[0], 0);
}

static uint32_t pair_of(unsigned char first, unsigned char second)
{
    return (uint32_t)second << 8 | first;
}

static void add_short(struct literal_set *set, struct literal *literals, uint32_t id)
{
    struct literal *literal = &literals[id];
    struct str text = literal->text;
    literal->key_at = text.len == 3 && byte_commonness(text.ptr[2]) < byte_commonness(text.ptr[0]);
    text = str_skip(text, literal->key_at);
    unsigned char first = (unsigned char)text.ptr[0];
    for (unsigned second = 0; second < 256; second++) {
        uint32_t pair = pair_of(first, (unsigned char)second);
        if (text.len == 1 || (unsigned char)text.ptr[1] == second)
            set->pair_bits[pair / 32] |= 1u << (pair % 32);
    }
    table_add(&set->pairs, pair_key(text), literals, id);
}

static int build_short(struct literal_set *set, struct literal *literals, uint32_t first,
                       uint32_t count, struct arena *arena)
{
    set->pair_bits = arena_zero(arena, PAIRS / 32, sizeof(uint32_t));
    if (!set->pair_bits || table_init(&set->pairs, set->n_short, arena) < 0)
        return -ENOMEM;
    for (uint32_t i = first; i < first + count; i++)
        if (is_short(&literals[i]))
            add_short(set, literals, i);
    return 0;
}

static int build_contains(struct literal_set *set, struct literal *literals, uint32_t first,
                          uint32_t count, struct arena *arena, struct arena *work)
{
    uint32_t bits = GRAM_BITS_MIN;
    while (bits < GRAM_BITS_MAX && 1u << bits < (uint64_t)set->n_contains * GRAM_BITS_PER_KEY)
        bits++;
    set->gram_shift = 32 - bits;
    set->gram_bits = arena_zero(arena, (1u << bits) / 32, sizeof(uint32_t));
    struct census *census = arena_zero(work, 1, sizeof(*census));
    if (!set->gram_bits || !census || table_init(&set->grams, set->n_contains, arena) < 0)
        return -ENOMEM;
    for (uint32_t i = first; i < first + count; i++)
        census_take(census, literals[i].text);
    for (uint32_t i = first; i < first + count; i++)
        if (literals[i].op == LITERAL_CONTAINS && !is_short(&literals[i]))
            add_contains(set, literals, i, census);
    return 0;
}

int literal_set_build(struct literal_set *set, struct literal *literals, uint32_t first,
                      uint32_t count, struct arena *arena, struct arena *work)
{
    *set = (struct literal_set){.literals = literals, .anchored = true};
    for (uint32_t i = first; i < first + count; i++) {
        if (is_short(&literals[i])) {
            set->n_short++;
            set->short_ascii |= utf8_is_ascii(literals[i].text);
        } else if (literals[i].op == LITERAL_CONTAINS) {
            set->n_contains++;
            set->anchored &= can_anchor(literals[i].text);
        }
    }
    if (table_init(&set->keyed, count - set->n_contains - set->n_short, arena) < 0)
        return -ENOMEM;
    for (uint32_t i = first; i < first + count; i++)
        if (literals[i].op != LITERAL_CONTAINS)
            add_keyed(set, literals, i);
    if (set->n_short > 0 && build_short(set, literals, first, count, arena) < 0)
        return -ENOMEM;
    return set->n_contains ? build_contains(set, literals, first, count, arena, work) : 0;
}

/* ---- matching ---- */

static inline void hit(struct literal_hits *hits, uint32_t id)
{
    if (hits->stamps[id] == hits->epoch)
        return;
    hits->stamps[id] = hits->epoch;
    hits->ids[hits->n++] = id;
}

static inline bool fits(const struct literal *literal, struct str value)
{
    struct str text = literal->text;
    switch (literal->op) {
    case LITERAL_EXACT:
        return str_eq(value, text);
    case LITERAL_PREFIX:
        return str_starts(value, text);
    case LITERAL_SUFFIX:
        return str_ends(value, text);
    default:
        return false;
    }
}

static inline void match_key(const struct literal_set *set, uint64_t key, struct str value,
                             struct literal_hits *hits)
{
    for (uint32_t id = table_get(&set->keyed, key); id != LITERAL_NONE; id = set->literals[id].next)
        if (fits(&set->literals[id], value))
            hit(hits, id);
}

static void match_keyed(const struct literal_set *set, struct str value, struct literal_hits *hits)
{
    uint32_t classes = set->classes;
    if (classes & 1)
        match_key(set, key_of_whole(value), value, hits);
    for (classes &= ~1u; classes; classes &= classes - 1) {
        unsigned class = (unsigned)__builtin_ctz(classes);
        bool suffix = class >= CLASS_SUFFIX;
        unsigned size = KEY_SIZES[suffix ? class - CLASS_SUFFIX : class - CLASS_PREFIX];
        if (size > value.len)
            continue; /* classes are in order of size only within prefix and suffix */
        const char *bytes = suffix ? value.ptr + value.len - size : value.ptr;
        match_key(set, key_of_bytes(class, bytes, size), value, hits);
    }
}

/* The literals whose key is `key`, where the key's bytes stand at `at` in the value. */
static void match_contained(const struct literal_set *set, const struct literal_table *table,
                            uint64_t key, size_t at, struct str value, struct literal_hits *hits)
{
    for (uint32_t id = table_get(table, key); id != LITERAL_NONE; id = set->literals[id].next) {
        const struct literal *literal = &set->literals[id];
        if (literal->key_at > at || literal->text.len > value.len - (at - literal->key_at))
            continue;
        if (memcmp(value.ptr + at - literal->key_at, literal->text.ptr, literal->text.len) == 0)
            hit(hits, id);
    }
}

static void match_anchored(const struct literal_set *set, struct str value,
                           struct literal_hits *hits)
{
    for (size_t at = str_index(value, ANCHOR) + 1; at + ANCHOR_KEY <= value.len;
         at += str_index(str_skip(value, at), ANCHOR) + 1)
        match_contained(set, &set->grams, key_of_bytes(0, value.ptr + at, ANCHOR_KEY), at, value,
                        hits);
}

static inline uint32_t gram_bit(const struct literal_set *set, const char *bytes)
{
    uint32_t bit = gram_hash(text_load32(bytes)) >> set->gram_shift;
    return set->gram_bits[bit / 32] >> (bit % 32) & 1;
}

static void match_gram(const struct literal_set *set, size_t at, struct str value,
                       struct literal_hits *hits)
{
    match_contained(set, &set->grams, gram_key(text_load32(value.ptr + at)), at, value, hits);
}

static void match_grams(const struct literal_set *set, struct str value, struct literal_hits *hits)
{
    if (value.len < LITERAL_GRAM)
        return;
    size_t positions = value.len - LITERAL_GRAM + 1, i = 0;
    for (; i + 4 <= positions; i += 4) {
        const char *bytes = value.ptr + i;
        uint32_t seen = gram_bit(set, bytes) | gram_bit(set, bytes + 1) << 1 |
                        gram_bit(set, bytes + 2) << 2 | gram_bit(set, bytes + 3) << 3;
        for (; seen; seen &= seen - 1)
            match_gram(set, i + (unsigned)__builtin_ctz(seen), value, hits);
    }
    for (; i < positions; i++)
        if (gram_bit(set, value.ptr + i))
            match_gram(set, i, value, hits);
}

static inline uint32_t pair_bit(const struct literal_set *set, uint32_t pair)
{
    return set->pair_bits[pair / 32] >> (pair % 32) & 1;
}

static void match_pair(const struct literal_set *set, size_t at, struct str value,
                       struct literal_hits *hits)
{
    struct str rest = str_skip(value, at);
    match_contained(set, &set->pairs, pair_key(str_first(rest, 1)), at, value, hits);
    if (rest.len > 1)
        match_contained(set, &set->pairs, pair_key(rest), at, value, hits);
}

static void match_short(const struct literal_set *set, struct str value, struct literal_hits *hits)
{
    const unsigned char *bytes = (const unsigned char *)value.ptr;
    for (size_t i = 0; i + 1 < value.len; i++)
        if (pair_bit(set, pair_of(bytes[i], bytes[i + 1])))
            match_pair(set, i, value, hits);
    if (value.len > 0 && pair_bit(set, pair_of(bytes[value.len - 1], 0)))
        match_pair(set, value.len - 1, value, hits);
}

void literal_set_match(const struct literal_set *set, struct str value, bool ascii,
                       struct literal_hits *hits)
{
    if (set->classes)
        match_keyed(set, value, hits);
    if (set->n_short > 0 && (set->short_ascii || !ascii))
        match_short(set, value, hits);
    if (set->n_contains == 0)
        return;
    if (set->anchored)
        match_anchored(set, value, hits);
    else
        match_grams(set, value, hits);
}
