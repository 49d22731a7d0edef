/*
 * OTLP's JSON: protobuf's JSON mapping with ids in hex, numbers of 64 bits as text or number, names in
 * lowerCamelCase; unknown members are passed over. Texts stay as they are escaped in the request.
 */
#include <errno.h>

#include "api/otlp_event.h"
#include "parse/json.h"
#include "parse/json_cursor.h"

typedef int each_fn(struct otlp *otlp, struct str value);

static int write_value(struct buf *out, struct str value, unsigned depth);

/* Calls `each` for the elements of the list that is the member `name`, if there is one. */
static int each_of(struct otlp *otlp, struct str object, struct str name, each_fn *each)
{
    struct json_cursor cursor = json_cursor_of(json_member(object, name));
    struct str none, value;
    int status = 0;
    while (status == 0 && !cursor.object && json_cursor_next(&cursor, &none, &value))
        status = each(otlp, value);
    return status;
}

/* A number, or the text of one; 0 where it is none. */
static uint64_t number_of(struct str value)
{
    uint64_t number = 0;
    (void)str_to_u64(json_inside(value), &number);
    return number;
}

static int write_int(struct buf *out, struct str value)
{
    int64_t number;
    int status = str_to_i64(json_inside(value), &number);
    if (status == 0)
        buf_add_i64(out, number);
    return status < 0 ? -EINVAL : 0;
}

static int write_list(struct buf *out, struct str list, unsigned depth)
{
    struct json_cursor cursor = json_cursor_of(json_member(list, STR("values")));
    struct str none, value;
    bool any = false;
    int status = 0;
    buf_add_byte(out, '[');
    while (status == 0 && !cursor.object && json_cursor_next(&cursor, &none, &value)) {
        if (any)
            buf_add_byte(out, ',');
        any = true;
        status = write_value(out, value, depth);
    }
    buf_add_byte(out, ']');
    return status;
}

static void read_pair(struct str pair, struct str *ret_key, struct str *ret_value)
{
    struct str key = json_member(pair, STR("key"));
    *ret_key = json_is_quoted(key) ? json_inside(key) : STR("");
    *ret_value = json_member(pair, STR("value"));
}

static int write_map(struct buf *out, struct str map, unsigned depth)
{
    struct json_cursor cursor = json_cursor_of(json_member(map, STR("values")));
    struct str none, pair, key, value;
    bool any = false;
    int status = 0;
    buf_add_byte(out, '{');
    while (status == 0 && !cursor.object && json_cursor_next(&cursor, &none, &pair)) {
        read_pair(pair, &key, &value);
        buf_add_c(out, any ? ",\"" : "\"");
        any = true;
        buf_add_str(out, key);
        buf_add_c(out, "\":");
        status = write_value(out, value, depth);
    }
    buf_add_byte(out, '}');
    return status;
}

/* An AnyValue's one member; kind.len 0: it has none. */
static void read_value(struct str value, struct str *ret_kind, struct str *ret_inner)
{
    struct json_cursor cursor = json_cursor_of(value);
    struct str name, inner;
    *ret_kind = *ret_inner = STR("");
    while (cursor.object && json_cursor_next(&cursor, &name, &inner))
        if (str_ends(name, STR("Value")) && !str_eq(inner, STR("null"))) {
            *ret_kind = name;
            *ret_inner = inner;
        }
}

/* -EINVAL: it is no AnyValue; -E2BIG: too deep. What was written until then is of no use. */
static int write_value(struct buf *out, struct str value, unsigned depth)
{
    struct str kind, inner;
    read_value(value, &kind, &inner);
    bool list = str_eq(kind, STR("arrayValue")), map = str_eq(kind, STR("kvlistValue"));
    if ((list || map) && depth == OTLP_DEPTH_MAX)
        return -E2BIG;
    if (list)
        return write_list(out, inner, depth + 1);
    if (map)
        return write_map(out, inner, depth + 1);
    if (str_eq(kind, STR("intValue")))
        return write_int(out, inner);
    if (kind.len && (inner.ptr[0] == '{' || inner.ptr[0] == '['))
        return -EINVAL;
    buf_add_str(out, kind.len ? inner : STR("null"));
    return 0;
}

/* A member of the event, from a KeyValue. */
static int add_pair(struct otlp *otlp, struct str pair)
{
    struct str key, value;
    read_pair(pair, &key, &value);
    return flat_name(&otlp->flat, key) ? write_value(otlp->flat.out, value, 0) : 0;
}

