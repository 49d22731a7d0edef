#include "api/hunts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/finding_rows.h"
#include "api/members.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"

#define BLOCK 65536             /* bytes that libmicrohttpd asks for at a time */
#define BUFFERED_MAX (1u << 20) /* bytes made and not yet taken; past it the hunt waits */
#define BUFFERED_FIRST                                                                             \
    (1u << 18) /* past it an answer begins that could still have become a problem */
#define WISH_MEMORY_MAX (4u << 20)
#define BEAT_US TIME_SECOND_US /* between two frames of progress */
#define TEXT_SHOWN_MAX 200     /* bytes of a query in a list */

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
    struct hunt_writer writer; /* of the hunt's thread; its buffer is `made` */
    struct buf made;           /* of that thread: until it is handed over */
    bool explain;
    int64_t began; /* µs UTC */

    pthread_mutex_t lock;
    pthread_cond_t taken;        /* room in the buffer, or nobody reads any more */
    unsigned holders;            /* the thread, and the request or its stream */
    struct api_request *request; /* suspended; NULL once it was resumed */
    struct MHD_Connection *raw;  /* while a stream reads */
    struct api_connection *connection;
    struct buf out;
    size_t sent;
    struct err problem;
    bool begun;   /* the answer has begun: a problem can't be its status any more */
    bool ended;   /* nothing will come */
    bool waits;   /* the stream is suspended */
    bool gone;    /* nobody reads */
    int64_t beat; /* ticks: when progress is due */
};

struct hunts {
    struct api *api;
    struct hunt_shelf *shelf; /* of the lake's columns; NULL: there is no lake */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct hunt_job *jobs;
    uint32_t n;
    uint64_t last; /* number of a hunt */
};

struct hunts *hunts_new(struct api *api)
{
    struct hunts *hunts = calloc(1, sizeof(*hunts));
    if (!hunts)
        return NULL;
    hunts->api = api;
    if (api->options.lake)
        hunts->shelf = hunt_shelf_new(api->options.lake_engine, api->options.lake);
    pthread_mutex_init(&hunts->lock, NULL);
    pthread_cond_init(&hunts->changed, NULL);
    return hunts;
}

void hunts_free(struct hunts *hunts)
{
    if (!hunts)
        return;
    pthread_mutex_lock(&hunts->lock);
    for (struct hunt_job *job = hunts->jobs; job; job = job->next)
        hunt_asking_cancel(job->asking);
    while (hunts->n > 0)
        pthread_cond_wait(&hunts->changed, &hunts->lock);
    pthread_mutex_unlock(&hunts->lock);
    hunt_shelf_free(hunts->shelf);
    pthread_cond_destroy(&hunts->changed);
    pthread_mutex_destroy(&hunts->lock);
    free(hunts);
}

/* ---- a job's life ---- */

static void job_free(struct hunt_job *job)
{
    hunt_asking_free(job->asking);
    buf_free(&job->made);
    buf_free(&job->out);
    arena_free(&job->arena);
    pthread_cond_destroy(&job->taken);
    pthread_mutex_destroy(&job->lock);
    free(job);
}

/* Takes it out of the list once nobody holds it. */
static void job_drop(struct hunt_job *job)
{
    struct hunts *hunts = job->hunts;
    pthread_mutex_lock(&hunts->lock);
    bool last = --job->holders == 0;
    if (last) {
        if (job->previous)
            job->previous->next = job->next;
        else
            hunts->jobs = job->next;
        if (job->next)
            job->next->previous = job->previous;
    }
    pthread_mutex_unlock(&hunts->lock);
    if (!last)
        return;
    job_free(job);
    pthread_mutex_lock(&hunts->lock);
    hunts->n--;
    pthread_cond_broadcast(&hunts->changed);
    pthread_mutex_unlock(&hunts->lock);
}

