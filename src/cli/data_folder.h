/*
 * data_folder: the folder of everything the centre keeps (--data), for the commands that work beside a running
 * centre or before its first start.
 */
#ifndef JAGA_CLI_DATA_FOLDER_H
#define JAGA_CLI_DATA_FOLDER_H

#include "base/arena.h"
#include "cli/cli.h"
#include "ledger/ledger.h"

#define DATA_NAMES_MAX (64u << 10) /* an arena for names of a command */

/* A path put into the data folder, unless it is absolute. Lives in the arena, or is `path`; NULL: no memory. */
const char *data_path(const struct settings *settings, const char *path, struct arena *arena);

/* The URL of an engine, "sqlite:PATH", with its path put into the data folder. As data_path(). */
const char *data_url(const struct settings *settings, const char *url, struct arena *arena);

/*
 * The ledger of the data folder; with `create`, folder and ledger are made where they are missing. NULL: it was
 * said why not, and *ret_code is the exit code.
 */
struct ledger *data_ledger(const struct cli *cli, bool create, int *ret_code);

/*
 * Closes the ledger once it was said what its `status` means. The exit code: EXIT_USAGE where the fault is in what was
 * asked for.
 */
int data_ledger_done(const struct cli *cli, struct ledger *ledger, int status);

/*
 * One transaction that does `change` with each of the command's arguments: all of them or, where one fails, none, so
 * that a list with a slip of the pen is run again as a whole. The exit code; it was said what is wrong.
 */
int data_change_each(const struct cli *cli, const char *action,
                     int (*change)(struct ledger *ledger, struct str argument));

/* "cli:anna": who the journal says has run the command. The text lies in ret_text. */
#define ACTOR_MAX 128
struct str data_actor(char ret_text[static ACTOR_MAX]);

#endif
