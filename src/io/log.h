/*
 * log: one line per event on standard error, key=value (logfmt), for programs that run for long. Only cli,
 * watch, api, ship and readiness log; modules below return. Values are hostile: a value that is not a
 * plain word is quoted and escaped, and cut at LOG_VALUE_MAX.
 *
 *     time=2026-11-21T08:00:00.000000Z level=info event=door.listen door=syslog-tls address=127.0.0.1:6514
 *
 * A line is built on the stack and written with one write(2), so lines of threads don't mix:
 *
 *     struct log_line line;
 *     log_begin(&line, LOG_WARN, "door.refused");
 *     log_str(&line, "peer", peer);
 *     log_u64(&line, "bytes", n);
 *     log_end(&line);
 */
#ifndef JAGA_IO_LOG_H
#define JAGA_IO_LOG_H

#include "base/str.h"

#define LOG_LINE_MAX 4096
#define LOG_VALUE_MAX 512

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_line {
    enum log_level level;
    bool wanted;
    size_t len;
    char bytes[LOG_LINE_MAX];
};

/* Lines below `level` are not written; LOG_INFO at the start. Any thread. */
void log_set_level(enum log_level level);

/* `event` is a dotted constant: "spool.torn". */
void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_str(struct log_line *line, const char *key, struct str value);
void log_c(struct log_line *line, const char *key, const char *value);
void log_u64(struct log_line *line, const char *key, uint64_t value);
void log_i64(struct log_line *line, const char *key, int64_t value);
void log_end(struct log_line *line);

/* The short form for a sentence of our own: event and msg="...". */
void log_say(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
