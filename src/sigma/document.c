#include "sigma/reader.h"

int document_no_memory(struct document *doc)
{
    return err_set(doc->err, -ENOMEM, "out of memory");
}

int document_copy(struct document *doc, struct str text, struct str *ret_copy)
{
    struct str copy = arena_copy(&doc->set->arena, text);
    if (!copy.ptr)
        return document_no_memory(doc);
    *ret_copy = copy;
    return 0;
}

int document_field_name(struct document *doc, struct str name, struct str *ret_name)
{
    char *bytes = arena_bytes(&doc->set->arena, name.len + 1);
    if (!bytes)
        return document_no_memory(doc);
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] != ' ')
            bytes[len++] = name.ptr[i];
    *ret_name = str_of(bytes, len);
    return 0;
}

int document_texts(struct document *doc, const struct yaml_node *node, const char *what,
                   struct str **ret_texts, uint32_t *ret_count)
{
    *ret_texts = NULL;
    *ret_count = 0;
    if (!node || yaml_is_null(node))
        return 0;
    if (node->kind == YAML_MAP)
        return document_error(doc, node, "'%s' is text or a list of texts, not a map", what);
    uint32_t count = node->kind == YAML_LIST ? node->count : 1, taken = 0;
    struct str *texts = arena_zero(&doc->set->arena, count, sizeof(*texts));
    if (!texts)
        return document_no_memory(doc);
    for (uint32_t i = 0; i < count; i++) {
        const struct yaml_node *member = node->kind == YAML_LIST ? node->items[i] : node;
        if (member->kind != YAML_SCALAR)
            return document_error(doc, member, "'%s' is a list of texts", what);
        if (yaml_is_null(member))
            continue;
        int status = document_copy(doc, member->text, &texts[taken++]);
        if (status < 0)
            return status;
    }
    *ret_texts = texts;
    *ret_count = taken;
    return 0;
}

int document_references(struct document *doc, const struct yaml_node *node, const char *what,
                        struct reference **ret_references, uint32_t *ret_count)
{
    if (node->kind == YAML_MAP)
        return document_error(doc, node, "'%s' is a rule or a list of rules, not a map", what);
    uint32_t count = node->kind == YAML_LIST ? node->count : 1;
    if (count == 0)
        return document_error(doc, node, "'%s' is empty", what);
    struct reference *references = arena_zero(&doc->set->arena, count, sizeof(*references));
    if (!references)
        return document_no_memory(doc);
    for (uint32_t i = 0; i < count; i++) {
        const struct yaml_node *member = node->kind == YAML_LIST ? node->items[i] : node;
        if (member->kind != YAML_SCALAR || yaml_is_null(member))
            return document_error(doc, member, "'%s' lists rules by id or name", what);
        references[i].line = member->line;
        references[i].column = member->column;
        int status = document_copy(doc, member->text, &references[i].text);
        if (status < 0)
            return status;
    }
    *ret_references = references;
    *ret_count = count;
    return 0;
}

int document_add_rule(struct document *doc, struct sigma_rule *rule)
{
    return vec_push(&doc->reader->entries, (struct entry){.rule = rule}) < 0
               ? document_no_memory(doc)
               : 0;
}

int document_add_correlation(struct document *doc, struct pending_correlation *correlation)
{
    return vec_push(&doc->reader->entries, (struct entry){.correlation = correlation}) < 0
               ? document_no_memory(doc)
               : 0;
}

/* What a document is, by the attribute that makes it so; the first that is there decides. */
static const struct {
    const char *attribute;
    int (*read)(struct document *doc);
} kinds[] = {
    {"correlation", correlation_read},
    {"filter", filter_read},
    {"detection", rule_read},
    {"logsource", rule_read}, /* a rule that lacks its detection, and is refused for it */
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

static size_t document_kind(const struct yaml_node *root)
{
    size_t kind = 0;
    while (kind < KINDS && !yaml_get(root, kinds[kind].attribute))
        kind++;
    return kind;
}

/* A document of the file; global, repeated ones are already merged. */
static int read_root(struct document *doc, const struct yaml_node *root)
{
    size_t kind = document_kind(root);
    if (kind == KINDS) {
        doc->set->n_other++;
        return 0;
    }
    size_t entries = doc->reader->entries.len;
    struct err err = {0};
    struct document one = {
        .set = doc->set, .reader = doc->reader, .root = root, .origin = doc->origin, .err = &err};
    doc->set->n_documents++;
    doc->reader->stack.len = 0;
    int status = kinds[kind].read(&one);
    if (status == 0)
        return 0;
    doc->reader->entries.len = entries;
    if (status == -ENOMEM && doc->reader->scratch.refused == 0)
        return -ENOMEM;
    if (status == -ENOMEM)
        err_set(&err, -E2BIG, "the file takes more than %zu MiB to read", SIGMA_SCRATCH_MAX >> 20);
    return refuse(doc->set, doc->origin, yaml_text(yaml_get(root, "title")),
                  yaml_text(yaml_get(root, "id")), &err);
}

static bool map_has(const struct yaml_node *map, const struct yaml_node *key, uint32_t *ret_index)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct yaml_node *other = map->pairs[i].key;
        if (other->kind != YAML_SCALAR || key->kind != YAML_SCALAR ||
            !str_eq(other->text, key->text))
            continue;
        *ret_index = i;
        return true;
    }
    return false;
}

