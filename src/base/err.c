#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

/* Messages quote hostile text; control characters must not reach a terminal or a log line. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static int fill(struct err *err, int code, uint32_t line, uint32_t column, const char *format,
                va_list args) __attribute__((format(printf, 5, 0)));

static int fill(struct err *err, int code, uint32_t line, uint32_t column, const char *format,
                va_list args)
{
    err->code = code;
    err->line = line;
    err->column = column;
    if (vsnprintf(err->message, sizeof(err->message), format, args) < 0)
        err->message[0] = '\0';
    make_printable(err->message);
    return code;
}

int err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, code, 0, 0, format, args);
    va_end(args);
    return code;
}

int err_at(struct err *err, int code, uint32_t line, uint32_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, code, line, column, format, args);
    va_end(args);
    return code;
}

int err_in(struct err *err, struct str file)
{
    struct err inner = *err;
    if (inner.line)
        return err_set(err, inner.code, "%.*s:%u:%u: %s", STR_ARG(file), inner.line, inner.column,
                       inner.message);
    return err_set(err, inner.code, "%.*s: %s", STR_ARG(file), inner.message);
}
