#include "cli/options.h"

#include <errno.h>

#include "base/nearest.h"
#include "cli/option_value.h"

const struct option_row *const option_tables[] = {
    options_scan,  options_centre,   options_ledger, options_intel, options_ship,
    options_drill, options_findings, options_lake,   options_hunt,  NULL};

const struct option_row *option_find(struct str name)
{
    size_t colon = str_index(name, ':');
    struct str theme = colon < name.len ? str_first(name, colon) : STR("");
    name = colon < name.len ? str_skip(name, colon + 1) : name;
    for (size_t i = 0; option_tables[i]; i++)
        for (const struct option_row *row = option_tables[i]; row->name; row++)
            if (str_eq(name, str_from_c(row->name)) && str_eq(theme, str_from_c(row->theme)))
                return row;
    return NULL;
}

int option_set(struct settings *settings, const struct option_row *row, const char *text,
               struct err *err)
{
    return row->parse(row, text, (char *)settings + row->offset, err);
}

static bool same_texts(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_lists(const text_list *a, const text_list *b)
{
    bool same = a->len == b->len;
    for (size_t i = 0; same && i < a->len; i++)
        same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

bool option_same(const struct settings *a, const struct settings *b, const struct option_row *row)
{
    const void *left = (const char *)a + row->offset, *right = (const char *)b + row->offset;
    if (row->parse == value_list)
        return same_lists(left, right);
    if (row->parse == value_text || row->parse == value_version)
        return same_texts(*(const char *const *)left, *(const char *const *)right);
    return memcmp(left, right, row->argument ? sizeof(uint64_t) : sizeof(bool)) == 0;
}

bool option_given(const struct settings *settings, const struct option_row *row)
{
    for (size_t i = 0; i < settings->given.len; i++)
        if (settings->given.items[i] == row->name)
            return true;
    return false;
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
        if (option_find(str_from_c(*name)) == row)
            return true;
    return strcmp(row->name, "help") == 0;
}

static const char *taken_word(const void *context, size_t index)
{
    const char *name = ((const char *const *)context)[index];
    return name ? option_find(str_from_c(name))->name : NULL;
}

/* The row that a command means by a long name: its own theme's, or the common one. */
static const struct option_row *find_taken(const struct parse_state *state, struct str name)
{
    for (const char *const *taken = state->taken; *taken; taken++) {
        const struct option_row *row = option_find(str_from_c(*taken));
        if (str_eq(name, str_from_c(row->name)))
            return row;
    }
    return option_find(name);
}

/* The row that a command means by a letter; NULL: it takes none of that letter. */
static const struct option_row *find_letter(const struct parse_state *state, char letter)
{
    for (size_t i = 0; option_tables[i]; i++)
        for (const struct option_row *row = option_tables[i]; row->name; row++)
            if (row->letter == letter && is_taken(state, row))
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
    if (vec_push(&state->settings->given, row->name) < 0)
        return err_set(state->err, -ENOMEM, "no memory");
    return option_set(state->settings, row, value, state->err);
}

static int parse_long(struct parse_state *state, const char *text)
{
    struct str name = str_first(str_from_c(text), str_index(str_from_c(text), '='));
    const struct option_row *row = find_taken(state, name);
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
        const struct option_row *row = find_letter(state, *letters);
        if (!row)
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
    *settings = (struct settings){.from = TIME_UNSET, .to = TIME_UNSET, .hunt_now = TIME_UNSET};
    int status = 0;
    for (size_t i = 0; option_tables[i]; i++)
        for (const struct option_row *row = option_tables[i]; status == 0 && row->name; row++)
            if (row->standard)
                status = option_set(settings, row, row->standard, err);
    return status;
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

/* Every list of texts in struct settings. */
static const size_t lists[] = {
    offsetof(struct settings, paths),           offsetof(struct settings, given),
    offsetof(struct settings, rules),           offsetof(struct settings, tags),
    offsetof(struct settings, listen),          offsetof(struct settings, listen_plain),
    offsetof(struct settings, syslog_udp),      offsetof(struct settings, syslog_tcp),
    offsetof(struct settings, syslog_tls),      offsetof(struct settings, intel),
    offsetof(struct settings, events),          offsetof(struct settings, hunts),
    offsetof(struct settings, hunt_parameters),
};

#define N_LISTS (sizeof(lists) / sizeof(lists[0]))

static text_list *list_at(const struct settings *settings, size_t i)
{
    return (text_list *)((uintptr_t)settings + lists[i]);
}

int options_copy(const struct settings *from, struct settings *ret_settings)
{
    struct settings copy = *from;
    for (size_t i = 0; i < N_LISTS; i++)
        *list_at(&copy, i) = (text_list){0};
    for (size_t i = 0; i < N_LISTS; i++) {
        for (size_t k = 0; k < list_at(from, i)->len; k++) {
            if (vec_push(list_at(&copy, i), list_at(from, i)->items[k]) < 0) {
                options_free(&copy);
                return -ENOMEM;
            }
        }
    }
    *ret_settings = copy;
    return 0;
}

void options_free(struct settings *settings)
{
    for (size_t i = 0; i < N_LISTS; i++)
        vec_free(list_at(settings, i));
}

const char *options_nearest(struct str word,
                            const char *(*words)(const void *context, size_t index),
                            const void *context)
{
    struct nearest nearest;
    nearest_begin(&nearest, word);
    for (size_t i = 0; words(context, i); i++)
        nearest_offer(&nearest, str_from_c(words(context, i)));
    return nearest.found.ptr;
}
