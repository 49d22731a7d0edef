#include "cli/reading.h"

#include <errno.h>

#include "cli/out_style.h"
#include "io/sandbox.h"

#define OUT_BUFFER_SIZE (1u << 18)

/* "path: what" or "path: offset N, record M: what", printable. */
static void say_error(struct reading *reading, struct str path, const struct scan_error *error)
{
    struct buf text = {0};
    style_printable(&text, path, 0);
    buf_add_c(&text, ": ");
    if (error->offset != SCAN_NO_PLACE)
        buf_printf(&text, "offset %llu: ", (unsigned long long)error->offset);
    if (error->record)
        buf_printf(&text, "record %llu: ", (unsigned long long)error->record);
    style_printable(&text, error->message, 0);
    progress_hide(&reading->progress);
    cli_complain(reading->cli, "%.*s", STR_ARG(buf_str(&text)));
    buf_free(&text);
}

static void on_walk_error(void *context, const char *path, int code)
{
    struct reading *reading = context;
    struct scan_error error = {
        .offset = SCAN_NO_PLACE,
        .message = str_from_c(code == -ELOOP   ? "folders nested too deep"
                              : code == -E2BIG ? "too many files"
                                               : strerror(-code)),
    };
    reading->walk_errors++;
    say_error(reading, str_from_c(path), &error);
    if (reading->also_error)
        reading->also_error(reading->context, str_from_c(path), &error);
}

static void on_error(void *context, const struct scan_error *error)
{
    struct reading *reading = context;
    if (reading->shown++ < READING_ERRORS_SHOWN || reading->cli->settings.verbose)
        say_error(reading, error->stream->path, error);
    if (reading->also_error)
        reading->also_error(reading->context, error->stream->path, error);
}

static void on_stream(void *context, const struct scan_stream *stream)
{
    struct reading *reading = context;
    uint64_t said = reading->cli->settings.verbose ? reading->shown : READING_ERRORS_SHOWN;
    if (reading->shown && stream->errors > said) {
        struct buf path = {0};
        style_printable(&path, stream->path, 0);
        progress_hide(&reading->progress);
        cli_complain(reading->cli, "%.*s: %llu more errors (--verbose shows them)",
                     STR_ARG(buf_str(&path)), (unsigned long long)(stream->errors - said));
        buf_free(&path);
    }
    reading->shown = 0;
}

static void on_progress(void *context, const struct scan_totals *totals)
{
    struct reading *reading = context;
    progress_show(&reading->progress, totals->file_bytes, totals->events, reading->findings);
}

static int open_output(struct reading *reading)
{
    const char *path = reading->cli->settings.write;
    reading->out = path ? fopen(path, "w") : stdout;
    if (!reading->out) {
        cli_complain(reading->cli, "%s: %s", path, strerror(errno));
        return EXIT_BROKEN;
    }
    setvbuf(reading->out, NULL, _IOFBF, OUT_BUFFER_SIZE);
    return EXIT_DONE;
}

static void enter_sandbox(struct reading *reading)
{
    const struct settings *settings = &reading->cli->settings;
    struct sandbox_report report;
    text_list paths = {0};
    int status = 0;
    for (size_t i = 0; status == 0 && i < settings->paths.len; i++)
        status = vec_push(&paths, settings->paths.items[i]);
    if (status < 0 || vec_push(&paths, NULL) < 0) {
        cli_complain(reading->cli, "no sandbox: no memory");
        vec_free(&paths);
        return;
    }
    sandbox_enter(&(struct sandbox_options){paths.items}, &report);
    if (settings->verbose)
        cli_say(reading->cli, "sandbox: %.*s", STR_ARG(buf_str(&report.applied)));
    if (report.missing.len && (settings->verbose || report.open))
        cli_say(reading->cli, "sandbox: without %.*s", STR_ARG(buf_str(&report.missing)));
    buf_free(&report.applied);
    buf_free(&report.missing);
    vec_free(&paths);
}

