#include <errno.h>
#include <math.h>

#include "api/otlp_event.h"
#include "api/protobuf.h"

/* Fields of the messages, as opentelemetry/proto numbers them. */
enum {
    REQUEST_RESOURCE_LOGS = 1,
    RESOURCE_LOGS_RESOURCE = 1,
    RESOURCE_LOGS_SCOPE_LOGS = 2,
    RESOURCE_ATTRIBUTES = 1,
    SCOPE_LOGS_SCOPE = 1,
    SCOPE_LOGS_RECORDS = 2,
    SCOPE_NAME = 1,
    SCOPE_VERSION = 2,
    SCOPE_ATTRIBUTES = 3,
    RECORD_TIME = 1,
    RECORD_SEVERITY_NUMBER = 2,
    RECORD_SEVERITY_TEXT = 3,
    RECORD_BODY = 5,
    RECORD_ATTRIBUTES = 6,
    RECORD_TRACE_ID = 9,
    RECORD_SPAN_ID = 10,
    RECORD_OBSERVED_TIME = 11,
    RECORD_EVENT_NAME = 12,
    PAIR_KEY = 1,
    PAIR_VALUE = 2,
    VALUE_IS_STRING = 1,
    VALUE_IS_BOOL = 2,
    VALUE_IS_INT = 3,
    VALUE_IS_DOUBLE = 4,
    VALUE_IS_LIST = 5,
    VALUE_IS_MAP = 6,
    VALUE_IS_BYTES = 7,
    LIST_VALUES = 1,
    MAP_VALUES = 1,
};

#define TRACE_ID_LEN 16
#define SPAN_ID_LEN 8

/* A reading of one request; what a record's ids and texts are written as lives in it. */
struct reading {
    struct otlp *otlp;
    char trace_id[2 * TRACE_ID_LEN], span_id[2 * SPAN_ID_LEN];
    struct buf severity_text, event_name;
};

static int write_value(struct buf *out, struct str value, unsigned depth);

static void add_base64(struct buf *out, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    buf_add_byte(out, '"');
    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < bytes.len ? (unsigned char)bytes.ptr[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            buf_add_byte(out, i + k <= bytes.len ? digits[three >> (18 - 6 * k) & 63] : '=');
    }
    buf_add_byte(out, '"');
}

