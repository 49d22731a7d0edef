#include "cli/drill_files.h"

#include <errno.h>
#include <string.h>

#include "io/file.h"

#define DRILLS STR("drills/")
#define LIBRARY STR("drills/background/")
#define YAML STR(".yaml")

static int complain(const struct cli *cli, struct str file, const struct err *err)
{
    if (err->line)
        cli_complain(cli, "%.*s:%u:%u: %s", STR_ARG(file), err->line, err->column, err->message);
    else
        cli_complain(cli, "%.*s: %s", STR_ARG(file), err->message);
    return err->code == -ENOMEM ? EXIT_BROKEN : EXIT_REFUSED;
}

int drill_files_open(struct drill_files *files, const struct cli *cli)
{
    struct err err = {0};
    int code = EXIT_DONE;
    drill_library_init(&files->library);
    if (content_open(&files->content, cli->settings.content, &err) < 0) {
        cli_complain(cli, "%s", err.message);
        drill_library_free(&files->library);
        return EXIT_USAGE;
    }
    for (size_t i = 0; code == EXIT_DONE && i < files->content.files.len; i++) {
        const struct content_file *file = &files->content.files.items[i];
        if (str_starts(file->name, LIBRARY) && str_ends(file->name, YAML) &&
            drill_library_add(&files->library, file->bytes, &err) < 0)
            code = complain(cli, file->origin, &err);
    }
    if (code != EXIT_DONE)
        drill_files_close(files);
    return code;
}

void drill_files_close(struct drill_files *files)
{
    drill_library_free(&files->library);
    content_close(&files->content);
}

bool drill_files_is_drill(const struct content_file *file, struct str *ret_name)
{
    if (!str_starts(file->name, DRILLS) || str_starts(file->name, LIBRARY) ||
        !str_ends(file->name, YAML))
        return false;
    struct str name = str_skip(file->name, DRILLS.len);
    *ret_name = str_first(name, name.len - YAML.len);
    return true;
}

static const struct content_file *find(const struct drill_files *files, struct str wanted)
{
    for (size_t i = 0; i < files->content.files.len; i++) {
        struct str name;
        if (drill_files_is_drill(&files->content.files.items[i], &name) && str_eq(name, wanted))
            return &files->content.files.items[i];
    }
    return NULL;
}

int drill_files_read(const struct drill_files *files, const struct cli *cli, const char *name,
                     struct drill *ret_drill)
{
    const struct content_file *file = find(files, str_from_c(name));
    struct str origin = file ? file->origin : str_from_c(name);
    struct err err = {0};
    struct buf bytes = {0};
    int code = EXIT_DONE;
    int status = file ? 0 : file_read(name, CONTENT_FILE_MAX, &bytes);
    if (status == -ENOENT)
        cli_complain(cli, "there is no drill and no file '%s' (jaga drill list)", name);
    else if (status < 0)
        cli_complain(cli, "%s: %s", name, strerror(-status));
    if (status < 0)
        code = EXIT_USAGE;
    else if (drill_read(ret_drill, &files->library, file ? file->bytes : buf_str(&bytes), &err) < 0)
        code = complain(cli, origin, &err);
    buf_free(&bytes);
    return code;
}
