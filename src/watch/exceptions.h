/*
 * exceptions: what agencies do not want to hear of, ready to be asked about matches. Made of the ledger's
 * exceptions for one version of the rules; immutable but for the count of what was taken away.
 *
 *     rule ─▶ its exceptions ─▶ agency fits? not expired? ─▶ condition false for the event ─▶ taken away
 */
#ifndef JAGA_WATCH_EXCEPTIONS_H
#define JAGA_WATCH_EXCEPTIONS_H

#include "ledger/exception.h"
#include "sigma/rule.h"

#define EXCEPTIONS_MAX 10000
#define EXCEPTION_RULES_MAX (1u << 20) /* pairs of a rule and an exception that is for it */

struct exceptions;

/*
 * Reads them. Those that are no Sigma filter are left out: *ret_bad counts them, and *err is of the
 * last. NULL: *err says why (memory, the ledger). The datasets outlive them.
 */
struct exceptions *exceptions_load(struct ledger *ledger, const struct sigma_set *set,
                                   const struct datasets *datasets, uint32_t *ret_bad,
                                   struct err *err);
void exceptions_free(struct exceptions *exceptions);

/* Does an exception take this match away? `at`: an exception that is over by then does not count. Any thread. */
bool exceptions_take(struct exceptions *exceptions, uint32_t rule, struct str agency, int64_t at,
                     struct event *event);

/* Tells the ledger what they took since the last time that this was confirmed; in a transaction. */
int exceptions_report(struct exceptions *exceptions, struct ledger *ledger);
void exceptions_reported(struct exceptions *exceptions);

#endif
