#include "ship/position.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "io/file.h"

#define NAME "positions"
#define NAME_NEW "positions.new"
#define MAGIC "jaga-ship"
#define VERSION 1
#define HEADER_MAX (16u << 20) /* of a cutter */

static void position_free(struct position *position)
{
    free((void *)(uintptr_t)position->path.ptr);
    buf_free(&position->header);
    free(position);
}

struct position *positions_add(struct positions *positions)
{
    struct position *position = NULL;
    if (positions->files.len < POSITION_FILES_MAX)
        position = calloc(1, sizeof(*position));
    if (position && vec_push(&positions->files, position) < 0) {
        free(position);
        position = NULL;
    }
    return position;
}

void positions_remove(struct positions *positions, struct position *position)
{
    size_t i = 0;
    while (positions->files.items[i] != position)
        i++;
    positions->files.items[i] = positions->files.items[--positions->files.len];
    position_free(position);
}

void positions_clear_parts(struct positions *positions)
{
    for (size_t i = 0; i < positions->parts.len; i++)
        buf_free(&positions->parts.items[i].bytes);
    positions->parts.len = 0;
}

void positions_free(struct positions *positions)
{
    for (size_t i = 0; i < positions->files.len; i++)
        position_free(positions->files.items[i]);
    positions_clear_parts(positions);
    vec_free(&positions->files);
    vec_free(&positions->parts);
}

int position_set_path(struct position *position, struct str path)
{
    char *copy = str_dup(path);
    if (!copy)
        return -ENOMEM;
    free((void *)(uintptr_t)position->path.ptr);
    position->path = str_from_c(copy);
    return 0;
}

/* ---- text ---- */

static const char *format_name(enum format_id format)
{
    const struct format *row = format_get(format);
    return row ? row->name : "unknown";
}

static void write_file(const struct position *file, struct buf *out)
{
    buf_printf(out, "%s %d %s", file->copy ? "copy" : "file", (int)file->kind,
               format_name(file->format));
    const uint64_t numbers[] = {
        file->device,   file->inode,      file->offset,   file->head_len, file->head_hash,
        file->tail_len, file->tail_hash,  file->state[0], file->state[1], file->state[2],
        file->state[3], file->header.len, file->path.len,
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        buf_add_byte(out, ' ');
        buf_add_u64(out, numbers[i]);
    }
    buf_add_byte(out, '\n');
    buf_add_str(out, buf_str(&file->header));
    buf_add_str(out, file->path);
    buf_add_byte(out, '\n');
}

void positions_write(const struct positions *positions, struct buf *out)
{
    size_t start = out->len;
    buf_printf(out, MAGIC " %d %llu %llu\n", VERSION, (unsigned long long)positions->producer,
               (unsigned long long)positions->sequence);
    for (size_t i = 0; i < positions->files.len; i++)
        write_file(positions->files.items[i], out);
    for (size_t i = 0; i < positions->parts.len; i++) {
        const struct position_part *part = &positions->parts.items[i];
        buf_printf(out, "part %s %d %llu %zu\n", format_name(part->format), part->packed,
                   (unsigned long long)part->events, part->bytes.len);
        buf_add_str(out, buf_str(&part->bytes));
        buf_add_byte(out, '\n');
    }
    if (!out->failed)
        buf_printf(out, "end %llu\n",
                   (unsigned long long)hash_bytes(out->ptr + start, out->len - start, 0));
}

/* The next word of a line as a number of at most `max`. */
static bool take_number(struct str *line, uint64_t max, uint64_t *ret_number)
{
    struct str word;
    uint64_t number;
    if (!str_cut(line, ' ', &word) || str_to_u64(word, &number) < 0 || number > max)
        return false;
    *ret_number = number;
    return true;
}

static bool take_format(struct str *line, enum format_id *ret_format)
{
    struct str word;
    if (!str_cut(line, ' ', &word))
        return false;
    const struct format *format = format_by_name(word);
    *ret_format = format ? format->id : FORMAT_UNKNOWN;
    return format || str_eq(word, STR("unknown"));
}

/* `len` bytes and the line end behind them. */
static bool take_bytes(struct str *rest, uint64_t len, struct str *ret_bytes)
{
    if (rest->len <= len || rest->ptr[len] != '\n')
        return false;
    *ret_bytes = str_first(*rest, (size_t)len);
    *rest = str_skip(*rest, (size_t)len + 1);
    return true;
}

static int parse_file(struct str line, bool copy, struct str *rest, struct positions *positions)
{
    struct position *file = positions_add(positions);
    uint64_t kind = 0, head_len = 0, tail_len = 0, header_len, path_len;
    struct str bytes;
    if (!file)
        return -ENOMEM;
    bool ok = take_number(&line, POSITION_KINDS - 1, &kind) && take_format(&line, &file->format) &&
              take_number(&line, UINT64_MAX, &file->device) &&
              take_number(&line, UINT64_MAX, &file->inode) &&
              take_number(&line, INT64_MAX, &file->offset) &&
              take_number(&line, POSITION_HEAD_MAX, &head_len) &&
              take_number(&line, UINT64_MAX, &file->head_hash) &&
              take_number(&line, POSITION_TAIL_MAX, &tail_len) &&
              take_number(&line, UINT64_MAX, &file->tail_hash);
    for (size_t i = 0; ok && i < 4; i++)
        ok = take_number(&line, UINT64_MAX, &file->state[i]);
    if (!ok || !take_number(&line, HEADER_MAX, &header_len) ||
        !take_number(&line, POSITION_SIZE_MAX, &path_len) || line.len ||
        !take_bytes(rest, header_len + path_len, &bytes))
        return -EINVAL;
    file->copy = copy;
    file->kind = (enum position_kind)kind;
    file->head_len = (uint32_t)head_len;
    file->tail_len = (uint32_t)tail_len;
    buf_add_str(&file->header, str_first(bytes, (size_t)header_len));
    int status = position_set_path(file, str_skip(bytes, (size_t)header_len));
    return file->header.failed ? -ENOMEM : status;
}

