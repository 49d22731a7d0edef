/*
 * kql_outline: what each word of a query is for, without a tree: of text that is half written or wrong, too. Terminals
 * colour by it, and completion (kql_complete.h) asks it where the cursor is. Pure; one thread at a time.
 *
 *     let t = 1h; Events | where Time > ago(t) | sort by Time desc // newest first
 *     ^OPERATOR   ^NAME    ^OPERATOR    ^FUNCTION     ^WORD   ^WORD ^COMMENT
 *             ^NUMBER             ^SYMBOL
 */
#ifndef JAGA_HUNT_KQL_OUTLINE_H
#define JAGA_HUNT_KQL_OUTLINE_H

#include "hunt/kql_lexer.h"

#define KQL_OUTLINE_DEPTH_MAX                                                                      \
    64 /* brackets within each other; what is deeper is taken for as deep */

enum kql_role {
    KQL_ROLE_END,      /* no more text */
    KQL_ROLE_OPERATOR, /* where, mv-expand; let, set, declare */
    KQL_ROLE_WORD,     /* of an operator: by, on, asc, kind */
    KQL_ROLE_TEST,     /* has, !in, and, or, not */
    KQL_ROLE_FUNCTION, /* a name in front of its arguments */
    KQL_ROLE_NAME,     /* a table, a column, a variable */
    KQL_ROLE_TYPE,     /* behind a colon: long, string */
    KQL_ROLE_STRING,
    KQL_ROLE_NUMBER, /* also timespans, datetimes, true, null: literals that are no strings */
    KQL_ROLE_SYMBOL,
    KQL_ROLE_COMMENT,
    KQL_ROLE_BAD,
};

/* What the next word would belong to. */
enum kql_stage {
    KQL_STAGE_STATEMENT, /* the beginning of a statement */
    KQL_STAGE_SOURCE,    /* where a pipe may begin: in brackets, behind `let x =` */
    KQL_STAGE_OPERATOR,  /* behind '|' */
    KQL_STAGE_OPERANDS,  /* behind an operator, or behind a source */
};

struct kql_operator_row;

/* One pair of brackets, or the text around all of them. */
struct kql_outline_level {
    enum kql_stage stage;
    bool arguments;                     /* of a function: a sub-query is elsewhere */
    const struct kql_operator_row *row; /* the operator whose operands these are; NULL: none yet */
};

struct kql_outline {
    struct kql_lexer lexer;
    struct kql_token last; /* the token that was given out last; END before the first */
    enum kql_role last_role;
    uint32_t depth;
    struct kql_outline_level levels[KQL_OUTLINE_DEPTH_MAX];
};

/* Begins with `text`, at most KQL_TEXT_MAX bytes, which must outlive the outline. */
void kql_outline_init(struct kql_outline *outline, struct str text);

/* The next piece of text that has a meaning, in order; spaces between them are left out. */
enum kql_role kql_outline_next(struct kql_outline *outline, struct kql_token *ret_token);

/* The level that the outline is at, behind the last token. */
const struct kql_outline_level *kql_outline_level(const struct kql_outline *outline);

enum kql_word_kind {
    KQL_WORD,        /* by, on, asc */
    KQL_WORD_OPTION, /* kind, in front of '=' */
    KQL_WORD_VALUE,  /* inner, of an option */
};

/*
 * The next word in small letters of an operator's syntax line, or false. *at is 0 at first, and the
 * function's own afterwards.
 */
bool kql_operator_word(const struct kql_operator_row *row, size_t *at, struct str *ret_word,
                       enum kql_word_kind *ret_kind);

#endif
