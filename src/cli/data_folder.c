#include "cli/data_folder.h"

#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

const char *data_path(const struct settings *settings, const char *path, struct arena *arena)
{
    return path[0] == '/' ? path : arena_printf(arena, "%s/%s", settings->data, path).ptr;
}

const char *data_url(const struct settings *settings, const char *url, struct arena *arena)
{
    const char *colon = strchr(url, ':');
    if (!colon || !colon[1])
        return url;
    const char *path = data_path(settings, colon + 1, arena);
    return path ? arena_printf(arena, "%.*s%s", (int)(colon + 1 - url), url, path).ptr : NULL;
}

struct ledger *data_ledger(const struct cli *cli, bool create, int *ret_code)
{
    struct ledger_options options = {.create = create};
    struct ledger *ledger = NULL;
    struct arena names;
    struct err err = {0};
    bool made = create && mkdir(cli->settings.data, 0700) == 0;
    if (create && !made && errno != EEXIST) {
        cli_complain(cli, "%s: %s", cli->settings.data, strerror(errno));
        *ret_code = EXIT_BROKEN;
        return NULL;
    }
    arena_init(&names, DATA_NAMES_MAX);
    const char *url = data_url(&cli->settings, cli->settings.ledger, &names);
    if (url)
        ledger = ledger_open(url, &options, &err);
    else
        err_set(&err, -ENOMEM, "no memory");
    if (!ledger) {
        cli_complain(cli, "%s", err.message);
        if (err.code == -ENOENT)
            cli_say(cli, "is --data the folder of a centre? (jaga serve makes one)");
        *ret_code = err.code == -ENOENT ? EXIT_USAGE : EXIT_BROKEN;
    }
    if (ledger && made)
        cli_say(cli, "%s is new, and of no centre yet: --data names the folder of one",
                cli->settings.data);
    arena_free(&names);
    return ledger;
}

struct str data_actor(char ret_text[static ACTOR_MAX])
{
    const struct passwd *user = getpwuid(getuid());
    if (user)
        snprintf(ret_text, ACTOR_MAX, "cli:%s", user->pw_name);
    else
        snprintf(ret_text, ACTOR_MAX, "cli:%lu", (unsigned long)getuid());
    return str_from_c(ret_text);
}

int data_ledger_done(const struct cli *cli, struct ledger *ledger, int status)
{
    int code = EXIT_DONE;
    if (status < 0) {
        cli_complain(cli, "%s", ledger_problem(ledger));
        code =
            status == -EINVAL || status == -E2BIG || status == -ENOENT ? EXIT_USAGE : EXIT_BROKEN;
    }
    ledger_close(ledger);
    return code;
}

int data_change_each(const struct cli *cli, const char *action,
                     int (*change)(struct ledger *ledger, struct str argument))
{
    const text_list *arguments = &cli->settings.paths;
    char actor[ACTOR_MAX];
    int code = EXIT_DONE;
    struct ledger *ledger = data_ledger(cli, false, &code);
    if (!ledger)
        return code;
    int status = ledger_begin(ledger, data_actor(actor), str_from_c(action));
    for (size_t i = 0; status == 0 && i < arguments->len; i++)
        status = change(ledger, str_from_c(arguments->items[i]));
    if (status == 0)
        status = ledger_commit(ledger);
    return data_ledger_done(cli, ledger, status);
}
