#include "cli/hunt_prompt.h"

#include <errno.h>
#include <string.h>

#include "cli/hunt_line.h"
#include "cli/hunt_names.h"
#include "cli/hunt_text.h"
#include "cli/out_style.h"
#include "cli/terminal.h"

/* Set by signals; the only things a handler may touch. */
static volatile sig_atomic_t interrupted, ended;

static void on_signal(int number)
{
    interrupted = 1;
    if (number != SIGINT)
        ended = 1;
}

/* Instead of main()'s, for which the second interruption is the end. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: reading a line ends */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

void hunt_prompt_run(struct hunt_prompt *prompt, struct str query, bool explain)
{
    const struct settings *settings = &prompt->cli.settings;
    const char *dim = style_dim(prompt->cli.colour_out),
               *reset = style_reset(prompt->cli.colour_out);
    int64_t started = terminal_clock();
    prompt->cli.settings.hunt_explain = explain;
    interrupted = 0;
    int code = hunt_session_ask(prompt->session, query, prompt->file);
    prompt->cli.settings.hunt_explain = false;
    if (code == EXIT_INTERRUPTED)
        printf("%sinterrupted%s\n", dim, reset);
    else if (code == EXIT_DONE && prompt->timing && !explain)
        printf("%s%.3f s%s%s%s\n", dim, (double)(terminal_clock() - started) / 1e6,
               settings->from != TIME_UNSET || settings->to != TIME_UNSET ? ", within the times set"
                                                                          : "",
               prompt->file == stdout ? "" : ", written to the file", reset);
    interrupted = 0;
}

/* Keeps the query where "up" finds it, and runs it. */
static void run_query(struct hunt_prompt *prompt)
{
    struct str query = str_trim(buf_str(&prompt->query));
    struct buf line = {0};
    bool sql = prompt->cli.settings.hunt_sql;
    while (sql && str_ends(query, STR(";")))
        query = str_trim(str_first(query, query.len - 1));
    if (sql)
        buf_add_str(&line, query);
    else
        hunt_text_join(&line, query);
    if (!line.failed)
        hunt_line_remember(prompt->line, buf_str(&line));
    buf_free(&line);
    buf_clear(&prompt->last);
    buf_add_str(&prompt->last, query);
    hunt_prompt_run(prompt, query, false);
}

/* Is the query over with this line? The second empty line ends it as it is. */
static bool is_over(const struct hunt_prompt *prompt, struct str line)
{
    struct str query = buf_str(&prompt->query);
    bool empty = str_trim(line).len == 0;
    if (prompt->cli.settings.hunt_sql)
        return empty || str_ends(str_trim(line), STR(";"));
    if (!empty && !hunt_text_ends(query))
        return false;
    return hunt_text_state(query) == HUNT_TEXT_WHOLE || (empty && str_ends(query, STR("\n\n\n")));
}

static void take_line(struct hunt_prompt *prompt, struct str line)
{
    bool first = prompt->query.len == 0;
    if (first && str_trim(line).len == 0)
        return;
    if (first && str_starts(line, STR("\\"))) {
        hunt_line_remember(prompt->line, line);
        hunt_command_run(prompt, str_trim(line));
        return;
    }
    buf_add_str(&prompt->query, line);
    buf_add_byte(&prompt->query, '\n');
    if (!is_over(prompt, line))
        return;
    if (prompt->cli.settings.hunt_sql ||
        hunt_text_state(buf_str(&prompt->query)) != HUNT_TEXT_EMPTY)
        run_query(prompt);
    buf_clear(&prompt->query);
}

static void greet(const struct hunt_prompt *prompt)
{
    const struct settings *settings = &prompt->cli.settings;
    printf("Hunting in %s%s.\n"
           "';' or an empty line ends a query. TAB completes, \\help helps, Ctrl-D leaves.\n",
           settings->to_url ? "the centre at " : "the lake of ",
           settings->to_url ? settings->to_url : settings->data);
}

static void read_lines(struct hunt_prompt *prompt)
{
    struct str line;
    while (!prompt->over && !ended) {
        interrupted = 0;
        fflush(stdout);
        enum hunt_line_end end = hunt_line_read(prompt->line, buf_str(&prompt->query), &line);
        if (end == HUNT_LINE_READ) {
            take_line(prompt, line);
        } else {
            fputc('\n', stdout);
            prompt->over = end == HUNT_LINE_OVER;
            buf_clear(&prompt->query);
        }
    }
}

static int run(struct hunt_prompt *prompt)
{
    int code = EXIT_BROKEN;
    struct hunt_names *names = NULL;
    catch_signals();
    prompt->session = hunt_session_open(&prompt->cli, &code);
    if (!prompt->session)
        return code;
    names = hunt_names_new(prompt->session);
    if (names) {
        const struct hunt_line_options options = {
            .names = hunt_names_kql(names),
            .commands = hunt_command_word,
            .colour = prompt->cli.colour_out,
        };
        prompt->line = hunt_line_new(&options);
    }
    if (prompt->line) {
        greet(prompt);
        read_lines(prompt);
        code = ended ? EXIT_INTERRUPTED : EXIT_DONE;
    } else {
        cli_complain(&prompt->cli, "the terminal can't be used: %s", strerror(errno));
        code = EXIT_BROKEN;
    }
    hunt_line_free(prompt->line);
    hunt_names_free(names);
    hunt_session_close(prompt->session);
    return code;
}

int hunt_prompt(const struct cli *cli)
{
    struct hunt_prompt prompt = {.cli = *cli, .file = stdout, .timing = true};
    prompt.cli.stop = &interrupted;
    int code = run(&prompt);
    if (prompt.file != stdout)
        fclose(prompt.file);
    buf_free(&prompt.query);
    buf_free(&prompt.last);
    return code;
}