static int parse_part(struct str line, struct str *rest, struct positions *positions)
{
    struct position_part part = {0};
    uint64_t packed, len;
    struct str bytes;
    if (!take_format(&line, &part.format) || !take_number(&line, 1, &packed) ||
        !take_number(&line, UINT64_MAX, &part.events) ||
        !take_number(&line, POSITION_SIZE_MAX, &len) || line.len ||
        !take_bytes(rest, len, &bytes) || positions->parts.len == POSITION_PARTS_MAX)
        return -EINVAL;
    part.packed = packed;
    buf_add_str(&part.bytes, bytes);
    if (part.bytes.failed || vec_push(&positions->parts, part) < 0) {
        buf_free(&part.bytes);
        return -ENOMEM;
    }
    return 0;
}

/* The lines between the first and the last. */
static int parse_lines(struct str *rest, struct positions *positions)
{
    int status = 0;
    while (status == 0 && rest->len) {
        struct str line, word;
        if (!take_bytes(rest, str_index(*rest, '\n'), &line) || !str_cut(&line, ' ', &word))
            status = -EINVAL;
        else if (str_eq(word, STR("file")) || str_eq(word, STR("copy")))
            status = parse_file(line, str_eq(word, STR("copy")), rest, positions);
        else if (str_eq(word, STR("part")))
            status = parse_part(line, rest, positions);
        else
            status = -EINVAL;
    }
    return status;
}

/* Takes "end CHECKSUM\n" off the end of *text, where the checksum is right. */
static bool take_end(struct str *text)
{
    struct str line, rest;
    uint64_t checksum;
    size_t start = text->len;
    if (start == 0 || text->ptr[--start] != '\n')
        return false;
    while (start && text->ptr[start - 1] != '\n')
        start--;
    rest = str_skip(*text, start);
    line = str_first(rest, rest.len - 1);
    if (!str_starts(line, STR("end ")) || str_to_u64(str_skip(line, 4), &checksum) < 0 ||
        checksum != hash_bytes(text->ptr, start, 0))
        return false;
    text->len = start;
    return true;
}

int positions_parse(struct str text, struct positions *positions)
{
    struct str line, word;
    uint64_t version;
    int status = -EINVAL;
    if (take_end(&text) && take_bytes(&text, str_index(text, '\n'), &line) &&
        str_cut(&line, ' ', &word) && str_eq(word, STR(MAGIC)) &&
        take_number(&line, VERSION, &version) &&
        take_number(&line, UINT64_MAX, &positions->producer) && positions->producer &&
        take_number(&line, UINT64_MAX / 2, &positions->sequence) && line.len == 0)
        status = parse_lines(&text, positions);
    if (status < 0)
        positions_free(positions);
    return status;
}

/* ---- files ---- */

/* Reads what the folder has; -ENOENT: nothing yet. */
static int load(int dir_fd, struct positions *positions)
{
    struct buf text = {0};
    int fd = openat(dir_fd, NAME, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int status = file_read_fd(fd, POSITION_SIZE_MAX, &text);
    close(fd);
    if (status == 0)
        status = positions_parse(buf_str(&text), positions);
    buf_free(&text);
    return status;
}

static int new_producer(struct positions *positions)
{
    while (positions->producer == 0)
        if (getrandom(&positions->producer, sizeof(positions->producer), 0) < 0)
            return -errno;
    return 0;
}

int positions_open(const char *dir, struct positions *positions, struct err *err)
{
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "%s: %s", dir, strerror(errno));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Another sender with the same positions would send everything twice. */
    int status = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
    if (status == -EWOULDBLOCK)
        err_set(err, status, "%s: another jaga ship works with this folder", dir);
    else if (status < 0)
        err_set(err, status, "%s: %s", dir, strerror(-status));
    if (status == 0) {
        status = load(fd, positions);
        positions->is_new = status == -ENOENT;
        if (positions->is_new)
            status = new_producer(positions);
        if (status == -EINVAL)
            err_set(err, status,
                    "%s/" NAME " is damaged; without it, files are sent from their start", dir);
        else if (status < 0)
            err_set(err, status, "%s/" NAME ": %s", dir, strerror(-status));
    }
    if (status < 0 && fd >= 0)
        close(fd);
    return status < 0 ? status : fd;
}

int positions_save(int dir_fd, const struct positions *positions)
{
    struct buf text = {0};
    positions_write(positions, &text);
    int fd =
        text.failed ? -1 : openat(dir_fd, NAME_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int status = text.failed ? -ENOMEM
                 : fd < 0    ? -errno
                             : file_write_fd_durable(fd, buf_str(&text));
    if (fd >= 0 && close(fd) < 0 && status == 0)
        status = -errno;
    if (status == 0 && renameat(dir_fd, NAME_NEW, dir_fd, NAME) < 0)
        status = -errno;
    if (status == 0 && fsync(dir_fd) < 0)
        status = -errno;
    buf_free(&text);
    return status;
}
