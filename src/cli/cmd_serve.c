/* jaga serve: the centre, until it is told to stop. */
#include <signal.h>
#include <time.h>

#include "cli/centre.h"
#include "io/file.h"
#include "io/log.h"

static const char *const options[] = {
    "data",          "config",          "listen",
    "listen-plain",  "syslog-udp",      "syslog-tcp",
    "syslog-tls",    "certificate",     "key",
    "client-ca",     "rules",           "placeholders",
    "content",       "no-cache",        "jobs",
    "spool",         "ledger",          "partitions",
    "lake",          "hunts-max",       "hunt-memory",
    "hunt-rows-max", "hunt-time-max",   "lake-memory",
    "lake-threads",  "hunts",           "hunt-lag",
    "no-schedule",   "duckdb",          "geo",
    "spool-quota",   "spool-keep-size", "spool-keep",
    "spool-pending", "lateness",        "fold",
    "throttle",      "snapshot",        "correlation-memory",
    "silence",       "learn",           "drift",
    "backwards",     "connections",     "body-max",
    "request-time",  "elastic-version", "log-level",
    "quiet",         "verbose",         NULL,
};

/* What the configuration file may set: all but what leads to it, and what is about this terminal. */
const char *const *const config_settings = options + 2;

/* Signals come here and nowhere else: threads inherit the mask. */
static sigset_t block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signals;
}

static void serve(struct centre *centre, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    for (;;) {
        int signal_number = sigtimedwait(signals, NULL, &second);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            return;
        if (signal_number == SIGHUP)
            centre_reload(centre);
        else
            centre_tick(centre);
    }
}

static int run(const struct cli *cli)
{
    int code = EXIT_DONE;
    struct cli logging = *cli;
    sigset_t signals = block_signals();
    logging.logs = true;
    file_limit_raise(); /* a connection is an open file */
    log_set_level((enum log_level)cli->settings.log_level);
    struct centre *centre = centre_start(&logging, config_settings, &code);
    if (!centre)
        return code;
    if (!cli->settings.quiet)
        centre_introduce(centre, stdout);
    serve(centre, &signals);
    log_say(LOG_INFO, "serve.stopping", "finishing what is under way");
    centre_stop(centre);
    log_say(LOG_INFO, "serve.stopped", "everything acknowledged is kept");
    return EXIT_DONE;
}

const struct command cmd_serve = {
    .name = "serve",
    .paths_max = 0,
    .about = "Run the centre: take events from shippers, detect as they arrive, keep findings.",
    .prose =
        "The first start makes what is missing in the data folder and prints where it listens and "
        "an administrator's token, once. Shippers send to the Elasticsearch, Splunk HEC, OTLP and "
        "syslog doors unchanged (docs/shippers.md), each with a token made by `jaga token add`.\n"
        "Every event is durable before it is acknowledged, and soon can be hunted in the lake. "
        "SIGTERM stops in order; SIGHUP, and any "
        "change of their files, reads rules, datasets, indicators, certificates, agencies and "
        "sources again, without an event missed.\n"
        "Every option can stand in the configuration file, by its name; lists as YAML lists. The "
        "file also has the agencies and the sources.",
    .options = options,
    .until_stopped = true,
    .run = run,
};
