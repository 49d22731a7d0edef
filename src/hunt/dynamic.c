#include "hunt/dynamic.h"

#include "base/vec.h"
#include "event/event.h"

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

/* Behind the string whose opening quote is at `at`, or `end`. */
static const char *string_end(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\';
    return at < end ? at + 1 : end;
}

/* Behind the array or bag that begins at `at`. */
static const char *group_end(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = string_end(at, end);
            continue;
        }
        depth += *at == '[' || *at == '{';
        bool close = *at == ']' || *at == '}';
        at++;
        if (close && --depth == 0)
            break;
    }
    return at;
}

static const char *value_end(const char *at, const char *end)
{
    if (at < end && *at == '"')
        return string_end(at, end);
    if (at < end && (*at == '[' || *at == '{'))
        return group_end(at, end);
    while (at < end && *at != ',' && *at != ']' && *at != '}' && !is_space(*at))
        at++;
    return at;
}

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

struct dynamic_walk dynamic_walk(struct str value)
{
    value = str_trim(value);
    enum dynamic_kind kind = dynamic_kind(value);
    if (kind != DYNAMIC_ARRAY && kind != DYNAMIC_BAG)
        return (struct dynamic_walk){value.ptr, value.ptr, false};
    return (struct dynamic_walk){value.ptr + 1, value.ptr + value.len, kind == DYNAMIC_BAG};
}

bool dynamic_next(struct dynamic_walk *walk, struct str *ret_key, struct str *ret_value)
{
    const char *at = skip_space(walk->at, walk->end), *end = walk->end;
    *ret_key = (struct str){at, 0};
    if (walk->bag) {
        if (at >= end || *at != '"')
            return false;
        const char *behind = string_end(at, end);
        if (behind - at < 2)
            return false;
        *ret_key = str_of(at + 1, (size_t)(behind - at) - 2);
        at = skip_space(behind, end);
        if (at >= end || *at != ':')
            return false;
        at = skip_space(at + 1, end);
    }
    const char *behind = value_end(at, end);
    if (behind == at)
        return false;
    *ret_value = str_of(at, (size_t)(behind - at));
    at = skip_space(behind, end);
    walk->at = at < end && *at == ',' ? at + 1 : end;
    return true;
}

/* What is between the quotes; the text itself where there are none. */
static struct str inside(struct str value)
{
    if (value.len < 2 || value.ptr[0] != '"')
        return value;
    return str_of(value.ptr + 1, value.len - 2);
}

struct str dynamic_text(struct str value, struct buf *room)
{
    value = str_trim(value);
    struct str text = inside(value);
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
    struct dynamic_walk walk = dynamic_walk(bag);
    struct str found = {0}, name, value;
    struct buf room = {0};
    while (walk.bag && !found.ptr && dynamic_next(&walk, &name, &value))
        if (key_is(name, key, &room))
            found = value;
    buf_free(&room);
    return found;
}

bool dynamic_elements(struct str array, struct dynamic_list *list)
{
    struct dynamic_walk walk = dynamic_walk(array);
    struct str key, value;
    while (!walk.bag && dynamic_next(&walk, &key, &value))
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
    while (reader->at < text.len && !reader->quoted && is_space(text.ptr[reader->at]))
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
