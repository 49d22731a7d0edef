#include "watch/health_source.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/time.h"

#define MINUTE_US (60 * TIME_SECOND_US)
#define BIN_US (5 * MINUTE_US)
#define GAP_HALF_US (28.0 * (double)TIME_DAY_US) /* a gap that does not come again fades by half */
#define GAP_ROOM 2.5                             /* times the usual gap: a silence */
#define GAP_AFTER 1.5   /* times the limit: what is learnt of a gap that was a finding */
#define SLOW_EVENTS 60  /* usual in an hour; with fewer, few are chance */
#define SLOW_MINUTES 50 /* of the hour that must have been watched */
#define SLOW_ROOM 2     /* times the slow rate: it is slow no more */

void source_init(struct source *source, int64_t now)
{
    source->first_seen = source->last_seen = TIME_UNSET;
    source->heard = now;
    source->gaps.at = now;
    source->hour.number = INT64_MIN;
    source->bin = INT64_MIN;
    source->weight = 1;
    source->usual = source->usual_before = -1;
    times_init(&source->times);
}

void source_free(struct source *source)
{
    free(source->rhythm);
}

void source_excuse(struct source *source, int64_t gap_us)
{
    source->heard += gap_us;
}

/* ---- gaps ---- */

static double faded(const struct source_gaps *gaps, double gap, int64_t now)
{
    return now > gaps->at ? gap * exp2(-(double)(now - gaps->at) / GAP_HALF_US) : gap;
}

static void add_gap(struct source_gaps *gaps, int64_t now, double gap)
{
    gaps->longest = faded(gaps, gaps->longest, now);
    gaps->second = faded(gaps, gaps->second, now);
    gaps->at = now;
    gaps->n += gaps->n < UINT32_MAX;
    if (gap > gaps->longest) {
        gaps->second = gaps->longest;
        gaps->longest = gap;
    } else if (gap > gaps->second) {
        gaps->second = gap;
    }
}

int64_t source_silence_max(const struct source *source, const struct health_options *options,
                           int64_t now)
{
    int64_t expect = source_expect(source);
    if (expect)
        return expect;
    if (source->first_seen == TIME_UNSET || now - source->first_seen < options->learn_us ||
        source->gaps.n < SOURCE_GAPS_MIN)
        return 0;
    double usual = GAP_ROOM * faded(&source->gaps, source->gaps.second, now);
    return usual > (double)options->silence_min_us ? (int64_t)usual : options->silence_min_us;
}

/* ---- the hour and its rate ---- */

/* The bins between the last look and this one are over, and the oldest go. */
static void move_bins(struct source *source, int64_t bin)
{
    bool first = source->bin == INT64_MIN;
    int64_t steps = first ? SOURCE_BINS : bin - source->bin;
    if (steps < 0 || steps > SOURCE_BINS)
        steps = SOURCE_BINS;
    for (int64_t i = 0; i < steps; i++) {
        size_t at = (size_t)(((bin - i) % SOURCE_BINS + SOURCE_BINS) % SOURCE_BINS);
        source->bins[at] = 0;
        source->bins_watched[at] = 0;
    }
    source->bin = bin;
}

static bool is_odd(const struct source *source)
{
    return source->raised[CHECK_SILENT] || source->raised[CHECK_SLOW];
}

/*
 * An hour is over: it is learnt from. What is usual in the next one is asked before, so that a source that
 * slows down is not its own measure.
 */
static int close_hour(struct source *source, int64_t now)
{
    bool first = source->hour.number == INT64_MIN;
    source->usual_before =
        first ? rhythm_usual(source->rhythm, now - RHYTHM_HOUR_US) : source->usual;
    source->usual = rhythm_usual(source->rhythm, now);
    if (first)
        return 0;
    if (!source->rhythm) {
        source->rhythm = malloc(sizeof(*source->rhythm));
        if (!source->rhythm)
            return -ENOMEM;
        rhythm_init(source->rhythm);
    }
    rhythm_learn(source->rhythm, &source->hour, is_odd(source));
    return 0;
}

