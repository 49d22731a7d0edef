/*
 * syslog: RFC 5424, RFC 3164 and what is written in its spirit, with or without the priority: the
 * files of /var/log (also with ISO 8601 times, rsyslog's default now), Cisco's devices, Snare.
 *
 *     <34>1 2026-11-21T10:00:00.003Z host su - ID47 [id@1 key="value"] text
 *     <34>Nov 21 10:00:00 host su[42]: text
 *     2026-11-21T10:00:00.003+08:00 host su[42]: text
 *
 * Yields host, program, pid, facility and severity (names, from the priority), msgid, structured
 * data as `id@1.key`, message, and what payload.h finds in the message. A line of another shape is
 * an event with `message`. Times without a year are put nearest to options.reference_us, without a
 * zone: UTC.
 */
#include <errno.h>

#include "parse/escape.h"
#include "parse/formats.h"
#include "parse/names.h"
#include "parse/number.h"
#include "parse/payload.h"

#define PRIORITY_MAX 191 /* RFC 5424, 6.2.1: 23 * 8 + 7 */
#define TAG_MAX 128      /* bytes of a program's name; RFC 3164 says 32, containers say more */
#define TIME_3164_LEN 15

enum {
    SYSLOG_HOST,
    SYSLOG_PROGRAM,
    SYSLOG_PID,
    SYSLOG_FACILITY,
    SYSLOG_SEVERITY,
    SYSLOG_MSGID,
    SYSLOG_MESSAGE,
    SYSLOG_NAMES
};

static const char *const NAMES[SYSLOG_NAMES] = {
    "host", "program", "pid", "facility", "severity", "msgid", "message",
};

static const char *const FACILITIES[24] = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7",
};

static const char *const SEVERITIES[8] = {
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
};

/* The time of the line before: many lines share their second. */
struct syslog_state {
    struct name names[SYSLOG_NAMES];
    bool ready;
    char time_text[TIME_3164_LEN];
    int64_t time_reference;
    int64_t time;
};

static struct syslog_state *syslog_state(struct parser *parser)
{
    struct syslog_state *state = parser_state(parser, FORMAT_SYSLOG, sizeof(*state), NULL);
    if (state && !state->ready) {
        names_resolve(state->names, NAMES, SYSLOG_NAMES, parser->fields);
        state->ready = true;
    }
    return state;
}

