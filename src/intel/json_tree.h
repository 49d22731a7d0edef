/*
 * json_tree: a JSON document of others as a tree (jansson), within limits. Texts borrow from the tree.
 */
#ifndef JAGA_INTEL_JSON_TREE_H
#define JAGA_INTEL_JSON_TREE_H

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

/* NULL: *err says where it does not parse. The caller calls json_decref(). */
json_t *json_tree(struct str bytes, struct err *err);

/* The text of a member; empty where there is none or it is no text. */
struct str json_tree_member(const json_t *object, const char *key);

/* A text itself; empty where it is none. */
struct str json_tree_text(const json_t *value);

/* A time as text or as a number (seconds since 1970, as text or not); TIME_UNSET: none. */
int64_t json_tree_time(const json_t *object, const char *key);

#endif
