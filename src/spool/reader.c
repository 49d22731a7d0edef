#include "spool/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/scan.h"

#define NO_SEGMENT UINT64_MAX

/*
 * Reads run by run. `wants` decides: a record that begins behind it means that something between is damaged,
 * however the damage looks.
 */
struct spool_reader {
    struct spool *spool;
    uint32_t partition;
    uint64_t wants;
    uint64_t segment; /* number of the one that `fd` is, or NO_SEGMENT */
    int fd;
    struct scan scan; /* of a run; used up: the next run is looked for */
    bool seeks;       /* what lies before the offset it wants is passed over unread */
};

struct spool_reader *spool_local_reader_new(struct spool *spool, uint32_t partition,
                                            uint64_t offset)
{
    struct spool_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return NULL;
    *reader = (struct spool_reader){
        .spool = spool, .partition = partition, .wants = offset, .segment = NO_SEGMENT, .fd = -1};
    return reader;
}

/* The place of a segment in the list, or its length. With the lock. */
static size_t index_of(const struct spool *spool, uint64_t number)
{
    size_t i = 0;
    while (i < spool->segments.len && spool->segments.items[i]->number != number)
        i++;
    return i;
}

void spool_forget_runs(struct spool *spool)
{
    for (;;) {
        struct segment *oldest = NULL;
        size_t n = 0;
        for (size_t i = 0; i + 1 < spool->segments.len; i++) {
            struct segment *segment = spool->segments.items[i];
            if (!segment->runs || segment->readers > 0)
                continue;
            n++;
            if (!oldest || segment->used < oldest->used)
                oldest = segment;
        }
        if (n <= RUNS_KEPT)
            return;
        segment_runs_free(oldest->runs, spool->partitions);
        oldest->runs = NULL;
    }
}

static void leave_segment(struct spool_reader *reader)
{
    struct spool *spool = reader->spool;
    if (reader->fd < 0)
        return;
    close(reader->fd);
    reader->fd = -1;
    pthread_mutex_lock(&spool->lock);
    size_t i = index_of(spool, reader->segment);
    if (i < spool->segments.len) {
        spool->segments.items[i]->readers--;
        spool->segments.items[i]->used = ++spool->uses;
        spool_forget_runs(spool);
    }
    pthread_mutex_unlock(&spool->lock);
    reader->segment = NO_SEGMENT;
}

void spool_local_reader_free(struct spool_reader *reader)
{
    if (!reader)
        return;
    leave_segment(reader);
    scan_free(&reader->scan);
    free(reader);
}

