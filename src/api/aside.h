/*
 * aside: work of a request that waits for more than the ledger, in a thread of its own, so that no thread of the
 * server waits. The request is suspended meanwhile; there are few such threads, and one more is refused (429).
 */
#ifndef JAGA_API_ASIDE_H
#define JAGA_API_ASIDE_H

#include "api/api.h"

#define ASIDE_MAX 8

/*
 * Calls `work` in another thread, then `reply` in one of the server, as the handler's end; both find `context`, which
 * is of the request's arena, with request_context(). What cannot be started was replied to.
 */
void aside_run(struct api_request *request, void (*work)(struct api_request *request),
               void (*reply)(struct api_request *request), void *context);

#endif
