/* Sets of datasets: their life, recognition, and the questions others ask them. */
#include "event/dataset_set.h"

#include <stdlib.h>

bool logsource_provides(const struct logsource *provided, const struct logsource *wanted)
{
    return (wanted->product.len == 0 || str_eq_ascii_nocase(wanted->product, provided->product)) &&
           (wanted->category.len == 0 ||
            str_eq_ascii_nocase(wanted->category, provided->category)) &&
           (wanted->service.len == 0 || str_eq_ascii_nocase(wanted->service, provided->service));
}

struct datasets *datasets_new(struct fields *fields)
{
    struct datasets *datasets = calloc(1, sizeof(*datasets));
    if (!datasets)
        return NULL;
    datasets->fields = fields;
    datasets->fallback = DATASET_NONE;
    arena_init(&datasets->arena, DATASETS_ARENA_MAX);
    if (route_table_init(&datasets->routes) < 0)
        goto fail;
    datasets->keep_product = datasets_keep(datasets, fields_add(fields, STR("product")));
    datasets->keep_category = datasets_keep(datasets, fields_add(fields, STR("category")));
    datasets->keep_service = datasets_keep(datasets, fields_add(fields, STR("service")));
    if (datasets->n_kept == 3)
        return datasets;
fail:
    datasets_free(datasets);
    return NULL;
}

void datasets_free(struct datasets *datasets)
{
    if (!datasets)
        return;
    for (size_t i = 0; i < datasets->watches.len; i++) {
        struct watch *watch = datasets->watches.items[i];
        map_free(&watch->values);
        vec_free(&watch->hits);
        vec_free(&watch->prefixes);
        free(watch);
    }
    vec_free(&datasets->watches);
    vec_free(&datasets->entries);
    vec_free(&datasets->conditions);
    vec_free(&datasets->alternatives);
    map_free(&datasets->names);
    map_free(&datasets->condition_ids);
    map_free(&datasets->tag_words);
    route_table_free(&datasets->routes);
    arena_free(&datasets->arena);
    free(datasets);
}

void datasets_name_formats(struct datasets *datasets, const char *const *names, size_t count)
{
    datasets->format_names = names;
    datasets->n_format_names = count < DATASET_FORMATS_MAX ? count : DATASET_FORMATS_MAX;
}

int datasets_freeze(struct datasets *datasets)
{
    int status = datasets_freeze_watches(datasets);
    return status < 0 ? status : datasets_freeze_alternatives(datasets);
}

const struct fields *datasets_fields(const struct datasets *datasets)
{
    return datasets->fields;
}

uint32_t datasets_count(const struct datasets *datasets)
{
    return (uint32_t)datasets->entries.len;
}

const struct dataset *datasets_get(const struct datasets *datasets, uint32_t index)
{
    return index < datasets->entries.len ? &datasets->entries.items[index]->dataset : NULL;
}

uint32_t datasets_find(const struct datasets *datasets, struct str name)
{
    return map_get(&datasets->names, name); /* MAP_NONE is DATASET_NONE */
}

/* The words of tags that matter, without case. */
static int want_word(struct datasets *datasets, struct str word)
{
    if (word.len == 0 || word.len > TAG_MAX)
        return 0;
    char *bytes = arena_bytes(&datasets->arena, word.len);
    if (!bytes)
        return -ENOMEM;
    text_lower(word, bytes);
    return map_put(&datasets->tag_words, str_of(bytes, word.len), 1) < 0 ? -ENOMEM : 0;
}

int datasets_want(struct datasets *datasets, const struct logsource *wanted)
{
    datasets->tags_limited = true;
    int status = want_word(datasets, wanted->product);
    if (status == 0)
        status = want_word(datasets, wanted->category);
    return status < 0 ? status : want_word(datasets, wanted->service);
}

