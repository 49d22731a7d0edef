/*
 * feed_take: what readers of feeds share: a value as someone wrote it becomes a canonical indicator and goes to the
 * sink, or is counted under its reason.
 */
#ifndef JAGA_INTEL_FEED_TAKE_H
#define JAGA_INTEL_FEED_TAKE_H

#include "intel/canonical.h"
#include "intel/feed.h"

struct feed_reader {
    const struct feed_options *options;
    const struct feed_sink *sink;
    struct feed_report *report;
    struct err *err;
    uint32_t line; /* of what is being read; 0: unknown */
};

/* What is said beside the value; what is empty or unset comes from the options. */
struct feed_said {
    struct str id, label, source;
    uint8_t confidence;
    enum tlp tlp;
    int64_t from, until, seen; /* `seen`: when it was last seen; TIME_UNSET: not said */
};

#define FEED_SAID_NOTHING                                                                          \
    {                                                                                              \
        .confidence = INDICATOR_CONFIDENCE_UNSET, .from = TIME_UNSET, .until = TIME_UNSET,         \
        .seen = TIME_UNSET                                                                         \
    }

/* Counts a refusal, with the text as its example. */
void feed_refuse(struct feed_reader *reader, enum feed_refusal refusal, struct str text);

/*
 * Takes a value: defanged or not, of that type or (NONE) of the one it looks like. Addresses find their family and networks
 * whatever of the four is asked for. With options.allow it goes into the allow-list. 0, or the sink's
 * negative status.
 */
int feed_take(struct feed_reader *reader, enum indicator_type type, struct str text,
              const struct feed_said *said);

/* Takes a line of an allow-list. 0, or the sink's negative status. */
int feed_allow(struct feed_reader *reader, const struct intel_allow *allow);

/*
 * What feeds call a type: "ip-dst|port", "FileHash-SHA256", "ipv4-addr", "md5_hash", and our own names. Composite
 * ones have two parts, of which each is an indicator or not (INDICATOR_NONE). False: not looked for in events.
 */
struct feed_type {
    enum indicator_type type;   /* of the value, or of the part before '|' */
    enum indicator_type second; /* of the part behind */
    bool composite;
};
bool feed_type_by_name(struct str name, struct feed_type *ret_type);

/* Takes the parts of a value of such a type. */
int feed_take_typed(struct feed_reader *reader, const struct feed_type *type, struct str text,
                    const struct feed_said *said);

#endif
