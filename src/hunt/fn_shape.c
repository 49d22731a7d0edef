/*
 * Functions of KQL on dynamic values as a whole: their paths and canonical text, how alike two sets are, arrays sorted beside each other.
 */
#include "base/vec.h"
#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"

#define DEPTH_MAX 64    /* arrays and bags within each other that are walked */
#define PATHS_MAX 65536 /* of treepath() */

/* ---- treepath(): the paths to all that is in a value; elements of an array are one, [0] ---- */

struct paths {
    struct buf json;
    struct buf path;
    VEC(struct buf) known;
};

static bool add_path(struct paths *paths)
{
    for (size_t i = 0; i < paths->known.len; i++)
        if (str_eq(buf_str(&paths->known.items[i]), buf_str(&paths->path)))
            return true;
    struct buf copy = {0};
    buf_add_str(&copy, buf_str(&paths->path));
    buf_add_c(&paths->json, paths->json.len > 1 ? "," : "");
    buf_add_json(&paths->json, buf_str(&paths->path));
    if (paths->known.len < PATHS_MAX && vec_push(&paths->known, copy) == 0)
        return true;
    buf_free(&copy);
    return false;
}

static bool walk_paths(struct str value, unsigned depth, struct paths *paths)
{
    struct json_cursor walk = json_cursor_of(value);
    struct str key, member;
    size_t len = paths->path.len;
    bool whole = depth < DEPTH_MAX;
    while (whole && json_cursor_next(&walk, &key, &member)) {
        if (walk.object)
            buf_printf(&paths->path, "['%.*s']", STR_ARG(key));
        else
            buf_add_c(&paths->path, "[0]");
        whole = add_path(paths) && walk_paths(member, depth + 1, paths);
        paths->path.len = len;
    }
    return whole;
}

NATIVE(treepath)
{
    struct paths paths = {0};
    buf_add_byte(&paths.json, '[');
    bool whole = walk_paths(native_text(call, 0, row), 0, &paths);
    buf_add_byte(&paths.json, ']');
    for (size_t i = 0; i < paths.known.len; i++)
        buf_free(&paths.known.items[i]);
    vec_free(&paths.known);
    buf_free(&paths.path);
    if (!whole)
        buf_clear(&paths.json);
    if (whole)
        native_put(call, row, &paths.json);
    else {
        buf_free(&paths.json);
        call->put_null(call, row);
    }
}

/* ---- dynamic_to_json(): bags in the order of their keys ---- */

struct member {
    struct str key, value;
};

