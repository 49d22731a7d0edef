/* STIX: a pattern on its own, and a document as a bundle. What is taken must be canonical. */
#include "intel_sink.h"

#include "intel/stix_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_of((const char *)data, size);
    struct stix_pattern pattern = {0};
    struct arena arena;
    struct err err;
    arena_init(&arena, 1 << 20);
    stix_pattern_read(text, &arena, &pattern, &err);
    stix_pattern_free(&pattern);
    arena_free(&arena);
    intel_sink_read(&feed_stix, text);
    return 0;
}
