/*
 * bench_load: how soon all rules are ready to match, cold (from YAML) and warm (from an
 * image of the set, keyed by the bytes of all files, which are read in both cases). One thread,
 * by the time it was running.
 *
 *     bench_load CONTENT RULES-FOLDER...
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "bench_rules.h"
#include "measure.h"
#include "sigma/image.h"

#define ROUNDS 5

static uint64_t key_of(const struct bench_rules *rules)
{
    uint64_t key = 0;
    for (size_t i = 0; i < rules->n_files; i++) {
        key = hash_mix(key, hash_text(str_from_c(rules->sources[i].path)));
        key = hash_mix(key, hash_text(rules->sources[i].text));
    }
    return key;
}

/* Seconds from read files to a ruleset out of an image: key, set, fields, ruleset. */
static double load_warm(const struct bench_rules *rules, struct str image)
{
    struct sigma_set set;
    struct err err;
    double start = measure_cpu();
    if (sigma_set_init(&set) < 0 || sigma_set_load(&set, image, key_of(rules)) < 0)
        exit(1);
    double loaded = measure_cpu();
    struct ruleset *ruleset = ruleset_build(&set, &rules->fields, rules->datasets, NULL, &err);
    double built = measure_cpu();
    printf("  image loaded %.0f ms, built %.0f ms\n", 1e3 * (loaded - start),
           1e3 * (built - loaded));
    ruleset_free(ruleset);
    sigma_set_free(&set);
    return built - start;
}

int main(int argc, char **argv)
{
    struct bench_rules rules;
    struct buf image = {0};
    if (argc < 3) {
        fprintf(stderr, "usage: bench_load CONTENT RULES-FOLDER...\n");
        return 2;
    }
    double cold = 1e9, warm = 1e9, read = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        bench_rules_load(&rules, argv[1], argv + 2, argc - 2);
        printf("  read %.0f ms, parsed %.0f ms, built %.0f ms\n", 1e3 * rules.read_s,
               1e3 * rules.parse_s, 1e3 * rules.build_s);
        double all = rules.read_s + rules.parse_s + rules.build_s;
        cold = all < cold ? all : cold;
        read = rules.read_s < read ? rules.read_s : read;
        if (i + 1 < ROUNDS)
            bench_rules_free(&rules);
    }
    if (sigma_set_save(&rules.set, key_of(&rules), &image) < 0)
        return 1;
    for (int i = 0; i < ROUNDS; i++) {
        double all = load_warm(&rules, buf_str(&image));
        warm = all < warm ? all : warm;
    }
    printf("%zu files, %.1f MB; %zu rules; image %.1f MB\n"
           "ready after %.0f ms cold, %.0f ms warm (reading the files: %.0f ms of both)\n",
           rules.n_files, (double)rules.n_bytes / 1e6, rules.set.rules.len, (double)image.len / 1e6,
           1e3 * cold, 1e3 * (warm + read), 1e3 * read);
    bench_rules_free(&rules);
    buf_free(&image);
    return 0;
}
