#include "scan/ocsf.h"

#include "base/hash.h"

#define OBSERVABLES_MAX 32 /* of one finding */

/* OCSF severity_id and severity of a level. */
static const struct {
    int id;
    const char *name;
} severities[] = {
    [SIGMA_LEVEL_NONE] = {0, "Unknown"},
    [SIGMA_INFORMATIONAL] = {1, "Informational"},
    [SIGMA_LOW] = {2, "Low"},
    [SIGMA_MEDIUM] = {3, "Medium"},
    [SIGMA_HIGH] = {4, "High"},
    [SIGMA_CRITICAL] = {5, "Critical"},
};

/* OCSF observable types by the kind of a field; 0: the kind is none. */
static const struct {
    int id;
    const char *name;
} observables[] = {
    [FIELD_HOST] = {1, "Hostname"},
    [FIELD_DOMAIN] = {1, "Hostname"},
    [FIELD_IP] = {2, "IP Address"},
    [FIELD_USER] = {4, "User Name"},
    [FIELD_EMAIL] = {5, "Email Address"},
    [FIELD_URL] = {6, "URL String"},
    [FIELD_HASH] = {8, "Hash"},
    [FIELD_HASHES] = {8, "Hash"},
    [FIELD_PORT] = {11, "Port"},
    [FIELD_COMMAND] = {13, "Command Line"},
    [FIELD_PROCESS_ID] = {15, "Process ID"},
    [FIELD_AGENT] = {16, "HTTP User-Agent"},
    [FIELD_PATH] = {45, "File Path"},
    [FIELD_REGISTRY] = {46, "Registry Key Path"},
};

/* OCSF osint types by the type of an indicator. */
static const struct {
    int id;
    const char *name;
} osint_types[INDICATOR_COUNT] = {
    [INDICATOR_NONE] = {0, "Unknown"},
    [INDICATOR_IPV4] = {1, "IP Address"},
    [INDICATOR_IPV6] = {1, "IP Address"},
    [INDICATOR_CIDR4] = {1, "IP Address"},
    [INDICATOR_CIDR6] = {1, "IP Address"},
    [INDICATOR_DOMAIN] = {2, "Domain"},
    [INDICATOR_HOST] = {3, "Hostname"},
    [INDICATOR_URL] = {5, "URL"},
    [INDICATOR_MD5] = {4, "Hash"},
    [INDICATOR_SHA1] = {4, "Hash"},
    [INDICATOR_SHA256] = {4, "Hash"},
    [INDICATOR_EMAIL] = {9, "Email Address"},
    [INDICATOR_FILE_NAME] = {11, "File"},
    [INDICATOR_FILE_PATH] = {11, "File"},
    [INDICATOR_JA3] = {4, "Hash"},
    [INDICATOR_JA4] = {4, "Hash"},
    [INDICATOR_USER_AGENT] = {6, "User Agent"},
};

static const char *const osint_tlps[TLP_COUNT] = {"",      "CLEAR",        "GREEN",
                                                  "AMBER", "AMBER STRICT", "RED"};

/* Keys are our own: nothing in them needs an escape. */
static void add_key(struct buf *line, const char *key)
{
    buf_add_byte(line, '"');
    buf_add_c(line, key);
    buf_add_c(line, "\":");
}

/* OCSF counts in milliseconds. */
static void add_time(struct buf *line, const char *key, int64_t time_us)
{
    if (time_us == TIME_UNSET)
        return;
    add_key(line, key);
    buf_add_i64(line, time_us / 1000);
    buf_add_byte(line, ',');
}

static void add_text(struct buf *line, const char *key, struct str text)
{
    if (text.len == 0)
        return;
    add_key(line, key);
    buf_add_json(line, text);
    buf_add_byte(line, ',');
}

/* Removes the comma that the last member left. */
static void close_object(struct buf *line, const char *end)
{
    if (line->len && line->ptr[line->len - 1] == ',')
        line->len--;
    buf_add_c(line, end);
}

static uint64_t identity(const struct finding *finding, uint64_t seed)
{
    const struct sigma_meta *meta = finding->meta;
    uint64_t hash = hash_bytes(meta->id.ptr, meta->id.len, seed);
    hash = hash_mix(hash, hash_bytes(meta->title.ptr, meta->title.len, seed));
    if (finding->event) {
        hash = hash_mix(hash, hash_bytes(finding->event->path.ptr, finding->event->path.len, seed));
        hash = hash_mix(hash, finding->event->record);
    }
    if (finding->correlated) {
        hash = hash_mix(hash, (uint64_t)finding->correlated->last);
        for (uint32_t i = 0; i < finding->correlated->n_groups; i++)
            hash = hash_mix(hash, hash_text(finding->correlated->group_values[i]));
    }
    return hash;
}

/* A UUID of version 8 (RFC 9562, 5.8: custom) over the finding's identity. */
static void add_uid(struct buf *line, const struct finding *finding)
{
    unsigned long long high = identity(finding, 1), low = identity(finding, 2);
    high = (high & ~0xf000ull) | 0x8000ull;
    low = (low & ~(3ull << 62)) | 2ull << 62;
    buf_printf(line, "\"uid\":\"%08llx-%04llx-%04llx-%04llx-%012llx\",", high >> 32,
               high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffffffffffffull);
}

