/*
 * A saved hunt as a draft of a Sigma rule: its filters as a tree of tests on native fields, then the tree as YAML
 * (sigma_draft.c). tests/e2e/saved_hunts_test.py holds what each test selects against the hunt.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "hunt/kql_literal.h"
#include "hunt/sigma_draft.h"
#include "hunt/value.h"

#define MEMORY_MAX ((size_t)8 << 20)

/* Where names of the text at hand stand: columns of a table, or native fields of its source. */
enum names { NAMES_OF_TABLE, NAMES_OF_SOURCE };

struct drafting {
    struct draft draft;
    struct arena *arena;
    const struct saved_hunt *hunt;
    const struct table *table;
    const struct table_source *source;
    enum names names;
    struct err *err;
};

static int refuse(struct drafting *drafting, struct kql_place place, const char *what)
{
    return err_at(drafting->err, -ENOTSUP, place.line, place.column, "%s", what);
}

static int no_memory(struct drafting *drafting)
{
    return err_set(drafting->err, -ENOMEM, "no memory for the draft");
}

/* ---- nodes ---- */

static struct draft_node *node_new(struct drafting *drafting, enum draft_kind kind, uint32_t n)
{
    struct draft_node *node = arena_zero(drafting->arena, 1, sizeof(*node));
    struct draft_node **children = arena_zero(drafting->arena, n + 1u, sizeof(*children));
    if (!node || !children)
        return NULL;
    node->kind = kind;
    node->children = children;
    return node;
}

static struct draft_node *test_new(struct drafting *drafting, struct str field,
                                   const char *modifiers, struct str *values, uint32_t n)
{
    struct draft_node *node = node_new(drafting, DRAFT_TEST, 0);
    if (node) {
        node->field = field;
        node->modifiers = modifiers;
        node->values = values;
        node->n_values = n;
    }
    return node;
}

static struct draft_node *negated(struct drafting *drafting, struct draft_node *child)
{
    struct draft_node *node = child ? node_new(drafting, DRAFT_NOT, 1) : NULL;
    if (node)
        node->children[node->n++] = child;
    return node;
}

static struct draft_node *both(struct drafting *drafting, enum draft_kind kind,
                               struct draft_node *a, struct draft_node *b)
{
    struct draft_node *node = a && b ? node_new(drafting, kind, 2) : NULL;
    if (node) {
        node->children[node->n++] = a;
        node->children[node->n++] = b;
    }
    return node;
}

/* ---- constants ---- */

/* What a let or a parameter stands for; else the expression itself. */
static const struct kql_expr *resolve(const struct drafting *drafting, const struct kql_expr *expr)
{
    const struct kql_statement_list *statements = &drafting->hunt->query->statements;
    if (expr->kind != KQL_NAME || drafting->names == NAMES_OF_SOURCE)
        return expr->kind == KQL_JSON ? expr->operand : expr;
    for (uint32_t i = 0; i < drafting->hunt->n_parameters; i++)
        if (str_eq(drafting->hunt->parameters[i].name.text, expr->name))
            expr = drafting->hunt->parameters[i].value;
    for (uint32_t i = 0; expr->kind == KQL_NAME && i < statements->len; i++)
        if (statements->items[i]->kind == KQL_LET &&
            str_eq(statements->items[i]->name.text, expr->name))
            expr = statements->items[i]->expr;
    return expr->kind == KQL_JSON ? expr->operand : expr;
}

static int read_value(struct drafting *drafting, const struct kql_expr *expr, struct str *ret_text)
{
    const struct kql_expr *value = resolve(drafting, expr);
    const struct kql_literal *literal = &value->literal;
    struct buf text = {0};
    if (value->kind != KQL_LITERAL || literal->null)
        return refuse(drafting, expr->place, "a Sigma rule compares with constants only");
    switch (literal->type) {
    case KQL_STRING:
    case KQL_GUID:
        buf_add_str(&text, literal->text);
        break;
    case KQL_INT:
    case KQL_LONG:
        buf_add_i64(&text, literal->integer);
        break;
    case KQL_REAL:
        value_write_real(&text, literal->real);
        break;
    case KQL_BOOL:
        buf_add_c(&text, literal->boolean ? "true" : "false");
        break;
    default:
        return refuse(drafting, expr->place, "no Sigma rule has values of this type");
    }
    *ret_text = arena_copy(drafting->arena, buf_str(&text));
    bool failed = text.failed || !ret_text->ptr;
    buf_free(&text);
    return failed ? no_memory(drafting) : 0;
}

