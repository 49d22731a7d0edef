#include "hunt/hunt.h"

#include <errno.h>
#include <inttypes.h>

#include "base/time.h"
#include "hunt/bind.h"

/* The native fields of a source that the SQL names. */
static const struct str *source_columns(struct hunt_bind *bind, const struct source *source,
                                        size_t *ret_n)
{
    const struct column_list *columns = &source->node->columns;
    struct str *fields = bind_alloc(bind, columns->len, sizeof(*fields));
    size_t n = 0;
    for (uint32_t i = 0; i < columns->len; i++)
        if (columns->items[i]->used && columns->items[i]->stored)
            fields[n++] = columns->items[i]->expr;
    *ret_n = n;
    return fields;
}

static void take_sources(struct hunt_bind *bind, struct hunt_result *result)
{
    struct lake_source *sources = bind_alloc(bind, bind->n_sources, sizeof(*sources));
    bool *chosen = bind_alloc(bind, bind->n_sources, sizeof(*chosen));
    for (const struct source *source = bind->sources; source; source = source->next) {
        if (!source->used)
            continue;
        if (source->findings) {
            result->findings = true;
            continue;
        }
        chosen[result->n_sources] = source->chosen;
        struct lake_source *to = &sources[result->n_sources++];
        *to = (struct lake_source){.name = source->name,
                                   .dataset = source->dataset,
                                   .first = source->first,
                                   .last = source->last,
                                   .where = source->early};
        to->columns = source_columns(bind, source, &to->n_columns);
        /* An empty list would mean all of them. */
        static const struct str own[] = {{"_time", 5}};
        if (to->n_columns == 0) {
            to->columns = own;
            to->n_columns = 1;
        }
    }
    result->sources = sources;
    result->chosen = chosen;
}

int bind_result(struct hunt_bind *bind, const struct rel *rel, struct hunt_result *result)
{
    int status = plan_emit(bind, rel, result);
    if (status < 0)
        return status;
    struct hunt_column *columns = bind_alloc(bind, rel->fields.len, sizeof(*columns));
    for (uint32_t i = 0; i < rel->fields.len; i++)
        columns[i] = (struct hunt_column){arena_copy(bind->arena, rel->fields.items[i].name),
                                          rel->fields.items[i].column->type};
    result->columns = columns;
    result->n_columns = rel->fields.len;
    result->ordered = rel->n_order > 0;
    result->places = bind->places;
    result->render = bind->render;
    take_sources(bind, result);
    if (result->findings)
        result->choice = (struct str){0};
    return 0;
}

/* A result that is one value is a table of one row. */
static int bind_expression(struct hunt_bind *bind, const struct kql_expr *expr, struct rel *ret)
{
    if (bind_is_tabular(bind, expr) || expr->kind == KQL_NAME || expr->kind == KQL_MEMBER ||
        expr->kind == KQL_CALL)
        return bind_tabular(bind, expr, ret);
    struct hunt_value value;
    int status = bind_scalar(bind, expr, &value);
    if (status < 0)
        return status;
    *ret = (struct rel){.node = node_new(bind, NODE_SELECT, NULL)};
    field_add(bind, &ret->fields, STR("print_0"),
              rel_compute(bind, ret, STR("print_0"), &value, NULL));
    return 0;
}

/* Each result is bound by itself, with the statements before it, so that it reads no more than it needs. */
static int compile_result(struct hunt_bind *bind, const struct kql_query *query, uint32_t index,
                          uint32_t part, struct hunt_result *result)
{
    const struct kql_statement *statement = query->statements.items[index];
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < index; i++)
        status = bind_statement(bind, query->statements.items[i]);
    struct rel rel;
    result->place = statement->place;
    if (status == 0)
        status = bind_expression(bind, results_at(bind, statement, part), &rel);
    return status < 0 ? status : bind_result(bind, &rel, result);
}

/* Where a limit is spent, bind_spent() comes back here. */
static int compile_guarded(struct hunt_bind *bind, const struct kql_query *query, uint32_t index,
                           uint32_t part, struct hunt_result *result)
{
    if (setjmp(bind->spent)) {
        buf_free(&bind->sql);
        return bind->err->code;
    }
    return compile_result(bind, query, index, part, result);
}

