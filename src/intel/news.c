#include "intel/news.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "intel/look.h"

#define NEWS_MAGIC "jaga-new"
#define PIECE 4096 /* keys that are handed over at once */
#define SCREEN_ARENA_MAX ((size_t)64 << 20)
#define SCREEN_ARENA_FULL                                                                          \
    ((size_t)1 << 20) /* bytes of values found, past which they are forgotten */

struct news_trailer {
    uint64_t counts[INDICATOR_COUNT];
    char magic[8];
};

struct intel_news {
    const struct intel *intel;
    const struct image_key *keys[INDICATOR_COUNT];
    uint64_t counts[INDICATOR_COUNT];
    uint32_t types;
};

static int compare_keys(const void *a, const void *b)
{
    const struct image_key *x = a, *y = b;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    return x->low < y->low ? -1 : x->low > y->low;
}

/* ---- writing ---- */

struct news_writer {
    const struct intel *before, *now;
    int (*put)(void *context, struct str bytes);
    void *context;
    struct image_key keys[PIECE], last;
    size_t n;
    struct news_trailer trailer;
};

static int flush(struct news_writer *writer)
{
    size_t n = writer->n;
    writer->n = 0;
    return n ? writer->put(writer->context,
                           str_of((const char *)writer->keys, n * sizeof(*writer->keys)))
             : 0;
}

/* In the order of keys, which may come several times. */
static int add_key(struct news_writer *writer, enum indicator_type type, struct image_key key)
{
    if (writer->trailer.counts[type] && compare_keys(&key, &writer->last) == 0)
        return 0;
    writer->trailer.counts[type]++;
    writer->keys[writer->n++] = writer->last = key;
    return writer->n == PIECE ? flush(writer) : 0;
}

/* Was it in force to the end? What had expired and is there again is new. */
static bool was_in_force(const struct news_writer *writer, int64_t until)
{
    return until == TIME_UNSET || until > writer->now->header->built;
}

/* Entries [first, first + n) of the image before. */
static bool were_in_force(const struct news_writer *writer, const struct table *table,
                          uint64_t first, uint64_t n)
{
    bool any = false;
    for (uint64_t i = first; !any && i < first + n; i++) {
        uint32_t meta = table->entries[i].meta;
        any = meta < writer->before->n_metas &&
              was_in_force(writer, writer->before->metas[meta].until);
    }
    return any;
}

/* Look-ups in the order of keys pass the other image from its beginning to its end. */
static int add_table(struct news_writer *writer, enum indicator_type type)
{
    const struct table *table = &writer->now->tables[IMAGE_INDICATORS][type];
    const struct table *before =
        writer->before ? &writer->before->tables[IMAGE_INDICATORS][type] : NULL;
    uint64_t first = 0, n;
    int status = 0;
    for (uint64_t i = 0; status == 0 && i < table->count; i++) {
        const struct image_entry *entry = &table->entries[i];
        struct image_key key = image_entry_key(entry);
        struct str text = table->is_text ? image_entry_text(writer->now, entry) : STR("");
        if (table->is_text)
            key.low = 0;
        n = before ? image_find(writer->before, before, key, text, &first) : 0;
        if (n == 0 || !were_in_force(writer, before, first, n))
            status = add_key(writer, type, key);
    }
    return status;
}

static int add_networks(struct news_writer *writer, enum indicator_type type)
{
    enum image_family family = type == INDICATOR_CIDR6 ? IMAGE_IPV6 : IMAGE_IPV4;
    const struct image_network *networks = writer->now->networks[IMAGE_INDICATORS][family];
    VEC(struct image_key) keys = {0};
    struct indicator known;
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < writer->now->n_networks[IMAGE_INDICATORS][family];
         i++) {
        char bytes[ADDRESS_TEXT_MAX + 16];
        struct address base = {.ipv6 = type == INDICATOR_CIDR6};
        memcpy(base.bytes, networks[i].address, sizeof(base.bytes));
        size_t len = address_format(&base, bytes);
        len +=
            (size_t)snprintf(bytes + len, sizeof(bytes) - len, "/%u", (unsigned)networks[i].bits);
        struct str value = str_of(bytes, len);
        if (!writer->before ||
            !intel_find(writer->before, type, value, writer->now->header->built, &known) ||
            !was_in_force(writer, known.until))
            status = vec_push(&keys, image_key_of_text(value));
    }
    if (keys.len)
        qsort(keys.items, keys.len, sizeof(*keys.items), compare_keys);
    for (size_t i = 0; status == 0 && i < keys.len; i++)
        status = add_key(writer, type, keys.items[i]);
    vec_free(&keys);
    return status;
}

