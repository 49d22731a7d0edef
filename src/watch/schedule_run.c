/* One run of a saved hunt: its question, its rows, and the transaction that keeps both findings and how it went. */
#include <errno.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "watch/schedule_state.h"

#define RUN_MEMORY_MAX ((size_t)256 << 20)

struct run {
    struct schedule *schedule;
    const struct scheduled *scheduled;
    struct str agency; /* empty: central */
    int64_t due;
    struct hunt_place place;
    struct lake_scope scope;
    struct arena arena;
    const struct hunt_head *head; /* while rows come */
    const struct saved_mapping *mapping;
    VEC(struct schedule_row) rows; /* that are to be findings */
    uint64_t n_rows, excepted;
    bool cut;
    struct err err; /* why it fails */
    struct hunt_run record;
};

/* ---- rows ---- */

static int begin(void *context, const struct hunt_head *head)
{
    struct run *run = context;
    run->head = head;
    if (!run->scheduled->hunt->finds)
        return 0;
    run->mapping = saved_mapping_new(&run->arena, run->scheduled->hunt, head->columns,
                                     head->n_columns, &run->err);
    return run->mapping ? 0 : run->err.code;
}

/* Texts of a match that point into the row. */
static bool copy_match(struct run *run, struct saved_match *match)
{
    struct arena *arena = &run->arena;
    match->agency = arena_copy(arena, match->agency);
    match->source = arena_copy(arena, match->source);
    for (uint32_t i = 0; i < SAVED_ABOUT_COUNT; i++)
        match->about[i] = arena_copy(arena, match->about[i]);
    return arena->refused == 0;
}

static int keep_row(struct run *run, const struct hunt_cell *cells)
{
    struct schedule_row row = {0};
    struct buf json = {0};
    int status = saved_match_read(run->mapping, cells, &run->arena, &row.match);
    if (status < 0)
        return status;
    struct str agency = run->agency.len ? run->agency : row.match.agency;
    if (!agency.len || !schedule_wants(run->schedule, run->scheduled, agency, row.match.level,
                                       run->head, cells, &run->arena)) {
        run->excepted++;
        return 0;
    }
    saved_row_write(run->head->columns, run->head->n_columns, cells, &json);
    row.json = arena_copy(&run->arena, buf_str(&json));
    row.agency = arena_copy(&run->arena, agency);
    bool whole = !json.failed && copy_match(run, &row.match);
    buf_free(&json);
    return whole ? vec_push(&run->rows, row) : -ENOMEM;
}

static int take_row(void *context, const struct hunt_cell *cells)
{
    struct run *run = context;
    run->n_rows++;
    return run->mapping ? keep_row(run, cells) : 0;
}

static int end(void *context, bool cut)
{
    struct run *run = context;
    run->cut |= cut;
    return 0;
}

/* ---- asking ---- */

static int findings(void *context, const struct lake_scope *scope, struct buf *json,
                    struct err *err)
{
    struct schedule *schedule = context;
    const struct ledger_scope own = {scope->all, scope->agencies, scope->n};
    int status = schedule->options.findings(schedule->ledger, &own, json);
    return status < 0 ? err_set(err, status, "the findings can't be read") : 0;
}

/* Makes the asking the one that schedule_stop() cancels. */
static void set_asking(struct schedule *schedule, struct hunt_asking *asking)
{
    pthread_mutex_lock(&schedule->lock);
    schedule->asking = asking;
    if (asking && schedule->stopping)
        hunt_asking_cancel(asking);
    pthread_mutex_unlock(&schedule->lock);
}

/* No rows: is that because there was nothing to look at, or nothing to look it up in? */
static int look_for_data(struct run *run, struct hunt_asking *asking)
{
    const struct saved_word *lacking;
    struct hunt_asking_stats stats;
    int64_t first, last;
    hunt_asking_stats(asking, &stats);
    if (stats.note[0]) {
        run->record.outcome = HUNT_NO_DATA;
        run->record.problem = str_from_c(stats.note);
        return 0;
    }
    saved_data_span(hunt_asking_plan(asking), &first, &last);
    int status = saved_data_look(&run->place, run->scheduled->hunt, &run->scope, first, last,
                                 &lacking, &run->err);
    if (status == 0 && lacking) {
        run->record.outcome = HUNT_NO_DATA;
        run->record.problem =
            arena_printf(&run->arena, "%.*s has no rows of that time", STR_ARG(lacking->text));
    }
    return status;
}

