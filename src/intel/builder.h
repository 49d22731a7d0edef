/*
 * builder: indicators and allow-lists in any order of values, sorted, merged and laid out as the
 * file that image.h draws. Owned by its caller, one thread at a time.
 *
 *     intel_builder_allow() *, intel_builder_add() *, intel_builder_finish() once
 *
 * Needs 24 bytes per indicator, its text where the type is kept as text, and the file itself.
 * The same calls give the same file.
 */
#ifndef JAGA_INTEL_BUILDER_H
#define JAGA_INTEL_BUILDER_H

#include "intel/intel.h"

#define INDICATOR_LABEL_MAX 256  /* bytes of a label, an id; longer ones are cut */
#define INDICATOR_SOURCE_MAX 128 /* bytes of a source's name */
#define ALLOW_PATTERNS_MAX 4096  /* substrings and regular expressions in all allow-lists */

enum allow_kind {
    ALLOW_EXACT,     /* this value */
    ALLOW_HOST_NAME, /* this name and names under it; with INDICATOR_URL, URLs that go there */
    ALLOW_NETWORK,   /* addresses and networks in it */
    ALLOW_SUBSTRING, /* values that hold this text, without case */
    ALLOW_REGEX,     /* values in which this is found (PCRE2, without case) */
    ALLOW_KINDS
};
extern const char *const allow_kind_names[ALLOW_KINDS]; /* "exact", "hostname", ... */

/* One line of an allow-list. */
struct intel_allow {
    enum allow_kind kind;
    uint32_t types; /* bits 1 << enum indicator_type: what it is about */
    struct str value;
};

struct intel_builder;

struct intel_builder_stats {
    uint64_t added;   /* all that were handed in, of which */
    uint64_t allowed; /* are allow-listed, */
    uint64_t expired; /* had expired at the time of building, */
    uint64_t merged;  /* say the same of the same value as another, or more of it; */
    uint64_t kept;    /* the others are in the file */
};

/* `now`: what has expired by then is left out. NULL: no memory. */
struct intel_builder *intel_builder_new(int64_t now);
void intel_builder_free(struct intel_builder *builder);

/*
 * Values that never match. All allow-lists come before the first indicator. 0, -ENOMEM, or -EINVAL with
 * *err: no such value, a regular expression that is none, too many patterns, or too late.
 */
int intel_builder_allow(struct intel_builder *builder, const struct intel_allow *allow,
                        struct err *err);

/*
 * Its value is canonical; all is copied. 0, also where it is allow-listed or expired (counted), -EINVAL for a value that is
 * not canonical, -ENOMEM, -E2BIG past 4 billion.
 */
int intel_builder_add(struct intel_builder *builder, const struct indicator *indicator);

/* Appends the file to an empty buffer. 0 or -ENOMEM. The builder is spent. */
int intel_builder_finish(struct intel_builder *builder, struct buf *ret_file);

/* `merged` and `kept` are known after intel_builder_finish(). */
void intel_builder_stats(const struct intel_builder *builder,
                         struct intel_builder_stats *ret_stats);

#endif
