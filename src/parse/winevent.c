#include "parse/winevent.h"

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
