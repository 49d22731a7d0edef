#include "api/hunts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/finding_rows.h"
#include "api/members.h"
#include "api/outflow.h"
#include "base/metric.h"
#include "base/time.h"
#include "hunt/kql_mask.h"
#include "hunt/tables_shelf.h"
#include "io/clock.h"
#include "io/log.h"

#define PIECE 65536     /* bytes that are handed over together */
#define HELD (1u << 18) /* of an answer that may still become a problem */
#define WISH_MEMORY_MAX (4u << 20)
#define RETRY_AFTER "5"    /* seconds */
#define TEXT_SHOWN_MAX 200 /* bytes of a query in a list */

/* How a hunt ends. */
enum hunt_end { END_DONE, END_CANCELLED, END_LATE, END_LARGE, END_PROBLEM, HUNT_ENDS };

struct hunt_job {
    struct hunt_job *previous, *next; /* of the hunts, under their lock */
    struct hunts *hunts;
    struct api *api;
    struct grant *grant;
    char id[HUNT_NUMBER_MAX];
    struct arena arena; /* texts of the question */
    struct hunt_place place;
    struct hunt_question question;
    struct hunt_asking *asking;
    bool explain;
    int64_t began;    /* µs UTC */
    struct turn turn; /* under the lock of the hunts */
    bool cancelled;   /* the same: it waits no longer for its turn */

    struct outflow *outflow;   /* of the hunt's thread, as are these */
    struct hunt_writer writer; /* its buffer is `made` */
    struct buf made;           /* until it is handed over */
};

struct hunts {
    struct api *api;
    struct hunt_shelf *shelf; /* of the lake's columns; NULL: there is no lake */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct hunt_job *jobs;
    struct turns turns;
    uint64_t last; /* number of a hunt */
    uint64_t refused, ended[HUNT_ENDS];
};

static const char *const end_names[HUNT_ENDS] = {
    [END_DONE] = "done",    [END_CANCELLED] = "cancelled", [END_LATE] = "time",
    [END_LARGE] = "memory", [END_PROBLEM] = "problem",
};

struct hunts *hunts_new(struct api *api)
{
    struct hunts *hunts = calloc(1, sizeof(*hunts));
    if (!hunts)
        return NULL;
    hunts->api = api;
    hunts->turns = (struct turns){
        .running_max = api->options.hunts_max,
        .person_running_max = HUNTS_TOKEN_MAX,
        .waiting_max = HUNTS_WAITING_MAX,
        .person_waiting_max = HUNTS_TOKEN_WAITING_MAX,
    };
    if (api->options.lake)
        hunts->shelf = hunt_shelf_new(api->options.lake_engine, api->options.lake);
    pthread_mutex_init(&hunts->lock, NULL);
    clock_condition_init(&hunts->changed);
    return hunts;
}

void hunts_free(struct hunts *hunts)
{
    if (!hunts)
        return;
    hunt_shelf_free(hunts->shelf);
    pthread_cond_destroy(&hunts->changed);
    pthread_mutex_destroy(&hunts->lock);
    free(hunts);
}

/* ---- a job's life ---- */

static void job_free(struct hunt_job *job)
{
    hunt_asking_free(job->asking);
    tables_shelf_give(job->api->options.hunt_tables, job->place.tables);
    buf_free(&job->made);
    arena_free(&job->arena);
    free(job);
}

/* It runs, or waits for its turn; or too many wait. */
static enum turns_answer job_enter(struct hunts *hunts, struct hunt_job *job)
{
    pthread_mutex_lock(&hunts->lock);
    enum turns_answer answer = turns_enter(&hunts->turns, &job->turn);
    if (answer == TURNS_TAKEN) {
        snprintf(job->id, sizeof(job->id), "%llu", (unsigned long long)++hunts->last);
        job->next = hunts->jobs;
        if (job->next)
            job->next->previous = job;
        hunts->jobs = job;
    } else {
        hunts->refused++;
    }
    pthread_mutex_unlock(&hunts->lock);
    return answer;
}

static void job_leave(struct hunt_job *job)
{
    struct hunts *hunts = job->hunts;
    pthread_mutex_lock(&hunts->lock);
    turns_leave(&hunts->turns, &job->turn);
    if (job->previous)
        job->previous->next = job->next;
    else
        hunts->jobs = job->next;
    if (job->next)
        job->next->previous = job->previous;
    pthread_cond_broadcast(&hunts->changed);
    pthread_mutex_unlock(&hunts->lock);
}

/* Under the lock of the hunts. */
static void job_cancel(struct hunt_job *job)
{
    job->cancelled = true;
    hunt_asking_cancel(job->asking);
    pthread_cond_broadcast(&job->hunts->changed);
}

