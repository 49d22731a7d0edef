/*
 * Comparisons and the operators of text. Kusto's rules of null: a string is never null; other values: null == null is
 * null, null == x is false, null != x is true, and null < x is null.
 *
 * SQL stays plain where it can (column = 'literal'), since the engine skips what a plain comparison rules out.
 */
#include "hunt/bind.h"

static bool is_text(enum kql_type type)
{
    return type == KQL_STRING || type == KQL_GUID;
}

static bool is_empty_text(const struct hunt_value *value)
{
    return value->constant && value->literal.type == KQL_STRING && value->literal.text.len == 0;
}

static struct hunt_value predicate(struct str sql, bool filled)
{
    struct hunt_value value = bind_value(KQL_BOOL, sql);
    value.filled = filled;
    return value;
}

static struct hunt_value pair(struct hunt_bind *bind, struct str left, const char *op,
                              struct str right, bool filled)
{
    return predicate(hunt_text(bind, "(%.*s %s %.*s)", STR_ARG(left), op, STR_ARG(right)), filled);
}

/* The type in which two values are compared; NONE: as texts. */
static enum kql_type common_type(const struct hunt_value *left, const struct hunt_value *right)
{
    enum kql_type a = left->type, b = right->type;
    if (a == b)
        return a == KQL_DYNAMIC ? KQL_STRING : a;
    if (a == KQL_DYNAMIC || b == KQL_DYNAMIC) {
        enum kql_type other = a == KQL_DYNAMIC ? b : a;
        return other == KQL_INT || other == KQL_LONG ? KQL_REAL : other;
    }
    if (bind_is_number(a) && bind_is_number(b))
        return a == KQL_REAL || b == KQL_REAL         ? KQL_REAL
               : a == KQL_DECIMAL || b == KQL_DECIMAL ? KQL_DECIMAL
                                                      : KQL_LONG;
    if (is_text(a) && is_text(b))
        return KQL_STRING;
    if (a == KQL_STRING || b == KQL_STRING)
        return (a == KQL_STRING ? left : right)->constant ? (a == KQL_STRING ? b : a) : KQL_STRING;
    if ((a == KQL_BOOL && bind_is_number(b)) || (b == KQL_BOOL && bind_is_number(a)))
        return KQL_LONG;
    return KQL_TYPE_NONE;
}

/* Integers are compared with reals as they are: SQL does so exactly enough, and keeps the column bare. */
static struct hunt_value comparable(struct hunt_bind *bind, struct hunt_value value,
                                    enum kql_type type)
{
    if (bind_is_number(value.type) && bind_is_number(type))
        return value;
    return bind_as(bind, value, type);
}

static struct hunt_value text_equal(struct hunt_bind *bind, struct kql_test test, bool filter,
                                    struct hunt_value left, struct hunt_value right)
{
    if (left.constant && !right.constant) {
        struct hunt_value swap = left;
        left = right;
        right = swap;
    }
    const char *op = test.negated ? "<>" : "=";
    if (test.nocase)
        return predicate(
            hunt_text(bind,
                      test.negated ? "(NOT kql_equals(%.*s, %.*s))" : "kql_equals(%.*s, %.*s)",
                      STR_ARG(bind_filled(bind, &left)), STR_ARG(bind_filled(bind, &right))),
            true);
    if (!right.constant || is_empty_text(&right) || left.filled)
        return pair(bind, bind_filled(bind, &left), op, bind_filled(bind, &right), true);
    if (filter && !test.negated)
        return pair(bind, left.sql, "=", right.sql, false);
    return pair(bind, left.sql, test.negated ? "IS DISTINCT FROM" : "IS NOT DISTINCT FROM",
                right.sql, true);
}

static struct hunt_value value_equal(struct hunt_bind *bind, struct kql_test test, bool filter,
                                     const struct hunt_value *left, const struct hunt_value *right)
{
    const char *same = test.negated ? "IS DISTINCT FROM" : "IS NOT DISTINCT FROM";
    if (left->filled && right->filled)
        return pair(bind, left->sql, test.negated ? "<>" : "=", right->sql, true);
    if (filter && !test.negated)
        return pair(bind, left->sql, "=", right->sql, false);
    if (left->filled || right->filled)
        return pair(bind, left->sql, same, right->sql, true);
    return predicate(
        hunt_text(bind, "CASE WHEN NOT (%.*s IS NULL AND %.*s IS NULL) THEN %.*s %s %.*s END",
                  STR_ARG(left->sql), STR_ARG(right->sql), STR_ARG(left->sql), same,
                  STR_ARG(right->sql)),
        false);
}

