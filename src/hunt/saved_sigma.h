/*
 * saved_sigma: a saved hunt as a draft of a Sigma rule, where it is one: a table that is made of events as they come, and
 * where filters. A rule is asked of each event as it arrives, and by any tool that reads Sigma; so nothing is drafted
 * that would not select the same events.
 *
 *     DeviceProcessEvents                         logsource: {product: windows, category: process_creation}
 *     | where FileName =~ "whoami.exe"     ─▶     detection: {s1: {Image|endswith: '\whoami.exe'}, ...}
 */
#ifndef JAGA_HUNT_SAVED_SIGMA_H
#define JAGA_HUNT_SAVED_SIGMA_H

#include "hunt/saved.h"

/*
 * Appends the rule as YAML. 0; -ENOTSUP with *err: what of the hunt no Sigma rule says, at its place; -ENOMEM. `attack` may
 * be NULL. The buffer is as it was on failure.
 */
int saved_sigma_draft(const struct saved_hunt *hunt, const struct tables *tables,
                      const struct datasets *datasets, const struct attack *attack,
                      struct buf *yaml, struct err *err);

#endif
