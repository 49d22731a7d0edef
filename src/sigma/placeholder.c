#include "sigma/reader.h"

/* One name and its value or values, copied into the set's arena. */
static int add_placeholder(struct document *doc, const struct yaml_pair *pair)
{
    struct sigma_reader *reader = doc->reader;
    struct placeholder placeholder;
    struct str name;
    if (pair->key->kind != YAML_SCALAR)
        return document_error(doc, pair->key, "a placeholder's name is text");
    int status =
        document_texts(doc, pair->value, "placeholder", &placeholder.values, &placeholder.n_values);
    if (status == 0 && placeholder.n_values == 0)
        status = document_error(doc, pair->value, "the placeholder '%.*s' has no value",
                                STR_ARG(str_first(pair->key->text, 80)));
    if (status == 0)
        status = document_copy(doc, pair->key->text, &name);
    if (status < 0)
        return status;
    uint32_t index = (uint32_t)reader->placeholders.len;
    if (vec_push(&reader->placeholders, placeholder) < 0 ||
        map_put(&reader->placeholder_index, name, index) < 0)
        return document_no_memory(doc);
    return 0;
}

int sigma_set_placeholders(struct sigma_set *set, struct str yaml, struct err *err)
{
    struct sigma_reader *reader = set->reader;
    struct yaml_node **documents;
    size_t count;
    arena_reset(&reader->scratch);
    int status = yaml_parse(yaml, &reader->scratch, &documents, &count, err);
    if (status < 0)
        return status;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *map = documents[i];
        if (!map)
            continue;
        if (yaml_get(map, "vars"))
            map = yaml_get(map, "vars");
        struct document doc = {.set = set, .reader = reader, .root = map, .err = err};
        if (map->kind != YAML_MAP)
            return document_error(&doc, map, "placeholders are a map of names to values");
        for (uint32_t pair = 0; pair < map->count; pair++) {
            status = add_placeholder(&doc, &map->pairs[pair]);
            if (status < 0)
                return status;
        }
    }
    return 0;
}
