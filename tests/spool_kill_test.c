/*
 * spool_kill_test: a process that appends is killed at random moments, again and again. After each time every
 * batch it said was durable is in the spool exactly once and where it said, no part of a batch is to
 * be seen, and no batch is missing before one that is there. Every second time the process dies in the middle of
 * a write, so that there is a torn tail.
 *
 *     spool_kill_test                             the test; JAGA_KILLS (6) times, seeded by JAGA_SEED
 *     spool_kill_test append PLACE WRITES SEQ...  what is killed: a producer goes on at each SEQ; it dies in
 *                                                 write number WRITES (0: in none)
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/test.h"
#include "base/vec.h"
#include "spool/local.h"
#include "spool/spool_test.h"

#define PRODUCERS 4
#define PARTITIONS 4
#define IN_FLIGHT 32
#define EVENTS_MAX 20
#define EVENT_MAX 400
#define ACKNOWLEDGED_MAX 4000 /* before a kill, at random */
#define WRITES_MAX 200        /* before the process dies in one, at random */

static const struct spool_ops *const ops = &spool_local;
static const struct spool_options options = {.partitions = PARTITIONS, .segment_size = 256 << 10};

/* The batch that a producer sends under a sequence: the same each time. */
struct made {
    char bytes[EVENTS_MAX * EVENT_MAX];
    uint32_t ends[EVENTS_MAX];
    struct spool_batch batch;
    uint32_t partition;
};

static void make_batch(struct made *made, uint64_t producer, uint64_t sequence)
{
    uint32_t n = 1 + (uint32_t)((sequence * 7 + producer) % EVENTS_MAX), len = 0;
    for (uint32_t i = 0; i < n; i++) {
        int width = 1 + (int)((sequence * 131 + i * 37) % (EVENT_MAX - 80));
        len += (uint32_t)snprintf(made->bytes + len, sizeof(made->bytes) - len,
                                  "%" PRIu64 "-%" PRIu64 "-%0*" PRIu32 "\n", producer, sequence,
                                  width, i);
        made->ends[i] = len;
    }
    made->partition = (uint32_t)((producer + sequence / 3) % PARTITIONS);
    made->batch = (struct spool_batch){
        .agency = STR("MOH"),
        .source = STR("kill"),
        .producer = producer,
        .sequence = sequence,
        .n = n,
        .ends = made->ends,
        .bytes = made->bytes,
    };
}

/* What is killed. */

struct sender {
    pthread_t thread;
    struct spool *spool;
    uint64_t producer, sequence;
    sem_t room; /* batches that may be in flight */
};

struct sent {
    struct sender *sender;
    uint64_t sequence;
};

/* One write, one line: a kill leaves no half of it. */
static void acknowledge(void *context, const struct spool_receipt *receipt)
{
    struct sent *sent = context;
    char line[128];
    int len = snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 " %u %" PRIu64 " %d\n",
                       sent->sender->producer, sent->sequence, receipt->partition, receipt->offset,
                       receipt->repeated);
    if (receipt->status != 0 || write(STDOUT_FILENO, line, (size_t)len) != len)
        _exit(1);
    sem_post(&sent->sender->room);
    free(sent);
}

static void *send_forever(void *argument)
{
    struct sender *sender = argument;
    struct made made;
    for (uint64_t sequence = sender->sequence;; sequence++) {
        struct sent *sent = malloc(sizeof(*sent));
        if (!sent)
            _exit(1);
        *sent = (struct sent){sender, sequence};
        make_batch(&made, sender->producer, sequence);
        sem_wait(&sender->room);
        int status;
        while ((status = ops->append(sender->spool, made.partition, &made.batch, acknowledge,
                                     sent)) == -EAGAIN)
            ops->wait(sender->spool, UINT64_MAX, 1);
        if (status != 0)
            _exit(1);
    }
}

static uint64_t writes_left; /* 0: never */

