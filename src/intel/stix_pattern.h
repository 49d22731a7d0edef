/*
 * stix_pattern: a pattern of STIX 2.1 (section 9) as the facts of which any one is enough, or why it
 * has none. A pattern is read whole and strictly; nothing of it is approximated:
 *
 *     [ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'evil.example']      two facts
 *     [file:name = 'a.exe' AND file:size = 5] OR [url:value = 'http://x/']       one fact; a conjunction is left out
 *     [file:name = 'a.exe' AND file:parent_directory_ref.path = 'C:\\x']          one fact: a path
 *     [file:hashes.MD5 = '..' AND file:hashes.'SHA-256' = '..']                  one fact: the strongest digest
 */
#ifndef JAGA_INTEL_STIX_PATTERN_H
#define JAGA_INTEL_STIX_PATTERN_H

#include "base/arena.h"
#include "base/vec.h"
#include "intel/feed.h"

#define STIX_PATTERN_MAX (256u << 10) /* bytes of a pattern */
#define STIX_DEPTH_MAX 32             /* of its parentheses */

struct stix_fact {
    enum indicator_type type;
    struct str value; /* as written; in the pattern or in the arena */
};

struct stix_pattern {
    VEC(struct stix_fact) facts;
    /* Alternatives that are no facts, by their reason. */
    uint32_t refused[FEED_REFUSALS];
};

/*
 * Reads a pattern into *pattern, which is emptied first and freed by stix_pattern_free(). Values live in `text` or
 * in the arena. 0, -ENOMEM, or -EINVAL with *err saying at which byte (its column) what is wrong.
 */
int stix_pattern_read(struct str text, struct arena *arena, struct stix_pattern *pattern,
                      struct err *err);
void stix_pattern_free(struct stix_pattern *pattern);

/* The type of indicator that an object path stands for ("file:hashes.'SHA-256'"), or INDICATOR_NONE. */
enum indicator_type stix_path_type(struct str path);

#endif
