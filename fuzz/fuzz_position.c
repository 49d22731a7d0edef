/* position: the saved positions of a shipper. What is read can be written and read again, and is the same. */
#include <stdlib.h>

#include "base/hash.h"
#include "ship/position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct positions positions = {0}, again = {0};
    struct buf text = {0}, written = {0}, twice = {0};
    /* The checksum is ours, so that what it guards is reached. */
    buf_add(&text, data, size);
    if (!size || data[size - 1] != '\n')
        buf_add_byte(&text, '\n');
    buf_printf(&text, "end %llu\n", (unsigned long long)hash_bytes(text.ptr, text.len, 0));
    if (positions_parse(buf_str(&text), &positions) == 0) {
        positions_write(&positions, &written);
        if (positions_parse(buf_str(&written), &again) < 0)
            abort();
        positions_write(&again, &twice);
        if (!str_eq(buf_str(&written), buf_str(&twice)))
            abort();
    }
    positions_free(&positions);
    positions_free(&again);
    buf_free(&text);
    buf_free(&written);
    buf_free(&twice);
    return 0;
}
