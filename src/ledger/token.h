/*
 * token: who may send events, and who may ask. A token is 256 random bits, shown once; the ledger keeps its
 * hash. "jaga_" + 43 characters of base64url.
 */
#ifndef JAGA_LEDGER_TOKEN_H
#define JAGA_LEDGER_TOKEN_H

#include "ledger/ledger.h"

#define TOKEN_TEXT_MAX 64
#define TOKEN_HASH 32

enum token_role {
    TOKEN_SEND,  /* events of one agency and source */
    TOKEN_READ,  /* findings, sources, accounts of its agencies */
    TOKEN_ADMIN, /* everything but events */
};

struct token {
    struct str id; /* public name, for lists and revocation */
    enum token_role role;
    struct str agency; /* SEND: of its events; READ: what it may see ("a,b", "*"); ADMIN: "*" */
    struct str source; /* SEND: label of the source; empty: the sender's own host name or index */
    uint64_t rate;     /* SEND: events per second; 0: no limit */
    struct str note;
    int64_t created, expires; /* µs; expires TIME_UNSET: never */
    bool revoked;
    unsigned char hash[TOKEN_HASH];
};

const char *token_role_name(enum token_role role); /* "send", "read", "admin" */

/*
 * Makes one out of role, agency, source, rate, note and expires. ret_text gets what the sender uses; it can't
 * be had again. -EINVAL: labels.
 */
int token_add(struct ledger *ledger, const struct token *token,
              char ret_text[static TOKEN_TEXT_MAX], char ret_id[static TOKEN_TEXT_MAX]);
/* -ENOENT: there is none. A token that is revoked already may be revoked again. */
int token_revoke(struct ledger *ledger, struct str id);
/* All of them, in the order they were made; texts live for the length of the call to `each`. */
int token_list(struct ledger *ledger, int (*each)(void *context, const struct token *token),
               void *context);
/* SHA-256 of a token's text: what the ledger keeps of it. */
void token_hash(struct str text, unsigned char ret_hash[static TOKEN_HASH]);

/* Is it a label of an agency or source: [A-Za-z0-9][A-Za-z0-9._-]*, at most 64 bytes? */
bool label_ok(struct str label);

#endif
