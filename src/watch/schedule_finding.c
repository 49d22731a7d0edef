/* A row of a saved hunt as a finding: an OCSF 1.8 Detection Finding (class 2004) with the row as its evidence. */
#include <errno.h>

#include "base/hash.h"
#include "base/time.h"
#include "scan/ocsf.h"
#include "watch/schedule_state.h"

#define OPEN_FOR_EVER INT64_MAX /* a row joins the finding of its entity while that is open */

/* ---- what a hunt says of its findings ---- */

static struct str tactic_tag(const struct attack *attack, struct str id)
{
    for (size_t i = 0; attack && i < attack->tactics.len; i++)
        if (str_eq(attack->tactics.items[i].id, id))
            return attack->tactics.items[i].tag;
    return STR("");
}

/* "T1059.001" is attack.t1059.001, "TA0002" is attack.execution. */
static struct str tag_of(struct arena *arena, const struct attack *attack, struct str id)
{
    struct str tactic = tactic_tag(attack, id);
    struct str tag = arena_printf(arena, "attack.%.*s", STR_ARG(tactic.len ? tactic : id));
    for (char *at = (char *)(uintptr_t)tag.ptr; at && *at; at++)
        *at |= *at >= 'A' && *at <= 'Z' ? 0x20 : 0;
    return tag;
}

int schedule_describe(struct arena *arena, const struct attack *attack, struct scheduled *scheduled)
{
    const struct saved_hunt *hunt = scheduled->hunt;
    struct str *tags = arena_zero(arena, hunt->attack.len + 1u, sizeof(*tags));
    for (uint32_t i = 0; tags && i < hunt->attack.len; i++) {
        tags[i] = tag_of(arena, attack, hunt->attack.items[i].text);
        if (!tags[i].ptr)
            return -ENOMEM;
    }
    scheduled->rule = (struct sigma_rule){
        .meta = {.id = hunt->id,
                 .title = hunt->title,
                 .description = hunt->description,
                 .author = hunt->author,
                 .date = hunt->date,
                 .tags = tags,
                 .n_tags = hunt->attack.len,
                 .level = hunt->level,
                 .origin = hunt->origin},
        .logsource = {.product = STR("jaga"), .service = STR("hunt")},
    };
    return tags ? 0 : -ENOMEM;
}

/* ---- what is wanted ---- */

static bool is_without(const struct live_agency *agency, const struct sigma_meta *meta)
{
    for (size_t i = 0; i < agency->n_without; i++) {
        struct str word = agency->without[i];
        if (str_eq_ascii_nocase(word, meta->id) || str_eq_ascii_nocase(word, meta->title))
            return true;
        for (uint32_t t = 0; t < meta->n_tags; t++)
            if (str_eq_ascii_nocase(word, meta->tags[t]))
                return true;
    }
    return false;
}

static bool agency_wants(const struct schedule *schedule, const struct sigma_meta *meta,
                         struct str agency, enum sigma_level level)
{
    for (size_t i = 0; i < schedule->choices->n; i++) {
        const struct live_agency *row = &schedule->choices->agencies[i];
        if (str_eq(row->name, agency))
            return level >= row->level && !is_without(row, meta);
    }
    return true;
}

/* The row as an event, whose fields are its columns. */
static struct event *event_of(const struct hunt_head *head, const struct hunt_cell *cells,
                              struct arena *arena)
{
    struct event *event = arena_zero(arena, 1, sizeof(*event));
    struct slot *slots = arena_zero(arena, head->n_columns + 1u, sizeof(*slots));
    if (!event || !slots)
        return NULL;
    *event = (struct event){.slots = slots,
                            .route = ROUTE_NONE,
                            .dataset = DATASET_NONE,
                            .time = TIME_UNSET,
                            .scratch = arena};
    for (uint32_t i = 0; i < head->n_columns; i++) {
        struct str name = head->columns[i].name;
        if (cells[i].null || name.len > UINT16_MAX || cells[i].text.len > UINT32_MAX)
            continue;
        slots[event->n_slots++] = (struct slot){
            .name = name.ptr,
            .name_len = (uint16_t)name.len,
            .text = cells[i].text.ptr ? cells[i].text.ptr : "",
            .text_len = (uint32_t)cells[i].text.len,
            .type = VALUE_STRING,
        };
    }
    return event;
}

