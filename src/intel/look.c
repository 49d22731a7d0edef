#include "intel/look.h"

#include "intel/canonical.h"

#define PARTS_MAX 32 /* addresses, digests, URLs that are looked at in one value */

static bool wants(const struct look *look, uint32_t types)
{
    return (look->present & types) != 0;
}

uint32_t look_present(const struct intel *intel)
{
    uint32_t present = 0;
    for (int i = INDICATOR_NONE + 1; i < INDICATOR_COUNT; i++)
        if (intel_count(intel, (enum indicator_type)i))
            present |= LOOK_BIT(i);
    return present;
}

/* A value that outlives the caller's stack. */
static struct str keep(struct look *look, struct str value)
{
    return arena_copy(look->arena, value);
}

/* Gives what the entries say, unless the value they were found for is allow-listed. */
static void give(struct look *look, enum indicator_type type, struct str value,
                 const struct image_entry *entries, uint64_t count)
{
    struct str kept = keep(look, value);
    for (uint64_t i = 0; kept.ptr && i < count; i++)
        look->found(look, type, kept, entries[i].meta);
}

static void look_text(struct look *look, enum indicator_type type, struct str value)
{
    const struct table *table = &look->intel->tables[IMAGE_INDICATORS][type];
    uint64_t count, first = image_find_text(look->intel, table, value, &count);
    if (count && !image_allows(look->intel, type, value))
        give(look, type, value, table->entries + first, count);
}

static void look_key(struct look *look, enum indicator_type type, struct image_key key,
                     struct str value)
{
    const struct table *table = &look->intel->tables[IMAGE_INDICATORS][type];
    uint64_t count, first = image_find_key(table, key, &count);
    char bytes[INDICATOR_VALUE_MAX];
    struct str canonical;
    if (count && indicator_canonical(type, value, bytes, &canonical) &&
        !image_allows(look->intel, type, canonical))
        give(look, type, canonical, table->entries + first, count);
}

/* ---- addresses ---- */

static void give_network(struct look *look, const struct address *address,
                         const struct image_network *network)
{
    char text[ADDRESS_TEXT_MAX];
    struct address base = {.ipv6 = address->ipv6};
    memcpy(base.bytes, network->address, sizeof(base.bytes));
    struct str value = str_of(text, address_format(&base, text));
    value = arena_printf(look->arena, "%.*s/%u", STR_ARG(value), (unsigned)network->bits);
    if (value.ptr)
        look->found(look, address->ipv6 ? INDICATOR_CIDR6 : INDICATOR_CIDR4, value, network->meta);
}

static void look_parsed_address(struct look *look, const struct address *address)
{
    const struct intel *intel = look->intel;
    enum indicator_type type = address->ipv6 ? INDICATOR_IPV6 : INDICATOR_IPV4;
    enum image_family family = address->ipv6 ? IMAGE_IPV6 : IMAGE_IPV4;
    const struct table *table = &intel->tables[IMAGE_INDICATORS][type];
    uint64_t count, first = image_find_key(table, image_key_of_bytes(address->bytes), &count);
    uint32_t index = image_find_network(intel, IMAGE_INDICATORS, address);
    if (count == 0 && index == IMAGE_NO_PARENT)
        return;
    char text[ADDRESS_TEXT_MAX];
    struct str value = str_of(text, address_format(address, text));
    if (image_allows(intel, type, value))
        return;
    if (count)
        give(look, type, value, table->entries + first, count);
    for (; index != IMAGE_NO_PARENT; index = image_parent(intel, IMAGE_INDICATORS, family, index)) {
        const struct image_network *network = &intel->networks[IMAGE_INDICATORS][family][index];
        struct address base = {.ipv6 = address->ipv6};
        memcpy(base.bytes, network->address, sizeof(base.bytes));
        if (network->bits <= (address->ipv6 ? 128u : 32u) &&
            address_in_network(address, &base, network->bits))
            give_network(look, address, network);
    }
}

