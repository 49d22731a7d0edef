/*
 * kql_reduce(): texts that are alike under one pattern, for the operator reduce (op_reduce.c says how).
 */
#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "hunt/dynamic.h"
#include "hunt/native.h"

#define WORDS_MAX 128 /* of a text; what is behind them is *: */
#define OTHERS "others"

struct pattern {
    struct str text; /* a key of the map */
    int64_t count;
    size_t first; /* the text that came first with it */
};

struct reducing {
    struct str separators;
    struct dynamic_list texts, counts;
    struct map words;    /* place and word → index in frequencies */
    struct map patterns; /* pattern → index in found */
    VEC(int64_t) frequencies;
    VEC(struct pattern) found;
    VEC(uint32_t) of_text; /* index in found */
    VEC(struct buf) kept;  /* keys of the maps */
    double least;
    bool whole;
};

static bool is_separator(const struct reducing *reducing, char c)
{
    if (reducing->separators.len)
        return str_index(reducing->separators, c) < reducing->separators.len;
    return !((unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 ||
             (unsigned char)c >= 0x80);
}

/* The next word, and what divides it from the one before; false at the end. */
static bool next_word(const struct reducing *reducing, struct str *rest, struct str *ret_before,
                      struct str *ret_word)
{
    size_t n = 0;
    while (n < rest->len && is_separator(reducing, rest->ptr[n]))
        n++;
    *ret_before = str_first(*rest, n);
    *rest = str_skip(*rest, n);
    for (n = 0; n < rest->len && !is_separator(reducing, rest->ptr[n]);)
        n++;
    *ret_word = str_first(*rest, n);
    *rest = str_skip(*rest, n);
    return ret_word->len > 0;
}

/* The index of a key in a map; `count` of them are there already. */
static uint32_t index_of(struct reducing *reducing, struct map *map, struct buf *key, size_t count,
                         bool *ret_new)
{
    uint32_t index = map_get(map, buf_str(key));
    *ret_new = index == MAP_NONE;
    if (!*ret_new)
        return index;
    struct buf copy = {0};
    buf_add_str(&copy, buf_str(key));
    reducing->whole = !copy.failed && vec_push(&reducing->kept, copy) == 0 &&
                      map_put(map, buf_str(&copy), (uint32_t)count) >= 0;
    return (uint32_t)count;
}

static void word_key(struct buf *key, unsigned place, struct str word)
{
    buf_clear(key);
    buf_printf(key, "%u ", place);
    buf_add_str(key, word);
}

static int64_t count_of(const struct reducing *reducing, size_t text)
{
    int64_t count = 0;
    return str_to_i64(reducing->counts.items[text], &count) == 0 ? count : 0;
}

static void count_words(struct reducing *reducing)
{
    struct buf key = {0}, room = {0};
    for (size_t i = 0; reducing->whole && i < reducing->texts.len; i++) {
        struct str rest = dynamic_text(reducing->texts.items[i], &room), before, word;
        for (unsigned place = 0;
             reducing->whole && place < WORDS_MAX && next_word(reducing, &rest, &before, &word);
             place++) {
            bool is_new;
            word_key(&key, place, word);
            uint32_t index =
                index_of(reducing, &reducing->words, &key, reducing->frequencies.len, &is_new);
            if (is_new && reducing->whole)
                reducing->whole = vec_push(&reducing->frequencies, (int64_t)0) == 0;
            if (reducing->whole)
                reducing->frequencies.items[index] += count_of(reducing, i);
        }
    }
    buf_free(&key);
    buf_free(&room);
}

static bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10;
}

/* Frequent words as they are, * for others. A letter that divides belongs to the * beside it. */
static bool write_pattern(const struct reducing *reducing, struct str text, struct buf *key,
                          struct buf *pattern)
{
    struct str before, word, rest = text;
    bool star = false, any = false;
    unsigned place = 0;
    buf_clear(pattern);
    while (place < WORDS_MAX && next_word(reducing, &rest, &before, &word)) {
        word_key(key, place++, word);
        uint32_t index = map_get(&reducing->words, buf_str(key));
        bool frequent =
            index != MAP_NONE && (double)reducing->frequencies.items[index] >= reducing->least;
        bool letters = before.len && is_letter(before.ptr[0]);
        if (!letters || (frequent && !star))
            buf_add_str(pattern, before);
        if (frequent)
            buf_add_str(pattern, word);
        else if (!pattern->len || pattern->ptr[pattern->len - 1] != '*')
            buf_add_byte(pattern, '*');
        star = !frequent;
        any = any || frequent;
    }
    buf_add_str(pattern, place < WORDS_MAX ? before : STR("*"));
    return any;
}

