/*
 * access: access logs of Apache httpd and nginx: common, combined, and combined behind a virtual
 * host (Apache's vhost_combined). Fields that a site has put behind these are left out.
 *
 *     203.0.113.7 - tan [21/Nov/2026:10:00:00 +0800] "GET /a?b=c HTTP/1.1" 200 512
 *     "https://referer.example/" "Mozilla/5.0"
 *
 * Names are those of Sigma's category webserver: c-ip, cs-username, cs-method, cs-uri (path and
 * query as they came: nothing is percent-decoded), cs-uri-stem, cs-uri-query, cs-version,
 * sc-status, sc-bytes, cs-referer, cs-user-agent, cs-host and s-port (of the virtual host). A "-"
 * is a value that is not there.
 */
#include <errno.h>

#include "parse/escape.h"
#include "parse/formats.h"
#include "parse/lines.h"
#include "parse/names.h"
#include "parse/number.h"
#include "parse/payload.h"

enum {
    ACCESS_CLIENT,
    ACCESS_IDENT,
    ACCESS_USER,
    ACCESS_HOST,
    ACCESS_PORT,
    ACCESS_METHOD,
    ACCESS_URI,
    ACCESS_STEM,
    ACCESS_QUERY,
    ACCESS_PROTOCOL,
    ACCESS_STATUS,
    ACCESS_BYTES,
    ACCESS_REFERER,
    ACCESS_AGENT,
    ACCESS_MESSAGE,
    ACCESS_NAMES
};

static const char *const NAMES[ACCESS_NAMES] = {
    [ACCESS_CLIENT] = "c-ip",        [ACCESS_IDENT] = "ident",
    [ACCESS_USER] = "cs-username",   [ACCESS_HOST] = "cs-host",
    [ACCESS_PORT] = "s-port",        [ACCESS_METHOD] = "cs-method",
    [ACCESS_URI] = "cs-uri",         [ACCESS_STEM] = "cs-uri-stem",
    [ACCESS_QUERY] = "cs-uri-query", [ACCESS_PROTOCOL] = "cs-version",
    [ACCESS_STATUS] = "sc-status",   [ACCESS_BYTES] = "sc-bytes",
    [ACCESS_REFERER] = "cs-referer", [ACCESS_AGENT] = "cs-user-agent",
    [ACCESS_MESSAGE] = "message",
};

/* The time of the line before: many lines share their second. */
#define ACCESS_TIME_LEN 26
#define ACCESS_LOOK 128 /* bytes before the time, where a line is looked for in other text */

struct access_state {
    struct name names[ACCESS_NAMES];
    bool ready;
    char time_text[ACCESS_TIME_LEN];
    int64_t time;
};

/* The parts of a line; empty ones are not there. */
struct request {
    struct str vhost, client, ident, user, time, request, status, bytes, referer, agent;
};

static struct access_state *access_state(struct parser *parser)
{
    struct access_state *state = parser_state(parser, FORMAT_ACCESS, sizeof(*state), NULL);
    if (state && !state->ready) {
        names_resolve(state->names, NAMES, ACCESS_NAMES, parser->fields);
        state->ready = true;
    }
    return state;
}

/* The word before the next space; false at the end. */
static bool take_word(struct str *rest, struct str *ret_word)
{
    size_t end = str_index(*rest, ' ');
    *ret_word = str_first(*rest, end);
    *rest = str_skip(*rest, end + 1);
    return ret_word->len > 0;
}

/* "text with \" in it" off the front of *rest, and the space behind it. */
static bool take_quoted(struct str *rest, struct str *ret_text)
{
    if (rest->len == 0 || rest->ptr[0] != '"')
        return false;
    size_t at = 1;
    for (;; at++) {
        at += str_index(str_skip(*rest, at), '"');
        if (at >= rest->len)
            return false;
        size_t slashes = 0;
        while (rest->ptr[at - slashes - 1] == '\\') /* the opening quote stops it */
            slashes++;
        if (slashes % 2 == 0)
            break;
    }
    *ret_text = str_of(rest->ptr + 1, at - 1);
    *rest = str_skip(*rest, at + 1);
    if (rest->len && rest->ptr[0] == ' ')
        *rest = str_skip(*rest, 1);
    return true;
}

/* Takes a line apart; false where it is no access log's. */
static bool split(struct str line, struct request *ret_request)
{
    struct request r = {0};
    struct str words[4], rest = line;
    size_t n = 0;
    while (n < 4 && rest.len && rest.ptr[0] != '[' && take_word(&rest, &words[n]))
        n++;
    if (n < 3 || rest.len == 0 || rest.ptr[0] != '[')
        return false;
    if (n == 4)
        r.vhost = words[0];
    r.client = words[n - 3];
    r.ident = words[n - 2];
    r.user = words[n - 1];
    size_t end = str_index(rest, ']');
    if (end + 2 >= rest.len || end > 40 || rest.ptr[end + 1] != ' ')
        return false;
    r.time = str_of(rest.ptr + 1, end - 1);
    rest = str_skip(rest, end + 2);
    if (!take_quoted(&rest, &r.request) || !take_word(&rest, &r.status) || r.status.len != 3)
        return false;
    if (rest.len && rest.ptr[0] != '"')
        (void)take_word(&rest, &r.bytes);
    if (take_quoted(&rest, &r.referer))
        (void)take_quoted(&rest, &r.agent);
    *ret_request = r;
    return true;
}

static void add(struct parser *parser, const struct name *name, struct str text, unsigned flags)
{
    if (text.len && !str_eq(text, STR("-")))
        parser_add_named(parser, name, text, VALUE_STRING, flags);
}

