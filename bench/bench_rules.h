/*
 * bench_rules: what the benchmarks of the rules share. Reads files whole, and loads
 * datasets and rules from folders; exits with a message where something is missing.
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

/* Seconds of a clock that only goes forward. */
double bench_now(void);

/* Seconds this thread has been running: what a busy machine takes away does not count. */
double bench_cpu(void);

/* The bytes of a file, to be freed (zstd's are unpacked). */
struct str bench_read(const char *path);

/* Every .yml and .yaml of `n_folders` folders, as one ruleset over the datasets of `content`. */
void bench_rules_load(struct bench_rules *rules, const char *content, char **folders,
                      int n_folders);

void bench_rules_free(struct bench_rules *rules);

#endif
