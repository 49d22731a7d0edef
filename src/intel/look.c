#include "intel/look.h"

#define PARTS_MAX 32 /* addresses, digests, URLs that are looked at in one value */

static bool wants(const struct look *look, uint32_t types)
{
    return (look->present & types) != 0;
}

static uint32_t types_present(const struct intel *intel)
{
    uint32_t present = 0;
    for (int i = INDICATOR_NONE + 1; i < INDICATOR_COUNT; i++)
        if (intel_count(intel, (enum indicator_type)i))
            present |= LOOK_BIT(i);
    return present;
}

void look_init(struct look *look, const struct intel *intel, struct arena *arena)
{
    look->intel = intel;
    look->arena = arena;
    look->present = types_present(intel);
    look->origin = 0;
    look->n_questions = look->text_len = 0;
}

/* ---- questions ---- */

static void answer_all(struct look *look);

/* Room for a canonical value. What is asked about it stays there until it is answered: see stays(). */
static char *room(struct look *look)
{
    if (look->text_len > LOOK_TEXT_MAX - INDICATOR_VALUE_MAX)
        look_finish(look);
    return look->text + look->text_len;
}

static void stays(struct look *look, struct str value)
{
    look->text_len = (size_t)(value.ptr + value.len - look->text);
}

/* `value` lives until look_finish(), or in room(). */
static void ask(struct look *look, const struct look_question *question, struct image_key key)
{
    const struct table *table = &look->intel->tables[IMAGE_INDICATORS][question->type];
    if (table->count == 0 && question->network == IMAGE_NO_PARENT)
        return;
    if (look->n_questions == LOOK_QUESTIONS_MAX)
        answer_all(look);
    struct look_question *asked = &look->questions[look->n_questions++];
    *asked = *question;
    asked->origin = look->origin;
    asked->probe.line = NULL;
    if (table->count)
        image_probe_start(&asked->probe, table, key);
}

static void ask_text(struct look *look, enum indicator_type type, struct str value,
                     struct str whole)
{
    if (wants(look, LOOK_BIT(type)))
        ask(look,
            &(struct look_question){
                .type = type, .value = value, .whole = whole, .network = IMAGE_NO_PARENT},
            image_key_of_text(value));
}

static void ask_key(struct look *look, enum indicator_type type, struct image_key key,
                    struct str value)
{
    ask(look, &(struct look_question){.type = type, .value = value, .network = IMAGE_NO_PARENT},
        key);
}

/* ---- answers ---- */

/* Gives what the entries say. */
static void give(struct look *look, const struct look_question *question, struct str value,
                 uint64_t count)
{
    const struct image_probe *probe = &question->probe;
    struct str kept = arena_copy(look->arena, value);
    for (uint64_t i = 0; kept.ptr && i < count; i++)
        look->found(look, question->origin, question->type, kept,
                    probe->table->entries[probe->first + i].meta);
}

static void give_network(struct look *look, uint32_t origin, const struct address *address,
                         const struct image_network *network)
{
    char text[ADDRESS_TEXT_MAX];
    struct address base = {.ipv6 = address->ipv6};
    memcpy(base.bytes, network->address, sizeof(base.bytes));
    if (network->bits > (address->ipv6 ? 128u : 32u) ||
        !address_in_network(address, &base, network->bits))
        return;
    struct str value = str_of(text, address_format(&base, text));
    value = arena_printf(look->arena, "%.*s/%u", STR_ARG(value), (unsigned)network->bits);
    if (value.ptr)
        look->found(look, origin, address->ipv6 ? INDICATOR_CIDR6 : INDICATOR_CIDR4, value,
                    network->meta);
}

static void answer_address(struct look *look, const struct look_question *question, uint64_t count)
{
    const struct intel *intel = look->intel;
    enum image_family family = question->type == INDICATOR_IPV6 ? IMAGE_IPV6 : IMAGE_IPV4;
    uint32_t index = question->network;
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    if (!indicator_address(question->value, &address))
        return;
    struct str value = str_of(text, address_format(&address, text));
    if (image_allows(intel, question->type, value))
        return;
    if (count)
        give(look, question, value, count);
    for (; index != IMAGE_NO_PARENT; index = image_parent(intel, IMAGE_INDICATORS, family, index))
        give_network(look, question->origin, &address,
                     &intel->networks[IMAGE_INDICATORS][family][index]);
}

static void answer(struct look *look, struct look_question *question)
{
    const struct intel *intel = look->intel;
    char bytes[INDICATOR_VALUE_MAX];
    struct str value = question->value;
    uint64_t count = 0;
    if (question->probe.line && image_probe_half(intel, &question->probe))
        count = image_probe_value(intel, &question->probe, value);
    if (count == 0 && question->network == IMAGE_NO_PARENT)
        return;
    switch (question->type) {
    case INDICATOR_IPV4:
    case INDICATOR_IPV6:
        answer_address(look, question, count);
        return;
    case INDICATOR_DOMAIN:
    case INDICATOR_HOST:
        /* An allowed name is not found under its parents either. */
        if (!image_allows(intel, INDICATOR_HOST, question->whole))
            give(look, question, value, count);
        return;
    default:
        if (!image_is_text(question->type) &&
            !indicator_canonical(question->type, value, bytes, &value))
            return;
        if (!image_allows(intel, question->type, value))
            give(look, question, value, count);
    }
}

