/* Writes the file that image.h draws, from what is sorted. */
#include "intel/gather.h"

#include "base/hash.h"

/* Where the next section goes. All are known before a byte is written: the file is one allocation. */
struct plan {
    struct image_header header;
    uint64_t end;
};

static uint64_t place(struct plan *plan, uint64_t size)
{
    uint64_t offset = (plan->end + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
    plan->end = offset + size;
    return offset;
}

static void plan_table(struct plan *plan, const struct record_list *records,
                       struct image_table *table)
{
    uint64_t count = records->len;
    if (count == 0)
        return;
    table->count = count;
    table->n_lines = count / IMAGE_LINE_KEYS + 1;
    table->lines = place(plan, (table->n_lines + 1) * sizeof(struct image_line));
    table->entries = place(plan, count * sizeof(struct image_entry));
}

static void plan_section(struct plan *plan, uint64_t size, struct image_section *section)
{
    section->size = size;
    section->offset = place(plan, size);
}

/* Texts of equal records follow each other and are written once. */
static bool repeats(const struct gathered *gathered, const struct record_list *records, size_t i)
{
    return i > 0 && records->items[i].high == records->items[i - 1].high &&
           str_eq(record_text(gathered, &records->items[i]),
                  record_text(gathered, &records->items[i - 1]));
}

static uint64_t texts_size(const struct gathered *gathered)
{
    uint64_t size = 0;
    for (int set = 0; set < IMAGE_SETS; set++)
        for (unsigned t = 0; t < IMAGE_TABLES; t++) {
            const struct record_list *records = &gathered->sets[set].tables[t];
            for (size_t i = 0; image_is_text(t) && i < records->len; i++)
                if (!repeats(gathered, records, i))
                    size += records->items[i].low & 0xffff;
        }
    return size;
}

static void plan_file(struct plan *plan, const struct gathered *gathered)
{
    struct image_header *header = &plan->header;
    for (int set = 0; set < IMAGE_SETS; set++) {
        const struct gathered_set *from = &gathered->sets[set];
        for (int i = 0; i < IMAGE_TABLES; i++)
            plan_table(plan, &from->tables[i], &header->tables[set][i]);
        for (int i = 0; i < IMAGE_FAMILIES; i++)
            plan_section(plan, from->networks[i].len * sizeof(struct image_network),
                         &header->networks[set][i]);
    }
    plan_section(plan, gathered->metas.items.len * sizeof(struct image_meta), &header->metas);
    plan_section(plan, gathered->metas.strings.len, &header->strings);
    plan_section(plan, texts_size(gathered), &header->texts);
}

static void add_to_filter(struct image_line *line, uint64_t high)
{
    uint64_t bits = image_filter_bits(high);
    for (unsigned i = 0; i < IMAGE_LINE_WORDS; i++, bits >>= 6)
        line->filter[i] |= UINT64_C(1) << (bits & 63);
}

static void write_lines(const struct record_list *records, const struct image_table *table,
                        struct image_line *lines)
{
    size_t next = 0;
    for (uint64_t i = 0; i <= table->n_lines; i++) {
        struct image_line *line = &lines[i];
        line->first = (uint32_t)next;
        for (uint32_t group = 0; group < IMAGE_LINE_GROUPS; group++) {
            for (; next < records->len; next++) {
                uint64_t high = records->items[next].high;
                struct image_place at = image_place(high, table->n_lines);
                if (at.line != i || at.group != group)
                    break;
                add_to_filter(line, high);
            }
            size_t end = next - line->first;
            line->ends[group] = end < IMAGE_GROUP_OPEN ? (uint8_t)end : IMAGE_GROUP_OPEN;
        }
    }
}

/* `*text_end` is how far the texts are written. */
static void write_entries(const struct gathered *gathered, const struct record_list *records,
                          bool text, struct image_entry *entries, char *texts, uint64_t *text_end)
{
    uint64_t at = 0;
    for (size_t i = 0; i < records->len; i++) {
        const struct record *record = &records->items[i];
        uint64_t low = record->low;
        if (text && !repeats(gathered, records, i)) {
            struct str value = record_text(gathered, record);
            memcpy(texts + *text_end, value.ptr, value.len);
            at = IMAGE_TEXT_AT(*text_end, value.len);
            *text_end += value.len;
        }
        if (text)
            low = at;
        memcpy(entries[i].key, &record->high, sizeof(record->high));
        memcpy(entries[i].key + 2, &low, sizeof(low));
        entries[i].meta = record->meta;
    }
}

static void copy_section(char *file, const struct image_section *section, const void *items)
{
    if (section->size)
        memcpy(file + section->offset, items, section->size);
}

static void write_file(const struct gathered *gathered, const struct image_header *header,
                       char *file)
{
    uint64_t text_end = 0;
    for (int set = 0; set < IMAGE_SETS; set++) {
        const struct gathered_set *from = &gathered->sets[set];
        for (unsigned i = 0; i < IMAGE_TABLES; i++) {
            const struct image_table *table = &header->tables[set][i];
            if (table->count == 0)
                continue;
            write_lines(&from->tables[i], table, (void *)(file + table->lines));
            write_entries(gathered, &from->tables[i], image_is_text(i),
                          (void *)(file + table->entries), file + header->texts.offset, &text_end);
        }
        for (int i = 0; i < IMAGE_FAMILIES; i++)
            copy_section(file, &header->networks[set][i], from->networks[i].items);
    }
    copy_section(file, &header->metas, gathered->metas.items.items);
    copy_section(file, &header->strings, gathered->metas.strings.ptr);
}

int layout_write(const struct gathered *gathered, int64_t now, struct buf *ret_file)
{
    struct plan plan = {.end = sizeof(struct image_header)};
    struct image_header *header = &plan.header;
    memcpy(header->magic, IMAGE_MAGIC, sizeof(header->magic));
    header->version = IMAGE_VERSION;
    header->byte_order = IMAGE_BYTE_ORDER;
    header->built = now;
    plan_file(&plan, gathered);
    header->size = plan.end;
    char *file = buf_reserve(ret_file, plan.end);
    if (!file)
        return -ENOMEM;
    memset(file, 0, plan.end);
    write_file(gathered, header, file);
    size_t start = sizeof(*header);
    header->body_hash = hash_bytes(file + start, plan.end - start, 0);
    header->header_hash = hash_bytes(header, offsetof(struct image_header, header_hash), 0);
    memcpy(file, header, sizeof(*header));
    ret_file->len = plan.end;
    return 0;
}
