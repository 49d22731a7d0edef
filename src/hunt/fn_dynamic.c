/*
 * Functions of KQL on arrays and bags.
 */
#include "base/vec.h"
#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"

static bool is_array(struct str value)
{
    return dynamic_kind(value) == DYNAMIC_ARRAY;
}

static void put_list(struct lake_call *call, uint32_t row, struct dynamic_list *list)
{
    struct buf buf = {0};
    dynamic_put(&buf, list->items, list->len);
    native_put(call, row, &buf);
    vec_free(list);
}

/* The elements of an argument; false: it is no array, and the row is NULL. */
static bool take_array(struct lake_call *call, uint32_t argument, uint32_t row,
                       struct dynamic_list *list)
{
    struct str value = native_text(call, argument, row);
    if (is_array(value) && dynamic_elements(value, list))
        return true;
    vec_free(list);
    call->put_null(call, row);
    return false;
}

/* ---- arrays ---- */

NATIVE(array_length)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row));
    struct str key, value;
    int64_t count = 0;
    if (!is_array(native_text(call, 0, row)))
        call->put_null(call, row);
    while (json_cursor_next(&walk, &key, &value))
        count++;
    call->integers[row] = count;
}

/* Several arrays as one; what is no array adds nothing. */
NATIVE(array_concat)
{
    struct dynamic_list list = {0};
    bool whole = true;
    for (uint32_t i = 0; whole && i < call->n_arguments; i++)
        whole = dynamic_elements(native_text(call, i, row), &list);
    if (!whole)
        call->refuse(call, "no memory for an array this long");
    put_list(call, row, &list);
}

/* From index `first` to `last`, both included; negative ones count from the end. */
NATIVE(array_slice)
{
    struct dynamic_list list = {0};
    if (!take_array(call, 0, row, &list))
        return;
    int64_t n = (int64_t)list.len;
    int64_t first = native_integer(call, 1, row), last = native_integer(call, 2, row);
    first = first < 0 ? first + n : first;
    last = last < 0 ? last + n : last;
    first = first < 0 ? 0 : first;
    last = last >= n ? n - 1 : last;
    struct buf buf = {0};
    if (first <= last)
        dynamic_put(&buf, list.items + first, (size_t)(last - first) + 1);
    else
        buf_add_c(&buf, "[]");
    vec_free(&list);
    native_put(call, row, &buf);
}

/* array_split(array, index or indices): an array of arrays. */
NATIVE(array_split)
{
    struct dynamic_list list = {0}, cuts = {0};
    struct str where = native_text(call, 1, row);
    if (!take_array(call, 0, row, &list))
        return;
    bool whole = is_array(where) ? dynamic_elements(where, &cuts) : vec_push(&cuts, where) == 0;
    struct buf buf = {0};
    size_t from = 0;
    buf_add_byte(&buf, '[');
    for (size_t i = 0; whole && i <= cuts.len; i++) {
        int64_t to = (int64_t)list.len;
        if (i < cuts.len && (str_to_i64(cuts.items[i], &to) < 0 || to < 0))
            to = to < 0 && to + (int64_t)list.len > 0 ? to + (int64_t)list.len : 0;
        size_t end = (size_t)to > list.len ? list.len : (size_t)to;
        end = end < from ? from : end;
        buf_add_c(&buf, i ? "," : "");
        dynamic_put(&buf, list.items ? list.items + from : NULL, end - from);
        from = end;
    }
    buf_add_byte(&buf, ']');
    vec_free(&list);
    vec_free(&cuts);
    native_put(call, row, &buf);
}

/* array_index_of(array, value, start, length, occurrence); -1: it is not there. */
NATIVE(array_index_of)
{
    struct dynamic_list list = {0};
    if (!take_array(call, 0, row, &list))
        return;
    int64_t n = (int64_t)list.len, at = native_integer(call, 2, row);
    int64_t length = native_integer(call, 3, row), left = native_integer(call, 4, row);
    at = at < 0 ? at + n : at;
    at = at < 0 ? 0 : at;
    call->integers[row] = -1;
    for (int64_t i = at; i < n && (length < 0 || i - at < length); i++)
        if (dynamic_compare(list.items[i], native_text(call, 1, row)) == 0 && --left <= 0) {
            call->integers[row] = i;
            break;
        }
    vec_free(&list);
}

static int compare_up(const void *a, const void *b)
{
    return dynamic_compare(*(const struct str *)a, *(const struct str *)b);
}

