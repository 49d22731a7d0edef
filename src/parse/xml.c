#include "parse/xml.h"

#include "base/utf8.h"
#include "parse/winevent.h"

#define ENTITY_MAX 12 /* bytes between & and ;: &#x10FFFF is the longest, with a few zeros */

struct attribute {
    struct str name, value;
};

/* An element that is open. */
struct level {
    struct str name;
    struct winevent_scope scope; /* inside it */
    struct str text;             /* so far; of FIELD elements */
    bool joined;                 /* the text is in the scratch arena, the last thing in it */
    bool has_text, has_slots;    /* text came, even empty; attributes or children made slots */
    uint32_t first_slot;
};

struct xml {
    struct parser *parser;
    struct str text;
    size_t at;
    unsigned flags; /* of slots whose text is in `text` */
    const char *error;
    struct xml_event *event;
    const struct winevent_scope *outer; /* of the element that is read */
    bool system;                        /* <System> was there */
    unsigned depth;
    struct level levels[XML_DEPTH_MAX];
    struct attribute attributes[XML_ATTRIBUTES_MAX];
    unsigned n_attributes;
};

static bool fail(struct xml *xml, const char *why)
{
    if (!xml->error)
        xml->error = why;
    return false;
}

static const char out_of_memory[] = "the event needs too much memory";

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str rest_of(const struct xml *xml)
{
    return str_skip(xml->text, xml->at);
}

static void skip_space(struct xml *xml)
{
    while (xml->at < xml->text.len && is_space(xml->text.ptr[xml->at]))
        xml->at++;
}

/* The byte at the cursor, 0 at the end. */
static char peek(const struct xml *xml)
{
    return xml->at < xml->text.len ? xml->text.ptr[xml->at] : 0;
}

static bool take(struct xml *xml, struct str literal)
{
    if (!str_starts(rest_of(xml), literal))
        return false;
    xml->at += literal.len;
    return true;
}

/* Behind the next `end`, which must come. */
static bool skip_past(struct xml *xml, struct str end, const char *missing)
{
    size_t found = str_find(rest_of(xml), end);
    if (found == SIZE_MAX)
        return fail(xml, missing);
    xml->at += found + end.len;
    return true;
}

/* A name: what neither white space nor markup ends. */
static struct str take_name(struct xml *xml)
{
    size_t start = xml->at;
    while (xml->at < xml->text.len && !is_space(xml->text.ptr[xml->at]) &&
           !memchr("/>=<'\"&", xml->text.ptr[xml->at], 7))
        xml->at++;
    if (xml->at == start)
        fail(xml, "a name was expected");
    return str_of(xml->text.ptr + start, xml->at - start);
}

/* The character that `&name;` stands for; false: none that XML 1.0 has without a DTD. */
static bool entity_value(struct str name, uint32_t *ret_code_point)
{
    static const struct {
        struct str name;
        char value;
    } entities[] = {{{"lt", 2}, '<'},
                    {{"gt", 2}, '>'},
                    {{"amp", 3}, '&'},
                    {{"quot", 4}, '"'},
                    {{"apos", 4}, '\''}};
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (str_eq(name, entities[i].name)) {
            *ret_code_point = (unsigned char)entities[i].value;
            return true;
        }
    }
    if (!str_starts(name, STR("#")))
        return false;
    struct str digits = str_skip(name, 1);
    uint32_t base = 10, number = 0;
    if (str_starts(digits, STR("x"))) {
        digits = str_skip(digits, 1);
        base = 16;
    }
    for (size_t i = 0; i < digits.len; i++) {
        int digit = str_hex_digit(digits.ptr[i]);
        if (digit < 0 || (uint32_t)digit >= base)
            return false;
        number = number * base + (uint32_t)digit;
        if (number > 0x10FFFF)
            return false;
    }
    *ret_code_point = number;
    return digits.len > 0;
}

