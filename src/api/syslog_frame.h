/*
 * syslog_frame: messages out of a stream of syslog (RFC 6587), as its bytes come. Each message says how it is framed:
 *
 *     octet counting (3.4.1)        "51 <34>1 2026-11-21T10:00:00Z host su - - - text"
 *     a trailer (3.4.2)             "<34>Nov 21 10:00:00 host su: text\n"     also CR LF, or NUL
 *
 * A number with a space is a count where '<' follows, or where the stream has not been seen to use trailers: text such as
 * "12 files" in a stream of lines stays a line. Line ends between messages are passed over. Pure: no I/O.
 */
#ifndef JAGA_API_SYSLOG_FRAME_H
#define JAGA_API_SYSLOG_FRAME_H

#include "base/buf.h"
#include "base/str.h"

#define SYSLOG_COUNT_DIGITS 9 /* of an octet count; more are text */

/* Zero it to start; syslog_frame_free() at the end. */
struct syslog_frame {
    struct buf partial; /* of the message that has begun; its memory is given back when it ends */
    uint64_t want;      /* bytes of the message that are still to come; 0: it ends with a trailer */
    bool begun;         /* within a message */
    bool counted;       /* its end is known by `want` */
    bool skipping;      /* it is too long: its rest is passed over */
    bool ended;         /* `partial` is a message that was given out */
    bool lines;         /* a message with a trailer has been seen */
    bool failed;        /* no memory for a half message */
};

enum syslog_framed {
    SYSLOG_MORE,    /* all bytes are used, or kept: more are needed */
    SYSLOG_MESSAGE, /* *ret_message is one, without its frame */
    SYSLOG_TOO_LONG /* *ret_message is the beginning of one that is longer than the limit */
};

/*
 * Takes the next message of at most `max` bytes off *rest. It lives until the next call, as long as the bytes of
 * *rest do. Call again with the same *rest until SYSLOG_MORE.
 */
enum syslog_framed syslog_frame_next(struct syslog_frame *frame, struct str *rest, size_t max,
                                     struct str *ret_message);

/*
 * Gives up the message that has begun, as one that is too long: *ret_message is its beginning and lives until
 * the next call.
 */
enum syslog_framed syslog_frame_drop(struct syslog_frame *frame, struct str *ret_message);

/* What is left of a message when the stream ends: empty if it ended between two. Lives until free. */
struct str syslog_frame_end(const struct syslog_frame *frame);

void syslog_frame_free(struct syslog_frame *frame);

/*
 * The HOSTNAME of a message (RFC 5424, 6.2.4; RFC 3164, 4.1.2), also where the time is ISO 8601, as relays write it.
 * Empty: it has none that can be told from the text. Lives in the message.
 */
struct str syslog_hostname(struct str message);

#endif
