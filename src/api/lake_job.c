#include "api/lake_job.h"

#include <errno.h>

#include "api/aside.h"
#include "api/rest.h"
#include "ledger/journal.h"

bool lake_job_possible(struct api_request *request)
{
    if (!request_options(request)->lake)
        request_problem(request, 404, "this centre keeps no lake");
    return request_options(request)->lake;
}

static void work(struct api_request *request)
{
    struct lake_job *job = request_context(request);
    job->started = true;
    job->status = store_run(request_options(request)->store, job->work, job);
}

void lake_job_run(struct api_request *request, store_work *in_filler,
                  void (*reply)(struct api_request *request), void *context)
{
    struct lake_job *job = context;
    job->engine = request_options(request)->lake_engine;
    job->work = in_filler;
    aside_run(request, work, reply, job);
}

void lake_job_refuse(struct api_request *request, int status, const struct err *err)
{
    unsigned code = status == -ENOENT ? 404 : status == -EINVAL ? 400 : 503;
    if (code == 503)
        request_set_header(request, "Retry-After", "10");
    request_problem(request, code, "%s", err->message[0] ? err->message : strerror(-status));
}

bool lake_job_done(struct api_request *request, const struct lake_job *job, const char *action,
                   const struct buf *note)
{
    int status = job->started ? job->status : -EAGAIN;
    if (status < 0) {
        lake_job_refuse(request, status, &job->err);
        return false;
    }
    struct ledger *ledger = rest_change_begin(request, action);
    if (!ledger)
        return false;
    status = note->failed ? -ENOMEM : journal_note(ledger, action, buf_str(note));
    return rest_change_end(request, ledger, status);
}
