#include "watch/intake.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/vec.h"
#include "io/clock.h"
#include "parse/json.h"

/* Batches that the largest request can become: 4 GiB of events of two bytes. */
#define PARTS_MAX 4096

_Static_assert((UINT64_C(1) << 32) / 2 / SPOOL_BATCH_EVENTS_MAX <= PARTS_MAX &&
                   INTAKE_SEQUENCE_MAX <= UINT64_MAX / PARTS_MAX,
               "every part of a request has a sequence of its own");

const char *const door_names[DOOR_COUNT] = {
    [DOOR_NONE] = "none",
    [DOOR_ELASTIC] = "elastic",
    [DOOR_HEC] = "hec",
    [DOOR_OTLP] = "otlp",
    [DOOR_NDJSON] = "ndjson",
    [DOOR_SYSLOG_UDP] = "syslog-udp",
    [DOOR_SYSLOG_TCP] = "syslog-tcp",
    [DOOR_SYSLOG_TLS] = "syslog-tls",
    [DOOR_REPLAY] = "replay",
};

struct intake {
    struct intake_options options;
    _Atomic int trouble;           /* what the spool said last: 0 or -errno */
    _Atomic int64_t trouble_until; /* ticks */
    _Atomic uint64_t counted[SPOOL_PARTITIONS_MAX], counted_dead; /* offsets */
};

/* A batch on its way into the spool, an append after the other. */
struct intake_request {
    struct intake_batch *batch;
    struct intake_batch own; /* where the caller has its batch back already */
    intake_done *done;
    void *context;
    struct intake_result result;
    uint32_t n_part; /* events of the append under way */
    uint32_t n_repeated;
    uint32_t *ends;                                    /* of a part that does not begin the batch */
    char peer[SPOOL_LABEL_MAX], hint[SPOOL_LABEL_MAX]; /* of `own`, while there is more to append */
};

static spool_done events_done, rejects_done;

struct intake *intake_new(const struct intake_options *options)
{
    struct intake *intake = calloc(1, sizeof(*intake));
    if (intake)
        intake->options = *options;
    return intake;
}

void intake_free(struct intake *intake)
{
    free(intake);
}

const struct intake_options *intake_options(const struct intake *intake)
{
    return &intake->options;
}

_Atomic uint64_t *intake_counted(struct intake *intake, uint32_t partition)
{
    return &intake->counted[partition];
}

_Atomic uint64_t *intake_counted_dead(struct intake *intake)
{
    return &intake->counted_dead;
}

int intake_ready(const struct intake *intake)
{
    int trouble = atomic_load(&intake->trouble);
    return trouble && clock_ticks_us() < atomic_load(&intake->trouble_until) ? trouble : 0;
}

/* Remembers what the spool says, and returns it. */
static int heard(struct intake *intake, int status)
{
    if (status < 0)
        atomic_store(&intake->trouble_until, clock_ticks_us() + INTAKE_TROUBLE_US);
    if (atomic_load(&intake->trouble) != status)
        atomic_store(&intake->trouble, status);
    return status;
}

/* ---- a batch grows ---- */

static uint32_t unfinished(const struct intake_batch *batch)
{
    return batch->head.n - batch->events_done.n_stored + batch->n_rejects -
           batch->rejects_done.n_stored;
}

/* Forgets what it holds; what had been received and is not stored has failed. */
static void empty(struct intake_batch *batch)
{
    if (batch->counted) {
        atomic_fetch_sub(&batch->sender->account.in_flight, unfinished(batch));
        atomic_fetch_add(&batch->sender->account.failed, unfinished(batch));
    }
    buf_clear(&batch->bytes);
    buf_clear(&batch->rejects);
    batch->head.n = 0;
    batch->head.split = false;
    batch->n_rejects = 0;
    batch->events_done = batch->rejects_done = (struct intake_progress){0};
    batch->failed = batch->counted = false;
}

void intake_batch_free(struct intake_batch *batch)
{
    empty(batch);
    buf_free(&batch->bytes);
    buf_free(&batch->rejects);
    free(batch->ends);
    free(batch->reject_ends);
    *batch = (struct intake_batch){0};
}

