/*
 * hunt_watch: a thread beside a hunt. It looks for a signal, which cancels the hunt, and shows on the terminal how far it is,
 * in one line that is gone when the hunt is over:
 *
 *     [=========               ]  38 %  1,204 rows  3.2 s   Ctrl-C ends it
 *     waits for its turn, 2 before it  0.8 s   Ctrl-C ends it
 */
#ifndef JAGA_CLI_HUNT_WATCH_H
#define JAGA_CLI_HUNT_WATCH_H

#include <pthread.h>

#include "cli/cli.h"
#include "hunt/ask.h"

/* Of the hunt that is watched; called from the watch's thread. */
struct hunt_watched {
    void (*stats)(void *context, struct hunt_asking_stats *ret_stats);
    void (*cancel)(void *context); /* may be called more than once; NULL: it looks for itself */
    void *context;
};

struct hunt_watch {
    const struct cli *cli;
    bool shows; /* progress, on standard error */
    struct hunt_watched watched;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool runs;
    bool shown; /* the line stands on the terminal */
};

/* Nothing is watched yet. hunt_watch_free() is due. */
void hunt_watch_init(struct hunt_watch *watch, const struct cli *cli);
void hunt_watch_free(struct hunt_watch *watch);

/* 0 or -errno. What is watched lives until hunt_watch_end(), which waits for the thread. */
int hunt_watch_begin(struct hunt_watch *watch, const struct hunt_watched *watched);
void hunt_watch_end(struct hunt_watch *watch);

/* Writes to a file that may be the same terminal: the line is out of the way meanwhile. 0 or -errno. */
int hunt_watch_print(struct hunt_watch *watch, FILE *file, struct str bytes);

/* The line itself, without what moves the cursor. */
void hunt_watch_write(struct buf *out, const struct hunt_asking_stats *stats);

#endif
