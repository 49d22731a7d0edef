/*
 * The bodies of the Elasticsearch door and of our own: every item is in the body, replies are JSON whatever is
 * asked for. The first byte chooses what is read.
 */
#include <stdlib.h>

#include "api/elastic_bulk.h"
#include "api/ndjson.h"
#include "parse/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool is_inside(struct str part, struct str whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void read_bulk(struct str body, struct str filter_path)
{
    struct bulk bulk = {0};
    struct bulk_filter filter;
    struct bulk_place place = {1, 2};
    struct err err;
    struct buf reply = {0};
    bulk_filter_read(&filter, filter_path);
    if (bulk_read(&bulk, body, STR("index"), &err) == 0) {
        for (size_t i = 0; i < bulk.items.len; i++) {
            const struct bulk_item *item = &bulk.items.items[i];
            check(is_inside(item->document, body));
            check(is_inside(bulk_source(item->index), item->index));
        }
        bulk_write_reply(&reply, &bulk, &filter, &place, 1);
        check(!json_check(buf_str(&reply)));
    }
    buf_free(&reply);
    bulk_free(&bulk);
}

static void read_ndjson(struct str body, enum format_id format)
{
    struct ndjson ndjson = {0};
    struct buf text = {0};
    if (ndjson_read(&ndjson, format, body) == 0)
        for (size_t i = 0; i < ndjson.items.len; i++) {
            struct str item = ndjson.items.items[i];
            check(item.len > 0 && is_inside(item, body));
            buf_clear(&text);
            ndjson_write(&text, item);
            check(str_index(buf_str(&text), '\n') == text.len);
            check(!json_check(item) == !json_check(buf_str(&text)));
        }
    buf_free(&text);
    ndjson_free(&ndjson);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str body = str_of((const char *)data + 1, size - 1);
    if (data[0] % 4 == 0)
        read_ndjson(body, FORMAT_JSON);
    else if (data[0] % 4 == 1)
        read_ndjson(body, FORMAT_SYSLOG);
    else
        read_bulk(body, str_first(body, str_index(body, '\n')));
    return 0;
}
