/* Images of rule sets with a right head around any bytes: loading refuses, or gives a set that saves again. */
#include <stdlib.h>

#include "base/hash.h"
#include "sigma/image.h"

#define KEY 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigma_set set;
    struct buf image = {0}, again = {0};
    if (sigma_set_init(&set) < 0)
        return 0;
    /* An empty set's image has magic, version and key in place; length and checksum follow them. */
    if (sigma_set_save(&set, KEY, &image) == 0) {
        uint64_t length = size, checksum = hash_bytes(data, size, KEY);
        image.len = 24;
        buf_add(&image, &length, sizeof(length));
        buf_add(&image, &checksum, sizeof(checksum));
        buf_add(&image, data, size);
        if (!image.failed && sigma_set_load(&set, buf_str(&image), KEY) == 0 &&
            sigma_set_save(&set, KEY, &again) < 0)
            abort();
    }
    sigma_set_free(&set);
    buf_free(&image);
    buf_free(&again);
    return 0;
}
