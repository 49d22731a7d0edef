/* Options of the commands that write and read the ledger. */
#include <errno.h>

#include "cli/option_value.h"
#include "io/clock.h"

/* An instant, or how long from now; "never" is TIME_UNSET. */
static int value_until(const struct option_row *row, const char *text, void *to, struct err *err)
{
    int64_t instant, duration;
    if (strcmp(text, "never") == 0)
        *(int64_t *)to = TIME_UNSET;
    else if (time_parse_duration(str_from_c(text), &duration) == 0)
        *(int64_t *)to = clock_now_us() + duration;
    else if (time_parse(str_from_c(text), &instant) == 0)
        *(int64_t *)to = instant;
    else
        return err_set(err, -EINVAL,
                       "--%s takes a time such as 2027-01-01T00:00:00Z, or 90d (from now), or "
                       "'never', not '%s'",
                       row->name, text);
    return 0;
}

#define AT(member) offsetof(struct settings, member)

const struct option_row options_ledger[] = {
    {.name = "agency",
     .argument = "NAME",
     .parse = value_text,
     .offset = AT(agency),
     .about = "For this agency only. Without it, for all."},
    {.name = "reason",
     .argument = "TEXT",
     .parse = value_text,
     .offset = AT(reason),
     .about = "Why: kept with it and shown to those who ask later."},
    {.name = "note",
     .argument = "TEXT",
     .parse = value_text,
     .offset = AT(note),
     .about = "What it is for: shown in the list."},
    {.name = "rate",
     .argument = "N",
     .parse = value_number,
     .offset = AT(rate),
     .max = 1000000000,
     .standard = "0",
     .unit = "events a second",
     .about = "How fast its holder may send; faster is told to wait. 0: no limit."},
    {.name = "expires",
     .argument = "TIME",
     .parse = value_until,
     .offset = AT(expires),
     .standard = "never",
     .about = "Until when it holds: RFC 3339, or how long from now (12h, 90d)."},
    {.name = "public-key",
     .argument = "HEX",
     .parse = value_text,
     .offset = AT(public_key),
     .about = "The key that the journal's signatures must be of. Without it, that of the first "
              "signature, which tells nothing of who made them."},
    {.name = "after",
     .argument = "N",
     .parse = value_number,
     .offset = AT(after),
     .max = INT64_MAX,
     .standard = "0",
     .about = "Only entries with a higher number."},
    {.name = NULL},
};