void intake_begin(struct intake_batch *batch, struct intake *intake, struct sender *sender,
                  enum door door, enum format_id format, struct str peer, struct str hint)
{
    empty(batch);
    batch->intake = intake;
    batch->sender = sender;
    batch->keep = false;
    batch->head = (struct spool_batch){
        .agency = sender->agency,
        .source = sender->source,
        .peer = str_first(peer, SPOOL_LABEL_MAX),
        .hint = str_first(hint, SPOOL_LABEL_MAX),
        .received = clock_now_us(),
        .format = (uint8_t)format,
        .door = (uint8_t)door,
    };
}

/* Notes that an event ends at the end of `bytes`. */
static bool add_end(const struct buf *bytes, uint32_t **ends, size_t *cap, uint32_t *n)
{
    if (bytes->failed || bytes->len > UINT32_MAX)
        return false;
    if (*n == *cap) {
        uint32_t *grown = vec_grow(*ends, cap, (size_t)*n + 1, sizeof(**ends));
        if (!grown)
            return false;
        *ends = grown;
    }
    (*ends)[(*n)++] = (uint32_t)bytes->len;
    return true;
}

void intake_reject(struct intake_batch *batch, struct str bytes, const char *reason)
{
    buf_add_c(&batch->rejects, reason);
    buf_add_byte(&batch->rejects, '\n');
    /* One byte more than may be: it is too large for ever. */
    buf_add_str(&batch->rejects, str_first(bytes, INTAKE_EVENT_MAX + 1));
    buf_add_byte(&batch->rejects, '\n');
    if (!add_end(&batch->rejects, &batch->reject_ends, &batch->reject_ends_cap, &batch->n_rejects))
        batch->failed = true;
}

const char *intake_flaw(const struct intake_batch *batch, struct str event)
{
    if (event.len == 0)
        return "an empty event";
    if (event.len > INTAKE_EVENT_MAX)
        return "an event longer than 1 MiB";
    return batch->head.format == FORMAT_JSON ? json_check(event) : NULL;
}

_Static_assert(INTAKE_EVENT_MAX == 1u << 20, "intake_flaw() says so");

/* The event is at the end of batch->bytes, with its line end. */
static bool take(struct intake_batch *batch, struct str event)
{
    if (str_index(event, '\n') < event.len)
        batch->head.split = true;
    if (!add_end(&batch->bytes, &batch->ends, &batch->ends_cap, &batch->head.n))
        batch->failed = true;
    return true;
}

bool intake_add(struct intake_batch *batch, struct str event)
{
    const char *reason = intake_flaw(batch, event);
    if (reason) {
        intake_reject(batch, event, reason);
        return false;
    }
    char *end = buf_reserve(&batch->bytes, event.len + 1);
    if (end) {
        memcpy(end, event.ptr, event.len);
        end[event.len] = '\n';
        batch->bytes.len += event.len + 1;
    }
    return take(batch, event);
}

bool intake_added(struct intake_batch *batch, size_t start)
{
    struct str event = str_skip(buf_str(&batch->bytes), start);
    const char *reason = batch->bytes.failed ? NULL : intake_flaw(batch, event);
    if (reason) {
        intake_reject(batch, event, reason);
        batch->bytes.len = start;
        return false;
    }
    size_t len = event.len;
    buf_add_byte(&batch->bytes, '\n');
    return take(batch, str_first(str_skip(buf_str(&batch->bytes), start), len));
}

/* ---- a batch goes into the spool ---- */

/* What is appended to one of the spools. */
struct run {
    const char *bytes;
    const uint32_t *ends;
    uint32_t n;
    bool split;
};

static struct run events_of(const struct intake_batch *batch)
{
    return (struct run){batch->bytes.ptr, batch->ends, batch->head.n, batch->head.split};
}

static struct run rejects_of(const struct intake_batch *batch)
{
    return (struct run){batch->rejects.ptr, batch->reject_ends, batch->n_rejects, true};
}

