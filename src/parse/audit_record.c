#include "parse/audit_record.h"

#include <stdlib.h>

#include "parse/audit_names.h"
#include "parse/escape.h"
#include "parse/number.h"

#define ENRICHED '\x1d' /* auditd puts it before the names it adds (log_format = ENRICHED) */
#define PREFIX_MAX 256  /* bytes before "audit(" */
#define DEPTH_MAX 2     /* msg='...' and SADDR={ ... } inside a record */

bool audit_record_read(struct str line, struct audit_record *ret_record)
{
    struct audit_record record = {0};
    size_t open = str_index(str_first(line, PREFIX_MAX), '(');
    if (open < 5 || open >= line.len || memcmp(line.ptr + open - 5, "audit", 5) != 0)
        return false;
    struct str prefix = str_first(line, open - 5), rest = str_skip(line, open - 5);
    size_t close = str_index(rest, ')');
    size_t type = str_find(prefix, STR("type="));
    if (close + 1 >= rest.len || rest.ptr[close + 1] != ':' || type == SIZE_MAX)
        return false;
    record.msg = str_first(rest, close + 1);
    record.id = str_of(rest.ptr + 6, close - 6);
    record.body = str_skip(rest, close + 2);
    struct str word = str_skip(prefix, type + 5);
    record.type = str_first(word, str_index(word, ' '));
    struct str name = audit_type_name(record.type);
    if (name.len)
        record.type = name;
    if (str_starts(prefix, STR("node=")))
        record.node = str_skip(str_first(prefix, str_index(prefix, ' ')), 5);
    if (record.type.len == 0)
        return false;
    *ret_record = record;
    return true;
}

int64_t audit_record_time(struct str id)
{
    int64_t time_us;
    struct str seconds = str_first(id, str_index(id, ':'));
    return time_parse(seconds, &time_us) == 0 ? time_us : TIME_UNSET;
}

/* What the fields of one record share. */
struct context {
    struct parser *parser;
    unsigned flags;
    bool execve;
    bool addresses;          /* a0 to a3 say nothing */
    bool enriched;           /* behind ENRICHED */
    struct str arch, number; /* of a SYSCALL record */
    char *pieces;            /* room for the pieces of long arguments; NULL until one comes */
    size_t pieces_len, pieces_max;
};

#define KEY(literal)                                                                               \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* May the kernel or a trusted program write this field as hex (audit_log_untrustedstring())? */
static bool may_be_hex(struct str key)
{
    static const struct str keys[] = {
        KEY("comm"), KEY("exe"),  KEY("name"), KEY("cwd"),   KEY("path"),  KEY("proctitle"),
        KEY("cmd"),  KEY("acct"), KEY("data"), KEY("key"),   KEY("file"),  KEY("dir"),
        KEY("old"),  KEY("new"),  KEY("grp"),  KEY("ocomm"), KEY("watch"), KEY("root_dir"),
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (str_eq(key, keys[i]))
            return true;
    return false;
}

/* EXECVE's "a12", "a12[3]", "a12_len": the length of "a12"; 0 for other names. */
static size_t argument_len(struct str key)
{
    size_t i = 1;
    if (key.len < 2 || key.ptr[0] != 'a')
        return 0;
    while (i < key.len && key.ptr[i] >= '0' && key.ptr[i] <= '9')
        i++;
    return i > 1 ? i : 0;
}

/* The kernel's hex has capital letters only. */
static bool is_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!((text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
              (text.ptr[i] >= 'A' && text.ptr[i] <= 'F')))
            return false;
    return text.len >= 2 && text.len % 2 == 0;
}

static struct str decode(struct str text, struct arena *arena, bool *ret_decoded)
{
    char *bytes = is_hex(text) ? arena_bytes(arena, text.len / 2) : NULL;
    *ret_decoded = bytes && escape_from_hex(text, bytes);
    return *ret_decoded ? str_of(bytes, text.len / 2) : text;
}

static void add(struct context *c, struct str key, struct str value, unsigned flags)
{
    parser_add(c->parser, key, value, VALUE_STRING, flags);
}

/* Several keys (of several rules) are one value with \x01 between. */
static void add_keys(struct context *c, struct str key, struct str value, unsigned flags)
{
    struct str part;
    while (str_cut(&value, '\x01', &part))
        add(c, key, part, flags);
}

static void add_decoded(struct context *c, struct str key, struct str value)
{
    bool decoded;
    value = decode(value, &c->parser->scratch, &decoded);
    unsigned flags = decoded ? SLOT_UNCHECKED : c->flags;
    if (decoded && str_eq(key, STR("key"))) {
        add_keys(c, key, value, flags);
        return;
    }
    if (decoded && (str_eq(key, STR("proctitle")) || str_eq(key, STR("cmd")))) {
        char *bytes = arena_bytes(&c->parser->scratch, value.len);
        for (size_t i = 0; bytes && i < value.len; i++)
            bytes[i] = value.ptr[i] == '\0' ? ' ' : value.ptr[i];
        if (bytes)
            value.ptr = bytes;
    }
    add(c, key, value, flags);
}