static void add_number(struct parser *parser, const struct name *name, struct str text)
{
    if (number_type(text) == VALUE_INT)
        parser_add_named(parser, name, text, VALUE_INT, 0);
}

static const struct escape ESCAPES[] = {{'"', '"'}, {'\\', '\\'}, {0}};

/* What the server escaped, for its own log's sake: \" \\ and, by nginx, \x22. */
static struct str unescape(struct parser *parser, struct str text)
{
    return escape_undo(text, ESCAPES, ESCAPE_HEX_PRINTABLE, &parser->scratch);
}

/*
 * "GET /a?b=c HTTP/1.1"; a request of another shape (TLS to a plain port, probes) is cs-uri as a
 * whole.
 */
static void add_request(struct parser *parser, const struct name *names, struct str request,
                        unsigned flags)
{
    struct str text = unescape(parser, request);
    size_t space = str_index(text, ' ');
    struct str method = str_first(text, space), uri = str_skip(text, space + 1);
    if (space == text.len) {
        add(parser, &names[ACCESS_URI], text, flags);
        return;
    }
    const char *last = memrchr(uri.ptr, ' ', uri.len);
    struct str protocol = {0};
    if (last &&
        str_starts(str_of(last + 1, (size_t)(uri.ptr + uri.len - last - 1)), STR("HTTP/"))) {
        protocol = str_of(last + 1, (size_t)(uri.ptr + uri.len - last - 1));
        uri.len = (size_t)(last - uri.ptr);
    }
    size_t query = str_index(uri, '?');
    add(parser, &names[ACCESS_METHOD], method, flags);
    add(parser, &names[ACCESS_URI], uri, flags);
    add(parser, &names[ACCESS_STEM], str_first(uri, query), flags);
    add(parser, &names[ACCESS_QUERY], str_skip(uri, query + 1), flags);
    add(parser, &names[ACCESS_PROTOCOL], protocol, flags);
}

static void add_vhost(struct parser *parser, const struct name *names, struct str vhost,
                      unsigned flags)
{
    const char *colon = vhost.len ? memrchr(vhost.ptr, ':', vhost.len) : NULL;
    size_t host = colon ? (size_t)(colon - vhost.ptr) : vhost.len;
    add(parser, &names[ACCESS_HOST], str_first(vhost, host), flags);
    add_number(parser, &names[ACCESS_PORT], str_skip(vhost, host + 1));
}

static int64_t read_time(struct access_state *state, struct str text)
{
    int64_t time = TIME_UNSET;
    if (text.len == ACCESS_TIME_LEN && memcmp(text.ptr, state->time_text, ACCESS_TIME_LEN) == 0)
        return state->time;
    if (time_parse(text, &time) == 0 && text.len == ACCESS_TIME_LEN) {
        memcpy(state->time_text, text.ptr, ACCESS_TIME_LEN);
        state->time = time;
    }
    return time;
}

static void add_line(struct parser *parser, struct access_state *state, const struct request *r,
                     unsigned flags)
{
    const struct name *names = state->names;
    parser->event.time = read_time(state, r->time);
    add(parser, &names[ACCESS_CLIENT], r->client, flags);
    add(parser, &names[ACCESS_IDENT], r->ident, flags);
    add(parser, &names[ACCESS_USER], r->user, flags);
    add_vhost(parser, names, r->vhost, flags);
    add_request(parser, names, r->request, flags);
    add_number(parser, &names[ACCESS_STATUS], r->status);
    add_number(parser, &names[ACCESS_BYTES], r->bytes);
    add(parser, &names[ACCESS_REFERER], unescape(parser, r->referer), flags);
    add(parser, &names[ACCESS_AGENT], unescape(parser, r->agent), flags);
}

static const char *access_event(struct parser *parser, const struct line *line)
{
    struct access_state *state = access_state(parser);
    struct request r;
    if (!split(line->text, &r)) {
        add(parser, &state->names[ACCESS_MESSAGE], line->text, line->flags);
        return "not a line of an access log; kept as `message`";
    }
    add_line(parser, state, &r, line->flags);
    return NULL;
}

/* "... [21/Nov/2026:10:00:00 +0800] " */
bool access_looks(struct str text)
{
    size_t at = str_index(str_first(text, ACCESS_LOOK), '[');
    return at > 0 && at + ACCESS_TIME_LEN < text.len && text.ptr[at - 1] == ' ' &&
           text.ptr[at + 3] == '/' && text.ptr[at + 7] == '/' && text.ptr[at + 12] == ':';
}

int access_add(struct parser *parser, struct str text, unsigned flags)
{
    struct access_state *state = access_looks(text) ? access_state(parser) : NULL;
    struct request r;
    int64_t time;
    if (!state || !split(text, &r) || time_parse(r.time, &time) < 0)
        return -EINVAL;
    add_line(parser, state, &r, flags);
    return 0;
}

static bool is_access(struct str line)
{
    struct request r;
    int64_t time;
    return split(line, &r) && time_parse(r.time, &time) == 0;
}

static int access_probe(struct str head)
{
    return lines_probe(head, is_access) >= 60 ? 95 : 0;
}

static int access_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    return access_state(parser) ? lines_run(parser, chunk, sink, access_event) : -ENOMEM;
}

const struct format format_access = {.id = FORMAT_ACCESS,
                                     .name = "access",
                                     .about = "Apache and nginx access logs: common, combined",
                                     .probe = access_probe,
                                     .cut = parse_cut_lines,
                                     .parse = access_parse};