/* The values of an in (...), with those of lists. */
static int read_values(struct drafting *drafting, const struct kql_expr_list *items,
                       struct str **ret_values, uint32_t *ret_n)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < items->len; i++) {
        const struct kql_expr *item = resolve(drafting, items->items[i]);
        n += item->kind == KQL_ARRAY ? item->exprs.len : 1;
    }
    struct str *values = arena_zero(drafting->arena, n + 1u, sizeof(*values));
    int status = values ? 0 : no_memory(drafting);
    *ret_n = 0;
    for (uint32_t i = 0; status == 0 && i < items->len; i++) {
        const struct kql_expr *item = resolve(drafting, items->items[i]);
        if (item->kind != KQL_ARRAY)
            status = read_value(drafting, items->items[i], &values[(*ret_n)++]);
        for (uint32_t k = 0; item->kind == KQL_ARRAY && status == 0 && k < item->exprs.len; k++)
            status = read_value(drafting, item->exprs.items[k], &values[(*ret_n)++]);
    }
    *ret_values = values;
    return status;
}

/* ---- columns ---- */

/* What a column is made of, as far as a rule can say it. */
struct side {
    enum { SIDE_FIELD, SIDE_LAST_PART, SIDE_CONSTANT } kind;
    struct str text; /* FIELD, LAST_PART: its name; CONSTANT: the value */
    char divider;    /* LAST_PART: of the parts */
};

static bool is_call(const struct kql_expr *expr, const char *name, uint32_t n)
{
    return expr->kind == KQL_CALL && !expr->call.object &&
           str_eq(expr->call.name, str_from_c(name)) && expr->call.arguments.len == n;
}

/* The field of tostring(split(Field, '\\')[-1]), the last part of a path. */
static bool is_last_part(const struct kql_expr *expr, struct side *ret_side)
{
    if (is_call(expr, "tostring", 1))
        expr = expr->call.arguments.items[0].expr;
    if (expr->kind != KQL_INDEX || !is_call(expr->index.object, "split", 2))
        return false;
    const struct kql_expr *index = expr->index.index;
    bool last = (index->kind == KQL_NEGATE && index->operand->kind == KQL_LITERAL &&
                 index->operand->literal.integer == 1) ||
                (index->kind == KQL_LITERAL && index->literal.type == KQL_LONG &&
                 index->literal.integer == -1);
    const struct kql_named *arguments = expr->index.object->call.arguments.items;
    const struct kql_expr *path = arguments[0].expr, *divider = arguments[1].expr;
    if (!last || path->kind != KQL_NAME || divider->kind != KQL_LITERAL ||
        divider->literal.type != KQL_STRING || divider->literal.text.len != 1)
        return false;
    *ret_side = (struct side){SIDE_LAST_PART, path->name, divider->literal.text.ptr[0]};
    return true;
}

static int side_of_cell(struct drafting *drafting, const struct kql_expr *expr,
                        const struct table_cell *cell, struct side *ret_side)
{
    if (cell->kind == TABLE_FIELD && !str_starts(cell->text, STR("_"))) {
        *ret_side = (struct side){SIDE_FIELD, cell->text, 0};
        return 0;
    }
    if (cell->kind == TABLE_EXPRESSION && cell->expr->kind == KQL_LITERAL &&
        cell->expr->literal.type == KQL_STRING) {
        *ret_side = (struct side){SIDE_CONSTANT, cell->expr->literal.text, 0};
        return 0;
    }
    if (cell->kind == TABLE_EXPRESSION && is_last_part(cell->expr, ret_side))
        return 0;
    return err_at(drafting->err, -ENOTSUP, expr->place.line, expr->place.column,
                  "no field of %.*s is the column '%.*s' as it is",
                  STR_ARG(drafting->source->dataset), STR_ARG(expr->name));
}

