/* The commands of the prompt: what a line that begins with '\' does. A command is a row of the table. */
#include <errno.h>
#include <stdlib.h>

#include "base/vec.h"
#include "cli/hunt_out.h"
#include "cli/hunt_prompt.h"
#include "cli/option_value.h"
#include "cli/out_style.h"
#include "cli/terminal.h"
#include "hunt/function.h"
#include "hunt/kql_operators.h"

struct prompt_command {
    const char *word;
    const char *arguments;
    const char *about;
    void (*run)(struct hunt_prompt *prompt, struct str arguments);
};

/* The first word of *rest, which moves behind it. */
static struct str next_word(struct str *rest)
{
    *rest = str_trim(*rest);
    struct str word = str_first(*rest, str_index(*rest, ' '));
    *rest = str_trim(str_skip(*rest, word.len));
    return word;
}

static struct hunt_look look_of(const struct hunt_prompt *prompt)
{
    return (struct hunt_look){.width = terminal_width(stdout),
                              .colour = prompt->cli.colour_out,
                              .ascii = terminal_ascii()};
}

static void print(struct buf *text)
{
    if (!text->failed && text->len > 0)
        fwrite(text->ptr, 1, text->len, stdout);
    buf_free(text);
}

static bool has_word(struct str text, struct str word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (str_eq_ascii_nocase(str_first(str_skip(text, i), word.len), word))
            return true;
    return false;
}

/* ---- rows that are no hunt's ---- */

#define ROW_CELLS 3

struct row_list {
    struct arena arena;
    VEC(const struct hunt_cell *) rows;
};

static void add_row(struct row_list *list, const struct str texts[static ROW_CELLS])
{
    struct hunt_cell *cells = arena_zero(&list->arena, ROW_CELLS, sizeof(*cells));
    for (size_t i = 0; cells && i < ROW_CELLS; i++)
        cells[i].text = texts[i].len ? arena_copy(&list->arena, texts[i]) : STR("");
    if (cells && vec_push(&list->rows, cells) < 0)
        list->arena.refused++;
}

static int by_first_cell(const void *a, const void *b)
{
    const struct hunt_cell *const *left = a, *const *right = b;
    return str_compare((*left)->text, (*right)->text);
}

static void show_rows(const struct hunt_prompt *prompt, struct row_list *list,
                      const struct hunt_column *columns, uint32_t n_columns)
{
    const struct hunt_look look = look_of(prompt);
    struct buf out = {0};
    if (list->rows.len > 1)
        qsort(list->rows.items, list->rows.len, sizeof(*list->rows.items), by_first_cell);
    const struct hunt_kept kept = {
        {.columns = columns, .n_columns = n_columns}, list->rows.items, list->rows.len, false};
    hunt_table_write(&out, &kept, &look);
    print(&out);
    vec_free(&list->rows);
    arena_free(&list->arena);
}

/* ---- \tables, \columns ---- */

#define LIST_MEMORY_MAX ((size_t)8 << 20)

static void show_tables(struct hunt_prompt *prompt, struct str word)
{
    static const struct hunt_column columns[] = {
        {{"Table", 5}, KQL_STRING}, {{"Columns", 7}, KQL_LONG}, {{"About", 5}, KQL_STRING}};
    const struct tables *tables = hunt_session_tables(prompt->session);
    struct row_list list = {0};
    arena_init(&list.arena, LIST_MEMORY_MAX);
    for (uint32_t i = 0; i < tables_count(tables); i++) {
        const struct table *table = tables_get(tables, i);
        char number[16];
        int len = snprintf(number, sizeof(number), "%u", table->n_columns);
        const struct str row[ROW_CELLS] = {table->name, str_of(number, (size_t)len), table->about};
        if (has_word(table->name, word) || has_word(table->about, word))
            add_row(&list, row);
    }
    show_rows(prompt, &list, columns, 3);
}

static void show_columns(struct hunt_prompt *prompt, struct str table)
{
    uint64_t form = prompt->cli.settings.hunt_output;
    struct buf query = {0};
    if (table.len == 0) {
        cli_complain(&prompt->cli, "the columns of what? \\tables lists the tables");
        return;
    }
    buf_add_str(&query, table);
    buf_add_c(&query, "\n| getschema | project Column = ColumnName, Type = ColumnType");
    prompt->cli.settings.hunt_output = HUNT_OUT_TABLE;
    if (!query.failed)
        hunt_prompt_run(prompt, buf_str(&query), false);
    prompt->cli.settings.hunt_output = form;
    buf_free(&query);
}

