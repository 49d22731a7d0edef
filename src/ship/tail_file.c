#include "ship/tail_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/time.h"
#include "io/unpack.h"
#include "parse/json.h"

#define IDLE_US (5 * TIME_SECOND_US)
#define QUIET_US (TIME_SECOND_US / 2) /* records that ended a while ago are all of their group */
#define WINDOW_FIRST (512u << 10)
#define WINDOW_MAX (2 * ((size_t)PARSE_RECORD_MAX + WINDOW_FIRST)) /* a cutter may ask to see */
#define BACK_SIZE 65536 /* bytes before the end that are searched for the start of a line */

/* Of WHOLE and RECORDS, what position->state holds. */
enum { STATE_SIZE, STATE_MTIME, STATE_READ };

/* Of LINES: within one that is too long. */
enum { STATE_SKIPS };

/* ---- is it the same file? ---- */

static ssize_t read_at(int fd, char *bytes, size_t size, uint64_t offset)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = pread(fd, bytes + len, size - len, (off_t)(offset + len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static bool has_bytes(int fd, uint64_t offset, uint32_t len, uint64_t hash)
{
    char bytes[POSITION_HEAD_MAX];
    return len == 0 ||
           (read_at(fd, bytes, len, offset) == (ssize_t)len && hash_bytes(bytes, len, 0) == hash);
}

static bool counts_bytes(const struct position *position)
{
    return position->kind != POSITION_WHOLE && position->kind != POSITION_RECORDS;
}

bool tail_same_bytes(int fd, const struct position *position)
{
    return has_bytes(fd, 0, position->head_len, position->head_hash) &&
           has_bytes(fd, position->offset - position->tail_len, position->tail_len,
                     position->tail_hash);
}

bool tail_file_note(struct tail_file *file, const struct stat *st, int64_t ticks)
{
    int64_t mtime_us = tail_mtime_us(st);
    bool changed = file->size != (uint64_t)st->st_size || file->mtime_us != mtime_us;
    if (changed || file->grown == 0)
        file->grown = ticks;
    file->size = (uint64_t)st->st_size;
    file->mtime_us = mtime_us;
    return changed;
}

void tail_file_close(struct tail *tail, struct tail_file *file)
{
    if (file->fd < 0)
        return;
    close(file->fd);
    file->fd = -1;
    tail->n_open--;
}

enum tail_change tail_file_check(struct tail *tail, struct tail_file *file, int64_t ticks)
{
    struct stat st;
    bool opened = file->fd < 0;
    if (opened) {
        file->fd = open(file->position->path.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (file->fd < 0) {
            if (errno != ENOENT)
                tail->options.say(tail->options.context, file->position->path.ptr, -errno, NULL);
            return TAIL_MISSING;
        }
        tail->n_open++;
    }
    if (fstat(file->fd, &st) < 0 || st.st_dev != file->key[0] || st.st_ino != file->key[1]) {
        tail_file_close(tail, file); /* another file took its name: the next look sorts it out */
        tail->look_now = true;
        return TAIL_MISSING;
    }
    tail_file_note(file, &st, ticks);
    if (counts_bytes(file->position) && (file->size < file->position->offset ||
                                         (opened && !tail_same_bytes(file->fd, file->position))))
        return TAIL_TRUNCATED;
    return TAIL_SAME;
}

void tail_file_restart(struct tail_file *file)
{
    struct position *position = file->position;
    position->copy = false;
    position->kind = POSITION_NEW;
    position->offset = 0;
    position->head_len = position->tail_len = 0;
    position->head_hash = position->tail_hash = 0;
    buf_clear(&position->header);
    memset(position->state, 0, sizeof(position->state));
    file->skip_to = 0;
    file->changed = true;
}

/* ---- the place reached ---- */

/* Moves to `next`; the bytes before it are at the end of `behind`. */
static void move(struct tail_file *file, uint64_t next, struct str behind)
{
    struct position *position = file->position;
    size_t tail_len = next < POSITION_TAIL_MAX ? (size_t)next : POSITION_TAIL_MAX;
    struct str tail = str_skip(behind, behind.len - tail_len);
    position->offset = next;
    position->tail_len = (uint32_t)tail.len;
    position->tail_hash = hash_text(tail);
    if (position->head_len < POSITION_HEAD_MAX && position->head_len < next) {
        char head[POSITION_HEAD_MAX];
        size_t want = next < POSITION_HEAD_MAX ? (size_t)next : POSITION_HEAD_MAX;
        ssize_t got = read_at(file->fd, head, want, 0);
        position->head_len = got > 0 ? (uint32_t)got : 0;
        position->head_hash = hash_bytes(head, position->head_len, 0);
    }
}

int tail_take(struct tail *tail, struct tail_piece *piece)
{
    struct tail_file *file = piece->file;
    struct position *position = file->position;
    if (!counts_bytes(position)) {
        position->state[STATE_SIZE] = file->size;
        position->state[STATE_MTIME] = (uint64_t)file->mtime_us;
        position->state[STATE_READ] = 1;
        return 0;
    }
    if (position->kind == POSITION_CONVERT) {
        buf_free(&position->header);
        position->header = piece->cutter.header;
        piece->cutter.header = (struct buf){0};
        memcpy(position->state, piece->cutter.state, sizeof(position->state));
    }
    size_t behind = position->tail_len + (size_t)(piece->next - position->offset);
    move(file, piece->next, str_first(buf_str(&tail->bytes), behind));
    return position->header.failed ? -ENOMEM : 0;
}

/* ---- bytes ---- */

/*
 * Reads up to `want` bytes from the place reached. The bytes before it come along, to see whether they are still
 * what they were: a file may have been truncated and have grown past the place since (-ESTALE). *ret_end: there are no
 * more now.
 */
static int fill(struct tail *tail, struct tail_file *file, size_t want, struct str *ret_data,
                bool *ret_end)
{
    const struct position *position = file->position;
    uint64_t start = position->offset - position->tail_len;
    size_t size = position->tail_len + want;
    buf_clear(&tail->bytes);
    char *to = buf_reserve(&tail->bytes, size);
    if (!to)
        return -ENOMEM;
    tail->bytes.len = (size_t)read_at(file->fd, to, size, start);
    struct str bytes = buf_str(&tail->bytes);
    if (bytes.len < position->tail_len ||
        hash_text(str_first(bytes, position->tail_len)) != position->tail_hash)
        if (position->tail_len)
            return -ESTALE;
    *ret_data = str_skip(bytes, position->tail_len);
    *ret_end = ret_data->len < want;
    return 0;
}

/* Is what the file ends with all there is to come of it? */
static bool is_final(const struct tail *tail, const struct tail_file *file, struct str data,
                     int64_t ticks)
{
    int64_t idle = tail->options.idle_us ? tail->options.idle_us : IDLE_US;
    if (str_ends(data, STR("\n")) && idle > QUIET_US)
        idle = QUIET_US;
    return tail->options.once || ticks - file->grown >= idle;
}

/* ---- what is it? ---- */

/* Is every record of this JSON a line, with nothing around them? */
static bool is_json_lines(struct str head)
{
    size_t inside;
    uint32_t depth;
    struct str line;
    if (str_starts(head, STR("\xEF\xBB\xBF")))
        head = str_skip(head, 3);
    head = str_trim(head);
    return str_cut_line(&head, &line) && str_starts(line, STR("{")) &&
           str_ends(str_trim(line), STR("}")) &&
           json_wrapper_find(line, &inside, &depth) != WRAPPER_YES;
}

static enum position_kind kind_of(enum format_id format, struct str head)
{
    switch (format) {
    case FORMAT_EVTX:
        return POSITION_RECORDS;
    case FORMAT_JSON:
        return json_is_utf16(head)   ? POSITION_WHOLE
               : is_json_lines(head) ? POSITION_LINES
                                     : POSITION_CONVERT;
    case FORMAT_SYSLOG:
    case FORMAT_CEF:
    case FORMAT_LEEF:
    case FORMAT_KV:
    case FORMAT_ACCESS:
    case FORMAT_PLAIN:
        return POSITION_LINES;
    default:
        return POSITION_CONVERT;
    }
}

static void give_up(struct tail *tail, struct tail_file *file, const char *what)
{
    file->ended = true;
    tail->options.say(tail->options.context, file->position->path.ptr, -EINVAL, what);
}

/* Of what was there at the start only what comes is wanted: stands before the last line of it. */
static void skip_lines(struct tail *tail, struct tail_file *file)
{
    uint64_t start = file->skip_to > BACK_SIZE ? file->skip_to - BACK_SIZE : 0;
    buf_clear(&tail->bytes);
    char *to = buf_reserve(&tail->bytes, BACK_SIZE);
    if (!to)
        return;
    size_t got = (size_t)read_at(file->fd, to, (size_t)(file->skip_to - start), start);
    const char *line = memrchr(to, '\n', got);
    size_t len = line ? (size_t)(line + 1 - to) : got;
    if (len)
        move(file, start + len, str_of(to, len));
    file->skip_to = 0;
}

/* Looks into a file that was not read yet. False: it is too early to tell, or it is nothing for us. */
static bool recognise(struct tail *tail, struct tail_file *file, int64_t ticks)
{
    struct position *position = file->position;
    struct str head;
    const char *name;
    bool end;
    if (fill(tail, file, PARSE_PROBE_SIZE, &head, &end) < 0 || head.len == 0)
        return false;
    bool whole = memchr(head.ptr, '\n', head.len) || !end || is_final(tail, file, head, ticks);
    enum unpack_kind packed = unpack_recognise(str_first(head, UNPACK_HEAD_SIZE), &name);
    if (packed == UNPACK_FOREIGN)
        give_up(tail, file, "an archive of a kind that is not read");
    if (packed == UNPACK_FOREIGN || !whole)
        return false;
    const struct format *format =
        tail->options.format ? format_get(tail->options.format) : format_recognise(head);
    bool utf16 = str_starts(head, STR("\xFF\xFE")) || str_starts(head, STR("\xFE\xFF"));
    if (packed == UNPACK_PACKED || utf16)
        position->kind = POSITION_WHOLE;
    else if (format->id == FORMAT_PLAIN && memchr(head.ptr, '\0', head.len))
        give_up(tail, file, "binary data of no known format");
    else
        position->kind = kind_of(format->id, head);
    position->format = format->id;
    if (position->kind == POSITION_LINES && file->skip_to)
        skip_lines(tail, file);
    else if (position->kind == POSITION_LINES && str_starts(head, STR("\xEF\xBB\xBF")))
        move(file, 3, str_first(head, 3));
    return position->kind != POSITION_NEW;
}

/* ---- pieces ---- */

static void set_piece(struct tail_file *file, struct str body, uint64_t next,
                      struct tail_piece *ret_piece)
{
    ret_piece->position = file->position;
    ret_piece->path = file->position->path.ptr;
    ret_piece->mtime_us = file->mtime_us;
    ret_piece->file = file;
    ret_piece->body = body;
    ret_piece->next = next;
    ret_piece->unwanted = next <= file->skip_to;
}

/* Passes over what belongs to a line that is too long. */
static void skip_long_line(struct tail *tail, struct tail_file *file, struct str data)
{
    struct position *position = file->position;
    size_t line = str_index(data, '\n');
    size_t len = line < data.len ? line + 1 : data.len;
    if (!position->state[STATE_SKIPS]) {
        tail->lines_skipped++;
        tail->options.say(tail->options.context, position->path.ptr, 0,
                          "a line is longer than 1 MiB and was passed over");
    }
    position->state[STATE_SKIPS] = line == data.len;
    move(file, position->offset + len, str_first(buf_str(&tail->bytes), position->tail_len + len));
}

static int read_lines(struct tail *tail, struct tail_file *file, int64_t ticks,
                      struct tail_piece *ret_piece)
{
    struct position *position = file->position;
    size_t want = TAIL_PIECE_SIZE;
    for (;;) {
        struct str data;
        bool end;
        int status = fill(tail, file, want, &data, &end);
        if (status < 0)
            return status;
        const char *line = data.ptr ? memrchr(data.ptr, '\n', data.len) : NULL;
        if (data.len && position->state[STATE_SKIPS]) {
            skip_long_line(tail, file, data);
            continue;
        }
        if (!line && !end && want <= TAIL_LINE_MAX) {
            want = TAIL_LINE_MAX + 1;
            continue;
        }
        if (!line && !end) {
            skip_long_line(tail, file, data);
            continue;
        }
        if (!line && (data.len == 0 || !is_final(tail, file, data, ticks))) {
            file->changed = false;
            return 0;
        }
        size_t len = line ? (size_t)(line + 1 - data.ptr) : data.len;
        if (position->format == FORMAT_PLAIN && !tail->options.format) /* it may become clearer */
            position->format = format_recognise(str_first(data, len))->id;
        if (kind_of(position->format, data) != POSITION_LINES)
            position->format = FORMAT_PLAIN;
        set_piece(file, str_first(data, len), position->offset + len, ret_piece);
        return 1;
    }
}

static int read_records(struct tail *tail, struct tail_file *file, int64_t ticks,
                        struct tail_piece *ret_piece)
{
    const struct position *position = file->position;
    struct cutter *cutter = &ret_piece->cutter;
    for (size_t want = WINDOW_FIRST;; want *= 2) {
        struct str data, body = {0};
        bool end;
        int status = fill(tail, file, want, &data, &end);
        if (status < 0)
            return status;
        if (position->offset < file->skip_to) {
            data = str_first(data, (size_t)(file->skip_to - position->offset));
            end = position->offset + data.len == file->skip_to;
        }
        bool last = end && (position->offset < file->skip_to || is_final(tail, file, data, ticks));
        cutter->format = format_get(position->format);
        buf_clear(&cutter->header);
        buf_add_str(&cutter->header, buf_str(&position->header));
        memcpy(cutter->state, position->state, sizeof(cutter->state));
        size_t taken = data.len ? cutter->format->cut(cutter, data, last, &body) : 0;
        if (taken == 0 && data.len && (last || want >= WINDOW_MAX)) {
            body = data; /* never asked for: a cutter takes what is last, or too long */
            taken = data.len;
        }
        if (cutter->header.failed)
            return -ENOMEM;
        if (taken) {
            set_piece(file, body, position->offset + taken, ret_piece);
            ret_piece->header = buf_str(&cutter->header);
            return 1;
        }
        if (end) {
            buf_free(&cutter->header);
            file->changed = false;
            return 0;
        }
    }
}

static int read_whole(struct tail *tail, struct tail_file *file, int64_t ticks,
                      struct tail_piece *ret_piece)
{
    struct position *position = file->position;
    bool same = position->state[STATE_READ] && position->state[STATE_SIZE] == file->size &&
                position->state[STATE_MTIME] == (uint64_t)file->mtime_us;
    if (same || !is_final(tail, file, STR("\n"), ticks)) {
        file->changed = !same && file->changed;
        return 0;
    }
    if (position->kind == POSITION_WHOLE && position->state[STATE_READ]) {
        tail->options.say(tail->options.context, position->path.ptr, 0,
                          "it has changed since it was sent, and is not sent again");
        position->state[STATE_SIZE] = file->size;
        position->state[STATE_MTIME] = (uint64_t)file->mtime_us;
        file->changed = false;
        return 0;
    }
    set_piece(file, (struct str){0}, position->offset, ret_piece);
    ret_piece->unwanted = file->skip_to && !position->state[STATE_READ];
    return 1;
}

int tail_file_read(struct tail *tail, struct tail_file *file, int64_t ticks,
                   struct tail_piece *ret_piece)
{
    struct position *position = file->position;
    *ret_piece = (struct tail_piece){0};
    if (position->kind == POSITION_NEW && !recognise(tail, file, ticks)) {
        file->changed = false;
        return 0;
    }
    switch (position->kind) {
    case POSITION_LINES:
        return read_lines(tail, file, ticks, ret_piece);
    case POSITION_CONVERT:
        return read_records(tail, file, ticks, ret_piece);
    default:
        return read_whole(tail, file, ticks, ret_piece);
    }
}
