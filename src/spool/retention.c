#include "spool/local.h"

#include <unistd.h>

static bool consumers_passed(const struct spool *spool, const uint64_t *offsets)
{
    for (uint32_t i = 0; i < spool->partitions; i++)
        if (consumers_least(&spool->consumers, i) < offsets[i])
            return false;
    return true;
}

/* A clock that was set back makes a segment that is from the future: it ages from now on. */
static bool is_older(struct segment *segment, int64_t now, int64_t age)
{
    if (segment->created > now)
        segment->created = now;
    return now - segment->created > age;
}

/* Its age is that of its youngest event: as old as the segment behind it. */
static bool may_go(const struct spool *spool, int64_t now)
{
    if (spool->segments.len < 2)
        return false;
    struct segment *next = spool->segments.items[1];
    const struct spool_options *options = &spool->options;
    bool over_size = options->keep_size > 0 && spool->stats.size > options->keep_size;
    bool over_age = options->keep_us > 0 && is_older(next, now, options->keep_us);
    return (over_size || over_age) && consumers_passed(spool, next->base);
}

void spool_retain(struct spool *spool)
{
    int64_t now = spool->options.now();
    for (;;) {
        struct segment *oldest = NULL;
        pthread_mutex_lock(&spool->lock);
        if (may_go(spool, now)) {
            oldest = spool->segments.items[0];
            spool->segments.len--;
            memmove(spool->segments.items, spool->segments.items + 1,
                    spool->segments.len * sizeof(*spool->segments.items));
            for (uint32_t i = 0; i < spool->partitions; i++)
                spool->stats.removed += spool->segments.items[0]->base[i] - oldest->base[i];
            spool->stats.size -= oldest->size;
        }
        pthread_mutex_unlock(&spool->lock);
        if (!oldest)
            return;
        char name[SEGMENT_NAME_MAX];
        segment_name(name, oldest->number);
        (void)unlinkat(spool->folder, name, 0); /* one that stays is there again after an open */
        segment_free(oldest, spool->partitions);
    }
}

bool spool_retain_wants_roll(const struct spool *spool)
{
    return spool->options.keep_us > 0 && spool->has_batches &&
           is_older(spool_active(spool), spool->options.now(), spool->options.keep_us) &&
           consumers_passed(spool, spool->durable);
}
