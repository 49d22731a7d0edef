/*
 * Functions that KQL has and that are not here, each with the reason that its caller is told.
 */
#include "hunt/function.h"

static int refuse(struct hunt_bind *bind, const struct hunt_call *call, const char *why)
{
    return hunt_refuse(bind, call->place, "%.*s() is not done: %s", STR_ARG(call->name), why);
}

static int refuse_sketch(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    (void)ret;
    return refuse(bind, call,
                  "sketches are not kept; dcount() and percentile() count the rows themselves");
}

static int refuse_cluster(struct hunt_bind *bind, const struct hunt_call *call,
                          struct hunt_value *ret)
{
    (void)ret;
    return refuse(bind, call, "it is about a cluster of Kusto, and here is none");
}

static int refuse_units(struct hunt_bind *bind, const struct hunt_call *call,
                        struct hunt_value *ret)
{
    (void)ret;
    return refuse(bind, call, "units are not converted");
}

static int refuse_schema(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    (void)ret;
    return refuse(bind, call, "bag_keys() and treepath() list what a value holds");
}

#define ANY "(value: raw scalar...?) "

const struct hunt_function hunt_refused_scalars[] = {
    {"dcount_hll" ANY "long", .emit = refuse_sketch},
    {"hll_merge" ANY "dynamic", .emit = refuse_sketch},
    {"merge_tdigest" ANY "dynamic", .emit = refuse_sketch},
    {"tdigest_merge" ANY "dynamic", .emit = refuse_sketch},
    {"percentile_tdigest" ANY "dynamic", .emit = refuse_sketch},
    {"percentiles_array_tdigest" ANY "dynamic", .emit = refuse_sketch},
    {"percentrank_tdigest" ANY "real", .emit = refuse_sketch},
    {"rank_tdigest" ANY "real", .emit = refuse_sketch},
    {"cursor_after" ANY "bool", .emit = refuse_cluster},
    {"cursor_before_or_at" ANY "bool", .emit = refuse_cluster},
    {"cursor_current" ANY "string", .emit = refuse_cluster},
    {"current_cluster_endpoint" ANY "string", .emit = refuse_cluster},
    {"current_database" ANY "string", .emit = refuse_cluster},
    {"current_principal" ANY "string", .emit = refuse_cluster},
    {"current_principal_details" ANY "dynamic", .emit = refuse_cluster},
    {"current_principal_is_member_of" ANY "bool", .emit = refuse_cluster},
    {"estimate_data_size" ANY "long", .emit = refuse_cluster},
    {"extent_id" ANY "guid", .emit = refuse_cluster},
    {"extent_tags" ANY "dynamic", .emit = refuse_cluster},
    {"convert_angle" ANY "real", .emit = refuse_units},
    {"convert_energy" ANY "real", .emit = refuse_units},
    {"convert_force" ANY "real", .emit = refuse_units},
    {"convert_length" ANY "real", .emit = refuse_units},
    {"convert_mass" ANY "real", .emit = refuse_units},
    {"convert_speed" ANY "real", .emit = refuse_units},
    {"convert_temperature" ANY "real", .emit = refuse_units},
    {"convert_volume" ANY "real", .emit = refuse_units},
    {0},
};

const struct hunt_function hunt_refused_aggregates[] = {
    {"hll" ANY "dynamic", .emit = refuse_sketch},
    {"hll_if" ANY "dynamic", .emit = refuse_sketch},
    {"hll_merge" ANY "dynamic", .emit = refuse_sketch},
    {"tdigest" ANY "dynamic", .emit = refuse_sketch},
    {"tdigest_merge" ANY "dynamic", .emit = refuse_sketch},
    {"merge_tdigest" ANY "dynamic", .emit = refuse_sketch},
    {"buildschema" ANY "dynamic", .emit = refuse_schema},
    {0},
};
