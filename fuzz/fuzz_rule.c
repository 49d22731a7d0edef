/*
 * Rule files: whatever the bytes, the counters add up, and what was taken
 * can be evaluated and looked at by lint.
 */
#include <stdlib.h>

#include "sigma/eval.h"
#include "sigma/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An event with the fields of the seeds, so that predicates have something to say. */
static void evaluate(const struct sigma_set *set, struct buf *out)
{
    static const char text[] = "C:\\Windows\\cmd.exe";
    struct slot slots[] = {
        {.name = "A", .name_len = 1, .text = "1", .text_len = 1, .type = VALUE_INT},
        {.name = "B", .name_len = 1, .text = text, .text_len = sizeof(text) - 1},
        {.name = "C", .name_len = 1, .text = "", .type = VALUE_NULL},
        {.name = "F", .name_len = 1, .text = "10.1.2.3", .text_len = 8},
    };
    struct arena scratch;
    arena_init(&scratch, 1 << 20);
    struct event event = {.slots = slots,
                          .n_slots = sizeof(slots) / sizeof(*slots),
                          .route = ROUTE_NONE,
                          .dataset = DATASET_NONE,
                          .time = TIME_UNSET,
                          .scratch = &scratch};
    for (size_t i = 0; i < set->rules.len && i < 8; i++)
        sigma_explain(set->rules.items[i], NULL, &event, false, out);
    arena_free(&scratch);
}

/* Whatever was taken can also be looked at by lint. */
static void lint(const struct sigma_set *set)
{
    struct fields fields;
    struct lint found;
    if (fields_init(&fields) < 0)
        abort();
    struct datasets *datasets = datasets_new(&fields);
    if (!datasets || datasets_freeze(datasets) < 0 || lint_run(set, datasets, &found) < 0)
        abort();
    lint_free(&found);
    datasets_free(datasets);
    fields_free(&fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char placeholders[] = "one: x\ntwo: [y*, z]\n";
    struct sigma_set set;
    struct err err;
    if (sigma_set_init(&set) < 0 ||
        sigma_set_placeholders(&set, str_from_c(placeholders), &err) < 0)
        abort();
    /* Twice: the second time, every id is a double. */
    for (int i = 0; i < 2; i++)
        if (sigma_set_add(&set, str_of((const char *)data, size), STR("fuzz.yml")) < 0)
            abort();
    if (sigma_set_link(&set) < 0)
        abort();
    if (set.n_documents + set.n_derived !=
        set.rules.len + set.correlations.len + set.filters.len + set.refusals.len)
        abort();
    struct buf out = {0};
    evaluate(&set, &out);
    buf_free(&out);
    lint(&set);
    sigma_set_free(&set);
    return 0;
}
