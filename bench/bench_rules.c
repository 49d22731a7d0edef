#include "bench_rules.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "measure.h"
#include "parse/parse.h"

typedef VEC(struct source) source_list;

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void read_folder(source_list *found, char *folder)
{
    char *roots[] = {folder, NULL};
    FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (!walk)
        measure_die("cannot read", folder);
    for (FTSENT *entry; (entry = fts_read(walk));) {
        struct str name = str_from_c(entry->fts_name);
        if (entry->fts_info != FTS_F ||
            !(str_ends(name, STR(".yml")) || str_ends(name, STR(".yaml"))))
            continue;
        struct source source = {strdup(entry->fts_path), measure_read(entry->fts_path)};
        if (!source.path || vec_push(found, source) < 0)
            measure_die("no memory", folder);
    }
    fts_close(walk);
}

static void free_sources(struct source *sources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(sources[i].path);
        measure_free(sources[i].text);
    }
    free(sources);
}

static void load_datasets(struct bench_rules *rules, const char *content)
{
    const char *names[FORMAT_COUNT];
    char folder[4096];
    source_list found = {0};
    snprintf(folder, sizeof(folder), "%s/datasets", content);
    read_folder(&found, folder);
    for (int i = 0; i < FORMAT_COUNT; i++)
        names[i] = format_get((enum format_id)i) ? format_get((enum format_id)i)->name : NULL;
    if (fields_init(&rules->fields) < 0 || !(rules->datasets = datasets_new(&rules->fields)))
        measure_die("no memory", folder);
    datasets_name_formats(rules->datasets, names, FORMAT_COUNT);
    for (size_t i = 0; i < found.len; i++) {
        struct err err;
        if (datasets_add(rules->datasets, found.items[i].text, str_from_c(found.items[i].path),
                         &err) < 0)
            measure_die(found.items[i].path, err.message);
    }
    if (datasets_freeze(rules->datasets) < 0)
        measure_die("no memory", folder);
    free_sources(found.items, found.len);
}

void bench_rules_load(struct bench_rules *rules, const char *content, char **folders, int n_folders)
{
    source_list found = {0};
    struct err err;
    *rules = (struct bench_rules){0};
    load_datasets(rules, content);
    double start = measure_cpu();
    for (int i = 0; i < n_folders; i++)
        read_folder(&found, folders[i]);
    double read = measure_cpu();
    if (sigma_set_init(&rules->set) < 0)
        measure_die("no memory", "rules");
    rules->sources = found.items;
    rules->n_files = found.len;
    for (size_t i = 0; i < found.len; i++) {
        rules->n_bytes += found.items[i].text.len;
        if (sigma_set_add(&rules->set, found.items[i].text, str_from_c(found.items[i].path)) < 0)
            measure_die("no memory", "rules");
    }
    if (sigma_set_link(&rules->set) < 0)
        measure_die("no memory", "rules");
    double parsed = measure_cpu();
    if (ruleset_collect_fields(&rules->set, &rules->fields) < 0)
        measure_die("no memory", "fields");
    rules->ruleset = ruleset_build(&rules->set, &rules->fields, rules->datasets, NULL, &err);
    if (!rules->ruleset)
        measure_die("ruleset", err.message);
    rules->read_s = read - start;
    rules->parse_s = parsed - read;
    rules->build_s = measure_cpu() - parsed;
}

void bench_rules_free(struct bench_rules *rules)
{
    ruleset_free(rules->ruleset);
    sigma_set_free(&rules->set);
    datasets_free(rules->datasets);
    fields_free(&rules->fields);
    free_sources(rules->sources, rules->n_files);
}
