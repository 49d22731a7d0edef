#include "measure.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <zstd.h>

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double measure_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double measure_cpu(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double measure_process_cpu(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

void measure_die(const char *what, const char *detail)
{
    fprintf(stderr, "bench: %s: %s\n", what, detail);
    exit(1);
}

void measure_free(struct str bytes)
{
    free((void *)(uintptr_t)bytes.ptr);
}

static struct str unpack(const char *path, struct str packed)
{
    unsigned long long size = ZSTD_getFrameContentSize(packed.ptr, packed.len);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > 1u << 30)
        measure_die("cannot unpack", path);
    char *bytes = malloc(size + 1);
    if (!bytes || ZSTD_decompress(bytes, size, packed.ptr, packed.len) != size)
        measure_die("cannot unpack", path);
    measure_free(packed);
    return str_of(bytes, size);
}

struct str measure_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    if (!file || fstat(fileno(file), &about) < 0)
        measure_die("cannot read", path);
    size_t size = (size_t)about.st_size;
    char *bytes = malloc(size + 1);
    if (!bytes || fread(bytes, 1, size, file) != size)
        measure_die("cannot read", path);
    fclose(file);
    struct str text = str_of(bytes, size);
    return str_ends(str_from_c(path), STR(".zst")) ? unpack(path, text) : text;
}