/* The parts of a header; empty ones are not there. */
struct header {
    int priority; /* -1: none */
    int64_t time;
    struct str host, program, pid, msgid;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "<34>" off the front of *rest, also behind the octet count of RFC 6587; -1 when there is none. */
static int take_priority(struct str *rest)
{
    struct str s = *rest;
    int priority = 0;
    size_t i = 0;
    while (i < s.len && i < 8 && is_digit(s.ptr[i]))
        i++;
    if (i > 0 && i + 1 < s.len && s.ptr[i] == ' ' && s.ptr[i + 1] == '<')
        s = str_skip(s, i + 1);
    if (s.len < 3 || s.ptr[0] != '<')
        return -1;
    for (i = 1; i < s.len && i < 4 && is_digit(s.ptr[i]); i++)
        priority = priority * 10 + (s.ptr[i] - '0');
    if (i == 1 || i == s.len || s.ptr[i] != '>' || priority > PRIORITY_MAX)
        return -1;
    *rest = str_skip(s, i + 1);
    return priority;
}

/* The word before the next space; *rest stands behind that. */
static struct str take_word(struct str *rest)
{
    size_t end = str_index(*rest, ' ');
    struct str word = str_first(*rest, end);
    *rest = str_skip(*rest, end + 1);
    return word;
}

/* A word of RFC 5424's header; its nil value is empty. */
static struct str take_part(struct str *rest)
{
    struct str word = take_word(rest);
    return str_eq(word, STR("-")) ? STR("") : word;
}

static const struct escape PARAM_ESCAPES[] = {{'"', '"'}, {'\\', '\\'}, {']', ']'}, {0}};

/* "id.key"; cut off by the arena's limit, "id". */
static struct str param_name(struct parser *parser, struct str id, struct str key)
{
    char *name = arena_bytes(&parser->scratch, id.len + 1 + key.len);
    if (!name)
        return id;
    memcpy(name, id.ptr, id.len);
    name[id.len] = '.';
    memcpy(name + id.len + 1, key.ptr, key.len);
    return str_of(name, id.len + 1 + key.len);
}

/* One `[id key="value" ...]` at the front of *rest: 0, or -EINVAL and *rest as it was. */
static int take_element(struct parser *parser, struct str *rest, unsigned flags)
{
    struct str s = str_skip(*rest, 1);
    size_t end = 0;
    while (end < s.len && s.ptr[end] != ' ' && s.ptr[end] != ']' && s.ptr[end] != '"')
        end++;
    struct str id = str_first(s, end);
    s = str_skip(s, end);
    bool any = false;
    while (s.len && s.ptr[0] == ' ') {
        s = str_skip(s, 1);
        size_t equals = str_index(s, '=');
        if (equals + 1 >= s.len || s.ptr[equals + 1] != '"')
            return -EINVAL;
        struct str key = str_first(s, equals);
        s = str_skip(s, equals + 2);
        for (end = 0; end < s.len && s.ptr[end] != '"'; end++)
            end += s.ptr[end] == '\\';
        if (end >= s.len)
            return -EINVAL;
        struct str value =
            escape_undo(str_first(s, end), PARAM_ESCAPES, ESCAPE_HEX_NONE, &parser->scratch);
        parser_add(parser, param_name(parser, id, key), value, VALUE_STRING, flags);
        any = true;
        s = str_skip(s, end + 1);
    }
    if (s.len == 0 || s.ptr[0] != ']' || id.len == 0)
        return -EINVAL;
    if (!any)
        parser_add(parser, id, STR(""), VALUE_EMPTY_MAP, 0);
    *rest = str_skip(s, 1);
    return 0;
}

/*
 * STRUCTURED-DATA (RFC 5424, 6.3) off the front of *rest; what is malformed stays for the message.
 */
static void take_structured_data(struct parser *parser, struct str *rest, unsigned flags)
{
    if (rest->len && rest->ptr[0] == '-') {
        *rest = str_skip(*rest, 1);
    } else {
        while (rest->len && rest->ptr[0] == '[') {
            uint32_t before = parser->event.n_slots;
            if (take_element(parser, rest, flags) < 0) {
                parser->event.n_slots = before;
                return;
            }
        }
    }
    if (rest->len && rest->ptr[0] == ' ')
        *rest = str_skip(*rest, 1);
}

/* A line's time off the front of *rest, with the space or colon behind it. */
static bool take_time(struct syslog_state *state, int64_t reference_us, struct str *rest,
                      int64_t *ret_us)
{
    struct str s = *rest;
    if (s.len &&
        (s.ptr[0] == '*' || s.ptr[0] == '.')) /* Cisco: the clock is not set, not in step */
        s = str_skip(s, 1);
    if (s.len < TIME_3164_LEN)
        return false;
    size_t taken;
    if (is_digit(s.ptr[0])) { /* ISO 8601, the date and the clock apart by T or a space */
        taken = s.len > 11 ? 11 + str_index(str_skip(s, 11), ' ') : 0;
        if (taken < 19 || s.ptr[4] != '-' || time_parse(str_first(s, taken), ret_us) < 0)
            return false;
    } else if (memcmp(s.ptr, state->time_text, TIME_3164_LEN) == 0 &&
               reference_us == state->time_reference &&
               (s.len == TIME_3164_LEN ||
                (s.ptr[TIME_3164_LEN] != '.' && s.ptr[TIME_3164_LEN] != ','))) {
        *ret_us = state->time;
        taken = TIME_3164_LEN;
    } else if (s.len >= 20 && is_digit(s.ptr[7]) && s.ptr[11] == ' ' &&
               time_parse(str_first(s, 20), ret_us) == 0) { /* "Nov 21 2026 10:00:00" */
        taken = 20;
    } else {
        int len = time_parse_rfc3164(s, reference_us, ret_us);
        if (len < TIME_3164_LEN)
            return false;
        taken = (size_t)len;
        if (len == TIME_3164_LEN) {
            memcpy(state->time_text, s.ptr, TIME_3164_LEN);
            state->time_reference = reference_us;
            state->time = *ret_us;
        }
    }
    s = str_skip(s, taken);
    if (s.len > 5 && s.ptr[0] == ' ' && s.ptr[4] == ':' && s.ptr[1] >= 'A' && s.ptr[1] <= 'Z')
        s = str_skip(s, 4); /* " UTC:", as Cisco writes */
    if (s.len && s.ptr[0] != ' ' && s.ptr[0] != ':')
        return false;
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == ':'))
        s = str_skip(s, 1);
    *rest = s;
    return true;
}

/* Ends a program's name where one can be. */
static bool ends_tag(char c)
{
    return c == ' ' || c == ':' || c == '[' || c == '\t' || c == '%' || c == '{' || c == '=' ||
           c == '<' || c == '"' || c == '|';
}

