/* Proofs of events: whatever the document says, it is read, checked, and what was read is written as it was. */
#include <assert.h>

#include "cli/proof_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A document that was written by us is read again as the same. */
static void read_again(const struct proof *proof)
{
    struct proof again;
    struct err err = {0};
    struct buf first = {0}, second = {0};
    proof_write(proof, &first);
    if (!first.failed && proof_read(buf_str(&first), &again, &err) == 0) {
        proof_write(&again, &second);
        assert(second.failed || str_eq(buf_str(&first), buf_str(&second)));
        assert(proof_check(proof, &err) == proof_check(&again, &err));
    } else {
        assert(first.failed);
    }
    proof_free(&again);
    buf_free(&first);
    buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proof proof;
    struct err err = {0};
    if (proof_read((struct str){(const char *)data, size}, &proof, &err) == 0)
        read_again(&proof);
    proof_free(&proof);
    return 0;
}
