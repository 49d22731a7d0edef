/* jaga intel add, list, remove, match: the feeds of the centre and what they say. */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/indicators.h"
#include "cli/out_style.h"
#include "io/clock.h"

#define LINE_BYTES_MAX 4096 /* of a value on standard input */
#define FOUND_MAX 64        /* indicators shown of one value */

static int broken(const struct cli *cli, int status, const struct err *err)
{
    cli_complain(cli, "%s", err->message);
    return status == -EINVAL || status == -ENOENT || status == -EISDIR ? EXIT_USAGE
           : status == -EBADMSG || status == -ENODATA                  ? EXIT_UNREADABLE
                                                                       : EXIT_BROKEN;
}

static int rebuild(const struct cli *cli)
{
    struct intel_builder_stats stats = {0};
    struct err err = {0};
    int status = indicators_build(cli->settings.data, &stats, &err);
    if (status < 0)
        return broken(cli, status, &err);
    printf("%s/" INTEL_FOLDER "/" INTEL_FILE_NAME ": %llu indicators of %llu (%llu merged, "
           "%llu allow-listed, %llu expired)\n",
           cli->settings.data, (unsigned long long)stats.kept, (unsigned long long)stats.added,
           (unsigned long long)stats.merged, (unsigned long long)stats.allowed,
           (unsigned long long)stats.expired);
    return EXIT_DONE;
}

/* ---- add ---- */

static void print_report(const char *name, const struct feed_report *report)
{
    printf("%s: %llu indicators taken", name, (unsigned long long)report->taken);
    if (report->allowed)
        printf(", %llu lines of allow-lists", (unsigned long long)report->allowed);
    printf("\n");
    for (int i = 0; i < FEED_REFUSALS; i++) {
        struct buf example = {0};
        if (report->refused[i] == 0)
            continue;
        style_printable(&example, str_of(report->examples[i].text, report->examples[i].len), 0);
        printf("  %llu not usable: %s (", (unsigned long long)report->refused[i],
               feed_refusal_texts[i]);
        if (report->examples[i].line)
            printf("line %u: ", report->examples[i].line);
        printf("%.*s)\n", STR_ARG(buf_str(&example)));
        buf_free(&example);
    }
}

static struct feed_options feed_options(const struct cli *cli, const char *name)
{
    const struct settings *settings = &cli->settings;
    return (struct feed_options){
        .source = str_from_c(name),
        .confidence = option_given(settings, option_find(STR("confidence")))
                          ? (uint8_t)settings->confidence
                          : INDICATOR_CONFIDENCE_UNSET,
        .tlp = (enum tlp)settings->tlp,
        .type = (enum indicator_type)settings->indicator_type,
        .from = TIME_UNSET,
        .until = settings->until,
        .lifetime = settings->lifetime,
        .allow = settings->allow,
        .columns = str_from_c(settings->columns),
    };
}

static int take(const struct cli *cli, const char *name, const text_list *files)
{
    struct feed_options options = feed_options(cli, name);
    struct feed_report report = {0};
    struct err err = {0};
    int status = indicators_take(cli->settings.data, name, files, &options, &report, &err);
    if (status == 0 || status == -ENODATA)
        print_report(name, &report);
    return status < 0 ? broken(cli, status, &err) : EXIT_DONE;
}

/* What a feed is called that nobody named: its file, without folder and ending. */
static int take_by_name(const struct cli *cli, const char *path)
{
    struct buf name = {0};
    text_list files = {0};
    buf_add_str(&name, indicators_feed_name(path));
    buf_add_byte(&name, '\0');
    int code = EXIT_BROKEN;
    if (name.failed || vec_push(&files, path) < 0)
        cli_complain(cli, "no memory");
    else
        code = take(cli, name.ptr, &files);
    vec_free(&files);
    buf_free(&name);
    return code;
}

static int add(const struct cli *cli)
{
    const text_list *files = &cli->settings.paths;
    int code = EXIT_DONE;
    if (cli->settings.feed)
        code = take(cli, cli->settings.feed, files);
    for (size_t i = 0; code == EXIT_DONE && !cli->settings.feed && i < files->len; i++)
        code = take_by_name(cli, files->items[i]);
    return code == EXIT_DONE ? rebuild(cli) : code;
}

