/* What the lake has of whom, as windows to look at, and what a look says of each agency in the end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"
#include "watch/lookbacks_state.h"

#define MISSING_MAX 400   /* days that are listed */
#define NAME_SIZE_MAX 300 /* bytes of an indicator in a verdict */
#define NAMED_MAX 10000   /* pairs of an indicator and an agency that have a verdict of their own */

/* ---- what there is ---- */

static int add_share(void *context, const struct lake_share *share)
{
    struct job *job = context;
    const struct job_share copy = {
        .day = arena_copy(&job->arena, share->day),
        .dataset = arena_copy(&job->arena, share->dataset),
        .agency = arena_copy(&job->arena, share->agency),
        .rows = share->rows,
    };
    bool whole = copy.day.ptr && copy.dataset.ptr && copy.agency.ptr;
    return whole ? vec_push(&job->shares, copy) : -ENOMEM;
}

static int newest_day_first(const void *a, const void *b)
{
    const struct job_share *x = a, *y = b;
    return str_compare(y->day, x->day);
}

/* When the day begins; false: it is none ("other", "held"). */
static bool day_begin(struct str day, int64_t *ret_time)
{
    char text[32];
    if (day.len != 10)
        return false;
    int len = snprintf(text, sizeof(text), "%.*sT00:00:00Z", STR_ARG(day));
    return time_parse(str_of(text, (size_t)len), ret_time) == 0;
}

static bool is_looked_into(const struct job *job, struct str dataset)
{
    const struct str *names;
    size_t n = lookback_datasets(job->lookback, &names);
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], dataset))
            return true;
    return false;
}

static uint64_t rows_of_day(const struct job *job, struct str day)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < job->shares.len; i++)
        if (str_eq(job->shares.items[i].day, day) &&
            is_looked_into(job, job->shares.items[i].dataset))
            rows += job->shares.items[i].rows;
    return rows;
}

/* Each day of the lake, and what lies between them: events of other times are kept in files of their own. */
static int make_windows(struct job *job)
{
    int64_t last = INT64_MAX, first;
    uint64_t elsewhere = rows_of_day(job, STR("other")) + rows_of_day(job, STR("held"));
    int r = 0;
    for (size_t i = 0; r == 0 && i < job->shares.len; i++) {
        struct str day = job->shares.items[i].day;
        if ((i > 0 && str_eq(job->shares.items[i - 1].day, day)) || !day_begin(day, &first))
            continue;
        if (first + TIME_DAY_US < last && elsewhere)
            r = vec_push(&job->windows, (struct job_window){first + TIME_DAY_US, last, 0});
        if (r == 0)
            r = vec_push(&job->windows,
                         (struct job_window){first, first + TIME_DAY_US, rows_of_day(job, day)});
        last = first;
    }
    if (r == 0 && elsewhere)
        r = vec_push(&job->windows, (struct job_window){INT64_MIN, last, elsewhere});
    return r;
}

int job_read_shares(struct job *job)
{
    const struct lookbacks_options *options = &job->lookbacks->options;
    const struct lake_part any = {0};
    int r = options->engine->shares(options->lake, &any, add_share, job);
    if (r == 0 && job->shares.len)
        qsort(job->shares.items, job->shares.len, sizeof(*job->shares.items), newest_day_first);
    if (r == 0)
        r = make_windows(job);
    job->kept.total = 0;
    for (size_t i = 0; i < job->windows.len; i++)
        job->kept.total += job->windows.items[i].rows;
    return r;
}

/* ---- matches ---- */

/* Its number among the matches; MAP_NONE: there is none. The key is left in job->text. */
static uint32_t find_matches(struct job *job, struct str rule, struct str agency)
{
    buf_clear(&job->text);
    buf_add_str(&job->text, rule);
    buf_add_byte(&job->text, '\n');
    buf_add_str(&job->text, agency);
    return job->text.failed ? MAP_NONE : map_get(&job->match_ids, buf_str(&job->text));
}

static int add_matches(struct job *job, size_t rule_len, uint32_t *ret_index)
{
    struct str key = arena_copy(&job->arena, buf_str(&job->text));
    const struct job_matches matches = {.rule = str_first(key, rule_len),
                                        .agency = str_skip(key, rule_len + 1)};
    uint32_t index = (uint32_t)job->matches.len;
    if (job->text.failed || !key.ptr || vec_push(&job->matches, matches) < 0)
        return -ENOMEM;
    if (map_put(&job->match_ids, key, index) < 0) {
        job->matches.len--;
        return -ENOMEM;
    }
    *ret_index = index;
    return 0;
}

/* Of a rule and agency that are not among them yet only where there are fewer than `max`. */
static int note(struct job *job, struct str rule, struct str agency, int64_t time, size_t max)
{
    uint32_t index = find_matches(job, rule, agency);
    if (index == MAP_NONE && job->matches.len >= max)
        return 0;
    int r = index == MAP_NONE ? add_matches(job, rule.len, &index) : 0;
    if (r < 0)
        return r;
    struct job_matches *matches = &job->matches.items[index];
    if (matches->n == 0 || time < matches->first)
        matches->first = time;
    if (matches->n == 0 || time > matches->last)
        matches->last = time;
    matches->n++;
    return 0;
}

