#include "cli/cli.h"

#include <errno.h>

const struct command *const command_table[] = {
    &cmd_scan,
    &cmd_cat,
    &cmd_rules_check,
    &cmd_rules_test,
    &cmd_rules_explain,
    &cmd_rules_coverage,
    &cmd_rules_bench,
    &cmd_datasets_list,
    &cmd_datasets_show,
    &cmd_tables_list,
    &cmd_tables_show,
    &cmd_content_list,
    &cmd_content_show,
    &cmd_content_export,
    &cmd_serve,
    &cmd_config_check,
    &cmd_ship,
    &cmd_token_add,
    &cmd_token_list,
    &cmd_token_revoke,
    &cmd_exception_add,
    &cmd_exception_list,
    &cmd_exception_remove,
    &cmd_lookback_list,
    &cmd_lookback_show,
    &cmd_lookback_cancel,
    &cmd_lookback_resume,
    &cmd_intel_add,
    &cmd_intel_list,
    &cmd_intel_remove,
    &cmd_intel_match,
    &cmd_hunt,
    &cmd_hunts_list,
    &cmd_hunts_show,
    &cmd_hunts_check,
    &cmd_hunts_run,
    &cmd_hunts_draft,
    &cmd_hunts_add,
    &cmd_hunts_change,
    &cmd_hunts_remove,
    &cmd_findings_list,
    &cmd_findings_follow,
    &cmd_drill_run,
    &cmd_drill_list,
    &cmd_drill_show,
    &cmd_drill_check,
    &cmd_drill_indicators,
    &cmd_lake_show,
    &cmd_lake_verify,
    &cmd_lake_export,
    &cmd_lake_import,
    &cmd_lake_drop,
    &cmd_lake_hold,
    &cmd_lake_release,
    &cmd_lake_holds,
    &cmd_verify_event,
    &cmd_verify_export,
    &cmd_journal_verify,
    &cmd_journal_list,
    &cmd_deadletter_list,
    &cmd_deadletter_show,
    &cmd_deadletter_replay,
    &cmd_version,
    &cmd_man,
    NULL,
};

const struct command_group command_groups[] = {
    {"rules", "Sigma rules: what is wrong with them, whether they find what they should, why they "
              "matched, what they cover and cost."},
    {"datasets", "The sources of events that jaga knows, and their fields."},
    {"tables", "The tables that hunts name, their columns and what they are made of."},
    {"content", "The datasets, tables, rules, hunts and drills inside the binary."},
    {"config", "The centre's configuration, looked at before it is used."},
    {"token", "Who may send events to the centre, and who may ask."},
    {"hunts", "Saved hunts: kept in files or by a centre, run by hand or by their schedule."},
    {"findings", "What the centre has found, as a list or as it comes."},
    {"exception",
     "What an agency does not want to hear of: Sigma filters with a reason and an end."},
    {"lookback", "New rules over what was received before them, and what they say of each agency."},
    {"intel", "Indicators from feeds, and what they say of a value."},
    {"drill",
     "Exercises: a staged intrusion in the noise of three agencies, and what was found of it."},
    {"lake", "All events, in columns, by day: what is there, whole or not, in and out."},
    {"verify", "Proofs that what the centre shows is what it was sent."},
    {"deadletter", "What the doors had to reject: to be read, and sent again once mended."},
    {"journal", "The signed record of every change."},
    {NULL, NULL},
};

#define N_GROUPS (sizeof(command_groups) / sizeof(command_groups[0]) - 1)

static struct str first_word(const char *name)
{
    struct str s = str_from_c(name);
    return str_first(s, str_index(s, ' '));
}

const struct command_group *command_group_of(const struct command *command)
{
    struct str word = first_word(command->name);
    for (const struct command_group *group = command_groups; group->word; group++)
        if (word.ptr[word.len] && str_eq(word, str_from_c(group->word)))
            return group;
    return NULL;
}

/* Commands of one word, then the groups. */
static const char *first_word_of(const void *context, size_t index)
{
    (void)context;
    for (size_t i = 0; command_table[i]; i++)
        if (!command_table[i]->hidden && !strchr(command_table[i]->name, ' ') && index-- == 0)
            return command_table[i]->name;
    return index < N_GROUPS ? command_groups[index].word : NULL;
}

struct group {
    struct str word;
};

/* The second words of a group's commands. */
static const char *second_word_of(const void *context, size_t index)
{
    const struct group *group = context;
    for (size_t i = 0; command_table[i]; i++) {
        const char *name = command_table[i]->name;
        struct str word = first_word(name);
        if (name[word.len] && str_eq(word, group->word) && index-- == 0)
            return name + word.len + 1;
    }
    return NULL;
}

static void err_group(const struct group *group, struct err *err)
{
    struct buf words = {0};
    for (size_t i = 0; second_word_of(group, i); i++)
        buf_printf(&words, "%s%s", i ? ", " : "", second_word_of(group, i));
    err_set(err, -EINVAL, "%.*s what? One of: %.*s", STR_ARG(group->word),
            STR_ARG(buf_str(&words)));
    buf_free(&words);
}

const struct command *command_find(int argc, char **argv, int *ret_words, struct err *err)
{
    struct group group = {str_from_c(argc > 0 ? argv[0] : "")};
    const char *near;
    for (size_t i = 0; command_table[i]; i++) {
        const char *name = command_table[i]->name;
        struct str word = first_word(name);
        if (!str_eq(word, group.word))
            continue;
        if (!name[word.len]) {
            *ret_words = 1;
            return command_table[i];
        }
        if (argc > 1 && strcmp(argv[1], name + word.len + 1) == 0) {
            *ret_words = 2;
            return command_table[i];
        }
    }
    if (second_word_of(&group, 0) && argc < 2) {
        err_group(&group, err);
        return NULL;
    }
    if (second_word_of(&group, 0)) {
        near = options_nearest(str_from_c(argv[1]), second_word_of, &group);
        err_set(err, -EINVAL, "there is no command '%.*s %s'%s%s%s", STR_ARG(group.word), argv[1],
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return NULL;
    }
    near = options_nearest(group.word, first_word_of, NULL);
    err_set(err, -EINVAL, "there is no command '%.*s'%s%s%s", STR_ARG(group.word),
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}
