/*
 * syslog: frames of a stream, in pieces. The first byte says how long the pieces are. However it is cut, the
 * messages are the same ones; none is longer than the limit; none of their bytes is made up.
 */
#include <stdlib.h>

#include "api/syslog_frame.h"
#include "base/hash.h"

#define LIMIT 512

struct seen {
    uint64_t hash;
    size_t messages, bytes;
};

static struct seen run(struct str stream, size_t step)
{
    struct syslog_frame frame = {0};
    struct seen seen = {0};
    while (stream.len) {
        struct str part = str_first(stream, step);
        char *copy = malloc(part.len);
        if (!copy)
            abort();
        memcpy(copy, part.ptr, part.len);
        struct str rest = {copy, part.len}, message = {0};
        enum syslog_framed framed;
        while ((framed = syslog_frame_next(&frame, &rest, LIMIT, &message)) != SYSLOG_MORE) {
            if (message.len > LIMIT)
                abort();
            seen.messages++;
            if (framed == SYSLOG_MESSAGE) {
                seen.hash = hash_mix(seen.hash, hash_text(message));
                seen.bytes += message.len;
                (void)syslog_hostname(message);
            }
        }
        if (rest.len || frame.partial.len > LIMIT)
            abort();
        free(copy);
        stream = str_skip(stream, step);
    }
    struct str end = syslog_frame_end(&frame);
    seen.hash = hash_mix(seen.hash, hash_text(end));
    syslog_frame_free(&frame);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct str stream = {(const char *)data + 1, size - 1};
    struct seen whole = run(stream, stream.len);
    struct seen pieces = run(stream, data[0] ? data[0] : 256);
    if (whole.hash != pieces.hash || whole.messages != pieces.messages || whole.bytes > stream.len)
        abort();
    return 0;
}
