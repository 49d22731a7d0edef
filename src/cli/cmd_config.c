/* jaga config: the centre's configuration, looked at before it is used. */

#include "cli/centre.h"
#include "cli/config.h"
#include "io/file.h"

static int check(const struct cli *cli)
{
    struct settings settings = {0};
    struct config config;
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
    if (status < 0)
        cli_complain(cli, "%s:%u:%u: %s", path, err.line, err.column, err.message);
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
