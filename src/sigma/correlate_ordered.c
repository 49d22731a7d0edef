/*
 * temporal_ordered: how often each source occurs, and when the latest chain began that leads up
 * to each step. A chain lies within the window when it began in it, so the latest beginning is
 * all one needs.
 *
 * Without bounds the steps are those of the branches; starts[b][k] is for the first k + 1 sources
 * that branch b wants. With bounds any sources in ascending order are a chain;
 * starts[s][k] is for chains of k + 1 sources, the last of them at most s.
 */
#include "sigma/correlate_window.h"

#define NO_START INT64_MIN /* no event is that old: it is TIME_UNSET */

static uint32_t source_of(const struct window *window, const struct item *item)
{
    return window->plan->paths.items[item->path].source;
}

static size_t ordered_starts(const struct window *window)
{
    size_t n = window->correlation->n_sources;
    return n * (window->correlation->n_bounds ? n : window->n_branches);
}

static size_t ordered_state(const struct window *window)
{
    return ordered_starts(window) * sizeof(uint64_t) +
           window->correlation->n_sources * sizeof(uint32_t);
}

static uint32_t *ordered_counts(const struct window *window, uint32_t group)
{
    return (uint32_t *)((uint64_t *)window_state(window, group) + ordered_starts(window));
}

/* A start is kept as its distance from NO_START, so that zeroed means none. */
static uint64_t start_from_time(int64_t time)
{
    return (uint64_t)time - (uint64_t)NO_START;
}

static void follow_branches(const struct window *window, uint64_t *starts, uint32_t source,
                            uint64_t start)
{
    uint32_t n = window->correlation->n_sources;
    for (uint32_t b = 0; b < window->n_branches; b++, starts += n) {
        uint32_t wanted = window->branches[b].wanted;
        if (!(wanted >> source & 1))
            continue;
        uint32_t step = (uint32_t)__builtin_popcount(wanted & ((1u << source) - 1));
        starts[step] = step ? starts[step - 1] : start;
    }
}

static void follow_chains(const struct window *window, uint64_t *starts, uint32_t source,
                          uint64_t start)
{
    uint32_t n = window->correlation->n_sources;
    for (uint32_t k = source + 1; k-- > 0;) {
        uint64_t began = start;
        if (k > 0)
            began = starts[(source - 1) * n + k - 1];
        for (uint32_t s = source; s < n && starts[s * n + k] < began; s++)
            starts[s * n + k] = began;
    }
}

static int ordered_add(struct window *window, uint32_t group, const struct item *item)
{
    uint64_t *starts = window_state(window, group);
    uint32_t source = source_of(window, item);
    ordered_counts(window, group)[source]++;
    if (window->correlation->n_bounds)
        follow_chains(window, starts, source, start_from_time(item->time));
    else
        follow_branches(window, starts, source, start_from_time(item->time));
    return 0;
}

static void ordered_remove(struct window *window, uint32_t group, const struct item *item)
{
    ordered_counts(window, group)[source_of(window, item)]--;
}

/* A start before this is out of the window: what is in the ring is not older than its head. */
static uint64_t oldest_start(const struct window *window)
{
    return start_from_time(window_item(window, window->ring_head)->time);
}

static struct quantity ordered_value(const struct window *window, uint32_t group)
{
    uint32_t n = window->correlation->n_sources, longest = 0;
    const uint64_t *starts = window_state(window, group);
    const uint32_t *counts = ordered_counts(window, group);
    uint64_t oldest = oldest_start(window);
    if (window->correlation->n_bounds)
        while (longest < n && starts[(n - 1) * n + longest] >= oldest)
            longest++;
    else
        for (uint32_t s = 0; s < n; s++)
            longest += counts[s] > 0;
    return (struct quantity){(fixed)longest * FIXED_ONE, 1};
}

