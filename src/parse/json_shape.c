/*
 * The same Windows event comes as JSON in several shapes. Each is told by the presence of a few
 * names; its names are then rewritten to those Sigma rules use. That is done once per
 * distinct path and cached by json_keys.c, so that an event costs no more for it.
 *
 *     Event.System.Provider.#attributes.Name   evtx_dump      \
 *     winlog.provider_name                     Winlogbeat 7+   \
 *     source_name                              Winlogbeat 6     ─▶ Provider_Name
 *     provider.name                            OpenTelemetry    /
 *     SourceName                               NXLog, Splunk   /
 */
#include "parse/embedded.h"
#include "parse/json.h"

/* Evidence: a record has a member of that name. */
enum hint {
    HINT_SYSTEM_ID = 1 << 0,     /* System.EventID */
    HINT_SYSTEM_ORIGIN = 1 << 1, /* System.Channel, System.Provider, System.Computer */
    HINT_WINLOG = 1 << 2,
    HINT_BEAT_CHANNEL = 1 << 3,
    HINT_BEAT_ID = 1 << 4,
    HINT_BEAT_ORIGIN = 1 << 5,
    HINT_FLAT_CHANNEL = 1 << 6,
    HINT_FLAT_ID = 1 << 7,
    HINT_FLAT_HOST = 1 << 8,
    HINT_FLAT_PROVIDER = 1 << 9,
    HINT_FLAT_SOURCE = 1 << 10,
    HINT_OPCODE_VALUE = 1 << 11, /* the numbers behind NXLog's rendered names */
    HINT_HIT = 1 << 12,          /* _source.x: a hit of Elasticsearch */
    HINT_HIT_INDEX = 1 << 13,
    HINT_RESULT = 1 << 14, /* result.x: an export of Splunk */
    HINT_RESULT_OFFSET = 1 << 15,
    HINT_HEC_EVENT = 1 << 16, /* event.x: Splunk's HTTP event collector */
    HINT_HEC_TYPE = 1 << 17,
    HINT_DATA = 1 << 18,     /* EventData.Data, UserData.x: the event's own part of its XML */
    HINT_LAW_LOG = 1 << 19,  /* EventLog: Log Analytics' name of the channel */
    HINT_DOCUMENT = 1 << 20, /* document.data.x: a hit of Chainsaw */
    HINT_DOCUMENT_KIND = 1 << 21,
    HINT_DETAIL = 1 << 22, /* detail.x: EventBridge */
    HINT_DETAIL_TYPE = 1 << 23,
    HINT_OTEL_ID = 1 << 24,
    HINT_OTEL_PROVIDER = 1 << 25,
};

struct rename {
    struct str from, to;
    enum json_role role;
};

#define S(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct {
    struct str name;
    uint32_t hints;
} hint_names[] = {
    {S("System.Channel"), HINT_SYSTEM_ORIGIN},
    {S("System.Computer"), HINT_SYSTEM_ORIGIN},
    {S("winlog.channel"), HINT_WINLOG},
    {S("winlog.event_id"), HINT_WINLOG},
    {S("winlog.provider_name"), HINT_WINLOG},
    {S("log_name"), HINT_BEAT_CHANNEL},
    {S("event_id"), HINT_BEAT_ID},
    {S("source_name"), HINT_BEAT_ORIGIN},
    {S("computer_name"), HINT_BEAT_ORIGIN},
    {S("Channel"), HINT_FLAT_CHANNEL},
    {S("LogName"), HINT_FLAT_CHANNEL},
    {S("EventID"), HINT_FLAT_ID},
    {S("EventId"), HINT_FLAT_ID},
    {S("EventCode"), HINT_FLAT_ID},
    {S("Id"), HINT_FLAT_ID},
    {S("Hostname"), HINT_FLAT_HOST},
    {S("ComputerName"), HINT_FLAT_HOST},
    {S("MachineName"), HINT_FLAT_HOST},
    {S("SourceName"), HINT_FLAT_PROVIDER},
    {S("ProviderName"), HINT_FLAT_PROVIDER},
    {S("Provider"), HINT_FLAT_PROVIDER},
    {S("Source"), HINT_FLAT_SOURCE},
    {S("OpcodeValue"), HINT_OPCODE_VALUE},
    {S("EventLog"), HINT_LAW_LOG},
    {S("event_id.id"), HINT_OTEL_ID},
    {S("provider.name"), HINT_OTEL_PROVIDER},
};

