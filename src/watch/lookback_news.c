/*
 * Which indicators are new:
 *
 *     FOLDER/known.jint   a copy of the image whose indicators have looked, or need not
 *     FOLDER/new-....list what an image had that the one before it had not (intel/news.h), until its look is done
 *
 * While the centre runs, the version before has the image before. After a start the copy is asked; the ledger has its
 * signature, as it may lag behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/log.h"
#include "watch/lookbacks_state.h"

#define KNOWN "known.jint"
#define PATH_SIZE 4096
#define LIST_NAME_MAX 64

static int path_of(const struct lookbacks *lookbacks, struct str name, char ret_path[PATH_SIZE])
{
    int len = snprintf(ret_path, PATH_SIZE, "%s/%.*s", lookbacks->options.folder, STR_ARG(name));
    return len < PATH_SIZE ? 0 : -ENAMETOOLONG;
}

static int map_file(const struct lookbacks *lookbacks, struct str name, struct file_map *ret_map)
{
    char path[PATH_SIZE];
    struct stat st;
    int r = path_of(lookbacks, name, path);
    int fd = r == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return r < 0 ? r : -errno;
    r = fstat(fd, &st) < 0 ? -errno : st.st_size == 0 ? -EINVAL : 0;
    if (r == 0)
        r = file_map(fd, (size_t)st.st_size, ret_map);
    close(fd);
    return r;
}

/* ---- lists ---- */

static int put_piece(void *context, struct str bytes)
{
    return file_write_fd(*(const int *)context, bytes);
}

/* The title of the row: how many of which types. */
static void add_title(struct buf *json, const uint64_t counts[static INDICATOR_COUNT], uint64_t sum)
{
    const char *before = " (";
    buf_printf(json, "\"title\":\"%llu new indicator%s", (unsigned long long)sum,
               sum == 1 ? "" : "s");
    for (int i = 0; i < INDICATOR_COUNT; i++) {
        if (!counts[i])
            continue;
        buf_printf(json, "%s%llu %s", before, (unsigned long long)counts[i],
                   indicator_type_names[i]);
        before = ", ";
    }
    buf_add_c(json, ")\"");
}

static void add_row(struct buf *json, const char *list,
                    const uint64_t counts[static INDICATOR_COUNT], uint64_t sum)
{
    buf_add_byte(json, json->len ? ',' : '[');
    buf_add_c(json, "{\"rule\":\"" LOOKBACKS_INDICATORS "\",");
    add_title(json, counts, sum);
    buf_printf(json, ",\"kind\":\"" LOOKBACKS_INDICATORS "\",\"count\":%llu,\"list\":\"%s\"}",
               (unsigned long long)sum, list);
}

/* Writes the list, and its row where there is anything in it. */
static int compare(struct lookbacks *lookbacks, const struct intel *before, const struct intel *now,
                   struct buf *json)
{
    char name[LIST_NAME_MAX], path[PATH_SIZE];
    uint64_t counts[INDICATOR_COUNT] = {0}, sum = 0;
    int len = snprintf(name, sizeof(name), "new-%llx-%016llx.list",
                       (unsigned long long)lookbacks->options.now(),
                       (unsigned long long)intel_signature(now));
    int r = path_of(lookbacks, str_of(name, (size_t)len), path);
    int fd = r == 0 ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return r < 0 ? r : -errno;
    r = intel_news_write(before, now, put_piece, &fd, counts);
    if (r == 0)
        r = file_write_fd_durable(fd, STR(""));
    close(fd);
    for (int i = 0; i < INDICATOR_COUNT; i++)
        sum += counts[i];
    if (r == 0 && sum)
        add_row(json, name, counts, sum);
    else
        (void)unlink(path);
    return r;
}

int news_open(const struct lookbacks *lookbacks, struct str list, const struct intel *intel,
              struct job_news *ret_news, struct err *err)
{
    if (list.len == 0 || !intel)
        return 0;
    int r = map_file(lookbacks, list, &ret_news->map);
    if (r < 0)
        return err_set(err, r, "the list of its indicators can't be read: %s", strerror(-r));
    ret_news->news = intel_news_open(ret_news->map.bytes, intel, err);
    if (ret_news->news)
        return 0;
    file_unmap(&ret_news->map);
    return err->code;
}

