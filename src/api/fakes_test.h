/*
 * fakes: an intake and senders for tests of the server that need no spool, and a client of plain sockets.
 */
#ifndef JAGA_API_FAKES_TEST_H
#define JAGA_API_FAKES_TEST_H

#include "api/api.h"

#define TOKEN_SENDER "jaga_sender"
#define TOKEN_READER "jaga_reader"
#define TOKEN_ADMINISTRATOR "jaga_administrator"

/* What intake_ready() says. */
extern _Atomic int fake_intake_status;
/* How often a token was looked up. */
extern _Atomic unsigned fake_lookups;

/* An answer as it came. */
struct fake_answer {
    unsigned status; /* 0: the connection ended without one */
    struct buf head, body;
};
void fake_answer_free(struct fake_answer *answer);

/* Value of a header, up to its line's end; ptr NULL: absent. */
struct str fake_answer_header(const struct fake_answer *answer, const char *name);

/* A connection to "127.0.0.1:PORT"; it gives up after ten seconds of silence. */
int fake_connect(const char *address);
void fake_send(int fd, struct str bytes);
/* Reads one answer; its body by Content-Length, or to the end. `head_only`: of a HEAD request. */
void fake_receive(int fd, bool head_only, struct fake_answer *ret_answer);
/* True once the other side has closed. */
bool fake_is_closed(int fd);

/* One request on a connection of its own; `headers` are lines with their ends. */
void fake_ask(const char *address, const char *method, const char *target, const char *headers,
              struct str body, struct fake_answer *ret_answer);

#endif
