/*
 * STIX 2.1 (and 2.0): bundles, TAXII envelopes, lists of objects, one object. Indicators with their patterns; observables where
 * a document holds no indicators: beside indicators they are context, of victims as much as of attackers.
 */
#include <stdlib.h>

#include "intel/feed_take.h"
#include "intel/json_tree.h"
#include "intel/stix_pattern.h"

#define STIX_ARENA_MAX (8u << 20) /* texts of one pattern */
#define PROBE_BYTES 4096

/* Marking definitions that every producer refers to: TLP 1.0 (STIX 2.1, 7.2.1.4) and TLP 2.0 (OASIS extension). */
static const struct {
    const char *id;
    enum tlp tlp;
} MARKINGS[] = {
    {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", TLP_CLEAR},
    {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", TLP_GREEN},
    {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", TLP_AMBER},
    {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", TLP_RED},
    {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", TLP_CLEAR},
    {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", TLP_GREEN},
    {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", TLP_AMBER},
    {"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", TLP_AMBER_STRICT},
    {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", TLP_RED},
};

struct document {
    struct feed_reader reader;
    json_t *markings; /* id → the document's own definitions */
    struct arena arena;
    struct stix_pattern pattern;
    bool has_indicators;
};

/* The TLP that a definition stands for: in the name, the old member, or the extension. */
static enum tlp definition_tlp(const json_t *definition)
{
    enum tlp tlp = TLP_NONE;
    const char *key;
    json_t *extension;
    json_t *extensions = json_object_get(definition, "extensions");
    if (tlp_by_name(json_tree_member(json_object_get(definition, "definition"), "tlp"), &tlp) ||
        tlp_by_name(json_tree_member(definition, "name"), &tlp))
        return tlp;
    json_object_foreach(
        extensions, key,
        extension) if (tlp_by_name(json_tree_member(extension, "tlp_2_0"), &tlp)) return tlp;
    return TLP_NONE;
}

static enum tlp marking_tlp(const struct document *document, struct str id)
{
    for (size_t i = 0; i < sizeof(MARKINGS) / sizeof(MARKINGS[0]); i++)
        if (str_eq(id, str_from_c(MARKINGS[i].id)))
            return MARKINGS[i].tlp;
    const json_t *definition = json_object_getn(document->markings, id.ptr ? id.ptr : "", id.len);
    return definition ? definition_tlp(definition) : TLP_NONE;
}

/* The strictest marking of an object. */
static enum tlp object_tlp(const struct document *document, const json_t *object)
{
    enum tlp strictest = TLP_NONE;
    size_t i;
    json_t *ref;
    json_array_foreach(json_object_get(object, "object_marking_refs"), i, ref)
    {
        enum tlp tlp = marking_tlp(document, json_tree_text(ref));
        strictest = tlp > strictest ? tlp : strictest;
    }
    return strictest;
}

static struct str first_text(const json_t *list)
{
    return json_tree_text(json_array_get(list, 0));
}

/* STIX 2.1, 3.2: an integer from 0 to 100. */
static void say_confidence(struct document *document, const json_t *object, struct feed_said *said)
{
    const json_t *confidence = json_object_get(object, "confidence");
    double number = json_number_value(confidence);
    char *text;
    if (!confidence)
        return;
    if (json_is_number(confidence) && number >= 0 && number <= 100) {
        said->confidence = (uint8_t)number;
        return;
    }
    text = json_dumps(confidence, JSON_ENCODE_ANY | JSON_COMPACT);
    feed_refuse(&document->reader, FEED_CONFIDENCE, str_from_c(text));
    free(text);
}

static void say_object(struct document *document, const json_t *object, struct feed_said *said)
{
    said->id = json_tree_member(object, "id");
    said->label = json_tree_member(object, "name");
    if (said->label.len == 0)
        said->label = first_text(json_object_get(object, "indicator_types"));
    if (said->label.len == 0)
        said->label = first_text(json_object_get(object, "labels"));
    say_confidence(document, object, said);
    said->tlp = object_tlp(document, object);
    said->from = json_tree_time(object, "valid_from");
    said->until = json_tree_time(object, "valid_until");
    said->seen = json_tree_time(object, "modified");
}

static int take_pattern(struct document *document, struct str text, const struct feed_said *said)
{
    struct feed_reader *reader = &document->reader;
    struct err problem;
    arena_reset(&document->arena);
    int status = stix_pattern_read(text, &document->arena, &document->pattern, &problem);
    if (status == -EINVAL) {
        feed_refuse(reader, FEED_PATTERN, text);
        return 0;
    }
    for (unsigned i = 0; status == 0 && i < FEED_REFUSALS; i++)
        if (document->pattern.refused[i])
            feed_refuse(reader, (enum feed_refusal)i, text);
    for (size_t i = 0; status == 0 && i < document->pattern.facts.len; i++) {
        const struct stix_fact *fact = &document->pattern.facts.items[i];
        status = feed_take(reader, fact->type, fact->value, said);
    }
    return status;
}

static int take_indicator(struct document *document, const json_t *object)
{
    struct feed_said said = FEED_SAID_NOTHING;
    struct str pattern = json_tree_member(object, "pattern");
    struct str language = json_tree_member(object, "pattern_type"); /* 2.0 has none */
    if (json_is_true(json_object_get(object, "revoked"))) {
        feed_refuse(&document->reader, FEED_REVOKED, pattern);
        return 0;
    }
    if (language.len && !str_eq(language, STR("stix"))) {
        feed_refuse(&document->reader, FEED_LANGUAGE, language);
        return 0;
    }
    say_object(document, object, &said);
    return take_pattern(document, pattern, &said);
}

/* ---- observables (STIX 2.1, 6) ---- */

static int take_hashes(struct document *document, json_t *hashes, const struct feed_said *said,
                       bool *ret_any)
{
    const char *name;
    json_t *value;
    int status = 0;
    json_object_foreach(hashes, name, value)
    {
        char path[64];
        int len = snprintf(path, sizeof(path), "file:hashes.%.40s", name);
        enum indicator_type type = stix_path_type(str_of(path, len > 0 ? (size_t)len : 0));
        if (status < 0 || type == INDICATOR_NONE)
            continue;
        *ret_any = true;
        status = feed_take(&document->reader, type, json_tree_text(value), said);
    }
    return status;
}

static int take_observable(struct document *document, const json_t *object, struct str type)
{
    static const struct {
        const char *type;
        enum indicator_type indicator;
    } TYPES[] = {
        {"ipv4-addr", INDICATOR_IPV4},     {"ipv6-addr", INDICATOR_IPV6},   {"url", INDICATOR_URL},
        {"domain-name", INDICATOR_DOMAIN}, {"email-addr", INDICATOR_EMAIL},
    };
    struct feed_said said = FEED_SAID_NOTHING;
    struct str value = json_tree_member(object, "value");
    for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
        if (!str_eq(type, str_from_c(TYPES[i].type)))
            continue;
        if (document->has_indicators) {
            feed_refuse(&document->reader, FEED_CONTEXT, value);
            return 0;
        }
        say_object(document, object, &said);
        said.label = (struct str){0};
        return feed_take(&document->reader, TYPES[i].indicator, value, &said);
    }
    if (!str_eq(type, STR("file")) && !str_eq(type, STR("artifact")))
        return 0;
    if (document->has_indicators) {
        feed_refuse(&document->reader, FEED_CONTEXT, json_tree_member(object, "name"));
        return 0;
    }
    bool any = false;
    say_object(document, object, &said);
    int status = take_hashes(document, json_object_get(object, "hashes"), &said, &any);
    /* A file's name says something only where no digest says which file it is. */
    if (status == 0 && !any && json_tree_member(object, "name").len)
        status = feed_take(&document->reader, INDICATOR_FILE_NAME, json_tree_member(object, "name"),
                           &said);
    return status;
}

/* ---- documents ---- */

static int note_objects(struct document *document, const json_t *objects)
{
    size_t i;
    json_t *object;
    json_array_foreach(objects, i, object)
    {
        struct str type = json_tree_member(object, "type");
        document->has_indicators = document->has_indicators || str_eq(type, STR("indicator"));
        if (str_eq(type, STR("marking-definition")) && json_tree_member(object, "id").len &&
            json_object_set(document->markings, json_tree_member(object, "id").ptr, object) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int take_objects(struct document *document, const json_t *objects)
{
    size_t i;
    json_t *object;
    int status = note_objects(document, objects);
    json_array_foreach(objects, i, object)
    {
        struct str type = json_tree_member(object, "type");
        if (status < 0)
            break;
        status = str_eq(type, STR("indicator")) ? take_indicator(document, object)
                                                : take_observable(document, object, type);
    }
    return status;
}

static int read_document(struct str bytes, const struct feed_options *options,
                         const struct feed_sink *sink, struct feed_report *report, struct err *err)
{
    struct document document = {.reader = {options, sink, report, err, 0}};
    json_t *root = json_tree(bytes, err), *single = NULL;
    if (!root)
        return err->code;
    const json_t *objects = json_is_array(root) ? root : json_object_get(root, "objects");
    int status = 0;
    arena_init(&document.arena, STIX_ARENA_MAX);
    document.markings = json_object();
    if (!objects) {
        single = json_pack("[O]", root);
        objects = single;
    }
    if (!document.markings || !objects)
        status = err_set(err, -ENOMEM, "no memory for a bundle");
    if (status == 0)
        status = take_objects(&document, objects);
    stix_pattern_free(&document.pattern);
    arena_free(&document.arena);
    json_decref(document.markings);
    json_decref(single);
    json_decref(root);
    return status;
}

static bool probe(struct str bytes)
{
    struct str start = str_trim(str_first(bytes, PROBE_BYTES));
    if (start.len == 0 || (start.ptr[0] != '{' && start.ptr[0] != '['))
        return false;
    return str_find(start, STR("\"spec_version\"")) != SIZE_MAX ||
           str_find(start, STR("bundle--")) != SIZE_MAX ||
           str_find(start, STR("indicator--")) != SIZE_MAX ||
           str_find(start, STR("\"pattern_type\"")) != SIZE_MAX;
}

const struct feed_format feed_stix = {
    .name = "stix",
    .about = "STIX 2.1 and 2.0: bundles, TAXII envelopes, objects",
    .probe = probe,
    .read = read_document,
};