void news_close(struct job_news *news)
{
    if (!news->news)
        return;
    intel_news_close(news->news);
    file_unmap(&news->map);
    news->news = NULL;
}

void news_remove(const struct lookbacks *lookbacks, struct str list)
{
    char path[PATH_SIZE];
    if (path_of(lookbacks, list, path) == 0)
        (void)unlink(path);
}

/* ---- what is known ---- */

/* The copy; NULL: there is none that can be read. */
static struct intel *open_known(const struct lookbacks *lookbacks, struct file_map *map)
{
    struct err err = {0};
    if (map_file(lookbacks, STR(KNOWN), map) < 0)
        return NULL;
    struct intel *intel = intel_open(map->bytes, &err);
    if (!intel)
        file_unmap(map);
    return intel;
}

static void close_known(struct intel *intel, struct file_map *map)
{
    if (!intel)
        return;
    intel_close(intel);
    file_unmap(map);
}

static uint64_t signature_of(const struct live_version *version)
{
    return version->intel ? intel_signature(version->intel) : 0;
}

/* At a start, against what the last run knew. */
static int compare_known(struct lookbacks *lookbacks, uint64_t known, const struct intel *now,
                         struct buf *json)
{
    struct file_map map;
    struct intel *before = known ? open_known(lookbacks, &map) : NULL;
    int r = 0;
    if (known && !before)
        log_say(LOG_WARN, "lookback.indicators",
                "which indicators are new can't be told: %s/" KNOWN " is gone, or damaged",
                lookbacks->options.folder);
    else
        r = compare(lookbacks, before, now, json);
    close_known(before, &map);
    return r;
}

int news_note(struct lookbacks *lookbacks, const struct live_version *version, bool past,
              struct buf *json)
{
    struct buf blob = {0};
    uint64_t known = 0;
    int r = blob_get(lookbacks->noting, LOOKBACKS_IMAGE, &blob);
    bool first = r == -ENOENT || blob.len != sizeof(known);
    if (!first)
        memcpy(&known, blob.ptr, sizeof(known));
    buf_free(&blob);
    if (first || !past || !version->intel || known == signature_of(version))
        return r == -ENOENT ? 0 : r;
    if (lookbacks->version && known == signature_of(lookbacks->version))
        return compare(lookbacks, lookbacks->version->intel, version->intel, json);
    return compare_known(lookbacks, known, version->intel, json);
}

int news_put(struct lookbacks *lookbacks, const struct live_version *version)
{
    uint64_t signature = signature_of(version);
    return blob_put(lookbacks->noting, LOOKBACKS_IMAGE,
                    str_of((const char *)&signature, sizeof(signature)));
}

static int write_known(const struct lookbacks *lookbacks, struct str bytes)
{
    char path[PATH_SIZE], made[PATH_SIZE];
    int r = path_of(lookbacks, STR(KNOWN), path);
    if (r == 0)
        r = path_of(lookbacks, STR(KNOWN ".new"), made);
    int fd = r == 0 ? open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return r < 0 ? r : -errno;
    r = file_write_fd_durable(fd, bytes);
    if (close(fd) < 0 && r == 0)
        r = -errno;
    return r == 0 && rename(made, path) < 0 ? -errno : r;
}

void news_save(struct lookbacks *lookbacks, const struct live_version *version)
{
    struct file_map map;
    struct intel *known = open_known(lookbacks, &map);
    bool same = known && intel_signature(known) == signature_of(version);
    close_known(known, &map);
    if (same || !version->intel)
        return;
    int r = write_known(lookbacks, intel_bytes(version->intel));
    if (r < 0)
        log_say(LOG_ERROR, "lookback.indicators",
                "what is new after a restart may not be told: %s/" KNOWN ": %s",
                lookbacks->options.folder, strerror(-r));
}
