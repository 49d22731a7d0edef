/*
 * otlp: the OpenTelemetry Protocol's logs over HTTP: an ExportLogsServiceRequest as protobuf or as JSON
 * (opentelemetry/proto/collector/logs/v1, OTLP 1.5), and the answers to it.
 *
 *     ResourceLogs {resource attributes}
 *       └ ScopeLogs {scope}
 *           └ LogRecord {time, severity, body, attributes}     ─▶ one event: one JSON object, one line
 *
 * A body that is a list of keys is the event's own members (the windowseventlog receiver's, a parsed JSON line);
 * any other body is `message`, which the parser opens where it is a record. Behind them, where a name is still
 * free: the record's attributes, the resource's, the scope's, all under their own dotted names, and
 * `@timestamp`, `severity_text`, `severity_number`, `event_name`, `trace_id`, `span_id`.
 *
 * Pure: bytes in, items out.
 */
#ifndef JAGA_API_OTLP_H
#define JAGA_API_OTLP_H

#include "api/flat.h"
#include "base/vec.h"

#define OTLP_ITEMS_MAX (1u << 18)
#define OTLP_TEXT_MAX (64u << 20) /* bytes of all events: each has its resource's attributes */
#define OTLP_DEPTH_MAX 32         /* lists and maps within each other */

enum otlp_encoding { OTLP_PROTOBUF, OTLP_JSON };

struct otlp_item {
    size_t start, end;   /* of the event in otlp.text */
    struct str raw;      /* the LogRecord in the body */
    struct str service;  /* service.name of its resource; may be empty */
    const char *problem; /* why it is no event; NULL: it is one */
};

/* Attributes of a resource or a scope, as JSON text. */
struct otlp_member {
    size_t name, value, end; /* places in the text; the name has no quotes */
};
struct otlp_about {
    struct buf text;
    VEC(struct otlp_member) members;
};

struct otlp {
    struct buf text; /* all events, one behind the other */
    VEC(struct otlp_item) items;
    struct otlp_about resource, scope; /* of the record being read */
    struct str service;
    struct flat flat;
};

/*
 * Reads a whole body into a zeroed *otlp. 0; -EINVAL: it is no such request; -E2BIG: too many records, or too much
 * text; -ENOMEM.
 */
int otlp_read(struct otlp *otlp, enum otlp_encoding encoding, struct str body);
void otlp_free(struct otlp *otlp);

/* The event of an item, in otlp->text; empty: there is none. */
static inline struct str otlp_event(const struct otlp *otlp, const struct otlp_item *item)
{
    return str_first(str_skip(buf_str(&otlp->text), item->start), item->end - item->start);
}

/* ExportLogsServiceResponse; with `rejected` records it is a partial success. */
void otlp_write_response(struct buf *out, enum otlp_encoding encoding, uint64_t rejected,
                         struct str message);

/* google.rpc.Status, the body of every error. Codes are gRPC's. */
enum otlp_code {
    OTLP_INVALID_ARGUMENT = 3,
    OTLP_PERMISSION_DENIED = 7,
    OTLP_RESOURCE_EXHAUSTED = 8,
    OTLP_UNIMPLEMENTED = 12,
    OTLP_INTERNAL = 13,
    OTLP_UNAVAILABLE = 14,
    OTLP_UNAUTHENTICATED = 16,
};
void otlp_write_status(struct buf *out, enum otlp_encoding encoding, enum otlp_code code,
                       struct str message);

#endif
