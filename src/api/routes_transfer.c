/* Events of the lake out of a running centre, as they come; and back into it. */
#include <errno.h>
#include <stdlib.h>

#include "api/lake_job.h"
#include "api/members.h"
#include "api/outflow.h"
#include "api/rest.h"
#include "base/time.h"
#include "io/log.h"
#include "watch/proofs.h"

#define TEXTS_MAX (1u << 20)

/* ---- out ---- */

struct exporting {
    struct api *api;
    struct outflow *outflow;
    const struct lake_ops *engine;
    struct lake *lake;
    struct str grant;
    struct arena arena; /* of texts */
    struct lake_export what;
    pthread_mutex_t lock;
    struct lake_run *run; /* while it is there to be cancelled; under lock */
    bool cancelled;
};

static int write_piece(void *context, struct str bytes)
{
    return bytes.len ? outflow_write(context, bytes) : 0;
}

/* The run, for others to cancel. */
static int begin(struct exporting *exporting, struct lake_run **ret_run, struct err *err)
{
    int status = exporting->engine->export_ask(exporting->lake, &exporting->what, ret_run, err);
    if (status < 0)
        return status;
    pthread_mutex_lock(&exporting->lock);
    exporting->run = *ret_run;
    if (exporting->cancelled)
        exporting->engine->cancel(*ret_run);
    pthread_mutex_unlock(&exporting->lock);
    return 0;
}

static void log_export(const struct exporting *exporting, const char *event, uint64_t rows,
                       int status, const struct err *err)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, event);
    log_str(&line, "grant", exporting->grant);
    log_str(&line, "dataset", exporting->what.dataset);
    log_u64(&line, "rows", rows);
    if (status < 0)
        log_c(&line, "problem", err->message);
    log_end(&line);
}

static int make_export(void *context, struct outflow *outflow, struct err *err)
{
    struct exporting *exporting = context;
    struct lake_run *run = NULL;
    uint64_t rows = 0;
    int status = begin(exporting, &run, err);
    if (status == 0)
        status = exporting->engine->export_write(run, write_piece, outflow, &rows, err);
    pthread_mutex_lock(&exporting->lock);
    exporting->run = NULL;
    pthread_mutex_unlock(&exporting->lock);
    exporting->engine->done(run);
    log_export(exporting, "lake.export", rows, status, err);
    return status;
}

static int write_proof(void *context, struct str line)
{
    struct exporting *exporting = context;
    pthread_mutex_lock(&exporting->lock);
    bool cancelled = exporting->cancelled;
    pthread_mutex_unlock(&exporting->lock);
    return cancelled ? -ECANCELED : outflow_write(exporting->outflow, line);
}

static int make_proofs(void *context, struct outflow *outflow, struct err *err)
{
    struct exporting *exporting = context;
    struct ledgers *ledgers = exporting->api->ledgers;
    struct proofs_count count = {0};
    struct ledger *ledger = ledgers_take(ledgers, err);
    if (!ledger)
        return err->code;
    exporting->outflow = outflow;
    int status = proofs_write(exporting->engine, exporting->lake, ledger, &exporting->what,
                              write_proof, exporting, &count, err);
    ledgers_give(ledgers, ledger);
    log_export(exporting, "lake.proofs", count.events, status, err);
    return status;
}

static void cancel_export(void *context)
{
    struct exporting *exporting = context;
    pthread_mutex_lock(&exporting->lock);
    exporting->cancelled = true;
    if (exporting->run)
        exporting->engine->cancel(exporting->run);
    pthread_mutex_unlock(&exporting->lock);
}

static void free_export(void *context)
{
    struct exporting *exporting = context;
    pthread_mutex_destroy(&exporting->lock);
    arena_free(&exporting->arena);
    free(exporting);
}

/* What is asked; texts as they were sent. */
struct asked {
    struct str dataset, agency, format, from, until;
};

/* The caller's agencies, or the one of them that is asked for. */
static bool copy_scope(struct exporting *exporting, const struct ledger_scope *scope,
                       struct str agency)
{
    size_t n = 0;
    struct str *agencies = arena_zero(&exporting->arena, scope->n + 1, sizeof(*agencies));
    if (!agencies)
        return false;
    if (agency.len && ledger_scope_has(scope, agency))
        agencies[n++] = arena_copy(&exporting->arena, agency);
    for (size_t i = 0; !agency.len && i < scope->n; i++)
        agencies[n++] = arena_copy(&exporting->arena, scope->agencies[i]);
    exporting->what.scope = (struct lake_scope){scope->all && !agency.len, agencies, n};
    return exporting->arena.refused == 0;
}

