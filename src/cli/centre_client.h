/* centre_client: a running centre, asked by a command over its interface (--to, --token-file and their like). */
#ifndef JAGA_CLI_CENTRE_CLIENT_H
#define JAGA_CLI_CENTRE_CLIENT_H

#include <jansson.h>

#include "cli/cli.h"
#include "ship/client.h"

/* The options of a command that asks a centre. */
#define CENTRE_CLIENT_OPTIONS "ship:to", "token-file", "ca", "fingerprint", "insecure"

/* Does the command line say which? False: it complained. */
bool centre_is_named(const struct cli *cli);

/* A client for what the command line says; --token-file comes before the environment's token. */
struct client_options centre_client_options(const struct cli *cli);

/* Such a client, to be freed with client_free(). NULL: it complained, which is EXIT_USAGE. */
struct client *centre_connect(const struct cli *cli);

/*
 * Asks once, with a body of JSON where it is not empty. The JSON answer of a 2xx (null where it has none), to be freed with
 * json_decref(); NULL: it complained, and *ret_code is the exit code.
 */
json_t *centre_ask(const struct cli *cli, const char *method, const char *path, struct str body,
                   int *ret_code);

/*
 * Asks for an answer of any length, whose pieces `take` gets; a negative return of it is enough of them. The exit code;
 * other than EXIT_DONE it complained.
 */
int centre_fetch(const struct cli *cli, const char *method, const char *path, struct str body,
                 int (*take)(void *context, struct str bytes), void *context);

#endif
