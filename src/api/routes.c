/* The tables of all that is served. A door or a part of the REST interface is one table here. */
#include "api/api.h"

const struct api_route *const api_tables[] = {
    routes_health,
    NULL,
};