/* NULL: no memory. */
static struct exporting *make(struct api_request *request, const struct asked *asked)
{
    struct exporting *exporting = calloc(1, sizeof(*exporting));
    if (!exporting)
        return NULL;
    pthread_mutex_init(&exporting->lock, NULL);
    arena_init(&exporting->arena, TEXTS_MAX);
    exporting->api = request_api(request);
    exporting->engine = request_options(request)->lake_engine;
    exporting->lake = request_options(request)->lake;
    exporting->grant = arena_copy(&exporting->arena, request_grant(request)->id);
    exporting->what = (struct lake_export){
        .dataset = arena_copy(&exporting->arena, asked->dataset),
        .first = INT64_MIN,
        .last = INT64_MAX,
        .format = str_eq(asked->format, STR("parquet")) ? LAKE_PARQUET : LAKE_NDJSON,
    };
    if (copy_scope(exporting, request_scope(request), asked->agency))
        return exporting;
    free_export(exporting);
    return NULL;
}

static bool read_time(struct api_request *request, const char *name, struct str text,
                      int64_t *ret_time)
{
    if (text.len == 0 || time_parse(text, ret_time) == 0)
        return true;
    request_problem(request, 400, "'%s' is a time, such as 2026-11-22T06:00:00Z", name);
    return false;
}

static void start(struct api_request *request, const struct asked *asked)
{
    static const struct outflow_work lines = {.type = "application/x-ndjson",
                                              .limited = true,
                                              .make = make_export,
                                              .cancel = cancel_export,
                                              .free = free_export};
    static const struct outflow_work parquet = {.type = "application/vnd.apache.parquet",
                                                .limited = true,
                                                .make = make_export,
                                                .cancel = cancel_export,
                                                .free = free_export};
    static const struct outflow_work proofs = {.type = "application/x-ndjson",
                                               .limited = true,
                                               .make = make_proofs,
                                               .cancel = cancel_export,
                                               .free = free_export};
    const struct outflow_work *work = str_eq(asked->format, STR("proofs"))    ? &proofs
                                      : str_eq(asked->format, STR("parquet")) ? &parquet
                                                                              : &lines;
    struct exporting *exporting = make(request, asked);
    if (!exporting) {
        request_problem(request, 503, "no memory");
        return;
    }
    if (read_time(request, "from", asked->from, &exporting->what.first) &&
        read_time(request, "until", asked->until, &exporting->what.last))
        outflow_start(request, work, exporting);
    else
        free_export(exporting);
}

static void handle_export(struct api_request *request)
{
    struct asked asked = {0};
    const struct rest_member members[] = {
        {.name = "dataset", .ret_text = &asked.dataset},
        {.name = "agency", .ret_text = &asked.agency},
        {.name = "format", .ret_text = &asked.format},
        {.name = "from", .ret_text = &asked.from},
        {.name = "until", .ret_text = &asked.until},
        {0},
    };
    if (!lake_job_possible(request) || !rest_body_read(request, members))
        return;
    if (asked.dataset.len == 0)
        request_problem(request, 400, "'dataset': which one?");
    else if (asked.format.len && !str_eq(asked.format, STR("ndjson")) &&
             !str_eq(asked.format, STR("parquet")) && !str_eq(asked.format, STR("proofs")))
        request_problem(request, 400, "'format' is ndjson, parquet or proofs");
    else
        start(request, &asked);
}

/* ---- in ---- */

/* In the request's memory. */
struct importing {
    struct lake_job job;
    struct str dataset, lines;
    uint64_t rows;
};

static int import_in_filler(void *context, struct lake *lake)
{
    struct importing *importing = context;
    return importing->job.engine->import_lines(lake, importing->dataset, importing->lines,
                                               &importing->rows, &importing->job.err);
}

static void reply_import(struct api_request *request)
{
    const struct importing *importing = request_context(request);
    struct buf json = {0};
    buf_add_byte(&json, '{');
    member_str(&json, "dataset", importing->dataset);
    member_u64(&json, "rows", importing->rows);
    buf_add_byte(&json, '}');
    if (lake_job_done(request, &importing->job, "lake.import", &json))
        request_reply_json(request, 200, &json);
    buf_free(&json);
}

static void handle_import(struct api_request *request)
{
    struct importing *importing = arena_zero(request_arena(request), 1, sizeof(*importing));
    if (!lake_job_possible(request))
        return;
    if (!importing) {
        request_problem(request, 503, "no memory");
        return;
    }
    importing->dataset = request_query(request, "dataset");
    importing->lines = request_body(request);
    if (importing->dataset.len == 0)
        request_problem(request, 400, "'dataset': which one?");
    else
        lake_job_run(request, import_in_filler, reply_import, importing);
}

static const struct api_parameter none[] = {{0}};
static const struct api_parameter of_import[] = {
    {"dataset", "string", "Whose events they are.", true},
    {0},
};

const struct api_route routes_transfer[] = {
    {"POST", "/api/v1/lake/export", API_READ, handle_export,
     "Events of a dataset as they come: NDJSON or Parquet, of the caller's agencies; or what "
     "proves them.",
     none, "LakeLines", "LakeExport", NULL},
    {"POST", "/api/v1/lake/import", API_ADMIN, handle_import,
     "Takes exported events, lines of NDJSON; those that are there are skipped.", of_import,
     "LakeImported", "LakeLines", NULL},
    {0},
};
