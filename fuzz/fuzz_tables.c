/*
 * tables: YAML that describes tables, held against two small datasets. What is checked: reading ends
 * and says why it refused; what was taken has its columns, cells and trees where they should be.
 */
#include <stdint.h>
#include <stdlib.h>

#include "hunt/tables.h"

static const char DATASETS[] = "name: shop\n"
                               "recognise: [{till: {present: true}}]\n"
                               "host: [till]\n"
                               "user: [id.first]\n"
                               "fields:\n"
                               "  till: {type: integer, ecs: host.name}\n"
                               "  price: {type: number, ecs: shop.price}\n"
                               "  id.first: {ecs: user.name}\n"
                               "  id.second: {ecs: user.name}\n"
                               "---\n"
                               "name: stall\n"
                               "recognise: [{stall: {present: true}}]\n"
                               "fields:\n"
                               "  price: {type: integer, ecs: shop.price}\n";

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_cell(const struct table_cell *cell)
{
    require((cell->kind == TABLE_NOTHING) == (cell->text.len == 0));
    require((cell->kind == TABLE_NOTHING) == (cell->expr == NULL));
}

static void check_table(const struct tables *tables, const struct table *table)
{
    require(tables_find(tables, table->name) == table);
    for (uint32_t i = 0; i < table->n_columns; i++)
        require(table_column_find(table, table->columns[i].name) == i);
    for (uint32_t s = 0; s < table->n_sources; s++) {
        const struct table_source *source = &table->sources[s];
        require((source->kind == TABLE_FROM_DATASET) == (source->dataset_index != DATASET_NONE));
        check_cell(&source->where);
        for (uint32_t i = 0; i < table->n_columns; i++)
            check_cell(&source->cells[i]);
    }
}

static void read_tables(const struct datasets *datasets, struct str yaml)
{
    struct tables *tables = tables_new();
    const struct table *wrong = NULL;
    struct err err = {0};
    require(tables != NULL);
    int status = tables_add(tables, yaml, STR("fuzz"), &err);
    if (status == 0)
        status = tables_add_datasets(tables, datasets, &err);
    if (status == 0 && (status = tables_check(tables, datasets, &wrong, &err)) < 0)
        require(wrong != NULL);
    require((status < 0) == (err.message[0] != '\0'));
    for (uint32_t i = 0; status == 0 && i < tables_count(tables); i++)
        check_table(tables, tables_get(tables, i));
    tables_free(tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fields fields;
    struct err err = {0};
    require(fields_init(&fields) == 0);
    struct datasets *datasets = datasets_new(&fields);
    require(datasets && datasets_add(datasets, STR(DATASETS), STR("datasets"), &err) == 0);
    read_tables(datasets, str_of((const char *)data, size));
    datasets_free(datasets);
    fields_free(&fields);
    return 0;
}