/* False: there are as many as may be, of all or of this token. */
static bool job_enter(struct hunts *hunts, struct hunt_job *job)
{
    uint32_t mine = 0;
    pthread_mutex_lock(&hunts->lock);
    for (const struct hunt_job *row = hunts->jobs; row; row = row->next)
        mine += row->grant == job->grant;
    bool entered = hunts->n < HUNTS_MAX && mine < HUNTS_TOKEN_MAX;
    if (entered) {
        snprintf(job->id, sizeof(job->id), "%llu", (unsigned long long)++hunts->last);
        hunts->n++;
        job->next = hunts->jobs;
        if (job->next)
            job->next->previous = job;
        hunts->jobs = job;
    }
    pthread_mutex_unlock(&hunts->lock);
    return entered;
}

/* ---- from the hunt's thread to the connection ---- */

/* Somebody may go on: the request whose answer begins, or the stream that waits. With the job's lock. */
static void wake(struct hunt_job *job)
{
    if (job->request) {
        request_resume(job->request);
        job->request = NULL;
    } else if (job->waits) {
        job->waits = false;
        MHD_resume_connection(job->raw);
    }
}

/* Hands over what was made, and waits while too much is not taken. 0, -ECANCELED or -ENOMEM. */
static int hand_over(struct hunt_job *job)
{
    pthread_mutex_lock(&job->lock);
    buf_add_str(&job->out, buf_str(&job->made));
    bool failed = job->made.failed || job->out.failed;
    buf_clear(&job->made);
    bool frames = job->writer.form == HUNT_NDJSON && !job->explain;
    if (!failed && (frames || job->begun || job->out.len >= BUFFERED_FIRST)) {
        job->begun = true;
        wake(job);
    }
    while (!failed && !job->gone && job->out.len - job->sent > BUFFERED_MAX)
        pthread_cond_wait(&job->taken, &job->lock);
    bool gone = job->gone;
    pthread_mutex_unlock(&job->lock);
    return failed ? -ENOMEM : gone ? -ECANCELED : 0;
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
    return job->made.len < BLOCK ? 0 : hand_over(job);
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

static void *work(void *argument)
{
    struct hunt_job *job = argument;
    struct err err = {0};
    int status = run(job, &err);
    if (status < 0 && !err.code)
        err_set(&err, status,
                status == -ECANCELED ? "the query was cancelled" : "no memory for the hunt");
    log_hunt(job, status, &err);
    pthread_mutex_lock(&job->lock);
    job->ended = true;
    job->problem = err;
    if (status < 0 && job->begun && job->writer.form == HUNT_NDJSON) {
        buf_add_c(&job->out, "{\"problem\":");
        hunt_write_problem(&job->out, &err);
        buf_add_c(&job->out, "}\n");
    }
    wake(job);
    pthread_mutex_unlock(&job->lock);
    job_drop(job);
    return NULL;
}

/* ---- the answer ---- */

static void wait_for_more(struct hunt_job *job)
{
    job->connection->deadline = DEADLINE_NONE;
    job->waits = true;
    MHD_suspend_connection(job->raw);
}

static ssize_t take(struct hunt_job *job, char *bytes, size_t max)
{
    int64_t ticks = clock_ticks_us();
    size_t n = job->out.len - job->sent;
    n = n < max ? n : max;
    if (n == 0 && job->ended) {
        /* Half an answer must not look like a whole one; frames say themselves what is wrong. */
        bool broken = job->out.failed || (job->problem.code && job->writer.form != HUNT_NDJSON);
        return broken ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (n == 0) {
        wait_for_more(job);
        return 0;
    }
    memcpy(bytes, job->out.ptr + job->sent, n);
    job->sent += n;
    if (job->sent == job->out.len) {
        bool failed = job->out.failed;
        buf_clear(&job->out);
        job->out.failed = failed;
        job->sent = 0;
    }
    job->beat = ticks + BEAT_US;
    job->connection->deadline = ticks + job->api->options.request_us;
    pthread_cond_signal(&job->taken);
    return (ssize_t)n;
}

static ssize_t on_read(void *context, uint64_t position, char *bytes, size_t max)
{
    struct hunt_job *job = context;
    (void)position;
    pthread_mutex_lock(&job->lock);
    ssize_t n = take(job, bytes, max);
    pthread_mutex_unlock(&job->lock);
    return n;
}

static void on_free(void *context)
{
    struct hunt_job *job = context;
    pthread_mutex_lock(&job->lock);
    job->gone = true;
    job->waits = false;
    pthread_cond_signal(&job->taken);
    pthread_mutex_unlock(&job->lock);
    hunt_asking_cancel(job->asking);
    job_drop(job);
}

/* The answer begins, or it is a problem. */
static void on_resumed(struct api_request *request)
{
    static const char *const types[] = {
        [HUNT_JSON] = "application/json",
        [HUNT_NDJSON] = "application/x-ndjson",
        [HUNT_CSV] = "text/csv; charset=utf-8",
    };
    struct hunt_job *job = request_context(request);
    pthread_mutex_lock(&job->lock);
    bool refused = job->ended && job->problem.code && !job->begun;
    pthread_mutex_unlock(&job->lock);
    if (refused) {
        struct buf json = {0};
        hunt_write_problem(&json, &job->problem);
        request_reply(request, hunt_problem_status(&job->problem), "application/problem+json",
                      buf_str(&json));
        buf_free(&json);
        on_free(job);
        return;
    }
    job->raw = request->raw;
    job->connection = request->connection;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, job, on_free);
    if (!response) {
        on_free(job);
        request_problem(request, 503, "no memory");
        return;
    }
    /* Proxies must not hold rows back. */
    request_set_header(request, "X-Accel-Buffering", "no");
    request_respond(request, 200, types[job->explain ? HUNT_JSON : job->writer.form], response);
}

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
        .limits = wish->limits,
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
    job->explain = wish->explain;
    job->began = clock_now_us();
    job->beat = clock_ticks_us() + BEAT_US;
    job->holders = 2;
    job->request = request;
    job->writer = (struct hunt_writer){.form = wish->form, .out = &job->made};
    job->place = (struct hunt_place){.ops = api->options.lake_engine,
                                     .lake = api->options.lake,
                                     .tables = api->options.hunt_tables,
                                     .shelf = job->hunts->shelf,
                                     .geo = api->options.geo,
                                     .findings = findings,
                                     .findings_context = api};
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->taken, NULL);
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
    pthread_t thread;
    struct hunt_job *job = job_new(request, wish);
    if (!job) {
        request_problem(request, 503, "no memory");
        return;
    }
    if (!job_enter(request->api->hunts, job)) {
        job_free(job);
        request_set_header(request, "Retry-After", "5");
        request_problem(request, 429, "too many hunts run: %d at once, %d of one token", HUNTS_MAX,
                        HUNTS_TOKEN_MAX);
        return;
    }
    int status = pthread_create(&thread, NULL, work, job);
    if (status != 0) {
        job_drop(job);
        job_drop(job);
        request_problem(request, 503, "no thread for the hunt");
        return;
    }
    pthread_detach(thread);
    request_suspend(request, on_resumed, job);
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
        member_c(json, "language", job->question.language == HUNT_SQL ? "sql" : "kql");
        member_str(json, "query", str_first(job->question.text, TEXT_SHOWN_MAX));
        member_time(json, "began", job->began);
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
        hunt_asking_cancel(job->asking);
        found = true;
    }
    pthread_mutex_unlock(&hunts->lock);
    return found;
}

static bool is_over(const struct hunt_job *job)
{
    const struct grant *grant = job->grant;
    return atomic_load(&job->api->closing) || atomic_load(&grant->withdrawn) ||
           (grant->expires != TIME_UNSET && grant->expires <= clock_now_us());
}

void hunts_look(struct api *api, int64_t ticks)
{
    struct hunts *hunts = api->hunts;
    pthread_mutex_lock(&hunts->lock);
    for (struct hunt_job *job = hunts->jobs; job; job = job->next) {
        struct hunt_asking_stats stats;
        if (is_over(job))
            hunt_asking_cancel(job->asking);
        pthread_mutex_lock(&job->lock);
        if (job->waits && !job->ended && job->writer.form == HUNT_NDJSON && job->beat <= ticks) {
            hunt_asking_stats(job->asking, &stats);
            hunt_write_progress(&job->out, &stats);
            wake(job);
        }
        pthread_mutex_unlock(&job->lock);
    }
    pthread_mutex_unlock(&hunts->lock);
}
