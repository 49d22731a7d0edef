#include "ship/tail.h"

#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "ship/tail_file.h"

#define TOUCH_US TIME_SECOND_US /* all files are looked at so often, whatever inotify says */
#define TOUCH_EACH_US 10 /* looks that inotify asks for are kept apart so long for each file */
#define ROTATED_US (10 * TIME_SECOND_US)

struct tail *tail_new(const struct tail_options *options, struct positions *positions)
{
    struct tail *tail = calloc(1, sizeof(*tail));
    bool ok = tail != NULL;
    if (!tail)
        return NULL;
    tail->options = *options;
    tail->positions = positions;
    for (size_t i = 0; ok && i < positions->files.len; i++)
        ok = tail_add(tail, positions->files.items[i]) != NULL;
    tail_watch_start(tail);
    if (!ok) {
        tail_free(tail);
        return NULL;
    }
    return tail;
}

void tail_free(struct tail *tail)
{
    if (!tail)
        return;
    for (size_t i = 0; i < tail->files.len; i++) {
        tail_file_close(tail, tail->files.items[i]);
        free(tail->files.items[i]);
    }
    vec_free(&tail->files);
    buf_free(&tail->bytes);
    tail_watch_stop(tail);
    free(tail);
}

/* It may hold something new. */
static void touch_all(struct tail *tail, int64_t ticks)
{
    int64_t apart = TOUCH_EACH_US * (int64_t)tail->files.len;
    bool asked = tail->touch_now && ticks - tail->touched >= apart;
    if (!asked && ticks < tail->touch_at)
        return;
    tail->touch_now = false;
    tail->touched = ticks;
    tail->touch_at = ticks + TOUCH_US;
    for (size_t i = 0; i < tail->files.len; i++)
        tail->files.items[i]->changed = true;
}

/* The file is another one now: what was not read of the old one may be in its copy. */
static int restart(struct tail *tail, struct tail_file *file)
{
    int status = tail_follow_copy(tail, file);
    tail_file_restart(file);
    return status;
}

/* A file that was read to its end, for now. */
static void rest(struct tail *tail, struct tail_file *file, int64_t ticks)
{
    int64_t rotated = tail->options.rotated_us ? tail->options.rotated_us : ROTATED_US;
    if (file->gone && (tail->options.once || ticks - file->grown >= rotated))
        tail_forget(tail, file);
    else if (tail->n_open > TAIL_OPEN_MAX)
        tail_file_close(tail, file);
}

/* 1: a piece of this file; 0: it has none now, and may be gone; -ENOMEM. */
static int try_file(struct tail *tail, struct tail_file *file, int64_t ticks,
                    struct tail_piece *ret_piece)
{
    enum tail_change change = tail_file_check(tail, file, ticks);
    if (change == TAIL_MISSING) {
        file->changed = false;
        if (file->gone)
            tail_forget(tail, file);
        return 0;
    }
    if (change == TAIL_TRUNCATED)
        return restart(tail, file);
    if (file->position->copy && tail_stays_copy(tail, file, ticks))
        return 0;
    int status = tail_file_read(tail, file, ticks, ret_piece);
    if (status == -ESTALE)
        return restart(tail, file);
    if (status == 0 && !file->changed)
        rest(tail, file, ticks);
    return status;
}

/* The first piece of files that are gone, or of those that are not, from whose turn it is. */
static int next_of(struct tail *tail, bool gone, int64_t ticks, struct tail_piece *ret_piece)
{
    for (size_t i = 0; i < tail->files.len; i++) {
        size_t at = (tail->turn + i) % tail->files.len;
        struct tail_file *file = tail->files.items[at];
        if (file->gone != gone || !file->changed || file->ended)
            continue;
        size_t before = tail->files.len;
        int status = try_file(tail, file, ticks, ret_piece);
        if (status == 1)
            tail->turn = at + 1;
        if (status != 0)
            return status;
        if (tail->files.len != before) /* one has come or gone: from the start */
            return -EAGAIN;
    }
    return 0;
}

int tail_next(struct tail *tail, int64_t ticks, struct tail_piece *ret_piece)
{
    int status;
    if (!tail->looked || (!tail->options.once && (tail->look_now || ticks >= tail->look_at))) {
        status = tail_look(tail, ticks);
        if (status < 0)
            return status;
    }
    if (!tail->options.once)
        touch_all(tail, ticks);
    do {
        status = next_of(tail, true, ticks, ret_piece);
        if (status == 0)
            status = next_of(tail, false, ticks, ret_piece);
    } while (status == -EAGAIN);
    return status;
}

bool tail_done(const struct tail *tail)
{
    for (size_t i = 0; i < tail->files.len; i++)
        if (tail->files.items[i]->changed && !tail->files.items[i]->ended)
            return false;
    return tail->looked;
}

uint64_t tail_lines_skipped(const struct tail *tail)
{
    return tail->lines_skipped;
}
