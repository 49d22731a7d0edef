/*
 * EVTX files: where chunks and records are. A chunk is parsed by itself; what lies between
 * chunks is reported, and searched for records where the options say so. The header of the
 * file is old while the log is being written, and says one thing only: how many chunks there were at
 * least. The checksums of chunks are old then, too: they say nothing about damage and are not compared.
 */
#include "parse/evtx.h"

#include "parse/formats.h"

#define FILE_HEADER_SIZE 4096u
#define FILE_HEADER_FIELDS 128u /* bytes of it that are used */
#define CHUNK_FIELDS 128u       /* bytes of a chunk's header before its tables */
#define CHUNK_LAST_ID 32        /* offsets in it */
#define CHUNK_HEADER_SIZE 40    /* always CHUNK_FIELDS */
#define CHUNK_LAST_RECORD 44
#define CHUNK_FREE_SPACE 48
#define FILE_CHUNKS 42 /* offset in the file's header */
#define CUT_CHUNKS 16u /* chunks passed on together */
#define CUT_GARBAGE (CUT_CHUNKS * EVTX_CHUNK_SIZE)

#define CARVE_TRIES 16u /* chunk sizes of false records tried within a chunk */

/* cutter.state: */
#define STATE_STARTED 0 /* the file header is behind us */
#define STATE_COUNTED 1 /* chunks that it counts */
#define STATE_PASSED 2  /* bytes passed on behind it */

/* Header of the last chunk where the file's own header counts more than there are. */
#define END_IS_MISSING STR("end is missing")

static const char FILE_MAGIC[8] = "ElfFile";
static const char CHUNK_MAGIC[8] = "ElfChnk";
static const char RECORD_MAGIC[4] = {'*', '*', 0, 0};

static bool starts_with(struct str data, const char *magic, size_t len)
{
    return data.len >= len && memcmp(data.ptr, magic, len) == 0;
}

static const unsigned char *bytes_of(struct str data)
{
    return (const unsigned char *)data.ptr;
}

/* A chunk's signature, which is enough where a chunk should be. */
static bool is_chunk(struct str data)
{
    return starts_with(data, CHUNK_MAGIC, sizeof(CHUNK_MAGIC));
}

/* A chunk's header where anything may be: the signature, and a size that makes sense. */
static bool is_lost_chunk(struct str data)
{
    if (data.len < CHUNK_FIELDS || !is_chunk(data))
        return false;
    return evtx_u32(bytes_of(data) + CHUNK_HEADER_SIZE) == CHUNK_FIELDS;
}

static int evtx_probe(struct str head)
{
    if (starts_with(head, FILE_MAGIC, sizeof(FILE_MAGIC)) ||
        starts_with(head, CHUNK_MAGIC, sizeof(CHUNK_MAGIC)))
        return 100;
    /* A file's header may be lost where its chunks are not. */
    return starts_with(str_skip(head, FILE_HEADER_SIZE), CHUNK_MAGIC, sizeof(CHUNK_MAGIC)) ? 95 : 0;
}

/* Bytes of the file header, 0 where there is none. */
static size_t file_header_size(struct str data)
{
    if (data.len < FILE_HEADER_FIELDS || !starts_with(data, FILE_MAGIC, sizeof(FILE_MAGIC)))
        return 0;
    uint32_t size = evtx_u16(bytes_of(data) + 40);
    return size >= FILE_HEADER_FIELDS ? size : FILE_HEADER_SIZE;
}

/* Chunks that the file's header counts: no more than that many while it is being written. */
static uint64_t chunks_counted(struct str data)
{
    return file_header_size(data) ? evtx_u16(bytes_of(data) + FILE_CHUNKS) : 0;
}

/*
 * Whole chunks at the start of data, CUT_CHUNKS of them at most. One at the end of what has arrived
 * waits: it may be the last, of which more is to be said.
 */
static size_t cut_chunks(struct str data, bool last)
{
    size_t len = 0;
    while (len < CUT_CHUNKS * EVTX_CHUNK_SIZE && is_chunk(str_skip(data, len))) {
        if (data.len - len <= EVTX_CHUNK_SIZE)
            return last ? data.len : len;
        len += EVTX_CHUNK_SIZE;
    }
    return len;
}

