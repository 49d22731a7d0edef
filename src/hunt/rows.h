/*
 * rows: results of hunts as lines for programs: CSV, JSON objects, and the arrays of the interface. Each appends one piece
 * to a buffer, which may be failed afterwards.
 */
#ifndef JAGA_HUNT_ROWS_H
#define JAGA_HUNT_ROWS_H

#include "hunt/ask.h"

/* RFC 4180, with names in the first line; a null is an empty field. Lines end with CRLF. */
void rows_add_csv_names(struct buf *out, const struct hunt_head *head);
void rows_add_csv(struct buf *out, const struct hunt_head *head, const struct hunt_cell *cells);

/* {"name":value,...} and a line end: a line of NDJSON. A name that comes twice is there twice. */
void rows_add_object(struct buf *out, const struct hunt_head *head, const struct hunt_cell *cells);

/* [value,...] */
void rows_add_array(struct buf *out, const struct hunt_head *head, const struct hunt_cell *cells);

/* [{"name":"Account","type":"string"},...] */
void rows_add_columns(struct buf *out, const struct hunt_head *head);

/* {"chart":"timechart","title":"..."}; null where the result is not to be drawn. */
void rows_add_render(struct buf *out, const struct hunt_render *render);

#endif
