#include "hunt/kql_complete.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"
#include "hunt/kql.h"
#include "hunt/kql_infix.h"
#include "hunt/kql_operators.h"
#include "hunt/kql_outline.h"

typedef VEC(struct str) name_list;

/* What a statement names, so that its columns can be offered. */
struct statement {
    struct str let;    /* what it gives a name to; empty: nothing */
    name_list tables;  /* sources of its pipes */
    name_list columns; /* names in front of '=' */
};

struct kql_offers {
    struct arena *arena;
    struct str typed; /* offers begin with it */
    struct kql_offer_list list;
    bool spent;
};

struct completer {
    const struct kql_names *names;
    struct kql_offers offers;
    struct kql_outline outline;
    VEC(struct statement) statements; /* the last is the one of the cursor */
    bool spent;
    bool silent; /* inside of a string or a comment */
};

/* ---- offers -------------------------------------------------------------------------------- */

bool kql_offer_push(struct arena *arena, struct kql_offer_list *list, struct kql_offer offer)
{
    if (list->len == list->cap) {
        uint32_t cap = list->cap ? list->cap * 2 : 32;
        struct kql_offer *items = arena_zero(arena, cap, sizeof(*items));
        if (!items)
            return false;
        if (list->len)
            memcpy(items, list->items, list->len * sizeof(*items));
        list->items = items;
        list->cap = cap;
    }
    list->items[list->len++] = offer;
    return true;
}

/* As it is written in a query. */
static struct str written(struct kql_offers *offers, struct str name)
{
    struct buf buf = {0};
    struct kql_printer printer = {.buf = &buf};
    kql_put_name(&printer, name);
    struct str text = str_eq(buf_str(&buf), name) ? name : arena_copy(offers->arena, buf_str(&buf));
    offers->spent |= buf.failed || !text.ptr;
    buf_free(&buf);
    return text;
}

void kql_offers_add(struct kql_offers *offers, enum kql_offer_kind kind, struct str name,
                    struct str help)
{
    bool name_of_data =
        kind == KQL_OFFER_NAME || kind == KQL_OFFER_COLUMN || kind == KQL_OFFER_TABLE;
    if (name.len < offers->typed.len ||
        !str_eq_ascii_nocase(str_first(name, offers->typed.len), offers->typed) ||
        offers->list.len >= KQL_OFFERS_MAX)
        return;
    struct str text = name_of_data ? written(offers, name) : name;
    const struct kql_offer offer = {kind, text, help};
    offers->spent |= !kql_offer_push(offers->arena, &offers->list, offer);
}

static int compare(const void *a, const void *b)
{
    const struct kql_offer *left = a, *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return str_compare(left->text, right->text);
}

static void sort_once_each(struct kql_offer_list *list)
{
    uint32_t len = 0;
    if (list->len > 1)
        qsort(list->items, list->len, sizeof(*list->items), compare);
    for (uint32_t i = 0; i < list->len; i++)
        if (len == 0 || compare(&list->items[len - 1], &list->items[i]) != 0)
            list->items[len++] = list->items[i];
    list->len = len;
}

/* ---- what the text in front of the cursor names --------------------------------------------- */

static void keep(struct completer *c, name_list *list, struct str name)
{
    if (list->len < KQL_OFFERS_MAX)
        c->spent |= vec_push(list, name) < 0;
}

/* A name of an earlier let stands for all that its statement names. */
static void keep_table(struct completer *c, struct statement *statement, struct str name)
{
    keep(c, &statement->tables, name);
    for (size_t i = 0; i + 1 < c->statements.len; i++) {
        const struct statement *earlier = &c->statements.items[i];
        if (!str_eq(earlier->let, name))
            continue;
        for (size_t j = 0; j < earlier->tables.len; j++)
            keep(c, &statement->tables, earlier->tables.items[j]);
        for (size_t j = 0; j < earlier->columns.len; j++)
            keep(c, &statement->columns, earlier->columns.items[j]);
    }
}

/* Is the last token followed by '=', and not by '==' or '=~'? */
static bool names_something(const struct completer *c)
{
    struct kql_lexer ahead = c->outline.lexer;
    struct kql_token next = kql_lexer_next(&ahead);
    return next.len == 1 && ahead.text.ptr[next.place.offset] == '=';
}

/*
 * A name was read: it is what a let names, a column that is made, or maybe a table. Among operands a column is
 * taken for a table, too (union A, B; join A on b): nobody knows columns of it, so none are offered.
 */
