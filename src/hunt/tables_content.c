/* The tables of the content, complete and checked. */
#include <errno.h>

#include "hunt/tables.h"

static int add_files(struct tables *tables, const struct content *content, struct err *err)
{
    for (size_t i = 0; i < content->files.len; i++) {
        const struct content_file *file = &content->files.items[i];
        if (str_starts(file->name, STR("tables/")) && str_ends(file->name, STR(".yaml")) &&
            tables_add(tables, file->bytes, file->origin, err) < 0)
            return err_in(err, file->origin);
    }
    return 0;
}

int tables_load(const struct content *content, const struct datasets *datasets,
                struct tables **ret_tables, struct err *err)
{
    struct tables *tables = tables_new();
    const struct table *wrong;
    if (!tables)
        return err_set(err, -ENOMEM, "out of memory");
    int status = add_files(tables, content, err);
    if (status == 0)
        status = tables_add_datasets(tables, datasets, err);
    if (status == 0 && tables_check(tables, datasets, &wrong, err) < 0)
        status = err_in(err, wrong->origin);
    if (status == 0)
        *ret_tables = tables;
    else
        tables_free(tables);
    return status;
}
