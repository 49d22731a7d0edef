#include "intel/canonical.h"

#include "base/utf8.h"
#include "intel/punycode.h"

const char *const indicator_type_names[INDICATOR_COUNT] = {
    [INDICATOR_NONE] = "none",
    [INDICATOR_IPV4] = "ipv4",
    [INDICATOR_IPV6] = "ipv6",
    [INDICATOR_CIDR4] = "cidr4",
    [INDICATOR_CIDR6] = "cidr6",
    [INDICATOR_DOMAIN] = "domain",
    [INDICATOR_HOST] = "host",
    [INDICATOR_URL] = "url",
    [INDICATOR_MD5] = "md5",
    [INDICATOR_SHA1] = "sha1",
    [INDICATOR_SHA256] = "sha256",
    [INDICATOR_EMAIL] = "email",
    [INDICATOR_FILE_NAME] = "file-name",
    [INDICATOR_FILE_PATH] = "file-path",
    [INDICATOR_JA3] = "ja3",
    [INDICATOR_JA4] = "ja4",
    [INDICATOR_USER_AGENT] = "user-agent",
};

const char *const tlp_names[TLP_COUNT] = {"", "clear", "green", "amber", "amber+strict", "red"};

enum indicator_type indicator_type_by_name(struct str name)
{
    for (int i = INDICATOR_NONE + 1; i < INDICATOR_COUNT; i++)
        if (str_eq_ascii_nocase(name, str_from_c(indicator_type_names[i])))
            return (enum indicator_type)i;
    return INDICATOR_NONE;
}

bool tlp_by_name(struct str name, enum tlp *ret_tlp)
{
    if (str_eq_ascii_nocase(str_first(name, 4), STR("tlp:")))
        name = str_skip(name, 4);
    if (str_eq_ascii_nocase(name, STR("white"))) {
        *ret_tlp = TLP_CLEAR;
        return true;
    }
    for (int i = TLP_CLEAR; i < TLP_COUNT; i++)
        if (str_eq_ascii_nocase(name, str_from_c(tlp_names[i]))) {
            *ret_tlp = (enum tlp)i;
            return true;
        }
    return false;
}

