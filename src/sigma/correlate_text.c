#include "sigma/correlate_text.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"

#define TEXTS_CELLS_MIN 64

static size_t text_size(size_t len)
{
    /* with the allocator's header, and two cells */
    return sizeof(struct text) + len + 16 + 2 * sizeof(struct text_cell);
}

void texts_init(struct texts *texts, uint64_t seed, struct memory_account *account)
{
    *texts = (struct texts){.seed = seed, .account = account};
}

void texts_free(struct texts *texts)
{
    for (size_t i = 0; i < texts->cap; i++)
        free(texts->cells[i].text);
    free(texts->cells);
    buf_free(&texts->joined);
    buf_free(&texts->folded);
    *texts = (struct texts){0};
}

static int grow(struct texts *texts)
{
    size_t cap = texts->cap ? texts->cap * 2 : TEXTS_CELLS_MIN;
    struct text_cell *cells = calloc(cap, sizeof(*cells));
    if (!cells)
        return -1;
    for (size_t i = 0; i < texts->cap; i++) {
        if (!texts->cells[i].text)
            continue;
        size_t at = texts->cells[i].hash & (cap - 1);
        while (cells[at].text)
            at = (at + 1) & (cap - 1);
        cells[at] = texts->cells[i];
    }
    free(texts->cells);
    texts->cells = cells;
    texts->cap = cap;
    return 0;
}

/* The text of these bytes with one more reference; `ret_new` says that its `folded` is not set. */
static struct text *find_or_add(struct texts *texts, struct str bytes, uint32_t n, bool *ret_new)
{
    if (texts->len + 1 > texts->cap / 4 * 3 && grow(texts) < 0)
        return NULL;
    uint64_t hash = hash_bytes(bytes.ptr, bytes.len, texts->seed + n);
    size_t mask = texts->cap - 1;
    size_t at = hash & mask;
    for (; texts->cells[at].text; at = (at + 1) & mask) {
        struct text *text = texts->cells[at].text;
        if (texts->cells[at].hash == hash && text->n_values == n &&
            str_eq(str_of(text->bytes, text->len), bytes)) {
            text->refs++;
            return text;
        }
    }
    struct text *text = bytes.len < UINT32_MAX ? malloc(sizeof(*text) + bytes.len) : NULL;
    if (!text)
        return NULL;
    *text = (struct text){.hash = hash, .refs = 1, .n_values = n, .len = (uint32_t)bytes.len};
    if (bytes.len)
        memcpy(text->bytes, bytes.ptr, bytes.len);
    texts->cells[at] = (struct text_cell){.hash = hash, .text = text};
    texts->len++;
    account_add(texts->account, text_size(bytes.len));
    *ret_new = true;
    return text;
}

static void join_value(struct buf *buf, struct str value)
{
    uint32_t len = (uint32_t)value.len;
    buf_add(buf, &len, sizeof(len));
    buf_add_str(buf, value);
}

/* The bytes of a tuple: the value itself, or the values joined in `buf`. */
static struct str join(const struct str *values, uint32_t n, struct buf *buf)
{
    if (n == 1)
        return values[0];
    buf_clear(buf);
    for (uint32_t i = 0; i < n; i++) {
        if (values[i].len >= UINT32_MAX)
            buf->failed = true;
        else
            join_value(buf, values[i]);
    }
    return buf_str(buf);
}

/* The same with every value case-folded; what is not UTF-8 stays as it is. */
static struct str join_folded(const struct str *values, uint32_t n, struct buf *buf)
{
    buf_clear(buf);
    for (uint32_t i = 0; i < n; i++) {
        size_t start = buf->len;
        uint32_t len = 0;
        if (n > 1)
            buf_add(buf, &len, sizeof(len));
        if (utf8_valid(values[i]) != values[i].len) {
            buf_add_str(buf, values[i]);
        } else {
            char *room = buf_reserve(buf, values[i].len + values[i].len / 2 + 4);
            if (!room)
                break;
            buf->len += utf8_fold_text(values[i], room);
        }
        if (n > 1 && !buf->failed) {
            len = (uint32_t)(buf->len - start - sizeof(len));
            memcpy(buf->ptr + start, &len, sizeof(len));
        }
    }
    return buf_str(buf);
}

struct text *text_intern(struct texts *texts, const struct str *values, uint32_t n)
{
    bool is_new = false, folded_new = false;
    struct str bytes = join(values, n, &texts->joined);
    if (n != 1 && texts->joined.failed)
        return NULL;
    struct text *text = find_or_add(texts, bytes, n, &is_new);
    if (!text || !is_new)
        return text;

    text->folded = text;
    struct str folded = join_folded(values, n, &texts->folded);
    struct text *other = texts->folded.failed ? NULL : find_or_add(texts, folded, n, &folded_new);
    if (!other) {
        text_release(texts, text);
        return NULL;
    }
    if (other == text) {
        text->refs--;
        return text;
    }
    if (folded_new)
        other->folded = other; /* folding again changes nothing */
    text->folded = other;
    return text;
}

/* Takes a text out of the table; the cells behind it move up so that probing still finds them. */
static void take_out(struct texts *texts, const struct text *text)
{
    size_t mask = texts->cap - 1;
    size_t hole = text->hash & mask;
    while (texts->cells[hole].text != text)
        hole = (hole + 1) & mask;
    for (size_t at = (hole + 1) & mask; texts->cells[at].text; at = (at + 1) & mask) {
        size_t home = texts->cells[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        texts->cells[hole] = texts->cells[at];
        hole = at;
    }
    texts->cells[hole].text = NULL;
    texts->len--;
}

void text_release(struct texts *texts, struct text *text)
{
    while (text && --text->refs == 0) {
        struct text *folded = text->folded == text ? NULL : text->folded;
        take_out(texts, text);
        account_remove(texts->account, text_size(text->len));
        free(text);
        text = folded;
    }
}

uint32_t text_values(const struct text *text, struct str *ret_values, uint32_t max)
{
    struct str rest = str_of(text->bytes, text->len);
    if (text->n_values == 1 && max > 0) {
        ret_values[0] = rest;
        return 1;
    }
    uint32_t n = 0;
    for (; n < text->n_values && n < max; n++) {
        uint32_t len;
        memcpy(&len, rest.ptr, sizeof(len));
        ret_values[n] = str_of(rest.ptr + sizeof(len), len);
        rest = str_skip(rest, sizeof(len) + len);
    }
    return n;
}
