#include "watch/round.h"

struct round *round_new(void)
{
    struct round *round = calloc(1, sizeof(*round));
    if (round)
        arena_init(&round->arena, ROUND_ARENA_MAX);
    return round;
}

void round_free(struct round *round)
{
    if (!round)
        return;
    fold_table_free(&round->folds);
    vec_free(&round->hits);
    vec_free(&round->receipts);
    arena_free(&round->arena);
    free(round);
}

void round_begin(struct round *round, uint32_t partition, uint64_t from)
{
    if (round->arena.size > ROUND_ARENA_FULL / 4)
        arena_free(&round->arena); /* many rounds of much would keep it all */
    else
        arena_reset(&round->arena);
    fold_table_clear(&round->folds);
    round->hits.len = 0;
    round->receipts.len = 0;
    round->partition = partition;
    round->from = round->to = from;
    round->received = 0;
}

int round_note(struct round *round, int64_t received, uint64_t matches)
{
    if (matches == 0)
        return 0;
    struct round_receipt receipt = {received, matches};
    struct round_receipt *last =
        round->receipts.len ? &round->receipts.items[round->receipts.len - 1] : NULL;
    if (last && last->received == received) {
        last->matches += matches;
        return 0;
    }
    return vec_push(&round->receipts, receipt);
}
