#include "api/otlp.h"

#include <errno.h>
#include <inttypes.h>

#include "api/otlp_event.h"
#include "api/protobuf.h"
#include "base/time.h"

int otlp_read(struct otlp *otlp, enum otlp_encoding encoding, struct str body)
{
    return encoding == OTLP_JSON ? otlp_read_json(otlp, body) : otlp_read_protobuf(otlp, body);
}

static void about_free(struct otlp_about *about)
{
    buf_free(&about->text);
    vec_free(&about->members);
}

void otlp_free(struct otlp *otlp)
{
    buf_free(&otlp->text);
    vec_free(&otlp->items);
    about_free(&otlp->resource);
    about_free(&otlp->scope);
}

void otlp_about_clear(struct otlp_about *about)
{
    buf_clear(&about->text);
    about->members.len = 0;
}

int otlp_about_begin(struct otlp_about *about, struct str name, bool plain)
{
    size_t at = about->text.len;
    if (about->members.len == FLAT_NAMES_MAX)
        return -E2BIG;
    if (plain)
        buf_add_json_text(&about->text, name);
    else
        buf_add_str(&about->text, name);
    return vec_push(&about->members, (struct otlp_member){.name = at, .value = about->text.len});
}

int otlp_about_end(struct otlp_about *about, int status)
{
    struct otlp_member *member = &about->members.items[about->members.len - 1];
    if (status == -E2BIG) {
        about->text.len = member->value;
        buf_add_c(&about->text, "null");
        status = 0;
    }
    member->end = about->text.len;
    return status;
}

static void add_about(struct flat *flat, const struct otlp_about *about)
{
    struct str text = buf_str(&about->text);
    for (size_t i = 0; i < about->members.len; i++) {
        size_t name = about->members.items[i].name, value = about->members.items[i].value;
        flat_add(flat, str_of(text.ptr + name, value - name),
                 str_of(text.ptr + value, about->members.items[i].end - value));
    }
}

static void add_text(struct flat *flat, struct str name, struct str json)
{
    if (json.len == 0 || !flat_name(flat, name))
        return;
    buf_add_byte(flat->out, '"');
    buf_add_str(flat->out, json);
    buf_add_byte(flat->out, '"');
}

static void add_time(struct flat *flat, const struct otlp_record *record)
{
    char text[TIME_TEXT_MAX];
    uint64_t ns = record->time_ns ? record->time_ns : record->observed_ns;
    if (ns == 0 || !flat_name(flat, STR("@timestamp")))
        return;
    size_t len = time_format((int64_t)(ns / 1000), text);
    buf_add_json(flat->out, str_of(text, len));
}

void otlp_event_begin(struct otlp *otlp)
{
    flat_begin(&otlp->flat, &otlp->text);
}

int otlp_event_end(struct otlp *otlp, const struct otlp_record *record)
{
    struct flat *flat = &otlp->flat;
    struct otlp_item item = {.start = flat->start,
                             .raw = record->raw,
                             .service = otlp->service,
                             .problem = record->problem};
    add_about(flat, &otlp->resource);
    add_about(flat, &otlp->scope);
    add_time(flat, record);
    add_text(flat, STR("severity_text"), record->severity_text);
    if (record->severity && flat_name(flat, STR("severity_number")))
        buf_add_i64(flat->out, record->severity);
    add_text(flat, STR("event_name"), record->event_name);
    add_text(flat, STR("trace_id"), record->trace_id);
    add_text(flat, STR("span_id"), record->span_id);
    if (otlp->text.failed || otlp->resource.text.failed || otlp->scope.text.failed)
        return -ENOMEM;
    if (!flat_end(flat))
        item.problem = "a record with too many attributes";
    if (item.problem)
        otlp->text.len = item.start;
    item.end = otlp->text.len;
    if (otlp->text.len > OTLP_TEXT_MAX || otlp->items.len == OTLP_ITEMS_MAX)
        return -E2BIG;
    return vec_push(&otlp->items, item);
}

void otlp_write_response(struct buf *out, enum otlp_encoding encoding, uint64_t rejected,
                         struct str message)
{
    if (encoding == OTLP_JSON) {
        buf_add_byte(out, '{');
        if (rejected > 0) {
            buf_printf(out, "\"partialSuccess\":{\"rejectedLogRecords\":\"%" PRIu64 "\",",
                       rejected);
            buf_add_c(out, "\"errorMessage\":");
            buf_add_json(out, message);
            buf_add_byte(out, '}');
        }
        buf_add_byte(out, '}');
    } else if (rejected > 0) {
        struct buf partial = {0};
        pb_add_varint(&partial, 1, rejected);
        pb_add_bytes(&partial, 2, message);
        pb_add_bytes(out, 1, buf_str(&partial));
        buf_free(&partial);
    }
}

void otlp_write_status(struct buf *out, enum otlp_encoding encoding, enum otlp_code code,
                       struct str message)
{
    if (encoding == OTLP_JSON) {
        buf_printf(out, "{\"code\":%d,\"message\":", (int)code);
        buf_add_json(out, message);
        buf_add_byte(out, '}');
    } else {
        pb_add_varint(out, 1, (uint64_t)code);
        pb_add_bytes(out, 2, message);
    }
}
