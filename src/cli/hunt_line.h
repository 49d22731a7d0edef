/*
 * hunt_line: a line that is edited in the terminal (libedit): history, completion with TAB, colours once it was entered.
 * One at a time in a process; one thread.
 */
#ifndef JAGA_CLI_HUNT_LINE_H
#define JAGA_CLI_HUNT_LINE_H

#include "hunt/kql_complete.h"

struct hunt_line;

struct hunt_line_options {
    const struct kql_names *names; /* what completion may offer */
    const char *(*commands)(
        size_t index); /* words that a line may begin with; NULL behind the last */
    bool colour;
};

/* The options' texts outlive it. NULL: no memory, or no terminal. */
struct hunt_line *hunt_line_new(const struct hunt_line_options *options);
void hunt_line_free(struct hunt_line *line);

enum hunt_line_end {
    HUNT_LINE_READ,
    HUNT_LINE_INTERRUPTED, /* by Ctrl-C, or a signal: what was typed is gone */
    HUNT_LINE_OVER,        /* Ctrl-D on an empty line */
};

/*
 * Reads the next line of a query that has the lines `before`, each with its end. *ret_line, without its end, lives until the
 * next call.
 */
enum hunt_line_end hunt_line_read(struct hunt_line *line, struct str before, struct str *ret_line);

/* Puts a query, on one line, where the key "up" finds it, now and in later prompts. */
void hunt_line_remember(struct hunt_line *line, struct str query);

#endif
