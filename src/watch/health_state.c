/*
 * What health has learnt, as bytes and back. Numbers are little-endian.
 *
 *     "jagahlt1"  last look  n  n × source
 *     source: agency, source (u8 length, bytes)  first_seen  last_seen  heard  quiet  gaps  raised|told  times
 *             u8: is there a rhythm?  168 × (u8 activity, f32 rate)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "spool/bytes.h"
#include "watch/health_inside.h"

#define MAGIC STR("jagahlt1")
#define ACTIVITY_FULL 250
#define ACTIVITY_UNKNOWN 255
#define TIME_MAX (INT64_MAX / 8) /* differences of such times do not overflow */

/* ---- to bytes ---- */

static void put_number(struct buf *out, uint64_t number)
{
    char bytes[8];
    put_u64(bytes, number);
    buf_add(out, bytes, 8);
}

static void put_time(struct buf *out, int64_t time)
{
    put_number(out, (uint64_t)time);
}

static void put_double(struct buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    put_number(out, bits);
}

static void put_label(struct buf *out, struct str label)
{
    buf_add_byte(out, (char)label.len);
    buf_add_str(out, label);
}

static void put_times(struct buf *out, const struct times *times)
{
    uint32_t n = times->n_offsets < TIMES_OFFSETS ? times->n_offsets : TIMES_OFFSETS;
    put_time(out, times->newest);
    put_time(out, times->received);
    for (uint32_t i = 0; i < TIMES_BEHIND; i++)
        put_time(out, times->behind[i]);
    buf_add_byte(out, (char)n);
    for (uint32_t i = times->n_offsets - n; i < times->n_offsets; i++)
        put_time(out, times->offsets[i % TIMES_OFFSETS]);
}

static void put_rhythm(struct buf *out, const struct rhythm *rhythm)
{
    buf_add_byte(out, rhythm != NULL);
    for (unsigned i = 0; rhythm && i < RHYTHM_SLOTS; i++) {
        float activity = rhythm->activity[i];
        uint32_t bits;
        char bytes[5];
        bytes[0] = (char)(activity < 0 ? ACTIVITY_UNKNOWN : (int)lroundf(activity * ACTIVITY_FULL));
        memcpy(&bits, &rhythm->rate[i], 4);
        put_u32(bytes + 1, bits);
        buf_add(out, bytes, sizeof(bytes));
    }
}

static void put_source(struct buf *out, const struct source *source)
{
    unsigned flags = 0;
    for (unsigned check = 0; check < CHECK_COUNT; check++)
        flags |= (unsigned)source->raised[check] << check | (unsigned)source->told[check]
                                                                << (check + CHECK_COUNT);
    put_label(out, source->agency);
    put_label(out, source->source);
    put_time(out, source->first_seen);
    put_time(out, source->last_seen);
    put_time(out, source->heard);
    put_double(out, source->quiet);
    put_double(out, source->gaps.longest);
    put_double(out, source->gaps.second);
    put_time(out, source->gaps.at);
    put_number(out, source->gaps.n);
    buf_add_byte(out, (char)flags);
    put_times(out, &source->times);
    put_rhythm(out, source->rhythm);
}

/* Is there something to remember of it? */
static bool is_kept(const struct health *health, const struct source *source)
{
    bool raised = false;
    for (unsigned check = 0; check < CHECK_COUNT; check++)
        raised |= source->raised[check] | source->told[check];
    if (source->first_seen == TIME_UNSET)
        return raised;
    return source_expect(source) || health->looked - source->heard < HEALTH_FORGET_US;
}

int health_save(struct health *health, struct buf *out)
{
    uint64_t n = 0;
    pthread_mutex_lock(&health->lock);
    buf_add_str(out, MAGIC);
    put_time(out, health->looked);
    size_t count_at = out->len;
    put_number(out, 0);
    for (size_t i = 0; i < health->sources.len; i++) {
        if (!is_kept(health, health->sources.items[i]))
            continue;
        put_source(out, health->sources.items[i]);
        n++;
    }
    if (!out->failed)
        put_u64(out->ptr + count_at, n);
    pthread_mutex_unlock(&health->lock);
    return out->failed ? -ENOMEM : 0;
}

/* ---- from bytes ---- */

/* What is read; past the end, or past what can be, it is bad, and all further numbers are 0. */
struct reading {
    struct str rest;
    bool bad;
};

static struct str take(struct reading *reading, size_t n)
{
    struct str taken = str_first(reading->rest, n);
    reading->bad |= taken.len < n;
    reading->rest = str_skip(reading->rest, n);
    return reading->bad ? (struct str){0} : taken;
}

static uint8_t take_byte(struct reading *reading)
{
    struct str taken = take(reading, 1);
    return taken.len ? (uint8_t)taken.ptr[0] : 0;
}

static uint64_t take_number(struct reading *reading)
{
    struct str taken = take(reading, 8);
    return taken.len ? get_u64(taken.ptr) : 0;
}

static int64_t take_time(struct reading *reading)
{
    int64_t time = (int64_t)take_number(reading);
    if (time != TIME_UNSET && (time > TIME_MAX || time < -TIME_MAX))
        reading->bad = true;
    return reading->bad ? 0 : time;
}

/* One that is always there. */
static int64_t take_instant(struct reading *reading)
{
    int64_t time = take_time(reading);
    reading->bad |= time < 0;
    return reading->bad ? 0 : time;
}

