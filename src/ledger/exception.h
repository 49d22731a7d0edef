/*
 * exception: what an agency does not want to hear of: Sigma filters with a reason, an author and an end.
 */
#ifndef JAGA_LEDGER_EXCEPTION_H
#define JAGA_LEDGER_EXCEPTION_H

#include "ledger/ledger.h"

#define EXCEPTION_FILTER_MAX (256 << 10) /* bytes */
#define EXCEPTION_ID_MAX 40              /* bytes of an id as text, with its NUL */

struct exception {
    struct str id;
    struct str agency; /* empty: every agency */
    struct str filter; /* YAML of a Sigma filter */
    struct str reason, author;
    int64_t created, expires; /* µs; expires TIME_UNSET: never */
    uint64_t used;            /* matches it took away */
};

/*
 * Adds one made of agency, filter, reason, author and expires. The filter is the caller's to have read:
 * the ledger keeps any text. -EINVAL: no filter, no reason, no label; -E2BIG.
 */
int exception_add(struct ledger *ledger, const struct exception *exception,
                  char ret_id[static EXCEPTION_ID_MAX]);
/* -ENOENT: there is none. */
int exception_remove(struct ledger *ledger, struct str id);
/*
 * Those of the caller's agencies and those that are for every agency, in the order they were made, expired ones too.
 * Texts live for the length of the call to `each`; a negative return stops and is returned.
 */
int exception_list(struct ledger *ledger, const struct ledger_scope *scope,
                   int (*each)(void *context, const struct exception *exception), void *context);
/* It took `more` matches away. -ENOENT: it was removed meanwhile. */
int exception_used(struct ledger *ledger, struct str id, uint64_t more);

#endif
