#include "io/content.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "io/file.h"
#include "io/walk.h"

/* Made by tools/embed.c; ends with a NULL name. */
struct content_embedded {
    const char *name;
    const char *bytes;
    uint64_t len;
};

extern const struct content_embedded content_embedded[];

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct content_file *)a)->name,
                       ((const struct content_file *)b)->name);
}

/* "rules" of "rules/windows/x.yml". */
static struct str area_of(struct str name)
{
    return str_first(name, str_index(name, '/'));
}

static bool has_area(const struct content *content, struct str area)
{
    for (size_t i = 0; i < content->files.len; i++)
        if (str_eq(area_of(content->files.items[i].name), area))
            return true;
    return false;
}

static int read_one(struct content *content, const struct walk_file *file, size_t folder_len,
                    struct err *err)
{
    struct buf bytes = {0};
    struct str path = arena_copy(&content->arena, str_from_c(file->path));
    int status = file_read(file->path, CONTENT_FILE_MAX, &bytes);
    if (status < 0) {
        err_set(err, status, "%s: %s", file->path, strerror(-status));
        goto out;
    }
    struct str name = str_skip(path, folder_len);
    while (str_starts(name, STR("/")))
        name = str_skip(name, 1);
    struct content_file item = {name, arena_copy(&content->arena, buf_str(&bytes)), path};
    if (!path.ptr || !item.bytes.ptr || vec_push(&content->files, item) < 0)
        status = err_set(err, -ENOMEM, "%s: no memory for the content", file->path);
out:
    buf_free(&bytes);
    return status;
}

static void on_walk_error(void *context, const char *path, int code)
{
    err_set(context, code, "%s: %s", path, strerror(-code));
}

static int read_folder(struct content *content, const char *folder, struct err *err)
{
    struct walk walk;
    struct err walk_err = {0};
    walk_init(&walk, on_walk_error, &walk_err);
    int status = walk_add(&walk, folder);
    if (walk_err.code) {
        *err = walk_err;
        status = walk_err.code;
    }
    for (size_t i = 0; status == 0 && i < walk.files.len; i++)
        status = read_one(content, &walk.files.items[i], strlen(folder), err);
    if (status == 0 && walk.files.len == 0)
        status = err_set(err, -ENOENT, "%s: an empty folder is no content", folder);
    walk_free(&walk);
    return status;
}

int content_open(struct content *content, const char *folder, struct err *err)
{
    *content = (struct content){0};
    arena_init(&content->arena, CONTENT_MEMORY_MAX);
    int status = folder ? read_folder(content, folder, err) : 0;
    size_t from_folder = content->files.len;
    for (const struct content_embedded *e = content_embedded; status == 0 && e->name; e++) {
        struct content_file item = {str_from_c(e->name),
                                    {e->bytes, (size_t)e->len},
                                    arena_printf(&content->arena, "jaga:%s", e->name)};
        struct content only_folder = *content;
        only_folder.files.len = from_folder;
        if (has_area(&only_folder, area_of(item.name)))
            continue;
        if (!item.origin.ptr || vec_push(&content->files, item) < 0)
            status = err_set(err, -ENOMEM, "no memory for the content");
    }
    if (status < 0) {
        content_close(content);
        return status;
    }
    if (content->files.len)
        qsort(content->files.items, content->files.len, sizeof(content->files.items[0]), by_name);
    return 0;
}

void content_close(struct content *content)
{
    vec_free(&content->files);
    arena_free(&content->arena);
}

const struct content_file *content_find(const struct content *content, struct str name)
{
    for (size_t i = 0; i < content->files.len; i++)
        if (str_eq(content->files.items[i].name, name))
            return &content->files.items[i];
    return NULL;
}
