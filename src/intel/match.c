/* Which indicators an event holds: the typed fields of its dataset, each looked up as what it is. */
#include <errno.h>

#include "base/vec.h"
#include "intel/canonical.h"
#include "intel/look.h"
#include "intel/news.h"

#define MATCHER_ARENA_MAX (1u << 20) /* values of the indicators that one event matched */

struct intel_matcher {
    struct look look; /* first: the callback casts back; the origin is a slot */
    const struct datasets *datasets;
    const struct intel_news *only; /* NULL: all */
    size_t n_fields;
    /*
     * By dataset, the last for events of none: the type of each field that is looked at, by the field's id. Made when the
     * first such event comes; NULL until then.
     */
    uint8_t **plans;
    uint32_t n_datasets;
    struct arena arena;

    int64_t at, now; /* of the present event */
    struct event *event;
    struct intel_match matches[INTEL_MATCHES_MAX];
    size_t n_matches;
    uint64_t dropped;
};

static void look_ja3(struct look *look, struct str text)
{
    look_as(look, INDICATOR_JA3, text);
}

static void look_ja4(struct look *look, struct str text)
{
    look_as(look, INDICATOR_JA4, text);
}

static void look_user_agent(struct look *look, struct str text)
{
    look_as(look, INDICATOR_USER_AGENT, text);
}

/* How a field of each type is looked at, and what has to be there for that to be of use. */
static const struct kind {
    void (*look)(struct look *look, struct str text);
    uint32_t types;
} KINDS[] = {
    [FIELD_IP] = {look_address, LOOK_ADDRESS},
    [FIELD_DOMAIN] = {look_name, LOOK_NAME},
    [FIELD_HOST] = {look_name, LOOK_NAME},
    [FIELD_URL] = {look_url, LOOK_URL},
    [FIELD_EMAIL] = {look_email, LOOK_EMAIL},
    [FIELD_HASH] = {look_digest, LOOK_DIGEST},
    [FIELD_HASHES] = {look_digests, LOOK_DIGEST},
    [FIELD_PATH] = {look_path, LOOK_PATH},
    [FIELD_COMMAND] = {look_urls_within, LOOK_URL},
    [FIELD_AGENT] = {look_user_agent, LOOK_BIT(INDICATOR_USER_AGENT)},
    [FIELD_JA3] = {look_ja3, LOOK_BIT(INDICATOR_JA3)},
    [FIELD_JA4] = {look_ja4, LOOK_BIT(INDICATOR_JA4)},
    [FIELD_ANSWERS] = {look_answers, LOOK_NAME},
};

#define N_KINDS (sizeof(KINDS) / sizeof(KINDS[0]))

void look_field(struct look *look, enum field_type type, struct str text)
{
    if ((size_t)type < N_KINDS && KINDS[type].look)
        KINDS[type].look(look, text);
}

static void found(struct look *look, uint32_t origin, enum indicator_type type, struct str value,
                  uint32_t meta)
{
    struct intel_matcher *matcher = (struct intel_matcher *)look;
    struct indicator indicator = {.type = type, .value = value};
    if (!image_meta(look->intel, meta, &indicator) ||
        (indicator.from != TIME_UNSET && indicator.from > matcher->now) ||
        (indicator.until != TIME_UNSET && indicator.until <= matcher->at) ||
        (matcher->only && !intel_news_has(matcher->only, type, value)))
        return;
    for (size_t i = 0; i < matcher->n_matches; i++)
        if (matcher->matches[i].indicator.type == type &&
            str_eq(matcher->matches[i].indicator.value, value))
            return;
    if (matcher->n_matches == INTEL_MATCHES_MAX) {
        matcher->dropped++;
        return;
    }
    struct slot *slot = &matcher->event->slots[origin];
    matcher->matches[matcher->n_matches++] = (struct intel_match){
        indicator, str_of(slot->name, slot->name_len), event_text(matcher->event, slot)};
}

struct intel_matcher *intel_matcher_new(const struct intel *intel, const struct datasets *datasets)
{
    struct intel_matcher *matcher = calloc(1, sizeof(*matcher));
    if (!matcher)
        return NULL;
    matcher->datasets = datasets;
    matcher->n_fields = fields_count(datasets_fields(datasets));
    matcher->n_datasets = datasets_count(datasets);
    matcher->plans = calloc((size_t)matcher->n_datasets + 1, sizeof(*matcher->plans));
    arena_init(&matcher->arena, MATCHER_ARENA_MAX);
    look_init(&matcher->look, intel, &matcher->arena);
    matcher->look.found = found;
    if (!matcher->plans) {
        intel_matcher_free(matcher);
        return NULL;
    }
    return matcher;
}

void intel_matcher_free(struct intel_matcher *matcher)
{
    if (!matcher)
        return;
    for (uint32_t i = 0; matcher->plans && i <= matcher->n_datasets; i++)
        free(matcher->plans[i]);
    free(matcher->plans);
    arena_free(&matcher->arena);
    free(matcher);
}

void intel_matcher_only(struct intel_matcher *matcher, const struct intel_news *news)
{
    matcher->only = news;
    matcher->look.present &= intel_news_types(news);
}

/* The type under which a field is looked at; FIELD_TEXT: not at all. */
static enum field_type kind_of(const struct intel_matcher *matcher, enum field_type type)
{
    bool looked = (size_t)type < N_KINDS && (KINDS[type].types & matcher->look.present);
    return looked ? type : FIELD_TEXT;
}

