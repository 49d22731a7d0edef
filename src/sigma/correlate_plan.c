#include "sigma/correlate_plan.h"

#include <stdlib.h>

/* A correlation that lists a rule or another correlation. */
struct plan_user {
    uint32_t correlation; /* in the set */
    uint32_t source;      /* which of its sources that is */
};

/* One step of the way from a rule up to a correlation. */
struct step {
    const struct sigma_correlation *correlation;
    uint32_t number; /* of the correlation in the set */
    uint32_t source; /* which of its sources the step below is */
};

/* The way so far, and what is being planned. */
struct way {
    struct plan *plan;
    const struct sigma_set *set;
    const uint32_t *window_of;       /* by correlation */
    const uint32_t *parents_of;      /* by correlation: its first in `parents` */
    const struct plan_user *parents; /* the correlations that list it */
    struct plan_rule *rule;
    struct step steps[CORRELATE_CHAIN_MAX];
    uint32_t n_steps;
    struct err *err;
};

void plan_free(struct plan *plan)
{
    free(plan->rules);
    vec_free(&plan->windows);
    vec_free(&plan->paths);
    vec_free(&plan->slots);
    vec_free(&plan->slot_fields);
    vec_free(&plan->fields);
    *plan = (struct plan){0};
}

/* How many correlations lie below each: raised until nothing changes, or one is too deep. */
static int find_depths(const struct sigma_set *set, uint32_t *depths, struct err *err)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t c = 0; c < set->correlations.len; c++) {
            const struct sigma_correlation *correlation = set->correlations.items[c];
            for (uint32_t s = 0; s < correlation->n_sources; s++) {
                const struct sigma_source *source = &correlation->sources[s];
                if (!source->correlation || depths[source->index] < depths[c])
                    continue;
                changed = true;
                depths[c] = depths[source->index] + 1;
                if (depths[c] >= CORRELATE_CHAIN_MAX)
                    return err_at(err, -ENOTSUP, correlation->meta.line, 0,
                                  "correlation \"%.*s\" is part of a chain of more than %d "
                                  "correlations, or of a circle",
                                  STR_ARG(correlation->meta.title), CORRELATE_CHAIN_MAX);
            }
        }
    }
    return 0;
}

/* Windows by depth, within it by their place in the set. */
static int order_windows(struct plan *plan, const uint32_t *depths, uint32_t n,
                         uint32_t *ret_window_of)
{
    for (uint32_t depth = 0; plan->windows.len < n; depth++) {
        for (uint32_t c = 0; c < n; c++) {
            struct plan_window window = {.correlation = c};
            if (depths[c] != depth)
                continue;
            ret_window_of[c] = (uint32_t)plan->windows.len;
            if (vec_push(&plan->windows, window) < 0)
                return -ENOMEM;
        }
    }
    return 0;
}

/*
 * Turns "lists" around into "is listed by", for the rules or for the correlations:
 * users[firsts[i] .. firsts[i + 1] - 1] list number i. `firsts` has n + 2 zeroed entries.
 */
static struct plan_user *find_users(const struct sigma_set *set, bool correlations, uint32_t n,
                                    uint32_t *firsts)
{
    struct plan_user *users = NULL;
    for (int fill = 0; fill < 2; fill++) {
        for (uint32_t c = 0; c < set->correlations.len; c++) {
            const struct sigma_correlation *correlation = set->correlations.items[c];
            for (uint32_t s = 0; s < correlation->n_sources; s++) {
                const struct sigma_source *source = &correlation->sources[s];
                if (source->correlation != correlations)
                    continue;
                if (fill)
                    users[firsts[source->index + 1]++] =
                        (struct plan_user){.correlation = c, .source = s};
                else
                    firsts[source->index + 2]++;
            }
        }
        if (fill)
            break;
        for (uint32_t i = 0; i < n; i++)
            firsts[i + 2] += firsts[i + 1];
        users = calloc((size_t)firsts[n + 1] + 1, sizeof(*users));
        if (!users)
            return NULL;
    }
    return users;
}

