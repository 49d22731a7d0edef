/*
 * terminal: colours and the progress line: on a terminal only, and only when wanted.
 */
#ifndef JAGA_CLI_TERMINAL_H
#define JAGA_CLI_TERMINAL_H

#include <stdio.h>

#include "cli/options.h"

/* Are colours wanted on a stream that is a terminal or not? --color, NO_COLOR, TERM=dumb. */
bool terminal_colour(enum colour_when when, bool terminal);

/* Columns of the terminal behind `stream`; 0: none, or unknown. */
unsigned terminal_width(FILE *stream);

/* Does the locale of the environment have characters beyond ASCII? One that is not set is taken for UTF-8. */
bool terminal_ascii(void);

/* Monotonic time in µs, for rates. */
int64_t terminal_clock(void);

/* One line on standard error that tells how far we are; drawn at most a few times a second. */
struct progress {
    bool on;
    int64_t started, drawn; /* terminal_clock() */
    uint64_t total;         /* bytes of all files; 0: unknown */
    bool visible;
};

void progress_start(struct progress *progress, bool on, uint64_t total);
void progress_show(struct progress *progress, uint64_t bytes, uint64_t events, uint64_t findings);

/* Takes the line away: before anything else is written to the terminal. */
void progress_hide(struct progress *progress);

#endif
