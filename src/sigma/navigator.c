#include "sigma/navigator.h"

#include <stdlib.h>

/* From few to many, light to dark: told apart also without colours. */
static const char *const colours[] = {"#fff3c4", "#f6ad55", "#c53030"};

#define COLOURS (sizeof(colours) / sizeof(*colours))
/* The darkest colour is for a tenth of the techniques: a few huge scores don't pale the others. */
#define DARKEST_FROM_PERCENT 90

/* One technique of one document, or some findings of a technique. */
struct use {
    char id[ATTACK_ID_MAX];        /* as ATT&CK has it now */
    const struct sigma_meta *meta; /* NULL: findings */
    uint64_t count;                /* findings */
    size_t order;
};

/* What stands at one technique: a run of uses. */
struct cell {
    const struct use *uses;
    size_t n;
    uint64_t score;
};

struct layer {
    const struct attack *attack;
    const struct navigator_options *options;
    VEC(struct use) uses;
    VEC(struct cell) cells; /* by id */
    struct navigator_summary summary;
};

static int add_use(struct layer *layer, const char *id, const struct sigma_meta *meta,
                   uint64_t count)
{
    struct use use = {.meta = meta, .count = count, .order = layer->uses.len};
    const struct attack_technique *technique = attack_find(layer->attack, str_from_c(id));
    struct str live = technique ? technique->id : str_from_c(id);
    memcpy(use.id, live.ptr, live.len < sizeof(use.id) ? live.len : sizeof(use.id) - 1);
    return vec_push(&layer->uses, use);
}

static int add_document(struct layer *layer, const struct sigma_meta *meta)
{
    char id[ATTACK_ID_MAX];
    size_t before = layer->uses.len;
    layer->summary.rules++;
    for (uint32_t i = 0; i < meta->n_tags; i++)
        if (attack_tag_technique(meta->tags[i], id) && add_use(layer, id, meta, 0) < 0)
            return -ENOMEM;
    layer->summary.untagged += layer->uses.len == before;
    return 0;
}

