#include "sigma/attack.h"

#include <stdlib.h>

#define TAG_MAX 64 /* longer ones are no tactic's */

void attack_free(struct attack *attack)
{
    vec_free(&attack->tactics);
    vec_free(&attack->techniques);
    map_free(&attack->ids);
    map_free(&attack->tags);
    arena_free(&attack->arena);
    *attack = (struct attack){0};
}

/* "T1059", "T1059.001" */
static bool is_technique(struct str id)
{
    if ((id.len != 5 && id.len != 9) || id.ptr[0] != 'T' || (id.len == 9 && id.ptr[5] != '.'))
        return false;
    for (size_t i = 1; i < id.len; i++)
        if (i != 5 && (id.ptr[i] < '0' || id.ptr[i] > '9'))
            return false;
    return true;
}

/* The four fields of a line. */
struct row {
    struct str kind, id, name, tactics;
};

static int read_tactic(struct attack *attack, const struct row *row, const char **ret_why)
{
    struct attack_tactic tactic = {.id = row->id, .tag = row->tactics, .name = row->name};
    if (attack->tactics.len == ATTACK_TACTICS_MAX) {
        *ret_why = "too many tactics";
        return -EINVAL;
    }
    if (map_put(&attack->tags, tactic.tag, (uint32_t)attack->tactics.len) < 0)
        return -ENOMEM;
    return vec_push(&attack->tactics, tactic);
}

static int read_technique(struct attack *attack, const struct row *row, const char **ret_why)
{
    struct attack_technique technique = {.id = row->id, .name = row->name, .parent = MAP_NONE};
    if (!is_technique(row->id) || attack->techniques.len == ATTACK_TECHNIQUES_MAX) {
        *ret_why = "expected a technique's id, and not too many of them";
        return -EINVAL;
    }
    if (row->id.len > 5) {
        technique.parent = map_get(&attack->ids, str_first(row->id, 5));
        if (technique.parent == MAP_NONE) {
            *ret_why = "a sub-technique comes after its technique";
            return -EINVAL;
        }
        technique.tactics = attack->techniques.items[technique.parent].tactics;
    }
    struct str rest = row->tactics, tag;
    while (rest.len && str_cut(&rest, ' ', &tag)) {
        uint32_t tactic = map_get(&attack->tags, tag);
        if (tactic == MAP_NONE) {
            *ret_why = "a tactic that is not listed";
            return -EINVAL;
        }
        technique.tactics |= UINT32_C(1) << tactic;
    }
    if (map_put(&attack->ids, technique.id, (uint32_t)attack->techniques.len) < 0)
        return -ENOMEM;
    return vec_push(&attack->techniques, technique);
}

static int read_renamed(struct attack *attack, const struct row *row, const char **ret_why)
{
    struct map *map = is_technique(row->id) ? &attack->ids : &attack->tags;
    uint32_t now = map_get(map, row->name);
    if (now == MAP_NONE || map_get(map, row->id) != MAP_NONE) {
        *ret_why = "what it is called now is not listed, or the old name is";
        return -EINVAL;
    }
    return map_put(map, row->id, now) < 0 ? -ENOMEM : 0;
}

static int read_version(struct attack *attack, const struct row *row, const char **ret_why)
{
    (void)ret_why;
    attack->version = row->id;
    return 0;
}

static const struct {
    struct str kind;
    int (*read)(struct attack *attack, const struct row *row, const char **ret_why);
} kinds[] = {
    {{"technique", 9}, read_technique},
    {{"tactic", 6}, read_tactic},
    {{"renamed", 7}, read_renamed},
    {{"version", 7}, read_version},
};

static int read_row(struct attack *attack, struct str line, const char **ret_why)
{
    struct row row = {0};
    struct str *fields[] = {&row.kind, &row.id, &row.name, &row.tactics};
    size_t n = 0;
    while (n < 4 && str_cut(&line, ',', fields[n]))
        n++;
    *ret_why = "expected kind,id,name,tactics";
    if (n < 3 || line.len)
        return -EINVAL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (str_eq(row.kind, kinds[i].kind))
            return kinds[i].read(attack, &row, ret_why);
    return -EINVAL;
}

int attack_read(struct attack *attack, struct str csv, struct err *err)
{
    *attack = (struct attack){0};
    arena_init(&attack->arena, ATTACK_BYTES_MAX);
    struct str rest = arena_copy(&attack->arena, csv), line;
    int r = rest.ptr ? 0 : -ENOMEM;
    const char *why = "no memory";
    for (uint32_t number = 1; r == 0 && str_cut_line(&rest, &line); number++) {
        if (line.len == 0 || line.ptr[0] == '#' || str_starts(line, STR("kind,")))
            continue;
        r = read_row(attack, line, &why);
        if (r < 0)
            err_at(err, r, number, 0, "%s", r == -ENOMEM ? "no memory" : why);
    }
    if (!rest.ptr)
        err_set(err, r, "%s", why);
    if (r < 0)
        attack_free(attack);
    return r;
}

bool attack_tag_technique(struct str tag, char ret_id[static ATTACK_ID_MAX])
{
    if (!str_eq_ascii_nocase(str_first(tag, 7), STR("attack.")))
        return false;
    tag = str_skip(tag, 7);
    if (tag.len >= ATTACK_ID_MAX || tag.len == 0)
        return false;
    char id[ATTACK_ID_MAX] = {0};
    memcpy(id, tag.ptr, tag.len);
    if (id[0] == 't')
        id[0] = 'T';
    if (!is_technique(str_of(id, tag.len)))
        return false;
    memcpy(ret_id, id, sizeof(id));
    return true;
}

const struct attack_technique *attack_find(const struct attack *attack, struct str id)
{
    uint32_t index = map_get(&attack->ids, id);
    return index == MAP_NONE ? NULL : &attack->techniques.items[index];
}

uint32_t attack_tag_tactic(const struct attack *attack, struct str tag)
{
    char name[TAG_MAX];
    if (!str_eq_ascii_nocase(str_first(tag, 7), STR("attack.")) || tag.len - 7 > sizeof(name))
        return MAP_NONE;
    tag = str_skip(tag, 7);
    for (size_t i = 0; i < tag.len; i++) {
        char c = tag.ptr[i];
        name[i] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return map_get(&attack->tags, str_of(name, tag.len));
}