/*
 * Events that no dataset recognises: a name that all datasets which describe it take for the same type has that
 * type for them too.
 */
static void plan_unrecognised(const struct intel_matcher *matcher, uint8_t *plan)
{
    enum { UNSEEN, AGREED, DISPUTED };
    uint8_t *states = calloc(matcher->n_fields, 1);
    for (uint32_t d = 0; states && d < matcher->n_datasets; d++) {
        const struct dataset *dataset = datasets_get(matcher->datasets, d);
        for (uint32_t i = 0; i < dataset->n_fields; i++) {
            uint32_t field = dataset->fields[i].field;
            uint8_t kind = (uint8_t)kind_of(matcher, dataset->fields[i].type);
            if (field >= matcher->n_fields)
                continue;
            states[field] = states[field] == UNSEEN || plan[field] == kind ? AGREED : DISPUTED;
            plan[field] = states[field] == AGREED ? kind : FIELD_TEXT;
        }
    }
    free(states);
}

static uint8_t *make_plan(const struct intel_matcher *matcher, uint32_t index)
{
    uint8_t *plan = calloc(matcher->n_fields, 1);
    if (!plan)
        return NULL;
    if (index == matcher->n_datasets) {
        plan_unrecognised(matcher, plan);
        return plan;
    }
    const struct dataset *dataset = datasets_get(matcher->datasets, index);
    for (uint32_t i = 0; i < dataset->n_fields; i++)
        if (dataset->fields[i].field < matcher->n_fields)
            plan[dataset->fields[i].field] = (uint8_t)kind_of(matcher, dataset->fields[i].type);
    /* A native field that says nothing of itself is what it stands for is. */
    for (uint32_t i = 0; i < dataset->n_aliases; i++) {
        const struct dataset_alias *alias = &dataset->aliases[i];
        if (alias->native < matcher->n_fields && alias->sigma < matcher->n_fields &&
            plan[alias->native] == FIELD_TEXT &&
            !datasets_field(matcher->datasets, index, alias->native))
            plan[alias->native] = plan[alias->sigma];
    }
    return plan;
}

/* For events of that dataset; NULL: no memory. */
static const uint8_t *plan_of(struct intel_matcher *matcher, uint32_t dataset)
{
    uint32_t index = dataset < matcher->n_datasets ? dataset : matcher->n_datasets;
    if (!matcher->plans[index])
        matcher->plans[index] = make_plan(matcher, index);
    return matcher->plans[index];
}

int intel_matcher_field(struct intel_matcher *matcher, uint32_t dataset, uint32_t field)
{
    const uint8_t *plan = plan_of(matcher, dataset);
    if (!plan)
        return -ENOMEM;
    return field < matcher->n_fields ? plan[field] : FIELD_TEXT;
}

size_t intel_matcher_run(struct intel_matcher *matcher, struct event *event, int64_t now,
                         const struct intel_match **ret_matches)
{
    const uint8_t *plan = plan_of(matcher, event->dataset);
    matcher->n_matches = 0;
    *ret_matches = matcher->matches;
    if (!plan)
        return 0;
    matcher->event = event;
    matcher->now = now;
    matcher->at = event->time == TIME_UNSET ? now : event->time;
    arena_reset(&matcher->arena);
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct slot *slot = &event->slots[i];
        if (slot->field >= matcher->n_fields || plan[slot->field] == FIELD_TEXT ||
            slot->text_len == 0)
            continue;
        matcher->look.origin = i;
        KINDS[plan[slot->field]].look(&matcher->look, event_text(event, slot));
    }
    look_finish(&matcher->look);
    return matcher->n_matches;
}

uint64_t intel_matcher_dropped(const struct intel_matcher *matcher)
{
    return matcher->dropped;
}

/* ---- one value, from a person ---- */

struct gatherer {
    struct look look; /* first */
    struct indicator *indicators;
    size_t n, max;
};

static void gather(struct look *look, uint32_t origin, enum indicator_type type, struct str value,
                   uint32_t meta)
{
    (void)origin;
    struct gatherer *gatherer = (struct gatherer *)look;
    struct indicator indicator = {.type = type, .value = value};
    if (!image_meta(look->intel, meta, &indicator))
        return;
    if (gatherer->n < gatherer->max)
        gatherer->indicators[gatherer->n] = indicator;
    gatherer->n++;
}

size_t intel_look_up(const struct intel *intel, struct str text, struct arena *arena,
                     struct indicator *ret_indicators, size_t max)
{
    char bytes[INDICATOR_VALUE_MAX];
    struct gatherer gatherer;
    look_init(&gatherer.look, intel, arena);
    gatherer.look.found = gather;
    gatherer.indicators = ret_indicators;
    gatherer.n = 0;
    gatherer.max = max;
    struct look *look = &gatherer.look;
    if (!indicator_refang(text, bytes, &text) || text.len == 0)
        return 0;
    /* A text may be several things: a name of a file is also one of a host, 32 digits may be a JA3. */
    look_digest(look, text);
    look_as(look, INDICATOR_JA3, text);
    look_as(look, INDICATOR_JA4, text);
    look_as(look, INDICATOR_USER_AGENT, text);
    if (str_find(text, STR("://")) != SIZE_MAX || str_index(text, '/') < text.len)
        look_url(look, text);
    else if (str_index(text, '@') < text.len)
        look_email(look, text);
    else
        look_name(look, text);
    look_path(look, text);
    look_finish(look);
    return gatherer.n;
}
