#include "hunt/catalogue.h"

#include <errno.h>
#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"

#define SHELF_MAX 16 /* scopes whose columns are kept */
#define CATALOGUE_ARENA_MAX ((size_t)256 << 20)

struct hunt_dataset {
    struct str name;
    VEC(struct lake_column) columns;
    struct map fields; /* native name → index of columns */
};

struct hunt_catalogue {
    struct arena arena;
    VEC(struct hunt_dataset *) datasets;
    struct map names;
    struct str scope; /* on a shelf: whose columns they are, as one text; .. */
    uint64_t version; /* .. as of this version of the lake */
    uint32_t holders; /* hunts, and the shelf */
};

struct hunt_shelf {
    const struct lake_ops *ops;
    struct lake *lake;
    pthread_mutex_t lock;
    struct hunt_catalogue *catalogues[SHELF_MAX]; /* of a scope each, the one used last first */
};

struct hunt_catalogue *hunt_catalogue_new(void)
{
    struct hunt_catalogue *catalogue = calloc(1, sizeof(*catalogue));
    if (catalogue)
        arena_init(&catalogue->arena, CATALOGUE_ARENA_MAX);
    return catalogue;
}

void hunt_catalogue_free(struct hunt_catalogue *catalogue)
{
    if (!catalogue)
        return;
    for (size_t i = 0; i < catalogue->datasets.len; i++) {
        vec_free(&catalogue->datasets.items[i]->columns);
        map_free(&catalogue->datasets.items[i]->fields);
    }
    vec_free(&catalogue->datasets);
    map_free(&catalogue->names);
    arena_free(&catalogue->arena);
    free(catalogue);
}

static struct hunt_dataset *dataset_find(const struct hunt_catalogue *catalogue, struct str name)
{
    uint32_t index = map_get(&catalogue->names, name);
    return index == MAP_NONE ? NULL : catalogue->datasets.items[index];
}

static struct hunt_dataset *dataset_add(struct hunt_catalogue *catalogue, struct str name)
{
    struct hunt_dataset *dataset = arena_zero(&catalogue->arena, 1, sizeof(*dataset));
    if (!dataset || vec_reserve(&catalogue->datasets, catalogue->datasets.len + 1) < 0)
        return NULL;
    dataset->name = arena_copy(&catalogue->arena, name);
    if (!dataset->name.ptr ||
        map_put(&catalogue->names, dataset->name, (uint32_t)catalogue->datasets.len) < 0)
        return NULL;
    catalogue->datasets.items[catalogue->datasets.len++] = dataset;
    return dataset;
}

int hunt_catalogue_add(struct hunt_catalogue *catalogue, struct str dataset_name,
                       const struct lake_column *column)
{
    struct hunt_dataset *dataset = dataset_find(catalogue, dataset_name);
    if (!dataset)
        dataset = dataset_add(catalogue, dataset_name);
    struct lake_column copy = *column;
    copy.field = arena_copy(&catalogue->arena, column->field);
    copy.name = arena_copy(&catalogue->arena, column->name);
    if (!dataset || !copy.field.ptr || !copy.name.ptr)
        return -ENOMEM;
    uint32_t index = map_get(&dataset->fields, copy.field);
    if (index != MAP_NONE) {
        dataset->columns.items[index] = copy;
        return 0;
    }
    if (map_put(&dataset->fields, copy.field, (uint32_t)dataset->columns.len) < 0)
        return -ENOMEM;
    return vec_push(&dataset->columns, copy);
}

struct reading {
    struct hunt_catalogue *catalogue;
    struct str dataset;
};

static int read_column(void *context, const struct lake_column *column)
{
    struct reading *reading = context;
    return hunt_catalogue_add(reading->catalogue, reading->dataset, column);
}

static int note_dataset(void *context, struct str dataset)
{
    struct hunt_catalogue *catalogue = context;
    return dataset_find(catalogue, dataset) || dataset_add(catalogue, dataset) ? 0 : -ENOMEM;
}

/* Names first: the lake is not asked while it answers. */
int hunt_catalogue_read(struct hunt_catalogue *catalogue, const struct lake_ops *ops,
                        struct lake *lake, const struct lake_scope *scope)
{
    struct reading reading = {.catalogue = catalogue};
    int status = ops->datasets(lake, scope, note_dataset, catalogue);
    for (size_t i = 0; status == 0 && i < catalogue->datasets.len; i++) {
        reading.dataset = catalogue->datasets.items[i]->name;
        status = ops->columns(lake, reading.dataset, scope, read_column, &reading);
    }
    return status;
}

