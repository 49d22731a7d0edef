/*
 * The lake on a real folder: events (millions; 1 by default) of generated Sysmon are put, by commits of COMMIT events,
 * a million a day; then the questions of a hunter, each asked again until it is warm. Beside it the same events as
 * lines in a file, searched with grep or ripgrep where a search can answer at all.
 *
 *     bench_lake FOLDER [MILLIONS [THREADS]]
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "io/clock.h"
#include "measure.h"
#include "sysmon.h"

#define DAY_EVENTS 1000000
#define BATCH 200 /* generated, then put: the clocks are read once for all */
#define COMMIT 100000
#define PARTITIONS 8
#define FIRST (INT64_C(1794441600) * TIME_SECOND_US) /* 2026-11-12 */

static const struct lake_ops *const ops = &lake_duckdb;

static void need(int status, const struct err *err)
{
    if (status < 0)
        measure_die("lake", err->message);
}

struct filling {
    double seconds, cpu;
    uint64_t bytes;
};

static void write_line(FILE *lines, struct str line)
{
    if (fwrite(line.ptr, 1, line.len, lines) != line.len || fputc('\n', lines) == EOF)
        measure_die("lines", strerror(errno));
}

static void commit(struct lake *lake, uint64_t n)
{
    struct err err = {0};
    struct lake_progress progress[PARTITIONS];
    for (uint32_t p = 0; p < PARTITIONS; p++)
        progress[p] = (struct lake_progress){p, (n - 1) / PARTITIONS + 1};
    need(ops->commit(lake, progress, PARTITIONS, &err), &err);
}

static void fill(struct lake *lake, FILE *lines, uint64_t n, struct filling *ret_filling)
{
    static struct sysmon_event events[BATCH];
    static const struct err refused = {.message = "an event was refused"};
    for (uint64_t i = 0; i < n; i += BATCH) {
        uint64_t end = i + BATCH < n ? i + BATCH : n;
        for (uint64_t k = i; k < end; k++) {
            struct sysmon_event *event = &events[k - i];
            sysmon_make(event, k, FIRST + (int64_t)k * (TIME_DAY_US / DAY_EVENTS), PARTITIONS);
            ret_filling->bytes += event->row.raw.len;
            write_line(lines, event->row.raw);
        }
        double started = measure_now(), cpu = measure_cpu();
        for (uint64_t k = i; k < end; k++)
            need(ops->put(lake, &events[k - i].row), &refused);
        if (end % COMMIT == 0 || end == n)
            commit(lake, end);
        ret_filling->seconds += measure_now() - started;
        ret_filling->cpu += measure_cpu() - cpu;
    }
}

struct question {
    const char *what, *sql;
    int64_t first, last;
};

static int64_t ask_once(struct lake *lake, const struct question *question, uint64_t *ret_rows)
{
    struct lake_source source = {
        .name = STR("t"),
        .dataset = STR("windows_sysmon"),
        .first = question->first ? question->first : INT64_MIN,
        .last = question->last ? question->last : INT64_MAX,
    };
    struct lake_query query = {.sql = str_from_c(question->sql),
                               .sources = &source,
                               .n_sources = 1,
                               .scope = {.all = true}};
    struct err err = {0};
    struct lake_run *run;
    struct lake_chunk chunk;
    int64_t started = clock_ticks_us();
    int status = ops->ask(lake, &query, &run, &err);
    need(status, &err);
    *ret_rows = 0;
    while ((status = ops->next(run, &chunk, &err)) == 1)
        *ret_rows += chunk.n_rows;
    need(status, &err);
    ops->done(run);
    return clock_ticks_us() - started;
}

#define HOUR ((int64_t)3600 * TIME_SECOND_US)

static const struct question questions[] = {
    {"rarest parent and child, all time",
     "SELECT ParentImage, Image, count(*) AS n FROM t WHERE EventID = 1 GROUP BY ALL ORDER BY n, "
     "1, "
     "2 LIMIT 20",
     0, 0},
    {"top 10 images, all time",
     "SELECT Image, count(*) AS n FROM t GROUP BY ALL ORDER BY n DESC LIMIT 10", 0, 0},
    {"a hash, all time",
     "SELECT _id, Computer FROM t WHERE Hashes = 'MD5=0000000000000000,IMPHASH=none'", 0, 0},
    {"a host, all time", "SELECT count(*) FROM t WHERE Computer = 'host01234.agency.example'", 0,
     0},
    {"a part of a command line, in any case, all time",
     "SELECT count(*) FROM t WHERE CommandLine ILIKE '%TOKEN 0000abc%'", 0, 0},
    {"the events of an hour, counted", "SELECT count(*) FROM t", FIRST + 5 * HOUR,
     FIRST + 6 * HOUR},
    {"100 whole events", "SELECT * FROM t WHERE Computer = 'host01234.agency.example' LIMIT 100", 0,
     0},
};

