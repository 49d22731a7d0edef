/*
 * The tables of functions, by subject.
 */
#include "hunt/function.h"

#include "hunt/native.h"

static const struct hunt_function_table tables[] = {
    {HUNT_SCALAR, hunt_core_scalars},
    {HUNT_SCALAR, hunt_convert_scalars},
    {HUNT_SCALAR, hunt_string_scalars},
    {HUNT_SCALAR, hunt_encode_scalars},
    {HUNT_SCALAR, hunt_terms_scalars},
    {HUNT_SCALAR, hunt_time_scalars},
    {HUNT_SCALAR, hunt_dynamic_scalars},
    {HUNT_SCALAR, hunt_number_scalars},
    {HUNT_SCALAR, hunt_ip_scalars},
    {HUNT_SCALAR, hunt_series_scalars},
    {HUNT_SCALAR, hunt_series_math_scalars},
    {HUNT_SCALAR, hunt_text_parse_scalars},
    {HUNT_SCALAR, hunt_shape_scalars},
    {HUNT_SCALAR, hunt_hash_scalars},
    {HUNT_SCALAR, hunt_geo_scalars},
    {HUNT_SCALAR, hunt_statistics_scalars},
    {HUNT_SCALAR, hunt_refused_scalars},
    {HUNT_AGGREGATE, hunt_core_aggregates},
    {HUNT_AGGREGATE, hunt_more_aggregates},
    {HUNT_AGGREGATE, hunt_refused_aggregates},
    {HUNT_WINDOW, hunt_windows},
};

/* C functions, each table ended by a row without a name. */
static const struct lake_function *const native_tables[] = {
    hunt_convert_natives,     hunt_string_natives,     hunt_terms_natives,  hunt_time_natives,
    hunt_dynamic_natives,     hunt_aggregate_natives,  hunt_ip_natives,     hunt_series_natives,
    hunt_text_parse_natives,  hunt_window_natives,     hunt_encode_natives, hunt_shape_natives,
    hunt_hash_natives,        hunt_statistics_natives, hunt_geo_natives,    hunt_needs_natives,
    hunt_series_math_natives, hunt_reduce_natives,
};

const struct hunt_function_table *hunt_function_tables(size_t *ret_count)
{
    *ret_count = sizeof(tables) / sizeof(tables[0]);
    return tables;
}

struct str hunt_function_name(const struct hunt_function *function)
{
    struct str text = str_from_c(function->signature);
    return str_first(text, str_index(text, '('));
}

const struct hunt_function *hunt_function_find(enum hunt_function_kind kind, struct str name,
                                               const struct hunt_function *from)
{
    bool started = !from;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (tables[i].kind != kind)
            continue;
        for (const struct hunt_function *row = tables[i].rows; row->signature; row++) {
            started = started || row == from;
            if (started && str_starts(str_from_c(row->signature), name) &&
                row->signature[name.len] == '(')
                return row;
        }
    }
    return NULL;
}

int hunt_functions_register(const struct lake_ops *ops, struct lake *lake, const struct geo *geo,
                            struct err *err)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof(native_tables) / sizeof(native_tables[0]); i++) {
        size_t n = 0;
        while (native_tables[i][n].name)
            n++;
        if (n)
            status = ops->functions(lake, native_tables[i], n, err);
    }
    return status == 0 ? hunt_geo_register(ops, lake, geo, err) : status;
}
