/*
 * hunt_frames: the answer of a centre to a hunt (POST /api/v1/hunts as application/x-ndjson), whose lines become calls of a
 * sink as they come:
 *
 *     {"hunt":"7"}  {"result":0,"columns":[...],"render":...}  {"row":[...]} ...  {"end":0,"cut":false}  {"done":{...}}
 *                                                          or, at any place, {"progress":{...}}, {"problem":{...}}
 *     {"waiting":{"ahead":2}} ...                          before all of it
 *
 * The centre is not trusted to send them in that order, nor to send JSON: what is no answer is an error, and the sink gets
 * begin, rows of as many cells, end. One thread reads; another may look at the figures.
 */
#ifndef JAGA_CLI_HUNT_FRAMES_H
#define JAGA_CLI_HUNT_FRAMES_H

#include "hunt/ask.h"

#define HUNT_FRAME_MAX ((size_t)64 << 20) /* bytes of a line */

struct hunt_frames;

/* The sink outlives it. NULL: no memory. */
struct hunt_frames *hunt_frames_new(const struct hunt_sink *sink);
void hunt_frames_free(struct hunt_frames *frames);

/* The next bytes. 0; what the sink returned; -EPROTO, -ENOMEM or what a problem means, with *err. Not again after an error. */
int hunt_frames_take(struct hunt_frames *frames, struct str bytes, struct err *err);

/* There are no more. 0; -EIO: that was not the whole answer; or as above. */
int hunt_frames_end(struct hunt_frames *frames, struct err *err);

/* The hunt's name at the centre; empty: it did not say. Lives as long as the frames. */
struct str hunt_frames_id(const struct hunt_frames *frames);

/* The plan that came instead of rows; empty: none. */
struct str hunt_frames_plan(const struct hunt_frames *frames);

/* What its reader must know of the result; empty: nothing. Lives as long as the frames. */
struct str hunt_frames_note(const struct hunt_frames *frames);

/* How far it is: rows that came, and what the centre said last of its progress or its turn. Any thread. */
void hunt_frames_stats(struct hunt_frames *frames, struct hunt_asking_stats *ret_stats);

/* A problem (RFC 9457, JSON) as an error, with the place in the query where it has one. Returns its code. */
int hunt_frames_problem(struct str json, struct err *err);

#endif
