#include "parse/json_cursor.h"

#include "parse/json.h"

size_t json_object_end(struct str data, size_t at)
{
    struct json_scan scan = {0};
    if (at >= data.len || data.ptr[at] != '{')
        return 0;
    size_t end = json_scan_run(&scan, data, at);
    return json_check(str_of(data.ptr + at, end - at)) ? 0 : end;
}

size_t json_skip_space(struct str data, size_t at)
{
    while (at < data.len && json_is_space(data.ptr[at]))
        at++;
    return at;
}

static const char *space_end(const char *at, const char *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

/* Behind the string whose opening quote is at `at`, or `end`. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\';
    return at < end ? at + 1 : end;
}

static const char *value_end(const char *at, const char *end)
{
    if (at < end && *at == '"')
        return string_end(at, end);
    if (at < end && (*at == '{' || *at == '[')) {
        struct json_scan scan = {0};
        return at + json_scan_run(&scan, str_of(at, (size_t)(end - at)), 0);
    }
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !json_is_space(*at))
        at++;
    return at;
}

struct json_cursor json_cursor_of(struct str value)
{
    value = str_trim(value);
    if (value.len < 2 || (value.ptr[0] != '{' && value.ptr[0] != '['))
        return (struct json_cursor){value.ptr, value.ptr, false};
    return (struct json_cursor){value.ptr + 1, value.ptr + value.len, value.ptr[0] == '{'};
}

/* Takes "name": of a member. */
static bool take_name(const char **at, const char *end, struct str *ret_name)
{
    const char *name = *at;
    if (name == end || *name != '"')
        return false;
    const char *behind = string_end(name, end);
    const char *colon = space_end(behind, end);
    if (behind - name < 2 || colon == end || *colon != ':')
        return false;
    *ret_name = str_of(name + 1, (size_t)(behind - name) - 2);
    *at = space_end(colon + 1, end);
    return true;
}

bool json_cursor_next(struct json_cursor *cursor, struct str *ret_name, struct str *ret_value)
{
    const char *at = space_end(cursor->at, cursor->end), *end = cursor->end;
    *ret_name = str_of(at, 0);
    if (cursor->object && !take_name(&at, end, ret_name))
        return false;
    const char *behind = value_end(at, end);
    if (behind == at)
        return false;
    *ret_value = str_of(at, (size_t)(behind - at));
    at = space_end(behind, end);
    cursor->at = at < end && *at == ',' ? at + 1 : end;
    return true;
}

struct str json_member(struct str object, struct str name)
{
    struct json_cursor cursor = json_cursor_of(object);
    struct str found = {0}, member, value;
    while (cursor.object && json_cursor_next(&cursor, &member, &value))
        if (str_eq(member, name))
            found = value;
    return found;
}

struct str json_inside(struct str value)
{
    return json_is_quoted(value) ? str_of(value.ptr + 1, value.len - 2) : value;
}
