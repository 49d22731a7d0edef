/*
 * Functions of KQL over groups of rows. dcount() and count_distinct() are exact; percentiles are those of nearest
 * rank; arg_max(), take_any() and percentiles() make several columns and are in op_group.c.
 */
#include <inttypes.h>

#include "base/vec.h"
#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"

#define LIST_MAX 1048576 /* elements of make_list() and make_set(), as documented */

/* Many bags as one, from an array of them: of each key the first value. */
NATIVE(merge_all)
{
    struct dynamic_list bags = {0}, keys = {0};
    struct buf buf = {0};
    struct str key, value;
    bool whole = dynamic_elements(native_text(call, 0, row), &bags);
    for (size_t i = 0; whole && i < bags.len; i++) {
        struct json_cursor walk = json_cursor_of(bags.items[i]);
        while (whole && walk.object && json_cursor_next(&walk, &key, &value)) {
            bool known = false;
            for (size_t k = 0; !known && k < keys.len; k++)
                known = str_eq(keys.items[k], key);
            if (known)
                continue;
            buf_add_byte(&buf, buf.len ? ',' : '{');
            buf_add(&buf, key.ptr - 1, key.len + 2);
            buf_add_byte(&buf, ':');
            buf_add_str(&buf, value);
            whole = vec_push(&keys, key) == 0;
        }
    }
    buf_add_c(&buf, buf.len ? "}" : "{}");
    vec_free(&bags);
    vec_free(&keys);
    native_put(call, row, &buf);
}

/* kql_weighted([8,6,3,1], [0.5,0.999]): of each share, the place (from 1) at which the sum reaches it. */
NATIVE(weighted)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row)), shares;
    struct str key, value;
    double sum = 0, share, weight;
    struct buf buf = {0};
    while (json_cursor_next(&walk, &key, &value))
        sum += str_to_double(value, &weight) == 0 ? weight : 0;
    shares = json_cursor_of(native_text(call, 1, row));
    while (json_cursor_next(&shares, &key, &value)) {
        double reached = 0, wanted = str_to_double(value, &share) == 0 ? share * sum : 0;
        uint64_t place = 0;
        for (walk = json_cursor_of(native_text(call, 0, row));
             json_cursor_next(&walk, &key, &value);) {
            reached += str_to_double(value, &weight) == 0 ? weight : 0;
            place++;
            if (reached >= wanted)
                break;
        }
        buf_printf(&buf, "%c%" PRIu64, buf.len ? ',' : '[', place);
    }
    buf_add_c(&buf, buf.len ? "]" : "[]");
    native_put(call, row, &buf);
}

const struct lake_function hunt_aggregate_natives[] = {
    {.name = "kql_weighted",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = weighted},
    {.name = "kql_bag_merge_all",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT},
     .call = merge_all},
    {0},
};

/* Each value once. Kusto promises no order; here it is that of the values, so that the same rows give the same set. */
static struct str distinct_elements(struct hunt_bind *bind, struct hunt_value value,
                                    struct str test)
{
    bool plain = value.type == KQL_STRING || value.type == KQL_LONG || value.type == KQL_INT ||
                 value.type == KQL_REAL || value.type == KQL_BOOL;
    return hunt_text(bind, "list_sort(list(DISTINCT %.*s) FILTER (WHERE %.*s))",
                     STR_ARG(plain ? value.sql : hunt_element(bind, value)), STR_ARG(test));
}

/*
 * make_list(value, max), make_set(value, max), their _if with a condition in the second place, and make_list_with_nulls:
 * strings as they are, other values where they are not null.
 */
static int emit_collect(struct hunt_bind *bind, const struct hunt_call *call,
                        struct hunt_value *ret)
{
    bool set = str_find(call->name, STR("set")) != SIZE_MAX;
    bool filtered = str_ends(call->name, STR("if"));
    bool nulls = str_ends(call->name, STR("nulls"));
    uint32_t max_at = filtered ? 2 : 1;
    struct hunt_value value = call->args[0];
    struct str test = filtered ? call->args[1].sql : STR("TRUE");
    if (!nulls && value.type != KQL_STRING)
        test = hunt_text(bind, "%.*s AND %.*s IS NOT NULL", STR_ARG(test), STR_ARG(value.sql));
    struct str elements =
        set ? distinct_elements(bind, value, test)
            : hunt_text(bind, "list(%.*s %.*s) FILTER (WHERE %.*s)",
                        STR_ARG(hunt_element(bind, value)), STR_ARG(call->over), STR_ARG(test));
    struct str max =
        call->n_args > max_at ? call->args[max_at].sql : hunt_text(bind, "%d", LIST_MAX);
    ret->sql = hunt_text(bind, "coalesce(to_json(list_slice(%.*s, 1, %.*s)), '[]'::JSON)",
                         STR_ARG(elements), STR_ARG(max));
    ret->filled = true;
    return 0;
}