/*
 * What lies before the next chunk. Where none is in sight it asks for more, up to CUT_GARBAGE: what
 * is passed on must not depend on how the stream arrives.
 */
static size_t cut_garbage(struct str data, bool last)
{
    struct str window = str_first(data, CUT_GARBAGE + CHUNK_FIELDS);
    for (size_t at = 0; at < window.len; at++) {
        struct str rest = str_skip(window, at);
        size_t found = str_find(rest, str_of(CHUNK_MAGIC, sizeof(CHUNK_MAGIC)));
        if (found == SIZE_MAX)
            break;
        at += found;
        if (is_lost_chunk(str_skip(window, at)))
            return at < CUT_GARBAGE ? at : CUT_GARBAGE;
    }
    if (last)
        return data.len < CUT_GARBAGE ? data.len : CUT_GARBAGE;
    return data.len < CUT_GARBAGE + CHUNK_FIELDS ? 0 : CUT_GARBAGE;
}

static size_t evtx_cut(struct cutter *cutter, struct str data, bool last, struct str *ret_body)
{
    size_t skip = 0;
    *ret_body = str_first(data, 0);
    if (!cutter->state[STATE_STARTED]) {
        skip = file_header_size(data);
        if (!last && data.len < (skip > FILE_HEADER_SIZE ? skip : FILE_HEADER_SIZE))
            return 0;
        skip = skip < data.len ? skip : data.len;
        cutter->state[STATE_STARTED] = 1;
        cutter->state[STATE_COUNTED] = chunks_counted(data);
        if (skip == data.len && cutter->state[STATE_COUNTED]) {
            *ret_body = data; /* a file that is all header: parse() says so */
            return data.len;
        }
    }
    struct str rest = str_skip(data, skip);
    size_t len = is_chunk(rest) ? cut_chunks(rest, last) : cut_garbage(rest, last);
    cutter->state[STATE_PASSED] += len;
    if (last && len == rest.len &&
        cutter->state[STATE_PASSED] / EVTX_CHUNK_SIZE < cutter->state[STATE_COUNTED])
        buf_add_str(&cutter->header, END_IS_MISSING);
    *ret_body = str_first(rest, len);
    return skip + len;
}

static bool is_zero(struct str data)
{
    return data.len == 0 || (data.ptr[0] == 0 && memcmp(data.ptr, data.ptr + 1, data.len - 1) == 0);
}

/* One chunk, or a piece of what should be one. */
struct reader {
    struct evtx_chunk chunk;
    struct sink *sink;
    uint64_t offset;  /* of the chunk in the body */
    uint64_t last_id; /* of the record read last */
};

static void report(const struct reader *reader, uint32_t at, uint64_t record, const char *why)
{
    parser_error(reader->sink, reader->offset + at, record, why);
}

/* The size of the record at `at`, 0 where none is that ends before `end`. */
static uint32_t record_size(const struct reader *reader, uint32_t at, uint32_t end)
{
    const unsigned char *bytes = reader->chunk.bytes + at;
    if (end - at < EVTX_RECORD_MIN || memcmp(bytes, RECORD_MAGIC, sizeof(RECORD_MAGIC)) != 0)
        return 0;
    uint32_t size = evtx_u32(bytes + 4);
    return size >= EVTX_RECORD_MIN && size <= end - at ? size : 0;
}

/* The next record from `at` on whose size stands at its end as well; `end` where there is none. */
static uint32_t find_record(const struct reader *reader, uint32_t at, uint32_t end)
{
    while (at < end) {
        const unsigned char *bytes = reader->chunk.bytes;
        size_t found = str_find(str_of((const char *)bytes + at, end - at),
                                str_of(RECORD_MAGIC, sizeof(RECORD_MAGIC)));
        if (found == SIZE_MAX)
            return end;
        at += (uint32_t)found;
        uint32_t size = record_size(reader, at, end);
        if (size && evtx_u32(bytes + at + size - 4) == size)
            return at;
        at++;
    }
    return end;
}