bool hunt_catalogue_has(const struct hunt_catalogue *catalogue, struct str dataset)
{
    return dataset_find(catalogue, dataset) != NULL;
}

/* ---- the shelf ---- */

struct hunt_shelf *hunt_shelf_new(const struct lake_ops *ops, struct lake *lake)
{
    struct hunt_shelf *shelf = calloc(1, sizeof(*shelf));
    if (!shelf)
        return NULL;
    shelf->ops = ops;
    shelf->lake = lake;
    pthread_mutex_init(&shelf->lock, NULL);
    return shelf;
}

static void let_go(struct hunt_catalogue *catalogue)
{
    if (catalogue && --catalogue->holders == 0)
        hunt_catalogue_free(catalogue);
}

void hunt_shelf_free(struct hunt_shelf *shelf)
{
    if (!shelf)
        return;
    for (size_t i = 0; i < SHELF_MAX; i++)
        let_go(shelf->catalogues[i]);
    pthread_mutex_destroy(&shelf->lock);
    free(shelf);
}

/* The agencies of a scope, each behind its length; nothing for all. */
static void write_scope(struct buf *out, const struct lake_scope *scope)
{
    if (!scope->all)
        buf_printf(out, "%zu:", scope->n);
    for (size_t i = 0; !scope->all && i < scope->n; i++)
        buf_printf(out, "%zu:%.*s", scope->agencies[i].len, STR_ARG(scope->agencies[i]));
}

/* The version is asked first: what comes while the columns are read makes them old. */
static struct hunt_catalogue *read_anew(struct hunt_shelf *shelf, const struct lake_scope *scope,
                                        struct str key)
{
    uint64_t version = shelf->ops->version(shelf->lake);
    struct hunt_catalogue *catalogue = hunt_catalogue_new();
    if (!catalogue)
        return NULL;
    catalogue->holders = 1;
    catalogue->version = version;
    catalogue->scope = arena_copy(&catalogue->arena, key);
    if (catalogue->scope.ptr && hunt_catalogue_read(catalogue, shelf->ops, shelf->lake, scope) == 0)
        return catalogue;
    hunt_catalogue_free(catalogue);
    return NULL;
}

/* The catalogue of the scope, taken to the first place; an old one, or else the one used longest ago, makes room. */
static struct hunt_catalogue *find(struct hunt_shelf *shelf, const struct lake_scope *scope,
                                   struct str key)
{
    struct hunt_catalogue **places = shelf->catalogues;
    size_t at = 0;
    while (at < SHELF_MAX - 1 && places[at] && !str_eq(places[at]->scope, key))
        at++;
    struct hunt_catalogue *catalogue = places[at];
    if (!catalogue || !str_eq(catalogue->scope, key) ||
        catalogue->version != shelf->ops->version(shelf->lake)) {
        let_go(catalogue);
        catalogue = read_anew(shelf, scope, key);
    }
    memmove(places + 1, places, at * sizeof(struct hunt_catalogue *));
    places[0] = catalogue;
    return catalogue;
}

const struct hunt_catalogue *hunt_shelf_take(struct hunt_shelf *shelf,
                                             const struct lake_scope *scope)
{
    struct hunt_catalogue *catalogue = NULL;
    struct buf key = {0};
    write_scope(&key, scope);
    pthread_mutex_lock(&shelf->lock);
    if (!key.failed)
        catalogue = find(shelf, scope, buf_str(&key));
    if (catalogue)
        catalogue->holders++;
    pthread_mutex_unlock(&shelf->lock);
    buf_free(&key);
    return catalogue;
}

void hunt_shelf_give(struct hunt_shelf *shelf, const struct hunt_catalogue *catalogue)
{
    if (!catalogue)
        return;
    pthread_mutex_lock(&shelf->lock);
    let_go((struct hunt_catalogue *)(uintptr_t)catalogue);
    pthread_mutex_unlock(&shelf->lock);
}

const struct lake_column *hunt_catalogue_find(const struct hunt_catalogue *catalogue,
                                              struct str dataset_name, struct str field)
{
    const struct hunt_dataset *dataset = dataset_find(catalogue, dataset_name);
    uint32_t index = dataset ? map_get(&dataset->fields, field) : MAP_NONE;
    return index == MAP_NONE ? NULL : &dataset->columns.items[index];
}

const struct lake_column *hunt_catalogue_next(const struct hunt_catalogue *catalogue,
                                              struct str dataset_name, uint32_t *at)
{
    const struct hunt_dataset *dataset = dataset_find(catalogue, dataset_name);
    return dataset && *at < dataset->columns.len ? &dataset->columns.items[(*at)++] : NULL;
}