static int ask(struct run *run)
{
    const struct hunt_sink sink = {begin, take_row, end, run};
    const struct hunt_question question = {
        .text = run->scheduled->hunt->text,
        .first = INT64_MIN,
        .last = run->due,
        .now_us = run->due,
        .scope = run->scope,
        .limits = {SCHEDULE_ROWS_MAX, SCHEDULE_BYTES_MAX, SCHEDULE_TIME_US, SCHEDULE_MEMORY_MAX},
    };
    struct hunt_asking *asking = hunt_asking_new(&run->place, &question);
    if (!asking)
        return err_set(&run->err, -ENOMEM, "no memory for the hunt");
    set_asking(run->schedule, asking);
    int status = hunt_asking_compile(asking, &run->err);
    if (status == 0)
        status = hunt_asking_run(asking, &sink, &run->err);
    set_asking(run->schedule, NULL);
    run->record.outcome = run->n_rows ? HUNT_FOUND : HUNT_CLEAN;
    if (status == 0 && run->n_rows == 0)
        status = look_for_data(run, asking);
    hunt_asking_free(asking);
    if (status < 0 && !run->err.code)
        err_set(&run->err, status, "no memory for the hunt");
    return status;
}

/* ---- evidence ---- */

struct fetched {
    struct arena *arena;
    struct ledger_event *event;
};

static int take_event(void *context, const struct lake_event *event)
{
    struct fetched *fetched = context;
    fetched->event->time = event->leaf.time;
    fetched->event->json = arena_copy(fetched->arena, event->json);
    return fetched->event->json.ptr ? 0 : -ENOMEM;
}

/* The events that a row names, of those that are still there. */
static void fetch_events(struct run *run, struct schedule_row *row, uint32_t *left)
{
    const struct lake_ops *ops = run->place.ops;
    struct err ignored = {0};
    uint32_t wanted = row->match.n_events < *left ? row->match.n_events : *left;
    struct ledger_event *events = arena_zero(&run->arena, wanted + 1u, sizeof(*events));
    for (uint32_t i = 0; events && i < wanted; i++) {
        const struct lake_id *id = &row->match.events[i];
        struct ledger_event *event = &events[row->n_events];
        struct fetched fetched = {&run->arena, event};
        *event = (struct ledger_event){.partition = id->partition, .offset = id->offset};
        if (ops->get(run->place.lake, id, &run->scope, take_event, &fetched, &ignored) == 0)
            row->n_events++;
    }
    *left -= row->n_events;
    row->events = events;
}

/* ---- the transaction ---- */

static int put_rows(struct run *run, uint64_t *ret_taken)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < run->rows.len; i++) {
        bool taken = false;
        status = schedule_take(run->schedule, run->scheduled, &run->rows.items[i], run->due,
                               &run->arena, &taken);
        *ret_taken += taken;
    }
    return status;
}

static int put_all(struct run *run, uint64_t *ret_taken)
{
    struct ledger *ledger = run->schedule->ledger;
    int status = put_rows(run, ret_taken);
    run->record.findings = *ret_taken;
    run->record.ended = run->schedule->options.now();
    if (status == 0)
        status = hunt_run_put(ledger, &run->record);
    if (status == 0)
        status = exceptions_report(run->schedule->exceptions, ledger);
    return status;
}

