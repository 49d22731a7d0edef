/*
 * Hunts as analysts write them: KQL over published tables, datasets and all events, compiled and run as the centre does,
 * beside the same question in SQL over the dataset, so that the price of the views is seen. The lake in FOLDER is filled
 * first (filling.h; 1 million events, or as many as it has), unless it has events.
 *
 *     bench_hunt FOLDER [MILLIONS [THREADS [FILE]...]]
 *
 * A row: microseconds to compile; wall clock of the first time and of the best of the next ones, in ms; processor time of
 * all threads of those, the mean; MB read from files the first time; rows. Then the same of people who may see one of the five
 * agencies, and four of them, and of the SQL. Then some of them while BESIDE_EVENTS more are put. FILEs are queries that
 * are only compiled. Ends with 1 where an answer took longer than its goal.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "filling.h"
#include "hunt/ask.h"
#include "hunt/function.h"
#include "io/clock.h"
#include "measure.h"

#define AGAIN 5

struct question {
    const char *what, *kql, *sql; /* sql NULL: there is none beside it */
    double goal;                  /* ms over ten million events, warm; 0: none */
};

#define HOST "host01233.agency.example"
#define WITH_HOST " | where Computer == '" HOST "'"

static const struct question questions[] = {
    {"rarest parent and child, of a published table",
     "DeviceProcessEvents | summarize n = count() by InitiatingProcessFolderPath, FolderPath"
     " | top 20 by n asc",
     "SELECT ParentImage, Image, count(*) AS n FROM windows_sysmon WHERE EventID = 1 AND Image <> "
     "''"
     " GROUP BY ALL ORDER BY n LIMIT 20",
     600},
    {"the same by names of files",
     "DeviceProcessEvents | summarize n = count() by InitiatingProcessFileName, FileName"
     " | top 20 by n asc",
     NULL, 0},
    {"rarest parent and child, of the dataset",
     "windows_sysmon | where EventID == 1 | summarize n = count() by ParentImage, Image"
     " | top 20 by n asc",
     "SELECT ParentImage, Image, count(*) AS n FROM windows_sysmon WHERE EventID = 1 GROUP BY ALL"
     " ORDER BY n LIMIT 20",
     600},
    {"top 10 images", "windows_sysmon | summarize n = count() by Image | top 10 by n",
     "SELECT Image, count(*) AS n FROM windows_sysmon GROUP BY ALL ORDER BY n DESC LIMIT 10", 100},
    {"top 10 images of all events",
     "events | summarize n = count() by ['process.executable'] | top 10 by n", NULL, 0},
    {"a hash", "windows_sysmon | where Hashes == 'MD5=00,IMPHASH=none' | project _id, Computer",
     "SELECT _id, Computer FROM windows_sysmon WHERE Hashes = 'MD5=00,IMPHASH=none'", 50},
    {"a hash of a published table",
     "DeviceProcessEvents | where MD5 == '0123456789abcdef0123456789abcdef' | project DeviceName",
     NULL, 0},
    {"hashes, of a list", "windows_sysmon | where Hashes has_any ('00aa', '00bb', '00cc') | count",
     NULL, 0},
    {"a host", "windows_sysmon" WITH_HOST " | count",
     "SELECT count(*) FROM windows_sysmon WHERE Computer = '" HOST "'", 50},
    {"a host, whatever its case",
     "windows_sysmon | where Computer =~ 'HOST01233.agency.example'"
     " | count",
     "SELECT count(*) FROM windows_sysmon WHERE Computer ILIKE '" HOST "'", 0},
    {"hosts of a list, whatever their case",
     "DeviceProcessEvents | where DeviceName in~ ('HOST01233.agency.example', 'none') | count",
     NULL, 0},
    {"a host of all events", "events | where ['host.name'] == '" HOST "' | count", NULL, 0},
    {"contains, on the command line",
     "DeviceProcessEvents | where ProcessCommandLine contains 'TOKEN 0000abc' | count",
     "SELECT count(*) FROM windows_sysmon WHERE CommandLine ILIKE '%TOKEN 0000abc%'", 700},
    {"has, on the command line",
     "DeviceProcessEvents | where ProcessCommandLine has 'Schedule' | count",
     "SELECT count(*) FROM windows_sysmon WHERE CommandLine ILIKE '%schedule%'", 700},
    {"has, of what is nowhere",
     "windows_sysmon | where CommandLine has 'mimikatz' | project _id, CommandLine", NULL, 0},
    {"has_any, of what is nowhere",
     "windows_sysmon | where CommandLine has_any ('mimikatz', 'sekurlsa', 'lsadump', 'kerberoast')",
     NULL, 0},
    {"contains_cs, on the command line",
     "windows_sysmon | where CommandLine contains_cs 'token 0000abc' | count",
     "SELECT count(*) FROM windows_sysmon WHERE contains(CommandLine, 'token 0000abc')", 0},
    {"a regular expression",
     "windows_sysmon | where CommandLine matches regex @'(?i)token\\s+0000a'"
     " | count",
     "SELECT count(*) FROM windows_sysmon WHERE regexp_matches(CommandLine, '(?i)token\\s+0000a')",
     0},
    {"the events of an hour, counted",
     "windows_sysmon | where _time between (datetime(2026-11-12 05:00) .. 1h) | count",
     "SELECT count(*) FROM windows_sysmon WHERE _time >= TIMESTAMP '2026-11-12 05:00:00' AND _time "
     "< TIMESTAMP '2026-11-12 06:00:00'",
     10},
    {"an hour of all events",
     "events | where ['@timestamp'] between (datetime(2026-11-12 05:00) .. 1h) | count", NULL, 0},
    {"100 whole events", "windows_sysmon | take 100", "SELECT * FROM windows_sysmon LIMIT 100",
     250},
    {"100 whole events of all", "events | take 100", NULL, 0},
    {"100 whole events of a host", "windows_sysmon" WITH_HOST " | take 100",
     "SELECT * FROM windows_sysmon WHERE Computer = '" HOST "' LIMIT 100", 250},
    {"the 100 last events of a host", "windows_sysmon" WITH_HOST " | top 100 by _time",
     "SELECT * FROM windows_sysmon WHERE Computer = '" HOST "' ORDER BY _time DESC LIMIT 100", 0},
    {"100 whole events of a published table",
     "DeviceProcessEvents | where DeviceName == '" HOST "' | take 100", NULL, 0},
    {"the 100 last of a published table",
     "DeviceProcessEvents | where DeviceName == '" HOST "' | top 100 by Timestamp", NULL, 0},
    {"with what they were made of",
     "windows_sysmon" WITH_HOST " | take 100 | project _time, _id, _raw", NULL, 0},
    {"a join of processes and connections",
     "DeviceProcessEvents | where FileName =~ 'powershell.exe' | project DeviceName, ProcessId"
     " | join kind=inner (DeviceNetworkEvents | where RemotePort == 443"
     " | project DeviceName, InitiatingProcessId, RemoteIP)"
     " on DeviceName, $left.ProcessId == $right.InitiatingProcessId | count",
     NULL, 0},
    {"a series by hour",
     "windows_sysmon | make-series n = count() on _time from "
     "datetime(2026-11-12) to datetime(2026-11-13) step 1h by EventID",
     NULL, 0},
    {"images of each host",
     "windows_sysmon | summarize dcount(Image) by Computer | top 10 by "
     "dcount_Image",
     "SELECT Computer, approx_count_distinct(Image) AS n FROM windows_sysmon GROUP BY ALL ORDER BY "
     "n DESC LIMIT 10",
     0},
};

