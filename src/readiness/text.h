/*
 * text: the texts of a drill's events, with placeholders in braces, compiled once and filled in for each event.
 *
 *     'CN={user},DC={domain}'      a name: a value of the event, of its machine, of the drill or of its agency
 *     '{pick:a|b|c}' '{hex:32}'    a function: a value made afresh
 *     '{{'                         a brace
 *
 * A name is filled in once per event: all its places in the event say the same. Functions:
 *
 *     {time} {time:FORMAT}  when it happens: iso, seconds, sysmon, clf, syslog, millis, audit
 *     {epoch}               the same as a number of seconds
 *     {int:A-B}             a whole number as text; {number:A-B} is a number in JSON where it stands alone
 *     {hex:N} {HEX:N}       N hexadecimal digits
 *     {alnum:N} {base64:N}  N characters
 *     {guid} {uuid}         {83A41BC3-09E9-333A-D2C1-657A0ADEEA5B}, and 83a41bc3-... as others write it
 *     {pick:A|B|C}          one of them; they may have placeholders too
 *     {n} {n:W}             the number of the machine in its population, of the repeat in a step; W digits
 *
 * Compiled texts live in the arena they were compiled into. Filling in writes to buffers of the caller.
 */
#ifndef JAGA_READINESS_TEXT_H
#define JAGA_READINESS_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "readiness/random.h"

#define TEXT_DEPTH_MAX 16    /* names in values of names */
#define TEXT_KNOWN_MAX 64    /* names of one event */
#define TEXT_LENGTH_MAX 4096 /* of {hex:N} and its like */

struct text_part;

struct text {
    const struct text_part *parts;
    uint32_t n_parts;
    uint32_t line, column; /* where it stands */
};

/* A name and what it stands for. */
struct text_binding {
    struct str name;
    struct text text;
    bool plain; /* a number or truth value in JSON, where it has no placeholder */
};

/* Bindings in the order of the file. */
struct text_scope {
    const struct text_binding *bindings;
    size_t n;
};

/* A name that was filled in: its value, in `values` of the filling. */
struct text_known {
    struct str name;
    size_t start, len;
    bool number;
};

#define TEXT_SCOPES 8

/* What one event's texts are filled in from. Zero it, then set what stands above the line. */
struct text_filling {
    struct text_scope scopes[TEXT_SCOPES]; /* the first that has a name counts */
    struct random *random;
    int64_t time_us;
    uint64_t n;
    /* ---- */
    struct buf values;
    struct text_known known[TEXT_KNOWN_MAX];
    uint32_t n_known;
    unsigned depth;
};
void text_filling_free(struct text_filling *filling);

/* Another event from the same scopes: names are filled in afresh. */
void text_filling_restart(struct text_filling *filling);

/* Compiles `source`, which stands at line and column and lives as long as *ret_text. 0 or a code with *err. */
int text_compile(struct str source, uint32_t line, uint32_t column, struct arena *arena,
                 struct text *ret_text, struct err *err);

/* A text that is just `value`, whatever braces it has. 0 or -ENOMEM. */
int text_literal(struct str value, struct arena *arena, struct text *ret_text);

/*
 * Appends the text. *ret_number: it is one number function, or a name whose value is. -EINVAL: a name that nothing
 * gives a value, or that needs itself; *err has the place of `text`. -ENOMEM.
 */
int text_fill(const struct text *text, struct text_filling *filling, struct buf *out,
              bool *ret_number, struct err *err);

#endif
