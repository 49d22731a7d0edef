/*
 * search and find: rows of several tables in which something is. Where no tables are said, all are looked
 * in: the published ones that have rows, and datasets of which those may not have all.
 */
#include "hunt/op.h"

static int tables_of(struct hunt_bind *bind, struct kql_place place,
                     const struct kql_expr_list *exprs, struct rel *rel, struct rel_list *list)
{
    if (rel->node) {
        rel_list_add(bind, list, rel);
        return 0;
    }
    if (exprs->len)
        return bind_tables(bind, exprs, false, list);
    int status = bind_all_tables(bind, true, list);
    if (status == 0 && list->len == 0)
        return hunt_refuse(bind, place, "it is not said which tables to look in");
    return status;
}

/* The rows of each table where the condition holds. A table without a column that it names has none. */
static int filter_all(struct hunt_bind *bind, const struct kql_expr *predicate, bool cased,
                      struct rel_list *list)
{
    uint32_t kept = 0;
    int status = 0;
    for (uint32_t i = 0; i < list->len; i++) {
        struct rel rel = list->items[i];
        struct column_list refs = {0};
        struct hunt_value value;
        if (predicate->kind == KQL_STAR) {
            list->items[kept++] = rel;
            continue;
        }
        bind->in = (struct expr_scope){.row = &rel, .refs = &refs, .search = true, .cased = cased};
        status = bind_condition(bind, predicate, true, &value);
        bind->in = (struct expr_scope){0};
        if (status < 0)
            continue;
        narrow_condition(bind, &rel, predicate);
        rel_filter(bind, &rel, value.sql, &refs);
        list->items[kept++] = rel;
    }
    list->len = kept;
    return kept ? 0 : status;
}

static int op_search(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct rel_list list = {0};
    bool piped = rel->node != NULL;
    int status = tables_of(bind, op->place, &op->search.tables, rel, &list);
    if (status == 0)
        status = filter_all(bind, op->search.predicate, op->search.cased, &list);
    if (status < 0)
        return status;
    *rel = bind_union(bind, &list, false, piped ? (struct str){0} : STR("$table"));
    return 0;
}

/* ---- find ---- */

/* Columns that a condition names, in the order of the text. */
static void names_of(struct hunt_bind *bind, const struct kql_expr *expr, struct field_list *names)
{
    switch (expr->kind) {
    case KQL_NAME:
        if (!field_find(names, expr->name))
            field_add(bind, names, expr->name, NULL);
        break;
    case KQL_AND:
    case KQL_OR:
        for (uint32_t i = 0; i < expr->exprs.len; i++)
            names_of(bind, expr->exprs.items[i], names);
        break;
    case KQL_BINARY:
        names_of(bind, expr->binary.left, names);
        names_of(bind, expr->binary.right, names);
        break;
    case KQL_MEMBERSHIP:
        names_of(bind, expr->membership.left, names);
        break;
    case KQL_RANGE:
        names_of(bind, expr->range.left, names);
        break;
    case KQL_MEMBER:
        names_of(bind, expr->member.object, names);
        break;
    case KQL_INDEX:
        names_of(bind, expr->index.object, names);
        break;
    case KQL_CALL:
        for (uint32_t i = 0; i < expr->call.arguments.len; i++)
            names_of(bind, expr->call.arguments.items[i].expr, names);
        break;
    default:
        break;
    }
}

/* All that is not a column of the result by itself, as one bag. */
static struct column *pack_rest(struct hunt_bind *bind, struct rel *rel,
                                const struct field_list *shown)
{
    struct buf buf = {0};
    struct column_list refs = {0};
    for (uint32_t i = 0; i < rel->fields.len; i++) {
        const struct field *field = &rel->fields.items[i];
        if (field_find(shown, field->name))
            continue;
        struct str name = hunt_quote(bind, field->name);
        struct str element = hunt_element(bind, column_value(field->column));
        buf_printf(&buf, "%s%.*s, %.*s", buf.len ? ", " : "", STR_ARG(name), STR_ARG(element));
        column_list_add(bind, &refs, field->column);
    }
    struct str members = bind_keep(bind, &buf);
    struct hunt_value bag =
        bind_value(KQL_DYNAMIC, hunt_text(bind, "json_object(%.*s)", STR_ARG(members)));
    return rel_compute(bind, rel, STR("pack_"), &bag, &refs);
}

static void find_columns(struct hunt_bind *bind, const struct kql_operator *op,
                         struct field_list *shown, bool *ret_pack)
{
    *ret_pack = op->find.project != KQL_FIND_PROJECT;
    if (op->find.project != KQL_FIND_PROJECT) {
        names_of(bind, op->find.predicate, shown);
        return;
    }
    for (uint32_t i = 0; i < op->find.columns.len; i++) {
        const struct kql_found_column *column = &op->find.columns.items[i];
        *ret_pack = *ret_pack || column->pack;
        if (!column->pack)
            field_add(bind, shown, column->column.name.text, NULL);
    }
}

static int op_find_rows(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct rel_list list = {0};
    int status = tables_of(bind, op->place, &op->find.tables, rel, &list);
    if (status == 0)
        status = filter_all(bind, op->find.predicate, false, &list);
    if (status < 0)
        return status;
    struct field_list shown = {0};
    bool pack;
    find_columns(bind, op, &shown, &pack);
    for (uint32_t i = 0; i < list.len; i++) {
        struct rel *input = &list.items[i];
        struct field_list fields = {0};
        struct column *bag = pack ? pack_rest(bind, input, &shown) : NULL;
        for (uint32_t f = 0; f < shown.len; f++) {
            const struct field *field = field_find(&input->fields, shown.items[f].name);
            if (field)
                field_add(bind, &fields, field->name, field->column);
        }
        if (bag)
            field_add(bind, &fields, STR("pack_"), bag);
        input->fields = fields;
    }
    struct str source = op->find.source_column.text;
    *rel = bind_union(bind, &list, false, source.len ? source : STR("source_"));
    return 0;
}

const struct op_row op_rows_search[] = {
    {KQL_SEARCH, op_search},
    {KQL_FIND, op_find_rows},
    {0, NULL},
};
