#include "cli/proofs_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/vec.h"
#include "cli/proof_json.h"

/* A block that is read; its memory is used again for the next one. */
struct reading {
    struct proofs *proofs;
    struct arena arena;
    struct proof_json json; /* of the line */
    VEC(struct lake_place) places;
    VEC(uint32_t) at;
    struct proofs_count count;
    bool ended;
};

static void wrong(struct reading *reading, const char *name)
{
    reading->json.wrong = reading->json.wrong ? reading->json.wrong : name;
}

/* An element of [index, offset, part, n], no more than `max`. */
static uint64_t element(struct reading *reading, const json_t *run, size_t i, uint64_t max)
{
    const json_t *value = json_array_get(run, i);
    int64_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || (uint64_t)number > max)
        wrong(reading, "leaves");
    return (uint64_t)number;
}

/* `n` are all leaves that there are hashes for. */
static int read_run(struct reading *reading, const json_t *run, uint32_t partition, size_t n)
{
    uint64_t index = element(reading, run, 0, UINT32_MAX);
    uint64_t offset = element(reading, run, 1, LAKE_OFFSET_MAX);
    uint64_t part = element(reading, run, 2, UINT32_MAX);
    uint64_t len = element(reading, run, 3, n - reading->places.len);
    if (reading->json.wrong || len > UINT32_MAX - index + 1 || len > LAKE_OFFSET_MAX - offset + 1) {
        wrong(reading, "leaves");
        return 0;
    }
    for (uint64_t i = 0; i < len; i++) {
        const struct lake_id id = {partition, offset + i, (uint32_t)part};
        const struct lake_place place = {lake_key(&id), id.part};
        if (vec_push(&reading->places, place) < 0 ||
            vec_push(&reading->at, (uint32_t)(index + i)) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int read_block(struct reading *reading, const json_t *line, struct err *err)
{
    struct lake_excerpt excerpt = {0};
    const json_t *runs = proof_json_member(&reading->json, line, "leaves", JSON_ARRAY);
    proof_json_block(&reading->json, json_object_get(line, "block"), &excerpt.block);
    struct str hashes = proof_json_base64(&reading->json, line, "hashes");
    excerpt.part.others = proof_json_base64(&reading->json, line, "others");
    reading->places.len = reading->at.len = 0;
    for (size_t i = 0; !reading->json.wrong && i < json_array_size(runs); i++)
        if (read_run(reading, json_array_get(runs, i), excerpt.block.partition,
                     hashes.len / LAKE_HASH) < 0)
            return err_set(err, -ENOMEM, "no memory");
    if (hashes.len != reading->places.len * LAKE_HASH)
        wrong(reading, "hashes");
    if (reading->json.wrong)
        return 0;
    excerpt.part.count = excerpt.block.count;
    excerpt.part.at = reading->at.items;
    excerpt.part.leaves = (const unsigned char(*)[LAKE_HASH])(uintptr_t)hashes.ptr;
    excerpt.part.n = reading->places.len;
    excerpt.places = reading->places.items;
    return proofs_add_block(reading->proofs, &excerpt, err);
}

static int read_journal(struct reading *reading, const json_t *line, struct err *err)
{
    struct proof proof = {0};
    proof_json_journal(&reading->json, json_object_get(line, "journal"), &proof);
    proof_json_signature(&reading->json,
                         proof_json_member(&reading->json, line, "signature", JSON_OBJECT),
                         &proof.signature);
    return reading->json.wrong ? 0 : proofs_add_journal(reading->proofs, &proof, err);
}

static void read_end(struct reading *reading, const json_t *end)
{
    reading->count = (struct proofs_count){
        .blocks = proof_json_count(&reading->json, end, "blocks", INT64_MAX),
        .events = proof_json_count(&reading->json, end, "events", INT64_MAX),
        .signatures = proof_json_count(&reading->json, end, "signatures", INT64_MAX),
    };
    reading->ended = true;
}

static int read_line(struct reading *reading, struct str text, uint32_t number, struct err *err)
{
    json_error_t problem;
    int status = 0;
    json_t *line = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &problem);
    arena_reset(&reading->arena);
    reading->json = (struct proof_json){.arena = &reading->arena};
    if (!line)
        return err_at(err, -EINVAL, number, (uint32_t)problem.position, "no proofs: %s",
                      problem.text);
    if (reading->ended)
        wrong(reading, "end");
    else if (number == 1 && proof_json_number(&reading->json, line, "proofs") != 1)
        wrong(reading, "proofs");
    else if (number > 1 && json_is_object(json_object_get(line, "block")))
        status = read_block(reading, line, err);
    else if (number > 1 && json_is_object(json_object_get(line, "journal")))
        status = read_journal(reading, line, err);
    else if (number > 1)
        read_end(reading, proof_json_member(&reading->json, line, "end", JSON_OBJECT));
    json_decref(line);
    if (status < 0) {
        struct err inner = *err;
        return err_at(err, status, number, 1, "%s", inner.message);
    }
    return reading->json.wrong ? err_at(err, -EINVAL, number, 1,
                                        "no proofs: '%s' is not as it must be", reading->json.wrong)
                               : 0;
}

static int check_end(const struct reading *reading, uint32_t lines, struct err *err)
{
    struct proofs_count count;
    if (!reading->ended)
        return err_at(err, -EINVAL, lines + 1, 1, "the proofs are cut off: their end is missing");
    proofs_count(reading->proofs, &count);
    if (count.blocks != reading->count.blocks || count.events != reading->count.events ||
        count.signatures != reading->count.signatures)
        return err_at(err, -EINVAL, lines, 1, "some of the proofs are missing");
    return proofs_end(reading->proofs, err);
}

int proofs_read(struct str text, struct proofs *proofs, struct err *err)
{
    struct reading reading = {.proofs = proofs};
    struct str line;
    uint32_t number = 0;
    int status = 0;
    arena_init(&reading.arena, PROOFS_LINE_MEMORY);
    while (status == 0 && str_cut_line(&text, &line))
        status = read_line(&reading, line, ++number, err);
    if (status == 0)
        status = check_end(&reading, number, err);
    arena_free(&reading.arena);
    vec_free(&reading.places);
    vec_free(&reading.at);
    return status;
}
