#include "sigma/correlate.h"
#include "sigma/reader.h"

/* What may be referred to: an index into rules or correlations, or one of these. */
#define AMBIGUOUS (MAP_NONE - 1)
#define CORRELATION_BIT (1u << 31)

struct linker {
    struct sigma_set *set;
    struct map ids;   /* lower case id → entry, for doubles; then → target */
    struct map names; /* name → target */
    VEC(struct pending_correlation *) correlations; /* targets with CORRELATION_BIT */
};

int refuse(struct sigma_set *set, struct str origin, struct str title, struct str id,
           const struct err *err)
{
    struct sigma_refusal refusal = {.origin = arena_copy(&set->arena, origin),
                                    .title = arena_copy(&set->arena, title),
                                    .id = arena_copy(&set->arena, id),
                                    .err = *err};
    if (!refusal.origin.ptr || !refusal.title.ptr || !refusal.id.ptr)
        return -ENOMEM;
    return vec_push(&set->refusals, refusal);
}

int refuse_meta(struct sigma_set *set, const struct sigma_meta *meta, const struct err *err)
{
    return refuse(set, meta->origin, meta->title, meta->id, err);
}

static const struct sigma_meta *entry_meta(const struct entry *entry)
{
    return entry->rule          ? &entry->rule->meta
           : entry->correlation ? &entry->correlation->correlation->meta
                                : &entry->filter->meta;
}

/* UUIDs are the same in any case (RFC 9562, 4); ptr is NULL without memory. */
static struct str lower_case(struct arena *arena, struct str s)
{
    char *bytes = arena_bytes(arena, s.len + 1);
    if (!bytes)
        return (struct str){0};
    for (size_t i = 0; i < s.len; i++)
        bytes[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 0x20) : s.ptr[i];
    return str_of(bytes, s.len);
}

/* The rules made for an aggregation go with it. */
static void drop_derived(const struct pending_correlation *correlation)
{
    for (uint32_t i = 0; i < correlation->n_references; i++)
        if (correlation->references[i].rule)
            correlation->references[i].rule->number = SIGMA_NONE;
}

/*
 * Refuses documents whose id an earlier one has. Documents that got it from the same
 * `action: global` share it.
 */
static int refuse_doubles(struct linker *l)
{
    struct sigma_reader *reader = l->set->reader;
    for (uint32_t i = 0; i < reader->entries.len; i++) {
        struct entry *entry = &reader->entries.items[i];
        const struct sigma_meta *meta = entry_meta(entry);
        if (meta->id.len == 0 || (entry->rule && entry->rule->derived))
            continue;
        struct str id = lower_case(&l->set->arena, meta->id);
        if (!id.ptr)
            return -ENOMEM;
        uint32_t first = map_get(&l->ids, id);
        if (first == MAP_NONE) {
            if (map_put(&l->ids, id, i) < 0)
                return -ENOMEM;
            continue;
        }
        const struct sigma_meta *other = entry_meta(&reader->entries.items[first]);
        if (other->origin.ptr == meta->origin.ptr && other->id_line == meta->id_line)
            continue;
        struct err err;
        err_at(&err, -EEXIST, meta->id_line, 0, "'%.*s' in %.*s has the same id",
               STR_ARG(str_first(other->title, 80)), STR_ARG(str_first(other->origin, 160)));
        if (refuse_meta(l->set, meta, &err) < 0)
            return -ENOMEM;
        if (entry->correlation)
            drop_derived(entry->correlation);
        *entry = (struct entry){0};
    }
    map_free(&l->ids);
    return 0;
}

/* Makes a target known by key; a second one makes the key ambiguous. */
static int add_target(struct map *map, struct str key, uint32_t target)
{
    if (key.len == 0)
        return 0;
    uint32_t known = map_get(map, key);
    return map_put(map, key, known == MAP_NONE || known == target ? target : AMBIGUOUS) < 0
               ? -ENOMEM
               : 0;
}