/* Hints of names outside of an envelope, and of being inside one. */
static const struct {
    struct str name;
    uint32_t hints;
} envelope_names[] = {
    {S("_index"), HINT_HIT_INDEX},        {S("offset"), HINT_RESULT_OFFSET},
    {S("preview"), HINT_RESULT_OFFSET},   {S("result._raw"), HINT_RESULT_OFFSET},
    {S("sourcetype"), HINT_HEC_TYPE},     {S("document.kind"), HINT_DOCUMENT_KIND},
    {S("detail-type"), HINT_DETAIL_TYPE},
};

static const struct {
    struct str prefix;
    uint32_t hints;
} envelopes[] = {
    {S("_source."), HINT_HIT},     {S("result."), HINT_RESULT},
    {S("event."), HINT_HEC_EVENT}, {S("document.data."), HINT_DOCUMENT},
    {S("detail."), HINT_DETAIL},
};

static const struct rename winlog_names[] = {
    {S("winlog.channel"), S("Channel"), ROLE_PLAIN},
    {S("winlog.event_id"), S("EventID"), ROLE_PLAIN},
    {S("winlog.provider_name"), S("Provider_Name"), ROLE_PLAIN},
    {S("winlog.provider_guid"), S("Provider_Guid"), ROLE_PLAIN},
    {S("winlog.computer_name"), S("Computer"), ROLE_PLAIN},
    {S("winlog.record_id"), S("EventRecordID"), ROLE_PLAIN},
    {S("winlog.process.pid"), S("Execution_ProcessID"), ROLE_PLAIN},
    {S("winlog.process.thread.id"), S("Execution_ThreadID"), ROLE_PLAIN},
    {S("winlog.user.identifier"), S("Security_UserID"), ROLE_PLAIN},
    {S("winlog.activity_id"), S("Correlation_ActivityID"), ROLE_PLAIN},
    {S("winlog.related_activity_id"), S("Correlation_RelatedActivityID"), ROLE_PLAIN},
    {S("winlog.time_created"), S("TimeCreated_SystemTime"), ROLE_PLAIN},
    {S("winlog.task"), S("RenderingInfo.Task"), ROLE_PLAIN},
    {S("winlog.opcode"), S("RenderingInfo.Opcode"), ROLE_PLAIN},
    {S("winlog.keywords"), S("Keywords"), ROLE_KEYWORDS},
    {S("winlog.level"), S("Level"), ROLE_LEVEL},
    {S("winlog.version"), S("Version"), ROLE_PLAIN},
    {S("log.level"), S("Level"), ROLE_LEVEL},
    {S("message"), S("Message"), ROLE_PLAIN},
};

static const struct rename beat_names[] = {
    {S("log_name"), S("Channel"), ROLE_PLAIN},
    {S("event_id"), S("EventID"), ROLE_PLAIN},
    {S("source_name"), S("Provider_Name"), ROLE_PLAIN},
    {S("provider_guid"), S("Provider_Guid"), ROLE_PLAIN},
    {S("computer_name"), S("Computer"), ROLE_PLAIN},
    {S("record_number"), S("EventRecordID"), ROLE_PLAIN},
    {S("process_id"), S("Execution_ProcessID"), ROLE_PLAIN},
    {S("thread_id"), S("Execution_ThreadID"), ROLE_PLAIN},
    {S("user.identifier"), S("Security_UserID"), ROLE_PLAIN},
    {S("activity_id"), S("Correlation_ActivityID"), ROLE_PLAIN},
    {S("related_activity_id"), S("Correlation_RelatedActivityID"), ROLE_PLAIN},
    {S("task"), S("RenderingInfo.Task"), ROLE_PLAIN},
    {S("opcode"), S("RenderingInfo.Opcode"), ROLE_PLAIN},
    {S("keywords"), S("Keywords"), ROLE_KEYWORDS},
    {S("level"), S("Level"), ROLE_LEVEL},
    {S("version"), S("Version"), ROLE_PLAIN},
    {S("message"), S("Message"), ROLE_PLAIN},
};

