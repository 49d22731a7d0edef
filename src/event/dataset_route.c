/*
 * The table of routes: (dataset, event id, tags, conditions the event id does not decide) →
 * the logsources provided. Read without a lock, grown under one.
 */
#include "event/dataset_set.h"

#include <stdlib.h>

#include "base/hash.h"

int route_table_init(struct route_table *table)
{
    /* Zeroed pages cost nothing until used. */
    table->cells = calloc(ROUTE_CELLS, sizeof(*table->cells));
    table->routes = calloc(ROUTES_MAX, sizeof(*table->routes));
    if (!table->cells || !table->routes)
        return -ENOMEM;
    return -pthread_mutex_init(&table->lock, NULL);
}

void route_table_free(struct route_table *table)
{
    if (table->cells && table->routes)
        pthread_mutex_destroy(&table->lock);
    free(table->cells);
    free(table->routes);
}

static uint64_t hash_key(const struct route_key *key)
{
    uint64_t hash = hash_mix((uint64_t)key->dataset << 32 | key->dynamic, key->provided);
    if (key->event_id.len)
        hash = hash_mix(hash, hash_text(key->event_id));
    if (key->tagged) {
        hash = hash_mix(hash, hash_text(key->tags.product));
        hash = hash_mix(hash, hash_text(key->tags.category));
        hash = hash_mix(hash, hash_text(key->tags.service));
    }
    return hash;
}

static bool same_key(const struct route_key *a, const struct route_key *b)
{
    return a->dataset == b->dataset && a->dynamic == b->dynamic && a->tagged == b->tagged &&
           a->any_event_id == b->any_event_id && a->provided == b->provided &&
           str_eq(a->event_id, b->event_id) &&
           (!a->tagged || (str_eq(a->tags.product, b->tags.product) &&
                           str_eq(a->tags.category, b->tags.category) &&
                           str_eq(a->tags.service, b->tags.service)));
}

/* The number of the route of that key, or ROUTE_NONE and the free cell where it would go. */
static uint32_t find(const struct route_table *table, const struct route_key *key, uint64_t hash,
                     size_t *ret_cell)
{
    for (size_t i = hash % ROUTE_CELLS;; i = (i + 1) % ROUTE_CELLS) {
        uint32_t number = atomic_load_explicit(&table->cells[i], memory_order_acquire);
        if (number == 0) {
            *ret_cell = i;
            return ROUTE_NONE;
        }
        const struct route_entry *entry =
            atomic_load_explicit(&table->routes[number - 1], memory_order_relaxed);
        if (entry->hash == hash && same_key(&entry->key, key))
            return number - 1;
    }
}

/*
 * Does a requirement hold? What it asks of the event id is asked of `event_id` itself, so that the
 * answer depends on the route's key alone, also for an event that carries two ids.
 */
static bool holds(const struct datasets *datasets, uint32_t event_id_field,
                  const struct id_list *ids, bool wanted, struct str event_id,
                  const struct sighting *seen)
{
    for (uint32_t i = 0; i < ids->count; i++) {
        const struct condition *condition = &datasets->conditions.items[ids->ids[i]];
        bool is = event_id_field != FIELD_NONE && condition->field == event_id_field
                      ? condition_holds(condition, event_id)
                      : sighting_has(seen, ids->ids[i]);
        if (is != wanted)
            return false;
    }
    return true;
}

static bool provides(const struct datasets *datasets, const struct dataset_entry *entry,
                     const struct provision *provision, struct str event_id,
                     const struct sighting *seen)
{
    if (provision->service_is_event_id && event_id.len == 0)
        return false;
    struct str asked = event_id.len ? event_id : (struct str){0};
    uint32_t field = entry->dataset.event_id_field;
    return holds(datasets, field, &provision->when.all, true, asked, seen) &&
           holds(datasets, field, &provision->when.none, false, asked, seen);
}

static bool lists(const struct str *event_ids, uint32_t n_event_ids, struct str event_id)
{
    for (uint32_t i = 0; i < n_event_ids; i++)
        if (str_eq(event_ids[i], event_id))
            return true;
    return n_event_ids == 0;
}

static int copy_logsource(struct arena *arena, struct logsource *to, const struct logsource *from)
{
    to->product = arena_copy(arena, from->product);
    to->category = arena_copy(arena, from->category);
    to->service = arena_copy(arena, from->service);
    return to->product.ptr && to->category.ptr && to->service.ptr ? 0 : -ENOMEM;
}

