#include "scan/pipeline.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "io/pool.h"
#include "scan/stream.h"

#define DROP_PAGES_FROM (16u << 20) /* mapped files from this size give their pages back */
#define BODY_KEEP_MAX (4u << 20)    /* a chunk's own bytes beyond this are freed after use */
#define ERROR_MEMORY_MAX (1u << 20) /* bytes of one chunk's error texts */
/* What a cutter may ask to see, in bytes. */
#define WINDOW_MAX (2 * (PARSE_RECORD_MAX + (size_t)SCAN_CHUNK_SIZE))

/* A stream with what keeps it alive: its bytes are unmapped after its last chunk was delivered. */
struct live_stream {
    struct scan_stream shown; /* first: the job sees this part */
    struct file_map map;
    char *path;
    bool given; /* named by the person, not found in a folder or an archive */
};

struct kept_error {
    uint64_t offset, record;
    struct str message;
};

/* One place in the ring. */
struct work_item {
    struct scan_chunk shown;
    struct live_stream *stream;
    const struct format *format;
    struct chunk data;
    struct buf header, body; /* copies, where the stream's own bytes do not last */
    bool last;               /* the stream ends here */
    int status;              /* of the parse: negative when the job wants to stop */
    uint64_t last_record;
    struct arena error_texts;
    VEC(struct kept_error) errors;
    uint64_t n_errors;
};

struct run_thread {
    struct parser *parser;
    uint64_t stream; /* number of the one whose options the parser has */
    void *state;
};

struct run {
    const struct scan_job *job;
    const struct scan_options *options;
    const struct fields *fields;
    struct pool *pool;
    struct run_thread *threads;
    struct work_item *items;
    struct work_item **idle;
    size_t n_items, n_idle;
    size_t chunk_size;
    uint64_t n_streams;
    uint64_t files_behind; /* bytes of the files that were read to their end */
    int status;
    struct scan_totals *totals;
};

/* ---- in a thread: one chunk ---- */

struct item_sink {
    struct sink sink;
    const struct scan_job *job;
    struct work_item *item;
    void *thread_state;
};

static void keep_error(struct work_item *item, uint64_t offset, uint64_t record, struct str message)
{
    item->n_errors++;
    if (item->errors.len >= SCAN_CHUNK_ERRORS_MAX)
        return;
    struct str copy = arena_copy(&item->error_texts, message);
    if (copy.ptr)
        (void)vec_push(&item->errors, ((struct kept_error){offset, record, copy}));
}

static int on_event(struct sink *sink, struct event *event)
{
    struct item_sink *self = (struct item_sink *)sink;
    self->item->shown.events++;
    self->item->shown.events_cut += event->cut;
    if (event->record > self->item->last_record)
        self->item->last_record = event->record;
    return self->job->event(self->thread_state, self->item->shown.result, event);
}

static void on_error(struct sink *sink, const struct parse_error *error)
{
    struct item_sink *self = (struct item_sink *)sink;
    if (error->record > self->item->last_record)
        self->item->last_record = error->record;
    keep_error(self->item, error->offset, error->record, str_from_c(error->message));
}

static void work(void *context, unsigned thread_index, void *job)
{
    struct run *run = context;
    struct run_thread *thread = &run->threads[thread_index];
    struct work_item *item = job;
    run->job->begin(thread->state, item->shown.result);
    if (item->data.body.len == 0)
        return;
    if (thread->stream != item->stream->shown.number) {
        parser_set_options(thread->parser, &item->stream->shown.options);
        thread->stream = item->stream->shown.number;
    }
    struct item_sink sink = {{on_event, on_error}, run->job, item, thread->state};
    item->status = parser_run(thread->parser, item->format, &item->data, &sink.sink);
}

/* ---- in the owner's thread: what comes back, in order ---- */

