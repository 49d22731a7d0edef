/* One description of every structure serves both ways, so that they can't disagree. */
#include "sigma/image.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "sigma/reader.h"

#define IMAGE_LAYOUT 1              /* raise it with every change of what is written */
#define IMAGE_NODES_MAX (16u << 20) /* written, shared ones each time */

static const char MAGIC[8] = {'J', 'A', 'G', 'A', 'S', 'E', 'T', '\n'};

struct head {
    char magic[8];
    uint64_t version, key, length, checksum;
};

/* A pass over a set: out of it, or into it. */
struct coder {
    struct buf *out;      /* saving */
    const char *at, *end; /* loading */
    struct arena *arena;
    uint32_t n_nodes;
    int error;
};

static void fail(struct coder *coder, int error)
{
    if (coder->error == 0)
        coder->error = error;
}

static void code_bytes(struct coder *coder, void *bytes, size_t len)
{
    if (coder->out) {
        buf_add(coder->out, bytes, len);
    } else if ((size_t)(coder->end - coder->at) < len) {
        fail(coder, -EBADMSG);
    } else {
        memcpy(bytes, coder->at, len);
        coder->at += len;
    }
}

static void code_u32(struct coder *coder, uint32_t *number)
{
    code_bytes(coder, number, sizeof(*number));
}

static void code_bool(struct coder *coder, bool *flag)
{
    uint8_t byte = *flag;
    code_bytes(coder, &byte, 1);
    *flag = byte != 0;
}

/* An enum, whatever its type: a byte, at most `last`. */
#define code_enum(coder, place, last)                                                              \
    do {                                                                                           \
        uint8_t byte = (uint8_t) * (place);                                                        \
        code_bytes(coder, &byte, 1);                                                               \
        if (byte > (last))                                                                         \
            fail(coder, -EBADMSG);                                                                 \
        else                                                                                       \
            *(place) = byte;                                                                       \
    } while (0)

/* Loaded text stays in the image's copy. */
static void code_str(struct coder *coder, struct str *text)
{
    uint32_t len = (uint32_t)text->len;
    if (text->len > UINT32_MAX)
        fail(coder, -E2BIG);
    code_u32(coder, &len);
    if (coder->out) {
        buf_add(coder->out, text->ptr, len);
    } else if (coder->error == 0 && (size_t)(coder->end - coder->at) >= len) {
        *text = str_of(coder->at, len);
        coder->at += len;
    } else {
        fail(coder, -EBADMSG);
    }
}

/* The number of a list's items and, loading, room for them: an item takes at least a byte. */
static void *code_list(struct coder *coder, uint32_t *count, size_t size, void *items)
{
    code_u32(coder, count);
    if (coder->out)
        return items;
    if (coder->error != 0 || *count > (size_t)(coder->end - coder->at))
        fail(coder, -EBADMSG);
    void *room = coder->error == 0 ? arena_zero(coder->arena, (size_t)*count + 1, size) : NULL;
    if (!room) {
        *count = 0;
        fail(coder, -ENOMEM);
    }
    return room;
}

static void code_strs(struct coder *coder, struct str **texts, uint32_t *count)
{
    *texts = code_list(coder, count, sizeof(**texts), *texts);
    for (uint32_t i = 0; i < *count; i++)
        code_str(coder, &(*texts)[i]);
}

static void *code_new(struct coder *coder, size_t size, void *item)
{
    if (coder->out)
        return item;
    void *room = coder->error == 0 ? arena_zero(coder->arena, 1, size) : NULL;
    if (!room)
        fail(coder, -ENOMEM);
    return room;
}

/* ---- rules ---- */

static void code_predicate(struct coder *coder, struct sigma_predicate *is)
{
    code_enum(coder, &is->op, SIGMA_TIME_PART);
    code_bool(coder, &is->cased);
    code_bytes(coder, &is->regex_flags, 1);
    code_bytes(coder, &is->prefix_bits, 1);
    code_bool(coder, &is->ipv6);
    code_bytes(coder, is->address, sizeof(is->address));
    code_enum(coder, &is->time_part, SIGMA_YEAR);
    code_enum(coder, &is->number_op, SIGMA_TIME_PART);
    code_bytes(coder, &is->number, sizeof(is->number));
    code_str(coder, &is->field);
    code_str(coder, &is->text);
    is->parts = code_list(coder, &is->n_parts, sizeof(*is->parts), is->parts);
    for (uint32_t i = 0; i < is->n_parts; i++) {
        code_enum(coder, &is->parts[i].kind, SIGMA_ANY_RUN);
        code_str(coder, &is->parts[i].text);
    }
    if (is->prefix_bits > (is->ipv6 ? 128 : 32))
        fail(coder, -EBADMSG);
}

