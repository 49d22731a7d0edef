/*
 * hunt_out: results of hunts, written for people and for programs. A form is a row of the table; one thread uses an
 * output.
 */
#ifndef JAGA_CLI_HUNT_OUT_H
#define JAGA_CLI_HUNT_OUT_H

#include <stdio.h>

#include "hunt/ask.h"

enum hunt_out_form {
    HUNT_OUT_TABLE,
    HUNT_OUT_CSV,
    HUNT_OUT_JSONL,
    HUNT_OUT_CHART,
    HUNT_OUT_LIST,
    HUNT_OUT_COUNT
};
extern const char *const hunt_out_names[HUNT_OUT_COUNT];

#define HUNT_KEPT_MAX ((size_t)512 << 20) /* bytes of a result that a table or chart waits for */

/* How a result looks on a terminal. */
struct hunt_look {
    size_t width; /* columns of the terminal; 0: none, as wide as it gets */
    bool colour;
    bool ascii; /* the locale has no other characters: lines and bars are made of these */
};

struct hunt_watch;

struct hunt_out_options {
    enum hunt_out_form form;
    FILE *file;
    struct hunt_watch *watch; /* may show progress on the same terminal; NULL: nothing does */
    struct hunt_look look;
};

struct hunt_out;

struct hunt_out *hunt_out_new(const struct hunt_out_options *options); /* NULL: no memory */
void hunt_out_free(struct hunt_out *out);

/* What takes the results; lives as long as the output. */
const struct hunt_sink *hunt_out_sink(struct hunt_out *out);

/* ---- a result that is kept until it is whole ---- */

struct hunt_kept {
    struct hunt_head head;
    const struct hunt_cell *const *rows; /* n arrays of head.n_columns */
    size_t n;
    bool cut;
};

/*
 * hunt_table.c: columns as wide as they need, or cut with an ellipsis so that all fit; numbers to the right. Where there are
 * too many columns for the terminal, a list.
 */
void hunt_table_write(struct buf *out, const struct hunt_kept *result,
                      const struct hunt_look *look);

/* hunt_list.c: a row after the other, a line for each value, long ones on several; columns without any value are left out. */
void hunt_list_write(struct buf *out, const struct hunt_kept *result, const struct hunt_look *look);

/* "1,204 rows", and that there are more where a limit has cut them. */
void hunt_foot_write(struct buf *out, const struct hunt_kept *result, const struct hunt_look *look);

/*
 * hunt_chart.c: the result as its `render` says, or as its columns suggest. False: it is none that can be drawn, and nothing
 * was added.
 */
bool hunt_chart_write(struct buf *out, const struct hunt_kept *result,
                      const struct hunt_look *look);

/* The query's line with a caret under the place of the error. Nothing where it has no place. */
void hunt_place_write(struct buf *out, struct str query, uint32_t line, uint32_t column);

#endif
