#include "cli/drill_report.h"

#include <stdlib.h>

#include "base/time.h"
#include "cli/out_style.h"
#include "io/clock.h"

#define STEP_COLUMNS 40
#define AGENCY_COLUMNS 10
#define FOUND_COLUMNS 68

static void add_cell(struct buf *out, struct str text, size_t columns)
{
    size_t used = style_printable(out, text, columns);
    for (; used < columns + 2; used++)
        buf_add_byte(out, ' ');
}

static void add_seconds(struct buf *out, int64_t us)
{
    if (us < 60 * TIME_SECOND_US)
        buf_printf(out, "%.1f s", (double)us / 1e6);
    else
        buf_printf(out, "%lldm %02llds", (long long)(us / (60 * TIME_SECOND_US)),
                   (long long)(us / TIME_SECOND_US % 60));
}

static void heading(struct buf *out, const char *name, bool colour)
{
    buf_printf(out, "%s%-12s%s", style_bold(colour), name, style_reset(colour));
}

static const char *verdict_colour(enum judge_verdict verdict, bool colour)
{
    if (!colour)
        return "";
    return verdict == JUDGE_DETECTED ? "\033[32m"
           : verdict == JUDGE_MISSED ? "\033[1;97;41m"
                                     : "\033[2m";
}

void drill_report_step(const struct cli *cli, const struct drill *drill, size_t index,
                       int64_t at_us)
{
    const struct drill_step *step = &drill->steps[index];
    bool colour = cli->colour_out;
    struct buf out = {0};
    char clock[TIME_TEXT_MAX];
    style_time(clock_now_us(), clock);
    (void)at_us;
    buf_printf(&out, "%s%s%s  %s▶ %2zu%s      ", style_dim(colour), clock, style_reset(colour),
               colour ? "\033[35m" : "", index + 1, style_reset(colour));
    add_cell(&out, drill->agencies[step->agency].name, AGENCY_COLUMNS);
    buf_add_c(&out, colour ? "\033[35m" : "");
    style_printable(&out, step->name, 60);
    buf_printf(&out, "%s  %s%.*s%s\n", style_reset(colour), style_dim(colour),
               STR_ARG(step->technique), style_reset(colour));
    fwrite(out.ptr, 1, out.len, stdout);
    fflush(stdout);
    buf_free(&out);
}

/* ---- for people ---- */

static void print_step(const struct cli *cli, const struct drill *drill,
                       const struct run_result *result, size_t i, struct buf *out)
{
    const struct drill_step *step = &drill->steps[i];
    const struct judge_step *fact = &result->steps[i];
    bool colour = cli->colour_out, detected = fact->verdict == JUDGE_DETECTED;
    struct buf after = {0};
    if (detected)
        add_seconds(&after, fact->after_us);
    buf_printf(out, "%3zu  ", i + 1);
    add_cell(out, step->name, STEP_COLUMNS);
    add_cell(out, drill->agencies[step->agency].name, AGENCY_COLUMNS);
    add_cell(out, step->technique, 9);
    buf_printf(out, "%s%-10s%s  %8.*s  ", verdict_colour(fact->verdict, colour),
               judge_verdict_names[fact->verdict], style_reset(colour), STR_ARG(buf_str(&after)));
    if (detected)
        style_printable(out, result->findings.items[fact->by].title, FOUND_COLUMNS);
    else if (fact->verdict == JUDGE_MISSED && step->n_expect)
        style_printable(out, step->expect[0], FOUND_COLUMNS);
    else if (fact->verdict == JUDGE_UNJUDGED)
        buf_add_c(out, "the centre knows no rhythm of this source (sources: expect)");
    else if (fact->verdict == JUDGE_BLIND)
        buf_add_c(out, "no rule looks at this");
    buf_add_byte(out, '\n');
    buf_free(&after);
}

static void print_steps(const struct cli *cli, const struct drill *drill,
                        const struct run_result *result, struct buf *out)
{
    bool colour = cli->colour_out;
    buf_printf(out, "%s  #  ", style_dim(colour));
    add_cell(out, STR("Step of the intrusion"), STEP_COLUMNS);
    add_cell(out, STR("Agency"), AGENCY_COLUMNS);
    add_cell(out, STR("ATT&CK"), 9);
    buf_printf(out, "%-10s  %8s  %s%s\n", "Verdict", "After", "Found by", style_reset(colour));
    for (size_t i = 0; i < drill->n_steps; i++)
        print_step(cli, drill, result, i, out);
    buf_add_byte(out, '\n');
}