struct bench {
    struct content content;
    struct fields fields;
    struct datasets *datasets;
    struct tables *tables;
    struct hunt_place place;
};

/* ---- one question ---- */

struct cost {
    double compile_s; /* processor time of this thread */
    double seconds, cpu;
    uint64_t read, rows;
};

static int on_begin(void *context, const struct hunt_head *head)
{
    (void)context, (void)head;
    return 0;
}

static int on_row(void *context, const struct hunt_cell *cells)
{
    (void)cells;
    (*(uint64_t *)context)++;
    return 0;
}

static int on_end(void *context, bool cut)
{
    (void)context, (void)cut;
    return 0;
}

/* Bytes that this process has asked the system for. */
static uint64_t bytes_read(void)
{
    unsigned long long bytes = 0;
    FILE *file = fopen("/proc/self/io", "r");
    if (file && fscanf(file, "rchar: %llu", &bytes) != 1)
        bytes = 0;
    if (file)
        fclose(file);
    return bytes;
}

/* Who asks: somebody who may see all, or the people of one or four of the five agencies. */
static const struct str agencies[] = {{"MOH", 3}, {"MOF", 3}, {"MOE", 3}, {"MHA", 3}};
static const struct lake_scope of_all = {.all = true}, of_one = {.agencies = agencies, .n = 1},
                               of_four = {.agencies = agencies, .n = 4};

