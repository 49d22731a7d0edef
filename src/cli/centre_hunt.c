/* Hunts in the centre's lake: the tables that they name, the functions that the lake calls, and the saved ones. */
#include <errno.h>
#include <stdlib.h>

#include "api/finding_rows.h"
#include "cli/centre_inside.h"
#include "cli/saved_files.h"
#include "hunt/function.h"
#include "hunt/geo.h"
#include "hunt/tables_shelf.h"
#include "io/log.h"

/* The content that they refer to. Tables are read again with a reload; saved hunts at the next start. */
struct centre_hunt {
    struct engine engine;
    struct tables_shelf *tables;
    struct geo *geo; /* NULL: none */
    struct saved_set *saved;
};

int centre_start_hunt(struct centre *centre, struct err *err)
{
    if (!centre->lake)
        return 0;
    struct centre_hunt *hunt = centre->hunt = calloc(1, sizeof(*hunt));
    if (!hunt)
        return err_set(err, -ENOMEM, "no memory");
    if (engine_open(&hunt->engine, &centre->cli) != EXIT_DONE ||
        engine_read_attack(&hunt->engine) != EXIT_DONE)
        return err_set(err, -EINVAL, "the content cannot be used");
    struct tables *tables = NULL;
    int code = saved_files_load(&hunt->engine, &tables, &hunt->saved);
    hunt->tables = tables ? tables_shelf_new(tables) : NULL;
    if (!hunt->tables)
        tables_free(tables);
    if (code != EXIT_DONE || !hunt->tables)
        return err_set(err, -EINVAL, "the tables or the saved hunts cannot be used");
    const char *path = centre->cli.settings.geo;
    int status = path ? geo_open(path, &hunt->geo, err) : 0;
    if (status == 0)
        status = hunt_functions_register(centre->lake_engine, centre->lake, hunt->geo, err);
    return status;
}

void centre_stop_hunt(struct centre *centre)
{
    if (!centre->hunt)
        return;
    saved_set_free(centre->hunt->saved);
    tables_shelf_free(centre->hunt->tables);
    geo_close(centre->hunt->geo);
    engine_free(&centre->hunt->engine);
    free(centre->hunt);
}

const struct geo *centre_hunt_geo(const struct centre *centre)
{
    return centre->hunt ? centre->hunt->geo : NULL;
}

void centre_reload_hunt(struct centre *centre)
{
    struct engine engine;
    struct tables *tables = NULL;
    struct err err = {0};
    if (!centre->hunt)
        return;
    if (engine_open(&engine, &centre->cli) != EXIT_DONE)
        err_set(&err, -EINVAL, "the content cannot be used");
    else if (tables_load(&engine.content, engine.datasets, &tables, &err) == 0 &&
             tables_shelf_put(centre->hunt->tables, tables) < 0)
        err_set(&err, -ENOMEM, "no memory");
    if (err.code) {
        log_say(LOG_ERROR, "reload.tables", "hunts keep those of before: %s", err.message);
        tables_free(tables);
    }
    engine_free(&engine);
}

struct tables_shelf *centre_hunt_tables(const struct centre *centre)
{
    return centre->hunt ? centre->hunt->tables : NULL;
}

const struct saved_set *centre_saved_hunts(const struct centre *centre)
{
    return centre->hunt ? centre->hunt->saved : NULL;
}

const struct attack *centre_attack(const struct centre *centre)
{
    return centre->hunt ? &centre->hunt->engine.attack : NULL;
}

/* ---- the schedule ---- */

/* What agencies want different, as the schedule takes it; texts are the configuration's. To be freed. NULL: no memory. */
static struct live_agency *list_agencies(const struct config *config)
{
    struct live_agency *agencies = calloc(config->n_agencies + 1, sizeof(*agencies));
    for (size_t i = 0; agencies && i < config->n_agencies; i++)
        agencies[i] = (struct live_agency){.name = config->agencies[i].name,
                                           .level = config->agencies[i].level,
                                           .without = config->agencies[i].without,
                                           .n_without = config->agencies[i].n_without};
    return agencies;
}

void centre_reload_schedule(struct centre *centre, const struct config *config)
{
    if (!centre->schedule)
        return;
    struct live_agency *agencies = list_agencies(config);
    if (!agencies || schedule_set_agencies(centre->schedule, agencies, config->n_agencies) < 0)
        log_say(LOG_ERROR, "reload.agencies", "no memory: saved hunts keep those of before");
    free(agencies);
}

int centre_start_schedule(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    if (!centre->lake)
        return 0;
    struct live_agency *agencies = list_agencies(&centre->config);
    const struct schedule_options options = {
        .engine = centre->lake_engine,
        .lake = centre->lake,
        .tables = centre->hunt->tables,
        .geo = centre->hunt->geo,
        .datasets = centre->hunt->engine.datasets,
        .attack = &centre->hunt->engine.attack,
        .hunts = centre->hunt->saved,
        .ledger = centre->ledger_url,
        .journal_key = centre->journal_key,
        .agencies = agencies,
        .n_agencies = centre->config.n_agencies,
        .lag_us = settings->hunt_lag ? settings->hunt_lag : -1,
        .idle = settings->no_schedule,
        .findings = finding_rows_write,
        .published = centre_published,
        .context = centre,
    };
    if (!agencies)
        return err_set(err, -ENOMEM, "no memory");
    centre->schedule = schedule_start(&options, err);
    free(agencies);
    return centre->schedule ? 0 : err->code;
}

void centre_stop_schedule(struct centre *centre)
{
    schedule_stop(centre->schedule);
}
