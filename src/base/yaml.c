#include "base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/map.h"
#include "base/nearest.h"
#include "base/vec.h"

/*
 * One container under construction. Its children wait on the builder's stack until its
 * end is seen, and are then copied into the arena at their exact count.
 */
struct open_node {
    struct yaml_node *node;
    size_t first_child; /* index into builder.stack */
};

struct anchor {
    struct str name;
    struct yaml_node *node;
};

struct builder {
    struct arena *arena;
    struct err *err;
    yaml_parser_t parser;
    struct open_node open[YAML_DEPTH_MAX];
    size_t depth;
    size_t nodes; /* made, and reached through aliases */
    VEC(struct yaml_node *) stack;
    VEC(struct anchor) anchors;
    VEC(struct yaml_node *) documents;
    struct yaml_node *root;
};

static uint32_t mark_line(const yaml_mark_t *mark)
{
    return (uint32_t)mark->line + 1;
}

static uint32_t mark_column(const yaml_mark_t *mark)
{
    return (uint32_t)mark->column + 1;
}

static int no_memory(struct builder *b)
{
    return err_set(b->err, -ENOMEM, "out of memory");
}

static int syntax_error(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return no_memory(b);
    if (p->error == YAML_READER_ERROR)
        return err_set(b->err, -EINVAL, "%s at byte %zu",
                       p->problem ? p->problem : "unreadable text", p->problem_offset);
    return err_at(b->err, -EINVAL, mark_line(&p->problem_mark), mark_column(&p->problem_mark),
                  "%s%s%s", p->problem ? p->problem : "not YAML", p->context ? " " : "",
                  p->context ? p->context : "");
}

static int place(struct builder *b, struct yaml_node *node)
{
    if (b->depth == 0) {
        b->root = node;
        return 0;
    }
    return vec_push(&b->stack, node) < 0 ? no_memory(b) : 0;
}

static int remember_anchor(struct builder *b, const yaml_char_t *name, struct yaml_node *node)
{
    if (!name)
        return 0;
    struct str copy = arena_copy(b->arena, str_from_c((const char *)name));
    if (!copy.ptr || vec_push(&b->anchors, (struct anchor){copy, node}) < 0)
        return no_memory(b);
    return 0;
}

static int new_node(struct builder *b, const yaml_event_t *event, enum yaml_kind kind,
                    const yaml_char_t *anchor, struct yaml_node **ret_node)
{
    if (++b->nodes > YAML_NODES_MAX)
        return err_at(b->err, -E2BIG, mark_line(&event->start_mark),
                      mark_column(&event->start_mark), "more than %d nodes", YAML_NODES_MAX);
    struct yaml_node *node = arena_zero(b->arena, 1, sizeof(*node));
    if (!node)
        return no_memory(b);
    node->kind = kind;
    node->line = mark_line(&event->start_mark);
    node->column = mark_column(&event->start_mark);
    *ret_node = node;
    return remember_anchor(b, anchor, node);
}

static int add_scalar(struct builder *b, const yaml_event_t *event)
{
    struct yaml_node *node;
    int status = new_node(b, event, YAML_SCALAR, event->data.scalar.anchor, &node);
    if (status < 0)
        return status;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag;
    node->text = arena_copy(
        b->arena, str_of((const char *)event->data.scalar.value, event->data.scalar.length));
    return node->text.ptr ? place(b, node) : no_memory(b);
}

static int open_container(struct builder *b, const yaml_event_t *event, enum yaml_kind kind,
                          const yaml_char_t *anchor)
{
    struct yaml_node *node;
    if (b->depth == YAML_DEPTH_MAX)
        return err_at(b->err, -E2BIG, mark_line(&event->start_mark),
                      mark_column(&event->start_mark), "nested deeper than %d levels",
                      YAML_DEPTH_MAX);
    int status = new_node(b, event, kind, anchor, &node);
    if (status == 0)
        b->open[b->depth++] = (struct open_node){node, b->stack.len};
    return status;
}

