#include "readiness/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"

int reader_refuse(const struct reader *reader, const struct yaml_node *at, const char *format, ...)
{
    char message[ERR_MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    return err_at(reader->err, -EINVAL, at->line, at->column, "%s", message);
}

int reader_no_memory(const struct reader *reader)
{
    return err_set(reader->err, -ENOMEM, "no memory, or the file is too large");
}

int reader_document(const struct reader *reader, struct str text, struct yaml_node **ret_map)
{
    struct yaml_node **documents;
    size_t n;
    int status = yaml_parse(text, reader->arena, &documents, &n, reader->err);
    if (status < 0)
        return status;
    if (n != 1 || !documents[0] || documents[0]->kind != YAML_MAP)
        return err_at(reader->err, -EINVAL, 1, 1, "expected one document, a map");
    *ret_map = documents[0];
    return 0;
}

static const struct reader_key *key_find(const struct reader_key *keys, struct str name)
{
    for (; keys->name; keys++)
        if (str_eq(name, str_from_c(keys->name)))
            return keys;
    return NULL;
}

int reader_map(const struct reader *reader, const struct yaml_node *map,
               const struct reader_key *keys, const char *what, void *to)
{
    if (map->kind != YAML_MAP)
        return reader_refuse(reader, map, "expected keys and values of %s", what);
    for (uint32_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->pairs[i].key;
        if (!key_find(keys, yaml_text(key)))
            return reader_refuse(reader, key, "%s has no key '%.*s'", what,
                                 STR_ARG(str_first(yaml_text(key), 64)));
    }
    for (; keys->name; keys++) {
        const struct yaml_node *value = yaml_get(map, keys->name);
        if (!value && keys->required)
            return reader_refuse(reader, map, "%s needs the key '%s'", what, keys->name);
        int status = value ? keys->read(reader, value, to) : 0;
        if (status < 0)
            return status;
    }
    return 0;
}

int reader_list(const struct reader *reader, const struct yaml_node *list, size_t size,
                int (*read)(const struct reader *reader, const struct yaml_node *node, void *to),
                void *ret_items, size_t *ret_n)
{
    if (list->kind != YAML_LIST)
        return reader_refuse(reader, list, "expected a list");
    char *items = arena_zero(reader->arena, (size_t)list->count + 1, size);
    if (!items)
        return reader_no_memory(reader);
    /* Known before they are read, so that an item can name an earlier one. */
    memcpy(ret_items, &items, sizeof(items));
    for (uint32_t i = 0; i < list->count; i++) {
        int status = read(reader, list->items[i], items + i * size);
        if (status < 0)
            return status;
        *ret_n = i + 1;
    }
    return 0;
}

/* ---- scalars ---- */

int reader_text(const struct reader *reader, const struct yaml_node *node, struct str *ret_text)
{
    if (node->kind != YAML_SCALAR || node->text.len == 0)
        return reader_refuse(reader, node, "expected a text");
    *ret_text = node->text;
    return 0;
}

int reader_texts(const struct reader *reader, const struct yaml_node *node, struct str **ret_texts,
                 size_t *ret_n)
{
    bool list = node->kind == YAML_LIST;
    size_t n = list ? node->count : 1;
    struct str *texts = arena_zero(reader->arena, n + 1, sizeof(*texts));
    if (!texts)
        return reader_no_memory(reader);
    for (size_t i = 0; i < n; i++) {
        int status = reader_text(reader, list ? node->items[i] : node, &texts[i]);
        if (status < 0)
            return status;
    }
    *ret_texts = texts;
    *ret_n = n;
    return 0;
}

/* Bytes of the first number with its unit: "1h" of "1h20m". */
static size_t part_length(struct str s)
{
    size_t i = 0;
    while (i < s.len && ((s.ptr[i] >= '0' && s.ptr[i] <= '9') || s.ptr[i] == '.'))
        i++;
    while (i < s.len && !(s.ptr[i] >= '0' && s.ptr[i] <= '9'))
        i++;
    return i;
}

int reader_duration(const struct reader *reader, const struct yaml_node *node, int64_t *ret_us)
{
    struct str rest = yaml_text(node);
    int64_t sum = 0, part;
    bool any = rest.len > 0;
    while (any && rest.len) {
        size_t len = part_length(rest);
        any = time_parse_duration(str_first(rest, len), &part) == 0;
        sum += any ? part : 0;
        rest = str_skip(rest, len);
    }
    if (!any || sum > DRILL_LENGTH_MAX_US)
        return reader_refuse(reader, node, "expected a duration such as 90s, 5m or 1h20m");
    *ret_us = sum;
    return 0;
}

int reader_number(const struct reader *reader, const struct yaml_node *node, double min, double max,
                  double *ret_number)
{
    if (str_to_double(yaml_text(node), ret_number) < 0 || *ret_number < min || *ret_number > max)
        return reader_refuse(reader, node, "expected a number from %g to %g", min, max);
    return 0;
}

int reader_count(const struct reader *reader, const struct yaml_node *node, uint64_t min,
                 uint64_t max, uint64_t *ret_count)
{
    if (str_to_u64(yaml_text(node), ret_count) < 0 || *ret_count < min || *ret_count > max)
        return reader_refuse(reader, node, "expected a whole number from %llu to %llu",
                             (unsigned long long)min, (unsigned long long)max);
    return 0;
}

/* ---- texts with placeholders ---- */

/* Is the scalar, as it is written, a number, truth value or null in JSON (RFC 8259) too? */
static bool is_json(const struct yaml_node *node)
{
    struct str s = node->text;
    double number;
    if (!node->plain || s.len == 0)
        return false;
    if (str_eq(s, STR("true")) || str_eq(s, STR("false")) || str_eq(s, STR("null")))
        return true;
    struct str digits = str_skip(s, s.ptr[0] == '-');
    if (digits.len == 0 || digits.ptr[0] < '0' || digits.ptr[0] > '9' ||
        (digits.ptr[0] == '0' && digits.len > 1 && digits.ptr[1] != '.'))
        return false;
    return str_to_double(s, &number) == 0;
}

static int compile(const struct reader *reader, const struct yaml_node *node, struct text *ret_text)
{
    return text_compile(node->text, node->line, node->column, reader->arena, ret_text, reader->err);
}

int reader_binding(const struct reader *reader, struct str name, const struct yaml_node *node,
                   struct text_binding *ret_binding)
{
    if (node->kind != YAML_SCALAR)
        return reader_refuse(reader, node, "expected a text");
    ret_binding->name = name;
    ret_binding->plain = is_json(node);
    return compile(reader, node, &ret_binding->text);
}

int reader_bindings(const struct reader *reader, const struct yaml_node *map,
                    struct text_scope *ret_scope)
{
    if (map->kind != YAML_MAP)
        return reader_refuse(reader, map, "expected names and their values");
    struct text_binding *bindings = arena_zero(reader->arena, map->count + 1, sizeof(*bindings));
    if (!bindings)
        return reader_no_memory(reader);
    for (uint32_t i = 0; i < map->count; i++) {
        int status =
            reader_binding(reader, yaml_text(map->pairs[i].key), map->pairs[i].value, &bindings[i]);
        if (status < 0)
            return status;
    }
    *ret_scope = (struct text_scope){bindings, map->count};
    return 0;
}

int reader_value(const struct reader *reader, const struct yaml_node *node,
                 struct drill_value *ret_value)
{
    *ret_value = (struct drill_value){.kind = VALUE_TEXT};
    if (node->kind == YAML_SCALAR) {
        ret_value->plain = is_json(node);
        return compile(reader, node, &ret_value->text);
    }
    ret_value->kind = node->kind == YAML_MAP ? VALUE_MAP : VALUE_LIST;
    ret_value->n = node->count;
    ret_value->items = arena_zero(reader->arena, node->count + 1, sizeof(*ret_value->items));
    ret_value->keys = arena_zero(reader->arena, node->count + 1, sizeof(*ret_value->keys));
    if (!ret_value->items || !ret_value->keys)
        return reader_no_memory(reader);
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < node->count; i++) {
        bool map = node->kind == YAML_MAP;
        if (map)
            ret_value->keys[i] = yaml_text(node->pairs[i].key);
        status =
            reader_value(reader, map ? node->pairs[i].value : node->items[i], &ret_value->items[i]);
    }
    return status;
}

int reader_emit_like(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct drill_emit *emit = to;
    emit->shape = drill_library_shape(reader->library, yaml_text(node));
    emit->line = node->line;
    emit->column = node->column;
    if (!emit->shape)
        return reader_refuse(reader, node, "there is no shape '%.*s'",
                             STR_ARG(str_first(yaml_text(node), 64)));
    return 0;
}

int reader_emit_with(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_bindings(reader, node, &((struct drill_emit *)to)->with);
}
