/*
 * event_stream: findings as server-sent events (WHATWG HTML, 9.2). A stream asks the ledger what has changed after what it
 * sent last, sends that, and is suspended until there may be more; so it misses nothing, holds nothing, and
 * a client that comes back with Last-Event-ID goes on where it was.
 *
 *     api_published() ─▶ a number rises ─▶ the keeper, soon after, resumes the streams that have not seen it
 *
 * A comment is sent when nothing else was for STREAM_BEAT_US, so that both sides and what is between them
 * know that the other lives.
 */
#ifndef JAGA_API_EVENT_STREAM_H
#define JAGA_API_EVENT_STREAM_H

#include "api/server.h"
#include "ledger/finding.h"

#define STREAM_BEAT_US INT64_C(15000000)
#define STREAM_PAGE 100 /* findings that are asked for at a time */

/* Answers with a stream of what changes after query->change_after; 429 where there are too many. */
void event_stream_open(struct api_request *request, const struct finding_query *query);

struct event_streams *event_streams_new(void);
void event_streams_free(struct event_streams *hub); /* once there is no stream */

/* From the keeper: resumes the streams that have something to do. */
void event_streams_look(struct api *api, int64_t ticks);

/* Streams that are open. */
uint32_t event_streams_count(struct event_streams *hub);

#endif
