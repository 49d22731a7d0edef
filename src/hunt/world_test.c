#include "hunt/world_test.h"

#include "hunt/ask.h"
#include "hunt/function.h"
#include "lake/lake_test.h"

void world_load(struct world *world)
{
    struct err err = {0};
    *world = (struct world){0};
    if (content_open(&world->content, CONTENT, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(fields_init(&world->fields), 0);
    world->datasets = datasets_new(&world->fields);
    assert_non_null(world->datasets);
    for (size_t i = 0; i < world->content.files.len; i++) {
        const struct content_file *file = &world->content.files.items[i];
        if (str_starts(file->name, STR("datasets/")) &&
            datasets_add(world->datasets, file->bytes, file->origin, &err) < 0)
            fail_msg("%.*s:%u:%u: %s", STR_ARG(file->origin), err.line, err.column, err.message);
    }
    if (tables_load(&world->content, world->datasets, &world->tables, &err) < 0)
        fail_msg("%s", err.message);
}

void world_open_lake(struct world *world)
{
    struct err err = {0};
    world->place = test_place();
    world->lake = test_open(&lake_duckdb, world->place, &(const struct lake_options){.threads = 1});
    if (hunt_functions_register(&lake_duckdb, world->lake, NULL, &err) < 0)
        fail_msg("%s", err.message);
}

void world_unload(struct world *world)
{
    if (world->lake) {
        lake_duckdb.close(world->lake);
        test_place_remove(world->place);
    }
    tables_free(world->tables);
    datasets_free(world->datasets);
    fields_free(&world->fields);
    content_close(&world->content);
}

static int begin(void *context, const struct hunt_head *head)
{
    (void)context, (void)head;
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    (void)context, (void)cells;
    return 0;
}

static int end(void *context, bool cut)
{
    (void)context, (void)cut;
    return 0;
}

enum world_answer world_ask(const struct world *world, struct str query, struct err *ret_err)
{
    const struct hunt_place where = {
        .ops = &lake_duckdb, .lake = world->lake, .tables = world->tables};
    const struct hunt_question question = {.text = query,
                                           .first = INT64_MIN,
                                           .last = INT64_MAX,
                                           .now_us = TEST_DAY,
                                           .scope = TEST_ALL};
    const struct hunt_sink sink = {.begin = begin, .row = row, .end = end};
    struct hunt_asking *asking = hunt_asking_new(&where, &question);
    assert_non_null(asking);
    enum world_answer answer = WORLD_REFUSED;
    if (hunt_asking_compile(asking, ret_err) == 0)
        answer = hunt_asking_run(asking, &sink, ret_err) == 0 ? WORLD_ANSWERED : WORLD_FAILED;
    hunt_asking_free(asking);
    return answer;
}
