#include "ship/ship.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "io/clock.h"
#include "io/log.h"
#include "scan/pipeline.h"

#define LINGER_US (TIME_SECOND_US / 5) /* events wait for others at most so long */
#define WAIT_MS 1000
#define ERRORS_LOGGED 100 /* of a run; all are counted */

/* Of RECORDS, in position->state beside tail_file.c's: events of an unfinished pass that were sent. */
enum { STATE_PASSED = 3 };

struct ship {
    const struct ship_options *options;
    struct positions positions;
    struct client *client;
    struct tail *tail;
    struct sending *sending;
    struct fields fields;
    struct parser *parser;
    int64_t oldest; /* ticks: when the oldest event that waits was added */
    bool skips;     /* from_end: what was passed over is not saved yet */
    struct ship_report *report;
    struct err *err;
};

static void say(void *context, const char *path, int code, const char *what)
{
    struct ship *ship = context;
    struct log_line line;
    if (code < 0)
        ship->report->errors++;
    if (ship->report->errors > ERRORS_LOGGED)
        return;
    log_begin(&line, LOG_WARN, "ship.file");
    log_c(&line, "path", path);
    log_c(&line, "msg", what ? what : strerror(-code));
    log_end(&line);
}

/* ---- records of text formats ---- */

struct record_sink {
    struct sink sink;
    struct ship *ship;
    const char *path;
    struct buf json;
};

static int on_record(struct sink *sink, struct event *event)
{
    struct record_sink *self = (struct record_sink *)sink;
    buf_clear(&self->json);
    event_write_json(event, &self->json);
    return self->json.failed ? -ENOMEM
                             : sending_add(self->ship->sending, FORMAT_JSON, buf_str(&self->json));
}

static void on_record_error(struct sink *sink, const struct parse_error *error)
{
    struct record_sink *self = (struct record_sink *)sink;
    say(self->ship, self->path, -EINVAL, error->message);
}

static int send_records(struct ship *ship, const struct tail_piece *piece)
{
    struct record_sink sink = {{on_record, on_record_error}, ship, piece->path, {0}};
    struct chunk chunk = {piece->header, piece->body, piece->position->offset};
    struct parse_options options = {.reference_us = piece->mtime_us};
    if (chunk.body.len == 0)
        return 0;
    parser_set_options(ship->parser, &options);
    int status = parser_run(ship->parser, format_get(piece->position->format), &chunk, &sink.sink);
    buf_free(&sink.json);
    return status;
}

/* ---- archives and binary logs, whole ---- */

struct whole_event {
    size_t end; /* behind it, in the text */
    uint64_t record;
};

struct whole_result {
    struct buf text;
    VEC(struct whole_event) events;
};

struct whole {
    struct ship *ship;
    struct position *position;
    bool unwanted;
    bool by_record;  /* EVTX: what was sent is told by the records' numbers */
    uint64_t from;   /* events up to here, or records up to this number, were sent before */
    uint64_t passed; /* events met; by_record: beyond `from` */
    uint64_t last;   /* the highest record */
};

static void *whole_thread(void *context)
{
    return context;
}

static void whole_thread_free(void *thread)
{
    (void)thread;
}

static void *whole_result(void *context)
{
    (void)context;
    return calloc(1, sizeof(struct whole_result));
}

static void whole_result_free(void *result)
{
    struct whole_result *self = result;
    buf_free(&self->text);
    vec_free(&self->events);
    free(self);
}

static void whole_begin(void *thread, void *result)
{
    struct whole_result *self = result;
    (void)thread;
    buf_clear(&self->text);
    self->events.len = 0;
}

static int whole_event(void *thread, void *result, struct event *event)
{
    struct whole_result *self = result;
    (void)thread;
    event_write_json(event, &self->text);
    if (self->text.failed)
        return -ENOMEM;
    return vec_push(&self->events, ((struct whole_event){self->text.len, event->record}));
}

