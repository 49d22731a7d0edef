/*
 * Relations and the nodes under them.
 */
#include <errno.h>

#include "hunt/bind.h"

struct node *node_new(struct hunt_bind *bind, enum node_kind kind, struct node *left)
{
    if (++bind->n_nodes > BIND_NODES_MAX)
        bind_spent(bind, -E2BIG, "the query has too many steps once its names are written out");
    struct node *node = bind_alloc(bind, 1, sizeof(*node));
    node->kind = kind;
    node->left = left;
    return node;
}

struct column *column_new(struct hunt_bind *bind, struct str name, enum kql_type type)
{
    struct column *column = bind_alloc(bind, 1, sizeof(*column));
    column->type = type;
    column->sql = bind_quote_name(
        bind, hunt_text(bind, "%.*s#%u", STR_ARG(str_first(name, 128)), ++bind->n_columns));
    return column;
}

/* Room for one more in an array of the arena. */
static void *grown(struct hunt_bind *bind, void *items, uint32_t len, uint32_t *cap, size_t size)
{
    if (len < *cap)
        return items;
    if (len >= BIND_COLUMNS_MAX)
        bind_spent(bind, -E2BIG, "the query has too many columns");
    *cap = *cap ? *cap * 2 : 8;
    char *more = bind_alloc(bind, *cap, size);
    if (len)
        memcpy(more, items, len * size);
    return more;
}

void column_list_add(struct hunt_bind *bind, struct column_list *list, struct column *column)
{
    list->items = grown(bind, list->items, list->len, &list->cap, sizeof(*list->items));
    list->items[list->len++] = column;
}

static void column_list_join(struct hunt_bind *bind, struct column_list *list,
                             const struct column_list *more)
{
    for (uint32_t i = 0; more && i < more->len; i++)
        column_list_add(bind, list, more->items[i]);
}

void rel_list_add(struct hunt_bind *bind, struct rel_list *list, const struct rel *rel)
{
    list->items = grown(bind, list->items, list->len, &list->cap, sizeof(*list->items));
    list->items[list->len++] = *rel;
}

void field_add(struct hunt_bind *bind, struct field_list *list, struct str name,
               struct column *column)
{
    list->items = grown(bind, list->items, list->len, &list->cap, sizeof(*list->items));
    list->items[list->len++] = (struct field){name, column};
}

struct field *field_find(const struct field_list *list, struct str name)
{
    for (uint32_t i = 0; i < list->len; i++)
        if (str_eq(list->items[i].name, name))
            return &list->items[i];
    return NULL;
}

void field_add_unique(struct hunt_bind *bind, struct field_list *list, struct str name,
                      struct column *column)
{
    struct str free_name = name;
    for (uint32_t n = 1; field_find(list, free_name); n++)
        free_name = hunt_text(bind, "%.*s%u", STR_ARG(name), n);
    field_add(bind, list, free_name, column);
}

void field_set(struct hunt_bind *bind, struct field_list *list, struct str name,
               struct column *column)
{
    struct field *field = field_find(list, name);
    if (field)
        field->column = column;
    else
        field_add(bind, list, name, column);
}

struct field_list field_list_copy(struct hunt_bind *bind, const struct field_list *list)
{
    struct field_list copy = {0};
    for (uint32_t i = 0; i < list->len; i++)
        field_add(bind, &copy, list->items[i].name, list->items[i].column);
    return copy;
}

static bool made_here(const struct node *node, const struct column_list *refs)
{
    for (uint32_t i = 0; refs && i < refs->len; i++)
        for (uint32_t j = 0; j < node->columns.len; j++)
            if (refs->items[i] == node->columns.items[j])
                return true;
    return false;
}

/* A SELECT on top that can still take a column over refs: SQL computes all columns of one from its input. */
static struct node *select_for_column(struct hunt_bind *bind, struct rel *rel,
                                      const struct column_list *refs)
{
    struct node *top = rel->node;
    if (top->kind != NODE_SELECT || top->tail.len || top->only || top->closed ||
        made_here(top, refs))
        rel->node = top = node_new(bind, NODE_SELECT, top);
    return top;
}

struct hunt_value column_value(const struct column *column)
{
    return (struct hunt_value){.type = column->type,
                               .sql = column->sql,
                               .filled = column->filled,
                               .absent = column->absent};
}

struct column *rel_compute(struct hunt_bind *bind, struct rel *rel, struct str name,
                           const struct hunt_value *value, const struct column_list *refs)
{
    struct node *node = select_for_column(bind, rel, refs);
    struct column *column = column_new(bind, name, value->type);
    column->filled = value->filled;
    column->expr = value->sql;
    column_list_join(bind, &column->refs, refs);
    column_list_add(bind, &node->columns, column);
    return column;
}

