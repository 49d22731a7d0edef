/*
 * dataset: YAML that describes datasets, a NUL, and an event as lines of name=value. What is
 * checked: reading ends and says why it refused; what was taken recognises, routes and derives.
 */
#include <stdint.h>
#include <stdlib.h>

#include "event/dataset.h"

#define SLOTS_MAX 64
#define SCRATCH_MAX (1u << 20)

static const char *const FORMATS[] = {NULL, "evtx", "json", "plain"};

static void read_event(struct event *event, struct str text, const struct fields *fields)
{
    struct str line;
    while (event->n_slots < SLOTS_MAX && str_cut_line(&text, &line)) {
        size_t equals = str_index(line, '=');
        struct str name = str_first(line, equals), value = str_skip(line, equals + 1);
        if (name.len == 0 || name.len > UINT16_MAX)
            continue;
        event->slots[event->n_slots++] = (struct slot){.name = name.ptr,
                                                       .name_len = (uint16_t)name.len,
                                                       .text = value.ptr ? value.ptr : "",
                                                       .text_len = (uint32_t)value.len,
                                                       .field = fields_find(fields, name),
                                                       .flags = SLOT_UNCHECKED};
    }
}

static void use(struct datasets *datasets, const struct fields *fields, struct str text)
{
    struct slot slots[SLOTS_MAX + EVENT_DERIVED_MAX];
    struct arena scratch;
    arena_init(&scratch, SCRATCH_MAX);
    struct event event = {.slots = slots,
                          .slots_max = SLOTS_MAX + EVENT_DERIVED_MAX,
                          .format = (uint8_t)(text.len % 4),
                          .time = TIME_UNSET,
                          .scratch = &scratch};
    read_event(&event, text, fields);
    for (int again = 0; again < 2; again++) {
        uint32_t natives[4];
        datasets_recognise(datasets, &event);
        const struct route *route = datasets_route(datasets, event.route);
        for (uint32_t field = 1; route && field < fields_count(fields) && field < 100; field++)
            datasets_resolve(datasets, route, field, natives, 4);
        for (uint32_t i = 0; route && i < route->n_logsources; i++)
            if (event.dataset != DATASET_NONE && route->n_logsources > ROUTE_LOGSOURCES_MAX)
                abort();
        datasets_time(datasets, &event);
        datasets_host(datasets, &event);
        datasets_user(datasets, &event);
        if (event.n_slots > event.slots_max)
            abort();
    }
    arena_free(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = str_of((const char *)data, size), yaml;
    struct fields fields;
    struct err err = {0};
    if (!str_cut(&input, '\0', &yaml) || fields_init(&fields) < 0)
        return 0;
    struct datasets *datasets = datasets_new(&fields);
    if (datasets) {
        datasets_name_formats(datasets, FORMATS, 4);
        if (datasets_add(datasets, yaml, STR("fuzz.yaml"), &err) < 0 && err.message[0] == '\0')
            abort();
        if (datasets_freeze(datasets) == 0)
            use(datasets, &fields, input);
    }
    datasets_free(datasets);
    fields_free(&fields);
    return 0;
}