bool schedule_wants(struct schedule *schedule, const struct scheduled *scheduled, struct str agency,
                    enum sigma_level level, const struct hunt_head *head,
                    const struct hunt_cell *cells, struct arena *arena)
{
    if (!agency_wants(schedule, &scheduled->rule.meta, agency, level))
        return false;
    struct event *event = event_of(head, cells, arena);
    return !event || !exceptions_take(schedule->exceptions, scheduled->rule.number, agency,
                                      schedule->options.now(), event);
}

/* ---- the finding ---- */

/* The values that the mapping names, as fields of the row. */
static uint32_t fields_of(const struct scheduled *scheduled, const struct saved_match *match,
                          struct finding_field *fields)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < SAVED_ABOUT_COUNT; i++)
        if (match->about[i].len)
            fields[n++] = (struct finding_field){
                .name = scheduled->hunt->finding.about[i].text,
                .text = match->about[i],
                .type = VALUE_STRING,
                .kind = saved_about_names[i].kind,
            };
    return n;
}

static int write_ocsf(const struct schedule *schedule, const struct scheduled *scheduled,
                      const struct schedule_row *row, int64_t time, struct buf *out)
{
    const struct saved_match *match = &row->match;
    struct finding_field fields[SAVED_ABOUT_COUNT];
    const struct finding_event event = {
        .path = match->entity,
        .record = hash_text(match->evidence),
        .time = time,
        .host = match->about[SAVED_HOST],
        .user = match->about[SAVED_USER],
        .json = row->json,
        .fields = fields,
        .n_fields = fields_of(scheduled, match, fields),
    };
    struct sigma_meta meta = scheduled->rule.meta;
    meta.level = match->level;
    const struct finding finding = {.meta = &meta, .title = match->title, .event = &event};
    const struct ocsf_options options = {
        .attack = schedule->options.attack, .tenant = row->agency, .placed = true};
    ocsf_write(&options, &finding, out);
    return out->failed ? -ENOMEM : 0;
}

static void write_tags(const struct sigma_meta *meta, struct buf *out)
{
    buf_add_byte(out, '[');
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        if (i)
            buf_add_byte(out, ',');
        buf_add_json(out, meta->tags[i]);
    }
    buf_add_byte(out, ']');
}

int schedule_take(struct schedule *schedule, const struct scheduled *scheduled,
                  const struct schedule_row *row, int64_t due, struct arena *arena, bool *ret_taken)
{
    const struct saved_match *match = &row->match;
    int64_t time = match->time == TIME_UNSET ? due : match->time;
    struct buf ocsf = {0}, tags = {0};
    char id[FINDING_ID_MAX];
    bool is_new;
    struct str fold = arena_printf(arena, "hunt/%.*s/%.*s/%.*s", STR_ARG(scheduled->hunt->id),
                                   STR_ARG(row->agency), STR_ARG(match->entity));
    struct str once = arena_printf(arena, "%.*s/%.*s", STR_ARG(fold), STR_ARG(match->evidence));
    int status = fold.ptr && once.ptr ? write_ocsf(schedule, scheduled, row, time, &ocsf) : -ENOMEM;
    write_tags(&scheduled->rule.meta, &tags);
    if (status == 0 && tags.failed)
        status = -ENOMEM;
    if (status == 0)
        status = finding_take(schedule->ledger,
                              &(struct ledger_match){.kind = FINDING_HUNT,
                                                     .agency = row->agency,
                                                     .rule = scheduled->hunt->id,
                                                     .title = match->title,
                                                     .level = (uint8_t)match->level,
                                                     .host = match->about[SAVED_HOST],
                                                     .user = match->about[SAVED_USER],
                                                     .source = match->source,
                                                     .tags = buf_str(&tags),
                                                     .fold = fold,
                                                     .once = once,
                                                     .fold_us = OPEN_FOR_EVER,
                                                     .time = time,
                                                     .seen = schedule->options.now(),
                                                     .ocsf = buf_str(&ocsf),
                                                     .events = row->events,
                                                     .n_events = row->n_events,
                                                     .count = 1},
                              &is_new, ret_taken, id);
    buf_free(&ocsf);
    buf_free(&tags);
    return status;
}
