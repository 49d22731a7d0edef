/* The tables that jaga ships, over the datasets that it ships. */
#include "base/test.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "hunt/tables.h"
#include "io/content.h"

static struct content content;
static struct fields fields;
static struct datasets *datasets;
static struct tables *tables;

static void add_files(const char *area, bool are_tables)
{
    for (size_t i = 0; i < content.files.len; i++) {
        const struct content_file *file = &content.files.items[i];
        struct err err = {0};
        if (!str_starts(file->name, str_from_c(area)))
            continue;
        int status = are_tables ? tables_add(tables, file->bytes, file->origin, &err)
                                : datasets_add(datasets, file->bytes, file->origin, &err);
        if (status < 0)
            fail_msg("%.*s:%u:%u: %s", STR_ARG(file->origin), err.line, err.column, err.message);
    }
}

static int load(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(content_open(&content, CONTENT, &err), 0);
    assert_int_equal(fields_init(&fields), 0);
    datasets = datasets_new(&fields);
    tables = tables_new();
    assert_non_null(datasets);
    assert_non_null(tables);
    add_files("datasets/", false);
    add_files("tables/", true);
    assert_int_equal(datasets_freeze(datasets), 0);
    return tables_add_datasets(tables, datasets, &err);
}

static int unload(void **state)
{
    (void)state;
    tables_free(tables);
    datasets_free(datasets);
    fields_free(&fields);
    content_close(&content);
    return 0;
}

static void every_mapping_names_fields_that_its_dataset_knows(void **state)
{
    (void)state;
    struct err err = {0};
    const struct table *table;
    if (tables_check(tables, datasets, &table, &err) < 0)
        fail_msg("%.*s:%u:%u: %s", STR_ARG(table->origin), err.line, err.column, err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mapping_names_fields_that_its_dataset_knows),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