int job_note(struct job *job, struct str rule, struct str agency, int64_t time)
{
    return note(job, rule, agency, time, SIZE_MAX);
}

/* Its beginning, of whole characters. */
static struct str shortened(struct str value)
{
    struct str text = str_first(value, NAME_SIZE_MAX);
    return str_first(text, utf8_valid(text));
}

int job_note_indicator(struct job *job, const struct indicator *indicator, struct str agency,
                       int64_t time)
{
    struct buf name = {0};
    int r = job_note(job, STR(LOOKBACKS_INDICATORS), agency, time);
    buf_printf(&name, LOOKBACKS_INDICATOR "%s ", indicator_type_names[indicator->type]);
    buf_add_str(&name, shortened(indicator->value));
    if (r == 0)
        r = name.failed ? -ENOMEM : note(job, buf_str(&name), agency, time, NAMED_MAX);
    buf_free(&name);
    return r;
}

static bool is_named_indicator(struct str rule)
{
    return str_starts(rule, STR(LOOKBACKS_INDICATOR));
}

uint64_t job_count_matches(const struct job *job)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < job->matches.len; i++)
        if (!is_named_indicator(job->matches.items[i].rule))
            sum += job->matches.items[i].n;
    return sum;
}

int job_put_matches(struct job *job, struct ledger *ledger)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < job->matches.len; i++) {
        const struct job_matches *matches = &job->matches.items[i];
        const struct kept_verdict verdict = {
            .rule = matches->rule,
            .agency = matches->agency,
            .verdict = VERDICT_AFFECTED,
            .matches = matches->n,
            .first = matches->first,
            .last = matches->last,
            .datasets = STR("[]"),
            .missing = STR("[]"),
        };
        if (matches->n)
            r = kept_verdict_put(ledger, job->kept.id, &verdict);
    }
    return r;
}

void job_forget(struct job *job)
{
    job->kept.matches += job_count_matches(job);
    for (size_t i = 0; i < job->matches.len; i++)
        job->matches.items[i].n = 0;
}

/* ---- verdicts ---- */

/* What a verdict is about: it decides which datasets there must be. */
enum subject_kind { SUBJECT_RULE, SUBJECT_CORRELATION, SUBJECT_INDICATORS };
struct subject {
    struct str id;
    enum subject_kind kind;
    uint32_t number; /* of a rule, or correlation */
};

/* Is the dataset one that the subject is for? A correlation is for those of what it counts. */
static bool is_for(const struct job *job, enum subject_kind kind, uint32_t number,
                   struct str dataset)
{
    if (kind == SUBJECT_INDICATORS)
        return lookback_concerns_indicators(job->lookback, dataset);
    if (kind == SUBJECT_RULE)
        return lookback_concerns(job->lookback, number, dataset);
    const struct sigma_correlation *is = job->version->set->correlations.items[number];
    for (uint32_t i = 0; i < is->n_sources; i++)
        if (is_for(job, is->sources[i].correlation ? SUBJECT_CORRELATION : SUBJECT_RULE,
                   is->sources[i].index, dataset))
            return true;
    return false;
}

static void add_item(struct buf *json, struct str text)
{
    if (json->len > 1)
        buf_add_byte(json, ',');
    buf_add_json(json, text);
}

/* Days with rows of the agency, and those of the lake without; `days` are of the shares, newest first. */
static uint32_t count_days(const struct job *job, const bool *looked, struct str agency,
                           struct buf *missing)
{
    uint32_t days = 0, listed = 0;
    for (size_t i = 0, next; i < job->shares.len; i = next) {
        struct str day = job->shares.items[i].day;
        bool any = false;
        for (next = i; next < job->shares.len && str_eq(job->shares.items[next].day, day); next++)
            any = any || (looked[next] && str_eq(job->shares.items[next].agency, agency));
        days += any;
        if (!any && listed++ < MISSING_MAX && str_index(day, '-') < day.len)
            add_item(missing, day);
    }
    buf_add_byte(missing, ']');
    return days;
}

/* What the lake has of an agency, of the datasets that a subject is for. */
struct coverage {
    struct str datasets; /* a JSON list */
    uint32_t days;
    struct buf missing; /* days, as a JSON list */
};

static int put_verdict(struct job *job, struct ledger *ledger, struct str rule, struct str agency,
                       const struct coverage *coverage, bool affected)
{
    const struct kept_verdict verdict = {
        .rule = rule,
        .agency = agency,
        .verdict = affected         ? VERDICT_AFFECTED
                   : coverage->days ? VERDICT_CLEAN
                                    : VERDICT_CANNOT_TELL,
        .days = coverage->days,
        .datasets = coverage->datasets,
        .missing = buf_str(&coverage->missing),
    };
    return kept_verdict_put(ledger, job->kept.id, &verdict);
}

