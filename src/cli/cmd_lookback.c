/* jaga lookback list, show, cancel, resume: new rules over what was received before them. */
#include <inttypes.h>

#include "parse/json_cursor.h" /* first: jansson has a macro json_is_string */

#include "base/time.h"
#include "cli/centre_client.h"
#include "cli/cli.h"
#include "cli/data_folder.h"
#include "cli/lookback_remote.h"
#include "cli/out_style.h"
#include "ledger/kept_lookback.h"

#define LISTED 1000
#define TITLE_WIDTH 60
#define NAME_WIDTH 100 /* of what a verdict is about: of an indicator, all of a digest */

static const struct ledger_scope everything = {.all = true};

/* ---- list ---- */

/* The first rule, how many more there are, and new indicators. */
static void add_title(struct buf *out, struct str rules)
{
    struct json_cursor items = json_cursor_of(rules);
    struct str name, item, first = {0}, indicators = {0};
    size_t n = 0;
    while (json_cursor_next(&items, &name, &item)) {
        struct str title = json_inside(json_member(item, STR("title")));
        if (str_eq(json_inside(json_member(item, STR("kind"))), STR("indicators")))
            indicators = title;
        else if (n++ == 0)
            first = title;
    }
    style_printable(out, first, TITLE_WIDTH);
    if (n > 1)
        buf_printf(out, " and %zu more", n - 1);
    if (n && indicators.len)
        buf_add_c(out, ", ");
    style_printable(out, indicators, TITLE_WIDTH);
}

