#include "ship/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <zlib.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"

#define CONNECT_US_DEFAULT (10 * TIME_SECOND_US)
#define REQUEST_US_DEFAULT (60 * TIME_SECOND_US)
#define PAUSE_FIRST_US (TIME_SECOND_US / 4)
#define PAUSE_MAX_US (30 * TIME_SECOND_US)
#define RETRY_AFTER_MAX_US (3600 * TIME_SECOND_US) /* no server sends us to sleep for longer */
#define PAUSE_STEP_US (TIME_SECOND_US / 20)        /* how often a pause looks whether to stop */
#define KEEPALIVE_S 30L
#define FINGERPRINT_SIZE 32
#define PACK_LEVEL 3 /* zlib: most of the gain at a third of the work of level 6 */
#define PACK_STEP 65536u

struct client {
    struct client_options options;
    CURL *curl;
    char *token; /* as it is sent; NULL: none */
    unsigned char fingerprint[FINGERPRINT_SIZE];
    bool pinned;
    bool wrong_server; /* the last try met another certificate than the pinned one */
    struct buf url;    /* of the request under way */
    char error[CURL_ERROR_SIZE];
};

/* ---- options ---- */

/* "ab:cd:.." or "abcd..": 32 bytes. */
static int read_fingerprint(const char *text, unsigned char ret_bytes[static FINGERPRINT_SIZE])
{
    size_t n = 0;
    while (*text) {
        int high = str_hex_digit(text[0]), low = high < 0 ? -1 : str_hex_digit(text[1]);
        if (low < 0 || n == FINGERPRINT_SIZE)
            return -EINVAL;
        ret_bytes[n++] = (unsigned char)(high << 4 | low);
        text += 2;
        if (*text == ':' && text[1])
            text++;
    }
    return n == FINGERPRINT_SIZE ? 0 : -EINVAL;
}

/* A header must not end before its time: a token is printable ASCII without spaces. */
static int check_token(struct str token, const char *where, struct err *err)
{
    if (token.len == 0)
        return err_set(err, -EINVAL, "%s holds no token", where);
    for (size_t i = 0; i < token.len; i++)
        if (token.ptr[i] <= ' ' || token.ptr[i] > '~')
            return err_set(err, -EINVAL, "%s holds no token: byte %zu is none of a token's", where,
                           i + 1);
    return 0;
}

/* Takes the token from where the options say. 0 or -errno with *err. */
static int load_token(struct client *client, struct err *err)
{
    const char *path = client->options.token_file;
    const char *where = path ? path : "the token given";
    struct str token = str_from_c(client->options.token);
    struct buf bytes = {0};
    int status = path ? file_read(path, CLIENT_TOKEN_MAX, &bytes) : 0;
    if (status < 0) {
        err_set(err, status, "%s: %s", path, strerror(-status));
    } else if (path || token.ptr) {
        if (path)
            token = str_trim(str_first(buf_str(&bytes), str_index(buf_str(&bytes), '\n')));
        status = check_token(token, where, err);
        char *copy = status == 0 ? str_dup(token) : NULL;
        if (status == 0 && !copy)
            status = err_set(err, -ENOMEM, "no memory");
        if (copy) {
            free(client->token);
            client->token = copy;
        }
    }
    buf_free(&bytes);
    return status;
}

static int check_url(const char *url, struct err *err)
{
    struct str s = str_from_c(url);
    if (!str_starts(s, STR("https://")) && !str_starts(s, STR("http://")))
        return err_set(err, -EINVAL, "'%s' is no address such as https://centre.example:8443", url);
    if (str_index(s, '?') < s.len || str_index(s, '#') < s.len)
        return err_set(err, -EINVAL, "'%s' has more than a host, a port and a path", url);
    return 0;
}

/* ---- the server must be the one it has to be ---- */

/*
 * libcurl pins public keys; people compare certificates. It calls this when the connection is made and nothing
 * has been sent through it.
 */
