#include "api/members.h"

#include <errno.h>
#include <math.h>

#include "base/time.h"

void member_comma(struct buf *out)
{
    char last = out->len ? out->ptr[out->len - 1] : '{';
    if (last != '{' && last != '[')
        buf_add_byte(out, ',');
}

void member_key(struct buf *out, const char *key)
{
    member_comma(out);
    buf_add_byte(out, '"');
    buf_add_c(out, key);
    buf_add_c(out, "\":");
}

void member_row_begin(struct buf *out)
{
    member_comma(out);
    buf_add_byte(out, '{');
}

int member_row_end(struct buf *out)
{
    buf_add_byte(out, '}');
    return out->failed ? -ENOMEM : 0;
}

void member_str(struct buf *out, const char *key, struct str value)
{
    member_key(out, key);
    buf_add_json(out, value);
}

void member_c(struct buf *out, const char *key, const char *value)
{
    member_str(out, key, str_from_c(value));
}

void member_u64(struct buf *out, const char *key, uint64_t value)
{
    member_key(out, key);
    buf_add_u64(out, value);
}

void member_double(struct buf *out, const char *key, double value)
{
    member_key(out, key);
    if (isfinite(value))
        buf_printf(out, "%.6g", value);
    else
        buf_add_c(out, "null");
}

void member_bool(struct buf *out, const char *key, bool value)
{
    member_key(out, key);
    buf_add_c(out, value ? "true" : "false");
}

void member_time(struct buf *out, const char *key, int64_t time_us)
{
    char text[TIME_TEXT_MAX];
    member_key(out, key);
    if (time_us == TIME_UNSET)
        buf_add_c(out, "null");
    else
        buf_add_json(out, str_of(text, time_format(time_us, text)));
}

void member_raw(struct buf *out, const char *key, struct str json, const char *otherwise)
{
    member_key(out, key);
    buf_add_str(out, json.len ? json : str_from_c(otherwise));
}