/*
 * `base` with the pairs of `over` laid over it; maps are merged in depth, everything else is
 * replaced. Neither is changed. NULL without memory.
 */
static struct yaml_node *merge_maps(struct arena *arena, const struct yaml_node *base,
                                    const struct yaml_node *over)
{
    struct yaml_node *merged = arena_alloc(arena, sizeof(*merged));
    struct yaml_pair *pairs = arena_zero(arena, (size_t)base->count + over->count, sizeof(*pairs));
    if (!merged || !pairs)
        return NULL;
    *merged = *base;
    merged->pairs = pairs;
    for (uint32_t i = 0; i < base->count; i++)
        pairs[i] = base->pairs[i];
    for (uint32_t i = 0; i < over->count; i++) {
        struct yaml_pair pair = over->pairs[i];
        uint32_t index = merged->count;
        if (map_has(base, pair.key, &index) && pair.value->kind == YAML_MAP &&
            pairs[index].value->kind == YAML_MAP) {
            pair.value = merge_maps(arena, pairs[index].value, pair.value);
            if (!pair.value)
                return NULL;
        }
        pairs[index] = pair;
        merged->count += index == merged->count;
    }
    return merged;
}

/* The documents of one file, and what `action` has them share. */
struct collection {
    struct document *doc;
    const struct yaml_node *global;   /* laid over the documents that follow; NULL: none */
    const struct yaml_node *previous; /* what `action: repeat` repeats */
};

static int begin_global(struct collection *c, const struct yaml_node *root)
{
    c->global = root;
    c->previous = root;
    c->doc->set->n_other++;
    return 0;
}

static int reset_global(struct collection *c, const struct yaml_node *root)
{
    (void)root;
    c->global = NULL;
    c->doc->set->n_other++;
    return 0;
}

static int read_merged(struct collection *c, const struct yaml_node *base,
                       const struct yaml_node *over)
{
    struct yaml_node *merged = merge_maps(&c->doc->reader->scratch, base, over);
    if (!merged)
        return -ENOMEM;
    merged->line = over->line;
    c->previous = merged;
    return read_root(c->doc, merged);
}

static int repeat_previous(struct collection *c, const struct yaml_node *root)
{
    return c->previous ? read_merged(c, c->previous, root) : read_root(c->doc, root);
}

/* Actions of collections (pySigma's SigmaCollection; the specification has dropped them). */
static const struct {
    const char *name;
    int (*act)(struct collection *c, const struct yaml_node *root);
} actions[] = {
    {"global", begin_global},
    {"reset", reset_global},
    {"repeat", repeat_previous},
};

static int unknown_action(struct document *doc, const struct yaml_node *root,
                          const struct yaml_node *action)
{
    struct err err = {0};
    err_at(&err, -EINVAL, action->line, action->column,
           "'action' is global, repeat or reset, not '%.*s'",
           STR_ARG(str_first(yaml_text(action), 40)));
    doc->set->n_documents++;
    return refuse(doc->set, doc->origin, yaml_text(yaml_get(root, "title")),
                  yaml_text(yaml_get(root, "id")), &err);
}

static int collect(struct collection *c, const struct yaml_node *root)
{
    struct document *doc = c->doc;
    if (!root)
        return 0;
    if (root->kind != YAML_MAP) {
        doc->set->n_other++;
        return 0;
    }
    const struct yaml_node *action = yaml_get(root, "action");
    if (!action) {
        if (c->global) {
            struct yaml_node *merged = merge_maps(&doc->reader->scratch, root, c->global);
            if (!merged)
                return -ENOMEM;
            root = merged;
        }
        c->previous = root;
        return read_root(doc, root);
    }
    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
        if (str_eq(yaml_text(action), str_from_c(actions[i].name)))
            return actions[i].act(c, root);
    return unknown_action(doc, root, action);
}

/* A file that can't be read at all counts as one document. */
static int refuse_file(struct sigma_set *set, struct str origin, const struct err *err)
{
    set->n_documents++;
    return refuse(set, origin, (struct str){0}, (struct str){0}, err);
}

int sigma_set_add(struct sigma_set *set, struct str yaml, struct str origin)
{
    struct sigma_reader *reader = set->reader;
    struct err err = {0};
    origin = arena_copy(&set->arena, origin);
    if (!origin.ptr)
        return -ENOMEM;
    if (yaml.len > SIGMA_FILE_MAX) {
        err_set(&err, -EFBIG, "the file is larger than %u MiB", SIGMA_FILE_MAX >> 20);
        return refuse_file(set, origin, &err);
    }
    arena_reset(&reader->scratch);
    reader->scratch.refused = 0;
    struct yaml_node **documents;
    size_t count;
    int status = yaml_parse(yaml, &reader->scratch, &documents, &count, &err);
    if (status == -ENOMEM && !reader->scratch.refused)
        return -ENOMEM;
    if (status < 0)
        return refuse_file(set, origin, &err);
    struct document doc = {.set = set, .reader = reader, .origin = origin};
    struct collection collection = {.doc = &doc};
    for (size_t i = 0; i < count && status == 0; i++)
        status = collect(&collection, documents[i]);
    if (status == -ENOMEM && reader->scratch.refused) {
        err_set(&err, -E2BIG, "the file takes more than %zu MiB to read", SIGMA_SCRATCH_MAX >> 20);
        return refuse_file(set, origin, &err);
    }
    return status;
}