static const char *order_sign(enum kql_op op)
{
    return op == KQL_LESS            ? "<"
           : op == KQL_LESS_EQUAL    ? "<="
           : op == KQL_GREATER       ? ">"
           : op == KQL_GREATER_EQUAL ? ">="
                                     : NULL;
}

int bind_compare(struct hunt_bind *bind, struct kql_place place, struct kql_test test, bool filter,
                 struct hunt_value left, struct hunt_value right, struct hunt_value *ret)
{
    enum kql_type type = test.nocase ? KQL_STRING : common_type(&left, &right);
    if (type == KQL_TYPE_NONE)
        return hunt_refuse(bind, place, "a %.*s can't be compared with a %.*s",
                           STR_ARG(kql_type_name(left.type)), STR_ARG(kql_type_name(right.type)));
    const char *sign = order_sign(test.op);
    left = comparable(bind, left, type);
    right = comparable(bind, right, type);
    if (sign)
        *ret = pair(bind, bind_filled(bind, &left), sign, bind_filled(bind, &right),
                    is_text(type) || (left.filled && right.filled));
    else if (is_text(type))
        *ret = text_equal(bind, test, filter, left, right);
    else
        *ret = value_equal(bind, test, filter, &left, &right);
    return 0;
}

/* The function that is the test; those without _cs are of the engine where it has them. */
static const char *text_function(const struct kql_test *test)
{
    switch (test->op) {
    case KQL_HAS:
        return test->nocase ? "kql_has" : "kql_has_cs";
    case KQL_HASPREFIX:
        return test->nocase ? "kql_hasprefix" : "kql_hasprefix_cs";
    case KQL_HASSUFFIX:
        return test->nocase ? "kql_hassuffix" : "kql_hassuffix_cs";
    case KQL_CONTAINS:
        return test->nocase ? "kql_contains" : "contains";
    case KQL_STARTSWITH:
        return test->nocase ? "kql_startswith" : "starts_with";
    case KQL_ENDSWITH:
        return test->nocase ? "kql_endswith" : "ends_with";
    case KQL_MATCHES_REGEX:
        return "regexp_matches";
    default:
        return NULL;
    }
}

struct hunt_value bind_text_test(struct hunt_bind *bind, struct kql_test test, bool filter,
                                 struct hunt_value left, struct hunt_value right)
{
    left = bind_as(bind, left, KQL_STRING);
    right = bind_as(bind, right, KQL_STRING);
    if (test.op == KQL_MATCHES_REGEX && !right.constant)
        bind->uncertain = true;
    /* Where an empty right side would be had by a NULL too, it counts as ''. */
    bool plain = filter && !test.negated && right.constant && !is_empty_text(&right);
    struct str subject = plain ? left.sql : bind_filled(bind, &left);
    return predicate(hunt_text(bind, test.negated ? "(NOT %s(%.*s, %.*s))" : "%s(%.*s, %.*s)",
                               text_function(&test), STR_ARG(subject),
                               STR_ARG(bind_filled(bind, &right))),
                     !plain || left.filled);
}

