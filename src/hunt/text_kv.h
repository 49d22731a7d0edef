/*
 * text_kv: values of the keys that are asked for out of a text of pairs, as parse-kv has it: with delimiters that are said, or with
 * everything that is neither letter nor digit as one. Bytes come from outside; none of it reads outside of the text.
 */
#ifndef JAGA_HUNT_TEXT_KV_H
#define JAGA_HUNT_TEXT_KV_H

#include "base/buf.h"

#define TEXT_KV_QUOTES_MAX 8
#define TEXT_KV_KEYS_MAX 256

struct text_kv {
    struct str pair, value;                /* delimiters; both empty: none are said */
    struct str quotes[TEXT_KV_QUOTES_MAX]; /* one byte for both sides, or two */
    size_t n_quotes;
    struct str escapes; /* bytes that take the meaning from the one behind them, within quotes */
    bool greedy;        /* a value goes on until the next key */
};

/* An array of texts, one for each key; null where it is not there. Of a key that comes again the first. */
void text_parse_kv(struct str text, const struct text_kv *how, const struct str *keys, size_t n,
                   struct buf *json);

#endif
