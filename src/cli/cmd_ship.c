/* jaga ship: files to a centre, each line exactly once. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/centre_client.h"
#include "io/file.h"
#include "io/log.h"
#include "ship/ship.h"

#define STATE_ROOT "/var/lib/jaga/ship"
#define HOST_MAX 256

/* The folder of positions; the caller frees it. NULL: no memory. */
static char *state_folder(const struct settings *settings)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *folder = NULL;
    if (settings->state)
        return strdup(settings->state);
    if (state && *state)
        return asprintf(&folder, "%s/jaga/ship", state) < 0 ? NULL : folder;
    if (geteuid() == 0 || !home)
        return strdup(STATE_ROOT);
    return asprintf(&folder, "%s/.local/state/jaga/ship", home) < 0 ? NULL : folder;
}

static int report(const struct cli *cli, const struct ship_report *done)
{
    if (cli->settings.once)
        cli_say(cli, "sent %llu events in %llu requests%s", (unsigned long long)done->sent.events,
                (unsigned long long)done->sent.requests,
                done->sent.events ? "" : ": there was nothing new");
    if (done->sent.rejected)
        cli_complain(cli, "the centre keeps %llu events as dead letters: they are malformed",
                     (unsigned long long)done->sent.rejected);
    if (done->lines_skipped)
        cli_complain(cli, "lines too long to be sent: %llu",
                     (unsigned long long)done->lines_skipped);
    return done->errors || done->lines_skipped || done->sent.refused ? EXIT_UNREADABLE : EXIT_DONE;
}

static int run(const struct cli *cli)
{
    const struct settings *settings = &cli->settings;
    struct ship_report done;
    struct err err = {0};
    char host[HOST_MAX] = "";
    if (!centre_is_named(cli))
        return EXIT_USAGE;
    gethostname(host, sizeof(host) - 1);
    log_set_level(settings->verbose ? LOG_DEBUG : settings->quiet ? LOG_ERROR : LOG_INFO);
    file_limit_raise(); /* files are held open while they are followed */
    char *state = state_folder(settings);
    struct ship_options options = {
        .tail = {.paths = settings->paths.items,
                 .n_paths = settings->paths.len,
                 .format = (enum format_id)settings->format,
                 .once = settings->once,
                 .from_end = settings->from_end},
        .client = centre_client_options(cli),
        .unpack = {settings->unpack_max, settings->unpack_ratio, settings->unpack_members},
        .state = state,
        .source = settings->source_name ? settings->source_name
                  : host[0]             ? host
                                        : NULL,
        .batch = settings->batch,
        .rate = settings->ship_rate,
        .pack = !settings->no_gzip,
        .stop = cli->stop,
    };
    int status = state ? ship_run(&options, &done, &err) : err_set(&err, -ENOMEM, "no memory");
    free(state);
    if (status < 0) {
        cli_complain(cli, "%s", err.message);
        return status == -EINVAL                        ? EXIT_USAGE
               : status == -EACCES || status == -EPROTO ? EXIT_REFUSED
                                                        : EXIT_BROKEN;
    }
    return report(cli, &done);
}

static const char *const options[] = {
    "ship:to",        "token-file", "ship:source", "ca",         "fingerprint",
    "insecure",       "state",      "once",        "from-end",   "format",
    "batch",          "ship:rate",  "no-gzip",     "unpack-max", "unpack-ratio",
    "unpack-members", "quiet",      "verbose",     NULL,
};

const struct command cmd_ship = {
    .name = "ship",
    .arguments = "PATH...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Send files to a centre as they grow, each line exactly once.",
    .prose =
        "Paths are files, folders or patterns ('/var/log/*.log'); files that come later are "
        "found. Rotation is followed, by renaming and by copying and truncating, also what "
        "happened of it while nothing ran. Positions are saved before each request, and the centre "
        "knows a request that it has had: whenever sender, centre or network fail, and are "
        "started again, each line arrives once.\n"
        "Lines of syslog, CEF, LEEF, key=value, access logs, JSON and plain text go as they are; "
        "CSV, Zeek, W3C, auditd, XML, journald exports, EVTX and archives as the events that `jaga "
        "cat` prints. EVTX is read again when it grows, and records that are new are sent; an "
        "archive is read once.\n"
        "While the centre does not answer, or says that it is busy, nothing more is read, and the "
        "files keep what is not sent.",
    .options = options,
    .until_stopped = true,
    .run = run,
};
