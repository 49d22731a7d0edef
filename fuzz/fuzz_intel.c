/*
 * A file of indicators that somebody damaged: opened, verified, and asked for everything. The hash of its header is
 * mended, so that what lies behind it is reached.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "intel/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const texts[] = {
        "192.0.2.1",
        "2001:db8:1::5",
        "198.51.100.0/24",
        "http://a.evil.example/x",
        "d41d8cd98f00b204e9800998ecf8427e",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "bad@evil.example",
        "c:\\evil.exe",
    };
    struct err err;
    struct image_header *header = malloc(size ? size : 1);
    if (!header)
        return 0;
    if (size)
        memcpy(header, data, size);
    if (size >= sizeof(*header))
        header->header_hash = hash_bytes(header, offsetof(struct image_header, header_hash), 0);
    struct intel *intel = intel_open(str_of((const char *)header, size), &err);
    for (size_t i = 0; intel && i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct arena arena;
        struct indicator found[4];
        arena_init(&arena, 1 << 20);
        intel_look_up(intel, str_from_c(texts[i]), &arena, found, 4);
        for (int type = 0; type <= INDICATOR_COUNT; type++)
            intel_find(intel, (enum indicator_type)type, str_from_c(texts[i]), 0, &found[0]);
        arena_free(&arena);
    }
    if (intel)
        intel_verify(intel, &err);
    intel_close(intel);
    free(header);
    return 0;
}
