#include "api/syslog_hold.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"

#define AGAIN_US (TIME_SECOND_US / 50) /* between two tries with a spool that is busy or full */
#define KEEP_BYTES (1u << 20)          /* a batch gives memory beyond this back */

struct held {
    struct held *next; /* in its list */
    struct syslog_hold *hold;
    struct intake_batch batch;
    struct sender *sender;
    enum door door;
    char peer[SPOOL_LABEL_MAX];
    size_t peer_len;
    size_t bytes; /* when it was handed over */
    int status;   /* what it came back with */
};

/* First in, first out. */
struct held_list {
    struct held *first, *last;
};

struct syslog_hold {
    struct hold_options options;
    struct held batches[HOLD_BATCHES];
    struct held_list free, open, failed;
    size_t away_bytes;
    unsigned n_away;
    int64_t waited_us;
    int64_t give_up; /* ticks: set with the first wait of a stop */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct held_list back; /* under `lock` */
};

static void push(struct held_list *list, struct held *held)
{
    held->next = NULL;
    if (list->last)
        list->last->next = held;
    else
        list->first = held;
    list->last = held;
}

static struct held *pop(struct held_list *list)
{
    struct held *held = list->first;
    if (held) {
        list->first = held->next;
        if (!list->first)
            list->last = NULL;
    }
    return held;
}

struct syslog_hold *hold_new(const struct hold_options *options)
{
    struct syslog_hold *hold = calloc(1, sizeof(*hold));
    if (!hold)
        return NULL;
    hold->options = *options;
    pthread_mutex_init(&hold->lock, NULL);
    clock_condition_init(&hold->changed);
    for (size_t i = 0; i < HOLD_BATCHES; i++) {
        hold->batches[i].hold = hold;
        push(&hold->free, &hold->batches[i]);
    }
    return hold;
}

/* ---- what comes back ---- */

static void on_done(void *context, const struct intake_result *result)
{
    struct held *held = context;
    struct syslog_hold *hold = held->hold;
    held->status = result->status;
    pthread_mutex_lock(&hold->lock);
    push(&hold->back, held);
    pthread_cond_signal(&hold->changed);
    pthread_mutex_unlock(&hold->lock);
}

/* Would the same batch be taken another time? */
static bool is_passing(int status)
{
    return status != -EINVAL && status != -E2BIG;
}

static void release(struct syslog_hold *hold, struct held *held)
{
    if (held->batch.bytes.cap > KEEP_BYTES || held->batch.rejects.cap > KEEP_BYTES)
        intake_batch_free(&held->batch);
    push(&hold->free, held);
}

/* A batch that the spool will never take: its events count as failed. */
static void abandon(struct syslog_hold *hold, struct held *held, int status)
{
    log_say(LOG_ERROR, "syslog.failed", "%u messages could not be stored: %s", held->batch.head.n,
            strerror(-status));
    intake_batch_free(&held->batch);
    push(&hold->free, held);
}

/* Sorts what has come back; waits up to `wait_us` for something to come. */
static void collect(struct syslog_hold *hold, int64_t wait_us)
{
    struct held_list back;
    pthread_mutex_lock(&hold->lock);
    if (!hold->back.first && wait_us > 0)
        clock_wait(&hold->changed, &hold->lock, clock_ticks_us() + wait_us);
    back = hold->back;
    hold->back = (struct held_list){0};
    pthread_mutex_unlock(&hold->lock);
    for (struct held *held; (held = pop(&back));) {
        hold->n_away--;
        hold->away_bytes -= held->bytes;
        if (held->status == 0)
            release(hold, held);
        else if (is_passing(held->status))
            push(&hold->failed, held);
        else
            abandon(hold, held, held->status);
    }
}

/* ---- what goes ---- */

