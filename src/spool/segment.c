#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "spool/bytes.h"
#include "spool/crc32c.h"
#include "spool/record.h"
#include "spool/scan.h"

#define MAGIC "JAGASPOL"
#define VERSION 1
#define NAME_DIGITS 20

enum {
    AT_VERSION = 8,
    AT_CRC = 12,
    AT_NUMBER = 16,
    AT_SALT = 24,
    AT_SPOOL = 32,
    AT_PREVIOUS_SIZE = 40,
    AT_CREATED = 48,
    AT_PARTITIONS = 56,
    AT_BASE = 64,
};

#define HEAD_MAX (AT_BASE + 8 * SPOOL_PARTITIONS_MAX)

void segment_name(char out[SEGMENT_NAME_MAX], uint64_t number)
{
    snprintf(out, SEGMENT_NAME_MAX, "%0*llu.seg", NAME_DIGITS, (unsigned long long)number);
}

bool segment_number(const char *name, uint64_t *ret_number)
{
    struct str text = str_from_c(name);
    char again[SEGMENT_NAME_MAX];
    uint64_t number;
    if (text.len != NAME_DIGITS + 4 || str_to_u64(str_first(text, NAME_DIGITS), &number) < 0)
        return false;
    segment_name(again, number);
    if (!str_eq(text, str_from_c(again)))
        return false;
    *ret_number = number;
    return true;
}

static void head_write(char *out, const struct segment *segment, uint64_t spool,
                       uint32_t partitions)
{
    memset(out, 0, segment_head_size(partitions));
    memcpy(out, MAGIC, 8);
    put_u32(out + AT_VERSION, VERSION);
    put_u64(out + AT_NUMBER, segment->number);
    put_u64(out + AT_SALT, segment->salt);
    put_u64(out + AT_SPOOL, spool);
    put_u64(out + AT_PREVIOUS_SIZE, segment->previous_size);
    put_u64(out + AT_CREATED, (uint64_t)segment->created);
    put_u32(out + AT_PARTITIONS, partitions);
    for (uint32_t i = 0; i < partitions; i++)
        put_u64(out + AT_BASE + (size_t)i * 8, segment->base[i]);
    put_u32(out + AT_CRC, crc32c(out, segment_head_size(partitions)));
}