static const struct rename flat_names[] = {
    {S("LogName"), S("Channel"), ROLE_PLAIN},
    {S("EventLog"), S("Channel"), ROLE_PLAIN},
    {S("EventCode"), S("EventID"), ROLE_PLAIN},
    {S("EventId"), S("EventID"), ROLE_PLAIN},
    {S("Id"), S("EventID"), ROLE_PLAIN},
    {S("SourceName"), S("Provider_Name"), ROLE_PLAIN},
    {S("ProviderName"), S("Provider_Name"), ROLE_PLAIN},
    {S("Provider"), S("Provider_Name"), ROLE_PLAIN},
    {S("ProviderGuid"), S("Provider_Guid"), ROLE_PLAIN},
    {S("ProviderId"), S("Provider_Guid"), ROLE_PLAIN},
    {S("Hostname"), S("Computer"), ROLE_PLAIN},
    {S("ComputerName"), S("Computer"), ROLE_PLAIN},
    {S("MachineName"), S("Computer"), ROLE_PLAIN},
    {S("RecordNumber"), S("EventRecordID"), ROLE_PLAIN},
    {S("RecordId"), S("EventRecordID"), ROLE_PLAIN},
    {S("EventRecordId"), S("EventRecordID"), ROLE_PLAIN},
    {S("ExecutionProcessID"), S("Execution_ProcessID"), ROLE_PLAIN},
    {S("ExecutionThreadID"), S("Execution_ThreadID"), ROLE_PLAIN},
    {S("ThreadID"), S("Execution_ThreadID"), ROLE_PLAIN},
    {S("UserID"), S("Security_UserID"), ROLE_PLAIN},
    {S("ActivityID"), S("Correlation_ActivityID"), ROLE_PLAIN},
    {S("RelatedActivityID"), S("Correlation_RelatedActivityID"), ROLE_PLAIN},
    {S("TimeCreated"), S("TimeCreated_SystemTime"), ROLE_PLAIN},
};

static const struct rename source_names[] = {
    {S("Source"), S("Provider_Name"), ROLE_PLAIN},
};

/* NXLog's Opcode and Category are texts for people, its Keywords are signed. */
static const struct rename nxlog_names[] = {
    {S("Opcode"), S("RenderingInfo.Opcode"), ROLE_PLAIN},
    {S("OpcodeValue"), S("Opcode"), ROLE_PLAIN},
    {S("Category"), S("RenderingInfo.Task"), ROLE_PLAIN},
    {S("Keywords"), S("Keywords"), ROLE_KEYWORDS},
};

static const struct rename otel_names[] = {
    {S("channel"), S("Channel"), ROLE_PLAIN},
    {S("computer"), S("Computer"), ROLE_PLAIN},
    {S("event_id.id"), S("EventID"), ROLE_PLAIN},
    {S("event_id.qualifiers"), S("EventID_Qualifiers"), ROLE_PLAIN},
    {S("provider.name"), S("Provider_Name"), ROLE_PLAIN},
    {S("provider.guid"), S("Provider_Guid"), ROLE_PLAIN},
    {S("provider.event_source"), S("Provider_EventSourceName"), ROLE_PLAIN},
    {S("record_id"), S("EventRecordID"), ROLE_PLAIN},
    {S("system_time"), S("TimeCreated_SystemTime"), ROLE_PLAIN},
    {S("execution.process_id"), S("Execution_ProcessID"), ROLE_PLAIN},
    {S("execution.thread_id"), S("Execution_ThreadID"), ROLE_PLAIN},
    {S("security.user_id"), S("Security_UserID"), ROLE_PLAIN},
    {S("correlation.activity_id"), S("Correlation_ActivityID"), ROLE_PLAIN},
    {S("correlation.related_activity_id"), S("Correlation_RelatedActivityID"), ROLE_PLAIN},
    {S("task"), S("RenderingInfo.Task"), ROLE_PLAIN},
    {S("opcode"), S("RenderingInfo.Opcode"), ROLE_PLAIN},
    {S("keywords"), S("Keywords"), ROLE_KEYWORDS},
    {S("level"), S("Level"), ROLE_LEVEL},
    {S("version"), S("Version"), ROLE_PLAIN},
    {S("message"), S("Message"), ROLE_PLAIN},
};