static int add_targets(struct linker *l, const struct sigma_meta *meta, uint32_t target)
{
    struct str id = lower_case(&l->set->arena, meta->id);
    if (!id.ptr)
        return -ENOMEM;
    int status = add_target(&l->ids, id, target);
    return status < 0 ? status : add_target(&l->names, meta->name, target);
}

/* Numbers what stays, and makes it known by id and name. */
static int collect_entries(struct linker *l)
{
    struct sigma_set *set = l->set;
    for (uint32_t i = 0; i < set->reader->entries.len; i++) {
        const struct entry *entry = &set->reader->entries.items[i];
        int status = 0;
        if (entry->rule && entry->rule->number != SIGMA_NONE) {
            entry->rule->number = (uint32_t)set->rules.len;
            set->n_derived += entry->rule->derived;
            status = vec_push(&set->rules, entry->rule);
            if (status == 0 && !entry->rule->derived)
                status = add_targets(l, &entry->rule->meta, entry->rule->number);
        } else if (entry->correlation) {
            uint32_t number = (uint32_t)l->correlations.len;
            status = vec_push(&l->correlations, entry->correlation);
            if (status == 0)
                status = add_targets(l, &entry->correlation->correlation->meta,
                                     number | CORRELATION_BIT);
        }
        if (status < 0)
            return status;
    }
    return 0;
}

/* By id, else by name: a target, AMBIGUOUS or MAP_NONE. -ENOMEM is reported as MAP_NONE. */
static uint32_t find_target(const struct linker *l, struct str reference)
{
    struct str id = lower_case(&l->set->arena, reference);
    uint32_t target = id.ptr ? map_get(&l->ids, id) : MAP_NONE;
    return target == MAP_NONE ? map_get(&l->names, reference) : target;
}

/* A filter's reference to a rule; to a legacy rule's correlation: the rule under it. */
static struct sigma_rule *find_rule(const struct linker *l, struct str reference)
{
    uint32_t target = find_target(l, reference);
    if (target == MAP_NONE || target == AMBIGUOUS)
        return NULL;
    if (target & CORRELATION_BIT)
        return l->correlations.items[target & ~CORRELATION_BIT]->references[0].rule;
    return l->set->rules.items[target];
}

/* Is the filter for that rule? Counts it, and says whether the rule has room for no more. */
static bool take_rule(const struct pending_filter *filter, const struct sigma_rule *rule,
                      struct sigma_filter *taken, bool *ret_full)
{
    if (!rule || !filter_fits(filter, rule))
        return false;
    taken->n_rules++;
    *ret_full = *ret_full || rule->n_filters == SIGMA_FILTERS_MAX;
    return true;
}

static int refuse_filter(struct linker *l, const struct pending_filter *filter, bool full)
{
    struct err err;
    const struct reference *first = filter->references;
    if (full)
        err_at(&err, -E2BIG, filter->meta.line, 0, "a rule that it is for has %d filters already",
               SIGMA_FILTERS_MAX);
    else
        err_at(&err, -ENOENT, first->line, first->column,
               find_rule(l, first->text) ? "the rule '%.*s' has another logsource than the filter"
                                         : "there is no rule '%.*s' to filter",
               STR_ARG(str_first(first->text, 80)));
    return refuse_meta(l->set, &filter->meta, &err);
}

/* All or nothing: the filter is counted on every rule it is for before it is applied to any. */
static int apply_filter(struct linker *l, const struct pending_filter *filter)
{
    struct sigma_set *set = l->set;
    struct sigma_filter taken = {
        .meta = filter->meta, .logsource = filter->logsource, .any = filter->any};
    bool full = false;
    size_t candidates = filter->any ? set->rules.len : filter->n_references;
    VEC(struct sigma_rule *) rules = {0};
    int status = 0;
    for (size_t i = 0; i < candidates && status == 0; i++) {
        struct sigma_rule *rule =
            filter->any ? set->rules.items[i] : find_rule(l, filter->references[i].text);
        if (take_rule(filter, rule, &taken, &full))
            status = vec_push(&rules, rule);
        else
            taken.n_unknown += !filter->any;
    }
    bool refused = full || (!filter->any && taken.n_rules == 0);
    for (size_t i = 0; i < rules.len && !refused && status == 0; i++)
        status = filter_apply(set, filter, rules.items[i]);
    vec_free(&rules);
    if (status < 0)
        return status;
    return refused ? refuse_filter(l, filter, full) : vec_push(&set->filters, taken);
}

