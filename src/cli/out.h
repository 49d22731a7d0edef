/*
 * out: how findings are written. A format is one file, out_NAME.c, and one row of the table in
 * out.c. It is called from one thread: begin, then each finding in the order of the input
 * (correlations when they come true), then end; end is called after an interruption too.
 *
 * A format writes with stdio to options->stream and never looks at errno: the caller checks
 * ferror() after each call, and a reader who went away (EPIPE) ends the scan quietly. It may keep
 * state, but of bounded size: whatever grows with the number of findings has a named limit, and
 * what did not fit is counted and said. It opens no files: the sandbox is up.
 */
#ifndef JAGA_CLI_OUT_H
#define JAGA_CLI_OUT_H

#include <stdio.h>

#include "event/dataset.h"
#include "scan/finding.h"
#include "sigma/attack.h"
#include "sigma/rule.h"

#define OUT_ERRORS_MAX 1000 /* errors kept with their text; the others are counted */
#define OUT_HOSTS_MAX 4096  /* hosts counted by name; the others are one line "others" */

/* What a report starts with. Lives until end() has returned. */
struct out_options {
    FILE *stream;
    bool terminal;  /* stream is one: lines may be cut to `width` */
    bool colour;    /* ANSI colours are wanted (--color, NO_COLOR) */
    unsigned width; /* columns of the terminal, or 0: no limit */
    bool verbose;   /* as many details as the format has */
    const struct datasets *datasets;
    const struct sigma_set *rules; /* all that were read, with the refusals */
    const struct attack *attack;   /* names of techniques */
    int64_t started;               /* µs UTC */
    const char *command;           /* the command line, hostile text escaped, for "made by" */
};

/* An input, or a part of one, that could not be read. */
struct out_error {
    struct str path;
    uint64_t offset; /* bytes from the stream's start; OUT_NO_PLACE: the stream as a whole */
    uint64_t record; /* 0: unknown */
    struct str message;
};

#define OUT_NO_PLACE UINT64_MAX

struct out_rule_count {
    const struct sigma_meta *meta;
    uint64_t count;
    int64_t first, last; /* µs: of its findings; TIME_UNSET: undated */
};

struct out_host_count {
    struct str host; /* empty: findings without a host */
    uint64_t count;
    uint64_t by_level[SIGMA_CRITICAL + 1];
};

/* What a report ends with. */
struct out_summary {
    uint64_t findings;
    uint64_t by_level[SIGMA_CRITICAL + 1];
    const struct out_rule_count *rules; /* found ones: most severe first, then most frequent */
    size_t n_rules;
    const struct out_host_count *hosts; /* most findings first */
    size_t n_hosts;
    uint64_t other_hosts; /* findings of hosts past OUT_HOSTS_MAX */

    uint64_t inputs; /* streams that were read: files and members of archives */
    uint64_t bytes;  /* of them, unpacked */
    uint64_t events;
    uint64_t undated;    /* events without a time, while --from or --to asked for one: left out */
    int64_t first, last; /* µs: of all events that were read; TIME_UNSET: none is dated */

    const struct out_error *errors; /* the first OUT_ERRORS_MAX, in the order of the input */
    size_t n_errors;
    uint64_t errors_total;
    uint64_t inputs_failed; /* streams with at least one error */

    uint32_t rules_loaded, rules_refused; /* the refusals themselves: options->rules->refusals */
    uint64_t correlations_late; /* hits too late for their window (--disorder), or without memory */
    uint64_t correlations_undated; /* hits without a time, which correlations cannot count */
    uint64_t regex_limited;        /* evaluations that spent the regex limit: taken as no match */
    uint64_t cut;                  /* events that matched but were too much to keep */
    uint64_t partial;              /* events matched in part or not at all, for lack of memory */
    uint64_t indicators_dropped;   /* indicators past the limit of one event */
    uint64_t unrouted; /* events of more kinds than can be told apart: no rule was asked */
    double seconds;
    unsigned threads;
    bool interrupted; /* by a signal: not everything was read */
};

/* A limit that was spent, or events that could not take part, for people to see. */
struct out_limit {
    uint64_t count;   /* more than 0 */
    const char *text; /* goes on after the count */
};

#define OUT_LIMITS_MAX 8

/* Those of a summary. Returns how many. */
size_t out_limits(const struct out_summary *summary, struct out_limit ret_limits[OUT_LIMITS_MAX]);

struct out_format {
    const char *name;  /* of -o */
    const char *about; /* one sentence for --help */

    /* Starts a report. NULL: no memory. The state is freed by end(). */
    void *(*begin)(const struct out_options *options);

    void (*finding)(void *state, const struct finding *finding);

    /* Finishes the report and frees the state. */
    void (*end)(void *state, const struct out_summary *summary);
};

/* Every format, ended by NULL; the first is the default. */
extern const struct out_format *const out_formats[];

/* One per file out_NAME.c. */
extern const struct out_format out_table, out_jsonl, out_csv, out_timesketch, out_html;

#endif
