/* jaga drill run: an exercise, from its first event to the report. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/centre_client.h"
#include "cli/drill_files.h"
#include "cli/drill_report.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"
#include "readiness/play.h"

static struct play_options play_options(const struct cli *cli)
{
    return (struct play_options){
        .seed = cli->settings.drill_seed,
        .start_us = clock_now_us(),
        .duration_us = cli->settings.drill_duration,
        .noise = (double)cli->settings.drill_noise / 100,
    };
}

/* ---- dry ---- */

/* A file for each source, or one stream for all. */
struct dry {
    const struct drill *drill;
    FILE **files;
};

static FILE *open_source(const struct cli *cli, const struct drill *drill, size_t i)
{
    const struct drill_source *source = &drill->sources[i];
    struct buf path = {0};
    buf_printf(&path, "%s/%.*s", cli->settings.write,
               STR_ARG(drill->agencies[source->agency].name));
    buf_add_byte(&path, '\0');
    FILE *file = NULL;
    if (!path.failed && (mkdir(path.ptr, 0777) == 0 || errno == EEXIST)) {
        path.len--;
        buf_printf(&path, "/%.*s.log", STR_ARG(source->name));
        buf_add_byte(&path, '\0');
        file = path.failed ? NULL : fopen(path.ptr, "w");
    }
    if (!file)
        cli_complain(cli, "%s: %s", path.failed ? cli->settings.write : path.ptr, strerror(errno));
    buf_free(&path);
    return file;
}

static int dry_events(const struct cli *cli, struct dry *dry, struct play *play)
{
    struct play_event event;
    struct err err = {0};
    int status;
    while ((status = play_next(play, &event, &err)) > 0 && !*cli->stop) {
        FILE *file = dry->files ? dry->files[event.source] : stdout;
        if (event.text.len == 0)
            continue;
        fwrite(event.text.ptr, 1, event.text.len, file);
        putc('\n', file);
    }
    if (status < 0)
        cli_complain(cli, "%s", err.message);
    return status < 0 ? EXIT_BROKEN : EXIT_DONE;
}

static int dry(const struct cli *cli, const struct drill *drill)
{
    struct play_options options = play_options(cli);
    struct err err = {0};
    struct dry dry = {.drill = drill};
    struct play *play = play_new(drill, &options, &err);
    int code = EXIT_DONE;
    if (!play) {
        cli_complain(cli, "%s", err.message);
        return EXIT_BROKEN;
    }
    if (cli->settings.write) {
        dry.files = calloc(drill->n_sources, sizeof(*dry.files));
        code = dry.files && (mkdir(cli->settings.write, 0777) == 0 || errno == EEXIST)
                   ? EXIT_DONE
                   : EXIT_BROKEN;
        for (size_t i = 0; code == EXIT_DONE && i < drill->n_sources; i++)
            if (!(dry.files[i] = open_source(cli, drill, i)))
                code = EXIT_BROKEN;
    }
    if (code == EXIT_DONE)
        code = dry_events(cli, &dry, play);
    for (size_t i = 0; dry.files && i < drill->n_sources; i++)
        if (dry.files[i] && fclose(dry.files[i]) != 0)
            code = EXIT_BROKEN;
    free(dry.files);
    play_free(play);
    return code;
}

/* ---- for real ---- */

struct telling {
    const struct cli *cli;
    const struct drill *drill;
};

static void say_step(void *context, size_t step, int64_t at_us)
{
    const struct telling *telling = context;
    if (!telling->cli->settings.quiet)
        drill_report_step(telling->cli, telling->drill, step, at_us);
}

static int write_report(const struct cli *cli, const struct drill *drill,
                        const struct run_result *result)
{
    struct buf json = {0};
    if (!cli->settings.drill_report)
        return EXIT_DONE;
    drill_report_json(cli, drill, result, &json);
    int status = json.failed ? -ENOMEM : file_write(cli->settings.drill_report, buf_str(&json));
    if (status < 0)
        cli_complain(cli, "%s: %s", cli->settings.drill_report, strerror(-status));
    buf_free(&json);
    return status < 0 ? EXIT_BROKEN : EXIT_DONE;
}

static int exit_code(const struct cli *cli, int status, const struct err *err)
{
    if (status == 0)
        return EXIT_DONE;
    if (*cli->stop)
        return EXIT_INTERRUPTED;
    cli_complain(cli, "%s", err->message);
    return status == -EINVAL                        ? EXIT_USAGE
           : status == -EACCES || status == -EPROTO ? EXIT_REFUSED
                                                    : EXIT_BROKEN;
}

static int run_over_doors(const struct cli *cli, const struct drill *drill)
{
    const struct settings *settings = &cli->settings;
    struct telling telling = {cli, drill};
    const struct run_options options = {
        .client = centre_client_options(cli),
        .seed = settings->drill_seed,
        .duration_us = settings->drill_duration,
        .noise = (double)settings->drill_noise / 100,
        .wait_us = settings->drill_wait,
        .say = say_step,
        .context = &telling,
        .stop = cli->stop,
    };
    struct run_result result;
    struct err err = {0};
    log_set_level(settings->verbose ? LOG_INFO : LOG_WARN);
    int code = exit_code(cli, drill_run(drill, &options, &result, &err), &err);
    if (code == EXIT_DONE) {
        drill_report_print(cli, drill, &result);
        code = write_report(cli, drill, &result);
    }
    if (code == EXIT_DONE && run_count(drill, &result, JUDGE_MISSED))
        code = EXIT_FOUND;
    run_result_free(&result);
    return code;
}

static int run(const struct cli *cli)
{
    struct drill_files files;
    struct drill drill;
    if (!cli->settings.drill_dry && !cli->settings.to_url) {
        cli_complain(cli, "the centre is not named: --to URL (or --dry, to see the events)");
        return EXIT_USAGE;
    }
    int code = drill_files_open(&files, cli);
    if (code != EXIT_DONE)
        return code;
    code = drill_files_read(&files, cli, cli->settings.paths.items[0], &drill);
    if (code == EXIT_DONE) {
        code = cli->settings.drill_dry ? dry(cli, &drill) : run_over_doors(cli, &drill);
        drill_free(&drill);
    }
    drill_files_close(&files);
    return code;
}

static const char *const options[] = {
    "ship:to", "token-file", "ca",    "fingerprint", "insecure", "duration",
    "noise",   "seed",       "wait",  "report",      "dry",      "write",
    "content", "color",      "quiet", "verbose",     NULL,
};

const struct command cmd_drill_run = {
    .name = "drill run",
    .arguments = "NAME|FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Stage an intrusion in the ordinary telemetry of three agencies, and report what the "
             "centre found of it.",
    .prose =
        "Each source sends through the door of its shipper, under a token of its own that is made "
        "with the administrator's and revoked at the end. Steps are found when a finding of a rule "
        "that they name comes of their time and agency; a finding that no step explains is false. "
        "What was sent is compared with what the centre says that it stored.\n"
        "The exit code is 1 when a step was missed that something should have found. Use a centre "
        "of its own, or agencies that exist only for drills: findings stay in the ledger.",
    .options = options,
    .run = run,
};