/* Like a power cut: a part of what was to be written is there, up to any byte. */
static ssize_t write_or_die(int fd, const struct iovec *parts, int n, off_t at)
{
    if (writes_left == 0 || --writes_left > 0)
        return disk_real.write(fd, parts, n, at);
    int whole = (int)(random() % n);
    ssize_t done = whole > 0 ? disk_real.write(fd, parts, whole, at) : 0;
    struct iovec part = {parts[whole].iov_base, (size_t)random() % parts[whole].iov_len};
    if (done >= 0 && disk_real.write(fd, &part, 1, at + done) >= 0)
        kill(getpid(), SIGKILL);
    _exit(1);
}

static int append_until_killed(const char *place, const char *writes, char **sequences)
{
    struct err err = {0};
    struct sender senders[PRODUCERS];
    struct disk disk = disk_real;
    disk.write = write_or_die;
    srandom((unsigned)getpid());
    if (str_to_u64(str_from_c(writes), &writes_left) < 0)
        return 1;
    struct spool *spool = spool_local_open(place, &options, &disk, &err);
    if (!spool) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (size_t i = 0; i < PRODUCERS; i++) {
        senders[i] = (struct sender){.spool = spool, .producer = i + 1};
        sem_init(&senders[i].room, 0, IN_FLIGHT);
        if (str_to_u64(str_from_c(sequences[i]), &senders[i].sequence) < 0 ||
            pthread_create(&senders[i].thread, NULL, send_forever, &senders[i]) != 0)
            return 1;
    }
    for (;;)
        pause();
}

/* The test. */

struct batch_fate {
    bool acknowledged, repeated, stored;
    uint32_t partition;
    uint64_t offset;
};

struct history {
    struct batch_fate *items; /* by sequence */
    size_t len, cap;
};

static struct history histories[PRODUCERS];

static struct batch_fate *fate_of(uint64_t producer, uint64_t sequence)
{
    assert_in_range(producer, 1, PRODUCERS);
    struct history *history = &histories[producer - 1];
    while (history->len <= sequence)
        assert_int_equal(vec_push(history, (struct batch_fate){0}), 0);
    return &history->items[sequence];
}

static uint64_t first_unacknowledged(size_t producer)
{
    const struct history *history = &histories[producer];
    size_t i = 0;
    while (i < history->len && history->items[i].acknowledged)
        i++;
    return i;
}

