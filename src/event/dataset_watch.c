/* Conditions on fields, and the one pass over an event that answers them all. */
#include "event/dataset_set.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"

/* Values are compared without the case of ASCII letters, in a buffer of this size. */
#define VALUE_MAX 512

int id_list_add(struct arena *arena, struct id_list *list, uint32_t id)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->ids[i] == id)
            return 0;
    /* Room for a power of two: the list grows when its count is one. */
    if ((list->count & (list->count - 1)) == 0) {
        size_t cap = list->count ? (size_t)list->count * 2 : 1;
        uint32_t *ids = arena_zero(arena, cap, sizeof(*ids));
        if (!ids)
            return -ENOMEM;
        if (list->count)
            memcpy(ids, list->ids, list->count * sizeof(*ids));
        list->ids = ids;
    }
    list->ids[list->count++] = id;
    return 0;
}

static struct watch *watch_of(struct datasets *datasets, uint32_t field)
{
    for (size_t i = 0; i < datasets->watches.len; i++)
        if (datasets->watches.items[i]->field == field)
            return datasets->watches.items[i];
    struct watch *watch = calloc(1, sizeof(*watch));
    if (!watch || vec_push(&datasets->watches, watch) < 0) {
        free(watch);
        return NULL;
    }
    watch->field = field;
    watch->present = CONDITION_NONE;
    watch->keep = KEPT_MAX;
    return watch;
}

uint32_t datasets_keep(struct datasets *datasets, uint32_t field)
{
    struct watch *watch = watch_of(datasets, field);
    if (!watch)
        return KEPT_MAX;
    if (watch->keep == KEPT_MAX && datasets->n_kept < KEPT_MAX)
        watch->keep = datasets->n_kept++;
    return watch->keep;
}

/* The conditions of one value get another. */
static int watch_value(struct datasets *datasets, struct watch *watch, struct str value,
                       uint32_t condition)
{
    uint32_t index = map_get(&watch->values, value);
    if (index == MAP_NONE) {
        index = (uint32_t)watch->hits.len;
        struct id_list empty = {0};
        if (vec_push(&watch->hits, empty) < 0 || map_put(&watch->values, value, index) < 0)
            return -ENOMEM;
        if (value.len > watch->value_max)
            watch->value_max = value.len;
        watch->lengths |= UINT64_C(1) << (value.len % 64);
    }
    return id_list_add(&datasets->arena, &watch->hits.items[index], condition);
}

static int watch_condition(struct datasets *datasets, const struct condition *condition,
                           uint32_t id)
{
    struct watch *watch = watch_of(datasets, condition->field);
    if (!watch)
        return -ENOMEM;
    if (condition->kind == CONDITION_PRESENT)
        watch->present = id;
    for (uint32_t i = 0; i < condition->n_values; i++) {
        struct prefix prefix = {condition->values[i], id};
        int status = condition->kind == CONDITION_PREFIX
                         ? vec_push(&watch->prefixes, prefix)
                         : watch_value(datasets, watch, condition->values[i], id);
        if (status < 0)
            return status;
    }
    return 0;
}

/* What tells a condition from all others, as text in the arena. */
static struct str condition_text(struct datasets *datasets, const struct condition *condition)
{
    struct buf text = {0};
    buf_printf(&text, "%d %u", (int)condition->kind, condition->field);
    for (uint32_t i = 0; i < condition->n_values; i++) {
        buf_printf(&text, " %zu:", condition->values[i].len);
        buf_add_str(&text, condition->values[i]);
    }
    struct str copy = {0};
    if (!text.failed)
        copy = arena_copy(&datasets->arena, buf_str(&text));
    buf_free(&text);
    return copy;
}

static int copy_values(struct arena *arena, struct condition *condition, const struct str *values,
                       uint32_t n_values)
{
    condition->values = arena_zero(arena, n_values, sizeof(*values));
    if (n_values && !condition->values)
        return -ENOMEM;
    for (uint32_t i = 0; i < n_values; i++) {
        char *bytes = arena_bytes(arena, values[i].len + 1);
        if (!bytes)
            return -ENOMEM;
        text_lower(values[i], bytes);
        condition->values[i] = str_of(bytes, values[i].len);
    }
    condition->n_values = n_values;
    return 0;
}

uint32_t datasets_condition(struct datasets *datasets, enum condition_kind kind, uint32_t field,
                            const struct str *values, uint32_t n_values)
{
    struct condition condition = {.kind = kind, .field = field};
    if (field == FIELD_NONE || copy_values(&datasets->arena, &condition, values, n_values) < 0)
        return CONDITION_NONE;
    struct str text = condition_text(datasets, &condition);
    if (!text.ptr)
        return CONDITION_NONE;
    uint32_t known = map_get(&datasets->condition_ids, text);
    if (known != MAP_NONE)
        return known;
    uint32_t id = (uint32_t)datasets->conditions.len;
    if (id >= CONDITIONS_MAX || vec_push(&datasets->conditions, condition) < 0)
        return CONDITION_NONE;
    if (map_put(&datasets->condition_ids, text, id) < 0 ||
        watch_condition(datasets, &condition, id) < 0)
        return CONDITION_NONE;
    return id;
}

