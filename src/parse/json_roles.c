/*
 * Windows events whose XML became objects (evtx_dump, xmltodict, Velociraptor): the names of
 * their paths, and the slots that are not what they seem before the whole record is known.
 *
 *     Event.System.Provider.#attributes.Name     Provider_Name
 *     System.Provider.Name, .@Name, Provider_attributes.Name      the same
 *     Event.System.EventID.#text                 EventID
 *     Event.EventData.Image                      Image
 *     Event.UserData.Wrapper.Field               Field
 *     Event.EventData.Data[{"#attributes": {"Name": n}, "#text": t}, ..]     n = t
 *     Event.EventData.Data.#text[t, ..]          Data = t, .. (a list)
 */
#include "parse/json.h"

#define ATTRIBUTES_SUFFIX STR("_attributes")

/* A name under construction: parts joined, in room for the whole path. */
struct assembly {
    char *ptr;
    size_t len;
};

static void join(struct assembly *name, char separator, struct str part)
{
    if (name->len)
        name->ptr[name->len++] = separator;
    if (part.len)
        memcpy(name->ptr + name->len, part.ptr, part.len);
    name->len += part.len;
}

static bool is_section(struct str element)
{
    static const struct str sections[] = {
        {"System", 6},         {"EventData", 9}, {"UserData", 8},
        {"RenderingInfo", 13}, {"DebugData", 9}, {"ProcessingErrorData", 19},
    };
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (str_eq(element, sections[i]))
            return true;
    return false;
}

/* Is `part` only a mark that what follows is an attribute? */
static bool is_attribute_mark(struct str part)
{
    return str_eq(part, STR("#attributes")) || str_eq(part, STR("_attributes"));
}

/* Is the first of `parts` an attribute, or the mark of one? */
static bool is_attribute(struct str parts)
{
    return str_starts(parts, STR("@")) ||
           is_attribute_mark(str_first(parts, str_index(parts, '.')));
}

static bool is_text_mark(struct str part)
{
    return str_eq(part, STR("#text")) || str_eq(part, STR("Value")) || str_eq(part, STR("content"));
}

/* The role of what stands in <Data>: its text, its Name, or neither. */
static enum json_role data_role(struct str last, bool attribute)
{
    if (str_eq(last, STR("Data")) || (!attribute && is_text_mark(last)))
        return ROLE_DATA_TEXT;
    return str_eq(last, STR("Name")) ? ROLE_DATA_NAME : ROLE_PLAIN;
}

/* Joins the parts of `rest` to *name; `system`: children of System's elements are attributes. */
static enum json_role add_parts(struct assembly *name, struct str rest, bool system)
{
    struct str part;
    struct str first = str_first(rest, str_index(rest, '.'));
    struct str last = {0};
    bool attribute = false;
    while (str_cut(&rest, '.', &part)) {
        last = part;
        if (is_attribute_mark(part)) {
            attribute = true;
            continue;
        }
        if (str_eq(part, STR("#text")) || (system && name->len && str_eq(part, STR("Value"))))
            continue;
        if (part.len > 1 && part.ptr[0] == '@') {
            attribute = true;
            last = part = str_skip(part, 1);
        }
        bool marked = str_ends(part, ATTRIBUTES_SUFFIX);
        if (marked)
            part = str_first(part, part.len - ATTRIBUTES_SUFFIX.len);
        if (attribute && str_starts(part, STR("xmlns")))
            return ROLE_DROP;
        join(name, attribute || system ? '_' : '.', part);
        attribute = attribute || marked;
    }
    if (system)
        return ROLE_QUIET;
    return str_eq(first, STR("Data")) ? data_role(last, attribute) : ROLE_PLAIN;
}

/* Goes into the first part of *inside, which becomes *outer. */
static void enter(struct str *outer, struct str *inside)
{
    *outer = str_first(*inside, str_index(*inside, '.'));
    *inside = str_skip(*inside, outer->len + 1);
}

struct str json_event_xml_name(struct str path, struct arena *arena, uint8_t *ret_role)
{
    bool rooted = str_starts(path, STR("Event."));
    struct str inside = rooted ? str_skip(path, 6) : path;
    struct str outer = STR("Event");
    struct str first = str_first(inside, str_index(inside, '.'));
    bool system = str_eq(first, STR("System"));
    bool attributes = str_ends(first, ATTRIBUTES_SUFFIX);
    *ret_role = ROLE_PLAIN;
    if (!rooted && !is_section(first) && !str_eq(first, STR("Event_attributes")))
        return path;
    if (!attributes && !is_attribute(first))
        enter(&outer, &inside);
    if (str_eq(outer, STR("UserData")) && inside.len)
        enter(&outer, &inside); /* the wrapper element */
    *ret_role = ROLE_QUIET;
    if (inside.len == 0)
        return outer;
    struct assembly name = {.ptr = arena_bytes(arena, path.len + outer.len + 2)};
    if (!name.ptr)
        return str_of(NULL, 0);
    bool rendering = str_eq(outer, STR("RenderingInfo")) && !str_eq(inside, STR("Message"));
    if (is_attribute(inside) || rendering)
        join(&name, '.', outer);
    *ret_role = (uint8_t)add_parts(&name, inside, system);
    return str_of(name.ptr, name.len);
}

/* The pairing of <Data>'s names with their texts, in one pass over the slots. */
struct pairing {
    struct json_reader *reader;
    uint32_t kept;    /* slots so far, without those dropped */
    uint32_t waiting; /* the slot of the name or text that waits for its other half */
    bool is_waiting;
    bool text_first; /* members in alphabetical order: "#text", then "Name" */
};

