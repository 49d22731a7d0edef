/* Look-backs: new rules over what was received before them, and what they say of each agency. */
#include <stdlib.h>

#include "api/members.h"
#include "api/rest.h"
#include "base/time.h"
#include "ledger/kept_lookback.h"
#include "watch/lookbacks.h"

#define LISTED 200

/* Figures of a whole look are for those who see all agencies. */
struct writing {
    struct buf *out;
    bool all;
};

static void add_members(const struct writing *writing, const struct kept_lookback *lookback)
{
    struct buf *out = writing->out;
    double progress = lookback->total ? (double)lookback->done / (double)lookback->total : 0;
    bool done = lookback->state == LOOKBACK_DONE;
    bool begun = lookback->until != INT64_MAX && lookback->until != INT64_MIN;
    member_str(out, "id", lookback->id);
    member_c(out, "state", lookback_state_name(lookback->state));
    member_time(out, "created", lookback->created);
    member_time(out, "ended", lookback->ended ? lookback->ended : TIME_UNSET);
    member_double(out, "progress", done ? 1 : progress);
    member_time(out, "until", begun ? lookback->until : TIME_UNSET);
    member_str(out, "problem", lookback->problem);
    member_raw(out, "rules", lookback->rules, "[]");
    if (!writing->all)
        return;
    member_u64(out, "events", lookback->total);
    member_u64(out, "candidates", lookback->candidates);
    member_u64(out, "matches", lookback->matches);
}

static int add_lookback(void *context, const struct kept_lookback *lookback)
{
    const struct writing *writing = context;
    member_row_begin(writing->out);
    add_members(writing, lookback);
    return member_row_end(writing->out);
}

static void handle_list(struct api_request *request)
{
    struct buf json = {0};
    struct writing writing = {&json, request_scope(request)->all};
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    rest_list_begin(&json, "lookbacks");
    rest_list_reply(request, kept_lookback_list(ledger, LISTED, add_lookback, &writing), &json);
}

static int add_verdict(void *context, const struct kept_verdict *verdict)
{
    struct buf *out = context;
    bool matched = verdict->matches > 0;
    member_row_begin(out);
    member_str(out, "rule", verdict->rule);
    member_str(out, "agency", verdict->agency);
    member_c(out, "verdict", lookback_verdict_name(verdict->verdict));
    member_u64(out, "matches", verdict->matches);
    member_time(out, "first", matched ? verdict->first : TIME_UNSET);
    member_time(out, "last", matched ? verdict->last : TIME_UNSET);
    member_u64(out, "days", verdict->days);
    member_raw(out, "datasets", verdict->datasets, "[]");
    member_raw(out, "missing", verdict->missing, "[]");
    return member_row_end(out);
}

static void handle_show(struct api_request *request)
{
    struct kept_lookback lookback;
    struct buf json = {0}, verdicts = {0};
    const struct writing writing = {&json, request_scope(request)->all};
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    int status = kept_lookback_get(ledger, request_segment(request, 0), &lookback);
    if (status == 0) {
        buf_add_byte(&json, '{');
        add_members(&writing, &lookback);
        rest_list_begin(&verdicts, "verdicts"); /* {"verdicts":[ */
        status = kept_verdict_list(ledger, request_scope(request), request_segment(request, 0),
                                   add_verdict, &verdicts);
        buf_add_c(&verdicts, "]");
    }
    if (status < 0) {
        request_ledger_problem(request, status);
    } else {
        buf_add_byte(&json, ',');
        buf_add_str(&json, str_skip(buf_str(&verdicts), 1));
        buf_add_byte(&json, '}');
        json.failed |= verdicts.failed;
        request_reply_json(request, 200, &json);
    }
    buf_free(&json);
    buf_free(&verdicts);
}

static void change(struct api_request *request, const char *action,
                   int (*move)(struct ledger *ledger, struct str id),
                   void (*tell)(struct lookbacks *lookbacks, struct str id))
{
    struct ledger *ledger = rest_change_begin(request, action);
    if (!ledger || !rest_change_end(request, ledger, move(ledger, request_segment(request, 0))))
        return;
    struct lookbacks *lookbacks = request_options(request)->lookbacks;
    if (lookbacks)
        tell(lookbacks, request_segment(request, 0));
    request_reply(request, 204, NULL, STR(""));
}

static void handle_cancel(struct api_request *request)
{
    change(request, "lookback.cancel", kept_lookback_cancel, lookbacks_cancel);
}

static void wake(struct lookbacks *lookbacks, struct str id)
{
    (void)id;
    lookbacks_wake(lookbacks);
}

static void handle_resume(struct api_request *request)
{
    change(request, "lookback.resume", kept_lookback_resume, wake);
}

static const struct api_parameter none[] = {{0}};

const struct api_route routes_lookbacks[] = {
    {"GET", "/api/v1/lookbacks", API_READ, handle_list,
     "Lists the looks that new and changed rules have taken at what was received before them, and "
     "how far they have come.",
     none, "LookbackList", NULL, NULL},
    {"GET", "/api/v1/lookbacks/{id}", API_READ, handle_show,
     "Shows one, with what it says of each of the caller's agencies: affected, clean, or cannot "
     "tell.",
     none, "LookbackReport", NULL, NULL},
    {"DELETE", "/api/v1/lookbacks/{id}", API_ADMIN, handle_cancel,
     "Cancels one that waits or runs. What it has found stays.", none, NULL, NULL, NULL},
    {"POST", "/api/v1/lookbacks/{id}/resume", API_ADMIN, handle_resume,
     "Lets one that was cancelled, or failed, go on where it stopped.", none, NULL, NULL, NULL},
    {0},
};