static int compare_down(const void *a, const void *b)
{
    enum dynamic_kind left = dynamic_kind(*(const struct str *)a);
    enum dynamic_kind right = dynamic_kind(*(const struct str *)b);
    if ((left == DYNAMIC_NULL) != (right == DYNAMIC_NULL))
        return left == DYNAMIC_NULL ? 1 : -1;
    return compare_up(b, a);
}

static void sort_array(struct lake_call *call, uint32_t row,
                       int (*compare)(const void *a, const void *b))
{
    struct dynamic_list list = {0};
    if (!take_array(call, 0, row, &list))
        return;
    if (list.len)
        qsort(list.items, list.len, sizeof(*list.items), compare);
    put_list(call, row, &list);
}

NATIVE(array_sort_asc)
{
    sort_array(call, row, compare_up);
}

NATIVE(array_sort_desc)
{
    sort_array(call, row, compare_down);
}

NATIVE(array_reverse)
{
    struct dynamic_list list = {0};
    if (!take_array(call, 0, row, &list))
        return;
    for (size_t i = 0; i < list.len / 2; i++) {
        struct str swapped = list.items[i];
        list.items[i] = list.items[list.len - 1 - i];
        list.items[list.len - 1 - i] = swapped;
    }
    put_list(call, row, &list);
}

/* array_rotate_left(array, n): to the right where n is negative. */
NATIVE(array_rotate)
{
    struct dynamic_list list = {0}, turned = {0};
    if (!take_array(call, 0, row, &list))
        return;
    int64_t n = (int64_t)list.len;
    int64_t by = n ? (native_integer(call, 1, row) % n + n) % n : 0;
    bool whole = true;
    for (int64_t i = 0; whole && i < n; i++)
        whole = vec_push(&turned, list.items[(i + by) % n]) == 0;
    vec_free(&list);
    put_list(call, row, &turned);
}

/* array_shift_left(array, n, fill) */
NATIVE(array_shift)
{
    struct dynamic_list list = {0}, moved = {0};
    if (!take_array(call, 0, row, &list))
        return;
    int64_t n = (int64_t)list.len, by = native_integer(call, 1, row);
    struct str fill = native_text(call, 2, row);
    bool whole = true;
    for (int64_t i = 0; whole && i < n; i++) {
        bool inside = by >= -n && by <= n && i + by >= 0 && i + by < n;
        whole = vec_push(&moved, inside ? list.items[i + by] : fill) == 0;
    }
    vec_free(&list);
    put_list(call, row, &moved);
}

/* array_iff(conditions, then, else): element by element; a scalar stands for all of an array. */
NATIVE(array_iff)
{
    struct dynamic_list tests = {0}, then = {0}, otherwise = {0}, chosen = {0};
    if (!take_array(call, 0, row, &tests))
        return;
    struct str a = native_text(call, 1, row), b = native_text(call, 2, row);
    bool whole = dynamic_elements(a, &then) && dynamic_elements(b, &otherwise);
    for (size_t i = 0; whole && i < tests.len; i++) {
        struct str test = str_trim(tests.items[i]);
        bool yes = str_eq(test, STR("true")) ||
                   (dynamic_kind(test) == DYNAMIC_NUMBER && !str_eq(test, STR("0")));
        const struct dynamic_list *list = yes ? &then : &otherwise;
        struct str value = yes ? a : b;
        if (is_array(value))
            value = i < list->len ? list->items[i] : STR("null");
        whole = vec_push(&chosen, dynamic_kind(test) == DYNAMIC_NULL ? STR("null") : value) == 0;
    }
    vec_free(&tests);
    vec_free(&then);
    vec_free(&otherwise);
    put_list(call, row, &chosen);
}

NATIVE(array_sum)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row));
    struct str key, value;
    double sum = 0, number;
    bool numbers = is_array(native_text(call, 0, row));
    while (numbers && json_cursor_next(&walk, &key, &value)) {
        numbers = str_to_double(value, &number) == 0;
        sum += numbers ? number : 0;
    }
    call->doubles[row] = sum;
    if (!numbers)
        call->put_null(call, row);
}

