#include "scan/evidence.h"

#include <stdlib.h>

#include "scan/copy.h"

#define FIRST_CAP 1024

void evidence_init(struct evidence *evidence, size_t size_max)
{
    *evidence = (struct evidence){.size_max = size_max};
}

static void forget_oldest(struct evidence *evidence)
{
    struct evidence_item *item = &evidence->items[evidence->first & (evidence->cap - 1)];
    evidence->size -= item->size;
    free(item->event);
    *item = (struct evidence_item){0};
    evidence->first++;
}

void evidence_free(struct evidence *evidence)
{
    while (evidence->first < evidence->next)
        forget_oldest(evidence);
    free(evidence->items);
    *evidence = (struct evidence){0};
}

/* Doubles the ring; when that fails, room is made by forgetting. */
static bool make_room(struct evidence *evidence)
{
    if (evidence->next - evidence->first < evidence->cap)
        return true;
    size_t cap = evidence->cap ? evidence->cap * 2 : FIRST_CAP;
    struct evidence_item *items = calloc(cap, sizeof(*items));
    if (!items) {
        if (evidence->cap)
            forget_oldest(evidence);
        return evidence->cap > 0;
    }
    for (uint64_t mark = evidence->first; mark < evidence->next; mark++)
        items[mark & (cap - 1)] = evidence->items[mark & (evidence->cap - 1)];
    free(evidence->items);
    evidence->items = items;
    evidence->cap = cap;
    return true;
}

uint64_t evidence_add(struct evidence *evidence, const struct finding_event *event)
{
    struct evidence_item item = {0};
    if (!make_room(evidence))
        return UINT64_MAX;
    item.event = copy_finding_event(event, &item.size);
    item.size += sizeof(item);
    evidence->items[evidence->next & (evidence->cap - 1)] = item;
    evidence->size += item.size;
    uint64_t mark = evidence->next++;
    while (evidence->size > evidence->size_max && evidence->first < mark)
        forget_oldest(evidence);
    return mark;
}

const struct finding_event *evidence_get(const struct evidence *evidence, uint64_t mark)
{
    if (mark < evidence->first || mark >= evidence->next)
        return NULL;
    return evidence->items[mark & (evidence->cap - 1)].event;
}
