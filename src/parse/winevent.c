#include "parse/winevent.h"

#include "base/hash.h"

const struct winevent_scope winevent_top = {.place = WINEVENT_TOP, .quiet = true};

/* Elements of <Event> that hold values by their own name. */
static const struct {
    struct str element;
    enum winevent_place place;
} sections[] = {
    {{"System", 6}, WINEVENT_SYSTEM},
    {{"EventData", 9}, WINEVENT_DATA},
    {{"UserData", 8}, WINEVENT_USER},
    {{"RenderingInfo", 13}, WINEVENT_RENDERING},
    {{"ProcessingErrorData", 19}, WINEVENT_DATA},
    {{"DebugData", 9}, WINEVENT_DATA},
};

/* Two names and what joins them, in the arena; ptr NULL when it is spent. */
static struct str join(struct arena *arena, struct str a, char separator, struct str b)
{
    char *ptr = arena_bytes(arena, a.len + 1 + b.len);
    if (!ptr)
        return (struct str){0};
    if (a.len)
        memcpy(ptr, a.ptr, a.len);
    ptr[a.len] = separator;
    if (b.len)
        memcpy(ptr + a.len + 1, b.ptr, b.len);
    return str_of(ptr, a.len + 1 + b.len);
}

/* Field names with spaces lose them. ptr NULL when the arena is spent. */
static struct str without_spaces(struct arena *arena, struct str name)
{
    if (str_index(name, ' ') == name.len)
        return name;
    char *ptr = arena_bytes(arena, name.len);
    if (!ptr)
        return (struct str){0};
    size_t len = 0;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] != ' ')
            ptr[len++] = name.ptr[i];
    return str_of(ptr, len);
}

bool winevent_names_data(const struct winevent_scope *outer, struct str element)
{
    return outer->place == WINEVENT_DATA && str_eq(element, STR("Data"));
}

static void enter_section(struct str element, struct winevent_scope *scope)
{
    scope->place = WINEVENT_DATA;
    scope->quiet = true;
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (str_eq(element, sections[i].element))
            scope->place = sections[i].place;
}

bool winevent_enter(const struct winevent_scope *outer, struct str element, struct str data_name,
                    struct arena *arena, struct winevent_scope *ret_scope)
{
    struct winevent_scope scope = {.place = WINEVENT_FIELD, .name = element};
    switch (outer->place) {
    case WINEVENT_TOP:
        scope.place = WINEVENT_EVENT;
        scope.quiet = true;
        break;
    case WINEVENT_EVENT:
        enter_section(element, &scope);
        break;
    case WINEVENT_SYSTEM:
        scope.quiet = true;
        break;
    case WINEVENT_USER:
        scope.place = WINEVENT_DATA;
        scope.quiet = true;
        break;
    case WINEVENT_DATA:
        if (str_eq(element, STR("Data"))) {
            scope.name = data_name.len ? without_spaces(arena, data_name) : element;
            scope.list = data_name.len == 0;
        }
        break;
    case WINEVENT_RENDERING:
        /* Its Level, Task and so on are texts for people; System's stay what rules see. */
        if (!str_eq(element, STR("Message")))
            scope.name = join(arena, outer->name, '.', element);
        scope.quiet = true;
        break;
    case WINEVENT_FIELD:
        scope.name = join(arena, outer->name, '.', element);
        scope.quiet = outer->quiet;
        break;
    }
    if (!scope.name.ptr && element.len)
        return false;
    *ret_scope = scope;
    return true;
}

struct str winevent_attribute(const struct winevent_scope *scope, struct str attribute,
                              struct arena *arena, bool *ret_spent)
{
    if (str_starts(attribute, STR("xmlns")))
        return (struct str){0};
    struct str name = join(arena, scope->name, '_', attribute);
    if (!name.ptr)
        *ret_spent = true;
    return name;
}

static struct slot *slot_at(void *slots, size_t stride, uint32_t index)
{
    return (struct slot *)(void *)((char *)slots + stride * index);
}

static struct str name_of(const struct slot *slot)
{
    return str_of(slot->name, slot->name_len);
}

bool winevent_mark_lists(void *slots, size_t stride, uint32_t count, struct arena *arena)
{
    size_t cap = 16;
    while (cap < 2 * (size_t)count)
        cap *= 2;
    /* By hash of the name: one more than the index of the first slot of that name. */
    uint32_t *first = arena_zero(arena, cap, sizeof(*first));
    if (!first)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = slot_at(slots, stride, i);
        if (slot->name_len == 0)
            continue;
        size_t at = hash_text(name_of(slot)) & (cap - 1);
        while (first[at] && !str_eq(name_of(slot), name_of(slot_at(slots, stride, first[at] - 1))))
            at = (at + 1) & (cap - 1);
        if (first[at]) {
            slot->flags |= SLOT_ARRAY;
            slot_at(slots, stride, first[at] - 1)->flags |= SLOT_ARRAY;
        } else {
            first[at] = i + 1;
        }
    }
    return true;
}
