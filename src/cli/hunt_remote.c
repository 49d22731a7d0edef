/* A hunt on a running centre: POST /api/v1/hunts, whose frames become calls of the sink. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/vec.h"
#include "cli/hunt_session.h"
#include "hunt/value.h"
#include "ship/client.h"

#define FRAME_MAX (64u << 20) /* bytes of a line of the answer */

struct remote {
    const struct hunt_sink *sink;
    struct err *err;
    struct buf line;
    json_t *head_json; /* names of the columns live in it */
    VEC(struct hunt_column) columns;
    VEC(struct str) names, values; /* of render */
    struct hunt_render render;
    struct hunt_head head;
    VEC(struct hunt_cell) cells;
    struct buf texts;
    bool done;
    int status;
};

struct client *hunt_remote_open(const struct cli *cli, int *ret_code)
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
        .request_us = HUNT_TIME_MAX_US,
    };
    struct err err = {0};
    struct client *client = client_new(&options, &err);
    *ret_code = client ? EXIT_DONE : EXIT_USAGE;
    if (!client)
        cli_complain(cli, "%s", err.message);
    return client;
}

static struct str text_of(const json_t *value)
{
    return json_is_string(value) ? str_of(json_string_value(value), json_string_length(value))
                                 : STR("");
}

/* ---- frames ---- */

/* {"chart":"barchart","title":"..."} */
static int take_render(struct remote *remote, const json_t *render)
{
    const char *name;
    json_t *value;
    remote->names.len = remote->values.len = 0;
    remote->render = (struct hunt_render){.chart = text_of(json_object_get(render, "chart"))};
    json_object_foreach((json_t *)(uintptr_t)render, name, value)
    {
        if (vec_push(&remote->names, str_from_c(name)) < 0 ||
            vec_push(&remote->values, text_of(value)) < 0)
            return -ENOMEM;
    }
    remote->render.names = remote->names.items;
    remote->render.values = remote->values.items;
    remote->render.n_properties = (uint32_t)remote->names.len;
    return 0;
}

static int take_head(struct remote *remote, json_t *frame)
{
    const json_t *columns = json_object_get(frame, "columns");
    json_decref(remote->head_json);
    remote->head_json = json_incref(frame);
    remote->columns.len = 0;
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const json_t *column = json_array_get(columns, i);
        struct hunt_column row = {text_of(json_object_get(column, "name")), KQL_STRING};
        tables_type_find(text_of(json_object_get(column, "type")), &row.type);
        if (vec_push(&remote->columns, row) < 0)
            return -ENOMEM;
    }
    if (take_render(remote, json_object_get(frame, "render")) < 0 ||
        vec_reserve(&remote->cells, remote->columns.len + 1) < 0)
        return -ENOMEM;
    remote->head = (struct hunt_head){
        .index = (uint32_t)json_integer_value(json_object_get(frame, "result")),
        .columns = remote->columns.items,
        .n_columns = (uint32_t)remote->columns.len,
        .render = &remote->render,
    };
    return remote->sink->begin(remote->sink->context, &remote->head);
}

static void add_text(struct buf *out, enum kql_type type, const json_t *value)
{
    if (type == KQL_DYNAMIC) {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        buf_add_c(out, text ? text : "");
        free(text);
    } else if (json_is_string(value)) {
        buf_add_str(out, text_of(value));
    } else if (json_is_integer(value)) {
        buf_add_i64(out, json_integer_value(value));
    } else if (json_is_real(value)) {
        value_write_real(out, json_real_value(value));
    } else {
        buf_add_c(out, json_is_true(value) ? "true" : "false");
    }
}

static int take_row(struct remote *remote, const json_t *row)
{
    uint32_t n = remote->head.n_columns;
    struct hunt_cell *cells = remote->cells.items;
    if (json_array_size(row) != n || !cells)
        return err_set(remote->err, -EPROTO, "the centre's answer has a row of other columns");
    buf_clear(&remote->texts);
    for (uint32_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(row, i);
        size_t at = remote->texts.len;
        cells[i].null = json_is_null(value);
        if (!cells[i].null)
            add_text(&remote->texts, remote->columns.items[i].type, value);
        cells[i].text.len = remote->texts.len - at;
    }
    if (remote->texts.failed)
        return -ENOMEM;
    const char *at = remote->texts.ptr ? remote->texts.ptr : "";
    for (uint32_t i = 0; i < n; i++) {
        cells[i].text.ptr = at;
        at += cells[i].text.len;
    }
    return remote->sink->row(remote->sink->context, cells);
}