int segment_create(struct segment *segment, const struct disk *disk, int folder, uint64_t spool,
                   uint32_t partitions, char *record, uint32_t record_size, int *ret_fd)
{
    char name[SEGMENT_NAME_MAX], fresh[SEGMENT_NAME_MAX + 4], head[HEAD_MAX];
    uint32_t head_size = segment_head_size(partitions);
    segment_name(name, segment->number);
    snprintf(fresh, sizeof(fresh), "%s.new", name);
    if (getrandom(&segment->salt, sizeof(segment->salt), 0) != sizeof(segment->salt))
        return -EIO;
    int fd = openat(folder, fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;

    head_write(head, segment, spool, partitions);
    record_place(record, segment->salt + head_size, 0, 0, true);
    struct iovec parts[] = {{.iov_base = head, .iov_len = head_size},
                            {.iov_base = record, .iov_len = record_size}};
    int status = disk_write(disk, fd, parts, 2, 0);
    if (status == 0 && disk->sync(fd) < 0)
        status = -errno;
    if (status == 0 && renameat(folder, fresh, folder, name) < 0)
        status = -errno;
    if (status < 0) {
        unlinkat(folder, fresh, 0);
    } else if (fsync(folder) < 0) {
        status = -errno;
        unlinkat(folder, name, 0);
    }
    if (status < 0) {
        close(fd);
        return status;
    }
    segment->size = head_size + record_size;
    *ret_fd = fd;
    return 0;
}

int segment_head_read(struct segment *segment, int fd, uint64_t *ret_spool,
                      uint32_t *ret_partitions)
{
    char head[HEAD_MAX];
    int status = disk_read(fd, head, AT_BASE, 0);
    if (status < 0)
        return status == -ENODATA ? -EBADMSG : status;
    uint32_t partitions = get_u32(head + AT_PARTITIONS), crc = get_u32(head + AT_CRC);
    if (memcmp(head, MAGIC, 8) != 0)
        return -EBADMSG;
    if (get_u32(head + AT_VERSION) != VERSION)
        return -EPROTO;
    if (partitions == 0 || partitions > SPOOL_PARTITIONS_MAX)
        return -EBADMSG;
    status = disk_read(fd, head + AT_BASE, (size_t)partitions * 8, AT_BASE);
    if (status < 0)
        return status == -ENODATA ? -EBADMSG : status;
    put_u32(head + AT_CRC, 0);
    if (crc != crc32c(head, segment_head_size(partitions)))
        return -EBADMSG;

    uint64_t *base = calloc(partitions, sizeof(*base));
    if (!base)
        return -ENOMEM;
    bool in_range = true;
    for (uint32_t i = 0; i < partitions; i++) {
        base[i] = get_u64(head + AT_BASE + (size_t)i * 8);
        in_range = in_range && base[i] <= RECORD_OFFSET_MAX;
    }
    if (!in_range) {
        free(base);
        return -EBADMSG;
    }
    free(segment->base);
    *segment = (struct segment){
        .number = get_u64(head + AT_NUMBER),
        .salt = get_u64(head + AT_SALT),
        .previous_size = get_u64(head + AT_PREVIOUS_SIZE),
        .created = (int64_t)get_u64(head + AT_CREATED),
        .base = base,
    };
    *ret_spool = get_u64(head + AT_SPOOL);
    *ret_partitions = partitions;
    return 0;
}

int segment_run_add(struct run_list *runs, uint64_t offset, uint64_t at, uint32_t size)
{
    struct run *last = runs->len ? &runs->items[runs->len - 1] : NULL;
    if (last && last->at + last->size == at && last->size < SEGMENT_RUN_MAX) {
        last->size += size;
        return 0;
    }
    return vec_push(runs, (struct run){.offset = offset, .at = (uint32_t)at, .size = size});
}

const struct run *segment_run_find(const struct run_list *runs, uint64_t offset, uint64_t from)
{
    size_t low = 0, high = runs->len; /* the runs before `low` begin at or before `offset` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (runs->items[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    size_t i = low > 0 ? low - 1 : 0;
    while (i < runs->len && (uint64_t)runs->items[i].at + runs->items[i].size <= from)
        i++;
    return i < runs->len ? &runs->items[i] : NULL;
}

struct run_list *segment_runs_read(const struct segment *segment, int fd, uint32_t partitions)
{
    uint64_t next[SPOOL_PARTITIONS_MAX];
    struct run_list *runs = calloc(partitions, sizeof(*runs));
    if (!runs)
        return NULL;
    memcpy(next, segment->base, partitions * sizeof(*next));
    struct scan scan;
    struct record record;
    scan_init(&scan, fd, segment->salt, segment_head_size(partitions), segment->size);
    int status;
    while ((status = scan_next(&scan, SCAN_HEADS, &record)) != 0) {
        if (status == -EBADMSG)
            continue;
        if (status == 1 && record.kind == RECORD_BATCH && record.partition < partitions &&
            record.offset >= next[record.partition]) {
            next[record.partition] = record.offset + record.n;
            status = segment_run_add(&runs[record.partition], record.offset, scan.at, record.size);
        }
        if (status < 0)
            break;
    }
    scan_free(&scan);
    if (status == 0)
        return runs;
    segment_runs_free(runs, partitions);
    return NULL;
}

void segment_runs_free(struct run_list *runs, uint32_t partitions)
{
    for (uint32_t i = 0; runs && i < partitions; i++)
        vec_free(&runs[i]);
    free(runs);
}

struct segment *segment_new(uint32_t partitions)
{
    struct segment *segment = calloc(1, sizeof(*segment));
    if (segment)
        segment->base = calloc(partitions, sizeof(*segment->base));
    if (segment && segment->base)
        return segment;
    free(segment);
    return NULL;
}

void segment_free(struct segment *segment, uint32_t partitions)
{
    if (!segment)
        return;
    segment_runs_free(segment->runs, partitions);
    free(segment->base);
    free(segment);
}
