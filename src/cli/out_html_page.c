#include "cli/out_html.h"

#include <stdlib.h>

/* Hands on what has been written when it is much: the page may be large. */
static void drain(const struct html *html, struct buf *out)
{
    if (out->len > 262144) {
        fwrite(out->ptr, 1, out->len, html->options.stream);
        buf_clear(out);
    }
}

static void write_head(const struct html *html, const struct out_summary *summary, struct buf *out)
{
    char time[TIME_TEXT_MAX], first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    style_time(html->options.started, time);
    buf_add_c(out, "<!doctype html><html lang=en><meta charset=utf-8>"
                   "<meta name=viewport content='width=device-width,initial-scale=1'>"
                   "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';"
                   "style-src 'unsafe-inline'\"><title>jaga report</title><style>");
    buf_add_c(out, html_css);
    /* Unticking a level hides its rules. */
    for (int i = SIGMA_LEVEL_NONE; i <= SIGMA_CRITICAL; i++) {
        const char *level = style_level((enum sigma_level)i);
        buf_printf(out,
                   ".%s{--c:var(--%s)}main:has(#f-%s:not(:checked)) details.rule.%s{display:none}",
                   level, level, level, level);
    }
    buf_printf(out, "</style><main><header><h1>What was found</h1><p>Scan of %s UTC", time);
    if (summary->first != TIME_UNSET) {
        style_time(summary->first, first);
        style_time(summary->last, last);
        buf_printf(out, " · events from %s to %s UTC", first, last);
    }
    buf_add_c(out,
              summary->interrupted ? " · <b>interrupted: not everything was read</b></p>" : "</p>");
    buf_add_c(out, "<p>");
    style_add_count(out, summary->findings);
    buf_add_c(out, " findings of ");
    style_add_count(out, summary->n_rules);
    buf_add_c(out, " rules in ");
    style_add_count(out, summary->events);
    buf_add_c(out, " events of ");
    style_add_count(out, summary->inputs);
    buf_printf(out, " inputs, read in %.1f s</p></header>", summary->seconds);
}

static void write_cards(const struct out_summary *summary, struct buf *out)
{
    buf_add_c(out, "<div class=cards>");
    for (int level = SIGMA_CRITICAL; level >= SIGMA_INFORMATIONAL; level--) {
        buf_printf(out, "<div class='card %s'><b>", style_level((enum sigma_level)level));
        style_add_count(out, summary->by_level[level]);
        buf_printf(out, "</b><span>%s</span></div>", style_level((enum sigma_level)level));
    }
    buf_add_c(out, "</div>");
}

/* Stacked bars from the first to the last that is not empty. */
static void write_timeline(const struct html_histogram *h, struct buf *out)
{
    size_t first = HTML_BARS, last = 0;
    uint64_t highest = 1;
    char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
    for (size_t i = 0; h->any && i < HTML_BARS; i++) {
        uint64_t sum = 0;
        for (size_t level = 0; level <= SIGMA_CRITICAL; level++)
            sum += h->bars[i][level];
        if (!sum)
            continue;
        first = first == HTML_BARS ? i : first;
        last = i;
        highest = sum > highest ? sum : highest;
    }
    if (first == HTML_BARS)
        return;
    buf_printf(out,
               "<h2>When</h2><div class=panel><svg viewBox='0 0 %zu 100' "
               "preserveAspectRatio=none role=img aria-label='findings over time'>",
               (last - first + 1) * 10);
    for (size_t i = first; i <= last; i++) {
        double top = 100;
        for (int level = SIGMA_CRITICAL; level >= 0; level--) {
            double height = (double)h->bars[i][level] * 100 / (double)highest;
            if (h->bars[i][level] == 0)
                continue;
            height = height < 1 ? 1 : height;
            top -= height;
            buf_printf(out, "<rect x=%zu y=%.2f width=9 height=%.2f fill='var(--%s)'/>",
                       (i - first) * 10, top < 0 ? 0 : top, height,
                       style_level((enum sigma_level)level));
        }
    }
    style_time(h->origin + (int64_t)first * h->width, from);
    style_time(h->origin + (int64_t)(last + 1) * h->width, to);
    buf_printf(out, "</svg><div class=axis><span>%s</span><span>at most ", from);
    style_add_count(out, highest);
    buf_printf(out, " findings in a bar</span><span>%s</span></div></div>", to);
}

