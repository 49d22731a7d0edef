#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "base/utf8.h"

#define PATH_MEMORY_MAX (4u << 20) /* bytes of one stream's path and its making */

/* Bytes that were read to see what they are, and are handed out again first. */
struct head {
    char bytes[UNPACK_HEAD_SIZE];
    size_t len, used;
};

struct layer {
    struct input *input;
    unsigned index;
    struct unpack *unpack;
    size_t path_len;    /* of the path before this layer's member was added */
    int64_t mtime_us;   /* of the member that is open */
    struct head member; /* its first bytes */
};

struct input {
    int fd;          /* -1: `held` is read instead */
    struct str held; /* what is left of it */
    bool seekable;
    bool opened; /* the file's own stream was handed out */
    uint64_t size;
    int64_t mtime_us;
    const char *file_path;
    struct unpack_budget budget;
    struct head head; /* of a file that cannot seek back */
    struct layer layers[INPUT_DEPTH_MAX];
    unsigned n_layers;
    struct buf path;     /* as shown; without a NUL */
    struct arena memory; /* of the path that was handed out */
};

static size_t head_take(struct head *head, void *bytes, size_t size)
{
    size_t part = head->len - head->used < size ? head->len - head->used : size;
    if (part)
        memcpy(bytes, head->bytes + head->used, part);
    head->used += part;
    return part;
}

/* As read(2). */
static ssize_t read_own(struct input *input, void *bytes, size_t size)
{
    if (input->fd >= 0)
        return read(input->fd, bytes, size);
    struct str part = str_first(input->held, size);
    if (part.len)
        memcpy(bytes, part.ptr, part.len);
    input->held = str_skip(input->held, part.len);
    return (ssize_t)part.len;
}

static ssize_t read_file(void *context, void *bytes, size_t size, struct err *err)
{
    struct input *input = context;
    ssize_t got = (ssize_t)head_take(&input->head, bytes, size);
    if (got == 0)
        got = read_own(input, bytes, size);
    if (got < 0)
        return err_set(err, -errno, "%s", strerror(errno));
    input->budget.packed += (uint64_t)got;
    return got;
}

static int64_t seek_file(void *context, int64_t offset, int whence)
{
    struct input *input = context;
    off_t at = lseek(input->fd, offset, whence);
    return at < 0 ? -errno : at;
}

/* A layer above the first reads the member that is open in the layer below. */
static ssize_t read_layer(void *context, void *bytes, size_t size, struct err *err)
{
    struct layer *below = context;
    ssize_t got = (ssize_t)head_take(&below->member, bytes, size);
    return got > 0 ? got : unpack_read(below->unpack, bytes, size, err);
}

static int open_layer(struct input *input, struct err *err)
{
    if (input->n_layers == INPUT_DEPTH_MAX)
        return err_set(err, -E2BIG, "archives within archives, more than %d deep", INPUT_DEPTH_MAX);
    struct layer *layer = &input->layers[input->n_layers];
    struct unpack_source source = {.context = input, .read = read_file};
    if (input->n_layers > 0)
        source = (struct unpack_source){&input->layers[input->n_layers - 1], read_layer, NULL};
    else if (input->seekable)
        source.seek = seek_file;
    struct unpack *unpack = unpack_open(&source, &input->budget, err);
    if (!unpack)
        return err->code;
    *layer = (struct layer){
        .input = input, .index = input->n_layers, .unpack = unpack, .path_len = input->path.len};
    input->n_layers++;
    return 0;
}

static void close_layer(struct input *input)
{
    struct layer *layer = &input->layers[--input->n_layers];
    input->path.len = layer->path_len;
    unpack_close(layer->unpack);
    layer->unpack = NULL;
}

