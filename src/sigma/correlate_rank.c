#include "sigma/correlate_rank.h"

#include <stdlib.h>

#define CHUNK_CAP_MIN 8

void rank_free(struct rank *rank, struct memory_account *account)
{
    for (size_t i = 0; i < rank->chunks.len; i++) {
        account_remove(account, rank->chunks.items[i].cap * sizeof(double));
        free(rank->chunks.items[i].numbers);
    }
    account_remove(account, rank->chunks.cap * sizeof(struct rank_chunk));
    vec_free(&rank->chunks);
    rank->len = 0;
}

/* The first chunk whose last number is not less: where the number is or belongs. */
static size_t find_chunk(const struct rank *rank, double number)
{
    size_t low = 0, high = rank->chunks.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rank->chunks.items[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t find_number(const struct rank_chunk *chunk, double number)
{
    size_t low = 0, high = chunk->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (chunk->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Makes room for an empty chunk at `at`. */
static int insert_chunk(struct rank *rank, size_t at, uint32_t cap, struct memory_account *account)
{
    size_t old_cap = rank->chunks.cap;
    if (vec_reserve(&rank->chunks, rank->chunks.len + 1) < 0)
        return -ENOMEM;
    account_add(account, (rank->chunks.cap - old_cap) * sizeof(struct rank_chunk));
    double *numbers = malloc(cap * sizeof(*numbers));
    if (!numbers)
        return -ENOMEM;
    account_add(account, cap * sizeof(*numbers));
    struct rank_chunk *chunks = rank->chunks.items;
    memmove(chunks + at + 1, chunks + at, (rank->chunks.len - at) * sizeof(*chunks));
    chunks[at] = (struct rank_chunk){.numbers = numbers, .cap = cap};
    rank->chunks.len++;
    return 0;
}

static void remove_chunk(struct rank *rank, size_t at, struct memory_account *account)
{
    struct rank_chunk *chunks = rank->chunks.items;
    account_remove(account, chunks[at].cap * sizeof(double));
    free(chunks[at].numbers);
    rank->chunks.len--;
    memmove(chunks + at, chunks + at + 1, (rank->chunks.len - at) * sizeof(*chunks));
}

/* Room for one more number in the chunk at `at`: grown, or split in two halves. */
static int make_room(struct rank *rank, size_t at, struct memory_account *account)
{
    struct rank_chunk *chunk = &rank->chunks.items[at];
    if (chunk->len < chunk->cap)
        return 0;
    if (chunk->cap < RANK_CHUNK_MAX) {
        double *grown = realloc(chunk->numbers, 2 * chunk->cap * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        account_add(account, chunk->cap * sizeof(*grown));
        chunk->numbers = grown;
        chunk->cap *= 2;
        return 0;
    }
    if (insert_chunk(rank, at + 1, RANK_CHUNK_MAX, account) < 0)
        return -ENOMEM;
    chunk = &rank->chunks.items[at];
    struct rank_chunk *upper = chunk + 1;
    uint32_t half = chunk->len / 2;
    upper->len = chunk->len - half;
    upper->last = chunk->last;
    memcpy(upper->numbers, chunk->numbers + half, upper->len * sizeof(double));
    chunk->len = half;
    chunk->last = chunk->numbers[half - 1];
    return 0;
}

int rank_add(struct rank *rank, double number, struct memory_account *account)
{
    if (rank->chunks.len == 0 && insert_chunk(rank, 0, CHUNK_CAP_MIN, account) < 0)
        return -ENOMEM;
    size_t at = find_chunk(rank, number);
    if (at == rank->chunks.len)
        at--;
    if (make_room(rank, at, account) < 0)
        return -ENOMEM;
    if (number > rank->chunks.items[at].last && at + 1 < rank->chunks.len)
        at++; /* the chunk was split, and the number belongs to the upper half */
    struct rank_chunk *chunk = &rank->chunks.items[at];
    size_t place = find_number(chunk, number);
    memmove(chunk->numbers + place + 1, chunk->numbers + place,
            (chunk->len - place) * sizeof(double));
    chunk->numbers[place] = number;
    chunk->len++;
    chunk->last = chunk->numbers[chunk->len - 1];
    rank->len++;
    return 0;
}

/* Two neighbours that fill half a chunk together become one, so that the directory stays short. */
static void merge_with_next(struct rank *rank, size_t at, struct memory_account *account)
{
    if (at + 1 >= rank->chunks.len)
        return;
    struct rank_chunk *chunk = &rank->chunks.items[at], *next = chunk + 1;
    if (chunk->len + next->len > RANK_CHUNK_MAX / 2 || chunk->len + next->len > chunk->cap)
        return;
    memcpy(chunk->numbers + chunk->len, next->numbers, next->len * sizeof(double));
    chunk->len += next->len;
    chunk->last = next->last;
    remove_chunk(rank, at + 1, account);
}

void rank_remove(struct rank *rank, double number, struct memory_account *account)
{
    size_t at = find_chunk(rank, number);
    if (at == rank->chunks.len)
        return;
    struct rank_chunk *chunk = &rank->chunks.items[at];
    size_t place = find_number(chunk, number);
    if (place == chunk->len || chunk->numbers[place] != number)
        return;
    chunk->len--;
    rank->len--;
    memmove(chunk->numbers + place, chunk->numbers + place + 1,
            (chunk->len - place) * sizeof(double));
    if (chunk->len == 0) {
        remove_chunk(rank, at, account);
        return;
    }
    chunk->last = chunk->numbers[chunk->len - 1];
    merge_with_next(rank, at, account);
    if (at > 0)
        merge_with_next(rank, at - 1, account);
}

double rank_at(const struct rank *rank, uint64_t index)
{
    size_t at = 0;
    while (index >= rank->chunks.items[at].len)
        index -= rank->chunks.items[at++].len;
    return rank->chunks.items[at].numbers[index];
}

double rank_percentile(const struct rank *rank, double percent)
{
    double place = (double)(rank->len - 1) * percent / 100;
    uint64_t below = (uint64_t)place;
    double low = rank_at(rank, below);
    double part = place - (double)below;
    if (part <= 0 || below + 1 >= rank->len)
        return low;
    return low + (rank_at(rank, below + 1) - low) * part;
}
