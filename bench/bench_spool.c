/*
 * The spool on a real folder (argument; the current one by default): what the disk's own fdatasync takes, how many
 * events a second are acknowledged as durable, how long one waits for it, and how fast all is read
 * back. The rate per processor second says what the code costs where the disk is not the limit.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/clock.h"
#include "spool/spool.h"
#include "measure.h"

#define EVENT_SIZE 1024u
#define BATCH_EVENTS 500u
#define SENDERS 4
#define IN_FLIGHT 8  /* batches of a sender: what a client with several connections has */
#define BATCHES 800u /* of each sender: 1.6 GB in all */
#define PROBES 2000u /* single writes and single events */

static const struct spool_ops *const ops = &spool_local;

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void print_latencies(const char *what, int64_t *took_us, size_t n, double seconds)
{
    qsort(took_us, n, sizeof(*took_us), compare);
    printf("%-44s %8.0f /s, p50 %5" PRId64 " us, p99 %5" PRId64 " us, worst %6" PRId64 " us\n",
           what, (double)n / seconds, took_us[n / 2], took_us[n * 99 / 100], took_us[n - 1]);
}

static void probe_disk(const char *folder)
{
    static int64_t took_us[PROBES];
    static const char block[4096] = "x";
    char path[4200];
    snprintf(path, sizeof(path), "%s/probe", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        perror(path);
        exit(1);
    }
    int64_t start = clock_ticks_us();
    for (size_t i = 0; i < PROBES; i++) {
        int64_t before = clock_ticks_us();
        if (pwrite(fd, block, sizeof(block), (off_t)(i * sizeof(block))) < 0 || fdatasync(fd) < 0)
            perror(path);
        took_us[i] = clock_ticks_us() - before;
    }
    print_latencies("the disk: 4 KiB appended, fdatasync", took_us, PROBES,
                    (double)(clock_ticks_us() - start) / 1e6);
    close(fd);
    unlink(path);
}

/* A batch of `n` events of EVENT_SIZE bytes with their line ends. */
static struct spool_batch make_batch(uint32_t n)
{
    char *bytes = malloc((size_t)n * EVENT_SIZE);
    uint32_t *ends = malloc(n * sizeof(*ends));
    if (!bytes || !ends)
        exit(1);
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < EVENT_SIZE; k++)
            bytes[i * EVENT_SIZE + k] = (char)('a' + (i * 31 + k * 7) % 26);
        ends[i] = (i + 1) * EVENT_SIZE;
        bytes[ends[i] - 1] = '\n';
    }
    return (struct spool_batch){
        .agency = STR("MOH"), .source = STR("bench"), .n = n, .ends = ends, .bytes = bytes};
}

static void batch_free(struct spool_batch *batch)
{
    free((void *)(uintptr_t)batch->bytes);
    free((void *)(uintptr_t)batch->ends);
}

struct sender {
    pthread_t thread;
    struct spool *spool;
    uint32_t number, events, batches;
    unsigned in_flight;
    sem_t room;
};

static void answered(void *context, const struct spool_receipt *receipt)
{
    struct sender *sender = context;
    if (receipt->status < 0)
        fprintf(stderr, "append: %s\n", strerror(-receipt->status));
    sem_post(&sender->room);
}

static void *send_batches(void *argument)
{
    struct sender *sender = argument;
    struct spool_batch batch = make_batch(sender->events);
    for (uint32_t i = 0; i < sender->batches; i++) {
        sem_wait(&sender->room);
        uint32_t partition = (sender->number + i) % ops->partitions(sender->spool);
        while (ops->append(sender->spool, partition, &batch, answered, sender) == -EAGAIN)
            ops->wait(sender->spool, UINT64_MAX, 1);
    }
    for (unsigned i = 0; i < sender->in_flight; i++)
        sem_wait(&sender->room);
    batch_free(&batch);
    return NULL;
}

