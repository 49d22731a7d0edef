#include "sigma/operand.h"

#include <math.h>

#include "base/utf8.h"

static const struct {
    enum operand_kind kind;
    const char *name;
} kind_names[] = {
    {OPERAND_TEXT, "text"},
    {OPERAND_NUMBER, "a number"},
    {OPERAND_BOOL, "a boolean"},
    {OPERAND_NULL, "null"},
    {OPERAND_REGEX, "a regular expression"},
    {OPERAND_NETWORK, "a network"},
    {OPERAND_COMPARISON, "a comparison"},
    {OPERAND_TIME_PART, "a part of a time"},
    {OPERAND_FIELD, "a field reference"},
    {OPERAND_EXISTS, "a test of existence"},
};

const char *operand_kind_name(enum operand_kind kind)
{
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(*kind_names); i++)
        if (kind_names[i].kind == kind)
            return kind_names[i].name;
    return "a value";
}

int operand_read(struct document *doc, const struct yaml_node *node, struct operand **ret_operand)
{
    if (node->kind != YAML_SCALAR)
        return document_error(doc, node, "a value is text, a number, a boolean or null, not %s",
                              node->kind == YAML_LIST ? "a list" : "a map");
    struct arena *scratch = &doc->reader->scratch;
    struct operand *operand = arena_zero(scratch, 1, sizeof(*operand));
    if (!operand)
        return document_no_memory(doc);
    operand->at = node;
    operand->spelling = node->text;
    int64_t whole;
    double number;
    bool truth;
    if (yaml_is_null(node)) {
        operand->kind = OPERAND_NULL;
    } else if (yaml_is_bool(node, &truth)) {
        operand->kind = OPERAND_BOOL;
        operand->predicate.number = truth;
    } else if (yaml_is_int(node, &whole)) {
        operand->kind = OPERAND_NUMBER;
        operand->predicate.number = (double)whole;
    } else if (yaml_is_float(node, &number)) {
        operand->kind = OPERAND_NUMBER;
        operand->predicate.number = number;
    } else {
        operand->kind = OPERAND_TEXT;
        if (pattern_parse(scratch, node->text, &operand->pattern) < 0)
            return document_no_memory(doc);
    }
    *ret_operand = operand;
    return 0;
}

int operand_add(struct item *item, struct operand *operand, struct operand **ret_alternative)
{
    if (++item->alternatives > SIGMA_EXPANSION_MAX)
        return modifier_error(item, "'%.*s' makes more than %d alternatives of one value",
                              STR_ARG(item->modifier), SIGMA_EXPANSION_MAX);
    struct operand *copy = arena_zero(&item->doc->reader->scratch, 1, sizeof(*copy));
    if (!copy)
        return document_no_memory(item->doc);
    *copy = *operand;
    operand->next = copy;
    *ret_alternative = copy;
    return 0;
}

static int finish_text(struct item *item, struct operand *operand)
{
    int status = pattern_predicate(&item->doc->reader->scratch, &item->doc->set->arena,
                                   &operand->pattern, &operand->predicate);
    if (status == -EILSEQ)
        return document_error(item->doc, operand->at,
                              "in UTF-16 this value is no text; encode it with base64 or "
                              "base64offset");
    return status < 0 ? document_no_memory(item->doc) : 0;
}

/* What is compared as text: keywords, and numbers that a double would round. */
static int finish_as_text(struct item *item, struct operand *operand)
{
    if (pattern_literal(&item->doc->reader->scratch, operand->spelling, &operand->pattern) < 0)
        return document_no_memory(item->doc);
    return finish_text(item, operand);
}

static int finish_number(struct item *item, struct operand *operand)
{
    if (item->field.len == 0 || fabs(operand->predicate.number) >= SIGMA_EXACT_NUMBER_MAX)
        return finish_as_text(item, operand);
    operand->predicate.op = SIGMA_NUMBER;
    struct arena *arena = &item->doc->set->arena;
    char *text = arena_bytes(arena, 3 * operand->spelling.len / 2 + 4);
    if (!text)
        return document_no_memory(item->doc);
    operand->predicate.text = str_of(text, utf8_fold_text(operand->spelling, text));
    return 0;
}

static int finish_bool(struct item *item, struct operand *operand)
{
    if (item->field.len == 0) {
        operand->spelling = operand->predicate.number != 0 ? STR("true") : STR("false");
        return finish_as_text(item, operand);
    }
    operand->predicate.op = SIGMA_BOOL;
    return 0;
}

static int finish_null(struct item *item, struct operand *operand)
{
    (void)item;
    operand->predicate.op = SIGMA_NULL;
    return 0;
}

static int finish_regex(struct item *item, struct operand *operand)
{
    operand->predicate.op = SIGMA_REGEX;
    return document_copy(item->doc, operand->spelling, &operand->predicate.text);
}

static int finish_field(struct item *item, struct operand *operand)
{
    operand->predicate.op = operand->before && operand->after ? SIGMA_FIELD_CONTAINS
                            : operand->before                 ? SIGMA_FIELD_SUFFIX
                            : operand->after                  ? SIGMA_FIELD_PREFIX
                                                              : SIGMA_FIELD_EQUAL;
    return document_field_name(item->doc, operand->spelling, &operand->predicate.text);
}

/* The modifier has already set the predicate. */
static int finish_nothing(struct item *item, struct operand *operand)
{
    (void)item;
    (void)operand;
    return 0;
}

static const struct finisher {
    enum operand_kind kind;
    bool needs_field;
    int (*finish)(struct item *item, struct operand *operand);
} finishers[] = {
    {OPERAND_TEXT, false, finish_text},         {OPERAND_NUMBER, false, finish_number},
    {OPERAND_BOOL, false, finish_bool},         {OPERAND_NULL, true, finish_null},
    {OPERAND_REGEX, false, finish_regex},       {OPERAND_NETWORK, true, finish_nothing},
    {OPERAND_COMPARISON, true, finish_nothing}, {OPERAND_TIME_PART, true, finish_nothing},
    {OPERAND_FIELD, true, finish_field},        {OPERAND_EXISTS, true, finish_nothing},
};

int operand_node(struct item *item, struct operand *operand, struct sigma_node **ret_node)
{
    struct document *doc = item->doc;
    const struct finisher *finisher = finishers;
    while (finisher->kind != operand->kind)
        finisher++;
    if (finisher->needs_field && item->field.len == 0)
        return document_error(doc, operand->at, "%s needs a field",
                              operand_kind_name(operand->kind));
    operand->predicate.field = item->field;
    doc->keywords = doc->keywords || item->field.len == 0;
    int status = finisher->finish(item, operand);
    if (status < 0)
        return status;
    struct sigma_predicate *predicate = arena_alloc(&doc->set->arena, sizeof(*predicate));
    if (!predicate)
        return document_no_memory(doc);
    *predicate = operand->predicate;
    status = sigma_node_new(doc, SIGMA_PREDICATE, operand->at->line, ret_node);
    if (status == 0)
        (*ret_node)->predicate = predicate;
    return status;
}
