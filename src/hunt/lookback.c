#include "hunt/lookback.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "hunt/lookback_inside.h"
#include "io/clock.h"

#define ARENA_MAX ((size_t)64 << 20)
#define FETCHED_MAX ((size_t)64 << 20) /* bytes of events that are held at once */
#define KEY_OFFSET_BITS 48
#define KEY_OFFSET ((UINT64_C(1) << KEY_OFFSET_BITS) - 1)

/* Asked for where the lake's own columns are enough. */
static const struct str no_column = {"_none", 5};

/* ---- the plan ---- */

static int add_target(struct lookback *lookback, struct str name)
{
    const struct datasets *datasets = lookback->options.datasets;
    struct lookback_target target = {.name = arena_copy(&lookback->arena, name)};
    if (!target.name.ptr)
        return -ENOMEM;
    target.dataset = datasets_find(datasets, target.name);
    if (target.dataset == DATASET_NONE && !str_eq(name, STR(LAKE_UNRECOGNISED)))
        return 0; /* of a dataset that is no more */
    int status = lookback_narrow(lookback, &target);
    if (status == 0)
        status = vec_push(&lookback->names, target.name);
    if (status == 0)
        status = vec_push(&lookback->targets, target);
    if (status < 0) {
        buf_free(&target.where);
        vec_free(&target.columns);
    }
    return status == -ENOENT ? 0 : status;
}

static int add_dataset(void *context, struct str name)
{
    struct lookback *lookback = context;
    return vec_push(&lookback->names, arena_copy(&lookback->arena, name));
}

/* Callbacks of the lake may not call it: names first. */
static int make_plan(struct lookback *lookback)
{
    const struct lookback_options *options = &lookback->options;
    int status =
        hunt_catalogue_read(lookback->catalogue, options->ops, options->lake, &options->scope);
    if (status == 0)
        status = options->ops->datasets(options->lake, &options->scope, add_dataset, lookback);
    struct str *names = lookback->names.items;
    size_t n = lookback->names.len;
    lookback->names.items = NULL;
    lookback->names.len = lookback->names.cap = 0;
    for (size_t i = 0; status == 0 && i < n; i++)
        status = names[i].ptr ? add_target(lookback, names[i]) : -ENOMEM;
    free(names);
    return status;
}

struct lookback *lookback_new(const struct lookback_options *options, struct err *err)
{
    struct lookback *lookback = calloc(1, sizeof(*lookback));
    if (!lookback) {
        (void)err_set(err, -ENOMEM, "no memory to look back");
        return NULL;
    }
    lookback->options = *options;
    arena_init(&lookback->arena, ARENA_MAX);
    pthread_mutex_init(&lookback->lock, NULL);
    lookback->catalogue = hunt_catalogue_new();
    lookback->matcher = matcher_new(options->ruleset);
    lookback->matched = calloc(options->set->rules.len + 1, sizeof(*lookback->matched));
    if (options->intel)
        lookback->intel = intel_matcher_new(options->intel, options->datasets);
    if (lookback->intel && options->news) {
        intel_matcher_only(lookback->intel, options->news);
        lookback->screen = options->screens ? screens_put(options->screens, options->news) : 0;
    }
    int status = remaker_init(&lookback->remaker, options->fields);
    if (!lookback->catalogue || !lookback->matcher || !lookback->matched ||
        (options->intel && !lookback->intel))
        status = -ENOMEM;
    if (status == 0)
        status = make_plan(lookback);
    if (status == 0)
        return lookback;
    (void)err_set(err, status, "no plan to look back: %s", strerror(-status));
    lookback_free(lookback);
    return NULL;
}

void lookback_free(struct lookback *lookback)
{
    if (!lookback)
        return;
    for (size_t i = 0; i < lookback->targets.len; i++) {
        buf_free(&lookback->targets.items[i].where);
        vec_free(&lookback->targets.items[i].columns);
    }
    vec_free(&lookback->targets);
    vec_free(&lookback->names);
    vec_free(&lookback->candidates);
    remaker_free(&lookback->remaker);
    if (lookback->screen)
        screens_take(lookback->options.screens, lookback->screen);
    intel_matcher_free(lookback->intel);
    if (lookback->matcher)
        matcher_free(lookback->matcher);
    hunt_catalogue_free(lookback->catalogue);
    free(lookback->matched);
    buf_free(&lookback->sql);
    buf_free(&lookback->values);
    arena_free(&lookback->arena);
    pthread_mutex_destroy(&lookback->lock);
    free(lookback);
}

