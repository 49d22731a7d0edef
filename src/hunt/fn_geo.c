/*
 * Functions of KQL on places.
 */
#include <math.h>

#include "hunt/bind.h"
#include "hunt/function.h"
#include "hunt/geo.h"
#include "hunt/native.h"

/* The sphere that Kusto computes with. */
#define EARTH_METRES 6371010.0

static bool is_place(double longitude, double latitude)
{
    return fabs(longitude) <= 180 && fabs(latitude) <= 90;
}

static double radians(double degrees)
{
    return degrees * (M_PI / 180);
}

/* By the haversine formula, which is exact on a sphere and good for short distances too. */
static double distance(double longitude_a, double latitude_a, double longitude_b, double latitude_b)
{
    double north = sin(radians(latitude_b - latitude_a) / 2);
    double east = sin(radians(longitude_b - longitude_a) / 2);
    double h = north * north + cos(radians(latitude_a)) * cos(radians(latitude_b)) * east * east;
    return 2 * EARTH_METRES * asin(sqrt(fmin(h, 1)));
}

NATIVE(geo_distance)
{
    double place[4];
    for (uint32_t i = 0; i < 4; i++)
        place[i] = native_double(call, i, row);
    if (is_place(place[0], place[1]) && is_place(place[2], place[3]))
        call->doubles[row] = distance(place[0], place[1], place[2], place[3]);
    else
        call->put_null(call, row);
}

/* The context is the file, or NULL. */
NATIVE(geo_info)
{
    const struct geo *geo = call->context;
    struct buf json = {0};
    int status = 0;
    if (geo)
        status = geo_write(geo, native_text(call, 0, row), &json);
    else
        buf_add_c(&json, "{}");
    if (status == 0) {
        native_put(call, row, &json);
    } else {
        buf_free(&json);
        call->refuse(call, "the file of places (--geo) is damaged");
    }
}

const struct lake_function hunt_geo_natives[] = {
    {.name = "kql_geo_distance",
     .result = LAKE_DOUBLE,
     .parameters = {LAKE_DOUBLE, LAKE_DOUBLE, LAKE_DOUBLE, LAKE_DOUBLE},
     .call = geo_distance},
    {0},
};

int hunt_geo_register(const struct lake_ops *ops, struct lake *lake, const struct geo *geo,
                      struct err *err)
{
    const struct lake_function info = {.name = "kql_geo_info",
                                       .result = LAKE_JSON,
                                       .parameters = {LAKE_TEXT},
                                       .call = geo_info,
                                       .context = (void *)(uintptr_t)geo};
    return ops->functions(lake, &info, 1, err);
}

static int emit_info(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    struct hunt_value text = hunt_convert(bind, call->args[0], KQL_STRING);
    bind->places = true;
    ret->sql = hunt_text(bind, "kql_geo_info(%.*s)", STR_ARG(text.sql));
    return 0;
}

const struct hunt_function hunt_geo_scalars[] = {
    {"geo_info_from_ip_address(ip: scalar) dynamic", .emit = emit_info},
    {"geo_distance_2points(longitude_a: real, latitude_a: real, longitude_b: real, latitude_b: "
     "real) real",
     .sql = "kql_geo_distance($1, $2, $3, $4)"},
    {0},
};
