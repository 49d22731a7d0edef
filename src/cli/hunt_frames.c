#include "cli/hunt_frames.h"

#include <errno.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/vec.h"
#include "hunt/dynamic.h"
#include "io/clock.h"

struct hunt_frames {
    const struct hunt_sink *sink;
    int64_t started; /* ticks */
    struct buf line; /* the beginning of a line whose end has not come */
    struct buf id, plan, note;
    json_t *head_json; /* names of the columns live in it */
    VEC(struct hunt_column) columns;
    VEC(struct str) names, values; /* of render */
    struct hunt_render render;
    struct hunt_head head;
    VEC(struct hunt_cell) cells;
    struct buf texts;
    bool open; /* a result has begun and not ended */
    bool done;
    _Atomic uint64_t rows;
    _Atomic double progress; /* negative: not known */
    _Atomic int64_t ahead;   /* others whose turn comes first; negative: it runs */
};

struct hunt_frames *hunt_frames_new(const struct hunt_sink *sink)
{
    struct hunt_frames *frames = calloc(1, sizeof(*frames));
    if (!frames)
        return NULL;
    frames->sink = sink;
    frames->started = clock_ticks_us();
    atomic_init(&frames->progress, -1);
    atomic_init(&frames->ahead, -1);
    return frames;
}

void hunt_frames_free(struct hunt_frames *frames)
{
    if (!frames)
        return;
    json_decref(frames->head_json);
    vec_free(&frames->columns);
    vec_free(&frames->names);
    vec_free(&frames->values);
    vec_free(&frames->cells);
    buf_free(&frames->texts);
    buf_free(&frames->line);
    buf_free(&frames->id);
    buf_free(&frames->plan);
    buf_free(&frames->note);
    free(frames);
}

struct str hunt_frames_id(const struct hunt_frames *frames)
{
    return buf_str(&frames->id);
}

struct str hunt_frames_plan(const struct hunt_frames *frames)
{
    return buf_str(&frames->plan);
}

struct str hunt_frames_note(const struct hunt_frames *frames)
{
    return buf_str(&frames->note);
}

void hunt_frames_stats(struct hunt_frames *frames, struct hunt_asking_stats *ret_stats)
{
    int64_t ahead = atomic_load(&frames->ahead);
    *ret_stats = (struct hunt_asking_stats){
        .rows = atomic_load(&frames->rows),
        .time_us = clock_ticks_us() - frames->started,
        .progress = atomic_load(&frames->progress),
        .queued = ahead >= 0,
        .ahead = ahead < 0 ? 0 : (uint32_t)ahead,
        .note = "",
    };
}

static int no_answer(struct err *err, const char *what)
{
    return err_set(err, -EPROTO, "the centre's answer is not one of a hunt: %s", what);
}

static struct str text_of(const json_t *value)
{
    return json_is_string(value) ? str_of(json_string_value(value), json_string_length(value))
                                 : STR("");
}

/* {"chart":"barchart","title":"..."} */
static int take_render(struct hunt_frames *frames, const json_t *render)
{
    const char *name;
    json_t *value;
    frames->names.len = frames->values.len = 0;
    frames->render = (struct hunt_render){.chart = text_of(json_object_get(render, "chart"))};
    json_object_foreach((json_t *)(uintptr_t)render, name, value)
    {
        if (vec_push(&frames->names, str_from_c(name)) < 0 ||
            vec_push(&frames->values, text_of(value)) < 0)
            return -ENOMEM;
    }
    frames->render.names = frames->names.items;
    frames->render.values = frames->values.items;
    frames->render.n_properties = (uint32_t)frames->names.len;
    return 0;
}

static int take_head(struct hunt_frames *frames, json_t *frame, struct err *err)
{
    const json_t *columns = json_object_get(frame, "columns");
    if (frames->open)
        return no_answer(err, "a result begins in another");
    json_decref(frames->head_json);
    frames->head_json = json_incref(frame);
    frames->columns.len = 0;
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const json_t *column = json_array_get(columns, i);
        struct hunt_column row = {text_of(json_object_get(column, "name")), KQL_STRING};
        tables_type_find(text_of(json_object_get(column, "type")), &row.type);
        if (vec_push(&frames->columns, row) < 0)
            return -ENOMEM;
    }
    if (take_render(frames, json_object_get(frame, "render")) < 0 ||
        vec_reserve(&frames->cells, frames->columns.len + 1) < 0)
        return -ENOMEM;
    frames->head = (struct hunt_head){
        .index = (uint32_t)json_integer_value(json_object_get(frame, "result")),
        .columns = frames->columns.items,
        .n_columns = (uint32_t)frames->columns.len,
        .render = &frames->render,
    };
    frames->open = true;
    return frames->sink->begin(frames->sink->context, &frames->head);
}

static int take_end(struct hunt_frames *frames, const json_t *frame, struct err *err)
{
    if (!frames->open)
        return no_answer(err, "a result ends that never began");
    frames->open = false;
    return frames->sink->end(frames->sink->context, json_is_true(json_object_get(frame, "cut")));
}

/*
 * An array of values, taken from the text itself: numbers and dynamic values stay as they were written, and most of an
 * answer is rows.
 */
