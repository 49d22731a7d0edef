/* Batches of the spool as rows of the lake, in their order, with nothing left out. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "watch/store_state.h"

/* ---- rows ---- */

/*
 * The lake has no room for the row now, or refuses it. Without memory it waits: half an event can't be left. What is
 * refused is put without its values.
 */
static int put_again(struct store *store, struct lake_row *row, int status)
{
    const struct lake_ops *ops = store->options.lake_engine;
    if (status == -ENOBUFS) {
        if (store_commit(store) < 0)
            return -ESTALE;
        status = ops->put(store->options.lake, row);
    }
    while (status == -ENOMEM) {
        if (store_stopping(store)) {
            store->halved = true;
            return -ECANCELED;
        }
        usleep(STORE_RETRY_MIN_US);
        status = ops->put(store->options.lake, row);
    }
    if (status == -EINVAL) {
        row->n_cells = 0;
        row->dataset = STR(LAKE_UNRECOGNISED);
        status = ops->put(store->options.lake, row);
    }
    if (status == -EINVAL) {
        char id[LAKE_ID_TEXT_MAX];
        lake_id_format(&row->id, id);
        log_say(LOG_ERROR, "lake.refused", "event %s is none that the lake takes", id);
        store->counts.refused++;
        return 0;
    }
    return status;
}

static int put_row(struct store *store, struct lake_row *row)
{
    const struct store_batch *batch = &store->batch;
    int r = store->options.lake_engine->put(store->options.lake, row);
    if (r < 0)
        r = put_again(store, row, r);
    if (r < 0)
        return r;
    if (store->since == 0) {
        store->since = clock_ticks_us();
        store->oldest = batch->batch->received;
    }
    store->gathered += row->raw.len;
    if (batch->batch->received < store->oldest)
        store->oldest = batch->batch->received;
    store->counts.rows++;
    store->counts.unrecognised += str_eq(row->dataset, STR(LAKE_UNRECOGNISED));
    return 0;
}

static struct lake_id id_at(const struct store_batch *batch, uint32_t index, uint32_t part)
{
    return (struct lake_id){batch->partition, batch->offset + index, part};
}

/* Rows of an event begin: the last good moment to commit, when much is gathered. */
static int make_room(struct store *store, uint32_t index)
{
    struct store_partition *partition = &store->partitions[store->batch.partition];
    partition->position = store->batch.offset + index;
    if (store->gathered < store->options.commit_bytes)
        return 0;
    store->moved = true;
    return store_commit(store) < 0 ? -ESTALE : 0;
}

/* A spool event, or what is left of it, as it came. */
static int put_unread(struct store *store, uint32_t index, uint32_t part)
{
    const struct store_batch *batch = &store->batch;
    struct lake_row row = {
        .id = id_at(batch, index, part),
        .time = TIME_UNSET,
        .received = batch->batch->received,
        .agency = batch->batch->agency,
        .source = batch->batch->source,
        .dataset = STR(LAKE_UNRECOGNISED),
        .format = str_from_c(batch->format),
        .raw = spool_event(batch->batch, index),
    };
    int r = part == 0 ? make_room(store, index) : 0;
    if (r == 0)
        r = put_row(store, &row);
    store->counts.unread += r == 0;
    return r;
}

/* ---- an event of the spool, and the records in it ---- */

/* Was there an error in it? Asked in the order of events. */
static bool is_broken(struct store_batch *batch, uint32_t index)
{
    while (batch->n_broken < batch->broken.len && batch->broken.items[batch->n_broken] < index)
        batch->n_broken++;
    return batch->n_broken < batch->broken.len && batch->broken.items[batch->n_broken] == index;
}

/* Do rows have all of the event at hand? */
static bool is_whole(struct store_batch *batch)
{
    if (batch->parts == 0)
        return batch->at < batch->until;
    return !is_broken(batch, batch->at) ||
           batch->covered >= str_trim(spool_event(batch->batch, batch->at)).len;
}

