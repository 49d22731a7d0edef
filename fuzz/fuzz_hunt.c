/*
 * Any text compiles to a plan, or is refused with a reason; the plan's SQL has no NUL, which would cut it, and
 * every result has columns that fit.
 */
#include <stdlib.h>

#include "hunt/hunt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX ((size_t)64 << 20)

static const char tables_yaml[] =
    "name: T\n"
    "about: a table\n"
    "columns: {TimeGenerated: datetime, a: string, n: long, r: real, d: dynamic, b: bool, s: "
    "timespan}\n"
    "from:\n"
    "  - dataset: one\n"
    "    columns: {TimeGenerated: _time, a: Image, n: tolong(Id), d: todynamic(Data)}\n"
    "  - dataset: two\n"
    "    where: Id == '1'\n"
    "    columns: {TimeGenerated: _time, a: \"strcat(User, Host)\"}\n";

static struct tables *tables_of(void)
{
    static struct tables *tables;
    struct err err = {0};
    if (!tables) {
        tables = tables_new();
        if (!tables || tables_add(tables, STR(tables_yaml), STR("t.yaml"), &err) < 0)
            abort();
    }
    return tables;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = size ? str_of((const char *)data, size) : STR("");
    const struct hunt_options options = {.tables = tables_of(),
                                         .now_us = INT64_C(1795305600000000),
                                         .first = INT64_MIN,
                                         .last = INT64_MAX};
    const struct hunt_plan *plan;
    struct arena arena;
    struct err err = {0};
    arena_init(&arena, MEMORY_MAX);
    int status = hunt_compile(&arena, text, &options, &plan, &err);
    if (status < 0 && (err.code != status || err.message[0] == '\0'))
        abort();
    for (uint32_t i = 0; status == 0 && i < plan->n_results; i++) {
        struct str sql = plan->results[i].sql;
        if (sql.len == 0 || memchr(sql.ptr, '\0', sql.len))
            abort();
    }
    arena_free(&arena);
    return 0;
}