static int print_lookback(void *context, const struct kept_lookback *lookback)
{
    char created[TIME_TEXT_MAX];
    struct buf out = {0};
    bool done = lookback->state == LOOKBACK_DONE;
    double part = lookback->total ? (double)lookback->done / (double)lookback->total : 0;
    (void)context;
    style_time(lookback->created, created);
    buf_printf(&out, "%.*s  %-9s  %3.0f %%  %s  %" PRIu64 " match%s  ", STR_ARG(lookback->id),
               lookback_state_name(lookback->state), done ? 100 : part * 100, created,
               lookback->matches, lookback->matches == 1 ? "" : "es");
    add_title(&out, lookback->rules);
    if (lookback->problem.len) {
        buf_add_c(&out, "  # ");
        style_printable(&out, lookback->problem, 0);
    }
    printf("%.*s\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
    return 0;
}

/* What a data folder is asked is for people. */
static bool is_remote(const struct cli *cli, int *ret_code)
{
    *ret_code = EXIT_DONE;
    if (!cli->settings.to_url && cli->settings.json) {
        cli_complain(cli, "--json is for a running centre: --to URL");
        *ret_code = EXIT_USAGE;
    }
    return cli->settings.to_url;
}

static int list(const struct cli *cli)
{
    int code;
    if (is_remote(cli, &code))
        return lookback_remote_list(cli, print_lookback, NULL);
    if (code != EXIT_DONE)
        return code;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    return data_ledger_done(cli, ledger, kept_lookback_list(ledger, LISTED, print_lookback, NULL));
}

/* ---- show ---- */

static size_t count_items(struct str list)
{
    struct json_cursor items = json_cursor_of(list);
    struct str name, item;
    size_t n = 0;
    while (json_cursor_next(&items, &name, &item))
        n++;
    return n;
}

/* What is shown of a look, besides itself. */
struct shown {
    bool verbose;
    struct buf rules; /* of the look, as it has them */
};

static int print_shown(void *context, const struct kept_lookback *lookback)
{
    struct shown *shown = context;
    buf_add_str(&shown->rules, lookback->rules);
    return print_lookback(NULL, lookback);
}

/* What a verdict is about, and its title. */
static void add_subject(struct buf *out, struct str rules, struct str subject)
{
    struct json_cursor items = json_cursor_of(rules);
    struct str name, item;
    style_printable(out, subject, NAME_WIDTH);
    while (json_cursor_next(&items, &name, &item)) {
        if (!str_eq(json_inside(json_member(item, STR("rule"))), subject))
            continue;
        buf_add_c(out, "  ");
        style_printable(out, json_inside(json_member(item, STR("title"))), TITLE_WIDTH);
        return;
    }
}

static int print_verdict(void *context, const struct kept_verdict *verdict)
{
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    struct buf out = {0};
    size_t missing = count_items(verdict->missing);
    const struct shown *shown = context;
    buf_printf(&out, "  %-11s  ", lookback_verdict_name(verdict->verdict));
    style_printable(&out, verdict->agency, 40);
    buf_add_c(&out, "  ");
    add_subject(&out, buf_str(&shown->rules), verdict->rule);
    if (verdict->matches) {
        style_time(verdict->first, first);
        style_time(verdict->last, last);
        buf_printf(&out, "  %" PRIu64 " match%s from %s to %s", verdict->matches,
                   verdict->matches == 1 ? "" : "es", first, last);
    }
    buf_printf(&out, "  logs of %u day%s", verdict->days, verdict->days == 1 ? "" : "s");
    if (missing)
        buf_printf(&out, ", none of %zu", missing);
    if (shown->verbose) {
        buf_add_c(&out, "\n      looked for in ");
        style_printable(&out, verdict->datasets, 0);
        buf_add_c(&out, "\n      no logs on    ");
        style_printable(&out, verdict->missing, 0);
    }
    printf("%.*s\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
    return 0;
}

static int show_of_folder(const struct cli *cli, struct shown *shown)
{
    struct str id = str_from_c(cli->settings.paths.items[0]);
    struct kept_lookback lookback;
    int code = EXIT_DONE;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    int status = kept_lookback_get(ledger, id, &lookback);
    if (status == 0)
        status = print_shown(shown, &lookback);
    if (status == 0)
        status = kept_verdict_list(ledger, &everything, id, print_verdict, shown);
    return data_ledger_done(cli, ledger, status);
}

static int show(const struct cli *cli)
{
    struct shown shown = {.verbose = cli->settings.verbose};
    int code;
    if (is_remote(cli, &code))
        code = lookback_remote_show(cli, print_shown, print_verdict, &shown);
    else if (code == EXIT_DONE)
        code = show_of_folder(cli, &shown);
    buf_free(&shown.rules);
    return code;
}

/* ---- cancel, resume ---- */

static int cancel(const struct cli *cli)
{
    return cli->settings.to_url ? lookback_remote_cancel(cli)
                                : data_change_each(cli, "lookback.cancel", kept_lookback_cancel);
}

static int resume(const struct cli *cli)
{
    return cli->settings.to_url ? lookback_remote_resume(cli)
                                : data_change_each(cli, "lookback.resume", kept_lookback_resume);
}

static const char *const change_options[] = {"data", "ledger", CENTRE_CLIENT_OPTIONS, NULL};
static const char *const list_options[] = {"data", "ledger", CENTRE_CLIENT_OPTIONS, "json", NULL};
static const char *const show_options[] = {"data", "ledger",  CENTRE_CLIENT_OPTIONS,
                                           "json", "verbose", NULL};

const struct command cmd_lookback_list = {
    .name = "lookback list",
    .about = "List the looks that new rules and indicators have taken at what was received before "
             "them.",
    .prose = "Of a data folder, or with --to of a running centre.",
    .options = list_options,
    .run = list,
};

const struct command cmd_lookback_show = {
    .name = "lookback show",
    .arguments = "ID",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Show what a look says of each agency: affected, clean, or cannot tell.",
    .prose = "An agency is affected where the rule matched: its findings are among those of "
             "detection. It is clean where there were events that the rule is for, and none "
             "matched. Nothing can be told where there were none.\n"
             "With --verbose, the datasets that the rule is for are named, and the days on which "
             "the lake has no such events of the agency.",
    .options = show_options,
    .run = show,
};

const struct command cmd_lookback_cancel = {
    .name = "lookback cancel",
    .arguments = "ID...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Cancel looks that wait or run. What they have found stays.",
    .options = change_options,
    .run = cancel,
};

const struct command cmd_lookback_resume = {
    .name = "lookback resume",
    .arguments = "ID...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Let looks that were cancelled, or failed, go on where they stopped.",
    .options = change_options,
    .run = resume,
};