/* Refuses a second pair of the same scalar key: which of the two counts would be a guess. */
static int check_duplicates(struct builder *b, const struct yaml_node *map)
{
    struct map seen = {0};
    int status = 0;
    for (uint32_t i = 0; i < map->count && status == 0; i++) {
        const struct yaml_node *key = map->pairs[i].key;
        bool doubled = false;
        if (key->kind != YAML_SCALAR)
            continue;
        if (map->count <= 8) {
            for (uint32_t j = 0; j < i && !doubled; j++)
                doubled = map->pairs[j].key->kind == YAML_SCALAR &&
                          str_eq(map->pairs[j].key->text, key->text);
        } else {
            int added = map_put(&seen, key->text, i);
            if (added < 0)
                status = no_memory(b);
            doubled = added == 0;
        }
        if (doubled)
            status = err_at(b->err, -EINVAL, key->line, key->column, "'%.*s' is there twice",
                            STR_ARG(str_first(key->text, 80)));
    }
    map_free(&seen);
    return status;
}

static bool is_merge(const struct yaml_node *key)
{
    return key->kind == YAML_SCALAR && key->plain && str_eq(key->text, STR("<<"));
}

/* Adds the pairs of `source` to `map` whose keys it has not; `seen` knows those of scalars. */
static int merge_map(struct builder *b, struct yaml_node *map, struct map *seen,
                     const struct yaml_node *source)
{
    for (uint32_t i = 0; i < source->count; i++) {
        const struct yaml_node *key = source->pairs[i].key;
        int added = key->kind == YAML_SCALAR ? map_put(seen, key->text, 0) : 1;
        if (added < 0)
            return no_memory(b);
        if (added)
            map->pairs[map->count++] = source->pairs[i];
    }
    return 0;
}

/* How many pairs the value of a merge key offers; an error where it is no map or list of them. */
static int count_merged(struct builder *b, const struct yaml_node *value, size_t *ret_count)
{
    *ret_count = value->kind == YAML_MAP ? value->count : 0;
    bool good = value->kind != YAML_SCALAR;
    for (uint32_t i = 0; value->kind == YAML_LIST && i < value->count; i++) {
        good = good && value->items[i]->kind == YAML_MAP;
        *ret_count += value->items[i]->count;
    }
    return good ? 0
                : err_at(b->err, -EINVAL, value->line, value->column,
                         "'<<' takes a map or a list of maps");
}

/*
 * Resolves the merge key (YAML 1.1's `<<`): the pairs of the maps it names, the first first, where
 * the map has no such key of its own.
 */
static int merge(struct builder *b, struct yaml_node *map)
{
    uint32_t at = 0;
    while (at < map->count && !is_merge(map->pairs[at].key))
        at++;
    if (at == map->count)
        return 0;
    const struct yaml_node *value = map->pairs[at].value;
    size_t offered = 0;
    int status = count_merged(b, value, &offered);
    if (status < 0)
        return status;
    struct yaml_node own = *map;
    struct map seen = {0};
    map->pairs = arena_zero(b->arena, own.count + offered, sizeof(*map->pairs));
    if (!map->pairs)
        return no_memory(b);
    map->count = 0;
    memmove(own.pairs + at, own.pairs + at + 1, (own.count - at - 1) * sizeof(*own.pairs));
    own.count--;
    status = merge_map(b, map, &seen, &own);
    if (status == 0 && value->kind == YAML_MAP)
        status = merge_map(b, map, &seen, value);
    for (uint32_t i = 0; status == 0 && value->kind == YAML_LIST && i < value->count; i++)
        status = merge_map(b, map, &seen, value->items[i]);
    map_free(&seen);
    return status;
}

