/*
 * Needs of rules, and what may hold a new indicator, as a condition of SQL. A value of a field may lie in several places,
 * and each of them is asked:
 *
 *     the column of the field, and of each native field that it stands for
 *     _extra, where it did not fit its column: such rows pass if they name one of the fields at all
 *     nowhere, where its dataset derives it: rows pass that have what it is derived from
 */
#include <errno.h>
#include <inttypes.h>

#include "hunt/lookback_inside.h"
#include "sigma/need.h"

#define WHERE_MAX (1u << 20) /* bytes; past it the dataset is read whole */
#define EXTRA_FIELDS_MAX 64  /* named in a look at _extra; with more, rows that have any pass */
#define PLACES_MAX 32        /* native fields behind one */
#define NEED_MEMORY_MAX ((size_t)64 << 20)

struct where {
    struct lookback *lookback;
    struct lookback_target *target;
    struct buf *sql;
    struct arena arena;     /* of needs */
    VEC(struct str) fields; /* native names that something was asked of */
    bool failed;
};

/* ---- fields and their columns ---- */

static void note(struct where *where, struct str field)
{
    for (size_t i = 0; i < where->fields.len; i++)
        if (str_eq(where->fields.items[i], field))
            return;
    where->failed |= vec_push(&where->fields, field) < 0;
}

static const struct lake_column *column_of(struct where *where, struct str field)
{
    const struct lake_column *column =
        hunt_catalogue_find(where->lookback->catalogue, where->target->name, field);
    note(where, field);
    for (size_t i = 0; column && i < where->target->columns.len; i++)
        if (str_eq(where->target->columns.items[i], column->field))
            return column;
    if (column)
        where->failed |= vec_push(&where->target->columns, column->field) < 0;
    return column;
}

/* The native fields that a field of a rule stands for, for some event of the dataset; itself first. */
static uint32_t places_of(struct where *where, struct str field, struct str ret_places[PLACES_MAX])
{
    const struct datasets *datasets = where->lookback->options.datasets;
    const struct fields *fields = datasets_fields(datasets);
    uint32_t id = fields_find(fields, field), n = 0;
    ret_places[n++] = field;
    if (where->target->dataset == DATASET_NONE || id == FIELD_NONE)
        return n;
    const struct dataset *dataset = datasets_get(datasets, where->target->dataset);
    for (uint32_t i = 0; i < dataset->n_aliases && n < PLACES_MAX; i++)
        if (dataset->aliases[i].sigma == id)
            ret_places[n++] = fields_name(fields, dataset->aliases[i].native);
    return n;
}

/* ---- one column ---- */

static void add_value(struct where *where, const struct lake_column *column)
{
    lake_quote_name(where->sql, column->name);
    buf_add_c(where->sql, " IS NOT NULL");
}

/* A number that the hook's text, or the number it spells, is in a column of numbers. False: none there is it. */
static bool number_of(const struct need_hook *hook, enum lake_kind kind, struct buf *ret_text)
{
    int64_t integer;
    double number;
    buf_clear(ret_text);
    if (kind == LAKE_INTEGER && str_to_i64(hook->text, &integer) == 0)
        buf_add_i64(ret_text, integer);
    else if (hook->kind == NEED_EQUAL || kind == LAKE_DOUBLE)
        buf_printf(ret_text, "%.17g::DOUBLE", str_to_double(hook->text, &number) == 0 ? number : 0);
    if (kind == LAKE_DOUBLE || hook->kind == NEED_EQUAL)
        return str_to_double(hook->text, &number) == 0 && number - number == 0;
    return ret_text->len > 0;
}

/* Texts in a column of numbers or booleans: only whole ones can be told. */
static void add_numbers(struct where *where, const struct need *need,
                        const struct lake_column *column)
{
    struct buf *sql = where->sql, number = {0};
    bool any = false;
    for (uint32_t i = 0; i < need->n; i++)
        if (need->hooks[i].kind != NEED_EXACT && need->hooks[i].kind != NEED_EQUAL) {
            add_value(where, column);
            return;
        }
    for (uint32_t i = 0; i < need->n; i++) {
        bool boolean = column->kind == LAKE_BOOLEAN;
        struct str text = need->hooks[i].text;
        if (boolean ? !str_eq(text, STR("true")) && !str_eq(text, STR("false"))
                    : !number_of(&need->hooks[i], column->kind, &number))
            continue;
        if (!any)
            lake_quote_name(sql, column->name);
        buf_add_c(sql, any ? ", " : " IN (");
        buf_add_str(sql, boolean ? text : buf_str(&number));
        any = true;
    }
    buf_add_c(sql, any ? ")" : "false");
    where->failed |= number.failed;
    buf_free(&number);
}

