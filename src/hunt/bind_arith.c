/*
 * Arithmetic: numbers, and datetimes and timespans, which are counted in µs. What is known now is computed now.
 */
#include <math.h>

#include "hunt/bind.h"

static const char *const signs[] = {[KQL_ADD] = "+",
                                    [KQL_SUBTRACT] = "-",
                                    [KQL_MULTIPLY] = "*",
                                    [KQL_DIVIDE] = "/",
                                    [KQL_MODULO] = "%"};

static bool fold_integers(enum kql_op op, int64_t left, int64_t right, int64_t *ret)
{
    switch (op) {
    case KQL_ADD:
        return !__builtin_add_overflow(left, right, ret);
    case KQL_SUBTRACT:
        return !__builtin_sub_overflow(left, right, ret);
    case KQL_MULTIPLY:
        return !__builtin_mul_overflow(left, right, ret);
    default:
        if (right == 0 || (right == -1 && left == INT64_MIN))
            return false;
        *ret = op == KQL_DIVIDE ? left / right : left % right;
        if (op == KQL_MODULO && *ret < 0)
            *ret = right < 0 ? *ret - right : *ret + right;
        return true;
    }
}

static double fold_reals(enum kql_op op, double left, double right)
{
    if (op == KQL_MODULO) {
        double rest = fmod(left, right);
        return rest < 0 ? rest + fabs(right) : rest;
    }
    return op == KQL_ADD        ? left + right
           : op == KQL_SUBTRACT ? left - right
           : op == KQL_MULTIPLY ? left * right
                                : left / right;
}

static double as_double(const struct kql_literal *literal)
{
    return literal->type == KQL_REAL       ? literal->real
           : literal->type == KQL_TIMESPAN ? (double)literal->ticks
                                           : (double)literal->integer;
}

/* The whole number that a literal is counted by. */
static int64_t as_count(const struct kql_literal *literal)
{
    bool time = literal->type == KQL_TIMESPAN || literal->type == KQL_DATETIME;
    return time ? literal->ticks : literal->integer;
}

static bool fold(enum kql_op op, const struct kql_literal *left, const struct kql_literal *right,
                 enum kql_type type, struct kql_literal *ret)
{
    *ret = (struct kql_literal){.type = type};
    if (left->null || right->null || left->type == KQL_DECIMAL || right->type == KQL_DECIMAL)
        return false;
    if (type == KQL_REAL) {
        ret->real = fold_reals(op, as_double(left), as_double(right));
        return true;
    }
    int64_t count;
    if (left->type == KQL_REAL || right->type == KQL_REAL) {
        double ticks = fold_reals(op, as_double(left), as_double(right));
        if (!(fabs(ticks) < 9e18))
            return false;
        count = (int64_t)ticks;
    } else if (!fold_integers(op, as_count(left), as_count(right), &count))
        return false;
    if (type == KQL_LONG || type == KQL_INT)
        ret->integer = count;
    else
        ret->ticks = count;
    return true;
}

/* What the operation gives; NONE: there is no such one. */
static enum kql_type result_type(enum kql_op op, enum kql_type left, enum kql_type right)
{
    bool numbers = bind_is_number(left) && bind_is_number(right);
    if (numbers)
        return left == KQL_REAL || right == KQL_REAL         ? KQL_REAL
               : left == KQL_DECIMAL || right == KQL_DECIMAL ? KQL_DECIMAL
                                                             : KQL_LONG;
    if (left == KQL_DATETIME && right == KQL_DATETIME)
        return op == KQL_SUBTRACT ? KQL_TIMESPAN : KQL_TYPE_NONE;
    if (left == KQL_DATETIME && right == KQL_TIMESPAN)
        return op == KQL_ADD || op == KQL_SUBTRACT ? KQL_DATETIME : KQL_TYPE_NONE;
    if (left == KQL_TIMESPAN && right == KQL_DATETIME)
        return op == KQL_ADD ? KQL_DATETIME : KQL_TYPE_NONE;
    if (left == KQL_TIMESPAN && right == KQL_TIMESPAN)
        return op == KQL_DIVIDE ? KQL_REAL : op == KQL_MULTIPLY ? KQL_TYPE_NONE : KQL_TIMESPAN;
    if (left == KQL_TIMESPAN && bind_is_number(right))
        return op == KQL_MULTIPLY || op == KQL_DIVIDE ? KQL_TIMESPAN : KQL_TYPE_NONE;
    if (bind_is_number(left) && right == KQL_TIMESPAN)
        return op == KQL_MULTIPLY ? KQL_TIMESPAN : KQL_TYPE_NONE;
    return KQL_TYPE_NONE;
}

