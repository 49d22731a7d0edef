#include "base/time.h"

#include <errno.h>

#define FILETIME_EPOCH_US INT64_C(11644473600000000) /* 1601 to 1970 */
#define YEAR_MIN (-9999)
#define YEAR_MAX 9999

static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Days since 1970-01-01 of a civil date; eras of 400 years, years starting in March. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* ISO 8601: week 1 is the one with the year's first Thursday. */
static int iso_week(int64_t year, int yearday, int weekday)
{
    int from_monday = (weekday + 6) % 7;
    int week = (yearday - from_monday + 10) / 7;
    if (week < 1) {
        int days_before = is_leap(year - 1) ? 366 : 365;
        return (yearday + days_before - from_monday + 10) / 7;
    }
    if (week == 53) {
        int days = is_leap(year) ? 366 : 365;
        if (yearday - from_monday + 3 >= days)
            return 1;
    }
    return week;
}

void time_to_parts(int64_t time_us, struct time_parts *ret_parts)
{
    int64_t days = floor_div(time_us, TIME_DAY_US);
    int64_t in_day = time_us - days * TIME_DAY_US;
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_index = (5 * day_of_year + 2) / 153;
    int month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);
    int64_t year = year_of_era + era * 400 + (month <= 2);
    int weekday = (int)(((days + 4) % 7 + 7) % 7);
    int yearday = (int)(days - days_from_civil(year, 1, 1));

    *ret_parts = (struct time_parts){
        .year = year,
        .month = month,
        .day = (int)(day_of_year - (153 * month_index + 2) / 5 + 1),
        .hour = (int)(in_day / (3600 * TIME_SECOND_US)),
        .minute = (int)(in_day / (60 * TIME_SECOND_US) % 60),
        .second = (int)(in_day / TIME_SECOND_US % 60),
        .micro = (int)(in_day % TIME_SECOND_US),
        .weekday = weekday,
        .week = iso_week(year, yearday, weekday),
        .yearday = yearday,
    };
}

int64_t time_from_civil(int64_t year, int month, int day, int hour, int minute, int second,
                        int micro)
{
    int64_t seconds =
        days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return seconds * TIME_SECOND_US + micro;
}

int64_t time_from_filetime(uint64_t filetime)
{
    return (int64_t)(filetime / 10) - FILETIME_EPOCH_US;
}

/* Takes exactly `digits` decimal digits from *s; -1 when they are not there. */
static int take_digits(struct str *s, size_t digits)
{
    int number = 0;
    if (s->len < digits)
        return -1;
    for (size_t i = 0; i < digits; i++) {
        unsigned digit = (unsigned char)s->ptr[i] - '0';
        if (digit > 9)
            return -1;
        number = number * 10 + (int)digit;
    }
    *s = str_skip(*s, digits);
    return number;
}

static bool take_byte(struct str *s, char byte)
{
    if (s->len == 0 || s->ptr[0] != byte)
        return false;
    *s = str_skip(*s, 1);
    return true;
}

/* ".123456789" or ",5": microseconds, further digits cut; 0 when there is none. */
static bool take_fraction(struct str *s, int *ret_micro)
{
    int micro = 0, digits = 0;
    *ret_micro = 0;
    if (!s->len || (s->ptr[0] != '.' && s->ptr[0] != ','))
        return true;
    *s = str_skip(*s, 1);
    for (; s->len && s->ptr[0] >= '0' && s->ptr[0] <= '9'; digits++) {
        if (digits < 6)
            micro = micro * 10 + (s->ptr[0] - '0');
        *s = str_skip(*s, 1);
    }
    for (int i = digits; i < 6; i++)
        micro *= 10;
    *ret_micro = micro;
    return digits > 0;
}

/* Z, UTC, GMT, ±hh, ±hhmm, ±hh:mm or nothing (UTC): the offset in seconds. */
static bool take_zone(struct str *s, int *ret_offset)
{
    *ret_offset = 0;
    if (s->len == 0 || take_byte(s, 'Z') || take_byte(s, 'z'))
        return true;
    take_byte(s, ' ');
    if (str_eq(*s, STR("UTC")) || str_eq(*s, STR("GMT"))) {
        *s = str_skip(*s, 3);
        return true;
    }
    bool west = s->len && s->ptr[0] == '-';
    if (!west && (!s->len || s->ptr[0] != '+'))
        return false;
    *s = str_skip(*s, 1);
    int hours = take_digits(s, 2), minutes = 0;
    if (hours < 0 || hours > 23)
        return false;
    if (s->len) {
        take_byte(s, ':');
        minutes = take_digits(s, 2);
    }
    if (minutes < 0 || minutes > 59)
        return false;
    *ret_offset = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* hh:mm:ss[.fraction]; a leap second counts as the last of its minute. */
static bool take_clock(struct str *s, int *ret_seconds, int *ret_micro)
{
    int hour = take_digits(s, 2);
    if (hour < 0 || hour > 23 || !take_byte(s, ':'))
        return false;
    int minute = take_digits(s, 2), second = 0;
    *ret_micro = 0;
    if (minute < 0 || minute > 59)
        return false;
    if (take_byte(s, ':')) {
        second = take_digits(s, 2);
        if (second < 0 || second > 60 || !take_fraction(s, ret_micro))
            return false;
    }
    *ret_seconds = hour * 3600 + minute * 60 + (second == 60 ? 59 : second);
    return true;
}

static int finish(int64_t year, int month, int day, int seconds, int micro, int offset,
                  int64_t *ret_us)
{
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month))
        return -EINVAL;
    *ret_us = time_from_civil(year, month, day, 0, 0, 0, 0) +
              (int64_t)(seconds - offset) * TIME_SECOND_US + micro;
    return 0;
}

