#include "api/syslog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "base/vec.h"
#include "io/log.h"
#include "io/tls.h"
#include "spool/spool_test.h"

#define WAIT_MS 20000 /* nothing here takes so long: then it does not come */

/* A spool that is real, and busy when it is told to be. */
static _Atomic int busy;

static int append_or_not(struct spool *spool, uint32_t partition, const struct spool_batch *batch,
                         spool_done *done, void *context)
{
    int status = atomic_load(&busy);
    return status ? status : spool_local.append(spool, partition, batch, done, context);
}

static struct spool_ops ops;

struct fixture {
    const char *places[3]; /* folders: events, dead letters, keys */
    struct spool *events, *dead;
    struct senders *senders;
    struct intake *intake;
    struct tls_identity *identity;
    struct syslog_options options;
    struct syslog_door *door;
    struct spool_reader *reader, *dead_reader;
    VEC(char *) messages;
    struct buf sources; /* of the messages, each followed by a space */
};

static const struct syslog_listener LISTENERS[] = {
    {"127.0.0.1:0", SYSLOG_TCP}, {"127.0.0.1:0", SYSLOG_UDP}, {"127.0.0.1:0", SYSLOG_TLS}};

enum { TCP, UDP, TLS };

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};
    char certificate[128], key[128];
    if (!f)
        return -1;
    log_set_level(LOG_ERROR);
    ops = spool_local;
    ops.append = append_or_not;
    atomic_store(&busy, 0);
    for (size_t i = 0; i < 3; i++)
        f->places[i] = test_folder();
    f->events = test_open(&spool_local, f->places[0], &(struct spool_options){.partitions = 1});
    f->dead = test_open(&spool_local, f->places[1], &(struct spool_options){.partitions = 1});
    f->senders = senders_new(1);
    f->intake = intake_new(&(struct intake_options){&ops, f->events, f->dead, f->senders});
    snprintf(certificate, sizeof(certificate), "%s/certificate.pem", f->places[2]);
    snprintf(key, sizeof(key), "%s/key.pem", f->places[2]);
    f->identity = tls_identity_open(
        &(struct tls_identity_options){.certificate = certificate, .key = key, .make = true}, &err);
    if (!f->identity)
        fail_msg("%s", err.message);
    f->options = (struct syslog_options){
        .listeners = LISTENERS,
        .n_listeners = 3,
        .identity = f->identity,
        .senders = f->senders,
        .intake = f->intake,
        .threads = 2,
    };
    f->reader = spool_local.reader_new(f->events, 0, 0);
    f->dead_reader = spool_local.reader_new(f->dead, 0, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    syslog_door_stop(f->door);
    spool_local.reader_free(f->reader);
    spool_local.reader_free(f->dead_reader);
    intake_free(f->intake);
    spool_local.close(f->events);
    spool_local.close(f->dead);
    senders_free(f->senders);
    tls_identity_free(f->identity);
    for (size_t i = 0; i < f->messages.len; i++)
        free(f->messages.items[i]);
    vec_free(&f->messages);
    buf_free(&f->sources);
    for (size_t i = 0; i < 3; i++)
        test_folder_remove(f->places[i]);
    free(f);
    return 0;
}

/* Starts the doors; loopback may send as `source` (NULL: each by its own name). */
static void start(struct fixture *f, const char *source, uint64_t rate)
{
    struct err err = {0};
    struct token grant = {
        .agency = STR("health"), .source = str_from_c(source), .rate = rate, .expires = TIME_UNSET};
    assert_int_equal(senders_add_peer(f->senders, STR("127.0.0.1/32"), &grant), 0);
    f->door = syslog_door_start(&f->options, &err);
    if (!f->door)
        fail_msg("%s", err.message);
}

