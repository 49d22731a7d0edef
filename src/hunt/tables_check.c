/*
 * Holds the sources of tables against the datasets: a name that no dataset knows is a slip of the
 * pen, and would be a null column for ever.
 */
#include "hunt/tables_set.h"

#include <errno.h>

/* Words of an expression that are no names of fields. */
static const char *const keywords[] = {
    "and",          "or",          "in",          "has",          "has_cs",
    "has_any",      "has_all",     "hasprefix",   "hasprefix_cs", "hassuffix",
    "hassuffix_cs", "contains",    "contains_cs", "startswith",   "startswith_cs",
    "endswith",     "endswith_cs", "between",     "matches",      "regex",
    "true",         "false",       "null",
};

/* A walk over the names of an expression. */
struct scan {
    const struct datasets *datasets;
    const struct table_source *source;
    struct str text;
    size_t at;
    bool value_before; /* the last token ended a value: [ is an index behind it */
};

static bool own_column(struct str name)
{
    uint32_t count;
    const struct table_column *columns = tables_own_columns(&count);
    for (uint32_t i = 0; i < count; i++)
        if (str_eq(columns[i].name, name))
            return true;
    return false;
}

static bool listed(uint32_t field, const uint32_t *fields, uint32_t n_fields)
{
    for (uint32_t i = 0; i < n_fields; i++)
        if (fields[i] == field)
            return true;
    return false;
}

static bool dataset_knows(const struct datasets *datasets, uint32_t index, struct str name)
{
    const struct dataset *dataset = datasets_get(datasets, index);
    uint32_t field = fields_find(datasets_fields(datasets), name);
    if (field == FIELD_NONE)
        return false;
    for (uint32_t i = 0; i < dataset->n_aliases; i++)
        if (dataset->aliases[i].native == field)
            return true;
    return datasets_field(datasets, index, field) != NULL || dataset->event_id_field == field ||
           listed(field, dataset->time_fields, dataset->n_time_fields) ||
           listed(field, dataset->host_fields, dataset->n_host_fields) ||
           listed(field, dataset->user_fields, dataset->n_user_fields);
}

static bool source_knows(const struct scan *scan, struct str name)
{
    const struct table_source *source = scan->source;
    uint32_t other =
        source->fields_of.len ? datasets_find(scan->datasets, source->fields_of) : DATASET_NONE;
    return dataset_knows(scan->datasets, source->dataset_index, name) ||
           (other != DATASET_NONE && dataset_knows(scan->datasets, other, name));
}

static bool finding_knows(struct str name)
{
    uint32_t count;
    const struct table_column *columns = tables_finding_columns(&count);
    for (uint32_t i = 0; i < count; i++)
        if (str_eq(columns[i].name, name))
            return true;
    return false;
}

static int check_name(const struct scan *scan, struct str name, struct err *err)
{
    const struct table_source *source = scan->source;
    bool findings = source->kind == TABLE_FROM_FINDINGS;
    if (own_column(name) || (findings ? finding_knows(name) : source_knows(scan, name)))
        return 0;
    return err_set(err, -EINVAL, "%s%.*s %s no field '%.*s'", findings ? "a finding" : "dataset ",
                   STR_ARG(source->dataset), findings ? "has" : "knows", STR_ARG(name));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static char peek(const struct scan *scan)
{
    return scan->at < scan->text.len ? scan->text.ptr[scan->at] : '\0';
}

/* A string literal from its quote on; its inside. */
static struct str take_string(struct scan *scan, bool verbatim)
{
    char quote = scan->text.ptr[scan->at++];
    size_t start = scan->at;
    while (scan->at < scan->text.len && peek(scan) != quote) {
        if (peek(scan) == '\\' && !verbatim)
            scan->at++;
        scan->at++;
    }
    size_t end = scan->at < scan->text.len ? scan->at : scan->text.len;
    scan->at = end + 1;
    return str_first(str_skip(scan->text, start), end - start);
}

static struct str take_word(struct scan *scan)
{
    size_t start = scan->at;
    while (is_word(peek(scan)))
        scan->at++;
    return str_first(str_skip(scan->text, start), scan->at - start);
}

static void skip_spaces(struct scan *scan)
{
    while (peek(scan) == ' ' || peek(scan) == '\n' || peek(scan) == '\t')
        scan->at++;
}

static bool is_keyword(struct str word)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
        if (str_eq(word, str_from_c(keywords[i])))
            return true;
    return false;
}

