/* verify: what the commands that verify events share. */
#ifndef JAGA_CLI_VERIFY_H
#define JAGA_CLI_VERIFY_H

#include "cli/cli.h"
#include "watch/proof.h"

/* The key of --public-key: 1, or 0 where there is none, or -EINVAL. */
int verify_key(const struct cli *cli, unsigned char ret_key[static JOURNAL_KEY], struct err *err);

/* Writes of an event that is proved what it is, its block, the entry of the journal that names that, and the signature. */
void verify_describe(const struct lake_leaf *leaf, const struct lake_block *block, uint64_t entry,
                     const struct journal_signature *signature);

/* The event of an export (--from), by the proofs beside it. The exit code. */
int verify_exported_event(const struct cli *cli, const struct lake_id *id);

#endif