/* The field's number among those of the rule, added where it is new. */
static int field_number(struct way *way, struct str name, uint32_t *ret_number)
{
    struct plan *plan = way->plan;
    uint32_t first = way->rule->fields;
    for (uint32_t i = 0; i < way->rule->n_fields; i++) {
        if (str_eq(plan->fields.items[first + i], name)) {
            *ret_number = i;
            return 0;
        }
    }
    if (vec_push(&plan->fields, name) < 0)
        return -ENOMEM;
    *ret_number = way->rule->n_fields++;
    return 0;
}

/*
 * What `name`, a field of the event that the way's last step sees, is called in the rule's
 * events: each match below has its group-by fields under their names, and any other field is
 * that of the events. *ret_settled: it was found among the group-by fields of the match right
 * below.
 */
static struct str resolve(const struct way *way, struct str name, bool *ret_settled)
{
    *ret_settled = false;
    for (uint32_t i = way->n_steps - 1; i-- > 0;) {
        const struct step *step = &way->steps[i];
        for (uint32_t g = 0; g < step->correlation->n_group_by; g++) {
            const struct sigma_group_field *field = &step->correlation->group_by[g];
            if (str_eq(field->name, name)) {
                name = field->by_source[step->source];
                *ret_settled |= i + 2 == way->n_steps;
                break;
            }
        }
    }
    return name;
}

/* The slot of these fields, shared by all paths that want the same. */
static int slot_number(struct way *way, const uint32_t *fields, uint32_t n, bool number,
                       uint32_t *ret_slot)
{
    struct plan *plan = way->plan;
    for (uint32_t i = 0; i < way->rule->n_slots; i++) {
        const struct plan_slot *slot = &plan->slots.items[way->rule->slots + i];
        if (slot->number == number && slot->n == n &&
            (n == 0 ||
             memcmp(plan->slot_fields.items + slot->first, fields, n * sizeof(*fields)) == 0)) {
            *ret_slot = i;
            return 0;
        }
    }
    struct plan_slot slot = {.first = (uint32_t)plan->slot_fields.len, .n = n, .number = number};
    for (uint32_t i = 0; i < n; i++)
        if (vec_push(&plan->slot_fields, fields[i]) < 0)
            return -ENOMEM;
    if (vec_push(&plan->slots, slot) < 0)
        return -ENOMEM;
    *ret_slot = way->rule->n_slots++;
    return 0;
}

static int plan_group(struct way *way, struct plan_path *path)
{
    const struct step *top = &way->steps[way->n_steps - 1];
    uint32_t fields[CORRELATE_FIELDS_MAX];
    path->settled = true;
    for (uint32_t g = 0; g < top->correlation->n_group_by; g++) {
        bool settled;
        struct str name = top->correlation->group_by[g].by_source[top->source];
        int r = field_number(way, resolve(way, name, &settled), &fields[g]);
        if (r < 0)
            return r;
        path->settled &= settled;
    }
    return slot_number(way, fields, top->correlation->n_group_by, false, &path->group_slot);
}

static int plan_value(struct way *way, struct plan_path *path)
{
    const struct sigma_correlation *correlation = way->steps[way->n_steps - 1].correlation;
    uint32_t fields[CORRELATE_FIELDS_MAX];
    path->value_slot = SLOT_NONE;
    switch (correlation->type) {
    case SIGMA_EVENT_COUNT:
    case SIGMA_TEMPORAL:
    case SIGMA_TEMPORAL_ORDERED:
        return 0;
    default:
        break;
    }
    for (uint32_t f = 0; f < correlation->n_fields; f++) {
        bool settled;
        int r = field_number(way, resolve(way, correlation->fields[f], &settled), &fields[f]);
        if (r < 0)
            return r;
        path->settled &= settled;
    }
    bool number = correlation->type != SIGMA_VALUE_COUNT;
    uint32_t n = number && correlation->n_fields > 1 ? 1 : correlation->n_fields;
    return slot_number(way, fields, n, number, &path->value_slot);
}

static struct step make_step(const struct way *way, const struct plan_user *user)
{
    return (struct step){
        .correlation = way->set->correlations.items[user->correlation],
        .number = user->correlation,
        .source = user->source,
    };
}

