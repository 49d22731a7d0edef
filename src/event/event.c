#include "event/event.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "event/fields.h"

/* Cells of the table that groups slots by name: twice the slots, a power of two. */
#define GROUP_CELLS_MIN 64u
#define GROUP_CELLS_MAX (2u * EVENT_SLOTS_MAX)

/* No slot: the end of a chain. */
#define GROUP_END UINT16_MAX

/* Reads the four hex digits of a \u escape at s; -1 when they are not there. */
static int32_t read_hex4(struct str s)
{
    if (s.len < 4)
        return -1;
    int32_t number = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = str_hex_digit(s.ptr[i]);
        if (digit < 0)
            return -1;
        number = number << 4 | digit;
    }
    return number;
}

/*
 * Resolves the \u escape whose hex digits start at s, and its second half when it is a surrogate
 * pair. Returns the bytes taken from s (0: no hex digits), the UTF-8 in ret_bytes.
 */
static size_t unescape_unicode(struct str s, char ret_bytes[static 4], size_t *ret_len)
{
    int32_t high = read_hex4(s);
    if (high < 0)
        return 0;
    if (high >= 0xD800 && high < 0xDC00 && str_starts(str_skip(s, 4), STR("\\u"))) {
        int32_t low = read_hex4(str_skip(s, 6));
        if (low >= 0xDC00 && low < 0xE000) {
            uint32_t code_point =
                0x10000u + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
            *ret_len = utf8_encode(code_point, ret_bytes);
            return 10;
        }
    }
    *ret_len = utf8_encode((uint32_t)high, ret_bytes);
    return 4;
}