static int side_of(struct drafting *drafting, const struct kql_expr *expr, struct side *ret_side)
{
    if (expr->kind != KQL_NAME)
        return refuse(drafting, expr->place, "a Sigma rule tests fields, not what is computed");
    if (drafting->names == NAMES_OF_TABLE && !drafting->table->open) {
        uint32_t column = table_column_find(drafting->table, expr->name);
        if (column != TABLE_COLUMN_NONE)
            return side_of_cell(drafting, expr, &drafting->source->cells[column], ret_side);
    }
    if (str_starts(expr->name, STR("_")))
        return refuse(drafting, expr->place, "a Sigma rule does not see the lake's own columns");
    *ret_side = (struct side){SIDE_FIELD, expr->name, 0};
    return 0;
}

/* ---- tests on text ---- */

/* Text as it stands in a regular expression. */
static void add_literal(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("\\^$.|?*+()[]{}", text.ptr[i]) && text.ptr[i])
            buf_add_byte(out, '\\');
        buf_add_byte(out, text.ptr[i]);
    }
}

static bool is_term_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c & 0x80);
}

#define NO_TERM "[^0-9A-Za-z\\p{L}]"

/* A whole term, or its beginning or end: a boundary counts where the text itself does not bring one. */
static void add_term(struct buf *out, struct str text, bool begins, bool ends)
{
    if (begins && text.len && is_term_byte(text.ptr[0]))
        buf_add_c(out, "(?:^|" NO_TERM ")");
    add_literal(out, text);
    if (ends && text.len && is_term_byte(text.ptr[text.len - 1]))
        buf_add_c(out, "(?:" NO_TERM "|$)");
}

/* A test of the last part of a path: what follows may not divide parts. */
static void add_last_part(struct buf *out, const struct side *side, enum kql_op op, struct str text)
{
    char divider[3] = {side->divider == '\\' ? '\\' : side->divider,
                       side->divider == '\\' ? '\\' : '\0', '\0'};
    if (op == KQL_EQUAL || op == KQL_STARTSWITH)
        buf_printf(out, "(?:^|%s)", divider);
    add_literal(out, text);
    if (op == KQL_CONTAINS || op == KQL_STARTSWITH)
        buf_printf(out, "[^%s]*", divider);
    buf_add_byte(out, '$');
}

static int regex_of(struct drafting *drafting, const struct side *side, enum kql_op op,
                    struct str text, struct str *ret_regex)
{
    struct buf out = {0};
    if (side->kind == SIDE_LAST_PART)
        add_last_part(&out, side, op, text);
    else if (op == KQL_MATCHES_REGEX)
        buf_add_str(&out, text);
    else
        add_term(&out, text, op != KQL_HASSUFFIX, op != KQL_HASPREFIX);
    *ret_regex = arena_copy(drafting->arena, buf_str(&out));
    bool failed = out.failed || !ret_regex->ptr;
    buf_free(&out);
    return failed ? no_memory(drafting) : 0;
}

/* The modifier that says an operator of KQL as it is; NULL: a regular expression has to. */
static const char *plain_modifiers(const struct side *side, enum kql_op op, bool nocase)
{
    static const struct {
        enum kql_op op;
        const char *nocase, *cased;
    } rows[] = {
        {KQL_EQUAL, "", "cased"},
        {KQL_IN, "", "cased"},
        {KQL_CONTAINS, "contains", "contains|cased"},
        {KQL_STARTSWITH, "startswith", "startswith|cased"},
        {KQL_ENDSWITH, "endswith", "endswith|cased"},
    };
    bool ends = side->kind == SIDE_LAST_PART && op == KQL_ENDSWITH;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].op == op && (side->kind == SIDE_FIELD || ends))
            return nocase ? rows[i].nocase : rows[i].cased;
    return NULL;
}

