#include "sigma/need.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sigma/engine.h"
#include "sigma/text.h"

/* ---- what a clause needs ---- */

static const struct need nothing = {.kind = NEED_NOTHING}, never = {.kind = NEED_NEVER};

static struct need of_value(const struct predicate *predicate)
{
    return predicate->field == FIELD_NONE
               ? nothing
               : (struct need){.kind = NEED_VALUE, .field = predicate->is->field};
}

/* A number, as the engine takes it: equal to it, or spelt as in the rule. */
static bool of_equal(const struct predicate *predicate, struct arena *arena, struct need *ret_need)
{
    struct need_hook *hooks = arena_alloc(arena, 2 * sizeof(*hooks));
    if (!hooks)
        return false;
    hooks[0] = (struct need_hook){NEED_EQUAL, arena_printf(arena, "%.17g", predicate->is->number)};
    hooks[1] = (struct need_hook){NEED_EXACT, predicate->is->text};
    *ret_need =
        (struct need){.kind = NEED_TEXT, .field = predicate->is->field, .hooks = hooks, .n = 2};
    return hooks[0].text.ptr;
}

/* An expression of which no text is known that every match holds. */
static bool of_regex(const struct predicate *predicate, struct arena *arena, struct need *ret_need)
{
    struct need_hook *hook = arena_alloc(arena, sizeof(*hook));
    if (!hook)
        return false;
    *hook = (struct need_hook){NEED_REGEX, arena_printf(arena, "%u%.*s", predicate->is->regex_flags,
                                                        STR_ARG(predicate->is->text))};
    *ret_need =
        (struct need){.kind = NEED_TEXT, .field = predicate->is->field, .hooks = hook, .n = 1};
    return hook->text.ptr;
}

static bool of_hooks(const struct predicate *predicate, struct arena *arena, struct need *ret_need)
{
    static const enum need_hook_kind kinds[] = {
        [LITERAL_EXACT] = NEED_EXACT,
        [LITERAL_PREFIX] = NEED_PREFIX,
        [LITERAL_SUFFIX] = NEED_SUFFIX,
        [LITERAL_CONTAINS] = NEED_CONTAINS,
    };
    struct hook found[HOOKS_MAX];
    bool same;
    uint32_t n = predicate_hooks(predicate, arena, found, &same);
    if (n == 0 && predicate->regex && predicate->field != FIELD_NONE)
        return of_regex(predicate, arena, ret_need);
    if (n == 0) {
        *ret_need = of_value(predicate);
        return true;
    }
    struct need_hook *hooks = arena_alloc(arena, n * sizeof(*hooks));
    for (uint32_t i = 0; hooks && i < n; i++)
        hooks[i] = (struct need_hook){kinds[found[i].op], found[i].text};
    *ret_need =
        (struct need){.kind = NEED_TEXT, .field = predicate->is->field, .hooks = hooks, .n = n};
    return hooks;
}

static bool of_test(const struct ruleset *ruleset, const struct clause *clause, struct arena *arena,
                    struct need *ret_need)
{
    const struct predicate *predicate = &ruleset->predicates[clause->number];
    *ret_need = nothing;
    if (clause->negated) {
        if (predicate->is->op == SIGMA_NULL)
            *ret_need = of_value(predicate);
        return true;
    }
    switch (predicate->is->op) {
    case SIGMA_NULL:
    case SIGMA_EXISTS: /* also of a null, which no table keeps */
        return true;
    case SIGMA_NUMBER:
        return of_equal(predicate, arena, ret_need);
    case SIGMA_LESS:
    case SIGMA_LESS_EQUAL:
    case SIGMA_GREATER:
    case SIGMA_GREATER_EQUAL:
        *ret_need = (struct need){.kind = NEED_NUMBER,
                                  .field = predicate->is->field,
                                  .relation = predicate->is->op,
                                  .number = predicate->is->number};
        return true;
    default:
        return of_hooks(predicate, arena, ret_need);
    }
}

/* ---- lists ---- */

static bool same_texts(const struct need *a, const struct need *b)
{
    return a->kind == NEED_TEXT && b->kind == NEED_TEXT && str_eq(a->field, b->field);
}

/* Of the items of an ANY, makes one of all that ask for texts of the same field as the first. False: no memory. */
static bool join_texts(struct need *items, uint32_t *n, struct arena *arena)
{
    uint32_t total = 0, kept = 1, at = 0;
    if (items[0].kind != NEED_TEXT)
        return true;
    for (uint32_t i = 0; i < *n; i++)
        total += same_texts(&items[0], &items[i]) ? items[i].n : 0;
    if (total == items[0].n)
        return true;
    bool bare = total > NEED_HOOKS_MAX && items[0].field.len;
    struct need_hook *hooks = bare ? NULL : arena_alloc(arena, total * sizeof(*hooks));
    if (!bare && !hooks)
        return false;
    for (uint32_t i = 0; i < *n; i++) {
        if (!same_texts(&items[0], &items[i])) {
            items[kept++] = items[i];
            continue;
        }
        if (hooks && items[i].n)
            memcpy(hooks + at, items[i].hooks, items[i].n * sizeof(*hooks));
        at += items[i].n;
    }
    items[0].hooks = hooks;
    items[0].n = bare ? 0 : total;
    items[0].kind = bare ? NEED_VALUE : NEED_TEXT;
    *n = kept;
    return true;
}

