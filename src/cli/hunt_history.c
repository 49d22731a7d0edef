#include "cli/hunt_history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "io/file.h"

struct hunt_history {
    struct buf path; /* with its NUL; empty: there is no file */
    struct buf text; /* of the file when it was opened */
    VEC(struct str) queries;
};

/* Makes the folder that `path` has so far. */
static bool make_folder(struct buf *path)
{
    buf_add_byte(path, '\0');
    bool made = !path->failed && (mkdir(path->ptr, 0700) == 0 || errno == EEXIST);
    path->len--;
    return made;
}

/* XDG Base Directory Specification: state is under $XDG_STATE_HOME, else ~/.local/state. */
static bool make_path(struct buf *path)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/') {
        buf_add_c(path, state);
    } else if (home && home[0] == '/') {
        buf_printf(path, "%s/.local", home);
        if (!make_folder(path))
            return false;
        buf_add_c(path, "/state");
    } else {
        return false;
    }
    if (!make_folder(path))
        return false;
    buf_add_c(path, "/jaga");
    if (!make_folder(path))
        return false;
    buf_add_c(path, "/hunt_history");
    buf_add_byte(path, '\0');
    return !path->failed;
}

/* Writes the latest queries to a file that takes the place of the one that has grown too long. */
static void cut_file(const struct hunt_history *history)
{
    struct buf text = {0}, path = {0};
    for (size_t i = 0; i < history->queries.len; i++) {
        buf_add_str(&text, history->queries.items[i]);
        buf_add_byte(&text, '\n');
    }
    buf_printf(&path, "%s.new", history->path.ptr);
    buf_add_byte(&path, '\0');
    int fd = path.failed || text.failed
                 ? -1
                 : open(path.ptr, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        if (file_write_fd(fd, buf_str(&text)) == 0)
            rename(path.ptr, history->path.ptr);
        close(fd);
    }
    buf_free(&path);
    buf_free(&text);
}

static void read_file(struct hunt_history *history)
{
    size_t n = 0;
    struct str line;
    int status = file_read(history->path.ptr, HUNT_HISTORY_BYTES_MAX, &history->text);
    if (status == -EFBIG)
        buf_clear(&history->text);
    for (struct str rest = buf_str(&history->text); str_cut_line(&rest, &line);)
        n += line.len > 0;
    size_t skipped = n > HUNT_HISTORY_MAX ? n - HUNT_HISTORY_MAX : 0;
    for (struct str rest = buf_str(&history->text); str_cut_line(&rest, &line);) {
        if (line.len == 0 || (skipped > 0 && skipped--))
            continue;
        if (vec_push(&history->queries, line) < 0)
            return;
    }
    if (n > 2 * (size_t)HUNT_HISTORY_MAX || status == -EFBIG)
        cut_file(history);
}

struct hunt_history *hunt_history_open(void)
{
    struct hunt_history *history = calloc(1, sizeof(*history));
    if (!history)
        return NULL;
    if (make_path(&history->path))
        read_file(history);
    else
        buf_clear(&history->path);
    return history;
}

void hunt_history_close(struct hunt_history *history)
{
    if (!history)
        return;
    vec_free(&history->queries);
    buf_free(&history->text);
    buf_free(&history->path);
    free(history);
}

size_t hunt_history_count(const struct hunt_history *history)
{
    return history->queries.len;
}

struct str hunt_history_get(const struct hunt_history *history, size_t index)
{
    return history->queries.items[index];
}

void hunt_history_add(struct hunt_history *history, struct str query)
{
    struct buf line = {0};
    if (history->path.len == 0)
        return;
    buf_add_str(&line, query);
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.ptr[i] < ' ')
            line.ptr[i] = ' ';
    buf_add_byte(&line, '\n');
    int fd = open(history->path.ptr, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && !line.failed)
        file_write_fd(fd, buf_str(&line)); /* one write: lines of several prompts don't mix */
    if (fd >= 0)
        close(fd);
    buf_free(&line);
}
