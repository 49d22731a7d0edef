/*
 * intake: what every door does with what it received: events into a batch, the batch into the spool, what is
 * malformed into the dead letters, and the loss account kept. A door parses its protocol, calls this, and answers
 * its client when `done` says what became of it.
 *
 *     door ─▶ intake_begin ─▶ intake_add, intake_reject ... ─▶ intake_submit ─▶ spool ─▶ done ─▶ answer
 *                                   └──────────────────────▶ dead letters ─┘
 *
 * Threads: an intake is shared; an intake_batch belongs to one thread until it is submitted.
 */
#ifndef JAGA_WATCH_INTAKE_H
#define JAGA_WATCH_INTAKE_H

#include "base/buf.h"
#include "parse/parse.h"
#include "spool/spool.h"
#include "watch/sender.h"

#define INTAKE_EVENT_MAX (1u << 20) /* bytes of one event at a door; larger ones are rejected */
#define INTAKE_SEQUENCE_MAX ((UINT64_C(1) << 52) - 1) /* of a producer */
#define INTAKE_TROUBLE_US 100000 /* after a refusal of the spool, doors refuse by themselves */

enum door {
    DOOR_NONE,
    DOOR_ELASTIC,
    DOOR_HEC,
    DOOR_OTLP,
    DOOR_NDJSON,
    DOOR_SYSLOG_UDP,
    DOOR_SYSLOG_TCP,
    DOOR_SYSLOG_TLS,
    DOOR_REPLAY, /* from the dead letters */
    DOOR_COUNT
};
extern const char *const door_names[DOOR_COUNT]; /* "elastic", "hec", "otlp", ... */

struct intake;

struct intake_options {
    const struct spool_ops *engine;
    struct spool *spool; /* events */
    struct spool *dead;  /* dead letters: one partition; see deadletter.h */
    struct senders *senders;
};

struct intake *intake_new(const struct intake_options *options);
void intake_free(struct intake *intake);

/* What it was made with; lives as long as the intake. */
const struct intake_options *intake_options(const struct intake *intake);

/*
 * Events of a partition, and dead letters, before this offset are in the account of their senders. The account restores it
 * (account.h).
 */
_Atomic uint64_t *intake_counted(struct intake *intake, uint32_t partition);
_Atomic uint64_t *intake_counted_dead(struct intake *intake);

/* What a request became. */
struct intake_result {
    int status; /* 0: all that was added is durable; else -errno: not all is, see intake_submit() */
    bool repeated;   /* every event was there already, by producer and sequence */
    uint64_t offset; /* of the first event */
    uint32_t partition;
    uint32_t stored, rejected;
};
typedef void intake_done(void *context, const struct intake_result *result);

/*
 * Events of one sender through one door, growing; zero it, begin, use it again after submit. A door may set
 * head.producer and head.sequence (up to INTAKE_SEQUENCE_MAX) after intake_begin(): a request that is sent
 * again with the same events and the same numbers is stored once. Producers are told apart by sender.
 */
struct intake_batch {
    struct intake *intake;
    struct sender *sender;
    struct spool_batch head; /* what all its events share; texts are borrowed until submit, */
                             /* with `keep` until all is stored */
    struct buf bytes;
    uint32_t *ends;
    size_t ends_cap;
    struct buf rejects; /* as dead letters: each its reason, '\n', its bytes, '\n' */
    uint32_t *reject_ends;
    size_t reject_ends_cap;
    uint32_t n_rejects;
    bool failed; /* no memory: submit says so */
    bool keep;   /* for senders that cannot send again; see intake_submit() */

    /* Of intake_submit(): how far a batch that is kept has come. */
    bool counted; /* as received */
    struct intake_progress {
        uint32_t n_stored; /* events, from the first on */
        uint32_t part;     /* batches of the spool they were */
    } events_done, rejects_done;
};

/*
 * `sender`, `door`, `format`, `peer` and `hint` of what follows, received now. Texts are cut at SPOOL_LABEL_MAX.
 * With FORMAT_JSON each event has to be one JSON object; other formats take any bytes.
 */
void intake_begin(struct intake_batch *batch, struct intake *intake, struct sender *sender,
                  enum door door, enum format_id format, struct str peer, struct str hint);

/* Why an event would be rejected (a constant); NULL: it would be taken. */
const char *intake_flaw(const struct intake_batch *batch, struct str event);

/*
 * Adds an event (copied, without a line end). Empty ones, too large ones and malformed ones are rejected: kept
 * as dead letters. True: it was taken; false: it was rejected.
 */
bool intake_add(struct intake_batch *batch, struct str event);

/* The same in place: write the event to batch->bytes (buf_*), then call this. `start`: len before. */
bool intake_added(struct intake_batch *batch, size_t start);

/*
 * Adds what is no event, with the reason (a constant or a sentence, on one line): kept, counted, not
 * matched. Of something larger than INTAKE_EVENT_MAX the start is kept.
 */
void intake_reject(struct intake_batch *batch, struct str bytes, const char *reason);

/*
 * Hands it over. 0: `done` will be called exactly once, maybe before this returns, in a thread of the
 * spool. -EAGAIN (come back soon), -ENOSPC, -EROFS, -EIO, -ENOMEM, -EINVAL: nothing was kept, `done` is not
 * called, the account says failed. An empty batch calls done at once. The batch is empty afterwards.
 *
 * The dead letters are made durable first, then the events, in their order, in as many batches of the spool as
 * its limits ask for (nearly always one). So when `done` says an error, what is stored is a first part of it; a
 * sender that then repeats the whole request loses nothing and may double that part, and one with a producer and
 * sequence doubles nothing. It has to wait for the answer before it sends the next sequence.
 *
 * With batch->keep set after intake_begin() (syslog, whose senders hear no answer) nothing is given up: when this
 * fails, or `done` says so, the batch still has its events, they stay in flight in the account, and it may be
 * submitted again, as often as it takes. Until `done` was called it must not be touched. The next
 * intake_begin() or intake_batch_free() empties it; events that were not stored until then count as failed.
 */
int intake_submit(struct intake_batch *batch, intake_done *done, void *context);
void intake_batch_free(struct intake_batch *batch);

/*
 * Why nothing can be stored now: 0, -EAGAIN, -ENOSPC ...: for doors that ask before they read. What the spool
 * said last, for INTAKE_TROUBLE_US; then a request has to try again.
 */
int intake_ready(const struct intake *intake);

#endif
