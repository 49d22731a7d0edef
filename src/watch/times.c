#include "watch/times.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* Offsets are steady that differ by less than a 20th of themselves, within these bounds. */
#define STEADY_PART 20
#define STEADY_MIN_US (10 * TIME_SECOND_US)
#define STEADY_MAX_US (60 * TIME_SECOND_US)
#define OFFSET_MAX (TIME_DAY_US * 36500) /* beyond a century it is no clock */
#define MINUTE_US (60 * TIME_SECOND_US)

void times_init(struct times *times)
{
    *times = (struct times){.newest = TIME_UNSET, .received = TIME_UNSET, .minute = TIME_UNSET};
    for (unsigned i = 0; i < TIMES_BEHIND; i++)
        times->behind[i] = TIME_UNSET;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t median_of(int64_t *values, uint32_t n)
{
    qsort(values, n, sizeof(*values), compare);
    return values[n / 2];
}

/* The median, and the median distance from it: one odd value, or ten, change neither. */
void times_update(struct times *times)
{
    int64_t values[TIMES_OFFSETS];
    uint32_t n = times->n_offsets < TIMES_OFFSETS ? times->n_offsets : TIMES_OFFSETS;
    times->median = 0;
    times->steady = false;
    if (n < TIMES_OFFSETS_MIN)
        return;
    memcpy(values, times->offsets, n * sizeof(*values));
    times->median = median_of(values, n);
    for (uint32_t i = 0; i < n; i++)
        values[i] = llabs(values[i] - times->median);
    int64_t room = llabs(times->median) / STEADY_PART;
    room = room < STEADY_MIN_US ? STEADY_MIN_US : room > STEADY_MAX_US ? STEADY_MAX_US : room;
    times->steady = median_of(values, n) <= room;
}

/* The largest offset of a minute is of what was shipped fastest, nearest to the clock. */
static void note_offset(struct times *times, int64_t minute, int64_t offset)
{
    if (minute == times->minute) {
        times->offset = offset > times->offset ? offset : times->offset;
        return;
    }
    if (times->minute != TIME_UNSET) {
        times->offsets[times->n_offsets++ % TIMES_OFFSETS] = times->offset;
        times_update(times);
    }
    times->minute = minute;
    times->offset = offset;
}

void times_note(struct times *times, int64_t received, int64_t last, int64_t ahead_us,
                int64_t backwards_us)
{
    int64_t offset;
    if (last == TIME_UNSET || __builtin_sub_overflow(last, received, &offset) ||
        offset > OFFSET_MAX || offset < -OFFSET_MAX)
        return;
    note_offset(times, received / MINUTE_US, offset);
    times->received = received;
    /* A time ahead of ours is no mark to fall behind of. */
    if (offset > ahead_us)
        return;
    if (times->newest != TIME_UNSET && last < times->newest - backwards_us) {
        memmove(times->behind + 1, times->behind, sizeof(times->behind) - sizeof(times->behind[0]));
        times->behind[0] = received;
    }
    if (times->newest == TIME_UNSET || last > times->newest)
        times->newest = last;
}

bool times_backwards(const struct times *times, bool before)
{
    int64_t mark = before ? times->behind[0] : times->behind[TIMES_BEHIND - 1];
    return mark != TIME_UNSET && times->received - mark <= TIMES_BEHIND_US;
}

bool times_drifting(const struct times *times, int64_t drift_us, bool before)
{
    int64_t limit = before ? drift_us / 5 * 4 : drift_us;
    return llabs(times->median) > limit && (times->steady || before);
}