static const struct lookback_target *target_of(const struct lookback *lookback, struct str dataset)
{
    for (size_t i = 0; i < lookback->targets.len; i++)
        if (str_eq(lookback->targets.items[i].name, dataset))
            return &lookback->targets.items[i];
    return NULL;
}

size_t lookback_datasets(const struct lookback *lookback, const struct str **ret_names)
{
    *ret_names = lookback->names.items;
    return lookback->names.len;
}

bool lookback_concerns(const struct lookback *lookback, uint32_t rule, struct str dataset)
{
    const struct lookback_target *target = target_of(lookback, dataset);
    bool tagged;
    return target &&
           lookback_wants(lookback, lookback->options.set->rules.items[rule], target, &tagged);
}

bool lookback_concerns_indicators(const struct lookback *lookback, struct str dataset)
{
    const struct lookback_target *target = target_of(lookback, dataset);
    return target && target->typed;
}

struct str lookback_where(const struct lookback *lookback, struct str dataset)
{
    const struct lookback_target *target = target_of(lookback, dataset);
    return target ? buf_str(&target->where) : STR("false");
}

/* ---- asking ---- */

void lookback_cancel(struct lookback *lookback)
{
    pthread_mutex_lock(&lookback->lock);
    lookback->cancelled = true;
    if (lookback->run)
        lookback->options.ops->cancel(lookback->run);
    pthread_mutex_unlock(&lookback->lock);
}

/* The run that a cancel is to end; NULL: none. */
static int set_run(struct lookback *lookback, struct lake_run *run)
{
    pthread_mutex_lock(&lookback->lock);
    lookback->run = run;
    bool cancelled = lookback->cancelled;
    pthread_mutex_unlock(&lookback->lock);
    return cancelled ? -ECANCELED : 0;
}

/* Asks lookback->sql over a source, and hands each chunk to `each`. */
static int ask(struct lookback *lookback, const struct lake_source *source,
               int (*each)(struct lookback *lookback, const struct lake_chunk *chunk,
                           void *context),
               void *context, struct err *err)
{
    const struct lake_ops *ops = lookback->options.ops;
    struct lake_query query = {
        .sql = buf_str(&lookback->sql),
        .sources = source,
        .n_sources = 1,
        .scope = lookback->options.scope,
        .limits = {.memory = lookback->options.memory},
    };
    struct lake_run *run = NULL;
    struct lake_chunk chunk;
    if (lookback->sql.failed)
        return err_set(err, -ENOMEM, "no memory for a query");
    if (lookback->options.deadline) {
        query.limits.time_us = lookback->options.deadline - clock_ticks_us();
        if (query.limits.time_us <= 0)
            return err_set(err, -ETIME, "the time for the look is over");
    }
    int status = ops->ask(lookback->options.lake, &query, &run, err);
    if (status < 0)
        return status;
    status = set_run(lookback, run);
    while (status == 0 && (status = ops->next(run, &chunk, err)) > 0)
        status = each(lookback, &chunk, context);
    (void)set_run(lookback, NULL);
    ops->done(run);
    return status;
}

/* ---- candidates ---- */

/* The candidates of a target, while they come. */
struct gathering {
    uint32_t target, n;
    int64_t oldest; /* of the n so far */
};

/* What is looked at at once: no more than `max` candidates of a target. */
struct window {
    int64_t first, last;
    uint32_t max;
    bool cut; /* there were more: those at `from` and before it are still to come */
    int64_t from;
};

static bool is_before(const struct lookback *lookback, int64_t key)
{
    const struct lookback_options *options = &lookback->options;
    uint64_t partition = (uint64_t)key >> KEY_OFFSET_BITS;
    return !options->until || (partition < options->n_until &&
                               ((uint64_t)key & KEY_OFFSET) < options->until[partition]);
}