/* Has this event been sent before? Counts it as met. */
static bool is_behind(struct whole *whole, const struct whole_event *event)
{
    if (!whole->by_record)
        return ++whole->passed <= whole->from;
    if (event->record > whole->last)
        whole->last = event->record;
    if (event->record <= whole->from)
        return true;
    return ++whole->passed <= whole->position->state[STATE_PASSED];
}

static int whole_chunk(void *context, const struct scan_chunk *chunk)
{
    struct whole *whole = context;
    struct ship *ship = whole->ship;
    const struct whole_result *result = chunk->result;
    size_t start = 0;
    int status = 0;
    for (size_t i = 0; status == 0 && i < result->events.len; i++) {
        const struct whole_event *event = &result->events.items[i];
        struct str json = str_of(result->text.ptr + start, event->end - start);
        start = event->end;
        if (is_behind(whole, event) || whole->unwanted)
            continue;
        status = sending_add(ship->sending, FORMAT_JSON, json);
        if (whole->by_record)
            whole->position->state[STATE_PASSED] = whole->passed;
        else
            whole->position->offset = whole->passed;
        if (status == 0 && sending_is_full(ship->sending))
            status = sending_flush(ship->sending, ship->err);
    }
    return status;
}

static void whole_error(void *context, const struct scan_error *error)
{
    struct whole *whole = context;
    struct buf text = {0};
    buf_add_str(&text, error->message);
    buf_add_byte(&text, '\0');
    say(whole->ship, whole->position->path.ptr, -EINVAL, text.failed ? NULL : text.ptr);
    buf_free(&text);
}

static int read_whole(struct whole *whole)
{
    struct ship *ship = whole->ship;
    struct walk walk;
    struct scan_totals totals;
    struct scan_job job = {
        .context = whole,
        .thread_new = whole_thread,
        .thread_free = whole_thread_free,
        .result_new = whole_result,
        .result_free = whole_result_free,
        .begin = whole_begin,
        .event = whole_event,
        .chunk = whole_chunk,
        .error = whole_error,
    };
    struct scan_options options = {
        .threads = 1,
        .format = format_get(ship->options->tail.format),
        .limits = ship->options->unpack,
        .stop = ship->options->stop,
    };
    walk_init(&walk, NULL, NULL);
    int status = walk_add(&walk, whole->position->path.ptr);
    if (status == 0)
        status = scan_run(&job, &options, &ship->fields, &walk, &totals);
    walk_free(&walk);
    if (status == 0 && totals.interrupted)
        status = -ECANCELED;
    return status;
}

static int send_whole(struct ship *ship, const struct tail_piece *piece)
{
    struct position *position = piece->position;
    struct whole whole = {
        .ship = ship,
        .position = position,
        .unwanted = piece->unwanted,
        .by_record = position->kind == POSITION_RECORDS,
        .from = position->offset,
    };
    int status = read_whole(&whole);
    if (status == 0 && whole.by_record && whole.passed == 0 && whole.last &&
        whole.last < whole.from) {
        whole.from = whole.last = 0; /* it was cleared: its numbers have begun again */
        status = read_whole(&whole);
    }
    if (status < 0)
        return status;
    position->offset = whole.by_record ? whole.last : whole.passed;
    position->state[STATE_PASSED] = 0;
    return 0;
}

/* ---- the loop ---- */

static int send_piece(struct ship *ship, struct tail_piece *piece)
{
    int status = 0;
    if (piece->position->kind == POSITION_WHOLE || piece->position->kind == POSITION_RECORDS)
        status = send_whole(ship, piece);
    else if (piece->unwanted)
        status = 0;
    else if (piece->position->kind == POSITION_LINES)
        status = sending_add_lines(ship->sending, piece->position->format, piece->body);
    else
        status = send_records(ship, piece);
    if (status == 0)
        status = tail_take(ship->tail, piece);
    buf_free(&piece->cutter.header); /* of a piece that was not taken */
    if (status == -ENOMEM)
        err_set(ship->err, status, "no memory");
    return status;
}

