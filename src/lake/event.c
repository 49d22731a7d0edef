/* One event, as it is stored, with what proves it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lake/proof.h"

/* What is looked for, and what is done with it. */
struct looking {
    struct reading reading;
    const struct lake_id *id;
    const struct lake_scope *scope;
    int (*each)(void *context, const struct lake_event *event);
    void *context;
    const struct day *day;
    struct str dataset;
    struct err *err;
    bool found;
    struct lake_event *kept;          /* of the held: what take_kept() fills in */
    char kept_day[LAKE_DAY_TEXT_MAX]; /* that its block was made in */
};

int kept_read(const struct lake_vector *columns, uint32_t row, struct lake_block *ret_block,
              struct lake_path *ret_path)
{
    struct str root = columns[6].texts[row], path = columns[7].texts[row];
    if (root.len != LAKE_HASH || path.len % LAKE_HASH || path.len / LAKE_HASH > LAKE_PATH_MAX)
        return -EBADMSG;
    *ret_block = (struct lake_block){
        .seq = (uint64_t)columns[0].integers[row],
        .day = columns[1].texts[row],
        .partition = (uint32_t)columns[2].integers[row],
        .first = (uint64_t)columns[3].integers[row],
        .next = (uint64_t)columns[4].integers[row],
        .count = (uint32_t)columns[5].integers[row],
    };
    memcpy(ret_block->root, root.ptr, LAKE_HASH);
    *ret_path = (struct lake_path){
        .index = (uint32_t)columns[8].integers[row],
        .count = ret_block->count,
        .n = (uint32_t)(path.len / LAKE_HASH),
    };
    memcpy(ret_path->hashes, path.ptr, path.len);
    return 0;
}

/* In the held file an event's path was kept when its day went. */
static int take_kept(void *context, const struct lake_chunk *chunk)
{
    struct looking *looking = context;
    struct lake_event *event = looking->kept;
    int status = kept_read(chunk->columns, 0, &event->block, &event->path);
    if (status < 0 || event->block.day.len > sizeof(looking->kept_day))
        return -EBADMSG;
    memcpy(looking->kept_day, event->block.day.ptr, event->block.day.len);
    event->block.day.ptr = looking->kept_day;
    return 1; /* found */
}

static int find_kept(struct looking *looking, struct lake_event *event)
{
    struct buf sql = {0};
    buf_printf(&sql,
               "SELECT " KEPT_COLUMNS " FROM \"held\"._proofs WHERE key = %" PRId64
               " AND part = %" PRIu32 " LIMIT 1",
               lake_key(looking->id), looking->id->part);
    looking->kept = event;
    int status = reading_ask(&looking->reading, &sql, take_kept, looking, looking->err);
    buf_free(&sql);
    return status < 0 ? status : 0;
}

/* The lake's own columns, first in the query. */
enum {
    AT_TIME,
    AT_RECEIVED,
    AT_AGENCY,
    AT_SOURCE,
    AT_FORMAT,
    AT_RAW,
    AT_BYTES,
    AT_EXTRA,
    AT_BLOCK
};

/* In a day the path is made from the block that the event names. */
static int find_path(struct looking *looking, uint64_t seq, struct lake_event *event)
{
    struct block_tree tree;
    int status = block_tree_read(&looking->reading, looking->day, seq, &tree, looking->err);
    if (status < 0)
        return status;
    event->block = tree.block;
    status = block_tree_path(&tree, lake_key(looking->id), looking->id->part, &event->path,
                             looking->err);
    block_tree_free(&tree);
    return status;
}

