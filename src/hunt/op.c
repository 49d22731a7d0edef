#include "hunt/op.h"

static const struct op_row *const tables[] = {
    op_rows_columns, op_rows_evaluate, op_rows_expand, op_rows_group,  op_rows_join,
    op_rows_nested,  op_rows_parse,    op_rows_rows,   op_rows_search, op_rows_series,
    op_rows_split,   op_rows_scan,     op_rows_reduce, op_rows_union,
};

const struct op_row *op_find(enum kql_operator_kind kind)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct op_row *row = tables[i]; row->bind; row++)
            if (row->kind == kind)
                return row;
    return NULL;
}