static void add_double(struct buf *out, uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    if (isfinite(number))
        buf_printf(out, "%.17g", number);
    else /* as protobuf's own JSON has it */
        buf_add_c(out, isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static int read_pair(struct str pair, struct str *ret_key, struct str *ret_value)
{
    struct pb_field field;
    int status;
    *ret_key = *ret_value = STR("");
    while ((status = pb_next(&pair, &field)) > 0) {
        if (pb_is(&field, PAIR_KEY, PB_BYTES))
            *ret_key = field.bytes;
        else if (pb_is(&field, PAIR_VALUE, PB_BYTES))
            *ret_value = field.bytes;
    }
    return status;
}

static int write_list(struct buf *out, struct str list, unsigned depth)
{
    struct pb_field field;
    int status;
    bool any = false;
    buf_add_byte(out, '[');
    while ((status = pb_next(&list, &field)) > 0) {
        if (!pb_is(&field, LIST_VALUES, PB_BYTES))
            continue;
        if (any)
            buf_add_byte(out, ',');
        any = true;
        if ((status = write_value(out, field.bytes, depth)) < 0)
            break;
    }
    buf_add_byte(out, ']');
    return status;
}

static int write_map(struct buf *out, struct str map, unsigned depth)
{
    struct pb_field field;
    struct str key, value;
    int status;
    bool any = false;
    buf_add_byte(out, '{');
    while ((status = pb_next(&map, &field)) > 0) {
        if (!pb_is(&field, MAP_VALUES, PB_BYTES))
            continue;
        if ((status = read_pair(field.bytes, &key, &value)) < 0)
            break;
        if (any)
            buf_add_byte(out, ',');
        any = true;
        buf_add_json(out, key);
        buf_add_byte(out, ':');
        if ((status = write_value(out, value, depth)) < 0)
            break;
    }
    buf_add_byte(out, '}');
    return status;
}

/* An AnyValue's one field; number 0: it has none. */
static int read_value(struct str value, struct pb_field *ret_field)
{
    struct pb_field field;
    int status;
    *ret_field = (struct pb_field){0};
    while ((status = pb_next(&value, &field)) > 0)
        if (field.number <= VALUE_IS_BYTES)
            *ret_field = field;
    return status;
}

/* -EINVAL: it is no message; -E2BIG: too deep. What was written until then is of no use. */
static int write_value(struct buf *out, struct str value, unsigned depth)
{
    struct pb_field field;
    int status = read_value(value, &field);
    if (status < 0)
        return status;
    if (pb_is(&field, VALUE_IS_STRING, PB_BYTES))
        buf_add_json(out, field.bytes);
    else if (pb_is(&field, VALUE_IS_BOOL, PB_VARINT))
        buf_add_c(out, field.value ? "true" : "false");
    else if (pb_is(&field, VALUE_IS_INT, PB_VARINT))
        buf_add_i64(out, (int64_t)field.value);
    else if (pb_is(&field, VALUE_IS_DOUBLE, PB_FIXED64))
        add_double(out, field.value);
    else if (pb_is(&field, VALUE_IS_BYTES, PB_BYTES))
        add_base64(out, field.bytes);
    else if (!pb_is(&field, VALUE_IS_LIST, PB_BYTES) && !pb_is(&field, VALUE_IS_MAP, PB_BYTES))
        buf_add_c(out, "null");
    else if (depth == OTLP_DEPTH_MAX)
        status = -E2BIG;
    else if (field.number == VALUE_IS_LIST)
        status = write_list(out, field.bytes, depth + 1);
    else
        status = write_map(out, field.bytes, depth + 1);
    return status;
}

/* A member of the event, from a KeyValue. */
static int add_pair(struct flat *flat, struct str pair)
{
    struct str key, value;
    int status = read_pair(pair, &key, &value);
    if (status < 0 || !flat_text_name(flat, key))
        return status;
    return write_value(flat->out, value, 0);
}

static int add_body(struct flat *flat, struct str body)
{
    struct pb_field value, field;
    int status = read_value(body, &value);
    if (status < 0)
        return status;
    if (!pb_is(&value, VALUE_IS_MAP, PB_BYTES))
        return value.number && flat_name(flat, STR("message")) ? write_value(flat->out, body, 0)
                                                               : 0;
    while ((status = pb_next(&value.bytes, &field)) > 0)
        if (pb_is(&field, MAP_VALUES, PB_BYTES) && (status = add_pair(flat, field.bytes)) < 0)
            break;
    return status;
}

/* Calls `each` for all fields of the message with that number, which hold bytes. */
static int each_bytes(struct str message, uint32_t number,
                      int (*each)(struct reading *reading, struct str bytes),
                      struct reading *reading)
{
    struct pb_field field;
    int status;
    while ((status = pb_next(&message, &field)) > 0)
        if (pb_is(&field, number, PB_BYTES) && (status = each(reading, field.bytes)) < 0)
            break;
    return status;
}

static int add_record_body(struct reading *reading, struct str body)
{
    return add_body(&reading->otlp->flat, body);
}

static int add_record_attribute(struct reading *reading, struct str pair)
{
    return add_pair(&reading->otlp->flat, pair);
}

/* An id as hex; one of zeros, or of another length, is none. */
static struct str hex_id(struct str id, size_t len, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    bool any = false;
    if (id.len != len)
        return STR("");
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)id.ptr[i];
        any = any || byte;
        ret_hex[2 * i] = digits[byte >> 4];
        ret_hex[2 * i + 1] = digits[byte & 15];
    }
    return any ? str_of(ret_hex, 2 * len) : STR("");
}

static struct str as_json_text(struct buf *buf, struct str text)
{
    buf_clear(buf);
    buf_add_json_text(buf, text);
    return buf_str(buf);
}

static int read_record_fields(struct reading *reading, struct str message,
                              struct otlp_record *record)
{
    struct pb_field f;
    int status;
    while ((status = pb_next(&message, &f)) > 0) {
        if (pb_is(&f, RECORD_TIME, PB_FIXED64))
            record->time_ns = f.value;
        else if (pb_is(&f, RECORD_OBSERVED_TIME, PB_FIXED64))
            record->observed_ns = f.value;
        else if (pb_is(&f, RECORD_SEVERITY_NUMBER, PB_VARINT))
            record->severity = (int32_t)f.value;
        else if (pb_is(&f, RECORD_SEVERITY_TEXT, PB_BYTES))
            record->severity_text = as_json_text(&reading->severity_text, f.bytes);
        else if (pb_is(&f, RECORD_EVENT_NAME, PB_BYTES))
            record->event_name = as_json_text(&reading->event_name, f.bytes);
        else if (pb_is(&f, RECORD_TRACE_ID, PB_BYTES))
            record->trace_id = hex_id(f.bytes, TRACE_ID_LEN, reading->trace_id);
        else if (pb_is(&f, RECORD_SPAN_ID, PB_BYTES))
            record->span_id = hex_id(f.bytes, SPAN_ID_LEN, reading->span_id);
    }
    return status;
}

