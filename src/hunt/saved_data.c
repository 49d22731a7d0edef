/* "Nothing found" means something only where there was something to look at. */
#include <errno.h>

#include "base/time.h"
#include "hunt/saved.h"

#define LOOK_TIME_US (30 * TIME_SECOND_US)

void saved_data_span(const struct hunt_plan *plan, int64_t *ret_first, int64_t *ret_last)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (uint32_t r = 0; r < plan->n_results; r++)
        for (uint32_t i = 0; i < plan->results[r].n_sources; i++) {
            const struct lake_source *source = &plan->results[r].sources[i];
            first = source->first < first ? source->first : first;
            last = source->last > last ? source->last : last;
        }
    *ret_first = first > last ? INT64_MIN : first;
    *ret_last = first > last ? INT64_MAX : last;
}

static int begin(void *context, const struct hunt_head *head)
{
    (void)context, (void)head;
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    (void)cells;
    *(bool *)context = true;
    return 0;
}

static int end(void *context, bool cut)
{
    (void)context, (void)cut;
    return 0;
}

static int look(const struct hunt_place *place, const struct hunt_question *question, bool *ret_any,
                struct err *err)
{
    const struct hunt_sink sink = {begin, row, end, ret_any};
    struct hunt_asking *asking = hunt_asking_new(place, question);
    if (!asking)
        return err_set(err, -ENOMEM, "no memory for the hunt");
    int status = hunt_asking_compile(asking, err);
    if (status == 0)
        status = hunt_asking_run(asking, &sink, err);
    hunt_asking_free(asking);
    return status;
}

static void write_question(struct buf *text, struct str tables)
{
    struct str table;
    const char *before = "union ";
    buf_clear(text);
    while (saved_tables_next(&tables, &table)) {
        buf_printf(text, "%s%.*s", before, STR_ARG(table));
        before = ", ";
    }
    buf_add_c(text, " | take 1 | project _agency");
}

int saved_data_look(const struct hunt_place *place, const struct saved_hunt *hunt,
                    const struct lake_scope *scope, int64_t first, int64_t last,
                    const struct saved_word **ret_lacking, struct err *err)
{
    int status = 0;
    bool any = true;
    struct buf text = {0};
    struct hunt_question question = {
        .first = first, .last = last, .scope = *scope, .limits = {.time_us = LOOK_TIME_US}};
    *ret_lacking = NULL;
    for (uint32_t i = 0; status == 0 && any && i < hunt->tables.len; i++) {
        write_question(&text, hunt->tables.items[i].text);
        question.text = buf_str(&text);
        any = false;
        status = text.failed ? err_set(err, -ENOMEM, "no memory for the hunt")
                             : look(place, &question, &any, err);
        if (status == 0 && !any)
            *ret_lacking = &hunt->tables.items[i];
    }
    buf_free(&text);
    return status;
}
