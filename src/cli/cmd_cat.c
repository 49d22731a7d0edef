/* jaga cat: any format in, JSON lines with the source's own names out. */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/reading.h"
#include "event/dataset.h"

/* One event's line in a result: what --source adds is known when its turn comes. */
struct cat_line {
    size_t end; /* behind it, in the text */
    uint64_t record;
    int64_t time;
};

struct cat_result {
    bool source; /* --source */
    struct buf text;
    VEC(struct cat_line) lines; /* only with --source */
    int status;
};

struct cat {
    const struct cli *cli;
    FILE *out;
};

/* Threads need nothing of their own; the pipeline wants a state that is not NULL. */
static void *thread_new(void *context)
{
    return context;
}

static void thread_free(void *thread)
{
    (void)thread;
}

static void *result_new(void *context)
{
    const struct cat *cat = context;
    struct cat_result *result = calloc(1, sizeof(*result));
    if (result)
        result->source = cat->cli->settings.source;
    return result;
}

static void result_free(void *result)
{
    struct cat_result *self = result;
    buf_free(&self->text);
    vec_free(&self->lines);
    free(self);
}

static void begin(void *thread, void *result)
{
    struct cat_result *self = result;
    (void)thread;
    buf_clear(&self->text);
    self->lines.len = 0;
}

static int on_event(void *thread, void *result, struct event *event)
{
    struct cat_result *self = result;
    (void)thread;
    event_write_json(event, &self->text);
    if (!self->source)
        buf_add_byte(&self->text, '\n');
    else if (vec_push(&self->lines, (struct cat_line){self->text.len, event->record, event->time}) <
             0)
        return -ENOMEM;
    return self->text.failed ? -ENOMEM : 0;
}

/* The lines of a chunk, each with where it came from put in before its closing brace. */
static void write_with_source(FILE *out, const struct cat_result *result,
                              const struct scan_chunk *chunk)
{
    struct buf path = {0};
    buf_add_json(&path, chunk->stream->path);
    size_t start = 0;
    for (size_t i = 0; i < result->lines.len; i++) {
        const struct cat_line *line = &result->lines.items[i];
        size_t len = line->end - start;
        if (len < 2)
            continue;
        fwrite(result->text.ptr + start, 1, len - 1, out);
        fprintf(out, "%s\"_source\":%.*s,\"_record\":%llu", len > 2 ? "," : "",
                STR_ARG(buf_str(&path)), (unsigned long long)(line->record + chunk->record_base));
        if (line->time != TIME_UNSET) {
            char text[TIME_TEXT_MAX];
            time_format(line->time, text);
            fprintf(out, ",\"_time\":\"%s\"", text);
        }
        fputs("}\n", out);
        start = line->end;
    }
    buf_free(&path);
}

static int on_chunk(void *context, const struct scan_chunk *chunk)
{
    const struct cat *cat = context;
    const struct cat_result *result = chunk->result;
    if (result->source)
        write_with_source(cat->out, result, chunk);
    else if (result->text.len)
        fwrite(result->text.ptr, 1, result->text.len, cat->out);
    return ferror(cat->out) ? -EPIPE : 0;
}

static int run(const struct cli *cli)
{
    struct reading reading = {0};
    struct fields fields;
    int code = EXIT_BROKEN;
    if (fields_init(&fields) < 0) {
        cli_complain(cli, "no memory");
        return EXIT_BROKEN;
    }
    code = reading_start(&reading, cli);
    if (code != EXIT_DONE)
        goto out;
    struct cat cat = {cli, reading.out};
    struct scan_job job = {
        .context = &cat,
        .thread_new = thread_new,
        .thread_free = thread_free,
        .result_new = result_new,
        .result_free = result_free,
        .begin = begin,
        .event = on_event,
        .chunk = on_chunk,
    };
    int status = reading_run(&reading, &job, &fields);
    code = reading_finish_output(&reading);
    if (status < 0 && status != -EPIPE) {
        cli_complain(cli, "cannot go on: %s", strerror(-status));
        code = EXIT_BROKEN;
    }
    if (code == EXIT_DONE)
        code = reading_exit_code(&reading);
out:
    reading_free(&reading);
    fields_free(&fields);
    return code;
}

static const char *const options[] = {
    "format",       "recover",        "source", "write", "jobs",    "unpack-max",
    "unpack-ratio", "unpack-members", "color",  "quiet", "verbose", NULL,
};

const struct command cmd_cat = {
    .name = "cat",
    .arguments = "PATH...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Print the events of any log as JSON lines, with the names their source gives.",
    .prose =
        "Paths are files, folders, archives or - for standard input. Formats are recognised by "
        "content: EVTX, JSON in its many shapes, XML, syslog, CEF, LEEF, key=value, CSV, Zeek, "
        "auditd, access logs, W3C, journald exports, plain lines. What cannot be read is said on "
        "standard error and the rest is printed.",
    .options = options,
    .run = run,
};