/* How many events from `first` on fit into one batch of the spool. */
static uint32_t part_length(const struct run *run, uint32_t first)
{
    uint32_t start = first ? run->ends[first - 1] : 0;
    uint32_t n = run->n - first;
    if (n > SPOOL_BATCH_EVENTS_MAX)
        n = SPOOL_BATCH_EVENTS_MAX;
    while (run->ends[first + n - 1] - start > SPOOL_BATCH_BYTES_MAX)
        n--;
    return n;
}

/* The ends of a part of the run, from its own start. NULL: no memory. */
static const uint32_t *part_ends(struct intake_request *request, const struct run *run,
                                 uint32_t first, uint32_t n)
{
    if (first == 0)
        return run->ends;
    uint32_t *ends = reallocarray(request->ends, n, sizeof(*ends));
    if (!ends)
        return NULL;
    request->ends = ends;
    for (uint32_t i = 0; i < n; i++)
        ends[i] = run->ends[first + i] - run->ends[first - 1];
    return ends;
}

/*
 * Appends the next part of a run. Each part of a request has a sequence of its own, the same whenever it is
 * sent again; and no sender can use up the sequences of another's producer.
 */
static int append_part(struct intake_request *request, const struct run *run,
                       const struct intake_progress *progress, bool rejects)
{
    const struct intake_batch *batch = request->batch;
    const struct intake_options *options = &batch->intake->options;
    struct spool_batch part = batch->head;
    uint32_t first = progress->n_stored;
    if (part.producer) {
        uint64_t names = hash_mix(hash_text(part.agency), hash_text(part.source));
        part.producer = hash_mix(part.producer, names) | 1;
        part.sequence = part.sequence * PARTS_MAX + progress->part;
    }
    part.n = request->n_part = part_length(run, first);
    part.bytes = run->bytes + (first ? run->ends[first - 1] : 0);
    part.ends = part_ends(request, run, first, part.n);
    part.split = run->split;
    if (!part.ends)
        return -ENOMEM;
    if (rejects)
        return options->engine->append(options->dead, 0, &part, rejects_done, request);
    return options->engine->append(options->spool, batch->sender->partition, &part, events_done,
                                   request);
}

/*
 * The next append, of bytes that `holder` has. 0: it is under way, and the request may be gone already;
 * 1: there is nothing left to append; or -errno.
 */
static int advance(struct intake_request *request, const struct intake_batch *holder)
{
    struct intake_batch *batch = request->batch;
    struct run rejects = rejects_of(holder), events = events_of(holder);
    int status = 1;
    if (batch->rejects_done.n_stored < rejects.n)
        status = append_part(request, &rejects, &batch->rejects_done, true);
    else if (batch->events_done.n_stored < events.n)
        status = append_part(request, &events, &batch->events_done, false);
    return status < 0 ? heard(holder->intake, status) : status;
}

static void finish(struct intake_request *request, int status)
{
    struct intake_batch *batch = request->batch;
    request->result.status = status;
    request->result.rejected = batch->n_rejects;
    request->result.repeated = status == 0 && batch->head.n && request->n_repeated == batch->head.n;
    if (status == 0)
        empty(batch);
    intake_batch_free(&request->own);
    request->done(request->context, &request->result);
    free(request->ends);
    free(request);
}

/* After an append that was durable, or was not. */
static void go_on(struct intake_request *request, int status)
{
    heard(request->batch->intake, status);
    if (status == 0)
        status = advance(request, request->batch);
    if (status != 0)
        finish(request, status < 0 ? status : 0);
}

static void rejects_done(void *context, const struct spool_receipt *receipt)
{
    struct intake_request *request = context;
    struct intake_batch *batch = request->batch;
    if (receipt->status == 0) {
        batch->rejects_done.n_stored += request->n_part;
        batch->rejects_done.part++;
        struct account *account = &batch->sender->account;
        if (receipt->repeated)
            atomic_fetch_add(&account->rejected, request->n_part);
        else
            account_count(&account->rejected, &account->rejected_until, receipt->offset,
                          request->n_part);
        atomic_fetch_sub(&account->in_flight, request->n_part);
        if (!receipt->repeated)
            atomic_store(&batch->intake->counted_dead, receipt->offset + request->n_part);
    }
    go_on(request, receipt->status);
}