/* ---- list ---- */

struct listing {
    const struct cli *cli;
    const char *name;
    int64_t now;
    uint64_t counts[INDICATOR_COUNT], expired, allowed;
    struct err err;
};

static bool is_expired(const struct indicator *indicator, int64_t now)
{
    return indicator->until != TIME_UNSET && indicator->until <= now;
}

static void add_time(struct buf *out, const char *name, int64_t time)
{
    char text[TIME_TEXT_MAX];
    if (time == TIME_UNSET)
        return;
    style_time(time, text);
    buf_printf(out, "  %s %s", name, text);
}

/* One line: type, value, what is said of it. */
static void print_indicator(const struct indicator *indicator, int64_t now)
{
    struct buf out = {0};
    buf_printf(&out, "%-10s  ", indicator_type_names[indicator->type]);
    style_printable(&out, indicator->value, 0);
    if (indicator->label.len) {
        buf_add_c(&out, "  ");
        style_printable(&out, indicator->label, 0);
    }
    buf_add_c(&out, "  from ");
    style_printable(&out, indicator->source, 0);
    if (indicator->confidence != INDICATOR_CONFIDENCE_UNSET)
        buf_printf(&out, "  confidence %u", indicator->confidence);
    if (indicator->tlp != TLP_NONE)
        buf_printf(&out, "  tlp:%s", tlp_names[indicator->tlp]);
    add_time(&out, "valid from", indicator->from);
    add_time(&out, is_expired(indicator, now) ? "expired" : "until", indicator->until);
    if (indicator->id.len) {
        buf_add_c(&out, "  ");
        style_printable(&out, indicator->id, 0);
    }
    printf("%.*s\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
}

static int list_indicator(void *context, const struct indicator *indicator)
{
    struct listing *listing = context;
    enum indicator_type wanted = (enum indicator_type)listing->cli->settings.indicator_type;
    listing->counts[indicator->type]++;
    listing->expired += is_expired(indicator, listing->now);
    if (wanted == indicator->type)
        print_indicator(indicator, listing->now);
    return 0;
}

static int list_allow(void *context, const struct intel_allow *allow)
{
    (void)allow;
    ((struct listing *)context)->allowed++;
    return 0;
}

static void print_feed(const struct listing *listing)
{
    uint64_t all = 0;
    for (int i = 0; i < INDICATOR_COUNT; i++)
        all += listing->counts[i];
    printf("%s: ", listing->name);
    if (listing->allowed)
        printf("%llu lines of an allow-list", (unsigned long long)listing->allowed);
    else
        printf("%llu indicators", (unsigned long long)all);
    for (int i = 0; i < INDICATOR_COUNT; i++)
        if (listing->counts[i])
            printf(", %llu %s", (unsigned long long)listing->counts[i], indicator_type_names[i]);
    if (listing->expired)
        printf("; %llu of them expired", (unsigned long long)listing->expired);
    printf("\n");
}

static int list_feed(void *context, const char *name, const char *path)
{
    const struct cli *cli = ((struct listing *)context)->cli;
    struct listing listing = {.cli = cli, .name = name, .now = clock_now_us()};
    struct feed_sink sink = {&listing, list_indicator, list_allow};
    struct feed_options options = feed_options(cli, name);
    struct feed_report report = {0};
    options.allow = false;
    int status = indicators_read_feed(path, &options, &sink, &report, &listing.err);
    if (status < 0)
        cli_complain(cli, "%s", listing.err.message);
    else if (cli->settings.indicator_type == INDICATOR_NONE)
        print_feed(&listing);
    return 0;
}

static int list(const struct cli *cli)
{
    struct listing listing = {.cli = cli};
    struct err err = {0};
    int status = indicators_each(cli->settings.data, false, list_feed, &listing, &err);
    if (status == 0)
        status = indicators_each(cli->settings.data, true, list_feed, &listing, &err);
    return status < 0 ? broken(cli, status, &err) : EXIT_DONE;
}

/* ---- remove ---- */

static int take_away(const struct cli *cli)
{
    const text_list *names = &cli->settings.paths;
    struct err err = {0};
    int status = 0;
    for (size_t i = 0; status == 0 && i < names->len; i++)
        status = indicators_forget(cli->settings.data, names->items[i], &err);
    return status < 0 ? broken(cli, status, &err) : rebuild(cli);
}

/* ---- match ---- */

/* True: something is said of it. */
static bool match_value(const struct intel *intel, struct str value, int64_t now)
{
    struct indicator found[FOUND_MAX];
    struct arena arena;
    arena_init(&arena, 1 << 20);
    size_t n = intel_look_up(intel, value, &arena, found, FOUND_MAX);
    for (size_t i = 0; i < n && i < FOUND_MAX; i++)
        print_indicator(&found[i], now);
    arena_free(&arena);
    return n > 0;
}

static bool match_lines(const struct cli *cli, const struct intel *intel, int64_t now)
{
    char line[LINE_BYTES_MAX];
    bool any = false;
    while (!*cli->stop && fgets(line, sizeof(line), stdin)) {
        struct str value = str_trim(str_from_c(line));
        if (value.len)
            any = match_value(intel, value, now) || any;
    }
    return any;
}

static int match(const struct cli *cli)
{
    const text_list *values = &cli->settings.paths;
    struct indicators indicators;
    struct buf path = {0};
    struct err err = {0};
    int64_t now = clock_now_us();
    bool any = false;
    buf_printf(&path, "%s/" INTEL_FOLDER "/" INTEL_FILE_NAME, cli->settings.data);
    buf_add_byte(&path, '\0');
    int status = path.failed ? err_set(&err, -ENOMEM, "no memory")
                             : indicators_open(path.ptr, &indicators, &err);
    buf_free(&path);
    if (status < 0)
        return broken(cli, status, &err);
    for (size_t i = 0; i < values->len; i++)
        if (strcmp(values->items[i], "-") == 0)
            any = match_lines(cli, indicators.intel, now) || any;
        else
            any = match_value(indicators.intel, str_from_c(values->items[i]), now) || any;
    indicators_close(&indicators);
    if (!any)
        cli_say(cli, "no indicator matches");
    return any ? EXIT_FOUND : EXIT_DONE;
}

static const char *const add_options[] = {"data",  "feed",  "confidence", "tlp",
                                          "type",  "until", "lifetime",   "columns",
                                          "allow", "quiet", NULL};
static const char *const list_options[] = {"data", "type", NULL};
static const char *const options[] = {"data", "quiet", NULL};

const struct command cmd_intel_add = {
    .name = "intel add",
    .arguments = "FILE...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Take feeds of indicators, or allow-lists, into the centre.",
    .prose =
        "Feeds are STIX 2.1, MISP events (a folder: with its manifest), CSV, plain lists, and MISP "
        "warning lists, recognised by content. A feed that is added again takes the place of what "
        "was under its name.\n"
        "Nothing is approximated: what needs several facts at once, counts or compares otherwise "
        "than by equality is counted by its reason and not used. What has expired is left out "
        "when the file is built. A feed of which nothing can be taken changes nothing; the exit "
        "code is then 3.",
    .options = add_options,
    .run = add,
};

const struct command cmd_intel_list = {
    .name = "intel list",
    .about = "List the feeds and what they hold; with --type, every indicator of that type.",
    .options = list_options,
    .run = list,
};

const struct command cmd_intel_remove = {
    .name = "intel remove",
    .arguments = "FEED...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Forget feeds or allow-lists, and build anew.",
    .options = options,
    .run = take_away,
};

const struct command cmd_intel_match = {
    .name = "intel match",
    .arguments = "VALUE...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "What the indicators say of values: addresses, names, URLs, digests, files; defanged "
             "or not.",
    .prose = "A value of - stands for the lines of standard input. Names are found under their "
             "parents, addresses in their networks, URLs by their hosts too. The exit code is 1 "
             "where anything was found.",
    .options = options,
    .run = match,
};