static int take_event(void *context, const struct lake_chunk *chunk)
{
    struct looking *looking = context;
    const struct lake_vector *columns = chunk->columns;
    const struct lake_vector *raw =
        &columns[lake_is_null(&columns[AT_BYTES], 0) ? AT_RAW : AT_BYTES];
    struct lake_event event = {
        .leaf =
            {
                .partition = looking->id->partition,
                .offset = looking->id->offset,
                .part = looking->id->part,
                .time = columns[AT_TIME].integers[0],
                .received = columns[AT_RECEIVED].integers[0],
                .agency = columns[AT_AGENCY].texts[0],
                .source = columns[AT_SOURCE].texts[0],
                .dataset = looking->dataset,
                .format = columns[AT_FORMAT].texts[0],
                .raw = raw->texts[0],
            },
        .extra = lake_is_null(&columns[AT_EXTRA], 0) ? (struct str){NULL, 0}
                                                     : columns[AT_EXTRA].texts[0],
        .json = columns[AT_BLOCK + 1].texts[0],
    };
    looking->found = true;
    int status = strcmp(looking->day->name, "held") == 0
                     ? find_kept(looking, &event)
                     : find_path(looking, (uint64_t)columns[AT_BLOCK].integers[0], &event);
    return status < 0 ? status : looking->each(looking->context, &event);
}

static void add_query(struct buf *sql, const struct looking *looking)
{
    struct buf from = {0};
    buf_printf(&from, " FROM \"%s\".", looking->day->name);
    lake_quote_name(&from, looking->dataset);
    buf_printf(&from, " WHERE _key = %" PRId64 " AND _part = %" PRIu32, lake_key(looking->id),
               looking->id->part);
    for (size_t i = 0; !looking->scope->all && i < looking->scope->n; i++) {
        buf_add_c(&from, i ? ", " : " AND _agency IN (");
        lake_quote_text(&from, looking->scope->agencies[i]);
    }
    if (!looking->scope->all)
        buf_add_c(&from, looking->scope->n ? ")" : " AND false");
    buf_add_c(sql, "SELECT o.*, json_merge_patch('{}', to_json(n)) FROM (SELECT _time, _received, "
                   "_agency, _source, _format, _raw, _bytes, _extra, _block");
    buf_add_str(sql, buf_str(&from));
    /* A patch without its NULLs (RFC 7396): what the event has. */
    buf_add_c(sql, ") o, (SELECT * EXCLUDE (_key, _part, _raw, _bytes, _extra, _block)");
    buf_add_str(sql, buf_str(&from));
    buf_add_c(sql, ") n LIMIT 1");
    sql->failed |= from.failed;
    buf_free(&from);
}

static int look_in_day(struct lake *lake, struct looking *looking)
{
    int status = 0;
    for (uint32_t i = 0; status == 0 && !looking->found; i++) {
        pthread_mutex_lock(&lake->lock);
        bool more = i < looking->day->tables.len && day_may_have(looking->day, looking->id);
        bool exists = more && looking->day->tables.items[i].exists;
        looking->dataset = more ? lake->tables.items[i]->name : (struct str){NULL, 0};
        pthread_mutex_unlock(&lake->lock);
        if (!more)
            break;
        if (!exists)
            continue;
        struct buf sql = {0};
        add_query(&sql, looking);
        status = reading_ask(&looking->reading, &sql, take_event, looking, looking->err);
        buf_free(&sql);
    }
    return status;
}

int lake_get_event(struct lake *lake, const struct lake_id *id, const struct lake_scope *scope,
                   int (*each)(void *context, const struct lake_event *event), void *context,
                   struct err *err)
{
    struct looking looking = {
        .id = id, .scope = scope, .each = each, .context = context, .err = err};
    int status = reading_open(lake, (struct str){NULL, 0}, &looking.reading, err);
    if (status < 0)
        return status;
    for (size_t i = 0; status == 0 && !looking.found && i < looking.reading.pins.len; i++) {
        looking.day = looking.reading.pins.items[i];
        status = look_in_day(lake, &looking);
    }
    reading_close(&looking.reading);
    if (status == 0 && !looking.found)
        return err_set(err, -ENOENT, "there is no such event");
    return status;
}