/* Words that have their literal in parentheses: datetime(2026-01-01), dynamic(["a"]). */
static bool is_literal_word(struct str word)
{
    enum kql_type type;
    return tables_type_find(word, &type);
}

static void skip_parentheses(struct scan *scan)
{
    for (size_t depth = 0; scan->at < scan->text.len;) {
        char c = peek(scan);
        if (c == '\'' || c == '"') {
            (void)take_string(scan, false);
            continue;
        }
        scan->at++;
        depth += c == '(';
        if (c == ')' && --depth == 0)
            return;
    }
}

static int scan_word(struct scan *scan, struct err *err)
{
    size_t start = scan->at;
    bool member = start > 0 && scan->text.ptr[start - 1] == '.' && scan->value_before;
    struct str word = take_word(scan);
    skip_spaces(scan);
    bool call = peek(scan) == '(';
    scan->value_before = !call && !is_keyword(word);
    if (call && is_literal_word(word)) {
        skip_parentheses(scan);
        scan->value_before = true;
    }
    return member || call || is_digit(word.ptr[0]) || is_keyword(word)
               ? 0
               : check_name(scan, word, err);
}

/* [ behind a value is an index or a key; elsewhere it has the name of a field. */
static int scan_bracket(struct scan *scan, struct err *err)
{
    bool index = scan->value_before;
    scan->at++;
    skip_spaces(scan);
    if (index || (peek(scan) != '\'' && peek(scan) != '"')) {
        scan->value_before = false;
        return 0;
    }
    struct str name = take_string(scan, false);
    skip_spaces(scan);
    scan->at += peek(scan) == ']';
    scan->value_before = true;
    return check_name(scan, name, err);
}

static int scan_names(struct scan *scan, struct err *err)
{
    int status = 0;
    while (status == 0 && (skip_spaces(scan), scan->at < scan->text.len)) {
        char c = peek(scan);
        if (c == '@' && scan->at + 1 < scan->text.len &&
            strchr("'\"", scan->text.ptr[scan->at + 1])) {
            scan->at++;
            (void)take_string(scan, true);
            scan->value_before = true;
        } else if (c == '\'' || c == '"') {
            (void)take_string(scan, false);
            scan->value_before = true;
        } else if (c == '[')
            status = scan_bracket(scan, err);
        else if (is_word(c))
            status = scan_word(scan, err);
        else {
            scan->at++;
            scan->value_before = c == ')' || c == ']' || (c == '.' && scan->value_before);
        }
    }
    return status;
}

static int check_cell(const struct datasets *datasets, const struct table_source *source,
                      const struct table_cell *cell, struct err *err)
{
    struct scan scan = {.datasets = datasets, .source = source, .text = cell->text};
    int status = cell->kind == TABLE_NOTHING ? 0
                 : cell->kind == TABLE_FIELD ? check_name(&scan, cell->text, err)
                                             : scan_names(&scan, err);
    if (status < 0) {
        err->line = cell->line;
        err->column = cell->column;
    }
    return status;
}

static int check_source(const struct datasets *datasets, struct table_source *source,
                        uint32_t n_cells, struct err *err)
{
    source->dataset_index = DATASET_NONE;
    if (source->kind == TABLE_FROM_DATASET) {
        source->dataset_index = datasets_find(datasets, source->dataset);
        if (source->dataset_index == DATASET_NONE)
            return err_at(err, -EINVAL, source->line, 0, "there is no dataset '%.*s'",
                          STR_ARG(source->dataset));
    }
    if (source->fields_of.len && datasets_find(datasets, source->fields_of) == DATASET_NONE)
        return err_at(err, -EINVAL, source->line, 0, "there is no dataset '%.*s'",
                      STR_ARG(source->fields_of));
    int status = check_cell(datasets, source, &source->where, err);
    for (uint32_t i = 0; status == 0 && i < n_cells; i++)
        if (!source->cells[i].same)
            status = check_cell(datasets, source, &source->cells[i], err);
    return status;
}

int tables_check(struct tables *tables, const struct datasets *datasets,
                 const struct table **ret_table, struct err *err)
{
    for (size_t i = 0; i < tables->items.len; i++) {
        struct table *table = tables->items.items[i];
        for (uint32_t s = 0; s < table->n_sources; s++) {
            int status = check_source(datasets, &table->sources[s], table->n_columns, err);
            if (status < 0) {
                *ret_table = table;
                return status;
            }
        }
    }
    return 0;
}