static int add_findings(struct layer *layer)
{
    for (size_t i = 0; i < layer->options->n_findings; i++) {
        const struct navigator_finding *finding = &layer->options->findings[i];
        char tag[sizeof("attack.") + ATTACK_ID_MAX] = "attack.", id[ATTACK_ID_MAX];
        if (finding->technique.len >= ATTACK_ID_MAX)
            continue;
        memcpy(tag + 7, finding->technique.ptr, finding->technique.len);
        if (attack_tag_technique(str_of(tag, 7 + finding->technique.len), id) &&
            add_use(layer, id, NULL, finding->count) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int add_all(struct layer *layer, const struct sigma_set *set)
{
    int r = 0;
    for (size_t i = 0; i < set->rules.len && r == 0; i++)
        if (set->rules.items[i]->generate)
            r = add_document(layer, &set->rules.items[i]->meta);
    for (size_t i = 0; i < set->correlations.len && r == 0; i++)
        if (set->correlations.items[i]->generate)
            r = add_document(layer, &set->correlations.items[i]->meta);
    if (r == 0 && layer->options->score == NAVIGATOR_BY_FINDINGS)
        r = add_findings(layer);
    return r;
}

/* By technique; then findings, then documents by title. */
static int compare_uses(const void *left, const void *right)
{
    const struct use *a = left, *b = right;
    int order = memcmp(a->id, b->id, sizeof(a->id));
    if (order == 0 && (!a->meta || !b->meta))
        order = (a->meta != NULL) - (b->meta != NULL);
    else if (order == 0 && a->meta != b->meta)
        order = str_compare(a->meta->title, b->meta->title);
    if (order == 0)
        order = (a->order > b->order) - (a->order < b->order);
    return order;
}

static uint64_t worth(const struct layer *layer, const struct use *use)
{
    if (layer->options->score == NAVIGATOR_BY_FINDINGS)
        return use->count;
    if (layer->options->score == NAVIGATOR_BY_LEVEL && use->meta->level > SIGMA_INFORMATIONAL)
        return (uint64_t)use->meta->level;
    return 1;
}

static void summarise(struct layer *layer, const struct cell *cell)
{
    const struct attack_technique *technique =
        attack_find(layer->attack, str_from_c(cell->uses[0].id));
    if (cell->score == 0)
        return;
    if (!technique)
        layer->summary.unknown++;
    else if (technique->parent == MAP_NONE)
        layer->summary.techniques++;
    else
        layer->summary.subtechniques++;
}

/* Sorts the uses, drops what a document says twice, and gathers them by technique. */
static int gather(struct layer *layer)
{
    struct use *uses = layer->uses.items;
    size_t n = 0;
    if (layer->uses.len)
        qsort(uses, layer->uses.len, sizeof(*uses), compare_uses);
    for (size_t i = 0; i < layer->uses.len; i++)
        if (n == 0 || !uses[i].meta || uses[i].meta != uses[n - 1].meta ||
            memcmp(uses[i].id, uses[n - 1].id, sizeof(uses[i].id)) != 0)
            uses[n++] = uses[i];
    layer->uses.len = n;
    for (size_t i = 0; i < n;) {
        struct cell cell = {.uses = &uses[i]};
        for (; i < n && memcmp(cell.uses->id, uses[i].id, sizeof(uses[i].id)) == 0; i++, cell.n++)
            if (__builtin_add_overflow(cell.score, worth(layer, &uses[i]), &cell.score))
                cell.score = UINT64_MAX;
        if (vec_push(&layer->cells, cell) < 0)
            return -ENOMEM;
        summarise(layer, &cell);
    }
    for (size_t i = 0; i < layer->attack->techniques.len; i++) {
        bool sub = layer->attack->techniques.items[i].parent != MAP_NONE;
        layer->summary.subtechniques_all += sub;
        layer->summary.techniques_all += !sub;
    }
    return 0;
}

static int compare_scores(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* The score from which on the colour is the darkest; at least 2, as one is not many. */
static int darkest_from(const struct layer *layer, uint64_t *ret_score)
{
    size_t n = layer->cells.len;
    uint64_t *scores = malloc((n + 1) * sizeof(*scores));
    if (!scores)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        scores[i] = layer->cells.items[i].score;
    qsort(scores, n, sizeof(*scores), compare_scores);
    *ret_score = n ? scores[(n - 1) * DARKEST_FROM_PERCENT / 100] : 0;
    if (*ret_score < 2)
        *ret_score = 2;
    free(scores);
    return 0;
}

static void write_key(struct buf *out, const char *key, struct str text)
{
    buf_printf(out, "\"%s\": ", key);
    buf_add_json(out, text);
}

/* The titles, a line each. */
static void write_comment(const struct cell *cell, size_t n_documents, struct buf *out)
{
    size_t told = 0;
    buf_add_c(out, "\"comment\": \"");
    for (size_t i = 0; i < cell->n && told < NAVIGATOR_TITLES_MAX; i++) {
        if (!cell->uses[i].meta)
            continue;
        buf_add_c(out, told++ ? "\\n" : "");
        buf_add_json_text(out, cell->uses[i].meta->title);
    }
    if (n_documents > told)
        buf_printf(out, "\\nand %zu more", n_documents - told);
    buf_add_c(out, "\"");
}

static void write_cell(const struct layer *layer, const struct cell *cell, struct buf *out)
{
    enum sigma_level highest = SIGMA_LEVEL_NONE;
    size_t documents = 0;
    for (size_t i = 0; i < cell->n; i++) {
        if (!cell->uses[i].meta)
            continue;
        documents++;
        if (cell->uses[i].meta->level > highest)
            highest = cell->uses[i].meta->level;
    }
    buf_add_c(out, "    {");
    write_key(out, "techniqueID", str_from_c(cell->uses[0].id));
    if (cell->score)
        buf_printf(out, ", \"score\": %llu", (unsigned long long)cell->score);
    buf_add_c(out, ", \"enabled\": true, ");
    write_comment(cell, documents, out);
    buf_printf(out, ", \"metadata\": [{\"name\": \"rules\", \"value\": \"%zu\"}", documents);
    if (highest != SIGMA_LEVEL_NONE)
        buf_printf(out, ", {\"name\": \"highest level\", \"value\": \"%s\"}",
                   sigma_level_name(highest));
    if (layer->options->score == NAVIGATOR_BY_FINDINGS)
        buf_printf(out, ", {\"name\": \"findings\", \"value\": \"%llu\"}",
                   (unsigned long long)cell->score);
    buf_add_c(out, "]}");
}

static void write_head(const struct layer *layer, struct buf *out)
{
    struct str version = layer->attack->version;
    buf_add_c(out, "{\n  ");
    write_key(out, "name", layer->options->name);
    buf_add_c(out, ",\n  \"versions\": {");
    write_key(out, "attack", str_first(version, str_index(version, '.')));
    buf_add_c(out, ", \"navigator\": \"" NAVIGATOR_VERSION "\", \"layer\": \"" NAVIGATOR_LAYER
                   "\"},\n  \"domain\": \"enterprise-attack\",\n  ");
    write_key(out, "description", layer->options->description);
    buf_add_c(out, ",\n  \"sorting\": 0,\n"
                   "  \"layout\": {\"layout\": \"side\", \"showName\": true, \"showID\": true, "
                   "\"showAggregateScores\": true, \"countUnscored\": false, "
                   "\"aggregateFunction\": \"sum\", \"expandedSubtechniques\": \"none\"},\n"
                   "  \"hideDisabled\": false,\n");
}

static void write_tail(const struct layer *layer, uint64_t darkest, struct buf *out)
{
    static const char *const units[] = {"rules", "points of level", "findings"};
    buf_add_c(out, "  \"gradient\": {\"colors\": [");
    for (size_t i = 0; i < COLOURS; i++)
        buf_printf(out, "%s\"%s\"", i ? ", " : "", colours[i]);
    buf_printf(out, "], \"minValue\": 0, \"maxValue\": %llu},\n", (unsigned long long)darkest);
    const char *unit = units[layer->options->score];
    buf_printf(out,
               "  \"legendItems\": [{\"label\": \"few %s\", \"color\": \"%s\"}, "
               "{\"label\": \"%llu %s and more\", \"color\": \"%s\"}],\n",
               unit, colours[0], (unsigned long long)darkest, unit, colours[COLOURS - 1]);
    buf_printf(out,
               "  \"metadata\": [{\"name\": \"rules\", \"value\": \"%u\"}, "
               "{\"name\": \"techniques\", \"value\": \"%u of %u\"}, "
               "{\"name\": \"sub-techniques\", \"value\": \"%u of %u\"}]\n}\n",
               layer->summary.rules, layer->summary.techniques, layer->summary.techniques_all,
               layer->summary.subtechniques, layer->summary.subtechniques_all);
}

int navigator_write(const struct sigma_set *set, const struct attack *attack,
                    const struct navigator_options *options, struct buf *out,
                    struct navigator_summary *ret_summary)
{
    struct layer layer = {.attack = attack, .options = options};
    uint64_t darkest = 0;
    int r = add_all(&layer, set);
    if (r == 0)
        r = gather(&layer);
    if (r == 0)
        r = darkest_from(&layer, &darkest);
    if (r < 0)
        goto out;
    write_head(&layer, out);
    buf_add_c(out, "  \"techniques\": [\n");
    for (size_t i = 0; i < layer.cells.len; i++) {
        write_cell(&layer, &layer.cells.items[i], out);
        buf_add_c(out, i + 1 < layer.cells.len ? ",\n" : "\n");
    }
    buf_add_c(out, "  ],\n");
    write_tail(&layer, darkest, out);
    if (out->failed)
        r = -ENOMEM;
    else if (ret_summary)
        *ret_summary = layer.summary;
out:
    vec_free(&layer.uses);
    vec_free(&layer.cells);
    return r;
}
