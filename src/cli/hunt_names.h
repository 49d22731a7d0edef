/*
 * hunt_names: what completion may offer in the prompt: the tables of the content, the functions of the language, and the
 * columns of a table, which the lake itself is asked for when they are first wanted.
 */
#ifndef JAGA_CLI_HUNT_NAMES_H
#define JAGA_CLI_HUNT_NAMES_H

#include "cli/hunt_session.h"
#include "hunt/kql_complete.h"

struct hunt_names;

/* The session outlives it. NULL: no memory. */
struct hunt_names *hunt_names_new(struct hunt_session *session);
void hunt_names_free(struct hunt_names *names);

/* For kql_complete(); lives as long as the names do. */
const struct kql_names *hunt_names_kql(const struct hunt_names *names);

#endif
