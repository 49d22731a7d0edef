#include "cli/hunt_watch.h"

#include "cli/out_style.h"
#include "io/clock.h"

#define LOOK_EVERY_US 50000  /* for a signal */
#define SHOW_AFTER_US 400000 /* what is answered sooner shows none */
#define BAR_COLUMNS 24

void hunt_watch_init(struct hunt_watch *watch, const struct cli *cli)
{
    *watch = (struct hunt_watch){.cli = cli};
    watch->shows = cli->terminal_err && !cli->settings.quiet;
    pthread_mutex_init(&watch->lock, NULL);
    clock_condition_init(&watch->changed);
}

void hunt_watch_free(struct hunt_watch *watch)
{
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
}

void hunt_watch_write(struct buf *out, const struct hunt_asking_stats *stats)
{
    if (stats->queued) {
        buf_add_c(out, "waits for its turn");
        if (stats->ahead > 0)
            buf_printf(out, ", %u before it", stats->ahead);
        buf_add_c(out, "  ");
    }
    if (stats->progress >= 0) {
        int done = (int)(stats->progress * BAR_COLUMNS + 0.5);
        buf_add_byte(out, '[');
        for (int i = 0; i < BAR_COLUMNS; i++)
            buf_add_byte(out, i < done ? '=' : ' ');
        buf_printf(out, "] %3.0f %%  ", stats->progress * 100);
    }
    if (stats->rows > 0) {
        style_add_count(out, stats->rows);
        buf_add_c(out, stats->rows == 1 ? " row  " : " rows  ");
    }
    buf_printf(out, "%.1f s   Ctrl-C ends it", (double)stats->time_us / 1e6);
}

/* ---- the thread; each under the lock ---- */

static void hide(struct hunt_watch *watch)
{
    if (watch->shown)
        fputs("\r\033[K", stderr);
    watch->shown = false;
}

static void show(struct hunt_watch *watch)
{
    struct hunt_asking_stats stats;
    struct buf line = {0};
    watch->watched.stats(watch->watched.context, &stats);
    if (stats.time_us < SHOW_AFTER_US)
        return;
    buf_add_c(&line, "\r\033[K");
    hunt_watch_write(&line, &stats);
    if (!line.failed)
        fwrite(line.ptr, 1, line.len, stderr);
    fflush(stderr);
    watch->shown = true;
    buf_free(&line);
}

static void *look(void *argument)
{
    struct hunt_watch *watch = argument;
    pthread_mutex_lock(&watch->lock);
    while (watch->runs) {
        clock_wait(&watch->changed, &watch->lock, clock_ticks_us() + LOOK_EVERY_US);
        if (watch->runs && *watch->cli->stop && watch->watched.cancel)
            watch->watched.cancel(watch->watched.context);
        if (watch->runs && watch->shows)
            show(watch);
    }
    hide(watch);
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

int hunt_watch_begin(struct hunt_watch *watch, const struct hunt_watched *watched)
{
    watch->watched = *watched;
    watch->runs = true;
    int status = pthread_create(&watch->thread, NULL, look, watch);
    if (status != 0)
        watch->runs = false; /* otherwise it is the thread's, too, by now */
    return -status;
}

void hunt_watch_end(struct hunt_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    watch->runs = false;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
}

int hunt_watch_print(struct hunt_watch *watch, FILE *file, struct str bytes)
{
    pthread_mutex_lock(&watch->lock);
    hide(watch);
    bool written = fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len && fflush(file) == 0;
    int status = written ? 0 : -errno;
    pthread_mutex_unlock(&watch->lock);
    return status;
}
