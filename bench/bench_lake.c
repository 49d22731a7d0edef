/*
 * The lake on a real folder: events (millions; 1 by default) of generated Sysmon are put, by commits of FILLING_COMMIT
 * events, a million a day; then the questions of a hunter, each asked again until it is warm. Beside it the same events as
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

#include "filling.h"
#include "io/clock.h"
#include "measure.h"

static const struct lake_ops *const ops = &lake_duckdb;

static void need(int status, const struct err *err)
{
    if (status < 0)
        measure_die("lake", err->message);
}

static void write_line(void *lines, struct str line)
{
    if (fwrite(line.ptr, 1, line.len, lines) != line.len || fputc('\n', lines) == EOF)
        measure_die("lines", strerror(errno));
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
    {"the events of an hour, counted", "SELECT count(*) FROM t", FILLING_FIRST + 5 * HOUR,
     FILLING_FIRST + 6 * HOUR},
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
    filling_run(ops, lake, 0, n, write_line, lines, &filling);
    fclose(lines);
    double started = measure_now();
    need(ops->settle(lake, &err), &err);
    double settled = measure_now() - started;
    struct lake_stats stats;
    ops->stats(lake, &stats);
    printf("%" PRIu64 " events of %.0f bytes, %d a day, commits of %d\n", n,
           (double)filling.bytes / (double)n, FILLING_DAY_EVENTS, FILLING_COMMIT);
    printf("%-52s %8.0f rows/s, %6.1f MB/s\n", "put and committed", (double)n / filling.seconds,
           (double)filling.bytes / filling.seconds / 1e6);
    printf("%-52s %8.0f rows per second of a processor\n", "the same by processor time",
           (double)n / filling.cpu);
    printf("%-52s %8.1f s\n", "settled", settled);
    printf("%-52s %8.1f bytes an event\n", "on disk", (double)stats.size / (double)n);
    printf("%-52s %8.1f ms\n", "slowest commit", (double)stats.commit_us_max / 1e3);
    ask_all(lake);
    search_lines(path);
    ops->close(lake);
    return 0;
}
