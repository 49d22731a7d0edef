/* MISP: a document as an event, as a manifest, and as a warning list. */
#include "intel_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_of((const char *)data, size);
    intel_sink_read(&feed_misp, text);
    intel_sink_read(&feed_misp_manifest, text);
    intel_sink_read(&feed_warninglist, text);
    return 0;
}
