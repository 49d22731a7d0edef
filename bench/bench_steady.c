/*
 * bench_steady: the whole centre at one rate for a long time: doors, spool, all rules given and the lake, with hunts
 * beside; clients and centre on the same machine.
 *
 *     bench_steady JAGA FOLDER RATE SECONDS [RULES...]
 *
 * Every tenth of the time: what each stage did since the last, how far it is behind, memory. In the second half a
 * hunter asks his questions in turn, one every two seconds, and again when the load is over and the lake has all:
 * on as much data and more. Ends with 1 where a stage did not keep up with RATE, or memory or a hunt went beyond its limit.
 */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "centre.h"
#include "io/clock.h"

#define REPORTS 10
#define TIMES_MAX 1024
#define ASK_EVERY_US 2000000
#define QUIET_TIMES 7

/* What is to hold. */
#define BEHIND_SECONDS 10 /* of a stage at the end */
#define MEMORY_MAX 3072.0 /* MiB, at any moment */
#define SLOWER_MAX 2.0    /* hunts beside the load, to those in the quiet: mean of the questions */

static struct question {
    const char *what, *query;
    int64_t beside[TIMES_MAX], quiet[QUIET_TIMES]; /* µs */
    uint32_t n_beside, n_quiet;
} questions[] = {
    {"top images", "windows_sysmon | summarize n = count() by Image | top 10 by n", {0}, {0}, 0, 0},
    {"rarest parent and child",
     "windows_sysmon | where EventID == 1 | summarize n = count() by ParentImage, Image | top 20 "
     "by n asc",
     {0},
     {0},
     0,
     0},
    {"a host",
     "windows_sysmon | where Computer == 'WS0123.health.example' | count",
     {0},
     {0},
     0,
     0},
    {"a part of a command line",
     "DeviceProcessEvents | where ProcessCommandLine contains 'field-trial-handle=4242' | count",
     {0},
     {0},
     0,
     0},
    {"20 whole events",
     "windows_sysmon | where Computer == 'WS0123.health.example' | take 20",
     {0},
     {0},
     0,
     0},
};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static _Atomic bool hunting;

/* How long an answer takes, µs. */
static int64_t ask(const struct question *question)
{
    struct curl_slist *headers;
    struct buf answer = {0};
    long status = 0;
    CURL *curl = centre_request("/api/v1/hunts", CENTRE_ADMIN, &headers);
    headers = curl_slist_append(headers, "Content-Type: text/plain");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, centre_collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question->query);
    int64_t started = clock_ticks_us();
    if (curl_easy_perform(curl) != CURLE_OK)
        centre_die("hunts are not answered");
    int64_t took = clock_ticks_us() - started;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        fprintf(stderr, "%s: %ld %.*s\n", question->what, status, STR_ARG(buf_str(&answer)));
        centre_die("a hunt fails");
    }
    buf_free(&answer);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return took;
}

static void *hunt(void *context)
{
    (void)context;
    for (size_t i = 0; hunting; i++) {
        struct question *question = &questions[i % QUESTIONS];
        int64_t started = clock_ticks_us(), took = ask(question);
        if (question->n_beside < TIMES_MAX)
            question->beside[question->n_beside++] = took;
        while (hunting && clock_ticks_us() - started < ASK_EVERY_US)
            usleep(10000);
    }
    return NULL;
}

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static double median_ms(int64_t *times, uint32_t n)
{
    qsort(times, n, sizeof(times[0]), compare_times);
    return n ? (double)times[n / 2] / 1000 : 0;
}

/* How many times as long as now hunts took beside the load: the geometric mean of the questions. */
static double ask_quietly(void)
{
    double logarithms = 0;
    for (uint32_t again = 0; again < QUIET_TIMES; again++)
        for (size_t i = 0; i < QUESTIONS; i++)
            questions[i].quiet[questions[i].n_quiet++] = ask(&questions[i]);
    for (size_t i = 0; i < QUESTIONS; i++) {
        struct question *question = &questions[i];
        double quiet = median_ms(question->quiet, question->n_quiet);
        double beside = median_ms(question->beside, question->n_beside);
        printf("%-26s quiet %8.1f ms, beside the load %8.1f ms: %4.1f times\n", question->what,
               quiet, beside, beside / quiet);
        logarithms += log(beside / quiet);
    }
    return exp(logarithms / QUESTIONS);
}

