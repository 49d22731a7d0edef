/*
 * bench_centre: the whole centre under load: `jaga serve` with all rules given, four bulk clients over TLS, 1 kB Windows
 * events, clients and centre on the same machine.
 *
 *     bench_centre [--lake] JAGA FOLDER SECONDS [RULES...]
 *
 * First as fast as it takes: events acknowledged (durable), matched and, with --lake, kept in the lake per second. Then
 * at half the least of these rates: the time from sending an event to its finding's arrival in the event stream, and
 * to its place in the lake. Memory throughout.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "centre.h"
#include "io/clock.h"

#define CANARIES_MAX 20000
#define CANARY_EVERY_US 20000

static bool with_lake;
static _Atomic bool stop_stream;
static _Atomic int64_t canary_sent[CANARIES_MAX], canary_seen[CANARIES_MAX];
static _Atomic uint32_t n_canaries;

/* Sends single events that a rule waits for, one every CANARY_EVERY_US. */
static void *run_canaries(void *context)
{
    struct curl_slist *headers;
    struct buf body = {0};
    uint64_t random = 1181783497276652981u;
    CURL *curl = centre_request("/logs-windows/_bulk", CENTRE_SENDER, &headers);
    (void)context;
    headers = curl_slist_append(headers, "Content-Type: application/x-ndjson");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    while (!centre_load.stop && n_canaries < CANARIES_MAX) {
        uint32_t i = n_canaries;
        buf_clear(&body);
        centre_add_event(&body, &random, i);
        canary_sent[i] = clock_ticks_us();
        n_canaries = i + 1;
        centre_post(curl, &body, 1);
        usleep(CANARY_EVERY_US);
    }
    buf_free(&body);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NULL;
}

/* ---- the stream of findings ---- */

static size_t on_stream(char *bytes, size_t size, size_t n, void *context)
{
    struct buf *text = context;
    static const char mark[] = "canary-";
    buf_add(text, bytes, size * n);
    struct str rest = buf_str(text), line;
    size_t used = 0;
    for (size_t end; (end = str_index(rest, '\n')) < rest.len; rest = str_skip(rest, end + 1)) {
        line = str_first(rest, end);
        used += end + 1;
        for (size_t at; (at = str_find(line, STR("canary-"))) != SIZE_MAX;) {
            line = str_skip(line, at + sizeof(mark) - 1);
            uint64_t i = strtoull(line.ptr, NULL, 10);
            if (i < CANARIES_MAX && !canary_seen[i])
                canary_seen[i] = clock_ticks_us();
        }
    }
    memmove(text->ptr, text->ptr + used, text->len - used);
    text->len -= used;
    return stop_stream ? 0 : size * n;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)context, (void)a, (void)b, (void)c, (void)d;
    return stop_stream;
}

static void *run_stream(void *context)
{
    struct curl_slist *headers;
    struct buf text = {0};
    CURL *curl = centre_request("/api/v1/findings/stream", CENTRE_ADMIN, &headers);
    (void)context;
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_stream);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_perform(curl);
    buf_free(&text);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NULL;
}

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void print_latency(void)
{
    static int64_t took[CANARIES_MAX];
    uint32_t n = 0, lost = 0;
    for (uint32_t i = 0; i < n_canaries; i++) {
        if (canary_seen[i])
            took[n++] = canary_seen[i] - canary_sent[i];
        else
            lost++;
    }
    qsort(took, n, sizeof(took[0]), compare_times);
    if (n)
        printf("event to visible finding: p50 %.0f ms, p99 %.0f ms, longest %.0f ms (%u findings, "
               "%u not seen)\n",
               (double)took[n / 2] / 1000, (double)took[n * 99 / 100] / 1000,
               (double)took[n - 1] / 1000, n, lost);
}

/* How many events each stage has done so far. */
struct stages {
    double acknowledged, matched, kept;
};

