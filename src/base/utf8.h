/*
 * utf8: UTF-8 (RFC 3629) checked, decoded, repaired, and folded. Text inside jaga
 * is UTF-8; bytes that are not become U+FFFD, one per maximal bad subsequence
 * (Unicode 15, 3.9, "substitution of maximal subparts").
 */
#ifndef JAGA_BASE_UTF8_H
#define JAGA_BASE_UTF8_H

#include "base/arena.h"
#include "base/str.h"

#define UTF8_REPLACEMENT 0xFFFDu

/* Length of the longest prefix of s that is valid UTF-8; s.len when all of it is. */
size_t utf8_valid(struct str s);

/* True when every byte is below 0x80. */
bool utf8_is_ascii(struct str s);

/*
 * Decodes one code point at s (s.len > 0) and returns how many bytes it took.
 * Bad bytes give U+FFFD and the length of the bad subsequence (1 to 3).
 */
size_t utf8_decode(struct str s, uint32_t *ret_code_point);

/* Writes 1 to 4 bytes; surrogates and numbers past U+10FFFF are written as U+FFFD. */
size_t utf8_encode(uint32_t code_point, char ret_bytes[static 4]);

/* s itself where it is valid, else a repaired copy in the arena; ptr NULL when refused. */
struct str utf8_repair(struct str s, struct arena *arena);

/*
 * Unicode simple case folding (CaseFolding.txt status C and S): one code point to
 * one. U+0130 and U+0131 fold to themselves.
 */
uint32_t utf8_fold(uint32_t code_point);

/*
 * Folds valid UTF-8 into `ret_bytes`, which has room for 3 * s.len / 2 + 4 bytes
 * (U+023A, two bytes, folds to three). Returns the bytes written.
 */
size_t utf8_fold_text(struct str s, char *ret_bytes);

/*
 * UTF-16LE (`units` code units, unaligned) to UTF-8: at most 3 bytes a
 * unit. Lone surrogates: U+FFFD.
 */
size_t utf8_from_utf16le(const void *utf16, size_t units, char *ret_bytes);

#endif
