/*
 * hunt_history: the queries of earlier prompts, one a line, in a file that only its owner reads:
 * $XDG_STATE_HOME/jaga/hunt_history (~/.local/state where that is not set). Each is added when it is run, so that several
 * prompts share the file and none loses what another wrote. Where it can't be written, a prompt has its own history only.
 */
#ifndef JAGA_CLI_HUNT_HISTORY_H
#define JAGA_CLI_HUNT_HISTORY_H

#include "base/buf.h"

#define HUNT_HISTORY_MAX 1000 /* queries that are kept; the file is cut when it has twice as many */
#define HUNT_HISTORY_BYTES_MAX (8u << 20) /* of a file; a longer one is begun anew */

struct hunt_history;

/* NULL: no memory. */
struct hunt_history *hunt_history_open(void);
void hunt_history_close(struct hunt_history *history);

/* Earlier queries, oldest first; live until the history is closed. */
size_t hunt_history_count(const struct hunt_history *history);
struct str hunt_history_get(const struct hunt_history *history, size_t index);

/* One line more. */
void hunt_history_add(struct hunt_history *history, struct str query);

#endif
