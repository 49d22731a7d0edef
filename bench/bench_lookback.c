/*
 * Looking back: each rule of a folder, alone, over a lake of generated Sysmon (filling.h; 1 million events, or as many as
 * it is to have), as the centre does it: all time, newest first, candidates made again and matched. The lake in FOLDER is
 * filled first, unless it has events.
 *
 *     bench_lookback FOLDER CONTENT RULES [MILLIONS [THREADS]]
 *
 * Then new indicators: one digest, ten thousand of them, a hundred thousand domains, of which few are found.
 *
 * A row: wall clock of the first time and of the best of the next ones, in ms; processor time of all threads of that, the
 * mean; events that SQL left to the engine; events that matched; the rule, or indicators. In the end how long it takes to tell
 * what is new among a million indicators, and the most memory the process had. Ends with 1 where something that few events
 * match took longer than its goal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench_rules.h"
#include "filling.h"
#include "hunt/function.h"
#include "hunt/lookback.h"
#include "intel/builder.h"
#include "intel/news.h"
#include "io/clock.h"
#include "measure.h"

#define AGAIN 3
#define SELECTIVE 10000              /* matching events, at most, of what is to be quick */
#define GOAL_US (3 * TIME_SECOND_US) /* over ten million events */

static const struct lake_ops *const ops = &lake_duckdb;