/* The last segment that begins at or before `offset`; there is one. With the lock. */
static size_t find_segment(const struct spool_reader *reader, uint64_t offset)
{
    const struct spool *spool = reader->spool;
    size_t low = 0, high = spool->segments.len;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (spool->segments.items[middle]->base[reader->partition] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Opens segment `number` for this reader. 0, -ESTALE: it went meanwhile, or another -errno. */
static int enter_segment(struct spool_reader *reader, uint64_t number)
{
    struct spool *spool = reader->spool;
    char name[SEGMENT_NAME_MAX];
    leave_segment(reader);
    segment_name(name, number);
    int fd = openat(spool->folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return -errno;
    pthread_mutex_lock(&spool->lock);
    size_t i = index_of(spool, number);
    bool there = i < spool->segments.len;
    if (there && fd >= 0)
        spool->segments.items[i]->readers++;
    pthread_mutex_unlock(&spool->lock);
    if (fd < 0)
        return there ? -ENOENT : -ESTALE;
    if (!there) {
        close(fd);
        return -ESTALE;
    }
    reader->fd = fd;
    reader->segment = number;
    scan_move(&reader->scan, fd, 0, 0, 0);
    return 0;
}

/* Finds the runs of the segment that the reader is in, without the lock. 0, -ESTALE or -ENOMEM. */
static int learn_runs(struct spool_reader *reader)
{
    struct spool *spool = reader->spool;
    uint64_t base[SPOOL_PARTITIONS_MAX];
    struct segment known = {0};
    pthread_mutex_lock(&spool->lock);
    size_t i = index_of(spool, reader->segment);
    bool there = i < spool->segments.len;
    if (there) {
        known = *spool->segments.items[i];
        memcpy(base, known.base, spool->partitions * sizeof(*base));
        known.base = base;
    }
    pthread_mutex_unlock(&spool->lock);
    if (!there)
        return -ESTALE;

    struct run_list *runs = segment_runs_read(&known, reader->fd, spool->partitions);
    if (!runs)
        return -ENOMEM;
    pthread_mutex_lock(&spool->lock);
    i = index_of(spool, reader->segment);
    struct segment *segment = i < spool->segments.len ? spool->segments.items[i] : NULL;
    /* Another reader may have been faster, or the segment has grown: then the next try is right. */
    if (segment && !segment->runs && segment->size == known.size) {
        segment->runs = runs;
        runs = NULL;
    }
    pthread_mutex_unlock(&spool->lock);
    segment_runs_free(runs, spool->partitions);
    return 0;
}

enum found { FOUND_RUN, FOUND_END, FOUND_GONE, FOUND_GAP, FOUND_SEGMENT, FOUND_NO_RUNS };

/*
 * Where the reader should be: at a run; at the end of what is durable; it has to enter segment
 * *ret_segment or learn its runs first; nothing is there before the offset *ret_offset. With the lock.
 */
static enum found find_place(struct spool_reader *reader, uint64_t *ret_segment,
                             uint64_t *ret_offset)
{
    const struct spool *spool = reader->spool;
    uint32_t p = reader->partition;
    *ret_offset = spool->segments.items[0]->base[p];
    if (reader->wants < *ret_offset)
        return FOUND_GONE;
    if (reader->wants >= spool->durable[p])
        return FOUND_END;
    if (reader->scan.next < reader->scan.end)
        return FOUND_RUN;

    size_t i = find_segment(reader, reader->wants);
    const struct segment *segment = spool->segments.items[i];
    *ret_segment = segment->number;
    if (segment->number != reader->segment && !segment->damaged)
        return FOUND_SEGMENT;
    if (!segment->damaged && !segment->runs)
        return FOUND_NO_RUNS;
    const struct run *run =
        segment->damaged ? NULL
                         : segment_run_find(&segment->runs[p], reader->wants, reader->scan.next);
    if (run) {
        uint64_t start = run->at > reader->scan.next ? run->at : reader->scan.next;
        scan_move(&reader->scan, reader->fd, segment->salt, start, (uint64_t)run->at + run->size);
        reader->seeks = run->offset < reader->wants && start == run->at;
        return FOUND_RUN;
    }
    *ret_offset =
        i + 1 < spool->segments.len ? spool->segments.items[i + 1]->base[p] : spool->durable[p];
    return FOUND_GAP;
}

/* Goes to a run: 1; 0: there is no more; or what read() is to say. */
static int go_to_run(struct spool_reader *reader, uint64_t *ret_offset)
{
    struct spool *spool = reader->spool;
    for (;;) {
        uint64_t number = NO_SEGMENT, offset;
        pthread_mutex_lock(&spool->lock);
        enum found found = find_place(reader, &number, &offset);
        pthread_mutex_unlock(&spool->lock);
        int status = 0;
        switch (found) {
        case FOUND_RUN:
            return 1;
        case FOUND_END:
            return 0;
        case FOUND_GONE:
        case FOUND_GAP:
            reader->wants = *ret_offset = offset;
            scan_move(&reader->scan, reader->fd, 0, reader->scan.next, reader->scan.next);
            return found == FOUND_GONE ? -ERANGE : -EBADMSG;
        case FOUND_SEGMENT:
            status = enter_segment(reader, number);
            break;
        case FOUND_NO_RUNS:
            status = learn_runs(reader);
            break;
        }
        if (status < 0 && status != -ESTALE)
            return status;
    }
}

/* 1: a sound record that holds or follows the wanted offset. 0: not yet, or the run ends. Or -errno. */
static int next_record(struct spool_reader *reader, struct record *ret_record)
{
    int status = scan_next(&reader->scan, reader->seeks ? SCAN_HEADS : SCAN_BODIES, ret_record);
    if (status != 1)
        return status == -EBADMSG ? 0 : status; /* damage shows by what is missing */
    if (ret_record->kind != RECORD_BATCH || ret_record->partition != reader->partition ||
        ret_record->offset + ret_record->n <= reader->wants)
        return 0;
    if (!reader->seeks)
        return 1;
    reader->seeks = false; /* from here on whole records are read, this one first */
    reader->scan.next = reader->scan.at;
    return 0;
}

int spool_local_read(struct spool_reader *reader, struct spool_batch *ret_batch,
                     uint64_t *ret_offset)
{
    int status;
    while ((status = go_to_run(reader, ret_offset)) == 1) {
        struct record record;
        struct spool_batch batch;
        status = next_record(reader, &record);
        if (status < 0)
            return status;
        if (status == 0)
            continue;
        if (record.offset > reader->wants) {
            reader->scan.next = reader->scan.at; /* this record is the next call's */
            reader->wants = *ret_offset = record.offset;
            return -EBADMSG;
        }
        if (record_batch_read(scan_bytes(&reader->scan), &record, &batch) < 0)
            continue;
        reader->wants = record.offset + record.n;
        *ret_batch = batch;
        *ret_offset = record.offset;
        return 1;
    }
    return status;
}
