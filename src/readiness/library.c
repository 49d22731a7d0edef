/* The library of drills: shapes of events, and noise made of them. */
#include "readiness/reader.h"

#include <errno.h>

void drill_library_init(struct drill_library *library)
{
    *library = (struct drill_library){0};
    arena_init(&library->arena, DRILL_MEMORY_MAX);
}

void drill_library_free(struct drill_library *library)
{
    arena_free(&library->arena);
}

const struct drill_shape *drill_library_shape(const struct drill_library *library, struct str name)
{
    for (size_t i = 0; i < library->n_shapes; i++)
        if (str_eq(name, library->shapes[i].name))
            return &library->shapes[i];
    return NULL;
}

const struct drill_noise *drill_library_noise(const struct drill_library *library, struct str name)
{
    for (size_t i = 0; i < library->n_noises; i++)
        if (str_eq(name, library->noises[i].name))
            return &library->noises[i];
    return NULL;
}

const struct yaml_node *drill_library_agency(const struct drill_library *library, struct str name)
{
    for (size_t i = 0; i < library->n_agencies; i++)
        if (str_eq(name, yaml_text(library->agencies[i]->key)))
            return library->agencies[i]->value;
    return NULL;
}

/* ---- shapes ---- */

static size_t member_index(const struct drill_value *map, struct str key)
{
    size_t i = 0;
    while (i < map->n && !str_eq(key, map->keys[i]))
        i++;
    return i;
}

/* `over` laid over `under`: members of maps one by one, everything else as a whole. */
static int merge(const struct reader *reader, const struct drill_value *under,
                 const struct drill_value *over, struct drill_value *ret_value)
{
    if (under->kind != VALUE_MAP || over->kind != VALUE_MAP) {
        *ret_value = *over;
        return 0;
    }
    struct drill_value map = {.kind = VALUE_MAP};
    map.keys = arena_zero(reader->arena, under->n + over->n + 1, sizeof(*map.keys));
    map.items = arena_zero(reader->arena, under->n + over->n + 1, sizeof(*map.items));
    if (!map.keys || !map.items)
        return reader_no_memory(reader);
    for (; map.n < under->n; map.n++) {
        map.keys[map.n] = under->keys[map.n];
        map.items[map.n] = under->items[map.n];
    }
    int status = 0;
    for (size_t i = 0; status == 0 && i < over->n; i++) {
        size_t at = member_index(&map, over->keys[i]);
        const struct drill_value before = map.items[at];
        map.keys[at] = over->keys[i];
        map.items[at] = over->items[i];
        if (at < map.n)
            status = merge(reader, &before, &over->items[i], &map.items[at]);
        else
            map.n++;
    }
    *ret_value = map;
    return status;
}

/* Defaults of the base stand behind its own. */
static int join_defaults(const struct reader *reader, const struct text_scope *own,
                         const struct text_scope *base, struct text_scope *ret_scope)
{
    struct text_binding *all = arena_zero(reader->arena, own->n + base->n + 1, sizeof(*all));
    if (!all)
        return reader_no_memory(reader);
    for (size_t i = 0; i < own->n; i++)
        all[i] = own->bindings[i];
    for (size_t i = 0; i < base->n; i++)
        all[own->n + i] = base->bindings[i];
    *ret_scope = (struct text_scope){all, own->n + base->n};
    return 0;
}

static int shape_base(const struct reader *reader, const struct yaml_node *node, void *to)
{
    const struct drill_shape *base = drill_library_shape(reader->library, yaml_text(node));
    struct drill_shape *shape = to;
    if (!base)
        return reader_refuse(reader, node, "there is no shape '%.*s' before this one",
                             STR_ARG(str_first(yaml_text(node), 64)));
    shape->event = base->event;
    shape->defaults = base->defaults;
    return 0;
}

static int shape_defaults(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct drill_shape *shape = to;
    struct text_scope own;
    int status = reader_bindings(reader, node, &own);
    return status < 0 ? status : join_defaults(reader, &own, &shape->defaults, &shape->defaults);
}

static int shape_event(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct drill_shape *shape = to;
    struct drill_value own;
    if (node->kind == YAML_LIST)
        return reader_refuse(reader, node, "expected a map (JSON) or a text (a line)");
    int status = reader_value(reader, node, &own);
    return status < 0 ? status : merge(reader, &shape->event, &own, &shape->event);
}

