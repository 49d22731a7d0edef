/*
 * rule_cache: linked sets of rules kept between runs in $XDG_CACHE_HOME/jaga (or
 * ~/.cache/jaga), one file per key. A cache that cannot be read or written is no error: the rules are read
 * from their files. The newest RULE_CACHE_KEPT files stay.
 */
#ifndef JAGA_CLI_RULE_CACHE_H
#define JAGA_CLI_RULE_CACHE_H

#include "sigma/rule.h"

#define RULE_CACHE_KEPT 8
#define RULE_CACHE_FILE_MAX ((size_t)1 << 30)
#define RULE_CACHE_WORTH 100 /* rule files: fewer are read as fast */

/* Fills an empty set from the cache: true when it did. */
bool rule_cache_load(struct sigma_set *set, uint64_t key);

/* Keeps a linked set for the next run. */
void rule_cache_save(const struct sigma_set *set, uint64_t key);

#endif
