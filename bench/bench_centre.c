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
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "io/clock.h"
#include "ledger/token.h"

#define CLIENTS 4
#define BODIES 50       /* different requests of a client */
#define BODY_EVENTS 500 /* events of a request */
#define CANARIES_MAX 20000
#define CANARY_EVERY_US 20000
#define URL_MAX_LEN 256

struct centre {
    pid_t pid;
    char url[URL_MAX_LEN];
    char admin[TOKEN_TEXT_MAX], sender[TOKEN_TEXT_MAX];
};

static struct centre centre;
static bool with_lake;
static _Atomic bool stop, stop_stream, paused;
static _Atomic uint64_t acknowledged, retried;
static _Atomic uint64_t rate; /* events per second of all clients; 0: as fast as it takes */

static _Atomic int64_t canary_sent[CANARIES_MAX], canary_seen[CANARIES_MAX];
static _Atomic uint32_t n_canaries;

static void die(const char *what)
{
    fprintf(stderr, "bench_centre: %s\n", what);
    if (centre.pid > 0)
        kill(centre.pid, SIGTERM);
    exit(1);
}

/* ---- the events ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static const char *pick(uint64_t *state, const char *const *words, size_t n)
{
    return words[next_random(state) % n];
}

#define PICK(state, ...)                                                                           \
    pick(state, (const char *const[]){__VA_ARGS__},                                                \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void add_process(struct buf *out, uint64_t *random)
{
    const char *image =
        PICK(random, "chrome.exe", "svchost.exe", "OUTLOOK.EXE", "Teams.exe", "explorer.exe",
             "MsMpEng.exe", "backgroundTaskHost.exe", "conhost.exe");
    const char *folder =
        PICK(random, "C:\\\\Windows\\\\System32\\\\", "C:\\\\Program Files\\\\Office\\\\",
             "C:\\\\Program Files (x86)\\\\Google\\\\Chrome\\\\Application\\\\");
    buf_printf(
        out,
        "\"EventID\":1,\"Image\":\"%s%s\",\"CommandLine\":\"\\\"%s%s\\\" --type=renderer "
        "--lang=en-GB --field-trial-handle=%llu,%llu,131072 --enable-features=%llx "
        "--device-scale-factor=1 --num-raster-threads=4\",\"CurrentDirectory\":\"%s\","
        "\"ParentImage\":\"C:\\\\Windows\\\\explorer.exe\",\"ParentCommandLine\":"
        "\"C:\\\\Windows\\\\Explorer.EXE /NOUACCHECK\",\"IntegrityLevel\":\"Medium\","
        "\"Hashes\":\"SHA256=%016llx%016llx%016llx%016llx,IMPHASH=%016llx%016llx\","
        "\"LogonId\":\"0x%llx\",",
        folder, image, folder, image, (unsigned long long)(next_random(random) % 9000 + 1000),
        (unsigned long long)next_random(random), (unsigned long long)next_random(random), folder,
        (unsigned long long)next_random(random), (unsigned long long)next_random(random),
        (unsigned long long)next_random(random), (unsigned long long)next_random(random),
        (unsigned long long)next_random(random), (unsigned long long)next_random(random),
        (unsigned long long)(next_random(random) & 0xffffff));
}

static void add_connection(struct buf *out, uint64_t *random)
{
    buf_printf(
        out,
        "\"EventID\":3,\"Image\":\"C:\\\\Program Files (x86)\\\\Google\\\\Chrome\\\\Application"
        "\\\\chrome.exe\",\"Protocol\":\"tcp\",\"Initiated\":\"true\",\"SourceIp\":\"10.%llu.%llu."
        "%llu\",\"SourcePort\":%llu,\"SourcePortName\":\"-\",\"SourceIsIpv6\":\"false\","
        "\"DestinationIsIpv6\":\"false\",\"DestinationIp\":\"%llu.%llu.%llu.%llu\","
        "\"DestinationPort\":443,"
        "\"DestinationPortName\":\"https\",\"DestinationHostname\":\"edge-%llx.cdn.example.net\","
        "\"Detail\":\"%0300llx\",",
        (unsigned long long)(next_random(random) % 250),
        (unsigned long long)(next_random(random) % 250),
        (unsigned long long)(next_random(random) % 250),
        (unsigned long long)(next_random(random) % 60000),
        (unsigned long long)(next_random(random) % 220 + 1),
        (unsigned long long)(next_random(random) % 250),
        (unsigned long long)(next_random(random) % 250),
        (unsigned long long)(next_random(random) % 250),
        (unsigned long long)(next_random(random) & 0xfffff),
        (unsigned long long)next_random(random));
}

static void add_registry(struct buf *out, uint64_t *random)
{
    buf_printf(
        out,
        "\"EventID\":13,\"EventType\":\"SetValue\",\"Image\":\"C:\\\\Windows\\\\system32\\\\"
        "svchost.exe\",\"TargetObject\":\"HKLM\\\\System\\\\CurrentControlSet\\\\Services\\\\bam"
        "\\\\State\\\\UserSettings\\\\S-1-5-21-%llu-%llu-1001\\\\%s\",\"Details\":\"Binary Data\","
        "\"Detail\":\"%0400llx\",",
        (unsigned long long)next_random(random), (unsigned long long)next_random(random),
        PICK(random, "Device\\\\HarddiskVolume3\\\\Windows\\\\notepad.exe", "SequenceNumber",
             "Microsoft.Windows.Search_cw5n1h2txyewy"),
        (unsigned long long)next_random(random));
}

/* One event of about 1 kB; `canary`: one that a rule waits for. */
static void add_event(struct buf *out, uint64_t *random, int64_t canary)
{
    char now[TIME_TEXT_MAX];
    size_t start = out->len;
    time_format(clock_now_us(), now);
    buf_printf(
        out,
        "{\"create\":{}}\n{\"@timestamp\":\"%s\",\"Provider_Name\":\"Microsoft-Windows-Sysmon\","
        "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",",
        now);
    if (canary >= 0)
        buf_printf(out, "\"Computer\":\"canary-%lld.\",", (long long)canary);
    else
        buf_printf(out, "\"Computer\":\"WS%04llu.health.example\",",
                   (unsigned long long)(next_random(random) % 5000));
    buf_printf(out,
               "\"User\":\"HEALTH\\\\user%llu\",\"ProcessGuid\":\"{%08llx-9b1c-6411-%04llx-"
               "000000002a00}\","
               "\"ProcessId\":%llu,\"EventRecordID\":%llu,",
               (unsigned long long)(next_random(random) % 5000),
               (unsigned long long)(next_random(random) & 0xffffffff),
               (unsigned long long)(next_random(random) & 0xffff),
               (unsigned long long)(next_random(random) % 20000),
               (unsigned long long)(next_random(random) & 0xffffffff));
    if (canary >= 0)
        buf_add_c(
            out,
            "\"EventID\":1,\"Image\":\"C:\\\\canary.exe\",\"CommandLine\":\"jaga-bench-canary\",");
    else if (next_random(random) % 10 < 4)
        add_process(out, random);
    else if (next_random(random) % 10 < 5)
        add_connection(out, random);
    else
        add_registry(out, random);
    size_t len = out->len - start;
    buf_printf(out, "\"Fill\":\"%0*llx\"}\n", (int)(len < 980 ? 980 - len : 1),
               (unsigned long long)next_random(random));
}