static int before_request(void *context, char *ip, char *local_ip, int port, int local_port)
{
    struct client *client = context;
    struct curl_tlssessioninfo *session = NULL;
    unsigned char digest[FINGERPRINT_SIZE];
    unsigned n = 0;
    (void)ip;
    (void)local_ip;
    (void)port;
    (void)local_port;
    client->wrong_server = true;
    if (curl_easy_getinfo(client->curl, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session ||
        session->backend != CURLSSLBACKEND_GNUTLS || !session->internals)
        return CURL_PREREQFUNC_ABORT;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session->internals, &n);
    if (!chain || n == 0 ||
        gnutls_hash_fast(GNUTLS_DIG_SHA256, chain[0].data, chain[0].size, digest) < 0 ||
        memcmp(digest, client->fingerprint, sizeof(digest)) != 0)
        return CURL_PREREQFUNC_ABORT;
    client->wrong_server = false;
    return CURL_PREREQFUNC_OK;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct client *client = context;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return client->options.stop && *client->options.stop;
}

/* What a request's answer goes to. */
struct receiving {
    struct client *client;
    const struct client_request *request;
    struct buf *body;
    bool enough; /* take() said so */
};

static size_t on_reply(char *bytes, size_t size, size_t n, void *context)
{
    struct receiving *receiving = context;
    struct buf *body = receiving->body;
    size_t len = size * n;
    long status = 0;
    curl_easy_getinfo(receiving->client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (receiving->request->take && status >= 200 && status < 300) {
        receiving->enough =
            receiving->request->take(receiving->request->context, str_of(bytes, len)) < 0;
        return receiving->enough ? 0 : len;
    }
    if (body->len + len > CLIENT_REPLY_MAX)
        return 0;
    buf_add(body, bytes, len);
    return body->failed ? 0 : len;
}

static long ms_of(int64_t us, int64_t standard_us)
{
    int64_t ms = (us ? us : standard_us) / 1000;
    return ms > INT32_MAX ? INT32_MAX : (long)ms;
}

static void set_up(struct client *client)
{
    const struct client_options *options = &client->options;
    CURL *curl = client->curl;
    bool verify = !options->insecure && !client->pinned;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->error);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     ms_of(options->connect_us, CONNECT_US_DEFAULT));
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_reply);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "jaga/" JAGA_VERSION);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    if (options->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca);
    if (client->pinned) {
        curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request);
        curl_easy_setopt(curl, CURLOPT_PREREQDATA, client);
    }
}

