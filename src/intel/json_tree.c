#include "intel/json_tree.h"

#include <errno.h>

#include "base/time.h"

#define JSON_TREE_SIZE_MAX (UINT64_C(1) << 30) /* bytes of a document; jansson bounds its depth */

json_t *json_tree(struct str bytes, struct err *err)
{
    json_error_t error;
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_skip(bytes, 3);
    if (bytes.len > JSON_TREE_SIZE_MAX) {
        err_set(err, -EINVAL, "more than %llu MiB of JSON",
                (unsigned long long)(JSON_TREE_SIZE_MAX >> 20));
        return NULL;
    }
    json_t *tree = json_loadb(bytes.len ? bytes.ptr : "", bytes.len, 0, &error);
    if (!tree)
        err_at(err, -EINVAL, error.line > 0 ? (uint32_t)error.line : 0,
               error.column > 0 ? (uint32_t)error.column : 0, "%s", error.text);
    return tree;
}

struct str json_tree_text(const json_t *value)
{
    if (!json_is_string(value))
        return (struct str){0};
    return str_of(json_string_value(value), json_string_length(value));
}

struct str json_tree_member(const json_t *object, const char *key)
{
    return json_tree_text(json_object_get(object, key));
}

int64_t json_tree_time(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    int64_t time;
    if (json_is_integer(value)) {
        json_int_t seconds = json_integer_value(value);
        return seconds > 0 && seconds < INT64_MAX / TIME_SECOND_US ? seconds * TIME_SECOND_US
                                                                   : TIME_UNSET;
    }
    struct str text = json_tree_text(value);
    return text.len && time_parse(text, &time) == 0 ? time : TIME_UNSET;
}
