#include "api/elastic_bulk.h"

#include <inttypes.h>
#include <stdio.h>

/* Paths of filter_path, by member. "*" stands for the action in the middle. */
static const char *const FIELD_NAMES[FIELD_COUNT] = {
    [FIELD_INDEX] = "_index",
    [FIELD_ID] = "_id",
    [FIELD_VERSION] = "_version",
    [FIELD_RESULT] = "result",
    [FIELD_SHARDS] = "_shards",
    [FIELD_SEQ_NO] = "_seq_no",
    [FIELD_PRIMARY_TERM] = "_primary_term",
    [FIELD_STATUS] = "status",
    [FIELD_ERROR_TYPE] = "error.type",
    [FIELD_ERROR_REASON] = "error.reason",
};

static const char *const OP_NAMES[BULK_OPS] = {"index", "create", "update", "delete"};

static const struct {
    unsigned status;
    const char *type, *reason;
} OUTCOMES[] = {
    [BULK_STORED] = {201, NULL, NULL},
    [BULK_MALFORMED] = {400, "mapper_parsing_exception",
                        "failed to parse: the document is not one JSON object"},
    [BULK_TOO_LARGE] = {400, "mapper_parsing_exception",
                        "failed to parse: the document is too large for an event"},
    [BULK_FORBIDDEN] = {400, "illegal_argument_exception",
                        "events are kept as they came: they are neither changed nor deleted"},
};

