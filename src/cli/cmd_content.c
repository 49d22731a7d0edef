/* jaga content list, show, export: what the binary carries. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "io/content.h"
#include "io/file.h"

static bool open_content(const struct cli *cli, struct content *content)
{
    struct err err = {0};
    if (content_open(content, cli->settings.content, &err) == 0)
        return true;
    cli_complain(cli, "%s", err.message);
    return false;
}

static int list(const struct cli *cli)
{
    struct content content;
    if (!open_content(cli, &content))
        return EXIT_USAGE;
    for (size_t i = 0; i < content.files.len; i++)
        printf("%.*s\n", STR_ARG(content.files.items[i].name));
    content_close(&content);
    return EXIT_DONE;
}

static int show(const struct cli *cli)
{
    struct content content;
    int code = EXIT_DONE;
    if (!open_content(cli, &content))
        return EXIT_USAGE;
    for (size_t i = 0; i < cli->settings.paths.len; i++) {
        const char *name = cli->settings.paths.items[i];
        const struct content_file *file = content_find(&content, str_from_c(name));
        if (file) {
            fwrite(file->bytes.ptr, 1, file->bytes.len, stdout);
        } else {
            cli_complain(cli, "there is no content '%s' (jaga content list)", name);
            code = EXIT_USAGE;
        }
    }
    content_close(&content);
    return code;
}

/* Makes the folders a file's path leads through. `path` comes back as it was. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int status = mkdir(path, 0777) < 0 && errno != EEXIST ? -errno : 0;
        *slash = '/';
        if (status < 0)
            return status;
    }
    return 0;
}

static int export(const struct cli *cli)
{
    struct content content;
    const char *folder = cli->settings.paths.items[0];
    int status = 0;
    if (!open_content(cli, &content))
        return EXIT_USAGE;
    for (size_t i = 0; status == 0 && i < content.files.len; i++) {
        struct buf path = {0};
        buf_printf(&path, "%s/%.*s", folder, STR_ARG(content.files.items[i].name));
        buf_add_byte(&path, '\0');
        status = path.failed ? -ENOMEM : make_folders(path.ptr);
        if (status == 0)
            status = file_write(path.ptr, content.files.items[i].bytes);
        if (status < 0)
            cli_complain(cli, "%s: %s", path.failed ? folder : path.ptr, strerror(-status));
        buf_free(&path);
    }
    if (status == 0)
        cli_say(cli, "%zu files written to %s", content.files.len, folder);
    content_close(&content);
    return status < 0 ? EXIT_BROKEN : EXIT_DONE;
}

static const char *const options[] = {"content", "quiet", NULL};

const struct command cmd_content_list = {
    .name = "content list",
    .about = "List the datasets, tables, rules, hunts and drills that the binary carries.",
    .options = options,
    .run = list,
};

const struct command cmd_content_show = {
    .name = "content show",
    .arguments = "NAME...",
    .paths_min = 1,
    .paths_max = SIZE_MAX,
    .about = "Print files of the content.",
    .options = options,
    .run = show,
};

const struct command cmd_content_export = {
    .name = "content export",
    .arguments = "DIR",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Write the content to a folder, to change it and use it with --content.",
    .options = options,
    .run = export,
};