int reading_start(struct reading *reading, const struct cli *cli)
{
    const struct settings *settings = &cli->settings;
    int status = 0;
    reading->cli = cli;
    walk_init(&reading->walk, on_walk_error, reading);
    int code = open_output(reading);
    if (code != EXIT_DONE)
        return code;
    for (size_t i = 0; status == 0 && i < settings->paths.len; i++)
        status = walk_add(&reading->walk, settings->paths.items[i]);
    if (status == -ENOMEM) {
        cli_complain(cli, "no memory for the list of files");
        return EXIT_BROKEN;
    }
    if (settings->verbose && reading->walk.links_skipped + reading->walk.special_skipped)
        cli_say(cli, "left out: %llu symbolic links, %llu special files",
                (unsigned long long)reading->walk.links_skipped,
                (unsigned long long)reading->walk.special_skipped);
    enter_sandbox(reading);
    progress_start(&reading->progress, cli->terminal_err && !settings->quiet, reading->walk.bytes);
    return EXIT_DONE;
}

void reading_free(struct reading *reading)
{
    walk_free(&reading->walk);
    if (reading->out && reading->out != stdout)
        fclose(reading->out);
    reading->out = NULL;
}

/* The command's job with reading's callbacks in front: they share one context. */
struct shared_context {
    struct reading *reading;
    const struct scan_job *job;
};

static void *thread_new(void *context)
{
    const struct shared_context *shared = context;
    return shared->job->thread_new(shared->job->context);
}

static void *result_new(void *context)
{
    const struct shared_context *shared = context;
    return shared->job->result_new(shared->job->context);
}

static int chunk(void *context, const struct scan_chunk *done)
{
    const struct shared_context *shared = context;
    return shared->job->chunk(shared->job->context, done);
}

static void error(void *context, const struct scan_error *what)
{
    on_error(((struct shared_context *)context)->reading, what);
}

static void stream(void *context, const struct scan_stream *ended)
{
    const struct shared_context *shared = context;
    on_stream(shared->reading, ended);
    if (shared->job->stream)
        shared->job->stream(shared->job->context, ended);
}

static void progress(void *context, const struct scan_totals *totals)
{
    on_progress(((struct shared_context *)context)->reading, totals);
}

int reading_run(struct reading *reading, const struct scan_job *job, const struct fields *fields)
{
    const struct settings *settings = &reading->cli->settings;
    struct shared_context shared = {reading, job};
    struct scan_job whole = {
        .context = &shared,
        .thread_new = thread_new,
        .thread_free = job->thread_free,
        .result_new = result_new,
        .result_free = job->result_free,
        .begin = job->begin,
        .event = job->event,
        .chunk = chunk,
        .error = error,
        .stream = stream,
        .progress = progress,
    };
    struct scan_options options = {
        .threads = (unsigned)settings->jobs,
        .format = settings->format ? format_get((enum format_id)settings->format) : NULL,
        .recover = settings->recover,
        .limits = {settings->unpack_max, settings->unpack_ratio, settings->unpack_members},
        .stop = reading->cli->stop,
    };
    int status = scan_run(&whole, &options, fields, &reading->walk, &reading->totals);
    progress_hide(&reading->progress);
    if (reading->totals.streams_skipped && settings->verbose)
        cli_say(reading->cli, "left out: %llu files that are neither logs nor text",
                (unsigned long long)reading->totals.streams_skipped);
    if (reading->totals.events_cut)
        cli_complain(reading->cli, "events too large to keep all their values: %llu",
                     (unsigned long long)reading->totals.events_cut);
    if (reading->totals.interrupted)
        cli_complain(reading->cli, "interrupted: not everything was read");
    return status;
}

int reading_finish_output(struct reading *reading)
{
    bool failed = fflush(reading->out) != 0 || ferror(reading->out);
    int reason = errno;
    if (reading->out != stdout) {
        failed = fclose(reading->out) != 0 || failed;
        reading->out = NULL;
    }
    if (!failed || reason == EPIPE)
        return EXIT_DONE;
    cli_complain(reading->cli, "cannot write the output: %s", strerror(reason));
    return EXIT_BROKEN;
}

int reading_exit_code(const struct reading *reading)
{
    return reading->walk_errors || reading->totals.streams_failed ? EXIT_UNREADABLE : EXIT_DONE;
}
