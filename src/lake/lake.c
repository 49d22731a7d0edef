#include "lake/lake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"

size_t lake_id_format(const struct lake_id *id, char ret_text[static LAKE_ID_TEXT_MAX])
{
    int len =
        snprintf(ret_text, LAKE_ID_TEXT_MAX, "%" PRIu32 ".%" PRIu64, id->partition, id->offset);
    if (id->part)
        len += snprintf(ret_text + len, LAKE_ID_TEXT_MAX - (size_t)len, ".%" PRIu32, id->part);
    return (size_t)len;
}

/* Digits only, without leading zeros: an event has one spelling. */
static bool take_number(struct str *rest, uint64_t max, uint64_t *ret_number)
{
    struct str digits;
    if (!str_cut(rest, '.', &digits) || digits.len == 0 || (digits.ptr[0] == '0' && digits.len > 1))
        return false;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
    return str_to_u64(digits, ret_number) == 0 && *ret_number <= max;
}

int lake_id_parse(struct str text, struct lake_id *ret_id)
{
    uint64_t partition, offset, part = 0;
    if (text.len == 0 || text.ptr[text.len - 1] == '.' ||
        !take_number(&text, LAKE_PARTITIONS_MAX - 1, &partition) ||
        !take_number(&text, LAKE_OFFSET_MAX, &offset) ||
        (text.len > 0 && (!take_number(&text, UINT16_MAX, &part) || part == 0)) || text.len > 0)
        return -EINVAL;
    *ret_id = (struct lake_id){(uint32_t)partition, offset, (uint32_t)part};
    return 0;
}

static void quote(struct buf *sql, struct str text, char mark)
{
    buf_add_byte(sql, mark);
    for (struct str part; text.len > 0;) {
        part = str_first(text, str_index(text, mark));
        buf_add_str(sql, part);
        text = str_skip(text, part.len);
        if (text.len > 0) {
            buf_add_byte(sql, mark);
            buf_add_byte(sql, mark);
            text = str_skip(text, 1);
        }
    }
    buf_add_byte(sql, mark);
}

void lake_quote_name(struct buf *sql, struct str name)
{
    quote(sql, name, '"');
}

void lake_quote_text(struct buf *sql, struct str text)
{
    quote(sql, text, '\'');
}

bool lake_excerpt_ok(const struct lake_excerpt *excerpt)
{
    const struct lake_block *block = &excerpt->block;
    unsigned char root[LAKE_HASH];
    return excerpt->part.count == block->count && merkle_part_root(&excerpt->part, root) &&
           memcmp(root, block->root, LAKE_HASH) == 0;
}

static const struct lake_ops *const engines[] = {&lake_duckdb};

const struct lake_ops *lake_engine(struct str url, struct str *ret_place)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        *ret_place = str_behind_scheme(url, engines[i]->scheme);
        if (ret_place->len)
            return engines[i];
    }
    return NULL;
}
