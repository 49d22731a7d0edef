#include "api/flat.h"

#include "base/hash.h"
#include "parse/json_cursor.h"

#define CELLS (2 * FLAT_NAMES_MAX)

_Static_assert((CELLS & (CELLS - 1)) == 0, "a power of two");

void flat_begin(struct flat *flat, struct buf *out)
{
    flat->out = out;
    flat->start = out->len;
    flat->event++;
    flat->names = 0;
    flat->full = false;
    buf_add_byte(out, '{');
}

/* Remembers the name. False: it was known, or there is no room. */
static bool remember(struct flat *flat, struct str name)
{
    uint64_t hash = hash_text(name);
    size_t at = hash & (CELLS - 1);
    while (flat->cells[at].event == flat->event) {
        if (flat->cells[at].hash == hash)
            return false;
        at = (at + 1) & (CELLS - 1);
    }
    if (flat->names == FLAT_NAMES_MAX) {
        flat->full = true;
        return false;
    }
    flat->cells[at].event = flat->event;
    flat->cells[at].hash = hash;
    flat->names++;
    return true;
}

bool flat_name(struct flat *flat, struct str name)
{
    if (!remember(flat, name))
        return false;
    buf_add_c(flat->out, flat->names > 1 ? ",\"" : "\"");
    buf_add_str(flat->out, name);
    buf_add_c(flat->out, "\":");
    return true;
}

bool flat_text_name(struct flat *flat, struct str name)
{
    struct buf *out = flat->out;
    size_t start = out->len;
    buf_add_c(out, flat->names > 0 ? ",\"" : "\"");
    size_t text = out->len;
    buf_add_json_text(out, name);
    if (out->failed || !remember(flat, str_skip(buf_str(out), text))) {
        out->len = start;
        return false;
    }
    buf_add_c(out, "\":");
    return true;
}

void flat_add(struct flat *flat, struct str name, struct str value)
{
    if (value.ptr && flat_name(flat, name))
        buf_add_str(flat->out, value);
}

void flat_add_members(struct flat *flat, struct str object)
{
    struct json_cursor cursor = json_cursor_of(object);
    struct str name, value;
    while (cursor.object && json_cursor_next(&cursor, &name, &value))
        flat_add(flat, name, value);
}

/* Line ends stand between the members of a checked object, never inside strings. */
static void join_lines(struct str text, char *bytes)
{
    for (size_t at = str_index(text, '\n'); at < text.len;
         at += 1 + str_index(str_skip(text, at + 1), '\n'))
        bytes[at] = ' ';
}

bool flat_end(struct flat *flat)
{
    struct buf *out = flat->out;
    buf_add_byte(out, '}');
    if (flat->full || out->failed) {
        out->len = flat->start;
        return false;
    }
    join_lines(str_skip(buf_str(out), flat->start), out->ptr + flat->start);
    return true;
}
