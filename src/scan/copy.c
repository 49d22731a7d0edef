#include "scan/copy.h"

#include <stdlib.h>

static void copy_fields(struct event *event, const struct datasets *datasets, struct arena *arena,
                        struct finding_event *to)
{
    struct finding_field *fields =
        arena_zero(arena, event->n_slots ? event->n_slots : 1, sizeof(*fields));
    uint32_t n = 0;
    for (uint32_t i = 0; fields && i < event->n_slots; i++) {
        struct slot *slot = &event->slots[i];
        if (slot->flags & SLOT_DERIVED)
            continue;
        const struct dataset_field *described =
            slot->field && event->dataset != DATASET_NONE
                ? datasets_field(datasets, event->dataset, slot->field)
                : NULL;
        fields[n++] = (struct finding_field){
            .name = arena_copy(arena, str_of(slot->name, slot->name_len)),
            .text = arena_copy(arena, event_text(event, slot)),
            .type = (enum value_type)slot->type,
            .kind = described ? described->type : FIELD_TEXT,
            .dataset = described,
        };
    }
    to->fields = fields;
    to->n_fields = fields ? n : 0;
}

bool copy_event(struct event *event, const struct datasets *datasets, struct buf *work,
                struct arena *arena, struct finding_event *ret_event)
{
    struct finding_event bare = {
        .time = datasets_time(datasets, event),
        .record = event->record,
        .offset = event->offset,
        .dataset = event->dataset == DATASET_NONE ? NULL : datasets_get(datasets, event->dataset),
    };
    struct finding_event full = bare;
    uint64_t refused = arena->refused;
    if (event->route != ROUTE_NONE)
        full.event_id = arena_copy(arena, datasets_route(datasets, event->route)->event_id);
    full.host = arena_copy(arena, datasets_host(datasets, event));
    full.user = arena_copy(arena, datasets_user(datasets, event));
    copy_fields(event, datasets, arena, &full);
    buf_clear(work);
    event_write_json(event, work);
    full.json = arena_copy(arena, buf_str(work));
    bool whole = arena->refused == refused && !work->failed;
    *ret_event = whole ? full : bare;
    return whole;
}

/* Moves a text behind the others. */
static struct str place(char **to, struct str s)
{
    struct str placed = {*to, s.len};
    if (s.len)
        memcpy(*to, s.ptr, s.len);
    *to += s.len;
    return placed;
}

/* [finding_event][finding_field × n][texts ..] */
struct finding_event *copy_finding_event(const struct finding_event *event, size_t *ret_size)
{
    size_t fields_size = event->n_fields * sizeof(struct finding_field);
    size_t size = sizeof(*event) + fields_size + event->path.len + event->event_id.len +
                  event->host.len + event->user.len + event->json.len;
    for (uint32_t i = 0; i < event->n_fields; i++)
        size += event->fields[i].name.len + event->fields[i].text.len;
    struct finding_event *copy = malloc(size);
    if (!copy)
        return NULL;
    struct finding_field *fields = (struct finding_field *)(copy + 1);
    char *text = (char *)(fields + event->n_fields);
    *copy = *event;
    copy->fields = fields;
    copy->path = place(&text, event->path);
    copy->event_id = place(&text, event->event_id);
    copy->host = place(&text, event->host);
    copy->user = place(&text, event->user);
    copy->json = place(&text, event->json);
    for (uint32_t i = 0; i < event->n_fields; i++) {
        fields[i] = event->fields[i];
        fields[i].name = place(&text, event->fields[i].name);
        fields[i].text = place(&text, event->fields[i].text);
    }
    *ret_size = size;
    return copy;
}
