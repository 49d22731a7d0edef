/*
 * operand: a value of a rule between its YAML and its predicate, while modifiers work on it.
 *
 *     values ─▶ operand ─▶ modifier ─▶ operand ─┬▶ alternative ─▶ ... ─▶ predicates (OR)
 *                                               └▶ alternative
 *
 * Operands live in the scratch arena of the file.
 */
#ifndef JAGA_SIGMA_OPERAND_H
#define JAGA_SIGMA_OPERAND_H

#include "sigma/pattern.h"
#include "sigma/reader.h"

#define MODIFIERS_MAX 16 /* in one chain */

/* What an operand is; bits, so that a modifier can say what it takes. */
enum operand_kind {
    OPERAND_TEXT = 1,
    OPERAND_NUMBER = 2,
    OPERAND_BOOL = 4,
    OPERAND_NULL = 8,
    OPERAND_REGEX = 16,
    OPERAND_NETWORK = 32,
    OPERAND_COMPARISON = 64,
    OPERAND_TIME_PART = 128,
    OPERAND_FIELD = 256,
    OPERAND_EXISTS = 512,
};

struct operand {
    enum operand_kind kind;
    const struct yaml_node *at;       /* the value in the rule */
    struct operand *next;             /* the next alternative, or NULL */
    struct pattern pattern;           /* TEXT */
    struct str spelling;              /* as in the rule; REGEX: the pattern; FIELD: its name */
    bool byte_order_mark;             /* TEXT begins with U+FEFF, which `utf16` put there */
    bool before, after;               /* FIELD: may have something before, after it */
    struct sigma_predicate predicate; /* what is decided so far */
};

/* One `field|modifiers: values` line under work. */
struct item {
    struct document *doc;
    const struct yaml_node *at; /* where the line stands */
    struct str field;           /* empty: keywords */
    struct operand **values;    /* count lists of alternatives */
    uint32_t count;
    bool all;     /* every value must match, not any */
    bool negated; /* the line as a whole */

    /* The modifier at work. */
    struct str modifier;
    uint32_t column;       /* where it stands, on the line of `at` */
    uint32_t transformed;  /* modifiers that have changed values before it */
    uint32_t alternatives; /* that it made of one value */
};

/* The scalar as an operand, by its YAML type. 0 or a negative code. */
int operand_read(struct document *doc, const struct yaml_node *node, struct operand **ret_operand);

/* "text", "a number", ... */
const char *operand_kind_name(enum operand_kind kind);

/* A new alternative behind `operand`, a copy of it. Bounded by SIGMA_EXPANSION_MAX. */
int operand_add(struct item *item, struct operand *operand, struct operand **ret_alternative);

/* The finished operand as a predicate node of the item's field. */
int operand_node(struct item *item, struct operand *operand, struct sigma_node **ret_node);

/* Fills err with the modifier's place and returns -EINVAL. */
#define modifier_error(item, ...)                                                                  \
    err_at((item)->doc->err, -EINVAL, (item)->at->line, (item)->column, __VA_ARGS__)

/* Applies one modifier, by name, to all values. */
int modifier_apply(struct item *item, struct str name, uint32_t column);

/* How a modifier changes one operand: in place, adding alternatives where it makes several. */
typedef int modifier_change(struct item *item, struct operand *operand, int argument);

/* encode.c */
modifier_change change_base64, change_base64offset, change_utf16;

/* Arguments of change_utf16. */
enum utf16_form { UTF16_LITTLE, UTF16_BIG, UTF16_MARKED };

/* expand.c */
modifier_change change_windash, change_expand;

#endif
