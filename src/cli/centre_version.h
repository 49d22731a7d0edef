/*
 * centre_version: what a reload makes anew: rules, datasets, indicators and what agencies want, as one
 * immutable version of live.h.
 */
#ifndef JAGA_CLI_CENTRE_VERSION_H
#define JAGA_CLI_CENTRE_VERSION_H

#include "cli/config.h"
#include "cli/engine.h"
#include "watch/live.h"
#include "watch/store.h"

/*
 * Reads the rules of the settings, the content, and the indicators of `intel_path` (none where there
 * is no such file). It has said what is wrong where it returns NULL. `cli` outlives it; the config need not.
 */
struct live_version *centre_version_load(const struct cli *cli, const struct config *config,
                                         const char *intel_path);

/* For a version that was not handed to live_start() or live_swap(). */
void centre_version_free(struct live_version *version);

/* What recognises events in it, for the store: both are to be freed, and the last one frees all. */
struct store_version *centre_version_share(struct live_version *version);

/* One more user of the version: each calls its free(). */
struct live_version *centre_version_hold(struct live_version *live);

/* The number of rules and correlations in it, and of those refused. */
void centre_version_count(const struct live_version *version, size_t *ret_loaded,
                          size_t *ret_refused);

#endif
