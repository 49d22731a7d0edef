#include "base/utf8.h"
#include "sigma/linting.h"

#define TITLE_MAX 256 /* characters (rules specification, "Title") */

/* Does it give findings of its own? What only serves others needs fewer words. */
static bool gives_findings(const struct linting *l)
{
    return l->rule ? l->rule->generate : l->correlation && l->correlation->generate;
}

void lint_missing_title(struct linting *l)
{
    if (str_trim(l->meta->title).len == 0)
        lint_report(l, 0, "there is no title");
}

void lint_long_title(struct linting *l)
{
    size_t characters = 0;
    for (struct str rest = l->meta->title; rest.len; characters++) {
        uint32_t code_point;
        rest = str_skip(rest, utf8_decode(rest, &code_point));
    }
    if (characters > TITLE_MAX)
        lint_report(l, 0, "the title has %zu characters", characters);
}

void lint_doubled_title(struct linting *l)
{
    struct str title = l->meta->title;
    char *folded = arena_bytes(&l->lint->arena, 3 * title.len / 2 + 4);
    if (!folded) {
        l->status = -ENOMEM;
        return;
    }
    if (title.len == 0 || !gives_findings(l))
        return;
    struct str key = str_of(folded, utf8_fold_text(title, folded));
    uint32_t first = map_get(&l->titles, key);
    if (first != MAP_NONE) {
        const struct sigma_meta *other = &l->set->rules.items[first]->meta;
        if (other->origin.ptr != l->meta->origin.ptr)
            lint_report(l, 0, "%.*s has the same title", STR_ARG(other->origin));
    } else if (l->rule && map_put(&l->titles, key, l->rule->number) < 0) {
        l->status = -ENOMEM;
    }
}

void lint_missing_id(struct linting *l)
{
    if (l->meta->id.len == 0 && l->meta->name.len == 0)
        lint_report(l, 0, "there is no id");
}

/* RFC 9562, 4: hex digits in groups of 8, 4, 4, 4 and 12. */
static bool is_uuid(struct str id)
{
    if (id.len != 36)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? id.ptr[i] != '-' : str_hex_digit(id.ptr[i]) < 0)
            return false;
    }
    return true;
}

void lint_invalid_id(struct linting *l)
{
    if (l->meta->id.len && !is_uuid(l->meta->id))
        lint_report(l, l->meta->id_line, "'%.*s' is no UUID", STR_ARG(str_first(l->meta->id, 60)));
}

void lint_missing_level(struct linting *l)
{
    if (l->meta->level == SIGMA_LEVEL_NONE && gives_findings(l))
        lint_report(l, 0, "there is no level");
}

void lint_missing_status(struct linting *l)
{
    if (l->meta->status.len == 0 && gives_findings(l))
        lint_report(l, 0, "there is no status");
}

void lint_retired(struct linting *l)
{
    if (str_eq_ascii_nocase(l->meta->status, STR("deprecated")) ||
        str_eq_ascii_nocase(l->meta->status, STR("unsupported")))
        lint_report(l, 0, "its status is %.*s", STR_ARG(l->meta->status));
}

void lint_missing_description(struct linting *l)
{
    if (l->meta->description.len == 0 && gives_findings(l))
        lint_report(l, 0, "there is no description");
}

static bool is_date(struct str s)
{
    static const char form[] = "dddd-dd-dd";
    if (s.len != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (form[i] == 'd' ? s.ptr[i] < '0' || s.ptr[i] > '9' : s.ptr[i] != form[i])
            return false;
    int month = (s.ptr[5] - '0') * 10 + s.ptr[6] - '0',
        day = (s.ptr[8] - '0') * 10 + s.ptr[9] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

void lint_invalid_date(struct linting *l)
{
    if (l->meta->date.len && !is_date(l->meta->date))
        lint_report(l, 0, "the date is '%.*s'", STR_ARG(str_first(l->meta->date, 40)));
    if (l->meta->modified.len && !is_date(l->meta->modified))
        lint_report(l, 0, "the date of modification is '%.*s'",
                    STR_ARG(str_first(l->meta->modified, 40)));
}

static bool is_tag(struct str tag)
{
    size_t dot = str_index(tag, '.');
    for (size_t i = 0; i < tag.len; i++) {
        char c = tag.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return false;
    }
    return dot > 0 && dot + 1 < tag.len;
}

void lint_invalid_tag(struct linting *l)
{
    for (uint32_t i = 0; i < l->meta->n_tags; i++)
        if (!is_tag(l->meta->tags[i]))
            lint_report(l, 0, "the tag '%.*s'", STR_ARG(str_first(l->meta->tags[i], 60)));
}

void lint_custom_taxonomy(struct linting *l)
{
    struct str taxonomy = l->meta->taxonomy;
    if (taxonomy.len && !str_eq(taxonomy, STR("sigma")))
        lint_report(l, 0, "its taxonomy is '%.*s'", STR_ARG(str_first(taxonomy, 60)));
}
