/*
 * exception: what an agency does not want to hear of: Sigma filters with a reason, an author and an end.
 */
#ifndef JAGA_LEDGER_EXCEPTION_H
#define JAGA_LEDGER_EXCEPTION_H

#include "ledger/ledger.h"

struct exception {
    struct str id;
    struct str agency; /* empty: every agency */
    struct str filter; /* YAML of a Sigma filter */
    struct str reason, author;
    int64_t created, expires; /* µs; expires TIME_UNSET: never */
    uint64_t used;            /* matches it took away */
};

int exception_add(struct ledger *ledger, const struct exception *exception, char ret_id[static 40]);
int exception_remove(struct ledger *ledger, struct str id);
int exception_list(struct ledger *ledger, const struct ledger_scope *scope,
                   int (*each)(void *context, const struct exception *exception), void *context);
int exception_used(struct ledger *ledger, struct str id, uint64_t more);

#endif
