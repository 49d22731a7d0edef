/* jaga findings list, follow: what a running centre has found, and what it finds. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/time.h"
#include "cli/centre_client.h"
#include "cli/out_style.h"
#include "cli/terminal.h"

#define LINE_MAX (1u << 20) /* bytes of an event of the stream */
#define AGENCY_COLUMNS 10
#define TITLE_COLUMNS 72
#define BEFORE_TITLE (19 + 2 + 8 + 2 + AGENCY_COLUMNS + 2) /* columns of time, level, agency */

/* ---- a finding as a line ---- */

static struct str member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? str_of(json_string_value(value), json_string_length(value))
                                 : STR("");
}

static void add_cell(struct buf *out, struct str text, size_t columns)
{
    size_t used = style_printable(out, text, columns);
    for (; used < columns + 2; used++)
        buf_add_byte(out, ' ');
}

/* What it is about, where there is room: host and user. */
static void add_entities(const struct cli *cli, const json_t *finding, size_t columns,
                         struct buf *out)
{
    struct str host = member(finding, "host"), user = member(finding, "user");
    if (columns < 8 || !(host.len || user.len))
        return;
    buf_printf(out, "  %s", style_dim(cli->colour_out));
    size_t used = style_printable(out, host, columns);
    if (user.len && columns > used + 10) {
        buf_add_c(out, used ? " · " : "");
        style_printable(out, user, columns - used - 3);
    }
    buf_add_c(out, style_reset(cli->colour_out));
}

/* `when`: which of its times stands in front. */
static void print_finding(const struct cli *cli, const json_t *finding, const char *when)
{
    bool colour = cli->colour_out;
    enum sigma_level level = SIGMA_LEVEL_NONE;
    int64_t time_us = TIME_UNSET;
    char time[TIME_TEXT_MAX], count[32] = "";
    size_t width = terminal_width(stdout);
    json_int_t n = json_integer_value(json_object_get(finding, "count"));
    struct str status = member(finding, "status");
    struct buf out = {0};
    if (cli->settings.json) {
        json_dumpf(finding, stdout, JSON_COMPACT);
        putchar('\n');
        return;
    }
    if (n > 1)
        snprintf(count, sizeof(count), "  ×%lld", (long long)n);
    sigma_level_parse(member(finding, "level"), &level);
    time_parse(member(finding, when), &time_us);
    style_time(time_us, time);
    buf_printf(&out, "%s%-19s%s  %s%-8s%s  ", style_dim(colour), time, style_reset(colour),
               style_colour(level, colour), style_level_short(level), style_reset(colour));
    add_cell(&out, member(finding, "agency"), AGENCY_COLUMNS);
    buf_add_c(&out, style_bold(colour));
    size_t used = BEFORE_TITLE + strlen(count);
    used += style_printable(&out, member(finding, "title"),
                            width > BEFORE_TITLE + 20 && width < BEFORE_TITLE + TITLE_COLUMNS
                                ? width - BEFORE_TITLE
                                : TITLE_COLUMNS);
    buf_printf(&out, "%s%s", style_reset(colour), count);
    if (!str_eq(status, STR("open"))) {
        buf_printf(&out, "  %.*s", STR_ARG(status));
        used += status.len + 2;
    }
    add_entities(cli, finding, !width ? 80 : width > used + 2 ? width - used - 2 : 0, &out);
    buf_add_byte(&out, '\n');
    fwrite(out.ptr, 1, out.len, stdout);
    buf_free(&out);
}

/* ---- the centre ---- */

/* What both commands ask for. */
static void add_filters(const struct cli *cli, struct buf *path)
{
    if (cli->settings.agency) {
        buf_add_c(path, "&agency=");
        client_escape(str_from_c(cli->settings.agency), path);
    }
    if (cli->settings.level != SIGMA_LEVEL_NONE)
        buf_printf(path, "&level=%s", sigma_level_name((enum sigma_level)cli->settings.level));
}

static int refused(const struct cli *cli, const struct client_reply *reply)
{
    json_t *answer = json_loadb(reply->body.ptr ? reply->body.ptr : "", reply->body.len, 0, NULL);
    struct buf detail = {0};
    style_printable(&detail, member(answer, "detail"), 160);
    cli_complain(cli, "the centre answers %u%s%.*s", reply->status, detail.len ? ": " : "",
                 STR_ARG(buf_str(&detail)));
    buf_free(&detail);
    json_decref(answer);
    return reply->status >= 500 ? EXIT_BROKEN : EXIT_REFUSED;
}

/* ---- list ---- */

static int list_page(const struct cli *cli, struct client *client)
{
    struct buf path = {0};
    struct client_reply reply = {0};
    struct err err = {0};
    int code = EXIT_BROKEN;
    buf_printf(&path, "/api/v1/findings?sort=last&limit=%llu",
               (unsigned long long)cli->settings.limit);
    add_filters(cli, &path);
    buf_add_byte(&path, '\0');
    const struct client_request request = {.method = "GET", .path = path.ptr};
    if (path.failed)
        cli_complain(cli, "no memory");
    else if (client_send(client, &request, &reply, &err) < 0)
        cli_complain(cli, "%s", err.message);
    else if (reply.status != 200)
        code = refused(cli, &reply);
    else
        code = EXIT_DONE;
    json_t *answer = code == EXIT_DONE ? json_loadb(reply.body.ptr, reply.body.len, 0, NULL) : NULL;
    const json_t *findings = json_object_get(answer, "findings");
    for (size_t i = json_array_size(findings); i > 0; i--)
        print_finding(cli, json_array_get(findings, i - 1), "last");
    json_decref(answer);
    client_reply_free(&reply);
    buf_free(&path);
    return code;
}

