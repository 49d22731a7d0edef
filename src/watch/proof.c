#include "watch/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>

#define PAGE 64 /* entries looked at together */

void proof_write_block(struct buf *out, const struct lake_block *block)
{
    buf_printf(out, "{\"count\":%" PRIu32 ",\"day\":", block->count);
    buf_add_json(out, block->day);
    buf_printf(out,
               ",\"first\":%" PRIu64 ",\"next\":%" PRIu64 ",\"partition\":%" PRIu32 ",\"root\":\"",
               block->first, block->next, block->partition);
    for (size_t i = 0; i < LAKE_HASH; i++)
        buf_printf(out, "%02x", block->root[i]);
    buf_printf(out, "\",\"seq\":%" PRIu64 "}", block->seq);
}

/* ---- the entry with the root ---- */

/* The first entry with blocks behind `after`: its seq, and that of its last block. */
struct search {
    uint64_t last; /* seq of the last entry looked at */
    uint64_t entry, block;
};

bool proof_next_block(struct str *body, struct str *ret_note, uint64_t *ret_seq)
{
    static const char begins[] = "{\"count\":", mark[] = ",\"seq\":";
    size_t at = str_find(*body, STR(begins));
    if (at == SIZE_MAX)
        return false;
    struct str note = str_skip(*body, at);
    note = str_first(note, str_index(note, '}') + 1);
    *body = str_skip(*body, at + note.len);
    size_t seq = str_find(note, STR(mark));
    struct str digits = seq == SIZE_MAX ? STR("") : str_skip(note, seq + sizeof(mark) - 1);
    *ret_note = note;
    return digits.len > 0 && str_to_u64(str_first(digits, digits.len - 1), ret_seq) == 0;
}

uint64_t proof_last_block(const struct journal_entry *entry)
{
    uint64_t seq, last = 0;
    struct str body = entry->body, note;
    while (str_eq(entry->action, PROOF_ACTION) && proof_next_block(&body, &note, &seq))
        last = seq;
    return last;
}

static int look(void *context, const struct journal_entry *entry)
{
    struct search *search = context;
    search->last = entry->seq;
    search->block = proof_last_block(entry);
    if (search->block == 0)
        return 0;
    search->entry = entry->seq;
    return -ECANCELED;
}

static int next_with_blocks(struct ledger *ledger, uint64_t after, struct search *ret_search)
{
    int status;
    uint64_t before;
    *ret_search = (struct search){.last = after};
    do {
        before = ret_search->last;
        status = journal_list(ledger, before, PAGE, look, ret_search);
    } while (status == 0 && ret_search->last != before);
    return status == -ECANCELED ? 0 : status;
}

/* Blocks are noted in their order: by bisection. *ret_seq 0: the journal does not have it. */
static int find_entry(struct ledger *ledger, uint64_t block, uint64_t *ret_seq)
{
    uint64_t low = 0, high;
    struct search search;
    int status = journal_last(ledger, &high);
    while (status == 0 && low < high) {
        uint64_t middle = low + (high - low) / 2;
        status = next_with_blocks(ledger, middle, &search);
        if (status == 0 && search.entry && search.block < block)
            low = search.entry;
        else
            high = middle;
    }
    if (status == 0)
        status = next_with_blocks(ledger, low, &search);
    *ret_seq = search.block >= block ? search.entry : 0;
    return status;
}

/* ---- gathering ---- */

static bool copy(struct arena *arena, struct str *text)
{
    *text = arena_copy(arena, *text);
    return text->ptr;
}

int proof_take(const struct lake_event *event, struct proof *ret_proof)
{
    struct arena *arena = &ret_proof->arena;
    struct lake_leaf *leaf = &ret_proof->leaf;
    *ret_proof = (struct proof){.leaf = event->leaf, .block = event->block, .path = event->path};
    arena_init(arena, PROOF_MEMORY_MAX);
    return copy(arena, &leaf->agency) && copy(arena, &leaf->source) &&
                   copy(arena, &leaf->dataset) && copy(arena, &leaf->format) &&
                   copy(arena, &leaf->raw) && copy(arena, &ret_proof->block.day)
               ? 0
               : -ENOMEM;
}

struct copying {
    struct proof *proof;
    struct journal_entry *entries;
    uint64_t first; /* seq of entries[0] */
};

