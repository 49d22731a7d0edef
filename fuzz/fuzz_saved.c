/*
 * saved: the file of a saved hunt. Any text is read or refused with a reason and a place; what was read and checked
 * makes findings of rows, which name what the mapping says; and a draft of it as a Sigma rule is one document that our
 * reader knows for a rule.
 */
#include <stdlib.h>

#include "hunt/saved_sigma.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX ((size_t)64 << 20)

static const char tables_yaml[] =
    "name: T\n"
    "about: a table\n"
    "columns: {TimeGenerated: datetime, a: string, n: long, d: dynamic}\n"
    "from:\n"
    "  - dataset: one\n"
    "    where: EventID == 1 and isnotempty(Image)\n"
    "    columns: {TimeGenerated: _time, a: \"tostring(split(Image, '\\\\\\\\')[-1])\", n: "
    "Number}\n";

static const char datasets_yaml[] =
    "name: one\n"
    "recognise: [{Image: {present: true}}]\n"
    "event_id: EventID\n"
    "logsources: [{product: p, category: c, when: {EventID: 1}}, {product: p}]\n"
    "fields: {Image: {type: path}, Number: {type: integer}, EventID: {type: integer}}\n";

static void require(bool holds)
{
    if (!holds)
        abort();
}

static struct datasets *datasets;
static struct tables *tables;

static void make_tables(void)
{
    static struct fields fields;
    const struct table *wrong;
    struct err err = {0};
    if (tables)
        return;
    require(fields_init(&fields) == 0);
    datasets = datasets_new(&fields);
    require(datasets && datasets_add(datasets, STR(datasets_yaml), STR("d.yaml"), &err) == 0);
    tables = tables_new();
    require(tables && tables_add(tables, STR(tables_yaml), STR("t.yaml"), &err) == 0);
    require(tables_add_datasets(tables, datasets, &err) == 0);
    require(tables_check(tables, datasets, &wrong, &err) == 0);
}

static void draft_rule(const struct saved_hunt *hunt)
{
    struct buf yaml = {0};
    struct err err = {0};
    struct sigma_set set;
    int status = saved_sigma_draft(hunt, tables, datasets, NULL, &yaml, &err);
    require((status < 0) == (err.message[0] != '\0'));
    if (status == 0 && sigma_set_init(&set) == 0) {
        require(sigma_set_add(&set, buf_str(&yaml), STR("draft")) == 0);
        require(set.n_documents == 1 && set.n_other == 0);
        sigma_set_free(&set);
    }
    buf_free(&yaml);
}

/* A row of the columns that the header may have named, with the file itself as its texts. */
static void map_row(struct arena *arena, const struct saved_hunt *hunt)
{
    const struct hunt_column columns[] = {{STR("TimeGenerated"), KQL_DATETIME},
                                          {STR("a"), KQL_STRING},
                                          {STR("n"), KQL_LONG},
                                          {STR("d"), KQL_DYNAMIC},
                                          {STR("_agency"), KQL_STRING}};
    const struct hunt_cell cells[] = {{STR("2026-11-22T04:00:00Z"), false},
                                      {hunt->text, false},
                                      {STR(""), true},
                                      {hunt->text, false},
                                      {STR("moh"), false}};
    struct saved_match match;
    struct err err = {0};
    const struct saved_mapping *mapping = saved_mapping_new(arena, hunt, columns, 5, &err);
    if (!mapping) {
        require(err.message[0] != '\0');
        return;
    }
    if (saved_match_read(mapping, cells, arena, &match) < 0)
        return;
    require(match.entity.len >= 2 && match.evidence.len > 0);
    require(match.n_events <= SAVED_EVENTS_MAX);
    require(match.agency.len == (hunt->central ? 3 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = size ? str_of((const char *)data, size) : STR("");
    const struct saved_hunt *hunt = NULL;
    struct arena arena;
    struct err err = {0};
    make_tables();
    arena_init(&arena, MEMORY_MAX);
    int status = saved_read(&arena, text, NULL, &hunt, &err);
    require((status < 0) == (err.message[0] != '\0'));
    require((status == 0) == (hunt != NULL));
    if (status == 0) {
        require(hunt->id.len > 0 && hunt->title.len > 0 && hunt->text.len == size);
        require(!hunt->finds || hunt->finding.entity.len > 0);
        status = saved_check(hunt, tables, &err);
        require(status == 0 || err.message[0] != '\0');
    }
    if (hunt && status == 0)
        draft_rule(hunt);
    if (hunt && hunt->finds)
        map_row(&arena, hunt);
    arena_free(&arena);
    return 0;
}