/* zip([1,2],["a","b"]): [[1,"a"],[2,"b"]]; null where an array is shorter. */
NATIVE(zip)
{
    struct json_cursor walks[LAKE_PARAMETERS_MAX];
    uint32_t n = call->n_arguments < LAKE_PARAMETERS_MAX ? call->n_arguments : LAKE_PARAMETERS_MAX;
    for (uint32_t i = 0; i < n; i++)
        walks[i] = json_cursor_of(native_text(call, i, row));
    struct buf buf = {0};
    bool some = true;
    for (size_t k = 0; some; k++) {
        struct str values[LAKE_PARAMETERS_MAX], key;
        some = false;
        for (uint32_t i = 0; i < n; i++) {
            values[i] = STR("null");
            some = json_cursor_next(&walks[i], &key, &values[i]) || some;
        }
        if (some) {
            buf_add_c(&buf, k ? "," : "[");
            dynamic_put(&buf, values, n);
        }
    }
    buf_add_c(&buf, buf.len ? "]" : "[]");
    native_put(call, row, &buf);
}

/* ---- sets ---- */

static bool holds(const struct dynamic_list *list, struct str value)
{
    for (size_t i = 0; i < list->len; i++)
        if (dynamic_compare(list->items[i], value) == 0)
            return true;
    return false;
}

static bool add_distinct(struct dynamic_list *list, struct str value)
{
    return holds(list, value) || vec_push(list, value) == 0;
}

NATIVE(set_union)
{
    struct dynamic_list all = {0}, set = {0};
    bool whole = true;
    for (uint32_t i = 0; whole && i < call->n_arguments; i++)
        whole = dynamic_elements(native_text(call, i, row), &all);
    for (size_t i = 0; whole && i < all.len; i++)
        whole = add_distinct(&set, all.items[i]);
    vec_free(&all);
    if (!whole)
        call->refuse(call, "no memory for a set this large");
    put_list(call, row, &set);
}

/* Of the first array, what is in all others (`wanted`), or in none of them. */
static void put_filtered(struct lake_call *call, uint32_t row, bool wanted)
{
    struct dynamic_list set = {0}, first = {0};
    bool whole = dynamic_elements(native_text(call, 0, row), &first);
    for (size_t i = 0; whole && i < first.len; i++)
        whole = add_distinct(&set, first.items[i]);
    vec_free(&first);
    for (uint32_t k = 1; whole && k < call->n_arguments; k++) {
        struct dynamic_list other = {0};
        size_t kept = 0;
        whole = dynamic_elements(native_text(call, k, row), &other);
        for (size_t i = 0; i < set.len; i++)
            if (holds(&other, set.items[i]) == wanted)
                set.items[kept++] = set.items[i];
        set.len = kept;
        vec_free(&other);
    }
    if (!whole)
        call->refuse(call, "no memory for a set this large");
    put_list(call, row, &set);
}

NATIVE(set_intersect)
{
    put_filtered(call, row, true);
}

NATIVE(set_difference)
{
    put_filtered(call, row, false);
}

NATIVE(set_has_element)
{
    struct dynamic_list list = {0};
    call->booleans[row] =
        take_array(call, 0, row, &list) && holds(&list, native_text(call, 1, row));
    vec_free(&list);
}

/* ---- bags ---- */

NATIVE(bag_keys)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row));
    struct dynamic_list keys = {0};
    struct str key, value;
    bool whole = true;
    if (!walk.object) {
        call->put_null(call, row);
        return;
    }
    while (whole && json_cursor_next(&walk, &key, &value))
        whole = vec_push(&keys, str_of(key.ptr - 1, key.len + 2)) == 0;
    put_list(call, row, &keys);
}

static void put_member(struct buf *buf, struct str key, struct str value)
{
    buf_add_byte(buf, buf->len ? ',' : '{');
    buf_add(buf, key.ptr - 1, key.len + 2);
    buf_add_byte(buf, ':');
    buf_add_str(buf, value);
}

static bool has_member(const struct dynamic_list *keys, struct str key)
{
    for (size_t i = 0; i < keys->len; i++)
        if (str_eq(keys->items[i], key))
            return true;
    return false;
}

/* Of a key that several bags have, the leftmost value. */
NATIVE(bag_merge)
{
    struct buf buf = {0};
    struct dynamic_list keys = {0};
    bool whole = true;
    for (uint32_t i = 0; whole && i < call->n_arguments; i++) {
        struct json_cursor walk = json_cursor_of(native_text(call, i, row));
        struct str key, value;
        while (whole && walk.object && json_cursor_next(&walk, &key, &value)) {
            if (has_member(&keys, key))
                continue;
            put_member(&buf, key, value);
            whole = vec_push(&keys, key) == 0;
        }
    }
    vec_free(&keys);
    buf_add_c(&buf, buf.len ? "}" : "{}");
    native_put(call, row, &buf);
}

