#include "cli/indicators.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "intel/csv.h"
#include "intel/image.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/walk.h"

#define FLUSH_SIZE (1u << 20) /* bytes gathered before they are written */
#define NAME_BYTES_MAX 100    /* of a feed's name */

static const char *const folder_names[] = {"feeds", INTEL_ALLOW_FOLDER};

/* ---- files ---- */

static int path_in(struct buf *path, const char *data, const char *folder, const char *name)
{
    buf_clear(path);
    buf_printf(path, "%s/" INTEL_FOLDER, data);
    if (folder)
        buf_printf(path, "/%s", folder);
    if (name)
        buf_printf(path, "/%s", name);
    buf_add_byte(path, '\0');
    return path->failed ? -ENOMEM : 0;
}

/* Whole files are mapped: feeds are large. Empty ones need no map. */
static int map_path(const char *path, uint64_t size_max, struct file_map *ret_map)
{
    struct stat st;
    *ret_map = (struct file_map){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int status = fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
    if (status == 0 && (uint64_t)st.st_size > size_max)
        status = -EFBIG;
    if (status == 0 && st.st_size > 0)
        status = file_map(fd, (size_t)st.st_size, ret_map);
    close(fd);
    return status;
}

int indicators_open(const char *path, struct indicators *ret_indicators, struct err *err)
{
    struct indicators indicators = {0};
    int status = map_path(path, SIZE_MAX, &indicators.map);
    if (status < 0)
        return err_set(err, status, "%s: %s", path, strerror(-status));
    if (indicators.map.bytes.ptr) /* it is read here and there, not in order */
        madvise((void *)(uintptr_t)indicators.map.bytes.ptr, indicators.map.bytes.len, MADV_NORMAL);
    indicators.intel = intel_open(indicators.map.bytes, err);
    if (!indicators.intel) {
        char problem[ERR_MESSAGE_MAX];
        memcpy(problem, err->message, sizeof(problem));
        file_unmap(&indicators.map);
        return err_set(err, err->code, "%s: %s", path, problem);
    }
    *ret_indicators = indicators;
    return 0;
}

void indicators_close(struct indicators *indicators)
{
    intel_close(indicators->intel);
    if (indicators->built.ptr)
        buf_free(&indicators->built);
    else if (indicators->map.bytes.len)
        file_unmap(&indicators->map);
    *indicators = (struct indicators){0};
}

bool indicators_is_built(const char *path)
{
    char magic[sizeof(IMAGE_MAGIC) - 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool built = fd >= 0 && read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
                 memcmp(magic, IMAGE_MAGIC, sizeof(magic)) == 0;
    if (fd >= 0)
        close(fd);
    return built;
}

int indicators_read_feed(const char *path, const struct feed_options *options,
                         const struct feed_sink *sink, struct feed_report *report, struct err *err)
{
    struct file_map map;
    int status = map_path(path, FEED_SIZE_MAX, &map);
    if (status < 0)
        return err_set(err, status, "%s: %s", path, strerror(-status));
    const struct feed_format *format = options->columns.len ? &feed_csv : feed_recognise(map.bytes);
    status = format->read(map.bytes, options, sink, report, err);
    if (status < 0 && status == err->code) {
        char problem[ERR_MESSAGE_MAX];
        uint32_t line = err->line, column = err->column;
        memcpy(problem, err->message, sizeof(problem));
        if (line)
            err_at(err, status, line, column, "%s:%u:%u: %s", path, line, column, problem);
        else
            err_set(err, status, "%s: %s", path, problem);
    } else if (status < 0) {
        err_set(err, status, "%s: %s", path, strerror(-status));
    }
    if (map.bytes.len)
        file_unmap(&map);
    return status;
}

/* ---- a file in the making ---- */

/* Written beside its place, synced, and moved there. */
struct draft {
    const char *path;
    struct buf temporary, pending;
    int fd;
    int status;
    bool any; /* something was added */
};

static void draft_begin(struct draft *draft, const char *path)
{
    *draft = (struct draft){.path = path, .fd = -1};
    buf_printf(&draft->temporary, "%s.XXXXXX", path);
    buf_add_byte(&draft->temporary, '\0');
    if (draft->temporary.failed) {
        draft->status = -ENOMEM;
        return;
    }
    draft->fd = mkostemp(draft->temporary.ptr, O_CLOEXEC);
    if (draft->fd < 0)
        draft->status = -errno;
}

static void draft_write(struct draft *draft, struct str bytes)
{
    if (draft->status == 0)
        draft->status = file_write_fd(draft->fd, bytes);
}

/* What is pending goes out once it is much. */
static int draft_flush(struct draft *draft, size_t above)
{
    if (draft->pending.failed)
        draft->status = -ENOMEM;
    if (draft->pending.len > above) {
        draft_write(draft, buf_str(&draft->pending));
        buf_clear(&draft->pending);
    }
    return draft->status;
}

/* Puts the draft in its place, or (status < 0) throws it away. */
static int draft_end(struct draft *draft, int status)
{
    if (status == 0)
        status = draft_flush(draft, 0);
    if (status == 0 && fsync(draft->fd) < 0)
        status = -errno;
    if (draft->fd >= 0)
        close(draft->fd);
    if (status == 0 && rename(draft->temporary.ptr, draft->path) < 0)
        status = -errno;
    if (status == 0)
        status = file_sync_folder(draft->path);
    else if (draft->fd >= 0)
        unlink(draft->temporary.ptr);
    buf_free(&draft->temporary);
    buf_free(&draft->pending);
    return status;
}

/* ---- the folder ---- */

static int make_folders(const char *data, struct err *err)
{
    struct buf path = {0};
    int status = mkdir(data, 0700) < 0 && errno != EEXIST ? -errno : 0;
    for (int i = -1; status == 0 && i < 2; i++) {
        status = path_in(&path, data, i < 0 ? NULL : folder_names[i], NULL);
        if (status == 0 && mkdir(path.ptr, 0700) < 0 && errno != EEXIST)
            status = -errno;
    }
    if (status < 0)
        err_set(err, status, "%s/" INTEL_FOLDER ": %s", data, strerror(-status));
    buf_free(&path);
    return status;
}

/* Held while feeds are changed or built; the lock goes with the descriptor. */
static int lock_folder(const char *data, struct err *err)
{
    struct buf path = {0};
    int status = path_in(&path, data, NULL, "lock");
    int fd = status < 0 ? -1 : open(path.ptr, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) < 0) {
        status = err_set(err, -errno, "%s/" INTEL_FOLDER "/lock: %s", data, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = status;
    }
    buf_free(&path);
    return fd;
}

static int is_feed(const struct dirent *entry)
{
    struct str name = str_from_c(entry->d_name);
    return str_ends(name, STR(".csv")) && name.len > 4 && name.ptr[0] != '.';
}

static int each_in(const char *folder, int (*each)(void *, const char *, const char *),
                   void *context)
{
    struct dirent **entries = NULL;
    struct buf path = {0};
    int n = scandir(folder, &entries, is_feed, alphasort), status = 0;
    if (n < 0)
        return errno == ENOENT ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        char *name = entries[i]->d_name;
        buf_clear(&path);
        buf_printf(&path, "%s/%s", folder, name);
        buf_add_byte(&path, '\0');
        name[strlen(name) - strlen(".csv")] = '\0';
        if (status == 0)
            status = path.failed ? -ENOMEM : each(context, name, path.ptr);
        free(entries[i]);
    }
    free(entries);
    buf_free(&path);
    return status;
}

int indicators_each(const char *data, bool allow,
                    int (*each)(void *context, const char *name, const char *path), void *context,
                    struct err *err)
{
    struct buf folder = {0};
    int status = path_in(&folder, data, folder_names[allow], NULL);
    if (status == 0)
        status = each_in(folder.ptr, each, context);
    if (status < 0 && status != err->code)
        err_set(err, status, "%s/" INTEL_FOLDER "/%s: %s", data, folder_names[allow],
                strerror(-status));
    buf_free(&folder);
    return status;
}

/* ---- building ---- */

static const struct feed_options kept_options = {
    .confidence = INDICATOR_CONFIDENCE_UNSET, .from = TIME_UNSET, .until = TIME_UNSET};

struct build {
    struct intel_builder *builder;
    struct feed_report report;
    struct err *err;
};

static int build_indicator(void *context, const struct indicator *indicator)
{
    return intel_builder_add(((struct build *)context)->builder, indicator);
}

static int build_allow(void *context, const struct intel_allow *allow)
{
    struct err ignored; /* the reader counts it under its reason */
    return intel_builder_allow(((struct build *)context)->builder, allow, &ignored);
}

static int ignore_indicator(void *context, const struct indicator *indicator)
{
    (void)context, (void)indicator;
    return 0;
}

static int ignore_allow(void *context, const struct intel_allow *allow)
{
    (void)context, (void)allow;
    return 0;
}

static int read_kept_allow(void *context, const char *name, const char *path)
{
    struct build *build = context;
    struct feed_sink sink = {build, ignore_indicator, build_allow};
    (void)name;
    return indicators_read_feed(path, &kept_options, &sink, &build->report, build->err);
}

static int read_kept_feed(void *context, const char *name, const char *path)
{
    struct build *build = context;
    struct feed_sink sink = {build, build_indicator, ignore_allow};
    (void)name;
    return indicators_read_feed(path, &kept_options, &sink, &build->report, build->err);
}

static int write_built(const char *data, struct str bytes)
{
    struct buf path = {0};
    struct draft draft;
    int status = path_in(&path, data, NULL, INTEL_FILE_NAME);
    if (status == 0) {
        draft_begin(&draft, path.ptr);
        draft_write(&draft, bytes);
        status = draft_end(&draft, draft.status);
    }
    buf_free(&path);
    return status;
}

int indicators_build(const char *data, struct intel_builder_stats *ret_stats, struct err *err)
{
    struct build build = {.err = err};
    struct buf file = {0};
    int lock = lock_folder(data, err), status = lock < 0 ? lock : 0;
    if (status == 0 && !(build.builder = intel_builder_new(clock_now_us())))
        status = err_set(err, -ENOMEM, "no memory for indicators");
    if (status == 0)
        status = indicators_each(data, true, read_kept_allow, &build, err);
    if (status == 0)
        status = indicators_each(data, false, read_kept_feed, &build, err);
    if (status == 0) {
        status = intel_builder_finish(build.builder, &file);
        if (status == 0)
            status = write_built(data, buf_str(&file));
        if (status < 0)
            err_set(err, status, "%s/" INTEL_FOLDER "/" INTEL_FILE_NAME ": %s", data,
                    strerror(-status));
    }
    if (status == 0)
        intel_builder_stats(build.builder, ret_stats);
    intel_builder_free(build.builder);
    buf_free(&file);
    if (lock >= 0)
        close(lock);
    return status;
}

/* The name of a file without folder and ending: what a feed is called that nobody named. */
struct str indicators_feed_name(const char *path)
{
    struct str name = str_from_c(path);
    while (name.len > 1 && name.ptr[name.len - 1] == '/')
        name.len--;
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '/') {
            name = str_skip(name, i);
            break;
        }
    for (size_t i = name.len; i > 1; i--)
        if (name.ptr[i - 1] == '.')
            return str_first(name, i - 1);
    return name;
}