/* ---- turns ---- */

static int wait_turn(struct hunt_job *job, struct err *err)
{
    struct hunts *hunts = job->hunts;
    int64_t until = clock_ticks_us() + HUNT_WAIT_US;
    int status = 0;
    pthread_mutex_lock(&hunts->lock);
    while (!job->turn.runs && !job->cancelled && status == 0)
        status = clock_wait(&hunts->changed, &hunts->lock, until);
    bool runs = job->turn.runs, cancelled = job->cancelled;
    pthread_mutex_unlock(&hunts->lock);
    if (cancelled)
        return err_set(err, -ECANCELED, "the query was cancelled");
    if (runs)
        return 0;
    return err_set(err, -EAGAIN, "%lld s passed and the hunt's turn has not come: too many run",
                   (long long)(HUNT_WAIT_US / TIME_SECOND_US));
}

static enum hunt_end end_of(int status)
{
    return status >= 0            ? END_DONE
           : status == -ECANCELED ? END_CANCELLED
           : status == -ETIME     ? END_LATE
           : status == -ENOMEM    ? END_LARGE
                                  : END_PROBLEM;
}

static void leave_turn(struct hunt_job *job, int status)
{
    struct hunts *hunts = job->hunts;
    pthread_mutex_lock(&hunts->lock);
    hunts->ended[end_of(status)]++;
    turns_leave(&hunts->turns, &job->turn);
    pthread_cond_broadcast(&hunts->changed);
    pthread_mutex_unlock(&hunts->lock);
}

void hunts_metrics(struct hunts *hunts, struct buf *out)
{
    pthread_mutex_lock(&hunts->lock);
    metric_one(out, "jaga_hunts_running", "gauge", "Hunts that run.",
               turns_count(&hunts->turns, true));
    metric_one(out, "jaga_hunts_waiting", "gauge", "Hunts that wait for their turn.",
               turns_count(&hunts->turns, false));
    metric_one(out, "jaga_hunts_refused_total", "counter", "Hunts refused: too many wait.",
               hunts->refused);
    metric_head(out, "jaga_hunts_total", "counter", "Hunts, by how they ended.");
    for (size_t i = 0; i < HUNT_ENDS; i++)
        metric_add(out, "jaga_hunts_total", METRIC_LABELS({"end", str_from_c(end_names[i])}),
                   hunts->ended[i]);
    pthread_mutex_unlock(&hunts->lock);
}

/* ---- the hunt's thread ---- */

static int hand_over(struct hunt_job *job)
{
    int status = job->made.failed ? -ENOMEM : outflow_write(job->outflow, buf_str(&job->made));
    buf_clear(&job->made);
    return status;
}

static int on_begin(void *context, const struct hunt_head *head)
{
    struct hunt_job *job = context;
    hunt_write_begin(&job->writer, head);
    return hand_over(job);
}

static int on_row(void *context, const struct hunt_cell *cells)
{
    struct hunt_job *job = context;
    hunt_write_row(&job->writer, cells);
    if (job->made.failed)
        return -ENOMEM;
    return job->made.len < PIECE ? 0 : hand_over(job);
}

static int on_end(void *context, bool cut)
{
    struct hunt_job *job = context;
    hunt_write_end(&job->writer, cut);
    return hand_over(job);
}

static void add_plan(struct hunt_job *job)
{
    struct buf plan = {0};
    hunt_asking_explain(job->asking, &plan);
    buf_add_byte(&job->made, '{');
    member_str(&job->made, "plan", buf_str(&plan));
    buf_add_byte(&job->made, '}');
    buf_free(&plan);
}

static int run(struct hunt_job *job, struct err *err)
{
    const struct hunt_sink sink = {on_begin, on_row, on_end, job};
    struct hunt_asking_stats stats;
    int status = hunt_asking_compile(job->asking, err);
    if (status < 0)
        return status;
    if (job->explain) {
        add_plan(job);
        return hand_over(job);
    }
    hunt_write_id(&job->writer, job->id);
    status = hand_over(job);
    if (status == 0)
        status = hunt_asking_run(job->asking, &sink, err);
    if (status < 0)
        return status;
    hunt_asking_stats(job->asking, &stats);
    hunt_write_done(&job->writer, &stats);
    return hand_over(job);
}

static void log_hunt(const struct hunt_job *job, int status, const struct err *err)
{
    struct hunt_asking_stats stats;
    struct log_line line;
    hunt_asking_stats(job->asking, &stats);
    log_begin(&line, LOG_INFO, "hunt");
    log_c(&line, "id", job->id);
    log_str(&line, "grant", job->grant->id);
    log_u64(&line, "rows", stats.rows);
    log_i64(&line, "us", stats.time_us);
    if (status < 0)
        log_c(&line, "problem", err->message);
    log_end(&line);
}