/* One text compared with any (all: each) of the values. */
static int text_test(struct drafting *drafting, struct kql_place place, const struct side *side,
                     const struct kql_test *test, struct str *values, uint32_t n,
                     struct draft_node **ret)
{
    enum kql_op op = test->op == KQL_IN ? KQL_EQUAL : test->op;
    bool part = side->kind == SIDE_LAST_PART;
    for (uint32_t i = 0; part && i < n; i++)
        if (str_index(values[i], side->divider) < values[i].len)
            return refuse(drafting, place, "the last part of a path has no divider in it");
    if (part && op != KQL_EQUAL && op != KQL_STARTSWITH && op != KQL_CONTAINS && op != KQL_ENDSWITH)
        return refuse(drafting, place, "no Sigma rule tests a part of a path so");
    const char *modifiers = plain_modifiers(side, op, test->nocase);
    bool regex = modifiers == NULL;
    if (regex)
        modifiers = test->op == KQL_HAS_ALL ? (test->nocase ? "re|i|all" : "re|all")
                    : test->nocase          ? "re|i"
                                            : "re";
    for (uint32_t i = 0; regex && i < n; i++)
        if (regex_of(drafting, side, op, values[i], &values[i]) < 0)
            return -ENOMEM;
    struct draft_node *node = test_new(drafting, side->text, modifiers, values, n);
    *ret = node;
    return node ? 0 : no_memory(drafting);
}

/* A column that is always the same text. */
static int constant_test(struct drafting *drafting, struct kql_place place, const struct side *side,
                         const struct kql_test *test, const struct str *values, uint32_t n,
                         struct draft_node **ret)
{
    bool equal = false;
    if (test->op != KQL_EQUAL && test->op != KQL_IN)
        return refuse(drafting, place, "this column is always the same here: compare it with ==");
    for (uint32_t i = 0; i < n; i++)
        equal |= test->nocase ? str_eq_ascii_nocase(side->text, values[i])
                              : str_eq(side->text, values[i]);
    *ret = node_new(drafting, equal ? DRAFT_TRUE : DRAFT_FALSE, 0);
    return *ret ? 0 : no_memory(drafting);
}

static int compare(struct drafting *drafting, struct kql_place place, const struct side *side,
                   const struct kql_test *test, struct str *values, uint32_t n,
                   struct draft_node **ret)
{
    int status = side->kind == SIDE_CONSTANT
                     ? constant_test(drafting, place, side, test, values, n, ret)
                     : text_test(drafting, place, side, test, values, n, ret);
    if (status == 0 && test->negated)
        *ret = negated(drafting, *ret);
    return status == 0 && !*ret ? no_memory(drafting) : status;
}

/* ---- conditions ---- */

static int draft_condition(struct drafting *drafting, const struct kql_expr *expr,
                           struct draft_node **ret);

/* A comparison of numbers: lt, lte, gt, gte. */
static int draft_order(struct drafting *drafting, struct kql_place place,
                       const struct kql_expr *left, const char *modifier,
                       const struct kql_expr *right, struct draft_node **ret)
{
    struct side side;
    struct str *value = arena_zero(drafting->arena, 1, sizeof(*value));
    int status = value ? side_of(drafting, left, &side) : no_memory(drafting);
    if (status == 0 && side.kind != SIDE_FIELD)
        return refuse(drafting, place, "a Sigma rule orders numbers of fields only");
    if (status == 0)
        status = read_value(drafting, right, value);
    if (status < 0)
        return status;
    *ret = test_new(drafting, side.text, modifier, value, 1);
    if (*ret)
        (*ret)->numbers = true;
    return *ret ? 0 : no_memory(drafting);
}

static const char *order_modifier(enum kql_op op)
{
    switch (op) {
    case KQL_LESS:
        return "lt";
    case KQL_LESS_EQUAL:
        return "lte";
    case KQL_GREATER:
        return "gt";
    case KQL_GREATER_EQUAL:
        return "gte";
    default:
        return NULL;
    }
}

static bool is_number(const struct kql_expr *expr)
{
    return expr->kind == KQL_LITERAL &&
           (expr->literal.type == KQL_LONG || expr->literal.type == KQL_INT);
}

