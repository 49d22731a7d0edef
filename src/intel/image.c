#include "intel/image.h"

#include <stdlib.h>

#include "base/hash.h"
#include "intel/canonical.h"

_Static_assert(sizeof(struct image_entry) == 20, "an entry is 20 bytes");
_Static_assert(sizeof(struct image_meta) == 32, "a meta is 32 bytes");

#define DIRECTORY_BITS_MAX 30

bool image_is_text(unsigned table)
{
    switch (table) {
    case INDICATOR_DOMAIN:
    case INDICATOR_HOST:
    case INDICATOR_URL:
    case INDICATOR_EMAIL:
    case INDICATOR_FILE_NAME:
    case INDICATOR_FILE_PATH:
    case INDICATOR_JA4:
    case INDICATOR_USER_AGENT:
    case IMAGE_URL_HOSTS:
        return true;
    default:
        return false;
    }
}

uint64_t image_hash_of_text(struct str text)
{
    return hash_bytes(text.ptr, text.len, 0x6a616761);
}

/* Odd multipliers that pick a bit in each of the eight words of a block. */
uint32_t image_filter_bit(uint32_t hash, unsigned word)
{
    static const uint32_t SALTS[IMAGE_FILTER_WORDS] = {
        0x47b6137bu, 0x44974d91u, 0x8824ad5bu, 0xa2b7289du,
        0x705495c7u, 0x2df1424bu, 0x9efc4947u, 0x5c6bfb31u,
    };
    return UINT32_C(1) << (hash * SALTS[word] >> 27);
}

/* ---- opening ---- */

static bool inside(const struct image_header *header, uint64_t offset, uint64_t count,
                   uint64_t size)
{
    return offset <= header->size && offset % IMAGE_ALIGN == 0 &&
           count <= (header->size - offset) / size;
}

static bool open_table(struct intel *intel, const struct image_table *from, struct table *ret_table)
{
    const struct image_header *header = intel->header;
    if (from->count == 0)
        return true;
    if (from->directory_bits > DIRECTORY_BITS_MAX || from->filter_blocks == 0 ||
        from->count > UINT32_MAX ||
        !inside(header, from->filter, from->filter_blocks, IMAGE_FILTER_WORDS * sizeof(uint32_t)) ||
        !inside(header, from->directory, (UINT64_C(1) << from->directory_bits) + 1,
                sizeof(uint32_t)) ||
        !inside(header, from->entries, from->count, sizeof(struct image_entry)))
        return false;
    const char *base = intel->bytes.ptr;
    *ret_table = (struct table){
        .filter = (const void *)(base + from->filter),
        .directory = (const void *)(base + from->directory),
        .entries = (const void *)(base + from->entries),
        .count = from->count,
        .filter_blocks = from->filter_blocks,
        .directory_bits = from->directory_bits,
    };
    return true;
}

/* A section's items; NULL where it is empty. False: outside of the file. */
static bool open_section(const struct intel *intel, const struct image_section *section,
                         size_t item, const void **ret_items, uint32_t *ret_count)
{
    uint64_t count = section->size / item;
    if (count == 0)
        return true;
    if (count > UINT32_MAX - 1 || !inside(intel->header, section->offset, count, item))
        return false;
    *ret_items = intel->bytes.ptr + section->offset;
    *ret_count = (uint32_t)count;
    return true;
}

static bool open_bytes(const struct intel *intel, const struct image_section *section,
                       struct str *ret_bytes)
{
    if (!inside(intel->header, section->offset, section->size, 1))
        return false;
    *ret_bytes = str_of(intel->bytes.ptr + section->offset, section->size);
    return true;
}

static bool open_tables(struct intel *intel)
{
    const struct image_header *header = intel->header;
    bool good = true;
    for (int set = 0; set < IMAGE_SETS; set++) {
        for (int i = 0; good && i < IMAGE_TABLES; i++)
            good = open_table(intel, &header->tables[set][i], &intel->tables[set][i]);
        for (int i = 0; good && i < IMAGE_FAMILIES; i++)
            good =
                open_section(intel, &header->networks[set][i], sizeof(struct image_network),
                             (const void **)&intel->networks[set][i], &intel->n_networks[set][i]);
    }
    return good &&
           open_section(intel, &header->metas, sizeof(struct image_meta),
                        (const void **)&intel->metas, &intel->n_metas) &&
           open_bytes(intel, &header->strings, &intel->strings) &&
           open_bytes(intel, &header->texts, &intel->texts);
}

