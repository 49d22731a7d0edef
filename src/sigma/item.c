#include "sigma/operand.h"

/* The values of the line, each a list of one operand. */
static int read_values(struct item *item, const struct yaml_node *value)
{
    bool list = value->kind == YAML_LIST;
    if (list && value->count == 0)
        return document_error(item->doc, value, "the list of values is empty");
    if (value->kind == YAML_MAP)
        return document_error(item->doc, value,
                              "a field has a value or a list of values, not a map");
    item->count = list ? value->count : 1;
    item->values = arena_zero(&item->doc->reader->scratch, item->count, sizeof(*item->values));
    if (!item->values)
        return document_no_memory(item->doc);
    int status = 0;
    for (uint32_t i = 0; i < item->count && status == 0; i++)
        status = operand_read(item->doc, list ? value->items[i] : value, &item->values[i]);
    return status;
}

/* Splits "field|modifier|modifier" and applies the modifiers from left to right. */
static int read_key(struct item *item, const struct yaml_node *key)
{
    struct str rest = key->text, part;
    if (key->kind != YAML_SCALAR)
        return document_error(item->doc, key, "a field's name is text");
    size_t end = str_index(rest, '|');
    int status = document_field_name(item->doc, str_first(rest, end), &item->field);
    size_t offset = end + 1;
    rest = str_skip(rest, offset);
    uint32_t quote = key->plain ? 0 : 1, count = 0;
    while (status == 0 && offset <= key->text.len) {
        part = str_first(rest, str_index(rest, '|'));
        if (++count > MODIFIERS_MAX)
            return document_error(item->doc, key, "more than %d modifiers", MODIFIERS_MAX);
        status = modifier_apply(item, part, key->column + quote + (uint32_t)offset);
        offset += part.len + 1;
        rest = str_skip(rest, part.len + 1);
    }
    return status;
}

/* One value's alternatives: any of them. They join the line's own OR where that is what it is. */
static int push_alternatives(struct item *item, struct operand *operand, bool own_group)
{
    struct document *doc = item->doc;
    size_t base = doc->reader->stack.len;
    uint32_t line = operand->at->line;
    int status = 0;
    for (; operand && status == 0; operand = operand->next) {
        struct sigma_node *node;
        status = operand_node(item, operand, &node);
        if (status == 0)
            status = node_push(doc, node);
    }
    if (status < 0 || !own_group)
        return status;
    struct sigma_node *group;
    status = node_close(doc, SIGMA_OR, base, line, &group);
    return status < 0 ? status : node_push(doc, group);
}

int item_read(struct document *doc, const struct yaml_node *key, const struct yaml_node *value,
              struct sigma_node **ret_node)
{
    struct item item = {.doc = doc, .at = key ? key : value};
    int status = read_values(&item, value);
    if (status == 0 && key)
        status = read_key(&item, key);
    size_t base = doc->reader->stack.len;
    for (uint32_t i = 0; i < item.count && status == 0; i++)
        status = push_alternatives(&item, item.values[i], item.all);
    if (status < 0)
        return status;
    struct sigma_node *node;
    status = node_close(doc, item.all ? SIGMA_AND : SIGMA_OR, base, item.at->line, &node);
    if (status == 0 && item.negated)
        status = node_not(doc, node, item.at->line, &node);
    if (status == 0)
        *ret_node = node;
    return status;
}
