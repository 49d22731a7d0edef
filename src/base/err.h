/*
 * err: what went wrong with something a person wrote or handed in, and where.
 * Functions that parse human text take a struct err * (never NULL) and return its code.
 */
#ifndef JAGA_BASE_ERR_H
#define JAGA_BASE_ERR_H

#include <stdint.h>

#include "base/str.h"

#define ERR_MESSAGE_MAX 320

struct err {
    int code;                      /* 0, or a negative errno */
    uint32_t line;                 /* from 1; 0: no line */
    uint32_t column;               /* in bytes, from 1; 0: no column */
    char message[ERR_MESSAGE_MAX]; /* one sentence without a full stop; hostile text escaped */
};

/* Fills *err without a place and returns `code`. */
int err_set(struct err *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills *err with a place and returns `code`. */
int err_at(struct err *err, int code, uint32_t line, uint32_t column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Puts "FILE:line:column: " before the message, in the place of the place; returns the code. */
int err_in(struct err *err, struct str file);

#endif