static struct evtx_seen seen_of(const unsigned char *record)
{
    return (struct evtx_seen){.id = evtx_u64(record + 8), .time = evtx_u64(record + 16)};
}

static bool was_read(const struct reader *reader, struct evtx_seen record)
{
    const struct evtx_state *state = reader->chunk.state;
    for (size_t i = 0; i < state->seen.len; i++)
        if (state->seen.items[i].id == record.id && state->seen.items[i].time == record.time)
            return true;
    return false;
}

/*
 * Reads the record of that size and hands it to the sink. What is wrong with it is in
 * chunk.error afterwards. Returns what the sink returned.
 */
static int read_record(struct reader *reader, uint32_t at, uint32_t size)
{
    struct evtx_chunk *chunk = &reader->chunk;
    struct evtx_seen record = seen_of(chunk->bytes + at);
    parser_begin(chunk->parser, record.id, reader->offset + at, (struct str){0});
    chunk->parser->event.time = time_from_filetime(record.time);
    chunk->work = EVTX_WORK_BASE + EVTX_WORK_PER_BYTE * size;
    chunk->error = NULL;
    if (!evtx_run_fragment(chunk, at + EVTX_RECORD_HEADER, at + size - 4, &winevent_top, 0))
        return 0;
    if (chunk->parser->options.recover && vec_push(&chunk->state->seen, record) < 0)
        report(reader, at, record.id, "no memory to recognise records that are there twice");
    return parser_end(chunk->parser, reader->sink);
}

/*
 * Where reading goes on after a damaged record header: at the next record that belongs here by its
 * number. Others are what is left of earlier use of the file. `end` where there is none.
 */
static uint32_t resume(const struct reader *reader, uint32_t at, uint32_t end)
{
    uint64_t last_id = evtx_u64(reader->chunk.bytes + CHUNK_LAST_ID);
    for (at++; (at = find_record(reader, at, end)) < end; at++) {
        uint64_t id = evtx_u64(reader->chunk.bytes + at + 8);
        if (id > reader->last_id && id <= last_id)
            break;
    }
    return at;
}

/*
 * Zeros where a record should be: the chunk's header reached the disk before this page did. That is
 * no damage, and the end of what is sure to belong here; only data behind the zeros is worth a
 * word.
 */
static bool is_unwritten(const struct reader *reader, uint32_t at, uint32_t end)
{
    struct str rest = str_of((const char *)reader->chunk.bytes + at, end - at);
    if (!is_zero(str_first(rest, EVTX_RECORD_HEADER)))
        return false;
    if (!is_zero(rest))
        report(reader, at, 0,
               "unwritten space before the chunk's last records: recover reads them");
    return true;
}

/* The records a chunk knows of, from *at on; *at ends behind the last. */
static int read_records(struct reader *reader, uint32_t *at, uint32_t end)
{
    const unsigned char *bytes = reader->chunk.bytes;
    uint32_t last = evtx_u32(bytes + CHUNK_LAST_RECORD);
    while (*at < end) {
        uint32_t size = record_size(reader, *at, end);
        if (!size && is_unwritten(reader, *at, end))
            break;
        if (!size) {
            uint32_t next = resume(reader, *at, end);
            if (next == end && reader->chunk.len < EVTX_CHUNK_SIZE)
                break; /* the file ends here: said of the chunk */
            report(reader, *at, 0, "damaged record: its header makes no sense");
            if (next == end)
                break;
            *at = next;
            continue;
        }
        int status = read_record(reader, *at, size);
        if (status < 0)
            return status;
        reader->last_id = evtx_u64(bytes + *at + 8);
        if (reader->chunk.error)
            report(reader, *at, reader->last_id, reader->chunk.error);
        bool was_last = *at == last;
        *at += size;
        if (was_last)
            break;
    }
    return 0;
}

/*
 * Records that nothing points to any more: in what a chunk has free, in chunks without header. What
 * only looks like one is passed over; hostile bytes can look like many within each other.
 */
