/*
 * MISP's core format: events with attributes and objects, alone, in a list, or as the REST interface wraps them. Each
 * attribute that is meant for detection (to_ids) is an indicator; its id is the event's, which an analyst opens. A feed's
 * manifest names events and holds no indicators.
 */
#include "intel/feed_take.h"
#include "intel/json_tree.h"

#define PROBE_BYTES 4096

/* "tlp:red" and MISP's taxonomy of confidence. The strictest TLP counts. */
static void say_tags(const json_t *object, struct feed_said *said)
{
    static const struct {
        const char *tag;
        uint8_t confidence;
    } LEVELS[] = {
        {"misp:confidence-level=\"completely-confident\"", 100},
        {"misp:confidence-level=\"usually-confident\"", 75},
        {"misp:confidence-level=\"fairly-confident\"", 50},
        {"misp:confidence-level=\"rarely-confident\"", 25},
        {"misp:confidence-level=\"unconfident\"", 0},
    };
    size_t i;
    json_t *tag;
    json_array_foreach(json_object_get(object, "Tag"), i, tag)
    {
        struct str name = json_tree_member(tag, "name");
        enum tlp tlp;
        if (str_eq_ascii_nocase(str_first(name, 4), STR("tlp:")) && tlp_by_name(name, &tlp))
            said->tlp = tlp > said->tlp ? tlp : said->tlp;
        for (size_t k = 0; k < sizeof(LEVELS) / sizeof(LEVELS[0]); k++)
            if (str_eq(name, str_from_c(LEVELS[k].tag)))
                said->confidence = LEVELS[k].confidence;
    }
}

static int64_t later(int64_t a, int64_t b)
{
    return a == TIME_UNSET || (b != TIME_UNSET && b > a) ? b : a;
}

static int take_attribute(struct feed_reader *reader, const json_t *attribute,
                          const struct feed_said *event)
{
    struct str value = json_tree_member(attribute, "value"),
               comment = json_tree_member(attribute, "comment");
    struct feed_said said = *event;
    struct feed_type type;
    if (json_is_true(json_object_get(attribute, "deleted"))) {
        feed_refuse(reader, FEED_REVOKED, value);
        return 0;
    }
    if (!json_is_true(json_object_get(attribute, "to_ids"))) {
        feed_refuse(reader, FEED_NOT_TO_DETECT, value);
        return 0;
    }
    if (!feed_type_by_name(json_tree_member(attribute, "type"), &type)) {
        feed_refuse(reader, FEED_NO_TYPE, json_tree_member(attribute, "type"));
        return 0;
    }
    if (comment.len)
        said.label = comment;
    say_tags(attribute, &said);
    said.from = json_tree_time(attribute, "first_seen");
    said.seen =
        later(json_tree_time(attribute, "last_seen"), json_tree_time(attribute, "timestamp"));
    return feed_take_typed(reader, &type, value, &said);
}

static int take_attributes(struct feed_reader *reader, const json_t *attributes,
                           const struct feed_said *event)
{
    size_t i;
    json_t *attribute;
    int status = 0;
    json_array_foreach(attributes, i, attribute) if (status == 0) status =
        take_attribute(reader, attribute, event);
    return status;
}

static int take_event(struct feed_reader *reader, const json_t *event)
{
    struct feed_said said = FEED_SAID_NOTHING;
    size_t i;
    json_t *object;
    said.id = json_tree_member(event, "uuid");
    said.label = json_tree_member(event, "info");
    say_tags(event, &said);
    int status = take_attributes(reader, json_object_get(event, "Attribute"), &said);
    json_array_foreach(json_object_get(event, "Object"), i,
                       object) if (status == 0 && !json_is_true(json_object_get(object, "deleted")))
        status = take_attributes(reader, json_object_get(object, "Attribute"), &said);
    return status;
}

/* An event, wrapped or not; a list of them; a search's response. */
static int take_any(struct feed_reader *reader, const json_t *value)
{
    const json_t *event = json_object_get(value, "Event");
    const json_t *response = json_object_get(value, "response");
    const json_t *list = response ? response : value;
    size_t i;
    json_t *item;
    if (event)
        return take_event(reader, event);
    if (json_is_object(list) && json_object_get(list, "Attribute")) {
        /* A search for attributes has them without an event. */
        return take_event(reader, list);
    }
    int status = 0;
    json_array_foreach(list, i, item)
    {
        const json_t *inner = json_object_get(item, "Event");
        if (status == 0)
            status = take_event(reader, inner ? inner : item);
    }
    return status;
}

static int read_events(struct str bytes, const struct feed_options *options,
                       const struct feed_sink *sink, struct feed_report *report, struct err *err)
{
    struct feed_reader reader = {options, sink, report, err, 0};
    json_t *root = json_tree(bytes, err);
    if (!root)
        return err->code;
    int status = take_any(&reader, root);
    json_decref(root);
    return status;
}

static bool starts_like_json(struct str start)
{
    return start.len && (start.ptr[0] == '{' || start.ptr[0] == '[');
}

static bool probe(struct str bytes)
{
    struct str start = str_trim(str_first(bytes, PROBE_BYTES));
    return starts_like_json(start) && (str_find(start, STR("\"Event\"")) != SIZE_MAX ||
                                       str_find(start, STR("\"Attribute\"")) != SIZE_MAX);
}

const struct feed_format feed_misp = {
    .name = "misp",
    .about = "MISP events",
    .probe = probe,
    .read = read_events,
};

/* ---- manifest.json: uuid → {info, timestamp, Orgc, ...} ---- */

static int read_manifest(struct str bytes, const struct feed_options *options,
                         const struct feed_sink *sink, struct feed_report *report, struct err *err)
{
    (void)options, (void)sink, (void)report;
    json_t *root = json_tree(bytes, err);
    if (!root)
        return err->code;
    json_decref(root);
    return 0;
}

static bool probe_manifest(struct str bytes)
{
    struct str start = str_trim(str_first(bytes, PROBE_BYTES));
    return starts_like_json(start) && str_find(start, STR("\"Orgc\"")) != SIZE_MAX;
}

const struct feed_format feed_misp_manifest = {
    .name = "misp-manifest",
    .about = "the manifest of a MISP feed: names of events, no indicators",
    .probe = probe_manifest,
    .read = read_manifest,
};
