#include "hunt/text_parse.h"

#include <inttypes.h>

#define VERSION_PARTS 4
#define VERSION_DIGITS 8 /* of each part */

/* ,"name":"text" */
static void put_member(struct buf *json, const char *name, struct str text)
{
    buf_add_byte(json, json->len ? ',' : '{');
    buf_add_json(json, str_from_c(name));
    buf_add_byte(json, ':');
    buf_add_json(json, text);
}

/* The part of *rest behind the first `mark`, which is taken off it; empty: there is none. */
static struct str take_behind(struct str *rest, char mark)
{
    size_t at = str_index(*rest, mark);
    struct str behind = str_skip(*rest, at + 1);
    *rest = str_first(*rest, at);
    return behind;
}

static size_t last_index(struct str text, const char *marks)
{
    size_t at = text.len;
    while (at > 0 && !(text.ptr[at - 1] && strchr(marks, text.ptr[at - 1])))
        at--;
    return at; /* behind it; 0: there is none */
}

/* ---- URLs (RFC 3986) ---- */

static void put_parameters(struct buf *json, struct str query)
{
    struct str pair;
    bool first = true;
    buf_add_c(json, json->len ? ",\"Query Parameters\":{" : "{\"Query Parameters\":{");
    while (str_cut(&query, '&', &pair)) {
        struct str value = take_behind(&pair, '=');
        if (pair.len == 0)
            continue;
        buf_add_c(json, first ? "" : ",");
        buf_add_json(json, pair);
        buf_add_byte(json, ':');
        buf_add_json(json, value);
        first = false;
    }
    buf_add_byte(json, '}');
}

void text_parse_query(struct str text, struct buf *json)
{
    put_parameters(json, text);
    buf_add_byte(json, '}');
}

void text_parse_url(struct str text, struct buf *json)
{
    struct str fragment = take_behind(&text, '#'), query = take_behind(&text, '?'),
               scheme = {"", 0};
    size_t mark = str_find(text, STR("://"));
    if (mark != SIZE_MAX) {
        scheme = str_first(text, mark);
        text = str_skip(text, mark + 3);
    }
    size_t slash = str_index(text, '/');
    struct str path = str_skip(text, slash), host = str_first(text, slash), user = {"", 0};
    size_t at = last_index(host, "@");
    if (at) {
        user = str_first(host, at - 1);
        host = str_skip(host, at);
    }
    struct str password = take_behind(&user, ':');
    size_t colon = last_index(host, ":]"); /* colons inside of brackets are those of IPv6 */
    struct str port = {"", 0};
    if (colon && host.ptr[colon - 1] == ':') {
        port = str_skip(host, colon);
        host = str_first(host, colon - 1);
    }
    put_member(json, "Scheme", scheme);
    put_member(json, "Host", host);
    put_member(json, "Port", port);
    put_member(json, "Path", path);
    put_member(json, "Username", user);
    put_member(json, "Password", password);
    put_parameters(json, query);
    put_member(json, "Fragment", fragment);
    buf_add_byte(json, '}');
}

/* ---- paths of files ---- */

void text_parse_path(struct str text, struct buf *json)
{
    struct str scheme = {"", 0}, root = {"", 0}, stream = {"", 0};
    size_t mark = str_find(text, STR("://"));
    if (mark != SIZE_MAX) {
        scheme = str_first(text, mark);
        text = str_skip(text, mark + 3);
    }
    if (text.len > 1 && text.ptr[1] == ':')
        root = str_first(text, 2);
    size_t slash = last_index(text, "/\\");
    struct str file = str_skip(text, slash), folder = str_first(text, slash ? slash - 1 : 0);
    if (slash || !root.len)
        stream = take_behind(&file, ':');
    size_t dot = last_index(file, ".");
    put_member(json, "Scheme", scheme);
    put_member(json, "RootPath", root);
    put_member(json, "DirectoryPath", folder);
    put_member(json, "DirectoryName", str_skip(folder, last_index(folder, "/\\")));
    put_member(json, "Filename", file);
    put_member(json, "Extension", dot ? str_skip(file, dot) : str_of("", 0));
    put_member(json, "AlternateDataStreamName", stream);
    buf_add_byte(json, '}');
}