static void events_done(void *context, const struct spool_receipt *receipt)
{
    struct intake_request *request = context;
    struct intake_batch *batch = request->batch;
    uint32_t n = request->n_part;
    if (receipt->status == 0) {
        struct account *account = &batch->sender->account;
        if (batch->events_done.n_stored == 0)
            request->result.offset = receipt->offset;
        batch->events_done.n_stored += n;
        batch->events_done.part++;
        request->n_repeated += receipt->repeated ? n : 0;
        request->result.stored += receipt->repeated ? 0 : n;
        if (receipt->repeated)
            atomic_fetch_add(&account->repeated, n);
        else
            account_count(&account->stored, &account->stored_until, receipt->offset, n);
        atomic_fetch_sub(&account->in_flight, n);
        if (!receipt->repeated)
            atomic_store(&batch->intake->counted[receipt->partition], receipt->offset + n);
    }
    go_on(request, receipt->status);
}

/* Is one append enough? Then the caller can have its batch back at once. */
static bool is_one_append(const struct intake_batch *batch)
{
    struct run events = events_of(batch), rejects = rejects_of(batch);
    const struct run *only = events.n ? &events : &rejects;
    return (events.n == 0 || rejects.n == 0) && part_length(only, 0) == only->n;
}

static struct str copy_text(struct str text, char room[static SPOOL_LABEL_MAX])
{
    if (text.len)
        memcpy(room, text.ptr, text.len);
    return str_of(room, text.len);
}

/*
 * What the request needs of a batch that goes back to the caller: all of it, or all but the bytes, which
 * its only append copies while the caller waits. Returns who holds the bytes.
 */
static struct intake_batch *take_over(struct intake_request *request, struct intake_batch *batch)
{
    if (batch->keep) {
        request->batch = batch;
        return batch;
    }
    bool lend = is_one_append(batch);
    struct intake_batch *loser = lend ? &request->own : batch;
    request->batch = &request->own;
    request->own = *batch;
    loser->bytes = loser->rejects = (struct buf){0};
    loser->ends = loser->reject_ends = NULL;
    loser->ends_cap = loser->reject_ends_cap = 0;
    batch->counted = false;
    request->own.head.peer = copy_text(request->own.head.peer, request->peer);
    request->own.head.hint = copy_text(request->own.head.hint, request->hint);
    return lend ? batch : &request->own;
}

/* Counts what is received. */
static void count(struct intake_batch *batch)
{
    struct account *account = &batch->sender->account;
    uint32_t n = batch->head.n + batch->n_rejects;
    if (batch->counted)
        return;
    batch->counted = true;
    atomic_fetch_add(&account->received, n);
    atomic_fetch_add(&account->in_flight, n);
    atomic_fetch_add(&account->bytes, batch->bytes.len - batch->head.n);
    atomic_store(&account->last, batch->head.received);
}

/* The batch is of no more use here, whatever became of it. */
static int give_up(struct intake_batch *batch, int status)
{
    empty(batch);
    return status;
}

int intake_submit(struct intake_batch *batch, intake_done *done, void *context)
{
    if (batch->head.n + batch->n_rejects == 0 && !batch->failed) {
        done(context, &(struct intake_result){.partition = batch->sender->partition});
        return 0;
    }
    count(batch);
    if (batch->failed)
        return give_up(batch, -ENOMEM);
    if (batch->head.sequence > INTAKE_SEQUENCE_MAX)
        return give_up(batch, -EINVAL);
    struct intake_request *request = calloc(1, sizeof(*request));
    if (!request)
        return batch->keep ? -ENOMEM : give_up(batch, -ENOMEM);

    request->done = done;
    request->context = context;
    request->result.partition = batch->sender->partition;
    bool keep = batch->keep;
    const struct intake_batch *holder = take_over(request, batch);
    int status = advance(request, holder);
    assert(status <= 0);
    if (status < 0) {
        intake_batch_free(&request->own);
        free(request->ends);
        free(request);
    }
    return keep ? status : give_up(batch, status);
}
