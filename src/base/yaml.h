/*
 * yaml: YAML 1.1 documents as a tree that knows its lines, on libyaml. Bounded in
 * depth, nodes and alias expansion, so that a hostile file costs no more than its size. The tree
 * lives in the arena given; strings are copies in it.
 */
#ifndef JAGA_BASE_YAML_H
#define JAGA_BASE_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX 2000000

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_pair;

struct yaml_node {
    enum yaml_kind kind;
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1 */
    bool plain;      /* a scalar without quotes or block style: may be null, a number, a boolean */
    uint32_t count;  /* items or pairs */
    struct str text; /* scalar */
    struct yaml_node **items; /* list */
    struct yaml_pair *pairs;  /* map, in file order; duplicate keys are an error of the document */
};

struct yaml_pair {
    struct yaml_node *key;
    struct yaml_node *value;
};

/*
 * Reads every document of `text`. On success *ret_documents points to *ret_count
 * roots in the arena (an empty document is a NULL root). Returns 0, or a code with *err filled.
 */
int yaml_parse(struct str text, struct arena *arena, struct yaml_node ***ret_documents,
               size_t *ret_count, struct err *err);

/* The value of `key` in a map, or NULL (also for NULL or another kind). */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/*
 * Is it a map, and are all its keys among these (NULL at the end)? 0, or -EINVAL with *err saying where not, and which key
 * was probably meant.
 */
int yaml_only_keys(const struct yaml_node *map, const char *const *keys, struct err *err);

/* The text of a scalar, or an empty str when the node is NULL or no scalar. */
struct str yaml_text(const struct yaml_node *node);

/* What a plain scalar means in YAML 1.1's core: quoted text is never any of these. */
bool yaml_is_null(const struct yaml_node *node);                    /* "", ~, null, Null, NULL */
bool yaml_is_bool(const struct yaml_node *node, bool *ret_value);   /* true/false, yes/no, on/off */
bool yaml_is_int(const struct yaml_node *node, int64_t *ret_value); /* 0x, 0o, 0b, 0 octal too */
bool yaml_is_float(const struct yaml_node *node, double *ret_value);

#endif