static int add_body(struct otlp *otlp, struct str body)
{
    struct str kind, inner;
    read_value(body, &kind, &inner);
    if (str_eq(kind, STR("kvlistValue")))
        return each_of(otlp, inner, STR("values"), add_pair);
    return kind.len && flat_name(&otlp->flat, STR("message")) ? write_value(otlp->flat.out, body, 0)
                                                              : 0;
}

static void read_record_members(struct str object, struct otlp_record *record)
{
    struct json_cursor cursor = json_cursor_of(object);
    struct str name, value;
    while (json_cursor_next(&cursor, &name, &value)) {
        if (str_eq(name, STR("timeUnixNano")))
            record->time_ns = number_of(value);
        else if (str_eq(name, STR("observedTimeUnixNano")))
            record->observed_ns = number_of(value);
        else if (str_eq(name, STR("severityNumber")))
            record->severity = (int32_t)number_of(value);
        else if (!json_is_quoted(value))
            continue;
        else if (str_eq(name, STR("severityText")))
            record->severity_text = json_inside(value);
        else if (str_eq(name, STR("eventName")))
            record->event_name = json_inside(value);
        else if (str_eq(name, STR("traceId")))
            record->trace_id = json_inside(value);
        else if (str_eq(name, STR("spanId")))
            record->span_id = json_inside(value);
    }
}

static int read_record(struct otlp *otlp, struct str object)
{
    struct otlp_record record = {.raw = object};
    if (object.ptr[0] != '{')
        return -EINVAL;
    read_record_members(object, &record);
    otlp_event_begin(otlp);
    int status = add_body(otlp, json_member(object, STR("body")));
    if (status == 0)
        status = each_of(otlp, object, STR("attributes"), add_pair);
    if (status == -EINVAL)
        return status;
    record.problem = status < 0 ? OTLP_PROBLEM_DEPTH : NULL;
    return otlp_event_end(otlp, &record);
}

/* A member of a resource or scope, from a KeyValue. */
static int add_about(struct otlp_about *about, struct str pair)
{
    struct str key, value;
    read_pair(pair, &key, &value);
    int status = otlp_about_begin(about, key, false);
    if (status < 0)
        return status;
    return otlp_about_end(about, write_value(&about->text, value, 0));
}

static int add_resource_attribute(struct otlp *otlp, struct str pair)
{
    struct str key, value, kind, inner;
    read_pair(pair, &key, &value);
    read_value(value, &kind, &inner);
    if (str_eq(key, STR("service.name")) && str_eq(kind, STR("stringValue")))
        otlp->service = json_inside(inner);
    return add_about(&otlp->resource, pair);
}

static int add_scope_attribute(struct otlp *otlp, struct str pair)
{
    return add_about(&otlp->scope, pair);
}

static int add_scope_text(struct otlp *otlp, struct str name, struct str text)
{
    if (!json_is_quoted(text) || text.len == 2)
        return 0;
    int status = otlp_about_begin(&otlp->scope, name, false);
    if (status < 0)
        return status;
    buf_add_str(&otlp->scope.text, text);
    return otlp_about_end(&otlp->scope, 0);
}

static int read_scope_logs(struct otlp *otlp, struct str object)
{
    struct str scope = json_member(object, STR("scope"));
    otlp_about_clear(&otlp->scope);
    int status = add_scope_text(otlp, STR("otel.scope.name"), json_member(scope, STR("name")));
    if (status == 0)
        status =
            add_scope_text(otlp, STR("otel.scope.version"), json_member(scope, STR("version")));
    if (status == 0)
        status = each_of(otlp, scope, STR("attributes"), add_scope_attribute);
    return status < 0 ? status : each_of(otlp, object, STR("logRecords"), read_record);
}

static int read_resource_logs(struct otlp *otlp, struct str object)
{
    struct str resource = json_member(object, STR("resource"));
    otlp_about_clear(&otlp->resource);
    otlp->service = STR("");
    int status = each_of(otlp, resource, STR("attributes"), add_resource_attribute);
    return status < 0 ? status : each_of(otlp, object, STR("scopeLogs"), read_scope_logs);
}

int otlp_read_json(struct otlp *otlp, struct str body)
{
    if (json_check(body))
        return -EINVAL;
    return each_of(otlp, str_trim(body), STR("resourceLogs"), read_resource_logs);
}
