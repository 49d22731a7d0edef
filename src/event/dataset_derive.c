/* Values that a dataset adds to an event under the names Sigma uses. */
#include "event/dataset_set.h"

#define DERIVED_TEXT_MAX 65536 /* bytes of one derived value; a longer one is left away */
#define GUID_LEN 36            /* without braces */

/* The text of a part; false when its field is not there. "-" is how Windows writes nothing. */
static bool part_text(const struct derive_part *part, struct event *event, struct str *ret_text)
{
    if (part->field == FIELD_NONE) {
        *ret_text = part->text;
        return true;
    }
    struct slot *slot = event_find(event, part->field);
    if (!slot || slot->type == VALUE_NULL)
        return false;
    *ret_text = event_text(event, slot);
    return !str_eq(*ret_text, STR("-"));
}

/* Every value of a field. */
static uint32_t gather_list(const struct derive *derive, struct event *event,
                            struct str ret_texts[static DERIVE_PARTS_MAX])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < event->n_slots && n < DERIVE_PARTS_MAX; i++)
        if (event->slots[i].field == derive->parts[0].field)
            ret_texts[n++] = event_text(event, &event->slots[i]);
    return n;
}

static struct slot *find_last(struct event *event, uint32_t field)
{
    for (uint32_t i = event->n_slots; i > 0; i--)
        if (event->slots[i - 1].field == field)
            return &event->slots[i - 1];
    return NULL;
}

/*
 * As many numbered fields as the count says: auditd's arguments. The last value of each, because
 * the system call's own a0 to a3 stand before those of the EXECVE record.
 */
static uint32_t gather_join(const struct derive *derive, struct event *event,
                            struct str ret_texts[static DERIVE_PARTS_MAX])
{
    struct slot *count = event_find(event, derive->count);
    uint64_t wanted = 0;
    uint32_t n = 0;
    if (!count || str_to_u64(event_text(event, count), &wanted) < 0)
        return 0;
    for (uint32_t i = 0; i < derive->n_parts && i < wanted; i++) {
        struct slot *slot = find_last(event, derive->parts[i].field);
        if (!slot)
            break;
        ret_texts[n++] = event_text(event, slot);
    }
    return n;
}

/* All parts; 0 when one is missing. */
static uint32_t gather_format(const struct derive *derive, struct event *event,
                              struct str ret_texts[static DERIVE_PARTS_MAX])
{
    for (uint32_t i = 0; i < derive->n_parts; i++)
        if (!part_text(&derive->parts[i], event, &ret_texts[i]))
            return 0;
    return derive->n_parts;
}

static bool is_guid(struct str text)
{
    if (text.len != GUID_LEN)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.ptr[i] != '-' : str_hex_digit(text.ptr[i]) < 0)
            return false;
    }
    return true;
}

/* Windows shows GUIDs in braces and so do rules; those who read its binary logs leave them away. */
static uint32_t gather_guid(const struct derive *derive, struct event *event,
                            struct str ret_texts[static DERIVE_PARTS_MAX])
{
    struct str text;
    if (!part_text(&derive->parts[0], event, &text))
        return 0;
    if (str_starts(text, STR("{")) && str_ends(text, STR("}"))) {
        ret_texts[0] = str_of(text.ptr + 1, text.len >= 2 ? text.len - 2 : 0);
        return is_guid(ret_texts[0]) ? 1 : 0;
    }
    ret_texts[0] = STR("{");
    ret_texts[1] = text;
    ret_texts[2] = STR("}");
    return is_guid(text) ? 3 : 0;
}

typedef uint32_t gatherer(const struct derive *derive, struct event *event,
                          struct str ret_texts[static DERIVE_PARTS_MAX]);

static gatherer *const GATHERERS[] = {
    [DERIVE_FORMAT] = gather_format,
    [DERIVE_JOIN] = gather_join,
    [DERIVE_LIST] = gather_list,
    [DERIVE_GUID] = gather_guid,
};

/* The parts together, in the scratch arena; ptr NULL when there is nothing to derive. */
static struct str compose(const struct derive *derive, struct event *event)
{
    struct str texts[DERIVE_PARTS_MAX];
    uint32_t n = GATHERERS[derive->kind](derive, event, texts);
    size_t len = 0, used = 0;
    for (uint32_t i = 0; i < n; i++)
        len += texts[i].len + 1;
    if (n == 1)
        return texts[0];
    if (n == 0 || len > DERIVED_TEXT_MAX)
        return (struct str){0};
    char *bytes = arena_bytes(event->scratch, len);
    for (uint32_t i = 0; bytes && i < n; i++) {
        if ((derive->kind == DERIVE_JOIN || derive->kind == DERIVE_LIST) && i > 0)
            bytes[used++] = ' ';
        if (texts[i].len)
            memcpy(bytes + used, texts[i].ptr, texts[i].len);
        used += texts[i].len;
    }
    return str_of(bytes, used);
}

/* `text` as the derivation's table says; ptr NULL when the table does not have it. */
static struct str translate(const struct derive *derive, struct str text)
{
    for (uint32_t i = 0; i < derive->n_values; i++)
        if (str_eq_ascii_nocase(text, derive->values[i].from))
            return derive->values[i].to;
    return derive->n_values ? (struct str){0} : text;
}

static struct str replace_prefix(const struct derive *derive, struct str text, struct arena *arena)
{
    for (uint32_t i = 0; i < derive->n_prefixes; i++) {
        struct str from = derive->prefixes[i].from, to = derive->prefixes[i].to;
        if (text.len < from.len || !str_eq_ascii_nocase(str_first(text, from.len), from))
            continue;
        struct str rest = str_skip(text, from.len);
        char *bytes = arena_bytes(arena, to.len + rest.len + 1);
        if (!bytes)
            return (struct str){0};
        memcpy(bytes, to.ptr, to.len);
        if (rest.len)
            memcpy(bytes + to.len, rest.ptr, rest.len);
        return str_of(bytes, to.len + rest.len);
    }
    return text;
}

void derive_run(const struct route_entry *entry, struct event *event)
{
    for (uint32_t i = 0; i < entry->n_derives; i++) {
        const struct derive *derive = entry->derives[i];
        if (event->n_slots >= event->slots_max)
            return;
        if (event_find(event, derive->field))
            continue;
        struct str text = compose(derive, event);
        if (text.ptr)
            text = translate(derive, text);
        if (text.ptr)
            text = replace_prefix(derive, text, event->scratch);
        if (!text.ptr)
            continue;
        event->slots[event->n_slots++] = (struct slot){.name = derive->name.ptr,
                                                       .text = text.ptr,
                                                       .text_len = (uint32_t)text.len,
                                                       .field = derive->field,
                                                       .name_len = (uint16_t)derive->name.len,
                                                       .type = VALUE_STRING,
                                                       .flags = SLOT_DERIVED};
    }
}