static void find_patterns(struct reducing *reducing)
{
    struct buf key = {0}, pattern = {0}, room = {0};
    for (size_t i = 0; reducing->whole && i < reducing->texts.len; i++) {
        bool is_new;
        struct str text = dynamic_text(reducing->texts.items[i], &room);
        if (!write_pattern(reducing, text, &key, &pattern)) {
            buf_clear(&pattern);
            buf_add_c(&pattern, OTHERS);
        }
        uint32_t index =
            index_of(reducing, &reducing->patterns, &pattern, reducing->found.len, &is_new);
        if (is_new && reducing->whole) {
            const struct pattern found = {buf_str(&reducing->kept.items[reducing->kept.len - 1]), 0,
                                          i};
            reducing->whole = vec_push(&reducing->found, found) == 0;
        }
        if (reducing->whole) {
            reducing->found.items[index].count += count_of(reducing, i);
            reducing->whole = vec_push(&reducing->of_text, index) == 0;
        }
    }
    buf_free(&key);
    buf_free(&pattern);
    buf_free(&room);
}

static bool is_other(const struct reducing *reducing, const struct pattern *pattern)
{
    return (double)pattern->count < reducing->least || str_eq(pattern->text, STR(OTHERS));
}

static int compare_patterns(const void *a, const void *b)
{
    const struct pattern *x = *(const struct pattern *const *)a,
                         *y = *(const struct pattern *const *)b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return str_compare(x->text, y->text);
}

/* The patterns, the most frequent first, and behind them the others. */
static void put_patterns(struct reducing *reducing, struct buf *json)
{
    VEC(const struct pattern *) order = {0};
    int64_t others = 0;
    for (size_t i = 0; reducing->whole && i < reducing->found.len; i++) {
        const struct pattern *pattern = &reducing->found.items[i];
        if (is_other(reducing, pattern))
            others += pattern->count;
        else
            reducing->whole = vec_push(&order, pattern) == 0;
    }
    if (order.len > 1)
        qsort(order.items, order.len, sizeof(order.items[0]), compare_patterns);
    buf_add_c(json, "[[");
    for (size_t i = 0; i < order.len; i++) {
        buf_add_c(json, i ? ",[" : "[");
        buf_add_json(json, order.items[i]->text);
        buf_printf(json, ",%lld,", (long long)order.items[i]->count);
        buf_add_str(json, reducing->texts.items[order.items[i]->first]);
        buf_add_byte(json, ']');
    }
    if (others)
        buf_printf(json, "%s[\"" OTHERS "\",%lld,\"\"]", order.len ? "," : "", (long long)others);
    buf_add_c(json, "],[");
    for (size_t i = 0; i < reducing->of_text.len; i++) {
        const struct pattern *pattern = &reducing->found.items[reducing->of_text.items[i]];
        buf_add_c(json, i ? "," : "");
        buf_add_json(json, is_other(reducing, pattern) ? STR(OTHERS) : pattern->text);
    }
    buf_add_c(json, "]]");
    vec_free(&order);
}

static void free_reducing(struct reducing *reducing)
{
    for (size_t i = 0; i < reducing->kept.len; i++)
        buf_free(&reducing->kept.items[i]);
    vec_free(&reducing->kept);
    map_free(&reducing->words);
    map_free(&reducing->patterns);
    vec_free(&reducing->texts);
    vec_free(&reducing->counts);
    vec_free(&reducing->frequencies);
    vec_free(&reducing->found);
    vec_free(&reducing->of_text);
}

/* kql_reduce(texts, counts, threshold, separators): [[pattern, count, text] ...], [pattern of each text ...] */
NATIVE(reduce)
{
    struct reducing reducing = {.separators = native_text(call, 3, row)};
    struct buf json = {0};
    double all = 0;
    reducing.whole = dynamic_elements(native_text(call, 0, row), &reducing.texts) &&
                     dynamic_elements(native_text(call, 1, row), &reducing.counts) &&
                     reducing.texts.len == reducing.counts.len;
    for (size_t i = 0; reducing.whole && i < reducing.texts.len; i++)
        all += (double)count_of(&reducing, i);
    reducing.least = native_double(call, 2, row) * all;
    if (reducing.least < 2)
        reducing.least = 2; /* what is there once is like nothing */
    count_words(&reducing);
    find_patterns(&reducing);
    put_patterns(&reducing, &json);
    bool whole = reducing.whole;
    free_reducing(&reducing);
    if (!whole)
        call->refuse(call, "no memory for the patterns of reduce");
    native_put(call, row, &json);
}

const struct lake_function hunt_reduce_natives[] = {
    {.name = "kql_reduce",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_DOUBLE, LAKE_TEXT},
     .call = reduce},
    {0},
};