/* What of the event at hand no row has is put as it came; then it is the next one's turn. */
static int finish_event(struct store *store)
{
    struct store_batch *batch = &store->batch;
    int r = is_whole(batch) ? 0 : put_unread(store, batch->at, batch->parts);
    if (r < 0)
        return r;
    batch->at++;
    batch->parts = batch->covered = 0;
    return 0;
}

/* Events before that one have all their rows. */
static int finish_until(struct store *store, uint32_t index)
{
    int r = 0;
    while (r == 0 && store->batch.at < index)
        r = finish_event(store);
    return r;
}

static int hold_row(struct store_batch *batch, const struct lake_row *row)
{
    struct lake_row copy;
    return store_row_copy(&batch->arena, row, &copy) ? vec_push(&batch->held, copy) : -ENOMEM;
}

static int take_event(void *context, struct event *event, struct batch_place place)
{
    struct store *store = context;
    struct store_batch *batch = &store->batch;
    struct lake_row row;
    uint32_t last = batch_reader_last(&store->reading, event);
    int r = 0;
    if (!batch->mixed)
        r = finish_until(store, place.index);
    if (r == 0 && !batch->mixed && place.part == 0)
        r = make_room(store, place.index);
    if (r < 0)
        return r;
    store_row_make(store, event, &row);
    row.id = id_at(batch, place.index, place.part);
    if (batch->mixed)
        return hold_row(batch, &row);
    r = put_row(store, &row);
    if (r < 0)
        return r;
    batch->parts = place.part + 1;
    batch->covered += (uint32_t)event->raw.len;
    if (last + 1 > batch->until)
        batch->until = last + 1;
    return 0;
}

/* What mixed formats cannot read they keep by themselves. */
static void note_error(void *context, uint32_t index)
{
    struct store_batch *batch = &((struct store *)context)->batch;
    if (!batch->mixed && vec_push(&batch->broken, index) < 0)
        batch->n_broken = 0; /* without memory a rest is not told from a whole */
}

/* ---- rows out of order ---- */

static int by_id(const void *a, const void *b)
{
    const struct lake_row *x = a, *y = b;
    if (x->id.offset != y->id.offset)
        return x->id.offset < y->id.offset ? -1 : 1;
    return x->id.part < y->id.part ? -1 : x->id.part > y->id.part;
}

static int put_held(struct store *store)
{
    struct store_batch *batch = &store->batch;
    int r = 0;
    if (batch->held.len)
        qsort(batch->held.items, batch->held.len, sizeof(*batch->held.items), by_id);
    for (size_t i = 0; r == 0 && i < batch->held.len; i++) {
        struct lake_row *row = &batch->held.items[i];
        r = make_room(store, (uint32_t)(row->id.offset - batch->offset));
        if (r == 0)
            r = put_row(store, row);
    }
    batch->held.len = 0;
    arena_reset(&batch->arena);
    return r;
}

/* ---- batches ---- */

static void begin_batch(struct store *store, uint32_t partition, uint64_t offset,
                        const struct spool_batch *from, uint32_t first)
{
    struct store_batch *batch = &store->batch;
    const struct format *format = batch_format(from);
    batch->batch = from;
    batch->partition = partition;
    batch->offset = offset;
    batch->format = format->name;
    batch->mixed = format->id == FORMAT_AUDITD && !from->split;
    batch->at = batch->until = first;
    batch->parts = batch->covered = 0;
    batch->n_broken = 0;
    batch->broken.len = batch->held.len = 0;
    arena_reset(&batch->arena);
}

/*
 * Reading ended inside of the batch. What was put of it stays put: it goes on behind that, and an event that has
 * some of its rows gets the rest of itself as it came.
 */