/* False: the spool takes nothing now. */
static bool submit(struct syslog_hold *hold, struct held *held)
{
    held->bytes = held->batch.bytes.len + held->batch.rejects.len;
    hold->n_away++;
    hold->away_bytes += held->bytes;
    int status = intake_submit(&held->batch, on_done, held);
    if (status == 0)
        return true;
    hold->n_away--;
    hold->away_bytes -= held->bytes;
    if (is_passing(status))
        return false;
    abandon(hold, held, status);
    return true;
}

/* Is it time to give up what the spool does not take? */
static bool is_over(struct syslog_hold *hold)
{
    if (!atomic_load(hold->options.stopping))
        return false;
    if (hold->give_up == 0)
        hold->give_up = clock_ticks_us() + HOLD_STOP_US;
    return clock_ticks_us() > hold->give_up;
}

/* Submits the list in its order, as far as the spool takes it. True: it is empty. */
static bool submit_all(struct syslog_hold *hold, struct held_list *list)
{
    while (list->first) {
        struct held *held = list->first, *next = held->next;
        if (!submit(hold, held))
            return false;
        list->first = next;
        if (!next)
            list->last = NULL;
    }
    return true;
}

static bool has_room(const struct syslog_hold *hold)
{
    return hold->free.first && hold->away_bytes < SYSLOG_HELD_MAX;
}

/* Older batches first, then the open ones; waits until that is done and there is room. False: it is over. */
static bool make_room(struct syslog_hold *hold)
{
    int64_t start = 0;
    bool over = false;
    collect(hold, 0);
    while (!submit_all(hold, &hold->failed) || !submit_all(hold, &hold->open) || !has_room(hold)) {
        over = is_over(hold);
        if (over)
            break;
        if (start == 0) {
            start = clock_ticks_us();
            atomic_fetch_add(hold->options.stalls, 1);
        }
        collect(hold, AGAIN_US);
    }
    if (start)
        hold->waited_us += clock_ticks_us() - start;
    return !over;
}

struct intake_batch *hold_batch(struct syslog_hold *hold, struct sender *sender, enum door door,
                                struct str peer)
{
    peer = str_first(peer, SPOOL_LABEL_MAX);
    bool full = false;
    for (struct held *held = hold->open.first; held && !full; held = held->next) {
        if (held->sender != sender || held->door != door ||
            !str_eq(str_of(held->peer, held->peer_len), peer))
            continue;
        full = held->batch.bytes.len + held->batch.rejects.len >= HOLD_BATCH_BYTES;
        if (!full)
            return &held->batch;
    }
    if ((full || hold->failed.first || !has_room(hold)) && !make_room(hold))
        return NULL;
    struct held *held = pop(&hold->free);
    held->sender = sender;
    held->door = door;
    held->peer_len = peer.len;
    memcpy(held->peer, peer.ptr, peer.len);
    intake_begin(&held->batch, hold->options.intake, sender, door, FORMAT_SYSLOG,
                 str_of(held->peer, held->peer_len), STR(""));
    held->batch.keep = true;
    push(&hold->open, held);
    return &held->batch;
}

void hold_flush(struct syslog_hold *hold)
{
    collect(hold, 0);
    if (!submit_all(hold, &hold->failed) || !submit_all(hold, &hold->open))
        make_room(hold);
}

int64_t hold_waited_us(const struct syslog_hold *hold)
{
    return hold->waited_us;
}

void hold_free(struct syslog_hold *hold)
{
    if (!hold)
        return;
    while (hold->failed.first || hold->open.first || hold->n_away) {
        bool over = is_over(hold);
        if (!over)
            (void)(submit_all(hold, &hold->failed) && submit_all(hold, &hold->open));
        for (struct held *held; over && (held = pop(&hold->failed));)
            abandon(hold, held, held->status);
        for (struct held *held; over && (held = pop(&hold->open));)
            abandon(hold, held, -ETIME);
        if (hold->n_away || !over)
            collect(hold, AGAIN_US);
    }
    for (size_t i = 0; i < HOLD_BATCHES; i++)
        intake_batch_free(&hold->batches[i].batch);
    pthread_cond_destroy(&hold->changed);
    pthread_mutex_destroy(&hold->lock);
    free(hold);
}