/* ---- the answer ---- */

static int make(void *context, struct outflow *outflow, struct err *err)
{
    struct hunt_job *job = context;
    job->outflow = outflow;
    int status = wait_turn(job, err);
    if (status == 0)
        status = run(job, err);
    leave_turn(job, status);
    if (status < 0 && !err->code)
        err_set(err, status,
                status == -ECANCELED ? "the query was cancelled" : "no memory for the hunt");
    log_hunt(job, status, err);
    return status;
}

static void cancel(void *context)
{
    struct hunt_job *job = context;
    pthread_mutex_lock(&job->hunts->lock);
    job_cancel(job);
    pthread_mutex_unlock(&job->hunts->lock);
}

static void end(void *context)
{
    job_leave(context);
    job_free(context);
}

static void refuse(struct api_request *request, const struct err *err)
{
    struct buf json = {0};
    unsigned status = hunt_problem_status(err);
    hunt_write_problem(&json, err);
    if (status == 503)
        request_set_header(request, "Retry-After", RETRY_AFTER);
    request_reply(request, status, "application/problem+json", buf_str(&json));
    buf_free(&json);
}

static void add_problem(struct buf *out, const struct err *err)
{
    buf_add_c(out, "{\"problem\":");
    hunt_write_problem(out, err);
    buf_add_c(out, "}\n");
}

/* How far the hunt is, or how many are before it. */
static void add_beat(void *context, bool begun, struct buf *out)
{
    struct hunt_job *job = context;
    struct hunt_asking_stats stats;
    pthread_mutex_lock(&job->hunts->lock);
    bool runs = job->turn.runs;
    uint32_t ahead = turns_ahead(&job->hunts->turns, &job->turn);
    pthread_mutex_unlock(&job->hunts->lock);
    hunt_asking_stats(job->asking, &stats);
    if (!runs)
        hunt_write_waiting(out, ahead);
    else if (begun)
        hunt_write_progress(out, &stats);
}

static const struct outflow_work works[] = {
    [HUNT_JSON] = {.type = "application/json",
                   .held = HELD,
                   .make = make,
                   .cancel = cancel,
                   .free = end,
                   .refuse = refuse},
    [HUNT_NDJSON] = {.type = "application/x-ndjson",
                     .make = make,
                     .cancel = cancel,
                     .free = end,
                     .refuse = refuse,
                     .fail = add_problem,
                     .beat = add_beat},
    [HUNT_CSV] = {.type = "text/csv; charset=utf-8",
                  .held = HELD,
                  .make = make,
                  .cancel = cancel,
                  .free = end,
                  .refuse = refuse},
};

/* ---- starting ---- */

static int findings(void *context, const struct lake_scope *scope, struct buf *json,
                    struct err *err)
{
    struct api *api = context;
    const struct ledger_scope own = {scope->all, scope->agencies, scope->n};
    struct ledger *ledger = ledgers_take(api->ledgers, err);
    if (!ledger)
        return err->code;
    int status = finding_rows_write(ledger, &own, json);
    if (status < 0)
        err_set(err, status, "the findings can't be read");
    ledgers_give(api->ledgers, ledger);
    return status;
}

static struct str copy(struct hunt_job *job, struct str text)
{
    return arena_copy(&job->arena, text);
}

/* What is asked for, and no more than the centre gives. */
static struct hunt_limits limits_of(const struct api *api, const struct hunt_limits *asked)
{
    const struct api_options *options = &api->options;
    uint64_t rows = asked->rows ? asked->rows : HUNT_ROWS_DEFAULT;
    int64_t time_us = asked->time_us ? asked->time_us : HUNT_TIME_DEFAULT_US;
    return (struct hunt_limits){
        .rows = rows < options->hunt_rows_max ? rows : options->hunt_rows_max,
        .bytes = asked->bytes,
        .time_us = time_us < options->hunt_time_max_us ? time_us : options->hunt_time_max_us,
        .memory = options->hunt_memory,
    };
}

