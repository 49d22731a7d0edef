#include "cli/centre_version.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "cli/indicators.h"
#include "io/log.h"

#define AGENCIES_MEMORY_MAX (64u << 20)

struct centre_version {
    struct live_version live;
    struct store_version store;
    _Atomic unsigned users; /* of either */
    struct engine engine;
    struct indicators indicators;
    struct arena arena; /* what agencies want */
};

static int open_indicators(struct centre_version *version, const char *path)
{
    struct err err = {0};
    int status = indicators_open(path, &version->indicators, &err);
    version->live.intel = version->indicators.intel;
    if (status == 0 || status == -ENOENT)
        return 0;
    log_say(LOG_ERROR, "intel.unreadable", "%s", err.message);
    return status;
}

/* ---- agencies ---- */

static bool copy_agency(struct centre_version *version, const struct config_agency *from,
                        struct live_agency *ret_agency)
{
    struct str *without = arena_zero(&version->arena, from->n_without + 1, sizeof(*without));
    if (!without)
        return false;
    for (size_t i = 0; i < from->n_without; i++) {
        without[i] = arena_copy(&version->arena, from->without[i]);
        if (!without[i].ptr)
            return false;
    }
    *ret_agency = (struct live_agency){.name = arena_copy(&version->arena, from->name),
                                       .level = from->level,
                                       .without = without,
                                       .n_without = from->n_without};
    return ret_agency->name.ptr;
}

static int copy_agencies(struct centre_version *version, const struct config *config)
{
    struct live_agency *agencies =
        arena_zero(&version->arena, config->n_agencies + 1, sizeof(*agencies));
    for (size_t i = 0; i < config->n_agencies; i++)
        if (!agencies || !copy_agency(version, &config->agencies[i], &agencies[i]))
            return -ENOMEM;
    version->live.agencies = agencies;
    version->live.n_agencies = config->n_agencies;
    return 0;
}

/* ---- the version ---- */

static void let_go(struct centre_version *version)
{
    if (atomic_fetch_sub(&version->users, 1) > 1)
        return;
    indicators_close(&version->indicators);
    engine_free(&version->engine);
    arena_free(&version->arena);
    free(version);
}

static void free_version(struct live_version *live)
{
    let_go(live->owner);
}

static void free_shared(struct store_version *store)
{
    let_go(store->owner);
}

struct store_version *centre_version_share(struct live_version *live)
{
    struct centre_version *version = live->owner;
    version->store = (struct store_version){
        .datasets = live->datasets, .fields = live->fields, .owner = version, .free = free_shared};
    atomic_fetch_add(&version->users, 1);
    return &version->store;
}

struct live_version *centre_version_hold(struct live_version *live)
{
    struct centre_version *version = live->owner;
    atomic_fetch_add(&version->users, 1);
    return live;
}

void centre_version_free(struct live_version *version)
{
    if (version)
        free_version(version);
}

struct live_version *centre_version_load(const struct cli *cli, const struct config *config,
                                         const char *intel_path)
{
    struct centre_version *version = calloc(1, sizeof(*version));
    if (!version)
        return NULL;
    version->users = 1;
    version->live.owner = version;
    version->live.free = free_version;
    arena_init(&version->arena, AGENCIES_MEMORY_MAX);
    int code = engine_open(&version->engine, cli);
    if (code == EXIT_DONE)
        code = engine_read_rules(&version->engine, &cli->settings.rules);
    if (code == EXIT_DONE)
        code = engine_compile(&version->engine);
    if (code == EXIT_DONE)
        code = engine_read_attack(&version->engine);
    if (code == EXIT_DONE)
        engine_say_refusals(&version->engine, true);
    if (code == EXIT_DONE &&
        (copy_agencies(version, config) < 0 || open_indicators(version, intel_path) < 0))
        code = EXIT_BROKEN;
    if (code != EXIT_DONE) {
        free_version(&version->live);
        return NULL;
    }
    version->live.set = &version->engine.set;
    version->live.ruleset = version->engine.ruleset;
    version->live.datasets = version->engine.datasets;
    version->live.fields = &version->engine.fields;
    version->live.attack = &version->engine.attack;
    return &version->live;
}

void centre_version_count(const struct live_version *version, size_t *ret_loaded,
                          size_t *ret_refused)
{
    *ret_loaded = version->set->rules.len + version->set->correlations.len;
    *ret_refused = version->set->refusals.len;
}
