/*
 * members: compact JSON objects, a member at a time: each function adds ,"key":value, without the comma behind a
 * bracket. Keys are constants that need no escapes. Write the brackets yourself; check out->failed at the end.
 */
#ifndef JAGA_API_MEMBERS_H
#define JAGA_API_MEMBERS_H

#include "base/buf.h"

/* Only ,"key": for a value that follows; and only the comma, for a value of a list. */
void member_key(struct buf *out, const char *key);
void member_comma(struct buf *out);

void member_str(struct buf *out, const char *key, struct str value);
void member_c(struct buf *out, const char *key, const char *value);
void member_u64(struct buf *out, const char *key, uint64_t value);
void member_double(struct buf *out, const char *key, double value);
void member_bool(struct buf *out, const char *key, bool value);

/* An object that is a row of a list: the comma and its bracket; then its end, -ENOMEM where the text failed. */
void member_row_begin(struct buf *out);
int member_row_end(struct buf *out);

/* RFC 3339 in UTC; null where it is TIME_UNSET. */
void member_time(struct buf *out, const char *key, int64_t time_us);

/* JSON as it is; `otherwise` where it is empty. */
void member_raw(struct buf *out, const char *key, struct str json, const char *otherwise);

#endif