static int equal_number(struct drafting *drafting, const struct side *side,
                        const struct kql_test *test, struct str *value, struct draft_node **ret)
{
    *ret = test_new(drafting, side->text, "", value, 1);
    if (*ret)
        (*ret)->numbers = true;
    if (test->negated)
        *ret = negated(drafting, *ret);
    return *ret ? 0 : no_memory(drafting);
}

static int draft_binary(struct drafting *drafting, const struct kql_expr *expr,
                        struct draft_node **ret)
{
    const struct kql_test *test = &expr->binary.test;
    const struct kql_expr *right = resolve(drafting, expr->binary.right);
    const char *order = order_modifier(test->op);
    struct side side;
    if (order)
        return draft_order(drafting, expr->place, expr->binary.left, order, expr->binary.right,
                           ret);
    if (test->op < KQL_EQUAL || test->op > KQL_MATCHES_REGEX)
        return refuse(drafting, expr->place, "no Sigma rule has this operator");
    struct str *value = arena_zero(drafting->arena, 1, sizeof(*value));
    int status = value ? side_of(drafting, expr->binary.left, &side) : no_memory(drafting);
    if (status == 0)
        status = read_value(drafting, expr->binary.right, value);
    if (status < 0)
        return status;
    if (test->op == KQL_EQUAL && side.kind == SIDE_FIELD && is_number(right))
        return equal_number(drafting, &side, test, value, ret);
    return compare(drafting, expr->place, &side, test, value, 1, ret);
}

static int draft_membership(struct drafting *drafting, const struct kql_expr *expr,
                            struct draft_node **ret)
{
    struct side side;
    struct str *values = NULL;
    uint32_t n = 0;
    int status = side_of(drafting, expr->membership.left, &side);
    if (status == 0)
        status = read_values(drafting, &expr->membership.items, &values, &n);
    if (status == 0 && n == 0)
        return refuse(drafting, expr->place, "an empty list selects nothing");
    return status < 0
               ? status
               : compare(drafting, expr->place, &side, &expr->membership.test, values, n, ret);
}

static int draft_range(struct drafting *drafting, const struct kql_expr *expr,
                       struct draft_node **ret)
{
    struct draft_node *low = NULL, *high = NULL;
    int status = draft_order(drafting, expr->place, expr->range.left, "gte", expr->range.low, &low);
    if (status == 0)
        status =
            draft_order(drafting, expr->place, expr->range.left, "lte", expr->range.high, &high);
    if (status < 0)
        return status;
    *ret = both(drafting, DRAFT_AND, low, high);
    if (expr->range.test.negated)
        *ret = negated(drafting, *ret);
    return *ret ? 0 : no_memory(drafting);
}

/* isempty(Field), isnotempty(Field): is there a character in it? */
static int draft_empty(struct drafting *drafting, const struct kql_expr *expr, bool empty,
                       struct draft_node **ret)
{
    struct side side;
    struct str *value = arena_zero(drafting->arena, 1, sizeof(*value));
    int status =
        value ? side_of(drafting, expr->call.arguments.items[0].expr, &side) : no_memory(drafting);
    if (status < 0)
        return status;
    if (side.kind == SIDE_CONSTANT)
        return refuse(drafting, expr->place, "this column is always the same here");
    bool part = side.kind == SIDE_LAST_PART;
    *value = part && side.divider == '\\' ? STR("[^\\\\]$") : part ? STR("[^/]$") : STR("(?s).");
    *ret = test_new(drafting, side.text, "re", value, 1);
    if (empty)
        *ret = negated(drafting, *ret);
    return *ret ? 0 : no_memory(drafting);
}

static int draft_call(struct drafting *drafting, const struct kql_expr *expr,
                      struct draft_node **ret)
{
    if (is_call(expr, "isempty", 1) || is_call(expr, "isnull", 1))
        return draft_empty(drafting, expr, true, ret);
    if (is_call(expr, "isnotempty", 1) || is_call(expr, "isnotnull", 1))
        return draft_empty(drafting, expr, false, ret);
    if (!is_call(expr, "not", 1))
        return refuse(drafting, expr->place, "no Sigma rule calls this function");
    int status = draft_condition(drafting, expr->call.arguments.items[0].expr, ret);
    if (status == 0)
        *ret = negated(drafting, *ret);
    return status == 0 && !*ret ? no_memory(drafting) : status;
}

