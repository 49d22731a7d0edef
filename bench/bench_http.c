/*
 * What the HTTP server carries by itself: small requests answered, and bodies taken and thrown away, with and without
 * TLS, plain and packed; then idle connections held. Server and clients share the machine's cores, so a figure is
 * what both together need, by the clock and by the processor's time. Prints a line for each.
 *
 *     bench_http [SECONDS]     of each run; 2 unless told
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "api/api.h"
#include "io/log.h"
#include "io/net.h"
#include "io/tls.h"
#include "measure.h"

#define CLIENTS 4
#define BODY_SIZE (4u << 20)
#define IDLE 10000

/* ---- the server ---- */

static void handle_sink(struct api_request *request)
{
    request_reply(request, 200, "application/json", STR("{}"));
}

static const struct api_route routes[] = {
    {"GET", "/small", API_PUBLIC, handle_sink, NULL, NULL, NULL, NULL, NULL},
    {"POST", "/sink", API_SEND, handle_sink, NULL, NULL, NULL, NULL, NULL},
    {0},
};
static const struct api_route *const tables[] = {routes, NULL};

struct server {
    char folder[64], url[96], certificate[96], key[96];
    char token[TOKEN_TEXT_MAX];
    struct senders *senders;
    struct tls_identity *identity;
    struct api *api;
};

static bool start(struct server *server)
{
    static const struct api_listener listeners[] = {{"127.0.0.1:0", true}, {"127.0.0.1:0", false}};
    struct err err = {0};
    char id[TOKEN_TEXT_MAX];
    snprintf(server->folder, sizeof(server->folder), "/tmp/jaga-bench-http-XXXXXX");
    if (!mkdtemp(server->folder))
        return false;
    snprintf(server->url, sizeof(server->url), "sqlite:%s/ledger.db", server->folder);
    snprintf(server->certificate, sizeof(server->certificate), "%s/cert.pem", server->folder);
    snprintf(server->key, sizeof(server->key), "%s/key.pem", server->folder);
    const struct tls_identity_options tls = {server->certificate, server->key, NULL, true};
    const struct ledger_options make = {.create = true};
    struct ledger *ledger = ledger_open(server->url, &make, &err);
    const struct token token = {
        .role = TOKEN_SEND, .agency = STR("bench"), .source = STR("bench"), .expires = INT64_MIN};
    server->senders = senders_new(1);
    server->identity = tls_identity_open(&tls, &err);
    if (!ledger || !server->identity || token_add(ledger, &token, server->token, id) < 0 ||
        senders_load_tokens(server->senders, ledger) < 0) {
        fprintf(stderr, "bench_http: %s\n", err.message);
        return false;
    }
    ledger_close(ledger);
    const struct api_options options = {.listeners = listeners,
                                        .n_listeners = 2,
                                        .identity = server->identity,
                                        .threads = 2,
                                        .connections_max = 2 * IDLE,
                                        .connections_per_address = 2 * IDLE,
                                        .senders = server->senders,
                                        .ledger = server->url,
                                        .tables = tables};
    server->api = api_start(&options, &err);
    if (!server->api)
        fprintf(stderr, "bench_http: %s\n", err.message);
    return server->api != NULL;
}

static void stop(struct server *server)
{
    static const char *const files[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "cert.pem",
                                        "key.pem"};
    char path[128];
    api_stop(server->api);
    tls_identity_free(server->identity);
    senders_free(server->senders);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", server->folder, files[i]);
        unlink(path);
    }
    rmdir(server->folder);
}

/* ---- clients ---- */

struct run {
    char url[128], authorization[128];
    struct str body; /* empty: GET */
    bool packed;
    double until;
    _Atomic uint64_t requests, failed;
};

static size_t swallow(char *bytes, size_t size, size_t n, void *context)
{
    (void)bytes, (void)context;
    return size * n;
}

static void *client(void *argument)
{
    struct run *run = argument;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    headers = curl_slist_append(headers, run->authorization);
    if (run->packed)
        headers = curl_slist_append(headers, "Content-Encoding: gzip");
    curl_easy_setopt(curl, CURLOPT_URL, run->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 262144L);
    if (run->body.len) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)run->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, run->body.ptr);
    }
    while (measure_now() < run->until) {
        long status = 0;
        if (curl_easy_perform(curl) == CURLE_OK)
            curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        atomic_fetch_add(status == 200 ? &run->requests : &run->failed, 1);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return NULL;
}

