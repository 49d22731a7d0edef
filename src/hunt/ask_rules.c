#include "hunt/ask_rules.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/time.h"
#include "hunt/lookback.h"

static const struct hunt_column columns[] = {
    {{"Time", 4}, KQL_DATETIME}, {{"Id", 2}, KQL_STRING},     {{"Agency", 6}, KQL_STRING},
    {{"Source", 6}, KQL_STRING}, {{"Rule", 4}, KQL_STRING},   {{"Title", 5}, KQL_STRING},
    {{"Level", 5}, KQL_STRING},  {{"Event", 5}, KQL_DYNAMIC},
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct rule_hunt {
    const struct hunt_question *question;
    struct hunt_limits limits;
    struct hunt_rules rules;
    struct lookback *lookback;
    const struct hunt_sink *sink;
    struct buf json;
    _Atomic uint64_t rows, bytes;
    bool cut;
};

int rule_hunt_open(const struct hunt_place *place, const struct hunt_question *question,
                   const struct hunt_limits *limits, int64_t deadline, struct rule_hunt **ret_hunt,
                   struct err *err)
{
    if (!place->rules)
        return err_set(err, -EINVAL, "rules are not taken here");
    struct rule_hunt *hunt = calloc(1, sizeof(*hunt));
    if (!hunt)
        return err_set(err, -ENOMEM, "no memory for the hunt");
    hunt->question = question;
    hunt->limits = *limits;
    int status = place->rules(place->rules_context, question->text, &hunt->rules, err);
    const struct lookback_options options = {
        .ops = place->ops,
        .lake = place->lake,
        .set = hunt->rules.set,
        .ruleset = hunt->rules.ruleset,
        .datasets = hunt->rules.datasets,
        .fields = hunt->rules.fields,
        .scope = question->scope,
        .deadline = deadline,
        .memory = limits->memory,
    };
    if (status == 0) {
        hunt->lookback = lookback_new(&options, err);
        status = hunt->lookback ? 0 : err->code;
    }
    if (status == 0)
        *ret_hunt = hunt;
    else
        rule_hunt_free(hunt);
    return status;
}

void rule_hunt_free(struct rule_hunt *hunt)
{
    if (!hunt)
        return;
    lookback_free(hunt->lookback);
    if (hunt->rules.free)
        hunt->rules.free(hunt->rules.owner);
    buf_free(&hunt->json);
    free(hunt);
}

static int write_row(struct rule_hunt *hunt, const struct lookback_event *found, uint32_t rule)
{
    const struct sigma_meta *meta = &hunt->rules.set->rules.items[rule]->meta;
    char time[TIME_TEXT_MAX], id[LAKE_ID_TEXT_MAX];
    const struct hunt_cell cells[N_COLUMNS] = {
        {str_of(time, time_format(found->time, time)), false},
        {str_of(id, lake_id_format(&found->id, id)), false},
        {found->agency, false},
        {found->source, false},
        {meta->id, false},
        {meta->title, false},
        {str_from_c(sigma_level_name(meta->level)), false},
        {buf_str(&hunt->json), false},
    };
    uint64_t bytes = 0;
    for (size_t i = 0; i < N_COLUMNS; i++)
        bytes += cells[i].text.len;
    hunt->cut = atomic_load(&hunt->rows) >= hunt->limits.rows ||
                atomic_load(&hunt->bytes) + bytes > hunt->limits.bytes;
    if (hunt->cut)
        return -E2BIG;
    atomic_fetch_add(&hunt->rows, 1);
    atomic_fetch_add(&hunt->bytes, bytes);
    return hunt->sink->row(hunt->sink->context, cells);
}

static int on_found(void *context, const struct lookback_event *found)
{
    struct rule_hunt *hunt = context;
    int status = 0;
    buf_clear(&hunt->json);
    event_write_json(found->event, &hunt->json);
    if (hunt->json.failed)
        return -ENOMEM;
    for (size_t i = 0; status == 0 && i < found->n_rules; i++)
        status = write_row(hunt, found, found->rules[i]);
    return status;
}

int rule_hunt_run(struct rule_hunt *hunt, const struct hunt_sink *sink, struct err *err)
{
    static const struct hunt_render plain;
    const struct hunt_head head = {.columns = columns, .n_columns = N_COLUMNS, .render = &plain};
    hunt->sink = sink;
    int status = sink->begin(sink->context, &head);
    if (status == 0)
        status = lookback_run(hunt->lookback, hunt->question->first, hunt->question->last, on_found,
                              hunt, err);
    return status == 0 || hunt->cut ? sink->end(sink->context, hunt->cut) : status;
}

void rule_hunt_explain(const struct rule_hunt *hunt, struct buf *text)
{
    const struct str *names;
    size_t n = lookback_datasets(hunt->lookback, &names);
    for (size_t i = 0; i < n; i++) {
        struct str where = lookback_where(hunt->lookback, names[i]);
        buf_add_str(text, names[i]);
        buf_add_c(text, "\n  ");
        buf_add_str(text, where.len ? where : STR("all of its events"));
        buf_add_byte(text, '\n');
    }
}

void rule_hunt_cancel(struct rule_hunt *hunt)
{
    lookback_cancel(hunt->lookback);
}

void rule_hunt_stats(const struct rule_hunt *hunt, uint64_t *ret_rows, uint64_t *ret_bytes)
{
    *ret_rows = atomic_load(&hunt->rows);
    *ret_bytes = atomic_load(&hunt->bytes);
}
