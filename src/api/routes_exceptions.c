/* Exceptions: what is not to be found, as Sigma filters. */
#include "api/members.h"
#include "api/rest.h"
#include "ledger/exception.h"
#include "sigma/rule.h"

static int add_exception(void *context, const struct exception *exception)
{
    struct buf *out = context;
    member_row_begin(out);
    member_str(out, "id", exception->id);
    member_str(out, "agency", exception->agency);
    member_str(out, "filter", exception->filter);
    member_str(out, "reason", exception->reason);
    member_str(out, "author", exception->author);
    member_time(out, "created", exception->created);
    member_time(out, "expires", exception->expires);
    member_u64(out, "used", exception->used);
    return member_row_end(out);
}

static void handle_list(struct api_request *request)
{
    struct buf json = {0};
    struct ledger *ledger = request_ledger(request);
    if (!ledger)
        return;
    rest_list_begin(&json, "exceptions");
    rest_list_reply(request, exception_list(ledger, request_scope(request), add_exception, &json),
                    &json);
}

/* Is it one Sigma filter? False: a problem was replied, with the place. */
static bool check_filter(struct api_request *request, struct str yaml)
{
    struct sigma_set set;
    struct sigma_alone_filter filter;
    if (sigma_set_init(&set) < 0) {
        request_problem(request, 503, "no memory");
        return false;
    }
    bool taken = false;
    if (sigma_set_add(&set, yaml, STR("filter")) < 0)
        request_problem(request, 503, "no memory");
    else if (set.refusals.len)
        request_problem(request, 400, "'filter', line %u: %s", set.refusals.items[0].err.line,
                        set.refusals.items[0].err.message);
    else if (set.n_documents != 1 || sigma_set_filter(&set, &filter) < 0)
        request_problem(request, 400, "'filter' is not one Sigma filter");
    else
        taken = true;
    sigma_set_free(&set);
    return taken;
}

static bool read_exception(struct api_request *request, struct exception *ret_exception)
{
    *ret_exception = (struct exception){.author = request_grant(request)->id};
    const struct rest_member members[] = {
        {"agency", .ret_text = &ret_exception->agency},
        {"filter", .ret_text = &ret_exception->filter},
        {"reason", .ret_text = &ret_exception->reason},
        {"expires", .ret_expiration = &ret_exception->expires},
        {0},
    };
    return rest_body_read(request, members) && check_filter(request, ret_exception->filter);
}

/* Detection leaves out what they describe from the next round on. */
static void exceptions_changed(struct api_request *request)
{
    struct live *live = request_options(request)->live;
    if (live)
        live_reload_exceptions(live);
}

static void handle_add(struct api_request *request)
{
    char id[EXCEPTION_ID_MAX];
    struct exception exception;
    struct buf json = {0};
    if (!read_exception(request, &exception))
        return;
    struct ledger *ledger = rest_change_begin(request, "exception.add");
    if (!ledger || !rest_change_end(request, ledger, exception_add(ledger, &exception, id)))
        return;
    exceptions_changed(request);
    buf_add_byte(&json, '{');
    member_c(&json, "id", id);
    buf_add_byte(&json, '}');
    request_reply_json(request, 201, &json);
    buf_free(&json);
}

static void handle_remove(struct api_request *request)
{
    struct ledger *ledger = rest_change_begin(request, "exception.remove");
    if (!ledger ||
        !rest_change_end(request, ledger, exception_remove(ledger, request_segment(request, 0))))
        return;
    exceptions_changed(request);
    request_reply(request, 204, NULL, STR(""));
}

static const struct api_parameter none[] = {{0}};

const struct api_route routes_exceptions[] = {
    {"GET", "/api/v1/exceptions", API_READ, handle_list,
     "Lists what is not to be found: Sigma filters with their reason.", none, "ExceptionList", NULL,
     NULL},
    {"POST", "/api/v1/exceptions", API_ADMIN, handle_add, "Adds an exception.", none,
     "NewException", "ExceptionRequest", NULL},
    {"DELETE", "/api/v1/exceptions/{id}", API_ADMIN, handle_remove, "Takes an exception away.",
     none, NULL, NULL, NULL},
    {0},
};
