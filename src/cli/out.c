#include "cli/out.h"

#include <assert.h>

const struct out_format *const out_formats[] = {
    &out_table, &out_jsonl, &out_csv, &out_timesketch, &out_html, NULL,
};

size_t out_limits(const struct out_summary *summary, struct out_limit ret_limits[OUT_LIMITS_MAX])
{
    const struct out_limit all[] = {
        {summary->undated, "events without a time were left out by --from or --to"},
        {summary->unrouted, "events are of too many kinds to tell apart: no rule saw them"},
        {summary->cut, "matched events did not fit into memory: shown without fields"},
        {summary->partial, "events were not matched in full: no memory"},
        {summary->correlations_undated, "matches without a time could not count in correlations"},
        {summary->correlations_late, "events came too late for their correlation (--disorder)"},
        {summary->indicators_dropped, "indicators too many for one event were left out"},
        {summary->regex_limited, "regular expressions spent their limit and count as no match"},
    };
    static_assert(sizeof(all) / sizeof(all[0]) <= OUT_LIMITS_MAX, "room for each");
    size_t n = 0;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].count)
            ret_limits[n++] = all[i];
    return n;
}
