/*
 * data_folder: the folder of everything the centre keeps (--data), for the commands that work beside a running
 * centre or before its first start.
 */
#ifndef JAGA_CLI_DATA_FOLDER_H
#define JAGA_CLI_DATA_FOLDER_H

#include "cli/cli.h"
#include "ledger/ledger.h"

/*
 * The ledger of the data folder; with `create`, folder and ledger are made where they are missing. NULL: it was
 * said why not, and *ret_code is the exit code.
 */
struct ledger *data_ledger(const struct cli *cli, bool create, int *ret_code);

/* "cli:anna": who the journal says has run the command. */
struct str data_actor(char *room, size_t size);

#endif
