#include "cli/proof_file.h"

#include <errno.h>
#include <sodium.h>

/* A document that is read: the first member that is not as it must be is remembered, and the rest is empty. */
struct reading {
    struct proof *proof;
    const char *wrong; /* name of that member; NULL: none yet */
};

static const json_t *member(struct reading *reading, const json_t *object, const char *name,
                            json_type type)
{
    const json_t *value = json_object_get(object, name);
    if (value && json_typeof(value) == type)
        return value;
    reading->wrong = reading->wrong ? reading->wrong : name;
    return NULL;
}

static int64_t number(struct reading *reading, const json_t *object, const char *name)
{
    return json_integer_value(member(reading, object, name, JSON_INTEGER));
}

/* Not negative, and no more than `max`. */
static uint64_t count(struct reading *reading, const json_t *object, const char *name, uint64_t max)
{
    int64_t value = number(reading, object, name);
    if (value < 0 || (uint64_t)value > max)
        reading->wrong = reading->wrong ? reading->wrong : name;
    return (uint64_t)value;
}

static struct str text(struct reading *reading, const json_t *object, const char *name)
{
    const json_t *value = member(reading, object, name, JSON_STRING);
    struct str copied =
        value ? arena_copy(&reading->proof->arena,
                           str_of(json_string_value(value), json_string_length(value)))
              : STR("");
    if (!copied.ptr)
        reading->wrong = reading->wrong ? reading->wrong : name;
    return copied;
}

static void bytes_of_hex(struct reading *reading, const json_t *value, const char *name,
                         unsigned char *ret_bytes, size_t n)
{
    size_t len = 0;
    const char *end = NULL;
    if (!json_is_string(value) ||
        sodium_hex2bin(ret_bytes, n, json_string_value(value), json_string_length(value), NULL,
                       &len, &end) != 0 ||
        len != n || *end)
        reading->wrong = reading->wrong ? reading->wrong : name;
}

static struct str bytes_of_base64(struct reading *reading, const json_t *object, const char *name)
{
    const json_t *value = member(reading, object, name, JSON_STRING);
    size_t room = value ? json_string_length(value) : 0, len = 0;
    char *bytes = arena_bytes(&reading->proof->arena, room + 1);
    if (value && (!bytes ||
                  sodium_base642bin((unsigned char *)bytes, room + 1, json_string_value(value),
                                    room, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)) {
        reading->wrong = reading->wrong ? reading->wrong : name;
        len = 0;
    }
    return str_of(bytes, len);
}

/* ---- its parts ---- */

static void read_event(struct reading *reading, const json_t *event)
{
    reading->proof->leaf = (struct lake_leaf){
        .partition = (uint32_t)count(reading, event, "partition", LAKE_PARTITIONS_MAX - 1),
        .offset = count(reading, event, "offset", LAKE_OFFSET_MAX),
        .part = (uint32_t)count(reading, event, "part", UINT32_MAX),
        .time = number(reading, event, "time_us"),
        .received = number(reading, event, "received_us"),
        .agency = text(reading, event, "agency"),
        .source = text(reading, event, "source"),
        .dataset = text(reading, event, "dataset"),
        .format = text(reading, event, "format"),
        .raw = bytes_of_base64(reading, event, "raw"),
    };
}

static void read_block(struct reading *reading, const json_t *object)
{
    struct lake_block *block = &reading->proof->block;
    *block = (struct lake_block){
        .seq = count(reading, object, "seq", INT64_MAX),
        .day = text(reading, object, "day"),
        .partition = (uint32_t)count(reading, object, "partition", LAKE_PARTITIONS_MAX - 1),
        .first = count(reading, object, "first", LAKE_OFFSET_MAX),
        .next = count(reading, object, "next", LAKE_OFFSET_MAX + 1),
        .count = (uint32_t)count(reading, object, "count", UINT32_MAX),
    };
    bytes_of_hex(reading, json_object_get(object, "root"), "root", block->root, LAKE_HASH);
}

static void read_path(struct reading *reading, const json_t *object)
{
    struct lake_path *path = &reading->proof->path;
    const json_t *hashes = member(reading, object, "hashes", JSON_ARRAY);
    path->index = (uint32_t)count(reading, object, "index", UINT32_MAX);
    path->count = (uint32_t)count(reading, object, "count", UINT32_MAX);
    if (json_array_size(hashes) > LAKE_PATH_MAX) {
        reading->wrong = reading->wrong ? reading->wrong : "hashes";
        return;
    }
    for (size_t i = 0; i < json_array_size(hashes); i++)
        bytes_of_hex(reading, json_array_get(hashes, i), "hashes", path->hashes[path->n++],
                     LAKE_HASH);
}

static void read_journal(struct reading *reading, const json_t *object)
{
    struct proof *proof = reading->proof;
    const json_t *list = member(reading, object, "entries", JSON_ARRAY);
    size_t n = json_array_size(list);
    struct journal_entry *entries = arena_zero(&proof->arena, n + 1, sizeof(*entries));
    bytes_of_hex(reading, json_object_get(object, "before"), "before", proof->before, JOURNAL_HASH);
    if (n > PROOF_ENTRIES_MAX || !entries) {
        reading->wrong = reading->wrong ? reading->wrong : "entries";
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        entries[i] = (struct journal_entry){
            .seq = count(reading, entry, "seq", INT64_MAX),
            .time = number(reading, entry, "time_us"),
            .actor = text(reading, entry, "actor"),
            .action = text(reading, entry, "action"),
            .body = text(reading, entry, "body"),
        };
    }
    proof->entries = entries;
    proof->n_entries = n;
}

static void read_signature(struct reading *reading, const json_t *object)
{
    struct journal_signature *signature = &reading->proof->signature;
    signature->seq = count(reading, object, "seq", INT64_MAX);
    signature->time = number(reading, object, "time_us");
    bytes_of_hex(reading, json_object_get(object, "key"), "key", signature->key, JOURNAL_KEY);
    bytes_of_hex(reading, json_object_get(object, "signature"), "signature", signature->signature,
                 JOURNAL_SIGNATURE);
}

int proof_read_tree(const json_t *json, struct proof *ret_proof, struct err *err)
{
    struct reading reading = {.proof = ret_proof};
    *ret_proof = (struct proof){0};
    arena_init(&ret_proof->arena, PROOF_MEMORY_MAX);
    if (number(&reading, json, "version") != 1)
        reading.wrong = "version";
    read_event(&reading, member(&reading, json, "event", JSON_OBJECT));
    read_block(&reading, member(&reading, json, "block", JSON_OBJECT));
    read_path(&reading, member(&reading, json, "path", JSON_OBJECT));
    read_journal(&reading, member(&reading, json, "journal", JSON_OBJECT));
    read_signature(&reading, member(&reading, json, "signature", JSON_OBJECT));
    return reading.wrong
               ? err_set(err, -EINVAL, "no proof: its '%s' is not as it must be", reading.wrong)
               : 0;
}

int proof_read(struct str document, struct proof *ret_proof, struct err *err)
{
    json_error_t problem;
    json_t *json = json_loadb(document.ptr, document.len, JSON_REJECT_DUPLICATES, &problem);
    *ret_proof = (struct proof){0};
    if (!json)
        return err_at(err, -EINVAL, (uint32_t)problem.line, (uint32_t)problem.column,
                      "no proof: %s", problem.text);
    int status = proof_read_tree(json, ret_proof, err);
    json_decref(json);
    return status;
}