/* Character data with its references resolved: `raw` itself, or a copy in the scratch arena. */
static struct str resolve(struct xml *xml, struct str raw)
{
    size_t next = str_index(raw, '&');
    if (next == raw.len)
        return raw;
    char *out = arena_bytes(&xml->parser->scratch, raw.len);
    size_t len = 0;
    while (out) {
        if (next)
            memcpy(out + len, raw.ptr, next);
        len += next;
        raw = str_skip(raw, next);
        if (raw.len == 0)
            return str_of(out, len);
        size_t end = str_index(str_first(raw, ENTITY_MAX), ';');
        uint32_t code_point;
        if (end == raw.len || end == ENTITY_MAX ||
            !entity_value(str_of(raw.ptr + 1, end - 1), &code_point)) {
            fail(xml, "an entity that XML does not define, or an & by itself");
            return (struct str){0};
        }
        /* A reference is never shorter than its character: four bytes take at least &#x10000; */
        char encoded[4];
        size_t encoded_len = utf8_encode(code_point, encoded);
        memcpy(out + len, encoded, encoded_len);
        len += encoded_len;
        raw = str_skip(raw, end + 1);
        next = str_index(raw, '&');
    }
    fail(xml, out_of_memory);
    return (struct str){0};
}

/*
 * Adds character data to an element's text: at its end where nothing lies behind that, else to a
 * copy.
 */
static void add_text(struct xml *xml, struct level *level, struct str text)
{
    struct arena *scratch = &xml->parser->scratch;
    struct str before = level->text;
    if (before.len == 0) {
        level->text = text;
        return;
    }
    bool in_place = level->joined && scratch->cursor == before.ptr + before.len &&
                    (size_t)(scratch->end - scratch->cursor) >= text.len;
    char *joined = arena_bytes(scratch, in_place ? text.len : before.len + text.len);
    if (!joined) {
        fail(xml, out_of_memory);
        return;
    }
    if (!in_place)
        memcpy(joined, before.ptr, before.len);
    if (text.len)
        memcpy(in_place ? joined : joined + before.len, text.ptr, text.len);
    level->text = str_of(in_place ? before.ptr : joined, before.len + text.len);
    level->joined = true;
}

/*
 * Is the text of the form that the pattern shows? '9' any digit, 'X' an
 * upper-case hex digit, others themselves.
 */
static bool looks_like(struct str text, struct str pattern)
{
    if (text.len < pattern.len)
        return false;
    for (size_t i = 0; i < pattern.len; i++) {
        char c = text.ptr[i];
        bool digit = c >= '0' && c <= '9';
        if (pattern.ptr[i] == '9'   ? !digit
            : pattern.ptr[i] == 'X' ? !digit && (c < 'A' || c > 'F')
                                    : c != pattern.ptr[i])
            return false;
    }
    return true;
}

/*
 * Windows renders a GUID in braces and a time to 100 ns, the EVTX reader without and to the
 * microsecond; one event must look the same from both. A GUID that a template spells
 * out itself has small letters and is left as it is.
 */
