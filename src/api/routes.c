/* The tables of all that is served. A door or a part of the REST interface is one table here. */
#include "api/api.h"

const struct api_route *const api_tables[] = {
    routes_elastic,     /* the doors of shippers: Elasticsearch's bulk requests */
    routes_hec,         /* Splunk's event collector */
    routes_otlp,        /* OpenTelemetry */
    routes_events,      /* our own */
    routes_health,      /* how the server itself is, and what it offers */
    routes_findings,    /* what was found */
    routes_sources,     /* who sends */
    routes_account,     /* what became of it */
    routes_deadletters, /* what was rejected */
    routes_tokens,      /* who may send, who may ask */
    routes_exceptions,  /* what is not to be found */
    routes_lake,        /* all that was received, and its proof */
    routes_holds,       /* what of it is to stay */
    routes_verify,      /* is it what was stored? */
    routes_transfer,    /* out of it, and into it */
    routes_hunts,       /* questions about all events */
    routes_lookbacks,   /* new rules over old events */
    routes_saved,       /* those that are kept, and run by themselves */
    routes_centre,      /* what runs, and the journal */
    NULL,
};
