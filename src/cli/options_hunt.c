/* Options of jaga hunt. */
#include "cli/hunt_out.h"
#include "cli/option_value.h"
#include "hunt/ask.h"

#define AT(member) offsetof(struct settings, member)

static const char *form_name(size_t index)
{
    return index < HUNT_OUT_COUNT ? hunt_out_names[index] : NULL;
}

const struct option_row options_hunt[] = {
    {.name = "output",
     .theme = "hunt",
     .letter = 'o',
     .argument = "FORMAT",
     .parse = value_choice,
     .offset = AT(hunt_output),
     .standard = "table",
     .choice = form_name,
     .about = "How results are written. A table is drawn as the query's render says; chart draws "
              "also without it."},
    {.name = "from",
     .theme = "hunt",
     .argument = "TIME",
     .parse = value_time,
     .offset = AT(from),
     .about = "Only events of this instant or later: RFC 3339, epoch, or how long ago (24h, 7d)."},
    {.name = "until",
     .theme = "hunt",
     .argument = "TIME",
     .parse = value_time,
     .offset = AT(to),
     .about = "Only events before this instant."},
    {.name = "rows",
     .argument = "N",
     .parse = value_number,
     .offset = AT(hunt_rows),
     .min = 1,
     .max = HUNT_ROWS_MAX,
     .standard = "10000",
     .about = "Rows of all results, at most; it is said where that cuts one."},
    {.name = "time-limit",
     .argument = "DURATION",
     .parse = value_duration,
     .offset = AT(hunt_time),
     .min = 1,
     .max = (uint64_t)HUNT_TIME_MAX_US,
     .standard = "60s",
     .about = "How long it may take."},
    {.name = "sql",
     .parse = value_flag,
     .offset = AT(hunt_sql),
     .about = "The query is one SELECT of SQL over the datasets, by their names."},
    {.name = "explain",
     .parse = value_flag,
     .offset = AT(hunt_explain),
     .about = "Show how the query is understood and its SQL, and run nothing."},
    {.name = "hunts",
     .argument = "PATH",
     .parse = value_list,
     .offset = AT(hunts),
     .about = "Saved hunts beside those of the content: a file, or a folder of *.kql. May be given "
              "several times."},
    {.name = "parameter",
     .argument = "NAME=VALUE",
     .parse = value_list,
     .offset = AT(hunt_parameters),
     .about = "A parameter of the hunt in the place of its default. May be given several times."},
    {.name = "now",
     .argument = "TIME",
     .parse = value_time,
     .offset = AT(hunt_now),
     .about = "Run it as of this instant: it is now(), and later events are not seen."},
    {.name = "record",
     .parse = value_flag,
     .offset = AT(hunt_record),
     .about = "Have the centre run it for every agency now, and make its rows findings; nothing is "
              "shown."},
    {.name = "no-schedule",
     .parse = value_flag,
     .offset = AT(no_schedule),
     .about = "Run no saved hunt but those that are asked for."},
    {.name = "hunt-lag",
     .argument = "DURATION",
     .parse = value_duration,
     .offset = AT(hunt_lag),
     .max = UINT64_C(86400000000),
     .standard = "1m",
     .about = "How long after the time that it is for a scheduled hunt starts, so that events on "
              "their way have come."},
    {.name = NULL},
};
