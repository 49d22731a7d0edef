#include "cli/option_value.h"

#include <errno.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/pool.h"
#include "sigma/correlate.h"

int value_flag(const struct option_row *row, const char *text, void *to, struct err *err)
{
    (void)row;
    (void)text;
    (void)err;
    *(bool *)to = true;
    return 0;
}

int value_text(const struct option_row *row, const char *text, void *to, struct err *err)
{
    if (!*text)
        return err_set(err, -EINVAL, "--%s needs a value: %s", row->name, row->argument);
    *(const char **)to = text;
    return 0;
}

int value_version(const struct option_row *row, const char *text, void *to, struct err *err)
{
    struct str part, rest = str_from_c(text);
    uint64_t number;
    for (unsigned i = 0; i < 3; i++) {
        size_t dot = str_index(rest, '.');
        part = str_first(rest, dot);
        if (part.len > 4 || str_to_u64(part, &number) < 0 || (dot == rest.len) != (i == 2))
            return err_set(err, -EINVAL, "--%s takes a version such as %s, not '%s'", row->name,
                           row->standard, text);
        rest = i < 2 ? str_skip(rest, dot + 1) : rest;
    }
    *(const char **)to = text;
    return 0;
}

int value_list(const struct option_row *row, const char *text, void *to, struct err *err)
{
    text_list *list = to;
    if (!*text)
        return err_set(err, -EINVAL, "--%s needs a value: %s", row->name, row->argument);
    return vec_push(list, text) < 0 ? err_set(err, -ENOMEM, "no memory") : 0;
}

void value_add_duration(struct buf *out, int64_t us)
{
    static const struct {
        int64_t us;
        const char *name;
    } units[] = {{1000, "ms"},
                 {TIME_SECOND_US, "s"},
                 {60 * TIME_SECOND_US, "m"},
                 {3600 * TIME_SECOND_US, "h"},
                 {TIME_DAY_US, "d"}};
    size_t i = 0;
    while (i + 1 < sizeof(units) / sizeof(units[0]) && us % units[i + 1].us == 0 &&
           (us > 0 || i == 0)) /* nothing is "0s" */
        i++;
    buf_printf(out, "%lld%s", (long long)(us / units[i].us), units[i].name);
}

static void add_bound(struct buf *out, const struct option_row *row, uint64_t bound)
{
    if (row->parse == value_duration)
        value_add_duration(out, (int64_t)bound);
    else
        buf_add_u64(out, bound);
}

void value_add_range(struct buf *out, const struct option_row *row)
{
    add_bound(out, row, row->min);
    buf_add_c(out, " to ");
    add_bound(out, row, row->max);
    if (row->unit)
        buf_printf(out, " %s", row->unit);
}

static int check_range(const struct option_row *row, uint64_t number, void *to, struct err *err)
{
    if (number < row->min || number > row->max) {
        struct buf range = {0};
        value_add_range(&range, row);
        err_set(err, -EINVAL, "--%s takes %.*s", row->name, STR_ARG(buf_str(&range)));
        buf_free(&range);
        return -EINVAL;
    }
    *(uint64_t *)to = number;
    return 0;
}

int value_number(const struct option_row *row, const char *text, void *to, struct err *err)
{
    uint64_t number;
    if (str_to_u64(str_from_c(text), &number) < 0)
        return err_set(err, -EINVAL, "--%s takes a number, not '%s'", row->name, text);
    return check_range(row, number, to, err);
}

int value_jobs(const struct option_row *row, const char *text, void *to, struct err *err)
{
    if (strcmp(text, "all cores") != 0)
        return value_number(row, text, to, err);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *(uint64_t *)to = cores < 1 ? 1 : cores > POOL_THREADS_MAX ? POOL_THREADS_MAX : (uint64_t)cores;
    return 0;
}

int value_size(const struct option_row *row, const char *text, void *to, struct err *err)
{
    struct str s = str_from_c(text);
    static const char suffixes[] = "KMGT";
    const char *suffix = s.len ? strchr(suffixes, s.ptr[s.len - 1] & ~0x20) : NULL;
    unsigned shift = suffix && *suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
    uint64_t number;
    if (str_to_u64(shift ? str_first(s, s.len - 1) : s, &number) < 0 ||
        (number << shift) >> shift != number)
        return err_set(err, -EINVAL, "--%s takes a size such as 512M or 20G, not '%s'", row->name,
                       text);
    return check_range(row, number << shift, to, err);
}

int value_time(const struct option_row *row, const char *text, void *to, struct err *err)
{
    int64_t instant, duration;
    if (time_parse(str_from_c(text), &instant) == 0)
        *(int64_t *)to = instant;
    else if (time_parse_duration(str_from_c(text), &duration) == 0)
        *(int64_t *)to = clock_now_us() - duration;
    else
        return err_set(err, -EINVAL,
                       "--%s takes a time such as 2026-11-21T08:00:00Z or 24h (ago), not '%s'",
                       row->name, text);
    return 0;
}

int value_until(const struct option_row *row, const char *text, void *to, struct err *err)
{
    int64_t instant, duration;
    if (strcmp(text, "never") == 0)
        *(int64_t *)to = TIME_UNSET;
    else if (time_parse_duration(str_from_c(text), &duration) == 0)
        *(int64_t *)to = clock_now_us() + duration;
    else if (time_parse(str_from_c(text), &instant) == 0)
        *(int64_t *)to = instant;
    else
        return err_set(err, -EINVAL,
                       "--%s takes a time such as 2027-01-01T00:00:00Z, or 90d (from now), or "
                       "'never', not '%s'",
                       row->name, text);
    return 0;
}

int value_duration(const struct option_row *row, const char *text, void *to, struct err *err)
{
    int64_t duration;
    if (time_parse_duration(str_from_c(text), &duration) < 0)
        return err_set(err, -EINVAL, "--%s takes a duration such as 90s, 5m or 7d, not '%s'",
                       row->name, text);
    if (row->max)
        return check_range(row, (uint64_t)duration, to, err);
    *(int64_t *)to = duration;
    return 0;
}

int value_disorder(const struct option_row *row, const char *text, void *to, struct err *err)
{
    int64_t duration;
    if (strcmp(text, "all") == 0)
        *(int64_t *)to = CORRELATE_DISORDER_ALL;
    else if (time_parse_duration(str_from_c(text), &duration) == 0)
        *(int64_t *)to = duration;
    else
        return err_set(err, -EINVAL, "--%s takes a duration such as 90s or 5m, or 'all', not '%s'",
                       row->name, text);
    return 0;
}

static const char *choice_word(const void *row, size_t index)
{
    return ((const struct option_row *)row)->choice(index);
}

int value_choice(const struct option_row *row, const char *text, void *to, struct err *err)
{
    for (size_t i = 0; row->choice(i); i++) {
        if (strcmp(text, row->choice(i)) == 0) {
            *(uint64_t *)to = i;
            return 0;
        }
    }
    const char *near = options_nearest(str_from_c(text), choice_word, row);
    return err_set(err, -EINVAL, "--%s does not know '%s'%s%s%s", row->name, text,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}
