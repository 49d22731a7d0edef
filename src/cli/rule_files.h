/*
 * rule_files: the files that rules are read from: of folders and archives those that are YAML, of
 * what is named itself everything. What cannot be read is said and counted.
 */
#ifndef JAGA_CLI_RULE_FILES_H
#define JAGA_CLI_RULE_FILES_H

#include "cli/cli.h"
#include "io/content.h"

#define RULE_FILES_MEMORY_MAX ((size_t)2 << 30) /* bytes of all rule files together */

struct rule_file {
    struct str path;
    struct str bytes;
};

struct rule_files {
    const struct cli *cli;
    struct arena arena;
    VEC(struct rule_file) files; /* in the order they are to be read; bytes live with this struct */
    uint64_t failures;           /* files and folders that could not be read */
};

void rule_files_init(struct rule_files *files, const struct cli *cli);
void rule_files_free(struct rule_files *files);

/* Reads what is beneath the paths. 0 or -ENOMEM. */
int rule_files_read(struct rule_files *files, const text_list *paths);

/* The rules of the content; it outlives the files. 0 or -ENOMEM. */
int rule_files_read_content(struct rule_files *files, const struct content *content);

#endif