/* Takes the next piece, or waits for one; sends what is due. 0; 1: everything is sent; -errno. */
static int step(struct ship *ship)
{
    struct tail_piece piece;
    bool was_empty = sending_is_empty(ship->sending);
    int64_t now = clock_ticks_us();
    int status = tail_next(ship->tail, now, &piece);
    bool none = status == 0, done = none && ship->options->tail.once && tail_done(ship->tail);
    if (status < 0)
        return err_set(ship->err, status, "%s", strerror(-status));
    if (status == 1)
        status = send_piece(ship, &piece);
    if (status < 0)
        return status;
    bool empty = sending_is_empty(ship->sending);
    if (was_empty && !empty)
        ship->oldest = now;
    bool due = done || sending_is_full(ship->sending) || now - ship->oldest >= LINGER_US;
    if ((due && !empty) || done || (none && ship->skips)) { /* also what moved behind nothing */
        status = sending_flush(ship->sending, ship->err);
        ship->skips = false;
    } else if (none) {
        tail_wait(ship->tail, empty ? WAIT_MS : (int)(LINGER_US / 1000));
    }
    return status < 0 ? status : done;
}

/* The folder and those above it. */
static int make_folders(const char *path, struct err *err)
{
    struct buf text = {0};
    for (const char *at = path; *at; at++) {
        if (*at == '/' && at != path) {
            buf_add_byte(&text, '\0');
            if (!text.failed && mkdir(text.ptr, 0700) < 0 && errno != EEXIST)
                err_set(err, -errno, "%s: %s", text.ptr, strerror(errno));
            text.len--;
        }
        buf_add_byte(&text, *at);
    }
    buf_free(&text);
    return err->code;
}

static int start(struct ship *ship, int *ret_dir_fd)
{
    const struct ship_options *options = ship->options;
    struct err *err = ship->err;
    struct tail_options tail = options->tail;
    struct client_options client = options->client;
    struct parse_options none = {.reference_us = TIME_UNSET};
    tail.say = say;
    tail.context = ship;
    client.stop = options->stop;
    ship->client = client_new(&client, err);
    if (!ship->client || make_folders(options->state, err) < 0)
        return err->code;
    int dir_fd = *ret_dir_fd = positions_open(options->state, &ship->positions, err);
    if (dir_fd < 0)
        return dir_fd;
    /* Of files that exist at the first start; later starts send what came between them. */
    ship->skips = tail.from_end = tail.from_end && ship->positions.is_new;
    struct sending_options sending = {
        .client = ship->client,
        .positions = &ship->positions,
        .dir_fd = dir_fd,
        .source = options->source,
        .batch = options->batch,
        .rate = options->rate,
        .pack = options->pack,
        .once = options->tail.once,
        .stop = options->stop,
    };
    ship->sending = sending_new(&sending);
    ship->tail = tail_new(&tail, &ship->positions);
    if (ship->sending && ship->tail && fields_init(&ship->fields) == 0)
        ship->parser = parser_new(&ship->fields, &none);
    return ship->parser ? 0 : err_set(err, -ENOMEM, "no memory");
}

int ship_run(const struct ship_options *options, struct ship_report *ret_report, struct err *err)
{
    struct ship ship = {.options = options, .report = ret_report, .err = err};
    int dir_fd = -1;
    *ret_report = (struct ship_report){0};
    int status = start(&ship, &dir_fd);
    if (status == 0)
        status = sending_resume(ship.sending, err);
    while (status == 0 && !(options->stop && *options->stop))
        status = step(&ship);
    if (status > 0) /* all is answered: the next start has nothing to send again */
        positions_save(dir_fd, &ship.positions);
    if (ship.sending)
        ret_report->sent = sending_stats(ship.sending);
    if (ship.tail)
        ret_report->lines_skipped = tail_lines_skipped(ship.tail);
    parser_free(ship.parser);
    fields_free(&ship.fields);
    tail_free(ship.tail);
    sending_free(ship.sending);
    client_free(ship.client);
    positions_free(&ship.positions);
    if (dir_fd >= 0)
        close(dir_fd);
    return status == -ECANCELED || status > 0 ? 0 : status;
}
