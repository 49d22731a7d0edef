#include "base/test.h"

#include "api/centre_test.h"

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "io/log.h"
#include "io/net.h"

#define SILENCE_MS 10000

struct test_centre centre;

static void add_token(enum token_role role, const char *agency, char ret_text[TOKEN_TEXT_MAX])
{
    char id[TOKEN_TEXT_MAX];
    struct token token = {.role = role, .agency = str_from_c(agency), .expires = TIME_UNSET};
    assert_int_equal(token_add(centre.scratch.ledger, &token, ret_text, id), 0);
}

static struct spool *open_spool(const char *name, const struct spool_options *options)
{
    char place[96];
    struct err err = {0};
    struct spool_options one = {.partitions = 1};
    snprintf(place, sizeof(place), "%s/%s", centre.scratch.folder, name);
    struct spool *spool = spool_local.open(place, options ? options : &one, &err);
    if (!spool)
        fail_msg("%s", err.message);
    return spool;
}

int centre_open(struct api_options options, const struct spool_options *spool_options)
{
    static const struct api_listener listener = {"127.0.0.1:0", true};
    struct err err = {0};
    log_set_level(LOG_ERROR);
    scratch_open(&centre.scratch);
    add_token(TOKEN_SEND, "parks", centre.sender);
    add_token(TOKEN_READ, "parks,land", centre.reader);
    add_token(TOKEN_ADMIN, "*", centre.administrator);
    centre.senders = senders_new(1);
    assert_int_equal(senders_load_tokens(centre.senders, centre.scratch.ledger), 0);
    centre.spool = open_spool("spool", spool_options);
    centre.dead = open_spool("dead", NULL);
    const struct intake_options intake = {.engine = &spool_local,
                                          .spool = centre.spool,
                                          .dead = centre.dead,
                                          .senders = centre.senders};
    centre.intake = intake_new(&intake);
    if (!options.n_listeners) {
        options.listeners = &listener;
        options.n_listeners = 1;
    }
    options.threads = 2;
    options.senders = centre.senders;
    options.intake = centre.intake;
    options.engine = &spool_local;
    options.spool = centre.spool;
    options.dead = centre.dead;
    options.ledger = centre.scratch.url;
    centre.api = api_start(&options, &err);
    if (!centre.api)
        fail_msg("%s", err.message);
    centre.address = api_address(centre.api, 0);
    return 0;
}

void centre_stop_api(void)
{
    api_stop(centre.api);
    centre.api = NULL;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

/* A spool's folder, so that only the ledger's files are left in the scratch folder. */
static void remove_folder(const char *name)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/%s", centre.scratch.folder, name);
    assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int centre_close(void **state)
{
    (void)state;
    centre_stop_api();
    spool_local.close(centre.spool);
    spool_local.close(centre.dead);
    intake_free(centre.intake);
    senders_free(centre.senders);
    remove_folder("spool");
    remove_folder("dead");
    scratch_close(&centre.scratch);
    centre = (struct test_centre){0};
    return 0;
}

/* ---- a client ---- */

void answer_free(struct answer *answer)
{
    buf_free(&answer->head);
    buf_free(&answer->body);
}

struct str answer_header(const struct answer *answer, const char *name)
{
    struct str rest = buf_str(&answer->head), line;
    while (str_cut_line(&rest, &line)) {
        size_t colon = str_index(line, ':');
        if (colon < line.len && str_eq_ascii_nocase(str_first(line, colon), str_from_c(name)))
            return str_trim(str_skip(line, colon + 1));
    }
    return (struct str){0};
}

int client_connect(const char *address)
{
    struct net_address to;
    struct err err = {0};
    assert_int_equal(net_address_parse(str_from_c(address), &to, &err), 0);
    int fd = socket(to.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to.bytes, to.len), 0);
    return fd;
}

void client_send(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes = str_skip(bytes, (size_t)n);
    }
}