/* "su[42]: " or "kernel: " off the front of *rest. */
static bool take_tag(struct str *rest, struct header *header)
{
    struct str s = *rest, pid = {0};
    size_t end = 0;
    while (end < s.len && end < TAG_MAX && !ends_tag(s.ptr[end]))
        end++;
    if (end == 0 || end == s.len)
        return false;
    struct str program = str_first(s, end);
    s = str_skip(s, end);
    if (s.ptr[0] == '[') {
        size_t close = str_index(str_first(s, TAG_MAX), ']');
        if (close >= str_first(s, TAG_MAX).len)
            return false;
        pid = str_of(s.ptr + 1, close - 1);
        s = str_skip(s, close + 1);
        if (s.len && s.ptr[0] == ':')
            s = str_skip(s, 1);
    } else if (s.ptr[0] == ':') {
        s = str_skip(s, 1);
        if (s.len && s.ptr[0] != ' ' && s.ptr[0] != '[')
            return false;
    } else {
        return false;
    }
    while (s.len && s.ptr[0] == ' ')
        s = str_skip(s, 1);
    header->program = program;
    header->pid = pid;
    *rest = s;
    return true;
}

/* Cisco's "123: ", a count of messages, off the front of *rest. */
static void skip_sequence(struct str *rest)
{
    size_t i = 0;
    while (i < rest->len && is_digit(rest->ptr[i]))
        i++;
    if (i > 0 && i + 1 < rest->len && rest->ptr[i] == ':' && rest->ptr[i + 1] == ' ')
        *rest = str_skip(*rest, i + 2);
}

/* The header of RFC 3164 and its relatives; returns the message. */
static struct str read_3164(struct syslog_state *state, const struct parser *parser,
                            struct str text, struct header *header)
{
    struct str rest = text;
    if (header->priority >= 0) {
        skip_sequence(&rest);
        if (rest.len && rest.ptr[0] == ':')
            rest = str_skip(rest, 1);
    }
    bool iso = rest.len && is_digit(rest.ptr[0]);
    if (!take_time(state, parser->options.reference_us, &rest, &header->time)) {
        if (header->priority >= 0)
            take_tag(&rest, header);
        return rest;
    }
    if (take_tag(&rest, header))
        return rest;
    if (rest.len && rest.ptr[0] != '%') /* Cisco's devices may leave themselves out */
        header->host = take_word(&rest);
    while (rest.len && (rest.ptr[0] == ' ' || rest.ptr[0] == ':'))
        rest = str_skip(rest, 1);
    skip_sequence(&rest);
    bool tagged = take_tag(&rest, header);
    if (iso && header->priority < 0 &&
        !tagged) { /* a log of its own kind that starts with a time */
        header->host = STR("");
        return text;
    }
    return rest;
}

/* RFC 5424 behind "<34>1 "; false where it is not, and nothing has changed. */
static bool read_5424(struct str *rest, struct header *header)
{
    struct str s = str_skip(*rest, 2);
    struct str time = take_part(&s);
    if (time.len && time_parse(time, &header->time) < 0)
        return false;
    header->host = take_part(&s);
    if (str_starts(s, STR("CEF:")) || str_starts(s, STR("LEEF:"))) {
        *rest = s; /* some leave out what stands between */
        return true;
    }
    header->program = take_part(&s);
    header->pid = take_part(&s);
    header->msgid = take_part(&s);
    *rest = s;
    return true;
}

static void add_header(struct parser *parser, const struct syslog_state *state,
                       const struct header *header, unsigned flags)
{
    const struct name *names = state->names;
    parser->event.time = header->time;
    if (header->host.len)
        parser_add_named(parser, &names[SYSLOG_HOST], header->host, VALUE_STRING, flags);
    if (header->program.len)
        parser_add_named(parser, &names[SYSLOG_PROGRAM], header->program, VALUE_STRING, flags);
    if (header->pid.len)
        parser_add_named(parser, &names[SYSLOG_PID], header->pid, number_type(header->pid), flags);
    if (header->priority >= 0) {
        parser_add_named(parser, &names[SYSLOG_FACILITY],
                         str_from_c(FACILITIES[header->priority / 8]), VALUE_STRING, 0);
        parser_add_named(parser, &names[SYSLOG_SEVERITY],
                         str_from_c(SEVERITIES[header->priority % 8]), VALUE_STRING, 0);
    }
    if (header->msgid.len)
        parser_add_named(parser, &names[SYSLOG_MSGID], header->msgid, VALUE_STRING, flags);
}