static int compare_members(const void *a, const void *b)
{
    return str_compare(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static bool put_canonical(struct buf *json, struct str value, unsigned depth)
{
    enum dynamic_kind kind = dynamic_kind(value);
    struct json_cursor walk = json_cursor_of(value);
    VEC(struct member) members = {0};
    struct member member;
    bool whole = depth < DEPTH_MAX;
    if (kind != DYNAMIC_ARRAY && kind != DYNAMIC_BAG) {
        buf_add_str(json, value);
        return true;
    }
    while (whole && json_cursor_next(&walk, &member.key, &member.value))
        whole = vec_push(&members, member) == 0;
    if (kind == DYNAMIC_BAG && members.len > 1)
        qsort(members.items, members.len, sizeof(members.items[0]), compare_members);
    buf_add_byte(json, kind == DYNAMIC_BAG ? '{' : '[');
    for (size_t i = 0; whole && i < members.len; i++) {
        buf_add_c(json, i ? "," : "");
        if (kind == DYNAMIC_BAG)
            buf_printf(json, "\"%.*s\":", STR_ARG(members.items[i].key));
        whole = put_canonical(json, members.items[i].value, depth + 1);
    }
    buf_add_byte(json, kind == DYNAMIC_BAG ? '}' : ']');
    vec_free(&members);
    return whole;
}

NATIVE(canonical)
{
    struct buf json = {0}, room = {0};
    struct str value = native_text(call, 0, row);
    if (dynamic_kind(value) == DYNAMIC_STRING)
        call->put_text(call, row, dynamic_text(value, &room));
    else if (put_canonical(&json, value, 0))
        call->put_text(call, row, buf_str(&json));
    else
        call->put_null(call, row);
    buf_free(&room);
    buf_free(&json);
}

/* ---- two sets ---- */

static int compare_values(const void *a, const void *b)
{
    return dynamic_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The distinct elements of an array, in order. */
static bool read_set(struct str array, struct dynamic_list *set)
{
    size_t kept = 0;
    if (dynamic_kind(array) != DYNAMIC_ARRAY || !dynamic_elements(array, set))
        return false;
    if (set->len > 1)
        qsort(set->items, set->len, sizeof(set->items[0]), compare_values);
    for (size_t i = 0; i < set->len; i++)
        if (i == 0 || dynamic_compare(set->items[i], set->items[kept - 1]) != 0)
            set->items[kept++] = set->items[i];
    set->len = kept;
    return true;
}

/* How many elements both have. */
static size_t count_common(const struct dynamic_list *a, const struct dynamic_list *b)
{
    size_t n = 0;
    for (size_t i = 0, k = 0; i < a->len && k < b->len;) {
        int order = dynamic_compare(a->items[i], b->items[k]);
        n += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    return n;
}

struct two_sets {
    struct dynamic_list a, b;
    size_t common;
};

static bool read_sets(struct lake_call *call, uint32_t row, struct two_sets *sets)
{
    *sets = (struct two_sets){0};
    bool whole = read_set(native_text(call, 0, row), &sets->a) &&
                 read_set(native_text(call, 1, row), &sets->b);
    if (whole)
        sets->common = count_common(&sets->a, &sets->b);
    else
        call->put_null(call, row);
    return whole;
}

static void free_sets(struct two_sets *sets)
{
    vec_free(&sets->a);
    vec_free(&sets->b);
}

NATIVE(jaccard)
{
    struct two_sets sets;
    if (read_sets(call, row, &sets)) {
        size_t all = sets.a.len + sets.b.len - sets.common;
        if (all)
            call->doubles[row] = (double)sets.common / (double)all;
        else
            call->put_null(call, row);
    }
    free_sets(&sets);
}

NATIVE(set_equals)
{
    struct two_sets sets;
    if (read_sets(call, row, &sets))
        call->booleans[row] = sets.common == sets.a.len && sets.common == sets.b.len;
    free_sets(&sets);
}

/* ---- array_sort_asc(array, array ..., nulls_last) ---- */

struct sorted {
    struct str value;
    size_t at;
};

/* Nulls behind all, or before; what is equal stays in its order. */
static int compare_sorted(const struct sorted *a, const struct sorted *b, bool descending,
                          bool nulls_last)
{
    bool a_null = dynamic_kind(a->value) == DYNAMIC_NULL;
    bool b_null = dynamic_kind(b->value) == DYNAMIC_NULL;
    if (a_null != b_null)
        return a_null == nulls_last ? 1 : -1;
    int order = dynamic_compare(a->value, b->value);
    if (order)
        return descending ? -order : order;
    return a->at < b->at ? -1 : a->at > b->at;
}

#define COMPARE(name, descending, nulls_last)                                                      \
    static int name(const void *a, const void *b)                                                  \
    {                                                                                              \
        return compare_sorted(a, b, descending, nulls_last);                                       \
    }
COMPARE(ascending_nulls_last, false, true)
COMPARE(ascending_nulls_first, false, false)
COMPARE(descending_nulls_last, true, true)
COMPARE(descending_nulls_first, true, false)

static void put_ordered(struct buf *json, struct str array, const struct sorted *order, size_t n)
{
    struct dynamic_list list = {0};
    bool fits =
        dynamic_kind(array) == DYNAMIC_ARRAY && dynamic_elements(array, &list) && list.len == n;
    for (size_t i = 0; fits && i < n; i++) {
        buf_add_byte(json, i ? ',' : '[');
        buf_add_str(json, list.items[order[i].at]);
    }
    buf_add_c(json, !fits ? "null" : n ? "]" : "[]");
    vec_free(&list);
}

/* kql_array_sort(descending, nulls_last, array, array ...): all of them in the order of the first. */
NATIVE(array_sort)
{
    int (*const compare[2][2])(const void *,
                               const void *) = {{ascending_nulls_first, ascending_nulls_last},
                                                {descending_nulls_first, descending_nulls_last}};
    bool descending = native_integer(call, 0, row) != 0, last = native_integer(call, 1, row) != 0;
    struct json_cursor walk = json_cursor_of(native_text(call, 2, row));
    VEC(struct sorted) order = {0};
    struct sorted item = {0};
    struct str key;
    struct buf json = {0};
    bool whole = dynamic_kind(native_text(call, 2, row)) == DYNAMIC_ARRAY;
    while (whole && json_cursor_next(&walk, &key, &item.value)) {
        whole = vec_push(&order, item) == 0;
        item.at++;
    }
    if (order.len > 1)
        qsort(order.items, order.len, sizeof(order.items[0]), compare[descending][last]);
    for (uint32_t i = 2; whole && i < call->n_arguments; i++) {
        buf_add_byte(&json, i > 2 ? ',' : '[');
        put_ordered(&json, native_text(call, i, row), order.items, order.len);
    }
    buf_add_byte(&json, ']');
    vec_free(&order);
    if (whole)
        native_put(call, row, &json);
    else {
        buf_free(&json);
        call->put_null(call, row);
    }
}

const struct lake_function hunt_shape_natives[] = {
    {.name = "kql_treepath", .result = LAKE_JSON, .parameters = {LAKE_TEXT}, .call = treepath},
    {.name = "kql_canonical", .result = LAKE_TEXT, .parameters = {LAKE_TEXT}, .call = canonical},
    {.name = "kql_jaccard",
     .result = LAKE_DOUBLE,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = jaccard},
    {.name = "kql_set_equals",
     .result = LAKE_BOOLEAN,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = set_equals},
    {.name = "kql_array_sort",
     .result = LAKE_JSON,
     .parameters = {LAKE_INTEGER, LAKE_INTEGER, LAKE_TEXT},
     .variadic = true,
     .call = array_sort},
    {0},
};

/* Of one array the array, of several one column each. A bool at the end says where nulls go. */
static int emit_array_sort(struct hunt_bind *bind, const struct hunt_call *call,
                           struct hunt_value *ret)
{
    uint32_t n = call->n_args;
    bool said = n > 1 && call->args[n - 1].type == KQL_BOOL;
    struct str last = said ? call->args[--n].sql : STR("TRUE");
    struct str arrays = {"", 0}, columns = {"", 0};
    for (uint32_t i = 0; i < n; i++) {
        if (call->args[i].type != KQL_DYNAMIC)
            return hunt_refuse(bind, call->place, "%.*s() sorts arrays", STR_ARG(call->name));
        arrays = hunt_text(bind, "%.*s, %.*s", STR_ARG(arrays), STR_ARG(call->args[i].sql));
        columns = hunt_text(bind, "%.*s%sarray%u: dynamic", STR_ARG(columns), i ? ", " : "", i);
    }
    ret->sql = hunt_text(bind, "kql_array_sort(%d, CAST(%.*s AS BIGINT)%.*s)",
                         str_ends(call->name, STR("desc")), STR_ARG(last), STR_ARG(arrays));
    if (n == 1)
        ret->sql = hunt_text(bind, "json_extract(%.*s, '$[0]')", STR_ARG(ret->sql));
    else
        ret->tuple = columns.ptr;
    return 0;
}

const struct hunt_function hunt_shape_scalars[] = {
    {"treepath(object: dynamic) dynamic", .sql = "kql_treepath($1)", .naming = HUNT_NAMED_PREFIX,
     .prefix = "tree"},
    {"dynamic_to_json(value: dynamic) string", .sql = "kql_canonical($1)"},
    {"jaccard_index(a: dynamic, b: dynamic) real", .sql = "kql_jaccard($1, $2)"},
    {"set_equals(a: dynamic, b: dynamic) bool", .sql = "kql_set_equals($1, $2)"},
    {"array_sort_asc(array: scalar...) dynamic", .emit = emit_array_sort},
    {"array_sort_desc(array: scalar...) dynamic", .emit = emit_array_sort},
    {"array_strcat(array: dynamic, delimiter: string) string", .sql = "kql_strcat_array($1, $2)"},
    {0},
};