/* A tag's text, where it can be one. */
static struct str tag_text(const struct datasets *datasets, struct event *event, struct slot *slot)
{
    if (!slot || slot->type != VALUE_STRING || slot->text_len > TAG_MAX)
        return (struct str){0};
    struct str text = event_text(event, slot);
    if (text.len > TAG_MAX)
        return (struct str){0};
    if (!datasets->tags_limited)
        return text;
    char word[TAG_MAX];
    text_lower(text, word);
    bool known = map_get(&datasets->tag_words, str_of(word, text.len)) != MAP_NONE;
    return known ? text : (struct str){0};
}

/* Does the event say its logsource itself? */
static bool read_tags(const struct datasets *datasets, struct event *event,
                      const struct sighting *seen, struct logsource *ret_tags)
{
    struct slot *product = seen->kept[datasets->keep_product];
    struct slot *category = seen->kept[datasets->keep_category];
    struct slot *service = seen->kept[datasets->keep_service];
    if (!product && !category && !service)
        return false;
    *ret_tags = (struct logsource){.product = tag_text(datasets, event, product),
                                   .category = tag_text(datasets, event, category),
                                   .service = tag_text(datasets, event, service)};
    return ret_tags->product.len || ret_tags->category.len || ret_tags->service.len;
}

static bool both_say(struct str a, struct str b)
{
    return a.len && str_eq_ascii_nocase(a, b);
}

/* Do the tags say more than the dataset that recognised the event, and agree with it? */
static bool tags_decide(const struct datasets *datasets, uint32_t dataset,
                        const struct logsource *tags)
{
    if (dataset == DATASET_NONE)
        return true;
    if (tags->product.len == 0 || (tags->category.len == 0 && tags->service.len == 0))
        return false;
    const struct dataset_entry *entry = datasets->entries.items[dataset];
    for (uint32_t i = 0; i < entry->n_provisions; i++) {
        const struct logsource *own = &entry->provisions[i].logsource;
        if (both_say(tags->product, own->product) || both_say(tags->category, own->category) ||
            both_say(tags->service, own->service))
            return true;
    }
    return false;
}

void datasets_recognise(struct datasets *datasets, struct event *event)
{
    struct sighting seen;
    datasets_sight(datasets, event, &seen);
    uint32_t dataset = datasets_choose(datasets, &seen);
    event->dataset = dataset;
    event->route = ROUTE_NONE;

    struct logsource tags;
    bool tagged = read_tags(datasets, event, &seen, &tags) && tags_decide(datasets, dataset, &tags);
    if (dataset == DATASET_NONE && !tagged)
        return;
    struct str event_id = {0};
    if (dataset != DATASET_NONE) {
        uint32_t keep = datasets->entries.items[dataset]->event_id_keep;
        if (keep < KEPT_MAX && seen.kept[keep])
            event_id = event_text(event, seen.kept[keep]);
    }
    const struct route_entry *entry = datasets_take_route(
        datasets, dataset, event_id, tagged ? &tags : NULL, &seen, &event->route);
    if (entry && entry->n_derives)
        derive_run(entry, event);
}

uint64_t datasets_unrouted(const struct datasets *datasets)
{
    return atomic_load_explicit(&datasets->routes.unrouted, memory_order_relaxed);
}

const struct route *datasets_route(const struct datasets *datasets, uint32_t route)
{
    if (route >= datasets_route_count(datasets))
        return NULL;
    return &atomic_load_explicit(&datasets->routes.routes[route], memory_order_acquire)->route;
}

uint32_t datasets_route_count(const struct datasets *datasets)
{
    return atomic_load_explicit(&datasets->routes.count, memory_order_acquire);
}

static bool provision_covers(const struct provision *provision, const struct logsource *wanted)
{
    struct logsource provided = provision->logsource;
    if (!provision->service_is_event_id)
        return logsource_provides(&provided, wanted);
    if (wanted->service.len == 0)
        return logsource_provides(&provided, wanted);
    for (uint32_t i = 0; i < provision->n_services; i++) {
        provided.service = provision->services[i];
        if (logsource_provides(&provided, wanted))
            return true;
    }
    return false;
}

