#include "spool/record.h"

#include <errno.h>

#include "spool/bytes.h"
#include "spool/crc32c.h"

#define MAGIC 0x3152534au /* "JSR1" */

enum {
    AT_MAGIC = 0,
    AT_HEAD_CRC = 4,
    AT_BODY_CRC = 8,
    AT_SIZE = 12,
    AT_PLACE = 16,
    AT_OFFSET = 24,
    AT_RECEIVED = 32,
    AT_PRODUCER = 40,
    AT_SEQUENCE = 48,
    AT_N = 56,
    AT_BYTES = 60,
    AT_PARTITION = 64,
    AT_KIND = 66,
    AT_FLAGS = 67,
    AT_FORMAT = 68,
    AT_DOOR = 69,
    AT_TEXTS = 70,
    AT_BACK = 76,
};

/* Event i has at least its line end: ends rise, and the last is the end of all. */
static int check_ends(const uint32_t *ends, uint32_t n, const char *bytes, uint64_t len)
{
    uint32_t start = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (ends[i] <= start || ends[i] > len || bytes[ends[i] - 1] != '\n')
            return -EINVAL;
        start = ends[i];
    }
    return start == len ? 0 : -EINVAL;
}

int record_batch_check(const struct spool_batch *batch)
{
    const struct str *texts[] = {&batch->agency, &batch->source, &batch->peer, &batch->hint};
    if (batch->n == 0)
        return -EINVAL;
    if (batch->n > SPOOL_BATCH_EVENTS_MAX || batch->ends[batch->n - 1] > SPOOL_BATCH_BYTES_MAX)
        return -E2BIG;
    for (size_t i = 0; i < 4; i++)
        if (texts[i]->len > SPOOL_LABEL_MAX)
            return -E2BIG;
    return check_ends(batch->ends, batch->n, batch->bytes, batch->ends[batch->n - 1]);
}

static uint32_t padded(uint32_t size)
{
    return (size + RECORD_ALIGN - 1) & ~(RECORD_ALIGN - 1);
}

static uint32_t batch_size(uint32_t n, uint32_t bytes, size_t texts)
{
    return padded(RECORD_HEAD + n * 4 + bytes + (uint32_t)texts);
}

uint32_t record_batch_size(const struct spool_batch *batch)
{
    return batch_size(batch->n, batch->ends[batch->n - 1],
                      batch->agency.len + batch->source.len + batch->peer.len + batch->hint.len);
}

static char *add(char *out, const void *bytes, size_t len)
{
    if (len > 0)
        memcpy(out, bytes, len);
    return out + len;
}

void record_batch_write(char *out, uint32_t partition, const struct spool_batch *batch)
{
    const struct str texts[] = {batch->agency, batch->source, batch->peer, batch->hint};
    uint32_t bytes = batch->ends[batch->n - 1], size = record_batch_size(batch);
    memset(out, 0, RECORD_HEAD);
    put_u32(out + AT_MAGIC, MAGIC);
    put_u32(out + AT_SIZE, size);
    put_u64(out + AT_RECEIVED, (uint64_t)batch->received);
    put_u64(out + AT_PRODUCER, batch->producer);
    put_u64(out + AT_SEQUENCE, batch->sequence);
    put_u32(out + AT_N, batch->n);
    put_u32(out + AT_BYTES, bytes);
    put_u16(out + AT_PARTITION, (uint16_t)partition);
    out[AT_KIND] = RECORD_BATCH;
    out[AT_FLAGS] = batch->split ? RECORD_SPLIT : 0;
    out[AT_FORMAT] = (char)batch->format;
    out[AT_DOOR] = (char)batch->door;

    char *p = out + RECORD_HEAD;
    for (uint32_t i = 0; i < batch->n; i++, p += 4)
        put_u32(p, batch->ends[i]);
    p = add(p, batch->bytes, bytes);
    for (size_t i = 0; i < 4; i++) {
        out[AT_TEXTS + i] = (char)texts[i].len;
        p = add(p, texts[i].ptr, texts[i].len);
    }
    memset(p, 0, (size_t)(out + size - p));
    put_u32(out + AT_BODY_CRC, crc32c(out + RECORD_HEAD, size - RECORD_HEAD));
}

uint32_t record_producers_size(uint32_t n)
{
    return RECORD_HEAD + n * RECORD_PRODUCER;
}

void record_producers_write(char *out, const uint64_t (*pairs)[2], uint32_t n)
{
    uint32_t size = record_producers_size(n);
    memset(out, 0, RECORD_HEAD);
    put_u32(out + AT_MAGIC, MAGIC);
    put_u32(out + AT_SIZE, size);
    put_u32(out + AT_N, n);
    put_u32(out + AT_BYTES, n * RECORD_PRODUCER);
    out[AT_KIND] = RECORD_PRODUCERS;
    for (uint32_t i = 0; i < n; i++) {
        char *pair = out + RECORD_HEAD + (size_t)i * RECORD_PRODUCER;
        put_u64(pair, pairs[i][0]);
        put_u64(pair + 8, pairs[i][1]);
    }
    put_u32(out + AT_BODY_CRC, crc32c(out + RECORD_HEAD, size - RECORD_HEAD));
}

