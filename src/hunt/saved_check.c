/* What a saved hunt says, held against the tables; and values against its parameters. */
#include <errno.h>
#include <math.h>

#include "base/nearest.h"
#include "base/time.h"
#include "hunt/kql_literal.h"
#include "hunt/saved.h"

#define CHECK_NOW_US (INT64_C(20000) * TIME_DAY_US) /* any time does: nothing is run */

bool saved_tables_next(struct str *rest, struct str *ret_table)
{
    size_t end = str_find(*rest, STR(" or "));
    if (rest->len == 0)
        return false;
    *ret_table = str_first(*rest, end);
    *rest = end < rest->len ? str_skip(*rest, end + STR(" or ").len) : STR("");
    return true;
}

static int check_word(const struct saved_word *word, const struct tables *tables, struct err *err)
{
    struct str table, rest = word->text;
    while (saved_tables_next(&rest, &table)) {
        if (tables_find(tables, table))
            continue;
        struct str near = tables_nearest(tables, table);
        return err_at(err, -EINVAL, word->line, word->column, "there is no table '%.*s'%s%.*s%s",
                      STR_ARG(table), near.len ? "; did you mean '" : "", STR_ARG(near),
                      near.len ? "'?" : "");
    }
    return 0;
}

static int check_tables(const struct saved_hunt *hunt, const struct tables *tables, struct err *err)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < hunt->tables.len; i++)
        status = check_word(&hunt->tables.items[i], tables, err);
    return status;
}

int saved_check(const struct saved_hunt *hunt, const struct tables *tables, struct err *err)
{
    const struct hunt_options options = {
        .tables = tables, .now_us = CHECK_NOW_US, .first = INT64_MIN, .last = INT64_MAX};
    const struct hunt_plan *plan;
    struct arena arena;
    arena_init(&arena, HUNT_PLAN_MEMORY_MAX);
    int status = check_tables(hunt, tables, err);
    if (status == 0)
        status = hunt_compile(&arena, hunt->text, &options, &plan, err);
    if (status == 0 && hunt->finds &&
        !saved_mapping_new(&arena, hunt, plan->results[0].columns, plan->results[0].n_columns, err))
        status = err->code;
    arena_free(&arena);
    return status;
}

/* ---- parameters ---- */

static bool is_value(enum kql_type type, struct str text)
{
    char guid[KQL_GUID_LEN];
    int64_t number;
    double real;
    switch (type) {
    case KQL_BOOL:
        return str_eq(text, STR("true")) || str_eq(text, STR("false"));
    case KQL_INT:
        return str_to_i64(text, &number) == 0 && number >= INT32_MIN && number <= INT32_MAX;
    case KQL_LONG:
        return str_to_i64(text, &number) == 0;
    case KQL_REAL:
    case KQL_DECIMAL:
        return str_to_double(text, &real) == 0 && isfinite(real);
    case KQL_DATETIME:
        return kql_datetime_read(text, &number) == 0;
    case KQL_TIMESPAN:
        return kql_timespan_read(text, &number) == 0;
    case KQL_GUID:
        return kql_guid_read(text, guid) == 0;
    default:
        return true;
    }
}

static int check_parameter(const struct saved_hunt *hunt, const struct hunt_parameter *given,
                           struct err *err)
{
    struct nearest nearest;
    nearest_begin(&nearest, given->name);
    for (uint32_t i = 0; i < hunt->n_parameters; i++) {
        const struct kql_parameter *parameter = &hunt->parameters[i];
        nearest_offer(&nearest, parameter->name.text);
        if (!str_eq(parameter->name.text, given->name))
            continue;
        if (is_value(parameter->type, given->value))
            return 0;
        return err_set(err, -EINVAL, "the parameter '%.*s' is a %s, which '%.*s' is not",
                       STR_ARG(given->name), tables_type_name(parameter->type),
                       STR_ARG(str_first(given->value, 80)));
    }
    return err_set(err, -EINVAL, "the hunt has no parameter '%.*s'%s%.*s%s",
                   STR_ARG(str_first(given->name, 80)), nearest.found.len ? "; did you mean '" : "",
                   STR_ARG(nearest.found), nearest.found.len ? "'?" : "");
}

int saved_parameters_check(const struct saved_hunt *hunt, const struct hunt_parameter *parameters,
                           uint32_t n, struct err *err)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < n; i++)
        status = check_parameter(hunt, &parameters[i], err);
    return status;
}