/* The selections that REF may stand for; in correlations, sources, which have no tree. */
struct scope {
    struct sigma_selection *selections;
    uint32_t count;
};

static struct sigma_node *code_node(struct coder *coder, struct sigma_node *node,
                                    const struct scope *scope, unsigned depth);

static void code_children(struct coder *coder, struct sigma_node *node, const struct scope *scope,
                          unsigned depth)
{
    node->children = code_list(coder, &node->count, sizeof(*node->children), node->children);
    if (node->count == 0 || (node->kind == SIGMA_NOT && node->count != 1))
        fail(coder, -EBADMSG);
    for (uint32_t i = 0; i < node->count && coder->error == 0; i++) {
        struct sigma_node *child = code_node(coder, node->children[i], scope, depth + 1);
        if (!coder->out)
            node->children[i] = child;
    }
}

static struct sigma_node *code_node(struct coder *coder, struct sigma_node *node,
                                    const struct scope *scope, unsigned depth)
{
    if (depth > SIGMA_TREE_DEPTH_MAX || ++coder->n_nodes > IMAGE_NODES_MAX)
        fail(coder, coder->out ? -E2BIG : -EBADMSG);
    node = code_new(coder, sizeof(*node), node);
    if (coder->error != 0)
        return NULL;
    code_enum(coder, &node->kind, SIGMA_FALSE);
    code_u32(coder, &node->line);
    if (node->kind == SIGMA_AND || node->kind == SIGMA_OR || node->kind == SIGMA_NOT) {
        code_children(coder, node, scope, depth);
    } else if (node->kind == SIGMA_PREDICATE) {
        node->predicate = code_new(coder, sizeof(*node->predicate), node->predicate);
        if (node->predicate)
            code_predicate(coder, node->predicate);
    } else if (node->kind == SIGMA_REF) {
        code_u32(coder, &node->index);
        if (node->index >= scope->count)
            fail(coder, -EBADMSG);
        else if (!coder->out && scope->selections)
            node->selection = &scope->selections[node->index];
    }
    return coder->error == 0 ? node : NULL;
}

