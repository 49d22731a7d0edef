/*
 * centre: a server with all that stands behind it, for tests: a ledger and spools in a scratch folder, an intake,
 * senders, and a token of each role; and a client of plain sockets.
 */
#ifndef JAGA_API_CENTRE_TEST_H
#define JAGA_API_CENTRE_TEST_H

#include <jansson.h>

#include "api/api.h"
#include "ledger/ledger_test.h"

struct test_centre {
    struct scratch scratch; /* its ledger is open */
    struct spool *spool, *dead;
    struct senders *senders;
    struct intake *intake;
    struct api *api;
    const char *address;
    /* Tokens: to send for agency "parks"; to read "parks" and "land"; of an administrator. */
    char sender[TOKEN_TEXT_MAX], reader[TOKEN_TEXT_MAX], administrator[TOKEN_TEXT_MAX];
};

/* The one of this process. */
extern struct test_centre centre;

/*
 * Starts it. What is not set in the options is filled in: one listener without TLS, two threads, the
 * centre's own parts. 0 or -1, for cmocka.
 */
int centre_open(struct api_options options, const struct spool_options *spool_options);
void centre_stop_api(void);
int centre_close(void **state);

/* ---- a client ---- */

/* An answer as it came. */
struct answer {
    unsigned status; /* 0: the connection ended without one */
    struct buf head, body;
};
void answer_free(struct answer *answer);

/* Value of a header, up to its line's end; ptr NULL: absent. */
struct str answer_header(const struct answer *answer, const char *name);

/* A connection to "127.0.0.1:PORT". */
int client_connect(const char *address);

/* Sends bytes as they are; text with $SENDER, $READER and $ADMIN replaced by those tokens. */
void client_send(int fd, struct str bytes);
void client_send_text(int fd, const char *text);

/*
 * Reads one answer, its body by Content-Length, or to the end. Gives up after ten seconds of silence.
 * `head_only`: of a HEAD request, or where the body is read otherwise.
 */
void client_receive(int fd, bool head_only, struct answer *ret_answer);

/* Appends what comes next to *out. False: the end, or ten seconds of silence. */
bool client_more(int fd, struct buf *out);

/* Reads until the other side closes; false after ten seconds of silence. */
bool client_is_closed(int fd);

/* One request on a connection of its own; `headers` are lines with their ends, with tokens as above. */
void client_ask(const char *method, const char *target, const char *headers, struct str body,
                struct answer *ret_answer);

/* The same for the REST interface: the answer's status has to be `want`; its JSON, to be json_decref()ed. */
json_t *client_json(const char *method, const char *target, const char *headers, const char *body,
                    unsigned want);
json_t *client_get(const char *target, const char *headers); /* 200 */
void client_refused(const char *method, const char *target, const char *headers, const char *body,
                    unsigned want);

/* A member of an object, which has to be there and a text. */
const char *json_text(const json_t *object, const char *name);

#endif
