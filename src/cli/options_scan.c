/* Options of the commands that read evidence, and those that all commands share. */
#include "cli/option_value.h"
#include "cli/out.h"
#include "io/pool.h"

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

/* ---- the rows ---- */

#define AT(member) offsetof(struct settings, member)

const struct option_row options_scan[] = {
    {.name = "rules",
     .letter = 'r',
     .argument = "PATH",
     .parse = value_list,
     .offset = AT(rules),
     .about = "Sigma rules: a file, a folder or an archive; may be given several times. "
              "Without it, jaga's own pack."},
    {.name = "placeholders",
     .letter = 'p',
     .argument = "FILE",
     .parse = value_text,
     .offset = AT(placeholders),
     .about = "YAML with the values of the placeholders that rules use with `expand`."},
    {.name = "output",
     .letter = 'o',
     .argument = "FORMAT",
     .parse = value_choice,
     .offset = AT(output),
     .standard = "table",
     .choice = output_name,
     .about = "How findings are written."},
    {.name = "write",
     .letter = 'w',
     .argument = "FILE",
     .parse = value_text,
     .offset = AT(write),
     .about = "Write to FILE instead of standard output."},
    {.name = "jobs",
     .letter = 'j',
     .argument = "N",
     .parse = value_jobs,
     .offset = AT(jobs),
     .min = 1,
     .max = POOL_THREADS_MAX,
     .standard = "all cores",
     .unit = "threads",
     .about = "How many threads parse and match. The result does not depend on it."},
    {.name = "level",
     .argument = "LEVEL",
     .parse = value_choice,
     .offset = AT(level),
     .standard = "any",
     .choice = level_name,
     .about = "Only findings of this level or above."},
    {.name = "tag",
     .argument = "TAG",
     .parse = value_list,
     .offset = AT(tags),
     .about = "Only findings of rules with this tag, such as attack.t1003 (its sub-techniques "
              "too); may be given several times: any of them."},
    {.name = "from",
     .argument = "TIME",
     .parse = value_time,
     .offset = AT(from),
     .about = "Only events of this instant or later: RFC 3339, epoch, or how long ago (24h, 7d)."},
    {.name = "to",
     .argument = "TIME",
     .parse = value_time,
     .offset = AT(to),
     .about = "Only events before this instant."},
    {.name = "format",
     .argument = "FORMAT",
     .parse = value_choice,
     .offset = AT(format),
     .standard = "auto",
     .choice = format_name,
     .about = "What the input is. Without it, each file is recognised by its content."},
    {.name = "recover",
     .parse = value_flag,
     .offset = AT(recover),
     .about = "EVTX: also carve records from slack space and lost chunks."},
    {.name = "source",
     .parse = value_flag,
     .offset = AT(source),
     .about = "Add to each event where it came from: _source, _record and, where known, _time."},
    {.name = "disorder",
     .argument = "DURATION",
     .parse = value_disorder,
     .offset = AT(disorder),
     .standard = "all",
     .about = "How late an event may come and still count in correlations; `all` waits for the "
              "end of the input, so that order does not matter at all."},
    {.name = "fail-level",
     .argument = "LEVEL",
     .parse = value_choice,
     .offset = AT(fail_level),
     .standard = "never",
     .choice = fail_level_name,
     .about = "Exit with 1 when there is a finding of this level or above."},
    {.name = "strict",
     .parse = value_flag,
     .offset = AT(strict),
     .about =
         "Take nothing for granted: exit with 4 before anything is read when a rule is refused; "
         "in rules test, match_count is the very number."},
    {.name = "findings",
     .argument = "FILE",
     .parse = value_text,
     .offset = AT(findings),
     .about = "Findings of `jaga scan -o jsonl`: score techniques by what was found."},
    {.name = "content",
     .argument = "DIR",
     .parse = value_text,
     .offset = AT(content),
     .about = "Use the datasets, tables, rules and hunts of this folder in the place of those in "
              "the binary."},
    {.name = "no-cache",
     .parse = value_flag,
     .offset = AT(no_cache),
     .about = "Neither read nor write compiled rules in $XDG_CACHE_HOME/jaga."},
    {.name = "unpack-max",
     .argument = "SIZE",
     .parse = value_size,
     .offset = AT(unpack_max),
     .min = 1,
     .max = INT64_MAX,
     .standard = "1T",
     .unit = "bytes",
     .about = "How much one compressed file or archive may unpack to."},
    {.name = "unpack-ratio",
     .argument = "N",
     .parse = value_number,
     .offset = AT(unpack_ratio),
     .min = 1,
     .max = 1000000,
     .standard = "300",
     .unit = "times",
     .about = "How many times its size a compressed file may unpack to, after its first 64 MiB."},
    {.name = "unpack-members",
     .argument = "N",
     .parse = value_number,
     .offset = AT(unpack_members),
     .min = 1,
     .max = 1000000000,
     .standard = "1000000",
     .unit = "members",
     .about = "How many members one archive may have."},
    {.name = "color",
     .argument = "WHEN",
     .parse = value_choice,
     .offset = AT(colour),
     .standard = "auto",
     .choice = colour_name,
     .about = "Colours: `auto` is on a terminal only, and not where NO_COLOR is set."},
    {.name = "quiet",
     .letter = 'q',
     .parse = value_flag,
     .offset = AT(quiet),
     .about = "No progress, no notes on standard error; errors stay."},
    {.name = "verbose",
     .letter = 'v',
     .parse = value_flag,
     .offset = AT(verbose),
     .about = "More details: every refused rule, every error, what the sandbox could apply."},
    {.name = "help", .letter = 'h', .parse = value_flag, .offset = AT(help), .about = "This text."},
    {.name = NULL},
};
