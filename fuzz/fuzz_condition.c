/* Conditions: of rules, of old rules with an aggregation, and of temporal correlations. */
#include <stdlib.h>

#include "sigma/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No reference may lead out of the scope, and no tree be deeper than promised. */
static void check(const struct sigma_node *node, uint32_t selections, unsigned depth)
{
    if (depth > SIGMA_TREE_DEPTH_MAX || (node->kind == SIGMA_REF && node->index >= selections))
        abort();
    for (uint32_t i = 0; i < node->count; i++)
        check(node->children[i], selections, depth + 1);
}

static void read_once(struct sigma_set *set, struct str text, bool sources)
{
    struct sigma_selection selections[] = {
        {.name = STR("s1")}, {.name = STR("s2")},   {.name = STR("sel_a")},
        {.name = STR("_h")}, {.name = STR("and_")}, {.name = STR("filter")},
    };
    const uint32_t count = sizeof(selections) / sizeof(*selections);
    struct err err = {0};
    struct yaml_node node = {.kind = YAML_SCALAR, .line = 1, .column = 1, .text = text};
    struct document doc = {.set = set, .reader = set->reader, .root = &node, .err = &err};
    struct condition_scope scope = {selections, count, sources};
    struct sigma_node *tree = NULL;
    struct str aggregation = {0};
    set->reader->stack.len = 0;
    int status = condition_read(&doc, &node, &scope, &tree, &aggregation);
    if (status == 0)
        check(tree, count, 0);
    else if (err.code != status || err.message[0] == '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigma_set set;
    if (sigma_set_init(&set) < 0)
        abort();
    struct str text = size ? str_of((const char *)data, size) : STR("");
    read_once(&set, text, false);
    read_once(&set, text, true);
    sigma_set_free(&set);
    return 0;
}