static void deliver_errors(struct run *run, struct work_item *item)
{
    struct scan_stream *stream = &item->stream->shown;
    uint64_t base = item->shown.record_base;
    for (size_t i = 0; i < item->errors.len; i++) {
        const struct kept_error *kept = &item->errors.items[i];
        struct scan_error error = {
            stream,
            kept->offset == SCAN_NO_PLACE ? SCAN_NO_PLACE : item->shown.offset + kept->offset,
            kept->record ? base + kept->record : 0,
            kept->message,
        };
        if (run->job->error)
            run->job->error(run->job->context, &error);
    }
    if (item->n_errors && stream->errors == 0)
        run->totals->streams_failed++;
    stream->errors += item->n_errors;
    run->totals->errors += item->n_errors;
}

static void end_stream(struct run *run, struct live_stream *stream)
{
    if (run->job->stream && run->status == 0)
        run->job->stream(run->job->context, &stream->shown);
    run->totals->streams += stream->shown.format != NULL;
    file_unmap(&stream->map);
    free(stream->path);
    free(stream);
}

static void deliver(struct run *run, struct work_item *item)
{
    struct scan_stream *stream = &item->stream->shown;
    const struct scan_job *job = run->job;
    /* EVTX carries its own record numbers; elsewhere they count on from the chunk before. */
    bool numbered = stream->format && stream->format->id == FORMAT_EVTX;
    item->shown.record_base = numbered ? 0 : stream->records;
    stream->bytes += item->data.body.len;
    if (run->status == 0) {
        run->totals->bytes += item->data.body.len;
        run->totals->events += item->shown.events;
        run->totals->events_cut += item->shown.events_cut;
        stream->events += item->shown.events;
        deliver_errors(run, item);
        if (job->chunk && item->data.body.len)
            run->status = job->chunk(job->context, &item->shown);
        if (run->status == 0 && item->status < 0)
            run->status = item->status;
        if (job->progress)
            job->progress(job->context, run->totals);
    }
    stream->records += numbered ? 0 : item->last_record;
    if (item->stream->map.bytes.len >= DROP_PAGES_FROM && item->body.len == 0)
        file_done_with(item->data.body);
    if (item->last)
        end_stream(run, item->stream);
    if (item->body.cap > BODY_KEEP_MAX)
        buf_free(&item->body);
    run->idle[run->n_idle++] = item;
}

/* ---- in the owner's thread: what goes in ---- */

static struct work_item *take_item(struct run *run, struct live_stream *stream)
{
    while (run->n_idle == 0)
        deliver(run, pool_take(run->pool, true));
    struct work_item *item = run->idle[--run->n_idle];
    void *result = item->shown.result;
    item->shown = (struct scan_chunk){.stream = &stream->shown, .result = result};
    item->stream = stream;
    item->format = stream->shown.format;
    item->data = (struct chunk){0};
    item->last = false;
    item->status = 0;
    item->last_record = 0;
    item->n_errors = 0;
    item->errors.len = 0;
    arena_reset(&item->error_texts);
    buf_clear(&item->header);
    buf_clear(&item->body);
    return item;
}

static void submit(struct run *run, struct work_item *item)
{
    struct work_item *done;
    while (pool_full(run->pool))
        deliver(run, pool_take(run->pool, true));
    pool_submit(run->pool, item);
    while ((done = pool_take(run->pool, false)))
        deliver(run, done);
}

/* The end of a stream, in its place behind its chunks; with the reason, when it came too early. */
static void submit_end(struct run *run, struct live_stream *stream, uint64_t offset,
                       const struct err *err)
{
    struct work_item *item = take_item(run, stream);
    item->last = true;
    if (err && err->code && err->code != -EINTR)
        keep_error(item, offset, 0, str_from_c(err->message));
    submit(run, item);
}

static bool stopped(const struct run *run)
{
    return run->status < 0 || (run->options->stop && *run->options->stop);
}

static struct str keep_bytes(struct buf *buf, struct str bytes)
{
    buf_add_str(buf, bytes);
    return buf_str(buf);
}

