#include "hunt/ask.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "hunt/ask_rules.h"
#include "hunt/engine_error.h"
#include "hunt/kql_mask.h"
#include "hunt/value.h"
#include "io/clock.h"

const char *const hunt_language_names[HUNT_LANGUAGES] = {
    [HUNT_KQL] = "kql", [HUNT_SQL] = "sql", [HUNT_SIGMA] = "sigma"};

struct hunt_asking {
    const struct hunt_place *place;
    const struct hunt_question *question;
    struct hunt_limits limits; /* of all results together */
    struct arena arena;
    struct hunt_shelf *shelf; /* its own, where the place has none */
    const struct hunt_catalogue *catalogue;
    const struct hunt_plan *plan;    /* NULL: SQL */
    VEC(struct lake_source) sources; /* of SQL */
    VEC(struct hunt_column) columns; /* of SQL, once it runs */
    int64_t started;                 /* ticks */

    pthread_mutex_t lock;
    struct rule_hunt *rules; /* under the lock: of a question that is rules */
    struct lake_run *run;    /* under the lock: what is to be cancelled */
    uint64_t rows, bytes;    /* under the lock: of the runs before */
    _Atomic bool cancelled;
    bool unprobed; /* columns that are made of data are left out of the plan */
};

static uint64_t bounded(uint64_t asked, uint64_t otherwise, uint64_t max)
{
    uint64_t limit = asked ? asked : otherwise;
    return limit < max ? limit : max;
}

struct hunt_asking *hunt_asking_new(const struct hunt_place *place,
                                    const struct hunt_question *question)
{
    struct hunt_asking *asking = calloc(1, sizeof(*asking));
    if (!asking)
        return NULL;
    asking->place = place;
    asking->question = question;
    asking->limits = (struct hunt_limits){
        bounded(question->limits.rows, HUNT_ROWS_DEFAULT, HUNT_ROWS_MAX),
        bounded(question->limits.bytes, HUNT_BYTES_DEFAULT, HUNT_BYTES_MAX),
        (int64_t)bounded((uint64_t)question->limits.time_us, HUNT_TIME_DEFAULT_US,
                         HUNT_TIME_MAX_US),
        question->limits.memory,
    };
    arena_init(&asking->arena, HUNT_PLAN_MEMORY_MAX);
    asking->started = clock_ticks_us();
    pthread_mutex_init(&asking->lock, NULL);
    return asking;
}

static struct hunt_shelf *shelf_of(struct hunt_asking *asking)
{
    const struct hunt_place *place = asking->place;
    if (!place->shelf && !asking->shelf)
        asking->shelf = hunt_shelf_new(place->ops, place->lake);
    return place->shelf ? place->shelf : asking->shelf;
}

void hunt_asking_free(struct hunt_asking *asking)
{
    if (!asking)
        return;
    if (asking->catalogue)
        hunt_shelf_give(shelf_of(asking), asking->catalogue);
    rule_hunt_free(asking->rules);
    hunt_shelf_free(asking->shelf);
    arena_free(&asking->arena);
    vec_free(&asking->sources);
    vec_free(&asking->columns);
    pthread_mutex_destroy(&asking->lock);
    free(asking);
}

/* ---- running one statement ---- */

static int no_memory(struct err *err)
{
    return err_set(err, -ENOMEM, "no memory for the hunt");
}

/* Makes the run the one that cancel() means. False: it was cancelled before. */
static bool enter(struct hunt_asking *asking, struct lake_run *run)
{
    pthread_mutex_lock(&asking->lock);
    asking->run = run;
    bool cancelled = atomic_load(&asking->cancelled);
    pthread_mutex_unlock(&asking->lock);
    return !cancelled;
}

static void leave(struct hunt_asking *asking, bool counted)
{
    struct lake_run_stats stats;
    pthread_mutex_lock(&asking->lock);
    struct lake_run *run = asking->run;
    asking->place->ops->run_stats(run, &stats);
    asking->rows += counted ? stats.rows : 0;
    asking->bytes += counted ? stats.bytes : 0;
    asking->run = NULL;
    pthread_mutex_unlock(&asking->lock);
    asking->place->ops->done(run);
}

/*
 * What is wrong with a value is said with the value, which may be one of a row that the scope takes away further up:
 * engines compute where they like. Whoever may not see all is told no more than that.
 */
static void hide_values(const struct hunt_asking *asking, struct err *err)
{
    if (!asking->question->scope.all && err->code == -EINVAL)
        err_set(err, -EINVAL, "the query fails on a value: a conversion or a computation is wrong");
}