static struct str write(struct hunt_bind *bind, enum kql_op op, const struct hunt_value *left,
                        const struct hunt_value *right, enum kql_type type)
{
    struct str l = left->sql, r = right->sql;
    if (type == KQL_DATETIME && left->type == KQL_DATETIME)
        return hunt_text(bind, "(%.*s %s to_microseconds(%.*s))", STR_ARG(l), signs[op],
                         STR_ARG(r));
    if (type == KQL_DATETIME)
        return hunt_text(bind, "(%.*s + to_microseconds(%.*s))", STR_ARG(r), STR_ARG(l));
    if (left->type == KQL_DATETIME)
        return hunt_text(bind, "(epoch_us(%.*s) - epoch_us(%.*s))", STR_ARG(l), STR_ARG(r));
    if (type == KQL_TIMESPAN && (left->type == KQL_REAL || right->type == KQL_REAL ||
                                 (op == KQL_DIVIDE && right->type != KQL_TIMESPAN)))
        return hunt_text(bind, "TRY_CAST(trunc(CAST(%.*s AS DOUBLE) %s %.*s) AS BIGINT)",
                         STR_ARG(l), signs[op], STR_ARG(r));
    if (type == KQL_REAL) {
        l = hunt_text(bind, "CAST(%.*s AS DOUBLE)", STR_ARG(l));
        r = hunt_text(bind, "CAST(%.*s AS DOUBLE)", STR_ARG(r));
    }
    if (op == KQL_MODULO) /* never negative, unlike in SQL */
        return hunt_text(bind, "((%.*s %% %.*s + abs(%.*s)) %% abs(%.*s))", STR_ARG(l), STR_ARG(r),
                         STR_ARG(r), STR_ARG(r));
    if (type == KQL_LONG && op == KQL_DIVIDE)
        return hunt_text(bind, "(%.*s // %.*s)", STR_ARG(l), STR_ARG(r));
    return hunt_text(bind, "(%.*s %s %.*s)", STR_ARG(l), signs[op], STR_ARG(r));
}

/* A dynamic operand is what the other one wants it to be. */
static enum kql_type wanted(enum kql_op op, enum kql_type other)
{
    if (other == KQL_DATETIME)
        return op == KQL_SUBTRACT ? KQL_DATETIME : KQL_TIMESPAN;
    return other == KQL_TIMESPAN && op != KQL_MULTIPLY && op != KQL_DIVIDE ? KQL_TIMESPAN
                                                                           : KQL_REAL;
}

int bind_arithmetic(struct hunt_bind *bind, const struct kql_expr *expr, enum kql_op op,
                    struct hunt_value left, struct hunt_value right, struct hunt_value *ret)
{
    if (left.type == KQL_DYNAMIC)
        left = hunt_convert(bind, left, wanted(op, right.type));
    if (right.type == KQL_DYNAMIC)
        right = hunt_convert(bind, right, wanted(op, left.type));
    enum kql_type type = result_type(op, left.type, right.type);
    if (type == KQL_TYPE_NONE)
        return hunt_refuse(bind, expr->place, "there is no %.*s %s %.*s",
                           STR_ARG(kql_type_name(left.type)), signs[op],
                           STR_ARG(kql_type_name(right.type)));
    struct kql_literal literal;
    if (left.constant && right.constant &&
        fold(op, &left.literal, &right.literal, type, &literal)) {
        *ret = hunt_constant(bind, &literal);
        return 0;
    }
    bind->uncertain = true;
    *ret = bind_value(type, write(bind, op, &left, &right, type));
    ret->filled =
        left.filled && right.filled && op != KQL_DIVIDE && op != KQL_MODULO && type != KQL_TIMESPAN;
    return 0;
}

int bind_negate(struct hunt_bind *bind, const struct kql_expr *expr, struct hunt_value *ret)
{
    struct hunt_value value;
    int status = bind_scalar(bind, expr->operand, &value);
    if (status < 0)
        return status;
    if (value.type == KQL_DYNAMIC)
        value = hunt_convert(bind, value, KQL_REAL);
    if (!bind_is_number(value.type) && value.type != KQL_TIMESPAN)
        return hunt_refuse(bind, expr->place, "a %.*s has no negative",
                           STR_ARG(kql_type_name(value.type)));
    struct kql_literal literal = value.literal, zero = {.type = KQL_LONG};
    zero.type = value.type == KQL_TIMESPAN ? KQL_TIMESPAN : KQL_LONG;
    if (value.constant && value.type == KQL_REAL && !literal.null) {
        literal.real = -literal.real;
        *ret = hunt_constant(bind, &literal);
    } else if (value.constant && fold(KQL_SUBTRACT, &zero, &value.literal, value.type, &literal))
        *ret = hunt_constant(bind, &literal);
    else {
        *ret = bind_value(value.type, hunt_text(bind, "(- %.*s)", STR_ARG(value.sql)));
        ret->filled = value.filled;
    }
    return 0;
}