/* 2026-11-21[T20:37:24[.5][Z]], also with '/' between the parts of the date. */
static int parse_iso(struct str s, int64_t *ret_us)
{
    int year = take_digits(&s, 4), seconds = 0, micro = 0, offset = 0;
    char separator = s.len ? s.ptr[0] : '\0';
    if (year < 0 || (separator != '-' && separator != '/'))
        return -EINVAL;
    take_byte(&s, separator);
    int month = take_digits(&s, 2);
    if (!take_byte(&s, separator))
        return -EINVAL;
    int day = take_digits(&s, 2);
    if (s.len && (take_byte(&s, 'T') || take_byte(&s, ' ') || take_byte(&s, 't'))) {
        if (!take_clock(&s, &seconds, &micro) || !take_zone(&s, &offset))
            return -EINVAL;
    }
    return s.len ? -EINVAL : finish(year, month, day, seconds, micro, offset, ret_us);
}

/* "Nov" at the start of *s: 1 to 12, or -1. */
static int take_month(struct str *s)
{
    for (int i = 0; i < 12; i++) {
        if (s->len >= 3 && str_eq_ascii_nocase(str_first(*s, 3), str_of(month_names[i], 3))) {
            *s = str_skip(*s, 3);
            return i + 1;
        }
    }
    return -1;
}

/* One or two digits, a leading space allowed. */
static int take_day(struct str *s)
{
    take_byte(s, ' ');
    bool two = s->len >= 2 && s->ptr[1] >= '0' && s->ptr[1] <= '9';
    return take_digits(s, two ? 2 : 1);
}

/* 10/Oct/2000:13:55:36 -0700 (Apache, NCSA common log format) */
static int parse_access(struct str s, int64_t *ret_us)
{
    int seconds, micro, offset;
    int day = take_digits(&s, 2);
    if (day < 0 || !take_byte(&s, '/'))
        return -EINVAL;
    int month = take_month(&s);
    if (month < 0 || !take_byte(&s, '/'))
        return -EINVAL;
    int year = take_digits(&s, 4);
    if (year < 0 || !take_byte(&s, ':') || !take_clock(&s, &seconds, &micro) ||
        !take_zone(&s, &offset) || s.len)
        return -EINVAL;
    return finish(year, month, day, seconds, micro, offset, ret_us);
}

/* Behind the month: "28 11:28:00 2026" (ctime), "28 2026 11:28:00.5" (Cisco, CEF). */
static int parse_month_first(struct str s, int month, int64_t *ret_us)
{
    int year = -1, seconds, micro, offset = 0;
    if (!take_byte(&s, ' '))
        return -EINVAL;
    int day = take_day(&s);
    if (day < 0 || !take_byte(&s, ' '))
        return -EINVAL;
    bool year_last = s.len > 2 && s.ptr[2] == ':';
    if (!year_last) {
        year = take_digits(&s, 4);
        if (year < 0 || !take_byte(&s, ' '))
            return -EINVAL;
    }
    if (!take_clock(&s, &seconds, &micro))
        return -EINVAL;
    if (year_last ? !take_byte(&s, ' ') : !take_zone(&s, &offset))
        return -EINVAL;
    if (year_last)
        year = take_digits(&s, 4);
    return year < 0 || s.len ? -EINVAL : finish(year, month, day, seconds, micro, offset, ret_us);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 1123), "[Tue ]Jul 28 11:28:00 2026". */
static int parse_words(struct str s, int64_t *ret_us)
{
    int day, month, year, seconds, micro, offset = 0;
    static const char days[] = "SunMonTueWedThuFriSat";
    for (size_t i = 0; i < 7; i++) {
        if (s.len > 4 && memcmp(s.ptr, days + 3 * i, 3) == 0) {
            s = str_skip(s, 3);
            take_byte(&s, ',');
            take_byte(&s, ' ');
            break;
        }
    }
    month = take_month(&s);
    if (month > 0)
        return parse_month_first(s, month, ret_us);
    day = take_day(&s);
    if (day < 0 || (!take_byte(&s, ' ') && !take_byte(&s, '-')))
        return -EINVAL;
    month = take_month(&s);
    if (month < 0 || (!take_byte(&s, ' ') && !take_byte(&s, '-')))
        return -EINVAL;
    year = take_digits(&s, 4);
    if (year < 0 || !take_byte(&s, ' ') || !take_clock(&s, &seconds, &micro) ||
        !take_zone(&s, &offset))
        return -EINVAL;
    return s.len ? -EINVAL : finish(year, month, day, seconds, micro, offset, ret_us);
}

