/*
 * kql_parser: what the files that read KQL share. Recursive descent: a reader (kql_read_*, read_*) stands at
 * its first token and leaves the parser behind its last.
 *
 * A reader returns false where the text is not what it reads; *parser->err then says where, and what was
 * expected, and nobody reads on. A taker (kql_take_*) returns false where the token is another, and
 * nothing has happened. Everything made lives in parser->arena.
 *
 * Heights: while an expression is read, parser->height is the greatest height of those read inside the
 * expression around it. kql_open() and kql_close() go around whatever contains expressions.
 */
#ifndef JAGA_HUNT_KQL_PARSER_H
#define JAGA_HUNT_KQL_PARSER_H

#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/nearest.h"
#include "hunt/kql_lexer.h"

struct kql_parser {
    struct arena *arena;
    struct err *err;
    struct str text;          /* the arena's copy */
    struct kql_token *tokens; /* without comments; the last is END */
    uint32_t at;              /* the token to be read */
    uint32_t depth;           /* readers that may contain themselves, within each other */
    uint32_t height;          /* see above */
    bool several;             /* an empty line may end a query */
};

/* ---- tokens -------------------------------------------------------------------------------- */

/* The token `ahead` of the one to be read; END again and again. */
const struct kql_token *kql_peek(const struct kql_parser *parser, uint32_t ahead);
struct str kql_token_text(const struct kql_parser *parser, const struct kql_token *token);

bool kql_at_symbol(const struct kql_parser *parser, const char *symbol);
bool kql_at_word(const struct kql_parser *parser, const char *word);
bool kql_ahead_symbol(const struct kql_parser *parser, uint32_t ahead, const char *symbol);
bool kql_ahead_word(const struct kql_parser *parser, uint32_t ahead, const char *word);

bool kql_take_symbol(struct kql_parser *parser, const char *symbol);
bool kql_take_word(struct kql_parser *parser, const char *word);

bool kql_read_symbol(struct kql_parser *parser, const char *symbol);
bool kql_read_word(struct kql_parser *parser, const char *word);

/* ---- errors: always false ------------------------------------------------------------------ */

/* "expected WHAT, not 'token'" at the token to be read. */
bool kql_expected(struct kql_parser *parser, const char *what);

/* A sentence about a place in the text. */
bool kql_error(struct kql_parser *parser, struct kql_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "WHAT 'word'", and the nearest of `words` (which ends with NULL) where one is near. */
bool kql_unknown(struct kql_parser *parser, struct kql_place place, const char *what,
                 struct str word, const char *const *words);

/* The same of words that were offered before. */
bool kql_unlike(struct kql_parser *parser, struct kql_place place, const char *what,
                const struct nearest *nearest);

bool kql_spent(struct kql_parser *parser); /* the arena is */

/* ---- depth and height ---------------------------------------------------------------------- */

bool kql_enter(struct kql_parser *parser);
void kql_leave(struct kql_parser *parser);

/* The height so far, to be given to kql_close(). */
uint32_t kql_open(struct kql_parser *parser);
bool kql_close(struct kql_parser *parser, struct kql_expr *expr, uint32_t outer);

/* A zeroed expression, or NULL: the arena is spent, and the error says so. */
struct kql_expr *kql_expr_new(struct kql_parser *parser, enum kql_expr_kind kind,
                              struct kql_place place);

/* ---- lists --------------------------------------------------------------------------------- */

/* Room for one item more of `size` bytes; what `items` were, or where they are now; NULL when spent. */
void *kql_list_grow(struct kql_parser *parser, void *items, uint32_t len, uint32_t *cap,
                    size_t size);

/* Adds an item to a list; false when spent. */
#define kql_push(parser, list, ...)                                                                \
    __extension__({                                                                                \
        void *push_items = kql_list_grow((parser), (list)->items, (list)->len, &(list)->cap,       \
                                         sizeof(*(list)->items));                                  \
        if (push_items) {                                                                          \
            (list)->items = push_items;                                                            \
            (list)->items[(list)->len++] = (__VA_ARGS__);                                          \
        }                                                                                          \
        push_items != NULL;                                                                        \
    })

/* ---- names and what is made of them -------------------------------------------------------- */

/* Is there a name `ahead`: a word, or ['..']? *ret_tokens of them. */
bool kql_ahead_name(const struct kql_parser *parser, uint32_t ahead, uint32_t *ret_tokens);

/* Is it followed by '=', so that it names an expression or an option? */
bool kql_ahead_naming(const struct kql_parser *parser, uint32_t ahead);

bool kql_read_name(struct kql_parser *parser, const char *what, struct kql_name *ret_name);
bool kql_read_type(struct kql_parser *parser, enum kql_type *ret_type);
bool kql_read_typeof(struct kql_parser *parser, enum kql_type *ret_type); /* typeof(type) */

/* One string, or several beside each other, which are one. */
bool kql_read_string(struct kql_parser *parser, struct str *ret_text, bool *ret_hidden);

/* (name: type, name: type), at least one; with `ret_open`, '*' may be the first or the only. */
bool kql_read_schema(struct kql_parser *parser, struct kql_column_list *list, bool *ret_open);

/* name = value, name = value, value, name = (value, value) */
bool kql_read_property(struct kql_parser *parser, struct kql_property *ret_property);

/* (properties): none or more. */
bool kql_read_properties(struct kql_parser *parser, struct kql_property_list *list);

/* The value of an option: a name or a constant. */
bool kql_read_value(struct kql_parser *parser, struct kql_expr **ret_expr);

/* ---- expressions --------------------------------------------------------------------------- */

/* Everything but a pipe without brackets. */
bool kql_read_expr(struct kql_parser *parser, struct kql_expr **ret_expr);

/* Scalar or tabular: source | operator | operator. */
bool kql_read_pipe(struct kql_parser *parser, struct kql_expr **ret_expr);

/* What needs no operator: a name, a call, brackets; members and elements of them. */
bool kql_read_primary(struct kql_parser *parser, struct kql_expr **ret_expr);

/* Is there a name with stars, or a star alone? */
bool kql_at_pattern(const struct kql_parser *parser);

/* name, name*, * */
bool kql_read_pattern(struct kql_parser *parser, struct kql_expr **ret_expr);

/* true or false, and not the name of a function? */
bool kql_at_bool(const struct kql_parser *parser);

/* At a token that is a literal. */
bool kql_read_literal(struct kql_parser *parser, struct kql_expr **ret_expr);

/* A literal, maybe with a sign, or dynamic(...): of a datatable, a default. */
bool kql_read_constant(struct kql_parser *parser, struct kql_expr **ret_expr);

/* At their word, which a bracket follows. */
bool kql_read_json(struct kql_parser *parser, struct kql_expr **ret_expr);
bool kql_read_datatable(struct kql_parser *parser, struct kql_expr **ret_expr);
bool kql_read_externaldata(struct kql_parser *parser, struct kql_expr **ret_expr);

bool kql_read_named(struct kql_parser *parser, struct kql_named *ret_named);

/* One or more, with commas. */
bool kql_read_exprs(struct kql_parser *parser, struct kql_expr_list *list);
bool kql_read_named_list(struct kql_parser *parser, struct kql_named_list *list);

/* A call: name(arguments), and nothing else. */
bool kql_read_call(struct kql_parser *parser, struct kql_expr **ret_expr);

/* operator | operator: a sub-query in brackets, whose rows come from around it. */
bool kql_read_subquery(struct kql_parser *parser, struct kql_expr **ret_expr);

#endif
