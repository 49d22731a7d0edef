#include "api/fakes_test.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "io/net.h"

_Atomic int fake_intake_status;
_Atomic unsigned fake_lookups;

/* ---- what the server calls ---- */

const struct api_route *const api_tables[] = {NULL};

int intake_ready(const struct intake *intake)
{
    (void)intake;
    return fake_intake_status;
}

void intake_batch_free(struct intake_batch *batch)
{
    buf_free(&batch->bytes);
}

static struct grant grants[] = {
    {.id = {"sender", 6}, .role = TOKEN_SEND, .agency = {"parks", 5}, .expires = TIME_UNSET},
    {.id = {"reader", 6}, .role = TOKEN_READ, .agency = {"parks,land", 10}, .expires = TIME_UNSET},
    {.id = {"administrator", 13}, .role = TOKEN_ADMIN, .expires = TIME_UNSET},
};

struct grant *senders_by_token(struct senders *senders, struct str text, int64_t now)
{
    static const char *const tokens[] = {TOKEN_SENDER, TOKEN_READER, TOKEN_ADMINISTRATOR};
    (void)senders, (void)now;
    fake_lookups++;
    for (size_t i = 0; i < 3; i++) {
        if (str_eq(text, str_from_c(tokens[i])))
            return &grants[i];
    }
    return NULL;
}

struct grant *senders_by_certificate(struct senders *senders, struct str name)
{
    (void)senders;
    return str_eq(name, STR("sender.example")) ? &grants[0] : NULL;
}

/* ---- the client ---- */

void fake_answer_free(struct fake_answer *answer)
{
    buf_free(&answer->head);
    buf_free(&answer->body);
}

struct str fake_answer_header(const struct fake_answer *answer, const char *name)
{
    struct str rest = buf_str(&answer->head), line;
    while (str_cut_line(&rest, &line)) {
        size_t colon = str_index(line, ':');
        if (colon < line.len && str_eq_ascii_nocase(str_first(line, colon), str_from_c(name)))
            return str_trim(str_skip(line, colon + 1));
    }
    return (struct str){0};
}

int fake_connect(const char *address)
{
    struct net_address to;
    struct err err = {0};
    if (net_address_parse(str_from_c(address), &to, &err) < 0)
        abort();
    int fd = socket(to.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to.bytes, to.len) < 0)
        abort();
    return fd;
}

void fake_send(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes = str_skip(bytes, (size_t)n);
    }
}

/* Some bytes more; false at the end, or after ten seconds of silence. */
static bool receive_some(int fd, struct buf *out, size_t max)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char *room = buf_reserve(out, max);
    if (poll(&wait, 1, 10000) != 1)
        return false;
    ssize_t n = recv(fd, room, max, 0);
    if (n > 0)
        out->len += (size_t)n;
    return n > 0;
}

void fake_receive(int fd, bool head_only, struct fake_answer *ret_answer)
{
    *ret_answer = (struct fake_answer){0};
    struct buf *head = &ret_answer->head, *body = &ret_answer->body;
    while (str_find(buf_str(head), STR("\r\n\r\n")) == SIZE_MAX) {
        if (!receive_some(fd, head, 1))
            return;
    }
    uint64_t status;
    if (str_to_u64(str_first(str_skip(buf_str(head), 9), 3), &status) == 0)
        ret_answer->status = (unsigned)status;
    uint64_t length = UINT64_MAX;
    struct str text = fake_answer_header(ret_answer, "Content-Length");
    if (text.ptr && str_to_u64(text, &length) < 0)
        abort();
    if (head_only || status == 204 || status == 100)
        return;
    while (body->len < length &&
           receive_some(fd, body, length - body->len < 65536 ? length - body->len : 65536))
        ;
}

bool fake_is_closed(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char bytes[4096];
    while (poll(&wait, 1, 10000) == 1) {
        if (recv(fd, bytes, sizeof(bytes), 0) <= 0)
            return true; /* its end, or a reset */
    }
    return false;
}

void fake_ask(const char *address, const char *method, const char *target, const char *headers,
              struct str body, struct fake_answer *ret_answer)
{
    struct buf text = {0};
    buf_printf(&text, "%s %s HTTP/1.1\r\nHost: jaga\r\n%s", method, target, headers);
    if (body.len)
        buf_printf(&text, "Content-Length: %zu\r\n", body.len);
    buf_add_c(&text, "\r\n");
    buf_add_str(&text, body);
    int fd = fake_connect(address);
    fake_send(fd, buf_str(&text));
    buf_free(&text);
    fake_receive(fd, strcmp(method, "HEAD") == 0, ret_answer);
    close(fd);
}

/* ---- a ledger that is not there ---- */

struct ledger *ledger_open(const char *url, const struct ledger_options *options, struct err *err)
{
    (void)url, (void)options;
    err_set(err, -ENOENT, "there is no ledger here");
    return NULL;
}

void ledger_close(struct ledger *ledger)
{
    (void)ledger;
}
