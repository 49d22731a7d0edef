/*
 * journal_key: the Ed25519 key pair that signs the journal, in a file that only its owner may read. In memory it
 * lies between guard pages and is wiped when freed.
 */
#ifndef JAGA_LEDGER_JOURNAL_KEY_H
#define JAGA_LEDGER_JOURNAL_KEY_H

#include <sodium.h>

#include "base/err.h"

struct journal_key {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
};

/*
 * Reads the file, or makes it (0600) where there is none and `create` says so. A file that others may
 * read is refused. NULL: *err says why.
 */
struct journal_key *journal_key_open(const char *path, bool create, struct err *err);
void journal_key_free(struct journal_key *key);

#endif
