#include "cli/proof_file.h"

#include <errno.h>

#include "cli/proof_json.h"

static void read_event(struct proof_json *reading, const json_t *event, struct lake_leaf *ret_leaf)
{
    *ret_leaf = (struct lake_leaf){
        .partition =
            (uint32_t)proof_json_count(reading, event, "partition", LAKE_PARTITIONS_MAX - 1),
        .offset = proof_json_count(reading, event, "offset", LAKE_OFFSET_MAX),
        .part = (uint32_t)proof_json_count(reading, event, "part", UINT32_MAX),
        .time = proof_json_number(reading, event, "time_us"),
        .received = proof_json_number(reading, event, "received_us"),
        .agency = proof_json_text(reading, event, "agency"),
        .source = proof_json_text(reading, event, "source"),
        .dataset = proof_json_text(reading, event, "dataset"),
        .format = proof_json_text(reading, event, "format"),
        .raw = proof_json_base64(reading, event, "raw"),
    };
}

static void read_path(struct proof_json *reading, const json_t *object, struct lake_path *path)
{
    const json_t *hashes = proof_json_member(reading, object, "hashes", JSON_ARRAY);
    path->index = (uint32_t)proof_json_count(reading, object, "index", UINT32_MAX);
    path->count = (uint32_t)proof_json_count(reading, object, "count", UINT32_MAX);
    if (json_array_size(hashes) > LAKE_PATH_MAX) {
        reading->wrong = reading->wrong ? reading->wrong : "hashes";
        return;
    }
    for (size_t i = 0; i < json_array_size(hashes); i++)
        proof_json_hex(reading, json_array_get(hashes, i), "hashes", path->hashes[path->n++],
                       LAKE_HASH);
}

int proof_read_tree(const json_t *json, struct proof *ret_proof, struct err *err)
{
    struct proof_json reading = {.arena = &ret_proof->arena};
    *ret_proof = (struct proof){0};
    arena_init(&ret_proof->arena, PROOF_MEMORY_MAX);
    if (proof_json_number(&reading, json, "version") != 1)
        reading.wrong = "version";
    read_event(&reading, proof_json_member(&reading, json, "event", JSON_OBJECT), &ret_proof->leaf);
    proof_json_block(&reading, proof_json_member(&reading, json, "block", JSON_OBJECT),
                     &ret_proof->block);
    read_path(&reading, proof_json_member(&reading, json, "path", JSON_OBJECT), &ret_proof->path);
    proof_json_journal(&reading, proof_json_member(&reading, json, "journal", JSON_OBJECT),
                       ret_proof);
    proof_json_signature(&reading, proof_json_member(&reading, json, "signature", JSON_OBJECT),
                         &ret_proof->signature);
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