static const struct str winlog_wrappers[] = {S("winlog.event_data."), S("winlog.user_data.")};
static const struct str beat_wrappers[] = {S("event_data."), S("user_data.")};
static const struct str otel_wrappers[] = {S("event_data.data."), S("event_data."),
                                           S("user_data.")};

#define TABLE(array) (array), sizeof(array) / sizeof((array)[0])

/* The first row whose evidence is complete is the record's shape. */
static const struct {
    enum json_shape shape;
    uint32_t evidence; /* hints, all of them */
} shapes[] = {
    {SHAPE_EVENT_XML, HINT_SYSTEM_ID | HINT_SYSTEM_ORIGIN},
    {SHAPE_WINLOG, HINT_WINLOG},
    {SHAPE_BEAT, HINT_BEAT_CHANNEL | HINT_BEAT_ID | HINT_BEAT_ORIGIN},
    {SHAPE_OTEL, HINT_OTEL_ID | HINT_OTEL_PROVIDER},
    {SHAPE_NXLOG, HINT_FLAT_CHANNEL | HINT_FLAT_ID | HINT_FLAT_HOST | HINT_OPCODE_VALUE},
    {SHAPE_FLAT, HINT_FLAT_CHANNEL | HINT_FLAT_ID | HINT_FLAT_PROVIDER},
    {SHAPE_FLAT_SOURCE, HINT_FLAT_CHANNEL | HINT_FLAT_ID | HINT_FLAT_SOURCE | HINT_FLAT_HOST},
    {SHAPE_FLAT, HINT_FLAT_CHANNEL | HINT_FLAT_ID | HINT_FLAT_HOST},
    {SHAPE_FLAT_SOURCE, HINT_LAW_LOG | HINT_FLAT_ID | HINT_FLAT_SOURCE},
    {SHAPE_EVENT_XML, HINT_DATA},
};

/* How the names of a shape are rewritten. Shapes without a row keep theirs. */
static const struct {
    enum json_shape shape;
    const struct rename *names;
    size_t n_names;
    const struct str *wrappers; /* what their names lose */
    size_t n_wrappers;
} rewrites[] = {
    {SHAPE_WINLOG, TABLE(winlog_names), TABLE(winlog_wrappers)},
    {SHAPE_BEAT, TABLE(beat_names), TABLE(beat_wrappers)},
    {SHAPE_OTEL, TABLE(otel_names), TABLE(otel_wrappers)},
    {SHAPE_NXLOG, TABLE(nxlog_names), NULL, 0},
    {SHAPE_NXLOG, TABLE(flat_names), NULL, 0},
    {SHAPE_FLAT_SOURCE, TABLE(source_names), NULL, 0},
    {SHAPE_FLAT_SOURCE, TABLE(flat_names), NULL, 0},
    {SHAPE_FLAT, TABLE(flat_names), NULL, 0},
};

static const struct rename *find_rename(struct str path, const struct rename *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(path, names[i].from))
            return &names[i];
    return NULL;
}

/* The path inside the envelope it names, or all of it; the hints of what was found. */
static struct str open_envelope(struct str path, uint32_t *ret_hints)
{
    for (size_t i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++) {
        if (!str_starts(path, envelopes[i].prefix))
            continue;
        *ret_hints = envelopes[i].hints;
        return str_skip(path, envelopes[i].prefix.len);
    }
    *ret_hints = 0;
    return path;
}

/* The path without the root element, which some converters leave out. */
static struct str inside_event(struct str path)
{
    return str_starts(path, STR("Event.")) ? str_skip(path, 6) : path;
}

/* Is it the event's own part, which shapes that are flat otherwise may leave as it is in XML? */
static bool is_event_data(struct str path)
{
    return str_starts(path, STR("EventData.")) || str_starts(path, STR("UserData."));
}

