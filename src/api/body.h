/*
 * body: the bytes of a request as they arrive: unpacked, bounded, and paid for from one budget over all requests that
 * are under way. Who holds much of it must leave as much free again: one sender can't spend it all. A compressed body is unpacked while it comes, so that a bomb stops at the limit and the
 * packed bytes are never kept.
 *
 * One body belongs to one thread at a time; a budget is shared by all.
 */
#ifndef JAGA_API_BODY_H
#define JAGA_API_BODY_H

#include <stdatomic.h>
#include <zlib.h>

#include "base/buf.h"

struct body_budget {
    size_t max; /* bytes */
    _Atomic size_t used;
};

enum body_coding {
    BODY_PLAIN,
    BODY_GZIP,    /* RFC 1952, also several members */
    BODY_DEFLATE, /* RFC 1950; also raw RFC 1951, which some clients send under that name */
};

struct body {
    struct buf bytes; /* unpacked */
    size_t max;
    struct body_budget *budget;
    _Atomic size_t *held; /* by its sender, of the budget; NULL: nobody is asked */
    size_t paid;
    enum body_coding coding;
    z_stream unpacker;
    bool unpacking; /* the unpacker is set up */
    bool ended;     /* a packed stream has ended */
    char head[2];   /* of a deflate body, until there are two bytes to tell its kind by */
    size_t head_len;
};

/* The coding that a Content-Encoding names; -EOPNOTSUPP: none of ours. */
int body_coding_parse(struct str text, enum body_coding *ret_coding);

/* A new, empty body; the budget, and what its sender holds of it (may be NULL), outlive it. */
void body_begin(struct body *body, enum body_coding coding, size_t max, struct body_budget *budget,
                _Atomic size_t *held);

/*
 * Takes bytes as they come. 0; -EFBIG: more than `max`; -ENOBUFS: the budget is spent; -EBADMSG: not what
 * its coding says; -ENOMEM. After a failure the body holds nothing.
 */
int body_add(struct body *body, struct str bytes);

/* All has come. 0, or -EBADMSG where a packed body is cut short. */
int body_end(struct body *body);

void body_free(struct body *body);

#endif
