/*
 * judge: what a centre found against what was staged: each step detected or missed, each finding explained by a step or false.
 *
 *     finding ─ same agency, a rule that the step expects, and a time that meets the step's ─▶ step
 *
 * Pure: findings in, verdicts out.
 */
#ifndef JAGA_READINESS_JUDGE_H
#define JAGA_READINESS_JUDGE_H

#include "base/vec.h"
#include "readiness/drill.h"

#define JUDGE_NO_STEP SIZE_MAX
/* Clocks of doors and times in logs are as exact as a second. */
#define JUDGE_SLACK_US INT64_C(2000000)

struct judge_finding {
    struct str id, kind, rule, title, level, agency, source, host;
    uint64_t count;
    int64_t first, last;      /* µs: of its events */
    int64_t created, updated; /* µs: by the centre's clock, made ours */
    size_t step;              /* index, or JUDGE_NO_STEP: false. Set by judge() */
};

enum judge_verdict {
    JUDGE_DETECTED,
    JUDGE_MISSED,
    JUDGE_BLIND,    /* nothing was expected */
    JUDGE_UNJUDGED, /* a silence of a source whose rhythm the centre does not know */
    JUDGE_NOT_RUN,  /* the drill was stopped before it */
};
extern const char *const judge_verdict_names[];

struct judge_step {
    int64_t first, last; /* µs: when its events were; TIME_UNSET: none */
    uint64_t events;
    bool silenced;     /* the source that it silences is silent */
    bool knows_rhythm; /* .. and the centre knows how often it should speak */
    /* Set by judge(). */
    enum judge_verdict verdict;
    size_t by;        /* the finding that was first, where it was detected */
    int64_t after_us; /* from the step's first event to it */
};

/* steps: one for each of the drill; end_us: when the drill fell silent itself. */
void judge(const struct drill *drill, struct judge_step *steps, struct judge_finding *findings,
           size_t n_findings, int64_t end_us);

/* Is it a false one, for which no step, nor the end of the drill, is the reason? */
bool judge_is_false(const struct judge_finding *finding);

#endif