/* A problem as an error: RFC 9457, with the place in the query. */
static int take_problem(const json_t *problem, struct err *err)
{
    json_int_t status = json_integer_value(json_object_get(problem, "status"));
    int code = status == 400                    ? -EINVAL
               : status == 401 || status == 403 ? -EACCES
               : status == 409                  ? -ECANCELED
               : status == 422                  ? -ETIME
                                                : -EIO;
    struct str detail = text_of(json_object_get(problem, "detail"));
    return err_at(err, code, (uint32_t)json_integer_value(json_object_get(problem, "line")),
                  (uint32_t)json_integer_value(json_object_get(problem, "column")), "%.*s",
                  STR_ARG(detail));
}

static int take_frame(struct remote *remote, struct str line)
{
    json_t *frame = json_loadb(line.ptr, line.len, JSON_DECODE_ANY, NULL);
    const json_t *part;
    int status = 0;
    if (!json_is_object(frame))
        status = err_set(remote->err, -EPROTO, "the centre's answer is not one of a hunt");
    else if ((part = json_object_get(frame, "row")))
        status = take_row(remote, part);
    else if (json_object_get(frame, "columns"))
        status = take_head(remote, frame);
    else if (json_object_get(frame, "end"))
        status =
            remote->sink->end(remote->sink->context, json_is_true(json_object_get(frame, "cut")));
    else if ((part = json_object_get(frame, "problem")))
        status = take_problem(part, remote->err);
    else if (json_object_get(frame, "done"))
        remote->done = true;
    json_decref(frame);
    return status;
}

static int take_bytes(void *context, struct str bytes)
{
    struct remote *remote = context;
    struct str line;
    buf_add_str(&remote->line, bytes);
    struct str rest = buf_str(&remote->line);
    while (remote->status == 0 && str_index(rest, '\n') < rest.len && str_cut_line(&rest, &line))
        remote->status = take_frame(remote, line);
    struct buf left = {0};
    buf_add_str(&left, rest);
    buf_free(&remote->line);
    remote->line = left;
    if (remote->status == 0 && (left.failed || left.len > FRAME_MAX))
        remote->status = -ENOMEM;
    return remote->status;
}

/* ---- the request ---- */

static void add_time(struct buf *body, const char *name, int64_t time)
{
    char text[TIME_TEXT_MAX];
    if (time == TIME_UNSET)
        return;
    time_format(time, text);
    buf_printf(body, ",\"%s\":\"%s\"", name, text);
}

static void write_body(const struct cli *cli, struct str query, struct buf *body)
{
    const struct settings *settings = &cli->settings;
    buf_add_c(body, "{\"query\":");
    buf_add_json(body, query);
    buf_printf(body, ",\"language\":\"%s\"", settings->hunt_sql ? "sql" : "kql");
    add_time(body, "from", settings->from);
    add_time(body, "until", settings->to);
    buf_printf(body, ",\"explain\":%s,\"limits\":{\"rows\":%llu,\"time\":\"%lldms\"}}",
               settings->hunt_explain ? "true" : "false", (unsigned long long)settings->hunt_rows,
               (long long)(settings->hunt_time / 1000));
}

static int answer_of(const struct cli *cli, struct remote *remote, const struct client_reply *reply,
                     struct buf *plan)
{
    json_t *json = json_loadb(reply->body.ptr ? reply->body.ptr : "", reply->body.len, 0, NULL);
    struct str rest = buf_str(&remote->line);
    int status = remote->status;
    if (reply->status != 200)
        status = json ? take_problem(json, remote->err)
                      : err_set(remote->err, -EIO, "the centre answers %u", reply->status);
    else if (cli->settings.hunt_explain && rest.len > 0) {
        json_decref(json);
        json = json_loadb(rest.ptr, rest.len, 0, NULL);
        buf_add_str(plan, text_of(json_object_get(json, "plan")));
    } else if (status == 0 && !remote->done) {
        status = err_set(remote->err, -EIO, "the centre's answer ends in the middle");
    }
    json_decref(json);
    return status;
}

int hunt_remote_ask(const struct cli *cli, struct client *client, struct str query,
                    const struct hunt_sink *sink, struct buf *plan, struct err *err)
{
    struct remote remote = {.sink = sink, .err = err};
    struct client_reply reply = {0};
    struct buf body = {0};
    write_body(cli, query, &body);
    const struct client_request request = {
        .method = "POST",
        .path = "/api/v1/hunts",
        .type = "application/json",
        .accept = "application/x-ndjson",
        .body = buf_str(&body),
        .take = take_bytes,
        .context = &remote,
    };
    int status = client_send(client, &request, &reply, err);
    if (remote.status < 0)
        status = remote.status;
    else if (status == 0)
        status = answer_of(cli, &remote, &reply, plan);
    json_decref(remote.head_json);
    vec_free(&remote.columns);
    vec_free(&remote.names);
    vec_free(&remote.values);
    vec_free(&remote.cells);
    buf_free(&remote.texts);
    buf_free(&remote.line);
    buf_free(&body);
    client_reply_free(&reply);
    return status;
}
