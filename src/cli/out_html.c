#include "cli/out_html.h"

#include <stdlib.h>

static void *html_begin(const struct out_options *options)
{
    struct html *html = calloc(1, sizeof(*html));
    if (!html)
        return NULL;
    html->options = *options;
    arena_init(&html->arena, HTML_MEMORY_MAX);
    return html;
}

static void widen_back(struct html_histogram *h)
{
    uint64_t joined[HTML_BARS][SIGMA_CRITICAL + 1] = {0};
    for (size_t i = 0; i < HTML_BARS; i++)
        for (size_t level = 0; level <= SIGMA_CRITICAL; level++)
            joined[HTML_BARS / 2 + i / 2][level] += h->bars[i][level];
    memcpy(h->bars, joined, sizeof(joined));
    h->origin -= h->width * HTML_BARS;
    h->width *= 2;
}

static void widen_forward(struct html_histogram *h)
{
    uint64_t joined[HTML_BARS][SIGMA_CRITICAL + 1] = {0};
    for (size_t i = 0; i < HTML_BARS; i++)
        for (size_t level = 0; level <= SIGMA_CRITICAL; level++)
            joined[i / 2][level] += h->bars[i][level];
    memcpy(h->bars, joined, sizeof(joined));
    h->width *= 2;
}

void html_histogram_add(struct html_histogram *h, int64_t time_us, enum sigma_level level)
{
    /* Beyond these years a bar's arithmetic could overflow; such times are wrong anyway. */
    static const int64_t limit = INT64_C(300) * 365 * TIME_DAY_US;
    if (time_us < -limit || time_us > limit)
        return;
    if (!h->any) {
        h->any = true;
        h->width = TIME_SECOND_US;
        h->origin =
            time_us - time_us % TIME_SECOND_US - (time_us % TIME_SECOND_US < 0) * TIME_SECOND_US;
    }
    while (time_us < h->origin)
        widen_back(h);
    while (time_us >= h->origin + h->width * HTML_BARS)
        widen_forward(h);
    h->bars[(time_us - h->origin) / h->width][level]++;
}

static struct html_rule *find_rule(struct html *html, const struct finding *finding)
{
    const struct sigma_meta *meta = finding->meta;
    struct str key = str_of((const char *)&meta, sizeof(meta));
    uint32_t index = map_get(&html->rule_index, key);
    if (index != MAP_NONE)
        return &html->rules.items[index];
    struct str copy = arena_copy(&html->arena, key);
    struct html_rule rule = {
        .meta = meta, .rule = finding->rule, .first = TIME_UNSET, .last = TIME_UNSET};
    if (!copy.ptr || vec_push(&html->rules, rule) < 0)
        return NULL;
    if (map_put(&html->rule_index, copy, (uint32_t)(html->rules.len - 1)) < 0)
        return NULL;
    return &html->rules.items[html->rules.len - 1];
}

static void count_user(struct html *html, const struct finding *finding)
{
    struct str name = finding->event ? finding->event->user : (struct str){0};
    if (name.len == 0)
        return;
    uint32_t index = map_get(&html->user_index, name);
    if (index == MAP_NONE) {
        struct str copy = arena_copy(&html->arena, name);
        if (!copy.ptr || html->users.len == HTML_USERS_MAX ||
            vec_push(&html->users, (struct html_user){.name = copy}) < 0)
            return;
        index = (uint32_t)(html->users.len - 1);
        if (map_put(&html->user_index, copy, index) < 0)
            return;
    }
    html->users.items[index].count++;
    html->users.items[index].worst += finding->meta->level >= SIGMA_HIGH;
}

static void add_row(struct buf *body, struct str name, struct str text, bool key)
{
    buf_add_c(body, key ? "<tr class=key><th>" : "<tr><th>");
    buf_add_html(body, name);
    buf_add_c(body, "<td>");
    buf_add_html(body, text);
    buf_add_c(body, "\n");
}