struct client *client_new(const struct client_options *options, struct err *err)
{
    struct client *client = calloc(1, sizeof(*client));
    if (!client) {
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    client->options = *options;
    if (check_url(options->url, err) < 0 || load_token(client, err) < 0)
        goto failed;
    if (options->fingerprint) {
        if (read_fingerprint(options->fingerprint, client->fingerprint) < 0) {
            err_set(err, -EINVAL, "a fingerprint is 64 hex digits (SHA-256), not '%s'",
                    options->fingerprint);
            goto failed;
        }
        client->pinned = true;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(client->curl = curl_easy_init())) {
        err_set(err, -ENOMEM, "libcurl does not start");
        goto failed;
    }
    set_up(client);
    return client;
failed:
    client_free(client);
    return NULL;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    if (client->curl)
        curl_easy_cleanup(client->curl);
    if (client->token)
        explicit_bzero(client->token, strlen(client->token));
    free(client->token);
    buf_free(&client->url);
    free(client);
}

void client_reply_free(struct client_reply *reply)
{
    buf_free(&reply->body);
}

/* ---- one try ---- */

static bool add_header(struct curl_slist **list, struct buf *line)
{
    buf_add_byte(line, '\0');
    struct curl_slist *longer = line->failed ? NULL : curl_slist_append(*list, line->ptr);
    buf_clear(line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

/* The headers of a request, or NULL: no memory. */
static struct curl_slist *make_headers(const struct client *client,
                                       const struct client_request *request)
{
    struct curl_slist *list = NULL;
    struct buf line = {0};
    bool ok = true;
    buf_add_c(&line, "Expect:"); /* no 100-continue: a round trip less */
    ok = ok && add_header(&list, &line);
    if (client->token) {
        buf_printf(&line, "Authorization: Bearer %s", client->token);
        ok = ok && add_header(&list, &line);
    }
    if (request->type) {
        buf_printf(&line, "Content-Type: %s", request->type);
        ok = ok && add_header(&list, &line);
    }
    if (request->accept) {
        buf_printf(&line, "Accept: %s", request->accept);
        ok = ok && add_header(&list, &line);
    }
    if (request->packed) {
        buf_add_c(&line, "Content-Encoding: gzip");
        ok = ok && add_header(&list, &line);
    }
    if (request->producer) {
        buf_printf(&line, "X-Jaga-Producer: %016llx", (unsigned long long)request->producer);
        ok = ok && add_header(&list, &line);
        buf_printf(&line, "X-Jaga-Sequence: %llu", (unsigned long long)request->sequence);
        ok = ok && add_header(&list, &line);
    }
    if (line.cap)
        explicit_bzero(line.ptr, line.cap);
    buf_free(&line);
    if (!ok) {
        curl_slist_free_all(list);
        list = NULL;
    }
    return list;
}

static int make_url(struct client *client, const char *path)
{
    struct str base = str_from_c(client->options.url);
    while (str_ends(base, STR("/")))
        base.len--;
    buf_clear(&client->url);
    buf_add_str(&client->url, base);
    buf_add_c(&client->url, path);
    buf_add_byte(&client->url, '\0');
    return client->url.failed ? -ENOMEM : 0;
}

/* What a failed transfer means. */
static int explain(const struct client *client, CURLcode code, struct err *err)
{
    const char *why = client->error[0] ? client->error : curl_easy_strerror(code);
    if (client->options.stop && *client->options.stop)
        return err_set(err, -ECANCELED, "stopped");
    if (client->wrong_server)
        return err_set(err, -EPROTO, "%s: its certificate is not the one that was pinned",
                       client->options.url);
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return err_set(err, -EPROTO,
                       "%s: %s; --ca FILE names who signed its certificate, --fingerprint SHA256 "
                       "the certificate itself",
                       client->options.url, why);
    case CURLE_SSL_CACERT_BADFILE:
        return err_set(err, -EPROTO, "%s: %s", client->options.url, why);
    case CURLE_OUT_OF_MEMORY:
        return err_set(err, -ENOMEM, "no memory");
    case CURLE_WRITE_ERROR:
        return err_set(err, -EIO, "%s: the answer is longer than %u bytes", client->options.url,
                       CLIENT_REPLY_MAX);
    default:
        return err_set(err, -EIO, "%s: %s", client->options.url, why);
    }
}

int client_send(struct client *client, const struct client_request *request,
                struct client_reply *reply, struct err *err)
{
    CURL *curl = client->curl;
    struct receiving receiving = {client, request, &reply->body, false};
    struct curl_slist *headers = make_headers(client, request);
    if (!headers || make_url(client, request->path) < 0) {
        curl_slist_free_all(headers);
        return err_set(err, -ENOMEM, "no memory");
    }
    buf_clear(&reply->body);
    client->error[0] = '\0';
    client->wrong_server = false;
    curl_easy_setopt(curl, CURLOPT_URL, client->url.ptr);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiving);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     request->take ? 0L : ms_of(client->options.request_us, REQUEST_US_DEFAULT));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (request->type) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.ptr ? request->body.ptr : "");
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (receiving.enough)
        return err_set(err, -ECANCELED, "stopped");
    if (code != CURLE_OK)
        return explain(client, code, err);
    long status = 0;
    curl_off_t after = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after);
    reply->status = (unsigned)status;
    reply->retry_after_us = after > 0 && after < RETRY_AFTER_MAX_US / TIME_SECOND_US
                                ? after * TIME_SECOND_US
                            : after > 0 ? RETRY_AFTER_MAX_US
                                        : 0;
    if (status == 401 && client->options.token_file) {
        struct err ignored = {0}; /* the old one stays; the server's answer says enough */
        load_token(client, &ignored);
    }
    return 0;
}

/* ---- tries until there is an answer ---- */