/* X-Forwarded-For and its like carry several. */
void look_address(struct look *look, struct str text)
{
    struct str part;
    struct address address;
    if (!wants(look, LOOK_ADDRESS))
        return;
    for (int i = 0; i < PARTS_MAX && str_cut(&text, ',', &part); i++)
        if (indicator_address(str_trim(part), &address))
            look_parsed_address(look, &address);
}

/* ---- names ---- */

/* A canonical name, and every name above it. */
static void look_canonical_name(struct look *look, struct str name)
{
    const struct intel *intel = look->intel;
    const struct table *hosts = &intel->tables[IMAGE_INDICATORS][INDICATOR_HOST];
    const struct table *domains = &intel->tables[IMAGE_INDICATORS][INDICATOR_DOMAIN];
    uint64_t count, first = image_find_text(intel, hosts, name, &count);
    bool asked = false;
    if (count) {
        if (image_allows(intel, INDICATOR_HOST, name))
            return;
        asked = true;
        give(look, INDICATOR_HOST, name, hosts->entries + first, count);
    }
    for (struct str rest = name; domains->count && rest.len;
         rest = str_skip(rest, str_index(rest, '.') + 1)) {
        first = image_find_text(intel, domains, rest, &count);
        if (count == 0)
            continue;
        if (!asked && image_allows(intel, INDICATOR_HOST, name))
            return;
        asked = true;
        give(look, INDICATOR_DOMAIN, rest, domains->entries + first, count);
    }
}

void look_name(struct look *look, struct str text)
{
    char bytes[INDICATOR_VALUE_MAX];
    struct str name;
    struct address address;
    if (!wants(look, LOOK_NAME) || text.len == 0)
        return;
    /* Only what ends in a digit, a bracket or hexadecimal can be an address. */
    if (indicator_address(text, &address)) {
        look_parsed_address(look, &address);
        return;
    }
    size_t colon = str_index(text, ':'); /* host:port */
    if (indicator_canonical(INDICATOR_DOMAIN, str_first(text, colon), bytes, &name))
        look_canonical_name(look, name);
}

void look_url(struct look *look, struct str text)
{
    char bytes[INDICATOR_VALUE_MAX];
    struct str url;
    struct address address;
    if (!wants(look, LOOK_URL) || !indicator_canonical(INDICATOR_URL, text, bytes, &url))
        return;
    if (wants(look, LOOK_BIT(INDICATOR_URL))) {
        struct str any_scheme = str_skip(url, str_index(url, '/'));
        look_text(look, INDICATOR_URL, url);
        if (any_scheme.len < url.len)
            look_text(look, INDICATOR_URL, any_scheme);
    }
    struct str host = indicator_url_host(url);
    if (indicator_address(host, &address))
        look_parsed_address(look, &address);
    else
        look_canonical_name(look, host);
}

static bool is_url_byte(char c)
{
    return (unsigned char)c > ' ' && c != '"' && c != '\'' && c != '<' && c != '>' && c != '`' &&
           c != '|' && c != ';' && c != ',' && c != '(' && c != ')' && c != '{' && c != '}';
}

void look_urls_within(struct look *look, struct str text)
{
    if (!wants(look, LOOK_URL))
        return;
    for (int i = 0; i < PARTS_MAX; i++) {
        size_t at = str_find(text, STR("://"));
        if (at == SIZE_MAX)
            return;
        size_t start = at, end = at + 3;
        while (start && ((unsigned char)((text.ptr[start - 1] | 0x20) - 'a') < 26))
            start--;
        while (end < text.len && is_url_byte(text.ptr[end]))
            end++;
        if (start < at)
            look_url(look, str_of(text.ptr + start, end - start));
        text = str_skip(text, end);
    }
}