struct stages {
    double acknowledged, matched, kept, processor;
    double behind_matching, behind_keeping, slowest;
};

static struct stages look(void)
{
    struct buf text = {0};
    centre_metrics(&text);
    struct stages stages = {
        .acknowledged = (double)centre_load.acknowledged,
        .matched = centre_figure(&text, "jaga_detect_events_total"),
        .kept = centre_figure(&text, "jaga_lake_events_total"),
        .processor = centre_processor_seconds(),
        .behind_matching = centre_figure(&text, "jaga_detect_lag_events"),
        .behind_keeping = centre_figure(&text, "jaga_lake_lag_events"),
        .slowest = centre_figure(&text, "jaga_lake_delay_slowest_seconds"),
    };
    buf_free(&text);
    return stages;
}

static void report(double at, double seconds, const struct stages *from, const struct stages *to)
{
    printf("%5.0f s %7.0f/s taken, %7.0f/s matched (%.0f behind), %7.0f/s kept (%.0f behind, "
           "findable after %.1f s "
           "at most), %.2f cores, %.0f MiB\n",
           at, (to->acknowledged - from->acknowledged) / seconds,
           (to->matched - from->matched) / seconds, to->behind_matching,
           (to->kept - from->kept) / seconds, to->behind_keeping, to->slowest,
           (to->processor - from->processor) / seconds, centre_memory("VmRSS:"));
    fflush(stdout);
}

/* No stage is too far behind, and the doors took what was offered. */
static bool kept_up(const struct stages *first, const struct stages *last, double rate,
                    double seconds)
{
    return last->behind_matching < rate * BEHIND_SECONDS &&
           last->behind_keeping < rate * BEHIND_SECONDS &&
           (last->acknowledged - first->acknowledged) / seconds > 0.98 * rate;
}

static bool run_load(uint64_t rate, double seconds)
{
    pthread_t hunter;
    centre_load_start(rate);
    double each = seconds / REPORTS;
    struct stages first = look(), from = first;
    for (int i = 1; i <= REPORTS; i++) {
        if (i == REPORTS / 2 + 1) {
            hunting = true;
            pthread_create(&hunter, NULL, hunt, NULL);
        }
        usleep((unsigned)(each * 1e6));
        struct stages to = look();
        report(i * each, each, &from, &to);
        from = to;
    }
    hunting = false;
    pthread_join(hunter, NULL);
    centre_load_stop();
    return kept_up(&first, &from, (double)rate, seconds);
}

static void wait_until_kept(void)
{
    int64_t started = clock_ticks_us();
    while (centre_metric("jaga_lake_lag_events") > 0 || centre_metric("jaga_detect_lag_events") > 0)
        usleep(100000);
    double kept = centre_metric("jaga_lake_events_total");
    printf("all kept and matched %.1f s after the load: %.0f of %llu, %.0f bytes each as they "
           "came, %.0f on disk, logs included\n",
           (double)(clock_ticks_us() - started) / 1e6, kept,
           (unsigned long long)centre_load.acknowledged,
           centre_metric("jaga_lake_bytes_total") / kept,
           centre_metric("jaga_lake_size_bytes") / kept);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fputs("usage: bench_steady JAGA FOLDER RATE SECONDS [RULES...]\n", stderr);
        return 2;
    }
    uint64_t rate = strtoull(argv[3], NULL, 10);
    double seconds = strtod(argv[4], NULL);
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    centre_start(argv[1], argv[2], true, argv + 5, argc - 5);
    printf("at rest: %.0f MiB\n", centre_memory("VmRSS:"));
    bool keeps_up = run_load(rate, seconds);
    wait_until_kept();
    double slower = ask_quietly();
    double memory = centre_memory("VmHWM:");
    printf("%llu events/s for %.0f s: %s\n", (unsigned long long)rate, seconds,
           keeps_up ? "held" : "not held");
    printf("hunts within %.1f times: %s, %.2f\n", SLOWER_MAX,
           slower <= SLOWER_MAX ? "held" : "not held", slower);
    printf("memory below %.0f MiB: %s, %.0f now, %.0f at most\n", MEMORY_MAX,
           memory <= MEMORY_MAX ? "held" : "not held", centre_memory("VmRSS:"), memory);
    centre_stop();
    curl_global_cleanup();
    return keeps_up && slower <= SLOWER_MAX && memory <= MEMORY_MAX ? 0 : 1;
}
