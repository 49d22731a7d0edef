/* drill_report: what came of a drill, for people and as JSON. */
#ifndef JAGA_CLI_DRILL_REPORT_H
#define JAGA_CLI_DRILL_REPORT_H

#include "cli/cli.h"
#include "readiness/run.h"

/* A line as a step begins. */
void drill_report_step(const struct cli *cli, const struct drill *drill, size_t step,
                       int64_t at_us);

void drill_report_print(const struct cli *cli, const struct drill *drill,
                        const struct run_result *result);

/* Appends the report as one JSON object. */
void drill_report_json(const struct cli *cli, const struct drill *drill,
                       const struct run_result *result, struct buf *out);

#endif
