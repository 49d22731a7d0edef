#include "cli/centre.h"

#include <stdlib.h>

#include "cli/centre_inside.h"
#include "io/log.h"

#define PATHS_MAX (1u << 20)

/* Started from the first to the last, stopped from the last to the first. */
static const struct part {
    const char *name;
    int (*start)(struct centre *centre, struct err *err);
    void (*stop)(struct centre *centre);
} parts[] = {
    {"data", centre_start_folders, NULL},
    {"certificate", centre_start_identity, centre_stop_identity},
    {"ledger", centre_start_ledger, centre_stop_ledger},
    {"spool", centre_start_spool, centre_stop_spool},
    {"dead letters", centre_start_dead, centre_stop_dead},
    {"lake", centre_start_lake, centre_stop_lake},
    {"senders", centre_start_senders, centre_stop_senders},
    {"intake", centre_start_intake, centre_stop_intake},
    {"sources", centre_start_health, centre_stop_health},
    {"look-backs", centre_open_lookbacks, centre_close_lookbacks},
    {"detection", centre_start_live, centre_stop_live},
    {"store", centre_start_store, centre_stop_store},
    {"hunts", centre_start_hunt, centre_stop_hunt},
    {"the past", centre_start_lookbacks, centre_stop_lookbacks},
    {"saved hunts", centre_start_schedule, centre_stop_schedule},
    {"syslog", centre_start_syslog, centre_stop_syslog},
    {"api", centre_start_api, centre_stop_api},
    {"token", centre_start_token, NULL},
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static void stop_parts(struct centre *centre, size_t n)
{
    while (n-- > 0)
        if (parts[n].stop)
            parts[n].stop(centre);
}

static int start_parts(struct centre *centre)
{
    struct err err = {0};
    for (size_t i = 0; i < N_PARTS; i++) {
        if (parts[i].start(centre, &err) == 0)
            continue;
        log_say(LOG_ERROR, "serve.failed", "%s: %s", parts[i].name, err.message);
        stop_parts(centre, i + 1);
        return EXIT_BROKEN;
    }
    return EXIT_DONE;
}

static void free_centre(struct centre *centre)
{
    options_free(&centre->cli.settings);
    options_free(&centre->asked);
    config_free(&centre->config);
    arena_free(&centre->arena);
    pthread_mutex_destroy(&centre->published);
    free(centre);
}

struct centre *centre_start(const struct cli *cli, const char *const *taken, int *ret_code)
{
    struct centre *centre = calloc(1, sizeof(*centre));
    if (!centre) {
        *ret_code = EXIT_BROKEN;
        return NULL;
    }
    centre->cli = *cli;
    centre->taken = taken;
    if (options_copy(&cli->settings, &centre->asked) < 0 ||
        options_copy(&cli->settings, &centre->cli.settings) < 0) {
        options_free(&centre->asked);
        free(centre);
        *ret_code = EXIT_BROKEN;
        return NULL;
    }
    pthread_mutex_init(&centre->published, NULL);
    arena_init(&centre->arena, PATHS_MAX);
    centre->config_path =
        cli->settings.config ? cli->settings.config : centre_path(centre, "jaga.yaml");
    *ret_code = centre_read_config(centre, &centre->cli.settings, &centre->config) < 0 ? EXIT_USAGE
                                                                                       : EXIT_DONE;
    if (*ret_code == EXIT_DONE) {
        log_set_level((enum log_level)centre->cli.settings.log_level);
        centre->files = centre_signature(centre);
        *ret_code = start_parts(centre);
    }
    if (*ret_code != EXIT_DONE) {
        free_centre(centre);
        return NULL;
    }
    api_set_ready(centre->api, true);
    return centre;
}

void centre_stop(struct centre *centre)
{
    api_set_ready(centre->api, false);
    stop_parts(centre, N_PARTS);
    free_centre(centre);
}
