/* jaga lake show, drop: what the lake keeps, and care of it. */
#include <errno.h>
#include <inttypes.h>

#include "base/time.h"
#include "cli/centre_client.h"
#include "cli/data_folder.h"
#include "cli/lake_folder.h"
#include "cli/out_style.h"
#include "ship/client.h"
#include "watch/audit.h"

/* ---- show ---- */

struct showing {
    const struct cli *cli;
    struct lake_share sum;       /* its times: of the oldest and the newest event */
    uint64_t days, held;         /* files of days; events whose day is gone */
    char day[LAKE_DAY_TEXT_MAX]; /* the last one shown; they come one after the other */
    int64_t lag; /* events that a centre has not put into its lake yet; negative: not known */
};

/* "1.2 GB" */
static void add_size(struct buf *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        size /= 1000;
    buf_printf(out, "%.*f %s", unit && size < 10 ? 1 : 0, size, units[unit]);
}

/* Right-aligned behind `columns` columns; what is appended by `add` comes from `number`. */
static void add_right(struct buf *out, size_t columns, uint64_t number,
                      void (*add)(struct buf *out, uint64_t number))
{
    struct buf cell = {0};
    add(&cell, number);
    for (size_t i = cell.len; i < columns; i++)
        buf_add_byte(out, ' ');
    buf_add_str(out, buf_str(&cell));
    buf_free(&cell);
}

static void add_left(struct buf *out, struct str text, size_t columns)
{
    size_t used = style_printable(out, text, columns);
    for (; used < columns + 2; used++)
        buf_add_byte(out, ' ');
}

static void add_json_share(struct buf *out, const struct lake_share *share)
{
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    buf_add_c(out, "{\"day\":");
    buf_add_json(out, share->day);
    buf_add_c(out, ",\"dataset\":");
    buf_add_json(out, share->dataset);
    buf_add_c(out, ",\"agency\":");
    buf_add_json(out, share->agency);
    time_format(share->first, first);
    time_format(share->last, last);
    buf_printf(out,
               ",\"rows\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"size\":%" PRIu64
               ",\"first\":\"%s\",\"last\":\"%s\"}\n",
               share->rows, share->bytes, share->size, first, last);
}

static void add_line(struct buf *out, const struct lake_share *share)
{
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    style_time(share->first, first);
    style_time(share->last, last);
    add_left(out, share->day, 10);
    add_left(out, share->dataset, 28);
    add_left(out, share->agency, 16);
    add_right(out, 14, share->rows, style_add_count);
    add_right(out, 9, share->bytes, add_size);
    add_right(out, 9, share->size, add_size);
    buf_printf(out, "  %s  %s\n", first, last);
}

static int show_share(void *context, const struct lake_share *share)
{
    struct showing *showing = context;
    struct buf out = {0};
    if (showing->cli->settings.json)
        add_json_share(&out, share);
    else
        add_line(&out, share);
    fwrite(out.ptr, 1, out.len, stdout);
    buf_free(&out);
    bool held = str_eq(share->day, STR("held"));
    if (!held && !str_eq(share->day, str_from_c(showing->day)) &&
        share->day.len < sizeof(showing->day)) {
        memcpy(showing->day, share->day.ptr, share->day.len);
        showing->day[share->day.len] = '\0';
        showing->days++;
    }
    showing->held += held ? share->rows : 0;
    time_extend(&showing->sum.first, &showing->sum.last, share->first);
    time_extend(&showing->sum.first, &showing->sum.last, share->last);
    showing->sum.rows += share->rows;
    showing->sum.bytes += share->bytes;
    showing->sum.size += share->size;
    return ferror(stdout) ? -EPIPE : 0;
}

static struct str text_or_none(const char *text)
{
    return text ? str_from_c(text) : STR("");
}

static struct lake_part part_asked_for(const struct cli *cli)
{
    return (struct lake_part){.day = text_or_none(cli->settings.day),
                              .dataset = text_or_none(cli->settings.dataset),
                              .agency = text_or_none(cli->settings.agency)};
}

static void print_head(void)
{
    printf("%-10s  %-28s  %-16s  %14s%9s%9s  %-19s  %s\n", "day", "dataset", "agency", "events",
           "raw", "on disk", "first", "last");
}

static void print_sum(const struct showing *showing)
{
    struct buf out = {0};
    style_add_count(&out, showing->sum.rows);
    buf_add_c(&out, " events, ");
    add_size(&out, showing->sum.bytes);
    buf_add_c(&out, " as they came, ");
    add_size(&out, showing->sum.size);
    printf("\n%.*s on disk\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
    if (showing->sum.rows == 0)
        return;
    double rows = (double)showing->sum.rows, size = (double)showing->sum.size;
    double bytes = (double)showing->sum.bytes;
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    style_time(showing->sum.first, first);
    style_time(showing->sum.last, last);
    printf("%" PRIu64 " day%s, from %s to %s\n%.0f bytes an event", showing->days,
           showing->days == 1 ? "" : "s", first, last, size / rows);
    if (size < bytes) /* a small lake is mostly room */
        printf(", %.1f times less than they came with", bytes / size);
    putchar('\n');
    if (showing->held)
        printf("%" PRIu64 " events are on hold, whose day is gone\n", showing->held);
    if (showing->lag >= 0)
        printf("%lld events are still on their way\n", (long long)showing->lag);
}

static struct str member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? str_of(json_string_value(value), json_string_length(value))
                                 : STR("");
}

