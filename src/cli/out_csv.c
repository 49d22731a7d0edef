/* out_csv: one row per finding (RFC 4180), the event as JSON in its last column. */
#include "cli/out_style.h"

#include <stdlib.h>

struct csv {
    FILE *stream;
    struct buf line;
};

static void *csv_begin(const struct out_options *options)
{
    struct csv *csv = calloc(1, sizeof(*csv));
    if (!csv)
        return NULL;
    csv->stream = options->stream;
    fputs("time,level,title,rule_id,tags,host,user,dataset,event_id,details,path,record,event\r\n",
          csv->stream);
    return csv;
}

static void add_tags(struct buf *line, const struct sigma_meta *meta)
{
    struct buf tags = {0};
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        if (i)
            buf_add_byte(&tags, ' ');
        buf_add_str(&tags, meta->tags[i]);
    }
    buf_add_csv(line, buf_str(&tags));
    buf_free(&tags);
}

static void add_event(struct buf *line, const struct finding_event *event)
{
    buf_add_csv(line, event->host);
    buf_add_byte(line, ',');
    buf_add_csv(line, event->user);
    buf_add_byte(line, ',');
    buf_add_csv(line, event->dataset ? event->dataset->name : (struct str){0});
    buf_add_byte(line, ',');
    buf_add_csv(line, event->event_id);
}

static void csv_finding(void *state, const struct finding *finding)
{
    static const struct finding_event no_event = {.time = TIME_UNSET};
    struct csv *csv = state;
    const struct finding_event *event = finding->event ? finding->event : &no_event;
    struct buf *line = &csv->line, details = {0};
    char time[TIME_TEXT_MAX];

    buf_clear(line);
    if (finding_time(finding) != TIME_UNSET)
        buf_add(line, time, time_format(finding_time(finding), time));
    buf_printf(line, ",%s,", style_level(finding->meta->level));
    buf_add_csv(line, finding->meta->title);
    buf_add_byte(line, ',');
    buf_add_csv(line, finding->meta->id);
    buf_add_byte(line, ',');
    add_tags(line, finding->meta);
    buf_add_byte(line, ',');
    add_event(line, event);
    buf_add_byte(line, ',');
    style_details(finding, 4, 400, &details);
    buf_add_csv(line, buf_str(&details));
    buf_free(&details);
    buf_add_byte(line, ',');
    buf_add_csv(line, event->path);
    buf_printf(line, ",%llu,", (unsigned long long)event->record);
    buf_add_csv(line, event->json);
    buf_add_c(line, "\r\n");
    fwrite(line->ptr, 1, line->len, csv->stream);
}

static void csv_end(void *state, const struct out_summary *summary)
{
    struct csv *csv = state;
    (void)summary;
    buf_free(&csv->line);
    free(csv);
}

const struct out_format out_csv = {
    .name = "csv",
    .about = "one row per finding, the event as JSON in the last column",
    .begin = csv_begin,
    .finding = csv_finding,
    .end = csv_end,
};