static double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* `unpacked`: bytes of a body as the handler sees it. */
static void measure(const struct server *server, const char *what, bool tls, const char *path,
                    struct str body, size_t unpacked, double seconds)
{
    struct run run = {.body = body, .packed = body.len && body.len < unpacked};
    pthread_t threads[CLIENTS];
    snprintf(run.url, sizeof(run.url), "%s://%s%s", tls ? "https" : "http",
             api_address(server->api, tls), path);
    snprintf(run.authorization, sizeof(run.authorization), "Authorization: Bearer %s",
             server->token);
    double start = measure_now(), cpu = cpu_seconds();
    run.until = start + seconds;
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_create(&threads[i], NULL, client, &run);
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    double took = measure_now() - start, used = cpu_seconds() - cpu;
    double n = (double)run.requests;
    printf("%-18s %-5s %9.0f requests/s", what, tls ? "TLS" : "plain", n / took);
    if (body.len)
        printf(" %8.0f MB/s", n * (double)unpacked / 1e6 / took);
    printf("   of %.1f cores; a core carries %.0f requests/s", used / took, n / used);
    if (body.len)
        printf(" %.0f MB/s", n * (double)unpacked / 1e6 / used);
    puts(run.failed ? ", SOME FAILED" : "");
}

/* ---- idle connections ---- */

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/*
 * Connections that have asked once and keep quiet; all of them answer once more at the end. Both ends are in this
 * process: where it may not have as many files, it is fewer connections.
 */
static void hold_idle(const struct server *server)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    int most = files.rlim_cur > 2 * IDLE + 200 ? IDLE : (int)(files.rlim_cur - 200) / 2;
    static const char ask[] = "GET /small HTTP/1.1\r\nHost: bench\r\n\r\n";
    static int fds[IDLE];
    struct net_address address;
    struct err err = {0};
    char answer[1024];
    int n = 0, good = 0;
    if (net_address_parse(str_from_c(api_address(server->api, 0)), &address, &err) < 0)
        return;
    long before = resident_kib();
    for (; n < most; n++) {
        fds[n] = socket(AF_INET, SOCK_STREAM, 0);
        if (fds[n] < 0 ||
            connect(fds[n], (const struct sockaddr *)&address.bytes, address.len) < 0 ||
            send(fds[n], ask, sizeof(ask) - 1, 0) < 0 ||
            recv(fds[n], answer, sizeof(answer), 0) < 1)
            break;
    }
    long held = resident_kib() - before;
    for (int i = 0; i < n; i++)
        good += send(fds[i], ask, sizeof(ask) - 1, MSG_NOSIGNAL) > 0 &&
                recv(fds[i], answer, sizeof(answer), 0) > 0;
    printf("%d idle connections held, %d of them still answer, %.1f KiB each\n", n, good,
           (double)held / (n ? n : 1));
    for (int i = 0; i < n; i++)
        close(fds[i]);
}

/* A body of log-like text, and the same packed. */
static bool make_bodies(struct buf *body, struct buf *packed)
{
    for (unsigned i = 0; body->len < BODY_SIZE; i++)
        buf_printf(body,
                   "{\"EventID\":%u,\"Computer\":\"WS%u\",\"Image\":\"C:\\\\Windows\\\\%x.exe\","
                   "\"time\":\"2026-11-21T08:%02u:%02uZ\"}\n",
                   i % 97, i * 7919 % 5000, i * 2654435761u, i / 60 % 60, i % 60);
    z_stream packer = {0};
    if (body->failed || deflateInit2(&packer, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    size_t room = deflateBound(&packer, body->len);
    packer.next_in = (unsigned char *)body->ptr;
    packer.avail_in = (unsigned)body->len;
    packer.next_out = (unsigned char *)buf_reserve(packed, room);
    packer.avail_out = (unsigned)room;
    bool done = packer.next_out && deflate(&packer, Z_FINISH) == Z_STREAM_END;
    packed->len = packer.total_out;
    deflateEnd(&packer);
    return done;
}

int main(int argc, char **argv)
{
    uint64_t seconds = 2;
    struct server server = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct buf body = {0}, packed = {0};
    struct rlimit files;
    if (argc > 1 && str_to_u64(str_from_c(argv[1]), &seconds) < 0)
        return 2;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    log_set_level(LOG_ERROR);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!make_bodies(&body, &packed) || !start(&server))
        return 1;
    for (int tls = 0; tls < 2; tls++) {
        measure(&server, "small requests", tls, "/small", STR(""), 0, (double)seconds);
        measure(&server, "bodies of 4 MiB", tls, "/sink", buf_str(&body), body.len,
                (double)seconds);
        measure(&server, "the same, gzip", tls, "/sink", buf_str(&packed), body.len,
                (double)seconds);
    }
    hold_idle(&server);
    stop(&server);
    buf_free(&body);
    buf_free(&packed);
    curl_global_cleanup();
    return 0;
}