/* Rows of _time, _key, _part. */
static int take_candidates(struct lookback *lookback, const struct lake_chunk *chunk, void *context)
{
    struct gathering *gathering = context;
    const struct lake_vector *columns = chunk->columns;
    if (vec_reserve(&lookback->candidates, lookback->candidates.len + chunk->n_rows) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        gathering->oldest = columns[0].integers[i];
        if (is_before(lookback, columns[1].integers[i]))
            lookback->candidates.items[lookback->candidates.len++] = (struct lookback_candidate){
                .time = columns[0].integers[i],
                .key = columns[1].integers[i],
                .part = (uint32_t)columns[2].integers[i],
                .target = gathering->target,
            };
    }
    gathering->n += chunk->n_rows;
    return 0;
}

static int gather_target(struct lookback *lookback, uint32_t number, struct window *window,
                         struct err *err)
{
    const struct lookback_target *target = &lookback->targets.items[number];
    const struct lake_source source = {
        .name = STR("t"),
        .dataset = target->name,
        .columns = target->columns.len ? target->columns.items : &no_column,
        .n_columns = target->columns.len ? target->columns.len : 1,
        .first = window->first,
        .last = window->last,
    };
    struct gathering gathering = {.target = number};
    if (!lookback->options.ops->has(lookback->options.lake, &source, &lookback->options.scope))
        return 0;
    buf_clear(&lookback->sql);
    buf_add_c(&lookback->sql, "SELECT _time, _key, _part::BIGINT FROM \"t\"");
    if (target->where.len) {
        buf_add_c(&lookback->sql, " WHERE ");
        buf_add_str(&lookback->sql, buf_str(&target->where));
    }
    buf_printf(&lookback->sql, " ORDER BY _time DESC LIMIT %u", window->max);
    int status = ask(lookback, &source, take_candidates, &gathering, err);
    if (status == 0 && gathering.n == window->max &&
        (!window->cut || gathering.oldest > window->from)) {
        window->cut = true;
        window->from = gathering.oldest;
    }
    return status;
}

static int newest_first(const void *a, const void *b)
{
    const struct lookback_candidate *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? 1 : -1;
    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return x->part < y->part ? 1 : x->part > y->part ? -1 : 0;
}

/* The candidates of all targets: all of the window, or its newest. */
static int gather(struct lookback *lookback, struct window *window, struct err *err)
{
    int status = 0;
    size_t n = 0;
    window->cut = false;
    lookback->candidates.len = 0;
    for (uint32_t i = 0; status == 0 && i < lookback->targets.len; i++)
        status = gather_target(lookback, i, window, err);
    if (status < 0)
        return status;
    for (size_t i = 0; i < lookback->candidates.len; i++)
        if (!window->cut || lookback->candidates.items[i].time > window->from)
            lookback->candidates.items[n++] = lookback->candidates.items[i];
    lookback->candidates.len = n;
    if (n)
        qsort(lookback->candidates.items, n, sizeof(*lookback->candidates.items), newest_first);
    atomic_fetch_add(&lookback->n_candidates, n);
    return 0;
}

/* ---- events ---- */

/* What is known of some candidates, in their order. */
struct fetched {
    struct arena *arena;
    const struct lookback_candidate *candidates;
    uint32_t n, target;
    struct lookback_row *rows; /* n; raw.ptr NULL: not there */
};

static struct str keep(struct arena *arena, struct str text)
{
    return text.len ? arena_copy(arena, text) : STR("");
}

/* The row that a result's _time, _key and _part are of; NULL: it is not wanted. */
static struct lookback_row *row_of(const struct fetched *fetched, const struct lake_vector *columns,
                                   uint32_t row)
{
    const struct lookback_candidate place = {.time = columns[0].integers[row],
                                             .key = columns[1].integers[row],
                                             .part = (uint32_t)columns[2].integers[row]};
    const struct lookback_candidate *candidate =
        bsearch(&place, fetched->candidates, fetched->n, sizeof(place), newest_first);
    return candidate && candidate->target == fetched->target
               ? &fetched->rows[candidate - fetched->candidates]
               : NULL;
}

