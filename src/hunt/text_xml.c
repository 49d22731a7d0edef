#include "hunt/text_xml.h"

#include <stdio.h>

#include "base/utf8.h"
#include "base/vec.h"

#define NONE UINT32_MAX

/*
 * The document as nodes, in its order. What an element holds is a list through `next`:
 *
 *     <e a="1">x<b/></e>      e ── first ──▶ @a ── next ──▶ #text ── next ──▶ b
 */
struct node {
    struct str name;        /* of an element or attribute; of text "#text" */
    struct str text;        /* of an attribute or text, as written */
    uint32_t first, last;   /* of what an element holds; NONE */
    uint32_t next;          /* under the same element; NONE */
    bool attribute, listed; /* listed: among those of one name that were written */
};

struct reading {
    struct str rest;
    struct {
        struct node *items;
        size_t len, cap;
    } nodes;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct str *rest)
{
    while (rest->len && is_space(rest->ptr[0]))
        *rest = str_skip(*rest, 1);
}

static struct str take_name(struct str *rest)
{
    size_t n = 0;
    while (n < rest->len && !is_space(rest->ptr[n]) && !memchr("<>/=\"'&?!", rest->ptr[n], 9))
        n++;
    struct str name = str_first(*rest, n);
    *rest = str_skip(*rest, n);
    return name;
}

static bool take(struct str *rest, const char *token)
{
    if (!str_starts(*rest, str_from_c(token)))
        return false;
    *rest = str_skip(*rest, strlen(token));
    return true;
}

static bool skip_to(struct str *rest, const char *end)
{
    size_t at = str_find(*rest, str_from_c(end));
    if (at == SIZE_MAX)
        return false;
    *rest = str_skip(*rest, at + strlen(end));
    return true;
}

/* Adds a node under another; its number, or NONE: there are too many. */
static uint32_t add_node(struct reading *reading, uint32_t parent, struct node node)
{
    node.first = node.last = node.next = NONE;
    if (reading->nodes.len == TEXT_XML_NODES_MAX || vec_push(&reading->nodes, node) < 0)
        return NONE;
    uint32_t number = (uint32_t)reading->nodes.len - 1;
    if (parent == NONE)
        return number;
    struct node *above = &reading->nodes.items[parent];
    if (above->first == NONE)
        above->first = number;
    else
        reading->nodes.items[above->last].next = number;
    above->last = number;
    return number;
}

static bool read_attributes(struct reading *reading, uint32_t element)
{
    struct str *rest = &reading->rest;
    for (skip_space(rest); rest->len && !memchr("/>", rest->ptr[0], 2); skip_space(rest)) {
        struct node node = {.name = take_name(rest), .attribute = true};
        skip_space(rest);
        if (node.name.len == 0 || !take(rest, "="))
            return false;
        skip_space(rest);
        if (rest->len == 0 || (rest->ptr[0] != '"' && rest->ptr[0] != '\''))
            return false;
        char quote = rest->ptr[0];
        *rest = str_skip(*rest, 1);
        size_t end = str_index(*rest, quote);
        node.text = str_first(*rest, end);
        if (end == rest->len || add_node(reading, element, node) == NONE)
            return false;
        *rest = str_skip(*rest, end + 1);
    }
    return true;
}

/* Text of which something is seen; CDATA is text too. */
static bool read_text(struct reading *reading, uint32_t element, struct str text)
{
    struct node node = {.name = STR("#text"), .text = str_trim(text)};
    return node.text.len == 0 || add_node(reading, element, node) != NONE;
}

/* A comment, a declaration, an instruction: skipped. *ret_cdata: the text of a CDATA section. */
static bool skip_markup(struct str *rest, struct str *ret_cdata)
{
    *ret_cdata = (struct str){0};
    if (take(rest, "<!--"))
        return skip_to(rest, "-->");
    if (take(rest, "<?"))
        return skip_to(rest, "?>");
    if (take(rest, "<![CDATA[")) {
        struct str begin = *rest;
        bool whole = skip_to(rest, "]]>");
        *ret_cdata = str_first(begin, whole ? begin.len - rest->len - 3 : 0);
        return whole;
    }
    return take(rest, "<!") && skip_to(rest, ">");
}

/* Behind "<": an element with all that is in it. */
static bool read_element(struct reading *reading, uint32_t parent, unsigned depth,
                         uint32_t *ret_number)
{
    struct str *rest = &reading->rest, cdata;
    struct str name = take_name(rest);
    *ret_number = name.len && depth <= TEXT_XML_DEPTH_MAX
                      ? add_node(reading, parent, (struct node){.name = name})
                      : NONE;
    uint32_t number = *ret_number, inner;
    if (number == NONE || !read_attributes(reading, number))
        return false;
    if (take(rest, "/>"))
        return true;
    if (!take(rest, ">"))
        return false;
    for (;;) {
        size_t at = str_index(*rest, '<');
        if (at == rest->len || !read_text(reading, number, str_first(*rest, at)))
            return false;
        *rest = str_skip(*rest, at);
        if (take(rest, "</"))
            break;
        bool markup = str_starts(*rest, STR("<!")) || str_starts(*rest, STR("<?"));
        if (markup ? !skip_markup(rest, &cdata) || !read_text(reading, number, cdata)
                   : !take(rest, "<") || !read_element(reading, number, depth + 1, &inner))
            return false;
    }
    bool closed = str_eq(take_name(rest), name);
    skip_space(rest);
    return closed && take(rest, ">");
}