static void leave_batch(struct store *store)
{
    struct store_batch *batch = &store->batch;
    if (batch->mixed)
        return;
    if (batch->parts > 0 && vec_push(&batch->broken, batch->at) == 0 && finish_event(store) < 0)
        return;
    store->partitions[batch->partition].position = batch->offset + batch->at;
    store->moved = true;
}

/* The events of the batch from the partition's position on. 0, or -errno: -ESTALE, a commit failed. */
static int read_batch(struct store *store, uint32_t number, uint64_t offset,
                      const struct spool_batch *batch)
{
    struct store_partition *partition = &store->partitions[number];
    if (offset > partition->position) {
        store->counts.gone += offset - partition->position;
        partition->position = offset;
    }
    uint64_t skip = partition->position - offset;
    if (skip >= batch->n)
        return 0;
    uint32_t first = (uint32_t)skip, start = first ? batch->ends[first - 1] : 0;
    begin_batch(store, number, offset, batch, first);
    int r = batch_reader_run(&store->reading, batch, first, batch->n);
    if (r == 0)
        r = store->batch.mixed ? put_held(store) : finish_until(store, batch->n);
    if (r < 0 && r != -ESTALE && !store->halved)
        leave_batch(store);
    if (r < 0)
        return r;
    partition->position = offset + batch->n;
    store->moved = true;
    store->counts.events += batch->n - first;
    store->counts.bytes += batch->ends[batch->n - 1] - start;
    return 0;
}

/* A place of the spool that can't be read: said, counted, passed by. */
static void pass_damage(struct store *store, uint32_t number, int status, uint64_t goes_on)
{
    struct store_partition *partition = &store->partitions[number];
    struct log_line line;
    bool gone = status == -ERANGE;
    store->counts.damaged += !gone;
    log_begin(&line, LOG_WARN, gone ? "lake.gone" : "lake.damaged");
    log_u64(&line, "partition", number);
    log_u64(&line, "offset", partition->position);
    if (!gone)
        log_u64(&line, "goes_on", goes_on);
    log_end(&line);
    if (!gone && goes_on > partition->position) {
        store->counts.gone += goes_on - partition->position;
        partition->position = goes_on;
        store->moved = true;
    }
}

static int read_next(struct store *store, uint32_t number, uint64_t *bytes)
{
    struct store_partition *partition = &store->partitions[number];
    struct spool_batch batch;
    uint64_t offset;
    int r = store->options.engine->read(partition->reader, &batch, &offset);
    if (r == 1) {
        partition->failing = false;
        *bytes += batch.ends[batch.n - 1];
        r = read_batch(store, number, offset, &batch);
        return r < 0 ? r : 1;
    }
    if (r == -ERANGE || r == -EBADMSG) {
        pass_damage(store, number, r, offset);
        return 1;
    }
    if (r < 0 && !partition->failing)
        log_say(LOG_WARN, "lake.read", "cannot read partition %u: %s", number, strerror(-r));
    partition->failing = r < 0;
    return r < 0 ? -EAGAIN : 0;
}

int store_read_equip(struct store *store)
{
    int r = batch_reader_init(&store->reading, store->version->fields, take_event, store);
    store->reading.error = note_error;
    return r;
}

int store_read(struct store *store, uint32_t number)
{
    struct store_partition *partition = &store->partitions[number];
    uint64_t first, next, bytes = 0;
    int r = 1;
    store->options.engine->bounds(store->options.spool, number, &first, &next);
    if (partition->position >= next)
        return 0;
    if (!partition->reader)
        partition->reader =
            store->options.engine->reader_new(store->options.spool, number, partition->position);
    if (!partition->reader)
        return -ENOMEM;
    while (r == 1 && bytes < STORE_ROUND_BYTES)
        r = read_next(store, number, &bytes);
    if (r < 0 && partition->reader) { /* it stands somewhere in the middle */
        store->options.engine->reader_free(partition->reader);
        partition->reader = NULL;
    }
    return r < 0 ? r : bytes > 0;
}
