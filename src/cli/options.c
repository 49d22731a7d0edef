#include "cli/options.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/out.h"
#include "io/pool.h"
#include "io/unpack.h"
#include "sigma/correlate.h"

#define WORD_MAX 64 /* bytes of a word that options_nearest() looks at */

/* ---- how a text becomes a value ---- */

static int set_flag(const struct option_row *row, const char *text, void *to, struct err *err)
{
    (void)row;
    (void)text;
    (void)err;
    *(bool *)to = true;
    return 0;
}

static int set_text(const struct option_row *row, const char *text, void *to, struct err *err)
{
    if (!*text)
        return err_set(err, -EINVAL, "--%s needs a value: %s", row->name, row->argument);
    *(const char **)to = text;
    return 0;
}

static int add_text(const struct option_row *row, const char *text, void *to, struct err *err)
{
    text_list *list = to;
    if (!*text)
        return err_set(err, -EINVAL, "--%s needs a value: %s", row->name, row->argument);
    return vec_push(list, text) < 0 ? err_set(err, -ENOMEM, "no memory") : 0;
}

static int check_range(const struct option_row *row, uint64_t number, void *to, struct err *err)
{
    if (number < row->min || number > row->max)
        return err_set(err, -EINVAL, "--%s takes %llu to %llu%s%s", row->name,
                       (unsigned long long)row->min, (unsigned long long)row->max,
                       row->unit ? " " : "", row->unit ? row->unit : "");
    *(uint64_t *)to = number;
    return 0;
}

static int set_number(const struct option_row *row, const char *text, void *to, struct err *err)
{
    uint64_t number;
    if (str_to_u64(str_from_c(text), &number) < 0)
        return err_set(err, -EINVAL, "--%s takes a number, not '%s'", row->name, text);
    return check_range(row, number, to, err);
}

/* Threads: 0 as the default stands for all cores. */
static int set_jobs(const struct option_row *row, const char *text, void *to, struct err *err)
{
    if (strcmp(text, "all cores") != 0)
        return set_number(row, text, to, err);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *(uint64_t *)to = cores < 1 ? 1 : cores > POOL_THREADS_MAX ? POOL_THREADS_MAX : (uint64_t)cores;
    return 0;
}

