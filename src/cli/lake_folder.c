#include "cli/lake_folder.h"

#include "cli/data_folder.h"

#include <errno.h>
#include <unistd.h>

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
    struct arena names;
    struct str place;
    struct err err = {0};
    int code = EXIT_DONE;
    arena_init(&names, DATA_NAMES_MAX);
    const char *url = data_url(&cli->settings, cli->settings.lake, &names);
    *ret_folder = (struct lake_folder){.ops = url ? lake_engine(str_from_c(url), &place) : NULL};
    if (!url) {
        cli_complain(cli, "no memory");
        code = EXIT_BROKEN;
    } else if (!ret_folder->ops) {
        cli_complain(cli, "--lake: '%s' is none of: duckdb:DIR", cli->settings.lake);
        code = EXIT_USAGE;
    } else if (access(place.ptr, F_OK) != 0) { /* opening would make one */
        int reason = errno;
        cli_complain(cli, "%s: %s", place.ptr, strerror(reason));
        if (reason == ENOENT)
            cli_say(cli, "is --data the folder of a centre? (jaga serve makes one)");
        code = EXIT_USAGE;
    } else {
        ret_folder->lake = ret_folder->ops->open(place.ptr, &options, &err);
        if (!ret_folder->lake)
            code = lake_folder_complain(cli, err.code, &err);
        if (err.code == -EBUSY)
            cli_say(cli, "a running centre is asked with --to URL");
    }
    arena_free(&names);
    return code;
}

void lake_folder_close(struct lake_folder *folder)
{
    if (folder->lake)
        folder->ops->close(folder->lake);
    folder->lake = NULL;
}
