/* What hunts in the centre's lake need: the tables that they name, and the functions that the lake calls. */
#include <errno.h>
#include <stdlib.h>

#include "cli/centre_inside.h"
#include "cli/engine.h"
#include "hunt/function.h"
#include "hunt/geo.h"
#include "hunt/tables.h"

/* The content that the tables refer to. It is read at the start; a reload leaves it. */
struct centre_hunt {
    struct engine engine;
    struct tables *tables;
    struct geo *geo; /* NULL: none */
};

int centre_start_hunt(struct centre *centre, struct err *err)
{
    if (!centre->lake)
        return 0;
    centre->hunt = calloc(1, sizeof(*centre->hunt));
    if (!centre->hunt)
        return err_set(err, -ENOMEM, "no memory");
    if (engine_open(&centre->hunt->engine, &centre->cli) != EXIT_DONE)
        return err_set(err, -EINVAL, "the content cannot be used");
    if (tables_load(&centre->hunt->engine.content, centre->hunt->engine.datasets,
                    &centre->hunt->tables, err) < 0)
        return err->code;
    const char *path = centre->cli.settings.geo;
    int status = path ? geo_open(path, &centre->hunt->geo, err) : 0;
    if (status == 0)
        status = hunt_functions_register(centre->lake_engine, centre->lake, centre->hunt->geo, err);
    return status;
}

void centre_stop_hunt(struct centre *centre)
{
    if (!centre->hunt)
        return;
    tables_free(centre->hunt->tables);
    geo_close(centre->hunt->geo);
    engine_free(&centre->hunt->engine);
    free(centre->hunt);
}

const struct geo *centre_hunt_geo(const struct centre *centre)
{
    return centre->hunt ? centre->hunt->geo : NULL;
}

const struct tables *centre_hunt_tables(const struct centre *centre)
{
    return centre->hunt ? centre->hunt->tables : NULL;
}