struct intel *intel_open(struct str bytes, struct err *err)
{
    const struct image_header *header = (const void *)bytes.ptr;
    const char *problem = NULL;
    if (bytes.len < sizeof(*header) ||
        memcmp(header->magic, IMAGE_MAGIC, sizeof(header->magic)) != 0)
        problem = "it is no file of indicators";
    else if ((uintptr_t)bytes.ptr % sizeof(uint64_t) != 0)
        problem = "its bytes are not aligned";
    else if (header->byte_order != IMAGE_BYTE_ORDER)
        problem = "it was made on a machine of another kind";
    else if (header->version != IMAGE_VERSION)
        problem = "it is of another version: build it again";
    else if (header->size != bytes.len)
        problem = "it is cut off, or longer than it says";
    else if (header->header_hash !=
             hash_bytes(header, offsetof(struct image_header, header_hash), 0))
        problem = "its header is damaged";
    if (problem) {
        err_set(err, -EINVAL, "%s", problem);
        return NULL;
    }
    struct intel *intel = calloc(1, sizeof(*intel));
    if (!intel) {
        err_set(err, -ENOMEM, "no memory for indicators");
        return NULL;
    }
    intel->header = header;
    intel->bytes = bytes;
    if (!open_tables(intel)) {
        err_set(err, -EINVAL, "its tables lie outside of it");
        free(intel);
        return NULL;
    }
    return intel;
}

void intel_close(struct intel *intel)
{
    free(intel);
}

int intel_verify(const struct intel *intel, struct err *err)
{
    struct str body = str_skip(intel->bytes, sizeof(struct image_header));
    if (hash_bytes(body.ptr, body.len, 0) != intel->header->body_hash)
        return err_set(err, -EINVAL, "its contents are damaged: build it again");
    return 0;
}

uint64_t intel_count(const struct intel *intel, enum indicator_type type)
{
    uint64_t sum = 0;
    if (type == INDICATOR_CIDR4 || type == INDICATOR_CIDR6)
        return intel->n_networks[IMAGE_INDICATORS][type == INDICATOR_CIDR6];
    if (type != INDICATOR_NONE)
        return intel->tables[IMAGE_INDICATORS][type].count;
    for (int i = INDICATOR_NONE + 1; i < INDICATOR_COUNT; i++)
        sum += intel_count(intel, (enum indicator_type)i);
    return sum;
}

int64_t intel_built(const struct intel *intel)
{
    return intel->header->built;
}

/* ---- looking up ---- */

static inline uint64_t entry_high(const struct image_entry *entry)
{
    uint64_t high;
    memcpy(&high, entry->key, sizeof(high));
    return high;
}

static inline uint64_t entry_low(const struct image_entry *entry)
{
    uint64_t low;
    memcpy(&low, entry->key + 2, sizeof(low));
    return low;
}

static inline bool filter_may_hold(const struct table *table, uint64_t high)
{
    const uint32_t *block =
        table->filter + image_filter_block(high, table->filter_blocks) * IMAGE_FILTER_WORDS;
    uint32_t missing = 0;
    for (unsigned i = 0; i < IMAGE_FILTER_WORDS; i++)
        missing |= ~block[i] & image_filter_bit((uint32_t)high, i);
    return missing == 0;
}

/* The entries with that first half of a key: [*ret_first, *ret_end). */
static bool find_high(const struct table *table, uint64_t high, uint64_t *ret_first,
                      uint64_t *ret_end)
{
    /* Nearly all look-ups end here: nothing else is touched before, not even to have it at hand. */
    if (table->count == 0 || !filter_may_hold(table, high))
        return false;
    uint64_t group = table->directory_bits ? high >> (64 - table->directory_bits) : 0;
    uint64_t first = table->directory[group], end = table->directory[group + 1];
    if (end > table->count || first >= end)
        return false;
    /* Groups are small, but for a file that was made to have large ones. */
    uint64_t last = end;
    while (last - first > IMAGE_GROUP * 4) {
        uint64_t middle = first + (last - first) / 2;
        if (entry_high(&table->entries[middle]) < high)
            first = middle + 1;
        else
            last = middle;
    }
    while (first < end && entry_high(&table->entries[first]) < high)
        first++;
    *ret_first = first;
    *ret_end = end;
    return first < end && entry_high(&table->entries[first]) == high;
}

