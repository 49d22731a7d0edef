#include "api/aside.h"

#include <pthread.h>

#include "api/server.h"

struct aside {
    struct api_request *request;
    struct api *api;
    void (*work)(struct api_request *request);
};

static void *run(void *context)
{
    struct aside aside = *(struct aside *)context; /* it goes with the request */
    aside.work(aside.request);
    atomic_fetch_sub(&aside.api->n_aside, 1);
    request_resume(aside.request);
    return NULL;
}

static bool start(struct aside *aside)
{
    pthread_t thread;
    pthread_attr_t detached;
    if (pthread_attr_init(&detached) != 0)
        return false;
    bool started = pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &detached, run, aside) == 0;
    pthread_attr_destroy(&detached);
    return started;
}

static void refuse(struct api_request *request)
{
    request_set_header(request, "Retry-After", "5");
    request_problem(request, 429, "too much of this kind is under way");
}

void aside_run(struct api_request *request, void (*work)(struct api_request *request),
               void (*reply)(struct api_request *request), void *context)
{
    struct api *api = request_api(request);
    struct aside *aside = arena_zero(request_arena(request), 1, sizeof(*aside));
    if (!aside || atomic_fetch_add(&api->n_aside, 1) >= ASIDE_MAX) {
        if (aside)
            atomic_fetch_sub(&api->n_aside, 1);
        refuse(request);
        return;
    }
    *aside = (struct aside){request, api, work};
    request_suspend(request, reply, context);
    if (start(aside))
        return;
    atomic_fetch_sub(&api->n_aside, 1);
    request_resume(request); /* `reply` finds nothing done */
}