/* The same of a running centre, as far as the caller may see. */
static void show_answer(struct showing *showing, const json_t *row)
{
    struct lake_share share = {
        .day = member(row, "day"),
        .dataset = member(row, "dataset"),
        .agency = member(row, "agency"),
        .rows = (uint64_t)json_integer_value(json_object_get(row, "rows")),
        .bytes = (uint64_t)json_integer_value(json_object_get(row, "bytes")),
        .size = (uint64_t)json_integer_value(json_object_get(row, "size")),
        .first = TIME_UNSET,
        .last = TIME_UNSET,
    };
    (void)time_parse(member(row, "first"), &share.first);
    (void)time_parse(member(row, "last"), &share.last);
    (void)show_share(showing, &share);
}

static void add_filter(struct buf *path, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(path, "%c%s=", memchr(path->ptr, '?', path->len) ? '&' : '?', name);
    client_escape(str_from_c(value), path);
}

static int show_centre(struct showing *showing)
{
    const struct settings *settings = &showing->cli->settings;
    struct buf path = {0};
    const json_t *row;
    size_t i;
    int code;
    buf_add_c(&path, "/api/v1/lake");
    add_filter(&path, "day", settings->day);
    add_filter(&path, "dataset", settings->dataset);
    add_filter(&path, "agency", settings->agency);
    buf_add_byte(&path, '\0');
    json_t *answer = centre_ask(showing->cli, "GET", path.ptr, STR(""), &code);
    if (answer && !settings->json)
        print_head();
    if (json_object_get(answer, "lag"))
        showing->lag = json_integer_value(json_object_get(answer, "lag"));
    json_array_foreach(json_object_get(answer, "shares"), i, row)
    {
        show_answer(showing, row);
    }
    if (answer && !settings->json)
        print_sum(showing);
    json_decref(answer);
    buf_free(&path);
    return code;
}

static int show_folder(struct showing *showing)
{
    const struct cli *cli = showing->cli;
    const struct lake_part part = part_asked_for(cli);
    struct lake_folder folder;
    struct err err = {0};
    int code = lake_folder_open(cli, &folder);
    if (code != EXIT_DONE)
        return code;
    if (!cli->settings.json)
        print_head();
    int status = folder.ops->shares(folder.lake, &part, show_share, showing);
    if (status == 0 && !cli->settings.json)
        print_sum(showing);
    lake_folder_close(&folder);
    return status < 0 && status != -EPIPE ? lake_folder_complain(cli, status, &err) : EXIT_DONE;
}

static int show(const struct cli *cli)
{
    struct showing showing = {
        .cli = cli, .sum = {.first = TIME_UNSET, .last = TIME_UNSET}, .lag = -1};
    return cli->settings.to_url ? show_centre(&showing) : show_folder(&showing);
}

/* ---- drop ---- */

static int drop_at_centre(const struct cli *cli, const struct lake_part *part)
{
    struct buf body = {0};
    int code;
    buf_add_c(&body, "{\"day\":");
    buf_add_json(&body, part->day);
    buf_add_c(&body, ",\"dataset\":");
    buf_add_json(&body, part->dataset);
    buf_add_c(&body, ",\"agency\":");
    buf_add_json(&body, part->agency);
    buf_add_byte(&body, '}');
    json_t *answer = centre_ask(cli, "POST", "/api/v1/lake/drop", buf_str(&body), &code);
    if (answer)
        cli_say(cli, "%lld events went, %lld are on hold and stay",
                (long long)json_integer_value(json_object_get(answer, "rows")),
                (long long)json_integer_value(json_object_get(answer, "held")));
    json_decref(answer);
    buf_free(&body);
    return code;
}

static int drop(const struct cli *cli)
{
    const struct lake_part part = part_asked_for(cli);
    struct lake_folder folder;
    struct lake_removed removed = {0};
    struct err err = {0};
    if (!part.day.len && !part.dataset.len && !part.agency.len) {
        cli_complain(cli, "what? --day, --dataset or --agency, or several of them");
        return EXIT_USAGE;
    }
    if (cli->settings.to_url)
        return drop_at_centre(cli, &part);
    int code = EXIT_DONE;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    code = lake_folder_open(cli, &folder);
    if (code == EXIT_DONE) {
        const struct lake_witness witness = {audit_note_going, ledger};
        int status = folder.ops->drop(folder.lake, &part, &witness, &removed, &err);
        if (status == 0)
            cli_say(cli, "%" PRIu64 " events went, %" PRIu64 " are on hold and stay", removed.rows,
                    removed.held);
        lake_folder_close(&folder);
        code = status < 0 ? lake_folder_complain(cli, status, &err) : EXIT_DONE;
    }
    ledger_close(ledger);
    return code;
}

/* ---- the commands ---- */

static const char *const show_options[] = {
    LAKE_FOLDER_OPTIONS, CENTRE_CLIENT_OPTIONS, "day", "dataset", "agency", "json", NULL};
static const char *const drop_options[] = {
    LAKE_FOLDER_OPTIONS, "ledger", CENTRE_CLIENT_OPTIONS, "day", "dataset", "agency", NULL};

const struct command cmd_lake_show = {
    .name = "lake show",
    .about = "Show what the lake keeps: days, datasets, agencies, events and bytes.",
    .prose = "Of a running centre (--to), as far as the caller may see; or of a data folder whose "
             "centre does not run, because it holds its lake.",
    .options = show_options,
    .run = show,
};

const struct command cmd_lake_drop = {
    .name = "lake drop",
    .about = "Remove events: of a day, a dataset, an agency, or what all of them name.",
    .prose = "Events on legal hold stay. The hashes of what goes are kept, so that the rest can "
             "still be verified.",
    .options = drop_options,
    .run = drop,
};
