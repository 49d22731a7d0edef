/*
 * Functions of KQL over groups of rows. dcount() and count_distinct() are exact; percentiles are those of nearest
 * rank; arg_max(), take_any() and percentiles() make several columns and are in op_group.c.
 */
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
        struct dynamic_walk walk = dynamic_walk(bags.items[i]);
        while (whole && walk.bag && dynamic_next(&walk, &key, &value)) {
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

const struct lake_function hunt_aggregate_natives[] = {
    {.name = "kql_bag_merge_all",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT},
     .call = merge_all},
    {0},
};

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
    struct str order = set ? str_of("", 0) : call->over;
    struct str list =
        hunt_text(bind, "list(%s%.*s %.*s) FILTER (WHERE %.*s)", set ? "DISTINCT " : "",
                  STR_ARG(hunt_element(bind, value)), STR_ARG(order), STR_ARG(test));
    struct str max =
        call->n_args > max_at ? call->args[max_at].sql : hunt_text(bind, "%d", LIST_MAX);
    ret->sql = hunt_text(bind, "coalesce(to_json(list_slice(%.*s, 1, %.*s)), '[]'::JSON)",
                         STR_ARG(list), STR_ARG(max));
    ret->filled = true;
    return 0;
}

static int emit_percentile(struct hunt_bind *bind, const struct hunt_call *call,
                           struct hunt_value *ret)
{
    struct hunt_value of = hunt_convert(bind, call->args[1], KQL_REAL);
    double percent = of.constant ? of.literal.real : -1;
    if (!(percent >= 0 && percent <= 100))
        return hunt_refuse(bind, call->place, "percentile() is of 0 to 100");
    ret->sql =
        hunt_text(bind, "quantile_disc(%.*s, %.17g)", STR_ARG(call->args[0].sql), percent / 100);
    return 0;
}

static int emit_percentiles_array(struct hunt_bind *bind, const struct hunt_call *call,
                                  struct hunt_value *ret)
{
    struct str list = {"", 0};
    for (uint32_t i = 1; i < call->n_args; i++) {
        struct hunt_value of = hunt_convert(bind, call->args[i], KQL_REAL);
        double percent = of.constant ? of.literal.real : -1;
        if (!(percent >= 0 && percent <= 100))
            return hunt_refuse(bind, call->place, "percentiles_array() is of 0 to 100");
        list = hunt_text(bind, "%.*s%s%.17g", STR_ARG(list), i > 1 ? ", " : "", percent / 100);
    }
    ret->sql = hunt_text(bind, "to_json(quantile_disc(%.*s, [%.*s]))", STR_ARG(call->args[0].sql),
                         STR_ARG(list));
    return 0;
}

/* The state of an estimate is nothing that is kept here: counts are exact. */
static int refuse_sketch(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    (void)ret;
    return hunt_refuse(bind, call->place,
                       "%.*s() works on sketches, which are not kept; dcount() and percentile() "
                       "work on the rows themselves",
                       STR_ARG(call->name));
}

static int refuse_schema(struct hunt_bind *bind, const struct hunt_call *call,
                         struct hunt_value *ret)
{
    (void)ret;
    return hunt_refuse(bind, call->place, "%.*s() is not done; bag_keys() lists what a bag holds",
                       STR_ARG(call->name));
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
    {"take_anyif(value: raw scalar, condition: bool) $1", .sql = IF_("any_value($1)")},
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
    {"percentiles_array(value: number, percent: const number...) dynamic",
     .emit = emit_percentiles_array},
    {"stdev(value: real) real", .sql = "stddev_samp($1)"},
    {"stdevp(value: real) real", .sql = "stddev_pop($1)"},
    {"stdevif(value: real, condition: bool) real", .sql = IF_("stddev_samp($1)")},
    {"variance(value: real) real", .sql = "var_samp($1)"},
    {"variancep(value: real) real", .sql = "var_pop($1)"},
    {"varianceif(value: real, condition: bool) real", .sql = IF_("var_samp($1)")},
    {"binary_all_and(value: long) long", .sql = "bit_and($1)"},
    {"binary_all_or(value: long) long", .sql = "bit_or($1)"},
    {"binary_all_xor(value: long) long", .sql = "bit_xor($1)"},
    {"hll(value: scalar, accuracy: long?) dynamic", .emit = refuse_sketch},
    {"hll_if(value: scalar, condition: bool, accuracy: long?) dynamic", .emit = refuse_sketch},
    {"hll_merge(state: dynamic) dynamic", .emit = refuse_sketch},
    {"tdigest(value: scalar, weight: scalar?) dynamic", .emit = refuse_sketch},
    {"tdigest_merge(state: dynamic) dynamic", .emit = refuse_sketch},
    {"buildschema(value: dynamic) dynamic", .emit = refuse_schema},
    {0},
};