/* Step by step for all, so that memory is waited for once a step. */
static void answer_all(struct look *look)
{
    struct look_question *left[LOOK_QUESTIONS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < look->n_questions; i++) {
        struct look_question *question = &look->questions[i];
        if (question->probe.line && !image_probe_filter(&question->probe))
            question->probe.line = NULL;
        if (question->probe.line)
            image_probe_group(&question->probe);
        if (question->probe.line || question->network != IMAGE_NO_PARENT)
            left[n++] = question;
    }
    for (size_t i = 0; i < n; i++)
        answer(look, left[i]);
    look->n_questions = 0;
}

void look_finish(struct look *look)
{
    answer_all(look);
    look->text_len = 0;
}

/* ---- addresses ---- */

/* `text`: the address as it was written. */
static void ask_address(struct look *look, struct str text, const struct address *address)
{
    struct look_question question = {
        .type = address->ipv6 ? INDICATOR_IPV6 : INDICATOR_IPV4,
        .value = text,
        .network = image_find_network(look->intel, IMAGE_INDICATORS, address),
    };
    ask(look, &question, image_key_of_bytes(address->bytes));
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
            ask_address(look, str_trim(part), &address);
}

/* ---- names ---- */

/* A canonical name, and every name above it. */
static void ask_name(struct look *look, struct str name)
{
    ask_text(look, INDICATOR_HOST, name, name);
    if (!wants(look, LOOK_BIT(INDICATOR_DOMAIN)))
        return;
    for (struct str rest = name; rest.len; rest = str_skip(rest, str_index(rest, '.') + 1))
        ask_text(look, INDICATOR_DOMAIN, rest, name);
}

void look_name(struct look *look, struct str text)
{
    struct str name;
    struct address address;
    if (!wants(look, LOOK_NAME) || text.len == 0)
        return;
    /* Only what ends in a digit, a bracket or hexadecimal can be an address. */
    if (indicator_address(text, &address)) {
        ask_address(look, text, &address);
        return;
    }
    size_t colon = str_index(text, ':'); /* host:port */
    if (!indicator_canonical(INDICATOR_DOMAIN, str_first(text, colon), room(look), &name))
        return;
    stays(look, name);
    ask_name(look, name);
}

void look_url(struct look *look, struct str text)
{
    struct str url;
    struct address address;
    if (!wants(look, LOOK_URL) || !indicator_canonical(INDICATOR_URL, text, room(look), &url))
        return;
    stays(look, url);
    if (wants(look, LOOK_BIT(INDICATOR_URL))) {
        struct str any_scheme = str_skip(url, str_index(url, '/'));
        ask_text(look, INDICATOR_URL, url, url);
        if (any_scheme.len < url.len)
            ask_text(look, INDICATOR_URL, any_scheme, any_scheme);
    }
    struct str host = indicator_url_host(url);
    if (indicator_address(host, &address))
        ask_address(look, host, &address);
    else
        ask_name(look, host);
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
static struct str plain_digest(struct look *look, struct str text)
{
    size_t len = 0;
    if (str_starts(text, STR("0x")) || str_starts(text, STR("0X")))
        return str_skip(text, 2);
    if (text.len < 3 || text.ptr[2] != ':' || text.len >= DIGEST_TEXT_MAX * 2)
        return text;
    char *bytes = room(look);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != ':')
            bytes[len++] = text.ptr[i];
    stays(look, str_of(bytes, len));
    return str_of(bytes, len);
}

void look_digest(struct look *look, struct str text)
{
    uint8_t bytes[32];
    text = plain_digest(look, str_trim(text));
    enum indicator_type type = indicator_digest_type(text);
    if (type == INDICATOR_NONE || !wants(look, LOOK_BIT(type)) ||
        !indicator_digest(text, bytes, text.len / 2))
        return;
    ask_key(look, type, image_key_of_bytes(bytes), text);
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
    struct str part, email;
    if (!wants(look, LOOK_EMAIL))
        return;
    for (int i = 0; i < PARTS_MAX && str_cut(&text, ',', &part); i++) {
        if (!indicator_canonical(INDICATOR_EMAIL, part, room(look), &email))
            continue;
        stays(look, email);
        ask_text(look, INDICATOR_EMAIL, email, email);
        if (wants(look, LOOK_NAME))
            ask_name(look, str_skip(email, str_index(email, '@') + 1));
    }
}

void look_path(struct look *look, struct str text)
{
    look_as(look, INDICATOR_FILE_PATH, text);
    look_as(look, INDICATOR_FILE_NAME, text);
}

void look_as(struct look *look, enum indicator_type type, struct str text)
{
    struct str value;
    struct image_key key;
    if (!wants(look, LOOK_BIT(type)) || !indicator_canonical(type, text, room(look), &value) ||
        !image_key_of_value(type, value, &key))
        return;
    stays(look, value);
    ask_key(look, type, key, value);
}
