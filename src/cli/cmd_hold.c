/* jaga lake hold, release, holds: events that are to stay, of a running centre or of a folder whose centre has ended. */
#include <errno.h>
#include <inttypes.h>

#include "base/time.h"
#include "base/vec.h"
#include "cli/centre_client.h"
#include "cli/data_folder.h"
#include "cli/hunt_session.h"
#include "cli/lake_folder.h"
#include "cli/out_style.h"
#include "io/clock.h"
#include "ledger/journal.h"
#include "ship/client.h"

#define REQUEST_IDS 10000 /* events that are put on hold with one request */

typedef VEC(struct lake_id) id_list;

/* ---- which events ---- */

/* "0.17" or "0.17,0.18,3.4" */
static bool read_ids(const struct cli *cli, const char *text, id_list *ids)
{
    struct str rest = str_from_c(text), one;
    while (rest.len > 0) {
        struct lake_id id;
        str_cut(&rest, ',', &one);
        if (lake_id_parse(str_trim(one), &id) < 0) {
            cli_complain(cli, "--events: '%.*s' is no event's id, such as 2.1500", STR_ARG(one));
            return false;
        }
        if (vec_push(ids, id) < 0) {
            cli_complain(cli, "no memory");
            return false;
        }
    }
    return true;
}

/* Takes the column `_id` of a hunt's rows. */
struct collecting {
    id_list *ids;
    uint32_t column;
    bool cut;
    struct err err; /* why it had enough */
};

static int find_column(void *context, const struct hunt_head *head)
{
    struct collecting *collecting = context;
    for (uint32_t i = 0; i < head->n_columns; i++) {
        if (!str_eq(head->columns[i].name, STR("_id")))
            continue;
        collecting->column = i;
        return 0;
    }
    return err_set(&collecting->err, -EINVAL,
                   "the query's rows have no _id, which says what events they are: end it with "
                   "'| project _id'");
}

static int collect(void *context, const struct hunt_cell *cells)
{
    struct collecting *collecting = context;
    const struct hunt_cell *cell = &cells[collecting->column];
    struct lake_id id;
    if (cell->null || lake_id_parse(cell->text, &id) < 0)
        return err_set(&collecting->err, -EINVAL, "a row of the query has no event's _id");
    if (collecting->ids->len == LAKE_HOLD_IDS_MAX)
        return err_set(&collecting->err, -E2BIG, "more than %d events: narrow the query",
                       LAKE_HOLD_IDS_MAX);
    return vec_push(collecting->ids, id) < 0 ? -ENOMEM : 0;
}

static int end(void *context, bool cut)
{
    ((struct collecting *)context)->cut |= cut;
    return 0;
}

static int hunt_ids(const struct cli *cli, const char *query, id_list *ids)
{
    struct err err = {0};
    int code;
    struct collecting collecting = {.ids = ids};
    const struct hunt_sink sink = {find_column, collect, end, &collecting};
    struct hunt_session *session = hunt_session_open(cli, &code);
    if (!session)
        return code;
    int status = hunt_session_collect(session, str_from_c(query), &sink, &err);
    hunt_session_close(session);
    if (collecting.err.code) {
        status = collecting.err.code;
        err = collecting.err;
    }
    if (status == 0 && collecting.cut)
        status = err_set(&err, -E2BIG, "more than %" PRIu64 " events: --rows, or narrow the query",
                         cli->settings.hunt_rows);
    if (status == 0)
        return EXIT_DONE;
    cli_complain(cli, "--query: %s", err.message[0] ? err.message : strerror(-status));
    return status == -EINVAL || status == -E2BIG ? EXIT_USAGE : EXIT_BROKEN;
}

/* ---- a folder ---- */

/* What was done is in the journal, as it is where a centre does it. */
static int note(const struct cli *cli, const char *action, const struct lake_hold *hold,
                uint64_t events)
{
    struct buf json = {0};
    int code;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    buf_printf(&json, "{\"events\":%" PRIu64 ",\"name\":", events);
    buf_add_json(&json, hold->name);
    if (hold->reason.ptr) {
        buf_add_c(&json, ",\"reason\":");
        buf_add_json(&json, hold->reason);
    }
    buf_add_byte(&json, '}');
    int status = json.failed ? -ENOMEM : ledger_begin(ledger, hold->by, str_from_c(action));
    if (status == 0)
        status = journal_note(ledger, action, buf_str(&json));
    if (status == 0)
        status = ledger_commit(ledger);
    buf_free(&json);
    return data_ledger_done(cli, ledger, status);
}

