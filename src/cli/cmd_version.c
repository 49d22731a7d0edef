/* jaga version */
#include "cli/cli.h"

static int run(const struct cli *cli)
{
    (void)cli;
    puts("jaga " JAGA_VERSION);
    return EXIT_DONE;
}

static const char *const options[] = {NULL};

const struct command cmd_version = {
    .name = "version",
    .about = "Print the version.",
    .options = options,
    .run = run,
};
