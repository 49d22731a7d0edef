/* jaga drill list, show, check, indicators: the exercises there are. */
#include "cli/cli.h"
#include "cli/drill_files.h"
#include "cli/out_style.h"

#include "base/time.h"

/* ---- list ---- */

static int list(const struct cli *cli)
{
    struct drill_files files;
    int code = drill_files_open(&files, cli);
    if (code != EXIT_DONE)
        return code;
    for (size_t i = 0; code == EXIT_DONE && i < files.content.files.len; i++) {
        struct drill drill;
        struct str name;
        char text[128];
        if (!drill_files_is_drill(&files.content.files.items[i], &name))
            continue;
        snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
        code = drill_files_read(&files, cli, text, &drill);
        if (code != EXIT_DONE)
            break;
        printf("%s%-24s%s %2zu steps  %zu agencies  %2zu sources  %.*s\n",
               style_bold(cli->colour_out), text, style_reset(cli->colour_out), drill.n_steps,
               drill.n_agencies, drill.n_sources, STR_ARG(drill.title));
        drill_free(&drill);
    }
    drill_files_close(&files);
    return code;
}

/* ---- show ---- */

/* Words of `text` in lines of at most 96 columns behind an indent. */
static void print_wrapped(struct str text, size_t indent)
{
    struct str word;
    size_t column = 0;
    while (str_cut(&text, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (column && column + word.len > 96 - indent) {
            putchar('\n');
            column = 0;
        }
        if (column == 0)
            printf("%*s", (int)indent, "");
        printf("%s%.*s", column ? " " : "", STR_ARG(word));
        column += word.len + 1;
    }
    putchar('\n');
}

static void print_agency(const struct cli *cli, const struct drill *drill, size_t index)
{
    const struct drill_agency *agency = &drill->agencies[index];
    printf("%s%.*s%s  %.*s\n", style_bold(cli->colour_out), STR_ARG(agency->name),
           style_reset(cli->colour_out), STR_ARG(agency->title));
    for (size_t i = 0; i < drill->n_sources; i++) {
        const struct drill_source *source = &drill->sources[i];
        if (source->agency != index)
            continue;
        printf("  %-14.*s %-14s %6.0f events a minute", STR_ARG(source->name),
               drill_door_names[source->door], source->rate);
        if (source->population)
            printf("  of %zu %.*s", source->population->count, STR_ARG(source->population->name));
        putchar('\n');
    }
}

static void print_step(const struct cli *cli, const struct drill *drill, size_t index)
{
    const struct drill_step *step = &drill->steps[index];
    int64_t minutes = step->at_us / (60 * TIME_SECOND_US);
    uint64_t events = 0;
    for (size_t i = 0; i < step->n_acts; i++)
        events += step->acts[i].repeat;
    printf("%s%2zu  %lldh%02lld  %.*s%s  %.*s, %.*s, %llu event%s\n", style_bold(cli->colour_out),
           index + 1, (long long)(minutes / 60), (long long)(minutes % 60), STR_ARG(step->name),
           style_reset(cli->colour_out), STR_ARG(drill->agencies[step->agency].name),
           STR_ARG(step->technique), (unsigned long long)events, events == 1 ? "" : "s");
    print_wrapped(step->what, 4);
    if (step->n_expect == 0)
        printf("    %sexpected: nothing, a blind spot that is known%s\n",
               style_dim(cli->colour_out), style_reset(cli->colour_out));
    for (size_t i = 0; i < step->n_expect; i++)
        printf("    %s%s %.*s%s\n", style_dim(cli->colour_out),
               i ? "      or:" : "expected:", STR_ARG(step->expect[i]),
               style_reset(cli->colour_out));
}

static int show(const struct cli *cli)
{
    struct drill_files files;
    struct drill drill;
    int code = drill_files_open(&files, cli);
    if (code != EXIT_DONE)
        return code;
    code = drill_files_read(&files, cli, cli->settings.paths.items[0], &drill);
    if (code == EXIT_DONE) {
        printf("%s%.*s%s\n\n", style_bold(cli->colour_out), STR_ARG(drill.title),
               style_reset(cli->colour_out));
        print_wrapped(drill.about, 0);
        putchar('\n');
        for (size_t i = 0; i < drill.n_agencies; i++)
            print_agency(cli, &drill, i);
        for (size_t i = 0; i < drill.n_steps; i++) {
            putchar('\n');
            print_step(cli, &drill, i);
        }
        drill_free(&drill);
    }
    drill_files_close(&files);
    return code;
}

/* ---- check, indicators ---- */

static int check(const struct cli *cli)
{
    struct drill_files files;
    int worst = drill_files_open(&files, cli);
    if (worst != EXIT_DONE)
        return worst;
    for (size_t i = 0; i < cli->settings.paths.len; i++) {
        struct drill drill;
        int code = drill_files_read(&files, cli, cli->settings.paths.items[i], &drill);
        if (code == EXIT_DONE) {
            cli_say(cli, "%s: %zu steps, %zu agencies, %zu sources", cli->settings.paths.items[i],
                    drill.n_steps, drill.n_agencies, drill.n_sources);
            drill_free(&drill);
        }
        worst = code > worst ? code : worst;
    }
    drill_files_close(&files);
    return worst;
}

static int indicators(const struct cli *cli)
{
    struct drill_files files;
    struct drill drill;
    int code = drill_files_open(&files, cli);
    if (code != EXIT_DONE)
        return code;
    code = drill_files_read(&files, cli, cli->settings.paths.items[0], &drill);
    if (code == EXIT_DONE) {
        for (size_t i = 0; i < drill.n_indicators; i++)
            printf("%.*s\n", STR_ARG(drill.indicators[i]));
        drill_free(&drill);
    }
    drill_files_close(&files);
    return code;
}

static const char *const options[] = {"content", "color", "quiet", NULL};

const struct command cmd_drill_list = {
    .name = "drill list",
    .about = "List the drills: staged intrusions in the ordinary telemetry of three agencies.",
    .options = options,
    .run = list,
};

const struct command cmd_drill_show = {
    .name = "drill show",
    .arguments = "NAME|FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about =
        "Show a drill: its agencies, and the steps of the intrusion with what should find them.",
    .options = options,
    .run = show,
};

const struct command cmd_drill_check = {
    .name = "drill check",
    .arguments = "NAME|FILE...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Check files of drills.",
    .prose = "What is wrong is said with file, line, column and reason, and the exit code is 4.",
    .options = options,
    .run = check,
};

const struct command cmd_drill_indicators = {
    .name = "drill indicators",
    .arguments = "NAME|FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Print the indicators that a drill relies on, a list for `jaga intel add`.",
    .options = options,
    .run = indicators,
};
