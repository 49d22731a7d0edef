#include "parse/embedded.h"

#include <errno.h>

#include "parse/json.h"
#include "parse/payload.h"

#define RENDERING_LOOK 1024 /* bytes of a message in which Sysmon's UtcTime stands */

/* What the makers of exports and collectors call it. */
static const struct str CARRIERS[] = {
    {"_raw", 4},             /* Splunk */
    {"event", 5},            /* Splunk's HTTP event collector */
    {"message", 7},          /* CloudWatch, Filebeat */
    {"Message", 7},          /* Get-WinEvent, Fluent Bit: Sysmon's rendering */
    {"MESSAGE", 7},          /* journald as JSON */
    {"log", 3},              /* containers */
    {"original", 8},         /* ECS, inside the envelope `event` */
    {"event.original", 14},  /* .. and without */
    {"CloudTrailEvent", 15}, /* CloudTrail lookup-events */
    {"AuditData", 9},        /* Microsoft 365 unified audit log */
    {"EventData", 9},        /* Log Analytics */
    {"Payload", 7},          /* EvtxECmd */
};

/* Their lengths as bits: most names are ruled out by theirs. */
#define CARRIER_LENGTHS                                                                            \
    (1u << 3 | 1u << 4 | 1u << 5 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 14 | 1u << 15)

bool embedded_names(struct str name)
{
    if (name.len > 15 || !(CARRIER_LENGTHS >> name.len & 1))
        return false;
    for (size_t i = 0; i < sizeof(CARRIERS) / sizeof(*CARRIERS); i++)
        if (str_eq(name, CARRIERS[i]))
            return true;
    return false;
}

static struct str name_of(const struct slot *slot)
{
    return str_of(slot->name, slot->name_len);
}

static bool is_carrier(const struct slot *slot)
{
    return slot->type == VALUE_STRING && slot->text_len > 1 && embedded_names(name_of(slot));
}

/* Could the slot's text be a record, by a look at its first bytes, which may be escaped? */
static bool may_hold(const struct slot *slot)
{
    struct str text = str_of(slot->text, slot->text_len);
    return memchr("{<\\ \t\r\nCLnt", text.ptr[0], 11) || slot->name_len == STR("message").len ||
           syslog_looks_dated(text) || access_looks(text);
}

/* `Name: value` or `Name:`; its parts, where the line is so. */
static bool split_pair(struct str line, struct str *ret_name, struct str *ret_value)
{
    size_t colon = str_index(line, ':');
    if (colon == 0 || colon == line.len || (colon + 1 < line.len && line.ptr[colon + 1] != ' '))
        return false;
    for (size_t i = 0; i < colon; i++) {
        unsigned char letter = (unsigned char)(line.ptr[i] | 0x20);
        if (!(letter >= 'a' && letter <= 'z') && !(line.ptr[i] >= '0' && line.ptr[i] <= '9'))
            return false;
    }
    *ret_name = str_first(line, colon);
    *ret_value = str_skip(line, colon + 2);
    return true;
}

/*
 * Adds the fields of a message of Sysmon, which names them as the event does. Windows' own
 * publishers name theirs for people, in the system's language.
 *
 *     Process Create:
 *     RuleName: -
 *     UtcTime: 2026-11-21 10:00:00.000
 */
static int add_rendering(struct parser *parser, struct str text)
{
    struct str line, name, value, last_name = {0}, last = {0};
    if (str_find(str_first(text, RENDERING_LOOK), STR("\nUtcTime: ")) == SIZE_MAX)
        return -EINVAL;
    str_cut_line(&text, &line); /* what happened */
    while (str_cut_line(&text, &line)) {
        if (!split_pair(line, &name, &value)) {
            if (last_name.len) /* a value of several lines */
                last.len = (size_t)(line.ptr + line.len - last.ptr);
            continue;
        }
        if (last_name.len)
            parser_add(parser, last_name, last, VALUE_STRING, 0);
        last_name = name;
        last = value;
    }
    if (last_name.len)
        parser_add(parser, last_name, last, VALUE_STRING, 0);
    return 0;
}

