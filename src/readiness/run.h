/*
 * run: a drill into a running centre, over its doors, and what came of it.
 *
 *     tokens ─▶ events, each at its time, over the door of its source ─▶ wait: all stored, all matched, expected findings
 *        │                                                                  │
 *        └── one for each source, revoked at the end                        └─▶ verdicts, accounts
 *
 * One thread. What the centre holds of earlier days does not count: findings are those that changed since the start, accounts
 * what was added to them.
 */
#ifndef JAGA_READINESS_RUN_H
#define JAGA_READINESS_RUN_H

#include "readiness/judge.h"
#include "readiness/play.h"
#include "ship/client.h"

#define RUN_FINDINGS_MAX 100000

struct run_options {
    struct client_options client; /* an administrator's; its patience is the run's own */
    uint64_t seed;
    int64_t duration_us;
    double noise;
    int64_t wait_us; /* for findings, after the last event */
    /* A step begins, `at_us` behind the start. May be NULL. */
    void (*say)(void *context, size_t step, int64_t at_us);
    void *context;
    const volatile sig_atomic_t *stop;
};

/* A source's account: what we sent, and what the centre says that it has of it. */
struct run_source {
    uint64_t sent, stored, rejected;
};

struct run_result {
    struct arena arena, texts;  /* texts: of the findings */
    struct judge_step *steps;   /* one for each of the drill */
    struct run_source *sources; /* likewise */
    VEC(struct judge_finding) findings;
    int64_t start_us, end_us; /* of the events */
    int64_t judged_us;
    bool stopped;           /* before its end */
    bool worked;            /* the centre had worked through everything when it was judged */
    uint64_t noise, staged; /* events */
};

/* 0, also when it was stopped midway; or a code with *err (-EIO: the centre does not answer). run_result_free() in any case. */
int drill_run(const struct drill *drill, const struct run_options *options,
              struct run_result *ret_result, struct err *err);
void run_result_free(struct run_result *result);

/* Steps of a verdict; findings that no step explains; do all accounts agree? */
size_t run_count(const struct drill *drill, const struct run_result *result,
                 enum judge_verdict verdict);
size_t run_count_false(const struct run_result *result);
bool run_accounts_agree(const struct drill *drill, const struct run_result *result);

#endif
