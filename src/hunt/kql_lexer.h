/*
 * kql_lexer: the text of a query cut into tokens. A token is a place in the text, not a copy of it. Pure.
 *
 *     where Start > ago(1.5h) and Name !has 'x' // why
 *     ^NAME ^NAME ^  ^  ^TIMESPAN      ^    ^STRING ^COMMENT
 *                 SYMBOL  SYMBOL       SYMBOL
 *
 * No word is reserved: what a NAME means is up to where it stands. Operators of several words with
 * hyphens (mv-expand) are several tokens; the parser puts them together where it expects an operator.
 */
#ifndef JAGA_HUNT_KQL_LEXER_H
#define JAGA_HUNT_KQL_LEXER_H

#include "hunt/ast.h"

enum kql_token_kind {
    KQL_TOKEN_END,
    KQL_TOKEN_NAME,
    KQL_TOKEN_SYMBOL,   /* punctuation and operators; "!has", "in~" and their like, too */
    KQL_TOKEN_STRING,   /* with its quotes and prefixes: h@"..", ```..``` */
    KQL_TOKEN_LONG,     /* 10, 0x1F */
    KQL_TOKEN_REAL,     /* 1.5, 1e6 */
    KQL_TOKEN_TIMESPAN, /* 1.5h */
    KQL_TOKEN_TYPED,    /* datetime(..), long(..) ...: up to its closing bracket */
    KQL_TOKEN_COMMENT,  /* up to the end of its line */
    KQL_TOKEN_BAD,      /* the lexer's `problem` says why */
};

struct kql_token {
    enum kql_token_kind kind;
    struct kql_place place;
    uint32_t len; /* bytes */
};

struct kql_lexer {
    struct str text; /* at most UINT32_MAX bytes */
    struct kql_place place;
    const char *problem; /* of the last BAD token: a sentence; lives for ever */
};

/* Begins at the first byte of `text`, which must outlive the lexer. */
void kql_lexer_init(struct kql_lexer *lexer, struct str text);

/*
 * The next token. END comes again and again. After BAD the next call goes on behind it, so that even a
 * broken query can be coloured.
 */
struct kql_token kql_lexer_next(struct kql_lexer *lexer);

/* May s stand as a name without brackets and quotes, as far as its letters go? */
bool kql_is_identifier(struct str s);

/* The scalar type that a word stands for ("double" is KQL_REAL), or KQL_TYPE_NONE. */
enum kql_type kql_type_of(struct str word);

/* The canonical word of a type; lives for ever. */
struct str kql_type_name(enum kql_type type);

#endif
