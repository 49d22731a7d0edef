#include "spool/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "spool/scan.h"

#define CONSUMERS_FILE_MAX ((size_t)1 << 20)

struct numbers {
    uint64_t *items;
    size_t len, cap;
};

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Files that a spool has beside its segments, and what a fresh file system has. */
static bool is_expected(const char *name)
{
    static const char *const expected[] = {".", "..", "lock", "lost+found"};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        if (str_eq(str_from_c(name), str_from_c(expected[i])))
            return true;
    return false;
}

/*
 * The numbers of the segments that are there, in order. What a crash left half made is removed. A folder
 * that holds files of others and no segment is not ours to use.
 */
static int list_segments(struct spool *spool, const char *place, struct numbers *numbers,
                         struct err *err)
{
    DIR *folder = NULL;
    int fd = openat(spool->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || !(folder = fdopendir(fd))) {
        int status = -errno;
        if (fd >= 0)
            close(fd);
        return err_set(err, status, "%s: %s", place, strerror(-status));
    }
    char foreign[NAME_MAX + 1] = "";
    int status = 0;
    const struct dirent *entry;
    while (status == 0 && (entry = readdir(folder))) {
        uint64_t number;
        struct str name = str_from_c(entry->d_name);
        if (segment_number(entry->d_name, &number))
            status = vec_push(numbers, number);
        else if (str_ends(name, STR(".seg.new")) || str_eq(name, STR(CONSUMERS_FILE ".new")))
            unlinkat(spool->folder, entry->d_name, 0);
        else if (!is_expected(entry->d_name))
            memcpy(foreign, name.ptr, name.len + 1);
    }
    closedir(folder);
    if (status < 0)
        return err_set(err, status, "%s: no memory", place);
    if (numbers->len == 0 && foreign[0])
        return err_set(
            err, -EEXIST,
            "%s: there is '%s' but no segment of a spool; a new spool wants an empty folder", place,
            foreign);
    if (numbers->len > 0)
        qsort(numbers->items, numbers->len, sizeof(*numbers->items), compare_numbers);
    return 0;
}

/* What a head says against the name and against the segment behind. 0 or -errno and *err. */
static int accept_head(struct spool *spool, const char *path, struct segment *segment,
                       uint64_t number, uint64_t id, uint32_t partitions,
                       const struct segment *behind, struct err *err)
{
    if (!behind) {
        spool->id = id;
        spool->partitions = partitions;
    }
    if (segment->number != number)
        return err_set(err, -EBADMSG, "%s: it is segment %llu under a wrong name", path,
                       (unsigned long long)segment->number);
    if (id != spool->id || partitions != spool->partitions)
        return err_set(err, -EBADMSG, "%s: it belongs to another spool", path);
    for (uint32_t i = 0; behind && i < partitions; i++)
        if (segment->base[i] > behind->base[i])
            return err_set(err, -EBADMSG, "%s: its offsets are behind those of the next segment",
                           path);
    return 0;
}

/*
 * Reads the head of segment `number`; `behind` is the segment after it, NULL for the last. One whose head is
 * damaged is kept as a segment in which nothing can be read; not so the last, which says what comes next.
 */
