/*
 * options: every option of every command is one row of one table: its names, its argument,
 * range, unit, default and a sentence. Parsing, --help and the man page are made from the row;
 * a command lists the names of those it takes.
 */
#ifndef JAGA_CLI_OPTIONS_H
#define JAGA_CLI_OPTIONS_H

#include "base/err.h"
#include "base/vec.h"
#include "parse/parse.h"
#include "sigma/rule.h"

/* Texts of the command line: they live as long as the process. */
typedef VEC(const char *) text_list;

enum colour_when { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* What the command line says, with defaults filled in. */
struct settings {
    text_list paths; /* what is no option */
    text_list given; /* names of the options that the command line has */
    text_list rules;
    text_list tags;
    const char *placeholders; /* NULL: none */
    const char *write;        /* NULL: standard output */
    const char *export;       /* file of events; NULL: none */
    const char *content;      /* NULL: the binary's own */
    const char *findings;     /* NULL: none */
    uint64_t output;          /* index of out_formats */
    uint64_t format;          /* enum format_id; FORMAT_UNKNOWN: recognise */
    uint64_t level;           /* enum sigma_level */
    uint64_t fail_level;      /* enum sigma_level; SIGMA_LEVEL_NONE: not asked for */
    int64_t from, to;         /* µs; TIME_UNSET: open */
    int64_t disorder;         /* µs */
    uint64_t jobs;
    uint64_t unpack_max, unpack_ratio, unpack_members;
    uint64_t colour; /* enum colour_when */
    bool proofs;     /* beside an export */
    bool recover, source, strict, no_cache, quiet, verbose, help;

    /* the centre */
    const char *data;   /* folder */
    const char *config; /* NULL: jaga.yaml of the data folder, where there is one */
    text_list listen, listen_plain, syslog_udp, syslog_tcp, syslog_tls;
    const char *certificate, *key, *client_ca; /* NULL: those of the data folder; none */
    const char *spool, *ledger, *lake;         /* URLs */
    const char *geo;                           /* NULL: no address has a place */
    const char *duckdb;                        /* NULL: where duck_load() looks */
    uint64_t hunts_max, hunt_memory, hunt_rows_max;
    int64_t hunt_time_max;              /* µs */
    uint64_t lake_memory, lake_threads; /* bytes; 0: one for each processor */
    uint64_t partitions;
    uint64_t spool_quota, spool_keep_size, spool_pending; /* bytes */
    int64_t spool_keep;                                   /* µs */
    int64_t lateness, fold, snapshot;                     /* µs */
    uint64_t throttle, correlation_memory;
    int64_t silence, learn, drift, backwards; /* µs */
    uint64_t connections, body_max;
    int64_t request_time; /* µs */
    const char *elastic_version;
    uint64_t log_level; /* enum log_level */

    /* the ledger's commands */
    const char *agency, *reason, *note; /* NULL: not given */
    const char *public_key;             /* hex; NULL: any */
    uint64_t rate;                      /* events a second; 0: no limit */
    uint64_t after;                     /* number of an entry */
    int64_t expires;                    /* µs; TIME_UNSET: never */

    /* indicators */
    text_list intel;
    const char *feed, *columns; /* NULL: not given */
    uint64_t confidence;
    uint64_t tlp;            /* enum tlp */
    uint64_t indicator_type; /* enum indicator_type; INDICATOR_NONE: not given */
    int64_t until;           /* µs; TIME_UNSET: never */
    int64_t lifetime;        /* µs; 0: for ever */
    bool allow;

    /* ship */
    const char *to_url, *token_file, *source_name, *ca, *fingerprint, *state; /* NULL: not given */
    uint64_t batch, ship_rate; /* bytes; events a second, 0: no limit */
    bool once, from_end, insecure, no_gzip;

    /* drills */
    int64_t drill_duration, drill_wait; /* µs */
    uint64_t drill_noise, drill_seed;   /* percent */
    const char *drill_report;           /* NULL: none */
    bool drill_dry;

    /* the lake */
    const char *dataset, *day; /* NULL: not given */
    text_list events;          /* ids, each maybe several */
    const char *query;         /* NULL: not given */

    /* hunts */
    uint64_t hunt_output; /* enum hunt_out_form */
    uint64_t hunt_rows;
    int64_t hunt_time; /* µs */
    bool hunt_sql, hunt_explain;
    const char *hunt_sigma;    /* a file of rules; NULL: the query is one */
    text_list hunts;           /* saved ones: files and folders */
    text_list hunt_parameters; /* "name=value" */
    int64_t hunt_now;          /* TIME_UNSET: the clock */
    int64_t hunt_lag;          /* µs */
    bool no_schedule, hunt_record;

    /* findings of a running centre */
    uint64_t limit;
    bool json;
};

struct option_row {
    const char *name;     /* without the dashes */
    const char *theme;    /* of a name that means something else there; NULL: the common one */
    char letter;          /* 0: none */
    const char *argument; /* name of the argument in help; NULL: a flag */
    /* Reads `text` into `to`; 0, or a code with *err filled. */
    int (*parse)(const struct option_row *row, const char *text, void *to, struct err *err);
    size_t offset;                       /* of its value in struct settings */
    uint64_t min, max;                   /* of numbers */
    const char *standard;                /* default, as a person would type it; NULL: none */
    const char *unit;                    /* shown behind the range; NULL: none */
    const char *(*choice)(size_t index); /* the words it takes, NULL at the end; NULL: any text */
    const char *about;                   /* one sentence or a few */
};

/* Every option: tables by theme, ended by NULL; each is ended by a row without a name. */
extern const struct option_row *const option_tables[];
extern const struct option_row options_scan[], options_centre[], options_ledger[], options_intel[],
    options_ship[], options_drill[], options_findings[], options_lake[], options_hunt[];

/* The row of a long name, or, as "THEME:NAME", that of a theme; NULL: there is none. */
const struct option_row *option_find(struct str name);

/*
 * Reads the arguments of a command that takes the options named in `taken` (ended by NULL), in
 * any order; "--" ends the options. 0, or -EINVAL with a sentence for the person in *err.
 */
int options_parse(const char *const *taken, int argc, char **argv, struct settings *ret_settings,
                  struct err *err);
void options_free(struct settings *settings);

/* A copy with lists of its own, to be freed with options_free(). 0 or -ENOMEM. */
int options_copy(const struct settings *from, struct settings *ret_settings);

/* Gives one option a value, as a person would type it. 0, or -EINVAL with a sentence in *err. */
int option_set(struct settings *settings, const struct option_row *row, const char *text,
               struct err *err);

/* Has it the same value in both? */
bool option_same(const struct settings *a, const struct settings *b, const struct option_row *row);

/* Was it on the command line? */
bool option_given(const struct settings *settings, const struct option_row *row);

/*
 * The word of `words` nearest to a mistyped one, or NULL when none is near.
 */
const char *options_nearest(struct str word,
                            const char *(*words)(const void *context, size_t index),
                            const void *context);

#endif
