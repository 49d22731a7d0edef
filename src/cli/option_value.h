/*
 * option_value: how the text of an option becomes a value. Each has the shape of option_row.parse: 0, or -EINVAL with a
 * sentence in *err.
 */
#ifndef JAGA_CLI_OPTION_VALUE_H
#define JAGA_CLI_OPTION_VALUE_H

#include "cli/options.h"

/* bool: the option was there. */
int value_flag(const struct option_row *row, const char *text, void *to, struct err *err);

/* const char *: any text but an empty one. */
int value_text(const struct option_row *row, const char *text, void *to, struct err *err);

/* text_list: one more. */
int value_list(const struct option_row *row, const char *text, void *to, struct err *err);

/* const char *: a version such as 8.17.0. */
int value_version(const struct option_row *row, const char *text, void *to, struct err *err);

/* uint64_t within the row's range. */
int value_number(const struct option_row *row, const char *text, void *to, struct err *err);

/* uint64_t: threads; "all cores". */
int value_jobs(const struct option_row *row, const char *text, void *to, struct err *err);

/* uint64_t: bytes with a binary suffix: 512K, 64M, 2G, 1T. */
int value_size(const struct option_row *row, const char *text, void *to, struct err *err);

/* int64_t, µs: an instant, or how long ago. */
int value_time(const struct option_row *row, const char *text, void *to, struct err *err);

/* int64_t, µs: an instant, or how long from now; "never" is TIME_UNSET. */
int value_until(const struct option_row *row, const char *text, void *to, struct err *err);

/* int64_t, µs, within the row's range where it has one. */
int value_duration(const struct option_row *row, const char *text, void *to, struct err *err);

/* A duration as it would be typed, in its largest whole unit: "250ms", "90s", "1d". */
void value_add_duration(struct buf *out, int64_t us);

/* The least and the most of a row: "1 to 256 hunts", "1ms to 1h". */
void value_add_range(struct buf *out, const struct option_row *row);

/* int64_t, µs; "all" is CORRELATE_DISORDER_ALL. */
int value_disorder(const struct option_row *row, const char *text, void *to, struct err *err);

/* uint64_t: index of one of the row's words. */
int value_choice(const struct option_row *row, const char *text, void *to, struct err *err);

#endif
