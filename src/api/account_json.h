/* account_json: an account as every answer shows it. */
#ifndef JAGA_API_ACCOUNT_JSON_H
#define JAGA_API_ACCOUNT_JSON_H

#include "watch/account.h"

/* Appends ,"account":{...} to an object. */
void account_json_write(struct buf *out, const struct account_sums *sums);

#endif