/* Starts the process that appends; its lines come from *ret_lines. */
static pid_t start(const char *self, const char *place, long writes, FILE **ret_lines)
{
    char sequences[PRODUCERS][24], writes_text[24];
    snprintf(writes_text, sizeof(writes_text), "%ld", writes);
    int ends[2];
    for (size_t i = 0; i < PRODUCERS; i++)
        snprintf(sequences[i], sizeof(sequences[i]), "%" PRIu64, first_unacknowledged(i));
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(self, self, "append", place, writes_text, sequences[0], sequences[1], sequences[2],
              sequences[3], (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *ret_lines = fdopen(ends[0], "r");
    assert_non_null(*ret_lines);
    return child;
}

/* Takes what is acknowledged; kills after `n` lines (0: it dies itself) and takes what was said until then. */
static void take_until_killed(pid_t child, FILE *lines, size_t n)
{
    uint64_t producer, sequence, offset;
    unsigned partition;
    int repeated, status;
    size_t taken = 0;
    while (fscanf(lines, "%" SCNu64 " %" SCNu64 " %u %" SCNu64 " %d", &producer, &sequence,
                  &partition, &offset, &repeated) == 5) {
        struct batch_fate *fate = fate_of(producer, sequence);
        if (!fate->acknowledged)
            *fate = (struct batch_fate){true, repeated != 0, fate->stored, partition, offset};
        if (++taken == n)
            kill(child, SIGKILL);
    }
    fclose(lines);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void check_stored(uint32_t partition, const struct spool_batch *batch, uint64_t offset)
{
    static struct made made;
    struct batch_fate *fate = fate_of(batch->producer, batch->sequence);
    assert_false(fate->stored); /* exactly once */
    fate->stored = true;
    if (fate->acknowledged && !fate->repeated) {
        assert_int_equal(fate->partition, partition);
        assert_int_equal(fate->offset, offset);
    }
    make_batch(&made, batch->producer, batch->sequence);
    assert_int_equal(partition, made.partition);
    assert_int_equal(batch->n, made.batch.n);
    assert_memory_equal(batch->ends, made.ends, batch->n * sizeof(*batch->ends));
    assert_memory_equal(batch->bytes, made.bytes, made.ends[batch->n - 1]);
}

static uint64_t check_partition(struct spool *spool, uint32_t partition)
{
    struct spool_reader *reader = ops->reader_new(spool, partition, 0);
    struct spool_batch batch;
    uint64_t last[PRODUCERS] = {0}, wants = 0, offset;
    int status;
    while ((status = ops->read(reader, &batch, &offset)) == 1) {
        check_stored(partition, &batch, offset);
        assert_int_equal(offset, wants);
        wants = offset + batch.n;
        assert_true(batch.sequence >= last[batch.producer - 1]);
        last[batch.producer - 1] = batch.sequence;
    }
    assert_int_equal(status, 0);
    ops->reader_free(reader);
    return wants;
}

static void check_spool(const char *place)
{
    struct spool *spool = test_open(ops, place, &options);
    struct spool_stats stats;
    uint64_t events = 0, acknowledged = 0;
    for (size_t i = 0; i < PRODUCERS; i++)
        for (size_t k = 0; k < histories[i].len; k++)
            histories[i].items[k].stored = false;
    for (uint32_t p = 0; p < PARTITIONS; p++)
        events += check_partition(spool, p);
    for (size_t i = 0; i < PRODUCERS; i++) {
        bool missing = false;
        for (size_t k = 0; k < histories[i].len; k++) {
            const struct batch_fate *fate = &histories[i].items[k];
            assert_true(fate->stored || !fate->acknowledged);
            missing = missing || !fate->stored;
            assert_false(missing && fate->stored); /* none before one that is there */
            acknowledged += fate->acknowledged;
        }
    }
    ops->stats(spool, &stats);
    printf("%" PRIu64 " batches acknowledged, %" PRIu64 " events stored, %" PRIu64 " bytes cut\n",
           acknowledged, events, stats.torn);
    ops->close(spool);
}

static const char *self;

static void what_was_acknowledged_survives_every_kill(void **state)
{
    (void)state;
    const char *kills_text = getenv("JAGA_KILLS"), *seed_text = getenv("JAGA_SEED");
    uint64_t kills = 6, seed = (uint64_t)time(NULL);
    if (kills_text)
        assert_int_equal(str_to_u64(str_from_c(kills_text), &kills), 0);
    if (seed_text)
        assert_int_equal(str_to_u64(str_from_c(seed_text), &seed), 0);
    printf("JAGA_SEED=%" PRIu64 "\n", seed);
    srandom((unsigned)seed);

    const char *place = test_folder();
    for (uint64_t i = 0; i < kills; i++) {
        FILE *lines;
        bool in_write = i % 2 == 1;
        pid_t child = start(self, place, in_write ? 1 + random() % WRITES_MAX : 0, &lines);
        take_until_killed(child, lines, in_write ? 0 : 1 + (size_t)random() % ACKNOWLEDGED_MAX);
        check_spool(place);
    }
    test_folder_remove(place);
    for (size_t i = 0; i < PRODUCERS; i++)
        vec_free(&histories[i]);
}

int main(int argc, char **argv)
{
    if (argc == 4 + PRODUCERS && str_eq(str_from_c(argv[1]), STR("append")))
        return append_until_killed(argv[2], argv[3], argv + 4);
    self = argv[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_survives_every_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