int indicators_build_memory(const struct cli *cli, const text_list *files,
                            struct indicators *ret_indicators,
                            struct intel_builder_stats *ret_stats, struct err *err)
{
    struct build build = {.err = err, .builder = intel_builder_new(clock_now_us())};
    struct feed_sink allow = {&build, ignore_indicator, build_allow};
    struct feed_sink take = {&build, build_indicator, ignore_allow};
    struct indicators indicators = {0};
    size_t failed = 0;
    int status = build.builder ? 0 : -ENOMEM;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; status == 0 && i < files->len; i++) {
            struct feed_options options = kept_options;
            options.source = indicators_feed_name(files->items[i]);
            int read = indicators_read_feed(files->items[i], &options, pass ? &take : &allow,
                                            &build.report, err);
            if (read == -ENOMEM)
                status = read;
            else if (read < 0 && pass == 0 && ++failed)
                cli_complain(cli, "%s", err->message);
        }
    if (status == 0)
        status = intel_builder_finish(build.builder, &indicators.built);
    if (status == 0)
        indicators.intel = intel_open(buf_str(&indicators.built), err);
    if (status == 0 && failed == files->len)
        status = err_set(err, -EINVAL, "no feed could be read");
    if (status == -ENOMEM)
        err_set(err, status, "no memory for indicators");
    if (status < 0 || !indicators.intel) {
        indicators_close(&indicators);
        buf_free(&indicators.built);
        status = status < 0 ? status : err->code;
    } else {
        intel_builder_stats(build.builder, ret_stats);
        *ret_indicators = indicators;
    }
    intel_builder_free(build.builder);
    return status;
}

