/*
 * What a centre answers to a hunt, whatever it is: the sink gets begin, rows, end, in that order and nothing else, and the same
 * however the network cuts the bytes.
 */
#include <stdlib.h>

#include "cli/hunt_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the sink was told: its calls, and the bytes of its texts. */
struct told {
    struct buf calls;
    uint32_t n_columns;
    bool open;
};

static int begin(void *context, const struct hunt_head *head)
{
    struct told *told = context;
    if (told->open)
        abort();
    told->open = true;
    told->n_columns = head->n_columns;
    buf_add_byte(&told->calls, 'b');
    for (uint32_t i = 0; i < head->n_columns; i++)
        buf_add_str(&told->calls, head->columns[i].name);
    for (uint32_t i = 0; i < head->render->n_properties; i++)
        buf_add_str(&told->calls, head->render->values[i]);
    return 0;
}

static int row(void *context, const struct hunt_cell *cells)
{
    struct told *told = context;
    if (!told->open)
        abort();
    buf_add_byte(&told->calls, 'r');
    for (uint32_t i = 0; i < told->n_columns; i++)
        buf_add_str(&told->calls, cells[i].null ? STR("-") : cells[i].text);
    return 0;
}

static int end(void *context, bool cut)
{
    struct told *told = context;
    if (!told->open)
        abort();
    told->open = false;
    buf_add_byte(&told->calls, cut ? 'c' : 'e');
    return 0;
}

static int read_answer(struct str bytes, size_t step, struct told *told)
{
    const struct hunt_sink sink = {begin, row, end, told};
    struct hunt_frames *frames = hunt_frames_new(&sink);
    struct hunt_asking_stats stats;
    struct err err = {0};
    int status = frames ? 0 : -ENOMEM;
    for (; status == 0 && bytes.len; bytes = str_skip(bytes, step))
        status = hunt_frames_take(frames, str_first(bytes, step), &err);
    if (status == 0)
        status = hunt_frames_end(frames, &err);
    if (frames) {
        hunt_frames_stats(frames, &stats);
        if (stats.progress > 1 || (status < 0 && !err.code))
            abort();
    }
    hunt_frames_free(frames);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told whole = {0}, cut = {0};
    struct str bytes = {(const char *)data, size};
    size_t step = size ? 1 + data[0] % 61 : 1;
    int status = read_answer(bytes, size ? size : 1, &whole);
    if (read_answer(bytes, step, &cut) != status ||
        (!whole.calls.failed && !cut.calls.failed &&
         !str_eq(buf_str(&whole.calls), buf_str(&cut.calls))))
        abort();
    buf_free(&whole.calls);
    buf_free(&cut.calls);
    return 0;
}
