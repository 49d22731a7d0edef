/* Which files there are: new ones, those that were moved, those that are gone, and copies of those we know. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/map.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/walk.h"
#include "ship/tail_file.h"

#define LOOK_US (5 * TIME_SECOND_US) /* between two looks that nothing asked for */
#define SETTLE_US                                                                                  \
    (2 * TIME_SECOND_US) /* a file that may be a copy in the making is left alone for so long */

static struct str key_of(const struct tail_file *file)
{
    return str_of((const char *)file->key, sizeof(file->key));
}

struct tail_file *tail_add(struct tail *tail, struct position *position)
{
    struct tail_file *file = calloc(1, sizeof(*file));
    if (!file || vec_push(&tail->files, file) < 0) {
        free(file);
        return NULL;
    }
    file->position = position;
    file->key[0] = position->device;
    file->key[1] = position->inode;
    file->fd = -1;
    file->changed = true;
    return file;
}

void tail_forget(struct tail *tail, struct tail_file *file)
{
    size_t i = 0;
    while (tail->files.items[i] != file)
        i++;
    tail_file_close(tail, file);
    positions_remove(tail->positions, file->position);
    tail->files.items[i] = tail->files.items[--tail->files.len];
    free(file);
}

static struct tail_file *add_new(struct tail *tail, const char *path, const struct stat *st)
{
    struct position *position = positions_add(tail->positions);
    if (!position)
        return NULL;
    position->device = st->st_dev;
    position->inode = st->st_ino;
    struct tail_file *file =
        position_set_path(position, str_from_c(path)) == 0 ? tail_add(tail, position) : NULL;
    if (!file)
        positions_remove(tail->positions, position);
    return file;
}

static struct tail_file *find(struct tail *tail, uint64_t device, uint64_t inode)
{
    for (size_t i = 0; i < tail->files.len; i++)
        if (tail->files.items[i]->key[0] == device && tail->files.items[i]->key[1] == inode)
            return tail->files.items[i];
    return NULL;
}

/* ---- names of one folder ---- */

/* The bytes of the path before its name, with the slash. */
static struct str folder_of(struct str path)
{
    while (path.len && path.ptr[path.len - 1] != '/')
        path.len--;
    return path;
}

/* "app" of "app.log": how the names of its copies begin, whatever rotates it. */
static struct str stem_of(struct str path)
{
    struct str name = str_skip(path, folder_of(path).len);
    size_t len = name.len;
    while (len > 1 && name.ptr[len - 1] != '.')
        len--;
    return str_first(name, len > 1 ? len - 1 : name.len);
}

/* May the file of this path be a copy of the other, by its name? */
static bool is_named_alike(struct str path, struct str other)
{
    struct str folder = folder_of(path);
    return str_eq(folder, folder_of(other)) && !str_eq(path, other) &&
           str_starts(str_skip(path, folder.len), stem_of(other));
}

/*
 * Calls `each` with the other files of the folder that holds `path`, until it says true; with their path, which
 * lives for the length of the call.
 */
static bool each_beside(struct str path,
                        bool (*each)(void *context, const char *path, const struct stat *st),
                        void *context)
{
    struct buf text = {0};
    struct str folder = folder_of(path);
    struct stat st;
    bool found = false;
    buf_add_str(&text, folder.len ? folder : STR("./"));
    buf_add_byte(&text, '\0');
    DIR *open = text.failed ? NULL : opendir(text.ptr);
    for (const struct dirent *entry; open && !found && (entry = readdir(open));) {
        text.len = 0;
        buf_add_str(&text, folder);
        buf_add_c(&text, entry->d_name);
        buf_add_byte(&text, '\0');
        if (!text.failed && stat(text.ptr, &st) == 0 && S_ISREG(st.st_mode))
            found = each(context, text.ptr, &st);
    }
    if (open)
        closedir(open);
    buf_free(&text);
    return found;
}

/* ---- copies ---- */

/* Holds the file of this path all that was read of the other, in the same bytes? */
static bool holds(const char *path, const struct position *position)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool same = fd >= 0 && tail_same_bytes(fd, position);
    if (fd >= 0)
        close(fd);
    return same;
}