/* ---- taking feeds ---- */

/* A feed on its way into the data folder: indicators and allow-lists, each a draft. */
struct taking {
    struct draft drafts[2];
};

static int take_indicator(void *context, const struct indicator *indicator)
{
    struct draft *draft = &((struct taking *)context)->drafts[0];
    draft->any = true;
    feed_csv_add_indicator(&draft->pending, indicator);
    return draft_flush(draft, FLUSH_SIZE);
}

static int take_allow(void *context, const struct intel_allow *allow)
{
    struct draft *draft = &((struct taking *)context)->drafts[1];
    draft->any = true;
    feed_csv_add_allow(&draft->pending, allow);
    return draft_flush(draft, FLUSH_SIZE);
}

/* A name becomes a file's: nothing in it may lead elsewhere. */
static int check_name(const char *name, struct err *err)
{
    struct str text = str_from_c(name);
    bool good = text.len > 0 && text.len <= NAME_BYTES_MAX && text.ptr[0] != '.';
    for (size_t i = 0; good && i < text.len; i++)
        good = text.ptr[i] != '/' && (unsigned char)text.ptr[i] >= ' ';
    return good ? 0
                : err_set(err, -EINVAL, "'%s' is no name for a feed: up to %d bytes, no slash",
                          name, NAME_BYTES_MAX);
}

