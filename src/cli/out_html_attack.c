/*
 * The ATT&CK part of the report. A technique stands below those of its tactics that
 * the rules which found something name beside it (below all of its own where they name none of
 * them); the shade is its highest level.
 */
#include "cli/out_html.h"

#include <stdlib.h>

struct cell {
    struct str id;
    const struct attack_technique *technique; /* NULL: ATT&CK has none of that id */
    uint64_t count;                           /* findings */
    uint64_t rules;
    enum sigma_level level;
};

struct column {
    VEC(struct cell) cells;
};

static void count_cell(struct column *column, struct str id,
                       const struct attack_technique *technique, const struct html_rule *rule)
{
    struct cell *cell = NULL;
    for (size_t i = 0; i < column->cells.len && !cell; i++)
        if (str_eq(column->cells.items[i].id, id))
            cell = &column->cells.items[i];
    if (!cell) {
        struct cell fresh = {.id = id, .technique = technique};
        if (column->cells.len == HTML_TECHNIQUES_MAX || vec_push(&column->cells, fresh) < 0)
            return;
        cell = &column->cells.items[column->cells.len - 1];
    }
    cell->count += rule->count;
    cell->rules++;
    if (rule->meta->level > cell->level)
        cell->level = rule->meta->level;
}

/* Bits of the tactics that a rule names. */
static uint32_t named_tactics(const struct attack *attack, const struct sigma_meta *meta)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        uint32_t tactic = attack_tag_tactic(attack, meta->tags[i]);
        if (tactic != MAP_NONE)
            bits |= 1u << tactic;
    }
    return bits;
}

static void place_rule(const struct html *html, struct column *columns,
                       const struct html_rule *rule)
{
    const struct attack *attack = html->options.attack;
    uint32_t named = named_tactics(attack, rule->meta);
    for (uint32_t i = 0; i < rule->meta->n_tags; i++) {
        struct str tag = rule->meta->tags[i];
        char id[ATTACK_ID_MAX];
        if (!attack_tag_technique(tag, id))
            continue;
        const struct attack_technique *technique = attack_find(attack, str_from_c(id));
        uint32_t tactics = technique ? technique->tactics & named : named;
        if (technique && !tactics)
            tactics = technique->tactics;
        /* The tag's own bytes outlive the page: "attack.t1059" without "attack.". */
        struct str name = technique ? technique->id : str_skip(tag, 7);
        for (size_t t = 0; t < attack->tactics.len; t++)
            if (tactics & 1u << t)
                count_cell(&columns[t], name, technique, rule);
    }
}

static int by_level(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return str_compare(a->id, b->id);
}

/* T1059.001 is at /techniques/T1059/001/. */
static void add_path(struct buf *out, struct str id)
{
    size_t dot = str_index(id, '.');
    buf_add_html(out, str_first(id, dot));
    buf_add_byte(out, '/');
    if (dot < id.len) {
        buf_add_html(out, str_skip(id, dot + 1));
        buf_add_byte(out, '/');
    }
}

static void write_column(struct column *column, struct str name, struct buf *out)
{
    qsort(column->cells.items, column->cells.len, sizeof(column->cells.items[0]), by_level);
    buf_add_c(out, "<div class=tactic><h3>");
    buf_add_html(out, name);
    buf_add_c(out, "</h3>");
    for (size_t i = 0; i < column->cells.len; i++) {
        const struct cell *cell = &column->cells.items[i];
        char count[32];
        style_count(cell->count, count);
        buf_printf(out, "<a class='tech %s' href='https://attack.mitre.org/techniques/",
                   style_level(cell->level));
        add_path(out, cell->id);
        buf_printf(out, "' title='%llu rule%s'><i>%s</i><b>", (unsigned long long)cell->rules,
                   cell->rules == 1 ? "" : "s", count);
        buf_add_html(out, cell->id);
        buf_add_c(out, "</b>");
        if (cell->technique)
            buf_add_html(out, cell->technique->name);
        buf_add_c(out, "</a>");
    }
    buf_add_c(out, "</div>");
}

void html_write_attack(const struct html *html, struct buf *out)
{
    struct column columns[ATTACK_TACTICS_MAX] = {0};
    const struct attack *attack = html->options.attack;
    bool any = false;
    for (size_t i = 0; i < html->rules.len; i++)
        place_rule(html, columns, &html->rules.items[i]);
    for (size_t i = 0; i < attack->tactics.len; i++)
        any |= columns[i].cells.len > 0;
    if (any) {
        buf_add_c(out, "<h2>ATT&amp;CK <small>version ");
        buf_add_html(out, attack->version);
        buf_add_c(out, ", findings by technique</small></h2><div class='panel matrix'>");
    }
    for (size_t i = 0; i < attack->tactics.len; i++) {
        if (columns[i].cells.len)
            write_column(&columns[i], attack->tactics.items[i].name, out);
        vec_free(&columns[i].cells);
    }
    if (any)
        buf_add_c(out, "</div>");
}