/* Where the other was reached is where this one was. */
static int inherit(struct position *position, const struct position *from)
{
    position->kind = from->kind;
    position->format = from->format;
    position->offset = from->offset;
    position->head_len = from->head_len;
    position->head_hash = from->head_hash;
    position->tail_len = from->tail_len;
    position->tail_hash = from->tail_hash;
    memcpy(position->state, from->state, sizeof(position->state));
    buf_clear(&position->header);
    buf_add_str(&position->header, buf_str(&from->header));
    return position->header.failed ? -ENOMEM : 0;
}

struct search {
    struct tail *tail;
    const struct position *position;
    struct tail_file *file; /* what was found */
    int status;
};

static bool is_copy(void *context, const char *path, const struct stat *st)
{
    struct search *search = context;
    const struct position *position = search->position;
    struct tail_file *known = find(search->tail, st->st_dev, st->st_ino);
    if ((known && !known->position->copy) || (uint64_t)st->st_size < position->offset ||
        !is_named_alike(str_from_c(path), position->path) || !holds(path, position))
        return false;
    search->file = known ? known : add_new(search->tail, path, st);
    search->status = search->file ? inherit(search->file->position, position) : -ENOMEM;
    if (search->file) {
        search->file->position->copy = false;
        search->file->gone = !known; /* nobody asked for it by name */
        search->file->changed = true;
    }
    return true;
}

int tail_follow_copy(struct tail *tail, struct tail_file *file)
{
    struct search search = {tail, file->position, NULL, 0};
    const struct position *position = file->position;
    if (position->head_len == 0 || position->kind == POSITION_WHOLE ||
        position->kind == POSITION_RECORDS)
        return 0;
    if (!each_beside(position->path, is_copy, &search))
        tail->options.say(
            tail->options.context, position->path.ptr, 0,
            "it was truncated, and nothing beside it is its copy: it is read from its start");
    return search.status;
}

/* The file whose copy the one of this path is, or may become. */
static struct tail_file *original_of(struct tail *tail, const char *path, uint64_t size,
                                     int64_t mtime_us, bool *ret_maybe)
{
    int64_t age = clock_now_us() - mtime_us;
    for (size_t i = 0; i < tail->files.len; i++) {
        struct tail_file *file = tail->files.items[i];
        const struct position *position = file->position;
        if (position->copy || position->head_len == 0 || position->offset == 0 ||
            !is_named_alike(str_from_c(path), position->path))
            continue;
        if (size < position->offset && age < SETTLE_US)
            *ret_maybe = true;
        else if (holds(path, position))
            return file;
    }
    return NULL;
}

/*
 * Until the original is read to its end nothing tells whether the copy has more; then what it has beyond the original is
 * its own.
 */
bool tail_stays_copy(struct tail *tail, struct tail_file *file, int64_t ticks)
{
    struct position *position = file->position;
    struct tail_file *original =
        original_of(tail, position->path.ptr, file->size, file->mtime_us, &(bool){false});
    enum tail_change change = original ? tail_file_check(tail, original, ticks) : TAIL_MISSING;
    if (change == TAIL_MISSING || inherit(position, original->position) < 0) {
        position->copy = false;
        return false;
    }
    original->changed |= change == TAIL_TRUNCATED; /* its turn comes, and looks for its copy */
    bool waits = change == TAIL_TRUNCATED ||
                 (original->position->offset < original->size && !original->ended);
    position->copy = waits || file->size <= original->size;
    file->changed = waits || !position->copy;
    return position->copy;
}

/* ---- a look ---- */

static int take_new(struct tail *tail, const char *path, const struct stat *st, int64_t ticks)
{
    bool maybe = false;
    const struct tail_file *original =
        original_of(tail, path, (uint64_t)st->st_size, tail_mtime_us(st), &maybe);
    if (maybe && !original &&
        !tail->options.once) { /* a copy in the making? It will be seen when it is done */
        if (tail->look_at > ticks + SETTLE_US / 2)
            tail->look_at = ticks + SETTLE_US / 2;
        return 0;
    }
    struct tail_file *file = add_new(tail, path, st);
    if (!file)
        return -ENOMEM;
    file->seen = true;
    file->size = (uint64_t)st->st_size;
    if (tail->options.from_end && !tail->looked)
        file->skip_to = file->size;
    if (original) {
        file->position->copy = true;
        return inherit(file->position, original->position);
    }
    return 0;
}