static bool of_clause(const struct ruleset *ruleset, const struct clause *clause,
                      struct arena *arena, struct need *ret_need);

static bool of_list(const struct ruleset *ruleset, const struct clause *clause, struct arena *arena,
                    struct need *ret_need)
{
    bool all = clause->kind == CLAUSE_ALL;
    struct need *items = arena_zero(arena, clause->number, sizeof(*items));
    uint32_t n = 0;
    for (uint32_t i = 0; i < clause->number; i++) {
        struct need item;
        if (!items || !of_clause(ruleset, &clause->items[i], arena, &item))
            return false;
        if (item.kind == (all ? NEED_NEVER : NEED_NOTHING)) {
            *ret_need = item;
            return true;
        }
        if (item.kind == NEED_NOTHING || item.kind == NEED_NEVER)
            continue;
        items[n++] = item;
    }
    for (uint32_t i = 0; !all && i < n; i++) {
        uint32_t rest = n - i;
        if (!join_texts(items + i, &rest, arena))
            return false;
        n = i + rest;
    }
    *ret_need = n == 0   ? all ? nothing : never
                : n == 1 ? items[0]
                         : (struct need){.kind = all ? NEED_ALL : NEED_ANY, .items = items, .n = n};
    return true;
}

/* Depth: that of the condition. */
static bool of_clause(const struct ruleset *ruleset, const struct clause *clause,
                      struct arena *arena, struct need *ret_need)
{
    switch (clause->kind) {
    case CLAUSE_TEST:
        return of_test(ruleset, clause, arena, ret_need);
    case CLAUSE_ALL:
    case CLAUSE_ANY:
        return of_list(ruleset, clause, arena, ret_need);
    default:
        *ret_need = clause->kind == CLAUSE_FALSE ? never : nothing;
        return true;
    }
}

const struct need *need_make(const struct ruleset *ruleset, uint32_t rule, struct arena *arena)
{
    const struct clause *condition = ruleset->rules[rule].condition;
    struct need *need = arena_zero(arena, 1, sizeof(*need));
    if (!condition)
        return &never;
    return need && of_clause(ruleset, condition, arena, need) ? need : NULL;
}

/* ---- hooks as a text ---- */

void need_hooks_write(struct buf *out, const struct need_hook *hooks, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            buf_add_byte(out, ' ');
        buf_add_byte(out, (char)hooks[i].kind);
        buf_add_u64(out, hooks[i].text.len);
        buf_add_byte(out, ':');
        buf_add_str(out, hooks[i].text);
    }
}

#define SEARCH_MEMORY_MAX ((size_t)256 << 20)

struct need_search {
    struct arena arena;       /* the hooks */
    struct arena scratch;     /* of a value */
    struct literal *literals; /* n of them */
    double *numbers;          /* n_numbers of them */
    uint32_t n, n_numbers;
    struct literal_set set;
    struct literal_hits hits;
    struct regexes regexes;
    struct regex_scratch regex_scratch; /* made with the first of them */
};

/* "s6:\a.exe" and what follows it. False: it is none. */
static bool read_hook(struct str *rest, struct need_hook *ret_hook)
{
    uint64_t len;
    struct str number, text = *rest;
    if (text.len < 3 || !memchr("epscnr", text.ptr[0], 6))
        return false;
    ret_hook->kind = (enum need_hook_kind)text.ptr[0];
    text = str_skip(text, 1);
    size_t colon = str_index(text, ':');
    number = str_first(text, colon);
    if (colon == text.len || str_to_u64(number, &len) < 0 || len > text.len - colon - 1)
        return false;
    ret_hook->text = str_first(str_skip(text, colon + 1), (size_t)len);
    text = str_skip(text, colon + 1 + (size_t)len);
    if (text.len && text.ptr[0] != ' ')
        return false;
    *rest = str_skip(text, 1);
    return true;
}

static int add_regex(struct need_search *search, struct str text)
{
    struct regex *regex;
    struct err err;
    if (text.len == 0 || text.ptr[0] < '0' || text.ptr[0] > '7')
        return -EINVAL;
    if (search->regexes.items.len == 0 && regex_scratch_init(&search->regex_scratch, 0) < 0)
        return -ENOMEM;
    return regexes_add(&search->regexes, str_skip(text, 1), (unsigned)(text.ptr[0] - '0'),
                       &search->arena, &regex, &err);
}