static bool listed(struct str keys, struct str key)
{
    struct json_cursor walk = json_cursor_of(keys);
    struct str ignored, value;
    while (json_cursor_next(&walk, &ignored, &value))
        if (str_eq(str_trim(value), str_of(key.ptr - 1, key.len + 2)))
            return true;
    return false;
}

NATIVE(bag_remove_keys)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row));
    struct str key, value;
    struct buf buf = {0};
    if (!walk.object) {
        call->put_null(call, row);
        return;
    }
    while (json_cursor_next(&walk, &key, &value))
        if (!listed(native_text(call, 1, row), key))
            put_member(&buf, key, value);
    buf_add_c(&buf, buf.len ? "}" : "{}");
    native_put(call, row, &buf);
}

NATIVE(bag_has_key)
{
    struct str bag = native_text(call, 0, row);
    if (dynamic_kind(bag) != DYNAMIC_BAG)
        call->put_null(call, row);
    call->booleans[row] = dynamic_member(bag, native_text(call, 1, row)).ptr != NULL;
}

/* bag_set_key(bag, key, value) */
NATIVE(bag_set_key)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row));
    struct str key, value, wanted;
    struct buf buf = {0}, quoted = {0};
    if (!walk.object) {
        call->put_null(call, row);
        return;
    }
    buf_add_json(&quoted, native_text(call, 1, row));
    wanted = quoted.len > 1 ? str_of(quoted.ptr + 1, quoted.len - 2) : (struct str){0};
    bool there = false;
    while (json_cursor_next(&walk, &key, &value)) {
        bool same = str_eq(key, wanted);
        put_member(&buf, key, same ? native_text(call, 2, row) : value);
        there = there || same;
    }
    if (!there && wanted.ptr)
        put_member(&buf, wanted, native_text(call, 2, row));
    buf_add_byte(&buf, '}');
    buf_free(&quoted);
    native_put(call, row, &buf);
}

/* pack_all(true): without what is null or an empty string. */
NATIVE(bag_trim)
{
    struct json_cursor walk = json_cursor_of(native_text(call, 0, row));
    struct str key, value;
    struct buf buf = {0};
    while (walk.object && json_cursor_next(&walk, &key, &value))
        if (!str_eq(value, STR("null")) && !str_eq(value, STR("\"\"")))
            put_member(&buf, key, value);
    buf_add_c(&buf, buf.len ? "}" : "{}");
    native_put(call, row, &buf);
}

/* bag_zip(["a"],[1]): {"a":1} */
NATIVE(bag_zip)
{
    struct json_cursor keys = json_cursor_of(native_text(call, 0, row));
    struct json_cursor values = json_cursor_of(native_text(call, 1, row));
    struct str ignored, key, value;
    struct buf buf = {0};
    while (!keys.object && json_cursor_next(&keys, &ignored, &key)) {
        value = STR("null");
        json_cursor_next(&values, &ignored, &value);
        if (dynamic_kind(key) == DYNAMIC_STRING && key.len > 1)
            put_member(&buf, str_of(key.ptr + 1, key.len - 2), value);
    }
    buf_add_c(&buf, buf.len ? "}" : "{}");
    native_put(call, row, &buf);
}

#define ARRAY(name_, call_)                                                                        \
    {                                                                                              \
        .name = name_, .result = LAKE_JSON, .parameters = {LAKE_TEXT}, .call = call_               \
    }
#define ARRAYS(name_, call_)                                                                       \
    {                                                                                              \
        .name = name_, .result = LAKE_JSON, .parameters = {LAKE_TEXT}, .variadic = true,           \
        .takes_nulls = true, .call = call_                                                         \
    }

