/*
 * out_timesketch: the CSV that Timesketch imports as a time line: message, datetime
 * and timestamp_desc are its mandatory columns, `tag` a list of labels; the rest become attributes.
 * A finding without a time gets Timesketch's own mark for that, the epoch, and says so.
 */
#include "cli/out_style.h"

#include <stdlib.h>

struct timesketch {
    FILE *stream;
    struct buf line;
};

static void *timesketch_begin(const struct out_options *options)
{
    struct timesketch *ts = calloc(1, sizeof(*ts));
    if (!ts)
        return NULL;
    ts->stream = options->stream;
    fputs(
        "message,datetime,timestamp,timestamp_desc,tag,level,rule_title,rule_id,hostname,username,"
        "data_type,event_identifier,details,display_name,record_number,xml_string\r\n",
        ts->stream);
    return ts;
}

/* ["level:high", "attack.t1003"] as Timesketch reads labels. */
static void add_labels(struct buf *line, const struct sigma_meta *meta)
{
    struct buf labels = {0};
    buf_printf(&labels, "[\"level:%s\"", style_level(meta->level));
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        buf_add_c(&labels, ", ");
        buf_add_json(&labels, meta->tags[i]);
    }
    buf_add_byte(&labels, ']');
    buf_add_csv(line, buf_str(&labels));
    buf_free(&labels);
}

static void add_when(struct buf *line, int64_t time_us)
{
    char text[TIME_TEXT_MAX];
    bool dated = time_us != TIME_UNSET;
    size_t len = time_format(dated ? time_us : 0, text);
    buf_add(line, text, len - 1);
    buf_add_c(line, "+00:00,");
    buf_add_i64(line, dated ? time_us : 0);
    buf_add_c(line, dated ? ",Event Time," : ",Not a time,");
}

static void timesketch_finding(void *state, const struct finding *finding)
{
    static const struct finding_event no_event = {.time = TIME_UNSET};
    struct timesketch *ts = state;
    const struct finding_event *event = finding->event ? finding->event : &no_event;
    struct buf *line = &ts->line, details = {0}, message = {0};

    style_details(finding, 4, 400, &details);
    buf_printf(&message, "[%s] ", style_level(finding->meta->level));
    buf_add_str(&message, finding->meta->title);
    if (details.len) {
        buf_add_c(&message, ": ");
        buf_add_str(&message, buf_str(&details));
    }
    buf_clear(line);
    buf_add_csv(line, buf_str(&message));
    buf_add_byte(line, ',');
    add_when(line, finding_time(finding));
    add_labels(line, finding->meta);
    buf_printf(line, ",%s,", style_level(finding->meta->level));
    const struct str columns[] = {
        finding->meta->title,
        finding->meta->id,
        event->host,
        event->user,
        event->dataset ? event->dataset->name : (struct str){0},
        event->event_id,
        buf_str(&details),
        event->path,
    };
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        buf_add_csv(line, columns[i]);
        buf_add_byte(line, ',');
    }
    buf_printf(line, "%llu,", (unsigned long long)event->record);
    buf_add_csv(line, event->json);
    buf_add_c(line, "\r\n");
    fwrite(line->ptr, 1, line->len, ts->stream);
    buf_free(&details);
    buf_free(&message);
}

static void timesketch_end(void *state, const struct out_summary *summary)
{
    struct timesketch *ts = state;
    (void)summary;
    buf_free(&ts->line);
    free(ts);
}

const struct out_format out_timesketch = {
    .name = "timesketch",
    .about = "CSV that Timesketch imports as a time line",
    .begin = timesketch_begin,
    .finding = timesketch_finding,
    .end = timesketch_end,
};
