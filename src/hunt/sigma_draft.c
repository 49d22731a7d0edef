#include "hunt/sigma_draft.h"

#include <errno.h>
#include <stdio.h>

#include "base/hash.h"

struct writer {
    const struct draft *draft;
    struct buf *yaml;
    struct buf condition;
    uint32_t selections;
    bool single; /* there is one, which needs no number */
};

/* ---- scalars ---- */

/* Single quotes hide all but themselves; controls need double ones, whose escapes are JSON's. */
static void add_scalar(struct buf *out, struct str text)
{
    bool control = false;
    for (size_t i = 0; i < text.len; i++)
        control |= (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f;
    if (control) {
        buf_add_json(out, text);
        return;
    }
    buf_add_byte(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        buf_add_byte(out, text.ptr[i]);
        if (text.ptr[i] == '\'')
            buf_add_byte(out, '\'');
    }
    buf_add_byte(out, '\'');
}

/* A value without wildcards (Sigma specification 2.1.0, "Escaping"). Regular expressions have none. */
static void add_value(struct buf *out, struct str text, bool regex)
{
    struct buf escaped = {0};
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i], next = i + 1 < text.len ? text.ptr[i + 1] : '\\';
        bool special =
            c == '*' || c == '?' || (c == '\\' && (next == '\\' || next == '*' || next == '?'));
        if (special && !regex)
            buf_add_byte(&escaped, '\\');
        buf_add_byte(&escaped, c);
    }
    add_scalar(out, buf_str(&escaped));
    out->failed |= escaped.failed;
    buf_free(&escaped);
}

static void add_member(struct buf *out, const char *key, struct str text)
{
    if (text.len == 0)
        return;
    buf_printf(out, "%s: ", key);
    add_scalar(out, text);
    buf_add_byte(out, '\n');
}

static void add_words(struct buf *out, const char *key, const struct saved_words *words)
{
    if (words->len)
        buf_printf(out, "%s:\n", key);
    for (uint32_t i = 0; i < words->len; i++) {
        buf_add_c(out, "    - ");
        add_scalar(out, words->items[i].text);
        buf_add_byte(out, '\n');
    }
}

/* ---- detection ---- */

static void add_test(struct buf *out, const struct draft_node *test)
{
    bool regex = str_starts(str_from_c(test->modifiers), STR("re"));
    buf_add_c(out, "        ");
    buf_add_str(out, test->field);
    buf_printf(out, "%s%s:", test->modifiers[0] ? "|" : "", test->modifiers);
    for (uint32_t i = 0; i < test->n_values; i++) {
        buf_add_c(out, test->n_values > 1 ? "\n            - " : " ");
        if (test->numbers)
            buf_add_str(out, test->values[i]);
        else
            add_value(out, test->values[i], regex);
    }
    buf_add_byte(out, '\n');
}

static void begin_selection(struct writer *writer)
{
    char number[12] = "";
    if (!writer->single)
        snprintf(number, sizeof(number), "%u", ++writer->selections);
    buf_printf(writer->yaml, "    selection%s:\n", number);
    buf_printf(&writer->condition, "selection%s", number);
}

static bool same_key(const struct draft_node *a, const struct draft_node *b)
{
    return str_eq(a->field, b->field) && strcmp(a->modifiers, b->modifiers) == 0;
}

/* May the test stand in one selection with those of its siblings before it? */
static bool joins(const struct draft_node *parent, uint32_t index)
{
    if (parent->children[index]->kind != DRAFT_TEST)
        return false;
    for (uint32_t i = 0; i < index; i++)
        if (parent->children[i]->kind == DRAFT_TEST &&
            same_key(parent->children[i], parent->children[index]))
            return false;
    return true;
}

static void add_node(struct writer *writer, const struct draft_node *node, bool inside);