/*
 * Epoch numbers, by size of the whole part: seconds (up to 11 digits, with fraction), milliseconds
 * (13), microseconds (16), nanoseconds (19).
 */
static int parse_epoch(struct str s, int64_t *ret_us)
{
    bool negative = take_byte(&s, '-');
    size_t digits = 0;
    int64_t number = 0;
    int micro;
    for (; s.len && s.ptr[0] >= '0' && s.ptr[0] <= '9'; digits++) {
        if (digits == 19 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, s.ptr[0] - '0', &number))
            return -EINVAL;
        s = str_skip(s, 1);
    }
    if (digits == 0 || !take_fraction(&s, &micro) || s.len)
        return -EINVAL;
    if (digits <= 11)
        number = number * TIME_SECOND_US + micro;
    else if (digits <= 14)
        number *= 1000;
    else if (digits >= 18)
        number /= 1000;
    *ret_us = negative ? -number : number;
    return 0;
}

int time_parse(struct str s, int64_t *ret_us)
{
    if (s.len < 3)
        return parse_epoch(s, ret_us);
    if (str_starts(s, STR("/Date(")) && str_ends(s, STR(")/"))) {
        int64_t ms;
        if (str_to_i64(str_of(s.ptr + 6, s.len - 8), &ms) < 0 || ms > INT64_MAX / 1000 ||
            ms < INT64_MIN / 1000)
            return -EINVAL;
        *ret_us = ms * 1000;
        return 0;
    }
    if (s.len > 4 && (s.ptr[4] == '-' || s.ptr[4] == '/') && parse_iso(s, ret_us) == 0)
        return 0;
    if (s.ptr[2] == '/' && parse_access(s, ret_us) == 0)
        return 0;
    if (parse_epoch(s, ret_us) == 0)
        return 0;
    return parse_words(s, ret_us);
}

int time_parse_rfc3164(struct str s, int64_t reference_us, int64_t *ret_us)
{
    struct str rest = s;
    struct time_parts reference;
    int seconds, micro;
    int month = take_month(&rest);
    if (month < 0 || !take_byte(&rest, ' '))
        return -EINVAL;
    int day = take_day(&rest);
    if (day < 0 || !take_byte(&rest, ' ') || !take_clock(&rest, &seconds, &micro))
        return -EINVAL;
    time_to_parts(reference_us, &reference);
    /*
     * The newest year that does not put it more than a day after the
     * reference; 29 February may be years back.
     */
    for (int64_t year = reference.year + 1; year >= reference.year - 8; year--) {
        int64_t time_us;
        if (finish(year, month, day, seconds, micro, 0, &time_us) < 0 ||
            time_us > reference_us + TIME_DAY_US)
            continue;
        *ret_us = time_us;
        return (int)(s.len - rest.len);
    }
    return -EINVAL;
}

static char *put_digits(char *out, int64_t number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        out[i] = (char)('0' + number % 10);
    return out + digits;
}

size_t time_format(int64_t time_us, char ret_text[static TIME_TEXT_MAX])
{
    struct time_parts parts;
    char *out = ret_text;
    time_to_parts(time_us, &parts);
    if (parts.year < 0) {
        *out++ = '-';
        parts.year = -parts.year;
    }
    out = put_digits(out, parts.year, parts.year > 9999 ? 6 : 4);
    *out++ = '-';
    out = put_digits(out, parts.month, 2);
    *out++ = '-';
    out = put_digits(out, parts.day, 2);
    *out++ = 'T';
    out = put_digits(out, parts.hour, 2);
    *out++ = ':';
    out = put_digits(out, parts.minute, 2);
    *out++ = ':';
    out = put_digits(out, parts.second, 2);
    if (parts.micro) {
        *out++ = '.';
        out = put_digits(out, parts.micro, 6);
    }
    *out++ = 'Z';
    *out = '\0';
    return (size_t)(out - ret_text);
}

int time_parse_duration(struct str s, int64_t *ret_us)
{
    static const struct {
        char unit[4];
        int64_t us;
    } units[] = {
        {"ms", 1000},
        {"s", TIME_SECOND_US},
        {"m", 60 * TIME_SECOND_US},
        {"h", 3600 * TIME_SECOND_US},
        {"d", TIME_DAY_US},
        {"w", 7 * TIME_DAY_US},
        {"mo", 30 * TIME_DAY_US},
        {"M", 30 * TIME_DAY_US},
        {"y", 365 * TIME_DAY_US},
    };
    size_t digits = 0;
    double number;
    while (digits < s.len &&
           ((s.ptr[digits] >= '0' && s.ptr[digits] <= '9') || s.ptr[digits] == '.'))
        digits++;
    if (str_to_double(str_first(s, digits), &number) < 0)
        return -EINVAL;
    struct str unit = str_skip(s, digits);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (str_eq(unit, str_from_c(units[i].unit))) {
            double us = number * (double)units[i].us;
            if (us > 9.2e18)
                return -EINVAL;
            *ret_us = (int64_t)us;
            return 0;
        }
    }
    return -EINVAL;
}