/* One statement of the lake, of which `each` gets the chunks. */
struct statement {
    struct lake_query query;
    int (*begin)(void *context, const struct lake_result_column *columns, size_t n);
    int (*each)(void *context, const struct lake_chunk *chunk);
    void *context;
    bool counted; /* against the limits: it is a result */
};

static int take_chunks(struct hunt_asking *asking, const struct statement *statement,
                       struct lake_run *run, struct err *err)
{
    const struct lake_ops *ops = asking->place->ops;
    struct lake_chunk chunk;
    bool begun = false;
    for (;;) {
        size_t n;
        int more = ops->next(run, &chunk, err);
        if (more < 0) {
            hide_values(asking, err);
            engine_error_explain(err, asking->question->language == HUNT_SQL);
            return more;
        }
        const struct lake_result_column *columns = ops->result(run, &n);
        int status = begun ? 0 : statement->begin(statement->context, columns, n);
        begun = true;
        if (status == 0 && more > 0)
            status = statement->each(statement->context, &chunk);
        if (status < 0 || more == 0)
            return status;
    }
}

/* *ret_cut: a limit on rows or bytes has ended it. */
static int run_statement(struct hunt_asking *asking, struct statement *statement, bool *ret_cut,
                         struct err *err)
{
    const struct lake_ops *ops = asking->place->ops;
    struct lake_run *run;
    struct lake_run_stats stats;
    int64_t left = asking->limits.time_us - (clock_ticks_us() - asking->started);
    if (atomic_load(&asking->cancelled))
        return err_set(err, -ECANCELED, "the query was cancelled");
    if (left <= 0)
        return err_set(err, -ETIME, "the query took longer than %.1f s",
                       (double)asking->limits.time_us / 1e6);
    statement->query.scope = asking->question->scope;
    statement->query.limits.time_us = left;
    statement->query.limits.memory = asking->limits.memory;
    int status = ops->ask(asking->place->lake, &statement->query, &run, err);
    if (status < 0) {
        engine_error_explain(err, asking->question->language == HUNT_SQL);
        return status;
    }
    status = enter(asking, run) ? take_chunks(asking, statement, run, err)
                                : err_set(err, -ECANCELED, "the query was cancelled");
    ops->run_stats(run, &stats);
    *ret_cut = stats.cut;
    leave(asking, statement->counted);
    return status;
}

/* The findings as the value of $1. Their text lives in *json. */
static int take_findings(struct hunt_asking *asking, struct lake_query *query,
                         struct lake_value *value, struct buf *json, struct err *err)
{
    const struct hunt_place *place = asking->place;
    int status = 0;
    if (place->findings)
        status = place->findings(place->findings_context, &asking->question->scope, json, err);
    else
        buf_add_c(json, "[]");
    if (status == 0 && json->failed)
        status = no_memory(err);
    *value = (struct lake_value){.kind = LAKE_TEXT, .text = buf_str(json)};
    query->values = value;
    query->n_values = 1;
    return status;
}

static int run_query(struct hunt_asking *asking, struct statement *statement, bool findings,
                     bool *ret_cut, struct err *err)
{
    struct buf json = {0};
    struct lake_value value;
    int status = findings ? take_findings(asking, &statement->query, &value, &json, err) : 0;
    if (status == 0)
        status = run_statement(asking, statement, ret_cut, err);
    buf_free(&json);
    return status;
}

/* ---- what the compiler asks the lake ---- */

struct probe {
    int (*each)(void *context, struct str value);
    void *context;
};

static int ignore_columns(void *context, const struct lake_result_column *columns, size_t n)
{
    (void)context, (void)columns, (void)n;
    return 0;
}

static int probe_chunk(void *context, const struct lake_chunk *chunk)
{
    struct probe *probe = context;
    struct buf text = {0};
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < chunk->n_rows && chunk->n_columns > 0; i++) {
        buf_clear(&text);
        value_write(&text, value_type(chunk->columns[0].kind), &chunk->columns[0], i);
        status = text.failed ? -ENOMEM : probe->each(probe->context, buf_str(&text));
    }
    buf_free(&text);
    return status;
}

static int probe(void *context, const struct hunt_result *query,
                 int (*each)(void *each_context, struct str value), void *each_context,
                 struct err *err)
{
    struct hunt_asking *asking = context;
    if (asking->question->explains) {
        asking->unprobed = true;
        return 0;
    }
    struct probe values = {each, each_context};
    struct statement statement = {
        .query = {.sql = query->sql,
                  .sources = query->sources,
                  .n_sources = query->n_sources,
                  .certain = query->certain,
                  .limits = {.rows = HUNT_PROBE_MAX}},
        .begin = ignore_columns,
        .each = probe_chunk,
        .context = &values,
    };
    bool cut;
    return run_query(asking, &statement, query->findings, &cut, err);
}

