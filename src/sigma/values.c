#include "sigma/values.h"

void values_begin(struct values *values, const struct datasets *datasets, struct event *event,
                  struct str field)
{
    *values = (struct values){.event = event};
    if (field.len == 0)
        return;
    values->names[0] = field;
    values->n_names = 1;
    if (!datasets || event->route == ROUTE_NONE)
        return;
    const struct fields *fields = datasets_fields(datasets);
    uint32_t id = fields_find(fields, field), natives[VALUES_NAMES_MAX];
    if (id == FIELD_NONE)
        return;
    values->n_names = datasets_resolve(datasets, datasets_route(datasets, event->route), id,
                                       natives, VALUES_NAMES_MAX);
    for (uint32_t i = 0; i < values->n_names; i++)
        values->names[i] = fields_name(fields, natives[i]);
}

static bool is_named(const struct values *values, struct str name)
{
    for (uint32_t i = 0; i < values->n_names; i++)
        if (str_eq(values->names[i], name))
            return true;
    return values->n_names == 0;
}

struct slot *values_next(struct values *values)
{
    while (values->next < values->event->n_slots) {
        struct slot *slot = &values->event->slots[values->next++];
        if (is_named(values, str_of(slot->name, slot->name_len)))
            return slot;
    }
    return NULL;
}