static int add_hook(struct need_search *search, const struct need_hook *hook)
{
    static const enum literal_op ops[] = {
        [NEED_EXACT] = LITERAL_EXACT,
        [NEED_PREFIX] = LITERAL_PREFIX,
        [NEED_SUFFIX] = LITERAL_SUFFIX,
        [NEED_CONTAINS] = LITERAL_CONTAINS,
    };
    if (hook->kind == NEED_EQUAL)
        return str_to_double(hook->text, &search->numbers[search->n_numbers++]) < 0 ? -EINVAL : 0;
    if (hook->kind == NEED_REGEX)
        return add_regex(search, hook->text);
    if (hook->kind != NEED_EXACT && hook->text.len == 0)
        return -EINVAL;
    search->literals[search->n++] = (struct literal){.text = hook->text, .op = ops[hook->kind]};
    return 0;
}

static int read_hooks(struct need_search *search, struct str hooks)
{
    struct need_hook hook;
    size_t n = hooks.len / 3 + 1;
    int status = 0;
    search->literals = arena_zero(&search->arena, n, sizeof(*search->literals));
    search->numbers = arena_zero(&search->arena, n, sizeof(*search->numbers));
    if (!search->literals || !search->numbers)
        return -ENOMEM;
    while (status == 0 && hooks.len > 0)
        status = read_hook(&hooks, &hook) ? add_hook(search, &hook) : -EINVAL;
    return status;
}

static int make_set(struct need_search *search)
{
    search->hits.stamps = calloc(search->n + 1, sizeof(*search->hits.stamps));
    search->hits.ids = calloc(search->n + 1, sizeof(*search->hits.ids));
    if (!search->hits.stamps || !search->hits.ids)
        return -ENOMEM;
    return literal_set_build(&search->set, search->literals, 0, search->n, &search->arena,
                             &search->scratch);
}

int need_search_new(struct str hooks, struct need_search **ret_search)
{
    struct need_search *search = calloc(1, sizeof(*search));
    if (!search)
        return -ENOMEM;
    arena_init(&search->arena, SEARCH_MEMORY_MAX);
    arena_init(&search->scratch, SEARCH_MEMORY_MAX);
    int status = read_hooks(search, hooks);
    if (status == 0 && search->n > 1)
        status = make_set(search);
    if (status == 0)
        *ret_search = search;
    else
        need_search_free(search);
    return status;
}

void need_search_free(struct need_search *search)
{
    if (!search)
        return;
    arena_free(&search->arena);
    arena_free(&search->scratch);
    free(search->hits.stamps);
    free(search->hits.ids);
    regexes_free(&search->regexes);
    regex_scratch_free(&search->regex_scratch);
    free(search);
}

static bool literal_fits(const struct literal *literal, struct str folded)
{
    switch (literal->op) {
    case LITERAL_EXACT:
        return str_eq(folded, literal->text);
    case LITERAL_PREFIX:
        return str_starts(folded, literal->text);
    case LITERAL_SUFFIX:
        return str_ends(folded, literal->text);
    default:
        return text_contains(folded, literal->text);
    }
}

static bool fits_number(const struct need_search *search, struct str value)
{
    double number;
    if (search->n_numbers == 0 || str_to_double(value, &number) < 0)
        return false;
    for (uint32_t i = 0; i < search->n_numbers; i++)
        if (number == search->numbers[i])
            return true;
    return false;
}

static bool fits_literal(struct need_search *search, struct str value)
{
    bool ascii = true;
    if (search->n == 0)
        return false;
    arena_reset(&search->scratch);
    struct str folded = text_fold(value, &search->scratch, &ascii);
    if (!folded.ptr && value.len)
        return true;
    if (search->n == 1)
        return literal_fits(search->literals, folded);
    if (++search->hits.epoch == 0) { /* a new round of stamps */
        memset(search->hits.stamps, 0, search->n * sizeof(*search->hits.stamps));
        search->hits.epoch = 1;
    }
    search->hits.n = 0;
    literal_set_match(&search->set, folded, ascii, &search->hits);
    return search->hits.n > 0;
}

/* Where an expression spends its limit, the engine has the last word. */
static bool fits_regex(struct need_search *search, struct str value)
{
    uint64_t limited = search->regex_scratch.limited;
    for (size_t i = 0; i < search->regexes.items.len; i++)
        if (regex_find(search->regexes.items.items[i], value, &search->regex_scratch))
            return true;
    return search->regex_scratch.limited != limited;
}

bool need_search_fits(struct need_search *search, struct str value)
{
    return fits_number(search, value) || fits_literal(search, value) || fits_regex(search, value);
}