/* "technique":{"uid":"T1059","name":"..."} */
static void add_technique(struct buf *line, const char *key, struct str id,
                          const struct attack_technique *technique)
{
    add_key(line, key);
    buf_add_byte(line, '{');
    add_text(line, "uid", id);
    add_text(line, "name", technique ? technique->name : (struct str){0});
    close_object(line, "},");
}

/* Techniques that ATT&CK has renamed since are given with their present id. */
static void add_attack(struct buf *line, const struct attack *attack, struct str id)
{
    const struct attack_technique *technique = attack ? attack_find(attack, id) : NULL;
    if (technique)
        id = technique->id;
    struct str parent = str_first(id, str_index(id, '.'));
    buf_add_byte(line, '{');
    add_technique(line, "technique", parent, attack ? attack_find(attack, parent) : NULL);
    if (parent.len < id.len)
        add_technique(line, "sub_technique", id, technique);
    add_text(line, "version", attack ? attack->version : (struct str){0});
    close_object(line, "}");
}

static void add_attacks(struct buf *line, const struct attack *attack,
                        const struct sigma_meta *meta)
{
    bool first = true;
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        char id[ATTACK_ID_MAX];
        if (!attack_tag_technique(meta->tags[i], id))
            continue;
        buf_add_c(line, first ? "\"attacks\":[" : ",");
        first = false;
        add_attack(line, attack, str_from_c(id));
    }
    if (!first)
        buf_add_c(line, "],");
}

/* What found it, as OCSF's kinds of analytics. */
static const struct analytic {
    int type_id;
    const char *type, *category;
} analytics[] = {
    {1, "Rule", "Sigma rule"},
    {1, "Rule", "Sigma correlation"},
    {9, "Exact Data Match", "Indicator"},
    {2, "Behavioral", "Saved hunt"},
};

static const struct analytic *analytic_of(const struct finding *finding)
{
    if (finding->rule)
        return &analytics[0];
    if (finding->correlation)
        return &analytics[1];
    return &analytics[finding->indicator ? 2 : 3];
}

static void add_analytic(struct buf *line, const struct finding *finding)
{
    const struct sigma_meta *meta = finding->meta;
    const struct analytic *analytic = analytic_of(finding);
    buf_printf(line, "\"analytic\":{\"type_id\":%d,\"type\":\"%s\",", analytic->type_id,
               analytic->type);
    add_text(line, "category", str_from_c(analytic->category));
    add_text(line, "name", meta->title);
    add_text(line, "uid", meta->id.len ? meta->id : meta->name);
    add_text(line, "desc", meta->description);
    close_object(line, "},");
}

static void add_info(struct buf *line, const struct attack *attack, const struct finding *finding)
{
    const struct sigma_meta *meta = finding->meta;
    const struct finding_correlated *correlated = finding->correlated;
    buf_add_c(line, "\"finding_info\":{");
    add_uid(line, finding);
    add_text(line, "title", finding->title.len ? finding->title : meta->title);
    add_text(line, "desc", meta->description);
    add_time(line, "first_seen_time", correlated ? correlated->first : finding_time(finding));
    add_time(line, "last_seen_time", finding_time(finding));
    if (meta->n_tags) {
        buf_add_c(line, "\"tags\":[");
        for (uint32_t i = 0; i < meta->n_tags; i++) {
            buf_add_c(line, i ? ",{\"name\":" : "{\"name\":");
            buf_add_json(line, meta->tags[i]);
            buf_add_byte(line, '}');
        }
        buf_add_c(line, "],");
    }
    add_analytic(line, finding);
    add_attacks(line, attack, meta);
    close_object(line, "},");
}

/* Where the event is from, in front of its own members. */
static void add_place(struct buf *line, const struct finding_event *event)
{
    struct str members = event->json.len > 2 ? str_skip(event->json, 1) : STR("}");
    buf_add_c(line, "{\"_source\":");
    buf_add_json(line, event->path);
    buf_printf(line, ",\"_record\":%llu", (unsigned long long)event->record);
    if (event->dataset) {
        buf_add_c(line, ",\"_dataset\":");
        buf_add_json(line, event->dataset->name);
    }
    if (members.len > 1)
        buf_add_byte(line, ',');
    buf_add_str(line, members);
}

static void add_evidence(struct buf *line, const struct ocsf_options *options,
                         const struct finding_event *event)
{
    buf_add_c(line, "{");
    if (event->host.len) {
        buf_add_c(line, "\"device\":{\"type_id\":0,\"hostname\":");
        buf_add_json(line, event->host);
        buf_add_c(line, "},");
    }
    buf_add_c(line, "\"data\":");
    if (!options->placed)
        add_place(line, event);
    else if (event->json.len)
        buf_add_str(line, event->json);
    else
        buf_add_c(line, "{}");
    buf_add_byte(line, '}');
}

