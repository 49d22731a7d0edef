/*
 * reduce: texts by patterns in which the words that are frequent at their place stand, and * for the others (R. Vaarandi, "A Data
 * Clustering Algorithm for Mining Patterns From Event Logs", 2003). A word is frequent where at least `threshold` of all rows have it
 * at that place; texts without a frequent word, or with a pattern that is not frequent itself, are "others".
 *
 *     rows ─▶ texts with counts ─▶ one row of lists ─▶ kql_reduce() ─▶ a row for each pattern
 *                                                                  or a pattern for each text, joined to the rows (kind=source)
 */
#include "hunt/op.h"

struct settings {
    double threshold;
    struct str separators; /* empty: what is neither letter nor digit */
};

static int read_settings(struct hunt_bind *bind, const struct kql_operator *op,
                         struct settings *ret)
{
    *ret = (struct settings){.threshold = 0.1};
    for (uint32_t i = 0; i < op->reduce.properties.len; i++) {
        const struct kql_property *property = &op->reduce.properties.items[i];
        struct hunt_value value;
        int status = bind_scalar(bind, property->values.items[0], &value);
        if (status < 0)
            return status;
        bool text = str_eq(property->name.text, STR("characters"));
        value = hunt_convert(bind, value, text ? KQL_STRING : KQL_REAL);
        if (!value.constant || value.literal.null)
            return hunt_refuse(bind, property->name.place, "%s of reduce is known before it runs",
                               text ? "characters" : "threshold");
        if (text)
            ret->separators = value.literal.text;
        else
            ret->threshold = value.literal.real;
    }
    if (!(ret->threshold >= 0 && ret->threshold <= 1))
        return hunt_refuse(bind, op->place, "the threshold of reduce is 0 to 1");
    return 0;
}

static bool keeps_rows(const struct kql_operator *op)
{
    for (uint32_t i = 0; i < op->options.len; i++) {
        const struct kql_expr *value = op->options.items[i].values.items[0];
        if (str_eq(op->options.items[i].name.text, STR("kind")) && value->kind == KQL_NAME)
            return str_eq(value->name, STR("source"));
    }
    return false;
}

/* A node of its own SQL with these columns. */
static struct rel made_rows(struct hunt_bind *bind, const char *const *names,
                            const enum kql_type *types, uint32_t n)
{
    struct rel rel = {.node = node_new(bind, NODE_ROWS, NULL)};
    for (uint32_t i = 0; i < n; i++) {
        struct column *column = column_new(bind, str_from_c(names[i]), types[i]);
        column_list_add(bind, &rel.node->columns, column);
        field_add(bind, &rel.fields, str_from_c(names[i]), column);
    }
    return rel;
}

static struct str name_of(const struct rel *rel, uint32_t index)
{
    return rel->fields.items[index].column->sql;
}

/* kql_reduce() of all texts of the shared rows: [[pattern, count, representative] ...], [pattern of each text ...] */
static struct str patterns(struct hunt_bind *bind, const struct rel *rel, const struct column *text,
                           const struct settings *settings)
{
    return hunt_text(bind,
                     "SELECT t, kql_reduce(to_json(t), to_json(n), %.17g, %.*s) AS p FROM (SELECT "
                     "list(t ORDER BY t) AS t, list(n ORDER BY t) AS n FROM (SELECT %.*s AS t, "
                     "count(*) AS n FROM m%u GROUP BY 1))",
                     settings->threshold, STR_ARG(hunt_quote(bind, settings->separators)),
                     STR_ARG(text->sql), rel->node->shared);
}

static void by_pattern(struct hunt_bind *bind, struct str sql, struct rel *rel)
{
    static const char *const names[] = {"Pattern", "Count", "Representative"};
    static const enum kql_type types[] = {KQL_STRING, KQL_LONG, KQL_STRING};
    *rel = made_rows(bind, names, types, 3);
    rel->node->text = hunt_text(
        bind,
        "SELECT json_extract_string(g, '$[0]') AS %.*s, CAST(json_extract(g, '$[1]') AS BIGINT) AS "
        "%.*s, json_extract_string(g, '$[2]') AS %.*s FROM (SELECT unnest(json_extract(p, "
        "'$[0][*]')) AS g FROM (%.*s))",
        STR_ARG(name_of(rel, 0)), STR_ARG(name_of(rel, 1)), STR_ARG(name_of(rel, 2)), STR_ARG(sql));
}

static void by_row(struct hunt_bind *bind, struct str sql, struct column *text, struct rel *rel)
{
    static const char *const names[] = {"text", "Pattern"};
    static const enum kql_type types[] = {KQL_STRING, KQL_STRING};
    struct rel found = made_rows(bind, names, types, 2);
    struct column_list needs = {0};
    found.node->text = hunt_text(
        bind,
        "SELECT unnest(t) AS %.*s, unnest(json_extract_string(p, '$[1][*]')) AS %.*s FROM (%.*s)",
        STR_ARG(name_of(&found, 0)), STR_ARG(name_of(&found, 1)), STR_ARG(sql));
    column_list_add(bind, &needs, text);
    struct str same =
        hunt_text(bind, "%.*s = %.*s", STR_ARG(text->sql), STR_ARG(name_of(&found, 0)));
    *rel = rel_join(bind, rel, &found, "JOIN", same, &needs);
    rel->fields = field_list_copy(bind, &rel->fields);
    field_set(bind, &rel->fields, STR("Pattern"), found.fields.items[1].column);
}

static int op_reduce(struct hunt_bind *bind, const struct kql_operator *op, struct rel *rel)
{
    struct settings settings;
    struct column_list refs = {0};
    struct hunt_value value;
    int status = read_settings(bind, op, &settings);
    if (status == 0)
        status = bind_over(bind, rel, op->reduce.by.expr, &refs, &value);
    if (status < 0)
        return status;
    value = hunt_convert(bind, value, KQL_STRING);
    struct column *text = rel_compute(bind, rel, STR("text"), &value, &refs);
    column_list_add(bind, &rel->node->needs, text);
    rel_share(bind, rel);
    struct str sql = patterns(bind, rel, text, &settings);
    if (keeps_rows(op))
        by_row(bind, sql, text, rel);
    else
        by_pattern(bind, sql, rel);
    return 0;
}

const struct op_row op_rows_reduce[] = {
    {KQL_REDUCE, op_reduce},
    {0, NULL},
};
