#include "cli/proof_json.h"

#include <sodium.h>

const json_t *proof_json_member(struct proof_json *reading, const json_t *object, const char *name,
                                json_type type)
{
    const json_t *value = json_object_get(object, name);
    if (value && json_typeof(value) == type)
        return value;
    reading->wrong = reading->wrong ? reading->wrong : name;
    return NULL;
}

int64_t proof_json_number(struct proof_json *reading, const json_t *object, const char *name)
{
    return json_integer_value(proof_json_member(reading, object, name, JSON_INTEGER));
}

/* Not negative, and no more than `max`. */
uint64_t proof_json_count(struct proof_json *reading, const json_t *object, const char *name,
                          uint64_t max)
{
    int64_t value = proof_json_number(reading, object, name);
    if (value < 0 || (uint64_t)value > max)
        reading->wrong = reading->wrong ? reading->wrong : name;
    return (uint64_t)value;
}

struct str proof_json_text(struct proof_json *reading, const json_t *object, const char *name)
{
    const json_t *value = proof_json_member(reading, object, name, JSON_STRING);
    struct str copied = value ? arena_copy(reading->arena, str_of(json_string_value(value),
                                                                  json_string_length(value)))
                              : STR("");
    if (!copied.ptr)
        reading->wrong = reading->wrong ? reading->wrong : name;
    return copied;
}

void proof_json_hex(struct proof_json *reading, const json_t *value, const char *name,
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

struct str proof_json_base64(struct proof_json *reading, const json_t *object, const char *name)
{
    const json_t *value = proof_json_member(reading, object, name, JSON_STRING);
    size_t room = value ? json_string_length(value) : 0, len = 0;
    char *bytes = arena_bytes(reading->arena, room + 1);
    if (value && (!bytes ||
                  sodium_base642bin((unsigned char *)bytes, room + 1, json_string_value(value),
                                    room, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)) {
        reading->wrong = reading->wrong ? reading->wrong : name;
        len = 0;
    }
    return str_of(bytes, len);
}

void proof_json_block(struct proof_json *reading, const json_t *object,
                      struct lake_block *ret_block)
{
    *ret_block = (struct lake_block){
        .seq = proof_json_count(reading, object, "seq", INT64_MAX),
        .day = proof_json_text(reading, object, "day"),
        .partition =
            (uint32_t)proof_json_count(reading, object, "partition", LAKE_PARTITIONS_MAX - 1),
        .first = proof_json_count(reading, object, "first", LAKE_OFFSET_MAX),
        .next = proof_json_count(reading, object, "next", LAKE_OFFSET_MAX + 1),
        .count = (uint32_t)proof_json_count(reading, object, "count", UINT32_MAX),
    };
    proof_json_hex(reading, json_object_get(object, "root"), "root", ret_block->root, LAKE_HASH);
}

static void read_entry(struct proof_json *reading, const json_t *object,
                       struct journal_entry *ret_entry)
{
    const json_t *content = json_object_get(object, "content");
    *ret_entry = (struct journal_entry){
        .seq = proof_json_count(reading, object, "seq", INT64_MAX),
        .time = proof_json_number(reading, object, "time_us"),
        .sealed = content != NULL,
    };
    if (content) {
        proof_json_hex(reading, content, "content", ret_entry->content, JOURNAL_HASH);
        return;
    }
    ret_entry->actor = proof_json_text(reading, object, "actor");
    ret_entry->action = proof_json_text(reading, object, "action");
    ret_entry->body = proof_json_text(reading, object, "body");
}

void proof_json_journal(struct proof_json *reading, const json_t *object, struct proof *proof)
{
    const json_t *list = proof_json_member(reading, object, "entries", JSON_ARRAY);
    size_t n = json_array_size(list);
    struct journal_entry *entries = arena_zero(reading->arena, n + 1, sizeof(*entries));
    proof_json_hex(reading, json_object_get(object, "before"), "before", proof->before,
                   JOURNAL_HASH);
    if (n > PROOF_ENTRIES_MAX || !entries) {
        reading->wrong = reading->wrong ? reading->wrong : "entries";
        return;
    }
    for (size_t i = 0; i < n; i++)
        read_entry(reading, json_array_get(list, i), &entries[i]);
    proof->entries = entries;
    proof->n_entries = n;
}

void proof_json_signature(struct proof_json *reading, const json_t *object,
                          struct journal_signature *ret_signature)
{
    ret_signature->seq = proof_json_count(reading, object, "seq", INT64_MAX);
    ret_signature->time = proof_json_number(reading, object, "time_us");
    proof_json_hex(reading, json_object_get(object, "key"), "key", ret_signature->key, JOURNAL_KEY);
    proof_json_hex(reading, json_object_get(object, "signature"), "signature",
                   ret_signature->signature, JOURNAL_SIGNATURE);
}
