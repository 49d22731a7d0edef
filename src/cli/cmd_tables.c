/* jaga tables list, show: the tables that hunts name, their columns and what they are made of. */
#include "cli/cli.h"
#include "cli/engine.h"
#include "hunt/tables.h"

/* 0, or the exit code after saying what is wrong; both are to be freed in each case. */
static int open_tables(struct engine *engine, const struct cli *cli, struct tables **ret_tables)
{
    struct err err = {0};
    int code = engine_open(engine, cli);
    if (code == EXIT_DONE &&
        tables_load(&engine->content, engine->datasets, ret_tables, &err) < 0) {
        cli_complain(cli, "%s", err.message);
        code = EXIT_USAGE;
    }
    return code;
}

static int list(const struct cli *cli)
{
    struct engine engine;
    struct tables *tables = NULL;
    int code = open_tables(&engine, cli, &tables);
    for (uint32_t i = 0; code == EXIT_DONE && i < tables_count(tables); i++) {
        const struct table *table = tables_get(tables, i);
        if (!table->open) /* `jaga datasets list` has those */
            printf("%-40.*s %4u columns %4u sources  %.*s\n", STR_ARG(table->name),
                   table->n_columns, table->n_sources, STR_ARG(table->about));
    }
    tables_free(tables);
    engine_free(&engine);
    return code;
}

static void show_source(const struct table *table, const struct table_source *source)
{
    struct str name = source->kind == TABLE_FROM_FINDINGS ? STR("findings") : source->dataset;
    printf("\nFrom %.*s", STR_ARG(name));
    if (source->where.kind != TABLE_NOTHING)
        printf(", where %.*s", STR_ARG(source->where.text));
    puts(":");
    for (uint32_t i = 0; i < table->n_columns; i++)
        if (source->cells[i].kind != TABLE_NOTHING)
            printf("  %-44.*s %.*s\n", STR_ARG(table->columns[i].name),
                   STR_ARG(source->cells[i].text));
}

static void show_table(const struct table *table)
{
    printf("%.*s: %.*s\n\n%-46s %s\n", STR_ARG(table->name), STR_ARG(table->about), "Column",
           "Type");
    for (uint32_t i = 0; i < table->n_columns; i++)
        printf("%-46.*s %s\n", STR_ARG(table->columns[i].name),
               tables_type_name(table->columns[i].type));
    if (table->open)
        puts("\nFurther fields are columns under their own names.");
    for (uint32_t i = 0; !table->open && i < table->n_sources; i++)
        show_source(table, &table->sources[i]);
    if (table->n_sources == 0)
        puts("\nNothing fills it: queries that name it run, and find no rows.");
}

static int show(const struct cli *cli)
{
    struct engine engine;
    struct tables *tables = NULL;
    struct str name = str_from_c(cli->settings.paths.items[0]);
    int code = open_tables(&engine, cli, &tables);
    const struct table *table = code == EXIT_DONE ? tables_find(tables, name) : NULL;
    if (table)
        show_table(table);
    else if (code == EXIT_DONE) {
        struct str near = tables_nearest(tables, name);
        cli_complain(cli, "there is no table '%.*s'%s%.*s%s", STR_ARG(name),
                     near.len ? "; did you mean '" : " (jaga tables list)", STR_ARG(near),
                     near.len ? "'?" : "");
        code = EXIT_USAGE;
    }
    tables_free(tables);
    engine_free(&engine);
    return code;
}

static const char *const options[] = {"content", NULL};

const struct command cmd_tables_list = {
    .name = "tables list",
    .about = "List the tables that hunts name.",
    .options = options,
    .run = list,
};

const struct command cmd_tables_show = {
    .name = "tables show",
    .arguments = "NAME",
    .paths_min = 1,
    .paths_max = 1,
    .about = "Show the columns of a table, and of which events and fields they are made.",
    .options = options,
    .run = show,
};
