/* jaga man: the man page, for the build. */
#include "cli/cli.h"

static int run(const struct cli *cli)
{
    (void)cli;
    help_write_man(stdout);
    return EXIT_DONE;
}

static const char *const options[] = {NULL};

const struct command cmd_man = {
    .name = "man",
    .about = "Print the man page jaga(1) in roff.",
    .options = options,
    .hidden = true,
    .run = run,
};
