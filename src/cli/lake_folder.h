/*
 * lake_folder: the lake of a data folder, for commands that work while no centre holds it.
 */
#ifndef JAGA_CLI_LAKE_FOLDER_H
#define JAGA_CLI_LAKE_FOLDER_H

#include "cli/cli.h"
#include "lake/lake.h"

/* The options that say which, and how it is opened. */
#define LAKE_FOLDER_OPTIONS "data", "lake", "lake-memory", "lake-threads", "duckdb", "quiet"

struct lake_folder {
    const struct lake_ops *ops;
    struct lake *lake;
};

/* The exit code; other than EXIT_DONE: it was said why not, and nothing is open. It must be there already. */
int lake_folder_open(const struct cli *cli, struct lake_folder *ret_folder);
void lake_folder_close(struct lake_folder *folder);

/* Says what went wrong; the exit code. */
int lake_folder_complain(const struct cli *cli, int status, const struct err *err);

#endif
