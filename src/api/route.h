/*
 * route: from the target of a request to the row that answers it. Pure.
 *
 * A target is cut into segments at "/", then each is percent-decoded once (RFC 3986, 2.4), so that "%2F" stays inside
 * its segment. "." and ".." segments, NUL and bad escapes are refused: there is nothing they could mean.
 */
#ifndef JAGA_API_ROUTE_H
#define JAGA_API_ROUTE_H

#include "base/arena.h"
#include "api/api.h"

#define ROUTE_SEGMENTS_MAX 16
#define ROUTE_QUERY_MAX 32 /* parameters of a query */

struct route_target {
    struct str path; /* decoded, with its slashes: for people and logs */
    struct str segments[ROUTE_SEGMENTS_MAX];
    unsigned n_segments;
    struct route_parameter {
        struct str name, value;
    } query[ROUTE_QUERY_MAX];
    unsigned n_query;
};

/*
 * Takes "/path?query" apart, or "http://host/path?query" as a proxy sends it. 0; -EINVAL: not a
 * target; -E2BIG: more segments or parameters than there is room for; -ENOMEM. Texts live in the arena.
 */
int route_target_parse(struct str text, struct arena *arena, struct route_target *ret_target);

/* Value of a query's parameter, the first of that name; ptr NULL: absent. */
struct str route_query(const struct route_target *target, struct str name);

/* What the {names} and the "*" of a row stand for. */
struct route_match {
    struct str values[ROUTE_SEGMENTS_MAX];
    unsigned n;
};

/*
 * How well a row's path fits: 0: not at all; else the higher, the more of its segments are literal, the first counting most.
 * *ret_match is filled where it fits.
 */
uint32_t route_fit(const char *path, const struct route_target *target,
                   struct route_match *ret_match);

#endif