/* Rows of _time, _key, _part, _received, _agency, _source, _format, _raw, _bytes. */
static int take_rows(struct lookback *lookback, const struct lake_chunk *chunk, void *context)
{
    struct fetched *fetched = context;
    const struct lake_vector *columns = chunk->columns;
    (void)lookback;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        const struct lake_vector *raw = lake_is_null(&columns[8], i) ? &columns[7] : &columns[8];
        struct lookback_row *row = row_of(fetched, columns, i);
        uint64_t key = (uint64_t)columns[1].integers[i];
        if (!row)
            continue;
        *row = (struct lookback_row){
            .id = {.partition = (uint32_t)(key >> KEY_OFFSET_BITS),
                   .offset = key & KEY_OFFSET,
                   .part = (uint32_t)columns[2].integers[i]},
            .time = columns[0].integers[i],
            .received = columns[3].integers[i],
            .agency = keep(fetched->arena, columns[4].texts[i]),
            .source = keep(fetched->arena, columns[5].texts[i]),
            .format = keep(fetched->arena, columns[6].texts[i]),
            .raw = keep(fetched->arena, raw->texts[i]),
        };
        if (!row->agency.ptr || !row->source.ptr || !row->format.ptr || !row->raw.ptr)
            return -ENOMEM;
    }
    return 0;
}

/* The keys of the rows of the target that are `wanted`, as a condition; false: there are none. */
static bool add_keys(struct lookback *lookback, const struct fetched *fetched,
                     bool (*wanted)(const struct lookback_row *row))
{
    bool any = false;
    for (uint32_t i = 0; i < fetched->n; i++) {
        if (fetched->candidates[i].target != fetched->target || !wanted(&fetched->rows[i]))
            continue;
        buf_add_c(&lookback->sql, any ? ", " : " WHERE _key IN (");
        buf_add_i64(&lookback->sql, fetched->candidates[i].key);
        any = true;
    }
    buf_add_byte(&lookback->sql, ')');
    return any;
}

/* Where the target's candidates are, without columns of its own. */
static struct lake_source source_of(const struct lookback *lookback, const struct fetched *fetched)
{
    return (struct lake_source){
        .name = STR("t"),
        .dataset = lookback->targets.items[fetched->target].name,
        .columns = &no_column,
        .n_columns = 1,
        .first = fetched->candidates[fetched->n - 1].time,
        .last = fetched->candidates[0].time + 1,
    };
}

static bool is_missing(const struct lookback_row *row)
{
    return !row->raw.ptr;
}

static int fetch_rows(struct lookback *lookback, struct fetched *fetched, struct err *err)
{
    const struct lake_source source = source_of(lookback, fetched);
    buf_clear(&lookback->sql);
    buf_add_c(&lookback->sql, "SELECT _time, _key, _part::BIGINT, _received, _agency, _source, "
                              "_format, _raw, _bytes FROM \"t\"");
    return add_keys(lookback, fetched, is_missing) ? ask(lookback, &source, take_rows, fetched, err)
                                                   : 0;
}

/* ---- events whose bytes don't make them ---- */

struct fetched_values {
    struct fetched *fetched;
    const struct lake_column **columns;
    uint32_t n;
};

/* Rows of _time, _key, _part, _extra and all columns. */
static int take_values(struct lookback *lookback, const struct lake_chunk *chunk, void *context)
{
    const struct fetched_values *values = context;
    const struct lake_vector *vectors = chunk->columns;
    for (uint32_t i = 0; i < chunk->n_rows; i++) {
        struct lookback_row *row = row_of(values->fetched, vectors, i);
        if (!row)
            continue;
        buf_clear(&lookback->values);
        remaker_write_values(&lookback->values, values->columns, vectors + 4, values->n, i,
                             lake_is_null(&vectors[3], i) ? (struct str){0} : vectors[3].texts[i]);
        row->values = lookback->values.failed
                          ? (struct str){0}
                          : arena_copy(values->fetched->arena, buf_str(&lookback->values));
        if (!row->values.ptr)
            return -ENOMEM;
    }
    return 0;
}