static int load_segment(struct spool *spool, const char *place, uint64_t number,
                        const struct segment *behind, struct segment **ret_segment, int *ret_fd,
                        struct err *err)
{
    char name[SEGMENT_NAME_MAX], path[ERR_MESSAGE_MAX / 2];
    segment_name(name, number);
    snprintf(path, sizeof(path), "%s/%s", place, name);
    int fd = openat(spool->folder, name, (behind ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    struct segment *segment = segment_new(behind ? spool->partitions : 1);
    uint64_t id;
    uint32_t partitions;
    struct stat st;
    int status = segment ? segment_head_read(segment, fd, &id, &partitions) : -ENOMEM;
    if (status == 0) {
        status = accept_head(spool, path, segment, number, id, partitions, behind, err);
    } else if (status == -EBADMSG && behind) {
        segment->damaged = true;
        segment->number = number;
        segment->created = behind->created;
        memcpy(segment->base, behind->base, spool->partitions * sizeof(*segment->base));
        status = 0;
    } else {
        err_set(err, status, "%s: %s", path,
                status == -EBADMSG  ? "it is no segment of a spool, or its head is damaged"
                : status == -EPROTO ? "it was written by another version of jaga"
                                    : strerror(-status));
    }
    if (status == 0 && fstat(fd, &st) < 0)
        status = err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (status < 0) {
        segment_free(segment, spool->partitions);
        close(fd);
        return status;
    }
    segment->size = (uint64_t)st.st_size;
    if (behind && behind->number == number + 1 && !behind->damaged)
        segment->size = spool_least(segment->size, behind->previous_size);
    if (behind)
        close(fd);
    else
        *ret_fd = fd;
    *ret_segment = segment;
    return 0;
}

/* From the newest, which says what they all are part of, to the oldest. */
static int load_segments(struct spool *spool, const char *place, const struct numbers *numbers,
                         struct err *err)
{
    if (vec_reserve(&spool->segments, numbers->len) < 0)
        return err_set(err, -ENOMEM, "%s: no memory", place);
    struct segment **items = spool->segments.items, *behind = NULL;
    int status = 0;
    size_t i = numbers->len;
    while (status == 0 && i > 0) {
        i--;
        status = load_segment(spool, place, numbers->items[i], behind, &items[i], &spool->fd, err);
        if (status == 0)
            behind = items[i];
    }
    if (status < 0) {
        for (size_t k = i + 1; k < numbers->len; k++)
            segment_free(items[k], spool->partitions);
        return status;
    }
    spool->segments.len = numbers->len;
    for (i = 0; i < numbers->len; i++)
        spool->stats.size += items[i]->size;
    return 0;
}

/*
 * Where the last segment ends: behind its last whole commit group. A group that is not whole was never
 * acknowledged; what there is of it goes too, for it may hold a producer's later batches without its earlier
 * ones, which would then count as repeated. But a place that is no record and is followed by a group that was
 * begun behind it was durable once: that is damage, and stays.
 */
static int find_end(const struct spool *spool, uint64_t *ret_end)
{
    const struct segment *segment = spool_active(spool);
    uint64_t end = segment_head_size(spool->partitions), hole = UINT64_MAX;
    struct scan scan;
    struct record record;
    int status;
    scan_init(&scan, spool->fd, segment->salt, end, segment->size);
    while ((status = scan_next(&scan, SCAN_BODIES, &record)) != 0) {
        if (status < 0 && status != -EBADMSG)
            break;
        if (status == -EBADMSG) {
            hole = hole == UINT64_MAX ? scan.at : hole;
            continue;
        }
        if (hole != UINT64_MAX && scan.at - record.back > hole)
            hole = UINT64_MAX;
        if (hole == UINT64_MAX && record.flags & RECORD_LAST)
            end = scan.next;
    }
    scan_free(&scan);
    if (status == 0)
        *ret_end = end;
    return status;
}

static int take_producer(struct spool *spool, uint64_t producer, uint64_t sequence)
{
    if (producers_has(&spool->producers, producer, sequence))
        return 0;
    int status = producers_queue(&spool->producers, producer, sequence);
    if (status == 0)
        producers_commit(&spool->producers, producer, sequence);
    return status;
}

/* The last segment begins with the table of producers as it was then. */
static int take_producers(struct spool *spool, const char *bytes, uint32_t n)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < n; i++) {
        uint64_t producer, sequence;
        record_producer_read(bytes, i, &producer, &sequence);
        status = take_producer(spool, producer, sequence);
    }
    return status;
}

static int take_batch(struct spool *spool, uint64_t at, const struct record *record)
{
    struct segment *segment = spool_active(spool);
    spool->has_batches = true;
    if (record->partition >= spool->partitions ||
        record->offset < spool->durable[record->partition])
        return 0;
    spool->durable[record->partition] = record->offset + record->n;
    int status =
        record->producer == 0 ? 0 : take_producer(spool, record->producer, record->sequence);
    return status < 0 ? status
                      : segment_run_add(&segment->runs[record->partition], record->offset, at,
                                        record->size);
}