static void add_evidences(struct buf *line, const struct ocsf_options *options,
                          const struct finding *finding)
{
    const struct finding_correlated *correlated = finding->correlated;
    uint32_t count = correlated ? correlated->n_events : finding->event ? 1 : 0;
    if (count == 0)
        return;
    buf_add_c(line, "\"evidences\":[");
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            buf_add_byte(line, ',');
        add_evidence(line, options, correlated ? &correlated->events[i] : finding->event);
    }
    buf_add_c(line, "],");
}

/* OCSF's osint profile: what the feed says. The value that was found is among the observables. */
static void add_osint(struct buf *line, const struct intel_match *match)
{
    const struct indicator *is = &match->indicator;
    buf_printf(line, "\"osint\":[{\"type_id\":%d,\"type\":\"%s\",", osint_types[is->type].id,
               osint_types[is->type].name);
    add_text(line, "value", is->value);
    add_text(line, "name", is->label);
    add_text(line, "uid", is->id);
    add_text(line, "vendor_name", is->source);
    add_text(line, "tlp", str_from_c(osint_tlps[is->tlp]));
    if (is->confidence != INDICATOR_CONFIDENCE_UNSET) {
        int id = is->confidence >= 75 ? 3 : is->confidence >= 40 ? 2 : 1;
        static const char *const names[] = {"Unknown", "Low", "Medium", "High"};
        buf_printf(line, "\"confidence_id\":%d,\"confidence\":\"%s\",", id, names[id]);
    }
    add_time(line, "expiration_time", is->until);
    close_object(line, "}],");
    if (match->field.len) {
        buf_add_c(line, "\"unmapped\":{\"field\":");
        buf_add_json(line, match->field);
        buf_add_byte(line, '}');
        buf_add_byte(line, ',');
    }
}

static void add_observables(struct buf *line, const struct finding_event *event)
{
    uint32_t count = 0;
    for (uint32_t i = 0; event && i < event->n_fields && count < OBSERVABLES_MAX; i++) {
        const struct finding_field *field = &event->fields[i];
        if ((size_t)field->kind >= sizeof(observables) / sizeof(observables[0]) ||
            !observables[field->kind].id || field->text.len == 0)
            continue;
        buf_add_c(line, count++ ? "," : "\"observables\":[");
        buf_add_c(line, "{\"name\":\"evidences[].data.");
        buf_add_json_text(line, field->name);
        buf_add_c(line, "\",\"type_id\":");
        buf_add_i64(line, observables[field->kind].id);
        buf_add_c(line, ",\"type\":\"");
        buf_add_c(line, observables[field->kind].name);
        buf_add_c(line, "\",\"value\":");
        buf_add_json(line, field->text);
        buf_add_byte(line, '}');
    }
    if (count)
        buf_add_c(line, "],");
}

static void add_group(struct buf *line, const struct finding_correlated *correlated)
{
    buf_printf(line, "\"count\":%llu,\"unmapped\":{\"value\":%.17g,\"group_by\":{",
               (unsigned long long)correlated->count, correlated->value);
    for (uint32_t i = 0; i < correlated->n_groups; i++) {
        if (i)
            buf_add_byte(line, ',');
        buf_add_json(line, correlated->group_names[i]);
        buf_add_byte(line, ':');
        buf_add_json(line, correlated->group_values[i]);
    }
    buf_add_c(line, "}},");
}

void ocsf_write(const struct ocsf_options *options, const struct finding *finding, struct buf *line)
{
    enum sigma_level level = finding->meta->level;
    int64_t time = finding_time(finding);

    buf_add_c(line,
              "{\"activity_id\":1,\"activity_name\":\"Create\",\"category_uid\":2,"
              "\"category_name\":\"Findings\",\"class_uid\":2004,"
              "\"class_name\":\"Detection Finding\",\"type_uid\":200401,"
              "\"type_name\":\"Detection Finding: Create\",\"status_id\":1,\"status\":\"New\","
              "\"is_alert\":true,");
    /* OCSF requires a time. No clock for what is undated: the same input gives the same lines. */
    add_time(line, "time", time == TIME_UNSET ? 0 : time);
    if (time == TIME_UNSET)
        buf_add_c(line, "\"status_detail\":\"the event carries no time\",");
    buf_printf(line, "\"severity_id\":%d,\"severity\":\"%s\",", severities[level].id,
               severities[level].name);
    buf_add_c(line, "\"metadata\":{\"version\":\"1.8.0\",\"product\":{\"name\":\"jaga\","
                    "\"vendor_name\":\"jaga\",\"version\":\"" JAGA_VERSION "\"},");
    add_text(line, "tenant_uid", options->tenant);
    if (finding->indicator)
        buf_add_c(line, "\"profiles\":[\"osint\"],");
    close_object(line, "},");
    add_info(line, options->attack, finding);
    if (finding->correlated)
        add_group(line, finding->correlated);
    if (finding->indicator)
        add_osint(line, finding->indicator);
    add_evidences(line, options, finding);
    add_observables(line, finding->event);
    close_object(line, "}");
}
