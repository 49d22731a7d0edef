#include "bench_rules.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <zstd.h>

#include "base/vec.h"
#include "parse/parse.h"

double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double bench_cpu(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "bench: %s: %s\n", what, detail);
    exit(1);
}

static void free_str(struct str text)
{
    void *bytes;
    memcpy(&bytes, &text.ptr, sizeof(bytes)); /* sheds the const */
    free(bytes);
}

static struct str unpack(const char *path, struct str packed)
{
    unsigned long long size = ZSTD_getFrameContentSize(packed.ptr, packed.len);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > 1u << 30)
        die("cannot unpack", path);
    char *bytes = malloc(size + 1);
    if (!bytes || ZSTD_decompress(bytes, size, packed.ptr, packed.len) != size)
        die("cannot unpack", path);
    free_str(packed);
    return str_of(bytes, size);
}

struct str bench_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    if (!file || fstat(fileno(file), &about) < 0)
        die("cannot read", path);
    size_t size = (size_t)about.st_size;
    char *bytes = malloc(size + 1);
    if (!bytes || fread(bytes, 1, size, file) != size)
        die("cannot read", path);
    fclose(file);
    struct str text = str_of(bytes, size);
    return str_ends(str_from_c(path), STR(".zst")) ? unpack(path, text) : text;
}

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
        die("cannot read", folder);
    for (FTSENT *entry; (entry = fts_read(walk));) {
        struct str name = str_from_c(entry->fts_name);
        if (entry->fts_info != FTS_F ||
            !(str_ends(name, STR(".yml")) || str_ends(name, STR(".yaml"))))
            continue;
        struct source source = {strdup(entry->fts_path), bench_read(entry->fts_path)};
        if (!source.path || vec_push(found, source) < 0)
            die("no memory", folder);
    }
    fts_close(walk);
}

static void free_sources(struct source *sources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(sources[i].path);
        free_str(sources[i].text);
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
        die("no memory", folder);
    datasets_name_formats(rules->datasets, names, FORMAT_COUNT);
    for (size_t i = 0; i < found.len; i++) {
        struct err err;
        if (datasets_add(rules->datasets, found.items[i].text, str_from_c(found.items[i].path),
                         &err) < 0)
            die(found.items[i].path, err.message);
    }
    if (datasets_freeze(rules->datasets) < 0)
        die("no memory", folder);
    free_sources(found.items, found.len);
}

void bench_rules_load(struct bench_rules *rules, const char *content, char **folders, int n_folders)
{
    source_list found = {0};
    struct err err;
    *rules = (struct bench_rules){0};
    load_datasets(rules, content);
    double start = bench_cpu();
    for (int i = 0; i < n_folders; i++)
        read_folder(&found, folders[i]);
    double read = bench_cpu();
    if (sigma_set_init(&rules->set) < 0)
        die("no memory", "rules");
    rules->sources = found.items;
    rules->n_files = found.len;
    for (size_t i = 0; i < found.len; i++) {
        rules->n_bytes += found.items[i].text.len;
        if (sigma_set_add(&rules->set, found.items[i].text, str_from_c(found.items[i].path)) < 0)
            die("no memory", "rules");
    }
    if (sigma_set_link(&rules->set) < 0)
        die("no memory", "rules");
    double parsed = bench_cpu();
    if (ruleset_collect_fields(&rules->set, &rules->fields) < 0)
        die("no memory", "fields");
    rules->ruleset = ruleset_build(&rules->set, &rules->fields, rules->datasets, NULL, &err);
    if (!rules->ruleset)
        die("ruleset", err.message);
    rules->read_s = read - start;
    rules->parse_s = parsed - read;
    rules->build_s = bench_cpu() - parsed;
}

void bench_rules_free(struct bench_rules *rules)
{
    ruleset_free(rules->ruleset);
    sigma_set_free(&rules->set);
    datasets_free(rules->datasets);
    fields_free(&rules->fields);
    free_sources(rules->sources, rules->n_files);
}
