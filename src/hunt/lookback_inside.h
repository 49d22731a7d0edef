/*
 * lookback_inside: what the files of the look-back share.
 *
 *     lookback.c        the plan; candidates, newest first; what is found in them
 *     lookback_where.c  needs of rules, and new indicators, as a condition of SQL
 *     lookback_screen.c the function of SQL that knows new indicators
 *     lookback_event.c  rows as the events that they were
 */
#ifndef JAGA_HUNT_LOOKBACK_INSIDE_H
#define JAGA_HUNT_LOOKBACK_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/vec.h"
#include "hunt/catalogue.h"
#include "hunt/lookback.h"
#include "intel/news.h"
#include "parse/parse.h"

/* A dataset that is looked into. */
struct lookback_target {
    struct str name;
    uint32_t dataset;        /* in the datasets; DATASET_NONE: what nothing recognised */
    struct buf where;        /* empty: all rows */
    bool typed;              /* fields that indicators are looked for in are stored of it */
    VEC(struct str) columns; /* native names that `where` reads */
};

/* A row, as it is needed to make its event again. */
struct lookback_row {
    struct lake_id id;
    int64_t time, received;
    struct str agency, source, format, raw;
    /* A JSON object of them, where the bytes alone don't make the event; empty: not known. */
    struct str values;
};

/* Makes events of rows. */
struct remaker {
    struct sink sink; /* first: the parser hands it back */
    const struct fields *fields;
    struct parser *parser;
    const struct lookback_row *row;
    int (*take)(void *context, struct event *event);
    void *context;
    uint32_t seen; /* events that the row's bytes gave */
    bool whole;    /* the first of them was all of it, and was taken */

    struct slot *slots; /* of an event made of values */
    struct arena scratch;
    struct event event;
};

struct lookback {
    struct lookback_options options;
    struct arena arena; /* of the plan */
    struct hunt_catalogue *catalogue;
    VEC(struct lookback_target) targets;
    VEC(struct str) names; /* of targets */
    struct matcher *matcher;
    struct intel_matcher *intel;
    uint64_t screen; /* number of the news among the screens; 0: they don't narrow */
    struct buf values;
    struct remaker remaker;
    uint32_t *matched; /* room for all rules of the set */
    VEC(struct lookback_candidate) candidates;
    struct buf sql;

    lookback_found *found;
    void *context;

    pthread_mutex_t lock;
    struct lake_run *run; /* that a cancel is to end */
    bool cancelled;
    _Atomic uint64_t n_candidates, n_events, n_lost, n_matched;
};

/* Where a candidate is. */
struct lookback_candidate {
    int64_t time, key;
    uint32_t part, target;
};

/*
 * Writes what rows of the target must hold for some rule, or indicator, to `where`, and the columns that it reads. 0;
 * -ENOENT: nothing that is looked for is for this dataset; -ENOMEM.
 */
int lookback_narrow(struct lookback *lookback, struct lookback_target *target);

/* Does the rule want events of the dataset? DATASET_NONE: events that nothing recognised. */
bool lookback_wants(const struct lookback *lookback, const struct sigma_rule *rule,
                    const struct lookback_target *target, bool *ret_tagged);

/* ---- lookback_screen.c ---- */

/* The news as SQL asks for them, until they are taken out. A number from 1. 0: others are there. */
uint64_t screens_put(struct lookback_screens *screens, const struct intel_news *news);
void screens_take(struct lookback_screens *screens, uint64_t number);

/* ---- lookback_event.c ---- */

int remaker_init(struct remaker *remaker, const struct fields *fields);
void remaker_free(struct remaker *remaker);

/* Do the bytes of events of that format not stand alone, as a line of a CSV file without the first one? */
bool remaker_wants_values(struct str format);

/*
 * The row as the event it was: take() is called with it, and its return is returned. 1: its bytes don't make it, and
 * there are no values.
 */
int remaker_run(struct remaker *remaker, const struct lookback_row *row);

/* Values as a JSON object: the columns, by position, and `extra`, one of what found no column; empty: none. */
void remaker_write_values(struct buf *out, const struct lake_column *const *columns,
                          const struct lake_vector *vectors, uint32_t n, uint32_t row,
                          struct str extra);

/* Is the text a list of JSON? A value of a dynamic column may be one, or only begin like one. */
bool lookback_is_list(struct str text, struct buf *scratch);

#endif
