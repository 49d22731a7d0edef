/* health_inside: what the files of health share. All of it under the lock. */
#ifndef JAGA_WATCH_HEALTH_INSIDE_H
#define JAGA_WATCH_HEALTH_INSIDE_H

#include <pthread.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "ledger/finding.h"
#include "watch/health_source.h"

struct agency_expect {
    struct str agency;
    int64_t every_us;
};

struct health {
    struct health_options options; /* with the defaults filled in */
    pthread_mutex_t lock;
    struct arena arena;
    struct map ids; /* name of a source ─▶ its index */
    VEC(struct source *) sources;
    VEC(struct source *) by_number; /* of the sender; NULL: not met yet */
    VEC(struct agency_expect) expects;
    int64_t looked; /* the last look, also before a restart; 0: never */
    bool woken;     /* there was a look since the start */
};

/* The source of these labels, made if need be. NULL: no memory, or HEALTH_SOURCES_MAX. */
struct source *health_source(struct health *health, struct str agency, struct str source);

/* What the API says of it. */
struct source_state health_state(const struct health *health, const struct source *source,
                                 int64_t now);

/* "silent", "slow" ... */
const char *health_check_name(enum health_check check);

/* The check whose findings have this rule: "source.silent"; CHECK_COUNT: none. */
enum health_check health_check_of(struct str rule);

/* Raises or clears the finding of a check. 0 or the ledger's error. */
int health_tell(struct ledger *ledger, enum health_check check, const struct source_state *state,
                bool raise, int64_t now);

#endif
