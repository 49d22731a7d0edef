/*
 * value: values of a result as Kusto shows them, as text and as JSON.
 *
 *     bool      true                       datetime  2026-11-22T04:26:58.25Z
 *     int long  42                         timespan  [-][d.]hh:mm:ss[.fffffff]
 *     real      0.1, 1E+16, NaN            dynamic   its JSON
 *     decimal   1.25                       string, guid  as it is
 *
 * A null has no text. A string is never null: what the lake has none of is ''. Pure functions.
 */
#ifndef JAGA_HUNT_VALUE_H
#define JAGA_HUNT_VALUE_H

#include "base/buf.h"
#include "hunt/ast.h"
#include "lake/lake.h"

/* Appends the value of a row. False: it is null, and nothing was appended. */
bool value_write(struct buf *out, enum kql_type type, const struct lake_vector *vector, size_t row);

/* The shortest digits that read back as `number`; NaN, Infinity, -Infinity. */
void value_write_real(struct buf *out, double number);

void value_write_timespan(struct buf *out, int64_t us);

/*
 * What value_write() wrote, as JSON: numbers and booleans as such (but NaN and the infinities, and decimals, whose digits a
 * double does not hold, as strings), a dynamic as it is, all else as a string.
 */
void value_write_json(struct buf *out, enum kql_type type, struct str text, bool null);

/* What value_write() wrote, as a table shows it: a dynamic string without its quotes. May live in `room`, which is cleared. */
struct str value_shown(enum kql_type type, struct str text, struct buf *room);

/* Is it a number, for whoever aligns or draws it? Timespans are not. */
static inline bool value_is_number(enum kql_type type)
{
    return type == KQL_INT || type == KQL_LONG || type == KQL_REAL || type == KQL_DECIMAL;
}

/* The type of a column that only the lake knows: of plain SQL. */
enum kql_type value_type(enum lake_kind kind);

#endif
