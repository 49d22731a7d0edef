/*
 * hunts: the hunts that run in the server. The answer of each is an outflow, whose thread compiles and runs it:
 *
 *     request ─▶ hunts_start ─▶ outflow: make() ─▶ its turn ─▶ compile, run ─▶ sink ─▶ rows ─▶ outflow_write
 *
 * Some run at a time, the others wait for their turn (hunt_turns.h); who reads frames is told how many are before him.
 */
#ifndef JAGA_API_HUNTS_H
#define JAGA_API_HUNTS_H

#include "api/hunt_turns.h"
#include "api/server.h"
#include "hunt/ask.h"

#define HUNTS_MAX 8                    /* that run at once, unless the options say otherwise */
#define HUNTS_TOKEN_MAX 3              /* .. of one token */
#define HUNTS_WAITING_MAX 64           /* for their turn; a further one is refused with 503 */
#define HUNTS_TOKEN_WAITING_MAX 8      /* .. of one token; 429 */
#define HUNT_WAIT_US INT64_C(60000000) /* how long one waits for its turn; 503 */
#define HUNT_NUMBER_MAX 24

struct hunts;

/* NULL: no memory. Freed once the outflows are, whose threads hunt. */
struct hunts *hunts_new(struct api *api);
void hunts_free(struct hunts *hunts);

enum hunt_form {
    HUNT_JSON,   /* {"columns":[...],"rows":[[...],...],...} */
    HUNT_NDJSON, /* frames, one a line */
    HUNT_CSV,
};

/* What is asked. Texts are copied; the scope is the request's. */
struct hunt_wish {
    struct str text;
    enum hunt_language language;
    enum hunt_form form;
    bool explain; /* the plan, not the rows */
    int64_t first, last;
    int64_t now_us; /* what now() is; 0: the clock */
    struct hunt_limits limits;
    const struct hunt_parameter *parameters;
    uint32_t n_parameters;
};

/* Starts a hunt and answers the request with its result, whenever that is. */
void hunts_start(struct api_request *request, const struct hunt_wish *wish);

/* What runs for the request's caller, as rows of a JSON list. */
void hunts_list(struct api_request *request, struct buf *json);

/* False: the caller has no such hunt. */
bool hunts_cancel(struct api_request *request, struct str id);

/* Figures of hunts, for /metrics. */
void hunts_metrics(struct hunts *hunts, struct buf *out);

/* ---- hunts_write.c: a result in one of the forms ---- */

struct hunt_writer {
    enum hunt_form form;
    struct buf *out;
    const struct hunt_head *head; /* from begin to end */
    uint64_t rows;                /* of this result */
    uint32_t results;
};

/* Each adds its piece to `out`. */
void hunt_write_id(struct hunt_writer *writer, const char *id);
void hunt_write_begin(struct hunt_writer *writer, const struct hunt_head *head);
void hunt_write_row(struct hunt_writer *writer, const struct hunt_cell *cells);
void hunt_write_end(struct hunt_writer *writer, bool cut);
void hunt_write_done(struct hunt_writer *writer, const struct hunt_asking_stats *stats);
void hunt_write_progress(struct buf *out, const struct hunt_asking_stats *stats);
void hunt_write_waiting(struct buf *out, uint32_t ahead);

/* RFC 9457, with "line" and "column" of the query where the error has them. */
unsigned hunt_problem_status(const struct err *err);
void hunt_write_problem(struct buf *out, const struct err *err);

#endif
