/*
 * A SELECT that a person wrote, read by DuckDB's own parser and looked at as a tree: it may name sources of the query
 * and what it defines itself, and call functions that compute. Everything else that stands behind FROM is refused,
 * known or not; so is every function that tells of the engine, waits, or writes.
 */
#include <errno.h>
#include <jansson.h>
#include <strings.h>

#include "lake/duckdb.h"

#define DEPTH_MAX 1000
#define NAMES_MAX 256 /* of WITH, in force at once */

struct guard {
    const struct lake_query *query;
    struct err *err;
    const char *names[NAMES_MAX]; /* of WITH, those in force */
    size_t n_names;
    unsigned depth;
};

/* Behind FROM. */
static const char *const table_functions[] = {"range",     "generate_series", "unnest",
                                              "json_each", "json_tree",       "repeat"};

static const char *const refused_functions[] = {
    "col_description",
    "current_catalog",
    "current_database",
    "current_role",
    "current_schema",
    "current_schemas",
    "current_setting",
    "current_user",
    "getvariable",
    "getenv",
    "nextval",
    "currval",
    "pg_sleep",
    "sleep_ms",
    "write_log",
    "current_query",
    "current_query_id",
    "setseed",
    "txid_current",
    "current_connection_id",
    "current_transaction_id",
    "parse_duckdb_log_message",
    "json_serialize_plan",
    "get_block_size",
    "in_search_path",
    "obj_description",
    "session_user",
    "shobj_description",
    "stats",
    "user",
    "vector_type",
    "version",
    "jaga_leaf",
    "jaga_screen", /* tells of indicators */
};

/* What the engine calls in plans of its own, its catalogue, and what stands for PostgreSQL's. */
static const char *const refused_prefixes[] = {"__", "duckdb_", "has_", "inet_", "pg_"};

/* Kinds of what may stand behind FROM, besides those that are looked into here. */
static const char *const table_kinds[] = {"SUBQUERY", "JOIN", "EXPRESSION_LIST", "EMPTY", "PIVOT"};

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

#define AMONG(name, list) is_among((name), (list), sizeof(list) / sizeof((list)[0]))

static const char *text_of(const json_t *node, const char *key)
{
    const char *text = json_string_value(json_object_get(node, key));
    return text ? text : "";
}

static int refuse(struct guard *guard, const json_t *node, const char *what, const char *name)
{
    /* 2^64 - 1: unknown. */
    double at = json_number_value(json_object_get(node, "query_location"));
    bool known = at >= 0 && at < (double)guard->query->sql.len;
    struct str before = str_first(guard->query->sql, known ? (size_t)at : 0);
    uint32_t line = known, column = known;
    for (size_t i = 0; i < before.len; i++) {
        column++;
        if (before.ptr[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return err_at(guard->err, -EACCES, line, column, "%s %s may not be used in a query", what,
                  name);
}

static bool is_source(const struct guard *guard, const char *name)
{
    for (size_t i = 0; i < guard->query->n_sources; i++)
        if (str_eq_ascii_nocase(guard->query->sources[i].name, str_from_c(name)))
            return true;
    return false;
}

static bool is_harmless(const char *name)
{
    for (size_t i = 0; i < sizeof(refused_prefixes) / sizeof(refused_prefixes[0]); i++)
        if (strncasecmp(name, refused_prefixes[i], strlen(refused_prefixes[i])) == 0)
            return false;
    return !AMONG(name, refused_functions);
}

static int check_function(struct guard *guard, const json_t *node, bool table)
{
    const char *name = text_of(node, "function_name");
    bool bare = text_of(node, "schema")[0] == '\0' && text_of(node, "catalog")[0] == '\0';
    bool allowed = table ? AMONG(name, table_functions) : is_harmless(name);
    /* DuckDB's parser itself writes main.list_value for [1, 2]: where a scalar function is from does not matter. */
    return (bare || !table) && allowed ? 0 : refuse(guard, node, "the function", name);
}

static int check_table(struct guard *guard, const json_t *node)
{
    const char *name = text_of(node, "table_name");
    bool bare = text_of(node, "schema_name")[0] == '\0' && text_of(node, "catalog_name")[0] == '\0';
    bool known = is_source(guard, name) || is_among(name, guard->names, guard->n_names);
    return bare && known ? 0 : refuse(guard, node, "the table", name);
}

/* Is this object something behind FROM? They are the nodes that have a "sample" and no "class". */
static bool is_table_node(const json_t *node)
{
    return json_object_get(node, "sample") && !json_object_get(node, "class") &&
           json_object_get(node, "alias") && json_object_get(node, "type");
}

static int check_node(struct guard *guard, const json_t *node);

static int check_members(struct guard *guard, const json_t *node)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)node, key, member)
    {
        int status = strcmp(key, "cte_map") == 0 ? 0 : check_node(guard, member);
        if (status < 0)
            return status;
    }
    return 0;
}