const struct lake_function hunt_dynamic_natives[] = {
    {.name = "kql_array_length",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_TEXT},
     .call = array_length},
    ARRAYS("kql_array_concat", array_concat),
    {.name = "kql_array_slice",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_INTEGER, LAKE_INTEGER},
     .call = array_slice},
    {.name = "kql_array_split",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = array_split},
    {.name = "kql_array_index_of",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_INTEGER, LAKE_INTEGER, LAKE_INTEGER},
     .call = array_index_of},
    ARRAY("kql_array_sort_asc", array_sort_asc),
    ARRAY("kql_array_sort_desc", array_sort_desc),
    ARRAY("kql_array_reverse", array_reverse),
    {.name = "kql_array_rotate",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_INTEGER},
     .call = array_rotate},
    {.name = "kql_array_shift",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_INTEGER, LAKE_TEXT},
     .call = array_shift},
    {.name = "kql_array_iff",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_TEXT},
     .call = array_iff},
    {.name = "kql_array_sum", .result = LAKE_DOUBLE, .parameters = {LAKE_TEXT}, .call = array_sum},
    ARRAYS("kql_zip", zip),
    ARRAYS("kql_set_union", set_union),
    ARRAYS("kql_set_intersect", set_intersect),
    ARRAYS("kql_set_difference", set_difference),
    {.name = "kql_set_has_element",
     .result = LAKE_BOOLEAN,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = set_has_element},
    ARRAY("kql_bag_keys", bag_keys),
    ARRAYS("kql_bag_merge", bag_merge),
    {.name = "kql_bag_remove_keys",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = bag_remove_keys},
    {.name = "kql_bag_has_key",
     .result = LAKE_BOOLEAN,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = bag_has_key},
    {.name = "kql_bag_set_key",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT, LAKE_TEXT},
     .call = bag_set_key},
    ARRAY("kql_bag_trim", bag_trim),
    {.name = "kql_bag_zip",
     .result = LAKE_JSON,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = bag_zip},
    {0},
};

/* ---- the rows ---- */

static int emit_pack_array(struct hunt_bind *bind, const struct hunt_call *call,
                           struct hunt_value *ret)
{
    struct str list = {"", 0};
    for (uint32_t i = 0; i < call->n_args; i++)
        list = hunt_text(bind, "%.*s%s%.*s", STR_ARG(list), i ? ", " : "",
                         STR_ARG(hunt_element(bind, call->args[i])));
    ret->sql = hunt_text(bind, "json_array(%.*s)", STR_ARG(list));
    ret->filled = true;
    return 0;
}

/* bag_pack(key, value, key, value ...) */
static int emit_pack(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    if (call->n_args % 2)
        return hunt_refuse(bind, call->place, "%.*s() takes pairs of a key and a value",
                           STR_ARG(call->name));
    struct str list = {"", 0};
    for (uint32_t i = 0; i < call->n_args; i += 2) {
        struct hunt_value key = hunt_convert(bind, call->args[i], KQL_STRING);
        list = hunt_text(bind, "%.*s%s%.*s, %.*s", STR_ARG(list), i ? ", " : "", STR_ARG(key.sql),
                         STR_ARG(hunt_element(bind, call->args[i + 1])));
    }
    ret->sql = hunt_text(bind, "json_object(%.*s)", STR_ARG(list));
    ret->filled = true;
    return 0;
}

/* A value among the elements of an array: the SQL of its JSON. */
static int emit_with_element(struct hunt_bind *bind, const struct hunt_call *call,
                             struct hunt_value *ret)
{
    bool set = str_eq(call->name, STR("set_has_element"));
    struct str element = hunt_element(bind, call->args[1]), rest = {"", 0};
    for (uint32_t i = 2; i < 5 && !set; i++) {
        static const char *const defaults[] = {"0", "-1", "1"};
        rest = i < call->n_args
                   ? hunt_text(bind, "%.*s, %.*s", STR_ARG(rest), STR_ARG(call->args[i].sql))
                   : hunt_text(bind, "%.*s, %s", STR_ARG(rest), defaults[i - 2]);
    }
    ret->sql =
        hunt_text(bind, "%s(%.*s, %.*s%.*s)", set ? "kql_set_has_element" : "kql_array_index_of",
                  STR_ARG(call->args[0].sql), STR_ARG(element), STR_ARG(rest));
    return 0;
}

static int emit_set_key(struct hunt_bind *bind, const struct hunt_call *call,
                        struct hunt_value *ret)
{
    struct str element = hunt_element(bind, call->args[2]);
    ret->sql = hunt_text(bind, "kql_bag_set_key(%.*s, %.*s, %.*s)", STR_ARG(call->args[0].sql),
                         STR_ARG(call->args[1].sql), STR_ARG(element));
    return 0;
}

