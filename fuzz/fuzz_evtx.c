/* EVTX: read twice, the second time with recovery and in small steps. */
#include "parse_all.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str stream = str_of((const char *)data, size);
    parse_all(&format_evtx, stream, &(struct parse_options){0}, SIZE_MAX);
    parse_all(&format_evtx, stream, &(struct parse_options){.recover = true}, 1021);
    return 0;
}
