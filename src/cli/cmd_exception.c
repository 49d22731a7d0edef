/* jaga exception add, list, remove: what an agency does not want to hear of, as Sigma filters. */
#include "base/time.h"
#include "cli/cli.h"
#include "cli/data_folder.h"
#include "cli/out_style.h"
#include "io/clock.h"
#include "io/file.h"
#include "ledger/exception.h"
#include "sigma/rule.h"

/* ---- add ---- */

static void complain_of_refusals(const struct cli *cli, const struct sigma_set *set)
{
    for (size_t i = 0; i < set->refusals.len; i++) {
        const struct sigma_refusal *refusal = &set->refusals.items[i];
        struct buf origin = {0};
        style_printable(&origin, refusal->origin, 0);
        cli_complain(cli, "%.*s:%u:%u: %s", STR_ARG(buf_str(&origin)), refusal->err.line,
                     refusal->err.column, refusal->err.message);
        buf_free(&origin);
    }
}

static bool is_one_filter(struct sigma_set *set)
{
    struct sigma_alone_filter filter;
    return set->n_documents == 1 && sigma_set_filter(set, &filter) == 0;
}

/*
 * A text that is one Sigma filter, which can be read, and nothing else. Its rules need not be known here:
 * the centre may have others.
 */
static int check_filter(const struct cli *cli, struct str yaml, const char *path)
{
    struct sigma_set set;
    int code = EXIT_DONE;
    if (sigma_set_init(&set) < 0 || sigma_set_add(&set, yaml, str_from_c(path)) < 0) {
        cli_complain(cli, "no memory");
        code = EXIT_BROKEN;
    } else if (set.refusals.len) {
        complain_of_refusals(cli, &set);
        code = EXIT_REFUSED;
    } else if (!is_one_filter(&set)) {
        cli_complain(cli,
                     "%s: an exception is one Sigma filter: a document with 'logsource' and "
                     "'filter'",
                     path);
        code = EXIT_REFUSED;
    }
    sigma_set_free(&set);
    return code;
}

static int store(const struct cli *cli, struct str yaml)
{
    const struct settings *settings = &cli->settings;
    char id[EXCEPTION_ID_MAX], actor[ACTOR_MAX];
    int code = EXIT_DONE;
    struct exception exception = {
        .agency = str_from_c(settings->agency),
        .filter = yaml,
        .reason = str_from_c(settings->reason),
        .author = data_actor(actor),
        .expires = settings->expires,
    };
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    int status = exception_add(ledger, &exception, id);
    if (status == 0)
        printf("%s\n", id);
    return data_ledger_done(cli, ledger, status);
}

static int add(const struct cli *cli)
{
    const char *path = cli->settings.paths.items[0];
    struct buf yaml = {0};
    if (!cli->settings.reason) {
        cli_complain(cli, "exception add needs --reason: what is excepted has to be explained");
        return EXIT_USAGE;
    }
    int status = file_read(path, EXCEPTION_FILTER_MAX, &yaml);
    int code = EXIT_USAGE;
    if (status < 0)
        cli_complain(cli, "%s: %s", path, strerror(-status));
    else
        code = check_filter(cli, buf_str(&yaml), path);
    if (code == EXIT_DONE)
        code = store(cli, buf_str(&yaml));
    buf_free(&yaml);
    return code;
}

/* ---- list ---- */

static int print_exception(void *context, const struct exception *exception)
{
    char created[TIME_TEXT_MAX], expires[TIME_TEXT_MAX];
    struct buf out = {0};
    int64_t now = *(const int64_t *)context;
    bool expired = exception->expires != TIME_UNSET && exception->expires <= now;
    style_time(exception->created, created);
    buf_printf(&out, "%.*s  ", STR_ARG(exception->id));
    style_printable(&out, exception->agency.len ? exception->agency : STR("(all)"), 0);
    buf_printf(&out, "  used %llu  created %s  by ", (unsigned long long)exception->used, created);
    style_printable(&out, exception->author, 0);
    if (exception->expires != TIME_UNSET) {
        style_time(exception->expires, expires);
        buf_printf(&out, "  %s %s", expired ? "expired" : "expires", expires);
    }
    buf_add_c(&out, "  # ");
    style_printable(&out, exception->reason, 0);
    printf("%.*s\n", STR_ARG(buf_str(&out)));
    buf_free(&out);
    return 0;
}

static int print_filter(void *context, const struct exception *exception)
{
    struct str rest = exception->filter, line;
    print_exception(context, exception);
    while (str_cut_line(&rest, &line)) {
        struct buf out = {0};
        size_t indent = 0;
        while (indent < line.len && line.ptr[indent] == ' ')
            indent++;
        buf_printf(&out, "    %*s", (int)(indent < 200 ? indent : 200), "");
        style_printable(&out, str_skip(line, indent), 0);
        printf("%.*s\n", STR_ARG(buf_str(&out)));
        buf_free(&out);
    }
    return 0;
}

static int list(const struct cli *cli)
{
    static const struct ledger_scope all = {.all = true};
    int code = EXIT_DONE;
    int64_t now = clock_now_us();
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    int status =
        exception_list(ledger, &all, cli->settings.verbose ? print_filter : print_exception, &now);
    return data_ledger_done(cli, ledger, status);
}

/* ---- remove ---- */

static int remove_each(const struct cli *cli)
{
    return data_change_each(cli, "exception.remove", exception_remove);
}

static const char *const add_options[] = {"data", "agency", "reason", "expires", NULL};
static const char *const list_options[] = {"data", "verbose", NULL};
static const char *const remove_options[] = {"data", NULL};

const struct command cmd_exception_add = {
    .name = "exception add",
    .arguments = "FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Except from detection what a Sigma filter describes, for an agency or for all.",
    .prose = "FILE holds one Sigma filter (Sigma filters specification 2.1.0). One that cannot be "
             "read is refused with its line and reason, and the exit code is 4.\n"
             "The filter's id is written to standard output. How often an exception was used is in "
             "its row of the list.",
    .options = add_options,
    .run = add,
};

const struct command cmd_exception_list = {
    .name = "exception list",
    .about = "List the exceptions with author, reason and use; with --verbose their filters too.",
    .options = list_options,
    .run = list,
};

const struct command cmd_exception_remove = {
    .name = "exception remove",
    .arguments = "ID...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Remove exceptions by their ids, all or, where one is not known, none.",
    .options = remove_options,
    .run = remove_each,
};
