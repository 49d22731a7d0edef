/* Findings: a list, one with its events, its status, and the stream of all that change. */
#include "api/event_stream.h"
#include "api/findings.h"
#include "api/members.h"
#include "api/rest.h"

/* ---- the list ---- */

static const char *const sort_names[] = {"change", "last", "level", "count"};

static int add_finding(void *context, const struct ledger_finding *finding)
{
    struct buf *out = context;
    member_comma(out);
    finding_write(out, finding, false);
    return out->failed ? -ENOMEM : 0;
}

/* sort, order, limit and cursor. */
static bool read_page(struct api_request *request, struct finding_query *query)
{
    struct str sort = request_query(request, "sort"), order = request_query(request, "order");
    uint64_t limit = 0;
    int by = sort.ptr ? finding_name_number(sort, sort_names, 4) : FINDING_BY_LAST;
    if (by < 0) {
        request_problem(request, 400, "'%.64s' is nothing to sort by", sort.ptr);
        return false;
    }
    if (order.ptr && !str_eq(order, STR("asc")) && !str_eq(order, STR("desc"))) {
        request_problem(request, 400, "'%.64s' is no order: asc or desc is expected", order.ptr);
        return false;
    }
    if (!rest_query_number(request, "limit", 1, LEDGER_PAGE_MAX, &limit))
        return false;
    query->sort = (enum finding_sort)by;
    query->ascending = str_eq(order, STR("asc"));
    query->limit = (uint32_t)limit;
    query->cursor = request_query(request, "cursor");
    return true;
}

static void handle_list(struct api_request *request)
{
    struct finding_query query;
    if (!finding_filters_read(request, &query) || !read_page(request, &query))
        return;
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    struct buf json = {0}, cursor = {0};
    rest_list_begin(&json, "findings");
    int status = finding_list(ledger, request_scope(request), &query, add_finding, &json, &cursor);
    rest_page_reply(request, status, &json, buf_str(&cursor));
    buf_free(&cursor);
}

/* ---- one ---- */

static int add_event(void *context, const struct ledger_event *event)
{
    struct buf *out = context;
    member_row_begin(out);
    member_u64(out, "partition", event->partition);
    member_u64(out, "offset", event->offset);
    member_time(out, "time", event->time);
    member_raw(out, "event", event->json, "{}");
    return member_row_end(out);
}

static void reply_finding(struct api_request *request, struct ledger *ledger, struct str id)
{
    struct buf json = {0};
    struct ledger_finding finding;
    int status = finding_get(ledger, request_scope(request), id, &finding);
    if (status == 0) {
        finding_write(&json, &finding, true);
        member_raw(&json, "ocsf", finding.ocsf, "null");
        member_key(&json, "events");
        buf_add_byte(&json, '[');
        status = finding_events(ledger, request_scope(request), id, add_event, &json);
        buf_add_c(&json, "]}");
    }
    if (status < 0)
        request_ledger_problem(request, status);
    else
        request_reply_json(request, 200, &json);
    buf_free(&json);
}

static void handle_one(struct api_request *request)
{
    struct ledger *ledger = request_ledger(request);
    if (ledger)
        reply_finding(request, ledger, request_segment(request, 0));
}

/* {"status":"closed"} */
static bool read_status(struct api_request *request, enum finding_status *ret_status)
{
    struct str name;
    const struct rest_member members[] = {{"status", .ret_text = &name}, {0}};
    if (!rest_body_read(request, members))
        return false;
    int number = finding_name_number(name, finding_status_names, 3);
    if (number < 0) {
        request_problem(request, 400, "'status' is open, cleared or closed");
        return false;
    }
    *ret_status = (enum finding_status)number;
    return true;
}

static void handle_status(struct api_request *request)
{
    enum finding_status status;
    struct str id = request_segment(request, 0);
    if (!read_status(request, &status))
        return;
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    int done =
        finding_set_status(ledger, request_scope(request), id, status, request_grant(request)->id);
    if (done < 0) {
        request_ledger_problem(request, done);
        return;
    }
    api_published(request_api(request));
    reply_finding(request, ledger, id);
}

/* ---- the stream ---- */

/* After which change the stream starts: Last-Event-ID of a client that comes back, `after`, or now. */
static bool read_start(struct api_request *request, struct ledger *ledger, uint64_t *ret_after)
{
    struct str text = request_header(request, "Last-Event-ID");
    uint64_t now, after;
    if (!text.ptr)
        text = request_query(request, "after");
    int status = finding_change(ledger, &now);
    if (status < 0) {
        request_ledger_problem(request, status);
        return false;
    }
    after = now;
    if (text.ptr && str_to_u64(text, &after) < 0) {
        request_problem(request, 400, "'%.64s' is no number of a change", text.ptr);
        return false;
    }
    /* A number that was never given is of another ledger: what it had means nothing here. */
    *ret_after = after <= now ? after : now;
    return true;
}

static void handle_stream(struct api_request *request)
{
    struct finding_query query;
    if (!finding_filters_read(request, &query))
        return;
    struct ledger *ledger = request_ledger(request);
    if (ledger && read_start(request, ledger, &query.change_after))
        event_stream_open(request, &query);
}

static const struct api_parameter list_parameters[] = {
    FINDING_FILTERS,
    {"sort", "string", "last (the default), change, level or count.", false},
    {"order", "string", "desc (the default) or asc.", false},
    {"limit", "integer", "Findings in an answer, 1 to 1000; 50 unless told.", false},
    {"cursor", "string", "Of the answer before: what comes next.", false},
    {0},
};

static const struct api_parameter stream_parameters[] = {
    FINDING_FILTERS,
    {"after", "integer", "Starts behind this change, as the header Last-Event-ID does.", false},
    {0},
};

const struct api_route routes_findings[] = {
    {"GET", "/api/v1/findings", API_READ, handle_list, "Lists findings, the latest first.",
     list_parameters, "FindingList", NULL, NULL},
    {"GET", "/api/v1/findings/stream", API_READ, handle_stream,
     "Server-sent events: each finding as it is opened or changed, with its change number as id.",
     stream_parameters, "FindingStream", NULL, NULL},
    {"GET", "/api/v1/findings/{id}", API_READ, handle_one,
     "A finding with its OCSF document and the events that are kept.", NULL, "FindingDetail", NULL,
     NULL},
    {"PATCH", "/api/v1/findings/{id}", API_ADMIN, handle_status, "Sets the status of a finding.",
     NULL, "FindingDetail", "FindingStatus", NULL},
    {0},
};