static int count_news(struct source *source, const struct source_news *news)
{
    int status = 0;
    int64_t hour = news->now / RHYTHM_HOUR_US, minute = news->now / MINUTE_US;
    if (hour != source->hour.number) {
        status = close_hour(source, news->now);
        source->hour = (struct rhythm_hour){.number = hour};
        source->weight = rhythm_weight(source->rhythm, news->now);
    }
    if (news->now / BIN_US != source->bin)
        move_bins(source, news->now / BIN_US);

    size_t bin = (size_t)(source->bin % SOURCE_BINS);
    uint64_t bit = UINT64_C(1) << (minute % 60);
    source->hour.watched |= bit;
    if (!source->raised[CHECK_SILENT]) /* what is silent is not slow, nor in the hour after */
        source->bins_watched[bin] |= (uint8_t)(1u << (minute % 5));
    source->hour.active |= news->spoke ? bit : 0;
    source->hour.events += news->n;
    source->bins[bin] +=
        (uint32_t)(news->n < UINT32_MAX - source->bins[bin] ? news->n
                                                            : UINT32_MAX - source->bins[bin]);
    return status;
}

double source_usual(const struct source *source, int64_t now)
{
    double part = (double)(now % RHYTHM_HOUR_US) / (double)RHYTHM_HOUR_US;
    if (source->usual < 0 || source->usual_before < 0)
        return -1;
    return part * source->usual + (1 - part) * source->usual_before;
}

double source_hour(const struct source *source)
{
    double events = 0;
    int minutes = 0;
    for (size_t i = 0; i < SOURCE_BINS; i++) {
        events += source->bins[i];
        minutes += __builtin_popcount(source->bins_watched[i]);
    }
    return minutes < SLOW_MINUTES ? -1 : events * 60 / minutes;
}

/* ---- judgement ---- */

static bool judge_silent(const struct source *source, const struct health_options *options,
                         const struct source_news *news)
{
    int64_t limit = source_silence_max(source, options, news->now);
    if (news->spoke)
        return false;
    if (source->raised[CHECK_SILENT])
        return true; /* until it speaks */
    if (source_expect(source))
        return news->now - source->heard > limit;
    return limit > 0 && source->quiet > (double)limit;
}

static bool judge_slow(const struct source *source, const struct health_options *options,
                       int64_t now)
{
    double hour = source_hour(source), usual = source_usual(source, now);
    double least = usual * options->slow_ratio;
    if (source->raised[CHECK_SILENT])
        return false; /* said already */
    if (hour < 0 || usual < 0)
        return source->raised[CHECK_SLOW];
    if (source->raised[CHECK_SLOW])
        return hour < SLOW_ROOM * least;
    return usual >= SLOW_EVENTS && hour < least;
}

/* It has spoken: a gap is over. The time before it first spoke is none. */
static void hear(struct source *source, const struct health_options *options, int64_t now,
                 bool was_silent)
{
    double most = GAP_AFTER * (double)source_silence_max(source, options, now);
    if (source->first_seen == TIME_UNSET)
        source->first_seen = now;
    else
        add_gap(&source->gaps, now, was_silent ? fmin(source->quiet, most) : source->quiet);
    source->quiet = 0;
    source->heard = now;
}

int source_look(struct source *source, const struct health_options *options,
                const struct source_news *news)
{
    int status = count_news(source, news);
    source->quiet += (double)news->watched * source->weight;

    bool was_silent = source->raised[CHECK_SILENT];
    source->raised[CHECK_SILENT] = judge_silent(source, options, news);
    if (news->spoke)
        hear(source, options, news->now, was_silent);
    source->raised[CHECK_SLOW] = judge_slow(source, options, news->now);
    source->raised[CHECK_BACKWARDS] =
        times_backwards(&source->times, source->raised[CHECK_BACKWARDS]);
    source->raised[CHECK_DRIFT] =
        times_drifting(&source->times, options->drift_us, source->raised[CHECK_DRIFT]);
    return status;
}
