/*
 * play: the events of a drill, one by one in the order of their times: the noise of every source, and the steps of the
 * intrusion between them. The same seed gives the same events but for their times.
 *
 *     nominal   08:30 ├────── length ──────┤ 14:30      decides how busy a source is
 *     real      start ├ duration ┤                      steps move with it; the noise keeps its density
 *
 * Pure: it reads no clock and sends nothing.
 */
#ifndef JAGA_READINESS_PLAY_H
#define JAGA_READINESS_PLAY_H

#include "readiness/drill.h"

#define PLAY_NOISE SIZE_MAX

struct play_options {
    uint64_t seed;
    int64_t start_us;    /* of the first moment */
    int64_t duration_us; /* the drill's length is pressed into it; 0: as long as it is */
    double noise;        /* factor of all rates; 0: the intrusion alone */
};

struct play_event {
    size_t source; /* index in the drill */
    size_t step;   /* index, or PLAY_NOISE */
    int64_t time_us;
    /* one line; valid until the next call. Empty: from here on the source is silent */
    struct str text;
};

struct play;

/* The drill outlives it. NULL: *err says why. */
struct play *play_new(const struct drill *drill, const struct play_options *options,
                      struct err *err);
void play_free(struct play *play);

/* 1 and the next event; 0: that was all; -ENOMEM, or -EINVAL where a text can't be filled in, with *err. */
int play_next(struct play *play, struct play_event *ret_event, struct err *err);

#endif