uint32_t json_shape_hints(struct str path)
{
    uint32_t hints = 0;
    for (size_t i = 0; i < sizeof(envelope_names) / sizeof(envelope_names[0]); i++)
        if (str_eq(path, envelope_names[i].name))
            hints |= envelope_names[i].hints;
    if (json_wrapper_names(str_first(path, str_index(path, '.'))))
        hints |= JSON_HINT_LIST;
    uint32_t envelope;
    struct str whole = open_envelope(path, &envelope);
    path = inside_event(whole);
    for (size_t i = 0; i < sizeof(hint_names) / sizeof(hint_names[0]); i++)
        if (str_eq(path, hint_names[i].name))
            hints |= hint_names[i].hints;
    if (str_starts(whole, STR("EventData.Data")) || str_starts(whole, STR("UserData.")))
        hints |= HINT_DATA;
    if (embedded_names(path))
        hints |= JSON_HINT_TEXT;
    if (str_starts(path, STR("System.EventID")))
        hints |= HINT_SYSTEM_ID;
    if (str_starts(path, STR("System.Provider")))
        hints |= HINT_SYSTEM_ORIGIN;
    return hints | envelope;
}

static bool is_enveloped(uint32_t hints)
{
    return (hints & (HINT_HIT | HINT_HIT_INDEX)) == (HINT_HIT | HINT_HIT_INDEX) ||
           (hints & (HINT_RESULT | HINT_RESULT_OFFSET)) == (HINT_RESULT | HINT_RESULT_OFFSET) ||
           (hints & (HINT_HEC_EVENT | HINT_HEC_TYPE)) == (HINT_HEC_EVENT | HINT_HEC_TYPE) ||
           (hints & (HINT_DETAIL | HINT_DETAIL_TYPE)) == (HINT_DETAIL | HINT_DETAIL_TYPE) ||
           (hints & (HINT_DOCUMENT | HINT_DOCUMENT_KIND)) == (HINT_DOCUMENT | HINT_DOCUMENT_KIND);
}

uint32_t json_shape_variant(uint32_t hints)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if ((hints & shapes[i].evidence) == shapes[i].evidence)
            return JSON_VARIANT(shapes[i].shape, is_enveloped(hints));
    return JSON_VARIANT(SHAPE_NATIVE, is_enveloped(hints));
}

static bool is_flat(enum json_shape shape)
{
    return shape == SHAPE_FLAT || shape == SHAPE_FLAT_SOURCE || shape == SHAPE_NXLOG;
}

struct str json_shape_name(struct str path, uint32_t variant, struct arena *arena,
                           uint8_t *ret_role)
{
    enum json_shape shape = variant / 2;
    uint32_t envelope;
    *ret_role = ROLE_PLAIN;
    if (variant % 2)
        path = open_envelope(path, &envelope);
    if (shape == SHAPE_EVENT_XML || (is_flat(shape) && is_event_data(path)))
        return json_event_xml_name(path, arena, ret_role);
    for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
        if (rewrites[i].shape != shape)
            continue;
        const struct rename *rename = find_rename(path, rewrites[i].names, rewrites[i].n_names);
        if (rename) {
            *ret_role = (uint8_t)rename->role;
            return rename->to;
        }
        for (size_t j = 0; j < rewrites[i].n_wrappers; j++)
            if (str_starts(path, rewrites[i].wrappers[j]))
                return str_skip(path, rewrites[i].wrappers[j].len);
    }
    return path;
}

/* Names the slots from `first` on anew. */
static void rename_slots(struct json_reader *reader, uint32_t first)
{
    struct event *event = &reader->parser->event;
    for (uint32_t i = first; i < event->n_slots; i++) {
        struct json_key *key = reader->slot_keys[i];
        const struct name *name = key->names[reader->variant];
        if (!name)
            name = json_keys_name(reader, key);
        event->slots[i].name = name->ptr;
        event->slots[i].name_len = name->len;
        event->slots[i].field = name->field;
    }
}

void json_shape_finish(struct json_reader *reader, uint32_t first)
{
    if (reader->hints != reader->hints_last) {
        uint32_t variant = json_shape_variant(reader->hints);
        reader->hints_last = reader->hints;
        if (variant != reader->variant) {
            reader->variant = variant;
            rename_slots(reader, first);
        }
    }
    if (reader->hints & JSON_HINT_CUT)
        reader->parser->event.cut = true;
    if (reader->variant / 2 != SHAPE_NATIVE)
        json_roles_apply(reader, first);
}
