#include "centre.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "io/clock.h"
#include "ledger/token.h"

#define CLIENTS 4
#define BODIES 50 /* different requests of a client */
#define URL_MAX_LEN 256

struct centre_load centre_load;

static struct {
    pid_t pid;
    char url[URL_MAX_LEN];
    char tokens[2][TOKEN_TEXT_MAX];
} centre;

static pthread_t clients[CLIENTS];

void centre_die(const char *what)
{
    fprintf(stderr, "benchmark of the centre: %s\n", what);
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

void centre_add_event(struct buf *out, uint64_t *random, int64_t canary)
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

size_t centre_collect(char *bytes, size_t size, size_t n, void *context)
{
    buf_add(context, bytes, size * n);
    return size * n;
}

CURL *centre_request(const char *path, enum centre_token token, struct curl_slist **ret_headers)
{
    char url[URL_MAX_LEN + 64], header[TOKEN_TEXT_MAX + 32];
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof(url), "%s%s", centre.url, path);
    snprintf(header, sizeof(header), "Authorization: Bearer %s", centre.tokens[token]);
    *ret_headers = curl_slist_append(NULL, header);
    *ret_headers = curl_slist_append(*ret_headers, "Expect:");
    if (!curl || !*ret_headers)
        centre_die("no memory");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L); /* of this machine, made a moment ago */
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    return curl;
}

void centre_metrics(struct buf *ret_text)
{
    struct curl_slist *headers;
    CURL *curl = centre_request("/metrics", CENTRE_ADMIN, &headers);
    buf_clear(ret_text);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, centre_collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_text);
    if (curl_easy_perform(curl) != CURLE_OK)
        centre_die("/metrics does not answer");
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

double centre_figure(const struct buf *text, const char *name)
{
    struct str rest = buf_str(text), line;
    double sum = -1;
    while (str_cut_line(&rest, &line)) {
        if (!str_starts(line, str_from_c(name)) || line.len <= strlen(name) ||
            !strchr(" {", line.ptr[strlen(name)]))
            continue;
        const char *space = memrchr(line.ptr, ' ', line.len);
        sum = (sum < 0 ? 0 : sum) + strtod(space, NULL);
    }
    return sum;
}

double centre_metric(const char *name)
{
    struct buf text = {0};
    centre_metrics(&text);
    double figure = centre_figure(&text, name);
    buf_free(&text);
    return figure;
}

void centre_post(CURL *curl, const struct buf *body, uint32_t n)
{
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->ptr);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    while (!centre_load.stop) {
        if (curl_easy_perform(curl) != CURLE_OK)
            centre_die("the centre does not answer");
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200) {
            centre_load.acknowledged += n;
            return;
        }
        if (status != 429 && status != 503)
            centre_die("the centre refuses events");
        centre_load.retried++;
        usleep(20000);
    }
}

/* ---- the load ---- */

static void *run_client(void *context)
{
    uint64_t random = 88172645463325252u + (uintptr_t)context * 7919, sent = 0, last_rate = 0;
    struct curl_slist *headers;
    static struct buf bodies[CLIENTS][BODIES];
    struct buf *mine = bodies[(uintptr_t)context];
    CURL *curl = centre_request("/logs-windows/_bulk", CENTRE_SENDER, &headers);
    headers = curl_slist_append(headers, "Content-Type: application/x-ndjson");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    for (size_t i = 0; i < BODIES; i++)
        for (size_t k = 0; k < CENTRE_EVENTS_OF_REQUEST; k++)
            centre_add_event(&mine[i], &random, -1);
    int64_t started = clock_ticks_us();
    for (size_t i = 0; !centre_load.stop; i++) {
        while (centre_load.paused && !centre_load.stop)
            usleep(1000);
        uint64_t wanted = centre_load.rate / CLIENTS;
        if (wanted != last_rate) {
            started = clock_ticks_us();
            sent = 0;
            last_rate = wanted;
        }
        centre_post(curl, &mine[i % BODIES], CENTRE_EVENTS_OF_REQUEST);
        sent += CENTRE_EVENTS_OF_REQUEST;
        int64_t due = wanted ? started + (int64_t)(sent * 1000000 / wanted) - clock_ticks_us() : 0;
        if (due > 0)
            usleep((unsigned)due);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NULL;
}

void centre_load_start(uint64_t rate)
{
    centre_load.rate = rate;
    for (uintptr_t i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, run_client, (void *)i);
    while (centre_load.acknowledged == 0)
        usleep(10000);
}

void centre_load_stop(void)
{
    centre_load.stop = true;
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
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
        centre_die("cannot write the canary's rule");
}

/* Reads what `jaga serve` says of itself until it listens. */
static void read_introduction(FILE *from)
{
    char line[512];
    while (fgets(line, sizeof(line), from)) {
        sscanf(line, " listening %255s", centre.url);
        if (sscanf(line, " token %63s", centre.tokens[CENTRE_ADMIN]) == 1)
            return;
    }
    centre_die("jaga serve did not start");
}

void centre_start(const char *jaga, const char *folder, bool lake, char **rules, int n_rules)
{
    char data[512], rule[600], jobs[] = "2";
    const char *argv[64] = {jaga,          "serve",
                            "--data",      data,
                            "--listen",    "127.0.0.1:0",
                            "--rules",     rule,
                            "-j",          jobs,
                            "--log-level", "warn",
                            "--lake",      lake ? "duckdb:lake" : "none"};
    int argc = 14, out[2];
    snprintf(data, sizeof(data), "%s/data", folder);
    snprintf(rule, sizeof(rule), "%s/canary.yml", folder);
    write_rule(rule);
    for (int i = 0; i < n_rules && argc < 62; i++) {
        argv[argc++] = "--rules";
        argv[argc++] = rules[i];
    }
    if (pipe(out) < 0 || (centre.pid = fork()) < 0)
        centre_die(strerror(errno));
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
    if (!ledger || token_add(ledger, &token, centre.tokens[CENTRE_SENDER], id) < 0)
        centre_die(ledger ? ledger_problem(ledger) : err.message);
    ledger_close(ledger);
    sleep(2); /* until the centre has seen the token */
}

void centre_stop(void)
{
    kill(centre.pid, SIGTERM);
    waitpid(centre.pid, NULL, 0);
    centre.pid = 0;
}

double centre_memory(const char *key)
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

double centre_processor_seconds(void)
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
