/*
 * health_source: one source as health knows it, and what is said of it. Pure: times and counts are told.
 *
 *     look ─▶ heard? ─▶ gap ─▶ limit of silence
 *          ─▶ minute, hour ─▶ rhythm ─▶ weight of a silence, usual rate
 */
#ifndef JAGA_WATCH_HEALTH_SOURCE_H
#define JAGA_WATCH_HEALTH_SOURCE_H

#include "watch/health.h"
#include "watch/rhythm.h"
#include "watch/times.h"

#define SOURCE_GAPS_MIN 8 /* that are known before a silence is judged by them */
#define SOURCE_BINS 12    /* of the last hour */

enum health_check { CHECK_SILENT, CHECK_SLOW, CHECK_BACKWARDS, CHECK_DRIFT, CHECK_COUNT };

/*
 * Times between hearing of a source, in its usual hours: the two longest, which fade over weeks. The second
 * counts: what happened once may have been an outage.
 */
struct source_gaps {
    double longest, second; /* µs, as of `at` */
    int64_t at;
    uint32_t n;
};

struct source {
    struct str name; /* "agency/source"; the others are its parts. Lives as long as the health */
    struct str agency, source;
    const struct sender *sender; /* NULL: it has not spoken since the start */
    uint64_t received, turned;   /* its account at the last look: events, and those turned away */
    int64_t expect_us, expect_agency_us; /* declared; 0: not */
    int64_t first_seen, last_seen;       /* TIME_UNSET: never */
    int64_t heard; /* the look that heard of it last; moved on by gaps of our own */
    double quiet;  /* µs since then, in its usual hours */
    struct source_gaps gaps;
    struct rhythm *rhythm; /* NULL: no hour of it is known yet */
    struct rhythm_hour hour;
    double weight;              /* of a silence in this hour */
    double usual, usual_before; /* events of this hour and the last one; < 0: not known */
    int64_t bin;                /* of five minutes, since 1970: under way */
    uint32_t bins[SOURCE_BINS];
    uint8_t bins_watched[SOURCE_BINS]; /* bits of minutes */
    struct times times;
    bool raised[CHECK_COUNT]; /* what is the case */
    bool told[CHECK_COUNT];   /* .. and what the ledger knows of it */
};

/* One look: what happened to the source since the last, `watched` µs ago. */
struct source_news {
    int64_t now, watched;
    uint64_t n; /* events */
    bool spoke; /* it sent something, if only to be turned away */
};

void source_init(struct source *source, int64_t now);
void source_free(struct source *source);

/* Takes the news, learns and judges. -ENOMEM: it could not learn. */
int source_look(struct source *source, const struct health_options *options,
                const struct source_news *news);

/* The centre did not look for that long (negative: its clock was set back). */
void source_excuse(struct source *source, int64_t gap_us);

/* The longest silence that is no finding; 0: not known. */
int64_t source_silence_max(const struct source *source, const struct health_options *options,
                           int64_t now);

/* Events that are usual in the 60 minutes before now; < 0: not known. */
double source_usual(const struct source *source, int64_t now);

/* Events of the last hour, scaled where not all of it was watched; < 0: hardly any was. */
double source_hour(const struct source *source);

/* Declared for it, by name or with its agency; 0: not. */
static inline int64_t source_expect(const struct source *source)
{
    return source->expect_us ? source->expect_us : source->expect_agency_us;
}

#endif
