/* Results of hunts as the interface has them. */
#include <errno.h>
#include <inttypes.h>

#include "api/hunts.h"
#include "api/members.h"
#include "hunt/rows.h"

void hunt_write_id(struct hunt_writer *writer, const char *id)
{
    if (writer->form != HUNT_NDJSON)
        return;
    buf_add_byte(writer->out, '{');
    member_c(writer->out, "hunt", id);
    buf_add_c(writer->out, "}\n");
}

/* {"columns":[...],"render":...,"rows":[ */
static void begin_json(struct hunt_writer *writer)
{
    struct buf *out = writer->out;
    /* Further results stand behind the first one's members. */
    if (writer->head->index > 0)
        buf_add_c(out, writer->head->index == 1 ? ",\"more\":[" : ",");
    buf_add_c(out, "{\"columns\":");
    rows_add_columns(out, writer->head);
    buf_add_c(out, ",\"render\":");
    rows_add_render(out, writer->head->render);
    buf_add_c(out, ",\"rows\":[");
}

void hunt_write_begin(struct hunt_writer *writer, const struct hunt_head *head)
{
    struct buf *out = writer->out;
    writer->head = head;
    writer->rows = 0;
    writer->results++;
    switch (writer->form) {
    case HUNT_JSON:
        begin_json(writer);
        break;
    case HUNT_NDJSON:
        buf_printf(out, "{\"result\":%" PRIu32 ",\"columns\":", head->index);
        rows_add_columns(out, head);
        buf_add_c(out, ",\"render\":");
        rows_add_render(out, head->render);
        buf_add_c(out, "}\n");
        break;
    case HUNT_CSV:
        buf_add_c(out, head->index > 0 ? "\r\n" : "");
        rows_add_csv_names(out, head);
    }
}

void hunt_write_row(struct hunt_writer *writer, const struct hunt_cell *cells)
{
    struct buf *out = writer->out;
    switch (writer->form) {
    case HUNT_JSON:
        buf_add_c(out, writer->rows > 0 ? "," : "");
        rows_add_array(out, writer->head, cells);
        break;
    case HUNT_NDJSON:
        buf_add_c(out, "{\"row\":");
        rows_add_array(out, writer->head, cells);
        buf_add_c(out, "}\n");
        break;
    case HUNT_CSV:
        rows_add_csv(out, writer->head, cells);
    }
    writer->rows++;
}

void hunt_write_end(struct hunt_writer *writer, bool cut)
{
    struct buf *out = writer->out;
    const char *word = cut ? "true" : "false";
    if (writer->form == HUNT_NDJSON)
        buf_printf(out, "{\"end\":%" PRIu32 ",\"rows\":%" PRIu64 ",\"cut\":%s}\n",
                   writer->head->index, writer->rows, word);
    else if (writer->form == HUNT_JSON)
        buf_printf(out, "],\"cut\":%s%s", word, writer->head->index > 0 ? "}" : "");
    writer->head = NULL;
}

static void add_stats(struct buf *out, const struct hunt_asking_stats *stats)
{
    member_u64(out, "rows", stats->rows);
    member_u64(out, "bytes", stats->bytes);
    member_u64(out, "time_us", (uint64_t)stats->time_us);
    member_c(out, "note", stats->note);
}

void hunt_write_done(struct hunt_writer *writer, const struct hunt_asking_stats *stats)
{
    struct buf *out = writer->out;
    if (writer->form == HUNT_CSV)
        return;
    bool frame = writer->form == HUNT_NDJSON;
    buf_add_c(out, frame ? "{" : writer->results > 1 ? "]," : ",");
    buf_add_c(out, "\"done\":{");
    add_stats(out, stats);
    buf_add_c(out, frame ? "}}\n" : "}}");
}

void hunt_write_progress(struct buf *out, const struct hunt_asking_stats *stats)
{
    buf_add_c(out, "{\"progress\":{");
    if (stats->progress < 0)
        member_raw(out, "part", STR(""), "null");
    else
        member_double(out, "part", stats->progress);
    add_stats(out, stats);
    buf_add_c(out, "}}\n");
}

void hunt_write_waiting(struct buf *out, uint32_t ahead)
{
    buf_add_c(out, "{\"waiting\":{");
    member_u64(out, "ahead", ahead);
    buf_add_c(out, "}}\n");
}

/* ---- problems ---- */

unsigned hunt_problem_status(const struct err *err)
{
    static const struct {
        int code;
        unsigned status;
    } rows[] = {
        {-EINVAL, 400}, {-ENOTSUP, 400}, {-E2BIG, 400},     {-ENOENT, 400},
        {-EACCES, 403}, {-ETIME, 422},   {-ECANCELED, 409},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].code == err->code)
            return rows[i].status;
    return err->code == -ENOMEM ? 422 : 503;
}

void hunt_write_problem(struct buf *out, const struct err *err)
{
    unsigned status = hunt_problem_status(err);
    const char *title = MHD_get_reason_phrase_for(status);
    buf_add_byte(out, '{');
    member_c(out, "type", "about:blank");
    member_c(out, "title", title ? title : "Problem");
    member_u64(out, "status", status);
    member_c(out, "detail", err->message);
    if (err->line) {
        member_u64(out, "line", err->line);
        member_u64(out, "column", err->column);
    }
    buf_add_byte(out, '}');
}