/* Cuts the next chunk off the stream into `item`. 1, 0 at the stream's end, or -ENOMEM. */
static int next_chunk(struct run *run, struct stream *stream, struct cutter *cutter,
                      struct work_item *item)
{
    bool last;
    struct str body = {0};
    size_t want = run->chunk_size;
    struct str window = stream_window(stream, want, &last);
    size_t taken = window.len ? cutter->format->cut(cutter, window, last, &body) : 0;
    while (taken == 0 && !last && want < WINDOW_MAX) {
        want *= 2;
        window = stream_window(stream, want, &last);
        taken = cutter->format->cut(cutter, window, last, &body);
    }
    if (taken == 0 && window.len == 0)
        return 0;
    if (taken == 0 || taken > window.len) {
        body = window; /* never asked for: a cutter takes what is last, or too long */
        taken = window.len;
    }
    item->shown.offset = stream->offset + (body.len ? (uint64_t)(body.ptr - window.ptr) : 0);
    item->data.offset = item->shown.offset;
    item->data.header = keep_bytes(&item->header, buf_str(&cutter->header));
    item->data.body = stream->mapped.ptr && !stream->utf16 ? body : keep_bytes(&item->body, body);
    stream_advance(stream, taken);
    return item->header.failed || item->body.failed || stream->bytes.failed ? -ENOMEM : 1;
}

/* A file beneath a folder that is neither a log nor text is none of our business. */
static bool is_binary(const struct format *format, struct str head)
{
    return format->id == FORMAT_PLAIN && head.len && memchr(head.ptr, '\0', head.len);
}

static int run_stream(struct run *run, struct live_stream *live, struct input *input)
{
    struct stream stream;
    bool last;
    int status = stream_start(&stream, input, live->map.bytes);
    struct str head = stream_window(&stream, PARSE_PROBE_SIZE, &last);
    const struct format *format = run->options->format;
    if (!format)
        format = format_recognise(head);
    struct cutter cutter = {.format = format};
    if (!run->options->format && is_binary(format, head)) {
        if (live->given)
            err_set(&stream.err, -EINVAL, "not recognised: binary data of no known format");
        else
            run->totals->streams_skipped++;
        goto end;
    }
    live->shown.format = format;
    while (status >= 0 && !stopped(run)) {
        struct work_item *item = take_item(run, live);
        status = next_chunk(run, &stream, &cutter, item);
        if (status <= 0) {
            run->idle[run->n_idle++] = item;
            break;
        }
        run->totals->file_bytes =
            run->files_behind + (live->map.bytes.ptr ? stream.start : input_position(input));
        submit(run, item);
    }
    if (stream.err.code == 0 && file_shrank(&live->map))
        err_set(&stream.err, -EIO, "the file became shorter while it was read");
end:
    submit_end(run, live, stream.err.code && live->shown.format ? stream.offset : SCAN_NO_PLACE,
               &stream.err);
    buf_free(&cutter.header);
    stream_free(&stream);
    return status < 0 ? status : 0;
}

static struct live_stream *new_stream(struct run *run, struct str path)
{
    struct live_stream *live = calloc(1, sizeof(*live));
    char *copy = malloc(path.len + 1);
    if (!live || !copy) {
        free(live);
        free(copy);
        return NULL;
    }
    if (path.len)
        memcpy(copy, path.ptr, path.len);
    copy[path.len] = '\0';
    live->path = copy;
    live->shown.path = str_of(copy, path.len);
    live->shown.number = run->n_streams++;
    return live;
}

/* A stream that is nothing but its error. */
static int submit_failure(struct run *run, struct str path, const struct err *err)
{
    struct live_stream *live = new_stream(run, path);
    if (!live)
        return -ENOMEM;
    submit_end(run, live, SCAN_NO_PLACE, err);
    return 0;
}

/* What times without a year are near to: the file's own time; of a pipe or a member without one (0
 * in many an archive) the present. */