static const struct reader_key shape_keys[] = {
    {"base", shape_base, false},
    {"defaults", shape_defaults, false},
    {"event", shape_event, false},
    {0},
};

/* Room for `more` items behind those there are. */
static void *grown(struct drill_library *library, const void *items, size_t n, size_t more,
                   size_t size)
{
    char *all = arena_zero(&library->arena, n + more + 1, size);
    if (all && n)
        memcpy(all, items, n * size);
    return all;
}

static int read_shapes(const struct reader *reader, const struct yaml_node *map, void *to)
{
    struct drill_library *library = to;
    if (map->kind != YAML_MAP)
        return reader_refuse(reader, map, "expected shapes by their names");
    struct drill_shape *shapes =
        grown(library, library->shapes, library->n_shapes, map->count, sizeof(*shapes));
    if (!shapes)
        return reader_no_memory(reader);
    library->shapes = shapes;
    for (uint32_t i = 0; i < map->count; i++) {
        struct drill_shape *shape = &shapes[library->n_shapes];
        shape->name = yaml_text(map->pairs[i].key);
        if (drill_library_shape(library, shape->name))
            return reader_refuse(reader, map->pairs[i].key, "there are two shapes '%.*s'",
                                 STR_ARG(shape->name));
        int status = reader_map(reader, map->pairs[i].value, shape_keys, "a shape", shape);
        if (status < 0)
            return status;
        library->n_shapes++;
    }
    return 0;
}

/* ---- noise ---- */

static int emit_weight(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_count(reader, node, 1, 1000000, &((struct drill_emit *)to)->weight);
}

static const struct reader_key emit_keys[] = {
    {"like", reader_emit_like, true},
    {"weight", emit_weight, false},
    {"with", reader_emit_with, false},
    {0},
};

static int read_emit(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct drill_emit *emit = to;
    emit->weight = 1;
    return reader_map(reader, node, emit_keys, "an event", emit);
}

static int read_noises(const struct reader *reader, const struct yaml_node *map, void *to)
{
    struct drill_library *library = to;
    if (map->kind != YAML_MAP)
        return reader_refuse(reader, map, "expected lists of events by their names");
    struct drill_noise *noises =
        grown(library, library->noises, library->n_noises, map->count, sizeof(*noises));
    if (!noises)
        return reader_no_memory(reader);
    library->noises = noises;
    for (uint32_t i = 0; i < map->count; i++) {
        struct drill_noise *noise = &noises[library->n_noises];
        const struct yaml_node *list = map->pairs[i].value;
        noise->name = yaml_text(map->pairs[i].key);
        if (drill_library_noise(library, noise->name))
            return reader_refuse(reader, map->pairs[i].key, "there are two noises '%.*s'",
                                 STR_ARG(noise->name));
        int status =
            reader_list(reader, list, sizeof(*noise->emits), read_emit, &noise->emits, &noise->n);
        if (status < 0)
            return status;
        if (noise->n == 0)
            return reader_refuse(reader, list, "a noise has at least one event");
        for (size_t k = 0; k < noise->n; k++)
            noise->weight += noise->emits[k].weight;
        library->n_noises++;
    }
    return 0;
}

/* Kept as they are: a drill that names one reads it. */
static int read_agencies(const struct reader *reader, const struct yaml_node *map, void *to)
{
    struct drill_library *library = to;
    if (map->kind != YAML_MAP)
        return reader_refuse(reader, map, "expected agencies by their names");
    for (uint32_t i = 0; i < map->count; i++) {
        if (drill_library_agency(library, yaml_text(map->pairs[i].key)))
            return reader_refuse(reader, map->pairs[i].key, "there are two such agencies");
        if (library->n_agencies == DRILL_AGENCIES_MAX)
            return reader_refuse(reader, map->pairs[i].key, "more than %d agencies",
                                 DRILL_AGENCIES_MAX);
        library->agencies[library->n_agencies++] = &map->pairs[i];
    }
    return 0;
}

static const struct reader_key library_keys[] = {
    {"agencies", read_agencies, false},
    {"shapes", read_shapes, false},
    {"noise", read_noises, false},
    {0},
};

int drill_library_add(struct drill_library *library, struct str text, struct err *err)
{
    const struct reader reader = {&library->arena, library, err};
    struct yaml_node *map;
    int status = reader_document(&reader, text, &map);
    return status < 0 ? status : reader_map(&reader, map, library_keys, "a library", library);
}
