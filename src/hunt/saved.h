/*
 * saved: a hunt that is kept in a file, to be run again: what it looks for, when it runs, and what its rows mean as
 * findings. The file is KQL; its leading comment is YAML (docs/saved-hunts.md describes every key):
 *
 *     // title: Program that only one host runs     header ─▶ who, what, when, what for
 *     // every: 1d
 *     // finding: {entity: [DeviceName]}                    ─▶ mapping of a row to a finding
 *     declare query_parameters(window:timespan = 7d);       ─▶ parameters, each with a default
 *     DeviceProcessEvents | ...                     query: the whole file, for which the header is a comment
 *
 * So places in errors are places in the file, whatever is wrong. Pure: nothing here reads a file or asks a lake.
 *
 * A hunt lives in the arena it was read into. It never changes; any number of threads may read it.
 */
#ifndef JAGA_HUNT_SAVED_H
#define JAGA_HUNT_SAVED_H

#include "event/dataset.h"
#include "hunt/ask.h"
#include "io/content.h"
#include "sigma/attack.h"
#include "sigma/rule.h"

#define SAVED_SUFFIX STR(".kql")     /* of files that are hunts */
#define SAVED_ID_MAX 64              /* bytes of an id */
#define SAVED_HEADER_MAX (64u << 10) /* bytes of a header */
#define SAVED_LIST_MAX 64            /* members of a list in the header */
#define SAVED_EVENTS_MAX 20          /* events that a row names as evidence; more are left out */
#define SAVED_EVERY_MIN_US INT64_C(60000000)       /* between two runs: a minute at least .. */
#define SAVED_EVERY_MAX_US INT64_C(34560000000000) /* .. and 400 days at most */

/* A word of the header and where it stands. */
struct saved_word {
    struct str text; /* empty: not said */
    uint32_t line, column;
};

struct saved_words {
    struct saved_word *items;
    uint32_t len;
};

/* What a finding may be about, each by the column that holds it. */
enum saved_about {
    SAVED_HOST,
    SAVED_USER,
    SAVED_IP,
    SAVED_DOMAIN,
    SAVED_URL,
    SAVED_EMAIL,
    SAVED_PROCESS,
    SAVED_COMMAND,
    SAVED_FILE,
    SAVED_HASH,
    SAVED_REGISTRY,
    SAVED_ABOUT_COUNT
};

/* Their names in the header, and what fields of these kinds hold. */
extern const struct saved_about_name {
    const char *key; /* "host" */
    enum field_type kind;
} saved_about_names[SAVED_ABOUT_COUNT];

/* How a row is a finding: words are names of columns. */
struct saved_finding {
    struct saved_word title; /* with {Column}; empty: the hunt's */
    struct saved_word time;  /* empty: Timestamp or TimeGenerated, where there is one */
    struct saved_word level; /* empty, or a row without: the hunt's */
    struct saved_word source;
    struct saved_word events;
    struct saved_words entity; /* the same values: the same finding as in an earlier run */
    struct saved_word about[SAVED_ABOUT_COUNT];
};

struct saved_hunt {
    struct str text;   /* the file */
    struct str origin; /* its path, for messages; empty: none */
    struct str id, title, description, author, date;
    struct saved_words attack; /* "T1204.002", "TA0002" */
    struct saved_words tables; /* that must have rows for "nothing found" to mean anything; */
                               /* "A or B": one of them must */
    struct saved_words falsepositives, references;
    enum sigma_level level;
    int64_t every_us; /* 0: only by hand */
    bool central;     /* once over all agencies, rows with _agency; else once for each */
    bool finds;       /* rows are findings; else they are only shown */
    struct saved_finding finding;
    const struct kql_query *query;
    const struct kql_parameter *parameters; /* of declare query_parameters */
    uint32_t n_parameters;
};

/*
 * Reads a hunt. 0; -EINVAL with *err (line and column of the file), -E2BIG (a limit), -ENOMEM. `attack` has the ids that
 * may be named; NULL: any. Texts are copied.
 */