struct column *rel_column(struct hunt_bind *bind, struct rel *rel, struct str name,
                          const struct hunt_value *value, const struct column_list *refs)
{
    for (uint32_t i = 0; refs && i < refs->len; i++)
        if (refs->items[i]->type == value->type && str_eq(refs->items[i]->sql, value->sql))
            return refs->items[i];
    return rel_compute(bind, rel, name, value, refs);
}

void rel_filter(struct hunt_bind *bind, struct rel *rel, struct str condition,
                const struct column_list *refs)
{
    struct node *top = rel->node;
    if (top->kind != NODE_SELECT || top->columns.len || top->tail.len)
        rel->node = top = node_new(bind, NODE_SELECT, top);
    top->where = top->where.len
                     ? hunt_text(bind, "%.*s AND %.*s", STR_ARG(top->where), STR_ARG(condition))
                     : condition;
    column_list_join(bind, &top->needs, refs);
}

void rel_cut(struct hunt_bind *bind, struct rel *rel, struct str tail,
             const struct column_list *refs)
{
    struct node *node = node_new(bind, NODE_SELECT, rel->node);
    node->tail = tail;
    node->order = rel->order;
    node->n_order = rel->n_order;
    column_list_join(bind, &node->needs, refs);
    rel->node = node;
}

struct rel rel_join(struct hunt_bind *bind, const struct rel *left, const struct rel *right,
                    const char *kind, struct str condition, const struct column_list *needs)
{
    struct rel rel = *left;
    rel.node = node_new(bind, NODE_JOIN, left->node);
    rel.node->right = right->node;
    rel.node->text = str_from_c(kind);
    rel.node->where = condition;
    rel.node->needs = *needs;
    rel.order = NULL;
    rel.n_order = 0;
    return rel;
}

struct str rel_over(struct hunt_bind *bind, const struct rel *rel, struct column_list *refs)
{
    struct buf buf = {0};
    for (uint32_t i = 0; i < rel->n_order; i++) {
        const struct sort_key *key = &rel->order[i];
        buf_add_c(&buf, i ? ", " : "ORDER BY ");
        buf_add_str(&buf, key->column->sql);
        buf_add_c(&buf, key->descending ? " DESC" : " ASC");
        buf_add_c(&buf, key->nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
    for (uint32_t i = 0; refs && i < rel->n_order; i++)
        column_list_add(bind, refs, rel->order[i].column);
    return bind_keep(bind, &buf);
}

void rel_share(struct hunt_bind *bind, struct rel *rel)
{
    if (rel->node->kind == NODE_SHARED)
        return;
    rel->node = node_new(bind, NODE_SHARED, rel->node);
    bind->shared.items = grown(bind, bind->shared.items, bind->shared.len, &bind->shared.cap,
                               sizeof(*bind->shared.items));
    bind->shared.items[bind->shared.len++] = rel->node;
    rel->node->shared = bind->shared.len;
}

static void alias_fields(struct hunt_bind *bind, struct node *node, struct field_list *list)
{
    struct field_list aliases = {0};
    for (uint32_t i = 0; i < list->len; i++) {
        struct column *of = list->items[i].column;
        struct column *column = column_new(bind, list->items[i].name, of->type);
        column->filled = of->filled;
        column->expr = of->sql;
        column_list_add(bind, &column->refs, of);
        column_list_add(bind, &node->columns, column);
        field_add(bind, &aliases, list->items[i].name, column);
    }
    *list = aliases;
}

/* The same rows under new names in SQL, so that they can meet the first ones in a join. */
struct rel rel_again(struct hunt_bind *bind, const struct rel *shared)
{
    struct rel rel = *shared;
    struct node *node = node_new(bind, NODE_SELECT, shared->node);
    node->only = true;
    struct sort_key *order = bind_alloc(bind, rel.n_order, sizeof(*order));
    struct field_list keys = {0};
    for (uint32_t i = 0; i < rel.n_order; i++) {
        order[i] = rel.order[i];
        field_add(bind, &keys, STR("key"), rel.order[i].column);
    }
    alias_fields(bind, node, &rel.fields);
    alias_fields(bind, node, &rel.hidden);
    alias_fields(bind, node, &keys);
    for (uint32_t i = 0; i < rel.n_order; i++)
        order[i].column = keys.items[i].column;
    rel.order = order;
    rel.node = node;
    return rel;
}
