#include "spool/consumers.h"

#include <errno.h>
#include <stdlib.h>

void consumers_init(struct consumers *consumers, uint32_t partitions)
{
    *consumers = (struct consumers){.partitions = partitions};
}

void consumers_free(struct consumers *consumers)
{
    for (size_t i = 0; i < consumers->len; i++)
        free(consumers->items[i].wants); /* the other two lie behind */
    consumers->len = 0;
}

static struct consumer *find(const struct consumers *consumers, struct str name)
{
    for (size_t i = 0; i < consumers->len; i++)
        if (str_eq(name, str_of(consumers->items[i].name, consumers->items[i].name_len)))
            return (struct consumer *)(uintptr_t)&consumers->items[i];
    return NULL;
}

/* The file separates by tabs and line ends. */
static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ' || name.ptr[i] == 0x7f)
            return false;
    return name.len > 0 && name.len <= SPOOL_LABEL_MAX;
}

static int add(struct consumers *consumers, struct str name, struct consumer **ret_consumer)
{
    if (!is_name(name))
        return -EINVAL;
    if (consumers->len == SPOOL_CONSUMERS_MAX)
        return -E2BIG;
    size_t n = consumers->partitions;
    uint64_t *offsets = malloc(3 * n * sizeof(*offsets));
    if (!offsets)
        return -ENOMEM;
    for (size_t i = 0; i < 3 * n; i++)
        offsets[i] = CONSUMERS_NONE;
    struct consumer *consumer = &consumers->items[consumers->len++];
    *consumer = (struct consumer){
        .name_len = name.len, .wants = offsets, .writing = offsets + n, .stored = offsets + 2 * n};
    memcpy(consumer->name, name.ptr, name.len);
    *ret_consumer = consumer;
    return 0;
}

int consumers_put(struct consumers *consumers, struct str name, uint32_t partition, uint64_t offset)
{
    struct consumer *consumer = find(consumers, name);
    if (!consumer) {
        int status = add(consumers, name, &consumer);
        if (status < 0)
            return status;
    }
    if (consumer->wants[partition] != offset) {
        consumer->wants[partition] = offset;
        consumers->changed = true;
    }
    return 0;
}

int consumers_get(const struct consumers *consumers, struct str name, uint32_t partition,
                  uint64_t *ret_offset)
{
    const struct consumer *consumer = find(consumers, name);
    if (!consumer || consumer->wants[partition] == CONSUMERS_NONE)
        return -ENOENT;
    *ret_offset = consumer->wants[partition];
    return 0;
}

void consumers_remove(struct consumers *consumers, struct str name)
{
    struct consumer *consumer = find(consumers, name);
    if (!consumer)
        return;
    free(consumer->wants); /* the other two lie behind */
    *consumer = consumers->items[--consumers->len];
    consumers->changed = true;
}

uint64_t consumers_least(const struct consumers *consumers, uint32_t partition)
{
    uint64_t least = CONSUMERS_NONE;
    for (size_t i = 0; i < consumers->len; i++) {
        const struct consumer *consumer = &consumers->items[i];
        uint64_t stored = consumer->stored[partition], wants = consumer->wants[partition];
        /* A consumer may go back: then what it wants is the lesser. */
        uint64_t offset = stored == CONSUMERS_NONE ? 0 : wants < stored ? wants : stored;
        if (offset < least)
            least = offset;
    }
    return least;
}

void consumers_write(struct consumers *consumers, struct buf *out)
{
    for (size_t i = 0; i < consumers->len; i++) {
        struct consumer *consumer = &consumers->items[i];
        for (uint32_t p = 0; p < consumers->partitions; p++) {
            uint64_t offset = consumer->writing[p] = consumer->wants[p];
            if (offset != CONSUMERS_NONE)
                buf_printf(out, "%.*s\t%u\t%llu\n", (int)consumer->name_len, consumer->name, p,
                           (unsigned long long)offset);
        }
    }
    consumers->changed = false;
}

void consumers_stored(struct consumers *consumers)
{
    for (size_t i = 0; i < consumers->len; i++)
        memcpy(consumers->items[i].stored, consumers->items[i].writing,
               consumers->partitions * sizeof(uint64_t));
}

int consumers_read(struct consumers *consumers, struct str text, const uint64_t *next,
                   struct err *err)
{
    struct str line, name, partition_text;
    for (uint32_t number = 1; str_cut_line(&text, &line); number++) {
        uint64_t partition, offset;
        if (!str_cut(&line, '\t', &name) || !str_cut(&line, '\t', &partition_text) ||
            str_to_u64(partition_text, &partition) < 0 || str_to_u64(line, &offset) < 0 ||
            partition >= consumers->partitions)
            return err_at(err, -EBADMSG, number, 1,
                          "expected a consumer, a partition and an offset with tabs between");
        /* After the loss of a disk's promises: what comes next will get these offsets. */
        if (offset > next[partition])
            offset = next[partition];
        int status = consumers_put(consumers, name, (uint32_t)partition, offset);
        if (status < 0)
            return err_at(err, status, number, 1, "no consumer can be read here");
        find(consumers, name)->stored[partition] = offset;
    }
    consumers->changed = false;
    return 0;
}
