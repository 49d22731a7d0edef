/* jaga config: the centre's configuration, looked at before it is used. */
#include <errno.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/centre.h"
#include "cli/config.h"
#include "cli/data_folder.h"
#include "cli/engine.h"
#include "io/file.h"
#include "io/net.h"
#include "lake/lake.h"
#include "ledger/token.h"

static int check_addresses(const text_list *addresses, struct err *err)
{
    struct net_address address;
    for (size_t i = 0; i < addresses->len; i++)
        if (net_address_parse(str_from_c(addresses->items[i]), &address, err) < 0)
            return err->code;
    return 0;
}

/* What only shows once all settings are known, and so has no line to point at. */
static int check_together(const struct settings *settings, struct err *err)
{
    const text_list *const lists[] = {&settings->listen, &settings->listen_plain,
                                      &settings->syslog_udp, &settings->syslog_tcp,
                                      &settings->syslog_tls};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (check_addresses(lists[i], err) < 0)
            return err->code;
    if (!settings->certificate != !settings->key)
        return err_set(err, -EINVAL, "certificate and key are given together, or neither");
    struct str place;
    if (strcmp(settings->lake, "none") != 0 && !lake_engine(str_from_c(settings->lake), &place))
        return err_set(err, -EINVAL, "lake: '%s' is none of: duckdb:DIR, none", settings->lake);
    return 0;
}

static void complain(const struct cli *cli, const char *path, const struct err *err)
{
    if (err->line)
        cli_complain(cli, "%s:%u:%u: %s", path, err->line, err->column, err->message);
    else
        cli_complain(cli, "%s: %s", path, err->message);
}

/* ---- what is good by itself, and may be a slip of the pen ---- */

struct looking {
    const struct cli *cli;
    const struct config *config;
    const char *path; /* of the configuration */
};

static bool is_listed(const struct config *config, struct str agency)
{
    size_t i = 0;
    while (i < config->n_agencies && !str_eq(config->agencies[i].name, agency))
        i++;
    return i < config->n_agencies;
}

static void warn_of_sources(const struct looking *looking)
{
    const struct config *config = looking->config;
    for (size_t i = 0; config->n_agencies && i < config->n_sources; i++)
        if (!is_listed(config, config->sources[i].agency))
            cli_complain(looking->cli, "%s:%u: warning: the agency '%.*s' is not in 'agencies'",
                         looking->path, config->sources[i].line,
                         STR_ARG(config->sources[i].agency));
}

static void warn_of_retention(const struct looking *looking)
{
    const struct config *config = looking->config;
    for (size_t i = 0; i < config->n_retention; i++) {
        const struct config_retention *rule = &config->retention[i];
        if (rule->agency.len && config->n_agencies && !is_listed(config, rule->agency))
            cli_complain(looking->cli, "%s:%u: warning: the agency '%.*s' is not in 'agencies'",
                         looking->path, rule->line, STR_ARG(rule->agency));
        if (!rule->agency.len && !rule->dataset.len && i + 1 < config->n_retention)
            cli_complain(looking->cli,
                         "%s:%u: warning: this rule of retention is for everything: those behind "
                         "it are for nothing",
                         looking->path, rule->line);
    }
}

static void warn_of_dataset(const struct looking *looking, const struct datasets *datasets,
                            const struct config_retention *rule)
{
    struct nearest nearest;
    if (datasets_find(datasets, rule->dataset) != DATASET_NONE ||
        str_eq(rule->dataset, STR(LAKE_UNRECOGNISED)))
        return;
    nearest_begin(&nearest, rule->dataset);
    for (uint32_t i = 0; i < datasets_count(datasets); i++)
        nearest_offer(&nearest, datasets_get(datasets, i)->name);
    bool near = nearest.found.len > 0;
    cli_complain(looking->cli, "%s:%u: warning: there is no dataset '%.*s'%s%.*s%s", looking->path,
                 rule->line, STR_ARG(rule->dataset), near ? ": is it '" : "",
                 STR_ARG(nearest.found), near ? "'?" : "");
}

/* The datasets are those of the content that the configuration names, or of the program. */
static void warn_of_datasets(const struct looking *looking, const struct settings *settings)
{
    const struct config *config = looking->config;
    struct cli cli = *looking->cli;
    struct engine engine;
    bool any = false;
    for (size_t i = 0; i < config->n_retention; i++)
        any |= config->retention[i].dataset.len > 0;
    if (!any)
        return;
    cli.settings.content = settings->content;
    if (engine_open(&engine, &cli) == EXIT_DONE)
        for (size_t i = 0; i < config->n_retention; i++)
            if (config->retention[i].dataset.len > 0)
                warn_of_dataset(looking, engine.datasets, &config->retention[i]);
    engine_free(&engine);
}

