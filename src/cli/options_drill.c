/* Options of the drills. */
#include "cli/option_value.h"

#define AT(member) offsetof(struct settings, member)
#define SEED_MAX UINT64_C(0xFFFFFFFFFFFFFFFF)

const struct option_row options_drill[] = {
    {.name = "duration",
     .argument = "DURATION",
     .parse = value_duration,
     .offset = AT(drill_duration),
     .standard = "2m",
     .about =
         "How long the drill takes: the time between its steps is pressed into it. Noise keeps "
         "its density."},
    {.name = "noise",
     .argument = "PERCENT",
     .parse = value_number,
     .offset = AT(drill_noise),
     .max = 100000,
     .standard = "100",
     .unit = "percent",
     .about = "How much of the ordinary telemetry there is. 0: the intrusion alone."},
    {.name = "seed",
     .argument = "N",
     .parse = value_number,
     .offset = AT(drill_seed),
     .max = SEED_MAX,
     .standard = "1",
     .about = "The same seed gives the same events, but for their times."},
    {.name = "wait",
     .argument = "DURATION",
     .parse = value_duration,
     .offset = AT(drill_wait),
     .standard = "2m",
     .about = "How long findings are waited for after the last event. Correlations are found "
              "after the centre's --lateness."},
    {.name = "dry",
     .parse = value_flag,
     .offset = AT(drill_dry),
     .about = "Send nothing: print the events, or with --write put them into a folder, a file for "
              "each source."},
    {.name = "report",
     .argument = "FILE",
     .parse = value_text,
     .offset = AT(drill_report),
     .about = "Write the report to FILE too, as JSON."},
    {.name = NULL},
};