static int count_results(const struct kql_query_list *queries, struct err *err, uint32_t *ret_n)
{
    uint32_t n = 0;
    for (uint32_t q = 0; q < queries->len; q++)
        for (uint32_t i = 0; i < queries->items[q]->statements.len; i++)
            if (queries->items[q]->statements.items[i]->kind == KQL_EXPRESSION)
                n += results_count(queries->items[q]->statements.items[i]);
    if (n == 0)
        return err_set(err, -EINVAL,
                       "the query has no result: behind the last let stands what it is for");
    if (n > HUNT_RESULTS_MAX)
        return err_set(err, -E2BIG, "a query has at most %d results", HUNT_RESULTS_MAX);
    *ret_n = n;
    return 0;
}

static int compile_query(struct arena *arena, const struct kql_query *query,
                         const struct hunt_options *options, struct hunt_result *results,
                         uint32_t *n, struct err *err)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < query->statements.len; i++) {
        const struct kql_statement *statement = query->statements.items[i];
        if (statement->kind != KQL_EXPRESSION)
            continue;
        for (uint32_t part = 0; status == 0 && part < results_count(statement); part++) {
            struct hunt_bind bind = {.arena = arena, .err = err, .options = options};
            status = compile_guarded(&bind, query, i, part, &results[(*n)++]);
        }
    }
    return status;
}

int hunt_compile(struct arena *arena, struct str text, const struct hunt_options *options,
                 const struct hunt_plan **ret_plan, struct err *err)
{
    struct kql_query_list queries;
    uint32_t n_results = 0, n = 0;
    int status = kql_parse_all(arena, text, &queries, err);
    if (status == 0)
        status = count_results(&queries, err, &n_results);
    if (status < 0)
        return status;
    struct hunt_plan *plan = arena_zero(arena, 1, sizeof(*plan));
    struct hunt_result *results = arena_zero(arena, n_results, sizeof(*results));
    if (!plan || !results)
        return err_set(err, -ENOMEM, "the query needs too much memory to compile");
    *plan = (struct hunt_plan){.queries = queries, .results = results, .n_results = n_results};
    for (uint32_t q = 0; status == 0 && q < queries.len; q++)
        status = compile_query(arena, queries.items[q], options, results, &n, err);
    if (status == 0)
        *ret_plan = plan;
    return status;
}

static void explain_bound(struct buf *text, const char *label, int64_t time_us, int64_t unbounded)
{
    char iso[TIME_TEXT_MAX];
    if (time_us == unbounded)
        return;
    time_format(time_us, iso);
    buf_printf(text, " %s %s", label, iso);
}

void hunt_explain(const struct hunt_plan *plan, struct buf *text)
{
    kql_print_all(text, &plan->queries);
    for (uint32_t i = 0; i < plan->n_results; i++) {
        const struct hunt_result *result = &plan->results[i];
        buf_printf(text, "\n-- result %u\n-- columns:", i + 1);
        for (uint32_t c = 0; c < result->n_columns; c++)
            buf_printf(text, "%s %.*s: %.*s", c ? "," : "", STR_ARG(result->columns[c].name),
                       STR_ARG(kql_type_name(result->columns[c].type)));
        for (uint32_t s = 0; s < result->n_sources; s++) {
            const struct lake_source *source = &result->sources[s];
            buf_printf(text, "\n-- %.*s: %.*s", STR_ARG(source->name), STR_ARG(source->dataset));
            explain_bound(text, "from", source->first, INT64_MIN);
            explain_bound(text, "before", source->last, INT64_MAX);
            for (size_t c = 0; c < source->n_columns; c++)
                buf_printf(text, "%s %.*s", c ? "," : ":", STR_ARG(source->columns[c]));
        }
        buf_add_byte(text, '\n');
        if (result->choice.len)
            buf_printf(text, "-- first, which events: %.*s\n", STR_ARG(result->choice));
        buf_add_str(text, result->sql);
        buf_add_byte(text, '\n');
    }
}