/* ---- requests ---- */

static size_t ignore(char *bytes, size_t size, size_t n, void *context)
{
    (void)bytes;
    (void)context;
    return size * n;
}

static size_t collect(char *bytes, size_t size, size_t n, void *context)
{
    buf_add(context, bytes, size * n);
    return size * n;
}

static CURL *new_request(const char *path, const char *token, struct curl_slist **ret_headers)
{
    char url[URL_MAX_LEN + 64], header[TOKEN_TEXT_MAX + 32];
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof(url), "%s%s", centre.url, path);
    snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
    *ret_headers = curl_slist_append(NULL, header);
    *ret_headers = curl_slist_append(*ret_headers, "Expect:");
    if (!curl || !*ret_headers)
        die("no memory");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L); /* of this machine, made a moment ago */
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    return curl;
}

/* A figure of /metrics, summed over its labels. */
static double metric(const char *name)
{
    struct curl_slist *headers;
    struct buf text = {0};
    CURL *curl = new_request("/metrics", centre.admin, &headers);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
    if (curl_easy_perform(curl) != CURLE_OK)
        die("/metrics does not answer");
    struct str rest = buf_str(&text), line;
    double sum = -1;
    while (str_cut_line(&rest, &line)) {
        if (!str_starts(line, str_from_c(name)) || line.len <= strlen(name) ||
            !strchr(" {", line.ptr[strlen(name)]))
            continue;
        const char *space = memrchr(line.ptr, ' ', line.len);
        sum = (sum < 0 ? 0 : sum) + strtod(space, NULL);
    }
    buf_free(&text);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return sum;
}