/* Texts whose first bytes say what they are, for certain. */
static bool is_named(struct str text)
{
    return str_starts(text, STR("CEF:")) || str_starts(text, STR("LEEF:")) ||
           str_starts(text, STR("type=")) || str_starts(text, STR("node="));
}

/* Adds what payload_add() finds in the text. -EINVAL: nothing. */
static int add_payload(struct parser *parser, struct str text)
{
    uint32_t before = parser->event.n_slots;
    payload_add(parser, text, lines_flags(text));
    return parser->event.n_slots > before ? 1 : -EINVAL;
}

/*
 * Adds the fields of the record in `text`. -EINVAL: it is none, and nothing was added; 1: the text
 * says more than they do and stays; else 0.
 */
static int add_record(struct parser *parser, struct str text)
{
    text = str_trim(text);
    int status = -EINVAL;
    size_t inside;
    uint32_t depth;
    if (str_starts(text, STR("{")) && json_wrapper_find(text, &inside, &depth) != WRAPPER_YES)
        status = json_add_object(parser, STR(""), text);
    else if (str_starts(text, STR("<Event")) || str_starts(text, STR("<DataItem")))
        status = xml_add_event(parser, text) == 0 ? 0 : xml_add_data(parser, text);
    else if (is_named(text))
        status = add_payload(parser, text);
    else if (str_starts(text, STR("<")) || syslog_looks_dated(text))
        status = syslog_add(parser, text, lines_flags(text));
    else if (access_looks(text))
        status = access_add(parser, text, lines_flags(text)) == 0 ? 1 : -EINVAL;
    else if (!event_find_name(&parser->event, STR("UtcTime")))
        status = add_rendering(parser, text) == 0 ? 1 : -EINVAL;
    return status;
}

/* Names of slots, by open addressing: one more than the slot's index. */
struct names_set {
    uint32_t *cells;
    size_t mask;
};

static uint32_t *set_cell(const struct names_set *set, const struct slot *slots, struct str name)
{
    size_t at = parser_name_hash(name) & set->mask;
    while (set->cells[at] && !str_eq(name_of(&slots[set->cells[at] - 1]), name))
        at = (at + 1) & set->mask;
    return &set->cells[at];
}

#define CARRIER_STAYS UINT32_MAX

/* Takes out the carrier, and each outer slot that an inner one, from `inner` on, has the name of. */
static void prefer_inner(struct parser *parser, uint32_t inner, uint32_t carrier)
{
    struct event *event = &parser->event;
    size_t cap = 16;
    while (cap < 2 * (size_t)event->n_slots)
        cap *= 2;
    struct names_set set = {.cells = arena_zero(&parser->scratch, cap, sizeof(*set.cells)),
                            .mask = cap - 1};
    if (!set.cells) /* both stay */
        return;
    for (uint32_t i = inner; i < event->n_slots; i++)
        *set_cell(&set, event->slots, name_of(&event->slots[i])) = i + 1;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < event->n_slots; i++) {
        struct slot slot = event->slots[i];
        if (i < inner && (i == carrier || *set_cell(&set, event->slots, name_of(&slot))))
            continue;
        event->slots[kept++] = slot;
    }
    event->n_slots = kept;
}

void embedded_open(struct parser *parser)
{
    struct event *event = &parser->event;
    uint32_t inner = event->n_slots;
    for (uint32_t i = 0; i < inner; i++) {
        struct slot *slot = &event->slots[i];
        if (!is_carrier(slot) || !may_hold(slot))
            continue;
        parser->outer = inner;
        int status = add_record(parser, event_text(event, slot));
        parser->outer = 0;
        if (status < 0)
            continue;
        prefer_inner(parser, inner, status == 0 ? i : CARRIER_STAYS);
        return;
    }
}
