#include "cli/lake_folder.h"

#include <errno.h>
#include <unistd.h>

/* "duckdb:lake" with its path in the data folder, unless it is absolute. */
static void write_url(const struct settings *settings, struct buf *out)
{
    struct str engine, place = str_from_c(settings->lake);
    str_cut(&place, ':', &engine);
    buf_printf(out, "%.*s:", STR_ARG(engine));
    if (place.len && place.ptr[0] != '/')
        buf_printf(out, "%s/", settings->data);
    buf_add_str(out, place);
    buf_add_byte(out, '\0');
}

int lake_folder_complain(const struct cli *cli, int status, const struct err *err)
{
    cli_complain(cli, "%s", err->message[0] ? err->message : strerror(-status));
    if (status == -ENOENT || status == -EINVAL || status == -EEXIST)
        return EXIT_USAGE;
    return status == -EBADMSG ? EXIT_REFUSED : EXIT_BROKEN;
}

int lake_folder_open(const struct cli *cli, struct lake_folder *ret_folder)
{
    const struct lake_options options = {
        .library = cli->settings.duckdb,
        .memory = cli->settings.lake_memory,
        .threads = (unsigned)cli->settings.lake_threads,
    };
    struct buf url = {0};
    struct str place;
    struct err err = {0};
    int code = EXIT_DONE;
    write_url(&cli->settings, &url);
    if (url.failed) {
        cli_complain(cli, "no memory");
        return EXIT_BROKEN;
    }
    ret_folder->lake = NULL;
    ret_folder->ops = lake_engine(str_first(buf_str(&url), url.len - 1), &place);
    if (!ret_folder->ops) {
        cli_complain(cli, "--lake: '%s' is none of: duckdb:DIR", cli->settings.lake);
        code = EXIT_USAGE;
    } else if (access(place.ptr, F_OK) != 0) { /* opening would make one */
        cli_complain(cli, "%s: %s", place.ptr, strerror(errno));
        cli_say(cli, "is --data the folder of a centre? (jaga serve makes one)");
        code = EXIT_USAGE;
    } else {
        ret_folder->lake = ret_folder->ops->open(place.ptr, &options, &err);
        if (!ret_folder->lake)
            code = lake_folder_complain(cli, err.code, &err);
    }
    buf_free(&url);
    return code;
}

void lake_folder_close(struct lake_folder *folder)
{
    if (folder->lake)
        folder->ops->close(folder->lake);
    folder->lake = NULL;
}