uint64_t image_find_key(const struct table *table, struct image_key key, uint64_t *ret_count)
{
    uint64_t first, end, count = 0;
    *ret_count = 0;
    if (!find_high(table, key.high, &first, &end))
        return 0;
    while (first < end && entry_high(&table->entries[first]) == key.high &&
           entry_low(&table->entries[first]) != key.low)
        first++;
    while (first + count < end && entry_high(&table->entries[first + count]) == key.high &&
           entry_low(&table->entries[first + count]) == key.low)
        count++;
    *ret_count = count;
    return first;
}

static bool entry_is_text(const struct intel *intel, const struct image_entry *entry,
                          struct str text)
{
    uint64_t at = entry_low(entry), len = at & 0xffff, offset = at >> 16;
    return len == text.len && offset <= intel->texts.len && len <= intel->texts.len - offset &&
           memcmp(intel->texts.ptr + offset, text.ptr, len) == 0;
}

uint64_t image_find_text(const struct intel *intel, const struct table *table, struct str text,
                         uint64_t *ret_count)
{
    uint64_t first, end, count = 0;
    *ret_count = 0;
    if (table->count == 0)
        return 0;
    uint64_t high = image_hash_of_text(text);
    if (!find_high(table, high, &first, &end))
        return 0;
    while (first < end && entry_high(&table->entries[first]) == high &&
           !entry_is_text(intel, &table->entries[first], text))
        first++;
    while (first + count < end && entry_high(&table->entries[first + count]) == high &&
           entry_is_text(intel, &table->entries[first + count], text))
        count++;
    *ret_count = count;
    return first;
}

static int compare_network(const struct image_network *network, const struct address *address)
{
    return memcmp(network->address, address->bytes, sizeof(network->address));
}

static bool network_holds(const struct image_network *network, const struct address *address)
{
    struct address base = {.ipv6 = address->ipv6};
    memcpy(base.bytes, network->address, sizeof(base.bytes));
    return network->bits <= (address->ipv6 ? 128u : 32u) &&
           address_in_network(address, &base, network->bits);
}

uint32_t image_parent(const struct intel *intel, enum image_set set, enum image_family family,
                      uint32_t index)
{
    uint32_t parent = intel->networks[set][family][index].parent;
    return parent < index ? parent : IMAGE_NO_PARENT;
}

uint32_t image_find_network(const struct intel *intel, enum image_set set,
                            const struct address *address)
{
    enum image_family family = address->ipv6 ? IMAGE_IPV6 : IMAGE_IPV4;
    const struct image_network *networks = intel->networks[set][family];
    uint32_t first = 0, end = intel->n_networks[set][family];
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (compare_network(&networks[middle], address) <= 0)
            first = middle + 1;
        else
            end = middle;
    }
    uint32_t index = first ? first - 1 : IMAGE_NO_PARENT;
    while (index != IMAGE_NO_PARENT && !network_holds(&networks[index], address))
        index = image_parent(intel, set, family, index);
    return index;
}

static struct str read_string(const struct intel *intel, uint32_t at)
{
    uint16_t len;
    if (at > intel->strings.len || intel->strings.len - at < sizeof(len))
        return (struct str){0};
    memcpy(&len, intel->strings.ptr + at, sizeof(len));
    struct str rest = str_skip(intel->strings, at + sizeof(len));
    return len <= rest.len ? str_first(rest, len) : (struct str){0};
}

bool image_meta(const struct intel *intel, uint32_t meta, struct indicator *ret_indicator)
{
    if (meta >= intel->n_metas)
        return false;
    const struct image_meta *from = &intel->metas[meta];
    ret_indicator->source = read_string(intel, from->source);
    ret_indicator->id = read_string(intel, from->id);
    ret_indicator->label = read_string(intel, from->label);
    ret_indicator->confidence = from->confidence;
    ret_indicator->tlp = from->tlp < TLP_COUNT ? (enum tlp)from->tlp : TLP_RED;
    ret_indicator->from = from->from;
    ret_indicator->until = from->until;
    return true;
}

