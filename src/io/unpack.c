#include "io/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#include "base/time.h"

#define BLOCK_SIZE 65536
#define RETRIES_MAX 8

struct unpack {
    struct archive *archive;
    struct unpack_source source;
    struct unpack_budget *budget;
    const char *block; /* of the member: libarchive's, until the next one */
    size_t block_len;
    uint64_t gap;          /* zeros of a sparse file before the block */
    uint64_t position;     /* in the member */
    bool over;             /* nothing can be read any more */
    struct err source_err; /* why the packed bytes ended, when that is the reason */
    char packed[BLOCK_SIZE];
};

struct magic {
    enum unpack_kind kind;
    size_t offset;
    struct str bytes;
    const char *name;
};

static const struct magic magics[] = {
    {UNPACK_PACKED, 0, {"\x1f\x8b\x08", 3}, "gzip"},
    {UNPACK_PACKED, 0, {"\x28\xb5\x2f\xfd", 4}, "zstd"},
    {UNPACK_PACKED,
     0,
     {"\xfd"
      "7zXZ\0",
      6},
     "xz"},
    {UNPACK_PACKED, 4, {"1AY&SY", 6}, "bzip2"},                   /* after "BZh" and the level */
    {UNPACK_PACKED, 4, {"\x17\x72\x45\x38\x50\x90", 6}, "bzip2"}, /* an empty one */
    {UNPACK_PACKED, 0, {"PK\x03\x04", 4}, "zip"},
    {UNPACK_PACKED, 0, {"PK\x05\x06", 4}, "zip"}, /* an empty one */
    {UNPACK_PACKED, 0, {"7z\xbc\xaf\x27\x1c", 6}, "7z"},
    {UNPACK_PACKED, 257, {"ustar", 5}, "tar"},
    {UNPACK_FOREIGN, 0, {"Rar!\x1a\x07", 6}, "RAR"},
    {UNPACK_FOREIGN, 0, {"\x04\x22\x4d\x18", 4}, "LZ4"},
    {UNPACK_FOREIGN, 0, {"MSCF\0\0\0\0", 8}, "cabinet"},
    {UNPACK_FOREIGN, 0, {"\x1f\x9d", 2}, "compress (.Z)"},
};

enum unpack_kind unpack_recognise(struct str head, const char **ret_name)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (str_starts(str_skip(head, magics[i].offset), magics[i].bytes)) {
            *ret_name = magics[i].name;
            return magics[i].kind;
        }
    }
    return UNPACK_NONE;
}

static la_ssize_t on_read(struct archive *archive, void *context, const void **ret_bytes)
{
    struct unpack *unpack = context;
    ssize_t got = unpack->source.read(unpack->source.context, unpack->packed, BLOCK_SIZE,
                                      &unpack->source_err);
    if (got < 0) {
        archive_set_error(archive, EIO, "its source ended");
        return -1;
    }
    *ret_bytes = unpack->packed;
    return got;
}

static la_int64_t on_seek(struct archive *archive, void *context, la_int64_t offset, int whence)
{
    (void)archive;
    struct unpack *unpack = context;
    int64_t at = unpack->source.seek(unpack->source.context, offset, whence);
    return at < 0 ? ARCHIVE_FATAL : at;
}

static la_int64_t on_skip(struct archive *archive, void *context, la_int64_t count)
{
    (void)archive;
    struct unpack *unpack = context;
    if (!unpack->source.seek)
        return 0;
    int64_t before = unpack->source.seek(unpack->source.context, 0, SEEK_CUR);
    int64_t after = unpack->source.seek(unpack->source.context, count, SEEK_CUR);
    return before < 0 || after < before ? 0 : after - before;
}

static int fail(struct unpack *unpack, struct err *err)
{
    const char *text = archive_error_string(unpack->archive);
    if (unpack->source_err.code) {
        *err = unpack->source_err;
        return err->code;
    }
    return err_set(err, -EIO, "archive is damaged: %s", text ? text : "no reason given");
}

struct unpack *unpack_open(const struct unpack_source *source, struct unpack_budget *budget,
                           struct err *err)
{
    struct unpack *unpack = calloc(1, sizeof(*unpack));
    struct archive *archive = archive_read_new();
    if (!unpack || !archive) {
        err_set(err, -ENOMEM, "no memory to unpack");
        goto failed;
    }
    unpack->archive = archive;
    unpack->source = *source;
    unpack->budget = budget;
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    if (source->seek)
        archive_read_support_format_7zip(archive);
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    archive_read_set_callback_data(archive, unpack);
    archive_read_set_read_callback(archive, on_read);
    archive_read_set_skip_callback(archive, on_skip);
    if (source->seek)
        archive_read_set_seek_callback(archive, on_seek);
    if (archive_read_open1(archive) < ARCHIVE_WARN) {
        fail(unpack, err);
        goto failed;
    }
    return unpack;

failed:
    if (archive)
        archive_read_free(archive);
    free(unpack);
    return NULL;
}

void unpack_close(struct unpack *unpack)
{
    if (!unpack)
        return;
    archive_read_free(unpack->archive);
    free(unpack);
}