/* A token for reading names several, or all with '*'. */
static int warn_of_token(void *context, const struct token *token)
{
    const struct looking *looking = context;
    struct str rest = token->agency, agency;
    while (!token->revoked && str_cut(&rest, ',', &agency)) {
        agency = str_trim(agency);
        if (agency.len && !str_eq(agency, STR("*")) && !is_listed(looking->config, agency))
            cli_complain(looking->cli,
                         "%s: warning: the agency '%.*s' of token %.*s is not in 'agencies'",
                         looking->path, STR_ARG(agency), STR_ARG(token->id));
    }
    return 0;
}

/* The tokens are in the ledger of a data folder: it is looked at when --data names it. */
static int warn_of_tokens(struct looking *looking, const struct settings *settings)
{
    struct cli cli = *looking->cli;
    int code = EXIT_DONE;
    if (!option_given(&cli.settings, option_find(STR("data"))) || !looking->config->n_agencies)
        return EXIT_DONE;
    cli.settings.ledger = settings->ledger;
    struct ledger *ledger = data_ledger(&cli, false, &code);
    return ledger ? data_ledger_done(&cli, ledger, token_list(ledger, warn_of_token, looking))
                  : code;
}

static bool can_read(const struct looking *looking, const char *setting, const char *path)
{
    if (!path || access(path, R_OK) == 0)
        return true;
    cli_complain(looking->cli, "%s: warning: %s: %s: %s", looking->path, setting, path,
                 strerror(errno));
    return false;
}

/* The files that settings name, as a centre in this folder would find them. */
static int warn_of_files(const struct looking *looking, const struct settings *settings)
{
    const struct {
        const char *setting, *path;
    } files[] = {
        {"certificate", settings->certificate},   {"key", settings->key},
        {"client-ca", settings->client_ca},       {"content", settings->content},
        {"placeholders", settings->placeholders},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        good = can_read(looking, files[i].setting, files[i].path) && good;
    for (size_t i = 0; i < settings->rules.len; i++)
        good = can_read(looking, "rules", settings->rules.items[i]) && good;
    return good ? EXIT_DONE : EXIT_UNREADABLE;
}

static int warn(const struct cli *cli, const char *path, const struct config *config,
                const struct settings *settings)
{
    struct looking looking = {cli, config, path};
    warn_of_sources(&looking);
    warn_of_retention(&looking);
    warn_of_datasets(&looking, settings);
    int code = warn_of_tokens(&looking, settings);
    int unreadable = warn_of_files(&looking, settings);
    return code == EXIT_DONE ? unreadable : code;
}

static int check(const struct cli *cli)
{
    int code = EXIT_USAGE;
    struct settings settings = {0};
    struct config config = {0};
    struct buf text = {0};
    struct err err = {0};
    const char *path = cli->settings.paths.items[0];
    int status = file_read(path, CONFIG_SIZE_MAX, &text);
    if (status < 0) {
        cli_complain(cli, "%s: %s", path, strerror(-status));
        buf_free(&text);
        return EXIT_UNREADABLE;
    }
    status = options_parse((const char *const[]){NULL}, 0, NULL, &settings, &err);
    if (status == 0)
        status = config_parse(buf_str(&text), config_settings, &settings, &config, &err);
    if (status == 0)
        status = check_together(&settings, &err);
    if (status < 0)
        complain(cli, path, &err);
    else
        code = warn(cli, path, &config, &settings);
    if (code == EXIT_DONE)
        cli_say(cli, "%s: good: %zu agencies, %zu sources", path, config.n_agencies,
                config.n_sources);
    config_free(&config);
    options_free(&settings);
    buf_free(&text);
    return code;
}

static const char *const options[] = {"data", "quiet", NULL};

const struct command cmd_config_check = {
    .name = "config check",
    .arguments = "FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Check a configuration file of the centre and say where it is wrong.",
    .prose = "It warns of agencies that sources name and the list of agencies, where there is one, "
             "does not, and of rules of retention for datasets that do not exist; with --data also "
             "of those of tokens. Files that it names and that cannot "
             "be read make the exit code 3.",
    .options = options,
    .run = check,
};