static struct str normalize(struct xml *xml, struct str text)
{
    static const struct str guid = {"{XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX}", 38};
    static const struct str instant = {"9999-99-99T99:99:99.999999", 26};
    if (text.len == guid.len && looks_like(text, guid))
        return str_of(text.ptr + 1, text.len - 2);
    if (text.len < instant.len + 2 || text.len > instant.len + 4 || !looks_like(text, instant) ||
        text.ptr[text.len - 1] != 'Z')
        return text;
    for (size_t i = instant.len; i < text.len - 1; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return text;
    char *cut = arena_bytes(&xml->parser->scratch, instant.len + 1);
    if (!cut)
        return text;
    memcpy(cut, text.ptr, instant.len);
    cut[instant.len] = 'Z';
    return str_of(cut, instant.len + 1);
}

/* The numbers of System are numbers, as they are in EVTX. Elsewhere text is all that XML has. */
static enum value_type type_of(struct str name, struct str text)
{
    static const struct str numbers[] = {
        {"EventID", 7},
        {"EventID_Qualifiers", 18},
        {"Version", 7},
        {"Level", 5},
        {"Task", 4},
        {"Opcode", 6},
        {"EventRecordID", 13},
        {"Execution_ProcessID", 19},
        {"Execution_ThreadID", 18},
    };
    bool known = false;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        known |= str_eq(name, numbers[i]);
    if (!known || text.len == 0 || text.len > 20 || (text.len > 1 && text.ptr[0] == '0'))
        return VALUE_STRING;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return VALUE_STRING;
    return VALUE_INT;
}

static void add_slot(struct xml *xml, struct str name, struct str text, enum value_type type,
                     unsigned flags, bool system)
{
    struct parser *parser = xml->parser;
    text = normalize(xml, text);
    if (system && type == VALUE_STRING)
        type = type_of(name, text);
    if (type == VALUE_STRING)
        flags |= xml->flags;
    if (system && str_eq(name, STR("EventRecordID")))
        str_to_u64(text, &xml->event->record);
    if (system && str_eq(name, STR("TimeCreated_SystemTime")))
        time_parse(text, &parser->event.time);
    parser_add_named(parser, parser_name(parser, name), text, type, flags);
}

static bool in_system(const struct xml *xml)
{
    return xml->depth > 1 && xml->levels[1].scope.place == WINEVENT_SYSTEM;
}

/* attributes of a start tag, up to its > or />. */
static bool read_attributes(struct xml *xml)
{
    xml->n_attributes = 0;
    for (;;) {
        skip_space(xml);
        char c = peek(xml);
        if (c == '>' || c == '/')
            return true;
        struct attribute attribute = {.name = take_name(xml)};
        skip_space(xml);
        if (xml->error || !take(xml, STR("=")))
            return fail(xml, "an attribute without a value");
        skip_space(xml);
        char quote = peek(xml);
        if (quote != '"' && quote != '\'')
            return fail(xml, "an attribute's value without quotes");
        struct str rest = str_skip(xml->text, xml->at + 1);
        size_t len = str_index(rest, quote);
        if (len == rest.len)
            return fail(xml, "an attribute's value does not end");
        attribute.value = resolve(xml, str_first(rest, len));
        xml->at += len + 2;
        if (xml->error)
            return false;
        if (xml->n_attributes == XML_ATTRIBUTES_MAX)
            return fail(xml, "an element has too many attributes");
        xml->attributes[xml->n_attributes++] = attribute;
    }
}

/* The slots of the attributes of the element that was just opened. */
static void add_attributes(struct xml *xml, struct level *level, const struct str *data_name)
{
    for (unsigned i = 0; i < xml->n_attributes; i++) {
        const struct attribute *attribute = &xml->attributes[i];
        bool spent = false;
        if (data_name == &attribute->value)
            continue;
        struct str name =
            winevent_attribute(&level->scope, attribute->name, &xml->parser->scratch, &spent);
        if (spent)
            fail(xml, out_of_memory);
        if (!name.ptr || attribute->value.len == 0)
            continue;
        add_slot(xml, name, attribute->value, VALUE_STRING, 0, in_system(xml));
        level->has_slots = true;
    }
}

static void close_element(struct xml *xml);

/* A start tag whose < is behind the cursor. */
static bool open_element(struct xml *xml)
{
    if (xml->depth == XML_DEPTH_MAX)
        return fail(xml, "elements nested too deep");
    const struct winevent_scope *outer =
        xml->depth ? &xml->levels[xml->depth - 1].scope : xml->outer;
    struct level *level = &xml->levels[xml->depth];
    *level = (struct level){.name = take_name(xml), .first_slot = xml->parser->event.n_slots};
    if (xml->error || !read_attributes(xml))
        return false;
    const struct str *data_name = NULL;
    if (winevent_names_data(outer, level->name))
        for (unsigned i = 0; i < xml->n_attributes; i++)
            if (str_eq(xml->attributes[i].name, STR("Name")))
                data_name = &xml->attributes[i].value;
    if (!winevent_enter(outer, level->name, data_name ? *data_name : (struct str){0},
                        &xml->parser->scratch, &level->scope))
        return fail(xml, out_of_memory);
    if (level->scope.name.len > PARSER_NAME_LEN_MAX)
        return fail(xml, "a field name is too long");
    xml->depth++;
    xml->system |= level->scope.place == WINEVENT_SYSTEM;
    add_attributes(xml, level, data_name);
    if (take(xml, STR("/>"))) {
        close_element(xml);
        return !xml->error;
    }
    level->has_text = true; /* <a></a> is empty text, <a/> is nothing */
    return take(xml, STR(">")) || fail(xml, "a tag that does not end");
}

/* The element's own value, and lists among what it holds. */
static void close_element(struct xml *xml)
{
    struct level *level = &xml->levels[xml->depth - 1];
    const struct winevent_scope *scope = &level->scope;
    bool blank = str_trim(level->text).len == 0;
    if (scope->place != WINEVENT_FIELD || level->has_slots || scope->quiet) {
        if (!blank)
            add_slot(xml, scope->name, level->text, VALUE_STRING, scope->list ? SLOT_ARRAY : 0,
                     in_system(xml));
    } else {
        add_slot(xml, scope->name, level->text, level->has_text ? VALUE_STRING : VALUE_NULL,
                 scope->list ? SLOT_ARRAY : 0, false);
    }
    uint32_t n_slots = xml->parser->event.n_slots - level->first_slot;
    if (scope->place != WINEVENT_FIELD && scope->place != WINEVENT_EVENT && n_slots > 1 &&
        !winevent_mark_lists(xml->parser->event.slots + level->first_slot, sizeof(struct slot),
                             n_slots, &xml->parser->scratch))
        fail(xml, out_of_memory);
    xml->depth--;
    if (xml->depth)
        xml->levels[xml->depth - 1].has_slots = true;
}

/* An end tag whose </ is behind the cursor. */
static bool end_element(struct xml *xml)
{
    struct str name = take_name(xml);
    skip_space(xml);
    if (xml->error || !take(xml, STR(">")))
        return fail(xml, "an end tag that does not end");
    if (!str_eq(name, xml->levels[xml->depth - 1].name))
        return fail(xml, "an end tag of another element");
    close_element(xml);
    return !xml->error;
}

/* Markup at the cursor, which is at a <. */
static bool read_markup(struct xml *xml)
{
    if (take(xml, STR("</")))
        return end_element(xml);
    if (take(xml, STR("<!--")))
        return skip_past(xml, STR("-->"), "a comment that does not end");
    if (take(xml, STR("<![CDATA["))) {
        size_t start = xml->at;
        if (!skip_past(xml, STR("]]>"), "a CDATA section that does not end"))
            return false;
        add_text(xml, &xml->levels[xml->depth - 1],
                 str_of(xml->text.ptr + start, xml->at - 3 - start));
        return !xml->error;
    }
    if (take(xml, STR("<?")))
        return skip_past(xml, STR("?>"), "a processing instruction that does not end");
    if (take(xml, STR("<!")))
        return fail(xml, "a declaration within an event");
    xml->at++;
    return open_element(xml);
}

bool xml_at_event(struct str text)
{
    return str_starts(text, STR("<Event")) && text.len > 6 &&
           (is_space(text.ptr[6]) || text.ptr[6] == '>' || text.ptr[6] == '/');
}

/* Reads the element that starts at the cursor. */
static void read_element(struct xml *xml)
{
    read_markup(xml);
    while (!xml->error && xml->depth) {
        size_t len = str_index(rest_of(xml), '<');
        if (len) {
            struct str data = resolve(xml, str_first(rest_of(xml), len));
            add_text(xml, &xml->levels[xml->depth - 1], data);
            xml->at += len;
        }
        if (xml->at == xml->text.len)
            fail(xml, "the event does not end");
        else if (!xml->error)
            read_markup(xml);
    }
}

int xml_read_event(struct parser *parser, struct str text, unsigned flags,
                   struct xml_event *ret_event)
{
    struct xml xml = {
        .parser = parser, .text = text, .flags = flags, .event = ret_event, .outer = &winevent_top};
    *ret_event = (struct xml_event){0};
    if (!xml_at_event(text))
        fail(&xml, "an <Event> element was expected");
    else
        read_element(&xml);
    if (!xml.error && !xml.system)
        fail(&xml, "no event of Windows: it has no System element");
    ret_event->len = xml.at;
    ret_event->error_at = xml.at;
    ret_event->error = xml.error;
    return xml.error ? -EINVAL : 0;
}

int xml_add_event(struct parser *parser, struct str xml)
{
    struct xml_event event;
    uint32_t n_slots = parser->event.n_slots;
    int64_t time = parser->event.time;
    int status = xml_read_event(parser, str_trim(xml), SLOT_UNCHECKED, &event);
    if (status < 0) {
        parser->event.n_slots = n_slots;
        parser->event.time = time;
    }
    return status;
}

int xml_add_data(struct parser *parser, struct str text)
{
    static const struct winevent_scope event_scope = {.place = WINEVENT_EVENT, .quiet = true};
    struct xml_event event = {0};
    size_t at = str_find(text, STR("<EventData"));
    if (at == SIZE_MAX)
        return -EINVAL;
    struct xml xml = {.parser = parser,
                      .text = str_skip(text, at),
                      .flags = SLOT_UNCHECKED,
                      .event = &event,
                      .outer = &event_scope};
    uint32_t n_slots = parser->event.n_slots;
    read_element(&xml);
    if (xml.error)
        parser->event.n_slots = n_slots;
    return xml.error ? -EINVAL : 0;
}
