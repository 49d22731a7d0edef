/*
 * hunt_out: results of hunts, written for people and for programs. A form is a row of the table; one thread uses an
 * output.
 */
#ifndef JAGA_CLI_HUNT_OUT_H
#define JAGA_CLI_HUNT_OUT_H

#include <stdio.h>

#include "hunt/ask.h"

enum hunt_out_form { HUNT_OUT_TABLE, HUNT_OUT_CSV, HUNT_OUT_JSONL, HUNT_OUT_CHART, HUNT_OUT_COUNT };
extern const char *const hunt_out_names[HUNT_OUT_COUNT];

#define HUNT_KEPT_MAX ((size_t)512 << 20) /* bytes of a result that a table or chart waits for */

struct hunt_out_options {
    enum hunt_out_form form;
    FILE *file;
    size_t width; /* columns of the terminal; 0: as wide as it gets */
    bool colour;
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

/* hunt_table.c: columns as wide as they need, or cut with an ellipsis so that all fit; numbers to the right. */
void hunt_table_write(struct buf *out, const struct hunt_kept *result, size_t width, bool colour);

/*
 * hunt_chart.c: bars for categories, braille for times, with axes and a legend. False: there is no column of numbers, or
 * nothing to draw, and nothing was added.
 */
bool hunt_chart_write(struct buf *out, const struct hunt_kept *result, size_t width, bool colour);

/* The query's line with a caret under the place of the error. Nothing where it has no place. */
void hunt_place_write(struct buf *out, struct str query, uint32_t line, uint32_t column);

#endif
