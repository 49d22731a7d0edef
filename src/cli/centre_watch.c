/* Who sends to the centre, the intake, the health of sources, and detection. */
#include <errno.h>

#include "cli/centre_inside.h"
#include "cli/centre_version.h"
#include "cli/indicators.h"
#include "io/log.h"
#include "ledger/progress.h"
#include "watch/account.h"

#define HEALTH_BLOB STR("sources")
#define ACCOUNT_BLOB STR("account")

static void say_bad_sender(const struct config_source *source, struct str text)
{
    struct log_line line;
    log_begin(&line, LOG_WARN, "config.sender");
    log_u64(&line, "line", source->line);
    log_str(&line, "value", text);
    log_c(&line, "msg", "neither an address, a network nor a name of a certificate; left out");
    log_end(&line);
}

int centre_load_senders(struct centre *centre, const struct config *config)
{
    senders_reload_begin(centre->senders);
    for (size_t i = 0; i < config->n_sources; i++) {
        const struct config_source *source = &config->sources[i];
        const struct token grant = {.role = TOKEN_SEND,
                                    .agency = source->agency,
                                    .source = source->source,
                                    .rate = source->rate,
                                    .expires = TIME_UNSET};
        for (size_t j = 0; j < source->n_peers; j++)
            if (senders_add_peer(centre->senders, source->peers[j], &grant) < 0)
                say_bad_sender(source, source->peers[j]);
        for (size_t j = 0; j < source->n_certificates; j++)
            if (senders_add_certificate(centre->senders, source->certificates[j], &grant) < 0)
                say_bad_sender(source, source->certificates[j]);
    }
    senders_reload_end(centre->senders);
    return senders_load_tokens(centre->senders, centre->ledger);
}

int centre_start_senders(struct centre *centre, struct err *err)
{
    uint32_t partitions = centre->engine->partitions(centre->spool);
    centre->senders = senders_new(partitions);
    if (!centre->senders)
        return err_set(err, -ENOMEM, "no memory");
    int status = centre_load_senders(centre, &centre->config);
    return status < 0 ? err_set(err, status, "%s", ledger_problem(centre->ledger)) : 0;
}

void centre_stop_senders(struct centre *centre)
{
    senders_free(centre->senders);
}

int centre_start_intake(struct centre *centre, struct err *err)
{
    const struct intake_options options = {
        .engine = centre->engine,
        .spool = centre->spool,
        .dead = centre->dead,
        .senders = centre->senders,
    };
    struct buf saved = {0};
    centre->intake = intake_new(&options);
    if (!centre->intake)
        return err_set(err, -ENOMEM, "no memory");
    int status = blob_get(centre->ledger, ACCOUNT_BLOB, &saved);
    if (status == 0 || status == -ENOENT)
        status = account_load(centre->senders, centre->intake, buf_str(&saved));
    if (status < 0)
        log_say(LOG_WARN, "account.state", "the loss account begins anew, or lacks something: %s",
                strerror(-status));
    buf_free(&saved);
    return 0;
}

void centre_save_account(struct centre *centre)
{
    struct buf saved = {0};
    if (account_save(centre->senders, centre->intake, &saved) < 0 ||
        blob_put(centre->ledger, ACCOUNT_BLOB, buf_str(&saved)) < 0)
        log_say(LOG_WARN, "account.state", "the loss account cannot be kept: %s",
                ledger_problem(centre->ledger));
    else
        account_let_go(centre->intake);
    buf_free(&saved);
}

void centre_stop_intake(struct centre *centre)
{
    if (centre->intake)
        centre_save_account(centre);
    intake_free(centre->intake);
}

int centre_declare_sources(struct centre *centre, const struct config *config)
{
    int status = 0;
    health_expect_nothing(centre->health);
    for (size_t i = 0; status == 0 && i < config->n_sources; i++) {
        const struct config_source *source = &config->sources[i];
        if (source->expect_us)
            status =
                health_expect(centre->health, source->agency,
                              source->source.len ? source->source : STR("*"), source->expect_us);
    }
    return status;
}

int centre_start_health(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    const struct health_options options = {
        .silence_min_us = settings->silence,
        .learn_us = settings->learn,
        .drift_us = settings->drift,
        .backwards_us = settings->backwards,
        .senders = centre->senders,
    };
    struct buf state = {0};
    centre->health = health_new(&options);
    if (!centre->health)
        return err_set(err, -ENOMEM, "no memory");
    if (blob_get(centre->ledger, HEALTH_BLOB, &state) == 0 &&
        health_load(centre->health, buf_str(&state)) < 0)
        log_say(LOG_WARN, "health.state",
                "what was learnt about sources cannot be read; it is learnt anew");
    buf_free(&state);
    return centre_declare_sources(centre, &centre->config) < 0 ? err_set(err, -ENOMEM, "no memory")
                                                               : 0;
}

void centre_save_health(struct centre *centre)
{
    struct buf state = {0};
    if (health_save(centre->health, &state) < 0 ||
        blob_put(centre->ledger, HEALTH_BLOB, buf_str(&state)) < 0)
        log_say(LOG_WARN, "health.state", "what was learnt about sources cannot be kept: %s",
                ledger_problem(centre->ledger));
    buf_free(&state);
}

void centre_stop_health(struct centre *centre)
{
    if (centre->health)
        centre_save_health(centre);
    health_free(centre->health);
}

const char *centre_intel_path(struct centre *centre)
{
    return centre_path(centre, INTEL_FOLDER "/" INTEL_FILE_NAME);
}

void centre_say_version(const char *event, const struct live_version *version)
{
    struct log_line line;
    size_t loaded, refused;
    centre_version_count(version, &loaded, &refused);
    log_begin(&line, LOG_INFO, event);
    log_u64(&line, "rules", loaded);
    log_u64(&line, "refused", refused);
    log_u64(&line, "indicators", version->intel ? intel_count(version->intel, INDICATOR_NONE) : 0);
    log_u64(&line, "agencies", version->n_agencies);
    log_end(&line);
}

void centre_published(void *context)
{
    struct centre *centre = context;
    pthread_mutex_lock(&centre->published);
    if (centre->api)
        api_published(centre->api);
    pthread_mutex_unlock(&centre->published);
}

/* A version takes over: rules that are new look back. */
static void on_changed(void *context, struct live_version *version, const uint64_t *offsets,
                       uint32_t n)
{
    struct centre *centre = context;
    if (centre->lookbacks)
        lookbacks_changed(centre->lookbacks, version, offsets, n);
}

int centre_start_live(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    const struct live_options options = {
        .engine = centre->engine,
        .spool = centre->spool,
        .senders = centre->senders,
        .health = centre->health,
        .ledger = centre->ledger_url,
        .journal_key = centre->journal_key,
        .threads = (unsigned)settings->jobs,
        .disorder_us = settings->lateness,
        .fold_us = settings->fold,
        .throttle = (uint32_t)settings->throttle,
        .snapshot_us = settings->snapshot,
        .correlator_memory = settings->correlation_memory,
        .published = centre_published,
        .changed = on_changed,
        .context = centre,
    };
    struct live_version *version =
        centre_version_load(&centre->cli, &centre->config, centre_intel_path(centre));
    if (!version)
        return err_set(err, -EINVAL, "the rules cannot be used");
    centre_say_version("rules.loaded", version);
    if (centre->lake)
        centre->store_version = centre_version_share(version);
    centre->live = live_start(&options, version, err);
    return centre->live ? 0 : err->code;
}

void centre_stop_live(struct centre *centre)
{
    live_stop(centre->live);
}