/* Percentiles as shares of 1, in the arguments from `first` on, or in an array there: "0.5, 0.95". */
static int read_percents(struct hunt_bind *bind, const struct hunt_call *call, uint32_t first,
                         struct str *ret_list)
{
    const struct kql_expr *array = call->args[first].json;
    uint32_t n = array && array->kind == KQL_ARRAY ? array->exprs.len : call->n_args - first;
    *ret_list = str_of("", 0);
    for (uint32_t i = 0; i < n; i++) {
        struct hunt_value of = array && array->kind == KQL_ARRAY
                                   ? hunt_constant(bind, &array->exprs.items[i]->literal)
                                   : call->args[first + i];
        of = hunt_convert(bind, of, KQL_REAL);
        double percent = of.constant && !of.literal.null ? of.literal.real : -1;
        if (!(percent >= 0 && percent <= 100))
            return hunt_refuse(bind, call->place, "%.*s() is of 0 to 100", STR_ARG(call->name));
        *ret_list =
            hunt_text(bind, "%.*s%s%.17g", STR_ARG(*ret_list), i > 0 ? ", " : "", percent / 100);
    }
    return 0;
}

static int emit_percentile(struct hunt_bind *bind, const struct hunt_call *call,
                           struct hunt_value *ret)
{
    struct str percents;
    int status = read_percents(bind, call, 1, &percents);
    ret->sql =
        hunt_text(bind, "quantile_disc(%.*s, %.*s)", STR_ARG(call->args[0].sql), STR_ARG(percents));
    return status;
}

static int emit_percentiles_array(struct hunt_bind *bind, const struct hunt_call *call,
                                  struct hunt_value *ret)
{
    struct str percents;
    int status = read_percents(bind, call, 1, &percents);
    ret->sql = hunt_text(bind, "to_json(quantile_disc(%.*s, [%.*s]))", STR_ARG(call->args[0].sql),
                         STR_ARG(percents));
    return status;
}

/*
 * Each value as often as its weight says, without writing it so often: the values in their order, and the first of
 * them up to which the sum of weights reaches the share.
 */
static int emit_weighted(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    struct str percents, value = call->args[0].sql, weight = call->args[1].sql;
    int status = read_percents(bind, call, 2, &percents);
    bool array = str_ends(call->name, STR("array"));
    struct str test = hunt_text(bind, "FILTER (WHERE %.*s > 0 AND %.*s IS NOT NULL)",
                                STR_ARG(weight), STR_ARG(value));
    struct str places =
        hunt_text(bind, "kql_weighted(to_json(list(%.*s ORDER BY %.*s) %.*s), '[%.*s]')",
                  STR_ARG(weight), STR_ARG(value), STR_ARG(test), STR_ARG(percents));
    struct str values = hunt_text(bind, "list(%.*s ORDER BY %.*s) %.*s", STR_ARG(value),
                                  STR_ARG(value), STR_ARG(test));
    if (array)
        ret->sql = hunt_text(bind, "to_json(list_select(%.*s, from_json(%.*s, '[\"BIGINT\"]')))",
                             STR_ARG(values), STR_ARG(places));
    else
        ret->sql = hunt_text(bind, "list_extract(%.*s, CAST(json_extract(%.*s, '$[0]') AS BIGINT))",
                             STR_ARG(values), STR_ARG(places));
    return status;
}

#define IF_(sql) sql " FILTER (WHERE $2)"

