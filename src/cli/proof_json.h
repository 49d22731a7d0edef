/*
 * proof_json: members of the JSON that proofs are written in (watch/proof.h, watch/proofs.h), read back. The first one
 * that is not as it must be is remembered, and what is read of it is empty or 0.
 */
#ifndef JAGA_CLI_PROOF_JSON_H
#define JAGA_CLI_PROOF_JSON_H

#include <jansson.h>

#include "watch/proof.h"

struct proof_json {
    struct arena *arena; /* of texts */
    const char *wrong;   /* name of that member; NULL: none yet */
};

const json_t *proof_json_member(struct proof_json *reading, const json_t *object, const char *name,
                                json_type type);
int64_t proof_json_number(struct proof_json *reading, const json_t *object, const char *name);
/* Not negative, and no more than `max`. */
uint64_t proof_json_count(struct proof_json *reading, const json_t *object, const char *name,
                          uint64_t max);
struct str proof_json_text(struct proof_json *reading, const json_t *object, const char *name);
/* Just n bytes. */
void proof_json_hex(struct proof_json *reading, const json_t *value, const char *name,
                    unsigned char *ret_bytes, size_t n);
struct str proof_json_base64(struct proof_json *reading, const json_t *object, const char *name);

void proof_json_block(struct proof_json *reading, const json_t *object,
                      struct lake_block *ret_block);
/* The entries, and the hash before them, which become those of the proof. */
void proof_json_journal(struct proof_json *reading, const json_t *object, struct proof *proof);
void proof_json_signature(struct proof_json *reading, const json_t *object,
                          struct journal_signature *ret_signature);

#endif