static void append_from_many(struct spool *spool, const char *what, uint32_t events,
                             uint32_t batches, unsigned in_flight)
{
    struct sender senders[SENDERS];
    struct spool_stats before, after;
    ops->stats(spool, &before);
    double processor = measure_process_cpu();
    int64_t start = clock_ticks_us();
    for (uint32_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.spool = spool,
                                     .number = i,
                                     .events = events,
                                     .batches = batches,
                                     .in_flight = in_flight};
        sem_init(&senders[i].room, 0, in_flight);
        if (pthread_create(&senders[i].thread, NULL, send_batches, &senders[i]) != 0)
            exit(1);
    }
    for (uint32_t i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    double seconds = (double)(clock_ticks_us() - start) / 1e6;
    processor = measure_process_cpu() - processor;
    ops->stats(spool, &after);
    double n = (double)(after.events - before.events);
    printf("%-44s %8.0f events/s, %5.0f MB/s; %5.0f MB per processor second; %4.0f commits/s, the "
           "slowest %.1f ms\n",
           what, n / seconds, n * EVENT_SIZE / seconds / 1e6, n * EVENT_SIZE / processor / 1e6,
           (double)(after.commits - before.commits) / seconds, (double)after.commit_us_max / 1e3);
}

static void append_one_by_one(struct spool *spool)
{
    static int64_t took_us[PROBES];
    struct spool_batch batch = make_batch(1);
    struct sender sender = {0};
    sem_init(&sender.room, 0, 0);
    int64_t start = clock_ticks_us();
    for (size_t i = 0; i < PROBES; i++) {
        int64_t before = clock_ticks_us();
        if (ops->append(spool, (uint32_t)i % ops->partitions(spool), &batch, answered, &sender) < 0)
            exit(1);
        sem_wait(&sender.room);
        took_us[i] = clock_ticks_us() - before;
    }
    print_latencies("one sender, one event at a time", took_us, PROBES,
                    (double)(clock_ticks_us() - start) / 1e6);
    batch_free(&batch);
}

static void read_back(struct spool *spool)
{
    uint64_t bytes = 0, offset;
    double processor = measure_process_cpu();
    for (uint32_t p = 0; p < ops->partitions(spool); p++) {
        struct spool_reader *reader = ops->reader_new(spool, p, 0);
        struct spool_batch batch;
        while (reader && ops->read(reader, &batch, &offset) == 1)
            bytes += batch.ends[batch.n - 1];
        ops->reader_free(reader);
    }
    processor = measure_process_cpu() - processor;
    printf("%-44s %8.0f MB per processor second\n", "read back, checked",
           (double)bytes / processor / 1e6);
}

static void remove_folder(const char *folder)
{
    DIR *open = opendir(folder);
    for (const struct dirent *entry; open && (entry = readdir(open));)
        unlinkat(dirfd(open), entry->d_name, 0);
    if (open)
        closedir(open);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    char folder[4096];
    snprintf(folder, sizeof(folder), "%s/bench-spool-XXXXXX", argc > 1 ? argv[1] : ".");
    if (!mkdtemp(folder)) {
        perror(folder);
        return 1;
    }
    probe_disk(folder);
    struct err err = {0};
    struct spool *spool = ops->open(folder, &(struct spool_options){0}, &err);
    if (!spool) {
        fprintf(stderr, "%s\n", err.message);
        remove_folder(folder);
        return 1;
    }
    append_one_by_one(spool);
    append_from_many(spool, "four senders, one event at a time", 1, PROBES, 1);
    append_from_many(spool, "four senders, 64 single events each", 1, PROBES * 10, 64);
    append_from_many(spool, "four senders, batches of 500 events", BATCH_EVENTS, BATCHES,
                     IN_FLIGHT);
    read_back(spool);
    int64_t start = clock_ticks_us();
    ops->close(spool);
    spool = ops->open(folder, &(struct spool_options){0}, &err);
    printf("%-44s %8.0f ms\n", "closed and opened again", (double)(clock_ticks_us() - start) / 1e3);
    if (spool)
        ops->close(spool);
    remove_folder(folder);
    return 0;
}