/* The values of those rows of the target that are `wanted`. */
static int fetch_values(struct lookback *lookback, struct fetched *fetched,
                        bool (*wanted)(const struct lookback_row *row), struct err *err)
{
    const struct lake_column *columns[LAKE_COLUMNS_MAX], *column;
    struct fetched_values values = {.fetched = fetched, .columns = columns};
    struct str name = lookback->targets.items[fetched->target].name;
    struct lake_source source = source_of(lookback, fetched);
    uint32_t at = 0;
    source.n_columns = 0;
    buf_clear(&lookback->sql);
    buf_add_c(&lookback->sql, "SELECT _time, _key, _part::BIGINT, _extra");
    while (values.n < LAKE_COLUMNS_MAX &&
           (column = hunt_catalogue_next(lookback->catalogue, name, &at))) {
        columns[values.n++] = column;
        buf_add_c(&lookback->sql, ", ");
        lake_quote_name(&lookback->sql, column->name);
    }
    buf_add_c(&lookback->sql, " FROM \"t\"");
    return add_keys(lookback, fetched, wanted) ? ask(lookback, &source, take_values, &values, err)
                                               : 0;
}

static bool wants_values(const struct lookback_row *row)
{
    return row->raw.ptr && !row->values.len && remaker_wants_values(row->format);
}

static bool any_row(const struct lookback_row *row)
{
    return !row->raw.ptr || !row->values.len;
}

/* ---- what is found ---- */

static int match(void *context, struct event *event)
{
    struct lookback *lookback = context;
    const struct lookback_options *options = &lookback->options;
    const struct lookback_row *row = lookback->remaker.row;
    const uint32_t *rules;
    struct lookback_event found = {
        .event = event,
        .id = row->id,
        .agency = row->agency,
        .source = row->source,
        .received = row->received,
        .rules = lookback->matched,
    };
    datasets_recognise(options->datasets, event);
    int64_t time = datasets_time(options->datasets, event);
    found.time = time == TIME_UNSET ? row->received : time;
    size_t n = matcher_run(lookback->matcher, event, &rules);
    for (size_t i = 0; i < n; i++)
        if (!options->rules || options->rules[rules[i]])
            lookback->matched[found.n_rules++] = rules[i];
    if (lookback->intel)
        found.n_indicators =
            intel_matcher_run(lookback->intel, event, options->now, &found.indicators);
    atomic_fetch_add(&lookback->n_events, 1);
    if (found.n_rules + found.n_indicators == 0)
        return 0;
    atomic_fetch_add(&lookback->n_matched, 1);
    return lookback->found(lookback->context, &found);
}

/* Candidate i of those fetched. */
static int run_row(struct lookback *lookback, struct fetched *fetched, uint32_t i, struct err *err)
{
    const struct lookback_row *row = &fetched->rows[i];
    int status = row->raw.ptr ? remaker_run(&lookback->remaker, row) : 1;
    if (status == 1 && row->raw.ptr && !row->values.len) { /* rare: its bytes are not one record */
        struct fetched one = {.arena = fetched->arena,
                              .candidates = fetched->candidates + i,
                              .n = 1,
                              .target = fetched->candidates[i].target,
                              .rows = fetched->rows + i};
        status = fetch_values(lookback, &one, any_row, err);
        if (status == 0)
            status = row->values.len ? remaker_run(&lookback->remaker, row) : 1;
    }
    if (status != 1)
        return status;
    atomic_fetch_add(&lookback->n_lost, 1); /* retention was faster, or it is damaged */
    return 0;
}

static int fetch_all(struct lookback *lookback, struct fetched *fetched, struct err *err)
{
    arena_reset(fetched->arena);
    fetched->rows = arena_zero(fetched->arena, fetched->n, sizeof(*fetched->rows));
    int status = fetched->rows ? 0 : -ENOMEM;
    for (uint32_t i = 0; status == 0 && i < lookback->targets.len; i++) {
        fetched->target = i;
        status = fetch_rows(lookback, fetched, err);
        if (status == 0)
            status = fetch_values(lookback, fetched, wants_values, err);
    }
    return status;
}

