/* lookback_remote: looks of a running centre (--to), handed over as the ledger of a data folder hands them over. */
#ifndef JAGA_CLI_LOOKBACK_REMOTE_H
#define JAGA_CLI_LOOKBACK_REMOTE_H

#include "cli/cli.h"
#include "ledger/kept_lookback.h"

/* The newest ones, or as they came with --json. The exit code. */
int lookback_remote_list(const struct cli *cli,
                         int (*each)(void *context, const struct kept_lookback *lookback),
                         void *context);

/* The one that is named, and its verdicts. */
int lookback_remote_show(const struct cli *cli,
                         int (*each)(void *context, const struct kept_lookback *lookback),
                         int (*each_verdict)(void *context, const struct kept_verdict *verdict),
                         void *context);

/* Those that are named, one after the other, up to the first that fails. */
int lookback_remote_cancel(const struct cli *cli);
int lookback_remote_resume(const struct cli *cli);

#endif