static int ask(const struct bench *bench, enum hunt_language language, struct str text,
               const struct lake_scope *scope, bool run, struct cost *ret_cost, struct err *err)
{
    struct hunt_question question = {
        .text = text, .language = language, .first = INT64_MIN, .last = INT64_MAX, .scope = *scope};
    struct cost cost = {0};
    const struct hunt_sink sink = {on_begin, on_row, on_end, &cost.rows};
    double wall = measure_now(), thread = measure_cpu(), process = measure_process_cpu();
    uint64_t before = bytes_read();
    struct hunt_asking *asking = hunt_asking_new(&bench->place, &question);
    if (!asking)
        measure_die("hunt", "no memory");
    int status = hunt_asking_compile(asking, err);
    cost.compile_s = measure_cpu() - thread;
    if (status == 0 && run)
        status = hunt_asking_run(asking, &sink, err);
    hunt_asking_free(asking);
    cost.seconds = measure_now() - wall;
    cost.cpu = measure_process_cpu() - process;
    cost.read = bytes_read() - before;
    *ret_cost = cost;
    return status;
}

static void need(const struct bench *bench, enum hunt_language language, const char *text,
                 const struct lake_scope *scope, struct cost *ret_cost)
{
    struct err err = {0};
    if (ask(bench, language, str_from_c(text), scope, true, ret_cost, &err) < 0)
        measure_die(text, err.message);
}

/* The best of AGAIN times; its processor time is their mean. */
static struct cost ask_again(const struct bench *bench, enum hunt_language language,
                             const char *text, const struct lake_scope *scope)
{
    struct cost best = {.seconds = 1e9}, cost;
    double cpu = 0;
    for (int i = 0; i < AGAIN; i++) {
        need(bench, language, text, scope, &cost);
        cpu += cost.cpu / AGAIN;
        if (cost.seconds < best.seconds)
            best = cost;
    }
    best.cpu = cpu;
    return best;
}

/* Were all within their goals? */
static bool ask_all(const struct bench *bench)
{
    bool held = true;
    printf("%-46s %8s %8s %8s %8s %7s %8s | %8s %8s | %8s %8s | %8s %8s\n", "", "compile", "first",
           "warm", "cpu", "MB", "rows", "1 of 5", "cpu", "4 of 5", "cpu", "SQL", "cpu");
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        const struct question *question = &questions[i];
        struct cost first;
        need(bench, HUNT_KQL, question->kql, &of_all, &first);
        struct cost warm = ask_again(bench, HUNT_KQL, question->kql, &of_all);
        struct cost one = ask_again(bench, HUNT_KQL, question->kql, &of_one);
        struct cost four = ask_again(bench, HUNT_KQL, question->kql, &of_four);
        printf("%-46s %5.0f us %8.1f %8.1f %8.1f %7.1f %8" PRIu64 " | %8.1f %8.1f | %8.1f %8.1f",
               question->what, warm.compile_s * 1e6, first.seconds * 1e3, warm.seconds * 1e3,
               warm.cpu * 1e3, (double)first.read / 1e6, warm.rows, one.seconds * 1e3,
               one.cpu * 1e3, four.seconds * 1e3, four.cpu * 1e3);
        if (question->sql) {
            struct cost sql = ask_again(bench, HUNT_SQL, question->sql, &of_all);
            printf(" | %8.1f %8.1f", sql.seconds * 1e3, sql.cpu * 1e3);
        }
        if (question->goal > 0 && warm.seconds * 1e3 > question->goal) {
            printf(" | beyond its goal of %.0f", question->goal);
            held = false;
        }
        putchar('\n');
        fflush(stdout);
    }
    return held;
}