static int64_t reference_us(const struct input_stream *found)
{
    struct timespec now;
    if (found->mtime_us > 0)
        return found->mtime_us;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

static int run_file(struct run *run, const struct walk_file *file)
{
    struct err err = {0};
    struct str own_path = str_from_c(strcmp(file->path, "-") == 0 ? "stdin" : file->path);
    struct input *input = input_open(file, &run->options->limits, &err);
    if (!input)
        return submit_failure(run, own_path, &err);
    int status = 0;
    while (status == 0 && !stopped(run)) {
        struct input_stream found = {0};
        int next = input_next(input, &found, &err);
        if (next == 0)
            break;
        if (next < 0) {
            status = submit_failure(run, found.path, &err);
            continue;
        }
        struct live_stream *live = new_stream(run, found.path);
        if (!live) {
            file_unmap(&found.map);
            status = -ENOMEM;
            break;
        }
        live->map = found.map;
        live->given = file->given && str_eq(found.path, own_path);
        live->shown.options = (struct parse_options){.reference_us = reference_us(&found),
                                                     .recover = run->options->recover};
        status = run_stream(run, live, input);
    }
    input_close(input);
    return status;
}

static void free_run(struct run *run)
{
    for (size_t i = 0; i < run->n_items; i++) {
        struct work_item *item = &run->items[i];
        if (item->shown.result)
            run->job->result_free(item->shown.result);
        vec_free(&item->errors);
        arena_free(&item->error_texts);
        buf_free(&item->header);
        buf_free(&item->body);
    }
    for (unsigned i = 0; run->threads && i < run->options->threads; i++) {
        if (run->threads[i].parser)
            parser_free(run->threads[i].parser);
        if (run->threads[i].state)
            run->job->thread_free(run->threads[i].state);
    }
    free(run->threads);
    free(run->items);
    free(run->idle);
}

static int prepare(struct run *run)
{
    unsigned threads = run->options->threads;
    struct parse_options none = {.reference_us = TIME_UNSET};
    size_t n_items = threads > 1 ? (size_t)threads * SCAN_RING_PER_THREAD + 1 : 2;
    run->threads = calloc(threads, sizeof(*run->threads));
    run->items = calloc(n_items, sizeof(*run->items));
    run->idle = calloc(n_items, sizeof(*run->idle));
    if (!run->threads || !run->items || !run->idle)
        return -ENOMEM;
    for (unsigned i = 0; i < threads; i++) {
        run->threads[i].stream = UINT64_MAX;
        run->threads[i].parser = parser_new(run->fields, &none);
        run->threads[i].state = run->job->thread_new(run->job->context);
        if (!run->threads[i].parser || !run->threads[i].state)
            return -ENOMEM;
    }
    for (size_t i = 0; i < n_items; i++) {
        struct work_item *item = &run->items[i];
        arena_init(&item->error_texts, ERROR_MEMORY_MAX);
        run->n_items++;
        item->shown.result = run->job->result_new(run->job->context);
        if (!item->shown.result)
            return -ENOMEM;
        run->idle[run->n_idle++] = item;
    }
    run->pool = pool_new(threads > 1 ? threads : 0, n_items - 1, work, run);
    return run->pool ? 0 : -ENOMEM;
}

int scan_run(const struct scan_job *job, const struct scan_options *options,
             const struct fields *fields, const struct walk *walk, struct scan_totals *ret_totals)
{
    assert(options->threads >= 1);
    struct run run = {.job = job, .options = options, .fields = fields, .totals = ret_totals};
    run.chunk_size = options->chunk_size ? options->chunk_size : SCAN_CHUNK_SIZE;
    *ret_totals = (struct scan_totals){0};
    int status = prepare(&run);
    for (size_t i = 0; status == 0 && !stopped(&run) && i < walk->files.len; i++) {
        status = run_file(&run, &walk->files.items[i]);
        run.files_behind += walk->files.items[i].size;
        ret_totals->file_bytes = run.files_behind;
    }
    ret_totals->interrupted = options->stop && *options->stop;
    struct work_item *item;
    while (run.pool && (item = pool_take(run.pool, true)))
        deliver(&run, item);
    pool_free(run.pool);
    free_run(&run);
    return status < 0 ? status : run.status;
}