static int carve_records(struct reader *reader, uint32_t at, uint32_t end)
{
    uint32_t tries = CARVE_TRIES * EVTX_CHUNK_SIZE;
    while ((at = find_record(reader, at, end)) < end) {
        uint32_t size = record_size(reader, at, end);
        if (was_read(reader, seen_of(reader->chunk.bytes + at))) {
            at += size;
            continue;
        }
        int status = read_record(reader, at, size);
        if (status < 0)
            return status;
        if (!reader->chunk.error) {
            at += size;
            continue;
        }
        if (tries < size) {
            report(reader, at, 0, "recovery ends: too many false records within each other");
            return 0;
        }
        tries -= size;
        at++;
    }
    return 0;
}

static bool is_all_header(const struct chunk *chunk)
{
    return starts_with(chunk->body, FILE_MAGIC, sizeof(FILE_MAGIC));
}

/*
 * A file that ends between two chunks, or behind its header. One that ends within a chunk says so
 * itself.
 */
static void report_end(const struct chunk *chunk, struct sink *sink)
{
    bool whole_chunks = chunk->body.len % EVTX_CHUNK_SIZE == 0;
    if (is_all_header(chunk) || (chunk->header.len && whole_chunks))
        parser_error(sink, chunk->body.len, 0,
                     "the file ends before the last of the chunks that its header counts");
}

static int read_chunk(struct reader *reader)
{
    struct evtx_chunk *chunk = &reader->chunk;
    if (chunk->len < EVTX_CHUNK_HEADER) {
        report(reader, 0, 0, "the file ends within a chunk's header");
        return 0;
    }
    uint32_t free_space = evtx_u32(chunk->bytes + CHUNK_FREE_SPACE);
    uint32_t at = EVTX_CHUNK_HEADER, end = free_space;
    if (free_space < at || free_space > EVTX_CHUNK_SIZE) {
        report(reader, CHUNK_FREE_SPACE, 0, "damaged chunk: its free space makes no sense");
        end = chunk->len;
    }
    if (end > chunk->len)
        end = chunk->len;
    int status = read_records(reader, &at, end);
    if (status < 0)
        return status;
    if (free_space > chunk->len && chunk->len < EVTX_CHUNK_SIZE)
        report(reader, at, 0, "the file ends within a chunk");
    return chunk->parser->options.recover ? carve_records(reader, at, chunk->len) : 0;
}

/* A log grows by chunks of zeros; anything else without a header has been a chunk. */
static int read_garbage(struct reader *reader)
{
    struct evtx_chunk *chunk = &reader->chunk;
    if (is_zero(str_of((const char *)chunk->bytes, chunk->len)))
        return 0;
    report(reader, 0, 0, "no chunk where one should be");
    return chunk->parser->options.recover ? carve_records(reader, 0, chunk->len) : 0;
}

static int evtx_parse(struct parser *parser, const struct chunk *chunk, struct sink *sink)
{
    struct evtx_state *state =
        parser_state(parser, FORMAT_EVTX, sizeof(struct evtx_state), evtx_state_free);
    if (!state)
        return -ENOMEM;
    for (size_t at = 0; at < chunk->body.len && !is_all_header(chunk); at += EVTX_CHUNK_SIZE) {
        struct str piece = str_first(str_skip(chunk->body, at), EVTX_CHUNK_SIZE);
        struct reader reader = {
            .chunk = {.parser = parser,
                      .state = state,
                      .bytes = bytes_of(piece),
                      .len = (uint32_t)piece.len,
                      .template_work = EVTX_TEMPLATE_WORK},
            .sink = sink,
            .offset = at,
        };
        evtx_state_next_chunk(state);
        int status = is_chunk(piece) ? read_chunk(&reader) : read_garbage(&reader);
        if (status < 0)
            return status;
    }
    report_end(chunk, sink);
    return 0;
}

const struct format format_evtx = {
    .id = FORMAT_EVTX,
    .name = "evtx",
    .about = "Windows event logs (.evtx), damaged ones too",
    .probe = evtx_probe,
    .cut = evtx_cut,
    .parse = evtx_parse,
};
