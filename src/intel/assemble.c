/* Sorts what the builder gathered by key, and makes of several that are about one value as few as possible. */
#include "intel/gather.h"

static int by_key(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    return a->meta < b->meta ? -1 : a->meta > b->meta;
}

static int by_hash_and_text(const void *left, const void *right, void *context)
{
    const struct record *a = left, *b = right;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    int order = str_compare(record_text(context, a), record_text(context, b));
    return order ? order : a->meta < b->meta ? -1 : a->meta > b->meta;
}

static int by_network(const void *left, const void *right)
{
    const struct image_network *a = left, *b = right;
    int order = memcmp(a->address, b->address, sizeof(a->address));
    if (order)
        return order;
    if (a->bits != b->bits)
        return a->bits < b->bits ? -1 : 1;
    return a->meta < b->meta ? -1 : a->meta > b->meta;
}

/* The metas of one value, in `numbers`: merged, without repeats. Returns how many, or -ENOMEM. */
static int merge_metas(struct gathered *gathered, uint32_t *numbers, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || numbers[i] != numbers[kept - 1])
            numbers[kept++] = numbers[i];
    int status = kept > 1 ? metas_merge(&gathered->metas, numbers, kept) : (int)kept;
    if (status > 0)
        gathered->merged += count - (size_t)status;
    return status;
}

/* Room for the metas of one value. */
struct numbers {
    uint32_t *items;
    size_t len, cap;
};

static bool same_value(const struct gathered *gathered, bool text, const struct record *a,
                       const struct record *b)
{
    if (a->high != b->high)
        return false;
    return text ? str_eq(record_text(gathered, a), record_text(gathered, b)) : a->low == b->low;
}

/* Merges each run of records about one value, in place. */
static int merge_records(struct gathered *gathered, struct record_list *records, bool text,
                         struct numbers *numbers)
{
    size_t kept = 0, first = 0;
    while (first < records->len) {
        struct record record = records->items[first];
        size_t end = first + 1;
        while (end < records->len && same_value(gathered, text, &record, &records->items[end]))
            end++;
        numbers->len = 0;
        for (; first < end; first++)
            if (vec_push(numbers, records->items[first].meta) < 0)
                return -ENOMEM;
        int status = merge_metas(gathered, numbers->items, numbers->len);
        if (status < 0)
            return status;
        for (int i = 0; i < status; i++) {
            record.meta = numbers->items[i];
            records->items[kept++] = record;
        }
    }
    records->len = kept;
    return 0;
}

static bool same_network(const struct image_network *a, const struct image_network *b)
{
    return a->bits == b->bits && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static int merge_networks(struct gathered *gathered, struct network_list *networks,
                          struct numbers *numbers)
{
    size_t kept = 0, first = 0;
    while (first < networks->len) {
        struct image_network network = networks->items[first];
        size_t end = first + 1;
        while (end < networks->len && same_network(&network, &networks->items[end]))
            end++;
        numbers->len = 0;
        for (; first < end; first++)
            if (vec_push(numbers, networks->items[first].meta) < 0)
                return -ENOMEM;
        int status = merge_metas(gathered, numbers->items, numbers->len);
        if (status < 0)
            return status;
        for (int i = 0; i < status; i++) {
            network.meta = numbers->items[i];
            networks->items[kept++] = network;
        }
    }
    networks->len = kept;
    return 0;
}

static bool holds(const struct image_network *outer, const struct image_network *inner, bool ipv6)
{
    struct address a = {.ipv6 = ipv6}, b = {.ipv6 = ipv6};
    memcpy(a.bytes, outer->address, sizeof(a.bytes));
    memcpy(b.bytes, inner->address, sizeof(b.bytes));
    return outer->bits <= inner->bits && address_in_network(&b, &a, outer->bits);
}

/* Networks nest: the one before, or one of its parents, is the parent. */
static void find_parents(struct network_list *networks, bool ipv6)
{
    uint32_t parent = IMAGE_NO_PARENT;
    for (uint32_t i = 0; i < networks->len; i++) {
        struct image_network *network = &networks->items[i];
        while (parent != IMAGE_NO_PARENT && !holds(&networks->items[parent], network, ipv6))
            parent = networks->items[parent].parent;
        network->parent = parent;
        parent = i;
    }
}

int assemble(struct gathered *gathered)
{
    struct numbers numbers = {0};
    int status = 0;
    for (int set = 0; set < IMAGE_SETS; set++) {
        for (unsigned i = 0; status == 0 && i < IMAGE_TABLES; i++) {
            struct record_list *records = &gathered->sets[set].tables[i];
            bool text = image_is_text(i);
            if (records->len == 0)
                continue;
            if (text)
                qsort_r(records->items, records->len, sizeof(records->items[0]), by_hash_and_text,
                        gathered);
            else
                qsort(records->items, records->len, sizeof(records->items[0]), by_key);
            status = merge_records(gathered, records, text, &numbers);
        }
        for (int i = 0; status == 0 && i < IMAGE_FAMILIES; i++) {
            struct network_list *networks = &gathered->sets[set].networks[i];
            if (networks->len == 0)
                continue;
            qsort(networks->items, networks->len, sizeof(networks->items[0]), by_network);
            status = merge_networks(gathered, networks, &numbers);
            find_parents(networks, i == IMAGE_IPV6);
        }
    }
    vec_free(&numbers);
    return status;
}