static int draft_list(struct drafting *drafting, const struct kql_expr *expr, enum draft_kind kind,
                      struct draft_node **ret)
{
    struct draft_node *node = node_new(drafting, kind, expr->exprs.len);
    int status = node ? 0 : no_memory(drafting);
    for (uint32_t i = 0; status == 0 && i < expr->exprs.len; i++)
        status = draft_condition(drafting, expr->exprs.items[i], &node->children[node->n++]);
    *ret = node;
    return status;
}

static int draft_condition(struct drafting *drafting, const struct kql_expr *expr,
                           struct draft_node **ret)
{
    switch (expr->kind) {
    case KQL_AND:
        return draft_list(drafting, expr, DRAFT_AND, ret);
    case KQL_OR:
        return draft_list(drafting, expr, DRAFT_OR, ret);
    case KQL_BINARY:
        return draft_binary(drafting, expr, ret);
    case KQL_MEMBERSHIP:
        return draft_membership(drafting, expr, ret);
    case KQL_RANGE:
        return draft_range(drafting, expr, ret);
    case KQL_CALL:
        return draft_call(drafting, expr, ret);
    default:
        return refuse(drafting, expr->place, "no Sigma rule says this condition");
    }
}

/* ---- the query ---- */

static bool is_time(const struct kql_expr *expr)
{
    return expr->kind == KQL_NAME &&
           (str_eq(expr->name, STR("Timestamp")) || str_eq(expr->name, STR("TimeGenerated")) ||
            str_eq(expr->name, STR("_time")));
}

/* A window of time: a rule has none, it is asked of what comes. */
static bool is_window(const struct kql_expr *expr)
{
    if (expr->kind == KQL_RANGE)
        return is_time(expr->range.left);
    return expr->kind == KQL_BINARY && order_modifier(expr->binary.test.op) &&
           (is_time(expr->binary.left) || is_time(expr->binary.right));
}

/* One condition more that has to hold. */
static int demand(struct drafting *drafting, const struct kql_expr *expr)
{
    struct draft_node *node = NULL, *before = drafting->draft.condition;
    if (is_window(expr)) {
        drafting->draft.windowed = true;
        return 0;
    }
    if (expr->kind == KQL_AND) {
        int status = 0;
        for (uint32_t i = 0; status == 0 && i < expr->exprs.len; i++)
            status = demand(drafting, expr->exprs.items[i]);
        return status;
    }
    int status = draft_condition(drafting, expr, &node);
    if (status < 0)
        return status;
    drafting->draft.condition = before ? both(drafting, DRAFT_AND, before, node) : node;
    return drafting->draft.condition ? 0 : no_memory(drafting);
}

/* EventID == 1: what a category says by itself, where the dataset has one for it. */
static bool take_event_id(struct drafting *drafting, const struct datasets *datasets,
                          const struct kql_expr *expr)
{
    char text[24];
    bool id = expr->kind == KQL_BINARY && expr->binary.test.op == KQL_EQUAL &&
              !expr->binary.test.negated && expr->binary.left->kind == KQL_NAME &&
              str_eq(expr->binary.left->name, STR("EventID")) && is_number(expr->binary.right);
    if (!id)
        return false;
    snprintf(text, sizeof(text), "%" PRId64, expr->binary.right->literal.integer);
    return datasets_logsource(datasets, drafting->source->dataset_index, str_from_c(text),
                              &drafting->draft.logsource);
}

/* What makes an event of the source a row of the table. */
static int demand_source(struct drafting *drafting, const struct datasets *datasets,
                         const struct kql_expr *expr)
{
    if (take_event_id(drafting, datasets, expr))
        return 0;
    int status = 0;
    if (expr->kind != KQL_AND)
        return demand(drafting, expr);
    for (uint32_t i = 0; status == 0 && i < expr->exprs.len; i++)
        status = demand_source(drafting, datasets, expr->exprs.items[i]);
    return status;
}

