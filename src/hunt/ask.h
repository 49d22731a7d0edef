/*
 * ask: a query run on a lake, for whoever asks: the command on a data folder, the interface of a centre, a schedule.
 *
 *     text ─▶ compile, with the lake's columns ─▶ each result: ask the lake ─▶ sink: begin, row ..., end
 *
 * The caller's agencies are the scope of every source, below whatever the text says. Limits end a hunt: rows and
 * bytes cut the result, which the sink is told; the time is an error.
 *
 * An asking is one hunt. One thread runs it; cancel and progress may be called from any thread until it is freed.
 */
#ifndef JAGA_HUNT_ASK_H
#define JAGA_HUNT_ASK_H

#include "hunt/hunt.h"
#include "lake/lake.h"

struct geo;

/* Limits of a hunt, over all of its results: what it gets unless it asks, and the most it may ask for. */
#define HUNT_ROWS_DEFAULT 10000
#define HUNT_ROWS_MAX 1000000
#define HUNT_BYTES_DEFAULT (UINT64_C(64) << 20)
#define HUNT_BYTES_MAX (UINT64_C(1) << 30)
#define HUNT_TIME_DEFAULT_US INT64_C(60000000)
#define HUNT_TIME_MAX_US INT64_C(3600000000)

#define HUNT_PLAN_MEMORY_MAX ((size_t)64 << 20) /* bytes of a compiled query */
#define HUNT_FINDINGS_MAX 100000                /* findings that a query may look at: the latest */

enum hunt_language { HUNT_KQL, HUNT_SQL, HUNT_SIGMA, HUNT_LANGUAGES };
extern const char *const hunt_language_names[HUNT_LANGUAGES]; /* "kql", "sql", "sigma" */

/* Rules of Sigma, ready to be looked for. */
struct sigma_set;
struct ruleset;
struct datasets;
struct fields;
struct hunt_rules {
    const struct sigma_set *set;
    struct ruleset *ruleset;
    struct datasets *datasets;
    const struct fields *fields;
    void *owner;
    void (*free)(void *owner);
};

struct hunt_limits {
    uint64_t rows, bytes; /* 0: the default. More than the maximum is the maximum. */
    int64_t time_us;
    uint64_t memory; /* 0: none but the lake's */
};

/* Where hunts are run; all of it outlives them. */
struct hunt_place {
    const struct lake_ops *ops;
    struct lake *lake;
    const struct tables *tables;
    struct hunt_shelf *shelf; /* of that lake; NULL: its columns are read for each hunt */
    const struct geo *geo;    /* that the lake's functions have; NULL: none */
    /* Appends a JSON array of the findings that the asking caller may see; see hunt_result.findings. NULL: none. */
    int (*findings)(void *context, const struct lake_scope *scope, struct buf *json,
                    struct err *err);
    void *findings_context;
    /* The rules of a text. 0, or -errno with *err; -EINVAL: they are no rules. NULL: none are taken. */
    int (*rules)(void *context, struct str text, struct hunt_rules *ret_rules, struct err *err);
    void *rules_context;
};

/* Texts live as long as the asking. */
struct hunt_question {
    struct str text;
    /* SQL: one SELECT over the datasets; SIGMA: rules, whose events are rows. */
    enum hunt_language language;
    int64_t first, last; /* first <= time < last; INT64_MIN, INT64_MAX: any */
    int64_t now_us;      /* what now() is; 0: the clock */
    const struct hunt_parameter *parameters;
    uint32_t n_parameters;
    struct lake_scope scope;
    struct hunt_limits limits;
    /*
     * It is compiled only: then nothing of the lake is read, and columns that the data would make
     * are missing.
     */
    bool explains;
    bool plain; /* as in hunt_options */
};

struct hunt_head {
    uint32_t index; /* of the result in its query, from 0 */
    const struct hunt_column *columns;
    uint32_t n_columns;
    const struct hunt_render *render;
};

struct hunt_cell {
    struct str text; /* see value.h; lives for the call */
    bool null;
};

/* What takes results, one after the other. A negative return ends the hunt and is returned. */
struct hunt_sink {
    int (*begin)(void *context, const struct hunt_head *head); /* it lives until end() */
    int (*row)(void *context, const struct hunt_cell *cells);
    int (*end)(void *context, bool cut);
    void *context;
};

struct hunt_asking;

/* Copies nothing. NULL: no memory. */
struct hunt_asking *hunt_asking_new(const struct hunt_place *place,
                                    const struct hunt_question *question);
void hunt_asking_free(struct hunt_asking *asking);

/*
 * Compiles the question: 0, or as hunt_compile(). Then runs it: 0, what the sink returned, or as lake_ops.next with *err.
 * Once each.
 */
int hunt_asking_compile(struct hunt_asking *asking, struct err *err);
int hunt_asking_run(struct hunt_asking *asking, const struct hunt_sink *sink, struct err *err);

/* Once it was compiled; lives as long as the asking. NULL: of SQL there is none. */
const struct hunt_plan *hunt_asking_plan(const struct hunt_asking *asking);

/* The plan with its SQL, for people. Once it was compiled. */
void hunt_asking_explain(const struct hunt_asking *asking, struct buf *text);

void hunt_asking_cancel(struct hunt_asking *asking);

struct hunt_asking_stats {
    uint64_t rows, bytes;
    int64_t time_us;
    double progress;  /* of the result that is being computed, 0 to 1; negative: not known */
    bool queued;      /* at a centre, before its turn: */
    uint32_t ahead;   /* so many others have theirs first */
    const char *note; /* what a reader of the result must know, one sentence; "": nothing */
};
void hunt_asking_stats(struct hunt_asking *asking, struct hunt_asking_stats *ret_stats);

/* The names of datasets that plain SQL may ask for: what the caller has sent, and what is described. Texts as in lake.h. */
int hunt_place_datasets(const struct hunt_place *place, const struct lake_scope *scope,
                        int (*each)(void *context, struct str dataset), void *context);

#endif