/* WITH a AS (...), b AS (...): b knows a, a knows itself only where it is recursive. */
static int check_names(struct guard *guard, const json_t *map)
{
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)(uintptr_t)map, i, entry)
    {
        const char *name = text_of(entry, "key");
        const json_t *node =
            json_object_get(json_object_get(json_object_get(entry, "value"), "query"), "node");
        bool recursive = strcmp(text_of(node, "type"), "RECURSIVE_CTE_NODE") == 0;
        if (guard->n_names >= NAMES_MAX)
            return err_set(guard->err, -EACCES, "the query has more than %d names in WITH",
                           NAMES_MAX);
        if (recursive)
            guard->names[guard->n_names++] = name;
        int status = check_node(guard, json_object_get(entry, "value"));
        if (status < 0)
            return status;
        if (!recursive)
            guard->names[guard->n_names++] = name;
    }
    return 0;
}

static int check_object(struct guard *guard, const json_t *node)
{
    const char *type = text_of(node, "type");
    size_t names = guard->n_names;
    int status = check_names(guard, json_object_get(json_object_get(node, "cte_map"), "map"));
    if (status == 0 && is_table_node(node)) {
        if (strcmp(type, "BASE_TABLE") == 0)
            status = check_table(guard, node);
        else if (strcmp(type, "TABLE_FUNCTION") == 0)
            status = check_function(guard, json_object_get(node, "function"), true);
        else if (!AMONG(type, table_kinds))
            status = refuse(guard, node, "what stands behind FROM:", type);
    } else if (status == 0 && strcmp(text_of(node, "class"), "FUNCTION") == 0) {
        status = AMONG(text_of(node, "function_name"), table_functions)
                     ? 0
                     : check_function(guard, node, false);
    }
    if (status == 0 && strcmp(type, "TABLE_FUNCTION") == 0 && is_table_node(node)) {
        /* Its own name was looked at; its arguments are ordinary. */
        status = check_members(guard, json_object_get(node, "function"));
    } else if (status == 0) {
        status = check_members(guard, node);
    }
    guard->n_names = names;
    return status;
}

static int check_node(struct guard *guard, const json_t *node)
{
    size_t i;
    json_t *item;
    int status = 0;
    if (++guard->depth > DEPTH_MAX)
        return err_set(guard->err, -EACCES, "the query is nested too deeply");
    if (json_is_object(node)) {
        status = check_object(guard, node);
    } else if (json_is_array(node)) {
        json_array_foreach((json_t *)(uintptr_t)node, i, item)
        {
            status = check_node(guard, item);
            if (status < 0)
                break;
        }
    }
    guard->depth--;
    return status;
}

static int check_tree(void *context, const struct lake_chunk *chunk)
{
    struct guard *guard = context;
    struct str text = chunk->columns[0].texts[0];
    json_error_t problem;
    json_t *tree = json_loadb(text.ptr, text.len, JSON_DECODE_INT_AS_REAL, &problem);
    int status;
    if (!tree)
        status = err_set(guard->err, -EACCES, "the query is nested too deeply");
    else if (json_is_true(json_object_get(tree, "error")))
        status = err_set(guard->err, -EINVAL, "%s", text_of(tree, "error_message"));
    else if (json_array_size(json_object_get(tree, "statements")) != 1)
        status = err_set(guard->err, -EINVAL, "one SELECT is asked at a time");
    else
        status = check_node(guard, json_object_get(tree, "statements"));
    json_decref(tree);
    return status;
}

int guard_check(struct lake *lake, struct duck_connection *connection,
                const struct lake_query *query, struct err *err)
{
    struct err own = {0}, engine = {0};
    struct guard guard = {.query = query, .err = &own};
    struct lake_value sql = {.kind = LAKE_TEXT, .text = query->sql};
    int status = statement_ask(lake, connection, STR("SELECT json_serialize_sql($1::VARCHAR)"),
                               &sql, 1, check_tree, &guard, &engine);
    if (status < 0)
        *err = own.code ? own : engine;
    return status;
}
