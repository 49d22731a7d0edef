/* Legal holds: events of the lake that stay, whatever retention and removal take, and why. */
#include <errno.h>

#include "api/aside.h"
#include "api/lake_job.h"
#include "api/members.h"
#include "api/rest.h"
#include "io/clock.h"

/* ---- those there are ---- */

static int add_hold(void *context, const struct lake_hold *hold)
{
    struct buf *out = context;
    member_row_begin(out);
    member_str(out, "name", hold->name);
    member_str(out, "reason", hold->reason);
    member_str(out, "by", hold->by);
    member_time(out, "since", hold->at);
    member_u64(out, "events", hold->events);
    return member_row_end(out);
}

static void handle_list(struct api_request *request)
{
    const struct api_options *options = request_options(request);
    struct buf json = {0};
    if (!lake_job_possible(request))
        return;
    rest_list_begin(&json, "holds");
    rest_list_reply(request, options->lake_engine->holds(options->lake, add_hold, &json), &json);
}

/* ---- a new one, or more events for one; and its end ---- */

/* In the request's memory. */
struct holding {
    struct lake_job job;
    struct lake_hold hold;
    struct lake_id *ids;
    size_t n;
    uint64_t events; /* put on it, or released */
};

static int hold_in_filler(void *context, struct lake *lake)
{
    struct holding *holding = context;
    return holding->job.engine->hold(lake, &holding->hold, holding->ids, holding->n,
                                     &holding->events, &holding->job.err);
}

static int release_in_filler(void *context, struct lake *lake)
{
    struct holding *holding = context;
    return holding->job.engine->release(lake, holding->hold.name, &holding->events,
                                        &holding->job.err);
}

static void write_note(const struct holding *holding, struct buf *note)
{
    buf_add_byte(note, '{');
    member_u64(note, "events", holding->events);
    member_str(note, "name", holding->hold.name);
    if (holding->hold.reason.ptr)
        member_str(note, "reason", holding->hold.reason);
    buf_add_byte(note, '}');
}

static void reply(struct api_request *request, const char *action)
{
    const struct holding *holding = request_context(request);
    struct buf note = {0};
    write_note(holding, &note);
    if (lake_job_done(request, &holding->job, action, &note)) {
        buf_clear(&note);
        buf_add_byte(&note, '{');
        member_u64(&note, "events", holding->events);
        buf_add_byte(&note, '}');
        request_reply_json(request, 200, &note);
    }
    buf_free(&note);
}

static void reply_hold(struct api_request *request)
{
    reply(request, "lake.hold");
}

static void reply_release(struct api_request *request)
{
    reply(request, "lake.release");
}

/* False: a problem was replied. */
static bool read_ids(struct api_request *request, const struct rest_texts *texts,
                     struct holding *holding)
{
    holding->ids = arena_zero(request_arena(request), texts->n + 1, sizeof(*holding->ids));
    for (size_t i = 0; holding->ids && i < texts->n; i++) {
        if (lake_id_parse(texts->items[i], &holding->ids[i]) < 0) {
            request_problem(request, 400, "'%.*s' is no event's id",
                            (int)(texts->items[i].len < 64 ? texts->items[i].len : 64),
                            texts->items[i].ptr);
            return false;
        }
        holding->n++;
    }
    if (!holding->ids)
        request_problem(request, 503, "no memory");
    else if (holding->n == 0 || holding->n > LAKE_HOLD_IDS_MAX)
        request_problem(request, 400, "'events' has 1 to %d ids of events", LAKE_HOLD_IDS_MAX);
    return holding->ids && holding->n > 0 && holding->n <= LAKE_HOLD_IDS_MAX;
}

static void handle_hold(struct api_request *request)
{
    struct holding *holding = arena_zero(request_arena(request), 1, sizeof(*holding));
    struct rest_texts texts = {0};
    if (!holding) {
        request_problem(request, 503, "no memory");
        return;
    }
    const struct rest_member members[] = {
        {.name = "name", .ret_text = &holding->hold.name},
        {.name = "reason", .ret_text = &holding->hold.reason},
        {.name = "events", .ret_texts = &texts},
        {0},
    };
    if (!lake_job_possible(request) || !rest_body_read(request, members))
        return;
    holding->hold.by = request_grant(request)->id;
    holding->hold.at = clock_now_us();
    if (holding->hold.name.len == 0 || holding->hold.name.len > LAKE_LABEL_MAX)
        request_problem(request, 400, "a hold has a name of 1 to %d bytes", LAKE_LABEL_MAX);
    else if (holding->hold.reason.len == 0)
        request_problem(request, 400, "'reason': why are these events to stay?");
    else if (read_ids(request, &texts, holding))
        lake_job_run(request, hold_in_filler, reply_hold, holding);
}

static void handle_release(struct api_request *request)
{
    struct holding *holding = arena_zero(request_arena(request), 1, sizeof(*holding));
    if (!holding) {
        request_problem(request, 503, "no memory");
        return;
    }
    holding->hold.name = request_segment(request, 0);
    if (lake_job_possible(request))
        lake_job_run(request, release_in_filler, reply_release, holding);
}

static const struct api_parameter none[] = {{0}};

const struct api_route routes_holds[] = {
    {"GET", "/api/v1/lake/holds", API_WHOLE, handle_list,
     "Legal holds: what they are called, why, by whom, since when, on how many events.", none,
     "LakeHoldList", NULL, NULL},
    {"POST", "/api/v1/lake/holds", API_ADMIN, handle_hold,
     "Puts events on a legal hold, a new one or one that is there: they stay until it is released.",
     none, "LakeHeld", "LakeHoldRequest", NULL},
    {"DELETE", "/api/v1/lake/holds/{name}", API_ADMIN, handle_release,
     "Releases a legal hold: retention takes its events again.", none, "LakeHeld", NULL, NULL},
    {0},
};