static void ask_all(struct lake *lake)
{
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        uint64_t rows = 0;
        int64_t cold = ask_once(lake, &questions[i], &rows), best = INT64_MAX;
        for (int again = 0; again < 5; again++) {
            int64_t took = ask_once(lake, &questions[i], &rows);
            best = took < best ? took : best;
        }
        printf("%-52s first %8.1f ms, warm %8.1f ms, %" PRIu64 " rows\n", questions[i].what,
               (double)cold / 1e3, (double)best / 1e3, rows);
    }
}

/* The exit code of a shell's command; negative: it could not be started. */
static int run_shell(char *command)
{
    char shell[] = "sh", option[] = "-c";
    char *arguments[] = {shell, option, command, NULL};
    pid_t child;
    int status;
    if (posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) != 0 ||
        waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static void search_lines(const char *path)
{
    static const char *const searches[][2] = {
        {"grep, a host", "grep -c -F host01234.agency.example"},
        {"grep, a part of a command line, in any case", "LC_ALL=C grep -c -i 'token 0000abc'"},
        {"ripgrep, a host", "rg -c -F host01234.agency.example"},
        {"ripgrep, a part of a command line, in any case", "rg -c -i 'token 0000abc'"},
    };
    for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
        char command[8800];
        char have_ripgrep[] = "command -v rg >/dev/null";
        if (searches[i][1][0] == 'r' && run_shell(have_ripgrep) != 0)
            continue;
        snprintf(command, sizeof(command), "%s %s >%s.found", searches[i][1], path, path);
        int64_t best = INT64_MAX;
        for (int again = 0; again < 2; again++) {
            int64_t started = clock_ticks_us();
            int status = run_shell(command);
            int64_t took = clock_ticks_us() - started;
            best = status >= 0 && took < best ? took : best;
        }
        printf("%-52s %8.1f ms\n", searches[i][0], (double)best / 1e3);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        measure_die("usage", "bench_lake FOLDER [MILLIONS [THREADS]]");
    double millions = 1, threads = 0;
    char place[4200], path[4200];
    struct err err = {0};
    if ((argc > 2 && str_to_double(str_from_c(argv[2]), &millions) < 0) ||
        (argc > 3 && str_to_double(str_from_c(argv[3]), &threads) < 0))
        measure_die("usage", "bench_lake FOLDER [MILLIONS [THREADS]]");
    uint64_t n = (uint64_t)(millions * 1e6);
    snprintf(place, sizeof(place), "%s/lake", argv[1]);
    snprintf(path, sizeof(path), "%s/lines.ndjson", argv[1]);
    struct lake *lake = ops->open(
        place, &(struct lake_options){.threads = (unsigned)threads, .memory = UINT64_C(3) << 30},
        &err);
    if (!lake)
        measure_die(place, err.message);
    FILE *lines = fopen(path, "w");
    struct filling filling = {0};
    if (!lines)
        measure_die(path, strerror(errno));
    fill(lake, lines, n, &filling);
    fclose(lines);
    double started = measure_now();
    need(ops->settle(lake, &err), &err);
    double settled = measure_now() - started;
    struct lake_stats stats;
    ops->stats(lake, &stats);
    printf("%" PRIu64 " events of %.0f bytes, %d a day, commits of %d\n", n,
           (double)filling.bytes / (double)n, DAY_EVENTS, COMMIT);
    printf("%-52s %8.0f rows/s, %6.1f MB/s\n", "put and committed", (double)n / filling.seconds,
           (double)filling.bytes / filling.seconds / 1e6);
    printf("%-52s %8.0f rows per second of one processor\n", "the filler's thread",
           (double)n / filling.cpu);
    printf("%-52s %8.1f s\n", "settled", settled);
    printf("%-52s %8.1f bytes an event\n", "on disk", (double)stats.size / (double)n);
    printf("%-52s %8.1f ms\n", "slowest commit", (double)stats.commit_us_max / 1e3);
    ask_all(lake);
    search_lines(path);
    ops->close(lake);
    return 0;
}