void record_place(char *out, uint64_t place, uint64_t offset, uint32_t back, bool last)
{
    if (last)
        out[AT_FLAGS] = (char)((uint8_t)out[AT_FLAGS] | RECORD_LAST);
    put_u64(out + AT_PLACE, place);
    put_u64(out + AT_OFFSET, offset);
    put_u32(out + AT_BACK, back);
    put_u32(out + AT_HEAD_CRC, crc32c(out + AT_BODY_CRC, RECORD_HEAD - AT_BODY_CRC));
}

static bool sizes_agree(const struct record *record)
{
    if (record->kind == RECORD_PRODUCERS)
        return record->n <= SPOOL_BATCH_EVENTS_MAX &&
               record->bytes == record->n * RECORD_PRODUCER &&
               record->size == record_producers_size(record->n);
    size_t texts = 0;
    for (size_t i = 0; i < 4; i++) {
        if (record->texts[i] > SPOOL_LABEL_MAX)
            return false;
        texts += record->texts[i];
    }
    return record->kind == RECORD_BATCH && record->n > 0 && record->n <= SPOOL_BATCH_EVENTS_MAX &&
           record->bytes <= SPOOL_BATCH_BYTES_MAX && record->partition < SPOOL_PARTITIONS_MAX &&
           record->offset <= RECORD_OFFSET_MAX - record->n &&
           record->size == batch_size(record->n, record->bytes, texts);
}

int record_head_read(const char *bytes, uint64_t place, struct record *ret_record)
{
    /* The place first: it is what a search over millions of positions fails on most cheaply. */
    if (get_u32(bytes + AT_MAGIC) != MAGIC || get_u64(bytes + AT_PLACE) != place ||
        get_u32(bytes + AT_HEAD_CRC) != crc32c(bytes + AT_BODY_CRC, RECORD_HEAD - AT_BODY_CRC))
        return -EBADMSG;
    struct record record = {
        .kind = (unsigned char)bytes[AT_KIND],
        .size = get_u32(bytes + AT_SIZE),
        .body_crc = get_u32(bytes + AT_BODY_CRC),
        .back = get_u32(bytes + AT_BACK),
        .partition = get_u16(bytes + AT_PARTITION),
        .offset = get_u64(bytes + AT_OFFSET),
        .producer = get_u64(bytes + AT_PRODUCER),
        .sequence = get_u64(bytes + AT_SEQUENCE),
        .received = (int64_t)get_u64(bytes + AT_RECEIVED),
        .n = get_u32(bytes + AT_N),
        .bytes = get_u32(bytes + AT_BYTES),
        .flags = (uint8_t)bytes[AT_FLAGS],
        .format = (uint8_t)bytes[AT_FORMAT],
        .door = (uint8_t)bytes[AT_DOOR],
    };
    memcpy(record.texts, bytes + AT_TEXTS, sizeof(record.texts));
    if (!sizes_agree(&record))
        return -EBADMSG;
    *ret_record = record;
    return 0;
}

int record_body_check(const char *bytes, const struct record *record)
{
    return crc32c(bytes + RECORD_HEAD, record->size - RECORD_HEAD) == record->body_crc ? 0
                                                                                       : -EBADMSG;
}

int record_batch_read(char *bytes, const struct record *record, struct spool_batch *ret_batch)
{
    uint32_t *ends = (void *)(bytes + RECORD_HEAD);
    const char *events = bytes + RECORD_HEAD + (size_t)record->n * 4;
    /* In place: nothing happens here on a little-endian machine. */
    for (uint32_t i = 0; i < record->n && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__; i++)
        ends[i] = le32toh(ends[i]);
    if (record->kind != RECORD_BATCH || check_ends(ends, record->n, events, record->bytes) < 0)
        return -EBADMSG;

    struct str texts[4];
    const char *p = events + record->bytes;
    for (size_t i = 0; i < 4; p += record->texts[i], i++)
        texts[i] = str_of(p, record->texts[i]);
    *ret_batch = (struct spool_batch){
        .agency = texts[0],
        .source = texts[1],
        .peer = texts[2],
        .hint = texts[3],
        .received = record->received,
        .producer = record->producer,
        .sequence = record->sequence,
        .format = record->format,
        .door = record->door,
        .split = (record->flags & RECORD_SPLIT) != 0,
        .n = record->n,
        .ends = ends,
        .bytes = events,
    };
    return 0;
}

void record_producer_read(const char *bytes, uint32_t i, uint64_t *ret_producer,
                          uint64_t *ret_sequence)
{
    const char *pair = bytes + RECORD_HEAD + (size_t)i * RECORD_PRODUCER;
    *ret_producer = get_u64(pair);
    *ret_sequence = get_u64(pair + 8);
}