/* Tests of an AND on different fields are one selection; all else stands for itself. */
static void add_joined(struct writer *writer, const struct draft_node *node)
{
    bool begun = false;
    for (uint32_t i = 0; i < node->n; i++) {
        if (!joins(node, i))
            continue;
        if (!begun)
            begin_selection(writer);
        begun = true;
        add_test(writer->yaml, node->children[i]);
    }
    for (uint32_t i = 0; i < node->n; i++) {
        if (joins(node, i))
            continue;
        buf_add_c(&writer->condition, begun ? " and " : "");
        begun = true;
        add_node(writer, node->children[i], true);
    }
}

static void add_or(struct writer *writer, const struct draft_node *node)
{
    for (uint32_t i = 0; i < node->n; i++) {
        buf_add_c(&writer->condition, i ? " or " : "");
        add_node(writer, node->children[i], true);
    }
}

/* Is it more than one word of the condition? */
static bool has_parts(const struct draft_node *node)
{
    bool parts = node->kind == DRAFT_OR;
    for (uint32_t i = 0; node->kind == DRAFT_AND && i < node->n; i++)
        parts |= !joins(node, i);
    return parts;
}

static void add_node(struct writer *writer, const struct draft_node *node, bool inside)
{
    bool brackets = inside && has_parts(node);
    buf_add_c(&writer->condition, brackets ? "(" : "");
    switch (node->kind) {
    case DRAFT_AND:
        add_joined(writer, node);
        break;
    case DRAFT_OR:
        add_or(writer, node);
        break;
    case DRAFT_NOT:
        buf_add_c(&writer->condition, "not ");
        add_node(writer, node->children[0], true);
        break;
    default:
        begin_selection(writer);
        add_test(writer->yaml, node);
    }
    buf_add_c(&writer->condition, brackets ? ")" : "");
}

/* ---- what is always so ---- */

/* An AND within an AND is one; what is always true or false goes away. NULL: no memory. */
static struct draft_node *simplify(struct arena *arena, struct draft_node *node)
{
    enum draft_kind neutral = node->kind == DRAFT_AND ? DRAFT_TRUE : DRAFT_FALSE;
    VEC(struct draft_node *) kept = {0};
    if (node->kind == DRAFT_TEST || node->kind == DRAFT_TRUE || node->kind == DRAFT_FALSE)
        return node;
    for (uint32_t i = 0; i < node->n; i++) {
        struct draft_node *child = simplify(arena, node->children[i]);
        bool constant = child && (child->kind == DRAFT_TRUE || child->kind == DRAFT_FALSE);
        if (constant && node->kind == DRAFT_NOT) {
            child->kind = child->kind == DRAFT_TRUE ? DRAFT_FALSE : DRAFT_TRUE;
            vec_free(&kept);
            return child;
        }
        if (!child || (constant && child->kind != neutral)) {
            vec_free(&kept);
            return child;
        }
        bool same = child->kind == node->kind && node->kind != DRAFT_NOT;
        int status = 0;
        for (uint32_t k = 0; same && status == 0 && k < child->n; k++)
            status = vec_push(&kept, child->children[k]);
        if (!same && !constant)
            status = vec_push(&kept, child);
        if (status < 0) {
            vec_free(&kept);
            return NULL;
        }
    }
    struct draft_node **children = arena_zero(arena, kept.len + 1, sizeof(*children));
    if (children && kept.len)
        memcpy(children, kept.items, kept.len * sizeof(*children));
    node->children = children;
    node->n = (uint32_t)kept.len;
    vec_free(&kept);
    if (children && node->n == 0)
        node->kind = neutral;
    return !children ? NULL : node->n == 1 && node->kind != DRAFT_NOT ? node->children[0] : node;
}

/* ---- the rule ---- */