static struct stages look_at_stages(void)
{
    return (struct stages){
        .acknowledged = (double)centre_load.acknowledged,
        .matched = centre_metric("jaga_detect_events_total"),
        .kept = with_lake ? centre_metric("jaga_lake_events_total") : 0,
    };
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* As fast as it takes, for so long; returns the rate that every stage can hold. */
static double run_flat_out(unsigned seconds)
{
    int64_t started = clock_ticks_us();
    struct stages from = look_at_stages(), to;
    double processor = centre_processor_seconds();
    sleep(seconds);
    to = look_at_stages();
    double took = (double)(clock_ticks_us() - started) / 1e6;
    double taken = (to.acknowledged - from.acknowledged) / took;
    double matched = (to.matched - from.matched) / took, kept = (to.kept - from.kept) / took;
    printf("as fast as it takes: %.0f events/s acknowledged, %.0f matched, ", taken, matched);
    if (with_lake)
        printf("%.0f into the lake, ", kept);
    printf("%.2f cores of the centre, %llu requests told to wait, %.0f MiB\n",
           (centre_processor_seconds() - processor) / took, (unsigned long long)centre_load.retried,
           centre_memory("VmRSS:"));
    return least(taken, with_lake ? least(matched, kept) : matched);
}

static void wait_until_done(void)
{
    int64_t started = clock_ticks_us();
    while (centre_metric("jaga_detect_lag_events") > 0)
        usleep(100000);
    if (!with_lake)
        return;
    double lag = centre_metric("jaga_lake_lag_events");
    while (centre_metric("jaga_lake_lag_events") > 0)
        usleep(100000);
    printf("the lake had %.0f events to catch up with, after %.1f s it had none\n", lag,
           (double)(clock_ticks_us() - started) / 1e6);
    (void)centre_metric("jaga_lake_delay_slowest_seconds"); /* that look begins the next */
}

static void print_lake(void)
{
    double slowest =
        centre_metric("jaga_lake_delay_slowest_seconds"); /* first: each look starts anew */
    while (centre_metric("jaga_lake_lag_events") > 0)
        usleep(100000);
    double bytes = centre_metric("jaga_lake_bytes_total"),
           size = centre_metric("jaga_lake_size_bytes");
    double kept = centre_metric("jaga_lake_events_total");
    printf("event to findable: %.1f s at most; %.0f of %llu in the lake, %.0f bytes each as they "
           "came, %.0f on disk, logs included\n",
           slowest, kept, (unsigned long long)centre_load.acknowledged, bytes / kept, size / kept);
}

int main(int argc, char **argv)
{
    pthread_t canaries, stream;
    with_lake = argc > 1 && strcmp(argv[1], "--lake") == 0;
    argc -= with_lake;
    argv += with_lake;
    if (argc < 4) {
        fputs("usage: bench_centre [--lake] JAGA FOLDER SECONDS [RULES...]\n", stderr);
        return 2;
    }
    unsigned seconds = (unsigned)strtoul(argv[3], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    centre_start(argv[1], argv[2], with_lake, argv + 4, argc - 4);
    printf("at rest: %.0f MiB\n", centre_memory("VmRSS:"));
    double before = centre_metric("jaga_detect_events_total");
    centre_load_start(0);
    sleep(1);
    double sustained = run_flat_out(seconds);
    centre_load.paused = true;
    wait_until_done();
    centre_load.rate = (uint64_t)(sustained / 2);
    centre_load.paused = false;
    sleep(3);
    pthread_create(&stream, NULL, run_stream, NULL);
    pthread_create(&canaries, NULL, run_canaries, NULL);
    sleep(seconds);
    centre_load_stop();
    pthread_join(canaries, NULL);
    sleep(3); /* what comes later is too late to be counted as seen */
    stop_stream = true;
    pthread_join(stream, NULL);
    printf("at %llu events/s: ", (unsigned long long)centre_load.rate);
    print_latency();
    if (with_lake)
        print_lake();
    printf("memory: %.0f MiB now, %.0f MiB at most\n", centre_memory("VmRSS:"),
           centre_memory("VmHWM:"));
    printf("matched %.0f of %llu acknowledged\n",
           centre_metric("jaga_detect_events_total") - before,
           (unsigned long long)centre_load.acknowledged);
    centre_stop();
    curl_global_cleanup();
    return 0;
}
