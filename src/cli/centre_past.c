/* New rules over what was received before them. */
#include "cli/centre_inside.h"
#include "cli/centre_version.h"

#define APART 100000 /* matches of a rule and agency in one look that fold by host and user */

/* Before detection, which tells it of each version. */
int centre_open_lookbacks(struct centre *centre, struct err *err)
{
    const struct settings *settings = &centre->cli.settings;
    const struct lookbacks_options options = {
        .engine = centre->lake_engine,
        .lake = centre->lake,
        .ledger = centre->ledger_url,
        .folder = centre_path(centre, "lookback"),
        .journal_key = centre->journal_key,
        .disorder_us = settings->lateness,
        .fold_us = settings->fold,
        .apart = APART,
        .correlator_memory = settings->correlation_memory,
        .hold = centre_version_hold,
        .published = centre_published,
        .context = centre,
    };
    if (!centre->lake)
        return 0;
    centre->lookbacks = lookbacks_new(&options, err);
    return centre->lookbacks ? 0 : err->code;
}

void centre_close_lookbacks(struct centre *centre)
{
    lookbacks_free(centre->lookbacks);
}

int centre_start_lookbacks(struct centre *centre, struct err *err)
{
    return centre->lookbacks ? lookbacks_start(centre->lookbacks, err) : 0;
}

void centre_stop_lookbacks(struct centre *centre)
{
    lookbacks_stop(centre->lookbacks);
}