static int record(struct run *run)
{
    struct schedule *schedule = run->schedule;
    uint64_t taken = 0;
    int status = ledger_begin(schedule->ledger, STR("jaga"), STR("hunt.run"));
    if (status < 0)
        return status;
    status = put_all(run, &taken);
    if (status == 0)
        status = ledger_commit(schedule->ledger);
    else
        ledger_abort(schedule->ledger);
    if (status < 0)
        return status;
    exceptions_reported(schedule->exceptions);
    struct schedule_stats *counts = &schedule->counts;
    counts->runs[run->record.outcome]++;
    counts->rows += run->n_rows;
    counts->findings += taken;
    counts->known += run->rows.len - taken;
    counts->excepted += run->excepted;
    counts->time_us += run->record.time_us;
    if (taken && schedule->options.published)
        schedule->options.published(schedule->options.context);
    return 0;
}

static void log_run(const struct run *run)
{
    struct log_line line;
    bool failed = run->record.outcome == HUNT_FAILED;
    log_begin(&line, failed ? LOG_WARN : LOG_INFO, "hunt.run");
    log_str(&line, "hunt", run->record.hunt);
    log_str(&line, "agency", run->record.agency);
    log_c(&line, "outcome", hunt_outcome_name(run->record.outcome));
    log_u64(&line, "rows", run->n_rows);
    log_u64(&line, "findings", run->record.findings);
    log_i64(&line, "us", run->record.time_us);
    if (run->record.problem.len)
        log_str(&line, "problem", run->record.problem);
    log_end(&line);
}

/* A hunt that fails has found nothing: half of its rows would be another half tomorrow. */
static void note_failure(struct run *run)
{
    run->rows.len = 0;
    run->record.outcome = HUNT_FAILED;
    run->record.problem = run->err.line
                              ? arena_printf(&run->arena, "line %u, column %u: %s", run->err.line,
                                             run->err.column, run->err.message)
                              : arena_copy(&run->arena, str_from_c(run->err.message));
}

/* Whose events it may see. */
static int set_scope(struct run *run, struct str agencies)
{
    struct str rest = agencies, agency;
    size_t n = 1;
    if (run->agency.len == 0 && str_eq(agencies, STR("*"))) {
        run->scope.all = true;
        return 0;
    }
    if (run->agency.len)
        rest = run->agency;
    for (size_t i = 0; i < rest.len; i++)
        n += rest.ptr[i] == ',';
    struct str *list = arena_zero(&run->arena, n, sizeof(*list));
    if (!list)
        return -ENOMEM;
    run->scope = (struct lake_scope){.agencies = list};
    while (str_cut(&rest, ',', &agency))
        list[run->scope.n++] = agency;
    return 0;
}

int schedule_run(struct schedule *schedule, const struct scheduled *scheduled, struct str agency,
                 int64_t due)
{
    struct run run = {
        .schedule = schedule,
        .scheduled = scheduled,
        .agency = agency,
        .due = due,
        .place = {.ops = schedule->options.engine,
                  .lake = schedule->options.lake,
                  .tables = tables_shelf_take(schedule->options.tables),
                  .geo = schedule->options.geo,
                  .findings = schedule->options.findings ? findings : NULL,
                  .findings_context = schedule},
        .record = {.hunt = scheduled->hunt->id, .agency = agency, .due = due},
    };
    uint32_t events = SCHEDULE_EVENTS_MAX;
    int64_t began = clock_ticks_us();
    arena_init(&run.arena, RUN_MEMORY_MAX);
    int status = set_scope(&run, scheduled->agencies);
    if (status == 0)
        status = ask(&run);
    if (status < 0 && status != -ECANCELED)
        note_failure(&run);
    else if (run.cut)
        run.record.problem =
            arena_printf(&run.arena, "more than %d rows, or %llu bytes: cut", SCHEDULE_ROWS_MAX,
                         (unsigned long long)SCHEDULE_BYTES_MAX);
    for (size_t i = 0; i < run.rows.len && status == 0; i++)
        fetch_events(&run, &run.rows.items[i], &events);
    run.record.rows = run.n_rows;
    run.record.time_us = clock_ticks_us() - began;
    if (status != -ECANCELED) {
        status = record(&run);
        if (status == 0)
            log_run(&run);
    }
    vec_free(&run.rows);
    arena_free(&run.arena);
    tables_shelf_give(schedule->options.tables, run.place.tables);
    return status;
}