/* Words between white space, commas and semicolons; what is neither name nor address finds nothing. */
void look_answers(struct look *look, struct str text)
{
    for (int i = 0; i < PARTS_MAX && text.len; i++) {
        size_t start = 0, end;
        while (start < text.len && strchr(" \t,;", text.ptr[start]))
            start++;
        end = start;
        while (end < text.len && !strchr(" \t,;", text.ptr[end]))
            end++;
        if (end - start > 3 || start == 0) /* the "5" of "type: 5" is no name */
            look_name(look, str_of(text.ptr + start, end - start));
        text = str_skip(text, end);
    }
}

/* ---- digests ---- */

#define DIGEST_TEXT_MAX 64 /* digits */

/* "aa:bb:cc" without its colons; other texts as they are. */
static struct str plain_digest(struct str text, char ret_bytes[static DIGEST_TEXT_MAX])
{
    size_t len = 0;
    if (str_starts(text, STR("0x")) || str_starts(text, STR("0X")))
        return str_skip(text, 2);
    if (text.len < 3 || text.ptr[2] != ':' || text.len >= DIGEST_TEXT_MAX * 2)
        return text;
    for (size_t i = 0; i < text.len && len < DIGEST_TEXT_MAX; i++)
        if (text.ptr[i] != ':')
            ret_bytes[len++] = text.ptr[i];
    return str_of(ret_bytes, len);
}

void look_digest(struct look *look, struct str text)
{
    uint8_t bytes[32];
    char digits[DIGEST_TEXT_MAX];
    text = plain_digest(str_trim(text), digits);
    enum indicator_type type = indicator_digest_type(text);
    if (type == INDICATOR_NONE || !wants(look, LOOK_BIT(type)) ||
        !indicator_digest(text, bytes, text.len / 2))
        return;
    look_key(look, type, image_key_of_bytes(bytes), text);
}

/* Other digests may be as long as one that is looked for: their names tell. */
static bool is_file_digest(struct str name)
{
    static const char *const NAMES[] = {"MD5", "SHA1", "SHA-1", "SHA256", "SHA-256"};
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (str_eq_ascii_nocase(name, str_from_c(NAMES[i])))
            return true;
    return false;
}

void look_digests(struct look *look, struct str text)
{
    struct str part;
    if (!wants(look, LOOK_DIGEST))
        return;
    for (int i = 0; i < PARTS_MAX && str_cut(&text, ',', &part); i++) {
        part = str_trim(part);
        size_t mark = str_index(part, '=');
        if (mark == part.len)
            mark = str_index(part, ':');
        if (mark == part.len)
            look_digest(look, part);
        else if (is_file_digest(str_trim(str_first(part, mark))))
            look_digest(look, str_skip(part, mark + 1));
    }
}

/* ---- mail, files, fingerprints ---- */

void look_email(struct look *look, struct str text)
{
    char bytes[INDICATOR_VALUE_MAX];
    struct str part, email;
    if (!wants(look, LOOK_EMAIL))
        return;
    for (int i = 0; i < PARTS_MAX && str_cut(&text, ',', &part); i++) {
        if (!indicator_canonical(INDICATOR_EMAIL, part, bytes, &email))
            continue;
        look_text(look, INDICATOR_EMAIL, email);
        if (wants(look, LOOK_NAME))
            look_canonical_name(look, str_skip(email, str_index(email, '@') + 1));
    }
}

void look_path(struct look *look, struct str text)
{
    if (wants(look, LOOK_BIT(INDICATOR_FILE_PATH)))
        look_as(look, INDICATOR_FILE_PATH, text);
    if (wants(look, LOOK_BIT(INDICATOR_FILE_NAME)))
        look_as(look, INDICATOR_FILE_NAME, text);
}

void look_as(struct look *look, enum indicator_type type, struct str text)
{
    char bytes[INDICATOR_VALUE_MAX];
    struct str value;
    struct image_key key;
    if (!wants(look, LOOK_BIT(type)) || !indicator_canonical(type, text, bytes, &value))
        return;
    if (image_is_text(type))
        look_text(look, type, value);
    else if (image_key_of_value(type, value, &key))
        look_key(look, type, key, value);
}
