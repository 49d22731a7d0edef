/*
 * intel_load: the indicators that --intel names, before the sandbox closes: built files as they are, all feeds together
 * as one set in memory. The allow-lists of a data folder that is among them hold for the feeds too.
 */
#ifndef JAGA_CLI_INTEL_LOAD_H
#define JAGA_CLI_INTEL_LOAD_H

#include "cli/indicators.h"
#include "scan/detect.h"

/* A zeroed one holds nothing. */
struct intel_load {
    struct indicators sets[DETECT_INTELS_MAX];
    const struct intel *intels[DETECT_INTELS_MAX]; /* of the sets */
    size_t n_intels;
    struct walk walk;  /* paths of feeds */
    struct walk allow; /* .. and of the allow-lists of data folders */
    bool walked;
};

/* EXIT_DONE, or the exit code after it has said what is wrong. intel_load_free() is due in each case. */
int intel_load(struct intel_load *load, const struct cli *cli, const text_list *paths);
void intel_load_free(struct intel_load *load);

#endif
