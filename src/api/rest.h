/*
 * rest: what the handlers under /api/v1 have in common: numbers of a query, members of a JSON body, a change of the
 * ledger, a list as an answer. Each belongs to the thread that serves the request. What is not as asked for is replied
 * to here (RFC 9457); the handler sees false or NULL and returns.
 */
#ifndef JAGA_API_REST_H
#define JAGA_API_REST_H

#include "api/api.h"

/* A number of the query within [min, max]. Absent: *number stays. False: a problem was replied. */
bool rest_query_number(struct api_request *request, const char *name, uint64_t min, uint64_t max,
                       uint64_t *number);

struct rest_texts {
    struct str *items;
    size_t n;
};

/* A member that a body may have, and where its value goes: one of these. */
struct rest_member {
    const char *name;
    struct str *ret_text; /* lives as long as the request; empty where it is absent or null */
    struct rest_texts *ret_texts; /* a list of them; empty where it is absent */
    uint64_t *ret_number;         /* 0 where it is absent */
    int64_t *ret_expiration; /* RFC 3339, still to come; TIME_UNSET where it is absent or empty */
};

/* Reads a body that is an object of these and no others, ended by a row without a name. False: a problem was replied. */
bool rest_body_read(struct api_request *request, const struct rest_member *members);

/*
 * A transaction of the request's ledger, in the journal under the caller's name and `action`. NULL: a problem was
 * replied. rest_change_end() commits it where `status` is 0. False: nothing was changed, a problem was replied.
 */
struct ledger *rest_change_begin(struct api_request *request, const char *action);
bool rest_change_end(struct api_request *request, struct ledger *ledger, int status);

/*
 * {"NAME":[ of a list, whose rows follow; then its end, as the reply: 200, or what `status` of the ledger means. The
 * text is freed. A page says where the next one starts; the last has no cursor (empty here, null in the answer).
 */
void rest_list_begin(struct buf *json, const char *name);
void rest_list_reply(struct api_request *request, int status, struct buf *json);
void rest_page_reply(struct api_request *request, int status, struct buf *json, struct str cursor);

#endif
