#include "base/nearest.h"

static bool same(char a, char b)
{
    return str_eq_ascii_nocase(str_of(&a, 1), str_of(&b, 1));
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap neighbours) between two words of at most NEAREST_WORD_MAX bytes. */
static size_t distance(struct str a, struct str b)
{
    size_t rows[3][NEAREST_WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = last[j - 1] + !same(a.ptr[i - 1], b.ptr[j - 1]);
            best = min(best, min(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a.ptr[i - 1], b.ptr[j - 2]) &&
                same(a.ptr[i - 2], b.ptr[j - 1]))
                best = min(best, before[j - 2] + 1);
            now[j] = best;
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b.len];
}

void nearest_begin(struct nearest *nearest, struct str word)
{
    *nearest = (struct nearest){.word = word, .edits = word.len / 3 + 2};
}

void nearest_offer(struct nearest *nearest, struct str candidate)
{
    if (nearest->word.len > NEAREST_WORD_MAX || candidate.len > NEAREST_WORD_MAX)
        return;
    size_t edits = distance(nearest->word, candidate);
    if (edits < nearest->edits) {
        nearest->edits = edits;
        nearest->found = candidate;
    }
}
