/* Options of the commands that take, list and match indicators. */
#include "cli/option_value.h"
#include "intel/intel.h"

/* Index 0 stands for "not said". */
static const char *type_name(size_t index)
{
    return index == INDICATOR_NONE   ? "auto"
           : index < INDICATOR_COUNT ? indicator_type_names[index]
                                     : NULL;
}

static const char *tlp_name(size_t index)
{
    return index == TLP_NONE ? "none" : index < TLP_COUNT ? tlp_names[index] : NULL;
}

#define AT(member) offsetof(struct settings, member)

const struct option_row options_intel[] = {
    {.name = "intel",
     .argument = "PATH",
     .parse = value_list,
     .offset = AT(intel),
     .about = "Indicators to match: a feed (STIX, MISP, CSV, a list, a warning list), a folder of "
              "feeds, or a built file or data folder of the centre; may be given several times."},
    {.name = "feed",
     .argument = "NAME",
     .parse = value_text,
     .offset = AT(feed),
     .about = "The feed's name. Without it, that of the file or folder."},
    {.name = "confidence",
     .argument = "N",
     .parse = value_number,
     .offset = AT(confidence),
     .max = 100,
     .about = "How sure the feed is, where it does not say."},
    {.name = "tlp",
     .argument = "COLOUR",
     .parse = value_choice,
     .offset = AT(tlp),
     .standard = "none",
     .choice = tlp_name,
     .about = "Traffic light of what has none: clear, green, amber, amber+strict or red."},
    {.name = "type",
     .argument = "TYPE",
     .parse = value_choice,
     .offset = AT(indicator_type),
     .standard = "auto",
     .choice = type_name,
     .about = "What values are that come without a type, or what to list; auto: by their looks, "
              "or all."},
    {.name = "until",
     .argument = "TIME",
     .parse = value_until,
     .offset = AT(until),
     .standard = "never",
     .about = "Until when indicators hold that do not say: RFC 3339, or how long from now (90d)."},
    {.name = "lifetime",
     .argument = "TIME",
     .parse = value_duration,
     .offset = AT(lifetime),
     .standard = "0s",
     .about = "How long an indicator that does not say holds from when it was last seen (180d); "
              "0s: for ever."},
    {.name = "columns",
     .argument = "NAMES",
     .parse = value_text,
     .offset = AT(columns),
     .about = "The columns of a CSV without a header, such as value,type,-,label."},
    {.name = "allow",
     .parse = value_flag,
     .offset = AT(allow),
     .about = "What the files hold is harmless: an allow-list, which keeps its values, names "
              "under them and addresses in them from ever matching."},
    {.name = NULL},
};