int saved_read(struct arena *arena, struct str text, const struct attack *attack,
               const struct saved_hunt **ret_hunt, struct err *err);

/*
 * Does it compile over these tables, as over an empty lake, and are the columns that its findings want there? 0, or as
 * hunt_compile().
 */
int saved_check(const struct saved_hunt *hunt, const struct tables *tables, struct err *err);

/* The next table of a word of `tables`: of "A or B" first A, then B. False: there is none. */
bool saved_tables_next(struct str *rest, struct str *ret_table);

/* May it be run with these values? -EINVAL: a name that it does not declare, or a value of another type. */
int saved_parameters_check(const struct saved_hunt *hunt, const struct hunt_parameter *parameters,
                           uint32_t n, struct err *err);

/* ---- rows as findings (saved_row.c) ---- */

/* A hunt's header mapped to the columns of a result. Read by one thread at a time. */
struct saved_mapping;

/*
 * NULL: *err says which column is missing, at its place in the header, or that there is no memory. The mapping lives in
 * the arena; the columns and the hunt outlive it.
 */
const struct saved_mapping *saved_mapping_new(struct arena *arena, const struct saved_hunt *hunt,
                                              const struct hunt_column *columns, uint32_t n,
                                              struct err *err);

/* A row as a finding. Texts live in the arena given, or in the row. */
struct saved_match {
    struct str title;
    int64_t time; /* TIME_UNSET: the row does not say */
    enum sigma_level level;
    struct str agency; /* of a central hunt */
    struct str source;
    struct str about[SAVED_ABOUT_COUNT]; /* empty: none */
    struct str entity;                   /* its values, as a JSON array */
    struct str evidence;                 /* the same text: the same row as before. Of its time, */
                                         /* or else of all its values */
    struct lake_id events[SAVED_EVENTS_MAX];
    uint32_t n_events;
};

/* 0 or -ENOMEM. */
int saved_match_read(const struct saved_mapping *mapping, const struct hunt_cell *cells,
                     struct arena *arena, struct saved_match *ret_match);

/* The row as one JSON object, by its columns; nulls are left out. */
void saved_row_write(const struct hunt_column *columns, uint32_t n, const struct hunt_cell *cells,
                     struct buf *json);

/* ---- was there anything to look at? (saved_data.c) ---- */

/*
 * Asks for a row of each table of the hunt's header with first <= time < last. *ret_lacking: the first of `tables` that has
 * none; NULL: all have. 0, or as an asking.
 */
int saved_data_look(const struct hunt_place *place, const struct saved_hunt *hunt,
                    const struct lake_scope *scope, int64_t first, int64_t last,
                    const struct saved_word **ret_lacking, struct err *err);

/* The times that a plan's sources are read of. */
void saved_data_span(const struct hunt_plan *plan, int64_t *ret_first, int64_t *ret_last);

/* ---- sets (saved_set.c) ---- */

/* Hunts by their ids. Built by one thread, then read by all; everything handed out lives as long as the set. */
struct saved_set;

struct saved_set *saved_set_new(void); /* NULL: no memory */
void saved_set_free(struct saved_set *set);

/* Reads and checks one, and adds it. As saved_read() and saved_check(); -EEXIST: its id is there already. */
int saved_set_add(struct saved_set *set, struct str text, struct str origin,
                  const struct attack *attack, const struct tables *tables, struct err *err);

/* All files hunts/NAME.kql of the content. 0, or -errno with *err, which has file, line and column in its message. */
int saved_set_load(struct saved_set *set, const struct content *content,
                   const struct attack *attack, const struct tables *tables, struct err *err);

size_t saved_set_count(const struct saved_set *set);
const struct saved_hunt *saved_set_get(const struct saved_set *set, size_t index); /* as added */

/* The hunt of this id; else the last added whose file has this name. NULL: none. */
const struct saved_hunt *saved_set_find(const struct saved_set *set, struct str word);

/* "rare_program" of "jaga:hunts/rare_program.kql"; empty: no file of a hunt. */
struct str saved_name(struct str origin);

#endif
