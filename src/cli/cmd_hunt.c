/* jaga hunt: a question about all events that are kept, to a data folder or a running centre. */
#include <errno.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/hunt_prompt.h"
#include "cli/hunt_session.h"
#include "hunt/kql.h"
#include "hunt/saved.h"
#include "io/file.h"
#include "sigma/rule.h"

/* The text of each is read whole; false: it was said what is wrong. */

static bool read_rules(const struct cli *cli, struct buf *rules)
{
    const char *path = cli->settings.hunt_sigma;
    int status = cli->settings.paths.len ? -EINVAL : file_read(path, SIGMA_FILE_MAX, rules);
    if (status == -EINVAL)
        cli_complain(cli, "%s: with --sigma there is no query", path);
    else if (status < 0)
        cli_complain(cli, "%s: %s", path, strerror(-status));
    return status == 0;
}

/* Not by file_read_fd(): an interruption ends it. */
static bool read_input(const struct cli *cli, struct buf *query)
{
    ssize_t n = 1;
    while (n > 0 && query->len <= KQL_TEXT_MAX) {
        char *room = buf_reserve(query, 4096);
        n = room ? read(STDIN_FILENO, room, 4096) : -1;
        query->len += n > 0 ? (size_t)n : 0;
    }
    if (n < 0 && !*cli->stop)
        cli_complain(cli, "standard input: %s", query->failed ? "no memory" : strerror(errno));
    else if (n > 0)
        cli_complain(cli, "a query has at most %u bytes", KQL_TEXT_MAX);
    else if (n == 0 && query->len && memchr(query->ptr, '\0', query->len))
        cli_complain(cli, "standard input: a query is text, and this has a zero byte");
    else
        return n == 0;
    return false;
}

/* What is to be asked: rules, the argument, or standard input. */
static bool read_query(const struct cli *cli, struct buf *query)
{
    const text_list *paths = &cli->settings.paths;
    if (cli->settings.hunt_sigma)
        return read_rules(cli, query);
    if (paths->len == 0 || strcmp(paths->items[0], "-") == 0)
        return read_input(cli, query);
    buf_add_c(query, paths->items[0]);
    if (str_ends(buf_str(query), SAVED_SUFFIX) && access(paths->items[0], R_OK) == 0)
        cli_say(cli, "a query in a file is read from standard input: jaga hunt - < %s",
                paths->items[0]);
    return true;
}

static int run(const struct cli *cli)
{
    struct buf query = {0};
    int code = EXIT_USAGE;
    if (cli->settings.paths.len == 0 && !cli->settings.hunt_sigma && cli->terminal_out &&
        isatty(STDIN_FILENO))
        return hunt_prompt(cli);
    if (!read_query(cli, &query)) {
        buf_free(&query);
        return *cli->stop ? EXIT_INTERRUPTED : EXIT_UNREADABLE;
    }
    struct hunt_session *session = hunt_session_open(cli, &code);
    if (session)
        code = hunt_session_ask(session, buf_str(&query), stdout);
    hunt_session_close(session);
    buf_free(&query);
    return code;
}

static const char *const taken[] = {
    "hunt:output", "hunt:from", "hunt:until",  "rows",         "time-limit",  "sql",      "explain",
    "data",        "lake",      "lake-memory", "lake-threads", "duckdb",      "geo",      "ledger",
    "content",     "ship:to",   "token-file",  "ca",           "fingerprint", "insecure", "color",
    "quiet",       "parameter", "now",         "sigma",        NULL,
};

const struct command cmd_hunt = {
    .name = "hunt",
    .arguments = "[QUERY]",
    .paths_min = 0,
    .paths_max = 1,
    .about = "Ask all events that are kept a question, in KQL or SQL.",
    .prose =
        "Without --to, the lake of the data folder is asked, whose centre must not run: it "
        "holds its lake. With --to, a running centre is; its token says whose events are seen.\n"
        "Without QUERY there is a prompt on a terminal, with history and completion; \\help in it "
        "says more. Elsewhere, or with '-', the query is read from standard input. `jaga tables "
        "list` has the tables that a query may name.\n"
        "A result is a table as wide as the terminal, with numbers to the right and long "
        "values cut with an ellipsis; where it has too many columns for that, a list. -o csv "
        "and -o jsonl have all of it. A query that ends in render is drawn.\n"
        "With --sigma, there is no query: the events that the rules of a file match are listed, "
        "newest first, of a data folder or, with --to, of a running centre; --explain shows how "
        "SQL narrows them down. Of a correlation, the "
        "events of the rules that it counts are listed.\n"
        "An interruption ends the hunt, with exit code 130.",
    .options = taken,
    .run = run,
};
