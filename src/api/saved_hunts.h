/* saved_hunts: saved hunts as a request's caller may see them: those that are shipped, and those kept in the ledger. */
#ifndef JAGA_API_SAVED_HUNTS_H
#define JAGA_API_SAVED_HUNTS_H

#include "api/api.h"
#include "hunt/saved.h"
#include "ledger/kept_hunt.h"

struct saved_view {
    const struct saved_hunt *hunt; /* lives in the request, or as long as the centre */
    struct kept_hunt kept;         /* id empty: it is shipped, and nobody's to change */
};

/* False: a problem was replied. */
bool saved_view_find(struct api_request *request, struct str id, struct saved_view *ret_view);

#endif
