/* The lake: where every event is kept, what fills it, and for how long. */
#include <errno.h>
#include <stdlib.h>

#include "cli/centre_inside.h"
#include "cli/centre_version.h"
#include "io/log.h"

static bool is_wanted(const struct centre *centre)
{
    return strcmp(centre->cli.settings.lake, "none") != 0;
}

int centre_start_lake(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    const struct lake_options options = {
        .library = settings->duckdb,
        .memory = settings->lake_memory,
        .threads = (unsigned)settings->lake_threads,
    };
    struct str place;
    if (!is_wanted(centre)) { /* the spool waits for it no longer */
        log_say(LOG_INFO, "lake.none", "events are not kept for hunts");
        (void)centre->engine->consumer_forget(centre->spool, STORE_CONSUMER);
        return 0;
    }
    const char *url = centre_url(centre, settings->lake);
    if (!url)
        return err_set(err, -ENOMEM, "no memory");
    centre->lake_engine = lake_engine(str_from_c(url), &place);
    if (!centre->lake_engine)
        return err_set(err, -EINVAL, "'%s' is none of: duckdb:DIR, none", settings->lake);
    centre->lake = centre->lake_engine->open(place.ptr, &options, err);
    if (!centre->lake && (err->code == -ENOENT || err->code == -ENOSYS)) /* no library */
        log_say(LOG_INFO, "lake.none", "'--lake none' starts the centre without a lake");
    return centre->lake ? 0 : err->code;
}

void centre_stop_lake(struct centre *centre)
{
    if (centre->lake)
        centre->lake_engine->close(centre->lake);
}

int centre_keep_lake(struct centre *centre, const struct config *config)
{
    size_t n = 0;
    struct lake_rule *rules;
    if (!centre->store)
        return 0;
    rules = calloc(config->n_retention + 1, sizeof(*rules));
    if (!rules)
        return -ENOMEM;
    for (; n < config->n_retention; n++)
        rules[n] = (struct lake_rule){
            .agency = config->retention[n].agency,
            .dataset = config->retention[n].dataset,
            .days = config->retention[n].days,
            .size = config->retention[n].size,
        };
    int status = store_keep(centre->store, rules, n);
    free(rules);
    return status;
}

int centre_start_store(struct centre *centre, struct err *err)
{
    const struct store_options options = {
        .lake_engine = centre->lake_engine,
        .lake = centre->lake,
        .engine = centre->engine,
        .spool = centre->spool,
        .ledger = centre->ledger_url,
        .journal_key = centre->journal_key,
    };
    if (!centre->lake)
        return 0;
    centre->store = store_start(&options, centre->store_version, err);
    if (!centre->store)
        return err->code;
    centre->store_version = NULL;
    return centre_keep_lake(centre, &centre->config) < 0 ? err_set(err, -ENOMEM, "no memory") : 0;
}

void centre_stop_store(struct centre *centre)
{
    store_stop(centre->store);
    if (centre->store_version)
        centre->store_version->free(centre->store_version);
}