static int copy_entry(void *context, const struct journal_entry *entry)
{
    struct copying *copying = context;
    struct proof *proof = copying->proof;
    if (entry->seq + 1 == copying->first) {
        memcpy(proof->before, entry->hash, JOURNAL_HASH);
        return 0;
    }
    struct journal_entry *to = &copying->entries[proof->n_entries++];
    *to = *entry;
    if (!str_eq(entry->action, PROOF_ACTION))
        journal_seal(to);
    return copy(&proof->arena, &to->actor) && copy(&proof->arena, &to->action) &&
                   copy(&proof->arena, &to->body)
               ? 0
               : -ENOMEM;
}

static int copy_entries(struct ledger *ledger, struct proof *proof, uint64_t first)
{
    size_t n = proof->signature.seq - first + 1;
    struct copying copying = {proof, NULL, first};
    if (n > PROOF_ENTRIES_MAX)
        return -E2BIG;
    copying.entries = arena_zero(&proof->arena, n, sizeof(*copying.entries));
    proof->entries = copying.entries;
    if (!copying.entries)
        return -ENOMEM;
    return journal_list(ledger, first > 1 ? first - 2 : 0, (uint32_t)n + (first > 1), copy_entry,
                        &copying);
}

int proof_complete(struct ledger *ledger, struct proof *proof, struct err *err)
{
    uint64_t first = 0;
    int status = find_entry(ledger, proof->block.seq, &first);
    if (status == 0 && first == 0)
        return err_set(err, -ENOENT, "the journal does not have the event's block %" PRIu64,
                       proof->block.seq);
    if (status == 0)
        status = journal_signature_get(ledger, first, &proof->signature);
    if (status == -ENOENT)
        return err_set(err, -EAGAIN,
                       "the journal's entry %" PRIu64 " with the event's block is not signed yet",
                       first);
    if (status == 0)
        status = copy_entries(ledger, proof, first);
    if (status == -ENOMEM || status == -E2BIG)
        return err_set(err, status, "the proof is too large");
    return status < 0 ? err_set(err, status, "%s", ledger_problem(ledger)) : 0;
}

void proof_free(struct proof *proof)
{
    arena_free(&proof->arena);
}

/* ---- checking ---- */

static int refuse(struct err *err, const char *what)
{
    return err_set(err, -EBADMSG, "%s", what);
}

static int check_root(const struct proof *proof, struct err *err)
{
    const struct lake_leaf *leaf = &proof->leaf;
    const struct lake_block *block = &proof->block;
    unsigned char hash[LAKE_HASH], root[LAKE_HASH];
    if (leaf->partition != block->partition || leaf->offset < block->first ||
        leaf->offset >= block->next || proof->path.count != block->count)
        return refuse(err, "the event is not of the block");
    merkle_leaf(leaf, hash);
    if (!merkle_path_root(&proof->path, hash, root) || memcmp(root, block->root, LAKE_HASH) != 0)
        return refuse(err, "the event is not as it was stored: its path leads to another root");
    return 0;
}

static int check_entry(const struct proof *proof, struct err *err)
{
    struct buf note = {0};
    int status = 0;
    proof_write_block(&note, &proof->block);
    if (note.failed)
        status = err_set(err, -ENOMEM, "no memory");
    else if (proof->n_entries == 0 || !str_eq(proof->entries[0].action, PROOF_ACTION) ||
             str_find(proof->entries[0].body, buf_str(&note)) == SIZE_MAX)
        status = refuse(err, "the journal's entry does not name the block");
    buf_free(&note);
    return status;
}

int proof_check_journal(const struct proof *proof, struct err *err)
{
    unsigned char hash[JOURNAL_HASH], next[JOURNAL_HASH];
    if (proof->n_entries == 0)
        return refuse(err, "there is no entry of the journal");
    memcpy(hash, proof->before, JOURNAL_HASH);
    for (size_t i = 0; i < proof->n_entries; i++) {
        if (proof->entries[i].seq != proof->entries[0].seq + i)
            return refuse(err, "an entry of the journal is missing");
        journal_hash(hash, &proof->entries[i], next);
        memcpy(hash, next, JOURNAL_HASH);
    }
    if (proof->signature.seq != proof->entries[proof->n_entries - 1].seq ||
        !journal_signature_ok(&proof->signature, hash))
        return refuse(err, "the journal's signature is not of these entries");
    return 0;
}

