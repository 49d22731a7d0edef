/*
 * fuzz_spool: any bytes as the only segment file of a spool: opened, read to the end, appended to, read again. Every
 * batch that is handed out is backed by a record in the bytes whose checksums are right by a second reckoning.
 *
 * The first byte of the input says whether checksums and sizes are mended first: without that, no
 * input would get past them.
 */
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/bytes.h"
#include "spool/crc32c.h"
#include "spool/local.h"

#define SIZE_MAX_FUZZED (1u << 20)
#define HEAD_FIXED 64u

static char folder[64];

static void remove_files(void)
{
    char paths[3][128];
    snprintf(paths[0], sizeof(paths[0]), "%s/00000000000000000000.seg", folder);
    snprintf(paths[1], sizeof(paths[1]), "%s/lock", folder);
    for (int i = 0; i < 2; i++)
        unlink(paths[i]);
    rmdir(folder);
}

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "%s/jaga-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder))
        abort();
    atexit(remove_files);
}

/* The file is in memory: nothing is to be waited for. */
static int sync_nothing(int fd)
{
    (void)fd;
    return 0;
}

static int reserve_nothing(int fd, off_t at, off_t len)
{
    (void)fd;
    (void)at;
    (void)len;
    return 0;
}

/* Bytes of the record at `bytes` by its counts, which are brought down to what fits. */
static uint32_t mend_sizes(char *bytes, size_t room)
{
    uint32_t n = get_u32(bytes + 56) % 32, len = get_u32(bytes + 60) % 512, texts = 0;
    if (bytes[66] == RECORD_PRODUCERS)
        len = n * RECORD_PRODUCER;
    for (int i = 0; i < 4; i++) {
        bytes[70 + i] = bytes[66] == RECORD_PRODUCERS ? 0 : (char)(bytes[70 + i] & 7);
        texts += (uint8_t)bytes[70 + i];
    }
    uint32_t size = RECORD_HEAD + len + (bytes[66] == RECORD_PRODUCERS ? 0 : n * 4 + texts);
    size = (size + 7) & ~7u;
    put_u32(bytes + 12, size);
    put_u32(bytes + 56, n);
    put_u32(bytes + 60, len);
    return size <= room ? size : 0;
}

static void mend(char *bytes, size_t size)
{
    if (size < HEAD_FIXED + 8)
        return;
    uint32_t partitions = 1 + get_u32(bytes + 56) % 4;
    uint32_t head = segment_head_size(partitions);
    if (size < head)
        return;
    memcpy(bytes, "JAGASPOL\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
    put_u32(bytes + 56, partitions);
    put_u32(bytes + 12, crc32c_by_table(bytes, head));
    uint64_t salt = get_u64(bytes + 24);
    for (size_t at = head; size - at >= RECORD_HEAD;) {
        char *record = bytes + at;
        uint32_t len = mend_sizes(record, size - at);
        if (len == 0)
            return;
        memcpy(record, "JSR1", 4);
        put_u64(record + 16, salt + at);
        put_u32(record + 8, crc32c_by_table(record + RECORD_HEAD, len - RECORD_HEAD));
        put_u32(record + 4, crc32c_by_table(record + 8, RECORD_HEAD - 8));
        at += len;
    }
}

/* Is there a sound record of this offset and partition? */
static bool is_backed(const char *bytes, size_t size, uint32_t partition, uint64_t offset)
{
    for (size_t at = 0; at + RECORD_HEAD <= size; at += 8) {
        const char *record = bytes + at;
        uint32_t len = get_u32(record + 12);
        if (memcmp(record, "JSR1", 4) == 0 && get_u64(record + 24) == offset &&
            get_u16(record + 64) == partition && len >= RECORD_HEAD && len <= size - at &&
            get_u32(record + 4) == crc32c_by_table(record + 8, RECORD_HEAD - 8) &&
            get_u32(record + 8) == crc32c_by_table(record + RECORD_HEAD, len - RECORD_HEAD))
            return true;
    }
    return false;
}

/* Reads a partition to its end; the number of batches. */
static size_t read_all(struct spool *spool, uint32_t partition, const char *bytes, size_t size)
{
    struct spool_reader *reader = spool_local.reader_new(spool, partition, 0);
    struct spool_batch batch;
    uint64_t offset, wants = 0;
    size_t n = 0;
    int status;
    while ((status = spool_local.read(reader, &batch, &offset)) != 0) {
        if (offset < wants || (status != 1 && status != -EBADMSG && status != -ERANGE))
            abort();
        wants = offset;
        if (status != 1)
            continue;
        if (bytes && !is_backed(bytes, size, partition, offset))
            abort();
        for (uint32_t i = 0; i < batch.n; i++)
            if (spool_event(&batch, i).ptr[spool_event(&batch, i).len] != '\n')
                abort();
        wants = offset + batch.n;
        n++;
    }
    spool_local.reader_free(reader);
    return n;
}

static void count(void *context, const struct spool_receipt *receipt)
{
    if (receipt->status != 0)
        abort();
    sem_post(context);
}

static void use(struct spool *spool, const char *bytes, size_t size)
{
    const uint32_t end = 6;
    struct spool_batch batch = {.n = 1, .ends = &end, .bytes = "event\n"};
    for (uint32_t p = 0; p < spool_local.partitions(spool); p++) {
        size_t n = read_all(spool, p, bytes, size);
        uint64_t first, next;
        sem_t answered;
        sem_init(&answered, 0, 0);
        spool_local.bounds(spool, p, &first, &next);
        if (next == RECORD_OFFSET_MAX)
            continue;
        if (spool_local.append(spool, p, &batch, count, &answered) < 0)
            abort();
        while (sem_wait(&answered) < 0) /* libFuzzer's alarms interrupt it */
            ;
        if (read_all(spool, p, NULL, 0) != n + 1)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct spool_options options = {.partitions = 1};
    struct disk disk = disk_real;
    disk.sync = sync_nothing;
    disk.reserve = reserve_nothing;
    if (size == 0 || size > SIZE_MAX_FUZZED)
        return 0;
    if (!folder[0])
        make_folder();

    char path[128];
    snprintf(path, sizeof(path), "%s/00000000000000000000.seg", folder);
    char *bytes = malloc(size);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!bytes || fd < 0)
        abort();
    memcpy(bytes, data + 1, size - 1);
    if (data[0] & 1)
        mend(bytes, size - 1);
    if (write(fd, bytes, size - 1) != (ssize_t)size - 1)
        abort();
    close(fd);

    struct err err;
    struct spool *spool = spool_local_open(folder, &options, &disk, &err);
    if (spool) {
        use(spool, bytes, size - 1);
        spool_local.close(spool);
    }
    free(bytes);
    return 0;
}