/* What the letter behind a backslash stands for (RFC 8259, section 7), or 0. */
static char unescape_letter(char letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

size_t event_unescape(struct str s, char *ret_bytes)
{
    size_t len = 0;
    while (s.len > 0) {
        size_t run = str_index(s, '\\');
        if (run > 0)
            memcpy(ret_bytes + len, s.ptr, run);
        len += run;
        s = str_skip(s, run);
        if (s.len == 0)
            break;
        char letter = s.len > 1 ? s.ptr[1] : 0;
        char plain = unescape_letter(letter);
        char encoded[4];
        size_t encoded_len = 0;
        size_t taken = letter == 'u' ? unescape_unicode(str_skip(s, 2), encoded, &encoded_len) : 0;
        if (plain) {
            ret_bytes[len++] = plain;
            s = str_skip(s, 2);
        } else if (taken) {
            memcpy(ret_bytes + len, encoded, encoded_len);
            len += encoded_len;
            s = str_skip(s, 2 + taken);
        } else { /* no escape of JSON: it stands for itself */
            ret_bytes[len++] = '\\';
            s = str_skip(s, 1);
        }
    }
    return len;
}

struct str event_text_slow(struct event *event, struct slot *slot)
{
    struct str text = {slot->text, slot->text_len};
    if (text.len > 0 && (slot->flags & SLOT_ESCAPED)) {
        char *bytes = arena_bytes(event->scratch, text.len);
        text = str_of(bytes, bytes ? event_unescape(text, bytes) : 0);
    }
    if (text.len > 0 && (slot->flags & SLOT_UNCHECKED))
        text = utf8_repair(text, event->scratch);
    if (!text.ptr) {
        text = STR("");
        event->cut = true;
    }
    slot->text = text.ptr;
    slot->text_len = (uint32_t)text.len;
    slot->flags &= (uint8_t) ~(SLOT_ESCAPED | SLOT_UNCHECKED);
    return text;
}

struct slot *event_find(struct event *event, uint32_t field)
{
    if (field == FIELD_NONE)
        return NULL;
    for (uint32_t i = 0; i < event->n_slots; i++)
        if (event->slots[i].field == field)
            return &event->slots[i];
    return NULL;
}

struct slot *event_find_name(struct event *event, struct str name)
{
    for (uint32_t i = 0; i < event->n_slots; i++)
        if (str_eq(str_of(event->slots[i].name, event->slots[i].name_len), name))
            return &event->slots[i];
    return NULL;
}

struct str event_get(struct event *event, const char *name)
{
    struct slot *slot = event_find_name(event, str_from_c(name));
    return slot ? event_text(event, slot) : STR("");
}

static size_t skip_digits(struct str s, size_t at)
{
    while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9')
        at++;
    return at;
}

/* Is s a number in JSON's grammar (RFC 8259, section 6)? Other formats write 007 or +5. */
static bool is_json_number(struct str s)
{
    size_t at = s.len > 0 && s.ptr[0] == '-';
    size_t whole = skip_digits(s, at);
    if (whole == at || (s.ptr[at] == '0' && whole > at + 1))
        return false;
    at = whole;
    if (at < s.len && s.ptr[at] == '.') {
        size_t fraction = skip_digits(s, at + 1);
        if (fraction == at + 1)
            return false;
        at = fraction;
    }
    if (at < s.len && (s.ptr[at] | 0x20) == 'e') {
        at++;
        if (at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-'))
            at++;
        size_t exponent = skip_digits(s, at);
        if (exponent == at)
            return false;
        at = exponent;
    }
    return at == s.len;
}

static void write_value(struct event *event, struct slot *slot, struct buf *out)
{
    struct str text = event_text(event, slot);
    bool raw = false;
    switch (slot->type) {
    case VALUE_INT:
    case VALUE_FLOAT:
        raw = is_json_number(text);
        break;
    case VALUE_BOOL:
        raw = str_eq(text, STR("true")) || str_eq(text, STR("false"));
        break;
    case VALUE_NULL:
        text = STR("null");
        raw = true;
        break;
    case VALUE_EMPTY_LIST:
        text = STR("[]");
        raw = true;
        break;
    case VALUE_EMPTY_MAP:
        text = STR("{}");
        raw = true;
        break;
    default:
        break;
    }
    if (raw)
        buf_add_str(out, text);
    else
        buf_add_json(out, text);
}

/*
 * Slots of the same name, chained in their order:
 *
 *     cells (hash of name) ─▶ first slot ─next─▶ second ─next─▶ GROUP_END
 */
struct groups {
    uint16_t cells[GROUP_CELLS_MAX];
    uint16_t next[EVENT_SLOTS_MAX];
    uint16_t tail[EVENT_SLOTS_MAX]; /* of the chain that starts at this slot */
    bool first[EVENT_SLOTS_MAX];    /* starts a chain */
};

static bool same_name(const struct slot *a, const struct slot *b)
{
    return a->name_len == b->name_len &&
           (a->name_len == 0 || a->name == b->name || memcmp(a->name, b->name, a->name_len) == 0);
}

static void group_slots(const struct event *event, uint32_t count, struct groups *ret_groups)
{
    uint32_t cells = GROUP_CELLS_MIN;
    while (cells < 2 * count)
        cells *= 2;
    memset(ret_groups->cells, 0xFF, cells * sizeof(ret_groups->cells[0]));
    for (uint32_t i = 0; i < count; i++) {
        const struct slot *slot = &event->slots[i];
        uint32_t cell = (uint32_t)hash_bytes(slot->name, slot->name_len, 0) & (cells - 1);
        while (ret_groups->cells[cell] != GROUP_END &&
               !same_name(&event->slots[ret_groups->cells[cell]], slot))
            cell = (cell + 1) & (cells - 1);
        uint16_t head = ret_groups->cells[cell];
        ret_groups->next[i] = GROUP_END;
        ret_groups->first[i] = head == GROUP_END;
        if (head == GROUP_END) {
            head = ret_groups->cells[cell] = (uint16_t)i;
        } else {
            ret_groups->next[ret_groups->tail[head]] = (uint16_t)i;
        }
        ret_groups->tail[head] = (uint16_t)i;
    }
}

/* The values of the chain that starts at slot i: one value, or a list. */
static void write_group(struct event *event, const struct groups *groups, uint32_t i,
                        struct buf *out)
{
    if (groups->next[i] == GROUP_END && !(event->slots[i].flags & SLOT_ARRAY)) {
        write_value(event, &event->slots[i], out);
        return;
    }
    buf_add_byte(out, '[');
    for (uint32_t at = i; at != GROUP_END; at = groups->next[at]) {
        if (at != i)
            buf_add_byte(out, ',');
        write_value(event, &event->slots[at], out);
    }
    buf_add_byte(out, ']');
}

void event_write_json(struct event *event, struct buf *out)
{
    uint32_t count = event->n_slots;
    while (count > 0 && event->slots[count - 1].flags & SLOT_DERIVED)
        count--;
    if (count > EVENT_SLOTS_MAX)
        count = EVENT_SLOTS_MAX;
    struct groups groups;
    group_slots(event, count, &groups);
    buf_add_byte(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        if (!groups.first[i])
            continue;
        if (i > 0)
            buf_add_byte(out, ',');
        buf_add_json(out, str_of(event->slots[i].name, event->slots[i].name_len));
        buf_add_byte(out, ':');
        write_group(event, &groups, i, out);
    }
    buf_add_byte(out, '}');
}
