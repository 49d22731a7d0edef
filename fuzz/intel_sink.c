#include "intel_sink.h"

#include <stdlib.h>

#include "intel/canonical.h"

#define NOW INT64_C(1800000000000000)

struct taken {
    struct intel_builder *builder;
    struct indicator last; /* its value in `bytes` */
    char bytes[INDICATOR_VALUE_MAX];
};

static int take_indicator(void *context, const struct indicator *indicator)
{
    struct taken *taken = context;
    char bytes[INDICATOR_VALUE_MAX];
    struct str again;
    if (!indicator_canonical(indicator->type, indicator->value, bytes, &again) ||
        !str_eq(again, indicator->value))
        abort();
    if (intel_builder_add(taken->builder, indicator) < 0)
        abort();
    if (indicator->until == TIME_UNSET) {
        taken->last = *indicator;
        memcpy(taken->bytes, indicator->value.ptr, indicator->value.len);
        taken->last.value.ptr = taken->bytes;
    }
    return 0;
}

static int take_allow(void *context, const struct intel_allow *allow)
{
    struct taken *taken = context;
    struct err err;
    return intel_builder_allow(taken->builder, allow, &err);
}

void intel_sink_read(const struct feed_format *format, struct str text)
{
    struct feed_options options = {.source = STR("fuzz"),
                                   .confidence = INDICATOR_CONFIDENCE_UNSET,
                                   .from = TIME_UNSET,
                                   .until = TIME_UNSET};
    struct taken taken = {.builder = intel_builder_new(NOW)};
    struct feed_sink sink = {&taken, take_indicator, take_allow};
    struct feed_report report = {0};
    struct intel_builder_stats stats;
    struct indicator found;
    struct buf file = {0};
    struct err err;
    if (!taken.builder)
        return;
    format->read(text, &options, &sink, &report, &err);
    if (intel_builder_finish(taken.builder, &file) < 0)
        abort();
    intel_builder_stats(taken.builder, &stats);
    struct intel *intel = intel_open(buf_str(&file), &err);
    if (!intel || intel_verify(intel, &err) < 0 || stats.kept != intel_count(intel, INDICATOR_NONE))
        abort();
    if (stats.allowed == 0 && taken.last.type != INDICATOR_NONE &&
        !intel_find(intel, taken.last.type, taken.last.value, NOW, &found))
        abort();
    intel_close(intel);
    buf_free(&file);
    intel_builder_free(taken.builder);
}