/* One part of a path; '*' in the pattern stands for any run of bytes. */
static bool part_fits(struct str pattern, struct str part)
{
    size_t p = 0, s = 0, star = SIZE_MAX, mark = 0;
    while (s < part.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            mark = s;
        } else if (p < pattern.len && pattern.ptr[p] == part.ptr[s]) {
            p++;
            s++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            s = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

/*
 * Does the pattern take the path, or something it is part of? Parts are between dots; "**" is any number
 * of them.
 */
static bool path_fits(struct str pattern, struct str path)
{
    struct str want, part;
    while (str_cut(&pattern, '.', &want)) {
        if (str_eq(want, STR("**"))) {
            if (pattern.len == 0)
                return true;
            struct str later = path;
            do {
                if (path_fits(pattern, later))
                    return true;
            } while (str_cut(&later, '.', &part));
            return false;
        }
        if (!str_cut(&path, '.', &part) || !part_fits(want, part))
            return false;
    }
    return true;
}

#define FILTER_STARS_MAX 4 /* "**" in one pattern: each multiplies the tries */

static bool is_usable(struct str pattern)
{
    unsigned stars = 0;
    struct str part;
    while (str_cut(&pattern, '.', &part))
        stars += str_eq(part, STR("**"));
    return stars <= FILTER_STARS_MAX;
}

/* Patterns with a '-' before them take away. Without others all is wanted. */
static bool is_shown(struct str paths, struct str path)
{
    bool any = false, wanted = false;
    struct str pattern;
    while (str_cut(&paths, ',', &pattern)) {
        pattern = str_trim(pattern);
        bool away = str_starts(pattern, STR("-"));
        pattern = str_skip(pattern, away ? 1 : 0);
        if (pattern.len == 0 || !is_usable(pattern))
            continue;
        bool fits = path_fits(pattern, path);
        if (away && fits)
            return false;
        any = any || !away;
        wanted = wanted || (!away && fits);
    }
    return wanted || !any;
}

void bulk_filter_read(struct bulk_filter *filter, struct str paths)
{
    char path[64];
    filter->took = is_shown(paths, STR("took"));
    filter->errors = is_shown(paths, STR("errors"));
    filter->all_items = true;
    for (unsigned op = 0; op < BULK_OPS; op++) {
        for (unsigned field = 0; field < FIELD_COUNT; field++) {
            snprintf(path, sizeof(path), "items.%s.%s", OP_NAMES[op], FIELD_NAMES[field]);
            filter->shown[op][field] = is_shown(paths, str_from_c(path));
            filter->all_items = filter->all_items && filter->shown[op][field];
        }
    }
}

/* The members of an item so far: a comma goes before each but the first. */
struct members {
    struct buf *out;
    const bool *shown;
    bool any;
};

static bool begin(struct members *members, enum bulk_field field, const char *name)
{
    if (!members->shown[field])
        return false;
    buf_add_c(members->out, members->any ? ",\"" : "\"");
    buf_add_c(members->out, name);
    buf_add_c(members->out, "\":");
    members->any = true;
    return true;
}

static void add_text(struct buf *out, struct str json)
{
    buf_add_byte(out, '"');
    buf_add_str(out, json);
    buf_add_byte(out, '"');
}

static void add_stored(struct members *members, uint64_t seq_no)
{
    struct buf *out = members->out;
    if (begin(members, FIELD_VERSION, "_version"))
        buf_add_byte(out, '1');
    if (begin(members, FIELD_RESULT, "result"))
        buf_add_c(out, "\"created\"");
    if (begin(members, FIELD_SHARDS, "_shards"))
        buf_add_c(out, "{\"total\":1,\"successful\":1,\"failed\":0}");
    if (begin(members, FIELD_SEQ_NO, "_seq_no"))
        buf_add_u64(out, seq_no);
    if (begin(members, FIELD_PRIMARY_TERM, "_primary_term"))
        buf_add_byte(out, '1');
}

static void add_error(struct members *members, const char *type, const char *reason)
{
    const bool *shown = members->shown;
    struct buf *out = members->out;
    if (!shown[FIELD_ERROR_TYPE] && !shown[FIELD_ERROR_REASON])
        return;
    buf_add_c(out, members->any ? ",\"error\":{" : "\"error\":{");
    struct members error = {.out = out, .shown = shown};
    if (begin(&error, FIELD_ERROR_TYPE, "type"))
        buf_add_json(out, str_from_c(type));
    if (begin(&error, FIELD_ERROR_REASON, "reason"))
        buf_add_json(out, str_from_c(reason));
    buf_add_byte(out, '}');
    members->any = true;
}

/* What is behind the action's name. Returns true where anything is shown. */
static bool add_members(struct buf *out, const struct bulk_item *item, const bool *shown,
                        const struct bulk_place *place)
{
    struct members members = {.out = out, .shown = shown};
    bool stored = item->outcome == BULK_STORED;
    uint64_t offset = stored ? place->offset + item->nth : 0;
    if (begin(&members, FIELD_INDEX, "_index"))
        add_text(out, item->index);
    if ((item->id.ptr || stored) && begin(&members, FIELD_ID, "_id")) {
        if (item->id.ptr)
            add_text(out, item->id);
        else
            buf_printf(out, "\"%" PRIu32 ".%" PRIu64 "\"", place->partition, offset);
    }
    if (stored)
        add_stored(&members, offset);
    if (begin(&members, FIELD_STATUS, "status"))
        buf_add_u64(out, OUTCOMES[item->outcome].status);
    if (!stored)
        add_error(&members, OUTCOMES[item->outcome].type, OUTCOMES[item->outcome].reason);
    return members.any;
}

/* An item of which nothing is shown is not there. */
static void add_item(struct buf *out, const struct bulk_item *item,
                     const struct bulk_filter *filter, const struct bulk_place *places, bool first)
{
    size_t start = out->len;
    buf_add_c(out, first ? "{\"" : ",{\"");
    buf_add_c(out, OP_NAMES[item->op]);
    buf_add_c(out, "\":{");
    bool any = add_members(out, item, filter->shown[item->op], &places[item->lane]);
    buf_add_c(out, "}}");
    if (!any)
        out->len = start;
}

static bool has_errors(const struct bulk *bulk)
{
    for (size_t i = 0; i < bulk->items.len; i++)
        if (bulk->items.items[i].outcome != BULK_STORED)
            return true;
    return false;
}

void bulk_write_reply(struct buf *out, const struct bulk *bulk, const struct bulk_filter *filter,
                      const struct bulk_place *places, uint64_t took_ms)
{
    bool any = false;
    buf_add_byte(out, '{');
    if (filter->took) {
        buf_printf(out, "\"took\":%" PRIu64, took_ms);
        any = true;
    }
    if (filter->errors) {
        buf_add_c(out, any ? ",\"errors\":" : "\"errors\":");
        buf_add_c(out, has_errors(bulk) ? "true" : "false");
        any = true;
    }
    size_t start = out->len;
    buf_add_c(out, any ? ",\"items\":[" : "\"items\":[");
    size_t first = out->len;
    for (size_t i = 0; i < bulk->items.len; i++)
        add_item(out, &bulk->items.items[i], filter, places, out->len == first);
    if (out->len == first && !filter->all_items)
        out->len = start;
    else
        buf_add_byte(out, ']');
    buf_add_byte(out, '}');
}

unsigned bulk_write_document(struct buf *out, const struct bulk_item *item,
                             const struct bulk_place *place)
{
    static const bool shown[FIELD_COUNT] = {
        [FIELD_INDEX] = true,        [FIELD_ID] = true,     [FIELD_VERSION] = true,
        [FIELD_RESULT] = true,       [FIELD_SHARDS] = true, [FIELD_SEQ_NO] = true,
        [FIELD_PRIMARY_TERM] = true,
    };
    unsigned status = OUTCOMES[item->outcome].status;
    if (item->outcome != BULK_STORED) {
        elastic_write_error(out, status, OUTCOMES[item->outcome].type,
                            str_from_c(OUTCOMES[item->outcome].reason));
        return status;
    }
    buf_add_byte(out, '{');
    add_members(out, item, shown, place);
    buf_add_byte(out, '}');
    return status;
}

void elastic_write_error(struct buf *out, unsigned status, const char *type, struct str reason)
{
    struct buf cause = {0};
    buf_add_c(&cause, "\"type\":");
    buf_add_json(&cause, str_from_c(type));
    buf_add_c(&cause, ",\"reason\":");
    buf_add_json(&cause, reason);
    buf_add_c(out, "{\"error\":{\"root_cause\":[{");
    buf_add_str(out, buf_str(&cause));
    buf_add_c(out, "}],");
    buf_add_str(out, buf_str(&cause));
    buf_printf(out, "},\"status\":%u}", status);
    buf_free(&cause);
}
