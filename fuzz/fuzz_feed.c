/* CSV and lists; and which format a document is taken for. */
#include "intel_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_of((const char *)data, size);
    feed_recognise(text);
    intel_sink_read(&feed_csv, text);
    intel_sink_read(&feed_list, text);
    return 0;
}