static void write_hosts(const struct out_summary *summary, struct buf *out)
{
    uint64_t most = summary->n_hosts ? summary->hosts[0].count : 1;
    buf_add_c(out, "<div><h2>Hosts</h2><div class=panel><table class=tally>");
    for (size_t i = 0; i < summary->n_hosts && i < HTML_TOP; i++) {
        const struct out_host_count *host = &summary->hosts[i];
        buf_add_c(out, "<tr><td>");
        buf_add_html(out, host->host.len ? host->host : STR("(no host)"));
        buf_add_c(out, "<td class=n>");
        style_add_count(out, host->count);
        buf_add_c(out, "<td><div class=bar>");
        for (int level = SIGMA_CRITICAL; level >= 0; level--)
            if (host->by_level[level])
                buf_printf(out, "<i style='width:%.1f%%;background:var(--%s)'></i>",
                           (double)host->by_level[level] * 100 / (double)most,
                           style_level((enum sigma_level)level));
        buf_add_c(out, "</div>");
    }
    buf_add_c(out, "</table>");
    if (summary->n_hosts > HTML_TOP)
        buf_printf(out, "<p class=when>and %zu more</p>", summary->n_hosts - HTML_TOP);
    buf_add_c(out, "</div></div>");
}

static int by_count(const void *left, const void *right)
{
    const struct html_user *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return str_compare(a->name, b->name);
}

static void write_users(struct html *html, struct buf *out)
{
    if (html->users.len)
        qsort(html->users.items, html->users.len, sizeof(html->users.items[0]), by_count);
    buf_add_c(out, "<div><h2>Users</h2><div class=panel><table class=tally>");
    for (size_t i = 0; i < html->users.len && i < HTML_TOP; i++) {
        const struct html_user *user = &html->users.items[i];
        double most = (double)html->users.items[0].count;
        buf_add_c(out, "<tr><td>");
        buf_add_html(out, user->name);
        buf_add_c(out, "<td class=n>");
        style_add_count(out, user->count);
        buf_printf(out,
                   "<td><div class=bar><i style='width:%.1f%%;background:var(--high)'></i>"
                   "<i style='width:%.1f%%;background:var(--none)'></i></div>",
                   (double)user->worst * 100 / most,
                   (double)(user->count - user->worst) * 100 / most);
    }
    buf_add_c(out, "</table>");
    if (html->users.len > HTML_TOP)
        buf_printf(out, "<p class=when>and %zu more</p>", html->users.len - HTML_TOP);
    buf_add_c(out, "</div></div>");
}

static void write_about(const struct html_rule *rule, struct buf *out)
{
    const struct sigma_meta *meta = rule->meta;
    buf_add_c(out, "<div class=about>");
    if (meta->description.len) {
        buf_add_c(out, "<p>");
        buf_add_html(out, meta->description);
        buf_add_c(out, "</p>");
    }
    if (meta->n_falsepositives) {
        buf_add_c(out, "<p>May also be: ");
        for (uint32_t i = 0; i < meta->n_falsepositives; i++) {
            buf_add_c(out, i ? "; " : "");
            buf_add_html(out, meta->falsepositives[i]);
        }
        buf_add_c(out, "</p>");
    }
    buf_add_c(out, "<p class=tags>");
    for (uint32_t i = 0; i < meta->n_tags; i++) {
        buf_add_c(out, "<span>");
        buf_add_html(out, meta->tags[i]);
        buf_add_c(out, "</span>");
    }
    buf_add_c(out, "</p><p class=when>");
    buf_add_html(out, meta->id.len ? meta->id : meta->name);
    if (meta->author.len) {
        buf_add_c(out, " · ");
        buf_add_html(out, meta->author);
    }
    buf_add_c(out, "</p></div>");
}

static void write_line(const struct html_line *line, struct buf *out)
{
    char time[TIME_TEXT_MAX];
    style_time(line->first, time);
    buf_printf(out, "<details class=line><summary><span class=when>%s</span><span class=host>",
               time);
    buf_add_html(out, line->host);
    if (line->user.len) {
        buf_add_c(out, "<br><span class=when>");
        buf_add_html(out, line->user);
        buf_add_c(out, "</span>");
    }
    buf_add_c(out, "</span><span class=details>");
    buf_add_html(out, line->details);
    buf_add_c(out, "</span><span class=n>");
    if (line->count > 1) {
        buf_add_c(out, "×");
        style_add_count(out, line->count);
    }
    buf_add_c(out, "</span></summary>");
    buf_add_str(out, line->body);
    buf_add_c(out, "</details>");
}

