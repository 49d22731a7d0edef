/*
 * hec: Splunk's HTTP event collector: the body of its event endpoint, one JSON object after the other, and its
 * answers.
 *
 *     {"time":1426279439.123,"host":"h","sourcetype":"st","event":{"a":1}} {"event":"text"} ..
 *
 * An event becomes one JSON line: its own members where it is an object, `message` where it is text (which the
 * parser opens, if it is a record), and what the envelope says where the event does not say it: `@timestamp`,
 * `host`, `source`, `sourcetype`, `index`, the members of `fields`.
 *
 * Pure: bytes in, items out.
 */
#ifndef JAGA_API_HEC_H
#define JAGA_API_HEC_H

#include "api/flat.h"
#include "base/vec.h"

#define HEC_ITEMS_MAX (1u << 18)

/* Numbers and texts as Splunk has them ("Troubleshoot HTTP Event Collector", possible error codes). */
enum hec_code {
    HEC_SUCCESS = 0,
    HEC_TOKEN_DISABLED = 1,
    HEC_TOKEN_REQUIRED = 2,
    HEC_INVALID_AUTHORIZATION = 3,
    HEC_INVALID_TOKEN = 4,
    HEC_NO_DATA = 5,
    HEC_INVALID_FORMAT = 6,
    HEC_INTERNAL_ERROR = 8,
    HEC_BUSY = 9,
    HEC_CHANNEL_MISSING = 10,
    HEC_CHANNEL_INVALID = 11,
    HEC_EVENT_REQUIRED = 12,
    HEC_EVENT_BLANK = 13,
    HEC_HEALTHY = 17,
    HEC_UNHEALTHY = 18,
    HEC_TOO_LARGE = 27,
};

struct hec_item {
    size_t start, end;  /* of the event in hec.text; the same: there is none */
    struct str raw;     /* in the body: what was sent */
    struct str kind;    /* its sourcetype, JSON text without quotes; may be empty */
    enum hec_code code; /* HEC_SUCCESS, or what is wrong with it */
};

struct hec {
    struct buf text; /* all events, one behind the other */
    VEC(struct hec_item) items;
    struct flat flat;
};

/* Metadata for all events of a request: parameters of the query, as plain text; may be empty. */
struct hec_defaults {
    struct str host, source, sourcetype, index;
};

/*
 * Reads a whole body into a zeroed *hec. What is no JSON object ends the reading: it and what follows it is the
 * last item. 0, -E2BIG (too many), -ENOMEM.
 */
int hec_read(struct hec *hec, struct str body, const struct hec_defaults *defaults);
void hec_free(struct hec *hec);

/* The event of an item, in hec->text; empty: there is none. */
static inline struct str hec_event(const struct hec *hec, const struct hec_item *item)
{
    return str_first(str_skip(buf_str(&hec->text), item->start), item->end - item->start);
}

/* Is it a channel: a GUID? */
bool hec_is_channel(struct str text);

unsigned hec_status(enum hec_code code);
/* The answer; `invalid` is the number of the event that was wrong, or -1. */
void hec_write_answer(struct buf *out, enum hec_code code, int64_t invalid);

/*
 * The ids of a poll, {"acks":[1,2,3]}: calls `each` for every one. -EINVAL: it is no such object, or has more
 * than `max` ids.
 */
int hec_read_acks(struct str body, size_t max, void (*each)(void *context, uint64_t id),
                  void *context);

#endif
