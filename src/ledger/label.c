#include <errno.h>
#include <sodium.h>

#include "base/utf8.h"
#include "ledger/inside.h"
#include "ledger/token.h"

#define LABEL_MAX 64

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

bool label_ok(struct str label)
{
    if (label.len == 0 || label.len > LABEL_MAX || !is_letter_or_digit(label.ptr[0]))
        return false;
    for (size_t i = 1; i < label.len; i++) {
        char c = label.ptr[i];
        if (!is_letter_or_digit(c) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

struct str text_cut(struct str s)
{
    if (s.len <= LEDGER_TEXT_MAX)
        return s;
    size_t len = LEDGER_TEXT_MAX;
    while (len > LEDGER_TEXT_MAX - 4 && ((unsigned char)s.ptr[len] & 0xC0) == 0x80)
        len--;
    return str_first(s, len);
}

int search_fold(struct ledger *ledger, struct str text, struct search_text *ret_folded)
{
    answer_begin(ledger);
    struct str repaired = utf8_repair(text_cut(text), &ledger->answer);
    if (text.len && !repaired.ptr)
        return ledger_fail(ledger, -ENOMEM);
    /* Cut again: repairing may have made it longer. */
    ret_folded->len = utf8_fold_text(text_cut(repaired), ret_folded->bytes);
    for (size_t i = 0; i < ret_folded->len; i++)
        if (ret_folded->bytes[i] == '\0')
            ret_folded->bytes[i] = ' ';
    return 0;
}

void id_make(const char *prefix, int64_t now, char ret_id[static ID_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford: no i, l, o, u */
    unsigned char bytes[16];
    uint64_t ms = now < 0 ? 0 : (uint64_t)now / 1000;
    for (unsigned i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    randombytes_buf(bytes + 6, sizeof(bytes) - 6);
    size_t len = strlen(prefix);
    memcpy(ret_id, prefix, len);
    /* 26 digits of 5 bits are 130: the first stands for the upper 3 bits only. */
    for (unsigned i = 0; i < 26; i++) {
        unsigned value = 0;
        for (unsigned bit = i * 5; bit < i * 5 + 5; bit++)
            value = value << 1 |
                    (bit < 2 ? 0u : (unsigned)bytes[(bit - 2) / 8] >> (7 - (bit - 2) % 8) & 1u);
        ret_id[len++] = digits[value];
    }
    ret_id[len] = '\0';
}
