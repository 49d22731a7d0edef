/* Help and the man page: both are walks over the tables of commands and options. */
#include "cli/cli.h"
#include "cli/option_value.h"

#define WIDTH 80
#define OPTION_INDENT 28 /* column of an option's sentence */

static const struct option_row *help_option(void)
{
    return option_find(STR("help"));
}

/* Words of `text` from column `at`, wrapped at WIDTH, further lines indented; ends the line. */
static void wrap(FILE *out, unsigned at, unsigned indent, struct str text)
{
    struct str word;
    unsigned column = at;
    while (str_cut(&text, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (column > indent && column + 1 + word.len > WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(word.ptr, 1, word.len, out);
        column += (unsigned)word.len;
    }
    fputc('\n', out);
}

/* The sentence of an option, with its words, range, unit and default. */
static void describe(const struct option_row *row, struct buf *text)
{
    buf_add_c(text, row->about);
    if (row->choice) {
        buf_add_c(text, " One of: ");
        for (size_t i = 0; row->choice(i); i++)
            buf_printf(text, "%s%s", i ? ", " : "", row->choice(i));
        buf_add_c(text, ".");
    }
    if (row->max && row->max < INT64_MAX) {
        buf_add_byte(text, ' ');
        value_add_range(text, row);
        buf_add_byte(text, '.');
    }
    if (row->standard)
        buf_printf(text, " Default: %s.", row->standard);
}

static void write_option(FILE *out, const struct option_row *row)
{
    struct buf text = {0};
    char names[64];
    int len = row->letter ? snprintf(names, sizeof(names), "  -%c, --%s", row->letter, row->name)
                          : snprintf(names, sizeof(names), "      --%s", row->name);
    if (row->argument && len > 0 && (size_t)len < sizeof(names))
        len += snprintf(names + len, sizeof(names) - (size_t)len, " %s", row->argument);
    fprintf(out, "%s", names);
    unsigned column = (unsigned)len;
    if (column + 2 > OPTION_INDENT) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", (int)(OPTION_INDENT - column), "");
    describe(row, &text);
    wrap(out, OPTION_INDENT, OPTION_INDENT, buf_str(&text));
    buf_free(&text);
}

static void write_prose(FILE *out, const char *prose)
{
    struct str rest = str_from_c(prose), paragraph;
    while (str_cut_line(&rest, &paragraph)) {
        fputc('\n', out);
        wrap(out, 0, 0, paragraph);
    }
}

static void write_command(FILE *out, const struct command *command)
{
    fprintf(out, "jaga %s%s%s%s\n\n", command->name, command->options[0] ? " [OPTION]..." : "",
            command->arguments ? " " : "", command->arguments ? command->arguments : "");
    wrap(out, 0, 0, str_from_c(command->about));
    if (command->prose)
        write_prose(out, command->prose);
    fputc('\n', out);
    for (const char *const *name = command->options; *name; name++)
        write_option(out, option_find(str_from_c(*name)));
    write_option(out, help_option());
}

static const char exit_codes[] =
    "0 done; 1 a finding at or above --fail-level; 2 wrong usage; 3 some input could not be read "
    "(the rest was); 4 some rule or hunt was refused (--strict, rules check, hunts check) or a "
    "rule failed its test, or the journal is not whole; 5 jaga itself could not go on; 130 "
    "interrupted. Where several apply: 130, 5, 4, 1, 3.";

static void write_row(FILE *out, const char *name, const char *about)
{
    fprintf(out, "  %-18s ", name);
    wrap(out, 21, 21, str_from_c(about));
}

bool help_write_group(FILE *out, struct str word)
{
    size_t n = 0;
    for (size_t i = 0; command_table[i]; i++) {
        const struct command_group *group = command_group_of(command_table[i]);
        if (command_table[i]->hidden || !group || !str_eq(str_from_c(group->word), word))
            continue;
        if (n++ == 0) {
            wrap(out, 0, 0, str_from_c(group->about));
            fputc('\n', out);
        }
        write_row(out, command_table[i]->name, command_table[i]->about);
    }
    if (n)
        fprintf(out, "\njaga %.*s COMMAND --help tells more.\n", STR_ARG(word));
    return n > 0;
}

/* Commands of one word, and a line for each group. */
static void write_overview(FILE *out)
{
    const struct command_group *last = NULL;
    for (size_t i = 0; command_table[i]; i++) {
        const struct command_group *group = command_group_of(command_table[i]);
        char name[32];
        if (command_table[i]->hidden || (group && group == last))
            continue;
        last = group;
        snprintf(name, sizeof(name), "%s ...", group ? group->word : "");
        write_row(out, group ? name : command_table[i]->name,
                  group ? group->about : command_table[i]->about);
    }
}

void help_write(FILE *out, const struct command *command)
{
    if (command) {
        write_command(out, command);
        return;
    }
    fputs(
        "jaga is the watchman of an organisation: it takes the telemetry of its agencies, matches\n"
        "Sigma rules and indicators as events arrive, keeps all of it to be asked in KQL, and "
        "reads\n"
        "evidence of any common format.\n\n"
        "Usage: jaga COMMAND [OPTION]... [ARGUMENT]...\n\n",
        out);
    write_overview(out);
    fputs("\njaga COMMAND --help tells more. For a start:\n\n"
          "  jaga serve --data DIR            the centre, and where shippers send to\n"
          "  jaga hunt --to URL               a prompt for questions about all events\n"
          "  jaga scan /evidence              with jaga's own rules\n"
          "  jaga scan -r sigma/rules C.zip   with yours\n"
          "  jaga cat Security.evtx           the events as JSON lines\n\nExit codes: ",
          out);
    wrap(out, 12, 0, str_from_c(exit_codes));
}

/* ---- roff ---- */

/* Text for roff: backslashes and leading dots would be commands, dashes would be hyphens. */
static void write_roff(FILE *out, const char *text)
{
    bool line_start = true;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            fputc(*text, out);
        line_start = *text == '\n';
    }
}

static void write_roff_option(FILE *out, const struct option_row *row)
{
    struct buf text = {0};
    fputs(".TP\n.B ", out);
    if (row->letter)
        fprintf(out, "\\-%c, ", row->letter);
    fputs("\\-\\-", out);
    write_roff(out, row->name);
    if (row->argument)
        fprintf(out, " \\fI%s\\fP", row->argument);
    fputc('\n', out);
    describe(row, &text);
    buf_add_byte(&text, '\0');
    if (!text.failed)
        write_roff(out, text.ptr);
    fputc('\n', out);
    buf_free(&text);
}

static void write_roff_command(FILE *out, const struct command *command)
{
    fputs(".SS jaga ", out);
    write_roff(out, command->name);
    fprintf(out, "%s%s%s\n", command->options[0] ? " [OPTION]..." : "",
            command->arguments ? " " : "", command->arguments ? command->arguments : "");
    write_roff(out, command->about);
    fputc('\n', out);
    struct str rest = str_from_c(command->prose), paragraph;
    while (str_cut_line(&rest, &paragraph)) {
        struct buf text = {0};
        buf_add_str(&text, paragraph);
        buf_add_byte(&text, '\0');
        fputs(".PP\n", out);
        if (!text.failed)
            write_roff(out, text.ptr);
        fputc('\n', out);
        buf_free(&text);
    }
    for (const char *const *name = command->options; *name; name++)
        write_roff_option(out, option_find(str_from_c(*name)));
}

void help_write_man(FILE *out)
{
    fputs(".TH JAGA 1 \"\" \"jaga " JAGA_VERSION "\" \"User Commands\"\n"
          ".SH NAME\njaga \\- watch over the telemetry of an organisation, and find what matters "
          "in evidence\n"
          ".SH SYNOPSIS\n.B jaga\n.I COMMAND\n[\\fIOPTION\\fP]... [\\fIARGUMENT\\fP]...\n"
          ".SH DESCRIPTION\n",
          out);
    write_roff(
        out,
        "jaga serve is a centre that takes events from existing shippers (Elasticsearch bulk, "
        "Splunk HEC, OTLP, syslog, JSON lines), keeps them, matches Sigma rules and indicators "
        "as they arrive, and keeps the findings, and every event for jaga hunt. jaga scan does the "
        "same with event logs and "
        "evidence (EVTX, JSON in its many shapes, XML, syslog, CEF, LEEF, CSV, Zeek, auditd, "
        "access logs, journald exports, plain lines), recognised by content, in plain files, "
        "folders, standard input, compressed files and archives. Rules and correlations are "
        "those of Sigma 2.1.0.\n");
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; command_table[i]; i++)
        if (!command_table[i]->hidden)
            write_roff_command(out, command_table[i]);
    fputs(".SH EXIT STATUS\n", out);
    write_roff(out, exit_codes);
    fputs("\n.SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours, when set and not empty.\n"
          ".TP\n.B XDG_CACHE_HOME\nWhere compiled rules are kept: its folder jaga. Default: "
          "~/.cache.\n"
          ".SH SAFETY\n",
          out);
    write_roff(
        out,
        "Before the first byte of evidence is read, scan, cat and the like give up what they do "
        "not "
        "need: new privileges, core dumps, files other than those they were pointed at (Landlock), "
        "and "
        "all system calls but a few (seccomp). They open no sockets, start no programs and write "
        "no "
        "temporary files. With --verbose they say what the kernel could apply. The centre (serve) "
        "speaks TLS at every door, keeps only hashes of tokens, and acknowledges an event after it "
        "is "
        "durable.\n");
}
