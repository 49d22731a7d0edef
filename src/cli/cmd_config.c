/* jaga config: the centre's configuration, looked at before it is used. */

#include "cli/centre.h"
#include "cli/config.h"
#include "io/file.h"
#include "io/net.h"

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
    return 0;
}

static void complain(const struct cli *cli, const char *path, const struct err *err)
{
    if (err->line)
        cli_complain(cli, "%s:%u:%u: %s", path, err->line, err->column, err->message);
    else
        cli_complain(cli, "%s: %s", path, err->message);
}

static int check(const struct cli *cli)
{
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
        cli_say(cli, "%s: good: %zu agencies, %zu sources", path, config.n_agencies,
                config.n_sources);
    config_free(&config);
    options_free(&settings);
    buf_free(&text);
    return status < 0 ? EXIT_USAGE : EXIT_DONE;
}

static const char *const options[] = {"quiet", NULL};

const struct command cmd_config_check = {
    .name = "config check",
    .arguments = "FILE",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Check a configuration file of the centre and say where it is wrong.",
    .options = options,
    .run = check,
};
