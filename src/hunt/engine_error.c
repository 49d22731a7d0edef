#include "hunt/engine_error.h"

#include <string.h>

#include "base/buf.h"

/* DuckDB's kinds of exceptions. `said`: what follows is a sentence that helps; else it is about generated SQL. */
static const struct {
    const char *kind;
    const char *means;
    bool said;
} kinds[] = {
    {"Parser Error", "the SQL is not understood", true},
    {"Binder Error", "the engine does not know what is meant", false},
    {"Catalog Error", "the engine does not know a name", false},
    {"Conversion Error", "a value is not what it is converted to", true},
    {"Out of Range Error", "a number is out of range", true},
    {"Mismatch Type Error", "values of different types meet", true},
    {"Invalid Input Error", "", true},
    {"Invalid Type Error", "values of different types meet", true},
    {"Constraint Error", "a value is not allowed", true},
    {"Not implemented Error", "the engine can't do this", false},
    {"INTERNAL Error", "the engine failed", false},
    {"Internal Error", "the engine failed", false},
};

/* "LINE 2: SELECT ..." with a caret in the line below: where in the text it points. */
static void find_place(struct str text, struct err *err)
{
    size_t at = str_find(text, STR("LINE "));
    struct str rest = str_skip(text, at == SIZE_MAX ? text.len : at + strlen("LINE ")), line,
               carets;
    uint64_t number;
    if (!str_cut_line(&rest, &line) || !str_cut_line(&rest, &carets))
        return;
    size_t colon = str_index(line, ':'), caret = str_index(carets, '^');
    size_t before = strlen("LINE ") + colon + strlen(": ");
    if (caret == carets.len || caret < before || str_to_u64(str_first(line, colon), &number) < 0)
        return;
    /* A long line is shown from its middle on: then its beginning is not known. */
    err->line = (uint32_t)number;
    if (!str_starts(str_skip(line, colon + 1), STR(" ...")))
        err->column = (uint32_t)(caret - before + 1);
}

/* The engine's names of types as Kusto's. */
static void add_with_types(struct buf *out, struct str text)
{
    static const char *const types[][2] = {
        {"INT64", "long"},         {"BIGINT", "long"}, {"INT32", "int"},    {"VARCHAR", "string"},
        {"TIMESTAMP", "datetime"}, {"DOUBLE", "real"}, {"BOOLEAN", "bool"}, {"JSON", "dynamic"}};
    while (text.len) {
        size_t skip = 0;
        for (size_t i = 0; skip == 0 && i < sizeof(types) / sizeof(types[0]); i++)
            if (str_starts(text, str_from_c(types[i][0]))) {
                skip = strlen(types[i][0]);
                buf_add_c(out, types[i][1]);
            }
        if (skip == 0)
            buf_add_byte(out, text.ptr[0]);
        text = str_skip(text, skip ? skip : 1);
    }
}

void engine_error_explain(struct err *err, bool sql)
{
    struct err given = *err;
    struct str text = str_from_c(given.message), rest, line;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!str_starts(text, str_from_c(kinds[i].kind)))
            continue;
        rest = str_skip(text, strlen(kinds[i].kind));
        rest = str_skip(rest, str_starts(rest, STR(": ")) ? 2 : 0);
        struct str all = rest;
        if (!str_cut_line(&rest, &line))
            line = all;
        size_t column = str_find(line, STR(" when casting from source column"));
        line = str_first(line, column == SIZE_MAX || sql ? line.len : column);
        struct buf said = {0};
        if (sql)
            buf_add_str(&said, line);
        else if (kinds[i].said)
            add_with_types(&said, line);
        (void)err_set(err, given.code, "%s%s%.*s", kinds[i].means,
                      kinds[i].means[0] && said.len ? ": " : "", STR_ARG(buf_str(&said)));
        buf_free(&said);
        if (sql)
            find_place(all, err);
        return;
    }
}