/* Appends a text with the names of tokens replaced. */
static void add_text(struct buf *out, const char *text)
{
    const struct {
        struct str name;
        const char *token;
    } tokens[] = {{STR("$SENDER"), centre.sender},
                  {STR("$READER"), centre.reader},
                  {STR("$ADMIN"), centre.administrator}};
    for (struct str rest = str_from_c(text); rest.len;) {
        size_t i = 0;
        while (i < 3 && !str_starts(rest, tokens[i].name))
            i++;
        if (i < 3)
            buf_add_c(out, tokens[i].token);
        else
            buf_add_byte(out, rest.ptr[0]);
        rest = str_skip(rest, i < 3 ? tokens[i].name.len : 1);
    }
}

void client_send_text(int fd, const char *text)
{
    struct buf out = {0};
    add_text(&out, text);
    client_send(fd, buf_str(&out));
    buf_free(&out);
}

/* At most `max` bytes more. */
static bool receive_some(int fd, struct buf *out, size_t max)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char *room = buf_reserve(out, max);
    if (poll(&wait, 1, SILENCE_MS) != 1)
        return false;
    ssize_t n = recv(fd, room, max, 0);
    if (n > 0)
        out->len += (size_t)n;
    return n > 0;
}

bool client_more(int fd, struct buf *out)
{
    return receive_some(fd, out, 65536);
}

void client_receive(int fd, bool head_only, struct answer *ret_answer)
{
    *ret_answer = (struct answer){0};
    struct buf *head = &ret_answer->head, *body = &ret_answer->body;
    while (str_find(buf_str(head), STR("\r\n\r\n")) == SIZE_MAX) {
        if (!receive_some(fd, head, 1))
            return;
    }
    uint64_t status;
    if (str_to_u64(str_first(str_skip(buf_str(head), 9), 3), &status) == 0)
        ret_answer->status = (unsigned)status;
    uint64_t length = UINT64_MAX;
    struct str text = answer_header(ret_answer, "Content-Length");
    assert_true(!text.ptr || str_to_u64(text, &length) == 0);
    if (head_only || status == 204 || status == 100)
        return;
    bool more = true;
    while (more && body->len < length)
        more = receive_some(fd, body, length - body->len < 65536 ? length - body->len : 65536);
}

bool client_is_closed(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char bytes[4096];
    while (poll(&wait, 1, SILENCE_MS) == 1) {
        if (recv(fd, bytes, sizeof(bytes), 0) <= 0)
            return true; /* its end, or a reset */
    }
    return false;
}

void client_ask(const char *method, const char *target, const char *headers, struct str body,
                struct answer *ret_answer)
{
    struct buf text = {0};
    buf_printf(&text, "%s %s HTTP/1.1\r\nHost: jaga\r\n", method, target);
    add_text(&text, headers);
    if (body.len)
        buf_printf(&text, "Content-Length: %zu\r\n", body.len);
    buf_add_c(&text, "\r\n");
    buf_add_str(&text, body);
    int fd = client_connect(centre.address);
    client_send(fd, buf_str(&text));
    buf_free(&text);
    client_receive(fd, strcmp(method, "HEAD") == 0, ret_answer);
    close(fd);
}

json_t *client_json(const char *method, const char *target, const char *headers, const char *body,
                    unsigned want)
{
    struct answer answer;
    client_ask(method, target, headers, str_from_c(body), &answer);
    if (answer.status != want)
        print_message("%s %s: %u %.*s\n", method, target, answer.status,
                      STR_ARG(buf_str(&answer.body)));
    assert_int_equal(answer.status, want);
    json_t *json = json_loadb(answer.body.ptr ? answer.body.ptr : "", answer.body.len, 0, NULL);
    assert_true(json || want == 204);
    answer_free(&answer);
    return json;
}

json_t *client_get(const char *target, const char *headers)
{
    return client_json("GET", target, headers, "", 200);
}

void client_refused(const char *method, const char *target, const char *headers, const char *body,
                    unsigned want)
{
    json_decref(client_json(method, target, headers, body, want));
}

const char *json_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}
