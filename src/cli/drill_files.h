/* drill_files: drills and their library, out of the content or a file. */
#ifndef JAGA_CLI_DRILL_FILES_H
#define JAGA_CLI_DRILL_FILES_H

#include "cli/cli.h"
#include "io/content.h"
#include "readiness/drill.h"

struct drill_files {
    struct content content;
    struct drill_library library;
};

/* Opens the content and reads its library. An exit code; what went wrong has been said. */
int drill_files_open(struct drill_files *files, const struct cli *cli);
void drill_files_close(struct drill_files *files);

/* Is it a drill of the content? *ret_name: "phish-to-ransomware". */
bool drill_files_is_drill(const struct content_file *file, struct str *ret_name);

/* Reads the drill of that name, or the file of that path. An exit code; what went wrong has been said. */
int drill_files_read(const struct drill_files *files, const struct cli *cli, const char *name,
                     struct drill *ret_drill);

#endif