/* ---- as JSON ---- */

/* What stands between & and ;. False: it is no entity that every XML has. */
static bool add_entity(struct buf *text, struct str name)
{
    static const struct {
        const char *name;
        char byte;
    } entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
        if (str_eq(name, str_from_c(entities[i].name))) {
            buf_add_byte(text, entities[i].byte);
            return true;
        }
    uint64_t point = 0;
    char room[16], bytes[4];
    if (name.len < 2 || name.len > 10 || name.ptr[0] != '#')
        return false;
    bool hex = name.ptr[1] == 'x';
    int len =
        snprintf(room, sizeof(room), "%s%.*s", hex ? "0x" : "", STR_ARG(str_skip(name, 1 + hex)));
    if (str_to_u64(str_of(room, (size_t)len), &point) < 0 || point == 0 || point > 0x10ffff)
        return false;
    buf_add(text, bytes, utf8_encode((uint32_t)point, bytes));
    return true;
}

static void add_text(struct buf *json, struct str written)
{
    struct buf text = {0};
    while (written.len) {
        size_t at = str_index(written, '&'), end = str_index(str_skip(written, at), ';');
        buf_add_str(&text, str_first(written, at));
        written = str_skip(written, at);
        if (written.len && !add_entity(&text, str_first(str_skip(written, 1), end - 1))) {
            buf_add_byte(&text, '&');
            end = 0;
        }
        written = str_skip(written, end + 1);
    }
    buf_add_json(json, buf_str(&text));
    buf_free(&text);
}

static void put_value(struct reading *reading, uint32_t number, struct buf *json);

/* The next one of the same name under the same element, or NONE. */
static uint32_t next_alike(const struct reading *reading, uint32_t number)
{
    const struct node *first = &reading->nodes.items[number];
    for (uint32_t i = first->next; i != NONE; i = reading->nodes.items[i].next) {
        const struct node *node = &reading->nodes.items[i];
        if (str_eq(node->name, first->name) && node->attribute == first->attribute)
            return i;
    }
    return NONE;
}

/* A name of a bag, and what has that name under the same element: several are an array. */
static void put_member(struct reading *reading, uint32_t number, struct buf *json)
{
    const struct node *first = &reading->nodes.items[number];
    bool several = next_alike(reading, number) != NONE;
    struct buf name = {0};
    buf_printf(&name, "%s%.*s", first->attribute ? "@" : "", STR_ARG(first->name));
    buf_add_json(json, buf_str(&name));
    buf_free(&name);
    buf_add_c(json, several ? ":[" : ":");
    for (uint32_t i = number; i != NONE; i = next_alike(reading, i)) {
        reading->nodes.items[i].listed = true;
        buf_add_c(json, i == number ? "" : ",");
        put_value(reading, i, json);
    }
    buf_add_c(json, several ? "]" : "");
}

static void put_value(struct reading *reading, uint32_t number, struct buf *json)
{
    const struct node *node = &reading->nodes.items[number];
    if (node->text.ptr) {
        add_text(json, node->text);
        return;
    }
    if (node->first == NONE) {
        buf_add_c(json, "null");
        return;
    }
    const struct node *only = &reading->nodes.items[node->first];
    if (node->first == node->last && !only->attribute && only->text.ptr) {
        add_text(json, only->text);
        return;
    }
    bool any = false;
    for (uint32_t i = node->first; i != NONE; i = reading->nodes.items[i].next) {
        if (reading->nodes.items[i].listed)
            continue;
        buf_add_byte(json, any ? ',' : '{');
        put_member(reading, i, json);
        any = true;
    }
    buf_add_byte(json, '}');
}

bool text_parse_xml(struct str text, struct buf *json)
{
    struct reading reading = {.rest = text};
    struct str ignored;
    uint32_t root = NONE;
    bool whole = text.len <= TEXT_XML_MAX;
    (void)take(&reading.rest, "\xef\xbb\xbf");
    skip_space(&reading.rest);
    while (whole && (str_starts(reading.rest, STR("<?")) || str_starts(reading.rest, STR("<!")))) {
        whole = skip_markup(&reading.rest, &ignored);
        skip_space(&reading.rest);
    }
    whole = whole && take(&reading.rest, "<") && read_element(&reading, NONE, 1, &root);
    skip_space(&reading.rest);
    whole = whole && reading.rest.len == 0;
    if (whole) {
        buf_add_byte(json, '{');
        put_member(&reading, root, json);
        buf_add_byte(json, '}');
    }
    vec_free(&reading.nodes);
    return whole;
}