static int by_number(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Of the times to detect; -1: nothing was detected. */
static int64_t median_after(const struct drill *drill, const struct run_result *result)
{
    int64_t *all = calloc(drill->n_steps + 1, sizeof(*all)), median = -1;
    size_t n = 0;
    for (size_t i = 0; all && i < drill->n_steps; i++)
        if (result->steps[i].verdict == JUDGE_DETECTED)
            all[n++] = result->steps[i].after_us;
    if (n) {
        qsort(all, n, sizeof(*all), by_number);
        median = all[n / 2];
    }
    free(all);
    return median;
}

static void print_verdict(const struct cli *cli, const struct drill *drill,
                          const struct run_result *result, struct buf *out)
{
    size_t detected = run_count(drill, result, JUDGE_DETECTED);
    size_t missed = run_count(drill, result, JUDGE_MISSED);
    size_t blind = run_count(drill, result, JUDGE_BLIND);
    size_t unjudged = run_count(drill, result, JUDGE_UNJUDGED);
    int64_t median = median_after(drill, result);
    bool colour = cli->colour_out;
    heading(out, "Detected", colour);
    buf_printf(out, "%s%zu of %zu%s steps that something should find",
               verdict_colour(missed ? JUDGE_MISSED : JUDGE_DETECTED, colour), detected,
               detected + missed, style_reset(colour));
    if (median >= 0) {
        buf_add_c(out, ", half of them within ");
        add_seconds(out, median);
    }
    if (blind)
        buf_printf(out, "; %zu known blind spot%s", blind, blind == 1 ? "" : "s");
    if (unjudged)
        buf_printf(out, "; %zu not judged", unjudged);
    buf_add_byte(out, '\n');
}

/* False findings of one rule and agency, once, at the first of them. */
static void print_false(const struct cli *cli, const struct run_result *result, struct buf *out)
{
    const struct judge_finding *findings = result->findings.items;
    size_t n = run_count_false(result), shown = 0;
    heading(out, "False", cli->colour_out);
    if (n == 0)
        buf_add_c(out, "none: every finding belongs to a step of the intrusion\n");
    for (size_t i = 0; i < result->findings.len; i++) {
        size_t same = 0, earlier = 0;
        for (size_t k = 0; k < result->findings.len; k++)
            if (judge_is_false(&findings[k]) && str_eq(findings[k].rule, findings[i].rule) &&
                str_eq(findings[k].agency, findings[i].agency)) {
                same++;
                earlier += k < i;
            }
        if (!judge_is_false(&findings[i]) || earlier)
            continue;
        if (shown++)
            heading(out, "", cli->colour_out);
        buf_printf(out, "%4zu × ", same);
        style_printable(out, findings[i].agency, 16);
        buf_add_c(out, "  ");
        style_printable(out, findings[i].title, FOUND_COLUMNS);
        buf_add_byte(out, '\n');
    }
}

static void print_accounts(const struct cli *cli, const struct drill *drill,
                           const struct run_result *result, struct buf *out)
{
    struct run_source sum = {0};
    for (size_t i = 0; i < drill->n_sources; i++) {
        sum.sent += result->sources[i].sent;
        sum.stored += result->sources[i].stored;
        sum.rejected += result->sources[i].rejected;
    }
    heading(out, "Events", cli->colour_out);
    style_add_count(out, result->noise);
    buf_add_c(out, " of the working day, ");
    style_add_count(out, result->staged);
    buf_printf(out, " of the intrusion, in ");
    add_seconds(out, result->end_us - result->start_us);
    buf_add_byte(out, '\n');
    heading(out, "Account", cli->colour_out);
    style_add_count(out, sum.sent);
    buf_add_c(out, " sent = ");
    style_add_count(out, sum.stored);
    buf_add_c(out, " stored + ");
    style_add_count(out, sum.rejected);
    buf_printf(out, " rejected, %s over %zu sources\n",
               run_accounts_agree(drill, result) ? "equal in each" : "NOT EQUAL in each",
               drill->n_sources);
    for (size_t i = 0; i < drill->n_sources; i++) {
        const struct run_source *source = &result->sources[i];
        bool equal = source->sent == source->stored && !source->rejected;
        char sent[32], stored[32];
        if (equal && !cli->settings.verbose)
            continue;
        style_count(source->sent, sent);
        style_count(source->stored, stored);
        heading(out, "", cli->colour_out);
        add_cell(out, drill->agencies[drill->sources[i].agency].name, AGENCY_COLUMNS);
        add_cell(out, drill->sources[i].name, 14);
        buf_printf(out, "%-14s %10s sent %10s stored\n", drill_door_names[drill->sources[i].door],
                   sent, stored);
    }
}

void drill_report_print(const struct cli *cli, const struct drill *drill,
                        const struct run_result *result)
{
    struct buf out = {0};
    buf_printf(&out, "\n%s%.*s%s\n\n", style_bold(cli->colour_out), STR_ARG(drill->title),
               style_reset(cli->colour_out));
    print_steps(cli, drill, result, &out);
    print_verdict(cli, drill, result, &out);
    print_false(cli, result, &out);
    print_accounts(cli, drill, result, &out);
    if (!result->worked)
        buf_add_c(&out,
                  "The centre had not worked through everything by then: this is not its last "
                  "word.\n");
    fwrite(out.ptr, 1, out.len, stdout);
    buf_free(&out);
}

/* ---- JSON ---- */

static void key(struct buf *out, const char *name)
{
    if (out->len && out->ptr[out->len - 1] != '{')
        buf_add_byte(out, ',');
    buf_add_json(out, str_from_c(name));
    buf_add_byte(out, ':');
}

static void text(struct buf *out, const char *name, struct str value)
{
    key(out, name);
    buf_add_json(out, value);
}

static void number(struct buf *out, const char *name, uint64_t value)
{
    key(out, name);
    buf_add_u64(out, value);
}

static void instant(struct buf *out, const char *name, int64_t time_us)
{
    char when[TIME_TEXT_MAX];
    key(out, name);
    if (time_us == TIME_UNSET)
        buf_add_c(out, "null");
    else
        buf_add_json(out, str_of(when, time_format(time_us, when)));
}

static void seconds(struct buf *out, const char *name, int64_t us)
{
    key(out, name);
    buf_printf(out, "%.3f", (double)us / 1e6);
}

static void open_item(struct buf *out, char bracket)
{
    char last = out->len ? out->ptr[out->len - 1] : '[';
    if (last != '[' && last != ':')
        buf_add_byte(out, ',');
    buf_add_byte(out, bracket);
}

static void add_finding(const struct judge_finding *finding, struct buf *out)
{
    open_item(out, '{');
    text(out, "id", finding->id);
    text(out, "kind", finding->kind);
    text(out, "rule", finding->rule);
    text(out, "title", finding->title);
    text(out, "level", finding->level);
    text(out, "agency", finding->agency);
    number(out, "count", finding->count);
    buf_add_byte(out, '}');
}

static void add_step(const struct drill *drill, const struct run_result *result, size_t i,
                     struct buf *out)
{
    const struct drill_step *step = &drill->steps[i];
    const struct judge_step *fact = &result->steps[i];
    open_item(out, '{');
    text(out, "name", step->name);
    text(out, "agency", drill->agencies[step->agency].name);
    text(out, "technique", step->technique);
    number(out, "events", fact->events);
    instant(out, "emitted", fact->first);
    text(out, "verdict", str_from_c(judge_verdict_names[fact->verdict]));
    if (fact->verdict == JUDGE_DETECTED)
        seconds(out, "seconds", fact->after_us);
    key(out, "expected");
    buf_add_byte(out, '[');
    for (size_t k = 0; k < step->n_expect; k++) {
        buf_add_c(out, k ? "," : "");
        buf_add_json(out, step->expect[k]);
    }
    buf_add_c(out, "]");
    key(out, "findings");
    buf_add_byte(out, '[');
    for (size_t k = 0; k < result->findings.len; k++)
        if (result->findings.items[k].step == i)
            add_finding(&result->findings.items[k], out);
    buf_add_c(out, "]}");
}

static void add_sources(const struct drill *drill, const struct run_result *result, struct buf *out)
{
    key(out, "sources");
    buf_add_byte(out, '[');
    for (size_t i = 0; i < drill->n_sources; i++) {
        open_item(out, '{');
        text(out, "agency", drill->agencies[drill->sources[i].agency].name);
        text(out, "source", drill->sources[i].name);
        text(out, "door", str_from_c(drill_door_names[drill->sources[i].door]));
        number(out, "sent", result->sources[i].sent);
        number(out, "stored", result->sources[i].stored);
        number(out, "rejected", result->sources[i].rejected);
        buf_add_byte(out, '}');
    }
    buf_add_byte(out, ']');
}

void drill_report_json(const struct cli *cli, const struct drill *drill,
                       const struct run_result *result, struct buf *out)
{
    buf_add_byte(out, '{');
    text(out, "drill", drill->name);
    text(out, "title", drill->title);
    number(out, "seed", cli->settings.drill_seed);
    instant(out, "started", result->start_us);
    instant(out, "ended", result->end_us);
    number(out, "expected", drill->n_steps - run_count(drill, result, JUDGE_BLIND));
    number(out, "detected", run_count(drill, result, JUDGE_DETECTED));
    number(out, "missed", run_count(drill, result, JUDGE_MISSED));
    number(out, "not_judged", run_count(drill, result, JUDGE_UNJUDGED));
    number(out, "noise_events", result->noise);
    number(out, "intrusion_events", result->staged);
    key(out, "accounts_agree");
    buf_add_c(out, run_accounts_agree(drill, result) ? "true" : "false");
    key(out, "steps");
    buf_add_byte(out, '[');
    for (size_t i = 0; i < drill->n_steps; i++)
        add_step(drill, result, i, out);
    buf_add_byte(out, ']');
    key(out, "false_findings");
    buf_add_byte(out, '[');
    for (size_t i = 0; i < result->findings.len; i++)
        if (judge_is_false(&result->findings.items[i]))
            add_finding(&result->findings.items[i], out);
    buf_add_byte(out, ']');
    add_sources(drill, result, out);
    buf_add_c(out, "}\n");
}
