/*
 * ledgers: a few open ledgers that the server's threads share: one is taken for the length of a handler.
 */
#ifndef JAGA_API_LEDGERS_H
#define JAGA_API_LEDGERS_H

#include "ledger/ledger.h"

struct ledgers;

/* At most `max` open at once; opened when first wanted. `url` is borrowed. NULL: no memory. */
struct ledgers *ledgers_new(const char *url, unsigned max);
void ledgers_free(struct ledgers *ledgers);

/* NULL: it can't be opened (*err). Waits where all are taken. */
struct ledger *ledgers_take(struct ledgers *ledgers, struct err *err);
void ledgers_give(struct ledgers *ledgers, struct ledger *ledger);

#endif
