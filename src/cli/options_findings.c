/* Options of the commands that show a running centre's findings. */
#include "cli/option_value.h"

#define AT(member) offsetof(struct settings, member)

const struct option_row options_findings[] = {
    {.name = "limit",
     .argument = "N",
     .parse = value_number,
     .offset = AT(limit),
     .min = 1,
     .max = 1000,
     .standard = "50",
     .unit = "findings",
     .about = "How many of the latest are shown."},
    {.name = "json",
     .parse = value_flag,
     .offset = AT(json),
     .about = "One JSON object a line, as the interface has them."},
    {.name = NULL},
};