/* Where the event came from, then its fields, those that matter first and marked. */
static void add_event(struct buf *body, const struct finding *finding,
                      const struct finding_event *event)
{
    uint32_t keys[16];
    uint32_t n_keys = event == finding->event ? style_key_fields(finding, keys, 16) : 0;
    buf_add_c(body, "<p class=where>");
    buf_add_html(body, event->path);
    buf_printf(body, " · record %llu", (unsigned long long)event->record);
    if (event->dataset) {
        buf_add_c(body, " · ");
        buf_add_html(body,
                     event->dataset->title.len ? event->dataset->title : event->dataset->name);
    }
    buf_add_c(body, "</p><table class=event>");
    for (uint32_t i = 0; i < n_keys; i++)
        add_row(body, event->fields[keys[i]].name, event->fields[keys[i]].text, true);
    for (uint32_t i = 0; i < event->n_fields; i++) {
        bool shown = false;
        for (uint32_t k = 0; k < n_keys && !shown; k++)
            shown = keys[k] == i;
        if (!shown && event->fields[i].text.len)
            add_row(body, event->fields[i].name, event->fields[i].text, false);
    }
    buf_add_c(body, "</table>");
}

static void add_correlated(struct buf *body, const struct finding *finding)
{
    const struct finding_correlated *correlated = finding->correlated;
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    style_time(correlated->first, first);
    style_time(correlated->last, last);
    buf_printf(body, "<p class=where>%llu events, %s to %s</p>",
               (unsigned long long)correlated->count, first, last);
    for (uint32_t i = 0; i < correlated->n_events; i++)
        if (correlated->events[i].n_fields)
            add_event(body, finding, &correlated->events[i]);
}

/* A new folded line of the rule, or false when a limit is spent. */
static bool add_line(struct html *html, struct html_rule *rule, const struct finding *finding,
                     const size_t at[3])
{
    if (rule->lines.len == HTML_LINES_PER_RULE)
        return false;
    buf_clear(&html->body);
    if (finding->correlated)
        add_correlated(&html->body, finding);
    else if (finding->event)
        add_event(&html->body, finding, finding->event);
    struct str key = arena_copy(&html->arena, buf_str(&html->key));
    struct str body = arena_copy(&html->arena, buf_str(&html->body));
    if (!key.ptr || !body.ptr || html->body.failed)
        return false;
    struct html_line line = {
        .host = str_of(key.ptr + at[0], at[1] - at[0] - 1),
        .user = str_of(key.ptr + at[1], at[2] - at[1] - 1),
        .details = str_skip(key, at[2]),
        .body = body,
        .first = TIME_UNSET,
        .last = TIME_UNSET,
        .count = 1,
    };
    time_extend(&line.first, &line.last, finding_time(finding));
    if (vec_push(&rule->lines, line) < 0)
        return false;
    return map_put(&html->seen, key, (uint32_t)(rule->lines.len - 1)) >= 0;
}

static void html_finding(void *state, const struct finding *finding)
{
    struct html *html = state;
    const struct finding_event *event = finding->event;
    int64_t time = finding_time(finding);
    struct html_rule *rule = find_rule(html, finding);
    struct buf *key = &html->key;
    size_t at[3]; /* where host, user and details begin in the key */

    if (time != TIME_UNSET)
        html_histogram_add(&html->histogram, time, finding->meta->level);
    count_user(html, finding);
    if (!rule)
        return;
    rule->count++;
    time_extend(&rule->first, &rule->last, time);
    buf_clear(key);
    buf_add(key, &finding->meta, sizeof(finding->meta));
    at[0] = key->len;
    buf_add_str(key, event ? event->host : (struct str){0});
    buf_add_byte(key, '\0');
    at[1] = key->len;
    buf_add_str(key, event ? event->user : (struct str){0});
    buf_add_byte(key, '\0');
    at[2] = key->len;
    style_details(finding, 3, 300, key);
    uint32_t index = key->failed ? MAP_NONE : map_get(&html->seen, buf_str(key));
    if (index != MAP_NONE) {
        struct html_line *line = &rule->lines.items[index];
        line->count++;
        time_extend(&line->first, &line->last, time);
    } else if (key->failed || !add_line(html, rule, finding, at)) {
        rule->unlisted++;
    }
}

static void html_end(void *state, const struct out_summary *summary)
{
    struct html *html = state;
    html_write_page(html, summary);
    for (size_t i = 0; i < html->rules.len; i++)
        vec_free(&html->rules.items[i].lines);
    vec_free(&html->rules);
    vec_free(&html->users);
    map_free(&html->rule_index);
    map_free(&html->seen);
    map_free(&html->user_index);
    buf_free(&html->key);
    buf_free(&html->body);
    arena_free(&html->arena);
    free(html);
}

const struct out_format out_html = {
    .name = "html",
    .about = "one self-contained report file for the browser",
    .begin = html_begin,
    .finding = html_finding,
    .end = html_end,
};
