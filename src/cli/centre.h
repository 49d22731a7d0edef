/*
 * centre: the parts of `jaga serve`, put together. Each part has a row that starts and stops it; they start in order
 * and stop in reverse, so that what is under way is finished: doors close first, the ledger last. One thread owns it.
 *
 *     DATA/jaga.yaml            configuration
 *     DATA/ledger.db            findings, tokens, journal        DATA/journal.key   signs the journal
 *     DATA/spool/               events                           DATA/deadletters/  what was rejected
 *     DATA/lake/                events, in columns, for hunts
 *     DATA/tls/                 certificate and key              DATA/intel/        indicators
 */
#ifndef JAGA_CLI_CENTRE_H
#define JAGA_CLI_CENTRE_H

#include "cli/cli.h"

struct centre;

/* Reads the configuration and starts everything. NULL: it has said what is wrong; *ret_code. */
struct centre *centre_start(const struct cli *cli, const char *const *taken, int *ret_code);

/* Where it listens and, the first time, the administrator's token, for people. */
void centre_introduce(const struct centre *centre, FILE *out);

/* Rules, datasets, indicators, agencies, sources and certificates, read again. The old ones stay where that fails. */
void centre_reload(struct centre *centre);

/* Once a second: looks at sources, at files that changed, at tokens. */
void centre_tick(struct centre *centre);

/* Finishes what is under way and frees everything. */
void centre_stop(struct centre *centre);

#endif