/* The first source whose logsource and rows a rule can say. Its error where none is. */
static int pick_source(struct drafting *drafting, const struct datasets *datasets,
                       struct kql_place place)
{
    bool everything = !drafting->table->open && !drafting->table->origin.len; /* `events` */
    for (uint32_t i = 0; !everything && i < drafting->table->n_sources; i++) {
        const struct table_source *source = &drafting->table->sources[i];
        if (source->kind != TABLE_FROM_DATASET || source->dataset_index == DATASET_NONE ||
            !datasets_logsource(datasets, source->dataset_index, STR(""),
                                &drafting->draft.logsource))
            continue;
        drafting->source = source;
        drafting->names = NAMES_OF_SOURCE;
        drafting->draft.condition = NULL;
        int status = source->where.kind == TABLE_NOTHING
                         ? 0
                         : demand_source(drafting, datasets, source->where.expr);
        drafting->names = NAMES_OF_TABLE;
        if (status != -ENOTSUP)
            return status;
    }
    return err_at(drafting->err, -ENOTSUP, place.line, place.column,
                  "no logsource of Sigma has the rows of %.*s", STR_ARG(drafting->table->name));
}

/* What changes neither which rows there are nor what a filter behind it sees. */
static bool is_harmless(enum kql_operator_kind kind, bool last)
{
    bool looks =
        kind == KQL_SORT || kind == KQL_SERIALIZE || kind == KQL_PROJECT_REORDER || kind == KQL_AS;
    return looks || (last && (kind == KQL_PROJECT || kind == KQL_PROJECT_AWAY ||
                              kind == KQL_PROJECT_KEEP || kind == KQL_RENDER));
}

static bool is_last(const struct kql_operator_list *operators, uint32_t index)
{
    for (uint32_t i = index + 1; i < operators->len; i++)
        if (operators->items[i]->kind == KQL_WHERE)
            return false;
    return true;
}

static int draft_pipe(struct drafting *drafting, const struct kql_operator_list *operators)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < operators->len; i++) {
        const struct kql_operator *operator= operators->items[i];
        if (operator->kind == KQL_WHERE)
            status = demand(drafting, operator->predicate);
        else if (!is_harmless(operator->kind, is_last(operators, i)))
            status = refuse(drafting, operator->place,
                            "this operator makes it more than a filter of events");
    }
    return status;
}

static int draft_query(struct drafting *drafting, const struct tables *tables,
                       const struct datasets *datasets)
{
    const struct kql_statement_list *statements = &drafting->hunt->query->statements;
    const struct kql_expr *expr = NULL;
    for (uint32_t i = 0; i < statements->len; i++)
        if (statements->items[i]->kind == KQL_EXPRESSION)
            expr = statements->items[i]->expr;
    const struct kql_expr *source = expr->kind == KQL_PIPE ? expr->pipe.source : expr;
    if (!source || source->kind != KQL_NAME)
        return refuse(drafting, source ? source->place : expr->place,
                      "a Sigma rule filters the events of one table");
    drafting->table = tables_find(tables, source->name);
    if (!drafting->table)
        return refuse(drafting, source->place, "a Sigma rule filters the events of one table");
    int status = pick_source(drafting, datasets, source->place);
    if (status == 0 && expr->kind == KQL_PIPE)
        status = draft_pipe(drafting, &expr->pipe.operators);
    if (status == 0 && !drafting->draft.condition)
        status = refuse(drafting, source->place, "without a filter it is every event");
    return status;
}

int saved_sigma_draft(const struct saved_hunt *hunt, const struct tables *tables,
                      const struct datasets *datasets, const struct attack *attack,
                      struct buf *yaml, struct err *err)
{
    struct arena arena;
    arena_init(&arena, MEMORY_MAX);
    struct drafting drafting = {.draft = {.hunt = hunt}, .arena = &arena, .hunt = hunt, .err = err};
    int status = draft_query(&drafting, tables, datasets);
    if (status == 0) {
        drafting.draft.table = drafting.table->name;
        drafting.draft.dataset = drafting.source->dataset;
        status = draft_write(&drafting.draft, &arena, attack, yaml, err);
    }
    arena_free(&arena);
    return status;
}
