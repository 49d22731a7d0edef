#include "lake/fixture_test.h"

#include "base/buf.h"

const struct lake_ops *ops;
const char *place;
struct lake *lake;
static const char *(*place_make)(void);
static void (*place_remove)(const char *place);

void fixture_engine(const struct lake_ops *engine, const char *(*make)(void),
                    void (*remove_place)(const char *))
{
    ops = engine;
    place_make = make;
    place_remove = remove_place;
}

int set_up(void **state)
{
    (void)state;
    place = place_make();
    lake = test_open(ops, place, &(struct lake_options){0});
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    if (lake)
        ops->close(lake);
    lake = NULL;
    place_remove(place);
    return 0;
}

void reopen(void)
{
    ops->close(lake);
    lake = test_open(ops, place, &(struct lake_options){0});
}

void put(const struct lake_row *row)
{
    assert_int_equal(ops->put(lake, row), 0);
}

int add_column(void *context, const struct lake_column *column)
{
    buf_printf(context, "%.*s=%.*s:%d%s ", STR_ARG(column->field), STR_ARG(column->name),
               (int)column->kind, column->dynamic ? "*" : "");
    return 0;
}