static bool ordered_holds(const struct window *window, uint32_t group)
{
    const uint64_t *starts = window_state(window, group);
    const uint32_t *counts = ordered_counts(window, group);
    uint64_t oldest = oldest_start(window);
    uint32_t seen = 0, n = window->correlation->n_sources;
    for (uint32_t s = 0; s < n; s++)
        seen |= (uint32_t)(counts[s] > 0) << s;
    for (uint32_t b = 0; b < window->n_branches; b++, starts += n) {
        uint32_t steps = (uint32_t)__builtin_popcount(window->branches[b].wanted);
        if (!(seen & window->branches[b].absent) && (!steps || starts[steps - 1] >= oldest))
            return true;
    }
    return false;
}

const struct measure measure_ordered = {
    .every_source = true,
    .rising = true,
    .state_size = ordered_state,
    .add = ordered_add,
    .remove = ordered_remove,
    .value = ordered_value,
    .holds = ordered_holds,
};

static void add_branch(struct branch *branches, uint32_t *n, struct branch branch)
{
    if (branch.wanted & branch.absent)
        return; /* can't come true */
    for (uint32_t i = 0; i < *n && i < CORRELATE_BRANCHES_MAX; i++)
        if (branches[i].wanted == branch.wanted && branches[i].absent == branch.absent)
            return;
    if (*n < CORRELATE_BRANCHES_MAX)
        branches[*n] = branch;
    ++*n; /* past the maximum: counted, and refused by the caller */
}

static int expand(const struct sigma_node *node, bool negated, struct branch *ret, uint32_t *ret_n);

/* Every way for all of the children, or for either of them, to hold. */
static int expand_children(const struct sigma_node *node, bool negated, struct branch *ret,
                           uint32_t *ret_n)
{
    bool either = (node->kind == SIGMA_OR) != negated;
    struct branch child[CORRELATE_BRANCHES_MAX], before[CORRELATE_BRANCHES_MAX];
    uint32_t n = either ? 0 : 1;
    ret[0] = (struct branch){0};
    for (uint32_t i = 0; i < node->count; i++) {
        uint32_t n_child = 0, n_before = n;
        int r = expand(node->children[i], negated, child, &n_child);
        if (r < 0)
            return r;
        if (either) {
            for (uint32_t c = 0; c < n_child; c++)
                add_branch(ret, &n, child[c]);
        } else {
            memcpy(before, ret, n_before * sizeof(*before));
            n = 0;
            for (uint32_t c = 0; c < n_child * n_before; c++) {
                const struct branch *a = &before[c / n_child], *b = &child[c % n_child];
                add_branch(ret, &n, (struct branch){a->wanted | b->wanted, a->absent | b->absent});
            }
        }
        if (n > CORRELATE_BRANCHES_MAX)
            return -ENOTSUP;
    }
    *ret_n = n;
    return 0;
}

static int expand(const struct sigma_node *node, bool negated, struct branch *ret, uint32_t *ret_n)
{
    *ret_n = 0;
    switch (node->kind) {
    case SIGMA_REF:
        if (node->index >= CORRELATE_ORDERED_MAX)
            return -ENOTSUP;
        add_branch(ret, ret_n,
                   (struct branch){.wanted = negated ? 0 : 1u << node->index,
                                   .absent = negated ? 1u << node->index : 0});
        return 0;
    case SIGMA_NOT:
        return expand(node->children[0], !negated, ret, ret_n);
    case SIGMA_AND:
    case SIGMA_OR:
        return expand_children(node, negated, ret, ret_n);
    default:
        if ((node->kind == SIGMA_TRUE) != negated)
            add_branch(ret, ret_n, (struct branch){0});
        return 0;
    }
}

int branches_make(const struct sigma_correlation *correlation,
                  struct branch ret_branches[static CORRELATE_BRANCHES_MAX], uint32_t *ret_n)
{
    if (correlation->n_sources > CORRELATE_ORDERED_MAX)
        return -ENOTSUP;
    if (correlation->expression)
        return expand(correlation->expression, false, ret_branches, ret_n);
    uint32_t all = correlation->n_sources < 32 ? (1u << correlation->n_sources) - 1 : UINT32_MAX;
    ret_branches[0] = (struct branch){.wanted = all};
    *ret_n = 1;
    return 0;
}
