#include "io/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "io/clock.h"

static _Atomic int log_level = LOG_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level)
{
    log_level = (int)level;
}

/* Room for the line's end is always left. */
static void add(struct log_line *line, const char *bytes, size_t len)
{
    size_t room = LOG_LINE_MAX - 1 - line->len;
    len = len < room ? len : room;
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
}

static void add_key(struct log_line *line, const char *key)
{
    if (line->len)
        add(line, " ", 1);
    add(line, key, strlen(key));
    add(line, "=", 1);
}

static bool is_plain(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return value.len > 0;
}

/* Anything that is not printable ASCII becomes \xNN: terminals and parsers of logs read these lines. */
static void add_quoted(struct log_line *line, struct str value)
{
    add(line, "\"", 1);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        char escaped[5];
        if (c == '"' || c == '\\')
            add(line, (const char[]){'\\', (char)c}, 2);
        else if (c >= ' ' && c < 0x7f)
            add(line, (const char *)&value.ptr[i], 1);
        else
            add(line, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\x%02x", c));
    }
    add(line, "\"", 1);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    line->level = level;
    line->wanted = (int)level <= log_level;
    line->len = 0;
    if (!line->wanted)
        return;
    char now[TIME_TEXT_MAX];
    time_format(clock_now_us(), now);
    log_c(line, "time", now);
    log_c(line, "level", level_names[level]);
    log_c(line, "event", event);
}

void log_str(struct log_line *line, const char *key, struct str value)
{
    if (!line->wanted)
        return;
    bool cut = value.len > LOG_VALUE_MAX;
    value = str_first(value, LOG_VALUE_MAX);
    add_key(line, key);
    if (is_plain(value))
        add(line, value.ptr, value.len);
    else
        add_quoted(line, value);
    if (cut)
        add(line, "...", 3);
}

void log_c(struct log_line *line, const char *key, const char *value)
{
    log_str(line, key, str_from_c(value));
}

void log_u64(struct log_line *line, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    log_c(line, key, text);
}

void log_i64(struct log_line *line, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    log_c(line, key, text);
}

void log_end(struct log_line *line)
{
    if (!line->wanted)
        return;
    line->bytes[line->len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line->bytes, line->len);
    (void)written; /* nobody is left to tell */
}

void log_say(enum log_level level, const char *event, const char *format, ...)
{
    struct log_line line;
    char text[LOG_VALUE_MAX];
    va_list args;
    log_begin(&line, level, event);
    if (!line.wanted)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_c(&line, "msg", text);
    log_end(&line);
}