static int see(struct tail *tail, const struct map *known, const char *path, int64_t ticks)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return 0; /* it has gone again, or is nothing that can be followed */
    uint64_t key[2] = {st.st_dev, st.st_ino};
    uint32_t index = map_get(known, str_of((const char *)key, sizeof(key)));
    if (index == MAP_NONE)
        return find(tail, st.st_dev, st.st_ino) ? 0 : take_new(tail, path, &st, ticks);
    struct tail_file *file = tail->files.items[index];
    if (!file->seen && !str_eq(file->position->path, str_from_c(path)) &&
        position_set_path(file->position, str_from_c(path)) < 0)
        return -ENOMEM;
    file->changed |= tail_file_note(file, &st, ticks);
    file->seen = true;
    file->gone = false;
    return 0;
}

static void on_walk_error(void *context, const char *path, int code)
{
    struct tail *tail = context;
    if (!tail->looked)
        tail->options.say(tail->options.context, path, code, NULL);
}

/* Adds what one path of the person's leads to. */
static int walk_path(struct tail *tail, struct walk *walk, const char *path)
{
    struct stat st;
    glob_t matches = {0};
    if (stat(path, &st) == 0 || !strpbrk(path, "*?[")) {
        tail_watch_folder(tail, path, stat(path, &st) == 0 && S_ISDIR(st.st_mode));
        return walk_add(walk, path);
    }
    tail_watch_folder(tail, path, false);
    int status = 0;
    if (glob(path, GLOB_NOSORT, NULL, &matches) == 0)
        for (size_t i = 0; status == 0 && i < matches.gl_pathc; i++)
            status = walk_add(walk, matches.gl_pathv[i]);
    globfree(&matches);
    return status;
}

static bool is_inode(void *context, const char *path, const struct stat *st)
{
    struct search *search = context;
    if (st->st_dev != search->position->device || st->st_ino != search->position->inode)
        return false;
    search->status = position_set_path(search->file->position, str_from_c(path));
    return true;
}

/* No path of ours leads to it: it was renamed, and is read to its end; or it is gone. */
static int miss(struct tail *tail, struct tail_file *file)
{
    struct search search = {tail, file->position, file, 0};
    if (file->gone)
        return 0;
    file->gone = file->changed = true;
    if (file->fd < 0 && !each_beside(file->position->path, is_inode, &search))
        tail_forget(tail, file);
    return search.status;
}

static int make_map(const struct tail *tail, struct map *known)
{
    int status = 0;
    for (size_t i = 0; status >= 0 && i < tail->files.len; i++) {
        tail->files.items[i]->seen = false;
        status = map_put(known, key_of(tail->files.items[i]), (uint32_t)i);
    }
    return status < 0 ? status : 0;
}

int tail_look(struct tail *tail, int64_t ticks)
{
    struct walk walk;
    struct map known = {0};
    tail->look_now = false;
    tail->look_at = ticks + LOOK_US;
    walk_init(&walk, on_walk_error, tail);
    int status = make_map(tail, &known);
    for (size_t i = 0; status == 0 && i < tail->options.n_paths; i++)
        status = walk_path(tail, &walk, tail->options.paths[i]);
    struct str folder = {0};
    for (size_t i = 0; status == 0 && i < walk.files.len; i++) {
        const char *path = walk.files.items[i].path;
        struct str its = folder_of(str_from_c(path));
        if (i == 0 || !str_eq(its, folder))
            tail_watch_folder(tail, path, false);
        folder = its;
        status = see(tail, &known, path, ticks);
    }
    for (size_t i = tail->files.len; status == 0 && i-- > 0;)
        if (!tail->files.items[i]->seen)
            status = miss(tail, tail->files.items[i]);
    walk_free(&walk);
    map_free(&known);
    tail->looked = true;
    return status;
}
