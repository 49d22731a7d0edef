/*
 * native: how the C functions that SQL calls (function.h) are written here: row by row.
 *
 *     NATIVE(strrep)                       // static void strrep(struct lake_call *call)
 *     {                                    // the body is one row: `call` and `row` are there
 *         struct str text = native_text(call, 0, row);
 *         ...
 *         call->put_text(call, row, result);
 *     }
 *
 * An argument that is NULL reads as an empty text, and its row becomes NULL by itself.
 */
#ifndef JAGA_HUNT_NATIVE_H
#define JAGA_HUNT_NATIVE_H

#include "base/buf.h"
#include "lake/lake.h"

#define NATIVE(name)                                                                               \
    static void name##_row(struct lake_call *call, uint32_t row);                                  \
    static void name(struct lake_call *call)                                                       \
    {                                                                                              \
        for (uint32_t row = 0; row < call->n_rows; row++)                                          \
            name##_row(call, row);                                                                 \
    }                                                                                              \
    static void name##_row(struct lake_call *call, uint32_t row)

static inline struct str native_text(const struct lake_call *call, uint32_t argument, uint32_t row)
{
    return call->arguments[argument].texts[row];
}

static inline int64_t native_integer(const struct lake_call *call, uint32_t argument, uint32_t row)
{
    return call->arguments[argument].integers[row];
}

static inline double native_double(const struct lake_call *call, uint32_t argument, uint32_t row)
{
    return call->arguments[argument].doubles[row];
}

static inline bool native_is_null(const struct lake_call *call, uint32_t argument, uint32_t row)
{
    return lake_is_null(&call->arguments[argument], row);
}

/* Hands out what was built, and frees it. */
static inline void native_put(struct lake_call *call, uint32_t row, struct buf *buf)
{
    if (buf->failed)
        call->refuse(call, "no memory for a text this long");
    else
        call->put_text(call, row, buf_str(buf));
    buf_free(buf);
}

/* The tables, by file, each ended by a row without a name. A new one is a line here and one in function.c. */
extern const struct lake_function hunt_convert_natives[];
extern const struct lake_function hunt_string_natives[];
extern const struct lake_function hunt_encode_natives[];
extern const struct lake_function hunt_terms_natives[];
extern const struct lake_function hunt_time_natives[];
extern const struct lake_function hunt_dynamic_natives[];
extern const struct lake_function hunt_ip_natives[];
extern const struct lake_function hunt_aggregate_natives[];
extern const struct lake_function hunt_series_natives[];
extern const struct lake_function hunt_reduce_natives[];
extern const struct lake_function hunt_series_math_natives[];
extern const struct lake_function hunt_text_parse_natives[];
extern const struct lake_function hunt_window_natives[];
extern const struct lake_function hunt_needs_natives[];
extern const struct lake_function hunt_shape_natives[];
extern const struct lake_function hunt_hash_natives[];
extern const struct lake_function hunt_statistics_natives[];
extern const struct lake_function hunt_geo_natives[];

/* fn_geo.c: what looks addresses up in a file of places, which is not the same for every lake. */
struct geo;
int hunt_geo_register(const struct lake_ops *ops, struct lake *lake, const struct geo *geo,
                      struct err *err);

#endif
