/*
 * archive: any bytes as an archive, members and archives within it read to their end, under
 * small limits. What is checked: the limits hold, and reading ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/unpack.h"

#define BYTES_MAX (4u << 20)
#define MEMBERS_MAX 64
#define LAYERS_MAX 3

struct memory {
    struct str bytes;
    size_t position;
    struct unpack_budget *budget;
};

static ssize_t memory_read(void *context, void *bytes, size_t size, struct err *err)
{
    struct memory *memory = context;
    size_t left = memory->bytes.len - memory->position;
    (void)err;
    if (size > left)
        size = left;
    if (size)
        memcpy(bytes, memory->bytes.ptr + memory->position, size);
    memory->position += size;
    memory->budget->packed += size;
    return (ssize_t)size;
}

static int64_t memory_seek(void *context, int64_t offset, int whence)
{
    struct memory *memory = context;
    int64_t base = whence == SEEK_CUR   ? (int64_t)memory->position
                   : whence == SEEK_END ? (int64_t)memory->bytes.len
                                        : 0;
    int64_t to;
    if (__builtin_add_overflow(base, offset, &to) || to < 0 || to > (int64_t)memory->bytes.len)
        return -1;
    memory->position = (size_t)to;
    return to;
}

/* The first bytes of a member, to see whether it is packed itself. */
static void read_member(struct unpack *unpack, char *head, size_t *ret_len)
{
    char bytes[4096];
    struct err err;
    size_t total = 0;
    *ret_len = 0;
    for (;;) {
        ssize_t got = unpack_read(unpack, bytes, sizeof(bytes), &err);
        if (got <= 0)
            return;
        size_t room = BYTES_MAX - *ret_len;
        size_t take = (size_t)got < room ? (size_t)got : room;
        memcpy(head + *ret_len, bytes, take);
        *ret_len += take;
        total += (size_t)got;
        if (total > 2 * BYTES_MAX)
            abort(); /* the budget did not hold */
    }
}

static void read_archive(struct str bytes, struct unpack_budget *budget, unsigned layer)
{
    struct memory memory = {.bytes = bytes, .budget = budget};
    struct unpack_source source = {&memory, memory_read, layer ? NULL : memory_seek};
    struct unpack_member member;
    struct err err;
    unsigned members = 0;
    struct unpack *unpack = unpack_open(&source, budget, &err);
    char *content = malloc(BYTES_MAX);
    if (!unpack || !content)
        goto out;
    for (int status; (status = unpack_next(unpack, &member, &err)) != 0;) {
        const char *name;
        size_t len;
        if (++members > 2 * MEMBERS_MAX)
            abort();
        if (status < 0)
            continue;
        read_member(unpack, content, &len);
        if (layer + 1 < LAYERS_MAX &&
            unpack_recognise(str_of(content, len), &name) == UNPACK_PACKED)
            read_archive(str_of(content, len), budget, layer + 1);
    }
out:
    free(content);
    if (unpack)
        unpack_close(unpack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct unpack_budget budget = {.limits = {BYTES_MAX, 100, MEMBERS_MAX}};
    struct str bytes = str_of((const char *)data, size);
    const char *name;
    if (unpack_recognise(str_first(bytes, UNPACK_HEAD_SIZE), &name) == UNPACK_PACKED)
        read_archive(bytes, &budget, 0);
    return 0;
}