static void code_meta(struct coder *coder, struct sigma_meta *meta)
{
    struct str *const texts[] = {
        &meta->id,      &meta->name,     &meta->title,  &meta->description,
        &meta->status,  &meta->author,   &meta->date,   &meta->modified,
        &meta->license, &meta->taxonomy, &meta->origin,
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        code_str(coder, texts[i]);
    code_strs(coder, &meta->tags, &meta->n_tags);
    code_strs(coder, &meta->references, &meta->n_references);
    code_strs(coder, &meta->falsepositives, &meta->n_falsepositives);
    code_strs(coder, &meta->fields, &meta->n_fields);
    code_enum(coder, &meta->level, SIGMA_CRITICAL);
    code_u32(coder, &meta->line);
    code_u32(coder, &meta->id_line);
}

static void code_logsource(struct coder *coder, struct logsource *logsource)
{
    code_str(coder, &logsource->product);
    code_str(coder, &logsource->category);
    code_str(coder, &logsource->service);
}

static void code_rule(struct coder *coder, struct sigma_rule *rule)
{
    const struct scope none = {0};
    code_meta(coder, &rule->meta);
    code_u32(coder, &rule->number);
    code_logsource(coder, &rule->logsource);
    rule->selections =
        code_list(coder, &rule->n_selections, sizeof(*rule->selections), rule->selections);
    for (uint32_t i = 0; i < rule->n_selections && coder->error == 0; i++) {
        struct sigma_selection *selection = &rule->selections[i];
        code_str(coder, &selection->name);
        code_u32(coder, &selection->line);
        code_bool(coder, &selection->used);
        selection->node = code_node(coder, selection->node, &none, 0);
    }
    struct scope scope = {rule->selections, rule->n_selections};
    rule->condition = code_node(coder, rule->condition, &scope, 0);
    code_str(coder, &rule->condition_text);
    code_u32(coder, &rule->n_filters);
    code_bool(coder, &rule->generate);
    code_bool(coder, &rule->derived);
    code_bool(coder, &rule->keywords);
}

/* ---- correlations, filters, refusals ---- */

static void code_correlation(struct coder *coder, struct sigma_correlation *correlation)
{
    code_meta(coder, &correlation->meta);
    code_u32(coder, &correlation->number);
    code_enum(coder, &correlation->type, SIGMA_VALUE_MEDIAN);
    correlation->sources = code_list(coder, &correlation->n_sources, sizeof(*correlation->sources),
                                     correlation->sources);
    for (uint32_t i = 0; i < correlation->n_sources; i++) {
        code_bool(coder, &correlation->sources[i].correlation);
        code_u32(coder, &correlation->sources[i].index);
    }
    correlation->group_by = code_list(coder, &correlation->n_group_by,
                                      sizeof(*correlation->group_by), correlation->group_by);
    for (uint32_t i = 0; i < correlation->n_group_by; i++) {
        uint32_t n = correlation->n_sources;
        code_str(coder, &correlation->group_by[i].name);
        code_strs(coder, &correlation->group_by[i].by_source, &n);
        if (n != correlation->n_sources)
            fail(coder, -EBADMSG);
    }
    code_bytes(coder, &correlation->timespan_us, sizeof(correlation->timespan_us));
    correlation->bounds =
        code_list(coder, &correlation->n_bounds, sizeof(*correlation->bounds), correlation->bounds);
    for (uint32_t i = 0; i < correlation->n_bounds; i++) {
        code_enum(coder, &correlation->bounds[i].op, SIGMA_GREATER_EQUAL);
        code_bool(coder, &correlation->bounds[i].negated);
        code_bytes(coder, &correlation->bounds[i].number, sizeof(double));
    }
    bool has_expression = correlation->expression != NULL;
    struct scope scope = {NULL, correlation->n_sources};
    code_bool(coder, &has_expression);
    if (has_expression)
        correlation->expression = code_node(coder, correlation->expression, &scope, 0);
    code_str(coder, &correlation->expression_text);
    code_strs(coder, &correlation->fields, &correlation->n_fields);
    code_bytes(coder, &correlation->percentile, sizeof(correlation->percentile));
    code_bool(coder, &correlation->generate);
}

static void code_filter(struct coder *coder, struct sigma_filter *filter)
{
    code_meta(coder, &filter->meta);
    code_logsource(coder, &filter->logsource);
    code_bool(coder, &filter->any);
    code_u32(coder, &filter->n_rules);
    code_u32(coder, &filter->n_unknown);
}

static void code_refusal(struct coder *coder, struct sigma_refusal *refusal)
{
    struct err *err = &refusal->err;
    struct str message = {err->message, strnlen(err->message, sizeof(err->message) - 1)};
    code_str(coder, &refusal->origin);
    code_str(coder, &refusal->title);
    code_str(coder, &refusal->id);
    code_bytes(coder, &err->code, sizeof(err->code));
    code_u32(coder, &err->line);
    code_u32(coder, &err->column);
    code_str(coder, &message);
    if (!coder->out && coder->error == 0 && message.len < sizeof(err->message)) {
        memcpy(err->message, message.ptr, message.len);
        err->message[message.len] = '\0';
    }
}

/* ---- the set ---- */

/* The items of a vec of the set: as many as it has, or as the image says. */
static void code_rules(struct coder *coder, struct sigma_set *set)
{
    uint32_t n = (uint32_t)set->rules.len;
    code_u32(coder, &n);
    for (uint32_t i = 0; i < n && coder->error == 0; i++) {
        struct sigma_rule *rule =
            code_new(coder, sizeof(*rule), coder->out ? set->rules.items[i] : NULL);
        if (rule)
            code_rule(coder, rule);
        if (rule && !coder->out && vec_push(&set->rules, rule) < 0)
            fail(coder, -ENOMEM);
    }
}

static void code_correlations(struct coder *coder, struct sigma_set *set)
{
    uint32_t n = (uint32_t)set->correlations.len;
    code_u32(coder, &n);
    for (uint32_t i = 0; i < n && coder->error == 0; i++) {
        struct sigma_correlation *correlation =
            code_new(coder, sizeof(*correlation), coder->out ? set->correlations.items[i] : NULL);
        if (!correlation)
            return;
        code_correlation(coder, correlation);
        for (uint32_t k = 0; k < correlation->n_sources; k++) /* sources come before */
            if (correlation->sources[k].index >=
                (correlation->sources[k].correlation ? i : (uint32_t)set->rules.len))
                fail(coder, -EBADMSG);
        if (!coder->out && vec_push(&set->correlations, correlation) < 0)
            fail(coder, -ENOMEM);
    }
}

static void code_rest(struct coder *coder, struct sigma_set *set)
{
    uint32_t n_filters = (uint32_t)set->filters.len, n_refusals = (uint32_t)set->refusals.len;
    code_u32(coder, &n_filters);
    for (uint32_t i = 0; i < n_filters && coder->error == 0; i++) {
        struct sigma_filter filter = coder->out ? set->filters.items[i] : (struct sigma_filter){0};
        code_filter(coder, &filter);
        if (!coder->out && vec_push(&set->filters, filter) < 0)
            fail(coder, -ENOMEM);
    }
    code_u32(coder, &n_refusals);
    for (uint32_t i = 0; i < n_refusals && coder->error == 0; i++) {
        struct sigma_refusal refusal =
            coder->out ? set->refusals.items[i] : (struct sigma_refusal){0};
        code_refusal(coder, &refusal);
        if (!coder->out && vec_push(&set->refusals, refusal) < 0)
            fail(coder, -ENOMEM);
    }
    code_u32(coder, &set->n_documents);
    code_u32(coder, &set->n_derived);
    code_u32(coder, &set->n_other);
}

static void code_set(struct coder *coder, struct sigma_set *set)
{
    code_rules(coder, set);
    code_correlations(coder, set);
    code_rest(coder, set);
}

static uint64_t version(void)
{
    return hash_bytes(JAGA_VERSION, sizeof(JAGA_VERSION), IMAGE_LAYOUT);
}

int sigma_set_save(const struct sigma_set *set, uint64_t key, struct buf *out)
{
    struct sigma_set borrowed = *set; /* saving changes nothing */
    struct coder coder = {.out = out};
    struct head head = {.version = version(), .key = key};
    size_t start = out->len;
    memcpy(head.magic, MAGIC, sizeof(MAGIC));
    buf_add(out, &head, sizeof(head));
    code_set(&coder, &borrowed);
    if (out->failed)
        return -ENOMEM;
    if (coder.error < 0)
        return coder.error;
    head.length = out->len - start - sizeof(head);
    head.checksum = hash_bytes(out->ptr + start + sizeof(head), head.length, key);
    memcpy(out->ptr + start, &head, sizeof(head));
    return 0;
}

/* An image of this program and key, whole? */
static int check(struct str image, uint64_t key)
{
    struct head head;
    if (image.len < sizeof(head))
        return -EBADMSG;
    memcpy(&head, image.ptr, sizeof(head));
    if (memcmp(head.magic, MAGIC, sizeof(MAGIC)) != 0)
        return -EBADMSG;
    if (head.version != version() || head.key != key)
        return -ESTALE;
    image = str_skip(image, sizeof(head));
    bool whole = head.length == image.len && head.checksum == hash_bytes(image.ptr, image.len, key);
    return whole ? 0 : -EBADMSG;
}

int sigma_set_load(struct sigma_set *set, struct str image, uint64_t key)
{
    int code = check(image, key);
    if (code < 0)
        return code;
    struct str copy = arena_copy(&set->arena, str_skip(image, sizeof(struct head)));
    if (!copy.ptr)
        return -ENOMEM;
    struct coder coder = {.at = copy.ptr, .end = copy.ptr + copy.len, .arena = &set->arena};
    code_set(&coder, set);
    if (coder.error == 0 && coder.at != coder.end)
        coder.error = -EBADMSG;
    if (coder.error < 0) {
        set->rules.len = set->correlations.len = set->filters.len = set->refusals.len = 0;
        set->n_documents = set->n_derived = set->n_other = 0;
        return coder.error;
    }
    reader_close(set);
    return 0;
}
