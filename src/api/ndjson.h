/*
 * ndjson: the body of our own door: events as lines of JSON, as a list of JSON objects, or as lines of text in a
 * named format.
 *
 * Pure: bytes in, items out, whose texts point into the body.
 */
#ifndef JAGA_API_NDJSON_H
#define JAGA_API_NDJSON_H

#include "base/buf.h"
#include "base/vec.h"
#include "parse/parse.h"

#define NDJSON_ITEMS_MAX (1u << 18)

struct ndjson {
    VEC(struct str) items;
};

/*
 * The format of a parameter: one whose lines are events by themselves, so that they can be told apart and stored
 * one by one. False: it is none of those.
 */
bool ndjson_format(struct str name, enum format_id *ret_format);

/*
 * Reads a whole body into a zeroed *ndjson: lines, but empty ones, which may be no events, as the intake will
 * find; or, with FORMAT_JSON, one list of objects. 0; -EINVAL: a list that is none of objects; -E2BIG: too
 * many; -ENOMEM.
 */
int ndjson_read(struct ndjson *ndjson, enum format_id format, struct str body);
void ndjson_free(struct ndjson *ndjson);

/* Copies an event, with spaces for the line ends that may stand between its members. */
void ndjson_write(struct buf *out, struct str text);

#endif
