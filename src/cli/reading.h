/*
 * reading: what every command that reads evidence does around the pipeline: finds the
 * files, opens the output, enters the sandbox, shows progress, says what could not be read.
 */
#ifndef JAGA_CLI_READING_H
#define JAGA_CLI_READING_H

#include "cli/cli.h"
#include "cli/terminal.h"
#include "scan/pipeline.h"

#define READING_ERRORS_SHOWN 10 /* per stream, without --verbose; all are counted */

struct reading {
    const struct cli *cli;
    struct walk walk;
    struct progress progress;
    FILE *out;                 /* standard output, or --write's file */
    uint64_t shown;            /* errors of the current stream that were said */
    struct scan_totals totals; /* after reading_run() */
    uint64_t walk_errors;
    uint64_t findings; /* for the progress line; the command counts */
    /* Wants every error, too; may be NULL. Set by the command before reading_start(). */
    void (*also_error)(void *context, struct str path, const struct scan_error *error);
    void *context;
};

/*
 * Walks the paths and opens the output, then enters the sandbox: from here on nothing else can
 * be opened. Returns EXIT_DONE, or the exit code after it has said what is wrong.
 */
int reading_start(struct reading *reading, const struct cli *cli);
void reading_free(struct reading *reading);

/* Runs the job, whose error, stream and progress callbacks are reading's own. 0 or -errno. */
int reading_run(struct reading *reading, const struct scan_job *job, const struct fields *fields);

/*
 * Has the output been written? Complains, except about a reader who went
 * away. EXIT_DONE or EXIT_BROKEN.
 */
int reading_finish_output(struct reading *reading);

/* EXIT_DONE or EXIT_UNREADABLE. */
int reading_exit_code(const struct reading *reading);

#endif
