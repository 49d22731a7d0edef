#include "cli/lookback_remote.h"

#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "cli/centre_client.h"
#include "ship/client.h"

#define LOOKBACKS "/api/v1/lookbacks"
#define PROGRESS_PARTS 1000 /* what a share is counted in where its figures are not shown */

/* ---- members ---- */

static struct str text_of(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    return json_is_string(member) ? str_of(json_string_value(member), json_string_length(member))
                                  : STR("");
}

static uint64_t number_of(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

static int64_t time_of(const json_t *object, const char *name)
{
    int64_t time;
    return time_parse(text_of(object, name), &time) == 0 ? time : 0;
}

/* A member as JSON; to be freed. */
static char *dump(const json_t *object, const char *name)
{
    return json_dumps(json_object_get(object, name), JSON_COMPACT);
}

static struct str dumped(const char *text)
{
    return text ? str_from_c(text) : STR("[]");
}

/* ---- looks ---- */

static enum lookback_state state_of(struct str name)
{
    for (int i = LOOKBACK_WAITING; i < LOOKBACK_FAILED; i++)
        if (str_eq(name, str_from_c(lookback_state_name((enum lookback_state)i))))
            return (enum lookback_state)i;
    return LOOKBACK_FAILED;
}

static int hand_over(const json_t *object,
                     int (*each)(void *context, const struct kept_lookback *lookback),
                     void *context)
{
    char *rules = dump(object, "rules");
    double progress = json_number_value(json_object_get(object, "progress"));
    const struct kept_lookback lookback = {
        .id = text_of(object, "id"),
        .state = state_of(text_of(object, "state")),
        .rules = dumped(rules),
        .created = time_of(object, "created"),
        .ended = time_of(object, "ended"),
        .done = (uint64_t)(progress * PROGRESS_PARTS),
        .total = PROGRESS_PARTS,
        .candidates = number_of(object, "candidates"),
        .matches = number_of(object, "matches"),
        .problem = text_of(object, "problem"),
    };
    int status = each(context, &lookback);
    free(rules);
    return status;
}

static int hand_over_verdict(const json_t *object,
                             int (*each)(void *context, const struct kept_verdict *verdict),
                             void *context)
{
    char *datasets = dump(object, "datasets"), *missing = dump(object, "missing");
    struct str name = text_of(object, "verdict");
    int kind = VERDICT_AFFECTED;
    while (kind < VERDICT_CANNOT_TELL &&
           !str_eq(name, str_from_c(lookback_verdict_name((enum lookback_verdict)kind))))
        kind++;
    const struct kept_verdict verdict = {
        .rule = text_of(object, "rule"),
        .agency = text_of(object, "agency"),
        .verdict = (enum lookback_verdict)kind,
        .matches = number_of(object, "matches"),
        .first = time_of(object, "first"),
        .last = time_of(object, "last"),
        .days = (uint32_t)number_of(object, "days"),
        .datasets = dumped(datasets),
        .missing = dumped(missing),
    };
    int status = each(context, &verdict);
    free(datasets);
    free(missing);
    return status;
}

/* As it came, on a line. */
static int print_json(const json_t *json)
{
    bool written = json_dumpf(json, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    return written ? 0 : -EIO;
}

int lookback_remote_list(const struct cli *cli,
                         int (*each)(void *context, const struct kept_lookback *lookback),
                         void *context)
{
    int code;
    json_t *json = centre_ask(cli, "GET", LOOKBACKS, STR(""), &code), *row;
    size_t i;
    json_array_foreach(json_object_get(json, "lookbacks"), i, row)
    {
        int status = cli->settings.json ? print_json(row) : hand_over(row, each, context);
        if (status < 0)
            code = EXIT_BROKEN;
    }
    json_decref(json);
    return code;
}

/* The path of one, ended by a NUL. */
static void add_path(struct buf *path, const char *id, const char *behind)
{
    buf_add_c(path, LOOKBACKS "/");
    client_escape(str_from_c(id), path);
    buf_add_c(path, behind);
    buf_add_byte(path, '\0');
}

int lookback_remote_show(const struct cli *cli,
                         int (*each)(void *context, const struct kept_lookback *lookback),
                         int (*each_verdict)(void *context, const struct kept_verdict *verdict),
                         void *context)
{
    struct buf path = {0};
    json_t *json = NULL, *row;
    size_t i;
    int code = EXIT_BROKEN;
    add_path(&path, cli->settings.paths.items[0], "");
    if (!path.failed)
        json = centre_ask(cli, "GET", path.ptr, STR(""), &code);
    int status = 0;
    if (json)
        status = cli->settings.json ? print_json(json) : hand_over(json, each, context);
    json_array_foreach(cli->settings.json ? NULL : json_object_get(json, "verdicts"), i, row)
    {
        if (status == 0)
            status = hand_over_verdict(row, each_verdict, context);
    }
    if (status < 0)
        code = EXIT_BROKEN;
    json_decref(json);
    buf_free(&path);
    return code;
}

static int change_each(const struct cli *cli, const char *method, const char *behind)
{
    const text_list *ids = &cli->settings.paths;
    int code = EXIT_DONE;
    for (size_t i = 0; code == EXIT_DONE && i < ids->len; i++) {
        struct buf path = {0};
        add_path(&path, ids->items[i], behind);
        if (path.failed)
            code = EXIT_BROKEN;
        else
            json_decref(centre_ask(cli, method, path.ptr, STR(""), &code));
        buf_free(&path);
    }
    return code;
}

int lookback_remote_cancel(const struct cli *cli)
{
    return change_each(cli, "DELETE", "");
}

int lookback_remote_resume(const struct cli *cli)
{
    return change_each(cli, "POST", "/resume");
}
