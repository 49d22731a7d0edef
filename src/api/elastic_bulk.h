/*
 * elastic_bulk: the body of Elasticsearch's bulk API, as its clients write it, and the reply they read.
 *
 *     {"create":{"_index":"logs-x","_id":"7"}}      action      one line each; what is not
 *     {"@timestamp":"..","message":".."}            document    needed of it is passed over
 *
 * Pure: bytes in, items out, whose texts point into the body. What Elasticsearch refuses as a whole (an action
 * that is none, no line end at the end) is refused as a whole. Documents are not looked at: whoever takes them
 * says what became of each (enum bulk_outcome), before the reply is written.
 */
#ifndef JAGA_API_ELASTIC_BULK_H
#define JAGA_API_ELASTIC_BULK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#define BULK_ITEMS_MAX (1u << 18) /* of one request; past it the request is too large */

enum bulk_op { BULK_INDEX, BULK_CREATE, BULK_UPDATE, BULK_DELETE, BULK_OPS };

enum bulk_outcome {
    BULK_STORED,
    BULK_MALFORMED, /* the document is no JSON object */
    BULK_TOO_LARGE, /* .. or too long for an event */
    BULK_FORBIDDEN, /* events are neither changed nor deleted */
};

struct bulk_item {
    struct str index, id; /* JSON text without quotes; id.ptr NULL: the client gave none */
    struct str document;  /* without its line end; empty with BULK_DELETE */
    uint8_t op, outcome;
    uint16_t lane; /* the caller's: where it was put, and as which event there */
    uint32_t nth;
};

struct bulk {
    VEC(struct bulk_item) items;
};

/*
 * Reads a whole body; `index` is the path's, for actions that name none. 0; -EINVAL: the request is refused,
 * *err says why in Elasticsearch's words; -E2BIG: too many items; -ENOMEM.
 */
int bulk_read(struct bulk *bulk, struct str body, struct str index, struct err *err);
void bulk_free(struct bulk *bulk);

/*
 * The name of a source for an index: without the date that shippers add for each day or month
 * ("winlogbeat-2026.11.21"), which would make a new source of it.
 */
struct str bulk_source(struct str index);

/* Which members of a reply the client wants: filter_path of the query. */
enum bulk_field {
    FIELD_INDEX,
    FIELD_ID,
    FIELD_VERSION,
    FIELD_RESULT,
    FIELD_SHARDS,
    FIELD_SEQ_NO,
    FIELD_PRIMARY_TERM,
    FIELD_STATUS,
    FIELD_ERROR_TYPE,
    FIELD_ERROR_REASON,
    FIELD_COUNT
};

struct bulk_filter {
    bool took, errors;
    bool all_items; /* nothing of them is left out, so that there is a list, if an empty one */
    bool shown[BULK_OPS][FIELD_COUNT];
};

/* `paths` is the decoded value: "errors,items.*.error,items.*.status"; empty: all. */
void bulk_filter_read(struct bulk_filter *filter, struct str paths);

/* Where a lane's first event was stored: an event's id is <partition>.<offset>. */
struct bulk_place {
    uint32_t partition;
    uint64_t offset;
};

/* The reply, compact, `errors` before `items`. */
void bulk_write_reply(struct buf *out, const struct bulk *bulk, const struct bulk_filter *filter,
                      const struct bulk_place *places, uint64_t took_ms);

/* The reply to a request with one document. Returns its status. */
unsigned bulk_write_document(struct buf *out, const struct bulk_item *item,
                             const struct bulk_place *place);

/* An error in Elasticsearch's shape. */
void elastic_write_error(struct buf *out, unsigned status, const char *type, struct str reason);

#endif
