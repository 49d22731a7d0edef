/* proof_file: the JSON document of a proof (watch/proof.h), read back. */
#ifndef JAGA_CLI_PROOF_FILE_H
#define JAGA_CLI_PROOF_FILE_H

#include <jansson.h>

#include "watch/proof.h"

#define PROOF_FILE_MAX ((size_t)256 << 20)

/* 0, or the code of *err: -EINVAL where it is no such document. proof_free() in each case. */
int proof_read(struct str text, struct proof *ret_proof, struct err *err);

/* The same of a document that is read already; it stays the caller's. */
int proof_read_tree(const json_t *json, struct proof *ret_proof, struct err *err);

#endif
