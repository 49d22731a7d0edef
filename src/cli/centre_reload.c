/* What the centre looks at while it runs, and reads again when it has changed. */
#include <errno.h>

#include "cli/centre_inside.h"
#include "cli/centre_version.h"
#include "io/changes.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"

#define FILES_LOOK_US (2 * TIME_SECOND_US)
#define HEALTH_LOOK_US (5 * TIME_SECOND_US)
#define HEALTH_SAVE_US (60 * TIME_SECOND_US)
#define ROOM_US TIME_SECOND_US

int centre_read_config(struct centre *centre, struct settings *settings, struct config *config)
{
    struct buf text = {0};
    struct err err = {0};
    int status = file_read(centre->config_path, CONFIG_SIZE_MAX, &text);
    if (status == -ENOENT && !settings->config)
        status = 0;
    else if (status < 0)
        log_say(LOG_ERROR, "config.unreadable", "%s: %s", centre->config_path, strerror(-status));
    if (status == 0) {
        status = config_parse(buf_str(&text), centre->taken, settings, config, &err);
        if (status < 0 && err.line)
            log_say(LOG_ERROR, "config.wrong", "%s:%u:%u: %s", centre->config_path, err.line,
                    err.column, err.message);
        else if (status < 0)
            log_say(LOG_ERROR, "config.wrong", "%s: %s", centre->config_path, err.message);
    }
    buf_free(&text);
    return status;
}

uint64_t centre_signature(struct centre *centre)
{
    const struct settings *settings = &centre->cli.settings;
    uint64_t signature = changes_signature(0, centre->config_path);
    signature = changes_signature(signature, centre_intel_path(centre));
    for (size_t i = 0; i < settings->rules.len; i++)
        signature = changes_signature(signature, settings->rules.items[i]);
    if (settings->content)
        signature = changes_signature(signature, settings->content);
    if (settings->placeholders)
        signature = changes_signature(signature, settings->placeholders);
    return signature;
}

static void reload_senders(struct centre *centre, const struct config *config)
{
    if (centre_load_senders(centre, config) < 0 || centre_declare_sources(centre, config) < 0)
        log_say(LOG_ERROR, "reload.senders", "not all senders are known: %s",
                ledger_problem(centre->ledger));
    live_reload_exceptions(centre->live);
}

/* What a changed file cannot change while the centre runs. */
static void say_settings(const struct centre *centre, const struct settings *now)
{
    for (const char *const *name = centre->taken; *name; name++) {
        const struct option_row *row = option_find(str_from_c(*name));
        if (row && !option_same(&centre->cli.settings, now, row))
            log_say(LOG_WARN, "reload.setting", "%s takes effect at the next start", *name);
    }
}

/* Detection and the lake change over each for itself, behind what they have begun. */
static void swap_version(struct centre *centre, struct live_version *version)
{
    struct err err = {0};
    struct store_version *shared = version && centre->store ? centre_version_share(version) : NULL;
    if (!version)
        err_set(&err, -EINVAL, "the new ones cannot be used");
    if (version && centre->lookbacks)
        lookbacks_prepare(centre->lookbacks, version);
    if (version && live_swap(centre->live, version, &err) == 0) {
        if (shared)
            store_swap(centre->store, shared);
        return;
    }
    log_say(LOG_ERROR, "reload.failed", "the rules of before stay: %s", err.message);
    if (shared)
        shared->free(shared);
    centre_version_free(version);
}

/* Addresses and sizes are what they were at the start; agencies, sources and what is read may change. */
void centre_reload(struct centre *centre)
{
    struct settings scratch;
    struct config config = {0};
    if (options_copy(&centre->asked, &scratch) < 0)
        return;
    centre->files = centre_signature(centre);
    api_reload_identity(centre->api);
    if (centre_read_config(centre, &scratch, &config) == 0) {
        say_settings(centre, &scratch);
        struct live_version *version =
            centre_version_load(&centre->cli, &config, centre_intel_path(centre));
        if (version)
            centre_say_version("rules.loaded", version);
        swap_version(centre, version);
        centre_reload_hunt(centre);
        centre_reload_schedule(centre, &config);
        reload_senders(centre, &config);
        if (centre_keep_lake(centre, &config) < 0)
            log_say(LOG_ERROR, "reload.retention", "no memory: that of before stays");
    }
    options_free(&scratch);
    config_free(&config);
}

static void look_at_ledger(struct centre *centre)
{
    uint64_t version;
    if (ledger_version(centre->ledger, &version) < 0 || version == centre->ledger_version)
        return;
    centre->ledger_version = version;
    if (senders_load_tokens(centre->senders, centre->ledger) < 0)
        log_say(LOG_ERROR, "tokens.unreadable", "%s", ledger_problem(centre->ledger));
    live_reload_exceptions(centre->live);
    if (centre->lookbacks)
        lookbacks_look(centre->lookbacks, centre->ledger);
}

/* A full spool may let go of what the account has counted as soon as that is kept. */
static void make_room(struct centre *centre, int64_t now)
{
    if (now - centre->room_us < ROOM_US)
        return;
    centre->room_us = now;
    centre_save_account(centre);
}

/* Being busy for a moment (-EAGAIN) is no trouble. */
static void look_at_spool(struct centre *centre, int64_t now)
{
    int trouble = intake_ready(centre->intake);
    if (trouble == -ENOSPC)
        make_room(centre, now);
    if (trouble == -EAGAIN || trouble == centre->spool_trouble)
        return;
    centre->spool_trouble = trouble;
    if (trouble == 0)
        log_say(LOG_INFO, "spool.well", "events are stored");
    else
        log_say(LOG_ERROR, "spool.failing", "senders are told to wait: %s",
                trouble == -ENOSPC ? "the disk, or the quota of the spool, is full"
                                   : strerror(-trouble));
}

void centre_tick(struct centre *centre)
{
    int64_t now = clock_ticks_us();
    look_at_spool(centre, now);
    look_at_ledger(centre);
    if (now - centre->files_us >= FILES_LOOK_US) {
        centre->files_us = now;
        if (centre_signature(centre) != centre->files)
            centre_reload(centre);
    }
    if (now - centre->looked_us >= HEALTH_LOOK_US) {
        centre->looked_us = now;
        if (health_look(centre->health, centre->ledger, clock_now_us()) < 0)
            log_say(LOG_ERROR, "sources.look", "%s", ledger_problem(centre->ledger));
        else
            centre_published(centre);
    }
    if (now - centre->saved_us >= HEALTH_SAVE_US) {
        centre->saved_us = now;
        centre_save_health(centre);
        centre_save_account(centre);
    }
}
