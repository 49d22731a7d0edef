#include "hunt/dynamic.h"

#include "base/vec.h"
#include "event/event.h"
#include "parse/json.h"

enum dynamic_kind dynamic_kind(struct str value)
{
    value = str_trim(value);
    if (value.len == 0)
        return DYNAMIC_NONE;
    switch (value.ptr[0]) {
    case '"':
        return DYNAMIC_STRING;
    case '[':
        return DYNAMIC_ARRAY;
    case '{':
        return DYNAMIC_BAG;
    case 'n':
        return DYNAMIC_NULL;
    case 't':
    case 'f':
        return DYNAMIC_BOOL;
    default:
        return DYNAMIC_NUMBER;
    }
}

struct str dynamic_text(struct str value, struct buf *room)
{
    value = str_trim(value);
    struct str text = json_inside(value);
    if (text.ptr == value.ptr || str_index(text, '\\') == text.len)
        return text;
    buf_clear(room);
    char *bytes = buf_reserve(room, text.len);
    if (!bytes)
        return text;
    room->len = event_unescape(text, bytes);
    return buf_str(room);
}

static bool key_is(struct str key, struct str wanted, struct buf *room)
{
    if (str_eq(key, wanted))
        return true;
    if (str_index(key, '\\') == key.len)
        return false;
    return str_eq(dynamic_text(str_of(key.ptr - 1, key.len + 2), room), wanted);
}

struct str dynamic_member(struct str bag, struct str key)
{
    struct json_cursor walk = json_cursor_of(bag);
    struct str found = {0}, name, value;
    struct buf room = {0};
    while (walk.object && !found.ptr && json_cursor_next(&walk, &name, &value))
        if (key_is(name, key, &room))
            found = value;
    buf_free(&room);
    return found;
}

bool dynamic_elements(struct str array, struct dynamic_list *list)
{
    struct json_cursor walk = json_cursor_of(array);
    struct str key, value;
    while (!walk.object && json_cursor_next(&walk, &key, &value))
        if (vec_push(list, value) < 0)
            return false;
    return true;
}

void dynamic_put(struct buf *buf, const struct str *elements, size_t n)
{
    buf_add_byte(buf, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_byte(buf, ',');
        buf_add_str(buf, elements[i]);
    }
    buf_add_byte(buf, ']');
}

static int rank(enum dynamic_kind kind)
{
    static const int ranks[] = {
        [DYNAMIC_NUMBER] = 0, [DYNAMIC_STRING] = 1, [DYNAMIC_BOOL] = 2, [DYNAMIC_ARRAY] = 3,
        [DYNAMIC_BAG] = 4,    [DYNAMIC_NULL] = 5,   [DYNAMIC_NONE] = 5,
    };
    return ranks[kind];
}

static int compare_numbers(struct str a, struct str b)
{
    int64_t i, j;
    if (str_to_i64(a, &i) == 0 && str_to_i64(b, &j) == 0)
        return (i > j) - (i < j);
    double x = 0, y = 0;
    if (str_to_double(a, &x) < 0 || str_to_double(b, &y) < 0)
        return str_compare(a, b);
    return (x > y) - (x < y);
}

static int compare_strings(struct str a, struct str b)
{
    struct buf left = {0}, right = {0};
    int order = str_compare(dynamic_text(a, &left), dynamic_text(b, &right));
    buf_free(&left);
    buf_free(&right);
    return order;
}

struct reader {
    struct str text;
    size_t at;
    bool quoted, escaped;
};

/* The next byte that is not white space outside of strings; -1 at the end. */
static int next_byte(struct reader *reader)
{
    struct str text = reader->text;
    while (reader->at < text.len && !reader->quoted && json_is_space(text.ptr[reader->at]))
        reader->at++;
    if (reader->at >= text.len)
        return -1;
    char byte = text.ptr[reader->at++];
    if (byte == '"' && !reader->escaped)
        reader->quoted = !reader->quoted;
    reader->escaped = byte == '\\' && !reader->escaped;
    return (unsigned char)byte;
}

static int compare_groups(struct str a, struct str b)
{
    struct reader left = {.text = a}, right = {.text = b};
    for (;;) {
        int x = next_byte(&left), y = next_byte(&right);
        if (x != y || x < 0)
            return (x > y) - (x < y);
    }
}

int dynamic_compare(struct str a, struct str b)
{
    a = str_trim(a);
    b = str_trim(b);
    enum dynamic_kind kind = dynamic_kind(a), other = dynamic_kind(b);
    if (rank(kind) != rank(other))
        return rank(kind) < rank(other) ? -1 : 1;
    if (str_eq(a, b) || rank(kind) == rank(DYNAMIC_NULL))
        return 0;
    if (kind == DYNAMIC_NUMBER)
        return compare_numbers(a, b);
    return kind == DYNAMIC_STRING ? compare_strings(a, b) : compare_groups(a, b);
}
