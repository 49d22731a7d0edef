/*
 * Text formats: the first byte chooses the format, the second the steps in which the stream
 * arrives. What is left is recognised, cut and parsed; it must give the same events at once and in
 * steps.
 */
#include "parse_all.h"

#define FIRST FORMAT_SYSLOG
#define FORMATS (FORMAT_PLAIN - FIRST + 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct parse_options options = {.reference_us = INT64_C(1795262400000000)};
    if (size < 2)
        return 0;
    const struct format *format = format_get((enum format_id)(FIRST + data[0] % FORMATS));
    struct str stream = str_of((const char *)data + 2, size - 2);
    (void)format_recognise(stream);
    uint64_t whole = parse_all(format, stream, &options, SIZE_MAX);
    uint64_t steps = parse_all(format, stream, &options, data[1] + 1u);
    assert(whole == steps);
    (void)whole;
    (void)steps;
    return 0;
}
