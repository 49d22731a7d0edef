/*
 * kql_literal: what the literals of KQL stand for ("Scalar data types" of Microsoft's reference), and how they
 * are written. Pure.
 *
 * A datetime is ticks of 100 ns since 1970-01-01 UTC, a timespan is ticks. Functions that convert text at
 * run time (todatetime, totimespan, toguid) mean the same by it.
 */
#ifndef JAGA_HUNT_KQL_LITERAL_H
#define JAGA_HUNT_KQL_LITERAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "hunt/ast.h"

#define KQL_TICKS_PER_SECOND (KQL_TICKS_PER_US * INT64_C(1000000))
#define KQL_TICKS_PER_DAY (INT64_C(86400) * KQL_TICKS_PER_SECOND)
#define KQL_GUID_LEN 36

/*
 * The whole of s as a datetime: ISO 8601 from a year alone down to ticks, 'T' or a space, Z, an offset or
 * neither (UTC); or what time_parse() reads. 0 or -EINVAL.
 */
int kql_datetime_read(struct str s, int64_t *ret_ticks);

/*
 * The whole of s as a timespan: "1.5h", "15 seconds", "[-][days.]hh:mm[:ss[.fff]]", or days. 0,
 * -EINVAL, or -ERANGE.
 */
int kql_timespan_read(struct str s, int64_t *ret_ticks);

/* The nanoseconds of a unit of time ("h", "minutes", "tick"), or 0 where the word is none. */
int64_t kql_unit_ns(struct str word);

/* The whole of s as a guid with hyphens, in any case: its canonical lower case. 0 or -EINVAL. */
int kql_guid_read(struct str s, char ret_text[static KQL_GUID_LEN]);

/*
 * The text of one STRING token: quotes and prefixes off, escapes resolved. 0; -ENOMEM; or -EINVAL and where in
 * the token the escape is that means nothing. The text lives in the arena.
 */
int kql_string_read(struct arena *arena, struct str token, struct str *ret_text, bool *ret_hidden,
                    size_t *ret_at);

/* 10, 0x1F, 1.5e3, 1.5h: LONG, REAL and TIMESPAN tokens. 0, -EINVAL, -ERANGE. */
int kql_number_read(struct str token, enum kql_type type, struct kql_literal *ret_literal);

/*
 * One TYPED token: "datetime(...)", "int(null)". 0, -EINVAL, -ERANGE (the type cannot hold it), -ENOMEM. The
 * type is set in any case, for messages.
 */
int kql_typed_read(struct arena *arena, struct str token, struct kql_literal *ret_literal);

/* A literal as KQL. */
void kql_literal_print(struct buf *buf, const struct kql_literal *literal);

/* Text as a KQL string: in double quotes, with escapes. */
void kql_string_print(struct buf *buf, struct str text);

#endif