static int change_folder(const struct cli *cli, const struct lake_hold *hold, const id_list *ids,
                         uint64_t *ret_events)
{
    struct lake_folder folder;
    struct err err = {0};
    int code = lake_folder_open(cli, &folder), status;
    if (code != EXIT_DONE)
        return code;
    if (ids)
        status = folder.ops->hold(folder.lake, hold, ids->items, ids->len, ret_events, &err);
    else
        status = folder.ops->release(folder.lake, hold->name, ret_events, &err);
    lake_folder_close(&folder);
    if (status < 0)
        return lake_folder_complain(cli, status, &err);
    return note(cli, ids ? "lake.hold" : "lake.release", hold, *ret_events);
}

/* ---- a centre ---- */

static int ask(const struct cli *cli, const char *method, const char *path, struct str body,
               uint64_t *events)
{
    int code;
    json_t *answer = centre_ask(cli, method, path, body, &code);
    *events += (uint64_t)json_integer_value(json_object_get(answer, "events"));
    json_decref(answer);
    return code;
}

static int hold_at_centre(const struct cli *cli, const struct lake_hold *hold, const id_list *ids,
                          uint64_t *events)
{
    int code = EXIT_DONE;
    for (size_t at = 0; code == EXIT_DONE && at < ids->len; at += REQUEST_IDS) {
        struct buf body = {0};
        buf_add_c(&body, "{\"name\":");
        buf_add_json(&body, hold->name);
        buf_add_c(&body, ",\"reason\":");
        buf_add_json(&body, hold->reason);
        buf_add_c(&body, ",\"events\":[");
        for (size_t i = at; i < ids->len && i < at + REQUEST_IDS; i++) {
            char text[LAKE_ID_TEXT_MAX];
            lake_id_format(&ids->items[i], text);
            buf_printf(&body, "%s\"%s\"", i > at ? "," : "", text);
        }
        buf_add_c(&body, "]}");
        code = ask(cli, "POST", "/api/v1/lake/holds", buf_str(&body), events);
        buf_free(&body);
    }
    return code;
}

static int release_at_centre(const struct cli *cli, const struct lake_hold *hold, uint64_t *events)
{
    struct buf path = {0};
    buf_add_c(&path, "/api/v1/lake/holds/");
    client_escape(hold->name, &path);
    buf_add_byte(&path, '\0');
    int code = path.failed ? EXIT_BROKEN : ask(cli, "DELETE", path.ptr, STR(""), events);
    buf_free(&path);
    return code;
}

/* ---- hold, release ---- */

static int gather(const struct cli *cli, id_list *ids)
{
    const text_list *texts = &cli->settings.events;
    for (size_t i = 0; i < texts->len; i++)
        if (!read_ids(cli, texts->items[i], ids))
            return EXIT_USAGE;
    int code = cli->settings.query ? hunt_ids(cli, cli->settings.query, ids) : EXIT_DONE;
    if (code == EXIT_DONE && ids->len == 0) {
        cli_complain(cli, cli->settings.query ? "the query found no events"
                                              : "which events? --events ID,... or --query KQL");
        return EXIT_USAGE;
    }
    return code;
}

static int hold(const struct cli *cli)
{
    char actor[ACTOR_MAX];
    struct lake_hold hold = {
        .name = str_from_c(cli->settings.paths.items[0]),
        .reason = str_from_c(cli->settings.reason),
        .by = data_actor(actor),
        .at = clock_now_us(),
    };
    id_list ids = {0};
    uint64_t events = 0;
    if (!cli->settings.reason) {
        cli_complain(cli, "lake hold needs --reason: why are these events to stay?");
        return EXIT_USAGE;
    }
    int code = gather(cli, &ids);
    if (code == EXIT_DONE)
        code = cli->settings.to_url ? hold_at_centre(cli, &hold, &ids, &events)
                                    : change_folder(cli, &hold, &ids, &events);
    if (code == EXIT_DONE)
        cli_say(cli, "%" PRIu64 " events are on hold; %" PRIu64 " of them were before",
                (uint64_t)ids.len, (uint64_t)ids.len - events);
    vec_free(&ids);
    return code;
}

