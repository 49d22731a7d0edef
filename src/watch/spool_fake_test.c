#include "watch/spool_fake_test.h"

#include <errno.h>

static struct str copy(struct str s)
{
    char *bytes = malloc(s.len + 1);
    if (!bytes)
        abort();
    if (s.len)
        memcpy(bytes, s.ptr, s.len);
    return str_of(bytes, s.len);
}

static struct spool_batch copy_batch(const struct spool_batch *batch)
{
    struct spool_batch made = *batch;
    made.agency = copy(batch->agency);
    made.source = copy(batch->source);
    made.peer = copy(batch->peer);
    made.hint = copy(batch->hint);
    made.bytes = copy(str_of(batch->bytes, batch->ends[batch->n - 1])).ptr;
    struct str ends = {(const char *)batch->ends, batch->n * sizeof(uint32_t)};
    made.ends = (const void *)copy(ends).ptr;
    return made;
}

static void answer(struct spool *spool, struct fake_append *append)
{
    struct spool_receipt receipt = {.status = spool->fails,
                                    .repeated = spool->knows && append->batch.producer,
                                    .partition = append->partition,
                                    .offset = append->offset};
    append->answered = true;
    append->done(append->context, &receipt);
}

static int fake_append(struct spool *spool, uint32_t partition, const struct spool_batch *batch,
                       spool_done *done, void *context)
{
    if (spool->refuses && spool->refuses_after == 0)
        return spool->refuses;
    if (spool->refuses)
        spool->refuses_after--;
    if (spool->n == FAKE_APPENDS_MAX)
        return -ENOSPC;
    struct fake_append *append = &spool->appends[spool->n++];
    *append = (struct fake_append){copy_batch(batch), partition, spool->next, done, context, false};
    spool->next += batch->n;
    if (!spool->waits)
        answer(spool, append);
    return 0;
}

void fake_answer(struct spool *spool)
{
    for (size_t i = 0; i < spool->n; i++) {
        if (!spool->appends[i].answered) {
            answer(spool, &spool->appends[i]);
            return;
        }
    }
}

static void drop(const void *bytes)
{
    free((void *)(uintptr_t)bytes);
}

void fake_free(struct spool *spool)
{
    for (size_t i = 0; i < spool->n; i++) {
        const struct spool_batch *batch = &spool->appends[i].batch;
        drop(batch->agency.ptr);
        drop(batch->source.ptr);
        drop(batch->peer.ptr);
        drop(batch->hint.ptr);
        drop(batch->bytes);
        drop(batch->ends);
    }
    *spool = (struct spool){0};
}

const struct spool_ops spool_fake = {.scheme = "fake", .append = fake_append};