static int close_container(struct builder *b)
{
    struct open_node open = b->open[--b->depth];
    struct yaml_node *node = open.node;
    size_t children = b->stack.len - open.first_child;
    struct yaml_node **first = children ? b->stack.items + open.first_child : NULL;
    int status = 0;

    if (node->kind == YAML_LIST) {
        node->count = (uint32_t)children;
        node->items = arena_zero(b->arena, children, sizeof(*node->items));
        if (!node->items)
            return no_memory(b);
        if (children)
            memcpy(node->items, first, children * sizeof(*first));
    } else {
        node->count = (uint32_t)(children / 2);
        node->pairs = arena_zero(b->arena, node->count, sizeof(*node->pairs));
        if (!node->pairs)
            return no_memory(b);
        for (uint32_t i = 0; i < node->count; i++)
            node->pairs[i] = (struct yaml_pair){first[2 * i], first[2 * i + 1]};
        status = check_duplicates(b, node);
        if (status == 0)
            status = merge(b, node);
    }
    b->stack.len = open.first_child;
    return status < 0 ? status : place(b, node);
}

/* Nodes below `node`, aliases counted as often as they are reached; stops past `max`. */
static size_t count_nodes(const struct yaml_node *node, size_t max)
{
    size_t count = 1;
    for (uint32_t i = 0; i < node->count && count <= max; i++) {
        if (node->kind == YAML_LIST) {
            count += count_nodes(node->items[i], max - count);
        } else {
            count += count_nodes(node->pairs[i].key, max - count);
            if (count <= max)
                count += count_nodes(node->pairs[i].value, max - count);
        }
    }
    return count;
}

static int add_alias(struct builder *b, const yaml_event_t *event)
{
    struct str name = str_from_c((const char *)event->data.alias.anchor);
    struct yaml_node *node = NULL;
    for (size_t i = b->anchors.len; i-- > 0 && !node;)
        if (str_eq(b->anchors.items[i].name, name))
            node = b->anchors.items[i].node;
    for (size_t i = 0; i < b->depth; i++)
        if (b->open[i].node == node)
            node = NULL; /* it would contain itself */
    if (!node)
        return err_at(b->err, -EINVAL, mark_line(&event->start_mark),
                      mark_column(&event->start_mark), "the alias '%.*s' has no anchor before it",
                      STR_ARG(str_first(name, 80)));
    b->nodes += count_nodes(node, YAML_NODES_MAX);
    if (b->nodes > YAML_NODES_MAX)
        return err_at(b->err, -E2BIG, mark_line(&event->start_mark),
                      mark_column(&event->start_mark), "aliases expand to more than %d nodes",
                      YAML_NODES_MAX);
    return place(b, node);
}

static int take_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        b->root = NULL;
        b->anchors.len = 0;
        return 0;
    case YAML_DOCUMENT_END_EVENT: {
        bool empty = b->root && b->root->kind == YAML_SCALAR && yaml_is_null(b->root);
        return vec_push(&b->documents, empty ? NULL : b->root) < 0 ? no_memory(b) : 0;
    }
    case YAML_SCALAR_EVENT:
        return add_scalar(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_container(b, event, YAML_LIST, event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return open_container(b, event, YAML_MAP, event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_container(b);
    case YAML_ALIAS_EVENT:
        return add_alias(b, event);
    default:
        return 0;
    }
}

static int run(struct builder *b)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event))
            return syntax_error(b);
        int status = take_event(b, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (status < 0)
            return status;
    }
    return 0;
}

int yaml_parse(struct str text, struct arena *arena, struct yaml_node ***ret_documents,
               size_t *ret_count, struct err *err)
{
    struct builder b = {.arena = arena, .err = err};
    if (!yaml_parser_initialize(&b.parser))
        return no_memory(&b);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.len ? text.ptr : ""),
                                 text.len);
    int status = run(&b);
    if (status == 0) {
        struct yaml_node **documents = arena_zero(arena, b.documents.len, sizeof(*documents));
        if (documents) {
            if (b.documents.len)
                memcpy(documents, b.documents.items, b.documents.len * sizeof(*documents));
            *ret_documents = documents;
            *ret_count = b.documents.len;
        } else {
            status = no_memory(&b);
        }
    }
    yaml_parser_delete(&b.parser);
    vec_free(&b.stack);
    vec_free(&b.anchors);
    vec_free(&b.documents);
    return status;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->count; i++)
        if (map->pairs[i].key->kind == YAML_SCALAR &&
            str_eq(map->pairs[i].key->text, str_from_c(key)))
            return map->pairs[i].value;
    return NULL;
}

