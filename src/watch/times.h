/*
 * times: what the times in a source's events say about its clock: its offset from the time of receipt, and whether
 * it goes back. The newest event of a batch tells; older ones beside it are a relay's disorder. Pure.
 */
#ifndef JAGA_WATCH_TIMES_H
#define JAGA_WATCH_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#define TIMES_OFFSETS 32     /* kept, of a minute each */
#define TIMES_OFFSETS_MIN 16 /* that a judgement needs */
#define TIMES_BEHIND 3 /* batches behind what was seen, within TIMES_BEHIND_US: it goes back */
#define TIMES_BEHIND_US INT64_C(3600000000)

struct times {
    int64_t newest;                 /* event time, as far as it was not ahead; TIME_UNSET: none */
    int64_t received;               /* of the last batch */
    int64_t behind[TIMES_BEHIND];   /* receipt of the last batches behind `newest`, latest first */
    int64_t offsets[TIMES_OFFSETS]; /* the last ones, in a ring */
    uint32_t n_offsets;             /* ever */
    int64_t minute;                 /* since 1970: under way */
    int64_t offset;                 /* .. and the largest offset in it */
    int64_t median;                 /* of the offsets; 0 while there are too few */
    bool steady;                    /* they are all nearly that */
};

void times_init(struct times *times);

/* A batch whose newest event is of `last`. */
void times_note(struct times *times, int64_t received, int64_t last, int64_t ahead_us,
                int64_t backwards_us);

/* Does it go back? `before`: what was said last. */
bool times_backwards(const struct times *times, bool before);

/* Is the clock off by more than that? */
bool times_drifting(const struct times *times, int64_t drift_us, bool before);

/* After offsets were set from outside. */
void times_update(struct times *times);

#endif