/* ---- compiling ---- */

/* Has the lake rows that the question may see? */
static bool has_rows(void *context, struct str dataset, int64_t first, int64_t last)
{
    const struct hunt_asking *asking = context;
    const struct lake_source source = {.dataset = dataset, .first = first, .last = last};
    return asking->place->ops->has(asking->place->lake, &source, &asking->question->scope);
}

/* What is not to be shown stands in no message, whoever gets it. */
static int masked(const struct hunt_asking *asking, int status, struct err *err)
{
    struct str text = asking->question->text;
    struct buf message = {0};
    if (status == 0 || asking->question->language != HUNT_KQL || !kql_has_hidden(text))
        return status;
    buf_add_c(&message, err->message);
    kql_mask_message(&message, text);
    if (message.failed)
        err_set(err, status, "no memory to say what is wrong");
    else
        err_at(err, err->code, err->line, err->column, "%.*s", STR_ARG(buf_str(&message)));
    buf_free(&message);
    return status;
}

/* A plan is that of the masked query, so nothing hidden is in it. */
static int compile_masked(struct hunt_asking *asking, const struct hunt_options *options,
                          struct err *err)
{
    struct buf text = {0};
    kql_mask(&text, asking->question->text);
    struct str copy = text.failed ? STR("") : arena_copy(&asking->arena, buf_str(&text));
    buf_free(&text);
    if (copy.len == 0)
        return no_memory(err);
    return hunt_compile(&asking->arena, copy, options, &asking->plan, err);
}

static int compile_kql(struct hunt_asking *asking, struct err *err)
{
    const struct hunt_question *question = asking->question;
    struct hunt_shelf *shelf = shelf_of(asking);
    asking->catalogue = shelf ? hunt_shelf_take(shelf, &question->scope) : NULL;
    if (!asking->catalogue)
        return no_memory(err);
    const struct hunt_options options = {
        .tables = asking->place->tables,
        .catalogue = asking->catalogue,
        .presence = {has_rows, asking},
        .plain = question->plain,
        .now_us = question->now_us ? question->now_us : clock_now_us(),
        .first = question->first,
        .last = question->last,
        .parameters = question->parameters,
        .n_parameters = question->n_parameters,
        .probe = {probe, asking},
    };
    int status = hunt_compile(&asking->arena, question->text, &options, &asking->plan, err);
    if (status == 0 && question->explains && kql_has_hidden(question->text))
        status = compile_masked(asking, &options, err);
    if (status == -EINVAL && asking->unprobed) {
        const struct err inner = *err;
        err_at(err, status, inner.line, inner.column,
               "%.200s (to explain runs nothing: columns that the data would make are not known)",
               inner.message);
    }
    return status;
}

struct names {
    int (*each)(void *context, struct str dataset);
    void *context;
    struct map described;
};

/* What is stored under a name that no content describes any more. */
static int add_stored(void *context, struct str dataset)
{
    struct names *names = context;
    bool known = map_get(&names->described, dataset) != MAP_NONE;
    return known ? 0 : names->each(names->context, dataset);
}

int hunt_place_datasets(const struct hunt_place *place, const struct lake_scope *scope,
                        int (*each)(void *context, struct str dataset), void *context)
{
    struct names names = {each, context, {0}};
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < tables_count(place->tables); i++) {
        const struct table *table = tables_get(place->tables, i);
        if (!table->open || table->n_sources != 1)
            continue;
        status = map_put(&names.described, table->sources[0].dataset, 0);
        if (status >= 0)
            status = each(context, table->sources[0].dataset);
    }
    if (status == 0)
        status = place->ops->datasets(place->lake, scope, add_stored, &names);
    map_free(&names.described);
    return status;
}

/* May the text name it? A source costs a view, and there are many datasets. */
static bool mentions(struct str text, struct str name)
{
    for (size_t i = 0; i + name.len <= text.len; i++)
        if (str_eq_ascii_nocase(str_first(str_skip(text, i), name.len), name))
            return true;
    return false;
}

static int add_source(void *context, struct str dataset)
{
    struct hunt_asking *asking = context;
    if (!mentions(asking->question->text, dataset))
        return 0;
    struct str name = arena_copy(&asking->arena, dataset);
    const struct lake_source source = {.name = name,
                                       .dataset = name,
                                       .first = asking->question->first,
                                       .last = asking->question->last};
    return name.ptr ? vec_push(&asking->sources, source) : -ENOMEM;
}

