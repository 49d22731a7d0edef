/*
 * findings: what the list, the single finding and the event stream share: filters out of a query, and findings as JSON.
 */
#ifndef JAGA_API_FINDINGS_H
#define JAGA_API_FINDINGS_H

#include "api/server.h"
#include "ledger/finding.h"

/* "rule", "correlation", "indicator", "source", "hunt" */
extern const char *const finding_kind_names[FINDING_KINDS];
extern const char *const finding_status_names[3]; /* "open", "cleared", "closed" */

/* The number of a name in a table of n; -1: none. */
int finding_name_number(struct str name, const char *const *names, int n);

/* The filters, which the list and the stream have in common. */
#define FINDING_FILTERS                                                                            \
    {"agency", "string", "Only of this agency.", false},                                           \
        {"rule", "string", "Only of the rule, indicator, check or hunt with this id.", false},     \
        {"host", "string", "Only about this host.", false},                                        \
        {"user", "string", "Only about this user.", false},                                        \
        {"source", "string", "Only from events of this source.", false},                           \
        {"q", "string", "Only with this text in the title, without case.", false},                 \
        {"kind", "string", "rule, correlation, indicator, source or hunt.", false},                \
        {"status", "string", "open, cleared or closed.", false},                                   \
        {"level", "string", "At least this level: informational, low, medium, high, critical.",    \
         false},                                                                                   \
        {"from", "date-time", "Only with a last event at this time or later.", false},             \
    {                                                                                              \
        "to", "date-time", "Only with a last event before this time.", false                       \
    }

/* Reads them from the request's query. False: a problem was replied. Texts live as long as the request. */
bool finding_filters_read(struct api_request *request, struct finding_query *ret_query);

/* {"id":...}, without its OCSF document and its events; `open`: without the last bracket. */
void finding_write(struct buf *out, const struct ledger_finding *finding, bool open);

#endif
