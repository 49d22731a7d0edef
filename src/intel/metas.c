/* What indicators say besides their value: interned, and merged where several speak of one value. */
#include "intel/gather.h"

#define METAS_ARENA_MAX (UINT64_C(8) << 30)
#define MERGED_SOURCES_MAX 16 /* named in a merged meta; of the others only their number */

int metas_init(struct metas *metas)
{
    uint32_t empty;
    arena_init(&metas->arena, METAS_ARENA_MAX);
    return metas_string(metas, (struct str){0}, &empty);
}

void metas_free(struct metas *metas)
{
    arena_free(&metas->arena);
    buf_free(&metas->strings);
    map_free(&metas->string_ids);
    map_free(&metas->meta_ids);
    vec_free(&metas->items);
}

int metas_string(struct metas *metas, struct str text, uint32_t *ret_at)
{
    uint16_t len = (uint16_t)(text.len < UINT16_MAX ? text.len : UINT16_MAX);
    uint32_t at = map_get(&metas->string_ids, text);
    if (at == MAP_NONE) {
        if (metas->strings.len + sizeof(len) + len >= UINT32_MAX)
            return -E2BIG;
        at = (uint32_t)metas->strings.len;
        struct str key = arena_copy(&metas->arena, text);
        buf_add(&metas->strings, &len, sizeof(len));
        buf_add(&metas->strings, text.ptr, len);
        if (!key.ptr || metas->strings.failed || map_put(&metas->string_ids, key, at) < 0)
            return -ENOMEM;
    }
    *ret_at = at;
    return 0;
}

int metas_add(struct metas *metas, const struct image_meta *meta, uint32_t *ret_number)
{
    struct str bytes = str_of((const char *)meta, sizeof(*meta));
    uint32_t number = map_get(&metas->meta_ids, bytes);
    if (number == MAP_NONE) {
        if (metas->items.len >= UINT32_MAX - 1)
            return -E2BIG;
        number = (uint32_t)metas->items.len;
        struct str key = arena_copy(&metas->arena, bytes);
        if (!key.ptr || vec_push(&metas->items, *meta) < 0 ||
            map_put(&metas->meta_ids, key, number) < 0)
            return -ENOMEM;
    }
    *ret_number = number;
    return 0;
}

static struct str string_at(const struct metas *metas, uint32_t at)
{
    uint16_t len;
    memcpy(&len, metas->strings.ptr + at, sizeof(len));
    return str_of(metas->strings.ptr + at + sizeof(len), len);
}

static int by_from(const void *left, const void *right, void *context)
{
    const struct metas *metas = context;
    const uint32_t *a = left, *b = right;
    int64_t from_a = metas->items.items[*a].from, from_b = metas->items.items[*b].from;
    if (from_a != from_b)
        return from_a < from_b ? -1 : 1;
    return *a < *b ? -1 : *a > *b;
}

static int by_text(const void *left, const void *right, void *context)
{
    const uint32_t *a = left, *b = right;
    return str_compare(string_at(context, *a), string_at(context, *b));
}

/* "feed one, feed two": the string of all sources of the metas. */
static int join_sources(struct metas *metas, const uint32_t *numbers, size_t count,
                        uint32_t *ret_source)
{
    uint32_t sources[MERGED_SOURCES_MAX];
    size_t n = 0, others = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t source = metas->items.items[numbers[i]].source;
        size_t k = 0;
        while (k < n && sources[k] != source)
            k++;
        if (k == n && n < MERGED_SOURCES_MAX)
            sources[n++] = source;
        else if (k == n)
            others++;
    }
    qsort_r(sources, n, sizeof(sources[0]), by_text, metas);
    struct buf text = {0};
    for (size_t i = 0; i < n; i++) {
        buf_add_c(&text, i ? ", " : "");
        buf_add_str(&text, string_at(metas, sources[i]));
    }
    if (others)
        buf_printf(&text, " and %zu more", others);
    int status = text.failed ? -ENOMEM : metas_string(metas, buf_str(&text), ret_source);
    buf_free(&text);
    return status;
}

static bool surer(const struct image_meta *a, const struct image_meta *b)
{
    if (b->confidence == INDICATOR_CONFIDENCE_UNSET)
        return a->confidence != INDICATOR_CONFIDENCE_UNSET;
    return a->confidence != INDICATOR_CONFIDENCE_UNSET && a->confidence > b->confidence;
}

/* One meta for several whose times are one stretch. */
static int merge_stretch(struct metas *metas, const uint32_t *numbers, size_t count,
                         uint32_t *ret_number)
{
    struct image_meta merged = metas->items.items[numbers[0]];
    uint32_t empty = 0; /* metas_init() put it there */
    for (size_t i = 1; i < count; i++) {
        const struct image_meta *meta = &metas->items.items[numbers[i]];
        if (surer(meta, &merged)) {
            merged.confidence = meta->confidence;
            merged.id = meta->id != empty ? meta->id : merged.id;
            merged.label = meta->label != empty ? meta->label : merged.label;
        }
        merged.id = merged.id != empty ? merged.id : meta->id;
        merged.label = merged.label != empty ? merged.label : meta->label;
        merged.tlp = meta->tlp > merged.tlp ? meta->tlp : merged.tlp;
        if (merged.until != TIME_UNSET && (meta->until == TIME_UNSET || meta->until > merged.until))
            merged.until = meta->until;
    }
    int status = join_sources(metas, numbers, count, &merged.source);
    return status < 0 ? status : metas_add(metas, &merged, ret_number);
}

int metas_merge(struct metas *metas, uint32_t *numbers, size_t count)
{
    size_t kept = 0, first = 0;
    qsort_r(numbers, count, sizeof(*numbers), by_from, metas);
    while (first < count) {
        int64_t until = metas->items.items[numbers[first]].until;
        size_t end = first + 1;
        for (; end < count; end++) {
            const struct image_meta *meta = &metas->items.items[numbers[end]];
            if (until != TIME_UNSET && meta->from > until)
                break;
            if (meta->until == TIME_UNSET || (until != TIME_UNSET && meta->until > until))
                until = meta->until;
        }
        uint32_t number = numbers[first];
        int status =
            end - first > 1 ? merge_stretch(metas, numbers + first, end - first, &number) : 0;
        if (status < 0)
            return status;
        numbers[kept++] = number;
        first = end;
    }
    return (int)kept;
}