static int read_record(struct reading *reading, struct str message)
{
    struct otlp_record record = {.raw = message};
    int status = read_record_fields(reading, message, &record);
    if (status < 0)
        return status;
    otlp_event_begin(reading->otlp);
    status = each_bytes(message, RECORD_BODY, add_record_body, reading);
    if (status == 0)
        status = each_bytes(message, RECORD_ATTRIBUTES, add_record_attribute, reading);
    if (status == -EINVAL)
        return status;
    record.problem = status < 0 ? OTLP_PROBLEM_DEPTH : NULL;
    return otlp_event_end(reading->otlp, &record);
}

/* A member of a resource or scope, from a KeyValue. */
static int add_about(struct otlp_about *about, struct str pair, struct str *ret_service)
{
    struct str key, value;
    int status = read_pair(pair, &key, &value);
    if (status == 0)
        status = otlp_about_begin(about, key, true);
    if (status < 0)
        return status;
    status = otlp_about_end(about, write_value(&about->text, value, 0));
    struct pb_field field;
    if (ret_service && str_eq(key, STR("service.name")) && read_value(value, &field) == 0 &&
        pb_is(&field, VALUE_IS_STRING, PB_BYTES))
        *ret_service = field.bytes;
    return status;
}

static int add_resource_attribute(struct reading *reading, struct str pair)
{
    return add_about(&reading->otlp->resource, pair, &reading->otlp->service);
}

static int add_scope_attribute(struct reading *reading, struct str pair)
{
    return add_about(&reading->otlp->scope, pair, NULL);
}

static int add_about_text(struct otlp_about *about, struct str name, struct str text)
{
    int status = otlp_about_begin(about, name, false);
    if (status < 0)
        return status;
    buf_add_json(&about->text, text);
    return otlp_about_end(about, 0);
}

static int read_resource(struct reading *reading, struct str message)
{
    return each_bytes(message, RESOURCE_ATTRIBUTES, add_resource_attribute, reading);
}

static int read_scope(struct reading *reading, struct str message)
{
    struct otlp_about *scope = &reading->otlp->scope;
    struct str rest = message;
    struct pb_field field;
    int status;
    while ((status = pb_next(&rest, &field)) > 0) {
        status = 0;
        if (pb_is(&field, SCOPE_NAME, PB_BYTES) && field.bytes.len)
            status = add_about_text(scope, STR("otel.scope.name"), field.bytes);
        else if (pb_is(&field, SCOPE_VERSION, PB_BYTES) && field.bytes.len)
            status = add_about_text(scope, STR("otel.scope.version"), field.bytes);
        if (status < 0)
            return status;
    }
    return status < 0 ? status
                      : each_bytes(message, SCOPE_ATTRIBUTES, add_scope_attribute, reading);
}

/* What is said about the records may stand behind them: it is read first. */
static int read_scope_logs(struct reading *reading, struct str message)
{
    otlp_about_clear(&reading->otlp->scope);
    int status = each_bytes(message, SCOPE_LOGS_SCOPE, read_scope, reading);
    return status < 0 ? status : each_bytes(message, SCOPE_LOGS_RECORDS, read_record, reading);
}

static int read_resource_logs(struct reading *reading, struct str message)
{
    otlp_about_clear(&reading->otlp->resource);
    reading->otlp->service = STR("");
    int status = each_bytes(message, RESOURCE_LOGS_RESOURCE, read_resource, reading);
    return status < 0 ? status
                      : each_bytes(message, RESOURCE_LOGS_SCOPE_LOGS, read_scope_logs, reading);
}

int otlp_read_protobuf(struct otlp *otlp, struct str body)
{
    struct reading reading = {.otlp = otlp};
    int status = each_bytes(body, REQUEST_RESOURCE_LOGS, read_resource_logs, &reading);
    buf_free(&reading.severity_text);
    buf_free(&reading.event_name);
    return status;
}