/* Makes room for `n` paths at the end of the plan's. */
static int add_paths(struct way *way, uint32_t n)
{
    struct plan *plan = way->plan;
    if (plan->paths.len + n > CORRELATE_PATHS_MAX)
        return err_set(way->err, -ENOTSUP, "more than %d ways from rules to correlations",
                       CORRELATE_PATHS_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (vec_push(&plan->paths, (struct plan_path){0}) < 0)
            return -ENOMEM;
    return 0;
}

/*
 * Plans the path of the way's last step into plan.paths[index], then the paths that its matches
 * take. Recursion is as deep as chains are: CORRELATE_CHAIN_MAX.
 */
static int plan_path(struct way *way, uint32_t index)
{
    struct plan *plan = way->plan;
    const struct step *top = &way->steps[way->n_steps - 1];
    uint32_t number = top->number;
    struct plan_path path = {.window = way->window_of[number], .source = top->source};
    int r = plan_group(way, &path);
    if (r == 0)
        r = plan_value(way, &path);
    if (r < 0)
        return r;

    uint32_t first_parent = way->parents_of[number];
    path.feeds = (uint32_t)plan->paths.len;
    path.n_feeds = way->parents_of[number + 1] - first_parent;
    r = add_paths(way, path.n_feeds);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < path.n_feeds; i++) {
        way->steps[way->n_steps++] = make_step(way, &way->parents[first_parent + i]);
        r = plan_path(way, path.feeds + i);
        way->n_steps--;
        if (r < 0)
            return r;
        path.open |= !plan->paths.items[path.feeds + i].settled;
    }
    plan->paths.items[index] = path;
    return 0;
}

/* The ways of one rule: one per correlation that lists it. */
static int plan_rule(struct way *way, uint32_t rule, const struct plan_user *users, uint32_t n)
{
    struct plan *plan = way->plan;
    way->rule = &plan->rules[rule];
    *way->rule = (struct plan_rule){
        .fields = (uint32_t)plan->fields.len,
        .slots = (uint32_t)plan->slots.len,
        .paths = (uint32_t)plan->paths.len,
        .n_paths = n,
    };
    int r = add_paths(way, n);
    for (uint32_t i = 0; i < n && r == 0; i++) {
        way->steps[0] = make_step(way, &users[i]);
        way->n_steps = 1;
        r = plan_path(way, way->rule->paths + i);
    }
    return r;
}

static int check_correlations(const struct sigma_set *set, struct err *err)
{
    for (uint32_t c = 0; c < set->correlations.len; c++) {
        int r = correlation_check(set->correlations.items[c], err);
        if (r < 0)
            return r;
    }
    return 0;
}

int plan_make(struct plan *plan, const struct sigma_set *set, struct err *err)
{
    uint32_t n_rules = (uint32_t)set->rules.len, n = (uint32_t)set->correlations.len;
    uint32_t *depths = calloc((size_t)n + 1, sizeof(*depths));
    uint32_t *window_of = calloc((size_t)n + 1, sizeof(*window_of));
    uint32_t *parents_of = calloc((size_t)n + 2, sizeof(*parents_of));
    uint32_t *users_of = calloc((size_t)n_rules + 2, sizeof(*users_of));
    struct plan_user *parents = NULL, *users = NULL;
    *plan = (struct plan){.n_rules = n_rules};
    plan->rules = calloc((size_t)n_rules + 1, sizeof(*plan->rules));
    int r = -ENOMEM;
    if (!depths || !window_of || !parents_of || !users_of || !plan->rules)
        goto out;
    r = check_correlations(set, err);
    if (r == 0)
        r = find_depths(set, depths, err);
    if (r < 0)
        goto out;
    r = order_windows(plan, depths, n, window_of);
    parents = find_users(set, true, n, parents_of);
    users = find_users(set, false, n_rules, users_of);
    if (r < 0 || !parents || !users) {
        r = -ENOMEM;
        goto out;
    }
    struct way way = {.plan = plan, .set = set, .window_of = window_of, .err = err};
    way.parents = parents;
    way.parents_of = parents_of;
    for (uint32_t rule = 0; rule < n_rules && r == 0; rule++)
        r = plan_rule(&way, rule, users + users_of[rule], users_of[rule + 1] - users_of[rule]);
out:
    if (r == -ENOMEM)
        err_set(err, -ENOMEM, "no memory for the correlations");
    free(depths);
    free(window_of);
    free(parents_of);
    free(users_of);
    free(parents);
    free(users);
    return r;
}