/* "a1[2]": the next piece of a1, put behind the ones before it. */
static void add_piece(struct context *c, struct str name, bool first, struct str value, bool quoted)
{
    struct event *event = &c->parser->event;
    if (!c->pieces) {
        c->pieces = arena_bytes(&c->parser->scratch, c->pieces_max);
        if (!c->pieces) {
            event->cut = true;
            return;
        }
    }
    char *out = c->pieces + c->pieces_len;
    size_t len = value.len;
    if (!quoted && is_hex(value) && escape_from_hex(value, out))
        len = value.len / 2;
    else if (value.len)
        memcpy(out, value.ptr, value.len);
    c->pieces_len += len;
    struct slot *last = event->n_slots ? &event->slots[event->n_slots - 1] : NULL;
    if (!first && last && last->text + last->text_len == out &&
        str_eq(str_of(last->name, last->name_len), name))
        last->text_len += (uint32_t)len;
    else
        add(c, name, str_of(out, len), SLOT_UNCHECKED);
}

static void add_argument(struct context *c, struct str key, struct str value, bool quoted)
{
    size_t len = argument_len(key);
    struct str name = str_first(key, len), rest = str_skip(key, len);
    if (str_starts(rest, STR("_len")))
        return;
    if (rest.len && rest.ptr[0] == '[')
        add_piece(c, name, str_eq(rest, STR("[0]")), value, quoted);
    else if (quoted)
        add(c, key, value, c->flags);
    else
        add_decoded(c, key, value);
}

static void add_fields(struct context *c, struct str text, unsigned depth);

static void add_field(struct context *c, struct str key, struct str value, bool quoted)
{
    if (c->addresses && argument_len(key) == key.len)
        return;
    if (c->execve && !c->enriched && argument_len(key) > 0)
        add_argument(c, key, value, quoted);
    else if (!quoted && may_be_hex(key))
        add_decoded(c, key, value);
    else
        add(c, key, value, c->flags);
    if (str_eq(key, STR("arch")))
        c->arch = value;
    else if (str_eq(key, STR("syscall")))
        c->number = value;
}

/* Index of what closes a value that `open` opened; text.len when nothing does. */
static size_t closing(struct str text, char open)
{
    if (open == '\'') { /* the text of msg='...' may have quotes of its own: the last one counts */
        struct str here = str_first(text, str_index(text, ENRICHED));
        const char *end = here.len ? memrchr(here.ptr, '\'', here.len) : NULL;
        return end ? (size_t)(end - text.ptr) : text.len;
    }
    return str_index(text, open == '{' ? '}' : open);
}

/* A value in quotes or braces off the front of *rest; false where it is a plain word. */
static bool add_enclosed(struct context *c, struct str key, struct str *rest, unsigned depth)
{
    char open = rest->len ? rest->ptr[0] : '\0';
    if (open != '"' && open != '\'' && open != '{')
        return false;
    struct str inside = str_skip(*rest, 1);
    size_t end = closing(inside, open);
    if (end == inside.len)
        return false;
    struct str value = str_first(inside, end);
    *rest = str_skip(inside, end + 1);
    if (open == '"')
        add_field(c, key, value, true);
    else if (depth < DEPTH_MAX)
        add_fields(c, value, depth + 1);
    return true;
}

static void add_fields(struct context *c, struct str text, unsigned depth)
{
    while (text.len > 0) {
        if (text.ptr[0] == ' ' || text.ptr[0] == ENRICHED || text.ptr[0] == ',') {
            c->enriched |= text.ptr[0] == ENRICHED;
            text = str_skip(text, 1);
            continue;
        }
        size_t end = 0;
        while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '=' &&
               text.ptr[end] != ENRICHED)
            end++;
        struct str key = str_first(text, end);
        text = str_skip(text, end);
        if (text.len == 0 || text.ptr[0] != '=' || key.len == 0) {
            if (text.len && text.ptr[0] == '=')
                text = str_skip(text, 1);
            continue; /* a word that is no pair: "for" of an AVC's text */
        }
        text = str_skip(text, 1);
        if (add_enclosed(c, key, &text, depth))
            continue;
        for (end = 0; end < text.len && text.ptr[end] != ' ' && text.ptr[end] != ENRICHED;)
            end++;
        add_field(c, key, str_first(text, end), false);
        text = str_skip(text, end);
    }
}

/* "avc:  denied  { read write } for": what SELinux decided about what, by ausearch's names. */
static void add_avc(struct context *c, struct str *body)
{
    struct str text = str_trim(*body), verdict;
    if (!str_starts(text, STR("avc:")))
        return;
    text = str_trim(str_skip(text, 4));
    size_t open = str_index(text, '{'), close = str_index(text, '}');
    if (open >= close || close == text.len)
        return;
    verdict = str_trim(str_first(text, open));
    add(c, STR("seresult"), verdict, c->flags);
    add(c, STR("seperms"), str_trim(str_of(text.ptr + open + 1, close - open - 1)), c->flags);
    *body = str_skip(text, close + 1);
}

void audit_record_add(struct parser *parser, const struct audit_record *record, unsigned flags)
{
    struct context c = {.parser = parser,
                        .flags = flags,
                        .addresses = record->addresses,
                        .execve = str_eq(record->type, STR("EXECVE")),
                        .pieces_max = record->body.len};
    struct str body = record->body;
    add_avc(&c, &body);
    add_fields(&c, body, 0);
    if (!c.enriched && c.number.len) {
        struct str name = audit_syscall_name(c.arch, c.number);
        if (name.len)
            add(&c, STR("SYSCALL"), name, 0);
    }
}
