/* The lake: what it keeps, the proof of an event, and removal. */
#include <errno.h>
#include <inttypes.h>

#include "api/aside.h"
#include "api/lake_job.h"
#include "api/members.h"
#include "api/rest.h"
#include "watch/proof.h"

/* ---- what there is ---- */

struct listing {
    struct buf json;
    const struct ledger_scope *scope;
};

static int add_share(void *context, const struct lake_share *share)
{
    struct listing *listing = context;
    struct buf *out = &listing->json;
    if (!ledger_scope_has(listing->scope, share->agency))
        return 0;
    member_row_begin(out);
    member_str(out, "day", share->day);
    member_str(out, "dataset", share->dataset);
    member_str(out, "agency", share->agency);
    member_u64(out, "rows", share->rows);
    member_u64(out, "bytes", share->bytes);
    member_u64(out, "size", share->size);
    member_time(out, "first", share->first);
    member_time(out, "last", share->last);
    return member_row_end(out);
}

static void handle_shares(struct api_request *request)
{
    const struct api_options *options = request_options(request);
    const struct lake_part part = {
        .day = request_query(request, "day"),
        .dataset = request_query(request, "dataset"),
        .agency = request_query(request, "agency"),
    };
    struct listing listing = {.scope = request_scope(request)};
    struct store_stats filling;
    if (!lake_job_possible(request))
        return;
    rest_list_begin(&listing.json, "shares");
    int status = options->lake_engine->shares(options->lake, &part, add_share, &listing);
    if (status < 0) {
        buf_free(&listing.json);
        request_problem(request, 503, "%s", strerror(-status));
        return;
    }
    buf_add_byte(&listing.json, ']');
    if (listing.scope->all && options->store) { /* of all agencies together */
        store_stats(options->store, &filling);
        member_u64(&listing.json, "lag", filling.lag);
    }
    buf_add_byte(&listing.json, '}');
    request_reply_json(request, 200, &listing.json);
    buf_free(&listing.json);
}

/* ---- the proof of an event ---- */

/* In the request's memory. */
struct proving {
    struct lake_id id;
    struct proof proof;
    bool started;
    int status;
    struct err err;
};

static int take_event(void *context, const struct lake_event *event)
{
    return proof_take(event, &((struct proving *)context)->proof);
}

static void find_event(struct api_request *request)
{
    const struct api_options *options = request_options(request);
    const struct ledger_scope *scope = request_scope(request);
    const struct lake_scope own = {scope->all, scope->agencies, scope->n};
    struct proving *proving = request_context(request);
    proving->started = true;
    proving->status = options->lake_engine->get(options->lake, &proving->id, &own, take_event,
                                                proving, &proving->err);
}

static void reply_proof(struct api_request *request)
{
    struct proving *proving = request_context(request);
    struct buf json = {0};
    struct ledger *ledger = NULL;
    if (!proving->started)
        proving->status = -EAGAIN;
    if (proving->status == 0)
        ledger = request_ledger(request);
    if (proving->status == 0 && ledger)
        proving->status = proof_complete(ledger, &proving->proof, &proving->err);
    if (proving->status < 0) {
        lake_job_refuse(request, proving->status, &proving->err);
    } else if (ledger) {
        proof_write(&proving->proof, &json);
        request_reply_json(request, 200, &json);
    }
    buf_free(&json);
    proof_free(&proving->proof);
}

static void handle_proof(struct api_request *request)
{
    struct proving *proving = arena_zero(request_arena(request), 1, sizeof(*proving));
    if (!lake_job_possible(request))
        return;
    if (!proving)
        request_problem(request, 503, "no memory");
    else if (lake_id_parse(request_segment(request, 0), &proving->id) < 0)
        request_problem(request, 404, "there is no such event");
    else
        aside_run(request, find_event, reply_proof, proving);
}

/* ---- removal ---- */

/* In the request's memory. */
struct dropping {
    struct lake_job job;
    struct store *store;
    struct lake_part part;
    struct lake_removed removed;
};

static int drop_in_filler(void *context, struct lake *lake)
{
    struct dropping *dropping = context;
    (void)lake;
    return store_drop(dropping->store, &dropping->part, &dropping->removed, &dropping->job.err);
}

static void reply_drop(struct api_request *request)
{
    const struct dropping *dropping = request_context(request);
    struct buf json = {0};
    buf_add_byte(&json, '{');
    member_str(&json, "agency", dropping->part.agency);
    member_str(&json, "dataset", dropping->part.dataset);
    member_str(&json, "day", dropping->part.day);
    member_u64(&json, "held", dropping->removed.held);
    member_u64(&json, "rows", dropping->removed.rows);
    buf_add_byte(&json, '}');
    if (lake_job_done(request, &dropping->job, "lake.drop", &json)) {
        buf_clear(&json);
        buf_add_byte(&json, '{');
        member_u64(&json, "days", dropping->removed.days);
        member_u64(&json, "rows", dropping->removed.rows);
        member_u64(&json, "held", dropping->removed.held);
        buf_add_byte(&json, '}');
        request_reply_json(request, 200, &json);
    }
    buf_free(&json);
}

static void handle_drop(struct api_request *request)
{
    struct dropping *dropping = arena_zero(request_arena(request), 1, sizeof(*dropping));
    if (!dropping) {
        request_problem(request, 503, "no memory");
        return;
    }
    dropping->store = request_options(request)->store;
    const struct rest_member members[] = {
        {.name = "day", .ret_text = &dropping->part.day},
        {.name = "dataset", .ret_text = &dropping->part.dataset},
        {.name = "agency", .ret_text = &dropping->part.agency},
        {0},
    };
    if (!lake_job_possible(request) || !rest_body_read(request, members))
        return;
    if (!dropping->part.day.len && !dropping->part.dataset.len && !dropping->part.agency.len)
        request_problem(request, 400, "what? day, dataset or agency, or several of them");
    else
        lake_job_run(request, drop_in_filler, reply_drop, dropping);
}

static const struct api_parameter parameters[] = {
    {"day", "string", "Only what is kept under this day of event time.", false},
    {"dataset", "string", "Only of this dataset.", false},
    {"agency", "string", "Only of this agency.", false},
    {0},
};

static const struct api_parameter none[] = {{0}};

const struct api_route routes_lake[] = {
    {"GET", "/api/v1/lake", API_READ, handle_shares,
     "What the lake keeps, by day, dataset and agency.", parameters, "LakeShareList", NULL, NULL},
    {"POST", "/api/v1/lake/drop", API_ADMIN, handle_drop,
     "Removes events: of a day, a dataset, an agency, or what all that are given name.", none,
     "LakeRemoved", "LakePart", NULL},
    {"GET", "/api/v1/lake/events/{id}/proof", API_READ, handle_proof,
     "What proves that a stored event is what was received: up to a signature of the journal.",
     none, "Proof", NULL, NULL},
    {0},
};
