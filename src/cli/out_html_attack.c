/*
 * The ATT&CK part of the report. A technique stands below each tactic that a rule
 * which found something names beside it; the shade is its highest level.
 */
#include "cli/out_html.h"

#include <stdio.h>
#include <stdlib.h>

/* In the order of an intrusion. Rules written for older ATT&CK versions name "defense-evasion". */
static const struct {
    const char *tag;
    const char *name;
} tactics[] = {
    {"reconnaissance", "Reconnaissance"},
    {"resource-development", "Resource Development"},
    {"initial-access", "Initial Access"},
    {"execution", "Execution"},
    {"persistence", "Persistence"},
    {"privilege-escalation", "Privilege Escalation"},
    {"defense-evasion", "Defense Evasion"},
    {"stealth", "Stealth"},
    {"defense-impairment", "Defense Impairment"},
    {"credential-access", "Credential Access"},
    {"discovery", "Discovery"},
    {"lateral-movement", "Lateral Movement"},
    {"collection", "Collection"},
    {"command-and-control", "Command and Control"},
    {"exfiltration", "Exfiltration"},
    {"impact", "Impact"},
};

#define TACTICS (sizeof(tactics) / sizeof(tactics[0]))

struct technique {
    char id[16];
    uint64_t count;
    uint64_t rules;
    enum sigma_level level;
};

struct column {
    VEC(struct technique) techniques;
};

/* The tactic of a tag, spelled with '-' or '_'; TACTICS when it is none. */
static size_t tactic_of(struct str tag)
{
    char name[32];
    if (tag.len < 8 || tag.len - 7 >= sizeof(name) || !str_starts(tag, STR("attack.")))
        return TACTICS;
    for (size_t i = 7; i < tag.len; i++)
        name[i - 7] = tag.ptr[i] == '_' ? '-' : tag.ptr[i];
    for (size_t i = 0; i < TACTICS; i++)
        if (str_eq(str_of(name, tag.len - 7), str_from_c(tactics[i].tag)))
            return i;
    return TACTICS;
}

static void count_technique(struct column *column, const char *id, const struct html_rule *rule)
{
    struct technique *technique = NULL;
    for (size_t i = 0; i < column->techniques.len && !technique; i++)
        if (strcmp(column->techniques.items[i].id, id) == 0)
            technique = &column->techniques.items[i];
    if (!technique) {
        struct technique fresh = {0};
        snprintf(fresh.id, sizeof(fresh.id), "%s", id);
        if (column->techniques.len == HTML_TECHNIQUES_MAX ||
            vec_push(&column->techniques, fresh) < 0)
            return;
        technique = &column->techniques.items[column->techniques.len - 1];
    }
    technique->count += rule->count;
    technique->rules++;
    if (rule->meta->level > technique->level)
        technique->level = rule->meta->level;
}

static void place_rule(struct column columns[TACTICS], const struct html_rule *rule)
{
    const struct sigma_meta *meta = rule->meta;
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        size_t tactic = tactic_of(meta->tags[i]);
        char id[16];
        if (tactic == TACTICS)
            continue;
        for (uint32_t j = 0; j < meta->n_tags; j++)
            if (style_technique(meta->tags[j], id))
                count_technique(&columns[tactic], id, rule);
    }
}

static int by_level(const void *left, const void *right)
{
    const struct technique *a = left, *b = right;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(a->id, b->id);
}

static void write_column(struct column *column, const char *name, struct buf *out)
{
    qsort(column->techniques.items, column->techniques.len, sizeof(column->techniques.items[0]),
          by_level);
    buf_printf(out, "<div class=tactic><h3>%s</h3>", name);
    for (size_t i = 0; i < column->techniques.len; i++) {
        const struct technique *technique = &column->techniques.items[i];
        char count[32], path[16];
        style_count(technique->count, count);
        snprintf(path, sizeof(path), "%s", technique->id);
        char *dot = strchr(path, '.');
        if (dot)
            *dot = '/';
        buf_printf(out,
                   "<a class='tech %s' href='https://attack.mitre.org/techniques/%s/'>"
                   "<b>%s</b>%s finding%s, %llu rule%s</a>",
                   style_level(technique->level), path, technique->id, count,
                   technique->count == 1 ? "" : "s", (unsigned long long)technique->rules,
                   technique->rules == 1 ? "" : "s");
    }
    buf_add_c(out, "</div>");
}

void html_write_attack(const struct html *html, struct buf *out)
{
    struct column columns[TACTICS] = {0};
    bool any = false;
    for (size_t i = 0; i < html->rules.len; i++)
        place_rule(columns, &html->rules.items[i]);
    for (size_t i = 0; i < TACTICS; i++)
        any |= columns[i].techniques.len > 0;
    if (any)
        buf_add_c(out, "<h2>ATT&amp;CK</h2><div class='panel matrix'>");
    for (size_t i = 0; i < TACTICS; i++) {
        if (columns[i].techniques.len)
            write_column(&columns[i], tactics[i].name, out);
        vec_free(&columns[i].techniques);
    }
    if (any)
        buf_add_c(out, "</div>");
}