static int stat_file(struct input *input, const struct walk_file *file, struct err *err)
{
    struct stat st;
    if (fstat(input->fd, &st) < 0)
        return err_set(err, -errno, "%s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return err_set(err, -EISDIR, "became a folder");
    if (!S_ISREG(st.st_mode) && !file->given)
        return err_set(err, -EINVAL, "became a special file");
    input->seekable = S_ISREG(st.st_mode) && lseek(input->fd, 0, SEEK_CUR) == 0;
    input->size = S_ISREG(st.st_mode) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
    input->mtime_us = S_ISREG(st.st_mode)
                          ? (int64_t)st.st_mtim.tv_sec * TIME_SECOND_US + st.st_mtim.tv_nsec / 1000
                          : TIME_UNSET;
    return 0;
}

struct input *input_open(const struct walk_file *file, const struct unpack_limits *limits,
                         struct err *err)
{
    struct input *input = calloc(1, sizeof(*input));
    if (!input) {
        err_set(err, -ENOMEM, "no memory to open it");
        return NULL;
    }
    bool standard = file->given && !file->bytes.ptr && strcmp(file->path, "-") == 0;
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (file->given ? 0 : O_NOFOLLOW | O_NONBLOCK);
    input->held = file->bytes;
    input->fd = file->bytes.ptr ? -1 : standard ? STDIN_FILENO : open(file->path, flags);
    input->file_path = standard ? "stdin" : file->path;
    input->budget.limits = *limits;
    arena_init(&input->memory, PATH_MEMORY_MAX);
    if (file->bytes.ptr) {
        input->size = file->bytes.len;
        input->mtime_us = TIME_UNSET;
        return input;
    }
    if (input->fd < 0) {
        err_set(err, -errno, "%s", strerror(errno));
        goto failed;
    }
    if (stat_file(input, file, err) < 0)
        goto failed;
    return input;

failed:
    input_close(input);
    return NULL;
}

void input_close(struct input *input)
{
    if (!input)
        return;
    while (input->n_layers > 0)
        close_layer(input);
    if (input->fd > STDIN_FILENO)
        close(input->fd);
    buf_free(&input->path);
    arena_free(&input->memory);
    free(input);
}

/* The path as shown: valid UTF-8 whatever the member is called, and NUL-terminated. */
static struct str shown_path(struct input *input)
{
    arena_reset(&input->memory);
    struct str path = utf8_repair(buf_str(&input->path), &input->memory);
    path = path.ptr ? arena_copy(&input->memory, path) : path;
    return path.ptr ? path : str_from_c(input->file_path);
}

/* Fills a head from a source of bytes that may come in small pieces. */
static int fill_head(struct head *head, ssize_t (*read_more)(void *, void *, size_t, struct err *),
                     void *context, struct err *err)
{
    head->len = head->used = 0;
    while (head->len < sizeof(head->bytes)) {
        ssize_t got =
            read_more(context, head->bytes + head->len, sizeof(head->bytes) - head->len, err);
        if (got == 0)
            break;
        if (got < 0 && head->len > 0)
            break; /* what was read is used; the error comes again with the next read */
        if (got < 0)
            return (int)got;
        head->len += (size_t)got;
    }
    return 0;
}

static ssize_t read_fd(void *context, void *bytes, size_t size, struct err *err)
{
    struct input *input = context;
    ssize_t got = read_own(input, bytes, size);
    return got < 0 ? err_set(err, -errno, "%s", strerror(errno)) : got;
}

static ssize_t read_member(void *context, void *bytes, size_t size, struct err *err)
{
    return unpack_read(context, bytes, size, err);
}

/* Opens a layer for packed bytes: 1 when it did, 0 when they are plain, or -errno. */
static int look_inside(struct input *input, const struct head *head, struct err *err)
{
    const char *name = NULL;
    switch (unpack_recognise(str_of(head->bytes, head->len), &name)) {
    case UNPACK_PACKED: {
        int status = open_layer(input, err);
        return status < 0 ? status : 1;
    }
    case UNPACK_FOREIGN:
        return err_set(err, -ENOTSUP, "%s archives are not read: unpack it first", name);
    case UNPACK_NONE:
        break;
    }
    return 0;
}

/* The file's own stream, or its first layer (then 0, to go on with). */
static int first_stream(struct input *input, struct input_stream *ret_stream, struct err *err)
{
    input->opened = true;
    input->path.len = 0;
    buf_add_c(&input->path, input->file_path);
    *ret_stream = (struct input_stream){.path = shown_path(input)};
    int status = fill_head(&input->head, read_fd, input, err);
    if (status < 0)
        return status;
    if (input->seekable) {
        if (lseek(input->fd, 0, SEEK_SET) < 0)
            return err_set(err, -errno, "%s", strerror(errno));
        input->head.used = input->head.len;
    }
    status = look_inside(input, &input->head, err);
    if (status != 0)
        return status < 0 ? status : 0;
    ret_stream->size = input->size;
    ret_stream->mtime_us = input->mtime_us;
    if (input->seekable && input->size > 0 && input->size <= SIZE_MAX &&
        file_map(input->fd, (size_t)input->size, &ret_stream->map) < 0)
        ret_stream->map = (struct file_map){0}; /* then it is read */
    return 1;
}

/* The next member of the innermost layer: 1 a stream, 0 to go on, -errno. */
static int next_member(struct input *input, struct input_stream *ret_stream, struct err *err)
{
    struct layer *layer = &input->layers[input->n_layers - 1];
    struct unpack_member member;
    input->path.len = layer->path_len;
    int status = unpack_next(layer->unpack, &member, err);
    if (status == 0) {
        close_layer(input);
        return 0;
    }
    if (member.name.len) {
        buf_add_byte(&input->path, ':');
        buf_add_str(&input->path, member.name);
    }
    *ret_stream = (struct input_stream){.path = shown_path(input)};
    if (status < 0)
        return status;
    layer->mtime_us = member.mtime_us != TIME_UNSET ? member.mtime_us
                      : layer->index > 0            ? input->layers[layer->index - 1].mtime_us
                                                    : input->mtime_us;
    status = fill_head(&layer->member, read_member, layer->unpack, err);
    if (status < 0)
        return status;
    status = look_inside(input, &layer->member, err);
    if (status != 0)
        return status < 0 ? status : 0;
    ret_stream->size = member.size;
    ret_stream->mtime_us = layer->mtime_us;
    return 1;
}

int input_next(struct input *input, struct input_stream *ret_stream, struct err *err)
{
    int status = input->opened ? 0 : first_stream(input, ret_stream, err);
    while (status == 0 && input->n_layers > 0)
        status = next_member(input, ret_stream, err);
    return status;
}

ssize_t input_read(struct input *input, void *bytes, size_t size, struct err *err)
{
    struct layer *layer = input->n_layers ? &input->layers[input->n_layers - 1] : NULL;
    ssize_t got = (ssize_t)head_take(layer ? &layer->member : &input->head, bytes, size);
    if (got > 0)
        return got;
    if (layer)
        return unpack_read(layer->unpack, bytes, size, err);
    return read_file(input, bytes, size, err);
}

uint64_t input_position(const struct input *input)
{
    return input->budget.packed;
}