static void note_name(struct completer *c, enum kql_stage stage, struct str name)
{
    struct statement *statement = &c->statements.items[c->statements.len - 1];
    bool operand = kql_outline_level(&c->outline)->row != NULL;
    bool source = stage == KQL_STAGE_STATEMENT || stage == KQL_STAGE_SOURCE;
    if (!names_something(c)) {
        if (source || operand)
            keep_table(c, statement, name);
    } else if (c->outline.depth == 0 && !operand) {
        statement->let = name;
    } else {
        keep(c, &statement->columns, name);
    }
}

/* Reads the text in front of the word that is being typed. */
static void read_before(struct completer *c, struct str text)
{
    struct kql_token token;
    c->spent |= vec_push(&c->statements, (struct statement){0}) < 0;
    kql_outline_init(&c->outline, text);
    while (!c->spent) {
        enum kql_stage stage = kql_outline_level(&c->outline)->stage;
        enum kql_role role = kql_outline_next(&c->outline, &token);
        size_t end = token.place.offset + token.len;
        struct str word = str_of(text.ptr + token.place.offset, token.len);
        if (role == KQL_ROLE_END)
            break;
        if ((role == KQL_ROLE_COMMENT || role == KQL_ROLE_BAD) && end == text.len)
            c->silent = true;
        if (role == KQL_ROLE_NAME)
            note_name(c, stage, word);
        if (role == KQL_ROLE_SYMBOL && c->outline.depth == 0 && str_eq(word, STR(";")))
            c->spent |= vec_push(&c->statements, (struct statement){0}) < 0;
    }
}

/* ---- what is offered ----------------------------------------------------------------------- */

static void offer_operators(struct completer *c, bool piped, bool first)
{
    const struct kql_operator_row *row;
    for (size_t i = 0; (row = kql_operator_at(i)) != NULL; i++)
        if ((piped && !(row->flags & KQL_FIRST)) || (first && row->flags & KQL_STARTS))
            kql_offers_add(&c->offers, KQL_OFFER_OPERATOR, str_from_c(row->name),
                           str_from_c(row->syntax));
}

/* Up to the first operand, which the syntax has in capitals, where only `leading` words may follow. */
static void offer_words(struct completer *c, enum kql_word_kind wanted, bool leading)
{
    const struct kql_operator_row *row = kql_outline_level(&c->outline)->row;
    struct str word;
    size_t at = 0;
    enum kql_word_kind kind = KQL_WORD;
    size_t end = row ? strcspn(row->syntax, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
    while (row && kql_operator_word(row, &at, &word, &kind))
        if (kind == wanted && (!leading || at < end))
            kql_offers_add(&c->offers, KQL_OFFER_WORD, word, str_from_c(row->syntax));
}

static void offer_tests(struct completer *c)
{
    for (const struct kql_infix *row = kql_infixes; row->text; row++)
        if (kql_infix_of(row->test) == row && /* no spellings of old queries */
            (kql_is_identifier(str_first(str_from_c(row->text), 1)) || row->text[0] == '!'))
            kql_offers_add(&c->offers, KQL_OFFER_TEST, str_from_c(row->text), STR(""));
    kql_offers_add(&c->offers, KQL_OFFER_TEST, STR("and"), STR(""));
    kql_offers_add(&c->offers, KQL_OFFER_TEST, STR("or"), STR(""));
}

static void offer_types(struct completer *c)
{
    for (int type = KQL_BOOL; type <= KQL_GUID; type++)
        kql_offers_add(&c->offers, KQL_OFFER_TYPE, kql_type_name((enum kql_type)type), STR(""));
}

static void offer_tables(struct completer *c)
{
    if (c->names->tables)
        c->names->tables(c->names->context, &c->offers);
}

static void offer_lets(struct completer *c)
{
    for (size_t i = 0; i + 1 < c->statements.len; i++)
        if (c->statements.items[i].let.len)
            kql_offers_add(&c->offers, KQL_OFFER_NAME, c->statements.items[i].let, STR(""));
}

static void offer_functions(struct completer *c)
{
    if (c->names->functions)
        c->names->functions(c->names->context, &c->offers);
}

static void offer_columns(struct completer *c)
{
    const struct statement *statement = &c->statements.items[c->statements.len - 1];
    for (size_t i = 0; i < statement->columns.len; i++)
        kql_offers_add(&c->offers, KQL_OFFER_NAME, statement->columns.items[i], STR(""));
    for (size_t i = 0; i < statement->tables.len && c->names->columns; i++)
        c->names->columns(c->names->context, statement->tables.items[i], &c->offers);
}

/* Does this operator name tables among its operands? */
static bool takes_tables(const struct kql_operator_row *row)
{
    return row && (row->kind == KQL_JOIN || row->kind == KQL_LOOKUP || row->kind == KQL_UNION ||
                   row->kind == KQL_SEARCH || row->kind == KQL_FIND);
}

/* Words that stand behind an operand, so that another word, and no operand, follows them. */
static bool closes_operand(struct str word)
{
    return str_eq(word, STR("asc")) || str_eq(word, STR("desc")) || str_eq(word, STR("nulls"));
}

/* Is the last thing an operand, so that an operator or a word of the operator must follow? */
static bool behind_operand(const struct completer *c)
{
    const struct kql_token *last = &c->outline.last;
    struct str text = str_of(c->outline.lexer.text.ptr + last->place.offset, last->len);
    switch (c->outline.last_role) {
    case KQL_ROLE_NAME:
    case KQL_ROLE_STRING:
    case KQL_ROLE_NUMBER:
        return true;
    case KQL_ROLE_WORD:
        return closes_operand(text);
    case KQL_ROLE_SYMBOL:
        return text.ptr[0] == ')' || text.ptr[0] == ']';
    default:
        return false;
    }
}

static bool last_symbol_is(const struct completer *c, char symbol)
{
    const struct kql_token *last = &c->outline.last;
    return c->outline.last_role == KQL_ROLE_SYMBOL && last->len == 1 &&
           c->outline.lexer.text.ptr[last->place.offset] == symbol;
}

static void offer_operands(struct completer *c)
{
    bool first = c->outline.last_role == KQL_ROLE_OPERATOR;
    if (behind_operand(c)) {
        offer_words(c, KQL_WORD, false);
        if (c->outline.last_role != KQL_ROLE_WORD)
            offer_tests(c);
        return;
    }
    if (first) {
        offer_words(c, KQL_WORD, true);
        offer_words(c, KQL_WORD_OPTION, false);
    }
    if (last_symbol_is(c, '='))
        offer_words(c, KQL_WORD_VALUE, false);
    if (takes_tables(kql_outline_level(&c->outline)->row))
        offer_tables(c);
    offer_lets(c);
    offer_columns(c);
    offer_functions(c);
}

static void offer(struct completer *c)
{
    if (last_symbol_is(c, '.'))
        return;
    if (last_symbol_is(c, ':')) {
        offer_types(c);
        return;
    }
    enum kql_stage stage = kql_outline_level(&c->outline)->stage;
    if (stage == KQL_STAGE_OPERATOR) {
        offer_operators(c, true, false);
        return;
    }
    if (stage == KQL_STAGE_OPERANDS) {
        offer_operands(c);
        return;
    }
    offer_operators(c, c->outline.depth > 0 && !kql_outline_level(&c->outline)->arguments, true);
    offer_tables(c);
    offer_lets(c);
    offer_functions(c);
    if (stage == KQL_STAGE_SOURCE)
        offer_columns(c);
    else
        kql_offers_add(&c->offers, KQL_OFFER_WORD, STR("let"), STR("let NAME = EXPRESSION;"));
}

/* ---- the word that is being typed ---------------------------------------------------------- */

static bool is_word_byte(char c, bool hyphens)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80 || (hyphens && c == '-');
}