/* ---- \explain ---- */

static void explain(struct hunt_prompt *prompt, struct str query)
{
    if (query.len == 0)
        query = buf_str(&prompt->last);
    if (query.len == 0)
        cli_complain(&prompt->cli, "nothing was asked yet: \\explain QUERY");
    else
        hunt_prompt_run(prompt, query, true);
}

/* ---- \o, \x, \timing ---- */

static void close_file(struct hunt_prompt *prompt)
{
    if (prompt->file != stdout && fclose(prompt->file) != 0)
        cli_complain(&prompt->cli, "the file could not be written: %s", strerror(errno));
    prompt->file = stdout;
}

static void choose_output(struct hunt_prompt *prompt, struct str arguments)
{
    struct str form = next_word(&arguments);
    const struct option_row *row = option_find(STR("hunt:output"));
    struct err err = {0};
    char *word = str_dup(form.len ? form : str_from_c(row->standard)), *path = str_dup(arguments);
    FILE *file = NULL;
    if (!word || !path || option_set(&prompt->cli.settings, row, word, &err) < 0) {
        cli_complain(&prompt->cli, "%s", err.message);
        goto out;
    }
    close_file(prompt);
    if (arguments.len == 0)
        goto out;
    file = fopen(path, "we");
    if (file)
        prompt->file = file;
    else
        cli_complain(&prompt->cli, "%s: %s", path, strerror(errno));
    if (file)
        printf("Results go to %s as %s; \\o ends that.\n", path, word);
out:
    free(word);
    free(path);
}

static void toggle_list(struct hunt_prompt *prompt, struct str arguments)
{
    uint64_t *form = &prompt->cli.settings.hunt_output;
    (void)arguments;
    *form = *form == HUNT_OUT_LIST ? HUNT_OUT_TABLE : HUNT_OUT_LIST;
    printf("Results are written as a %s.\n", hunt_out_names[*form]);
}

static void toggle_timing(struct hunt_prompt *prompt, struct str arguments)
{
    (void)arguments;
    prompt->timing = !prompt->timing;
    printf("How long a hunt took is %sshown.\n", prompt->timing ? "" : "not ");
}

/* ---- \set ---- */

/* Options of the command that may be changed in between. */
static const char *const settings[] = {"hunt:from",  "hunt:until", "rows",
                                       "time-limit", "sql",        NULL};

static void add_setting(struct buf *out, const struct settings *values,
                        const struct option_row *row)
{
    const void *at = (const char *)values + row->offset;
    char text[TIME_TEXT_MAX];
    if (!row->argument)
        buf_add_c(out, *(const bool *)at ? "on" : "off");
    else if (row->parse == value_duration)
        value_add_duration(out, *(const int64_t *)at);
    else if (row->parse == value_number)
        buf_add_u64(out, *(const uint64_t *)at);
    else if (*(const int64_t *)at == TIME_UNSET)
        buf_add_c(out, "any");
    else
        buf_add(out, text, time_format(*(const int64_t *)at, text));
}

static void show_settings(const struct hunt_prompt *prompt)
{
    static const struct hunt_column columns[] = {
        {{"Setting", 7}, KQL_STRING}, {{"Value", 5}, KQL_STRING}, {{"About", 5}, KQL_STRING}};
    struct row_list list = {0};
    arena_init(&list.arena, LIST_MEMORY_MAX);
    for (size_t i = 0; settings[i]; i++) {
        const struct option_row *row = option_find(str_from_c(settings[i]));
        struct buf value = {0};
        add_setting(&value, &prompt->cli.settings, row);
        const struct str texts[ROW_CELLS] = {str_from_c(row->name), buf_str(&value),
                                             str_from_c(row->about)};
        add_row(&list, texts);
        buf_free(&value);
    }
    show_rows(prompt, &list, columns, 3);
}

/* Without a value: as if the option had not been given. */
static int set_value(struct hunt_prompt *prompt, const struct option_row *row, struct str value,
                     struct err *err)
{
    void *at = (char *)&prompt->cli.settings + row->offset;
    if (!row->argument) {
        *(bool *)at = str_eq(value, STR("on"));
        return *(bool *)at || value.len == 0 || str_eq(value, STR("off"))
                   ? 0
                   : err_set(err, -EINVAL, "%s is on or off", row->name);
    }
    if (value.len == 0 && !row->standard) {
        *(int64_t *)at = TIME_UNSET;
        return 0;
    }
    char *text = str_dup(value.len ? value : str_from_c(row->standard));
    int status = text ? option_set(&prompt->cli.settings, row, text, err) : -ENOMEM;
    free(text);
    return status;
}