bool datasets_provided_by(const struct datasets *datasets, uint32_t index,
                          const struct logsource *wanted)
{
    const struct dataset_entry *entry = datasets->entries.items[index];
    for (uint32_t i = 0; i < entry->n_provisions; i++)
        if (provision_covers(&entry->provisions[i], wanted))
            return true;
    return false;
}

bool datasets_provide(const struct datasets *datasets, const struct logsource *wanted)
{
    for (uint32_t i = 0; i < datasets->entries.len; i++)
        if (datasets_provided_by(datasets, i, wanted))
            return true;
    return false;
}

/* May the event id be this one where the requirement holds? */
static bool event_id_fits(const struct datasets *datasets, const struct requirement *need,
                          uint32_t event_id_field, struct str event_id)
{
    for (uint32_t i = 0; i < need->all.count; i++) {
        const struct condition *condition = &datasets->conditions.items[need->all.ids[i]];
        bool any = condition->field != event_id_field || condition->kind != CONDITION_ONE_OF;
        for (uint32_t v = 0; v < condition->n_values && !any; v++)
            any = str_eq_ascii_nocase(condition->values[v], event_id);
        if (!any)
            return false;
    }
    return true;
}

bool datasets_event_id_fits(const struct datasets *datasets, uint32_t index,
                            const struct logsource *wanted, struct str event_id)
{
    const struct dataset_entry *entry = datasets->entries.items[index];
    for (uint32_t i = 0; i < entry->n_provisions; i++)
        if (provision_covers(&entry->provisions[i], wanted) &&
            event_id_fits(datasets, &entry->provisions[i].when, entry->dataset.event_id_field,
                          event_id))
            return true;
    return false;
}

/* Is that event id all that the requirement asks for? Empty: does it ask for nothing? */
static bool asks_only(const struct datasets *datasets, const struct requirement *when,
                      uint32_t event_id_field, struct str event_id)
{
    if (when->none.count || when->all.count != (event_id.len > 0))
        return false;
    if (event_id.len == 0)
        return true;
    const struct condition *condition = &datasets->conditions.items[when->all.ids[0]];
    return condition->field == event_id_field && condition->kind == CONDITION_ONE_OF &&
           condition->n_values == 1 && str_eq(condition->values[0], event_id);
}

bool datasets_logsource(const struct datasets *datasets, uint32_t index, struct str event_id,
                        struct logsource *ret_logsource)
{
    const struct dataset_entry *entry = datasets->entries.items[index];
    for (uint32_t i = 0; i < entry->n_provisions; i++) {
        const struct provision *provision = &entry->provisions[i];
        if (!asks_only(datasets, &provision->when, entry->dataset.event_id_field, event_id) ||
            (event_id.len && !provision->logsource.category.len) || provision->service_is_event_id)
            continue;
        *ret_logsource = provision->logsource;
        return true;
    }
    return false;
}

static bool is_among(uint32_t field, const uint32_t *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (fields[i] == field)
            return true;
    return false;
}

bool datasets_know_field(const struct datasets *datasets, uint32_t index, uint32_t field)
{
    const struct dataset_entry *entry = datasets->entries.items[index];
    const struct dataset *dataset = &entry->dataset;
    if (datasets_field(datasets, index, field) || field == dataset->event_id_field ||
        is_among(field, dataset->time_fields, dataset->n_time_fields) ||
        is_among(field, dataset->host_fields, dataset->n_host_fields) ||
        is_among(field, dataset->user_fields, dataset->n_user_fields))
        return true;
    for (uint32_t i = 0; i < dataset->n_aliases; i++)
        if (dataset->aliases[i].sigma == field || dataset->aliases[i].native == field)
            return true;
    return datasets_derive(datasets, index, field, NULL, 0) > 0;
}

static bool is_derived(const struct dataset_entry *entry, uint32_t field)
{
    for (uint32_t i = 0; i < entry->n_derives; i++)
        if (entry->derives[i].field == field)
            return true;
    return false;
}

