#include "io/changes.h"

#include <fts.h>
#include <sys/stat.h>

#include "base/hash.h"

static uint64_t mix_file(uint64_t signature, const FTSENT *entry)
{
    uint64_t parts[4] = {hash_bytes(entry->fts_path, entry->fts_pathlen, 0)};
    if (entry->fts_info != FTS_NS) {
        const struct stat *file = entry->fts_statp;
        parts[1] = (uint64_t)file->st_size;
        parts[2] = (uint64_t)file->st_mtim.tv_sec * 1000000000u + (uint64_t)file->st_mtim.tv_nsec;
        parts[3] = (uint64_t)file->st_ino;
    }
    return hash_mix(signature, hash_bytes(parts, sizeof(parts), 0));
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

uint64_t changes_signature(uint64_t signature, const char *path)
{
    char *const paths[] = {(char *)(uintptr_t)path, NULL};
    FTS *walk = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (!walk)
        return signature;
    const FTSENT *entry;
    for (uint32_t n = 0; n < CHANGES_FILES_MAX && (entry = fts_read(walk)); n++)
        if (entry->fts_info == FTS_F || entry->fts_info == FTS_NS || entry->fts_info == FTS_D)
            signature = mix_file(signature, entry);
    fts_close(walk);
    return signature;
}