static int unknown_key(const struct yaml_node *key, const char *const *keys, struct err *err)
{
    struct nearest nearest;
    nearest_begin(&nearest, yaml_text(key));
    for (; *keys; keys++)
        nearest_offer(&nearest, str_from_c(*keys));
    return err_at(err, -EINVAL, key->line, key->column, "unknown key '%.*s'%s%.*s%s",
                  STR_ARG(yaml_text(key)), nearest.found.len ? "; did you mean '" : "",
                  STR_ARG(nearest.found), nearest.found.len ? "'?" : "");
}

int yaml_only_keys(const struct yaml_node *map, const char *const *keys, struct err *err)
{
    if (map->kind != YAML_MAP)
        return err_at(err, -EINVAL, map->line, map->column, "expected a map");
    for (uint32_t i = 0; i < map->count; i++) {
        const struct yaml_node *key = map->pairs[i].key;
        size_t k = 0;
        while (keys[k] && !str_eq(yaml_text(key), str_from_c(keys[k])))
            k++;
        if (!keys[k])
            return unknown_key(key, keys, err);
    }
    return 0;
}

struct str yaml_text(const struct yaml_node *node)
{
    return node && node->kind == YAML_SCALAR ? node->text : (struct str){0};
}

/* Is the plain scalar one of these words? */
static bool is_word(const struct yaml_node *node, const char *const *words)
{
    if (!node || node->kind != YAML_SCALAR || !node->plain)
        return false;
    for (; *words; words++)
        if (str_eq(node->text, str_from_c(*words)))
            return true;
    return false;
}

bool yaml_is_null(const struct yaml_node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return is_word(node, words);
}

bool yaml_is_bool(const struct yaml_node *node, bool *ret_value)
{
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes",
                                      "YES",  "on",   "On",   "ON",  NULL};
    static const char *const no[] = {"false", "False", "FALSE", "no",  "No",
                                     "NO",    "off",   "Off",   "OFF", NULL};
    if (is_word(node, yes))
        *ret_value = true;
    else if (is_word(node, no))
        *ret_value = false;
    else
        return false;
    return true;
}

/* Digits of `base`, underscores ignored; false on anything else or overflow. */
static bool digits_in_base(struct str s, unsigned base, uint64_t *ret_number)
{
    uint64_t number = 0;
    bool any = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '_')
            continue;
        int digit = str_hex_digit(s.ptr[i]);
        if (digit < 0 || (unsigned)digit >= base || __builtin_mul_overflow(number, base, &number) ||
            __builtin_add_overflow(number, (unsigned)digit, &number))
            return false;
        any = true;
    }
    *ret_number = number;
    return any;
}

bool yaml_is_int(const struct yaml_node *node, int64_t *ret_value)
{
    if (!node || node->kind != YAML_SCALAR || !node->plain || node->text.len == 0)
        return false;
    struct str s = node->text;
    bool negative = s.ptr[0] == '-';
    if (negative || s.ptr[0] == '+')
        s = str_skip(s, 1);
    uint64_t number;
    bool ok;
    if (str_starts(s, STR("0x")))
        ok = digits_in_base(str_skip(s, 2), 16, &number);
    else if (str_starts(s, STR("0b")))
        ok = digits_in_base(str_skip(s, 2), 2, &number);
    else if (str_starts(s, STR("0o")))
        ok = digits_in_base(str_skip(s, 2), 8, &number);
    else if (s.len > 1 && s.ptr[0] == '0')
        ok = digits_in_base(str_skip(s, 1), 8, &number);
    else
        ok = s.len && s.ptr[0] != '_' && digits_in_base(s, 10, &number);
    if (!ok || number > (uint64_t)INT64_MAX)
        return false;
    *ret_value = negative ? -(int64_t)number : (int64_t)number;
    return true;
}

bool yaml_is_float(const struct yaml_node *node, double *ret_value)
{
    if (!node || node->kind != YAML_SCALAR || !node->plain)
        return false;
    if (str_index(node->text, '.') == node->text.len)
        return false;
    return str_to_double(node->text, ret_value) == 0;
}