static struct sockaddr_in address_of(const struct fixture *f, int listener)
{
    const char *text = syslog_door_address(f->door, (size_t)listener);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((uint16_t)strtoul(strchr(text, ':') + 1, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int dial(const struct fixture *f, int listener)
{
    struct sockaddr_in address = address_of(f, listener);
    int fd = socket(AF_INET, (listener == UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Waits until the other side has closed. */
static void await_end(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    char byte;
    assert_int_equal(poll(&polled, 1, WAIT_MS), 1);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
}

/* Waits until the spool has `n` messages. */
static void await(struct fixture *f, size_t n)
{
    uint64_t seen = 0;
    struct spool_batch batch;
    uint64_t offset;
    while (f->messages.len < n) {
        int status = spool_local.read(f->reader, &batch, &offset);
        assert_true(status >= 0);
        if (status == 0) {
            uint64_t now = spool_local.wait(f->events, seen, WAIT_MS);
            if (now == seen)
                fail_msg("only %zu of %zu messages came", f->messages.len, n);
            seen = now;
            continue;
        }
        for (uint32_t i = 0; i < batch.n; i++) {
            struct str event = spool_event(&batch, i);
            char *message = calloc(1, event.len + 1);
            memcpy(message, event.ptr, event.len);
            vec_push(&f->messages, message);
            buf_add_str(&f->sources, batch.source);
            buf_add_byte(&f->sources, ' ');
        }
    }
    assert_int_equal(f->messages.len, n);
}

/* Waits for a dead letter, which the intake wrote as its reason and its bytes. */
static void await_letter(struct fixture *f, const char *reason, const char *bytes)
{
    struct spool_batch batch;
    uint64_t offset, seen = 0, now;
    int status;
    while ((status = spool_local.read(f->dead_reader, &batch, &offset)) == 0) {
        now = spool_local.wait(f->dead, seen, WAIT_MS);
        if (now == seen)
            fail_msg("no dead letter came");
        seen = now;
    }
    assert_int_equal(status, 1);
    struct str letter = spool_event(&batch, 0), line;
    assert_true(str_cut_line(&letter, &line));
    assert_true(str_find(line, str_from_c(reason)) != SIZE_MAX);
    assert_true(str_starts(letter, str_from_c(bytes)));
}

static const struct account *account(struct fixture *f, const char *source)
{
    return &senders_intern(f->senders, STR("health"), str_from_c(source))->account;
}

/* ---- what is sent arrives ---- */

static void messages_over_tcp_are_stored_in_their_order(void **state)
{
    struct fixture *f = *state;
    start(f, "dns", 0);
    int fd = dial(f, TCP);
    say(fd, "<1>one\n7 <1>\ntwo<1>three\n");
    await(f, 3);
    assert_string_equal(f->messages.items[0], "<1>one");
    assert_string_equal(f->messages.items[1], "<1>\ntwo");
    assert_string_equal(f->messages.items[2], "<1>three");
    assert_int_equal(account(f, "dns")->received, 3);
    close(fd);
}

static void a_datagram_is_a_message(void **state)
{
    struct fixture *f = *state;
    start(f, "dns", 0);
    int fd = dial(f, UDP);
    say(fd, "<1>one\n");
    say(fd, "<1>two\nlines");
    await(f, 2);
    assert_string_equal(f->messages.items[0], "<1>one");
    assert_string_equal(f->messages.items[1], "<1>two\nlines");
    close(fd);
}

static void the_source_is_the_hostname_where_the_grant_leaves_it_open(void **state)
{
    struct fixture *f = *state;
    start(f, NULL, 0);
    int fd = dial(f, TCP);
    say(fd, "<1>Nov 21 10:00:00 web-1 x: 1\n<1>1 2026-11-21T10:00:00Z web-2 x - - - 2\n<1>bare\n"
            "<1>Nov 21 10:00:00 web-1 x: 3\n");
    await(f, 4);
    buf_add_byte(&f->sources, '\0');
    assert_non_null(strstr(f->sources.ptr, "web-1 web-1"));
    assert_non_null(strstr(f->sources.ptr, "web-2"));
    assert_non_null(strstr(f->sources.ptr, "127.0.0.1"));
    close(fd);
}

static void a_sender_that_is_not_known_is_refused_and_counted(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct syslog_stats stats;
    f->door = syslog_door_start(&f->options, &err); /* nobody was granted anything */
    int fd = dial(f, TCP);
    await_end(fd);
    close(fd);
    syslog_door_stats(f->door, &stats);
    assert_int_equal(stats.refused_unknown, 1);
    assert_int_equal(stats.messages, 0);
}

static void an_address_has_as_many_connections_as_it_may(void **state)
{
    struct fixture *f = *state;
    struct syslog_stats stats;
    f->options.connections_per_peer = 2;
    start(f, "dns", 0);
    int fds[3];
    for (int i = 0; i < 2; i++) {
        fds[i] = dial(f, TCP);
        say(fds[i], "<1>here\n");
        await(f, (size_t)i + 1);
    }
    fds[2] = dial(f, TCP);
    await_end(fds[2]);
    syslog_door_stats(f->door, &stats);
    assert_int_equal(stats.refused_limit, 1);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

/* ---- nothing is lost ---- */

static void while_the_spool_is_busy_senders_wait_and_nothing_is_lost_or_doubled(void **state)
{
    struct fixture *f = *state;
    char line[64];
    start(f, "dns", 0);
    int fd = dial(f, TCP);
    atomic_store(&busy, -EAGAIN);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "<1>message %d\n", i);
        say(fd, line);
    }
    struct syslog_stats stats = {0};
    while (stats.stalls == 0) /* the door says that it has met the busy spool */
        syslog_door_stats(f->door, &stats);
    atomic_store(&busy, 0);
    await(f, 1000);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "<1>message %d", i);
        assert_string_equal(f->messages.items[i], line);
    }
    close(fd);
    syslog_door_stop(f->door); /* now the account is settled */
    f->door = NULL;
    assert_int_equal(account(f, "dns")->received, 1000);
    assert_int_equal(account(f, "dns")->stored, 1000);
    assert_int_equal(account(f, "dns")->failed, 0);
}

static void what_was_sent_before_the_stop_is_stored_by_it(void **state)
{
    struct fixture *f = *state;
    start(f, "dns", 0);
    int fd = dial(f, TCP);
    say(fd, "<1>message\n");
    await(f, 1); /* the door has taken the connection */
    for (int i = 1; i < 1000; i++)
        say(fd, "<1>message\n");
    syslog_door_stop(f->door);
    f->door = NULL;
    await(f, 1000);
    await_end(fd);
    close(fd);
}

static void half_a_message_at_the_end_is_a_dead_letter(void **state)
{
    struct fixture *f = *state;
    start(f, "dns", 0);
    int fd = dial(f, TCP);
    say(fd, "<1>whole\n<1>half");
    close(fd);
    await(f, 1);
    await_letter(f, "ended within", "<1>half");
    syslog_door_stop(f->door);
    f->door = NULL;
    assert_int_equal(account(f, "dns")->rejected, 1);
    assert_int_equal(account(f, "dns")->received, 2);
}

static void a_line_without_end_is_a_dead_letter_and_the_next_message_is_stored(void **state)
{
    struct fixture *f = *state;
    start(f, "dns", 0);
    int fd = dial(f, TCP);
    char *line = malloc(INTAKE_EVENT_MAX + 100);
    memset(line, 'x', INTAKE_EVENT_MAX + 99);
    line[INTAKE_EVENT_MAX + 99] = '\0';
    say(fd, line);
    say(fd, "\n<1>next\n");
    free(line);
    await(f, 1);
    assert_string_equal(f->messages.items[0], "<1>next");
    await_letter(f, "longer than", "xxx");
    close(fd);
}

static void half_messages_share_a_bounded_memory(void **state)
{
    struct fixture *f = *state;
    char part[16384];
    f->options.partial_max = 4096;
    start(f, "dns", 0);
    int fd = dial(f, TCP);
    memset(part, 'x', sizeof(part) - 1);
    part[sizeof(part) - 1] = '\0';
    say(fd, part);
    await_letter(f, "no room", "xxx");
    say(fd, part);
    say(fd, "\n<1>next\n");
    await(f, 1);
    assert_string_equal(f->messages.items[0], "<1>next");
    close(fd);
}

static void a_sender_that_is_too_fast_is_read_later_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    start(f, "dns", 50);
    int fd = dial(f, TCP);
    for (int i = 0; i < 60; i++)
        say(fd, "<1>fast\n");
    await(f, 60);
    assert_int_equal(account(f, "dns")->throttled, 0);
    close(fd);
}

static void a_message_that_does_not_end_in_time_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    struct syslog_stats stats;
    f->options.message_us = 1;
    start(f, "dns", 0);
    int fd = dial(f, TCP);
    say(fd, "<1>half");
    await_end(fd);
    syslog_door_stats(f->door, &stats);
    assert_int_equal(stats.timed_out, 1);
    await_letter(f, "ended within", "<1>half");
    close(fd);
}

/* ---- TLS ---- */

struct tls_client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
};