static bool starts_without_case(struct str value, struct str prefix)
{
    return value.len >= prefix.len && str_eq_ascii_nocase(str_first(value, prefix.len), prefix);
}

bool condition_holds(const struct condition *condition, struct str value)
{
    if (!value.ptr)
        return false;
    if (condition->kind == CONDITION_PRESENT)
        return true;
    for (uint32_t i = 0; i < condition->n_values; i++)
        if (condition->kind == CONDITION_PREFIX ? starts_without_case(value, condition->values[i])
                                                : str_eq_ascii_nocase(value, condition->values[i]))
            return true;
    return false;
}

static void hit(struct sighting *seen, uint32_t condition)
{
    uint64_t bit = UINT64_C(1) << (condition % 64);
    if (seen->bits[condition / 64] & bit)
        return;
    seen->bits[condition / 64] |= bit;
    seen->hits[seen->n_hits++] = (uint16_t)condition;
}

static void hit_all(struct sighting *seen, const struct id_list *conditions)
{
    for (uint32_t i = 0; i < conditions->count; i++)
        hit(seen, conditions->ids[i]);
}

/* Answers what one field's value answers. */
static void sight_value(const struct watch *watch, struct str value, struct sighting *seen)
{
    if (value.len <= watch->value_max && watch->lengths >> (value.len % 64) & 1) {
        char folded[VALUE_MAX];
        text_lower(value, folded);
        uint32_t index = map_get(&watch->values, str_of(folded, value.len));
        if (index != MAP_NONE)
            hit_all(seen, &watch->hits.items[index]);
    }
    for (size_t i = 0; i < watch->prefixes.len; i++) {
        const struct prefix *prefix = &watch->prefixes.items[i];
        /* Letters differ by this bit alone in their case: most prefixes end here. */
        if (value.len && prefix->text.len && (value.ptr[0] ^ prefix->text.ptr[0]) & ~0x20)
            continue;
        if (starts_without_case(value, prefix->text))
            hit(seen, prefix->condition);
    }
}

void datasets_sight(const struct datasets *datasets, struct event *event, struct sighting *seen)
{
    memset(seen->bits, 0, (datasets->conditions.len + 63) / 64 * sizeof(seen->bits[0]));
    memset(seen->kept, 0, datasets->n_kept * sizeof(seen->kept[0]));
    seen->n_hits = 0;
    if (event->format < DATASET_FORMATS_MAX)
        hit_all(seen, &datasets->by_format[event->format]);
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct slot *slot = &event->slots[i];
        if (slot->field >= datasets->n_watched_fields || slot->type == VALUE_NULL)
            continue;
        uint32_t number = datasets->watch_of_field[slot->field];
        if (number == 0)
            continue;
        const struct watch *watch = datasets->watches.items[number - 1];
        if (watch->keep < KEPT_MAX && !seen->kept[watch->keep])
            seen->kept[watch->keep] = slot;
        if (watch->present != CONDITION_NONE)
            hit(seen, watch->present);
        if (watch->hits.len || watch->prefixes.len)
            sight_value(watch, event_text(event, slot), seen);
    }
}

/* `_format` is no field of the event: its conditions are answered once for each format. */
static int freeze_formats(struct datasets *datasets)
{
    uint32_t field = fields_find(datasets->fields, STR("_format"));
    for (size_t id = 0; id < datasets->n_format_names; id++)
        for (size_t c = 0; datasets->format_names[id] && c < datasets->conditions.len; c++) {
            const struct condition *condition = &datasets->conditions.items[c];
            if (condition->field == field && field != FIELD_NONE &&
                condition_holds(condition, str_from_c(datasets->format_names[id])) &&
                id_list_add(&datasets->arena, &datasets->by_format[id], (uint32_t)c) < 0)
                return -ENOMEM;
        }
    return 0;
}

int datasets_freeze_watches(struct datasets *datasets)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < datasets->watches.len; i++)
        if (datasets->watches.items[i]->field > highest)
            highest = datasets->watches.items[i]->field;
    datasets->watch_of_field =
        arena_zero(&datasets->arena, (size_t)highest + 1, sizeof(*datasets->watch_of_field));
    if (!datasets->watch_of_field)
        return -ENOMEM;
    datasets->n_watched_fields = highest + 1;
    for (size_t i = 0; i < datasets->watches.len; i++) {
        struct watch *watch = datasets->watches.items[i];
        datasets->watch_of_field[watch->field] = (uint16_t)(i + 1);
        if (watch->value_max > VALUE_MAX)
            watch->value_max = VALUE_MAX;
    }
    datasets->watch_of_field[FIELD_NONE] = 0;
    return freeze_formats(datasets);
}