static int read_into(struct taking *taking, const text_list *files,
                     const struct feed_options *options, struct feed_report *report,
                     struct err *err)
{
    struct feed_sink sink = {taking, take_indicator, take_allow};
    struct walk walk;
    int status = 0;
    walk_init(&walk, NULL, NULL);
    for (size_t i = 0; status == 0 && i < files->len; i++)
        if (access(files->items[i], R_OK) < 0)
            status = err_set(err, -errno, "%s: %s", files->items[i], strerror(errno));
        else if (walk_add(&walk, files->items[i]) < 0)
            status = err_set(err, -ENOMEM, "no memory for the names of files");
    for (size_t i = 0; status == 0 && i < walk.files.len; i++) {
        status = indicators_read_feed(walk.files.items[i].path, options, &sink, report, err);
        if (status == -EINVAL)
            status = err->code = -EBADMSG;
    }
    if (status == 0 && walk.files.len == 0)
        status = err_set(err, -ENODATA, "%s: there is no file in it", files->items[0]);
    walk_free(&walk);
    return status;
}

/* A feed without anything is a mistake, or its maker's: it takes the place of nothing. */
static int refuse_nothing(const char *name, const struct feed_report *report, struct err *err)
{
    uint64_t refused = 0;
    if (report->taken || report->allowed)
        return 0;
    for (int i = 0; i < FEED_REFUSALS; i++)
        refused += report->refused[i];
    if (refused == 0)
        return err_set(err, -ENODATA, "%s: nothing is taken: it is empty", name);
    return err_set(err, -ENODATA, "%s: nothing is taken: none of %llu values is usable", name,
                   (unsigned long long)refused);
}

int indicators_take(const char *data, const char *name, const text_list *files,
                    const struct feed_options *options, struct feed_report *report, struct err *err)
{
    struct taking taking;
    struct buf paths[2] = {{0}};
    int status = check_name(name, err), lock = -1;
    if (status == 0)
        status = make_folders(data, err);
    if (status == 0)
        status = lock = lock_folder(data, err);
    if (status < 0)
        return status;
    for (int i = 0; i < 2; i++) {
        path_in(&paths[i], data, folder_names[i], NULL);
        paths[i].len--;
        buf_printf(&paths[i], "/%s.csv", name);
        buf_add_byte(&paths[i], '\0');
        draft_begin(&taking.drafts[i], paths[i].failed ? "" : paths[i].ptr);
        buf_add_c(&taking.drafts[i].pending, feed_csv_header);
    }
    status = read_into(&taking, files, options, report, err);
    if (status == 0)
        status = refuse_nothing(name, report, err);
    for (int i = 0; i < 2; i++) {
        /* Nothing of that kind: neither is what there was before. */
        bool none = status == 0 && !taking.drafts[i].any;
        int ended = draft_end(&taking.drafts[i], none ? -ENOENT : status);
        if (none)
            unlink(paths[i].ptr);
        else if (status == 0 && ended < 0)
            status = err_set(err, ended, "%s: %s", paths[i].ptr, strerror(-ended));
        buf_free(&paths[i]);
    }
    close(lock);
    return status;
}

int indicators_forget(const char *data, const char *name, struct err *err)
{
    struct buf path = {0};
    bool any = false;
    int status = check_name(name, err), lock = -1;
    if (status == 0)
        status = lock = lock_folder(data, err);
    if (status < 0)
        return status;
    for (int i = 0; i < 2; i++) {
        path_in(&path, data, folder_names[i], NULL);
        path.len--;
        buf_printf(&path, "/%s.csv", name);
        buf_add_byte(&path, '\0');
        any = (!path.failed && unlink(path.ptr) == 0) || any;
    }
    buf_free(&path);
    close(lock);
    return any ? 0 : err_set(err, -ENOENT, "there is no feed called '%s'", name);
}
