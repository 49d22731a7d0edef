#include "readiness/judge.h"

#include "base/time.h"

const char *const judge_verdict_names[] = {
    [JUDGE_DETECTED] = "detected",   [JUDGE_MISSED] = "missed",   [JUDGE_BLIND] = "blind spot",
    [JUDGE_UNJUDGED] = "not judged", [JUDGE_NOT_RUN] = "not run",
};

#define THE_END (SIZE_MAX - 1) /* explained by the end of the drill */

/* Does the drill mean this finding by one of `names`: an id, a title, or a kind? */
static bool is_named(const struct judge_finding *finding, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], finding->rule) || str_eq_ascii_nocase(names[i], finding->title) ||
            str_eq(names[i], finding->kind))
            return true;
    return false;
}

static bool is_of_source(const struct judge_finding *finding)
{
    return str_eq(finding->kind, STR("source"));
}

static bool explains(const struct drill *drill, size_t index, const struct judge_step *fact,
                     const struct judge_finding *finding)
{
    const struct drill_step *step = &drill->steps[index];
    if (!str_eq(finding->agency, drill->agencies[step->agency].name) ||
        !(is_named(finding, step->expect, step->n_expect) ||
          is_named(finding, step->also, step->n_also)))
        return false;
    if (is_of_source(finding))
        return fact->silenced && step->silence != SIZE_MAX &&
               str_eq(finding->source, drill->sources[step->silence].name);
    return fact->events && finding->first <= fact->last + JUDGE_SLACK_US &&
           finding->last >= fact->first - JUDGE_SLACK_US;
}

/* When the drill is over all its sources fall silent: that is no false finding. */
static size_t unexplained(const struct judge_finding *finding, int64_t end_us)
{
    return is_of_source(finding) && finding->updated >= end_us ? THE_END : JUDGE_NO_STEP;
}

static void credit(const struct drill_step *step, struct judge_step *fact,
                   const struct judge_finding *finding, size_t index)
{
    if (!is_named(finding, step->expect, step->n_expect))
        return;
    /* One that was open before the drill counts from when it grew. */
    int64_t found = finding->created < fact->first ? finding->updated : finding->created;
    int64_t after = found > fact->first ? found - fact->first : 0;
    if (fact->verdict == JUDGE_DETECTED && fact->after_us <= after)
        return;
    fact->verdict = JUDGE_DETECTED;
    fact->by = index;
    fact->after_us = after;
}

void judge(const struct drill *drill, struct judge_step *steps, struct judge_finding *findings,
           size_t n_findings, int64_t end_us)
{
    for (size_t i = 0; i < drill->n_steps; i++) {
        struct judge_step *fact = &steps[i];
        fact->verdict = fact->events == 0 && !fact->silenced    ? JUDGE_NOT_RUN
                        : drill->steps[i].n_expect == 0         ? JUDGE_BLIND
                        : fact->silenced && !fact->knows_rhythm ? JUDGE_UNJUDGED
                                                                : JUDGE_MISSED;
    }
    for (size_t k = 0; k < n_findings; k++) {
        findings[k].step = unexplained(&findings[k], end_us);
        for (size_t i = 0; i < drill->n_steps; i++) {
            if (!explains(drill, i, &steps[i], &findings[k]))
                continue;
            if (findings[k].step >= THE_END)
                findings[k].step = i;
            credit(&drill->steps[i], &steps[i], &findings[k], k);
        }
    }
}

bool judge_is_false(const struct judge_finding *finding)
{
    return finding->step == JUDGE_NO_STEP;
}
