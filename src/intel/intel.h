/*
 * intel: indicators, and which of them an event holds. A set of them is one compact file, mapped and never
 * changed; a new one takes its place by rename. Pure but for the bytes it is given: who opens maps.
 *
 *     STIX 2.1, MISP, CSV, lists ─▶ indicator_read ─▶ intel_builder ─▶ file ─▶ intel_open(bytes) ─▶ intel_matcher
 *     warning lists ──────────────────────────────────────┘
 */
#ifndef JAGA_INTEL_INTEL_H
#define JAGA_INTEL_INTEL_H

#include "base/buf.h"
#include "event/dataset.h"

enum indicator_type {
    INDICATOR_NONE,
    INDICATOR_IPV4,
    INDICATOR_IPV6,
    INDICATOR_CIDR4,
    INDICATOR_CIDR6,
    INDICATOR_DOMAIN, /* and its sub-domains */
    INDICATOR_HOST,   /* exactly this name */
    INDICATOR_URL,
    INDICATOR_MD5,
    INDICATOR_SHA1,
    INDICATOR_SHA256,
    INDICATOR_EMAIL,
    INDICATOR_FILE_NAME,
    INDICATOR_FILE_PATH,
    INDICATOR_JA3,
    INDICATOR_JA4,
    INDICATOR_USER_AGENT,
    INDICATOR_COUNT
};
extern const char *const indicator_type_names[INDICATOR_COUNT]; /* "ipv4", "domain", ... */

enum tlp { TLP_NONE, TLP_CLEAR, TLP_GREEN, TLP_AMBER, TLP_AMBER_STRICT, TLP_RED }; /* TLP 2.0 */

/* One indicator, as it is read and as it is found. Strings live as their maker says. */
struct indicator {
    enum indicator_type type;
    struct str value;   /* canonical: lower case, no "[.]", the shortest form of an address */
    struct str source;  /* feed */
    struct str id;      /* STIX id, MISP uuid; may be empty */
    struct str label;   /* what it indicates: "Emotet C2"; may be empty */
    uint8_t confidence; /* 0 to 100; 255: not said */
    enum tlp tlp;
    int64_t from, until; /* µs: valid in [from, until); TIME_UNSET: open */
};

struct intel;
struct intel_matcher;

/* Over the bytes of a file that outlive it. NULL: *err says where it is damaged. */
struct intel *intel_open(struct str bytes, struct err *err);
void intel_close(struct intel *intel);
uint64_t intel_count(const struct intel *intel, enum indicator_type type); /* NONE: of all */

/* The indicator of a canonical value, or false. Texts live as long as the intel. */
bool intel_find(const struct intel *intel, enum indicator_type type, struct str value,
                struct indicator *ret_indicator);

/*
 * For one thread. Which fields are looked at is decided once per dataset, from the types of its fields. The
 * datasets and the dictionary are frozen and outlive it.
 */
struct intel_matcher *intel_matcher_new(struct intel *intel, struct datasets *datasets,
                                        const struct fields *fields);
void intel_matcher_free(struct intel_matcher *matcher);

struct intel_match {
    struct indicator indicator;
    struct str field; /* native name */
    struct str text;  /* the value it stood in */
};

/*
 * Matches a recognised event; expired indicators and allow-listed values don't count. `at`: the
 * event's time, or now where it has none. Returns how many; *ret_matches live until the next call.
 */
size_t intel_matcher_run(struct intel_matcher *matcher, struct event *event, int64_t at,
                         const struct intel_match **ret_matches);

#endif
