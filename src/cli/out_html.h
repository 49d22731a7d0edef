/*
 * out_html: the inside of the HTML report. out_html.c gathers findings by rule, out_html_page.c
 * writes the page, out_html_attack.c its ATT&CK part, out_html_css.c has its style. The page is one
 * file without scripts or anything loaded from elsewhere: it opens from a seized disk in an
 * offline room.
 */
#ifndef JAGA_CLI_OUT_HTML_H
#define JAGA_CLI_OUT_HTML_H

#include "base/map.h"
#include "base/vec.h"
#include "cli/out_style.h"

#define HTML_MEMORY_MAX (96u << 20) /* bytes of events shown with their fields; more are counted */
#define HTML_LINES_PER_RULE 200     /* folded lines shown of one rule */
#define HTML_USERS_MAX 4096         /* users counted by name */
#define HTML_TECHNIQUES_MAX 1024    /* ATT&CK techniques shown below one tactic */
#define HTML_TOP 12                 /* hosts and users shown */
#define HTML_BARS 96                /* of the time line */

/* Findings of one rule that say the same: shown as one line with the first event's fields. */
struct html_line {
    struct str host, user, details, body; /* body: HTML of the event */
    int64_t first, last;
    uint64_t count;
};

struct html_rule {
    const struct sigma_meta *meta;
    const struct sigma_rule *rule; /* NULL: a correlation */
    uint64_t count;
    uint64_t unlisted; /* findings past the limits */
    int64_t first, last;
    VEC(struct html_line) lines;
};

struct html_user {
    struct str name;
    uint64_t count;
    uint64_t worst; /* findings that are high or critical */
};

/*
 * How many findings of each level fell into which span of time. The bars always cover all that was
 * seen: a time outside doubles the width of every bar, pairs of bars are joined.
 */
struct html_histogram {
    bool any;
    int64_t origin; /* µs: start of bars[0] */
    int64_t width;  /* µs of one bar */
    uint64_t bars[HTML_BARS][SIGMA_CRITICAL + 1];
};

struct html {
    struct out_options options;
    struct arena arena;
    struct map rule_index; /* address of the meta → index into rules */
    VEC(struct html_rule) rules;
    struct map seen; /* meta, host, user, details → index of the line within its rule */
    struct map user_index;
    VEC(struct html_user) users;
    struct html_histogram histogram;
    struct buf key;
    struct buf body;
};

void html_histogram_add(struct html_histogram *histogram, int64_t time_us, enum sigma_level level);

/* The style sheet of the page, in out_html_css.c. */
extern const char html_css[];

/* Writes the whole page to options.stream. Sorts html->rules and html->users. */
void html_write_page(struct html *html, const struct out_summary *summary);

/* The ATT&CK part of the page: tactics as columns, found techniques below them. */
void html_write_attack(const struct html *html, struct buf *out);

#endif