/* ---- command lines ---- */

/*
 * One argument, from *at on: 2n backslashes before a quote are n of them, and one more is a quote that stands for itself; two
 * quotes inside of quotes are one.
 */
static void take_argument(struct str text, size_t *at, struct buf *word)
{
    bool quoted = false;
    while (*at < text.len && (quoted || (text.ptr[*at] != ' ' && text.ptr[*at] != '\t'))) {
        size_t slashes = 0;
        while (*at + slashes < text.len && text.ptr[*at + slashes] == '\\')
            slashes++;
        bool quote = *at + slashes < text.len && text.ptr[*at + slashes] == '"';
        for (size_t i = 0; i < (quote ? slashes / 2 : slashes); i++)
            buf_add_byte(word, '\\');
        *at += slashes;
        if (quote) {
            bool doubled = quoted && *at + 1 < text.len && text.ptr[*at + 1] == '"';
            if (slashes % 2 || doubled)
                buf_add_byte(word, '"');
            else
                quoted = !quoted;
            *at += slashes % 2 == 0 && doubled ? 2 : 1;
        } else if (slashes == 0) {
            buf_add_byte(word, text.ptr[(*at)++]);
        }
    }
}

void text_parse_command_line(struct str text, struct buf *json)
{
    struct buf word = {0};
    buf_add_byte(json, '[');
    for (size_t at = 0; at < text.len;) {
        if (text.ptr[at] == ' ' || text.ptr[at] == '\t') {
            at++;
            continue;
        }
        buf_clear(&word);
        take_argument(text, &at, &word);
        buf_add_c(json, json->len > 1 ? "," : "");
        buf_add_json(json, buf_str(&word));
    }
    buf_add_byte(json, ']');
    buf_free(&word);
}

void text_parse_csv(struct str text, struct buf *json)
{
    struct buf field = {0};
    bool quoted = false;
    buf_add_byte(json, '[');
    for (size_t i = 0; i <= text.len; i++) {
        char byte = i < text.len ? text.ptr[i] : '\n';
        bool end = i == text.len || (!quoted && (byte == ',' || byte == '\n' || byte == '\r'));
        if (end) {
            buf_add_c(json, json->len > 1 ? "," : "");
            buf_add_json(json, buf_str(&field));
            buf_clear(&field);
            if (i == text.len || byte != ',')
                break;
        } else if (byte == '"' && quoted && i + 1 < text.len && text.ptr[i + 1] == '"') {
            buf_add_byte(&field, '"');
            i++;
        } else if (byte == '"') {
            quoted = !quoted;
        } else {
            buf_add_byte(&field, byte);
        }
    }
    buf_add_byte(json, ']');
    buf_free(&field);
}

/* ---- versions ---- */

bool text_parse_version(struct str text, struct buf *digits)
{
    struct str part;
    int n = 0;
    for (text = str_trim(text); str_cut(&text, '.', &part); n++) {
        int64_t number;
        if (n == VERSION_PARTS || part.len == 0 || part.len > VERSION_DIGITS || part.ptr[0] < '0' ||
            part.ptr[0] > '9' || str_to_i64(part, &number) < 0)
            return false;
        buf_printf(digits, "%0*" PRId64, VERSION_DIGITS, number);
    }
    for (int i = n; n && i < VERSION_PARTS; i++)
        buf_printf(digits, "%0*d", VERSION_DIGITS, 0);
    return n > 0;
}

/* ---- user agents (RFC 9110, 10.1.5) ---- */