static void add_hooks(struct where *where, const char *function, struct str column,
                      const struct need_hook *hooks, uint32_t n)
{
    struct buf text = {0};
    need_hooks_write(&text, hooks, n);
    buf_add_c(where->sql, function);
    lake_quote_name(where->sql, column);
    buf_add_c(where->sql, ", ");
    lake_quote_text(where->sql, buf_str(&text));
    buf_add_byte(where->sql, ')');
    where->failed |= text.failed;
    buf_free(&text);
}

static bool has_nul(const struct need *need)
{
    for (uint32_t i = 0; i < need->n; i++)
        if (need->hooks[i].text.len &&
            memchr(need->hooks[i].text.ptr, '\0', need->hooks[i].text.len))
            return true;
    return false;
}

static void add_column(struct where *where, const struct need *need,
                       const struct lake_column *column)
{
    static const char *const relations[] = {
        [SIGMA_LESS] = "<",
        [SIGMA_LESS_EQUAL] = "<=",
        [SIGMA_GREATER] = ">",
        [SIGMA_GREATER_EQUAL] = ">=",
    };
    bool number = column->kind == LAKE_INTEGER || column->kind == LAKE_DOUBLE;
    if (need->kind == NEED_TEXT && column->kind != LAKE_TEXT) {
        add_numbers(where, need, column);
    } else if (need->kind == NEED_TEXT && !has_nul(need)) {
        add_hooks(where, "jaga_needs(", column->name, need->hooks, need->n);
        if (column->dynamic) { /* a list: its elements are the values */
            buf_add_c(where->sql, " OR starts_with(");
            lake_quote_name(where->sql, column->name);
            buf_add_c(where->sql, ", '[')");
        }
    } else if (need->kind == NEED_NUMBER && number && need->number - need->number == 0) {
        lake_quote_name(where->sql, column->name);
        buf_printf(where->sql, " %s %.17g::DOUBLE", relations[need->relation], need->number);
    } else {
        add_value(where, column);
    }
}

/* ---- one field ---- */

/* Rows that have what some place of the field could be derived from. */
static void add_derived(struct where *where, struct str place, bool *any)
{
    const struct datasets *datasets = where->lookback->options.datasets;
    const struct fields *fields = datasets_fields(datasets);
    uint32_t id = fields_find(fields, place), needs[EVENT_DERIVED_MAX], n = 0;
    if (where->target->dataset != DATASET_NONE && id != FIELD_NONE)
        n = datasets_derive(datasets, where->target->dataset, id, needs, EVENT_DERIVED_MAX);
    for (uint32_t i = 0; i < n; i++) {
        const struct lake_column *column = NULL;
        bool known = i < EVENT_DERIVED_MAX && needs[i] != FIELD_NONE;
        if (known)
            column = column_of(where, fields_name(fields, needs[i]));
        if (known && !column)
            continue;
        buf_add_c(where->sql, *any ? " OR " : "(");
        if (known)
            add_value(where, column);
        else
            buf_add_c(where->sql, "true");
        *any = true;
    }
}

static void add_field(struct where *where, const struct need *need)
{
    struct str places[PLACES_MAX];
    uint32_t n = places_of(where, need->field, places);
    bool any = n == PLACES_MAX;
    if (any)
        buf_add_c(where->sql, "(true");
    for (uint32_t i = 0; i < n; i++) {
        const struct lake_column *column = column_of(where, places[i]);
        if (column) {
            buf_add_c(where->sql, any ? " OR " : "(");
            add_column(where, need, column);
            any = true;
        }
        add_derived(where, places[i], &any);
    }
    buf_add_c(where->sql, any ? ")" : "false");
}

/* ---- keywords ---- */

/* The longest piece of a text that stands in every spelling of it: without what is escaped, quoted or encoded. */
static struct str plain_piece(struct str text)
{
    struct str best = {0};
    for (size_t from = 0, to; from < text.len; from = to + 1) {
        for (to = from; to < text.len; to++) {
            char c = text.ptr[to];
            if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
                break;
        }
        if (to - from > best.len)
            best = str_of(text.ptr + from, to - from);
    }
    return best;
}

