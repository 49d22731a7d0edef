/* Options of the commands about the lake. */
#include "cli/option_value.h"

#define AT(member) offsetof(struct settings, member)

const struct option_row options_lake[] = {
    {.name = "dataset",
     .argument = "NAME",
     .parse = value_text,
     .offset = AT(dataset),
     .about = "Only events of this dataset."},
    {.name = "day",
     .argument = "DAY",
     .parse = value_text,
     .offset = AT(day),
     .about = "Only what is kept under this day (UTC) of event time: 2026-11-22; 'other' has times "
              "far from their arrival, 'held' what is on legal hold."},
    {.name = "events",
     .argument = "ID,...",
     .parse = value_list,
     .offset = AT(events),
     .about = "Events by their `_id`: 2.1500, or several with commas between; may be repeated."},
    {.name = "query",
     .argument = "KQL",
     .parse = value_text,
     .offset = AT(query),
     .about = "The events that a query finds: its rows have an `_id`."},
    {.name = "proofs",
     .parse = value_flag,
     .offset = AT(proofs),
     .about = "Also write FILE.proofs, with which jaga verify export proves the events of FILE."},
    {.name = "from",
     .theme = "verify",
     .argument = "EXPORT",
     .parse = value_text,
     .offset = AT(export),
     .about = "The event as this export has it, Parquet or NDJSON, with EXPORT.proofs beside it."},
    {.name = NULL},
};