/* How programs name themselves: the first row whose mark is in the text; the version follows the mark. */
static const struct {
    const char *mark, *family;
} browsers[] = {
    {"Edg/", "Edge"},
    {"Edge/", "Edge"},
    {"EdgA/", "Edge Mobile"},
    {"EdgiOS/", "Edge Mobile"},
    {"OPR/", "Opera"},
    {"Opera/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"AdobeAIR/", "AdobeAIR"},
    {"FxiOS/", "Firefox iOS"},
    {"Firefox/", "Firefox"},
    {"CriOS/", "Chrome Mobile iOS"},
    {"HeadlessChrome/", "HeadlessChrome"},
    {"Chrome/", "Chrome"},
    {"MSIE ", "IE"},
    {"Trident/7.0; rv:", "IE"},
    {"Trident/7.0", "IE"},
    {"curl/", "curl"},
    {"Wget/", "Wget"},
    {"python-requests/", "Python Requests"},
    {"Python-urllib/", "Python-urllib"},
    {"Go-http-client/", "Go-http-client"},
    {"okhttp/", "okhttp"},
    {"Java/", "Java"},
    {"PowerShell/", "PowerShell"},
    {"Version/", "Safari"},
};

static const struct {
    const char *mark, *family, *version; /* version: known by the mark; NULL: it follows it */
} systems[] = {
    {"Windows NT 10.0", "Windows", "10"},
    {"Windows NT 6.3", "Windows", "8.1"},
    {"Windows NT 6.2", "Windows", "8"},
    {"Windows NT 6.1", "Windows", "7"},
    {"Windows NT 6.0", "Windows", "Vista"},
    {"Windows NT 5.1", "Windows", "XP"},
    {"Windows Phone ", "Windows Phone", NULL},
    {"Android ", "Android", NULL},
    {"iPhone OS ", "iOS", NULL},
    {"CPU OS ", "iOS", NULL},
    {"Mac OS X ", "Mac OS X", NULL},
    {"CrOS ", "Chrome OS", ""},
    {"SymbianOS/", "Symbian OS", NULL},
    {"Ubuntu", "Ubuntu", ""},
    {"Linux", "Linux", ""},
    {"Windows", "Windows", ""},
};

static const struct {
    const char *mark, *family, *brand, *model;
} devices[] = {
    {"iPhone", "iPhone", "Apple", "iPhone"}, {"iPad", "iPad", "Apple", "iPad"},
    {"Macintosh", "Mac", "Apple", "Mac"},    {"Pixel", "Pixel", "Google", "Pixel"},
    {"SM-", "Samsung", "Samsung", ""},       {"Windows Phone", "Windows Phone", "", ""},
};

/* 115.0.1 or 10_15_7, as its parts. */
static void take_version(struct str text, struct str *ret_parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = 0;
        while (len < text.len && text.ptr[len] >= '0' && text.ptr[len] <= '9')
            len++;
        ret_parts[i] = str_first(text, len);
        text = str_skip(text, len);
        if (len == 0 || text.len == 0 || (text.ptr[0] != '.' && text.ptr[0] != '_'))
            return;
        text = str_skip(text, 1);
    }
}

void text_parse_agent(struct str text, struct agent *ret_agent)
{
    struct agent agent = {0};
    for (size_t i = 0; i < sizeof(browsers) / sizeof(browsers[0]) && !agent.browser.len; i++) {
        struct str mark = str_from_c(browsers[i].mark);
        size_t at = str_find(text, mark);
        if (at == SIZE_MAX)
            continue;
        agent.browser = str_from_c(browsers[i].family);
        take_version(str_skip(text, at + mark.len), agent.browser_version, 3);
    }
    for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]) && !agent.system.len; i++) {
        struct str mark = str_from_c(systems[i].mark);
        size_t at = str_find(text, mark);
        if (at == SIZE_MAX)
            continue;
        agent.system = str_from_c(systems[i].family);
        if (systems[i].version)
            agent.system_version[0] = str_from_c(systems[i].version);
        else
            take_version(str_skip(text, at + mark.len), agent.system_version, 4);
    }
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]) && !agent.device.len; i++)
        if (str_find(text, str_from_c(devices[i].mark)) != SIZE_MAX) {
            agent.device = str_from_c(devices[i].family);
            agent.brand = str_from_c(devices[i].brand);
            agent.model = str_from_c(devices[i].model);
        }
    *ret_agent = agent;
}