static void tls_dial(const struct fixture *f, struct tls_client *client)
{
    int status;
    client->fd = dial(f, TLS);
    gnutls_certificate_allocate_credentials(&client->credentials);
    gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
    gnutls_set_default_priority(client->session);
    gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
    gnutls_transport_set_int(client->session, client->fd);
    do
        status = gnutls_handshake(client->session);
    while (status < 0 && !gnutls_error_is_fatal(status));
    assert_int_equal(status, 0);
}

static void tls_hang_up(struct tls_client *client)
{
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    close(client->fd);
}

static void messages_over_tls_are_stored(void **state)
{
    struct fixture *f = *state;
    struct tls_client client;
    start(f, "dns", 0);
    tls_dial(f, &client);
    assert_int_equal(gnutls_record_send(client.session, "6 <1>one6 <1>", 13), 13);
    assert_int_equal(gnutls_record_send(client.session, "two", 3), 3);
    await(f, 2);
    assert_string_equal(f->messages.items[0], "<1>one");
    assert_string_equal(f->messages.items[1], "<1>two");
    tls_hang_up(&client);
}

static void what_is_no_tls_harms_nobody(void **state)
{
    struct fixture *f = *state;
    struct syslog_stats stats;
    struct tls_client client;
    start(f, "dns", 0);
    int garbage = dial(f, TLS);
    say(garbage, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await_end(garbage);
    tls_dial(f, &client);
    gnutls_record_send(client.session, "6 <1>one", 8);
    await(f, 1);
    syslog_door_stats(f->door, &stats);
    assert_int_equal(stats.handshake_failed, 1);
    tls_hang_up(&client);
    close(garbage);
}

static void a_handshake_that_does_not_end_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    f->options.handshake_us = 1;
    start(f, "dns", 0);
    int slow = dial(f, TLS);
    say(slow, "\x16\x03\x01");
    await_end(slow);
    close(slow);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(messages_over_tcp_are_stored_in_their_order),
        TEST(a_datagram_is_a_message),
        TEST(the_source_is_the_hostname_where_the_grant_leaves_it_open),
        TEST(a_sender_that_is_not_known_is_refused_and_counted),
        TEST(an_address_has_as_many_connections_as_it_may),
        TEST(while_the_spool_is_busy_senders_wait_and_nothing_is_lost_or_doubled),
        TEST(what_was_sent_before_the_stop_is_stored_by_it),
        TEST(half_a_message_at_the_end_is_a_dead_letter),
        TEST(a_line_without_end_is_a_dead_letter_and_the_next_message_is_stored),
        TEST(half_messages_share_a_bounded_memory),
        TEST(a_sender_that_is_too_fast_is_read_later_and_loses_nothing),
        TEST(a_message_that_does_not_end_in_time_ends_the_connection),
        TEST(messages_over_tls_are_stored),
        TEST(what_is_no_tls_harms_nobody),
        TEST(a_handshake_that_does_not_end_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
