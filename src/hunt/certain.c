/*
 * What can't fail, whatever the values. A result is certain (lake_query.certain) as long as all that was bound of it is on
 * these lists; everything else may fail, known to or not.
 */
#include "hunt/bind.h"

static const enum kql_operator_kind operators[] = {
    KQL_AS,           KQL_CONSUME,        KQL_COUNT,
    KQL_DISTINCT,     KQL_EXTEND,         KQL_GETSCHEMA,
    KQL_JOIN,         KQL_LOOKUP,         KQL_PROJECT,
    KQL_PROJECT_AWAY, KQL_PROJECT_RENAME, KQL_PROJECT_REORDER,
    KQL_PROJECT_KEEP, KQL_RENDER,         KQL_SEARCH,
    KQL_SORT,         KQL_SUMMARIZE,      KQL_TAKE,
    KQL_TOP,          KQL_UNION,          KQL_WHERE,
};

/*
 * Those that convert are judged by the conversion. Aggregates see no rows but those of the scope. None makes a text longer:
 * doubled often enough, it fits no memory.
 */
static const char *const functions[] = {
    "tostring",   "tolong",         "toint",      "todouble", "toreal",     "todecimal",
    "tobool",     "toboolean",      "todatetime", "toguid",   "totimespan", "isempty",
    "isnotempty", "isnull",         "isnotnull",  "notnull",  "notempty",   "iff",
    "iif",        "case",           "coalesce",   "reverse",  "strlen",     "string_size",
    "tolower",    "toupper",        "isascii",    "count",    "countif",    "dcount",
    "dcountif",   "count_distinct", "sum",        "sumif",    "avg",        "avgif",
    "min",        "minif",          "max",        "maxif",    "any",        "anyif",
    "take_any",   "take_anyif",     "arg_max",    "arg_min",  "make_set",   "make_set_if",
    "make_list",  "make_list_if",   "makeset",    "makelist", "extract",    "split",
};

/* Every value but a dynamic one is a text; of a text, what it is not is NULL. */
static bool conversion_is_certain(enum kql_type from, enum kql_type to)
{
    bool number = from == KQL_BOOL || from == KQL_INT || from == KQL_LONG || from == KQL_REAL;
    if (from == KQL_DYNAMIC || to == KQL_DYNAMIC)
        return false;
    if (from == KQL_STRING || from == KQL_GUID || to == KQL_STRING)
        return true;
    return number && (to == KQL_INT || to == KQL_LONG || to == KQL_REAL || to == KQL_BOOL);
}

void certain_operator(struct hunt_bind *bind, enum kql_operator_kind kind)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (operators[i] == kind)
            return;
    bind->uncertain = true;
}

void certain_function(struct hunt_bind *bind, const struct hunt_function *function)
{
    struct str name = hunt_function_name(function);
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (str_eq(str_from_c(functions[i]), name))
            return;
    bind->uncertain = true;
}

void certain_conversion(struct hunt_bind *bind, enum kql_type from, enum kql_type to)
{
    if (!conversion_is_certain(from, to))
        bind->uncertain = true;
}

static bool is_known_index(const struct kql_expr *index)
{
    return index->kind == KQL_LITERAL ||
           (index->kind == KQL_NEGATE && index->operand->kind == KQL_LITERAL);
}

/* split(path, '/')[-1] is a text, or NULL; members of other values are read from JSON, which may be none. */
static bool is_part(const struct kql_expr *expr)
{
    const struct kql_expr *object = expr->index.object;
    return is_known_index(expr->index.index) && object->kind == KQL_CALL &&
           str_eq(object->call.name, STR("split"));
}

void certain_expression(struct hunt_bind *bind, const struct kql_expr *expr)
{
    switch (expr->kind) {
    case KQL_INDEX:
        bind->uncertain = bind->uncertain || !is_part(expr);
        return;
    case KQL_NEGATE:
        bind->uncertain = bind->uncertain || !is_known_index(expr);
        return;
    case KQL_LITERAL:
    case KQL_TYPEOF:
    case KQL_JSON:
    case KQL_NAME:
    case KQL_BINARY:
    case KQL_AND:
    case KQL_OR:
    case KQL_MEMBERSHIP:
    case KQL_RANGE:
    case KQL_CALL:
        return; /* what they are made of is judged by itself */
    default:
        bind->uncertain = true;
    }
}