int proof_check(const struct proof *proof, struct err *err)
{
    int status = check_root(proof, err);
    if (status == 0)
        status = check_entry(proof, err);
    return status < 0 ? status : proof_check_journal(proof, err);
}

/* ---- the document ---- */

static void add_hex(struct buf *out, const unsigned char *bytes, size_t n)
{
    buf_add_byte(out, '"');
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%02x", bytes[i]);
    buf_add_byte(out, '"');
}

static void add_text(struct buf *out, const char *key, struct str text)
{
    buf_add_c(out, key);
    buf_add_json(out, text);
}

void proof_write_base64(struct buf *out, struct str bytes)
{
    size_t room = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    buf_add_byte(out, '"');
    char *to = buf_reserve(out, room);
    if (to) {
        sodium_bin2base64(to, room, (const unsigned char *)bytes.ptr, bytes.len,
                          sodium_base64_VARIANT_ORIGINAL);
        out->len += room - 1;
    }
    buf_add_byte(out, '"');
}

static void write_event(const struct lake_leaf *leaf, struct buf *out)
{
    buf_printf(out,
               "{\"partition\":%" PRIu32 ",\"offset\":%" PRIu64 ",\"part\":%" PRIu32
               ",\"time_us\":%" PRId64 ",\"received_us\":%" PRId64,
               leaf->partition, leaf->offset, leaf->part, leaf->time, leaf->received);
    add_text(out, ",\"agency\":", leaf->agency);
    add_text(out, ",\"source\":", leaf->source);
    add_text(out, ",\"dataset\":", leaf->dataset);
    add_text(out, ",\"format\":", leaf->format);
    buf_add_c(out, ",\"raw\":");
    proof_write_base64(out, leaf->raw); /* it need not be UTF-8 */
    buf_add_byte(out, '}');
}

/* What is sealed shows no more than its hash needs. */
static void write_entries(const struct proof *proof, struct buf *out)
{
    for (size_t i = 0; i < proof->n_entries; i++) {
        const struct journal_entry *entry = &proof->entries[i];
        buf_printf(out, "%s{\"seq\":%" PRIu64 ",\"time_us\":%" PRId64, i ? "," : "", entry->seq,
                   entry->time);
        if (entry->sealed) {
            buf_add_c(out, ",\"content\":");
            add_hex(out, entry->content, JOURNAL_HASH);
        } else {
            add_text(out, ",\"actor\":", entry->actor);
            add_text(out, ",\"action\":", entry->action);
            add_text(out, ",\"body\":", entry->body);
        }
        buf_add_byte(out, '}');
    }
}

void proof_write_journal(const struct proof *proof, struct buf *out)
{
    buf_add_c(out, "\"journal\":{\"before\":");
    add_hex(out, proof->before, JOURNAL_HASH);
    buf_add_c(out, ",\"entries\":[");
    write_entries(proof, out);
    buf_printf(out, "]},\"signature\":{\"seq\":%" PRIu64 ",\"time_us\":%" PRId64 ",\"key\":",
               proof->signature.seq, proof->signature.time);
    add_hex(out, proof->signature.key, JOURNAL_KEY);
    buf_add_c(out, ",\"signature\":");
    add_hex(out, proof->signature.signature, JOURNAL_SIGNATURE);
    buf_add_byte(out, '}');
}

void proof_write(const struct proof *proof, struct buf *out)
{
    buf_add_c(out, "{\"version\":1,\"event\":");
    write_event(&proof->leaf, out);
    buf_add_c(out, ",\"block\":");
    proof_write_block(out, &proof->block);
    buf_printf(out, ",\"path\":{\"index\":%" PRIu32 ",\"count\":%" PRIu32 ",\"hashes\":[",
               proof->path.index, proof->path.count);
    for (uint32_t i = 0; i < proof->path.n; i++) {
        buf_add_c(out, i ? "," : "");
        add_hex(out, proof->path.hashes[i], LAKE_HASH);
    }
    buf_add_c(out, "]},");
    proof_write_journal(proof, out);
    buf_add_c(out, "}\n");
}