static void name_slot(struct json_reader *reader, struct slot *slot, struct str spelling)
{
    const struct name *name = parser_name(reader->parser, spelling);
    slot->name = name->ptr;
    slot->name_len = name->len;
    slot->field = name->field;
    slot->flags &= (uint8_t)~SLOT_ARRAY;
}

/* The waiting name has no text: an empty value of that name. */
static void pairing_settle(struct pairing *pairing)
{
    if (!pairing->is_waiting)
        return;
    struct event *event = &pairing->reader->parser->event;
    struct slot *slot = &event->slots[pairing->waiting];
    pairing->is_waiting = false;
    if (pairing->text_first)
        return;
    name_slot(pairing->reader, slot, event_text(event, slot));
    slot->text = "";
    slot->text_len = 0;
    slot->type = VALUE_STRING;
}

/* Takes one half of a pair; true: it completed the half that waits, and is no slot of its own. */
static bool pairing_take(struct pairing *pairing, struct slot *slot, bool is_name)
{
    struct event *event = &pairing->reader->parser->event;
    if (is_name == pairing->text_first && pairing->is_waiting) {
        struct slot *waiting = &event->slots[pairing->waiting];
        struct slot name = is_name ? *slot : *waiting;
        struct slot text = is_name ? *waiting : *slot;
        *waiting = text;
        name_slot(pairing->reader, waiting, event_text(event, &name));
        pairing->is_waiting = false;
        return true;
    }
    if (!is_name)
        slot->flags |= SLOT_ARRAY; /* a <Data> without a name is one of a list */
    if (is_name != pairing->text_first) {
        pairing_settle(pairing);
        pairing->waiting = pairing->kept;
        pairing->is_waiting = true;
    }
    return false;
}

/* What is written where the event has a number: in English, by Windows' own publishers. */
struct rendered {
    struct str text, number;
};

static void replace_rendered(struct slot *slot, const struct rendered *rows, size_t count,
                             enum value_type type)
{
    for (size_t i = 0; i < count; i++) {
        if (!str_eq_ascii_nocase(str_of(slot->text, slot->text_len), rows[i].text))
            continue;
        slot->text = rows[i].number.ptr;
        slot->text_len = (uint32_t)rows[i].number.len;
        slot->type = (uint8_t)type;
        slot->flags = 0;
        return;
    }
}

/* winmeta.xml, levelType. */
static void level_to_number(struct slot *slot)
{
    static const struct rendered levels[] = {
        {{"critical", 8}, {"1", 1}},     {{"error", 5}, {"2", 1}},   {{"warning", 7}, {"3", 1}},
        {{"information", 11}, {"4", 1}}, {{"verbose", 7}, {"5", 1}},
    };
    replace_rendered(slot, levels, sizeof(levels) / sizeof(levels[0]), VALUE_INT);
}

/* The 64 flags, which others write as a signed number or by name, in hex. */
static void keywords_to_hex(struct parser *parser, struct slot *slot)
{
    static const struct rendered flags[] = {
        {{"Audit Failure", 13}, {"0x8010000000000000", 18}},
        {{"Audit Success", 13}, {"0x8020000000000000", 18}},
    };
    int64_t number;
    replace_rendered(slot, flags, sizeof(flags) / sizeof(flags[0]), VALUE_STRING);
    if (slot->type != VALUE_INT || str_to_i64(str_of(slot->text, slot->text_len), &number) < 0)
        return;
    struct str hex = arena_printf(&parser->scratch, "0x%llx", (unsigned long long)number);
    if (!hex.ptr)
        return;
    slot->text = hex.ptr;
    slot->text_len = (uint32_t)hex.len;
    slot->type = VALUE_STRING;
}

static bool is_quiet(const struct slot *slot)
{
    return slot->type == VALUE_NULL || slot->type == VALUE_EMPTY_LIST ||
           slot->type == VALUE_EMPTY_MAP || slot->text_len == 0;
}

/* What the slot's role says; false: it is no slot of the event. */
static bool apply_role(struct pairing *pairing, struct slot *slot, enum json_role role)
{
    switch (role) {
    case ROLE_DROP:
        return false;
    case ROLE_QUIET:
        return !is_quiet(slot);
    case ROLE_DATA_NAME:
    case ROLE_DATA_TEXT:
        return !pairing_take(pairing, slot, role == ROLE_DATA_NAME);
    case ROLE_KEYWORDS:
        keywords_to_hex(pairing->reader->parser, slot);
        return true;
    case ROLE_LEVEL:
        level_to_number(slot);
        return true;
    default:
        return true;
    }
}

static enum json_role role_of(const struct json_reader *reader, uint32_t i)
{
    return reader->slot_keys[i]->roles[reader->variant];
}

void json_roles_apply(struct json_reader *reader, uint32_t first)
{
    struct event *event = &reader->parser->event;
    struct pairing pairing = {.reader = reader, .kept = first};
    for (uint32_t i = first; i + 1 < event->n_slots; i++) {
        if (role_of(reader, i) != ROLE_DATA_TEXT && role_of(reader, i) != ROLE_DATA_NAME)
            continue;
        pairing.text_first =
            role_of(reader, i) == ROLE_DATA_TEXT && role_of(reader, i + 1) == ROLE_DATA_NAME;
        break;
    }
    for (uint32_t i = first; i < event->n_slots; i++) {
        struct slot slot = event->slots[i];
        if (apply_role(&pairing, &slot, role_of(reader, i)))
            event->slots[pairing.kept++] = slot;
    }
    pairing_settle(&pairing);
    event->n_slots = pairing.kept;
}
