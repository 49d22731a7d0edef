/*
 * Which indicators are new:
 *
 *     FOLDER/known.jint   a copy of the image whose indicators have looked, or need not
 *     FOLDER/new-....list what an image had that the one before it had not (intel/news.h), until its look is done
 *
 * While the centre runs, the version before has the image before, and the comparison is made before the new one takes
 * over: detection does not stand still for it. At a start the copy is asked. The ledger has the signature of what is
 * known; a copy that lags behind makes more look back than has to, never less.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/log.h"
#include "parse/json_cursor.h"
#include "watch/lookbacks_state.h"

#define KNOWN "known.jint"
#define LIST_PREFIX "new-"
#define PATH_SIZE 4096

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

static void write_row(struct found_news *found, const uint64_t counts[static INDICATOR_COUNT],
                      uint64_t sum)
{
    buf_add_c(&found->row, "{\"rule\":\"" LOOKBACKS_INDICATORS "\",");
    add_title(&found->row, counts, sum);
    buf_printf(&found->row,
               ",\"kind\":\"" LOOKBACKS_INDICATORS "\",\"count\":%llu,\"list\":\"%s\"}",
               (unsigned long long)sum, found->list);
}

static uint64_t signature_of(const struct intel *intel)
{
    return intel ? intel_signature(intel) : 0;
}

/* Writes the list, and its row where there is anything in it. */
static int compare(const struct lookbacks *lookbacks, const struct intel *before,
                   const struct intel *now, struct found_news *found)
{
    char path[PATH_SIZE];
    uint64_t counts[INDICATOR_COUNT] = {0}, sum = 0;
    *found = (struct found_news){.before = signature_of(before), .now = signature_of(now)};
    (void)snprintf(found->list, sizeof(found->list), LIST_PREFIX "%llx-%016llx.list",
                   (unsigned long long)lookbacks->options.now(), (unsigned long long)found->now);
    int r = path_of(lookbacks, str_from_c(found->list), path);
    int fd = r == 0 ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    if (fd < 0) {
        found->list[0] = '\0';
        return r < 0 ? r : -errno;
    }
    r = intel_news_write(before, now, put_piece, &fd, counts);
    for (int i = 0; i < INDICATOR_COUNT; i++)
        sum += counts[i];
    if (r == 0 && sum)
        r = file_write_fd_durable(fd, STR(""));
    close(fd);
    if (r == 0 && sum)
        write_row(found, counts, sum);
    if (r == 0 && found->row.failed)
        r = -ENOMEM;
    found->done = r == 0;
    if (r < 0 || !sum)
        news_discard(lookbacks, found);
    return r;
}

void news_discard(const struct lookbacks *lookbacks, struct found_news *found)
{
    if (found->list[0])
        news_remove(lookbacks, str_from_c(found->list));
    found->list[0] = '\0';
    buf_free(&found->row);
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

/* At a start, or where what was found out before is of other images: against the copy. */
static int compare_known(const struct lookbacks *lookbacks, uint64_t known, const struct intel *now,
                         struct found_news *found)
{
    struct file_map map;
    struct intel *before = known ? open_known(lookbacks, &map) : NULL;
    if (known && !before)
        log_say(LOG_WARN, "lookback.indicators",
                "which indicators are new can't be told, all look back: %s/" KNOWN
                " is gone, or damaged",
                lookbacks->options.folder);
    int r = compare(lookbacks, before, now, found);
    close_known(before, &map);
    return r;
}

static struct found_news take_found(struct lookbacks *lookbacks)
{
    pthread_mutex_lock(&lookbacks->lock);
    struct found_news found = lookbacks->found;
    lookbacks->found = (struct found_news){0};
    pthread_mutex_unlock(&lookbacks->lock);
    return found;
}

void lookbacks_prepare(struct lookbacks *lookbacks, const struct live_version *version)
{
    struct found_news found = take_found(lookbacks);
    struct live_version *before = take_version(lookbacks);
    news_discard(lookbacks, &found);
    if (!before)
        return;
    if (version->intel && signature_of(before->intel) != signature_of(version->intel)) {
        int r = compare(lookbacks, before->intel, version->intel, &found);
        if (r < 0)
            log_say(LOG_WARN, "lookback.indicators", "what is new can't be told yet: %s",
                    strerror(-r));
        pthread_mutex_lock(&lookbacks->lock);
        lookbacks->found = found;
        pthread_mutex_unlock(&lookbacks->lock);
    }
    before->free(before);
}

int news_find(struct lookbacks *lookbacks, const struct live_version *version, bool past,
              struct found_news *ret_found)
{
    struct found_news found = take_found(lookbacks);
    struct buf blob = {0};
    uint64_t known = 0, now = signature_of(version->intel);
    int r = blob_get(lookbacks->noting, LOOKBACKS_IMAGE, &blob);
    bool first = r == -ENOENT || blob.len != sizeof(known);
    if (r == -ENOENT)
        r = 0;
    if (!first)
        memcpy(&known, blob.ptr, sizeof(known));
    buf_free(&blob);
    bool wanted = r == 0 && !first && past && version->intel && known != now;
    if (wanted && found.done && found.before == known && found.now == now) {
        *ret_found = found;
        return 0;
    }
    news_discard(lookbacks, &found);
    if (!wanted)
        return r;
    const struct live_version *before = lookbacks->version; /* this thread alone changes it */
    return before && known && known == signature_of(before->intel)
               ? compare(lookbacks, before->intel, version->intel, ret_found)
               : compare_known(lookbacks, known, version->intel, ret_found);
}

int news_put(struct lookbacks *lookbacks, const struct live_version *version)
{
    uint64_t signature = signature_of(version->intel);
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
    bool same = known && intel_signature(known) == signature_of(version->intel);
    close_known(known, &map);
    if (same || !version->intel)
        return;
    int r = write_known(lookbacks, intel_bytes(version->intel));
    if (r < 0)
        log_say(LOG_ERROR, "lookback.indicators",
                "what is new after a restart may not be told: %s/" KNOWN ": %s",
                lookbacks->options.folder, strerror(-r));
}

/* ---- lists that nobody needs ---- */

/* The names of lists that looks still need, each between blanks. */
static int add_needed(void *context, const struct kept_lookback *lookback)
{
    struct buf *names = context;
    struct json_cursor items = json_cursor_of(lookback->rules);
    struct str name, item;
    while (lookback->state != LOOKBACK_DONE && json_cursor_next(&items, &name, &item)) {
        struct str list = json_inside(json_member(item, STR("list")));
        if (list.len == 0)
            continue;
        buf_add_byte(names, ' ');
        buf_add_str(names, list);
        buf_add_byte(names, ' ');
    }
    return 0;
}

static bool is_needed(struct str names, const char *list)
{
    char word[NEWS_LIST_MAX + 2];
    int len = snprintf(word, sizeof(word), " %s ", list);
    return len >= (int)sizeof(word) || str_find(names, str_of(word, (size_t)len)) != SIZE_MAX;
}

void news_sweep(const struct lookbacks *lookbacks, struct ledger *ledger)
{
    struct buf names = {0};
    DIR *folder = opendir(lookbacks->options.folder);
    const struct dirent *entry;
    bool known = folder && kept_lookback_list(ledger, UINT32_MAX, add_needed, &names) == 0;
    known = known && !names.failed;
    while (known && (entry = readdir(folder)))
        if (str_starts(str_from_c(entry->d_name), STR(LIST_PREFIX)) &&
            !is_needed(buf_str(&names), entry->d_name))
            news_remove(lookbacks, str_from_c(entry->d_name));
    if (folder)
        closedir(folder);
    buf_free(&names);
}
