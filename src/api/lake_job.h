/*
 * lake_job: what changes the lake, for the handlers that do. It runs in the thread that fills the lake, while the
 * request waits aside, and is in the journal under the caller's name.
 */
#ifndef JAGA_API_LAKE_JOB_H
#define JAGA_API_LAKE_JOB_H

#include "api/api.h"

/* The first member of what such a handler keeps in the request's memory. */
struct lake_job {
    const struct lake_ops *engine;
    store_work *work;
    bool started;
    int status;
    struct err err;
};

/* False: this centre keeps no lake, which was replied. */
bool lake_job_possible(struct api_request *request);

/* Runs `work` with `job` as its context, then `reply`, which finds it with request_context(). */
void lake_job_run(struct api_request *request, store_work *work,
                  void (*reply)(struct api_request *request), void *job);

/* Replies what went wrong. */
void lake_job_refuse(struct api_request *request, int status, const struct err *err);

/*
 * It is done: notes it in the journal as one entry of that action and topic. False: it failed, or could not be noted,
 * which was replied.
 */
bool lake_job_done(struct api_request *request, const struct lake_job *job, const char *action,
                   const struct buf *note);

#endif