static int compile_rules(struct hunt_asking *asking, struct err *err)
{
    struct rule_hunt *rules = NULL;
    int status = rule_hunt_open(asking->place, asking->question, &asking->limits,
                                asking->started + asking->limits.time_us, &rules, err);
    pthread_mutex_lock(&asking->lock);
    asking->rules = rules;
    bool cancelled = atomic_load(&asking->cancelled);
    pthread_mutex_unlock(&asking->lock);
    return status == 0 && cancelled ? err_set(err, -ECANCELED, "the query was cancelled") : status;
}

int hunt_asking_compile(struct hunt_asking *asking, struct err *err)
{
    asking->started = clock_ticks_us();
    if (asking->question->language == HUNT_KQL)
        return masked(asking, compile_kql(asking, err), err);
    if (asking->question->n_parameters > 0)
        return err_set(err, -EINVAL, "plain SQL, and rules, take no parameters");
    if (asking->question->language == HUNT_SIGMA)
        return compile_rules(asking, err);
    if (hunt_place_datasets(asking->place, &asking->question->scope, add_source, asking) < 0)
        return no_memory(err);
    return 0;
}

const struct hunt_plan *hunt_asking_plan(const struct hunt_asking *asking)
{
    return asking->plan;
}

void hunt_asking_explain(const struct hunt_asking *asking, struct buf *text)
{
    if (asking->plan) {
        hunt_explain(asking->plan, text);
        return;
    }
    if (asking->rules) {
        rule_hunt_explain(asking->rules, text);
        return;
    }
    buf_add_str(text, str_trim(asking->question->text));
    buf_add_byte(text, '\n');
}

/* ---- results ---- */

struct result {
    struct hunt_asking *asking;
    const struct hunt_sink *sink;
    struct hunt_head head;
    struct buf texts;
    struct hunt_cell *cells;
};

static int begin_result(void *context, const struct lake_result_column *columns, size_t n)
{
    struct result *result = context;
    struct hunt_asking *asking = result->asking;
    if (!asking->plan) {
        for (size_t i = 0; i < n; i++) {
            /* A copy: the sink's end comes after the run's. */
            const struct hunt_column column = {arena_copy(&asking->arena, columns[i].name),
                                               value_type(columns[i].kind)};
            if (!column.name.ptr || vec_push(&asking->columns, column) < 0)
                return -ENOMEM;
        }
        result->head.columns = asking->columns.items;
        result->head.n_columns = (uint32_t)n;
    }
    /* SQL has no rows without a column, KQL has. */
    assert(n == result->head.n_columns || result->head.n_columns == 0);
    result->cells = calloc(n + 1, sizeof(*result->cells));
    return result->cells ? result->sink->begin(result->sink->context, &result->head) : -ENOMEM;
}

static int write_row(struct result *result, const struct lake_chunk *chunk, uint32_t row)
{
    buf_clear(&result->texts);
    for (uint32_t i = 0; i < result->head.n_columns; i++) {
        size_t at = result->texts.len;
        bool null =
            !value_write(&result->texts, result->head.columns[i].type, &chunk->columns[i], row);
        result->cells[i] = (struct hunt_cell){.text = {NULL, result->texts.len - at}, .null = null};
    }
    if (result->texts.failed)
        return -ENOMEM;
    /* The text has stopped moving. */
    const char *at = result->texts.ptr ? result->texts.ptr : "";
    for (uint32_t i = 0; i < result->head.n_columns; i++) {
        result->cells[i].text.ptr = at;
        at += result->cells[i].text.len;
    }
    return result->sink->row(result->sink->context, result->cells);
}

static int write_chunk(void *context, const struct lake_chunk *chunk)
{
    struct result *result = context;
    int status = 0;
    for (uint32_t row = 0; status == 0 && row < chunk->n_rows; row++)
        status = write_row(result, chunk, row);
    return status;
}

/* ---- which events first: hunt_result.choice ---- */

typedef VEC(struct lake_spot) spot_list;

static int take_spots(void *context, const struct lake_chunk *chunk)
{
    spot_list *spots = context;
    for (uint32_t i = 0; i < chunk->n_rows; i++)
        if (vec_push(spots, (struct lake_spot){chunk->columns[0].integers[i],
                                               chunk->columns[1].integers[i]}) < 0)
            return -ENOMEM;
    return 0;
}

