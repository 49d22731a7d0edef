/*
 * buf: bytes that grow, for building text. A failed allocation or a spent limit
 * makes the buffer `failed`; later additions are ignored, so that a writer checks
 * once at the end. Owned by whoever calls buf_free(); one thread at a time.
 */
#ifndef JAGA_BASE_BUF_H
#define JAGA_BASE_BUF_H

#include "base/str.h"

struct buf {
    char *ptr;
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
    bool failed;
};

/* A zeroed struct buf is an empty buffer. */
void buf_free(struct buf *buf);

/* Makes room for `more` bytes and returns where they go, or NULL. Does not move len. */
char *buf_reserve(struct buf *buf, size_t more);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_add_str(struct buf *buf, struct str s);
void buf_add_c(struct buf *buf, const char *c_string);
void buf_add_byte(struct buf *buf, char byte);
void buf_add_u64(struct buf *buf, uint64_t number);
void buf_add_i64(struct buf *buf, int64_t number);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * s as a JSON string with its quotes (RFC 8259). Control characters are escaped,
 * bytes that are not UTF-8 become U+FFFD.
 */
void buf_add_json(struct buf *buf, struct str s);

/* The same without the quotes: part of a JSON string. */
void buf_add_json_text(struct buf *buf, struct str s);

/* s as one CSV field (RFC 4180): quoted only where it must be. */
void buf_add_csv(struct buf *buf, struct str s);

/* s with &, <, >, " and ' as entities; what is not UTF-8 or no XML character becomes U+FFFD. */
void buf_add_html(struct buf *buf, struct str s);

/* The bytes so far; valid until the next addition or buf_free(). */
static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr, buf->len};
}

static inline void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

#endif
