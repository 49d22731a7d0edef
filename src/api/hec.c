#include "api/hec.h"

#include <errno.h>

#include "base/time.h"
#include "parse/json.h"
#include "parse/json_cursor.h"

static const struct {
    enum hec_code code;
    unsigned status;
    const char *text;
} ANSWERS[] = {
    {HEC_SUCCESS, 200, "Success"},
    {HEC_TOKEN_DISABLED, 403, "Token disabled"},
    {HEC_TOKEN_REQUIRED, 401, "Token is required"},
    {HEC_INVALID_AUTHORIZATION, 401, "Invalid authorization"},
    {HEC_INVALID_TOKEN, 403, "Invalid token"},
    {HEC_NO_DATA, 400, "No data"},
    {HEC_INVALID_FORMAT, 400, "Invalid data format"},
    {HEC_INTERNAL_ERROR, 500, "Internal server error"},
    {HEC_BUSY, 503, "Server is busy"},
    {HEC_CHANNEL_MISSING, 400, "Data channel is missing"},
    {HEC_CHANNEL_INVALID, 400, "Invalid data channel"},
    {HEC_EVENT_REQUIRED, 400, "Event field is required"},
    {HEC_EVENT_BLANK, 400, "Event field cannot be blank"},
    {HEC_HEALTHY, 200, "HEC is healthy"},
    {HEC_UNHEALTHY, 503, "HEC is unhealthy, queues are full"},
    {HEC_TOO_LARGE, 413, "Request entity too large"},
};

/* An object's members, as JSON text; ptr NULL: there is none. */
struct envelope {
    struct str event, time, host, source, sourcetype, index, fields;
};

static struct envelope open_envelope(struct str object)
{
    struct envelope envelope = {0};
    const struct {
        struct str name;
        struct str *value;
    } members[] = {
        {STR("event"), &envelope.event},   {STR("time"), &envelope.time},
        {STR("host"), &envelope.host},     {STR("source"), &envelope.source},
        {STR("index"), &envelope.index},   {STR("sourcetype"), &envelope.sourcetype},
        {STR("fields"), &envelope.fields},
    };
    struct json_cursor cursor = json_cursor_of(object);
    struct str name, value;
    while (json_cursor_next(&cursor, &name, &value))
        for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
            if (str_eq(name, members[i].name) && !str_eq(value, STR("null")))
                *members[i].value = value;
    return envelope;
}

/* Seconds since 1970 as a number or a text, with a fraction. What is none stays as it is. */
static void add_time(struct flat *flat, struct str time)
{
    int64_t time_us;
    char text[TIME_TEXT_MAX];
    if (!time.ptr)
        return;
    if (time_parse(json_inside(time), &time_us) < 0) {
        flat_add(flat, STR("time"), time);
    } else if (flat_name(flat, STR("@timestamp"))) {
        size_t len = time_format(time_us, text);
        buf_add_json(flat->out, str_of(text, len));
    }
}

/* What the envelope says, else what the request says. */
static void add_about(struct flat *flat, struct str name, struct str value, struct str otherwise)
{
    if (value.ptr)
        flat_add(flat, name, value);
    else if (otherwise.len && flat_name(flat, name))
        buf_add_json(flat->out, otherwise);
}

static enum hec_code write_event(struct hec *hec, struct str object, struct hec_item *item,
                                 const struct hec_defaults *defaults)
{
    struct flat *flat = &hec->flat;
    struct envelope envelope = open_envelope(object);
    item->kind = json_inside(envelope.sourcetype);
    if (!envelope.event.ptr)
        return HEC_EVENT_REQUIRED;
    if (str_eq(envelope.event, STR("\"\"")))
        return HEC_EVENT_BLANK;
    flat_begin(flat, &hec->text);
    if (envelope.event.ptr[0] == '{')
        flat_add_members(flat, envelope.event);
    else
        flat_add(flat, STR("message"), envelope.event);
    add_time(flat, envelope.time);
    add_about(flat, STR("host"), envelope.host, defaults->host);
    add_about(flat, STR("source"), envelope.source, defaults->source);
    add_about(flat, STR("sourcetype"), envelope.sourcetype, defaults->sourcetype);
    add_about(flat, STR("index"), envelope.index, defaults->index);
    flat_add_members(flat, envelope.fields);
    return flat_end(flat) ? HEC_SUCCESS : HEC_INVALID_FORMAT;
}

int hec_read(struct hec *hec, struct str body, const struct hec_defaults *defaults)
{
    size_t at = json_skip_space(body, 0);
    while (at < body.len) {
        struct hec_item item = {.start = hec->text.len, .code = HEC_INVALID_FORMAT};
        size_t end = json_object_end(body, at);
        if (hec->items.len == HEC_ITEMS_MAX)
            return -E2BIG;
        if (end == 0)
            end = body.len;
        else
            item.code = write_event(hec, str_of(body.ptr + at, end - at), &item, defaults);
        item.raw = str_of(body.ptr + at, end - at);
        item.end = hec->text.len;
        if (hec->text.failed || vec_push(&hec->items, item) < 0)
            return -ENOMEM;
        at = json_skip_space(body, end);
    }
    return 0;
}

void hec_free(struct hec *hec)
{
    buf_free(&hec->text);
    vec_free(&hec->items);
}

bool hec_is_channel(struct str text)
{
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.ptr[i] != '-' : str_hex_digit(text.ptr[i]) < 0)
            return false;
    }
    return true;
}

unsigned hec_status(enum hec_code code)
{
    for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(*ANSWERS); i++)
        if (ANSWERS[i].code == code)
            return ANSWERS[i].status;
    return 500;
}

void hec_write_answer(struct buf *out, enum hec_code code, int64_t invalid)
{
    for (size_t i = 0; i < sizeof(ANSWERS) / sizeof(*ANSWERS); i++)
        if (ANSWERS[i].code == code)
            buf_printf(out, "{\"text\":\"%s\",\"code\":%d", ANSWERS[i].text, (int)code);
    if (invalid >= 0)
        buf_printf(out, ",\"invalid-event-number\":%lld", (long long)invalid);
    buf_add_byte(out, '}');
}

int hec_read_acks(struct str body, size_t max, void (*each)(void *context, uint64_t id),
                  void *context)
{
    struct str name, value, acks = {0};
    uint64_t id;
    if (!json_check(body))
        acks = json_member(str_trim(body), STR("acks"));
    if (acks.len == 0 || acks.ptr[0] != '[')
        return -EINVAL;
    size_t n = 0;
    struct json_cursor cursor = json_cursor_of(acks);
    while (json_cursor_next(&cursor, &name, &value))
        if (++n > max || str_to_u64(value, &id) < 0)
            return -EINVAL;
    cursor = json_cursor_of(acks);
    while (json_cursor_next(&cursor, &name, &value))
        if (str_to_u64(value, &id) == 0)
            each(context, id);
    return 0;
}