/* The sources of a result, with the spots that were chosen, which *spots holds. */
static int choose(struct hunt_asking *asking, const struct hunt_result *from, spot_list *spots,
                  const struct lake_source **ret_sources, struct err *err)
{
    static const struct lake_spot nowhere;
    struct statement statement = {
        .query = {.sql = from->choice,
                  .sources = from->sources,
                  .n_sources = from->n_sources,
                  .certain = from->choice_certain},
        .begin = ignore_columns,
        .each = take_spots,
        .context = spots,
    };
    bool cut;
    struct lake_source *sources = arena_zero(&asking->arena, from->n_sources, sizeof(*sources));
    int status = sources ? run_statement(asking, &statement, &cut, err) : no_memory(err);
    for (uint32_t i = 0; status == 0 && i < from->n_sources; i++) {
        sources[i] = from->sources[i];
        if (!from->chosen[i])
            continue;
        sources[i].spots = spots->len ? spots->items : &nowhere;
        sources[i].n_spots = spots->len;
    }
    if (status == 0)
        *ret_sources = sources;
    return status;
}

/* The one SELECT of plain SQL is a result, too. */
static struct hunt_result sql_result(const struct hunt_asking *asking)
{
    return (struct hunt_result){.sql = asking->question->text,
                                .sources = asking->sources.items,
                                .n_sources = (uint32_t)asking->sources.len};
}

static int run_result(struct hunt_asking *asking, const struct hunt_result *from, uint32_t index,
                      const struct hunt_sink *sink, struct err *err)
{
    struct result result = {
        .asking = asking,
        .sink = sink,
        .head = {index, from->columns, from->n_columns, &from->render},
    };
    struct statement statement = {
        .query =
            {.sql = from->sql,
             .sources = from->sources,
             .n_sources = from->n_sources,
             .guarded = !asking->plan,
             .certain = from->certain,
             /* 0 would mean no limit: a result for which nothing is left still says that it was cut. */
             .limits = {.rows = asking->rows < asking->limits.rows
                                    ? asking->limits.rows - asking->rows
                                    : 1,
                        .bytes = asking->bytes < asking->limits.bytes
                                     ? asking->limits.bytes - asking->bytes
                                     : 1}},
        .begin = begin_result,
        .each = write_chunk,
        .context = &result,
        .counted = true,
    };
    bool cut = false;
    spot_list spots = {0};
    int status = 0;
    if (from->choice.len)
        status = choose(asking, from, &spots, &statement.query.sources, err);
    if (status == 0)
        status = run_query(asking, &statement, from->findings, &cut, err);
    if (status == 0)
        status = sink->end(sink->context, cut);
    vec_free(&spots);
    buf_free(&result.texts);
    free(result.cells);
    return status;
}

int hunt_asking_run(struct hunt_asking *asking, const struct hunt_sink *sink, struct err *err)
{
    const struct hunt_result plain = sql_result(asking);
    const struct hunt_result *results = asking->plan ? asking->plan->results : &plain;
    uint32_t n = asking->plan ? asking->plan->n_results : 1;
    int status = asking->rules ? rule_hunt_run(asking->rules, sink, err) : 0;
    for (uint32_t i = 0; !asking->rules && status == 0 && i < n; i++)
        status = run_result(asking, &results[i], i, sink, err);
    if (status == -ENOMEM && !err->code)
        return no_memory(err);
    return err->code ? masked(asking, status, err) : status;
}

/* ---- from other threads ---- */

void hunt_asking_cancel(struct hunt_asking *asking)
{
    pthread_mutex_lock(&asking->lock);
    atomic_store(&asking->cancelled, true);
    if (asking->run)
        asking->place->ops->cancel(asking->run);
    if (asking->rules)
        rule_hunt_cancel(asking->rules);
    pthread_mutex_unlock(&asking->lock);
}

static const char *note(const struct hunt_asking *asking)
{
    for (uint32_t i = 0; asking->plan && !asking->place->geo && i < asking->plan->n_results; i++)
        if (asking->plan->results[i].places)
            return "No address has a place: there is no file of places (--geo).";
    return "";
}

void hunt_asking_stats(struct hunt_asking *asking, struct hunt_asking_stats *ret_stats)
{
    struct lake_run_stats run = {.progress = -1};
    pthread_mutex_lock(&asking->lock);
    if (asking->run)
        asking->place->ops->run_stats(asking->run, &run);
    *ret_stats = (struct hunt_asking_stats){
        .rows = asking->rows + run.rows,
        .bytes = asking->bytes + run.bytes,
        .time_us = clock_ticks_us() - asking->started,
        .progress = run.progress,
        .note = note(asking),
    };
    if (asking->rules)
        rule_hunt_stats(asking->rules, &ret_stats->rows, &ret_stats->bytes);
    pthread_mutex_unlock(&asking->lock);
}
