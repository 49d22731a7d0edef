#include "sigma/rule.h"

static const char *const names[] = {
    [SIGMA_LEVEL_NONE] = "", [SIGMA_INFORMATIONAL] = "informational",
    [SIGMA_LOW] = "low",     [SIGMA_MEDIUM] = "medium",
    [SIGMA_HIGH] = "high",   [SIGMA_CRITICAL] = "critical",
};

const char *sigma_level_name(enum sigma_level level)
{
    return names[level];
}

bool sigma_level_parse(struct str text, enum sigma_level *ret_level)
{
    for (int level = SIGMA_INFORMATIONAL; level <= SIGMA_CRITICAL; level++) {
        if (str_eq_ascii_nocase(text, str_from_c(names[level]))) {
            *ret_level = (enum sigma_level)level;
            return true;
        }
    }
    return false;
}
