/*
 * indicators: what findings say of an indicator in the words they have for rules (id, title, level, tags), and those
 * descriptions kept, each once, for reports that count by them.
 */
#ifndef JAGA_SCAN_INDICATORS_H
#define JAGA_SCAN_INDICATORS_H

#include "base/map.h"
#include "base/vec.h"
#include "intel/intel.h"
#include "sigma/rule.h"

#define INDICATORS_KEPT_MAX 100000 /* descriptions; what is found beyond has one in common */

/* By its confidence: from 75 on high, from 40 on or unsaid medium, else low. */
enum sigma_level indicator_level(const struct indicator *indicator);

/* Texts live in the arena, or as long as the indicator's. 0 or -ENOMEM. */
int indicator_describe(struct arena *arena, const struct indicator *indicator,
                       struct sigma_meta *ret_meta);

/* A zeroed one is empty. */
struct indicators_kept {
    struct arena arena;
    struct map numbers; /* type and value → index of metas */
    VEC(struct sigma_meta *) metas;
    struct buf key;
};

void indicators_kept_free(struct indicators_kept *kept);

/* The number of the indicator's description, which kept->metas.items has; 0 or -ENOMEM. */
int indicators_keep(struct indicators_kept *kept, const struct indicator *indicator,
                    uint32_t *ret_number);

#endif
