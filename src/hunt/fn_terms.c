/*
 * has, contains and their kin, as SQL calls them, and the functions of KQL that look for terms.
 */
#include "base/vec.h"
#include "hunt/dynamic.h"
#include "hunt/function.h"
#include "hunt/native.h"
#include "hunt/terms.h"

/* What is asked of a text; the context of a function. */
struct search {
    bool (*test)(struct str text, const struct terms_needle *needle);
    bool nocase;
};

static bool has(struct str text, const struct terms_needle *needle)
{
    return terms_has(text, needle, true, true);
}

static bool has_prefix(struct str text, const struct terms_needle *needle)
{
    return terms_has(text, needle, true, false);
}

static bool has_suffix(struct str text, const struct terms_needle *needle)
{
    return terms_has(text, needle, false, true);
}

static bool contains(struct str text, const struct terms_needle *needle)
{
    return terms_find(text, needle, 0) != SIZE_MAX;
}

static struct search search_has = {has, true}, search_has_cs = {has, false},
                     search_prefix = {has_prefix, true}, search_prefix_cs = {has_prefix, false},
                     search_suffix = {has_suffix, true}, search_suffix_cs = {has_suffix, false},
                     search_contains = {contains, true}, search_contains_cs = {contains, false},
                     search_starts = {terms_starts, true}, search_ends = {terms_ends, true},
                     search_equals = {terms_equals, true};

/* What is looked for is nearly always the same in all rows: made ready when it changes. */
static void search_one(struct lake_call *call)
{
    const struct search *search = call->context;
    struct terms_needle needle = {0};
    for (uint32_t row = 0; row < call->n_rows; row++) {
        struct str wanted = native_text(call, 1, row);
        if (row == 0 || !str_eq(wanted, needle.text))
            needle = terms_needle(wanted, search->nocase);
        call->booleans[row] = search->test(native_text(call, 0, row), &needle);
    }
}

/* ---- lists ---- */

/* Texts to look for: of an array, and of arrays in it. */
struct needles {
    struct str array; /* that they are of */
    VEC(struct terms_needle) list;
    struct buf *texts; /* the unescaped ones; as many as list.len, mostly empty */
};

static void needles_free(struct needles *needles)
{
    for (size_t i = 0; i < needles->list.len; i++)
        buf_free(&needles->texts[i]);
    free(needles->texts);
    vec_free(&needles->list);
    *needles = (struct needles){0};
}

static bool needles_read(struct needles *needles, struct str array)
{
    needles_free(needles);
    needles->array = array;
    struct dynamic_list elements = {0};
    bool array_given = dynamic_kind(array) == DYNAMIC_ARRAY;
    bool whole = array_given ? dynamic_elements(array, &elements) : vec_push(&elements, array) == 0;
    for (size_t i = 0; whole && i < elements.len; i++) {
        struct str element = elements.items[i];
        if (array_given && dynamic_kind(element) == DYNAMIC_ARRAY)
            whole = dynamic_elements(element, &elements);
    }
    needles->texts = calloc(elements.len + 1, sizeof(*needles->texts));
    whole = whole && needles->texts;
    for (size_t i = 0; whole && i < elements.len; i++) {
        if (dynamic_kind(elements.items[i]) == DYNAMIC_ARRAY)
            continue;
        struct str text = dynamic_text(elements.items[i], &needles->texts[needles->list.len]);
        whole = vec_push(&needles->list, terms_needle(text, true)) == 0;
    }
    vec_free(&elements);
    return whole;
}

static bool has_any(struct str text, const struct needles *needles, bool all)
{
    for (size_t i = 0; i < needles->list.len; i++)
        if (has(text, &needles->list.items[i]) != all)
            return !all;
    return all;
}

static void search_list(struct lake_call *call, bool all)
{
    struct needles needles = {0};
    for (uint32_t row = 0; row < call->n_rows; row++) {
        struct str array = native_text(call, 1, row);
        bool same = row > 0 && (array.ptr == needles.array.ptr || str_eq(array, needles.array));
        if (!same && !needles_read(&needles, array)) {
            call->refuse(call, "no memory for a list of texts");
            break;
        }
        call->booleans[row] = has_any(native_text(call, 0, row), &needles, all);
    }
    needles_free(&needles);
}

static void search_any(struct lake_call *call)
{
    search_list(call, false);
}

static void search_all(struct lake_call *call)
{
    search_list(call, true);
}

NATIVE(has_any_index)
{
    struct needles needles = {0};
    call->integers[row] = -1;
    if (!needles_read(&needles, native_text(call, 1, row)))
        call->refuse(call, "no memory for a list of texts");
    for (size_t i = needles.list.len; i-- > 0;)
        if (has(native_text(call, 0, row), &needles.list.items[i]))
            call->integers[row] = (int64_t)i;
    needles_free(&needles);
}

/* Occurrences that may overlap: countof() of kind "normal". */
NATIVE(count_of)
{
    struct terms_needle needle = terms_needle(native_text(call, 1, row), false);
    struct str text = native_text(call, 0, row);
    int64_t count = 0;
    for (size_t at = 0; needle.text.len && (at = terms_find(text, &needle, at)) != SIZE_MAX; at++)
        count++;
    call->integers[row] = count;
}

#define SEARCH(text, search_)                                                                      \
    {                                                                                              \
        .name = text, .result = LAKE_BOOLEAN, .parameters = {LAKE_TEXT, LAKE_TEXT},                \
        .call = search_one, .context = &(search_)                                                  \
    }

const struct lake_function hunt_terms_natives[] = {
    SEARCH("kql_has", search_has),
    SEARCH("kql_has_cs", search_has_cs),
    SEARCH("kql_hasprefix", search_prefix),
    SEARCH("kql_hasprefix_cs", search_prefix_cs),
    SEARCH("kql_hassuffix", search_suffix),
    SEARCH("kql_hassuffix_cs", search_suffix_cs),
    SEARCH("kql_contains", search_contains),
    SEARCH("kql_contains_cs", search_contains_cs),
    SEARCH("kql_startswith", search_starts),
    SEARCH("kql_endswith", search_ends),
    SEARCH("kql_equals", search_equals),
    {.name = "kql_has_any",
     .result = LAKE_BOOLEAN,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = search_any},
    {.name = "kql_has_all",
     .result = LAKE_BOOLEAN,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = search_all},
    {.name = "kql_has_any_index",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = has_any_index},
    {.name = "kql_countof",
     .result = LAKE_INTEGER,
     .parameters = {LAKE_TEXT, LAKE_TEXT},
     .call = count_of},
    {0},
};

const struct hunt_function hunt_terms_scalars[] = {
    {"has_any_index(text: string, values: dynamic) int", .sql = "kql_has_any_index($1, $2)"},
    {0},
};