static int over(struct unpack *unpack, int status)
{
    unpack->over = true;
    return status;
}

static void describe(struct unpack *unpack, struct archive_entry *entry,
                     struct unpack_member *ret_member)
{
    const char *name = archive_entry_pathname_utf8(entry);
    if (!name)
        name = archive_entry_pathname(entry);
    bool raw = archive_format(unpack->archive) == ARCHIVE_FORMAT_RAW;
    la_int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
    *ret_member = (struct unpack_member){
        .name = raw ? (struct str){"", 0} : str_from_c(name ? name : "?"),
        .size = size > 0 ? (uint64_t)size : 0,
        .mtime_us = TIME_UNSET,
    };
    time_t mtime = archive_entry_mtime(entry);
    if (archive_entry_mtime_is_set(entry) && mtime > 0 && mtime < INT64_MAX / TIME_SECOND_US)
        ret_member->mtime_us = (int64_t)mtime * TIME_SECOND_US;
}

int unpack_next(struct unpack *unpack, struct unpack_member *ret_member, struct err *err)
{
    struct archive_entry *entry;
    unpack->block_len = 0;
    unpack->gap = 0;
    unpack->position = 0;
    *ret_member = (struct unpack_member){.name = {"", 0}, .mtime_us = TIME_UNSET};
    for (unsigned retries = 0; !unpack->over;) {
        int status = archive_read_next_header(unpack->archive, &entry);
        if (status == ARCHIVE_EOF)
            return over(unpack, 0);
        if (status == ARCHIVE_RETRY && retries++ < RETRIES_MAX)
            continue;
        if (status == ARCHIVE_FATAL || status == ARCHIVE_RETRY)
            return over(unpack, fail(unpack, err));
        if (++unpack->budget->members > unpack->budget->limits.members_max)
            return over(unpack, err_set(err, -E2BIG,
                                        "archive has more than %llu members (--unpack-members)",
                                        (unsigned long long)unpack->budget->limits.members_max));
        if (status == ARCHIVE_FAILED)
            return fail(unpack, err);
        if (archive_format(unpack->archive) == ARCHIVE_FORMAT_EMPTY)
            return over(unpack, 0);
        /* Raw streams have no file type; folders, links and devices have no content. */
        if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != 0)
            continue;
        if (archive_entry_hardlink(entry))
            continue;
        describe(unpack, entry, ret_member);
        if (archive_entry_is_encrypted(entry))
            return err_set(err, -EACCES, "encrypted: unpack it with its password first");
        return 1;
    }
    return 0;
}

static int check_budget(struct unpack *unpack, struct err *err)
{
    const struct unpack_budget *budget = unpack->budget;
    if (budget->unpacked > budget->limits.bytes_max)
        return err_set(err, -E2BIG, "archive holds more than %llu bytes (--unpack-max)",
                       (unsigned long long)budget->limits.bytes_max);
    if (budget->unpacked > UNPACK_RATIO_FREE &&
        budget->unpacked / budget->limits.ratio_max > budget->packed)
        return err_set(err, -E2BIG,
                       "archive expands more than %llu-fold: taken for a zip bomb (--unpack-ratio)",
                       (unsigned long long)budget->limits.ratio_max);
    return 0;
}

/* Fetches the member's next block: 1, 0 at its end, or -errno. */
static int next_block(struct unpack *unpack, struct err *err)
{
    for (unsigned retries = 0;; retries++) {
        const void *block = NULL;
        size_t len = 0;
        la_int64_t offset = 0;
        int status = archive_read_data_block(unpack->archive, &block, &len, &offset);
        if (status == ARCHIVE_EOF)
            return 0;
        if (status == ARCHIVE_RETRY && retries < RETRIES_MAX)
            continue;
        if (status == ARCHIVE_FATAL || status == ARCHIVE_RETRY)
            return over(unpack, fail(unpack, err));
        if (status != ARCHIVE_OK)
            return fail(unpack, err);
        if (offset < 0 || (uint64_t)offset < unpack->position)
            return over(unpack,
                        err_set(err, -EIO, "archive is damaged: a member's blocks overlap"));
        unpack->block = block;
        unpack->block_len = len;
        unpack->gap = (uint64_t)offset - unpack->position;
        if (len || unpack->gap)
            return 1;
    }
}

ssize_t unpack_read(struct unpack *unpack, void *bytes, size_t size, struct err *err)
{
    if (unpack->over || size == 0)
        return 0;
    if (unpack->gap == 0 && unpack->block_len == 0) {
        int status = next_block(unpack, err);
        if (status <= 0)
            return status;
    }
    size_t part = unpack->gap ? (unpack->gap < size ? (size_t)unpack->gap : size)
                              : (unpack->block_len < size ? unpack->block_len : size);
    unpack->budget->unpacked += part;
    int status = check_budget(unpack, err);
    if (status < 0)
        return over(unpack, status);
    if (unpack->gap) {
        memset(bytes, 0, part);
        unpack->gap -= part;
    } else {
        memcpy(bytes, unpack->block, part);
        unpack->block += part;
        unpack->block_len -= part;
    }
    unpack->position += part;
    return (ssize_t)part;
}