static int take_row(struct hunt_frames *frames, struct str row, struct err *err)
{
    struct json_cursor walk = json_cursor_of(row);
    struct hunt_cell *cells = frames->cells.items;
    struct str key, value;
    struct buf room = {0};
    uint32_t n = 0;
    buf_clear(&frames->texts);
    for (; frames->open && n < frames->head.n_columns && json_cursor_next(&walk, &key, &value);
         n++) {
        size_t at = frames->texts.len;
        cells[n].null = dynamic_kind(value) == DYNAMIC_NULL;
        if (!cells[n].null)
            buf_add_str(&frames->texts, frames->columns.items[n].type == KQL_DYNAMIC
                                            ? value
                                            : dynamic_text(value, &room));
        cells[n].text.len = frames->texts.len - at;
    }
    bool failed = frames->texts.failed || room.failed;
    buf_free(&room);
    if (failed)
        return err_set(err, -ENOMEM, "no memory");
    if (!frames->open || n < frames->head.n_columns || json_cursor_next(&walk, &key, &value))
        return no_answer(err, "a row has other columns than its result");
    const char *at = frames->texts.ptr ? frames->texts.ptr : "";
    for (uint32_t i = 0; i < n; i++) {
        cells[i].text.ptr = at;
        at += cells[i].text.len;
    }
    atomic_fetch_add(&frames->rows, 1);
    return frames->sink->row(frames->sink->context, cells);
}

/* {"progress":{"part":0.4, ...}} */
static void take_progress(struct hunt_frames *frames, const json_t *progress)
{
    const json_t *part = json_object_get(progress, "part");
    double number = json_is_number(part) ? json_number_value(part) : -1;
    atomic_store(&frames->progress, number >= 0 && number <= 1 ? number : -1);
}

/* {"waiting":{"ahead":2}}, as long as it is not the hunt's turn; NULL: another frame. */
static void take_waiting(struct hunt_frames *frames, const json_t *waiting)
{
    json_int_t ahead = json_integer_value(json_object_get(waiting, "ahead"));
    bool fits = waiting && ahead >= 0 && ahead <= UINT32_MAX;
    atomic_store(&frames->ahead, fits ? ahead : -1);
}

/* A problem as an error: RFC 9457, with the place in the query. */
static int take_problem(const json_t *problem, struct err *err)
{
    json_int_t status = json_integer_value(json_object_get(problem, "status"));
    int code = status == 400                    ? -EINVAL
               : status == 401 || status == 403 ? -EACCES
               : status == 409                  ? -ECANCELED
               : status == 422                  ? -ETIME
                                                : -EIO;
    struct str detail = text_of(json_object_get(problem, "detail"));
    return err_at(err, code, (uint32_t)json_integer_value(json_object_get(problem, "line")),
                  (uint32_t)json_integer_value(json_object_get(problem, "column")), "%.*s",
                  STR_ARG(detail));
}

int hunt_frames_problem(struct str json, struct err *err)
{
    json_t *problem = json_loadb(json.ptr ? json.ptr : "", json.len, 0, NULL);
    int status = json_is_object(problem) ? take_problem(problem, err)
                                         : no_answer(err, "it says nothing of its problem");
    json_decref(problem);
    return status;
}

static int take_frame(struct hunt_frames *frames, json_t *frame, struct err *err)
{
    const json_t *part;
    take_waiting(frames, json_object_get(frame, "waiting"));
    if (json_object_get(frame, "columns"))
        return take_head(frames, frame, err);
    if (json_object_get(frame, "end"))
        return take_end(frames, frame, err);
    if ((part = json_object_get(frame, "problem")) != NULL)
        return take_problem(part, err);
    if ((part = json_object_get(frame, "progress")) != NULL)
        take_progress(frames, part);
    else if ((part = json_object_get(frame, "hunt")) != NULL && frames->id.len == 0)
        buf_add_str(&frames->id, text_of(part));
    else if ((part = json_object_get(frame, "plan")) != NULL)
        buf_add_str(&frames->plan, text_of(part));
    else if ((part = json_object_get(frame, "done")) != NULL && frames->note.len == 0)
        buf_add_str(&frames->note, text_of(json_object_get(part, "note")));
    /* A plan is the whole answer. */
    frames->done |= json_object_get(frame, "done") || json_object_get(frame, "plan");
    return frames->id.failed || frames->plan.failed || frames->note.failed ? -ENOMEM : 0;
}

static int take_line(struct hunt_frames *frames, struct str line, struct err *err)
{
    struct json_cursor walk = json_cursor_of(line);
    struct str key, value;
    if (walk.object && json_cursor_next(&walk, &key, &value) && str_eq(key, STR("row")))
        return take_row(frames, value, err);
    json_t *frame = json_loadb(line.ptr ? line.ptr : "", line.len, 0, NULL);
    int status = json_is_object(frame) ? take_frame(frames, frame, err)
                                       : no_answer(err, "a line is no JSON object");
    json_decref(frame);
    return status == -ENOMEM && !err->code ? err_set(err, -ENOMEM, "no memory") : status;
}

int hunt_frames_take(struct hunt_frames *frames, struct str bytes, struct err *err)
{
    struct str rest = bytes;
    size_t end;
    while ((end = str_index(rest, '\n')) < rest.len) {
        struct str line = str_first(rest, end);
        rest = str_skip(rest, end + 1);
        if (frames->line.len > 0) { /* its beginning came before */
            buf_add_str(&frames->line, line);
            line = buf_str(&frames->line);
        }
        int status = frames->line.failed ? -ENOMEM : take_line(frames, line, err);
        buf_clear(&frames->line);
        if (status < 0)
            return status;
    }
    buf_add_str(&frames->line, rest);
    return frames->line.failed || frames->line.len > HUNT_FRAME_MAX
               ? err_set(err, -ENOMEM, "a line of the centre's answer has no end")
               : 0;
}

int hunt_frames_end(struct hunt_frames *frames, struct err *err)
{
    int status = frames->line.len > 0 ? take_line(frames, buf_str(&frames->line), err) : 0;
    buf_clear(&frames->line);
    if (status == 0 && !frames->done)
        return err_set(err, -EIO, "the centre's answer ends in the middle");
    return status;
}
