#include "cli/intel_load.h"

#include <errno.h>
#include <sys/stat.h>

#include "io/walk.h"

static int add_built(struct intel_load *load, const struct cli *cli, const char *path)
{
    struct err err = {0};
    if (load->n_intels == DETECT_INTELS_MAX) {
        cli_complain(cli, "--intel: more than %d built files", DETECT_INTELS_MAX);
        return EXIT_USAGE;
    }
    if (indicators_open(path, &load->sets[load->n_intels], &err) < 0) {
        cli_complain(cli, "%s", err.message);
        return EXIT_USAGE;
    }
    load->intels[load->n_intels] = load->sets[load->n_intels].intel;
    load->n_intels++;
    return EXIT_DONE;
}

/* A data folder, or its folder of indicators: the path of what is called `name` there. */
static bool path_in(const char *folder, const char *name, mode_t kind, struct buf *ret_path)
{
    static const char *const places[] = {"", INTEL_FOLDER "/"};
    struct stat st;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        buf_clear(ret_path);
        buf_printf(ret_path, "%s/%s%s", folder, places[i], name);
        buf_add_byte(ret_path, '\0');
        if (!ret_path->failed && stat(ret_path->ptr, &st) == 0 && (st.st_mode & S_IFMT) == kind)
            return true;
    }
    return false;
}

/* The built file of a folder, and its allow-lists, which the built file has obeyed and feeds beside it have not. */
static int add_folder(struct intel_load *load, const struct cli *cli, const char *folder,
                      struct buf *path)
{
    int code = add_built(load, cli, path->ptr);
    if (code == EXIT_DONE && path_in(folder, INTEL_ALLOW_FOLDER, S_IFDIR, path) &&
        walk_add(&load->allow, path->ptr) < 0) {
        cli_complain(cli, "--intel %s: its files cannot be listed", path->ptr);
        code = EXIT_BROKEN;
    }
    return code;
}

static int add_path(struct intel_load *load, const struct cli *cli, const char *path)
{
    struct buf built = {0};
    struct stat st;
    int code = EXIT_DONE;
    if (stat(path, &st) < 0) {
        cli_complain(cli, "--intel %s: %s", path, strerror(errno));
        return EXIT_USAGE;
    }
    if (S_ISDIR(st.st_mode) && path_in(path, INTEL_FILE_NAME, S_IFREG, &built)) {
        code = add_folder(load, cli, path, &built);
    } else if (S_ISREG(st.st_mode) && indicators_is_built(path)) {
        code = add_built(load, cli, path);
    } else if (walk_add(&load->walk, path) < 0) {
        cli_complain(cli, "--intel %s: its files cannot be listed", path);
        code = EXIT_BROKEN;
    }
    buf_free(&built);
    return code;
}

/* All feeds as one set, so that allow-lists among them count for all. */
static int build_feeds(struct intel_load *load, const struct cli *cli)
{
    struct intel_builder_stats stats;
    text_list files = {0};
    struct err err = {0};
    int code = EXIT_DONE, status = 0;
    for (size_t i = 0; status == 0 && i < load->walk.files.len; i++)
        status = vec_push(&files, load->walk.files.items[i].path);
    for (size_t i = 0; status == 0 && files.len && i < load->allow.files.len; i++)
        status = vec_push(&files, load->allow.files.items[i].path);
    if (files.len && load->n_intels == DETECT_INTELS_MAX)
        status = err_set(&err, -E2BIG, "--intel: more than %d built files", DETECT_INTELS_MAX);
    struct indicators *set = &load->sets[load->n_intels];
    if (status == 0 && files.len)
        status = indicators_build_memory(cli, &files, set, &stats, &err);
    if (status < 0) {
        cli_complain(cli, "--intel: %s", err.message);
        code = status == -ENOMEM ? EXIT_BROKEN : EXIT_USAGE;
    } else if (files.len) {
        load->intels[load->n_intels++] = set->intel;
        cli_say(cli, "%llu indicators (%llu allow-listed, %llu expired, %llu merged)",
                (unsigned long long)stats.kept, (unsigned long long)stats.allowed,
                (unsigned long long)stats.expired, (unsigned long long)stats.merged);
    }
    vec_free(&files);
    return code;
}

int intel_load(struct intel_load *load, const struct cli *cli, const text_list *paths)
{
    int code = EXIT_DONE;
    walk_init(&load->walk, NULL, NULL);
    walk_init(&load->allow, NULL, NULL);
    load->walked = true;
    for (size_t i = 0; code == EXIT_DONE && i < paths->len; i++)
        code = add_path(load, cli, paths->items[i]);
    return code == EXIT_DONE ? build_feeds(load, cli) : code;
}

void intel_load_free(struct intel_load *load)
{
    for (size_t i = 0; i < load->n_intels; i++)
        indicators_close(&load->sets[i]);
    if (load->walked) {
        walk_free(&load->walk);
        walk_free(&load->allow);
    }
}