int intel_news_write(const struct intel *before, const struct intel *now,
                     int (*put)(void *context, struct str bytes), void *context,
                     uint64_t ret_counts[static INDICATOR_COUNT])
{
    struct news_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return -ENOMEM;
    *writer = (struct news_writer){.before = before, .now = now, .put = put, .context = context};
    memcpy(writer->trailer.magic, NEWS_MAGIC, sizeof(writer->trailer.magic));
    int status = 0;
    for (unsigned i = INDICATOR_NONE + 1; status == 0 && i < INDICATOR_COUNT; i++)
        status = image_is_network(i) ? add_networks(writer, (enum indicator_type)i)
                                     : add_table(writer, (enum indicator_type)i);
    if (status == 0)
        status = flush(writer);
    if (status == 0)
        status = put(context, str_of((const char *)&writer->trailer, sizeof(writer->trailer)));
    if (status == 0)
        memcpy(ret_counts, writer->trailer.counts, sizeof(writer->trailer.counts));
    free(writer);
    return status;
}

/* ---- reading ---- */

struct intel_news *intel_news_open(struct str bytes, const struct intel *intel, struct err *err)
{
    struct news_trailer trailer = {0};
    size_t left = bytes.len < sizeof(trailer) ? 0 : bytes.len - sizeof(trailer);
    if (left || bytes.len == sizeof(trailer))
        memcpy(&trailer, bytes.ptr + left, sizeof(trailer));
    bool good = memcmp(trailer.magic, NEWS_MAGIC, sizeof(trailer.magic)) == 0 &&
                (uintptr_t)bytes.ptr % sizeof(uint64_t) == 0;
    struct intel_news *news = calloc(1, sizeof(*news));
    const char *at = bytes.ptr;
    for (unsigned i = 0; good && news && i < INDICATOR_COUNT; i++) {
        good = trailer.counts[i] <= left / sizeof(struct image_key);
        if (!good)
            break;
        news->keys[i] = (const void *)at;
        news->counts[i] = trailer.counts[i];
        news->types |= trailer.counts[i] ? LOOK_BIT(i) : 0;
        at += trailer.counts[i] * sizeof(struct image_key);
        left -= trailer.counts[i] * sizeof(struct image_key);
    }
    if (news && good && left == 0) {
        news->intel = intel;
        return news;
    }
    (void)err_set(err, news ? -EINVAL : -ENOMEM,
                  news ? "it is no list of new indicators, or damaged" : "no memory");
    free(news);
    return NULL;
}

void intel_news_close(struct intel_news *news)
{
    free(news);
}

bool intel_news_has(const struct intel_news *news, enum indicator_type type, struct str value)
{
    struct image_key key = image_key_of_text(value);
    if (news->counts[type] == 0 ||
        (!image_is_network(type) && !image_key_of_value(type, value, &key)))
        return false;
    return bsearch(&key, news->keys[type], news->counts[type], sizeof(key), compare_keys);
}

uint32_t intel_news_types(const struct intel_news *news)
{
    return news->types;
}

/* ---- screening ---- */

struct intel_screen {
    struct look look; /* first: the callback casts back; the origin is a row */
    const struct intel_news *news;
    enum field_type type;
    struct arena arena;
    bool *hits;
};

static void hit(struct look *look, uint32_t origin, enum indicator_type type, struct str value,
                uint32_t meta)
{
    struct intel_screen *screen = (struct intel_screen *)look;
    (void)meta;
    if (!screen->hits[origin])
        screen->hits[origin] = intel_news_has(screen->news, type, value);
}

struct intel_screen *intel_screen_new(const struct intel_news *news, enum field_type type)
{
    struct intel_screen *screen = malloc(sizeof(*screen)); /* a look is large */
    if (!screen)
        return NULL;
    arena_init(&screen->arena, SCREEN_ARENA_MAX);
    look_init(&screen->look, news->intel, &screen->arena);
    screen->look.present &= news->types;
    screen->look.found = hit;
    screen->news = news;
    screen->type = type;
    screen->hits = NULL;
    return screen;
}

void intel_screen_free(struct intel_screen *screen)
{
    if (!screen)
        return;
    arena_free(&screen->arena);
    free(screen);
}

void intel_screen_ask(struct intel_screen *screen, uint32_t row, struct str text, bool *ret_hits)
{
    if (screen->arena.size > SCREEN_ARENA_FULL)
        intel_screen_finish(screen);
    screen->hits = ret_hits;
    screen->look.origin = row;
    look_field(&screen->look, screen->type, text);
}

void intel_screen_finish(struct intel_screen *screen)
{
    look_finish(&screen->look);
    arena_reset(&screen->arena);
}
