/*
 * bench_live: live detection between a spool and a ledger on a disk. How fast a full spool is matched and
 * recorded, with one thread and with two; then, fed at half that rate, how long an event takes from its receipt
 * to the committed finding.
 *
 *     bench_live FOLDER CONTENT RULES-FOLDER... -- FILE.ndjson[.zst]
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench_rules.h"
#include "measure.h"
#include "io/clock.h"
#include "io/log.h"
#include "parse/parse.h"
#include "watch/live.h"

#define EVENTS 1000000u
#define BATCH_EVENTS 500u
#define PARTITIONS 8u
#define FEED_SECONDS 10

struct bench {
    struct bench_rules rules;
    struct str text; /* the file */
    char folder[256], place[300], url[300];
    struct spool *spool;
    uint32_t partition;
    _Atomic uint32_t waiting;
};

static void fail(const char *what, int status)
{
    (void)fprintf(stderr, "bench_live: %s: %s\n", what, strerror(-status));
    exit(1);
}

static void on_done(void *context, const struct spool_receipt *receipt)
{
    struct bench *bench = context;
    if (receipt->status < 0)
        fail("append", receipt->status);
    atomic_fetch_sub(&bench->waiting, 1);
}

static void nap_us(int64_t us)
{
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    if (us > 0)
        nanosleep(&time, NULL);
}

/* Appends the next batch of the file's lines, round and round; returns how many events. */
static uint32_t append(struct bench *bench, struct str *rest)
{
    uint32_t ends[BATCH_EVENTS], n = 0;
    if (rest->len == 0)
        *rest = bench->text;
    const char *start = rest->ptr;
    while (n < BATCH_EVENTS && rest->len) {
        *rest = str_skip(*rest, str_index(*rest, '\n') + 1);
        ends[n++] = (uint32_t)(rest->ptr - start);
    }
    struct spool_batch batch = {
        .agency = STR("moh"),
        .source = STR("windows"),
        .received = clock_now_us(),
        .format = FORMAT_JSON,
        .n = n,
        .ends = ends,
        .bytes = start,
    };
    atomic_fetch_add(&bench->waiting, 1);
    int r;
    while ((r = spool_local.append(bench->spool, bench->partition, &batch, on_done, bench)) ==
           -EAGAIN)
        nap_us(1000);
    if (r < 0)
        fail("append", r);
    bench->partition = (bench->partition + 1) % PARTITIONS;
    return n;
}

static void fill(struct bench *bench)
{
    struct str rest = bench->text;
    for (uint32_t n = 0; n < EVENTS;)
        n += append(bench, &rest);
    while (atomic_load(&bench->waiting))
        nap_us(1000);
}

static void keep(struct live_version *version)
{
    (void)version; /* the rules are used again */
}

static struct live *start(struct bench *bench, struct live_version *version, unsigned threads,
                          const char *ledger)
{
    struct err err = {0};
    (void)snprintf(bench->url, sizeof(bench->url), "sqlite:%s/%s", bench->folder, ledger);
    *version = (struct live_version){
        .set = &bench->rules.set,
        .ruleset = bench->rules.ruleset,
        .datasets = bench->rules.datasets,
        .fields = &bench->rules.fields,
        .free = keep,
    };
    struct live_options options = {
        .engine = &spool_local,
        .spool = bench->spool,
        .ledger = bench->url,
        .threads = threads,
        .disorder_us = 60000000,
        .fold_us = 3600000000,
        .throttle = 600,
    };
    struct live *live = live_start(&options, version, &err);
    if (!live) {
        (void)fprintf(stderr, "bench_live: %s\n", err.message);
        exit(1);
    }
    return live;
}