/* The logsources of an untagged route. */
static int fill_logsources(struct datasets *datasets, struct route_entry *entry,
                           const struct dataset_entry *dataset, struct str event_id,
                           const struct sighting *seen)
{
    struct logsource found[ROUTE_LOGSOURCES_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < dataset->n_provisions && n < ROUTE_LOGSOURCES_MAX; i++) {
        const struct provision *provision = &dataset->provisions[i];
        if (!provides(datasets, dataset, provision, event_id, seen))
            continue;
        found[n] = provision->logsource;
        if (provision->service_is_event_id)
            found[n].service = entry->route.event_id; /* empty where ids share the route */
        n++;
    }
    struct logsource *copy = arena_zero(&datasets->arena, n ? n : 1, sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        if (copy_logsource(&datasets->arena, &copy[i], &found[i]) < 0)
            return -ENOMEM;
    entry->route.logsources = copy;
    entry->route.n_logsources = n;
    return 0;
}

static int fill_derives(struct datasets *datasets, struct route_entry *entry,
                        const struct dataset_entry *dataset)
{
    entry->derives = arena_zero(&datasets->arena, DERIVES_MAX, sizeof(struct derive *));
    if (!entry->derives)
        return -ENOMEM;
    for (uint32_t i = 0; i < dataset->n_derives && entry->n_derives < DERIVES_MAX; i++) {
        const struct derive *derive = &dataset->derives[i];
        if (entry->route.any_event_id ||
            lists(derive->event_ids, derive->n_event_ids, entry->route.event_id))
            entry->derives[entry->n_derives++] = derive;
    }
    return 0;
}

/* A new entry for the key, whose strings are still the event's. NULL: no memory. */
static struct route_entry *make_entry(struct datasets *datasets, const struct route_key *key,
                                      uint64_t hash, struct str event_id,
                                      const struct sighting *seen)
{
    struct arena *arena = &datasets->arena;
    struct route_entry *entry = arena_zero(arena, 1, sizeof(*entry));
    struct logsource *tags = arena_zero(arena, 1, sizeof(*tags));
    if (!entry || !tags)
        return NULL;
    entry->key = *key;
    entry->hash = hash;
    entry->key.event_id = arena_copy(arena, key->event_id);
    if (!entry->key.event_id.ptr || copy_logsource(arena, tags, &key->tags) < 0)
        return NULL;
    entry->key.tags = *tags;
    entry->route = (struct route){.dataset = key->dataset,
                                  .event_id = entry->key.event_id,
                                  .any_event_id = key->any_event_id,
                                  .n_logsources = 1,
                                  .logsources = tags};
    if (key->dataset == DATASET_NONE)
        return entry;
    const struct dataset_entry *dataset = datasets->entries.items[key->dataset];
    if (!key->tagged && fill_logsources(datasets, entry, dataset, event_id, seen) < 0)
        return NULL;
    return fill_derives(datasets, entry, dataset) < 0 ? NULL : entry;
}

/* Adds the route unless another thread has; ROUTE_NONE when there is no room for it. */
static uint32_t insert(struct datasets *datasets, const struct route_key *key, uint64_t hash,
                       struct str event_id, const struct sighting *seen)
{
    struct route_table *table = &datasets->routes;
    size_t cell;
    if (atomic_load_explicit(&table->count, memory_order_relaxed) >= ROUTES_MAX)
        return ROUTE_NONE;
    pthread_mutex_lock(&table->lock);
    uint32_t number = find(table, key, hash, &cell);
    uint32_t count = atomic_load_explicit(&table->count, memory_order_relaxed);
    if (number == ROUTE_NONE && count < ROUTES_MAX) {
        struct route_entry *entry = make_entry(datasets, key, hash, event_id, seen);
        if (entry) {
            number = count;
            atomic_store_explicit(&table->routes[number], entry, memory_order_release);
            atomic_store_explicit(&table->count, count + 1, memory_order_release);
            atomic_store_explicit(&table->cells[cell], number + 1, memory_order_release);
        }
    }
    pthread_mutex_unlock(&table->lock);
    return number;
}

/* Is the event id the name of a service that rules may ask for? */
static bool is_service(const struct dataset_entry *dataset, struct str event_id)
{
    for (uint32_t i = 0; i < dataset->n_provisions; i++) {
        const struct provision *provision = &dataset->provisions[i];
        if (provision->n_services && lists(provision->services, provision->n_services, event_id))
            return true;
    }
    return false;
}

/* The key of events whose event id gets no route of its own: what they provide tells them apart. */
static void widen_key(const struct datasets *datasets, struct route_key *key, struct str event_id,
                      const struct sighting *seen)
{
    const struct dataset_entry *dataset = datasets->entries.items[key->dataset];
    key->event_id = (struct str){0};
    key->any_event_id = true;
    for (uint32_t i = 0; !key->tagged && i < dataset->n_provisions; i++)
        if (provides(datasets, dataset, &dataset->provisions[i], event_id, seen))
            key->provided |= UINT64_C(1) << i;
}

const struct route_entry *datasets_take_route(struct datasets *datasets, uint32_t dataset,
                                              struct str event_id, const struct logsource *tags,
                                              const struct sighting *seen, uint32_t *ret_number)
{
    struct route_table *table = &datasets->routes;
    struct route_key key = {.dataset = dataset, .event_id = event_id, .tagged = tags != NULL};
    if (tags)
        key.tags = *tags;
    if (dataset != DATASET_NONE) {
        const struct id_list *dynamic = &datasets->entries.items[dataset]->dynamic;
        for (uint32_t i = 0; i < dynamic->count; i++)
            key.dynamic |= (uint32_t)sighting_has(seen, dynamic->ids[i]) << i;
        if (event_id.len > EVENT_ID_MAX)
            widen_key(datasets, &key, event_id, seen);
    }
    size_t cell;
    uint64_t hash = hash_key(&key);
    uint32_t number = find(table, &key, hash, &cell);
    if (number == ROUTE_NONE && dataset != DATASET_NONE && !key.any_event_id &&
        atomic_load_explicit(&table->count, memory_order_relaxed) >= ROUTES_SPLIT_MAX &&
        !is_service(datasets->entries.items[dataset], event_id)) {
        widen_key(datasets, &key, event_id, seen);
        hash = hash_key(&key);
        number = find(table, &key, hash, &cell);
    }
    if (number == ROUTE_NONE)
        number = insert(datasets, &key, hash, event_id, seen);
    *ret_number = number;
    if (number == ROUTE_NONE) {
        atomic_fetch_add_explicit(&table->unrouted, 1, memory_order_relaxed);
        return NULL;
    }
    return atomic_load_explicit(&table->routes[number], memory_order_acquire);
}