static int apply_filters(struct linker *l)
{
    int status = 0;
    for (uint32_t i = 0; i < l->set->reader->entries.len && status == 0; i++)
        if (l->set->reader->entries.items[i].filter)
            status = apply_filter(l, l->set->reader->entries.items[i].filter);
    return status;
}

static int resolve(struct linker *l, struct pending_correlation *pending, uint32_t depth);

/* Turns a reference into a source. 1: refused, err says why; 0; -ENOMEM. */
static int resolve_reference(struct linker *l, const struct reference *reference, uint32_t depth,
                             struct sigma_source *ret_source, struct err *err)
{
    struct str text = str_first(reference->text, 80);
    if (reference->rule) {
        *ret_source = (struct sigma_source){false, reference->rule->number};
        return 0;
    }
    uint32_t target = find_target(l, reference->text);
    if (target == MAP_NONE || target == AMBIGUOUS) {
        err_at(err, -ENOENT, reference->line, reference->column,
               target == MAP_NONE ? "there is no rule '%.*s' (or it was refused)"
                                  : "several rules are called '%.*s'",
               STR_ARG(text));
        return 1;
    }
    if (!(target & CORRELATION_BIT)) {
        *ret_source = (struct sigma_source){false, target};
        return 0;
    }
    struct pending_correlation *other = l->correlations.items[target & ~CORRELATION_BIT];
    if (other->state == PENDING_UNDER_WAY || depth == SIGMA_CHAIN_MAX) {
        err_at(err, -ELOOP, reference->line, reference->column,
               other->state == PENDING_UNDER_WAY
                   ? "through '%.*s' the correlation counts itself"
                   : "at '%.*s' the chain of correlations is too long",
               STR_ARG(text));
        return 1;
    }
    int status = resolve(l, other, depth + 1);
    if (status < 0)
        return status;
    if (other->state == PENDING_REFUSED) {
        err_at(err, -ENOENT, reference->line, reference->column,
               "the correlation '%.*s' was refused", STR_ARG(text));
        return 1;
    }
    *ret_source = (struct sigma_source){true, other->correlation->number};
    return 0;
}

/* The same rule twice would count twice, or never come true. */
static int check_doubled(const struct pending_correlation *pending, uint32_t index, struct err *err)
{
    const struct sigma_source *sources = pending->correlation->sources;
    for (uint32_t i = 0; i < index; i++) {
        if (sources[i].correlation != sources[index].correlation ||
            sources[i].index != sources[index].index)
            continue;
        const struct reference *reference = &pending->references[index];
        err_at(err, -EINVAL, reference->line, reference->column, "the rule '%.*s' is listed twice",
               STR_ARG(str_first(reference->text, 80)));
        return 1;
    }
    return 0;
}

static int resolve_sources(struct linker *l, struct pending_correlation *pending, uint32_t depth,
                           struct err *err)
{
    struct sigma_correlation *correlation = pending->correlation;
    correlation->sources =
        arena_zero(&l->set->arena, pending->n_references, sizeof(*correlation->sources));
    if (!correlation->sources)
        return -ENOMEM;
    int status = 0;
    for (uint32_t i = 0; i < pending->n_references && status == 0; i++) {
        status =
            resolve_reference(l, &pending->references[i], depth, &correlation->sources[i], err);
        if (status == 0)
            status = check_doubled(pending, i, err);
    }
    correlation->n_sources = pending->n_references;
    return status;
}