/*
 * Any value holds a hook: then so does the event as it came, where it is JSON. What is escaped there, or a record of
 * the audit trail, whose values are in hex, is not told.
 */
static void add_keywords(struct where *where, const struct need *need)
{
    static const struct need_hook unreadable[] = {{NEED_CONTAINS, {"\\u", 2}},
                                                  {NEED_CONTAINS, {"audit(", 6}}};
    const size_t n_more = sizeof(unreadable) / sizeof(unreadable[0]);
    const struct datasets *datasets = where->lookback->options.datasets;
    struct need_hook *hooks = arena_alloc(&where->arena, (need->n + n_more) * sizeof(*hooks));
    uint32_t n = 0;
    bool told = where->target->dataset == DATASET_NONE ||
                datasets_derive(datasets, where->target->dataset, FIELD_NONE, NULL, 0) == 0;
    for (uint32_t i = 0; hooks && told && i < need->n; i++) {
        hooks[n] = (struct need_hook){NEED_CONTAINS, plain_piece(need->hooks[i].text)};
        told = hooks[n++].text.len >= 3;
    }
    if (!hooks || !told) {
        where->failed |= !hooks;
        buf_add_c(where->sql, "true");
        return;
    }
    memcpy(hooks + n, unreadable, sizeof(unreadable));
    buf_add_c(where->sql, "(_format NOT IN ('json', 'evtx') OR ");
    add_hooks(where, "jaga_needs(", STR("_raw"), hooks, n + (uint32_t)n_more);
    buf_add_byte(where->sql, ')');
}

/* ---- needs ---- */

/* Depth: that of the rule's condition. */
static void add_need(struct where *where, const struct need *need)
{
    if (where->sql->len > WHERE_MAX) {
        buf_add_c(where->sql, "true"); /* not used in the end */
        return;
    }
    switch (need->kind) {
    case NEED_NOTHING:
    case NEED_NEVER:
        buf_add_c(where->sql, need->kind == NEED_NOTHING ? "true" : "false");
        break;
    case NEED_ALL:
    case NEED_ANY:
        for (uint32_t i = 0; i < need->n; i++) {
            buf_add_c(where->sql, i == 0 ? "(" : need->kind == NEED_ALL ? " AND " : " OR ");
            add_need(where, &need->items[i]);
        }
        buf_add_byte(where->sql, ')');
        break;
    default:
        if (need->kind == NEED_TEXT && need->field.len == 0)
            add_keywords(where, need);
        else
            add_field(where, need);
    }
}

/* ---- rules ---- */

static bool has_column(const struct lookback *lookback, const struct lookback_target *target,
                       const char *field)
{
    return hunt_catalogue_find(lookback->catalogue, target->name, str_from_c(field));
}

bool lookback_wants(const struct lookback *lookback, const struct sigma_rule *rule,
                    const struct lookback_target *target, bool *ret_tagged)
{
    const struct datasets *datasets = lookback->options.datasets;
    const struct logsource product = {.product = rule->logsource.product};
    bool tags =
        has_column(lookback, target, "product") &&
        (has_column(lookback, target, "category") || has_column(lookback, target, "service"));
    *ret_tagged = false;
    if (target->dataset != DATASET_NONE &&
        datasets_provided_by(datasets, target->dataset, &rule->logsource))
        return true;
    /* An event may say itself what its logsource is. */
    *ret_tagged = tags;
    return tags && (target->dataset == DATASET_NONE ||
                    datasets_provided_by(datasets, target->dataset, &product));
}

/* Does anything look for the rule, in events of the target? */
static bool looks_for(const struct lookback *lookback, uint32_t number,
                      const struct lookback_target *target, bool *ret_tagged)
{
    const struct lookback_options *options = &lookback->options;
    return (!options->rules || options->rules[number]) &&
           lookback_wants(lookback, options->set->rules.items[number], target, ret_tagged);
}

static bool add_rule(struct where *where, uint32_t number, bool tagged)
{
    struct lookback *lookback = where->lookback;
    arena_reset(&where->arena);
    const struct need *need = need_make(lookback->options.ruleset, number, &where->arena);
    if (!need)
        return false;
    buf_add_c(where->sql, where->sql->len ? " OR (" : "(");
    if (tagged) {
        struct need has_product = {.kind = NEED_VALUE, .field = STR("product")};
        add_field(where, &has_product);
        buf_add_c(where->sql, " AND ");
    }
    add_need(where, need);
    buf_add_byte(where->sql, ')');
    return true;
}

