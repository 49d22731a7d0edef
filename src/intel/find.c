/* Canonical values: which indicators there are of them, and whether they are allow-listed. */
#include "intel/image.h"

#include "intel/canonical.h"

#define FIND_TOGETHER 32 /* memory serves about that many at once */

/* One of those that are looked up together. */
struct asked {
    struct image_probe probe;
    struct indicator *indicator;
    uint64_t count; /* entries that hold it */
};

/* The network of exactly that address and prefix. */
static bool find_same_network(const struct intel *intel, enum indicator_type type, struct str value,
                              int64_t at, struct indicator *ret_indicator)
{
    struct address address;
    uint64_t bits;
    unsigned n = 0;
    size_t slash = str_index(value, '/');
    if (!address_parse(str_first(value, slash), &address) ||
        address.ipv6 != (type == INDICATOR_CIDR6) ||
        str_to_u64(str_skip(value, slash + 1), &bits) < 0)
        return false;
    enum image_family family = address.ipv6 ? IMAGE_IPV6 : IMAGE_IPV4;
    uint32_t index = image_find_network(intel, IMAGE_INDICATORS, &address);
    for (; index != IMAGE_NO_PARENT; index = image_parent(intel, IMAGE_INDICATORS, family, index)) {
        const struct image_network *network = &intel->networks[IMAGE_INDICATORS][family][index];
        if (network->bits == bits &&
            memcmp(network->address, address.bytes, sizeof(network->address)) == 0)
            image_better_meta(intel, network->meta, at, &n, ret_indicator);
    }
    return n > 0;
}

/* Asks for the memory of each that a table may hold; returns how many these are. Networks are found at once. */
static size_t ask(const struct intel *intel, struct indicator *indicators, size_t n, int64_t at,
                  struct asked *ret_asked)
{
    size_t n_asked = 0;
    for (size_t i = 0; i < n; i++) {
        struct indicator *indicator = &indicators[i];
        enum indicator_type type = indicator->type;
        struct image_key key;
        indicator->type = INDICATOR_NONE;
        if (type <= INDICATOR_NONE || type >= INDICATOR_COUNT)
            continue;
        if (image_is_network(type)) {
            if (find_same_network(intel, type, indicator->value, at, indicator))
                indicator->type = type;
            continue;
        }
        const struct table *table = &intel->tables[IMAGE_INDICATORS][type];
        if (table->count == 0 || !image_key_of_value(type, indicator->value, &key))
            continue;
        image_probe_start(&ret_asked[n_asked].probe, table, key);
        ret_asked[n_asked++].indicator = indicator;
    }
    return n_asked;
}

/* The steps of image_probe, each for all that are left; returns how many are there. */
static size_t probe(const struct intel *intel, struct asked *asked, size_t n)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++)
        if (image_probe_filter(&asked[i].probe)) {
            asked[left] = asked[i];
            image_probe_group(&asked[left++].probe);
        }
    n = left;
    left = 0;
    for (size_t i = 0; i < n; i++)
        if (image_probe_half(intel, &asked[i].probe))
            asked[left++] = asked[i];
    n = left;
    left = 0;
    for (size_t i = 0; i < n; i++) {
        struct image_probe *probe = &asked[i].probe;
        asked[i].count = image_probe_value(intel, probe, asked[i].indicator->value);
        if (asked[i].count == 0)
            continue;
        image_strings_prefetch(intel, probe->table->entries[probe->first].meta);
        asked[left++] = asked[i];
    }
    return left;
}

/* Says of each what its metas say. */
static void tell(const struct intel *intel, const struct asked *asked, size_t n, int64_t at)
{
    for (size_t i = 0; i < n; i++) {
        const struct table *table = asked[i].probe.table;
        const struct image_entry *entries = table->entries + asked[i].probe.first;
        unsigned n_metas = 0;
        for (uint64_t k = 0; k < asked[i].count; k++)
            image_better_meta(intel, entries[k].meta, at, &n_metas, asked[i].indicator);
        if (n_metas)
            asked[i].indicator->type =
                (enum indicator_type)(table - intel->tables[IMAGE_INDICATORS]);
    }
}

size_t intel_find_many(const struct intel *intel, struct indicator *indicators, size_t n,
                       int64_t at)
{
    struct asked asked[FIND_TOGETHER];
    size_t found = 0;
    for (size_t done = 0; done < n; done += FIND_TOGETHER) {
        size_t some = n - done < FIND_TOGETHER ? n - done : FIND_TOGETHER;
        size_t n_asked = ask(intel, indicators + done, some, at, asked);
        tell(intel, asked, probe(intel, asked, n_asked), at);
        for (size_t i = done; i < done + some; i++)
            found += indicators[i].type != INDICATOR_NONE;
    }
    return found;
}

bool intel_find(const struct intel *intel, enum indicator_type type, struct str value, int64_t at,
                struct indicator *ret_indicator)
{
    struct indicator indicator = {.type = type, .value = value};
    if (intel_find_many(intel, &indicator, 1, at) == 0)
        return false;
    *ret_indicator = indicator;
    return true;
}

/* ---- the allow-list ---- */

static bool allows_name(const struct intel *intel, unsigned table, struct str name)
{
    uint64_t first;
    while (name.len) {
        if (image_find(intel, &intel->tables[IMAGE_ALLOW][table], image_key_of_text(name), name,
                       &first))
            return true;
        name = str_skip(name, str_index(name, '.') + 1);
    }
    return false;
}

static bool allows_value(const struct intel *intel, enum indicator_type type, struct str value)
{
    const struct table *table = &intel->tables[IMAGE_ALLOW][type];
    struct image_key key;
    uint64_t first;
    return table->count && image_key_of_value(type, value, &key) &&
           image_find(intel, table, key, value, &first);
}

static bool allows_address(const struct intel *intel, struct str value)
{
    struct address address;
    return address_parse(value, &address) &&
           image_find_network(intel, IMAGE_ALLOW, &address) != IMAGE_NO_PARENT;
}

/* Does an allow-listed network hold all of the network? */
static bool allows_network(const struct intel *intel, struct str value)
{
    struct address address;
    uint64_t bits;
    size_t slash = str_index(value, '/');
    if (!address_parse(str_first(value, slash), &address) ||
        str_to_u64(str_skip(value, slash + 1), &bits) < 0)
        return false;
    enum image_family family = address.ipv6 ? IMAGE_IPV6 : IMAGE_IPV4;
    uint32_t index = image_find_network(intel, IMAGE_ALLOW, &address);
    while (index != IMAGE_NO_PARENT && intel->networks[IMAGE_ALLOW][family][index].bits > bits)
        index = image_parent(intel, IMAGE_ALLOW, family, index);
    return index != IMAGE_NO_PARENT;
}

bool image_allows(const struct intel *intel, enum indicator_type type, struct str value)
{
    if (image_is_network(type))
        return allows_network(intel, value);
    if (allows_value(intel, type, value))
        return true;
    switch (type) {
    case INDICATOR_IPV4:
    case INDICATOR_IPV6:
        return allows_address(intel, value);
    case INDICATOR_DOMAIN:
        return allows_value(intel, INDICATOR_HOST, value) ||
               allows_name(intel, INDICATOR_DOMAIN, value);
    case INDICATOR_HOST:
        return allows_name(intel, INDICATOR_DOMAIN, value);
    case INDICATOR_URL:
        return allows_name(intel, IMAGE_URL_HOSTS, indicator_url_host(value));
    default:
        return false;
    }
}
