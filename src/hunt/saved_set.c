/* Saved hunts together: those of the content, and those of files that people name. */
#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "hunt/saved.h"

#define SET_MEMORY_MAX ((size_t)256 << 20)

struct saved_set {
    struct arena arena;
    VEC(const struct saved_hunt *) hunts;
};

struct saved_set *saved_set_new(void)
{
    struct saved_set *set = calloc(1, sizeof(*set));
    if (set)
        arena_init(&set->arena, SET_MEMORY_MAX);
    return set;
}

void saved_set_free(struct saved_set *set)
{
    if (!set)
        return;
    vec_free(&set->hunts);
    arena_free(&set->arena);
    free(set);
}

static const struct saved_hunt *find_id(const struct saved_set *set, struct str id)
{
    for (size_t i = 0; i < set->hunts.len; i++)
        if (str_eq_ascii_nocase(set->hunts.items[i]->id, id))
            return set->hunts.items[i];
    return NULL;
}

int saved_set_add(struct saved_set *set, struct str text, struct str origin,
                  const struct attack *attack, const struct tables *tables, struct err *err)
{
    const struct saved_hunt *hunt;
    int status = saved_read(&set->arena, text, attack, &hunt, err);
    if (status == 0)
        status = saved_check(hunt, tables, err);
    if (status < 0)
        return status;
    const struct saved_hunt *same = find_id(set, hunt->id);
    if (same)
        return err_set(err, -EEXIST, "the id '%.*s' is that of %.*s", STR_ARG(hunt->id),
                       STR_ARG(same->origin));
    struct saved_hunt *named = arena_zero(&set->arena, 1, sizeof(*named));
    if (!named)
        return err_set(err, -ENOMEM, "no memory for a saved hunt");
    *named = *hunt;
    named->origin = arena_copy(&set->arena, origin);
    if (!named->origin.ptr || vec_push(&set->hunts, named) < 0)
        return err_set(err, -ENOMEM, "no memory for a saved hunt");
    return 0;
}

int saved_set_load(struct saved_set *set, const struct content *content,
                   const struct attack *attack, const struct tables *tables, struct err *err)
{
    for (size_t i = 0; i < content->files.len; i++) {
        const struct content_file *file = &content->files.items[i];
        if (str_starts(file->name, STR("hunts/")) && str_ends(file->name, SAVED_SUFFIX) &&
            saved_set_add(set, file->bytes, file->origin, attack, tables, err) < 0)
            return err_in(err, file->origin);
    }
    return 0;
}

size_t saved_set_count(const struct saved_set *set)
{
    return set->hunts.len;
}

const struct saved_hunt *saved_set_get(const struct saved_set *set, size_t index)
{
    return set->hunts.items[index];
}

struct str saved_name(struct str origin)
{
    struct str name = {0};
    while (str_cut(&origin, '/', &name))
        ; /* the last part is the file */
    return str_first(name, str_ends(name, SAVED_SUFFIX) ? name.len - SAVED_SUFFIX.len : 0);
}

const struct saved_hunt *saved_set_find(const struct saved_set *set, struct str word)
{
    const struct saved_hunt *hunt = find_id(set, word);
    for (size_t i = set->hunts.len; !hunt && word.len && i > 0; i--)
        if (str_eq(saved_name(set->hunts.items[i - 1]->origin), word))
            hunt = set->hunts.items[i - 1];
    return hunt;
}
