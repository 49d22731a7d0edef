#include "cli/saved_files.h"

#include <errno.h>

#include "cli/centre_client.h"
#include "cli/out_style.h"
#include "io/file.h"
#include "io/walk.h"

struct files {
    const struct cli *cli;
    struct saved_set *set;
    const struct attack *attack;
    const struct tables *tables;
    uint32_t bad;
};

/* Paths and messages may hold what a terminal takes for more than text. */
static void complain(struct files *files, const char *message)
{
    struct buf text = {0};
    style_printable(&text, str_from_c(message), 0);
    cli_complain(files->cli, "%.*s", STR_ARG(buf_str(&text)));
    buf_free(&text);
    files->bad++;
}

static void unreadable(void *context, const char *path, int code)
{
    struct err err;
    err_set(&err, code, "%s: %s", path, strerror(-code));
    complain(context, err.message);
}

static void add_file(struct files *files, const struct walk_file *file, struct buf *text)
{
    struct err err = {0};
    struct str path = str_from_c(file->path);
    buf_clear(text);
    int status = file_read(file->path, KQL_TEXT_MAX, text);
    if (status < 0) {
        unreadable(files, file->path, status);
        return;
    }
    if (saved_set_add(files->set, buf_str(text), path, files->attack, files->tables, &err) == 0)
        return;
    err_in(&err, path);
    complain(files, err.message);
}

int saved_files_add(const struct cli *cli, struct saved_set *set, const text_list *paths,
                    const struct attack *attack, const struct tables *tables, uint32_t *ret_bad)
{
    struct files files = {cli, set, attack, tables, 0};
    struct buf text = {0};
    struct walk walk;
    int status = 0;
    walk_init(&walk, unreadable, &files);
    for (size_t i = 0; status == 0 && i < paths->len; i++)
        status = walk_add(&walk, paths->items[i]);
    for (size_t i = 0; status == 0 && i < walk.files.len; i++) {
        const struct walk_file *file = &walk.files.items[i];
        if (file->given || str_ends(str_from_c(file->path), SAVED_SUFFIX))
            add_file(&files, file, &text);
    }
    walk_free(&walk);
    buf_free(&text);
    *ret_bad = files.bad;
    if (status < 0)
        cli_complain(cli, "no memory for the saved hunts");
    return status < 0 ? EXIT_BROKEN : EXIT_DONE;
}

int saved_files_load(const struct engine *engine, struct tables **ret_tables,
                     struct saved_set **ret_hunts)
{
    const struct cli *cli = engine->cli;
    struct err err = {0};
    uint32_t bad = 0;
    *ret_hunts = saved_set_new();
    int status = *ret_hunts ? tables_load(&engine->content, engine->datasets, ret_tables, &err)
                            : err_set(&err, -ENOMEM, "no memory for the saved hunts");
    if (status == 0)
        status = saved_set_load(*ret_hunts, &engine->content, &engine->attack, *ret_tables, &err);
    if (status < 0) {
        cli_complain(cli, "%s", err.message);
        return status == -ENOMEM ? EXIT_BROKEN : EXIT_USAGE;
    }
    int code =
        saved_files_add(cli, *ret_hunts, &cli->settings.hunts, &engine->attack, *ret_tables, &bad);
    return code == EXIT_DONE && bad ? EXIT_REFUSED : code;
}

/* ---- those of a centre ---- */

void saved_id_add(struct buf *path, struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool plain =
            ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || strchr("-._~", c);
        if (plain)
            buf_add_byte(path, c);
        else
            buf_printf(path, "%%%02X", (unsigned char)c);
    }
}

int saved_send(const struct cli *cli, const char *method, const char *id, const char *after,
               struct str body)
{
    struct buf path = {0};
    int code = EXIT_BROKEN;
    buf_add_c(&path, id[0] ? "/api/v1/saved-hunts/" : "/api/v1/saved-hunts");
    saved_id_add(&path, str_from_c(id));
    buf_add_c(&path, after);
    buf_add_byte(&path, '\0');
    if (!path.failed)
        json_decref(centre_ask(cli, method, path.ptr, body, &code));
    buf_free(&path);
    return code;
}
