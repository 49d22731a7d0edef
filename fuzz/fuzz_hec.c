/*
 * The bodies of Splunk's HTTP event collector: every event is one line of JSON, every byte but white space is in an
 * item, answers are JSON.
 */
#include <stdlib.h>

#include "api/hec.h"
#include "parse/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void count(void *context, uint64_t id)
{
    (void)id;
    ++*(size_t *)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = str_of((const char *)data, size);
    const struct hec_defaults defaults = {.host = str_first(body, 8), .index = STR("main")};
    struct hec *hec = calloc(1, sizeof(*hec));
    if (!hec || hec_read(hec, body, &defaults) < 0)
        abort();
    const char *behind = body.ptr;
    for (size_t i = 0; i < hec->items.len; i++) {
        const struct hec_item *item = &hec->items.items[i];
        struct str text = hec_event(hec, item);
        check((item->code == HEC_SUCCESS) == (text.len > 0));
        check(text.len == 0 || (!json_check(text) && str_index(text, '\n') == text.len));
        check(str_trim(str_of(behind, (size_t)(item->raw.ptr - behind))).len == 0);
        behind = item->raw.ptr + item->raw.len;
    }
    struct buf answer = {0};
    hec_write_answer(&answer, (enum hec_code)(size % 30), (int64_t)size);
    size_t acks = 0;
    check(hec_read_acks(body, 16, count, &acks) == 0 || acks == 0);
    buf_free(&answer);
    hec_free(hec);
    free(hec);
    return 0;
}
