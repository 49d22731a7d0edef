#include "cli/centre_client.h"

#include <stdlib.h>

#include "ship/client.h"

bool centre_is_named(const struct cli *cli)
{
    if (!cli->settings.to_url)
        cli_complain(cli, "the centre is not named: --to URL");
    return cli->settings.to_url != NULL;
}

json_t *centre_ask(const struct cli *cli, const char *method, const char *path, struct str body,
                   int *ret_code)
{
    const struct settings *settings = &cli->settings;
    const struct client_options options = {
        .url = settings->to_url,
        .token_file = settings->token_file,
        .token = settings->token_file ? NULL : getenv(CLIENT_TOKEN_VARIABLE),
        .ca = settings->ca,
        .fingerprint = settings->fingerprint,
        .insecure = settings->insecure,
        .stop = cli->stop,
    };
    const struct client_request request = {
        .method = method,
        .path = path,
        .type = body.len ? "application/json" : NULL,
        .body = body,
    };
    struct client_reply reply = {0};
    struct err err = {0};
    json_t *json = NULL;
    *ret_code = EXIT_BROKEN;
    struct client *client = client_new(&options, &err);
    if (!client) {
        *ret_code = EXIT_USAGE;
        cli_complain(cli, "%s", err.message);
    } else if (client_send(client, &request, &reply, &err) < 0) {
        cli_complain(cli, "%s", err.message);
    } else {
        json = json_loadb(reply.body.ptr ? reply.body.ptr : "", reply.body.len, 0, NULL);
        if (reply.status != 200 || !json) {
            const char *detail = json_string_value(json_object_get(json, "detail"));
            *ret_code = reply.status >= 400 && reply.status < 500 ? EXIT_REFUSED : EXIT_BROKEN;
            cli_complain(cli, "the centre answers %u%s%s", reply.status, detail ? ": " : "",
                         detail ? detail : "");
            json_decref(json);
            json = NULL;
        }
    }
    client_reply_free(&reply);
    client_free(client);
    if (json)
        *ret_code = EXIT_DONE;
    return json;
}
