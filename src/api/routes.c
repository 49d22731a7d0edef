/* The tables of all that is served. A door or a part of the REST interface is one table here. */
#include "api/api.h"

const struct api_route *const api_tables[] = {
    routes_elastic, /* doors */
    routes_hec,     routes_otlp,    routes_events,      routes_health, routes_findings,
    routes_sources, routes_account, routes_deadletters, routes_admin,  NULL,
};
