#include "sigma/reader.h"

/* What an attribute's value must be, and what becomes of it. */
struct attribute;
typedef int attribute_reader(struct document *doc, const struct attribute *attribute,
                             const struct yaml_node *node, struct sigma_meta *meta);

struct attribute {
    const char *name;
    attribute_reader *read;
    size_t offset, count_offset; /* where it goes in struct sigma_meta */
};

static int read_text(struct document *doc, const struct attribute *attribute,
                     const struct yaml_node *node, struct sigma_meta *meta)
{
    if (node->kind != YAML_SCALAR)
        return document_error(doc, node, "'%s' is text, not a list or map", attribute->name);
    if (yaml_is_null(node))
        return 0;
    struct str copy;
    int status = document_copy(doc, node->text, &copy);
    if (status == 0)
        memcpy((char *)meta + attribute->offset, &copy, sizeof(copy));
    return status;
}

static int read_id(struct document *doc, const struct attribute *attribute,
                   const struct yaml_node *node, struct sigma_meta *meta)
{
    meta->id_line = node->line;
    return read_text(doc, attribute, node, meta);
}

static int read_list(struct document *doc, const struct attribute *attribute,
                     const struct yaml_node *node, struct sigma_meta *meta)
{
    struct str *texts;
    uint32_t count;
    int status = document_texts(doc, node, attribute->name, &texts, &count);
    if (status == 0) {
        memcpy((char *)meta + attribute->offset, &texts, sizeof(texts));
        memcpy((char *)meta + attribute->count_offset, &count, sizeof(count));
    }
    return status;
}

static int read_level(struct document *doc, const struct attribute *attribute,
                      const struct yaml_node *node, struct sigma_meta *meta)
{
    if (yaml_is_null(node))
        return 0;
    if (node->kind != YAML_SCALAR || !sigma_level_parse(node->text, &meta->level))
        return document_error(doc, node,
                              "'%s' is informational, low, medium, high or critical, not '%.*s'",
                              attribute->name, STR_ARG(str_first(yaml_text(node), 40)));
    return 0;
}

static int read_status(struct document *doc, const struct attribute *attribute,
                       const struct yaml_node *node, struct sigma_meta *meta)
{
    static const char *const known[] = {"stable", "test", "experimental", "deprecated",
                                        "unsupported"};
    if (yaml_is_null(node))
        return 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (str_eq_ascii_nocase(yaml_text(node), str_from_c(known[i])))
            return read_text(doc, attribute, node, meta);
    return document_error(
        doc, node, "'%s' is stable, test, experimental, deprecated or unsupported, not '%.*s'",
        attribute->name, STR_ARG(str_first(yaml_text(node), 40)));
}

#define TEXT(name)                                                                                 \
    {                                                                                              \
#name, read_text, offsetof(struct sigma_meta, name), 0                                     \
    }
#define LIST(name)                                                                                 \
    {                                                                                              \
#name, read_list, offsetof(struct sigma_meta, name), offsetof(struct sigma_meta, n_##name) \
    }

static const struct attribute attributes[] = {
    TEXT(title),
    {"id", read_id, offsetof(struct sigma_meta, id), 0},
    TEXT(name),
    TEXT(description),
    {"status", read_status, offsetof(struct sigma_meta, status), 0},
    {"level", read_level, offsetof(struct sigma_meta, level), 0},
    TEXT(author),
    TEXT(date),
    TEXT(modified),
    TEXT(license),
    TEXT(taxonomy),
    LIST(tags),
    LIST(references),
    LIST(falsepositives),
    LIST(fields),
};

int meta_read(struct document *doc, struct sigma_meta *ret_meta)
{
    struct sigma_meta meta = {.origin = doc->origin, .line = doc->root->line};
    for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
        const struct yaml_node *node = yaml_get(doc->root, attributes[i].name);
        int status = node ? attributes[i].read(doc, &attributes[i], node, &meta) : 0;
        if (status < 0)
            return status;
    }
    *ret_meta = meta;
    return 0;
}
