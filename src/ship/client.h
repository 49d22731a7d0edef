/*
 * client: requests to a centre over HTTPS (libcurl): who the server must be, the token, one connection kept for many
 * requests, tries again with growing pauses. For `jaga ship` and the commands that talk to a running centre.
 *
 *     request ─▶ client_deliver ─▶ client_send ─▶ 2xx, 4xx ───────────────────▶ reply
 *                      ▲                            └─▶ 429, 5xx, no answer ─┐
 *                      └──────────── pause: Retry-After, or 0.25 s × 2ⁿ ◀────┘
 *
 * A client belongs to one thread. Redirections are not followed: a token goes to the server it is for.
 */
#ifndef JAGA_SHIP_CLIENT_H
#define JAGA_SHIP_CLIENT_H

#include <signal.h>

#include "base/buf.h"
#include "base/err.h"

#define CLIENT_REPLY_MAX (16u << 20) /* bytes of an answer; a longer one is an error */
#define CLIENT_TOKEN_MAX 4096        /* bytes of a token */
#define CLIENT_TOKEN_VARIABLE "JAGA_TOKEN"

/* Texts outlive the client. */
struct client_options {
    const char *url; /* "https://centre.example:8443"; a path goes before those of requests */
    const char *token_file; /* its first line; read again after a 401. NULL: `token` */
    const char *token;      /* NULL: none is sent */
    const char *ca;         /* PEM file of authorities; NULL: those of the system */
    /*
     * SHA-256 of the server's certificate in hex, colons or not: that very certificate is taken, whoever signed
     * it, and no other. NULL: not asked.
     */
    const char *fingerprint;
    bool insecure;                     /* whoever answers is taken */
    int64_t connect_us;                /* to be connected by then; 0: 10 s */
    int64_t request_us;                /* a try that takes longer has failed; 0: 60 s */
    int64_t patience_us;               /* client_deliver() tries for this long; 0: for ever */
    const volatile sig_atomic_t *stop; /* not 0: give up what is under way; may be NULL */
};

struct client;

/* Connects to nobody yet. NULL: *err says what is wrong with the options. */
struct client *client_new(const struct client_options *options, struct err *err);
void client_free(struct client *client);

struct client_request {
    const char *method; /* "POST" */
    const char *path;   /* "/api/v1/events?source=dns"; see client_escape() */
    const char *type;   /* of the body; NULL: no body */
    const char *accept; /* of the answer; NULL: any */
    struct str body;
    bool packed;       /* the body is gzip; see client_pack() */
    uint64_t producer; /* the server stores a sequence of a producer once; 0: none */
    uint64_t sequence;
    /*
     * Takes the body of a 2xx as it comes, for an answer without an end, which client_options.request_us then
     * does not bound. Negative: enough of it. NULL: the reply has the body.
     */
    int (*take)(void *context, struct str bytes);
    void *context;
};

/* Zero it; reused, the buffer keeps its room. client_reply_free() at the end. */
struct client_reply {
    unsigned status;
    struct buf body;
    int64_t retry_after_us; /* what the server asks for; 0: nothing */
};
void client_reply_free(struct client_reply *reply);

/*
 * One try. 0: the server answered, whatever it said. -EIO: no answer, or half of one; *err says why. -EPROTO:
 * it is not the server it must be, and was told nothing. -ECANCELED: stopped, or take() had enough. -ENOMEM.
 */
int client_send(struct client *client, const struct client_request *request,
                struct client_reply *reply, struct err *err);

/*
 * Tries until there is an answer that another try would not change: all but 408, 425, 429 and 5xx. Logs the
 * first failure of a row and when it is over. As client_send(), but -EIO, and those answers, only where the patience of
 * the options has an end and is spent.
 */
int client_deliver(struct client *client, const struct client_request *request,
                   struct client_reply *reply, struct err *err);

/*
 * Waits as long as after `failures` failed tries, or as the server asked: 0.25 s, 0.5 s ... 30 s, each between half
 * and the whole of it by chance, so that senders do not come back all at once. -ECANCELED: stopped.
 */
int client_pause(const struct client *client, unsigned failures, int64_t retry_after_us);

/* Appends `bytes` to *out as gzip (RFC 1952). 0 or -ENOMEM. */
int client_pack(struct str bytes, struct buf *out);

/* The other way round, at most `max` bytes. 0, -EINVAL, -E2BIG or -ENOMEM. */
int client_unpack(struct str bytes, size_t max, struct buf *out);

/* Appends `text` as part of a query (RFC 3986, 2.1). */
void client_escape(struct str text, struct buf *out);

#endif
