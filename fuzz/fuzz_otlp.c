/*
 * OTLP in both encodings, as the first byte says: every event is one line of JSON, also for the reader of events
 * but for its depth.
 */
#include <stdlib.h>

#include "api/otlp.h"
#include "parse/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum otlp_encoding encoding = data[0] == '{' ? OTLP_JSON : OTLP_PROTOBUF;
    struct str body = str_of((const char *)data, size);
    struct otlp *otlp = calloc(1, sizeof(*otlp));
    if (!otlp)
        abort();
    (void)otlp_read(otlp, encoding, body);
    for (size_t i = 0; i < otlp->items.len; i++) {
        const struct otlp_item *item = &otlp->items.items[i];
        struct str text = otlp_event(otlp, item);
        check((item->problem == NULL) == (text.len > 0));
        check(text.len == 0 || (!json_check(text) && str_index(text, '\n') == text.len));
        check(item->raw.len <= body.len);
    }
    otlp_free(otlp);
    free(otlp);
    return 0;
}
