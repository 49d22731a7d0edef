/*
 * hunt_prompt: `jaga hunt` without a query, on a terminal: one hunt after another.
 *
 *     line ──▶ begins with '\' ──▶ command (hunt_commands.c)
 *       └────▶ query so far ─▶ ends with ';', or an empty line ─▶ hunt_session_ask
 *
 * A signal ends the hunt that runs, or drops what is being typed; the prompt stays.
 */
#ifndef JAGA_CLI_HUNT_PROMPT_H
#define JAGA_CLI_HUNT_PROMPT_H

#include "cli/hunt_session.h"

struct hunt_line;

struct hunt_prompt {
    struct cli cli; /* a copy, whose settings the commands change */
    struct hunt_session *session;
    struct hunt_line *line;
    struct buf query; /* the lines so far, each with its end */
    struct buf last;  /* the query that was run last */
    FILE *file;       /* where results go */
    bool timing;      /* how long each took is shown */
    bool over;
};

/* Until Ctrl-D. An exit code. */
int hunt_prompt(const struct cli *cli);

/* Runs one query, or explains it. */
void hunt_prompt_run(struct hunt_prompt *prompt, struct str query, bool explain);

/* ---- hunt_commands.c ---- */

/* The commands' words, with their '\'; NULL behind the last. */
const char *hunt_command_word(size_t index);

/* A line that begins with '\'. */
void hunt_command_run(struct hunt_prompt *prompt, struct str line);

#endif