/* False: no memory. */
static bool copy_question(struct hunt_job *job, const struct hunt_wish *wish,
                          const struct ledger_scope *scope)
{
    struct str *agencies = arena_zero(&job->arena, scope->n + 1, sizeof(*agencies));
    struct hunt_parameter *parameters =
        arena_zero(&job->arena, wish->n_parameters + 1u, sizeof(*parameters));
    if (!agencies || !parameters)
        return false;
    for (size_t i = 0; i < scope->n; i++)
        agencies[i] = copy(job, scope->agencies[i]);
    for (uint32_t i = 0; i < wish->n_parameters; i++)
        parameters[i] = (struct hunt_parameter){copy(job, wish->parameters[i].name),
                                                copy(job, wish->parameters[i].value)};
    job->question = (struct hunt_question){
        .text = copy(job, wish->text),
        .language = wish->language,
        .first = wish->first,
        .last = wish->last,
        .now_us = wish->now_us,
        .parameters = parameters,
        .n_parameters = wish->n_parameters,
        .scope = {scope->all, agencies, scope->n},
        .limits = limits_of(job->api, &wish->limits),
        .explains = wish->explain,
    };
    return job->arena.refused == 0;
}

static struct hunt_job *job_new(struct api_request *request, const struct hunt_wish *wish)
{
    struct api *api = request->api;
    struct hunt_job *job = calloc(1, sizeof(*job));
    if (!job)
        return NULL;
    job->api = api;
    job->hunts = api->hunts;
    job->grant = request_grant(request);
    job->turn = (struct turn){.agency = job->grant->agency, .person = job->grant};
    job->explain = wish->explain;
    job->began = clock_now_us();
    job->writer =
        (struct hunt_writer){.form = wish->explain ? HUNT_JSON : wish->form, .out = &job->made};
    job->place = (struct hunt_place){.ops = api->options.lake_engine,
                                     .lake = api->options.lake,
                                     .tables = tables_shelf_take(api->options.hunt_tables),
                                     .shelf = job->hunts->shelf,
                                     .geo = api->options.geo,
                                     .findings = findings,
                                     .findings_context = api,
                                     .rules = api->options.rules,
                                     .rules_context = api->options.rules_context};
    arena_init(&job->arena, WISH_MEMORY_MAX);
    if (copy_question(job, wish, request_scope(request)))
        job->asking = hunt_asking_new(&job->place, &job->question);
    if (!job->asking) {
        job_free(job);
        return NULL;
    }
    return job;
}

void hunts_start(struct api_request *request, const struct hunt_wish *wish)
{
    struct hunt_job *job = job_new(request, wish);
    if (!job) {
        request_problem(request, 503, "no memory");
        return;
    }
    enum turns_answer answer = job_enter(request->api->hunts, job);
    if (answer != TURNS_TAKEN) {
        bool person = answer == TURNS_PERSON_FULL;
        job_free(job);
        request_set_header(request, "Retry-After", RETRY_AFTER);
        request_problem(request, person ? 429 : 503, "%d hunts%s wait for their turn already",
                        person ? HUNTS_TOKEN_WAITING_MAX : HUNTS_WAITING_MAX,
                        person ? " of this token" : "");
        return;
    }
    outflow_start(request, &works[job->writer.form], job);
}

/* ---- those that run ---- */

void hunts_list(struct api_request *request, struct buf *json)
{
    struct hunts *hunts = request->api->hunts;
    struct grant *grant = request_grant(request);
    pthread_mutex_lock(&hunts->lock);
    for (const struct hunt_job *job = hunts->jobs; job; job = job->next) {
        struct hunt_asking_stats stats;
        if (job->grant != grant)
            continue;
        hunt_asking_stats(job->asking, &stats);
        member_row_begin(json);
        member_c(json, "id", job->id);
        member_c(json, "language", hunt_language_names[job->question.language]);
        struct buf text = {0};
        kql_mask(&text, job->question.text);
        member_str(json, "query", str_first(buf_str(&text), TEXT_SHOWN_MAX));
        buf_free(&text);
        member_time(json, "began", job->began);
        if (job->turn.runs)
            member_raw(json, "ahead", STR(""), "null");
        else
            member_u64(json, "ahead", turns_ahead(&hunts->turns, &job->turn));
        if (stats.progress < 0)
            member_raw(json, "progress", STR(""), "null");
        else
            member_double(json, "progress", stats.progress);
        member_u64(json, "rows", stats.rows);
        member_u64(json, "bytes", stats.bytes);
        member_u64(json, "time_us", (uint64_t)stats.time_us);
        buf_add_byte(json, '}');
    }
    pthread_mutex_unlock(&hunts->lock);
}

bool hunts_cancel(struct api_request *request, struct str id)
{
    struct hunts *hunts = request->api->hunts;
    struct grant *grant = request_grant(request);
    bool found = false;
    pthread_mutex_lock(&hunts->lock);
    for (struct hunt_job *job = hunts->jobs; job; job = job->next) {
        if (job->grant != grant || !str_eq(str_from_c(job->id), id))
            continue;
        job_cancel(job);
        found = true;
    }
    pthread_mutex_unlock(&hunts->lock);
    return found;
}