static int list(const struct cli *cli)
{
    struct client *client = centre_connect(cli);
    int code = client ? list_page(cli, client) : EXIT_USAGE;
    client_free(client);
    return code;
}

/* ---- follow ---- */

/* Server-sent events (HTML standard, 9.2), as far as the centre uses them. */
struct following {
    const struct cli *cli;
    struct buf line;
    struct buf last_id; /* of the newest event, for the next connection; empty: none yet */
};

/* One that has just been opened, or whose status has changed: what only grows is not told again. */
static bool is_news(const json_t *finding)
{
    return str_eq(member(finding, "created"), member(finding, "updated")) ||
           !str_eq(member(finding, "status"), STR("open"));
}

static void take_line(struct following *following, struct str line)
{
    static const struct str id = {"id: ", 4}, data = {"data: ", 6};
    if (str_starts(line, id)) {
        buf_clear(&following->last_id);
        buf_add_str(&following->last_id, str_skip(line, id.len));
    } else if (str_starts(line, data)) {
        json_t *finding = json_loadb(line.ptr + data.len, line.len - data.len, 0, NULL);
        if (finding && is_news(finding))
            print_finding(following->cli, finding, "updated");
        json_decref(finding);
        fflush(stdout);
    }
}

static int take_bytes(void *context, struct str bytes)
{
    struct following *following = context;
    while (bytes.len) {
        size_t end = str_index(bytes, '\n');
        buf_add_str(&following->line, str_first(bytes, end));
        if (following->line.failed || following->line.len > LINE_MAX)
            return -E2BIG;
        if (end < bytes.len) {
            take_line(following, buf_str(&following->line));
            buf_clear(&following->line);
        }
        bytes = str_skip(bytes, end + 1);
    }
    return *following->cli->stop ? -ECANCELED : 0;
}

/* One connection, until it ends. EXIT_DONE: another may go on where it ended. */
static int follow_once(struct following *following, struct client *client, bool *ret_answered)
{
    const struct cli *cli = following->cli;
    struct buf path = {0};
    struct client_reply reply = {0};
    struct err err = {0};
    int code = EXIT_DONE;
    buf_printf(&path, "/api/v1/findings/stream?%s%.*s", following->last_id.len ? "after=" : "",
               STR_ARG(buf_str(&following->last_id)));
    add_filters(cli, &path);
    buf_add_byte(&path, '\0');
    const struct client_request request = {
        .method = "GET", .path = path.ptr, .take = take_bytes, .context = following};
    buf_clear(&following->line);
    int status = path.failed ? -ENOMEM : client_send(client, &request, &reply, &err);
    *ret_answered = status == 0;
    if (status == 0 && (reply.status < 200 || reply.status > 299) && reply.status < 500 &&
        reply.status != 429)
        code = refused(cli, &reply);
    else if (status == -EPROTO || status == -ENOMEM)
        code = EXIT_BROKEN;
    if (status < 0 && code != EXIT_DONE)
        cli_complain(cli, "%s", err.message);
    client_reply_free(&reply);
    buf_free(&path);
    return code;
}

static int follow(const struct cli *cli)
{
    struct following following = {.cli = cli};
    unsigned failures = 0;
    struct client *client = centre_connect(cli);
    int code = client ? EXIT_DONE : EXIT_USAGE;
    while (client && code == EXIT_DONE && !*cli->stop) {
        bool answered = false;
        code = follow_once(&following, client, &answered);
        failures = answered ? 1 : failures + 1;
        if (code == EXIT_DONE && !*cli->stop)
            client_pause(client, failures, 0);
    }
    buf_free(&following.line);
    buf_free(&following.last_id);
    client_free(client);
    return code;
}

static const char *const list_options[] = {
    "ship:to", "token-file", "ca",   "fingerprint", "insecure", "agency",
    "level",   "limit",      "json", "color",       "quiet",    NULL,
};

static const char *const follow_options[] = {
    "ship:to", "token-file", "ca",    "fingerprint", "insecure", "agency",
    "level",   "json",       "color", "quiet",       NULL,
};

const struct command cmd_findings_list = {
    .name = "findings list",
    .about = "Print the latest findings of a running centre.",
    .options = list_options,
    .run = list,
};

const struct command cmd_findings_follow = {
    .name = "findings follow",
    .about = "Print findings of a running centre as they come.",
    .prose =
        "Each is printed when it is opened, and again when it is cleared or closed; repeats that "
        "are counted on it are not. A connection that breaks is made again, and nothing between "
        "is missed.",
    .options = follow_options,
    .until_stopped = true,
    .run = follow,
};