static void post(CURL *curl, const struct buf *body, uint32_t n)
{
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->ptr);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    while (!stop) {
        if (curl_easy_perform(curl) != CURLE_OK)
            die("the centre does not answer");
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200) {
            acknowledged += n;
            return;
        }
        if (status != 429 && status != 503)
            die("the centre refuses events");
        retried++;
        usleep(20000);
    }
}

static void *run_client(void *context)
{
    uint64_t random = 88172645463325252u + (uintptr_t)context * 7919, sent = 0, last_rate = 0;
    struct curl_slist *headers;
    static struct buf bodies[CLIENTS][BODIES];
    struct buf *mine = bodies[(uintptr_t)context];
    CURL *curl = new_request("/logs-windows/_bulk", centre.sender, &headers);
    headers = curl_slist_append(headers, "Content-Type: application/x-ndjson");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    for (size_t i = 0; i < BODIES; i++)
        for (size_t k = 0; k < BODY_EVENTS; k++)
            add_event(&mine[i], &random, -1);
    int64_t started = clock_ticks_us();
    for (size_t i = 0; !stop; i++) {
        while (paused && !stop)
            usleep(1000);
        uint64_t wanted = rate / CLIENTS;
        if (wanted != last_rate) {
            started = clock_ticks_us();
            sent = 0;
            last_rate = wanted;
        }
        post(curl, &mine[i % BODIES], BODY_EVENTS);
        sent += BODY_EVENTS;
        int64_t due = wanted ? started + (int64_t)(sent * 1000000 / wanted) - clock_ticks_us() : 0;
        if (due > 0)
            usleep((unsigned)due);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NULL;
}

/* Sends single events that a rule waits for, one every CANARY_EVERY_US. */
static void *run_canaries(void *context)
{
    struct curl_slist *headers;
    struct buf body = {0};
    uint64_t random = 1181783497276652981u;
    CURL *curl = new_request("/logs-windows/_bulk", centre.sender, &headers);
    (void)context;
    headers = curl_slist_append(headers, "Content-Type: application/x-ndjson");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    while (!stop && n_canaries < CANARIES_MAX) {
        uint32_t i = n_canaries;
        buf_clear(&body);
        add_event(&body, &random, i);
        canary_sent[i] = clock_ticks_us();
        n_canaries = i + 1;
        post(curl, &body, 1);
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
    CURL *curl = new_request("/api/v1/findings/stream", centre.admin, &headers);
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

/* ---- the centre ---- */

static const char canary_rule[] =
    "title: Canary\nid: 5a0c1c8e-00ff-4a0b-9d38-3b6f5a1b00ff\nlogsource:\n"
    "  product: windows\n  category: process_creation\ndetection:\n  selection:\n"
    "    CommandLine: jaga-bench-canary\n  condition: selection\nlevel: high\n";

static void write_rule(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(canary_rule, file) < 0 || fclose(file) != 0)
        die("cannot write the canary's rule");
}

/* Reads what `jaga serve` says of itself until it listens. */
static void read_introduction(FILE *from)
{
    char line[512];
    while (fgets(line, sizeof(line), from)) {
        sscanf(line, " listening %255s", centre.url);
        if (sscanf(line, " token %63s", centre.admin) == 1)
            return;
    }
    die("jaga serve did not start");
}

static void start_centre(const char *jaga, const char *folder, char **rules, int n_rules)
{
    char data[512], rule[600], jobs[] = "2";
    const char *argv[64] = {jaga,          "serve",
                            "--data",      data,
                            "--listen",    "127.0.0.1:0",
                            "--rules",     rule,
                            "-j",          jobs,
                            "--log-level", "warn",
                            "--lake",      with_lake ? "duckdb:lake" : "none"};
    int argc = 14, out[2];
    snprintf(data, sizeof(data), "%s/data", folder);
    snprintf(rule, sizeof(rule), "%s/canary.yml", folder);
    write_rule(rule);
    for (int i = 0; i < n_rules && argc < 62; i++) {
        argv[argc++] = "--rules";
        argv[argc++] = rules[i];
    }
    if (pipe(out) < 0 || (centre.pid = fork()) < 0)
        die(strerror(errno));
    if (centre.pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        execv(jaga, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(out[1]);
    read_introduction(fdopen(out[0], "r"));
    struct err err = {0};
    char url[600], id[TOKEN_TEXT_MAX];
    snprintf(url, sizeof(url), "sqlite:%s/ledger.db", data);
    struct ledger *ledger = ledger_open(url, &(struct ledger_options){0}, &err);
    const struct token token = {.role = TOKEN_SEND,
                                .agency = STR("health"),
                                .source = STR("windows"),
                                .expires = TIME_UNSET};
    if (!ledger || token_add(ledger, &token, centre.sender, id) < 0)
        die(ledger ? ledger_problem(ledger) : err.message);
    ledger_close(ledger);
    sleep(2); /* until the centre has seen the token */
}

static double resident_mib(const char *key)
{
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)centre.pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtod(line + strlen(key) + 1, NULL);
    if (file)
        fclose(file);
    return kib / 1024;
}

static double processor_seconds(void)
{
    char path[64];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)centre.pid);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                       &system) != 2)
        user = system = 0;
    if (file)
        fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
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
        .acknowledged = (double)acknowledged,
        .matched = metric("jaga_detect_events_total"),
        .kept = with_lake ? metric("jaga_lake_events_total") : 0,
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
    double processor = processor_seconds();
    sleep(seconds);
    to = look_at_stages();
    double took = (double)(clock_ticks_us() - started) / 1e6;
    double taken = (to.acknowledged - from.acknowledged) / took;
    double matched = (to.matched - from.matched) / took, kept = (to.kept - from.kept) / took;
    printf("as fast as it takes: %.0f events/s acknowledged, %.0f matched, ", taken, matched);
    if (with_lake)
        printf("%.0f into the lake, ", kept);
    printf("%.2f cores of the centre, %llu requests told to wait, %.0f MiB\n",
           (processor_seconds() - processor) / took, (unsigned long long)retried,
           resident_mib("VmRSS:"));
    return least(taken, with_lake ? least(matched, kept) : matched);
}