/* A length of time, µs. */
static double take_length(struct reading *reading)
{
    uint64_t bits = take_number(reading);
    double value;
    memcpy(&value, &bits, 8);
    reading->bad |= !(value >= 0 && value <= (double)TIME_MAX);
    return reading->bad ? 0 : value;
}

static struct str take_label(struct reading *reading)
{
    struct str label = take(reading, take_byte(reading));
    reading->bad |= !label_ok(label);
    return label;
}

static void take_times(struct reading *reading, struct times *ret_times)
{
    times_init(ret_times);
    ret_times->newest = take_time(reading);
    ret_times->received = take_time(reading);
    for (uint32_t i = 0; i < TIMES_BEHIND; i++)
        ret_times->behind[i] = take_time(reading);
    ret_times->n_offsets = take_byte(reading);
    reading->bad |= ret_times->n_offsets > TIMES_OFFSETS;
    for (uint32_t i = 0; !reading->bad && i < ret_times->n_offsets; i++) {
        ret_times->offsets[i] = take_time(reading);
        reading->bad |= ret_times->offsets[i] == TIME_UNSET;
    }
    if (!reading->bad)
        times_update(ret_times);
}

static bool take_rhythm(struct reading *reading, struct rhythm *ret_rhythm)
{
    uint8_t there = take_byte(reading);
    reading->bad |= there > 1;
    rhythm_init(ret_rhythm);
    for (unsigned i = 0; there && !reading->bad && i < RHYTHM_SLOTS; i++) {
        uint8_t activity = take_byte(reading);
        struct str rate = take(reading, 4);
        uint32_t bits = rate.len ? get_u32(rate.ptr) : 0;
        memcpy(&ret_rhythm->rate[i], &bits, 4);
        reading->bad |= (activity > ACTIVITY_FULL && activity != ACTIVITY_UNKNOWN) ||
                        !(ret_rhythm->rate[i] >= 0 && ret_rhythm->rate[i] <= 1e12f);
        if (activity != ACTIVITY_UNKNOWN)
            ret_rhythm->activity[i] = (float)activity / ACTIVITY_FULL;
    }
    if (there && !reading->bad)
        rhythm_update(ret_rhythm);
    return there && !reading->bad;
}

/* *ret_source gets what is learnt; names and rhythm stay with the caller. */
static bool take_source(struct reading *reading, struct source *ret_source,
                        struct rhythm *ret_rhythm)
{
    source_init(ret_source, 0);
    ret_source->agency = take_label(reading);
    ret_source->source = take_label(reading);
    ret_source->first_seen = take_time(reading);
    ret_source->last_seen = take_time(reading);
    ret_source->heard = take_instant(reading);
    ret_source->quiet = take_length(reading);
    ret_source->gaps.longest = take_length(reading);
    ret_source->gaps.second = take_length(reading);
    ret_source->gaps.at = take_instant(reading);
    ret_source->gaps.n = (uint32_t)take_number(reading);
    uint8_t flags = take_byte(reading);
    for (unsigned check = 0; check < CHECK_COUNT; check++) {
        ret_source->raised[check] = flags >> check & 1;
        ret_source->told[check] = flags >> (check + CHECK_COUNT) & 1;
    }
    take_times(reading, &ret_source->times);
    return take_rhythm(reading, ret_rhythm);
}

/* Makes a source of the health what was read. */
static int put_learnt(struct health *health, const struct source *learnt,
                      const struct rhythm *rhythm)
{
    struct source *source = health_source(health, learnt->agency, learnt->source);
    if (!source)
        return -ENOMEM;
    if (rhythm && !source->rhythm)
        source->rhythm = malloc(sizeof(*rhythm));
    if (rhythm && !source->rhythm)
        return -ENOMEM;
    if (rhythm)
        *source->rhythm = *rhythm;
    source->first_seen = learnt->first_seen;
    source->last_seen = learnt->last_seen;
    source->heard = learnt->heard;
    source->quiet = learnt->quiet;
    source->gaps = learnt->gaps;
    source->times = learnt->times;
    memcpy(source->raised, learnt->raised, sizeof(source->raised));
    memcpy(source->told, learnt->told, sizeof(source->told));
    return 0;
}

/* Reads all of it. `health` NULL: only whether it is well-formed. */
static int read_all(struct health *health, struct str bytes)
{
    struct reading reading = {.rest = bytes};
    if (!str_eq(take(&reading, MAGIC.len), MAGIC))
        return -EBADMSG;
    int64_t looked = take_instant(&reading);
    uint64_t n = take_number(&reading);
    if (reading.bad || n > HEALTH_SOURCES_MAX)
        return -EBADMSG;
    for (uint64_t i = 0; i < n; i++) {
        struct source learnt = {0};
        struct rhythm rhythm;
        bool has_rhythm = take_source(&reading, &learnt, &rhythm);
        if (reading.bad || learnt.heard > looked)
            return -EBADMSG;
        int status = health ? put_learnt(health, &learnt, has_rhythm ? &rhythm : NULL) : 0;
        if (status < 0)
            return status;
    }
    if (reading.rest.len)
        return -EBADMSG;
    if (health)
        health->looked = looked;
    return 0;
}

int health_load(struct health *health, struct str bytes)
{
    int status = read_all(NULL, bytes);
    if (status < 0)
        return status;
    pthread_mutex_lock(&health->lock);
    status = read_all(health, bytes);
    pthread_mutex_unlock(&health->lock);
    return status;
}
