/* The file of proofs beside an export: whatever it says, it is read, and events are looked up in what was read. */
#include <assert.h>

#include "cli/proofs_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One event, twice: nothing is proved again, and no more is missing than before. */
static void look_up(struct proofs *proofs, uint64_t offset)
{
    const struct lake_leaf leaf = {.offset = offset, .agency = STR("health"), .raw = STR("{}")};
    struct proofs_block block;
    uint64_t missing = proofs_missing(proofs);
    enum proofs_verdict verdict = proofs_look_up(proofs, &leaf, &block);
    assert(verdict != PROOFS_PROVEN && verdict != PROOFS_REPEATED);
    assert(proofs_missing(proofs) == missing - (verdict != PROOFS_UNKNOWN));
    verdict = proofs_look_up(proofs, &leaf, &block);
    assert(verdict == PROOFS_UNKNOWN || verdict == PROOFS_REPEATED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proofs_count count;
    struct err err = {0};
    struct proofs *proofs = proofs_new(NULL);
    if (proofs && proofs_read((struct str){(const char *)data, size}, proofs, &err) == 0) {
        proofs_count(proofs, &count);
        assert(count.events >= count.unsigned_events && count.events == proofs_missing(proofs));
        for (uint64_t offset = 0; offset < 4; offset++)
            look_up(proofs, offset);
    }
    proofs_free(proofs);
    return 0;
}
