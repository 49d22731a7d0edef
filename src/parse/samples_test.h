/* samples_test: a short realistic stream of each text format, for tests that go over them all. */
#ifndef JAGA_PARSE_SAMPLES_TEST_H
#define JAGA_PARSE_SAMPLES_TEST_H

#include "parse/formats.h"

struct sample {
    const char *what;
    enum format_id format;
    struct str text;
    unsigned events;
};

extern const struct sample samples[];
extern const size_t n_samples;

#endif
