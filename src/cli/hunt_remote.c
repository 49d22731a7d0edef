/* A hunt on a running centre: POST /api/v1/hunts. */
#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "cli/centre_client.h"
#include "cli/hunt_frames.h"
#include "cli/hunt_session.h"
#include "cli/hunt_watch.h"

#define DELETE_WAIT_US (5 * TIME_SECOND_US) /* for the centre to take the end of a hunt */

/* What a client of the centre is made of; `stop` ends what it does. */
static struct client *make_client(const struct cli *cli, const volatile sig_atomic_t *stop,
                                  int64_t request_us, struct err *err)
{
    struct client_options options = centre_client_options(cli);
    options.stop = stop;
    options.request_us = request_us;
    return client_new(&options, err);
}

struct client *hunt_remote_open(const struct cli *cli, int *ret_code)
{
    struct err err = {0};
    struct client *client = make_client(cli, cli->stop, HUNT_TIME_MAX_US, &err);
    *ret_code = client ? EXIT_DONE : EXIT_USAGE;
    if (!client)
        cli_complain(cli, "%s", err.message);
    return client;
}

static void add_time(struct buf *body, const char *name, int64_t time)
{
    char text[TIME_TEXT_MAX];
    if (time == TIME_UNSET)
        return;
    time_format(time, text);
    buf_printf(body, ",\"%s\":\"%s\"", name, text);
}

/* "name":"value" of --parameter; what is none was refused before. */
static void add_parameters(const struct cli *cli, struct buf *body)
{
    struct hunt_parameter parameters[HUNT_PARAMETERS_MAX];
    uint32_t n = 0;
    if (hunt_parameters_read(cli, parameters, &n) < 0 || n == 0)
        return;
    buf_add_c(body, ",\"parameters\":{");
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            buf_add_byte(body, ',');
        buf_add_json(body, parameters[i].name);
        buf_add_byte(body, ':');
        buf_add_json(body, parameters[i].value);
    }
    buf_add_byte(body, '}');
}

static void write_body(const struct cli *cli, const struct hunt_remote_asking *asking,
                       struct buf *body)
{
    const struct settings *settings = &cli->settings;
    buf_add_c(body, "{\"query\":");
    buf_add_json(body, asking->query);
    buf_printf(body, ",\"language\":\"%s\"", hunt_language_names[asking->language]);
    add_time(body, "from", settings->from);
    add_time(body, "until", settings->to);
    add_time(body, "now", settings->hunt_now);
    add_parameters(cli, body);
    buf_printf(body, ",\"explain\":%s,\"limits\":{\"rows\":%llu,\"time\":\"%lldms\"}}",
               asking->plan ? "true" : "false", (unsigned long long)settings->hunt_rows,
               (long long)(settings->hunt_time / 1000));
}

/* An answer on its way. */
struct receiving {
    struct hunt_frames *frames;
    struct err *err;
    int status;
};

static int take_bytes(void *context, struct str bytes)
{
    struct receiving *receiving = context;
    receiving->status = hunt_frames_take(receiving->frames, bytes, receiving->err);
    return receiving->status;
}

static void watched_stats(void *context, struct hunt_asking_stats *ret_stats)
{
    hunt_frames_stats(context, ret_stats);
}

/* The centre would notice that nobody reads; this way it knows at once. The client that was interrupted sends no more. */
static void delete_hunt(const struct cli *cli, struct str id)
{
    struct err err = {0};
    struct client_reply reply = {0};
    struct buf path = {0};
    struct client *client = id.len > 0 ? make_client(cli, NULL, DELETE_WAIT_US, &err) : NULL;
    buf_add_c(&path, "/api/v1/hunts/");
    client_escape(id, &path);
    buf_add_byte(&path, '\0');
    const struct client_request request = {.method = "DELETE", .path = path.ptr};
    if (client && !path.failed)
        client_send(client, &request, &reply, &err); /* it may have ended by itself */
    client_reply_free(&reply);
    client_free(client);
    buf_free(&path);
}

static int send_watched(struct client *client, const struct hunt_remote_asking *asking,
                        struct receiving *receiving, const struct buf *body)
{
    const struct hunt_watched watched = {watched_stats, NULL, receiving->frames};
    const struct client_request request = {
        .method = "POST",
        .path = "/api/v1/hunts",
        .type = "application/json",
        .accept = "application/x-ndjson",
        .body = buf_str(body),
        .take = take_bytes,
        .context = receiving,
    };
    struct client_reply reply = {0};
    if (hunt_watch_begin(asking->watch, &watched) < 0)
        return err_set(receiving->err, -ENOMEM, "no thread for the hunt");
    int status = client_send(client, &request, &reply, receiving->err);
    hunt_watch_end(asking->watch);
    if (receiving->status < 0)
        status = receiving->status;
    else if (status == 0 && reply.status != 200)
        status = hunt_frames_problem(buf_str(&reply.body), receiving->err);
    else if (status == 0)
        status = hunt_frames_end(receiving->frames, receiving->err);
    client_reply_free(&reply);
    return status;
}

int hunt_remote_ask(const struct cli *cli, struct client *client,
                    const struct hunt_remote_asking *asking, struct err *err)
{
    struct receiving receiving = {hunt_frames_new(asking->sink), err, 0};
    struct buf body = {0};
    write_body(cli, asking, &body);
    int status = body.failed || !receiving.frames ? err_set(err, -ENOMEM, "no memory")
                                                  : send_watched(client, asking, &receiving, &body);
    if (receiving.frames && status < 0 && *cli->stop)
        delete_hunt(cli, hunt_frames_id(receiving.frames));
    if (status == 0 && asking->plan)
        buf_add_str(asking->plan, hunt_frames_plan(receiving.frames));
    if (status == 0)
        hunt_say_note(cli, hunt_frames_note(receiving.frames));
    hunt_frames_free(receiving.frames);
    buf_free(&body);
    return status;
}