static int release(const struct cli *cli)
{
    char actor[ACTOR_MAX];
    const struct lake_hold hold = {.name = str_from_c(cli->settings.paths.items[0]),
                                   .by = data_actor(actor)};
    uint64_t events = 0;
    int code = cli->settings.to_url ? release_at_centre(cli, &hold, &events)
                                    : change_folder(cli, &hold, NULL, &events);
    if (code == EXIT_DONE)
        cli_say(cli, "%" PRIu64 " events are not on this hold any more", events);
    return code;
}

/* ---- holds ---- */

static int show_hold(void *context, const struct lake_hold *hold)
{
    const struct cli *cli = context;
    char since[TIME_TEXT_MAX];
    struct buf out = {0};
    if (cli->settings.json) {
        buf_add_c(&out, "{\"name\":");
        buf_add_json(&out, hold->name);
        buf_add_c(&out, ",\"reason\":");
        buf_add_json(&out, hold->reason);
        buf_add_c(&out, ",\"by\":");
        buf_add_json(&out, hold->by);
        time_format(hold->at, since);
        buf_printf(&out, ",\"since\":\"%s\",\"events\":%" PRIu64 "}\n", since, hold->events);
    } else {
        style_time(hold->at, since);
        style_printable(&out, hold->name, 0);
        buf_printf(&out, "  %" PRIu64 " events  since %s  by ", hold->events, since);
        style_printable(&out, hold->by, 0);
        buf_add_c(&out, "  # ");
        style_printable(&out, hold->reason, 0);
        buf_add_byte(&out, '\n');
    }
    fwrite(out.ptr, 1, out.len, stdout);
    buf_free(&out);
    return ferror(stdout) ? -EPIPE : 0;
}

static struct str member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? str_of(json_string_value(value), json_string_length(value))
                                 : STR("");
}

static int list_at_centre(const struct cli *cli)
{
    const json_t *row;
    size_t i;
    int code;
    json_t *answer = centre_ask(cli, "GET", "/api/v1/lake/holds", STR(""), &code);
    json_array_foreach(json_object_get(answer, "holds"), i, row)
    {
        struct lake_hold hold = {
            .name = member(row, "name"),
            .reason = member(row, "reason"),
            .by = member(row, "by"),
            .at = TIME_UNSET,
            .events = (uint64_t)json_integer_value(json_object_get(row, "events")),
        };
        (void)time_parse(member(row, "since"), &hold.at);
        (void)show_hold((void *)(uintptr_t)cli, &hold);
    }
    json_decref(answer);
    return code;
}

static int list(const struct cli *cli)
{
    struct lake_folder folder;
    struct err err = {0};
    if (cli->settings.to_url)
        return list_at_centre(cli);
    int code = lake_folder_open(cli, &folder);
    if (code != EXIT_DONE)
        return code;
    int status = folder.ops->holds(folder.lake, show_hold, (void *)(uintptr_t)cli);
    lake_folder_close(&folder);
    return status < 0 && status != -EPIPE ? lake_folder_complain(cli, status, &err) : EXIT_DONE;
}

/* ---- the commands ---- */

static const char *const hold_options[] = {
    LAKE_FOLDER_OPTIONS, CENTRE_CLIENT_OPTIONS, "ledger", "reason",     "events",  "query",
    "hunt:from",         "hunt:until",          "rows",   "time-limit", "content", NULL};
static const char *const release_options[] = {LAKE_FOLDER_OPTIONS, CENTRE_CLIENT_OPTIONS, "ledger",
                                              NULL};
static const char *const list_options[] = {LAKE_FOLDER_OPTIONS, CENTRE_CLIENT_OPTIONS, "json",
                                           NULL};

const struct command cmd_lake_hold = {
    .name = "lake hold",
    .arguments = "NAME",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Put events on a legal hold: they stay until it is released.",
    .prose =
        "Neither retention nor `jaga lake drop` takes them; when their day goes, they move to a "
        "file of their own with what proves them. The events are named by their `_id` (--events), "
        "or "
        "found by a query (--query), whose rows need an `_id`. A hold that is there gets more "
        "events. Name, reason, count, and who did it are in the signed journal.",
    .options = hold_options,
    .run = hold,
};

const struct command cmd_lake_release = {
    .name = "lake release",
    .arguments = "NAME",
    .paths_min = 1,
    .paths_max = 1,
    .about = "End a legal hold: retention takes its events again, unless another hold has them.",
    .options = release_options,
    .run = release,
};

const struct command cmd_lake_holds = {
    .name = "lake holds",
    .about = "List legal holds: why, by whom, since when, on how many events.",
    .options = list_options,
    .run = list,
};
