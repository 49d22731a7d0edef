/*
 * out_style: what the outputs share: levels as people and as OCSF see them, hostile
 * text made harmless for a terminal, instants for people.
 */
#ifndef JAGA_CLI_OUT_STYLE_H
#define JAGA_CLI_OUT_STYLE_H

#include "base/buf.h"
#include "cli/out.h"

/* Level as written in reports: "critical" .. "informational", "none". */
const char *style_level(enum sigma_level level);

/* The same in at most eight columns: "info". */
const char *style_level_short(enum sigma_level level);

/* The ANSI colour of a level, or "" when `colour` is off; style_reset() ends it. */
const char *style_colour(enum sigma_level level, bool colour);
const char *style_bold(bool colour);
const char *style_dim(bool colour);
const char *style_reset(bool colour);

/*
 * Adds `s` as text that can't move a cursor: control characters, bidirectional marks and
 * U+FFFE.. become spaces or '?', runs of white space one space. Cut to `columns` of a terminal
 * with an ellipsis (0: not cut). Returns the columns used: two for a wide character, none for one that
 * combines with the one before, as far as the locale knows (wcwidth).
 */
size_t style_printable(struct buf *buf, struct str s, size_t columns);

/*
 * The same, and nothing is lost: what style_printable() replaces becomes an escape (\n, \x1b, \u202e), and spaces stay as
 * they are. `ellipsis` takes one column. Without `buf` the text is only measured.
 */
size_t style_exact(struct buf *buf, struct str s, size_t columns, const char *ellipsis);

/* The first line of *rest, cut before what no longer fits, which is left in *rest; at least one character. */
size_t style_exact_line(struct buf *buf, struct str *rest, size_t columns);

void style_spaces(struct buf *buf, size_t n);

/* "2026-07-28 11:45:48" (UTC); "undated" for TIME_UNSET. Returns the length. */
size_t style_time(int64_t time_us, char ret_text[static TIME_TEXT_MAX]);

/* 1234567 as "1,234,567". Returns the length. */
size_t style_count(uint64_t number, char ret_text[static 32]);

/* The same, added to `buf`. */
void style_add_count(struct buf *buf, uint64_t number);

/*
 * The fields worth showing for a finding, most telling first: those its rule tests
 * (outside NOT), then those whose kind says that they matter. Returns how many indices into
 * event->fields were written.
 */
uint32_t style_key_fields(const struct finding *finding, uint32_t *ret_fields, uint32_t max);

/*
 * "Image: C:\..\cmd.exe · CommandLine: cmd /c whoami" of the key fields, printable, each value cut
 * to `value_columns`.
 */
void style_details(const struct finding *finding, uint32_t max_fields, size_t value_columns,
                   struct buf *ret_text);

#endif
