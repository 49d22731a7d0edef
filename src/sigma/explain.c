#include "sigma/describe.h"
#include "sigma/values.h"

#define EXPLAIN_CHILDREN_MAX 8 /* of an OR that are shown */
#define EXPLAIN_VALUES_MAX 3   /* of a field that are shown */

struct explanation {
    const struct datasets *datasets;
    struct event *event;
    struct buf *out;
    bool colour;
};

static void indent(const struct explanation *x, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        buf_add_c(x->out, "  ");
}

/* A tick or a cross, green or red. */
static void mark(const struct explanation *x, bool holds)
{
    if (x->colour)
        buf_add_c(x->out, holds ? "\x1b[32m" : "\x1b[31m");
    buf_add_c(x->out, holds ? "\xe2\x9c\x93" : "\xe2\x9c\x97");
    if (x->colour)
        buf_add_c(x->out, "\x1b[0m");
    buf_add_byte(x->out, ' ');
}

static void show_value(const struct explanation *x, struct slot *slot)
{
    static const char *const without_text[] = {
        [VALUE_NULL] = "null", [VALUE_EMPTY_LIST] = "[]", [VALUE_EMPTY_MAP] = "{}"};
    if (!slot_has_text(slot)) {
        buf_add_c(x->out, without_text[slot->type]);
        return;
    }
    buf_add_byte(x->out, '\'');
    describe_text(event_text(x->event, slot), x->out);
    buf_add_byte(x->out, '\'');
}

/* "  [NewProcessName: 'C:\..']": what the event has there, under its own name. */
static void show_field(const struct explanation *x, struct str field)
{
    struct values values;
    struct slot *slot;
    unsigned count = 0;
    values_begin(&values, x->datasets, x->event, field);
    buf_add_c(x->out, "  [");
    while ((slot = values_next(&values))) {
        if (count++ >= EXPLAIN_VALUES_MAX)
            continue;
        buf_add_c(x->out, count > 1 ? ", " : "");
        describe_text(str_of(slot->name, slot->name_len), x->out);
        buf_add_c(x->out, ": ");
        show_value(x, slot);
    }
    if (count > EXPLAIN_VALUES_MAX)
        buf_printf(x->out, ", %u more", count - EXPLAIN_VALUES_MAX);
    if (count == 0) {
        describe_text(field, x->out);
        buf_add_c(x->out, " is not there");
    }
    buf_add_byte(x->out, ']');
}

static void show_predicate(const struct explanation *x, const struct sigma_predicate *predicate,
                           bool negated, unsigned depth)
{
    indent(x, depth);
    mark(x, sigma_eval_predicate(predicate, x->datasets, x->event) != negated);
    if (negated)
        buf_add_c(x->out, "not ");
    sigma_predicate_describe(predicate, x->out);
    if (predicate->field.len)
        show_field(x, predicate->field);
    if (predicate->op >= SIGMA_FIELD_EQUAL && predicate->op <= SIGMA_FIELD_CONTAINS)
        show_field(x, predicate->text);
    buf_add_byte(x->out, '\n');
}

static void show_node(const struct explanation *x, const struct sigma_node *node, unsigned depth);

/* Of many alternatives, those that hold; where none does, the first few. */
static void show_children(const struct explanation *x, const struct sigma_node *node, bool holds,
                          unsigned depth)
{
    bool or = node->kind == SIGMA_OR;
    uint32_t shown = 0, left = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        const struct sigma_node *child = node->children[i];
        if (or &&holds && !sigma_eval_node(child, x->datasets, x->event))
            continue;
        if (or &&shown == EXPLAIN_CHILDREN_MAX) {
            left++;
            continue;
        }
        shown++;
        show_node(x, child, depth);
    }
    if (left) {
        indent(x, depth);
        buf_printf(x->out, ".. and %u more\n", left);
    }
}

static void show_node(const struct explanation *x, const struct sigma_node *node, unsigned depth)
{
    if (node->kind == SIGMA_PREDICATE) {
        show_predicate(x, node->predicate, false, depth);
        return;
    }
    if (node->kind == SIGMA_NOT && node->children[0]->kind == SIGMA_PREDICATE) {
        show_predicate(x, node->children[0]->predicate, true, depth);
        return;
    }
    bool holds = sigma_eval_node(node, x->datasets, x->event);
    indent(x, depth);
    mark(x, holds);
    if (node->kind == SIGMA_NOT) {
        buf_add_c(x->out, "not\n");
        show_node(x, node->children[0], depth + 1);
        return;
    }
    buf_printf(x->out,
               node->kind == SIGMA_AND ? "all of %u\n"
               : holds                 ? "any of %u; these hold\n"
                                       : "any of %u; none holds\n",
               node->count);
    show_children(x, node, holds, depth + 1);
}

static void show_logsource_name(const struct explanation *x, const struct logsource *logsource)
{
    const struct {
        const char *name;
        struct str text;
    } parts[] = {{"product", logsource->product},
                 {"category", logsource->category},
                 {"service", logsource->service}};
    const char *separator = "";
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (parts[i].text.len == 0)
            continue;
        buf_printf(x->out, "%s%s ", separator, parts[i].name);
        describe_text(parts[i].text, x->out);
        separator = ", ";
    }
}

static void show_logsource(const struct explanation *x, const struct sigma_rule *rule)
{
    mark(x, sigma_eval_logsource(rule, x->datasets, x->event));
    buf_add_c(x->out, "logsource ");
    show_logsource_name(x, &rule->logsource);
    if (!x->datasets || x->event->route == ROUTE_NONE) {
        buf_add_c(x->out, "  [no dataset recognises the event]\n");
        return;
    }
    const struct route *route = datasets_route(x->datasets, x->event->route);
    buf_add_c(x->out, "  [the event is of ");
    for (uint32_t i = 0; i < route->n_logsources; i++) {
        buf_add_c(x->out, i ? "; " : "");
        show_logsource_name(x, &route->logsources[i]);
    }
    buf_add_c(x->out, route->n_logsources ? "]\n" : "no logsource]\n");
}

static void show_selection(const struct explanation *x, const struct sigma_selection *selection)
{
    mark(x, sigma_eval_node(selection->node, x->datasets, x->event));
    describe_text(selection->name, x->out);
    buf_add_c(x->out, selection->used ? "\n" : "  (the condition does not use it)\n");
    const struct sigma_node *node = selection->node;
    if (node->kind != SIGMA_AND) {
        show_node(x, node, 1);
        return;
    }
    for (uint32_t i = 0; i < node->count; i++)
        show_node(x, node->children[i], 1);
}

void sigma_explain(const struct sigma_rule *rule, const struct datasets *datasets,
                   struct event *event, bool colour, struct buf *out)
{
    struct explanation x = {datasets, event, out, colour};
    mark(&x, sigma_eval_rule(rule, datasets, event));
    describe_text(rule->meta.title, out);
    if (rule->meta.level != SIGMA_LEVEL_NONE)
        buf_printf(out, " (%s)", sigma_level_name(rule->meta.level));
    buf_add_byte(out, '\n');
    show_logsource(&x, rule);
    mark(&x, sigma_eval_node(rule->condition, datasets, event));
    buf_add_c(out, "condition: ");
    describe_text(rule->condition_text, out);
    if (rule->n_filters)
        buf_printf(out, ", and %u filter%s", rule->n_filters, rule->n_filters > 1 ? "s" : "");
    buf_add_byte(out, '\n');
    for (uint32_t i = 0; i < rule->n_selections; i++)
        show_selection(&x, &rule->selections[i]);
}