static double match_all(struct bench *bench, unsigned threads, const char *ledger)
{
    struct live_version version;
    struct live_stats stats;
    struct live *live = start(bench, &version, threads, ledger);
    int64_t from = clock_ticks_us();
    for (live_stats(live, &stats); stats.lag; live_stats(live, &stats))
        nap_us(1000);
    double rate = (double)stats.events * 1e6 / (double)(clock_ticks_us() - from);
    printf(
        "full spool, %u thread%s: %8.0f events/s, %5.0f MB/s; %.2f matches an event, %.1f %% past "
        "the throttle, %llu findings\n",
        threads, threads == 1 ? " " : "s", rate,
        rate * (double)stats.bytes / (double)stats.events / 1e6,
        (double)stats.matches / (double)stats.events,
        stats.matches ? 100 * (double)stats.throttled / (double)stats.matches : 0,
        (unsigned long long)stats.findings);
    live_stop(live);
    return rate;
}

/* The bound below which a share of the matches lies, in ms. */
static double quantile(const struct live_stats *stats, double share)
{
    uint64_t total = 0, seen = 0;
    for (size_t i = 0; i < LIVE_LATENCY_BUCKETS; i++)
        total += stats->latency[i];
    for (size_t i = 0; i < LIVE_LATENCY_BUCKETS; i++) {
        seen += stats->latency[i];
        if ((double)seen >= share * (double)total)
            return (double)(UINT64_C(1) << i);
    }
    return 0;
}

static void feed(struct bench *bench, double rate)
{
    struct live_version version;
    struct live_stats stats;
    struct str rest = bench->text;
    struct live *live = start(bench, &version, 2, "feed.db");
    for (live_stats(live, &stats); stats.lag || stats.findings + stats.folded < stats.matches;
         live_stats(live, &stats))
        nap_us(1000); /* what filled it is behind us */
    struct live_stats before = stats;
    int64_t from = clock_ticks_us(), now = from;
    for (double n = 0; now - from < FEED_SECONDS * 1000000; now = clock_ticks_us()) {
        if (n < rate * (double)(now - from) / 1e6)
            n += append(bench, &rest);
        else
            nap_us(500);
    }
    live_stats(live, &stats);
    for (size_t i = 0; i < LIVE_LATENCY_BUCKETS; i++)
        stats.latency[i] -= before.latency[i];
    printf(
        "fed %.0f events/s: matches are committed within %.0f ms (half), %.0f ms (99 %%), %.0f ms "
        "(all); %llu events behind at the end\n",
        rate, quantile(&stats, 0.5), quantile(&stats, 0.99), quantile(&stats, 1),
        (unsigned long long)stats.lag);
    live_stop(live);
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
    (void)status, (void)flag, (void)ftw;
    return remove(path);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct spool_options options = {.partitions = PARTITIONS};
    struct err err = {0};
    int split = 3;
    while (split < argc && strcmp(argv[split], "--") != 0)
        split++;
    if (split + 2 != argc) {
        (void)fprintf(stderr, "usage: bench_live FOLDER CONTENT RULES-FOLDER... -- FILE\n");
        return 2;
    }
    log_set_level(LOG_WARN);
    bench_rules_load(&bench.rules, argv[2], argv + 3, split - 3);
    bench.text = measure_read(argv[split + 1]);
    (void)snprintf(bench.folder, sizeof(bench.folder), "%s/bench-live-XXXXXX", argv[1]);
    if (!mkdtemp(bench.folder))
        fail(argv[1], -errno);
    (void)snprintf(bench.place, sizeof(bench.place), "%s/spool", bench.folder);
    bench.spool = spool_local.open(bench.place, &options, &err);
    if (!bench.spool)
        fail(err.message, err.code);
    fill(&bench);
    printf("%zu rules, %zu correlations; %u events\n", bench.rules.set.rules.len,
           bench.rules.set.correlations.len, EVENTS);
    match_all(&bench, 1, "one.db");
    double rate = match_all(&bench, 2, "two.db");
    feed(&bench, rate / 2);
    spool_local.close(bench.spool);
    (void)nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    bench_rules_free(&bench.rules);
    free((void *)(uintptr_t)bench.text.ptr);
    return 0;
}
