#include "parse/json.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"

/* Twice the keys, so that probes stay short. */
#define CELLS ((size_t)JSON_KEYS_MAX * 2)

/* Cells looked at for a key: one that finds no room in them, as hostile ones may, is not kept. */
#define PROBES_MAX 64

static const struct name NAME_NONE = {"", 0, FIELD_NONE};

int json_keys_init(struct json_keys *keys)
{
    arena_init(&keys->arena, JSON_KEYS_SIZE);
    keys->cells = calloc(CELLS, sizeof(struct json_key *));
    keys->root.path = keys->prefixes.path = keys->spare.path = STR("");
    keys->spare.temporary = true;
    for (size_t i = 0; i < JSON_VARIANTS; i++)
        keys->spare.names[i] = &NAME_NONE;
    return keys->cells ? 0 : -ENOMEM;
}

void json_keys_free(struct json_keys *keys)
{
    free(keys->cells);
    arena_free(&keys->arena);
}

void json_keys_begin(struct json_reader *reader)
{
    struct json_keys *keys = &reader->keys;
    if (keys->full && keys->used_by != reader->parser->begun) {
        arena_reset(&keys->arena);
        memset(keys->cells, 0, CELLS * sizeof(struct json_key *));
        keys->root.first = NULL;
        keys->count = 0;
        keys->full = false;
    }
    keys->spare.first = keys->spare.follow = NULL;
    keys->used_by = reader->parser->begun;
}

/*
 * Appends `raw` to path as text: escapes resolved, UTF-8, without spaces.
 * Returns its length, or SIZE_MAX.
 */
static size_t add_component(struct str raw, char *path, struct arena *arena)
{
    char plain[JSON_KEY_LEN_MAX];
    struct str text = str_of(plain, event_unescape(raw, plain));
    text = utf8_repair(text, arena);
    if (!text.ptr)
        return SIZE_MAX;
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != ' ')
            path[len++] = text.ptr[i];
    return len;
}

/* The longest start of path that is a name and ends between code points. */
static size_t path_cut(const char *path, size_t len)
{
    if (len <= PARSER_NAME_LEN_MAX)
        return len;
    len = PARSER_NAME_LEN_MAX;
    while (len > 0 && ((unsigned char)path[len] & 0xC0) == 0x80)
        len--;
    return len;
}

/* A key that is not in the table, in the arena; NULL when that is spent. */
static struct json_key *key_new(const struct json_key *owner, struct str raw, bool cut,
                                struct arena *arena)
{
    struct json_key *key = arena_zero(arena, 1, sizeof(*key));
    /* A byte that is not UTF-8 becomes three. */
    char *path = arena_bytes(arena, owner->prefix_len + 3 * raw.len + 1);
    struct str kept = arena_copy(arena, raw);
    if (!key || !path || !kept.ptr)
        return NULL;
    if (owner->prefix_len)
        memcpy(path, owner->path.ptr, owner->prefix_len);
    size_t len = add_component(kept, path + owner->prefix_len, arena);
    if (len == SIZE_MAX)
        return NULL;
    size_t whole = owner->prefix_len + len;
    len = path_cut(path, whole);
    key->owner = owner;
    key->raw = kept;
    key->path = str_of(path, len);
    path[len] = '.';
    key->prefix_len = len + 1;
    key->hints = json_shape_hints(key->path);
    if (cut || len < whole)
        key->hints |= JSON_HINT_CUT;
    if (raw.len + 3 <= JSON_PATTERN_SIZE) {
        key->pattern[0] = '"';
        memcpy(key->pattern + 1, raw.ptr, raw.len);
        memcpy(key->pattern + 1 + raw.len, "\":", 2);
        key->pattern_len = (uint32_t)raw.len + 3;
        key->pattern_mask = UINT32_MAX >> (JSON_PATTERN_SIZE - key->pattern_len);
    }
    return key;
}

static size_t cell_of(const struct json_key *owner, struct str raw)
{
    return hash_mix((uint64_t)(uintptr_t)owner, hash_text(raw)) & (CELLS - 1);
}

/* The key of the cache, made when new; NULL when there is no room for it. */
static struct json_key *key_cached(struct json_keys *keys, const struct json_key *owner,
                                   struct str raw, bool cut)
{
    size_t cell = cell_of(owner, raw);
    for (size_t i = 0; i < PROBES_MAX; i++, cell = (cell + 1) & (CELLS - 1)) {
        struct json_key *key = keys->cells[cell];
        if (key && key->owner == owner && str_eq(key->raw, raw))
            return key;
        if (key)
            continue;
        key = keys->full ? NULL : key_new(owner, raw, cut, &keys->arena);
        keys->cells[cell] = key;
        keys->full = !key || ++keys->count == JSON_KEYS_MAX;
        return key;
    }
    return NULL;
}

struct json_key *json_keys_get(struct json_reader *reader, struct json_key *owner, struct str raw)
{
    bool cut = raw.len > JSON_KEY_LEN_MAX;
    raw = str_first(raw, JSON_KEY_LEN_MAX);
    struct json_key *key = owner->temporary ? NULL : key_cached(&reader->keys, owner, raw, cut);
    if (key)
        return key;
    key = key_new(owner, raw, cut, &reader->parser->scratch);
    if (!key) {
        reader->parser->event.cut = true;
        return &reader->keys.spare;
    }
    key->temporary = true;
    return key;
}

/* The key's name in the arena; NULL when that is spent. */
static const struct name *name_new(struct json_reader *reader, struct json_key *key,
                                   struct arena *arena)
{
    struct name *name = arena_alloc(arena, sizeof(*name));
    struct str text =
        json_shape_name(key->path, reader->variant, arena, &key->roles[reader->variant]);
    if (!name || !text.ptr)
        return NULL;
    text.len = path_cut(text.ptr, text.len);
    *name = (struct name){.ptr = text.ptr,
                          .len = (uint16_t)text.len,
                          .field = fields_find(reader->parser->fields, text)};
    return name;
}

const struct name *json_keys_name(struct json_reader *reader, struct json_key *key)
{
    const struct name *name = NULL;
    if (!key->temporary) {
        name = name_new(reader, key, &reader->keys.arena);
        key->names[reader->variant] = name;
        if (name)
            return name;
        reader->keys.full = true;
    }
    name = name_new(reader, key, &reader->parser->scratch);
    if (key->temporary)
        key->names[reader->variant] = name;
    if (!name)
        reader->parser->event.cut = true;
    return name ? name : &NAME_NONE;
}