/* A UUID of version 8 (RFC 9562, 5.8: custom): the same draft of the same hunt. */
static void add_id(struct buf *out, struct str hunt)
{
    unsigned long long high = hash_bytes(hunt.ptr, hunt.len, 1);
    unsigned long long low = hash_bytes(hunt.ptr, hunt.len, 2);
    high = (high & ~0xf000ull) | 0x8000ull;
    low = (low & ~(3ull << 62)) | 2ull << 62;
    buf_printf(out, "id: %08llx-%04llx-%04llx-%04llx-%012llx\n", high >> 32, high >> 16 & 0xffff,
               high & 0xffff, low >> 48, low & 0xffffffffffffull);
}

static void add_tags(struct buf *out, const struct saved_words *words, const struct attack *attack)
{
    if (words->len)
        buf_add_c(out, "tags:\n");
    for (uint32_t i = 0; i < words->len; i++) {
        struct str id = words->items[i].text, tag = id;
        for (size_t t = 0; attack && t < attack->tactics.len; t++)
            if (str_eq(attack->tactics.items[t].id, id))
                tag = attack->tactics.items[t].tag;
        buf_add_c(out, "    - attack.");
        for (size_t c = 0; c < tag.len; c++)
            buf_add_byte(out, (char)(tag.ptr[c] >= 'A' && tag.ptr[c] <= 'Z' ? tag.ptr[c] | 0x20
                                                                            : tag.ptr[c]));
        buf_add_byte(out, '\n');
    }
}

static void add_head(struct buf *out, const struct draft *draft, const struct attack *attack)
{
    const struct saved_hunt *hunt = draft->hunt;
    buf_printf(out, "# Drafted from the saved hunt %.*s, for the events of %.*s in %.*s.\n",
               STR_ARG(hunt->id), STR_ARG(draft->dataset), STR_ARG(draft->table));
    if (draft->windowed)
        buf_add_c(out, "# Its window of time is left out: a rule is asked of what comes.\n");
    add_member(out, "title", hunt->title);
    add_id(out, hunt->id);
    buf_add_c(out, "status: experimental\n");
    add_member(out, "description", str_trim(hunt->description));
    add_words(out, "references", &hunt->references);
    add_member(out, "author", hunt->author);
    add_member(out, "date", hunt->date);
    add_tags(out, &hunt->attack, attack);
    buf_add_c(out, "logsource:\n");
    add_member(out, "    product", draft->logsource.product);
    add_member(out, "    category", draft->logsource.category);
    if (!draft->logsource.category.len) /* a category has events of several services */
        add_member(out, "    service", draft->logsource.service);
}

int draft_write(const struct draft *draft, struct arena *arena, const struct attack *attack,
                struct buf *yaml, struct err *err)
{
    struct draft_node *condition = simplify(arena, draft->condition);
    struct buf text = {0};
    struct writer writer = {.draft = draft, .yaml = &text};
    const struct draft_node *root = condition;
    if (!condition)
        return err_set(err, -ENOMEM, "no memory for the draft");
    if (condition->kind == DRAFT_TRUE || condition->kind == DRAFT_FALSE)
        return err_set(err, -ENOTSUP, "its filter is always %s of the events of %.*s",
                       condition->kind == DRAFT_TRUE ? "true" : "false", STR_ARG(draft->dataset));
    while (root->kind == DRAFT_NOT)
        root = root->children[0];
    writer.single = !has_parts(root);
    add_head(&text, draft, attack);
    buf_add_c(&text, "detection:\n");
    add_node(&writer, condition, false);
    buf_add_c(&text, "    condition: ");
    buf_add_str(&text, buf_str(&writer.condition));
    buf_add_byte(&text, '\n');
    add_words(&text, "falsepositives", &draft->hunt->falsepositives);
    buf_printf(&text, "level: %s\n", sigma_level_name(draft->hunt->level));
    bool failed = text.failed || writer.condition.failed;
    if (!failed)
        buf_add_str(yaml, buf_str(&text));
    buf_free(&writer.condition);
    buf_free(&text);
    return failed ? err_set(err, -ENOMEM, "no memory for the draft") : 0;
}
