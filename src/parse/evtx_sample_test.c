#include "base/test.h"

#include "parse/evtx.h"
#include "parse/evtx_sample_test.h"

void begin_data(struct evtx_builder *builder)
{
    evtx_build_record(builder, 1, A_TIME);
    assert_true(evtx_build_template(builder, 9));
    evtx_build_open(builder, "Event", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(builder);
    evtx_build_open(builder, "EventData", EVTX_NO_DEPENDENCY, false);
    evtx_build_content(builder);
}

void finish_data(struct evtx_builder *builder, const struct evtx_build_value *values,
                 size_t n_values)
{
    evtx_build_close(builder);
    evtx_build_close(builder);
    evtx_build_template_end(builder);
    evtx_build_values(builder, values, n_values);
    evtx_build_record_end(builder);
}

void add_data(struct evtx_builder *builder, const char *name, uint16_t index)
{
    evtx_build_open(builder, "Data", EVTX_NO_DEPENDENCY, name != NULL);
    if (name) {
        evtx_build_attribute(builder, "Name");
        evtx_build_text(builder, name);
    }
    evtx_build_content(builder);
    evtx_build_substitution(builder, index, EVTX_STRING, true);
    evtx_build_close(builder);
}

void sample_event(struct evtx_builder *builder, uint64_t record, const char *command)
{
    const struct evtx_build_field fields[] = {{"Image", "C:\\Windows\\cmd.exe"},
                                              {"CommandLine", command}};
    evtx_build_event(builder, &(struct evtx_build_event){.provider = "Microsoft-Windows-Sysmon",
                                                         .channel = "Sysmon/Operational",
                                                         .computer = "pc1",
                                                         .event_id = 1,
                                                         .level = 4,
                                                         .record = record,
                                                         .time_us = A_TIME,
                                                         .fields = fields,
                                                         .n_fields = 2});
}
