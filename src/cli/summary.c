#include "cli/summary.h"

#include <errno.h>
#include <stdlib.h>

#define MEMORY_MAX (64u << 20) /* bytes of hosts' names and errors' texts */
#define NAME_MAX_BYTES 1024    /* of a host's name that is kept */

int summary_init(struct summary *summary, const struct sigma_set *set)
{
    *summary = (struct summary){.set = set};
    summary->n_rules = set->rules.len + set->correlations.len;
    summary->rules = calloc(summary->n_rules ? summary->n_rules : 1, sizeof(*summary->rules));
    if (!summary->rules)
        return -ENOMEM;
    arena_init(&summary->arena, MEMORY_MAX);
    for (size_t i = 0; i < summary->n_rules; i++)
        summary->rules[i] = (struct out_rule_count){.first = TIME_UNSET, .last = TIME_UNSET};
    for (size_t i = 0; i < set->rules.len; i++)
        summary->rules[i].meta = &set->rules.items[i]->meta;
    for (size_t i = 0; i < set->correlations.len; i++)
        summary->rules[set->rules.len + i].meta = &set->correlations.items[i]->meta;
    return 0;
}

void summary_free(struct summary *summary)
{
    map_free(&summary->hosts);
    vec_free(&summary->host_counts);
    vec_free(&summary->errors);
    vec_free(&summary->indicators);
    arena_free(&summary->arena);
    free(summary->rules);
    *summary = (struct summary){0};
}

/* The row of a host: new where there is room, NULL where there is none. */
static struct out_host_count *host_count(struct summary *summary, struct str host)
{
    host = str_first(host, NAME_MAX_BYTES);
    uint32_t index = map_get(&summary->hosts, host);
    if (index != MAP_NONE)
        return &summary->host_counts.items[index];
    if (summary->host_counts.len == OUT_HOSTS_MAX)
        return NULL;
    struct out_host_count row = {.host = arena_copy(&summary->arena, host)};
    index = (uint32_t)summary->host_counts.len;
    if (!row.host.ptr || vec_push(&summary->host_counts, row) < 0)
        return NULL;
    if (map_put(&summary->hosts, row.host, index) < 0) {
        summary->host_counts.len--;
        return NULL;
    }
    return &summary->host_counts.items[index];
}

/* The row of what the finding is of; NULL: no memory. */
static struct out_rule_count *rule_count(struct summary *summary, const struct finding *finding)
{
    size_t first = finding->correlation ? summary->set->rules.len : 0;
    if (!finding->indicator)
        return &summary->rules[first + finding->index];
    while (summary->indicators.len <= finding->index)
        if (vec_push(&summary->indicators,
                     (struct out_rule_count){.first = TIME_UNSET, .last = TIME_UNSET}) < 0)
            return NULL;
    summary->indicators.items[finding->index].meta = finding->meta;
    return &summary->indicators.items[finding->index];
}

void summary_add_finding(struct summary *summary, const struct finding *finding)
{
    struct out_rule_count *rule = rule_count(summary, finding);
    struct out_host_count *host =
        host_count(summary, finding->event ? finding->event->host : (struct str){"", 0});
    summary->figures.findings++;
    summary->figures.by_level[finding->meta->level]++;
    if (rule) {
        rule->count++;
        time_extend(&rule->first, &rule->last, finding_time(finding));
    }
    if (host) {
        host->count++;
        host->by_level[finding->meta->level]++;
    } else {
        summary->figures.other_hosts++;
    }
}

void summary_add_error(struct summary *summary, struct str path, const struct scan_error *error)
{
    if (summary->errors.len >= OUT_ERRORS_MAX)
        return;
    struct out_error row = {
        .path = arena_copy(&summary->arena, path),
        .offset = error->offset == SCAN_NO_PLACE ? OUT_NO_PLACE : error->offset,
        .record = error->record,
        .message = arena_copy(&summary->arena, error->message),
    };
    if (row.path.ptr && row.message.ptr)
        (void)vec_push(&summary->errors, row);
}

static int by_severity(const void *a, const void *b)
{
    const struct out_rule_count *left = a, *right = b;
    if ((left->count == 0) != (right->count == 0))
        return left->count == 0 ? 1 : -1;
    if (left->meta->level != right->meta->level)
        return left->meta->level < right->meta->level ? 1 : -1;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return str_compare(left->meta->title, right->meta->title);
}

static int by_count(const void *a, const void *b)
{
    const struct out_host_count *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return str_compare(left->host, right->host);
}

/* Indicators stand among the rules in reports. */
static void join_indicators(struct summary *summary)
{
    size_t n = summary->n_rules + summary->indicators.len;
    struct out_rule_count *rules =
        summary->indicators.len ? realloc(summary->rules, n * sizeof(*rules)) : NULL;
    if (!rules)
        return;
    summary->rules = rules;
    for (size_t i = 0; i < summary->indicators.len; i++)
        if (summary->indicators.items[i].count)
            rules[summary->n_rules++] = summary->indicators.items[i];
}

void summary_finish(struct summary *summary)
{
    struct out_summary *figures = &summary->figures;
    join_indicators(summary);
    qsort(summary->rules, summary->n_rules, sizeof(summary->rules[0]), by_severity);
    if (summary->host_counts.len)
        qsort(summary->host_counts.items, summary->host_counts.len,
              sizeof(summary->host_counts.items[0]), by_count);
    figures->rules = summary->rules;
    while (figures->n_rules < summary->n_rules && summary->rules[figures->n_rules].count)
        figures->n_rules++;
    figures->hosts = summary->host_counts.items;
    figures->n_hosts = summary->host_counts.len;
    figures->errors = summary->errors.items;
    figures->n_errors = summary->errors.len;
}
