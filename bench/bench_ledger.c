/*
 * Matches into findings: how many a second one connection takes, in transactions as detection makes them, with the
 * journal and every commit on the disk. Wall clock: waiting for the disk is part of it.
 * Beside it the rate of the processor's time alone.
 *   bench_ledger [FOLDER [SECONDS]]   the folder decides which disk
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "io/clock.h"
#include "ledger/finding.h"
#include "ledger/journal.h"
#include "ledger/progress.h"
#include "measure.h"

#define PER_TRANSACTION 500
#define OPEN_FINDINGS 20000

static const char event_json[] =
    "{\"agency\":\"moh\",\"source\":\"dc1\",\"dataset\":\"windows_sysmon\",\"EventID\":\"1\","
    "\"Image\":\"C:\\\\Windows\\\\System32\\\\whoami.exe\",\"CommandLine\":\"whoami /all\","
    "\"ParentImage\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\",\"User\":\"CORP\\\\anna\","
    "\"Computer\":\"ws1.moh.example\",\"Hashes\":\"SHA256="
    "1D1EFD2C9C6D1E1B2F4C2D1B1E3A4F5B6C7D8E9F0A1B2C3D4E5F60718293A4B5\",\"ProcessId\":\"4711\"}";

static const char ocsf_json[] =
    "{\"class_uid\":2004,\"category_uid\":2,\"activity_id\":1,\"severity_id\":4,\"status_id\":1,"
    "\"time\":1795262400000,\"message\":\"Whoami was run\",\"metadata\":{\"version\":\"1.8.0\","
    "\"product\":{\"name\":\"jaga\"}},\"finding_info\":{\"title\":\"Whoami was run\","
    "\"analytic\":{\"type_id\":1,\"uid\":\"5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001\"},"
    "\"attacks\":[{\"technique\":{\"uid\":\"T1033\"}}]},\"observables\":[{\"name\":\"host\","
    "\"type_id\":1,\"value\":\"ws1.moh.example\"},{\"name\":\"user\",\"type_id\":4,"
    "\"value\":\"CORP\\\\anna\"}]}";

struct run {
    struct ledger *ledger;
    uint64_t taken; /* of all, a running number */
    uint64_t findings;
    bool with_events;
};

/* Match number i of a set of `findings`: each has its own rule, host and fold text. */
static int take(struct run *run, uint64_t i)
{
    char fold[160], host[32], id[FINDING_ID_MAX];
    uint64_t which = i * 7919 % run->findings;
    struct ledger_event event = {
        .partition = 1, .offset = i, .time = clock_now_us(), .json = STR(event_json)};
    bool is_new, taken;
    struct ledger_match match = {
        .agency = which % 3 ? STR("moh") : STR("mha"),
        .rule = STR("5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001"),
        .title = STR("Whoami was run"),
        .level = (uint8_t)(which % 5 + 1),
        .host = str_of(host, (size_t)snprintf(host, sizeof(host), "ws%llu.moh.example",
                                              (unsigned long long)which)),
        .user = STR("CORP\\anna"),
        .source = STR("dc1"),
        .tags = STR("[\"attack.discovery\",\"attack.t1033\"]"),
        .fold = str_of(fold, (size_t)snprintf(fold, sizeof(fold),
                                              "5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001|moh|"
                                              "ws%llu.moh.example|CORP\\anna",
                                              (unsigned long long)which)),
        .fold_us = TIME_DAY_US,
        .time = event.time,
        .seen = event.time,
        .ocsf = STR(ocsf_json),
        .events = &event,
        .n_events = run->with_events,
        .count = 1,
    };
    return finding_take(run->ledger, &match, &is_new, &taken, id);
}

static int transaction(struct run *run)
{
    int status = ledger_begin(run->ledger, STR("detect"), STR("round"));
    for (unsigned i = 0; status == 0 && i < PER_TRANSACTION; i++)
        status = take(run, run->taken++);
    if (status == 0)
        status = progress_put(run->ledger, STR("detect"), 0, run->taken);
    if (status == 0)
        return ledger_commit(run->ledger);
    ledger_abort(run->ledger);
    return status;
}