/* ---- indicators ---- */

static void add_screen(struct where *where, const struct lake_column *column, int type)
{
    bool whole = column->kind == LAKE_INTEGER; /* as it was written */
    if (column->kind != LAKE_TEXT && !whole) {
        add_value(where, column);
        return;
    }
    buf_add_c(where->sql, "jaga_screen(");
    lake_quote_name(where->sql, column->name);
    buf_printf(where->sql, "%s, %d, %" PRIu64 ")", whole ? "::VARCHAR" : "", type,
               where->lookback->screen);
}

/* Every field that the matcher looks at. */
static void add_indicators(struct where *where)
{
    const struct fields *fields = datasets_fields(where->lookback->options.datasets);
    bool any = true;
    buf_add_c(where->sql, where->sql->len ? " OR (false" : "(false");
    for (uint32_t id = 0; id < fields_count(fields); id++) {
        int type = intel_matcher_field(where->lookback->intel, where->target->dataset, id);
        where->failed |= type < 0;
        if (type <= FIELD_TEXT)
            continue;
        const struct lake_column *column = column_of(where, fields_name(fields, id));
        if (column) {
            buf_add_c(where->sql, " OR ");
            add_screen(where, column, type);
        }
        add_derived(where, fields_name(fields, id), &any);
    }
    buf_add_byte(where->sql, ')');
}

/* Has the dataset such fields? *ret_stored: and are there any in what is stored of it? Of no dataset, any name may come. */
static int has_typed(const struct lookback *lookback, const struct lookback_target *target,
                     bool *ret_stored)
{
    const struct fields *fields = datasets_fields(lookback->options.datasets);
    bool typed = false, stored = false;
    for (uint32_t id = 0; lookback->intel && !stored && id < fields_count(fields); id++) {
        int type = intel_matcher_field(lookback->intel, target->dataset, id);
        if (type < 0)
            return type;
        if (type == FIELD_TEXT)
            continue;
        typed = true;
        stored = target->dataset != DATASET_NONE ||
                 hunt_catalogue_find(lookback->catalogue, target->name, fields_name(fields, id));
    }
    *ret_stored = stored;
    return typed;
}

/* ---- the whole ---- */

/* Rows whose value of one of the fields found no column. */
static void add_extra(struct where *where)
{
    buf_add_c(where->sql, " OR (_extra IS NOT NULL");
    for (size_t i = 0; where->fields.len <= EXTRA_FIELDS_MAX && i < where->fields.len; i++) {
        struct buf name = {0};
        buf_add_json(&name, where->fields.items[i]);
        buf_add_byte(&name, ':');
        buf_add_c(where->sql, i ? " OR contains(_extra, " : " AND (contains(_extra, ");
        lake_quote_text(where->sql, buf_str(&name));
        buf_add_byte(where->sql, ')');
        where->failed |= name.failed;
        buf_free(&name);
    }
    if (where->fields.len > 0 && where->fields.len <= EXTRA_FIELDS_MAX)
        buf_add_byte(where->sql, ')');
    buf_add_byte(where->sql, ')');
}

int lookback_narrow(struct lookback *lookback, struct lookback_target *target)
{
    const struct lookback_options *options = &lookback->options;
    struct where where = {.lookback = lookback, .target = target, .sql = &target->where};
    int typed = has_typed(lookback, target, &target->typed);
    bool whole = options->whole || (typed > 0 && !lookback->screen);
    uint32_t n = 0;
    if (typed < 0)
        return typed;
    arena_init(&where.arena, NEED_MEMORY_MAX);
    for (uint32_t i = 0; i < options->set->rules.len && !where.failed; i++) {
        bool tagged;
        if (!looks_for(lookback, i, target, &tagged))
            continue;
        whole = ++n > LOOKBACK_RULES_NARROWED || whole || target->where.len > WHERE_MAX;
        if (!whole)
            where.failed |= !add_rule(&where, i, tagged);
    }
    if (!whole && typed)
        add_indicators(&where);
    if (!whole && (n > 0 || typed))
        add_extra(&where);
    whole = whole || target->where.len > WHERE_MAX;
    bool failed = where.failed || target->where.failed;
    if (whole && !failed) {
        buf_free(&target->where);
        target->columns.len = 0;
    }
    vec_free(&where.fields);
    arena_free(&where.arena);
    return failed ? -ENOMEM : n > 0 || typed ? 0 : -ENOENT;
}