static void write_rule(const struct html *html, const struct html_rule *rule, struct buf *out)
{
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
    const char *level = style_level(rule->meta->level);
    buf_printf(out,
               "<details class='rule %s'><summary><span class=badge>%s</span><span class=title>",
               level, level);
    buf_add_html(out, rule->meta->title);
    buf_add_c(out, "</span><span class=when>");
    if (rule->first != TIME_UNSET) {
        style_time(rule->first, first);
        style_time(rule->last, last);
        buf_add_c(out, first);
        if (rule->first != rule->last)
            buf_printf(out, " – %s", last);
    }
    buf_add_c(out, "</span><span class=n>");
    style_add_count(out, rule->count);
    buf_add_c(out, "</span></summary>");
    write_about(rule, out);
    for (size_t i = 0; i < rule->lines.len; i++) {
        write_line(&rule->lines.items[i], out);
        drain(html, out);
    }
    if (rule->unlisted) {
        buf_add_c(out, "<div class=more>");
        style_add_count(out, rule->unlisted);
        buf_add_c(out, " more findings are counted but not shown here; <code>-o jsonl</code> has "
                       "them all</div>");
    }
    buf_add_c(out, "</details>");
}

static int by_severity(const void *left, const void *right)
{
    const struct html_rule *a = left, *b = right;
    if (a->meta->level != b->meta->level)
        return a->meta->level > b->meta->level ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return str_compare(a->meta->title, b->meta->title);
}

static void write_rules(struct html *html, struct buf *out)
{
    buf_printf(out,
               "<h2>Findings <small>by rule, most severe first</small></h2><div class=filter>");
    for (int i = SIGMA_CRITICAL; i >= SIGMA_LEVEL_NONE; i--) {
        const char *level = style_level((enum sigma_level)i);
        buf_printf(out, "<label class=%s><input type=checkbox checked id=f-%s> %s</label>", level,
                   level, level);
    }
    buf_add_c(out, "</div>");
    if (html->rules.len == 0)
        buf_add_c(out, "<div class=panel>No rule found anything.</div>");
    else
        qsort(html->rules.items, html->rules.len, sizeof(html->rules.items[0]), by_severity);
    for (size_t i = 0; i < html->rules.len; i++)
        write_rule(html, &html->rules.items[i], out);
}

static void write_errors(const struct out_summary *summary, struct buf *out)
{
    if (summary->errors_total == 0)
        return;
    buf_add_c(out, "<h2>Not read</h2><div class=panel><ul class=plain>");
    for (size_t i = 0; i < summary->n_errors; i++) {
        const struct out_error *error = &summary->errors[i];
        buf_add_c(out, "<li>");
        buf_add_html(out, error->path);
        if (error->offset != OUT_NO_PLACE)
            buf_printf(out, " at byte %llu", (unsigned long long)error->offset);
        buf_add_c(out, ": ");
        buf_add_html(out, error->message);
    }
    buf_add_c(out, "</ul>");
    if (summary->errors_total > summary->n_errors) {
        buf_add_c(out, "<p class=when>and ");
        style_add_count(out, summary->errors_total - summary->n_errors);
        buf_add_c(out, " more</p>");
    }
    buf_add_c(out, "</div>");
}

static void write_limits(const struct out_summary *summary, struct buf *out)
{
    struct out_limit limits[OUT_LIMITS_MAX];
    size_t n = out_limits(summary, limits);
    if (n == 0)
        return;
    buf_add_c(out, "<h2>Limits</h2><div class=panel><ul class=plain>");
    for (size_t i = 0; i < n; i++) {
        buf_add_c(out, "<li>");
        style_add_count(out, limits[i].count);
        buf_printf(out, " %s", limits[i].text);
    }
    buf_add_c(out, "</ul></div>");
}

static void write_foot(const struct html *html, const struct out_summary *summary, struct buf *out)
{
    buf_add_c(out, "<footer>");
    style_add_count(out, summary->rules_loaded);
    buf_add_c(out, " rules loaded, ");
    style_add_count(out, summary->rules_refused);
    buf_add_c(out, " refused. Times are UTC. Made by jaga " JAGA_VERSION);
    if (html->options.command) {
        buf_add_c(out, ": <code>");
        buf_add_html(out, str_from_c(html->options.command));
        buf_add_c(out, "</code>");
    }
    buf_add_c(out, "</footer></main>\n");
}

void html_write_page(struct html *html, const struct out_summary *summary)
{
    struct buf out = {0};
    write_head(html, summary, &out);
    write_cards(summary, &out);
    write_timeline(&html->histogram, &out);
    buf_add_c(&out, "<div class=two>");
    write_hosts(summary, &out);
    write_users(html, &out);
    buf_add_c(&out, "</div>");
    html_write_attack(html, &out);
    write_rules(html, &out);
    write_limits(summary, &out);
    write_errors(summary, &out);
    write_foot(html, summary, &out);
    fwrite(out.ptr, 1, out.len, html->options.stream);
    buf_free(&out);
}