uint32_t datasets_derive(const struct datasets *datasets, uint32_t index, uint32_t field,
                         uint32_t *ret_needs, uint32_t max)
{
    const struct dataset_entry *entry = datasets->entries.items[index];
    uint32_t n = 0;
    for (uint32_t i = 0; i < entry->n_derives; i++) {
        const struct derive *derive = &entry->derives[i];
        uint32_t need = FIELD_NONE;
        if (field != FIELD_NONE && derive->field != field)
            continue;
        for (uint32_t k = 0; k < derive->n_parts && need == FIELD_NONE; k++)
            need = derive->parts[k].field;
        if (n < max) /* what is made of derived values may go back to anything */
            ret_needs[n] = is_derived(entry, need) ? FIELD_NONE : need;
        n++;
    }
    return n;
}

static bool alias_applies(const struct dataset_alias *alias, const struct route *route)
{
    if (alias->n_event_ids == 0 || route->any_event_id)
        return true;
    for (uint32_t i = 0; i < alias->n_event_ids; i++)
        if (str_eq(alias->event_ids[i], route->event_id))
            return true;
    return false;
}

uint32_t datasets_resolve(const struct datasets *datasets, const struct route *route,
                          uint32_t sigma_field, uint32_t *ret_fields, uint32_t max)
{
    uint32_t n = 0;
    if (n < max)
        ret_fields[n++] = sigma_field;
    const struct dataset *dataset = datasets_get(datasets, route->dataset);
    for (uint32_t i = 0; dataset && i < dataset->n_aliases && n < max; i++)
        if (dataset->aliases[i].sigma == sigma_field && alias_applies(&dataset->aliases[i], route))
            ret_fields[n++] = dataset->aliases[i].native;
    return n;
}

/* The dataset that says where an event's time, host and user are. */
static const struct dataset *describer(const struct datasets *datasets, const struct event *event)
{
    uint32_t index = event->dataset != DATASET_NONE ? event->dataset : datasets->fallback;
    return datasets_get(datasets, index);
}

int64_t datasets_time(const struct datasets *datasets, struct event *event)
{
    const struct dataset *dataset = describer(datasets, event);
    for (uint32_t i = 0; event->time == TIME_UNSET && dataset && i < dataset->n_time_fields; i++) {
        struct slot *slot = event_find(event, dataset->time_fields[i]);
        if (slot)
            time_parse(str_trim(event_text(event, slot)), &event->time); /* else the next one */
    }
    return event->time;
}

/* What stands where nothing is known; the number is the audit trail's for "no user logged in". */
static bool says_nothing(struct str text)
{
    return text.len == 0 || str_eq(text, STR("-")) || str_eq(text, STR("unset")) ||
           str_eq(text, STR("4294967295"));
}

/* The first of the fields that says something. */
static struct str first_text(struct event *event, const uint32_t *fields, uint32_t n_fields)
{
    for (uint32_t i = 0; i < n_fields; i++) {
        struct slot *slot = event_find(event, fields[i]);
        struct str text = slot ? event_text(event, slot) : (struct str){0};
        if (!says_nothing(text))
            return text;
    }
    return (struct str){0};
}

struct str datasets_host(const struct datasets *datasets, struct event *event)
{
    const struct dataset *dataset = describer(datasets, event);
    return dataset ? first_text(event, dataset->host_fields, dataset->n_host_fields)
                   : (struct str){0};
}

struct str datasets_user(const struct datasets *datasets, struct event *event)
{
    const struct dataset *dataset = describer(datasets, event);
    return dataset ? first_text(event, dataset->user_fields, dataset->n_user_fields)
                   : (struct str){0};
}

const struct dataset_field *datasets_field(const struct datasets *datasets, uint32_t dataset,
                                           uint32_t field)
{
    const struct dataset *found = datasets_get(datasets, dataset);
    size_t low = 0, high = found ? found->n_fields : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (found->fields[middle].field < field)
            low = middle + 1;
        else
            high = middle;
    }
    return found && low < found->n_fields && found->fields[low].field == field ? &found->fields[low]
                                                                               : NULL;
}