static int emit_shift(struct hunt_bind *bind, const struct hunt_call *call, struct hunt_value *ret)
{
    bool right = str_eq(call->name, STR("array_shift_right"));
    struct str fill = call->n_args > 2 ? hunt_element(bind, call->args[2]) : STR("'null'");
    ret->sql = hunt_text(bind, "kql_array_shift(%.*s, %s%.*s, %.*s)", STR_ARG(call->args[0].sql),
                         right ? "-" : "", STR_ARG(call->args[1].sql), STR_ARG(fill));
    return 0;
}

/* array_iff(conditions, then, else): scalars as JSON. */
static int emit_array_iff(struct hunt_bind *bind, const struct hunt_call *call,
                          struct hunt_value *ret)
{
    struct str then = hunt_element(bind, call->args[1]);
    struct str otherwise = hunt_element(bind, call->args[2]);
    ret->sql = hunt_text(bind, "kql_array_iff(%.*s, %.*s, %.*s)", STR_ARG(call->args[0].sql),
                         STR_ARG(then), STR_ARG(otherwise));
    return 0;
}

const struct hunt_function hunt_dynamic_scalars[] = {
    {"array_length(array: dynamic) long", .sql = "kql_array_length($1)"},
    {"arraylength(array: dynamic) long", .sql = "kql_array_length($1)"},
    {"array_concat(array: dynamic...) dynamic", .sql = "kql_array_concat($*)"},
    {"array_slice(array: dynamic, first: long, last: long = -1) dynamic",
     .sql = "kql_array_slice($1, $2, $3)"},
    {"array_split(array: dynamic, index: dynamic) dynamic", .sql = "kql_array_split($1, $2)"},
    {"array_index_of(array: dynamic, value: scalar, start: long?, length: long?, occurrence: "
     "long?) long",
     .emit = emit_with_element},
    {"array_reverse(array: dynamic) dynamic", .sql = "kql_array_reverse($1)"},
    {"array_rotate_left(array: dynamic, n: long) dynamic", .sql = "kql_array_rotate($1, $2)"},
    {"array_rotate_right(array: dynamic, n: long) dynamic", .sql = "kql_array_rotate($1, -$2)"},
    {"array_shift_left(array: dynamic, n: long, fill: scalar?) dynamic", .emit = emit_shift},
    {"array_shift_right(array: dynamic, n: long, fill: scalar?) dynamic", .emit = emit_shift},
    {"array_iff(conditions: dynamic, then: scalar, otherwise: scalar) dynamic",
     .emit = emit_array_iff},
    {"array_iif(conditions: dynamic, then: scalar, otherwise: scalar) dynamic",
     .emit = emit_array_iff},
    {"array_sum(array: dynamic) real", .sql = "kql_array_sum($1)"},
    {"zip(array: dynamic...) dynamic", .sql = "kql_zip($*)"},
    {"set_union(array: dynamic...) dynamic", .sql = "kql_set_union($*)"},
    {"set_intersect(array: dynamic...) dynamic", .sql = "kql_set_intersect($*)"},
    {"set_difference(array: dynamic...) dynamic", .sql = "kql_set_difference($*)"},
    {"set_has_element(array: dynamic, value: scalar) bool", .emit = emit_with_element},
    {"bag_keys(bag: dynamic) dynamic", .sql = "kql_bag_keys($1)"},
    {"bag_merge(bag: dynamic...) dynamic", .sql = "kql_bag_merge($*)"},
    {"bag_remove_keys(bag: dynamic, keys: dynamic) dynamic", .sql = "kql_bag_remove_keys($1, $2)"},
    {"bag_has_key(bag: dynamic, key: string) bool", .sql = "kql_bag_has_key($1, $2)"},
    {"bag_set_key(bag: dynamic, key: string, value: scalar) dynamic", .emit = emit_set_key},
    {"bag_zip(keys: dynamic, values: dynamic) dynamic", .sql = "kql_bag_zip($1, $2)"},
    {"pack_array(value: scalar...) dynamic", .emit = emit_pack_array},
    {"pack(part: scalar...) dynamic", .emit = emit_pack},
    {"bag_pack(part: scalar...) dynamic", .emit = emit_pack},
    {"pack_dictionary(part: scalar...) dynamic", .emit = emit_pack},
    {"repeat(value: scalar, times: long) dynamic",
     .sql = "to_json(list_transform(range(0, $2), lambda i: $1))", .naming = HUNT_NAMED_PREFIX},
    {"range(first: long, last: long, step: long = 1) dynamic",
     .sql = "to_json(generate_series($1, $2, $3))"},
    {0},
};
