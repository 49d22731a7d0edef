#include "cli/rule_files.h"

#include <errno.h>

#include "cli/out_style.h"
#include "io/file.h"
#include "io/input.h"
#include "sigma/rule.h"

#define READ_STEP 65536

void rule_files_init(struct rule_files *files, const struct cli *cli)
{
    *files = (struct rule_files){.cli = cli};
    arena_init(&files->arena, RULE_FILES_MEMORY_MAX);
}

void rule_files_free(struct rule_files *files)
{
    vec_free(&files->files);
    arena_free(&files->arena);
}

static bool is_yaml(struct str path)
{
    return str_ends(path, STR(".yml")) || str_ends(path, STR(".yaml"));
}

static void fail(struct rule_files *files, struct str path, const char *message)
{
    struct buf text = {0};
    style_printable(&text, path, 0);
    cli_complain(files->cli, "%.*s: %s", STR_ARG(buf_str(&text)), message);
    buf_free(&text);
    files->failures++;
}

static int add(struct rule_files *files, struct str path, struct str bytes)
{
    struct rule_file file = {arena_copy(&files->arena, path), arena_copy(&files->arena, bytes)};
    return file.path.ptr && file.bytes.ptr ? vec_push(&files->files, file) : -ENOMEM;
}

/* Takes one stream. 0 or -ENOMEM. */
static int read_stream(struct rule_files *files, struct input *input, struct input_stream *stream,
                       struct buf *bytes)
{
    struct err err = {0};
    buf_clear(bytes);
    buf_add_str(bytes, str_first(stream->map.bytes, SIGMA_FILE_MAX + 1));
    for (ssize_t got = 1; !stream->map.bytes.ptr && got > 0 && bytes->len <= SIGMA_FILE_MAX;) {
        char *to = buf_reserve(bytes, READ_STEP);
        if (!to)
            return -ENOMEM;
        got = input_read(input, to, READ_STEP, &err);
        if (got < 0) {
            fail(files, stream->path, err.message);
            return 0;
        }
        bytes->len += (size_t)got;
    }
    if (bytes->failed)
        return -ENOMEM;
    if (bytes->len > SIGMA_FILE_MAX) {
        fail(files, stream->path, "too large for a rule file");
        return 0;
    }
    return add(files, stream->path, buf_str(bytes));
}

/* The usual case, thousands of times: a small YAML file. */
static int read_plain(struct rule_files *files, const struct walk_file *file, struct buf *bytes)
{
    buf_clear(bytes);
    int status = file_read(file->path, SIGMA_FILE_MAX, bytes);
    if (status == -ENOMEM)
        return status;
    if (status < 0) {
        fail(files, str_from_c(file->path),
             status == -EFBIG ? "too large for a rule file" : strerror(-status));
        return 0;
    }
    return add(files, str_from_c(file->path), buf_str(bytes));
}

/* A file that may be an archive. */
static int read_packed(struct rule_files *files, const struct walk_file *file, struct buf *bytes)
{
    /* Every command has these settings, with their defaults where it does not take the options. */
    const struct settings *settings = &files->cli->settings;
    struct unpack_limits limits = {settings->unpack_max, settings->unpack_ratio,
                                   settings->unpack_members};
    struct err err = {0};
    struct input *input = input_open(file, &limits, &err);
    if (!input) {
        fail(files, str_from_c(file->path), err.message);
        return 0;
    }
    struct input_stream stream;
    int status = 0, next;
    while (status == 0 && (next = input_next(input, &stream, &err)) != 0) {
        bool member = !str_eq(stream.path, str_from_c(file->path));
        if (next < 0)
            fail(files, stream.path, err.message);
        else if (!member || is_yaml(stream.path))
            status = read_stream(files, input, &stream, bytes);
        if (next > 0)
            file_unmap(&stream.map);
    }
    input_close(input);
    return status;
}

static void on_walk_error(void *context, const char *path, int code)
{
    fail(context, str_from_c(path), strerror(-code));
}

/* Beneath a folder archives only; a file that is named is taken whatever its name. */
static bool may_hold_rules(const struct walk_file *file)
{
    static const char *const archives[] = {".zip", ".tar", ".tgz", ".gz", ".xz", ".zst", ".bz2"};
    struct str path = str_from_c(file->path);
    for (size_t i = 0; i < sizeof(archives) / sizeof(archives[0]); i++)
        if (str_ends(path, str_from_c(archives[i])))
            return true;
    return file->given;
}

int rule_files_read(struct rule_files *files, const text_list *paths)
{
    struct walk walk;
    struct buf bytes = {0};
    int status = 0;
    walk_init(&walk, on_walk_error, files);
    for (size_t i = 0; status == 0 && i < paths->len; i++)
        status = walk_add(&walk, paths->items[i]);
    for (size_t i = 0; status == 0 && i < walk.files.len; i++)
        if (is_yaml(str_from_c(walk.files.items[i].path)))
            status = read_plain(files, &walk.files.items[i], &bytes);
        else if (may_hold_rules(&walk.files.items[i]))
            status = read_packed(files, &walk.files.items[i], &bytes);
    walk_free(&walk);
    buf_free(&bytes);
    return status;
}

int rule_files_read_content(struct rule_files *files, const struct content *content)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < content->files.len; i++) {
        const struct content_file *file = &content->files.items[i];
        if (str_starts(file->name, STR("rules/")) && is_yaml(file->name))
            status = vec_push(&files->files, (struct rule_file){file->origin, file->bytes});
    }
    return status;
}
