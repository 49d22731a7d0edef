/*
 * bench_rules: what the benchmarks of the rules share: datasets and rules loaded from folders. Ends the program where
 * something is missing.
 */
#ifndef JAGA_BENCH_RULES_H
#define JAGA_BENCH_RULES_H

#include "sigma/ruleset.h"

/* A file and its bytes. */
struct source {
    char *path;
    struct str text;
};

struct bench_rules {
    struct fields fields;
    struct datasets *datasets;
    struct sigma_set set;
    struct ruleset *ruleset;
    struct source *sources; /* the rules' files */
    size_t n_files, n_bytes;
    double read_s, parse_s, build_s;
};

/* Every .yml and .yaml of `n_folders` folders, as one ruleset over the datasets of `content`. */
void bench_rules_load(struct bench_rules *rules, const char *content, char **folders,
                      int n_folders);

void bench_rules_free(struct bench_rules *rules);

#endif