/* Bytes with a binary suffix: 512K, 64M, 2G, 1T. */
static int set_size(const struct option_row *row, const char *text, void *to, struct err *err)
{
    struct str s = str_from_c(text);
    static const char suffixes[] = "KMGT";
    const char *suffix = s.len ? strchr(suffixes, s.ptr[s.len - 1] & ~0x20) : NULL;
    unsigned shift = suffix && *suffix ? 10 * (unsigned)(suffix - suffixes + 1) : 0;
    uint64_t number;
    if (str_to_u64(shift ? str_first(s, s.len - 1) : s, &number) < 0 ||
        (number << shift) >> shift != number)
        return err_set(err, -EINVAL, "--%s takes a size such as 512M or 20G, not '%s'", row->name,
                       text);
    return check_range(row, number << shift, to, err);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

/* An instant, or how long ago. */
static int set_time(const struct option_row *row, const char *text, void *to, struct err *err)
{
    int64_t instant, duration;
    if (time_parse(str_from_c(text), &instant) == 0)
        *(int64_t *)to = instant;
    else if (time_parse_duration(str_from_c(text), &duration) == 0)
        *(int64_t *)to = now_us() - duration;
    else
        return err_set(err, -EINVAL,
                       "--%s takes a time such as 2026-11-21T08:00:00Z or 24h (ago), not '%s'",
                       row->name, text);
    return 0;
}

static int set_disorder(const struct option_row *row, const char *text, void *to, struct err *err)
{
    int64_t duration;
    if (strcmp(text, "all") == 0)
        *(int64_t *)to = CORRELATE_DISORDER_ALL;
    else if (time_parse_duration(str_from_c(text), &duration) == 0)
        *(int64_t *)to = duration;
    else
        return err_set(err, -EINVAL, "--%s takes a duration such as 90s or 5m, or 'all', not '%s'",
                       row->name, text);
    return 0;
}

static const char *choice_word(const void *row, size_t index)
{
    return ((const struct option_row *)row)->choice(index);
}

static int set_choice(const struct option_row *row, const char *text, void *to, struct err *err)
{
    for (size_t i = 0; row->choice(i); i++) {
        if (strcmp(text, row->choice(i)) == 0) {
            *(uint64_t *)to = i;
            return 0;
        }
    }
    const char *near = options_nearest(str_from_c(text), choice_word, row);
    return err_set(err, -EINVAL, "--%s does not know '%s'%s%s%s", row->name, text,
                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* ---- the words some options take ---- */

static const char *output_name(size_t index)
{
    return out_formats[index] ? out_formats[index]->name : NULL;
}

/* Index 0 is FORMAT_UNKNOWN: recognise by content. */
static const char *format_name(size_t index)
{
    if (index == FORMAT_UNKNOWN)
        return "auto";
    const struct format *format = index < FORMAT_COUNT ? format_get((enum format_id)index) : NULL;
    return format ? format->name : NULL;
}

static const char *level_name(size_t index)
{
    return index == SIGMA_LEVEL_NONE ? "any"
           : index <= SIGMA_CRITICAL ? sigma_level_name((enum sigma_level)index)
                                     : NULL;
}

static const char *fail_level_name(size_t index)
{
    return index == SIGMA_LEVEL_NONE ? "never" : level_name(index);
}

static const char *colour_name(size_t index)
{
    static const char *const names[] = {"auto", "always", "never", NULL};
    return index < 3 ? names[index] : NULL;
}

/* ---- the table ---- */

#define AT(member) offsetof(struct settings, member)

const struct option_row option_table[] = {
    {.name = "rules",
     .letter = 'r',
     .argument = "PATH",
     .parse = add_text,
     .offset = AT(rules),
     .about = "Sigma rules: a file, a folder or an archive; may be given several times. "
              "Without it, jaga's own pack."},
    {.name = "placeholders",
     .letter = 'p',
     .argument = "FILE",
     .parse = set_text,
     .offset = AT(placeholders),
     .about = "YAML with the values of the placeholders that rules use with `expand`."},
    {.name = "output",
     .letter = 'o',
     .argument = "FORMAT",
     .parse = set_choice,
     .offset = AT(output),
     .standard = "table",
     .choice = output_name,
     .about = "How findings are written."},
    {.name = "write",
     .letter = 'w',
     .argument = "FILE",
     .parse = set_text,
     .offset = AT(write),
     .about = "Write to FILE instead of standard output."},
    {.name = "jobs",
     .letter = 'j',
     .argument = "N",
     .parse = set_jobs,
     .offset = AT(jobs),
     .min = 1,
     .max = POOL_THREADS_MAX,
     .standard = "all cores",
     .unit = "threads",
     .about = "How many threads parse and match. The result does not depend on it."},
    {.name = "level",
     .argument = "LEVEL",
     .parse = set_choice,
     .offset = AT(level),
     .standard = "any",
     .choice = level_name,
     .about = "Only findings of this level or above."},
    {.name = "tag",
     .argument = "TAG",
     .parse = add_text,
     .offset = AT(tags),
     .about = "Only findings of rules with this tag, such as attack.t1003 (its sub-techniques "
              "too); may be given several times: any of them."},
    {.name = "from",
     .argument = "TIME",
     .parse = set_time,
     .offset = AT(from),
     .about = "Only events of this instant or later: RFC 3339, epoch, or how long ago (24h, 7d)."},
    {.name = "to",
     .argument = "TIME",
     .parse = set_time,
     .offset = AT(to),
     .about = "Only events before this instant."},
    {.name = "format",
     .argument = "FORMAT",
     .parse = set_choice,
     .offset = AT(format),
     .standard = "auto",
     .choice = format_name,
     .about = "What the input is. Without it, each file is recognised by its content."},
    {.name = "recover",
     .parse = set_flag,
     .offset = AT(recover),
     .about = "EVTX: also carve records from slack space and lost chunks."},
    {.name = "source",
     .parse = set_flag,
     .offset = AT(source),
     .about = "Add to each event where it came from: _source, _record and, where known, _time."},
    {.name = "disorder",
     .argument = "DURATION",
     .parse = set_disorder,
     .offset = AT(disorder),
     .standard = "all",
     .about = "How late an event may come and still count in correlations; `all` waits for the "
              "end of the input, so that order does not matter at all."},
    {.name = "fail-level",
     .argument = "LEVEL",
     .parse = set_choice,
     .offset = AT(fail_level),
     .standard = "never",
     .choice = fail_level_name,
     .about = "Exit with 1 when there is a finding of this level or above."},
    {.name = "strict",
     .parse = set_flag,
     .offset = AT(strict),
     .about =
         "Take nothing for granted: exit with 4 before anything is read when a rule is refused; "
         "in rules test, match_count is the very number."},
    {.name = "findings",
     .argument = "FILE",
     .parse = set_text,
     .offset = AT(findings),
     .about = "Findings of `jaga scan -o jsonl`: score techniques by what was found."},
    {.name = "content",
     .argument = "DIR",
     .parse = set_text,
     .offset = AT(content),
     .about = "Use the datasets and rules of this folder in the place of those in the binary."},
    {.name = "no-cache",
     .parse = set_flag,
     .offset = AT(no_cache),
     .about = "Neither read nor write compiled rules in $XDG_CACHE_HOME/jaga."},
    {.name = "unpack-max",
     .argument = "SIZE",
     .parse = set_size,
     .offset = AT(unpack_max),
     .min = 1,
     .max = INT64_MAX,
     .standard = "1T",
     .unit = "bytes",
     .about = "How much one compressed file or archive may unpack to."},
    {.name = "unpack-ratio",
     .argument = "N",
     .parse = set_number,
     .offset = AT(unpack_ratio),
     .min = 1,
     .max = 1000000,
     .standard = "300",
     .unit = "times",
     .about = "How many times its size a compressed file may unpack to, after its first 64 MiB."},
    {.name = "unpack-members",
     .argument = "N",
     .parse = set_number,
     .offset = AT(unpack_members),
     .min = 1,
     .max = 1000000000,
     .standard = "1000000",
     .unit = "members",
     .about = "How many members one archive may have."},
    {.name = "color",
     .argument = "WHEN",
     .parse = set_choice,
     .offset = AT(colour),
     .standard = "auto",
     .choice = colour_name,
     .about = "Colours: `auto` is on a terminal only, and not where NO_COLOR is set."},
    {.name = "quiet",
     .letter = 'q',
     .parse = set_flag,
     .offset = AT(quiet),
     .about = "No progress, no notes on standard error; errors stay."},
    {.name = "verbose",
     .letter = 'v',
     .parse = set_flag,
     .offset = AT(verbose),
     .about = "More details: every refused rule, every error, what the sandbox could apply."},
    {.name = "help", .letter = 'h', .parse = set_flag, .offset = AT(help), .about = "This text."},
    {.name = NULL},
};

const struct option_row *option_find(struct str name)
{
    for (const struct option_row *row = option_table; row->name; row++)
        if (str_eq(name, str_from_c(row->name)))
            return row;
    return NULL;
}

/* ---- the command line ---- */

struct parse_state {
    const char *const *taken;
    struct settings *settings;
    char **argv; /* what is left */
    int argc;
    struct err *err;
};

static bool is_taken(const struct parse_state *state, const struct option_row *row)
{
    for (const char *const *name = state->taken; *name; name++)
        if (strcmp(*name, row->name) == 0)
            return true;
    return strcmp(row->name, "help") == 0;
}

static const char *taken_word(const void *context, size_t index)
{
    return ((const char *const *)context)[index];
}

static const struct option_row *find_letter(char letter)
{
    for (const struct option_row *row = option_table; row->name; row++)
        if (row->letter == letter)
            return row;
    return NULL;
}

/* Gives an option its value: from behind the '=' or the letter, else the next argument. */
static int apply(struct parse_state *state, const struct option_row *row, const char *value)
{
    if (row->argument && !value) {
        if (state->argc == 0)
            return err_set(state->err, -EINVAL, "--%s needs a value: %s", row->name, row->argument);
        value = *state->argv++;
        state->argc--;
    } else if (!row->argument && value) {
        return err_set(state->err, -EINVAL, "--%s takes no value", row->name);
    }
    return row->parse(row, value, (char *)state->settings + row->offset, state->err);
}

static int parse_long(struct parse_state *state, const char *text)
{
    struct str name = str_first(str_from_c(text), str_index(str_from_c(text), '='));
    const struct option_row *row = option_find(name);
    if (row && is_taken(state, row))
        return apply(state, row, text[name.len] == '=' ? text + name.len + 1 : NULL);
    const char *near = options_nearest(name, taken_word, state->taken);
    if (row)
        return err_set(state->err, -EINVAL, "--%s is not an option of this command", row->name);
    return err_set(state->err, -EINVAL, "there is no option --%.*s%s%s%s", STR_ARG(name),
                   near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

static int parse_letters(struct parse_state *state, const char *letters)
{
    while (*letters) {
        const struct option_row *row = find_letter(*letters);
        if (!row || !is_taken(state, row))
            return err_set(state->err, -EINVAL, "there is no option -%c", *letters);
        letters++;
        const char *value = row->argument && *letters ? letters : NULL;
        int status = apply(state, row, value);
        if (status < 0 || row->argument)
            return status;
    }
    return 0;
}

static int set_defaults(struct settings *settings, struct err *err)
{
    *settings = (struct settings){.from = TIME_UNSET, .to = TIME_UNSET};
    for (const struct option_row *row = option_table; row->name; row++) {
        int status =
            row->standard ? row->parse(row, row->standard, (char *)settings + row->offset, err) : 0;
        if (status < 0)
            return status;
    }
    return 0;
}

int options_parse(const char *const *taken, int argc, char **argv, struct settings *ret_settings,
                  struct err *err)
{
    struct parse_state state = {taken, ret_settings, argv, argc, err};
    bool options_over = false;
    int status = set_defaults(ret_settings, err);
    while (status == 0 && state.argc > 0) {
        const char *text = *state.argv++;
        state.argc--;
        if (!options_over && strcmp(text, "--") == 0)
            options_over = true;
        else if (!options_over && strncmp(text, "--", 2) == 0)
            status = parse_long(&state, text + 2);
        else if (!options_over && text[0] == '-' && text[1])
            status = parse_letters(&state, text + 1);
        else if (vec_push(&ret_settings->paths, text) < 0)
            status = err_set(err, -ENOMEM, "no memory");
    }
    if (status == 0 && ret_settings->from != TIME_UNSET && ret_settings->to != TIME_UNSET &&
        ret_settings->from >= ret_settings->to)
        status = err_set(err, -EINVAL, "--from is not before --to");
    if (status < 0)
        options_free(ret_settings);
    return status;
}

void options_free(struct settings *settings)
{
    vec_free(&settings->paths);
    vec_free(&settings->rules);
    vec_free(&settings->tags);
}

/* Edits (insert, delete, replace, swap neighbours) between two words of at most WORD_MAX bytes. */
static size_t distance(struct str a, struct str b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b.len];
}

const char *options_nearest(struct str word,
                            const char *(*words)(const void *context, size_t index),
                            const void *context)
{
    const char *nearest = NULL;
    size_t best = word.len / 3 + 2; /* as many edits are no slip of the finger any more */
    for (size_t i = 0; word.len <= WORD_MAX && words(context, i); i++) {
        struct str candidate = str_from_c(words(context, i));
        if (candidate.len > WORD_MAX)
            continue;
        size_t edits = distance(word, candidate);
        if (edits < best) {
            best = edits;
            nearest = candidate.ptr;
        }
    }
    return nearest;
}
