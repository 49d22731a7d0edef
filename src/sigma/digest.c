#include "sigma/digest.h"

#include <errno.h>

#include "base/buf.h"
#include "base/hash.h"

static void add_number(struct buf *out, uint64_t number)
{
    buf_add(out, &number, sizeof(number));
}

static void add_text(struct buf *out, struct str text)
{
    add_number(out, text.len);
    buf_add_str(out, text);
}

static void add_double(struct buf *out, double number)
{
    buf_add(out, &number, sizeof(number));
}

static void add_predicate(struct buf *out, const struct sigma_predicate *predicate)
{
    const uint8_t marks[] = {
        (uint8_t)predicate->op,        predicate->cased, predicate->regex_flags,
        predicate->prefix_bits,        predicate->ipv6,  (uint8_t)predicate->time_part,
        (uint8_t)predicate->number_op,
    };
    buf_add(out, marks, sizeof(marks));
    buf_add(out, predicate->address, sizeof(predicate->address));
    add_double(out, predicate->number);
    add_text(out, predicate->field);
    add_text(out, predicate->text);
    for (uint32_t i = 0; i < predicate->n_parts; i++) {
        add_number(out, predicate->parts[i].kind);
        add_text(out, predicate->parts[i].text);
    }
}

/* Depth: SIGMA_TREE_DEPTH_MAX. A REF stands for what it refers to; in a correlation for its source's place. */
static void add_node(struct buf *out, const struct sigma_node *node)
{
    if (node->kind == SIGMA_REF && node->selection) {
        add_node(out, node->selection->node);
        return;
    }
    buf_add_byte(out, (char)node->kind);
    add_number(out, node->kind == SIGMA_REF ? node->index : node->count);
    if (node->kind == SIGMA_PREDICATE)
        add_predicate(out, node->predicate);
    uint32_t n = node->kind == SIGMA_NOT                             ? 1
                 : node->kind == SIGMA_AND || node->kind == SIGMA_OR ? node->count
                                                                     : 0;
    for (uint32_t i = 0; i < n; i++)
        add_node(out, node->children[i]);
}

static void add_meta(struct buf *out, const struct sigma_meta *meta)
{
    add_text(out, meta->id);
    if (meta->id.len == 0) {
        add_text(out, meta->name);
        add_text(out, meta->title);
    }
}

static int finish(struct buf *text, struct sigma_digest *ret_digest)
{
    bool failed = text->failed;
    if (!failed)
        *ret_digest = (struct sigma_digest){hash_bytes(text->ptr, text->len, 1),
                                            hash_bytes(text->ptr, text->len, 2)};
    buf_free(text);
    return failed ? -ENOMEM : 0;
}

int sigma_rule_digest(const struct sigma_rule *rule, struct sigma_digest *ret_digest)
{
    struct buf text = {0};
    add_meta(&text, &rule->meta);
    add_text(&text, rule->logsource.product);
    add_text(&text, rule->logsource.category);
    add_text(&text, rule->logsource.service);
    buf_add_byte(&text, rule->generate);
    add_node(&text, rule->condition);
    return finish(&text, ret_digest);
}

/* Depth: SIGMA_CHAIN_MAX. */
static int add_source(struct buf *text, const struct sigma_set *set,
                      const struct sigma_source *source)
{
    struct sigma_digest digest;
    int status =
        source->correlation
            ? sigma_correlation_digest(set, set->correlations.items[source->index], &digest)
            : sigma_rule_digest(set->rules.items[source->index], &digest);
    if (status == 0)
        buf_add(text, &digest, sizeof(digest));
    return status;
}

int sigma_correlation_digest(const struct sigma_set *set,
                             const struct sigma_correlation *correlation,
                             struct sigma_digest *ret_digest)
{
    struct buf text = {0};
    int status = 0;
    add_meta(&text, &correlation->meta);
    buf_add_byte(&text, (char)correlation->type);
    buf_add_byte(&text, correlation->generate);
    add_number(&text, (uint64_t)correlation->timespan_us);
    add_double(&text, correlation->percentile);
    for (uint32_t i = 0; status == 0 && i < correlation->n_sources; i++)
        status = add_source(&text, set, &correlation->sources[i]);
    for (uint32_t i = 0; i < correlation->n_group_by; i++) {
        add_text(&text, correlation->group_by[i].name);
        for (uint32_t k = 0; k < correlation->n_sources; k++)
            add_text(&text, correlation->group_by[i].by_source[k]);
    }
    for (uint32_t i = 0; i < correlation->n_bounds; i++) {
        buf_add_byte(&text, (char)correlation->bounds[i].op);
        buf_add_byte(&text, correlation->bounds[i].negated);
        add_double(&text, correlation->bounds[i].number);
    }
    if (correlation->expression)
        add_node(&text, correlation->expression);
    for (uint32_t i = 0; i < correlation->n_fields; i++)
        add_text(&text, correlation->fields[i]);
    if (status < 0) {
        buf_free(&text);
        return status;
    }
    return finish(&text, ret_digest);
}

int sigma_digest_compare(const void *a, const void *b)
{
    const struct sigma_digest *x = a, *y = b;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    return x->low < y->low ? -1 : x->low > y->low;
}