static inline char lower(char c)
{
    return (char)(c + (((unsigned char)(c - 'A') < 26) << 5));
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline bool is_alpha(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* Lower case in ASCII; what else there is, by simple case folding. False: too long, or not UTF-8. */
static bool fold(struct str text, char *ret_bytes, struct str *ret_value)
{
    if (text.len == 0 || text.len > INDICATOR_VALUE_MAX)
        return false;
    char high = 0;
    for (size_t i = 0; i < text.len; i++) {
        ret_bytes[i] = lower(text.ptr[i]);
        high |= text.ptr[i];
    }
    size_t len = text.len;
    if (high & (char)0x80) {
        /* utf8_fold_text() may write half as much again. */
        if (text.len > INDICATOR_VALUE_MAX / 3 * 2 - 4 || utf8_valid(text) < text.len)
            return false;
        len = utf8_fold_text(text, ret_bytes);
    }
    *ret_value = str_of(ret_bytes, len);
    return true;
}

/* ---- addresses ---- */

bool indicator_address(struct str text, struct address *ret_address)
{
    struct address address;
    if (text.len && text.ptr[0] == '[') {
        size_t end = str_index(text, ']');
        if (end == text.len)
            return false;
        text = str_of(text.ptr + 1, end - 1);
    } else {
        /* One colon is a port; more are an IPv6 address. */
        size_t colon = str_index(text, ':');
        if (str_index(str_skip(text, colon + 1), ':') == text.len - colon - (colon < text.len))
            text = str_first(text, colon);
    }
    if (!address_parse(str_first(text, str_index(text, '%')), &address))
        return false;
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (address.ipv6 && memcmp(address.bytes, mapped, sizeof(mapped)) == 0) {
        struct address ipv4 = {0};
        memcpy(ipv4.bytes, address.bytes + 12, 4);
        address = ipv4;
    }
    *ret_address = address;
    return true;
}

static bool canonical_address(struct str text, bool ipv6, char *ret_bytes, struct str *ret_value)
{
    struct address address;
    if (!indicator_address(text, &address) || address.ipv6 != ipv6)
        return false;
    *ret_value = str_of(ret_bytes, address_format(&address, ret_bytes));
    return true;
}

static bool read_network(struct str text, struct address *ret_network, unsigned *ret_bits)
{
    size_t slash = str_index(text, '/');
    struct str number = str_skip(text, slash + 1);
    uint64_t bits;
    if (slash == text.len || number.len == 0 || number.len > 3 || !is_digit(number.ptr[0]) ||
        str_to_u64(number, &bits) < 0 || !address_parse(str_first(text, slash), ret_network) ||
        bits > (ret_network->ipv6 ? 128u : 32u))
        return false;
    address_mask(ret_network, (unsigned)bits);
    *ret_bits = (unsigned)bits;
    return true;
}

static bool canonical_network(struct str text, bool ipv6, char *ret_bytes, struct str *ret_value)
{
    struct address network;
    unsigned bits;
    if (!read_network(text, &network, &bits) || network.ipv6 != ipv6)
        return false;
    size_t len = address_format(&network, ret_bytes);
    ret_bytes[len++] = '/';
    if (bits >= 100)
        ret_bytes[len++] = (char)('0' + bits / 100);
    if (bits >= 10)
        ret_bytes[len++] = (char)('0' + bits / 10 % 10);
    ret_bytes[len++] = (char)('0' + bits % 10);
    *ret_value = str_of(ret_bytes, len);
    return true;
}

enum indicator_type indicator_guess_address(struct str text)
{
    struct address address;
    unsigned bits;
    if (read_network(text, &address, &bits)) {
        if (bits == (address.ipv6 ? 128u : 32u))
            return address.ipv6 ? INDICATOR_IPV6 : INDICATOR_IPV4;
        return address.ipv6 ? INDICATOR_CIDR6 : INDICATOR_CIDR4;
    }
    if (indicator_address(text, &address))
        return address.ipv6 ? INDICATOR_IPV6 : INDICATOR_IPV4;
    return INDICATOR_NONE;
}

/* "10.0.0.1/32" is an address. */
static struct str without_full_prefix(struct str text, bool ipv6)
{
    struct str suffix = ipv6 ? STR("/128") : STR("/32");
    return str_ends(text, suffix) ? str_first(text, text.len - suffix.len) : text;
}

/* ---- names ---- */

static bool label_ok(struct str label)
{
    if (label.len == 0 || label.len > DOMAIN_LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];
        if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* One label in lower case, in ASCII. Returns its length, 0: no label. */
static size_t write_label(struct str label, char *ret_bytes)
{
    char folded[DOMAIN_LABEL_MAX * 6 + 8];
    if (utf8_is_ascii(label)) {
        if (!label_ok(label))
            return 0;
        for (size_t i = 0; i < label.len; i++)
            ret_bytes[i] = lower(label.ptr[i]);
        return label.len;
    }
    if (label.len > DOMAIN_LABEL_MAX * 4 || utf8_valid(label) < label.len)
        return 0;
    size_t len = utf8_fold_text(label, folded);
    return punycode_label(str_of(folded, len), ret_bytes, DOMAIN_LABEL_MAX);
}

static bool canonical_domain(struct str text, char *ret_bytes, struct str *ret_value)
{
    size_t len = 0;
    if (str_starts(text, STR("*.")))
        text = str_skip(text, 2);
    else if (text.len && text.ptr[0] == '.')
        text = str_skip(text, 1);
    if (text.len && text.ptr[text.len - 1] == '.')
        text.len--;
    if (text.len == 0 || text.len > INDICATOR_VALUE_MAX)
        return false;
    struct str label = {0}, rest = text;
    while (str_cut(&rest, '.', &label)) {
        if (len + 1 + DOMAIN_LABEL_MAX > INDICATOR_VALUE_MAX)
            return false;
        if (len)
            ret_bytes[len++] = '.';
        size_t written = write_label(label, ret_bytes + len);
        if (written == 0)
            return false;
        len += written;
    }
    if (len > DOMAIN_LENGTH_MAX || text.ptr[text.len - 1] == '.')
        return false;
    /* A name whose last label is a number is an address, or a mistake (WHATWG URL, 3.5). */
    size_t last = len;
    while (last && ret_bytes[last - 1] != '.')
        last--;
    bool number = true;
    for (size_t i = last; i < len; i++)
        number = number && is_digit(ret_bytes[i]);
    if (number)
        return false;
    *ret_value = str_of(ret_bytes, len);
    return true;
}

/* No white space, which separates, and no angle, which encloses. */
static bool local_part_ok(struct str local)
{
    for (size_t i = 0; i < local.len; i++)
        if ((unsigned char)local.ptr[i] <= ' ' || local.ptr[i] == '<' || local.ptr[i] == '>')
            return false;
    return local.len > 0;
}

static bool canonical_email(struct str text, char *ret_bytes, struct str *ret_value)
{
    char name[INDICATOR_VALUE_MAX];
    struct str domain, local;
    size_t open = text.len; /* behind the last '<' */
    while (open && text.ptr[open - 1] != '<')
        open--;
    if (open)
        text = str_first(str_skip(text, open), str_index(str_skip(text, open), '>'));
    if (str_eq_ascii_nocase(str_first(text, 7), STR("mailto:")))
        text = str_skip(text, 7);
    text = str_trim(text);
    size_t at = text.len;
    while (at && text.ptr[at - 1] != '@')
        at--;
    if (at < 2 || at > INDICATOR_VALUE_MAX - DOMAIN_LENGTH_MAX ||
        !local_part_ok(str_first(text, at - 1)) ||
        !canonical_domain(str_skip(text, at), name, &domain) ||
        !fold(str_first(text, at - 1), ret_bytes, &local) ||
        local.len + 1 + domain.len > INDICATOR_VALUE_MAX)
        return false;
    ret_bytes[local.len] = '@';
    memcpy(ret_bytes + local.len + 1, domain.ptr, domain.len);
    *ret_value = str_of(ret_bytes, local.len + 1 + domain.len);
    return true;
}

/* ---- URLs (RFC 3986) ---- */

struct url_writer {
    char *bytes;
    size_t len;
    bool full;
};

static void url_add(struct url_writer *out, struct str text)
{
    if (text.len > INDICATOR_VALUE_MAX - out->len) {
        out->full = true;
        return;
    }
    if (text.len)
        memcpy(out->bytes + out->len, text.ptr, text.len);
    out->len += text.len;
}

static bool is_unreserved(char c)
{
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void url_add_escape(struct url_writer *out, char byte)
{
    static const char HEX[] = "0123456789ABCDEF";
    unsigned char c = (unsigned char)byte;
    url_add(out, str_of((const char[]){'%', HEX[c >> 4], HEX[c & 15]}, 3));
}

/*
 * 6.2.2.2: an escape of what needs none is resolved, others are written in capitals; what may not stand in a URL
 * (2.1: white space, control characters, other scripts, a lone '%') is escaped.
 */
static void url_add_escaped(struct url_writer *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        int high = -1, low = -1;
        if (c == '%' && i + 2 < text.len) {
            high = str_hex_digit(text.ptr[i + 1]);
            low = str_hex_digit(text.ptr[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
            if (is_unreserved(c))
                url_add(out, str_of(&c, 1));
            else
                url_add_escape(out, c);
        } else if (c == '%' || (unsigned char)c <= ' ' || (unsigned char)c >= 0x7f) {
            url_add_escape(out, c);
        } else {
            url_add(out, str_of(&c, 1));
        }
    }
}

/* 5.2.4: "." and ".." go, in the path that begins at `start`. */
static void url_remove_dots(struct url_writer *out, size_t start)
{
    size_t read = start, write = start;
    while (read < out->len) {
        size_t end = read + 1;
        while (end < out->len && out->bytes[end] != '/')
            end++;
        struct str segment = str_of(out->bytes + read, end - read);
        bool one = str_eq(segment, STR("/.")), two = str_eq(segment, STR("/.."));
        if (two)
            while (write > start && out->bytes[--write] != '/')
                ;
        if (one || two) {
            if (end == out->len)
                out->bytes[write++] = '/';
        } else {
            memmove(out->bytes + write, out->bytes + read, segment.len);
            write += segment.len;
        }
        read = end;
    }
    out->len = write;
}

static struct str default_port(struct str scheme)
{
    static const struct {
        struct str scheme, port;
    } PORTS[] = {
        {{"http", 4}, {"80", 2}}, {{"https", 5}, {"443", 3}}, {{"ftp", 3}, {"21", 2}},
        {{"ws", 2}, {"80", 2}},   {{"wss", 3}, {"443", 3}},
    };
    for (size_t i = 0; i < sizeof(PORTS) / sizeof(PORTS[0]); i++)
        if (str_eq(scheme, PORTS[i].scheme))
            return PORTS[i].port;
    return (struct str){0};
}

/* Host and port. False: no host that a name or an address could be. */
static bool url_add_authority(struct url_writer *out, struct str authority, struct str scheme)
{
    char bytes[INDICATOR_VALUE_MAX];
    struct str host = authority, port = {0}, value;
    struct address address;
    size_t at = str_index(authority, '@');
    if (at < authority.len) {
        url_add_escaped(out, str_first(authority, at));
        url_add(out, STR("@"));
        host = str_skip(authority, at + 1);
    }
    size_t end = host.len && host.ptr[0] == '[' ? str_index(host, ']') : 0;
    size_t colon = end + str_index(str_skip(host, end), ':');
    port = str_skip(host, colon + 1);
    host = str_first(host, colon);
    for (size_t i = 0; i < port.len; i++)
        if (!is_digit(port.ptr[i]))
            return false;
    if (indicator_address(host, &address)) {
        value = str_of(bytes, address_format(&address, bytes));
        url_add(out, address.ipv6 ? STR("[") : STR(""));
        url_add(out, value);
        url_add(out, address.ipv6 ? STR("]") : STR(""));
    } else if (canonical_domain(host, bytes, &value)) {
        url_add(out, value);
    } else {
        return false;
    }
    if (port.len && !str_eq(port, default_port(scheme))) {
        url_add(out, STR(":"));
        url_add(out, port);
    }
    return true;
}

/* The scheme of a URL in front of "://", or nothing. */
static struct str url_scheme(struct str url)
{
    size_t len = 0;
    while (len < url.len && (is_alpha(url.ptr[len]) || is_digit(url.ptr[len]) ||
                             url.ptr[len] == '+' || url.ptr[len] == '-' || url.ptr[len] == '.'))
        len++;
    bool there = len && len < 32 && str_starts(str_skip(url, len), STR("://"));
    return there ? str_first(url, len) : (struct str){0};
}

static bool canonical_url(struct str text, char *ret_bytes, struct str *ret_value)
{
    struct url_writer out = {.bytes = ret_bytes};
    char scheme_bytes[32];
    struct str scheme = url_scheme(text), rest = text;
    if (scheme.len) {
        rest = str_skip(text, scheme.len + 3);
        for (size_t i = 0; i < scheme.len; i++)
            scheme_bytes[i] = lower(scheme.ptr[i]);
        scheme.ptr = scheme_bytes;
        url_add(&out, scheme);
        url_add(&out, STR(":"));
    } else if (str_starts(text, STR("//"))) {
        rest = str_skip(text, 2);
    }
    url_add(&out, STR("//"));
    rest = str_first(rest, str_index(rest, '#'));
    size_t query = str_index(rest, '?');
    size_t path = str_index(str_first(rest, query), '/');
    if (!url_add_authority(&out, str_first(rest, path), scheme))
        return false;
    size_t start = out.len;
    if (path == query)
        url_add(&out, STR("/"));
    url_add_escaped(&out, str_skip(str_first(rest, query), path));
    url_remove_dots(&out, start);
    url_add_escaped(&out, str_skip(rest, query));
    if (out.full)
        return false;
    *ret_value = str_of(ret_bytes, out.len);
    return true;
}

struct str indicator_url_host(struct str url)
{
    struct str rest = str_skip(url, str_find(url, STR("//")) + 2);
    rest = str_first(rest, str_index(rest, '/'));
    size_t at = str_index(rest, '@');
    if (at < rest.len)
        rest = str_skip(rest, at + 1);
    if (rest.len && rest.ptr[0] == '[')
        return str_skip(str_first(rest, str_index(rest, ']')), 1);
    return str_first(rest, str_index(rest, ':'));
}

/* ---- digests, files, fingerprints ---- */

#define DIGEST_SIZE_MAX 32

/*
 * The value of a hexadecimal digit, or 255. Without branches, so that compilers take many digits at a time: those of
 * digests defy prediction.
 */
static inline uint8_t hex_value(uint8_t c)
{
    uint8_t number = (uint8_t)(c - '0'), letter = (uint8_t)((c | 0x20) - 'a');
    uint8_t value = letter < 6 ? (uint8_t)(letter + 10) : 255;
    return number < 10 ? number : value;
}

bool indicator_digest(struct str text, uint8_t *ret_bytes, size_t size)
{
    uint8_t values[DIGEST_SIZE_MAX * 2], worst = 0;
    if (text.len != size * 2 || size > DIGEST_SIZE_MAX)
        return false;
    const uint8_t *digits = (const uint8_t *)text.ptr;
    for (size_t i = 0; i < size * 2; i++) {
        values[i] = hex_value(digits[i]);
        worst = values[i] > worst ? values[i] : worst;
    }
    for (size_t i = 0; i < size; i++)
        ret_bytes[i] = (uint8_t)(values[i * 2] << 4 | (values[i * 2 + 1] & 15));
    return worst < 16;
}

enum indicator_type indicator_digest_type(struct str text)
{
    switch (text.len) {
    case 32:
        return INDICATOR_MD5;
    case 40:
        return INDICATOR_SHA1;
    case 64:
        return INDICATOR_SHA256;
    default:
        return INDICATOR_NONE;
    }
}

static bool canonical_digest(struct str text, size_t size, char *ret_bytes, struct str *ret_value)
{
    uint8_t bytes[32];
    return indicator_digest(text, bytes, size) && fold(text, ret_bytes, ret_value);
}

struct str indicator_file_name(struct str path)
{
    size_t start = path.len;
    while (start && path.ptr[start - 1] != '/' && path.ptr[start - 1] != '\\')
        start--;
    return str_skip(path, start);
}

static bool is_windows_path(struct str path)
{
    return (path.len >= 2 && is_alpha(path.ptr[0]) && path.ptr[1] == ':') ||
           (path.len && path.ptr[0] == '%') || str_index(path, '\\') < path.len;
}

static bool canonical_path(struct str text, char *ret_bytes, struct str *ret_value)
{
    if (text.len == 0 || text.len > INDICATOR_VALUE_MAX)
        return false;
    if (!is_windows_path(text)) {
        memcpy(ret_bytes, text.ptr, text.len);
        *ret_value = str_of(ret_bytes, text.len);
        return true;
    }
    if (!fold(text, ret_bytes, ret_value))
        return false;
    for (size_t i = 0; i < ret_value->len; i++)
        if (ret_bytes[i] == '/')
            ret_bytes[i] = '\\';
    return true;
}

/* JA4: t13d1516h2_8daaf6152771_b186095e22b6 (FoxIO's specification): 10, 12 and 12 characters. */
static bool is_ja4(struct str text)
{
    if (text.len != 36 || text.ptr[10] != '_' || text.ptr[23] != '_' || !strchr("tqd", text.ptr[0]))
        return false;
    for (size_t i = 11; i < text.len; i++)
        if (i != 23 && str_hex_digit(text.ptr[i]) < 0)
            return false;
    for (size_t i = 4; i < 8; i++)
        if (!is_digit(text.ptr[i]))
            return false;
    return text.ptr[3] == 'd' || text.ptr[3] == 'i';
}

bool indicator_canonical(enum indicator_type type, struct str text,
                         char ret_bytes[static INDICATOR_VALUE_MAX], struct str *ret_value)
{
    struct str value = {0};
    bool good = false;
    text = str_trim(text);
    switch (type) {
    case INDICATOR_NONE:
    case INDICATOR_COUNT:
        return false;
    case INDICATOR_IPV4:
    case INDICATOR_IPV6:
        text = without_full_prefix(text, type == INDICATOR_IPV6);
        good = canonical_address(text, type == INDICATOR_IPV6, ret_bytes, &value);
        break;
    case INDICATOR_CIDR4:
    case INDICATOR_CIDR6:
        good = canonical_network(text, type == INDICATOR_CIDR6, ret_bytes, &value);
        break;
    case INDICATOR_DOMAIN:
    case INDICATOR_HOST:
        good = canonical_domain(text, ret_bytes, &value);
        break;
    case INDICATOR_URL:
        good = canonical_url(text, ret_bytes, &value);
        break;
    case INDICATOR_MD5:
    case INDICATOR_JA3:
        good = canonical_digest(text, 16, ret_bytes, &value);
        break;
    case INDICATOR_SHA1:
        good = canonical_digest(text, 20, ret_bytes, &value);
        break;
    case INDICATOR_SHA256:
        good = canonical_digest(text, 32, ret_bytes, &value);
        break;
    case INDICATOR_EMAIL:
        good = canonical_email(text, ret_bytes, &value);
        break;
    case INDICATOR_FILE_NAME:
        good = fold(str_trim(indicator_file_name(text)), ret_bytes, &value);
        break;
    case INDICATOR_FILE_PATH:
        good = canonical_path(text, ret_bytes, &value);
        break;
    case INDICATOR_JA4:
        good = fold(text, ret_bytes, &value) && is_ja4(value);
        break;
    case INDICATOR_USER_AGENT:
        good = text.len > 0 && text.len <= INDICATOR_VALUE_MAX;
        if (good)
            memcpy(ret_bytes, text.ptr, text.len);
        value = str_of(ret_bytes, text.len);
        break;
    }
    if (good)
        *ret_value = value;
    return good;
}

/* ---- what feeds write ---- */

bool indicator_refang(struct str text, char ret_bytes[static INDICATOR_VALUE_MAX],
                      struct str *ret_text)
{
    static const struct {
        struct str from, to;
    } WORDS[] = {
        {{"[.]", 3}, {".", 1}},     {{"(.)", 3}, {".", 1}},   {{"{.}", 3}, {".", 1}},
        {{"[dot]", 5}, {".", 1}},   {{"(dot)", 5}, {".", 1}}, {{"{dot}", 5}, {".", 1}},
        {{"[:]", 3}, {":", 1}},     {{"[/]", 3}, {"/", 1}},   {{"[://]", 5}, {"://", 3}},
        {{"[:]//", 5}, {"://", 3}}, {{"[@]", 3}, {"@", 1}},   {{"[at]", 4}, {"@", 1}},
        {{"(at)", 4}, {"@", 1}},    {{"[.", 2}, {".", 1}},    {{".]", 2}, {".", 1}},
        {{"\\.", 2}, {".", 1}},
    };
    struct url_writer out = {.bytes = ret_bytes};
    text = str_trim(text);
    /* hxxp, hXXps, h**p; fxp */
    if (text.len > 4 && (text.ptr[0] | 0x20) == 'h' && (text.ptr[3] | 0x20) == 'p' &&
        ((text.ptr[1] | 0x20) == 'x' || text.ptr[1] == '*') && text.ptr[2] == text.ptr[1]) {
        url_add(&out, STR("http"));
        text = str_skip(text, 4);
    } else if (str_eq_ascii_nocase(str_first(text, 4), STR("fxp:"))) {
        url_add(&out, STR("ftp"));
        text = str_skip(text, 3);
    }
    while (text.len) {
        size_t i = 0, n = sizeof(WORDS) / sizeof(WORDS[0]);
        if (is_alpha(text.ptr[0]) || is_digit(text.ptr[0]))
            i = n;
        while (i < n && !str_eq_ascii_nocase(str_first(text, WORDS[i].from.len), WORDS[i].from))
            i++;
        url_add(&out, i < n ? WORDS[i].to : str_first(text, 1));
        text = str_skip(text, i < n ? WORDS[i].from.len : 1);
    }
    if (out.full)
        return false;
    *ret_text = str_of(ret_bytes, out.len);
    return true;
}

/* Endings of files that are no top-level domains, and are what indicators name. */
static bool ends_like_a_file(struct str text)
{
    static const char *const ENDINGS[] = {
        ".exe",  ".dll",  ".sys",  ".bat",  ".cmd", ".ps1",  ".vbs", ".vbe", ".js",
        ".jse",  ".hta",  ".lnk",  ".scr",  ".msi", ".iso",  ".img", ".doc", ".docx",
        ".docm", ".xls",  ".xlsx", ".xlsm", ".pdf", ".rar",  ".7z",  ".jar", ".elf",
        ".bin",  ".dat",  ".tmp",  ".php",  ".jsp", ".aspx", ".rtf", ".ppt", ".pptx",
        ".txt",  ".html", ".htm",  ".png",  ".jpg", ".gif",  ".one", ".chm",
    };
    for (size_t i = 0; i < sizeof(ENDINGS) / sizeof(ENDINGS[0]); i++) {
        struct str ending = str_from_c(ENDINGS[i]);
        if (text.len > ending.len &&
            str_eq_ascii_nocase(str_skip(text, text.len - ending.len), ending))
            return true;
    }
    return false;
}

enum indicator_type indicator_guess(struct str text)
{
    char bytes[INDICATOR_VALUE_MAX];
    uint8_t digest[32];
    struct str value;
    text = str_trim(text);
    enum indicator_type type = indicator_guess_address(text);
    if (type != INDICATOR_NONE)
        return type;
    type = indicator_digest_type(text);
    if (type != INDICATOR_NONE && indicator_digest(text, digest, text.len / 2))
        return type;
    if (indicator_canonical(INDICATOR_JA4, text, bytes, &value))
        return INDICATOR_JA4;
    if (url_scheme(text).len)
        return canonical_url(text, bytes, &value) ? INDICATOR_URL : INDICATOR_NONE;
    if (str_index(text, '@') < text.len && canonical_email(text, bytes, &value))
        return INDICATOR_EMAIL;
    if (is_windows_path(text) || (text.len > 1 && text.ptr[0] == '/'))
        return INDICATOR_FILE_PATH;
    if (str_index(text, '.') == text.len)
        return INDICATOR_NONE;
    if (str_index(text, '/') < text.len)
        return canonical_url(text, bytes, &value) ? INDICATOR_URL : INDICATOR_NONE;
    if (ends_like_a_file(text))
        return INDICATOR_FILE_NAME;
    return canonical_domain(text, bytes, &value) ? INDICATOR_DOMAIN : INDICATOR_NONE;
}
