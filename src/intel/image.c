#include "intel/image.h"

#include <stdlib.h>

#include "base/hash.h"
#include "intel/canonical.h"

_Static_assert(sizeof(struct image_entry) == 20, "an entry is 20 bytes");
_Static_assert(sizeof(struct image_meta) == 32, "a meta is 32 bytes");
_Static_assert(sizeof(struct image_line) == 64, "a line is a cache line");

#define SCAN_MAX 16 /* entries; among more, the place is found by halves */

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
    if (from->n_lines == 0 || from->n_lines > UINT32_MAX || from->count > UINT32_MAX ||
        !inside(header, from->lines, from->n_lines + 1, sizeof(struct image_line)) ||
        !inside(header, from->entries, from->count, sizeof(struct image_entry)))
        return false;
    const char *base = intel->bytes.ptr;
    ret_table->lines = (const void *)(base + from->lines);
    ret_table->entries = (const void *)(base + from->entries);
    ret_table->n_lines = from->n_lines;
    ret_table->count = from->count;
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
        for (unsigned i = 0; good && i < IMAGE_TABLES; i++) {
            intel->tables[set][i].is_text = image_is_text(i);
            good = open_table(intel, &header->tables[set][i], &intel->tables[set][i]);
        }
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

struct str intel_bytes(const struct intel *intel)
{
    return intel->bytes;
}

uint64_t intel_signature(const struct intel *intel)
{
    return intel->header->header_hash;
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

void image_probe_group(struct image_probe *probe)
{
    const struct image_line *line = probe->line;
    uint8_t start = probe->group ? line->ends[probe->group - 1] : 0;
    uint8_t end = line->ends[probe->group];
    probe->first = (uint64_t)line->first + start;
    probe->end = end == IMAGE_GROUP_OPEN ? line[1].first : (uint64_t)line->first + end;
    if (probe->end > probe->table->count || probe->first >= probe->end) {
        probe->first = probe->end = 0;
        return;
    }
    const struct image_entry *entries = probe->table->entries;
    __builtin_prefetch(&entries[probe->first]);
    __builtin_prefetch(&entries[probe->end - 1].meta);
}

/* A text may begin in one line of the cache and end in the next. */
static void prefetch_text(const struct intel *intel, uint64_t at)
{
    uint64_t offset = at >> 16, len = at & 0xffff;
    if (offset > intel->texts.len || len == 0 || len > intel->texts.len - offset)
        return;
    __builtin_prefetch(intel->texts.ptr + offset);
    __builtin_prefetch(intel->texts.ptr + offset + len - 1);
}

bool image_probe_half(const struct intel *intel, struct image_probe *probe)
{
    const struct image_entry *entries = probe->table->entries;
    uint64_t high = probe->key.high, first = probe->first, last = probe->end;
    /* Groups are small, but for a file that was made to have large ones. */
    while (last - first > SCAN_MAX) {
        uint64_t middle = first + (last - first) / 2;
        if (entry_high(&entries[middle]) < high)
            first = middle + 1;
        else
            last = middle;
    }
    while (first < probe->end && entry_high(&entries[first]) < high)
        first++;
    probe->first = first;
    if (first == probe->end || entry_high(&entries[first]) != high)
        return false;
    image_meta_prefetch(intel, entries[first].meta);
    if (probe->table->is_text)
        prefetch_text(intel, entry_low(&entries[first]));
    return true;
}

struct image_key image_entry_key(const struct image_entry *entry)
{
    return (struct image_key){entry_high(entry), entry_low(entry)};
}

struct str image_entry_text(const struct intel *intel, const struct image_entry *entry)
{
    uint64_t at = entry_low(entry), len = at & 0xffff, offset = at >> 16;
    bool inside = offset <= intel->texts.len && len <= intel->texts.len - offset;
    return inside ? str_of(intel->texts.ptr + offset, len) : (struct str){0};
}

static bool entry_is(const struct intel *intel, const struct image_probe *probe,
                     const struct image_entry *entry, struct str text)
{
    return probe->table->is_text ? str_eq(image_entry_text(intel, entry), text)
                                 : entry_low(entry) == probe->key.low;
}

uint64_t image_probe_value(const struct intel *intel, struct image_probe *probe, struct str text)
{
    const struct image_entry *entry = probe->table->entries + probe->first;
    const struct image_entry *end = probe->table->entries + probe->end;
    uint64_t high = probe->key.high, count = 0;
    while (entry < end && entry_high(entry) == high && !entry_is(intel, probe, entry, text))
        entry++;
    while (entry + count < end && entry_high(entry + count) == high &&
           entry_is(intel, probe, entry + count, text))
        count++;
    probe->first = (uint64_t)(entry - probe->table->entries);
    return count;
}

uint64_t image_find(const struct intel *intel, const struct table *table, struct image_key key,
                    struct str text, uint64_t *ret_first)
{
    struct image_probe probe;
    if (table->count == 0)
        return 0;
    image_probe_start(&probe, table, key);
    if (!image_probe_filter(&probe))
        return 0;
    image_probe_group(&probe);
    if (!image_probe_half(intel, &probe))
        return 0;
    uint64_t count = image_probe_value(intel, &probe, text);
    *ret_first = probe.first;
    return count;
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

void image_meta_prefetch(const struct intel *intel, uint32_t meta)
{
    if (meta < intel->n_metas)
        __builtin_prefetch(&intel->metas[meta]);
}

/* Of a meta's strings only the id is rarely shared. */
void image_strings_prefetch(const struct intel *intel, uint32_t meta)
{
    if (meta < intel->n_metas && intel->metas[meta].id < intel->strings.len)
        __builtin_prefetch(intel->strings.ptr + intel->metas[meta].id);
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
        *ret_key = image_key_of_text(value);
        return image_is_text(type);
    }
}
