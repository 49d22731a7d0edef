/*
 * time: instants as signed 64-bit microseconds since 1970-01-01T00:00:00Z, UTC, no
 * leap seconds. Pure: nothing here reads the clock.
 */
#ifndef JAGA_BASE_TIME_H
#define JAGA_BASE_TIME_H

#include "base/str.h"

#define TIME_UNSET INT64_MIN
#define TIME_SECOND_US INT64_C(1000000)
#define TIME_DAY_US (INT64_C(86400) * TIME_SECOND_US)
#define TIME_TEXT_MAX 40

struct time_parts {
    int64_t year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour, minute, second;
    int micro;   /* 0 to 999,999 */
    int weekday; /* 0 Sunday to 6 */
    int week;    /* ISO 8601 week, 1 to 53 */
    int yearday; /* 0 to 365 */
};

/* Widens [*first, *last], both TIME_UNSET while empty, to hold `time_us` where that is set. */
static inline void time_extend(int64_t *first, int64_t *last, int64_t time_us)
{
    if (time_us == TIME_UNSET)
        return;
    if (*first == TIME_UNSET || time_us < *first)
        *first = time_us;
    if (*last == TIME_UNSET || time_us > *last)
        *last = time_us;
}

/* Instant ↔ calendar (proleptic Gregorian, UTC). */
void time_to_parts(int64_t time_us, struct time_parts *ret_parts);
int64_t time_from_civil(int64_t year, int month, int day, int hour, int minute, int second,
                        int micro);

/* 100 ns since 1601-01-01 (Windows FILETIME). */
int64_t time_from_filetime(uint64_t filetime);

/*
 * Reads one instant, the whole of s: RFC 3339 and ISO 8601 (with 'T' or space,
 * fractions up to nanoseconds, Z or ±hh[:mm], none means UTC), "/Date(ms)/", epoch seconds (with
 * fraction), milliseconds, microseconds or nanoseconds by magnitude, RFC 1123,
 * Apache's "10/Oct/2000:13:55:36 -0700", "Jan  2 15:04:05 2006", "Jan 02 2006
 * 15:04:05". Returns 0 or -EINVAL.
 */
int time_parse(struct str s, int64_t *ret_us);

/*
 * RFC 3164's "Mmm dd hh:mm:ss" (no year): the year that puts it nearest to
 * `reference_us`, at most a day behind it counting as the future. Reads a prefix of s; returns the
 * bytes taken, or -EINVAL.
 */
int time_parse_rfc3164(struct str s, int64_t reference_us, int64_t *ret_us);

/* "2026-11-21T20:37:24.123456Z" (a zero fraction is left out); returns its length. */
size_t time_format(int64_t time_us, char ret_text[static TIME_TEXT_MAX]);

/*
 * "90s", "5m", "1.5h", "2d", "1w", "3mo", "1y", "250ms": microseconds. M is
 * Sigma's month (30 days).
 */
int time_parse_duration(struct str s, int64_t *ret_us);

#endif