/* search's column:"text": a whole term, with stars for what may stand around or in it. */
static struct hunt_value colon_test(struct hunt_bind *bind, struct hunt_value left,
                                    struct str pattern)
{
    struct kql_test test = {.op = KQL_HAS, .nocase = !bind->in.cased};
    bool before = str_starts(pattern, STR("*")), behind = str_ends(pattern, STR("*"));
    struct str inner = str_skip(pattern, before ? 1 : 0);
    if (behind && inner.len)
        inner.len--;
    if (memchr(inner.ptr ? inner.ptr : "", '*', inner.len)) {
        struct buf buf = {0};
        struct str part;
        buf_add_c(&buf, bind->in.cased ? "(?s)" : "(?si)");
        for (bool first = true; inner.len && str_cut(&inner, '*', &part); first = false) {
            buf_add_c(&buf, first ? "\\Q" : ".*\\Q");
            buf_add_str(&buf, part);
            buf_add_c(&buf, "\\E");
        }
        test = (struct kql_test){.op = KQL_MATCHES_REGEX};
        return bind_text_test(bind, test, false, left,
                              bind_text_constant(bind, bind_keep(bind, &buf)));
    }
    if (before && behind)
        test.op = KQL_CONTAINS;
    else if (before)
        test.op = KQL_HASSUFFIX;
    else if (behind)
        test.op = KQL_HASPREFIX;
    return bind_text_test(bind, test, false, left, bind_text_constant(bind, inner));
}

struct hunt_value bind_any_column(struct hunt_bind *bind, struct str text)
{
    struct buf buf = {0};
    for (uint32_t i = 0; bind->in.row && i < bind->in.row->fields.len; i++) {
        struct column *column = bind->in.row->fields.items[i].column;
        struct hunt_value value = column_value(column);
        if (!is_text(column->type) && column->type != KQL_DYNAMIC)
            continue;
        if (bind->in.refs)
            column_list_add(bind, bind->in.refs, column);
        value = colon_test(bind, value, text);
        buf_add_c(&buf, buf.len ? " OR " : "(");
        buf_add_str(&buf, value.sql);
    }
    if (buf.len == 0)
        buf_add_c(&buf, "(FALSE");
    buf_add_byte(&buf, ')');
    return predicate(bind_keep(bind, &buf), true);
}

int bind_binary(struct hunt_bind *bind, const struct kql_expr *expr, bool filter,
                struct hunt_value *ret)
{
    struct kql_test test = expr->binary.test;
    const struct kql_expr *left_expr = expr->binary.left;
    struct hunt_value left = {0}, right;
    int status = 0;
    if (left_expr->kind != KQL_STAR)
        status = bind_scalar(bind, left_expr, &left);
    if (status == 0)
        status = bind_scalar(bind, expr->binary.right, &right);
    if (status < 0)
        return status;
    if (test.op <= KQL_MODULO)
        return bind_arithmetic(bind, expr, test.op, left, right, ret);
    if (left_expr->kind == KQL_STAR || test.op == KQL_COLON) {
        if (!right.constant)
            return hunt_refuse(bind, expr->binary.right->place,
                               "what is searched for is known before the query runs");
        right = hunt_convert(bind, right, KQL_STRING);
        *ret = left_expr->kind == KQL_STAR
                   ? bind_any_column(bind, right.literal.text)
                   : colon_test(bind, bind_as(bind, left, KQL_STRING), right.literal.text);
        return 0;
    }
    if (text_function(&test)) {
        *ret = bind_text_test(bind, test, filter, left, right);
        return 0;
    }
    return bind_compare(bind, expr->place, test, filter, left, right, ret);
}

int bind_range(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret)
{
    struct hunt_value left, low, high, from, to;
    int status = bind_scalar(bind, expr->range.left, &left);
    if (status == 0)
        status = bind_scalar(bind, expr->range.low, &low);
    if (status == 0)
        status = bind_scalar(bind, expr->range.high, &high);
    /* between (start .. 1d) ends a day behind the start. */
    if (status == 0 && left.type == KQL_DATETIME && high.type == KQL_TIMESPAN)
        status = bind_arithmetic(bind, expr, KQL_ADD, low, high, &high);
    struct kql_test test = {.op = KQL_GREATER_EQUAL};
    if (status == 0)
        status = bind_compare(bind, expr->place, test, false, left, low, &from);
    test.op = KQL_LESS_EQUAL;
    if (status == 0)
        status = bind_compare(bind, expr->place, test, false, left, high, &to);
    if (status < 0)
        return status;
    *ret = predicate(
        hunt_text(bind, expr->range.test.negated ? "(NOT (%.*s AND %.*s))" : "(%.*s AND %.*s)",
                  STR_ARG(from.sql), STR_ARG(to.sql)),
        from.filled && to.filled);
    return 0;
}
