/*
 * feed: documents of others as indicators and allow-lists. One row per format; a reader takes the bytes of a whole
 * document and hands over what it holds, one at a time. What cannot be used is counted by its reason, and the first of
 * each reason is kept with its place. Nothing is approximated: a pattern that needs two facts at once is not used.
 */
#ifndef JAGA_INTEL_FEED_H
#define JAGA_INTEL_FEED_H

#include "intel/builder.h"

#define FEED_SIZE_MAX (UINT64_C(2) << 30) /* bytes of a document */
#define FEED_EXAMPLE_MAX 96               /* bytes of a value that is shown for its reason */

/* Why something in a feed is no indicator. */
enum feed_refusal {
    FEED_NO_VALUE,      /* not a value of its type */
    FEED_NO_TYPE,       /* of a type that is not looked for in events */
    FEED_TOO_LONG,      /* more than INDICATOR_VALUE_MAX bytes */
    FEED_LANGUAGE,      /* a pattern in another language than STIX's */
    FEED_PATTERN,       /* a pattern that does not parse */
    FEED_CONJUNCTION,   /* a pattern that needs several facts at once */
    FEED_OPERATOR,      /* a comparison other than equality */
    FEED_QUALIFIER,     /* a pattern that counts, or wants an order or a time */
    FEED_REVOKED,       /* withdrawn by its maker */
    FEED_NOT_TO_DETECT, /* MISP: to_ids is false */
    FEED_CONTEXT,       /* STIX: an observable beside indicators */
    FEED_BAD_ALLOW,     /* a line of an allow-list that cannot be read */
    FEED_CONFIDENCE,    /* said by an indicator that is taken without it: no number from 0 to 100 */
    FEED_REFUSALS
};
extern const char *const feed_refusal_texts[FEED_REFUSALS]; /* "not a value of its type" */

struct feed_report {
    uint64_t taken;   /* indicators handed over */
    uint64_t allowed; /* lines of allow-lists handed over */
    uint64_t refused[FEED_REFUSALS];
    struct {
        uint32_t line; /* 0: unknown */
        uint32_t len;
        char text[FEED_EXAMPLE_MAX]; /* hostile */
    } examples[FEED_REFUSALS];       /* the first of each */
};

/* What the feed does not say itself, and whether all of it is to be taken as an allow-list. */
struct feed_options {
    struct str source;
    uint8_t confidence; /* or INDICATOR_CONFIDENCE_UNSET */
    enum tlp tlp;
    enum indicator_type type; /* of values that come without one; NONE: by their looks */
    int64_t from, until;      /* TIME_UNSET: open */
    int64_t lifetime; /* µs that an indicator holds from when it was last seen; 0: for ever */
    bool allow;
    struct str columns; /* of a CSV without a header: "value,type,-,label"; empty: none */
};

/* Takes what is read. Strings live for the call. A negative return ends the reading. */
struct feed_sink {
    void *context;
    int (*indicator)(void *context, const struct indicator *indicator);
    int (*allow)(void *context, const struct intel_allow *allow);
};

struct feed_format {
    const char *name;  /* "stix" */
    const char *about; /* one line */
    bool (*probe)(struct str bytes);
    /* 0, the sink's negative status, or -EINVAL with *err: the document cannot be read. */
    int (*read)(struct str bytes, const struct feed_options *options, const struct feed_sink *sink,
                struct feed_report *report, struct err *err);
};

extern const struct feed_format *const feed_formats[]; /* ended by NULL; the last takes anything */

/* One per file. */
extern const struct feed_format feed_stix, feed_misp, feed_misp_manifest, feed_warninglist,
    feed_csv, feed_list;

/* By its first bytes; never NULL. */
const struct feed_format *feed_recognise(struct str bytes);

#endif