/* What the records of the last segment say: next offsets, producers, runs. Their heads are enough. */
static int replay(struct spool *spool)
{
    struct segment *segment = spool_active(spool);
    uint32_t start = segment_head_size(spool->partitions);
    struct scan scan;
    struct record record;
    int status;
    memcpy(spool->durable, segment->base, spool->partitions * sizeof(*spool->durable));
    segment->runs = calloc(spool->partitions, sizeof(*segment->runs));
    if (!segment->runs)
        return -ENOMEM;
    scan_init(&scan, spool->fd, segment->salt, start, segment->size);
    for (enum scan_what what = SCAN_BODIES; (status = scan_next(&scan, what, &record)) != 0;
         what = SCAN_HEADS) {
        if (status == 1 && record.kind == RECORD_BATCH)
            status = take_batch(spool, scan.at, &record);
        else if (status == 1 && what == SCAN_BODIES)
            status = take_producers(spool, scan_bytes(&scan), record.n);
        if (status < 0 && status != -EBADMSG)
            break;
    }
    scan_free(&scan);
    return status;
}

/* Cuts the torn tail, and makes durable what a killed process had only written. */
static int repair_last(struct spool *spool)
{
    struct segment *segment = spool_active(spool);
    uint64_t end;
    int status = find_end(spool, &end);
    if (status < 0)
        return status;
    spool->stats.torn = segment->size - end;
    spool->stats.size -= spool->stats.torn;
    if (spool->stats.torn > 0 && ftruncate(spool->fd, (off_t)end) < 0)
        return -errno;
    segment->size = end;
    if (spool->disk->sync(spool->fd) < 0)
        return -errno;
    return replay(spool);
}

static int begin_new(struct spool *spool)
{
    return getrandom(&spool->id, sizeof(spool->id), 0) == sizeof(spool->id) ? spool_roll(spool)
                                                                            : -EIO;
}

static int load_consumers(struct spool *spool, const char *place, struct err *err)
{
    struct buf text = {0};
    consumers_init(&spool->consumers, spool->partitions);
    int fd = openat(spool->folder, CONSUMERS_FILE, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    int status = fd < 0 ? -errno : file_read_fd(fd, CONSUMERS_FILE_MAX, &text);
    if (status < 0) {
        err_set(err, status, "%s/%s: %s", place, CONSUMERS_FILE, strerror(-status));
    } else {
        struct err found = {0};
        status = consumers_read(&spool->consumers, buf_str(&text), spool->durable, &found);
        if (status < 0)
            err_at(err, status, found.line, found.column, "%s/%s: %s", place, CONSUMERS_FILE,
                   found.message);
    }
    if (fd >= 0)
        close(fd);
    buf_free(&text);
    return status;
}

int spool_recover(struct spool *spool, const char *place, struct err *err)
{
    struct numbers numbers = {0};
    spool->partitions = spool->options.partitions;
    int status = list_segments(spool, place, &numbers, err);
    if (status == 0 && numbers.len > 0)
        status = load_segments(spool, place, &numbers, err);
    bool is_new = numbers.len == 0;
    vec_free(&numbers);
    if (status < 0)
        return status;

    spool->queued = calloc(spool->partitions, sizeof(*spool->queued));
    spool->durable = calloc(spool->partitions, sizeof(*spool->durable));
    status = spool->queued && spool->durable ? producers_init(&spool->producers) : -ENOMEM;
    if (status == 0)
        status = is_new ? begin_new(spool) : repair_last(spool);
    if (status < 0)
        return err_set(err, status, "%s: %s", place, strerror(-status));
    memcpy(spool->queued, spool->durable, spool->partitions * sizeof(*spool->queued));
    return load_consumers(spool, place, err);
}
