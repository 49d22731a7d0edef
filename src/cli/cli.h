/*
 * cli: the commands of jaga. A command is one file, cmd_NAME.c, and one row of the table in
 * commands.c; its options are rows of the table in options.c. Help and man page are made from the
 * rows.
 */
#ifndef JAGA_CLI_CLI_H
#define JAGA_CLI_CLI_H

#include <signal.h>
#include <stdio.h>

#include "cli/options.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FOUND = 1,      /* a finding at or above --fail-level */
    EXIT_USAGE = 2,      /* the command line was wrong */
    EXIT_UNREADABLE = 3, /* some input could not be read; the rest was */
    EXIT_REFUSED = 4, /* a rule or filter was refused or failed its test; a journal is not whole */
    EXIT_BROKEN = 5,  /* jaga itself could not go on: no memory, output not writable */
    EXIT_INTERRUPTED = 130,
};

/* What a command is given. */
struct cli {
    struct settings settings;
    const volatile sig_atomic_t *stop; /* not 0: a signal asked us to finish */
    const char *command_line;          /* as typed, for reports; made printable */
    bool colour_out, colour_err;       /* decided: --color, NO_COLOR, terminal */
    bool terminal_out, terminal_err;
    bool logs; /* what goes wrong goes to the log: a program that runs for long */
};

struct command {
    const char *name;      /* "rules check" */
    const char *arguments; /* "PATH...": what is no option */
    size_t paths_min, paths_max;
    const char *about;                 /* one sentence */
    const char *prose;                 /* paragraphs for --help and the man page, divided by '\n' */
    const char *const *options;        /* names, ended by NULL */
    bool hidden;                       /* not for people: left out of help */
    bool until_stopped;                /* a signal that stops it is its end, no interruption */
    int (*run)(const struct cli *cli); /* returns an enum exit_code */
};

/* What commands of two words have in common: the first word. */
struct command_group {
    const char *word;
    const char *about; /* one sentence */
};

/* Every group, ended by a row without a word. */
extern const struct command_group command_groups[];

/* The group of a command of two words, or NULL. */
const struct command_group *command_group_of(const struct command *command);

/* Every command, ended by NULL; those of a group stand together. */
extern const struct command *const command_table[];

extern const struct command cmd_scan, cmd_cat, cmd_rules_check, cmd_rules_test, cmd_rules_explain,
    cmd_rules_coverage, cmd_rules_bench, cmd_datasets_list, cmd_datasets_show, cmd_tables_list,
    cmd_tables_show, cmd_content_list, cmd_content_show, cmd_content_export, cmd_token_add,
    cmd_token_list, cmd_token_revoke, cmd_exception_add, cmd_exception_list, cmd_exception_remove,
    cmd_lookback_list, cmd_lookback_show, cmd_lookback_cancel, cmd_lookback_resume,
    cmd_journal_verify, cmd_journal_list, cmd_intel_add, cmd_intel_list, cmd_intel_remove,
    cmd_intel_match, cmd_serve, cmd_config_check, cmd_ship, cmd_deadletter_list,
    cmd_deadletter_show, cmd_deadletter_replay, cmd_version, cmd_man;
extern const struct command cmd_drill_run, cmd_drill_list, cmd_drill_show, cmd_drill_check,
    cmd_drill_indicators, cmd_hunts_list, cmd_hunts_show, cmd_hunts_check, cmd_hunts_run,
    cmd_hunts_draft, cmd_hunts_add, cmd_hunts_change, cmd_hunts_remove, cmd_hunt, cmd_findings_list,
    cmd_findings_follow;

extern const struct command cmd_lake_show, cmd_lake_verify, cmd_lake_export, cmd_lake_import,
    cmd_lake_drop, cmd_lake_hold, cmd_lake_release, cmd_lake_holds, cmd_verify_event,
    cmd_verify_export;

/* What a configuration file of the centre may set: names of options, ended by NULL. */
extern const char *const *const config_settings;

/*
 * The command that argv starts with, and how many words its name takes; NULL: there is none, and
 * *err says so.
 */
const struct command *command_find(int argc, char **argv, int *ret_words, struct err *err);

/* Help for one command (NULL: for jaga), and the man page jaga(1) in roff. */
void help_write(FILE *out, const struct command *command);

/* The commands of a group ("rules"). False: there is no such group, and nothing is written. */
bool help_write_group(FILE *out, struct str group);
void help_write_man(FILE *out);

/* A line on standard error: "jaga: ...". Text from outside has to be made printable before. */
void cli_say(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for what went wrong: said even when --quiet. */
void cli_complain(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
