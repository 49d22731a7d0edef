#include "api/elastic_bulk.h"

#include <errno.h>

#include "parse/json.h"
#include "parse/json_cursor.h"

/* The reading of one body. */
struct reading {
    struct str rest;
    struct str index; /* of the path */
    uint64_t line;    /* of the action, from 1 */
    struct str last;  /* the action before, which most often comes again */
    struct bulk_item last_item;
    struct err *err;
};

static const struct str OP_NAMES[BULK_OPS] = {
    [BULK_INDEX] = {"index", 5},
    [BULK_CREATE] = {"create", 6},
    [BULK_UPDATE] = {"update", 6},
    [BULK_DELETE] = {"delete", 6},
};

static int malformed(struct reading *reading, const char *what)
{
    return err_set(reading->err, -EINVAL, "Malformed action/metadata line [%llu], %s",
                   (unsigned long long)reading->line, what);
}

/* The next line without its line end; false at the end. Every line has one: bulk_read() looked. */
static bool take_line(struct str *rest, struct str *ret_line)
{
    if (rest->len == 0)
        return false;
    size_t len = str_index(*rest, '\n');
    *ret_line = str_first(*rest, len);
    *rest = str_skip(*rest, len + 1);
    if (len && ret_line->ptr[len - 1] == '\r')
        ret_line->len--;
    return true;
}

/* What the action says of the document: its index and id. */
static int read_target(struct reading *reading, struct str target, struct bulk_item *item)
{
    struct json_cursor cursor = json_cursor_of(target);
    struct str name, value;
    item->index = reading->index;
    while (json_cursor_next(&cursor, &name, &value)) {
        if (str_eq(name, STR("_index")) && json_is_quoted(value))
            item->index = json_inside(value);
        else if (str_eq(name, STR("_id")) && json_is_quoted(value))
            item->id = json_inside(value);
    }
    if (item->index.len == 0)
        return err_set(reading->err, -EINVAL, "Validation Failed: 1: index is missing;");
    return 0;
}

static int read_action(struct reading *reading, struct str line, struct bulk_item *item)
{
    struct str name, target;
    if (reading->last.len && str_eq(line, reading->last)) {
        *item = reading->last_item;
        return 0;
    }
    if (json_check(line))
        return malformed(reading, "expected START_OBJECT");
    line = str_trim(line);
    struct json_cursor cursor = json_cursor_of(line);
    if (!json_cursor_next(&cursor, &name, &target))
        return malformed(reading, "expected FIELD_NAME but found [END_OBJECT]");
    item->op = BULK_OPS;
    for (unsigned op = 0; op < BULK_OPS; op++)
        if (str_eq(name, OP_NAMES[op]))
            item->op = (uint8_t)op;
    if (item->op == BULK_OPS)
        return malformed(reading,
                         "expected field [create], [delete], [index] or [update] but found "
                         "another");
    if (target.ptr[0] != '{')
        return malformed(reading, "expected START_OBJECT behind the action");
    int status = read_target(reading, target, item);
    if (status == 0) {
        reading->last = line;
        reading->last_item = *item;
    }
    return status;
}

static int read_document(struct reading *reading, struct bulk_item *item)
{
    if (item->op == BULK_DELETE) {
        item->outcome = BULK_FORBIDDEN;
        return 0;
    }
    reading->line++;
    if (!take_line(&reading->rest, &item->document))
        return malformed(reading, "expected a document behind the last action");
    item->outcome = item->op == BULK_UPDATE ? BULK_FORBIDDEN : BULK_STORED;
    return 0;
}

int bulk_read(struct bulk *bulk, struct str body, struct str index, struct err *err)
{
    struct reading reading = {.rest = body, .index = index, .err = err};
    struct str line;
    if (str_trim(body).len == 0)
        return err_set(err, -EINVAL, "request body is required");
    if (body.ptr[body.len - 1] != '\n')
        return err_set(err, -EINVAL, "The bulk request must be terminated by a newline [\\n]");
    while (take_line(&reading.rest, &line)) {
        struct bulk_item item = {0};
        reading.line++;
        if (str_trim(line).len == 0)
            continue;
        if (bulk->items.len == BULK_ITEMS_MAX)
            return err_set(err, -E2BIG, "more than %u items in one request", BULK_ITEMS_MAX);
        int status = read_action(&reading, line, &item);
        if (status == 0)
            status = read_document(&reading, &item);
        if (status == 0 && vec_push(&bulk->items, item) < 0)
            status = err_set(err, -ENOMEM, "no memory for the items of the request");
        if (status < 0)
            return status;
    }
    return 0;
}

void bulk_free(struct bulk *bulk)
{
    vec_free(&bulk->items);
}

static size_t digits_before(struct str text, size_t at)
{
    size_t n = 0;
    while (n < at && text.ptr[at - n - 1] >= '0' && text.ptr[at - n - 1] <= '9')
        n++;
    return n;
}

struct str bulk_source(struct str index)
{
    size_t at = index.len;
    for (int parts = 0; parts < 3; parts++) { /* day, month, year from behind */
        size_t digits = digits_before(index, at);
        if (digits == at || digits == 0)
            return index;
        at -= digits;
        char before = index.ptr[at - 1];
        if (digits == 4 && parts > 0 && before == '-' && at > 1)
            return str_first(index, at - 1);
        if (digits != 2 || (before != '.' && before != '-'))
            return index;
        at--;
    }
    return index;
}
