#include "watch/lake_fake_test.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"

void lake_fake_init(struct lake *lake)
{
    *lake = (struct lake){0};
    pthread_mutex_init(&lake->lock, NULL);
    for (size_t i = 0; i < FAKE_PARTITIONS; i++)
        lake->progress[i] = UINT64_MAX;
}

static void forget(struct lake *lake)
{
    for (size_t i = 0; i < lake->put.len; i++)
        free(lake->put.items[i].text);
    lake->put.len = 0;
}

void lake_fake_free(struct lake *lake)
{
    forget(lake);
    for (size_t i = 0; i < lake->rows.len; i++)
        free(lake->rows.items[i].text);
    vec_free(&lake->rows);
    vec_free(&lake->put);
    vec_free(&lake->blocks);
    pthread_mutex_destroy(&lake->lock);
}

void lake_fake_set(struct lake *lake, int fails, bool half)
{
    pthread_mutex_lock(&lake->lock);
    lake->fails = fails;
    lake->half = half;
    pthread_mutex_unlock(&lake->lock);
}

static int compare(const void *a, const void *b)
{
    const struct lake_id *x = &((const struct fake_lake_row *)a)->id;
    const struct lake_id *y = &((const struct fake_lake_row *)b)->id;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->part < y->part ? -1 : x->part > y->part;
}

char *lake_fake_rows(struct lake *lake)
{
    struct buf all = {0};
    pthread_mutex_lock(&lake->lock);
    qsort(lake->rows.items, lake->rows.len, sizeof(*lake->rows.items), compare);
    for (size_t i = 0; i < lake->rows.len; i++)
        buf_printf(&all, "%s\n", lake->rows.items[i].text);
    pthread_mutex_unlock(&lake->lock);
    buf_add_byte(&all, '\0');
    return all.ptr;
}

static char *row_text(const struct lake_row *row)
{
    static const char kinds[] = "nbidstj";
    struct buf text = {0};
    char id[LAKE_ID_TEXT_MAX];
    size_t len = lake_id_format(&row->id, id);
    buf_printf(&text, "%.*s %.*s %.*s %.*s/%.*s raw=%.*s", (int)len, id, STR_ARG(row->dataset),
               STR_ARG(row->format), STR_ARG(row->agency), STR_ARG(row->source), STR_ARG(row->raw));
    for (uint32_t i = 0; i < row->n_cells; i++) {
        const struct lake_cell *cell = &row->cells[i];
        buf_printf(&text, " %.*s=%.*s:%c>%c%s", STR_ARG(cell->name), STR_ARG(cell->text),
                   kinds[cell->kind], kinds[cell->column], cell->list ? "[]" : "");
    }
    buf_add_byte(&text, '\0');
    return text.ptr;
}

static bool has(const struct lake *lake, const struct lake_row *row)
{
    const struct fake_lake_row wanted = {.id = row->id};
    for (size_t i = 0; i < lake->rows.len; i++)
        if (compare(&lake->rows.items[i], &wanted) == 0)
            return true;
    return false;
}

static int fake_put(struct lake *lake, const struct lake_row *row)
{
    int status = -EINVAL;
    pthread_mutex_lock(&lake->lock);
    bool in_order = true;
    for (size_t i = 0; i < lake->put.len; i++)
        in_order &= lake->put.items[i].id.partition != row->id.partition ||
                    compare(&lake->put.items[i], &(struct fake_lake_row){.id = row->id}) < 0;
    if (lake->full_after && lake->put.len == lake->full_after) {
        status = -ENOBUFS;
    } else if (in_order && has(lake, row)) {
        lake->repeated++;
        status = 0;
    } else if (in_order) {
        status = vec_push(&lake->put, (struct fake_lake_row){row->id, row_text(row)});
    }
    pthread_mutex_unlock(&lake->lock);
    return status;
}

static void add_blocks(struct lake *lake)
{
    for (uint32_t p = 0; p < FAKE_PARTITIONS; p++) {
        struct lake_block block = {.seq = lake->blocks.len + 1, .day = STR("2026-11-21")};
        block.partition = p;
        for (size_t i = 0; i < lake->put.len; i++) {
            if (lake->put.items[i].id.partition != p)
                continue;
            if (block.count++ == 0)
                block.first = lake->put.items[i].id.offset;
            block.next = lake->put.items[i].id.offset + 1;
        }
        memset(block.root, (int)block.seq, sizeof(block.root));
        if (block.count)
            assert_int_equal(vec_push(&lake->blocks, block), 0);
    }
}

static int fake_commit(struct lake *lake, const struct lake_progress *progress, size_t n,
                       struct err *err)
{
    pthread_mutex_lock(&lake->lock);
    int status = lake->fails;
    if (status == 0 || lake->half) {
        add_blocks(lake);
        for (size_t i = 0; i < lake->put.len; i++)
            assert_int_equal(vec_push(&lake->rows, lake->put.items[i]), 0);
        lake->put.len = 0;
    }
    for (size_t i = 0; status == 0 && i < n; i++)
        lake->progress[progress[i].partition] = progress[i].next;
    lake->commits += status == 0;
    forget(lake);
    pthread_mutex_unlock(&lake->lock);
    return status < 0 ? err_set(err, status, "the fake fails") : 0;
}

static int fake_progress(struct lake *lake, uint32_t partition, uint64_t *ret_next)
{
    pthread_mutex_lock(&lake->lock);
    *ret_next = lake->progress[partition];
    pthread_mutex_unlock(&lake->lock);
    return *ret_next == UINT64_MAX ? -ENOENT : 0;
}

static int fake_settle(struct lake *lake, struct err *err)
{
    (void)err;
    lake->settled++;
    return 0;
}

static int fake_blocks(struct lake *lake, uint64_t after,
                       int (*each)(void *context, const struct lake_block *block), void *context)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < lake->blocks.len; i++)
        if (lake->blocks.items[i].seq > after)
            status = each(context, &lake->blocks.items[i]);
    return status;
}

static int fake_retain(struct lake *lake, const struct lake_rule *rules, size_t n, int64_t now,
                       const struct lake_witness *witness, struct lake_removed *ret_removed,
                       struct err *err)
{
    (void)witness;
    (void)now, (void)err;
    assert_int_equal(n, 1);
    assert_str(rules[0].agency, "moh");
    pthread_mutex_lock(&lake->lock);
    lake->retained++;
    pthread_mutex_unlock(&lake->lock);
    *ret_removed = (struct lake_removed){.days = 1, .rows = 7};
    return 0;
}

const struct lake_ops lake_fake = {
    .scheme = "fake",
    .put = fake_put,
    .commit = fake_commit,
    .progress = fake_progress,
    .settle = fake_settle,
    .blocks = fake_blocks,
    .retain = fake_retain,
};