static int64_t processor_us(void)
{
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    return (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * TIME_SECOND_US +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static int ignore(void *context, const struct lookback_event *found)
{
    (void)context;
    (void)found;
    return 0;
}

/* What is looked for: rules, and new indicators. */
struct wish {
    const bool *rules;
    const struct intel *intel;
    const struct intel_news *news;
    struct lookback_screens *screens;
};

static int64_t look(struct lake *lake, const struct bench_rules *rules, const struct wish *wish,
                    struct lookback_stats *ret_stats)
{
    const struct lookback_options options = {
        .ops = ops,
        .lake = lake,
        .set = &rules->set,
        .ruleset = rules->ruleset,
        .datasets = rules->datasets,
        .fields = &rules->fields,
        .rules = wish->rules,
        .intel = wish->intel,
        .news = wish->news,
        .screens = wish->screens,
        .now = clock_now_us(),
        .scope = {.all = true},
    };
    struct err err = {0};
    int64_t started = clock_ticks_us();
    struct lookback *lookback = lookback_new(&options, &err);
    if (!lookback || lookback_run(lookback, INT64_MIN, INT64_MAX, ignore, NULL, &err) < 0)
        measure_die("lookback", err.message);
    int64_t took = clock_ticks_us() - started;
    lookback_stats(lookback, ret_stats);
    lookback_free(lookback);
    return took;
}

static bool measure(struct lake *lake, const struct bench_rules *rules, const struct wish *wish,
                    struct str title)
{
    struct lookback_stats stats;
    int64_t cold = look(lake, rules, wish, &stats), best = INT64_MAX, used = processor_us();
    for (int again = 0; again < AGAIN; again++) {
        int64_t took = look(lake, rules, wish, &stats);
        best = took < best ? took : best;
    }
    used = (processor_us() - used) / AGAIN;
    printf("%8.1f %8.1f %8.1f %8" PRIu64 " %8" PRIu64 "  %.*s\n", (double)cold / 1e3,
           (double)best / 1e3, (double)used / 1e3, stats.candidates, stats.matched, STR_ARG(title));
    fflush(stdout);
    return stats.matched > SELECTIVE || best <= GOAL_US;
}

/* ---- indicators ---- */

/* An image of indicators, and the file it is in. */
struct feed {
    struct buf file;
    struct intel *intel;
};

static void make_feed(enum indicator_type type, unsigned n, struct feed *ret_feed)
{
    struct intel_builder *builder = intel_builder_new(0);
    struct err err = {0};
    char text[64];
    for (unsigned i = 0; builder && i < n; i++) {
        if (type == INDICATOR_DOMAIN)
            snprintf(text, sizeof(text), "service%u.%s.example", i, i ? "evil" : "cloud");
        else
            snprintf(text, sizeof(text), "%032x", i * 2654435761u);
        const struct indicator indicator = {.type = type,
                                            .value = str_from_c(text),
                                            .source = STR("feed"),
                                            .confidence = 50,
                                            .from = TIME_UNSET,
                                            .until = TIME_UNSET};
        if (intel_builder_add(builder, &indicator) < 0)
            measure_die("feed", text);
    }
    *ret_feed = (struct feed){0};
    if (!builder || intel_builder_finish(builder, &ret_feed->file) < 0)
        measure_die("feed", "no memory");
    intel_builder_free(builder);
    ret_feed->intel = intel_open(buf_str(&ret_feed->file), &err);
    if (!ret_feed->intel)
        measure_die("feed", err.message);
}

static void free_feed(struct feed *feed)
{
    intel_close(feed->intel);
    buf_free(&feed->file);
}

static int put(void *context, struct str bytes)
{
    buf_add_str(context, bytes);
    return 0;
}

static bool measure_indicators(struct lake *lake, const struct bench_rules *rules,
                               struct wish *wish, enum indicator_type type, unsigned n)
{
    uint64_t counts[INDICATOR_COUNT];
    struct feed feed;
    struct buf list = {0}, title = {0};
    struct err err = {0};
    make_feed(type, n, &feed);
    if (intel_news_write(NULL, feed.intel, put, &list, counts) < 0)
        measure_die("news", "no memory");
    struct intel_news *news = intel_news_open(buf_str(&list), feed.intel, &err);
    if (!news)
        measure_die("news", err.message);
    wish->intel = feed.intel;
    wish->news = news;
    buf_printf(&title, "%u new indicators: %s", n, indicator_type_names[type]);
    bool held = measure(lake, rules, wish, buf_str(&title));
    intel_news_close(news);
    free_feed(&feed);
    buf_free(&list);
    buf_free(&title);
    return held;
}

/* As a reload does it: the image before, and one with a few more. */
static void measure_news(enum indicator_type type, unsigned n)
{
    uint64_t counts[INDICATOR_COUNT];
    struct feed before, now;
    struct buf list = {0};
    make_feed(type, n, &before);
    make_feed(type, n + 10, &now);
    double began = measure_cpu();
    if (intel_news_write(before.intel, now.intel, put, &list, counts) < 0)
        measure_die("news", "no memory");
    printf("%8.1f ms of processor time: %" PRIu64 " of %u %s are new\n",
           (measure_cpu() - began) * 1e3, counts[type], n + 10, indicator_type_names[type]);
    free_feed(&before);
    free_feed(&now);
    buf_free(&list);
}

static int add_share(void *context, const struct lake_share *share)
{
    *(uint64_t *)context += share->rows;
    return 0;
}

int main(int argc, char **argv)
{
    static struct bench_rules rules;
    double millions = 1, threads = 0;
    uint64_t n = 0;
    struct err err = {0};
    struct filling filling = {0};
    if (argc < 4 || (argc > 4 && str_to_double(str_from_c(argv[4]), &millions) < 0) ||
        (argc > 5 && str_to_double(str_from_c(argv[5]), &threads) < 0))
        measure_die("usage", "bench_lookback FOLDER CONTENT RULES [MILLIONS [THREADS]]");
    const struct lake_options options = {.threads = (unsigned)threads};
    struct lake *lake = ops->open(argv[1], &options, &err);
    if (!lake || hunt_functions_register(ops, lake, NULL, &err) < 0)
        measure_die(argv[1], err.message);
    (void)ops->shares(lake, &(struct lake_part){0}, add_share, &n);
    uint64_t end = (uint64_t)(millions * 1e6);
    if (n < end)
        filling_run(ops, lake, n, end, NULL, NULL, &filling);
    if (ops->settle(lake, &err) < 0)
        measure_die(argv[1], err.message);
    bench_rules_load(&rules, argv[2], &argv[3], 1);
    bool *wanted = calloc(rules.set.rules.len + 1, sizeof(*wanted));
    struct wish wish = {.rules = wanted, .screens = lookback_screens_new(ops, lake, &err)};
    if (!wanted || !wish.screens)
        measure_die("rules", "no memory");
    bool held = true;
    printf("   first     warm      cpu  candidates  matched  rule\n");
    for (size_t i = 0; i < rules.set.rules.len; i++) {
        wanted[i] = true;
        held &= measure(lake, &rules, &wish, rules.set.rules.items[i]->meta.title);
        wanted[i] = false;
    }
    held &= measure_indicators(lake, &rules, &wish, INDICATOR_MD5, 1);
    held &= measure_indicators(lake, &rules, &wish, INDICATOR_MD5, 10000);
    held &= measure_indicators(lake, &rules, &wish, INDICATOR_DOMAIN, 100000);
    measure_news(INDICATOR_MD5, 1000000);
    measure_news(INDICATOR_DOMAIN, 1000000);
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) == 0)
        printf("%8ld MB at most\n", used.ru_maxrss / 1024);
    free(wanted);
    bench_rules_free(&rules);
    ops->close(lake);
    lookback_screens_free(wish.screens);
    return held ? 0 : 1;
}
