/*
 * The kept state of source health: bytes that are not whole are refused, and what was read is written as it is
 * read again.
 */
#include <stdlib.h>

#include "watch/health.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(void *context, const struct source_state *state)
{
    double *sum = context;
    *sum += state->rate + state->usual + (double)state->gap_us + (double)state->offset_us;
}

static struct buf save(struct health *health)
{
    struct buf saved = {0};
    if (health_save(health, &saved) < 0)
        abort();
    return saved;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct health_options options;
    struct health *first = health_new(&options), *second = health_new(&options);
    double sum = 0;
    if (!first || !second)
        abort();
    if (health_load(first, str_of((const char *)data, size)) == 0) {
        health_each(first, INT64_C(1795262400000000), touch, &sum);
        struct buf once = save(first);
        if (health_load(second, buf_str(&once)) < 0)
            abort();
        struct buf twice = save(second);
        if (!str_eq(buf_str(&once), buf_str(&twice)))
            abort();
        buf_free(&once);
        buf_free(&twice);
    }
    health_free(first);
    health_free(second);
    return 0;
}