int client_pause(const struct client *client, unsigned failures, int64_t retry_after_us)
{
    const volatile sig_atomic_t *stop = client->options.stop;
    int64_t longest = PAUSE_FIRST_US;
    for (unsigned i = 1; i < failures && longest < PAUSE_MAX_US; i++)
        longest *= 2;
    if (longest > PAUSE_MAX_US)
        longest = PAUSE_MAX_US;
    uint32_t chance = 0;
    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
        chance = UINT32_MAX / 2;
    int64_t left = longest / 2 + (int64_t)((uint64_t)(longest / 2) * chance / UINT32_MAX);
    if (left < retry_after_us)
        left = retry_after_us;
    while (left > 0 && !(stop && *stop)) {
        int64_t step = left < PAUSE_STEP_US ? left : PAUSE_STEP_US;
        struct timespec time = {0, (long)(step * 1000)};
        nanosleep(&time, NULL);
        left -= step;
    }
    return stop && *stop ? -ECANCELED : 0;
}

static bool is_final(unsigned status)
{
    return status != 408 && status != 425 && status != 429 && status < 500;
}

static void say_retry(const struct client *client, int status, unsigned http, const struct err *why)
{
    struct log_line line;
    log_begin(&line, LOG_WARN, "ship.retry");
    log_c(&line, "to", client->options.url);
    if (status == 0)
        log_u64(&line, "status", http);
    else
        log_c(&line, "msg", why->message);
    log_end(&line);
}

int client_deliver(struct client *client, const struct client_request *request,
                   struct client_reply *reply, struct err *err)
{
    unsigned failures = 0;
    int64_t patience_us = client->options.patience_us, began = clock_ticks_us();
    for (;;) {
        int status = client_send(client, request, reply, err);
        if ((status < 0 && status != -EIO) || (status == 0 && is_final(reply->status))) {
            if (failures && status == 0)
                log_say(LOG_INFO, "ship.again", "%s answers again after %u tries",
                        client->options.url, failures);
            return status;
        }
        if (patience_us && clock_ticks_us() - began >= patience_us)
            return status;
        if (failures++ == 0)
            say_retry(client, status, reply->status, err);
        if (client_pause(client, failures, status == 0 ? reply->retry_after_us : 0) < 0)
            return err_set(err, -ECANCELED, "stopped");
    }
}

/* ---- bodies and queries ---- */

int client_pack(struct str bytes, struct buf *out)
{
    z_stream stream = {0};
    int status = Z_OK;
    if (bytes.len > UINT32_MAX || deflateInit2(&stream, PACK_LEVEL, Z_DEFLATED, MAX_WBITS + 16, 8,
                                               Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    stream.next_in = (z_const Bytef *)(uintptr_t)bytes.ptr;
    stream.avail_in = (uInt)bytes.len;
    while (status == Z_OK) {
        char *to = buf_reserve(out, PACK_STEP);
        if (!to)
            break;
        stream.next_out = (Bytef *)to;
        stream.avail_out = PACK_STEP;
        status = deflate(&stream, Z_FINISH);
        out->len += PACK_STEP - stream.avail_out;
    }
    deflateEnd(&stream);
    return status == Z_STREAM_END ? 0 : -ENOMEM;
}

int client_unpack(struct str bytes, size_t max, struct buf *out)
{
    z_stream stream = {0};
    size_t start = out->len;
    int status = Z_OK;
    if (bytes.len > UINT32_MAX)
        return -E2BIG;
    if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK)
        return -ENOMEM;
    stream.next_in = (z_const Bytef *)(uintptr_t)bytes.ptr;
    stream.avail_in = (uInt)bytes.len;
    while (status == Z_OK && out->len - start <= max) {
        char *to = buf_reserve(out, PACK_STEP);
        if (!to)
            break;
        stream.next_out = (Bytef *)to;
        stream.avail_out = PACK_STEP;
        status = inflate(&stream, Z_NO_FLUSH);
        out->len += PACK_STEP - stream.avail_out;
    }
    inflateEnd(&stream);
    if (out->failed)
        return -ENOMEM;
    return out->len - start > max ? -E2BIG : status == Z_STREAM_END ? 0 : -EINVAL;
}

void client_escape(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
            c == '.' || c == '_' || c == '~')
            buf_add_byte(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