static void set(struct hunt_prompt *prompt, struct str arguments)
{
    struct str name = next_word(&arguments);
    struct err err = {0};
    if (name.len == 0) {
        show_settings(prompt);
        return;
    }
    for (size_t i = 0; settings[i]; i++) {
        const struct option_row *row = option_find(str_from_c(settings[i]));
        if (!str_eq(name, str_from_c(row->name)))
            continue;
        if (set_value(prompt, row, arguments, &err) < 0)
            cli_complain(&prompt->cli, "%s", err.message);
        return;
    }
    cli_complain(&prompt->cli, "there is no setting '%.*s'; \\set lists them", STR_ARG(name));
}

/* ---- \help, \quit ---- */

/* The operators and functions of a word: how each is written. */
static bool help_on(struct buf *out, struct str word)
{
    const struct kql_operator_row *operator_row;
    size_t count, before = out->len;
    const struct hunt_function_table *tables = hunt_function_tables(&count);
    for (size_t i = 0; (operator_row = kql_operator_at(i)) != NULL; i++)
        if (str_eq_ascii_nocase(str_from_c(operator_row->name), word))
            buf_printf(out, "| %s\n", operator_row->syntax);
    for (size_t i = 0; i < count; i++)
        for (const struct hunt_function *row = tables[i].rows; row->signature; row++)
            if (str_eq_ascii_nocase(hunt_function_name(row), word))
                buf_printf(out, "%s\n", row->signature);
    return out->len > before;
}

static void help(struct hunt_prompt *prompt, struct str word); /* lists the table below */

static void quit(struct hunt_prompt *prompt, struct str arguments)
{
    (void)arguments;
    prompt->over = true;
}

static const struct prompt_command commands[] = {
    {"\\tables", "[WORD]", "the tables, or those that a word is about", show_tables},
    {"\\columns", "TABLE", "its columns and their types", show_columns},
    {"\\explain", "[QUERY]", "how it, or the last query, is understood; its SQL", explain},
    {"\\o", "[FORM [FILE]]", "write table, csv, jsonl, chart or list; to a file", choose_output},
    {"\\x", "", "a row as a list of its values, or tables again", toggle_list},
    {"\\set", "[NAME [VALUE]]", "times, limits and language of hunts, or show them", set},
    {"\\timing", "", "show how long a hunt took, or do not", toggle_timing},
    {"\\help", "[WORD]", "this, or how an operator or function is written", help},
    {"\\quit", "", "leave; so does Ctrl-D", quit},
    {NULL, NULL, NULL, NULL},
};

static void help(struct hunt_prompt *prompt, struct str word)
{
    struct buf out = {0};
    if (word.len > 0) {
        if (help_on(&out, word))
            print(&out);
        else
            cli_complain(&prompt->cli, "no operator or function has the name '%.*s'",
                         STR_ARG(word));
        return;
    }
    for (const struct prompt_command *command = commands; command->word; command++) {
        int used = snprintf(NULL, 0, "%s %s", command->word, command->arguments);
        buf_printf(&out, "%s%s%s %s%*s%s\n", style_bold(prompt->cli.colour_out), command->word,
                   style_reset(prompt->cli.colour_out), command->arguments,
                   used < 22 ? 22 - used : 1, "", command->about);
    }
    buf_add_c(&out, "\nA query has as many lines as it needs; ';' or an empty line ends it.\n"
                    "TAB     completes tables, columns, functions, operators\n"
                    "Up      earlier queries that begin alike; Ctrl-R those that have a word\n"
                    "Ctrl-C  ends a hunt, or drops what is typed\n");
    print(&out);
}

const char *hunt_command_word(size_t index)
{
    return commands[index].word; /* the last row has none */
}

void hunt_command_run(struct hunt_prompt *prompt, struct str line)
{
    struct str arguments = line, word = next_word(&arguments);
    const struct prompt_command *found = NULL;
    for (const struct prompt_command *command = commands; command->word; command++) {
        struct str name = str_from_c(command->word);
        if (str_eq(name, word)) {
            found = command;
            break;
        }
        if (str_starts(name, word) && word.len > 1 && !found)
            found = command; /* \t, \col */
    }
    if (found)
        found->run(prompt, arguments);
    else
        cli_complain(&prompt->cli, "there is no command %.*s; \\help lists them", STR_ARG(word));
}
