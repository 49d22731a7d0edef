/*
 * The state kept over restarts: offsets, and the correlations as they were there.
 *
 *     magic, released, n, offset × n, state of the correlator (empty: there was none)
 */
#include <errno.h>

#include "watch/live_state.h"

static const char MAGIC[8] = {'J', 'A', 'G', 'A', 'L', 'I', 'V', '\1'}; /* the last: its version */

int snapshot_write(const struct live *live, struct buf *out)
{
    buf_clear(out);
    buf_add(out, MAGIC, sizeof(MAGIC));
    buf_add(out, &live->recorder.released, sizeof(live->recorder.released));
    buf_add(out, &live->n_partitions, sizeof(live->n_partitions));
    for (uint32_t i = 0; i < live->n_partitions; i++)
        buf_add(out, &live->partitions[i].recorded, sizeof(uint64_t));
    if (live->recorder.correlator)
        return correlator_save(live->recorder.correlator, out);
    return out->failed ? -ENOMEM : 0;
}

static bool take(struct str *rest, void *ret, size_t len)
{
    if (rest->len < len)
        return false;
    memcpy(ret, rest->ptr, len);
    *rest = str_skip(*rest, len);
    return true;
}

int snapshot_read(struct live *live, struct str bytes, struct err *err)
{
    char magic[sizeof(MAGIC)];
    int64_t released;
    uint32_t n;
    struct str rest = bytes;
    if (!take(&rest, magic, sizeof(magic)) || memcmp(magic, MAGIC, sizeof(MAGIC)) != 0 ||
        !take(&rest, &released, sizeof(released)) || !take(&rest, &n, sizeof(n)) ||
        n > SPOOL_PARTITIONS_MAX || rest.len < n * sizeof(uint64_t))
        return err_set(err, -EBADMSG, "the state of detection is damaged, or of another version");
    struct str state = str_skip(rest, n * sizeof(uint64_t));
    int r = 0;
    if (live->recorder.correlator && state.len)
        r = correlator_load(live->recorder.correlator, state, err);
    if (r < 0)
        return r;
    live->recorder.released = released;
    for (uint32_t i = 0; i < n && i < live->n_partitions; i++)
        (void)take(&rest, &live->partitions[i].position, sizeof(uint64_t));
    return 0;
}
