/* The tables of the content, complete and checked. */
#include <errno.h>

#include "hunt/tables.h"

/* "file:line:column: what", as err has room for. */
static int at_origin(struct err *err, struct str origin)
{
    struct err inner = *err;
    if (inner.line)
        return err_set(err, inner.code, "%.*s:%u:%u: %s", STR_ARG(origin), inner.line, inner.column,
                       inner.message);
    return err_set(err, inner.code, "%.*s: %s", STR_ARG(origin), inner.message);
}

static int add_files(struct tables *tables, const struct content *content, struct err *err)
{
    for (size_t i = 0; i < content->files.len; i++) {
        const struct content_file *file = &content->files.items[i];
        if (str_starts(file->name, STR("tables/")) && str_ends(file->name, STR(".yaml")) &&
            tables_add(tables, file->bytes, file->origin, err) < 0)
            return at_origin(err, file->origin);
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
        status = at_origin(err, wrong->origin);
    if (status == 0)
        *ret_tables = tables;
    else
        tables_free(tables);
    return status;
}