const char *syslog_event(struct parser *parser, const struct line *line)
{
    struct syslog_state *state = syslog_state(parser);
    struct str rest = line->text;
    struct header header = {.time = TIME_UNSET};
    if (!state)
        return "no memory for the names of syslog";
    header.priority = take_priority(&rest);
    if (header.priority >= 0 && str_starts(rest, STR("1 ")) && read_5424(&rest, &header)) {
        add_header(parser, state, &header, line->flags);
        take_structured_data(parser, &rest, line->flags);
        rest = lines_skip_bom(rest);
    } else {
        rest = read_3164(state, parser, rest, &header);
        add_header(parser, state, &header, line->flags);
    }
    uint32_t own = parser->event.n_slots;
    parser_add_named(parser, &state->names[SYSLOG_MESSAGE], rest, VALUE_STRING, line->flags);
    payload_add(parser, rest, line->flags);
    if (parser->event.n_slots > own + 1)
        names_mark_lists(parser);
    return NULL;
}

/* What logs of another kind have behind their time, where syslog has a host. */
static bool is_level(struct str word)
{
    static const struct str levels[] = {
        {"TRACE", 5}, {"DEBUG", 5}, {"INFO", 4},  {"NOTICE", 6},
        {"WARN", 4},  {"ERROR", 5}, {"FATAL", 5}, {"WARNING", 7},
    };
    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
        if (str_eq_ascii_nocase(word, levels[i]))
            return true;
    return false;
}

bool syslog_looks_dated(struct str text)
{
    const char *s = text.ptr;
    if (text.len <= TIME_3164_LEN + 4)
        return false;
    if (is_digit(s[0]))
        return s[4] == '-' && s[7] == '-' && s[10] == 'T' && s[13] == ':';
    return s[3] == ' ' && s[6] == ' ' && s[9] == ':' && s[12] == ':';
}

/*
 * Without a priority: a time, a host and a program, all of them. Text of any kind stands where this is asked, and what is
 * taken for a line of syslog has its host instead of that of the record around it.
 */
static bool is_dated(const struct parser *parser, struct syslog_state *state, struct str text)
{
    struct header header = {.priority = -1, .time = TIME_UNSET};
    if (!syslog_looks_dated(text))
        return false;
    (void)read_3164(state, parser, text, &header);
    return header.time != TIME_UNSET && header.host.len && header.program.len &&
           !is_level(header.host);
}

/* The time of RFC 3164 says no zone: one that stands beside it is surer. */
static void prefer_time_beside(struct event *event)
{
    struct slot *slot = event_find_name(event, STR("@timestamp"));
    int64_t time;
    if (slot && time_parse(str_trim(event_text(event, slot)), &time) == 0)
        event->time = time;
}

int syslog_add(struct parser *parser, struct str text, unsigned flags)
{
    struct syslog_state *state = syslog_state(parser);
    bool prioritised = text.len > 2 && text.ptr[0] == '<' && is_digit(text.ptr[1]);
    if (!state || (!prioritised && !is_dated(parser, state, text)))
        return -EINVAL;
    if (syslog_event(parser, &(struct line){.text = text, .flags = flags}))
        return -EINVAL;
    if (!prioritised && !is_digit(text.ptr[0]))
        prefer_time_beside(&parser->event);
    return 0;
}

/* A line that a syslog daemon wrote: a priority, or a time with a host or a program behind it. */
static bool is_syslog(struct str line)
{
    struct syslog_state state = {0};
    const struct parser parser = {.options = {.reference_us = 0}};
    struct header header = {.time = TIME_UNSET};
    header.priority = take_priority(&line);
    if (header.priority >= 0)
        return true;
    if (str_find(str_first(line, 128), STR("\tMSWinEventLog\t")) != SIZE_MAX)
        return true;
    (void)read_3164(&state, &parser, line, &header);
    return header.host.len > 0 || header.program.len > 0;
}

static int syslog_probe(struct str head)
{
    int sure = lines_probe(head, is_syslog);
    return sure >= 60 ? 85 : 0;
}

static int syslog_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    return syslog_state(parser) ? lines_run(parser, chunk, sink, syslog_event) : -ENOMEM;
}

const struct format format_syslog = {
    .id = FORMAT_SYSLOG,
    .name = "syslog",
    .about = "RFC 3164 and 5424, with JSON, CEF, LEEF, key=value, audit, Sysmon or Cisco inside",
    .probe = syslog_probe,
    .cut = parse_cut_lines,
    .parse = syslog_parse};