static int measure(struct run *run, double seconds, const char *what)
{
    int64_t start = clock_ticks_us(), spent;
    double processor = measure_cpu();
    uint64_t before = run->taken;
    do {
        int status = transaction(run);
        if (status < 0) {
            fprintf(stderr, "%s: %s\n", what, ledger_problem(run->ledger));
            return status;
        }
        spent = clock_ticks_us() - start;
    } while ((double)spent < seconds * 1e6);
    double matches = (double)(run->taken - before);
    printf("%9.0f matches/s (%8.0f of processor)  %s\n", matches * 1e6 / (double)spent,
           matches / (measure_cpu() - processor), what);
    fflush(stdout);
    return 0;
}

struct page {
    unsigned n;
};

static int see(void *context, const struct ledger_finding *finding)
{
    (void)finding;
    ((struct page *)context)->n++;
    return 0;
}

static int ask(struct run *run, const struct ledger_scope *scope, struct finding_query query,
               const char *what)
{
    struct page page = {0};
    struct buf cursor = {0};
    unsigned rounds = 0;
    int64_t start = clock_ticks_us(), spent;
    int status;
    query.kind = query.status = -1;
    query.from = query.to = TIME_UNSET;
    do {
        buf_clear(&cursor);
        status = finding_list(run->ledger, scope, &query, see, &page, &cursor);
        rounds++;
        spent = clock_ticks_us() - start;
    } while (status == 0 && spent < 1000000);
    printf("%9.2f ms/page    %s (%u findings a page)\n", (double)spent / 1e3 / rounds, what,
           page.n / rounds);
    buf_free(&cursor);
    return status;
}

static int ask_all(struct run *run)
{
    static const struct ledger_scope all = {.all = true};
    const struct str agencies[] = {STR("mha"), STR("moh")};
    const struct ledger_scope one = {.agencies = agencies, .n = 1};
    const struct ledger_scope two = {.agencies = agencies, .n = 2};
    int status = ask(run, &all, (struct finding_query){.sort = FINDING_BY_LAST}, "newest");
    if (status == 0)
        status =
            ask(run, &one, (struct finding_query){.sort = FINDING_BY_LAST}, "newest of one agency");
    if (status == 0)
        status = ask(run, &two, (struct finding_query){.sort = FINDING_BY_LAST},
                     "newest of two agencies");
    if (status == 0)
        status =
            ask(run, &one, (struct finding_query){.sort = FINDING_BY_LEVEL}, "worst of one agency");
    if (status == 0)
        status = ask(run, &one,
                     (struct finding_query){.change_after = run->taken - 100, .ascending = true},
                     "the last changes of one agency");
    if (status == 0)
        status = ask(run, &all, (struct finding_query){.sort = FINDING_BY_LEVEL}, "worst");
    if (status == 0)
        status =
            ask(run, &all, (struct finding_query){.host = STR("ws77.moh.example")}, "of one host");
    if (status == 0)
        status = ask(run, &all, (struct finding_query){.text = STR("nothing"), .level_min = 5},
                     "with a title that none has");
    return status;
}

int main(int argc, char **argv)
{
    char folder[256], url[300], key[300];
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 5;
    struct err err = {0};
    snprintf(folder, sizeof(folder), "%s/jaga-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (!mkdtemp(folder))
        return 1;
    snprintf(url, sizeof(url), "sqlite:%s/ledger.db", folder);
    snprintf(key, sizeof(key), "%s/journal.key", folder);
    struct ledger_options options = {.create = true, .key = key};
    struct run run = {.ledger = ledger_open(url, &options, &err), .findings = UINT64_MAX};
    if (!run.ledger) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    run.with_events = true;
    int status = measure(&run, seconds, "all new, an event each");
    printf("%9llu findings\n", (unsigned long long)run.taken);
    if (status == 0)
        status = ask_all(&run);
    run.findings = OPEN_FINDINGS;
    if (status == 0)
        status = measure(&run, seconds, "folded into 20,000 open findings, an event each");
    run.with_events = false;
    if (status == 0)
        status = measure(&run, seconds, "folded into 20,000 open findings, no events left to keep");
    run.findings = 50;
    if (status == 0)
        status = measure(&run, seconds, "folded into 50 open findings");
    struct journal_report report = {0};
    if (status == 0)
        status = journal_verify(run.ledger, NULL, &report, &err);
    printf("%9llu entries of the journal%s\n", (unsigned long long)report.entries,
           status == 0 ? ", whole" : "");
    ledger_close(run.ledger);
    char rm[300];
    static const char *const files[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm",
                                        "journal.key"};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        snprintf(rm, sizeof(rm), "%s/%s", folder, files[i]);
        unlink(rm);
    }
    rmdir(folder);
    return status < 0;
}
