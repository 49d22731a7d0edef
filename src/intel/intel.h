/*
 * intel: indicators, and which of them an event holds. A set of them is one compact file, mapped and never
 * changed; a new one takes its place by rename. Pure but for the bytes it is given: who opens maps.
 *
 *     STIX 2.1, MISP, CSV, lists ─▶ feed_read ─▶ intel_builder ─▶ file ─▶ intel_open(bytes) ─▶ intel_matcher
 *     warning lists ───────────────────────────────┘
 *
 * feed.h has the readers, builder.h makes the file, image.h draws it. An intel may be read by many threads; a
 * matcher belongs to one.
 */
#ifndef JAGA_INTEL_INTEL_H
#define JAGA_INTEL_INTEL_H

#include "base/buf.h"
#include "event/dataset.h"

#define INTEL_FILE_NAME "indicators.jint" /* in DATA/intel */

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

/* INDICATOR_NONE: there is no type of that name. */
enum indicator_type indicator_type_by_name(struct str name);

enum tlp { TLP_NONE, TLP_CLEAR, TLP_GREEN, TLP_AMBER, TLP_AMBER_STRICT, TLP_RED }; /* TLP 2.0 */
#define TLP_COUNT (TLP_RED + 1)
extern const char *const tlp_names[TLP_COUNT]; /* "", "clear", ... "amber+strict", "red" */

/* "TLP:RED", "red", "amber+strict", and TLP 1.0's "white": which. False: none of them. */
bool tlp_by_name(struct str name, enum tlp *ret_tlp);

#define INDICATOR_CONFIDENCE_UNSET 255

/* One indicator, as it is read and as it is found. Strings live as their maker says. */
struct indicator {
    enum indicator_type type;
    struct str value;   /* canonical: see canonical.h */
    struct str source;  /* feed; several with ", " between where feeds agree */
    struct str id;      /* STIX id, MISP uuid; may be empty */
    struct str label;   /* what it indicates: "Emotet C2"; may be empty */
    uint8_t confidence; /* 0 to 100; INDICATOR_CONFIDENCE_UNSET: not said */
    enum tlp tlp;
    int64_t from, until; /* µs: valid in [from, until); TIME_UNSET: open */
};

struct intel;
struct intel_matcher;

/*
 * Over the bytes of a file that outlive it, aligned to 8. Costs the same for any size: what tables point at is
 * checked when it is read, and a damaged file finds nothing worse than nothing. NULL: *err says what is wrong.
 */
struct intel *intel_open(struct str bytes, struct err *err);
void intel_close(struct intel *intel);

/* Reads all of the file: is it as it was written? 0, or -EINVAL with *err. */
int intel_verify(const struct intel *intel, struct err *err);

/* The file it was opened over, and what tells it from any other file. */
struct str intel_bytes(const struct intel *intel);
uint64_t intel_signature(const struct intel *intel);

uint64_t intel_count(const struct intel *intel, enum indicator_type type); /* NONE: of all */

/*
 * The indicator of a canonical value, or false: of several with that value the one valid at `at`, else the one
 * that was valid last. Its value is `value` itself; its other texts live as long as the intel.
 */
bool intel_find(const struct intel *intel, enum indicator_type type, struct str value, int64_t at,
                struct indicator *ret_indicator);

/*
 * The same for `n` of them, whose type and value are set in `indicators`: each is filled in, or its type becomes
 * INDICATOR_NONE. Returns how many are there. They wait for memory together: with millions of indicators that is
 * several times as fast as one after the other.
 */
size_t intel_find_many(const struct intel *intel, struct indicator *indicators, size_t n,
                       int64_t at);

/*
 * Everything that says something about one value, given as people write it: the address and the networks it is
 * in, the name and its parents, the host of a URL. Returns how many, the first `max` of them in ret_indicators. Their
 * values live in `arena`. Allow-listed values give none; expired indicators are given.
 */
size_t intel_look_up(const struct intel *intel, struct str text, struct arena *arena,
                     struct indicator *ret_indicators, size_t max);

/*
 * For one thread. Which fields are looked at is decided once per dataset, from the types of its fields. The
 * datasets and the dictionary are frozen and outlive it, as does the intel.
 */
struct intel_matcher *intel_matcher_new(const struct intel *intel, const struct datasets *datasets);
void intel_matcher_free(struct intel_matcher *matcher);

/* From now on only indicators among these are looked for (news.h), which outlive it. Before its first run. */
struct intel_news;
void intel_matcher_only(struct intel_matcher *matcher, const struct intel_news *news);

/*
 * As what type a field of events of that dataset (DATASET_NONE: of none) is looked at: enum field_type, FIELD_TEXT where
 * it is not; or -ENOMEM.
 */
int intel_matcher_field(struct intel_matcher *matcher, uint32_t dataset, uint32_t field);

struct intel_match {
    struct indicator indicator;
    struct str field; /* native name */
    struct str text;  /* the value it stood in */
};

#define INTEL_MATCHES_MAX 64 /* of one event; more are counted, see intel_matcher_dropped() */

/*
 * Matches a recognised event whose time is known (datasets_time()); allow-listed values don't count. `now` is the
 * clock. An indicator counts if it had not expired when the event happened (now, for an event without a time), and is in
 * force now: what is published today is looked for in yesterday's events, what is
 * valid from tomorrow is not yet. Each indicator is given once per event. Returns how many; *ret_matches live
 * until the next call, and no longer than the event.
 */
size_t intel_matcher_run(struct intel_matcher *matcher, struct event *event, int64_t now,
                         const struct intel_match **ret_matches);

uint64_t intel_matcher_dropped(const struct intel_matcher *matcher);

#endif