/* Reads some candidates whole, fewer than *n where they are too large to be held at once; matches them in their order. */
static int run_some(struct lookback *lookback, const struct lookback_candidate *candidates,
                    uint32_t *n, struct arena *arena, struct err *err)
{
    struct fetched fetched = {.arena = arena, .candidates = candidates, .n = *n};
    int status;
    while ((status = fetch_all(lookback, &fetched, err)) == -ENOMEM && fetched.n > 1) {
        fetched.n /= 2;
        *err = (struct err){0};
    }
    *n = fetched.n;
    for (uint32_t i = 0; status == 0 && i < fetched.n; i++)
        status = run_row(lookback, &fetched, i, err);
    return status;
}

int lookback_run(struct lookback *lookback, int64_t first, int64_t last, lookback_found *found,
                 void *context, struct err *err)
{
    struct window window = {.first = first, .last = last, .max = LOOKBACK_CANDIDATES_MAX};
    struct arena arena;
    int status = set_run(lookback, NULL);
    lookback->found = found;
    lookback->context = context;
    lookback->remaker.take = match;
    lookback->remaker.context = lookback;
    arena_init(&arena, FETCHED_MAX);
    for (bool more = first < last; status == 0 && more;) {
        status = gather(lookback, &window, err);
        uint32_t n = (uint32_t)lookback->candidates.len, some, most = LOOKBACK_FETCH;
        for (uint32_t i = 0; status == 0 && i < n; i += some) {
            some = n - i < most ? n - i : most;
            status = run_some(lookback, lookback->candidates.items + i, &some, &arena, err);
            most = some < LOOKBACK_FETCH / 2 ? 2 * some : LOOKBACK_FETCH;
        }
        more = window.cut;
        if (more && window.from + 1 == window.last)
            window.max *= 4; /* that many events of one instant */
        window.last = window.from + 1;
    }
    arena_free(&arena);
    if (status == -ECANCELED && !err->code)
        (void)err_set(err, status, "the look-back was cancelled");
    return status;
}

/* ---- one event ---- */

static int hand_out(void *context, struct event *event)
{
    struct lookback *lookback = context;
    const struct lookback_row *row = lookback->remaker.row;
    datasets_recognise(lookback->options.datasets, event);
    const struct lookback_event found = {
        .event = event,
        .id = row->id,
        .agency = row->agency,
        .source = row->source,
        .time = row->time,
        .received = row->received,
    };
    return lookback->found(lookback->context, &found);
}

/* Where the event is, if it is in the target: a candidate. */
static int find_one(struct lookback *lookback, uint32_t target, const struct lake_id *id,
                    struct err *err)
{
    const struct lake_source source = {.name = STR("t"),
                                       .dataset = lookback->targets.items[target].name,
                                       .columns = &no_column,
                                       .n_columns = 1,
                                       .first = INT64_MIN,
                                       .last = INT64_MAX};
    struct gathering gathering = {.target = target};
    buf_clear(&lookback->sql);
    buf_printf(&lookback->sql,
               "SELECT _time, _key, _part::BIGINT FROM \"t\" WHERE _key = %" PRId64
               " AND _part = %u LIMIT 1",
               lake_key(id), id->part);
    return ask(lookback, &source, take_candidates, &gathering, err);
}

int lookback_read(struct lookback *lookback, const struct lake_id *id, lookback_found *each,
                  void *context, struct err *err)
{
    struct arena arena;
    uint32_t n = 1;
    int status = 0;
    lookback->found = each;
    lookback->context = context;
    lookback->remaker.take = hand_out;
    lookback->remaker.context = lookback;
    lookback->candidates.len = 0;
    for (uint32_t i = 0; status == 0 && lookback->candidates.len == 0 && i < lookback->targets.len;
         i++)
        status = find_one(lookback, i, id, err);
    if (status == 0 && lookback->candidates.len == 0)
        return -ENOENT;
    arena_init(&arena, FETCHED_MAX);
    if (status == 0)
        status = run_some(lookback, lookback->candidates.items, &n, &arena, err);
    arena_free(&arena);
    return status;
}

void lookback_stats(const struct lookback *lookback, struct lookback_stats *ret_stats)
{
    *ret_stats = (struct lookback_stats){
        .candidates = atomic_load(&lookback->n_candidates),
        .events = atomic_load(&lookback->n_events),
        .lost = atomic_load(&lookback->n_lost),
        .matched = atomic_load(&lookback->n_matched),
    };
}