static void wait_until_done(void)
{
    int64_t started = clock_ticks_us();
    while (metric("jaga_detect_lag_events") > 0)
        usleep(100000);
    if (!with_lake)
        return;
    double lag = metric("jaga_lake_lag_events");
    while (metric("jaga_lake_lag_events") > 0)
        usleep(100000);
    printf("the lake had %.0f events to catch up with, after %.1f s it had none\n", lag,
           (double)(clock_ticks_us() - started) / 1e6);
    (void)metric("jaga_lake_delay_slowest_seconds"); /* that look begins the next */
}

static void print_lake(void)
{
    double slowest = metric("jaga_lake_delay_slowest_seconds"); /* first: each look starts anew */
    while (metric("jaga_lake_lag_events") > 0)
        usleep(100000);
    double bytes = metric("jaga_lake_bytes_total"), size = metric("jaga_lake_size_bytes");
    double kept = metric("jaga_lake_events_total");
    printf("event to findable: %.1f s at most; %.0f of %llu in the lake, %.0f bytes each as they "
           "came, %.0f on disk, logs included\n",
           slowest, kept, (unsigned long long)acknowledged, bytes / kept, size / kept);
}

int main(int argc, char **argv)
{
    pthread_t clients[CLIENTS], canaries, stream;
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
    start_centre(argv[1], argv[2], argv + 4, argc - 4);
    printf("at rest: %.0f MiB\n", resident_mib("VmRSS:"));
    double before = metric("jaga_detect_events_total");
    for (uintptr_t i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, run_client, (void *)i);
    while (acknowledged == 0)
        usleep(10000);
    sleep(1);
    double sustained = run_flat_out(seconds);
    paused = true;
    wait_until_done();
    rate = (uint64_t)(sustained / 2);
    paused = false;
    sleep(3);
    pthread_create(&stream, NULL, run_stream, NULL);
    pthread_create(&canaries, NULL, run_canaries, NULL);
    sleep(seconds);
    stop = true;
    pthread_join(canaries, NULL);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    sleep(3); /* what comes later is too late to be counted as seen */
    stop_stream = true;
    pthread_join(stream, NULL);
    printf("at %llu events/s: ", (unsigned long long)rate);
    print_latency();
    if (with_lake)
        print_lake();
    printf("memory: %.0f MiB now, %.0f MiB at most\n", resident_mib("VmRSS:"),
           resident_mib("VmHWM:"));
    printf("matched %.0f of %llu acknowledged\n", metric("jaga_detect_events_total") - before,
           (unsigned long long)acknowledged);
    kill(centre.pid, SIGTERM);
    waitpid(centre.pid, NULL, 0);
    curl_global_cleanup();
    return 0;
}