static bool valid_at(int64_t from, int64_t until, int64_t at)
{
    return (from == TIME_UNSET || from <= at) && (until == TIME_UNSET || at < until);
}

void image_better_meta(const struct intel *intel, uint32_t meta, int64_t at, unsigned *n,
                       struct indicator *indicator)
{
    if (meta >= intel->n_metas)
        return;
    const struct image_meta *offered = &intel->metas[meta];
    bool valid = valid_at(offered->from, offered->until, at);
    bool have_valid = valid_at(indicator->from, indicator->until, at);
    bool later = indicator->until != TIME_UNSET &&
                 (offered->until == TIME_UNSET || offered->until > indicator->until);
    if (*n == 0 || valid > have_valid || (valid == have_valid && later))
        image_meta(intel, meta, indicator);
    ++*n;
}

/* ---- keys ---- */

bool image_key_of_value(enum indicator_type type, struct str value, struct image_key *ret_key)
{
    uint8_t bytes[32] = {0};
    struct address address;
    switch (type) {
    case INDICATOR_IPV4:
    case INDICATOR_IPV6:
        if (!address_parse(value, &address) || address.ipv6 != (type == INDICATOR_IPV6))
            return false;
        *ret_key = image_key_of_bytes(address.bytes);
        return true;
    case INDICATOR_MD5:
    case INDICATOR_JA3:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256: {
        size_t size = type == INDICATOR_SHA1 ? 20 : type == INDICATOR_SHA256 ? 32 : 16;
        if (!indicator_digest(value, bytes, size))
            return false;
        *ret_key = image_key_of_bytes(bytes);
        return true;
    }
    default:
        return false;
    }
}

static uint64_t find_value(const struct intel *intel, enum image_set set, enum indicator_type type,
                           struct str value, uint64_t *ret_count)
{
    const struct table *table = &intel->tables[set][type];
    struct image_key key;
    *ret_count = 0;
    if (image_is_text(type))
        return image_find_text(intel, table, value, ret_count);
    if (table->count == 0 || !image_key_of_value(type, value, &key))
        return 0;
    return image_find_key(table, key, ret_count);
}

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
        if (network->bits == bits && compare_network(network, &address) == 0)
            image_better_meta(intel, network->meta, at, &n, ret_indicator);
    }
    return n > 0;
}

bool intel_find(const struct intel *intel, enum indicator_type type, struct str value, int64_t at,
                struct indicator *ret_indicator)
{
    struct indicator indicator = {.type = type, .value = value};
    uint64_t count;
    unsigned n = 0;
    if (type <= INDICATOR_NONE || type >= INDICATOR_COUNT)
        return false;
    if (image_is_network(type)) {
        if (!find_same_network(intel, type, value, at, &indicator))
            return false;
    } else {
        uint64_t first = find_value(intel, IMAGE_INDICATORS, type, value, &count);
        for (uint64_t i = 0; i < count; i++)
            image_better_meta(intel, intel->tables[IMAGE_INDICATORS][type].entries[first + i].meta,
                              at, &n, &indicator);
        if (n == 0)
            return false;
    }
    *ret_indicator = indicator;
    return true;
}

static bool allows_name(const struct intel *intel, unsigned table, struct str name)
{
    uint64_t count;
    while (name.len) {
        image_find_text(intel, &intel->tables[IMAGE_ALLOW][table], name, &count);
        if (count)
            return true;
        name = str_skip(name, str_index(name, '.') + 1);
    }
    return false;
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
    uint64_t count;
    if (image_is_network(type))
        return allows_network(intel, value);
    find_value(intel, IMAGE_ALLOW, type, value, &count);
    if (count)
        return true;
    switch (type) {
    case INDICATOR_IPV4:
    case INDICATOR_IPV6:
        return allows_address(intel, value);
    case INDICATOR_DOMAIN:
        find_value(intel, IMAGE_ALLOW, INDICATOR_HOST, value, &count);
        return count || allows_name(intel, INDICATOR_DOMAIN, value);
    case INDICATOR_HOST:
        return allows_name(intel, INDICATOR_DOMAIN, value);
    case INDICATOR_URL:
        return allows_name(intel, IMAGE_URL_HOSTS, indicator_url_host(value));
    default:
        return false;
    }
}