/* Where the word that ends at the cursor begins. */
static uint32_t word_start(struct str text, uint32_t cursor, bool hyphens)
{
    uint32_t from = cursor;
    while (from && is_word_byte(text.ptr[from - 1], hyphens))
        from--;
    return from;
}

static void completer_clear(struct completer *c)
{
    for (size_t i = 0; i < c->statements.len; i++) {
        vec_free(&c->statements.items[i].tables);
        vec_free(&c->statements.items[i].columns);
    }
    vec_free(&c->statements);
    c->silent = false;
}

/* project-aw is one word where an operator may stand, and a difference elsewhere. */
static uint32_t find_word(struct completer *c, struct str text, uint32_t cursor)
{
    uint32_t from = word_start(text, cursor, true), plain = word_start(text, cursor, false);
    read_before(c, str_first(text, from));
    if (from == plain || kql_outline_level(&c->outline)->stage != KQL_STAGE_OPERANDS)
        return from;
    completer_clear(c);
    read_before(c, str_first(text, plain));
    return plain;
}

int kql_complete(struct arena *arena, struct str text, uint32_t cursor,
                 const struct kql_names *names, struct kql_completion *ret_completion)
{
    if (text.len > KQL_TEXT_MAX)
        return -E2BIG;
    if (cursor > text.len)
        cursor = (uint32_t)text.len;
    struct completer c = {.names = names, .offers = {.arena = arena}};
    uint32_t from = find_word(&c, text, cursor);
    c.offers.typed = str_of(text.ptr + from, cursor - from);
    if (!c.silent && !c.spent)
        offer(&c);
    int status = c.spent || c.offers.spent ? -ENOMEM : 0;
    completer_clear(&c);
    if (status < 0)
        return status;
    sort_once_each(&c.offers.list);
    *ret_completion = (struct kql_completion){from, c.offers.list};
    return 0;
}