/* Which source an alias speaks of, or n_sources. */
static uint32_t alias_source(const struct linker *l, const struct pending_correlation *pending,
                             const struct pending_alias *alias)
{
    const struct sigma_correlation *correlation = pending->correlation;
    uint32_t target = find_target(l, alias->reference), i = 0;
    if (target != MAP_NONE && target != AMBIGUOUS && (target & CORRELATION_BIT))
        target =
            l->correlations.items[target & ~CORRELATION_BIT]->correlation->number | CORRELATION_BIT;
    while (i < correlation->n_sources &&
           (correlation->sources[i].index |
            (correlation->sources[i].correlation ? CORRELATION_BIT : 0)) != target)
        i++;
    return i;
}

static int resolve_groups(struct linker *l, struct pending_correlation *pending, struct err *err)
{
    struct sigma_correlation *correlation = pending->correlation;
    struct arena *arena = &l->set->arena;
    correlation->group_by = arena_zero(arena, pending->n_group_by, sizeof(*correlation->group_by));
    if (!correlation->group_by)
        return -ENOMEM;
    correlation->n_group_by = pending->n_group_by;
    for (uint32_t i = 0; i < pending->n_group_by; i++) {
        struct sigma_group_field *group = &correlation->group_by[i];
        group->name = pending->group_by[i];
        group->by_source = arena_zero(arena, correlation->n_sources, sizeof(*group->by_source));
        if (!group->by_source)
            return -ENOMEM;
        for (uint32_t source = 0; source < correlation->n_sources; source++)
            group->by_source[source] = group->name;
    }
    for (uint32_t i = 0; i < pending->n_aliases; i++) {
        const struct pending_alias *alias = &pending->aliases[i];
        uint32_t source = alias_source(l, pending, alias);
        if (source == correlation->n_sources) {
            err_at(err, -ENOENT, alias->line, alias->column,
                   "the alias is about '%.*s', which is none of the correlation's rules",
                   STR_ARG(str_first(alias->reference, 80)));
            return 1;
        }
        for (uint32_t group = 0; group < pending->n_group_by; group++)
            if (str_eq(correlation->group_by[group].name, alias->name))
                correlation->group_by[group].by_source[source] = alias->field;
    }
    return 0;
}

/* Depth first, so that sources come before what counts them. As deep as SIGMA_CHAIN_MAX. */
static int resolve(struct linker *l, struct pending_correlation *pending, uint32_t depth)
{
    if (pending->state != PENDING_UNTOUCHED)
        return 0;
    pending->state = PENDING_UNDER_WAY;
    struct err err = {0};
    int status = resolve_sources(l, pending, depth, &err);
    if (status == 0)
        status = resolve_groups(l, pending, &err);
    if (status == 0 && correlation_check(pending->correlation, &err) < 0)
        status = 1; /* past the limits of the engine */
    if (status < 0)
        return status;
    if (status > 0) {
        pending->state = PENDING_REFUSED;
        return refuse_meta(l->set, &pending->correlation->meta, &err);
    }
    pending->state = PENDING_TAKEN;
    pending->correlation->number = (uint32_t)l->set->correlations.len;
    return vec_push(&l->set->correlations, pending->correlation);
}

/* Rules that only serve a correlation are no findings of their own. */
static void silence_sources(struct linker *l)
{
    for (size_t i = 0; i < l->correlations.len; i++) {
        const struct pending_correlation *pending = l->correlations.items[i];
        if (pending->state != PENDING_TAKEN || pending->sources_generate)
            continue;
        for (uint32_t source = 0; source < pending->correlation->n_sources; source++) {
            struct sigma_source of = pending->correlation->sources[source];
            if (of.correlation)
                l->set->correlations.items[of.index]->generate = false;
            else
                l->set->rules.items[of.index]->generate = false;
        }
    }
}

int sigma_set_link(struct sigma_set *set)
{
    struct linker l = {.set = set};
    int status = refuse_doubles(&l);
    if (status == 0)
        status = collect_entries(&l);
    if (status == 0)
        status = apply_filters(&l);
    for (size_t i = 0; i < l.correlations.len && status == 0; i++)
        status = resolve(&l, l.correlations.items[i], 1);
    if (status == 0)
        silence_sources(&l);
    map_free(&l.ids);
    map_free(&l.names);
    vec_free(&l.correlations);
    reader_close(set);
    return status;
}
