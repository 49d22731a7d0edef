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
    text_list rules;
    text_list tags;
    const char *placeholders; /* NULL: none */
    const char *write;        /* NULL: standard output */
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
    bool recover, source, strict, no_cache, quiet, verbose, help;
};

struct option_row {
    const char *name;     /* without the dashes */
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

/* Every option, ended by a row without a name. */
extern const struct option_row option_table[];

/* The row of a long name, or NULL. */
const struct option_row *option_find(struct str name);

/*
 * Reads the arguments of a command that takes the options named in `taken` (ended by NULL), in
 * any order; "--" ends the options. 0, or -EINVAL with a sentence for the person in *err.
 */
int options_parse(const char *const *taken, int argc, char **argv, struct settings *ret_settings,
                  struct err *err);
void options_free(struct settings *settings);

/*
 * The word of `words` nearest to a mistyped one, or NULL when none is near.
 */
const char *options_nearest(struct str word,
                            const char *(*words)(const void *context, size_t index),
                            const void *context);

#endif