const struct hunt_function hunt_more_aggregates[] = {
    {"sumif(value: timespan, condition: bool) timespan",
     .sql = "coalesce(" IF_("sum($1)") ", 0)::BIGINT", .filled = true},
    {"sumif(value: long, condition: bool) long", .sql = "coalesce(" IF_("sum($1)") ", 0)::BIGINT",
     .filled = true},
    {"sumif(value: real, condition: bool) real", .sql = "coalesce(" IF_("sum($1)") ", 0)",
     .filled = true},
    {"avg(value: timespan) timespan", .sql = "CAST(avg($1) AS BIGINT)"},
    {"avg(value: real) real", .sql = "avg($1)"},
    {"avgif(value: timespan, condition: bool) timespan",
     .sql = "CAST(" IF_("avg($1)") " AS BIGINT)"},
    {"avgif(value: real, condition: bool) real", .sql = IF_("avg($1)")},
    {"min(value: raw scalar) $1", .sql = "min($1)"},
    {"max(value: raw scalar) $1", .sql = "max($1)"},
    {"minif(value: raw scalar, condition: bool) $1", .sql = IF_("min($1)")},
    {"maxif(value: raw scalar, condition: bool) $1", .sql = IF_("max($1)")},
    {"take_anyif(value: raw scalar, condition: bool) $1", .sql = IF_("any_value($1)"),
     .naming = HUNT_NAMED_BY_FIRST},
    {"anyif(value: raw scalar, condition: bool) $1", .sql = IF_("any_value($1)")},
    {"dcountif(value: scalar, condition: bool, accuracy: long?) long",
     .sql = IF_("count(DISTINCT $1)"), .filled = true},
    {"count_distinct(value: scalar) long", .sql = "count(DISTINCT $1)", .filled = true},
    {"count_distinctif(value: scalar, condition: bool) long", .sql = IF_("count(DISTINCT $1)"),
     .filled = true},
    {"make_list(value: scalar, max: long?) dynamic", .emit = emit_collect, .prefix = "list"},
    {"makelist(value: scalar, max: long?) dynamic", .emit = emit_collect, .prefix = "list"},
    {"make_list_if(value: scalar, condition: bool, max: long?) dynamic", .emit = emit_collect,
     .prefix = "list"},
    {"make_list_with_nulls(value: scalar) dynamic", .emit = emit_collect, .prefix = "list"},
    {"make_set(value: scalar, max: long?) dynamic", .emit = emit_collect, .prefix = "set"},
    {"makeset(value: scalar, max: long?) dynamic", .emit = emit_collect, .prefix = "set"},
    {"make_set_if(value: scalar, condition: bool, max: long?) dynamic", .emit = emit_collect,
     .prefix = "set"},
    {"make_bag(bag: dynamic, max: long?) dynamic", .sql = "kql_bag_merge_all(to_json(list($1)))",
     .prefix = "bag"},
    {"make_bag_if(bag: dynamic, condition: bool, max: long?) dynamic",
     .sql = "kql_bag_merge_all(to_json(" IF_("list($1)") "))", .prefix = "bag"},
    {"percentile(value: raw scalar, percent: const number) $1", .emit = emit_percentile},
    {"percentilew(value: scalar, weight: long, percent: const number) $1", .emit = emit_weighted},
    {"percentiles_array(value: number, percent: const scalar...) dynamic",
     .emit = emit_percentiles_array, .prefix = "percentiles"},
    {"percentilesw_array(value: number, weight: long, percent: const scalar...) dynamic",
     .emit = emit_weighted, .prefix = "percentiles"},
    {"stdev(value: real) real", .sql = "stddev_samp($1)"},
    {"stdevp(value: real) real", .sql = "stddev_pop($1)"},
    {"stdevif(value: real, condition: bool) real", .sql = IF_("stddev_samp($1)")},
    {"variance(value: real) real", .sql = "var_samp($1)"},
    {"variancep(value: real) real", .sql = "var_pop($1)"},
    {"varianceif(value: real, condition: bool) real", .sql = IF_("var_samp($1)")},
    {"stdevpif(value: real, condition: bool) real", .sql = IF_("stddev_pop($1)")},
    {"variancepif(value: real, condition: bool) real", .sql = IF_("var_pop($1)")},
    {"covariance(a: real, b: real) real", .sql = "covar_samp($1, $2)"},
    {"covariancep(a: real, b: real) real", .sql = "covar_pop($1, $2)"},
    {"covarianceif(a: real, b: real, condition: bool) real",
     .sql = "covar_samp($1, $2) FILTER (WHERE $3)"},
    {"covariancepif(a: real, b: real, condition: bool) real",
     .sql = "covar_pop($1, $2) FILTER (WHERE $3)"},
    {"binary_all_and(value: long) long", .sql = "bit_and($1)", .naming = HUNT_NAMED_BY_FIRST},
    {"binary_all_or(value: long) long", .sql = "bit_or($1)", .naming = HUNT_NAMED_BY_FIRST},
    {"binary_all_xor(value: long) long", .sql = "bit_xor($1)", .naming = HUNT_NAMED_BY_FIRST},
    {0},
};