/* ---- beside filling ---- */

#define BESIDE_EVENTS 300000
#define BESIDE_TIMES_MAX 4096

/* Looked up, counted, grouped, whole: what an analyst waits for. */
static const char *const beside[] = {
    "windows_sysmon" WITH_HOST " | count",
    "windows_sysmon | where _time between (datetime(2026-11-12 05:00) .. 1h) | count",
    "windows_sysmon | summarize n = count() by Image | top 10 by n",
    "windows_sysmon" WITH_HOST " | take 100",
};

#define N_BESIDE (sizeof(beside) / sizeof(beside[0]))

struct filler {
    struct lake *lake;
    uint64_t first;
    atomic_bool done;
};

static void *fill_beside(void *argument)
{
    struct filler *filler = argument;
    struct filling filling = {0};
    struct err err = {0};
    filling_run(&lake_duckdb, filler->lake, filler->first, filler->first + BESIDE_EVENTS, NULL,
                NULL, &filling);
    if (lake_duckdb.settle(filler->lake, &err) < 0)
        measure_die("settle", err.message);
    atomic_store(&filler->done, true);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static double quiet_median(const struct bench *bench, const char *text)
{
    double times[2 * AGAIN + 1];
    struct cost cost;
    for (int i = 0; i < 2 * AGAIN + 1; i++) {
        need(bench, HUNT_KQL, text, &of_all, &cost);
        times[i] = cost.seconds;
    }
    qsort(times, 2 * AGAIN + 1, sizeof(*times), by_size);
    return times[AGAIN];
}

/* The questions in turn until the filler has filled and settled: what each took then, beside what it takes in the quiet. */
static void ask_beside(const struct bench *bench, uint64_t n_events)
{
    static double times[N_BESIDE][BESIDE_TIMES_MAX];
    double quiet[N_BESIDE];
    size_t n = 0;
    struct cost cost;
    struct filler filler = {.lake = bench->place.lake, .first = n_events};
    pthread_t thread;
    for (size_t i = 0; i < N_BESIDE; i++)
        quiet[i] = quiet_median(bench, beside[i]);
    if (pthread_create(&thread, NULL, fill_beside, &filler) != 0)
        measure_die("filler", "no thread");
    for (; n < BESIDE_TIMES_MAX && !atomic_load(&filler.done); n++)
        for (size_t i = 0; i < N_BESIDE; i++) {
            need(bench, HUNT_KQL, beside[i], &of_all, &cost);
            times[i][n] = cost.seconds;
        }
    pthread_join(thread, NULL);
    printf("beside a filler that never rests, %zu times each\n", n);
    for (size_t i = 0; n > 0 && i < N_BESIDE; i++) {
        qsort(times[i], n, sizeof(times[i][0]), by_size);
        printf("  %-84s quiet %6.1f ms; beside %6.1f ms, 95 of 100 below %6.1f ms, longest %6.1f "
               "ms\n",
               beside[i], quiet[i] * 1e3, times[i][n / 2] * 1e3, times[i][n * 95 / 100] * 1e3,
               times[i][n - 1] * 1e3);
    }
}

/* ---- published queries ---- */

static void compile_files(const struct bench *bench, char **paths, size_t n)
{
    double *times = calloc(n + 1, sizeof(*times));
    size_t compiled = 0;
    const char *slowest = "";
    double longest = 0;
    for (size_t i = 0; times && i < n; i++) {
        struct str text = measure_read(paths[i]);
        struct cost cost;
        struct err err = {0};
        if (ask(bench, HUNT_KQL, text, &of_all, false, &cost, &err) == 0) {
            times[compiled++] = cost.compile_s;
            slowest = cost.compile_s > longest ? paths[i] : slowest;
            longest = cost.compile_s > longest ? cost.compile_s : longest;
        }
        measure_free(text);
    }
    if (compiled > 0) {
        qsort(times, compiled, sizeof(*times), by_size);
        printf("%zu of %zu published queries compiled: median %.2f ms, 95 of 100 below %.2f ms, "
               "longest %.2f ms (%s)\n",
               compiled, n, times[compiled / 2] * 1e3, times[compiled * 95 / 100] * 1e3,
               longest * 1e3, slowest);
    }
    free(times);
}

/* ---- what is asked ---- */

static void load_tables(struct bench *bench)
{
    struct err err = {0};
    if (content_open(&bench->content, NULL, &err) < 0 || fields_init(&bench->fields) < 0 ||
        !(bench->datasets = datasets_new(&bench->fields)))
        measure_die("content", err.message);
    for (size_t i = 0; i < bench->content.files.len; i++) {
        const struct content_file *file = &bench->content.files.items[i];
        if (str_starts(file->name, STR("datasets/")) &&
            datasets_add(bench->datasets, file->bytes, file->origin, &err) < 0)
            measure_die("datasets", err.message);
    }
    if (tables_load(&bench->content, bench->datasets, &bench->tables, &err) < 0)
        measure_die("tables", err.message);
    bench->place = (struct hunt_place){.ops = &lake_duckdb, .tables = bench->tables};
}

static void open_lake(struct bench *bench, const char *folder, double millions, unsigned threads)
{
    char path[4200];
    struct err err = {0};
    struct lake_stats stats;
    struct filling filling = {0};
    const struct lake_options options = {.threads = threads, .memory = UINT64_C(3) << 30};
    snprintf(path, sizeof(path), "%s/lake", folder);
    bench->place.lake = lake_duckdb.open(path, &options, &err);
    if (!bench->place.lake ||
        hunt_functions_register(&lake_duckdb, bench->place.lake, NULL, &err) < 0)
        measure_die(path, err.message);
    lake_duckdb.stats(bench->place.lake, &stats);
    if (stats.days == 0) {
        filling_run(&lake_duckdb, bench->place.lake, 0, (uint64_t)(millions * 1e6), NULL, NULL,
                    &filling);
        if (lake_duckdb.settle(bench->place.lake, &err) < 0)
            measure_die("settle", err.message);
    }
}

static int add_rows(void *context, const struct lake_share *share)
{
    *(uint64_t *)context += share->rows;
    return 0;
}

static uint64_t count_events(const struct bench *bench)
{
    uint64_t n = 0;
    if (lake_duckdb.shares(bench->place.lake, &(struct lake_part){0}, add_rows, &n) < 0)
        measure_die("lake", "its shares can't be read");
    return n;
}

int main(int argc, char **argv)
{
    static const char usage[] = "bench_hunt FOLDER [MILLIONS [THREADS [FILE]...]]";
    double millions = 1, threads = 0;
    struct bench bench = {0};
    if (argc < 2 || (argc > 2 && str_to_double(str_from_c(argv[2]), &millions) < 0) ||
        (argc > 3 && str_to_double(str_from_c(argv[3]), &threads) < 0))
        measure_die("usage", usage);
    load_tables(&bench);
    open_lake(&bench, argv[1], millions, (unsigned)threads);
    bool held = ask_all(&bench);
    ask_beside(&bench, count_events(&bench));
    if (argc > 4)
        compile_files(&bench, argv + 4, (size_t)argc - 4);
    lake_duckdb.close(bench.place.lake);
    tables_free(bench.tables);
    datasets_free(bench.datasets);
    fields_free(&bench.fields);
    content_close(&bench.content);
    return held ? 0 : 1;
}