struct agency_list {
    VEC(struct str) names;
};

static int add_agency(struct agency_list *list, struct str name)
{
    for (size_t i = 0; i < list->names.len; i++)
        if (str_eq(list->names.items[i], name))
            return 0;
    return vec_push(&list->names, name);
}

/* Those that sent something, and those of the configuration. */
static int list_agencies(const struct job *job, struct agency_list *list)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < job->shares.len; i++)
        r = add_agency(list, job->shares.items[i].agency);
    for (size_t i = 0; r == 0 && i < job->version->n_agencies; i++)
        r = add_agency(list, job->version->agencies[i].name);
    return r;
}

/* Indicators that were found there, each by itself. */
static int put_named(struct job *job, struct ledger *ledger, struct str agency,
                     const struct coverage *coverage)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < job->matches.len; i++) {
        const struct job_matches *matches = &job->matches.items[i];
        if (is_named_indicator(matches->rule) && str_eq(matches->agency, agency))
            r = put_verdict(job, ledger, matches->rule, agency, coverage, true);
    }
    return r;
}

static int put_agency(struct job *job, struct ledger *ledger, const struct subject *subject,
                      struct str agency, const bool *looked, struct str datasets, bool affected)
{
    struct coverage coverage = {.datasets = datasets};
    buf_add_byte(&coverage.missing, '[');
    coverage.days = count_days(job, looked, agency, &coverage.missing);
    int r = coverage.missing.failed
                ? -ENOMEM
                : put_verdict(job, ledger, subject->id, agency, &coverage, affected);
    if (r == 0 && subject->kind == SUBJECT_INDICATORS)
        r = put_named(job, ledger, agency, &coverage);
    buf_free(&coverage.missing);
    return r;
}

static int put_subject(struct job *job, struct ledger *ledger, const struct subject *subject,
                       const struct agency_list *agencies, bool all)
{
    struct buf datasets = {0};
    const struct str *names;
    size_t n = lookback_datasets(job->lookback, &names);
    bool *looked = calloc(job->shares.len + 1, sizeof(*looked));
    int r = looked ? 0 : -ENOMEM;
    buf_add_byte(&datasets, '[');
    for (size_t i = 0; r == 0 && i < n; i++) {
        if (!is_for(job, subject->kind, subject->number, names[i]))
            continue;
        add_item(&datasets, names[i]);
        for (size_t k = 0; k < job->shares.len; k++)
            looked[k] = looked[k] || str_eq(job->shares.items[k].dataset, names[i]);
    }
    buf_add_byte(&datasets, ']');
    if (r == 0 && datasets.failed)
        r = -ENOMEM;
    for (size_t i = 0; r == 0 && i < agencies->names.len; i++) {
        struct str agency = agencies->names.items[i];
        bool affected = find_matches(job, subject->id, agency) != MAP_NONE;
        if (all || affected)
            r = put_agency(job, ledger, subject, agency, looked, buf_str(&datasets), affected);
    }
    buf_free(&datasets);
    free(looked);
    return r;
}

/* Those that earlier runs of the look have found, too. */
static int add_earlier(void *context, const struct kept_verdict *verdict)
{
    struct job *job = context;
    if (verdict->verdict != VERDICT_AFFECTED)
        return 0;
    int r = job_note(job, verdict->rule, verdict->agency, verdict->last);
    if (r == 0) /* known, and counted already */
        job->matches.items[map_get(&job->match_ids, buf_str(&job->text))].n--;
    return r;
}

int job_put_verdicts(struct job *job, struct ledger *ledger)
{
    const struct ledger_scope everything = {.all = true};
    const struct sigma_set *set = job->version->set;
    struct agency_list agencies = {0};
    uint64_t n = 0;
    int r = kept_verdict_list(ledger, &everything, job->kept.id, add_earlier, job);
    if (r == 0)
        r = list_agencies(job, &agencies);
    for (size_t i = 0; i < set->rules.len; i++)
        n += job->rules[i];
    for (size_t i = 0; i < set->correlations.len; i++)
        n += job->correlations[i];
    bool all = n * agencies.names.len <= LOOKBACKS_VERDICTS_MAX;
    for (uint32_t i = 0; r == 0 && i < set->rules.len; i++) {
        const struct subject subject = {find_rule_id(&set->rules.items[i]->meta), SUBJECT_RULE, i};
        r = job->rules[i] ? put_subject(job, ledger, &subject, &agencies, all) : 0;
    }
    for (uint32_t i = 0; r == 0 && i < set->correlations.len; i++) {
        const struct subject subject = {find_rule_id(&set->correlations.items[i]->meta),
                                        SUBJECT_CORRELATION, i};
        r = job->correlations[i] ? put_subject(job, ledger, &subject, &agencies, all) : 0;
    }
    const struct subject indicators = {STR(LOOKBACKS_INDICATORS), SUBJECT_INDICATORS, 0};
    if (r == 0 && job->news.news)
        r = put_subject(job, ledger, &indicators, &agencies, true);
    vec_free(&agencies.names);
    return r;
}
