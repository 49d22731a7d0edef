#include "watch/exceptions.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/vec.h"
#include "sigma/eval.h"

struct one {
    struct sigma_set set; /* holds the filter */
    struct sigma_alone_filter filter;
    struct str id, agency; /* in the arena */
    int64_t expires;
    _Atomic uint64_t taken;
    uint64_t reporting, reported;
};

struct exceptions {
    const struct datasets *datasets;
    struct arena arena;
    VEC(struct one *) all;
    uint32_t *firsts; /* by rule: its first in `of_rules`, one more than there are rules */
    VEC(uint32_t) of_rules;
    uint32_t bad;
    struct err *err;
};

static void one_free(struct one *one)
{
    sigma_set_free(&one->set);
    free(one);
}

static int read_filter(struct one *one, struct str yaml, struct err *err)
{
    int r = sigma_set_add(&one->set, yaml, STR("exception"));
    if (r < 0)
        return err_set(err, r, "no memory for an exception");
    if (one->set.refusals.len) {
        *err = one->set.refusals.items[0].err;
        return -EINVAL;
    }
    r = sigma_set_filter(&one->set, &one->filter);
    return r < 0 ? err_set(err, r, "an exception that is no Sigma filter") : 0;
}

static int add_one(void *context, const struct exception *exception)
{
    struct exceptions *exceptions = context;
    if (exceptions->all.len >= EXCEPTIONS_MAX) {
        exceptions->bad++;
        err_set(exceptions->err, -E2BIG, "more than %d exceptions", EXCEPTIONS_MAX);
        return 0;
    }
    struct one *one = calloc(1, sizeof(*one));
    if (!one || sigma_set_init(&one->set) < 0) {
        free(one);
        return -ENOMEM;
    }
    one->id = arena_copy(&exceptions->arena, exception->id);
    one->agency = arena_copy(&exceptions->arena, exception->agency);
    one->expires = exception->expires;
    int r = one->id.ptr && one->agency.ptr ? read_filter(one, exception->filter, exceptions->err)
                                           : -ENOMEM;
    if (r == 0)
        r = vec_push(&exceptions->all, one);
    if (r == 0)
        return 0;
    one_free(one);
    exceptions->bad++;
    return r == -ENOMEM ? r : 0;
}

static int list_rules(struct exceptions *exceptions, const struct sigma_set *set)
{
    exceptions->firsts = calloc(set->rules.len + 1, sizeof(*exceptions->firsts));
    if (!exceptions->firsts)
        return -ENOMEM;
    for (size_t rule = 0; rule < set->rules.len; rule++) {
        for (uint32_t i = 0; i < exceptions->all.len; i++) {
            if (!sigma_filter_for(&exceptions->all.items[i]->filter, set->rules.items[rule]))
                continue;
            if (exceptions->of_rules.len >= EXCEPTION_RULES_MAX)
                return -E2BIG;
            if (vec_push(&exceptions->of_rules, i) < 0)
                return -ENOMEM;
        }
        exceptions->firsts[rule + 1] = (uint32_t)exceptions->of_rules.len;
    }
    return 0;
}

struct exceptions *exceptions_load(struct ledger *ledger, const struct sigma_set *set,
                                   const struct datasets *datasets, uint32_t *ret_bad,
                                   struct err *err)
{
    struct exceptions *exceptions = calloc(1, sizeof(*exceptions));
    struct ledger_scope everything = {.all = true};
    if (!exceptions) {
        err_set(err, -ENOMEM, "no memory for exceptions");
        return NULL;
    }
    exceptions->datasets = datasets;
    exceptions->err = err;
    arena_init(&exceptions->arena, 64u << 20);
    int r = exception_list(ledger, &everything, add_one, exceptions);
    if (r < 0)
        err_set(err, r, "cannot read exceptions: %s", ledger_problem(ledger));
    else if ((r = list_rules(exceptions, set)) < 0)
        err_set(err, r, r == -E2BIG ? "exceptions for too many rules" : "no memory for exceptions");
    *ret_bad = exceptions->bad;
    if (r == 0)
        return exceptions;
    exceptions_free(exceptions);
    return NULL;
}

void exceptions_free(struct exceptions *exceptions)
{
    if (!exceptions)
        return;
    for (size_t i = 0; i < exceptions->all.len; i++)
        one_free(exceptions->all.items[i]);
    vec_free(&exceptions->all);
    vec_free(&exceptions->of_rules);
    free(exceptions->firsts);
    arena_free(&exceptions->arena);
    free(exceptions);
}

bool exceptions_take(struct exceptions *exceptions, uint32_t rule, struct str agency, int64_t at,
                     struct event *event)
{
    for (uint32_t i = exceptions->firsts[rule]; i < exceptions->firsts[rule + 1]; i++) {
        struct one *one = exceptions->all.items[exceptions->of_rules.items[i]];
        bool expired = one->expires != TIME_UNSET && one->expires <= at;
        if (expired || (one->agency.len && !str_eq(one->agency, agency)) ||
            sigma_eval_node(one->filter.condition, exceptions->datasets, event))
            continue;
        atomic_fetch_add_explicit(&one->taken, 1, memory_order_relaxed);
        return true;
    }
    return false;
}

int exceptions_report(struct exceptions *exceptions, struct ledger *ledger)
{
    for (size_t i = 0; i < exceptions->all.len; i++) {
        struct one *one = exceptions->all.items[i];
        one->reporting = atomic_load_explicit(&one->taken, memory_order_relaxed);
        if (one->reporting == one->reported)
            continue;
        int r = exception_used(ledger, one->id, one->reporting - one->reported);
        if (r < 0 && r != -ENOENT) /* it may have been removed meanwhile */
            return r;
    }
    return 0;
}

void exceptions_reported(struct exceptions *exceptions)
{
    for (size_t i = 0; i < exceptions->all.len; i++)
        exceptions->all.items[i]->reported = exceptions->all.items[i]->reporting;
}
