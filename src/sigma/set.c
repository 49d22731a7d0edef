#include "sigma/reader.h"

int sigma_set_init(struct sigma_set *set)
{
    struct sigma_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return -ENOMEM;
    *set = (struct sigma_set){.reader = reader};
    arena_init(&set->arena, SIGMA_MEMORY_MAX);
    arena_init(&reader->scratch, SIGMA_SCRATCH_MAX);
    return 0;
}

static void reader_free(struct sigma_reader *reader)
{
    if (!reader)
        return;
    arena_free(&reader->scratch);
    map_free(&reader->placeholder_index);
    vec_free(&reader->placeholders);
    vec_free(&reader->entries);
    vec_free(&reader->stack);
    free(reader);
}

void reader_close(struct sigma_set *set)
{
    reader_free(set->reader);
    set->reader = NULL;
}

void sigma_set_free(struct sigma_set *set)
{
    reader_close(set);
    vec_free(&set->rules);
    vec_free(&set->correlations);
    vec_free(&set->refusals);
    vec_free(&set->filters);
    arena_free(&set->arena);
}
