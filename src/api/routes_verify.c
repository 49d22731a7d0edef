/* The lake against the journal, with what is found as it is found. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "api/lake_job.h"
#include "api/members.h"
#include "api/outflow.h"
#include "watch/audit.h"

struct verifying {
    struct api *api;
    struct outflow *outflow;
    char day[LAKE_DAY_TEXT_MAX];
    _Atomic bool cancelled;
};

/* Ends the frame and hands it out; frees it. */
static int send_frame(struct verifying *verifying, struct buf *frame)
{
    buf_add_c(frame, "}\n");
    int status = frame->failed ? -ENOMEM : outflow_write(verifying->outflow, buf_str(frame));
    buf_free(frame);
    return status < 0 ? status : atomic_load(&verifying->cancelled) ? -ECANCELED : 0;
}

static int tell_fault(void *context, struct str sentence)
{
    struct buf frame = {0};
    buf_add_byte(&frame, '{');
    member_str(&frame, "fault", sentence);
    return send_frame(context, &frame);
}

static int tell_day(void *context, struct str day, const struct lake_check *check)
{
    struct buf frame = {0};
    buf_add_byte(&frame, '{');
    member_str(&frame, "day", day);
    member_u64(&frame, "blocks", check->blocks);
    member_u64(&frame, "rows", check->rows);
    return send_frame(context, &frame);
}

static int tell_end(struct verifying *verifying, const struct audit_report *report)
{
    struct buf frame = {0};
    buf_add_byte(&frame, '{');
    member_bool(&frame, "done", true);
    member_u64(&frame, "blocks", report->check.blocks);
    member_u64(&frame, "rows", report->check.rows);
    member_u64(&frame, "removed", report->check.removed);
    member_u64(&frame, "noted", report->blocks);
    member_u64(&frame, "pending", report->pending);
    member_u64(&frame, "taken", report->taken);
    member_u64(&frame, "signed_to", report->signed_to);
    member_u64(&frame, "faults", report->faults);
    return send_frame(verifying, &frame);
}

static int make_answer(void *context, struct outflow *outflow, struct err *err)
{
    struct verifying *verifying = context;
    struct api *api = verifying->api;
    struct audit_report report;
    struct ledger *ledger = ledgers_take(api->ledgers, err);
    if (!ledger)
        return err->code;
    verifying->outflow = outflow;
    const struct audit audit = {
        .ops = api->options.lake_engine,
        .lake = api->options.lake,
        .ledger = ledger,
        .day = str_from_c(verifying->day),
        .fault = tell_fault,
        .day_done = tell_day,
        .context = verifying,
    };
    int status = audit_run(&audit, &report, err);
    ledgers_give(api->ledgers, ledger);
    return status == 0 || report.faults ? tell_end(verifying, &report) : status;
}

static void cancel(void *context)
{
    atomic_store(&((struct verifying *)context)->cancelled, true);
}

static void handle_verify(struct api_request *request)
{
    static const struct outflow_work work = {.type = "application/x-ndjson",
                                             .limited = true,
                                             .make = make_answer,
                                             .cancel = cancel,
                                             .free = free};
    struct str day = request_query(request, "day");
    if (!lake_job_possible(request))
        return;
    struct verifying *verifying = calloc(1, sizeof(*verifying));
    if (!verifying) {
        request_problem(request, 503, "no memory");
    } else if (day.len >= sizeof(verifying->day)) {
        request_problem(request, 400, "'day' is a day, such as 2026-11-22");
        free(verifying);
    } else {
        verifying->api = request_api(request);
        if (day.len)
            memcpy(verifying->day, day.ptr, day.len);
        outflow_start(request, &work, verifying);
    }
}

static const struct api_parameter parameters[] = {
    {"day", "string", "Only what is kept under this day of event time.", false},
    {0},
};

const struct api_route routes_verify[] = {
    {"GET", "/api/v1/lake/verify", API_WHOLE, handle_verify,
     "Compares the lake with the signed journal: each fault as it is found, each day, and the sum.",
     parameters, "LakeAudit", NULL, NULL},
    {0},
};
