#include "cli/centre_client.h"

#include <stdlib.h>

bool centre_is_named(const struct cli *cli)
{
    if (!cli->settings.to_url)
        cli_complain(cli, "the centre is not named: --to URL");
    return cli->settings.to_url != NULL;
}

struct client_options centre_client_options(const struct cli *cli)
{
    const struct settings *settings = &cli->settings;
    return (struct client_options){
        .url = settings->to_url,
        .token_file = settings->token_file,
        .token = settings->token_file ? NULL : getenv(CLIENT_TOKEN_VARIABLE),
        .ca = settings->ca,
        .fingerprint = settings->fingerprint,
        .insecure = settings->insecure,
        .stop = cli->stop,
    };
}

struct client *centre_connect(const struct cli *cli)
{
    if (!centre_is_named(cli))
        return NULL;
    const struct client_options options = centre_client_options(cli);
    struct err err = {0};
    struct client *client = client_new(&options, &err);
    if (!client)
        cli_complain(cli, "%s", err.message);
    return client;
}

/* What a reply that is no 200 says; the exit code. */
static int complain(const struct cli *cli, unsigned status, const json_t *json)
{
    const char *detail = json_string_value(json_object_get(json, "detail"));
    cli_complain(cli, "the centre answers %u%s%s", status, detail ? ": " : "",
                 detail ? detail : "");
    return status >= 400 && status < 500 ? EXIT_REFUSED : EXIT_BROKEN;
}

static json_t *json_of(const struct client_reply *reply)
{
    return json_loadb(reply->body.ptr ? reply->body.ptr : "", reply->body.len, 0, NULL);
}

json_t *centre_ask(const struct cli *cli, const char *method, const char *path, struct str body,
                   int *ret_code)
{
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
    struct client *client = centre_connect(cli);
    if (!client) {
        *ret_code = EXIT_USAGE;
    } else if (client_send(client, &request, &reply, &err) < 0) {
        cli_complain(cli, "%s", err.message);
    } else {
        json = reply.body.len ? json_of(&reply) : json_null();
        if (reply.status / 100 != 2 || !json) {
            *ret_code = complain(cli, reply.status, json);
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

int centre_fetch(const struct cli *cli, const char *method, const char *path, struct str body,
                 int (*take)(void *context, struct str bytes), void *context)
{
    const struct client_request request = {
        .method = method,
        .path = path,
        .type = body.len ? "application/json" : NULL,
        .body = body,
        .take = take,
        .context = context,
    };
    struct client_reply reply = {0};
    struct err err = {0};
    int code = EXIT_DONE;
    struct client *client = centre_connect(cli);
    if (!client)
        return EXIT_USAGE;
    if (client_send(client, &request, &reply, &err) < 0) {
        code = *cli->stop ? EXIT_INTERRUPTED : EXIT_BROKEN;
        if (!*cli->stop)
            cli_complain(cli, "%s", err.message);
    } else if (reply.status != 200) {
        json_t *json = json_of(&reply);
        code = complain(cli, reply.status, json);
        json_decref(json);
    }
    client_reply_free(&reply);
    client_free(client);
    return code;
}
