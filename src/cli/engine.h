/*
 * engine: what commands that use rules need: content, datasets, the dictionary of fields,
 * the rules as trees and compiled. Opened in steps, because not every command takes all of them.
 */
#ifndef JAGA_CLI_ENGINE_H
#define JAGA_CLI_ENGINE_H

#include "cli/cli.h"
#include "event/dataset.h"
#include "io/content.h"
#include "sigma/attack.h"
#include "sigma/ruleset.h"

struct engine {
    const struct cli *cli;
    struct content content;
    struct fields fields;
    const char *formats[FORMAT_COUNT]; /* names, for the datasets */
    struct datasets *datasets;
    struct sigma_set set;
    struct ruleset *ruleset;
    struct attack attack;
    uint64_t rule_failures; /* files and folders of rules that could not be read at all */
    bool has_content, has_fields, has_set, has_attack;
};

/*
 * Reads the content and its datasets. Each step returns EXIT_DONE, or the exit code after it has
 * said what is wrong. engine_free() is due in each case.
 */
int engine_open(struct engine *engine, const struct cli *cli);

/*
 * Reads the rules of `paths` (files, folders, archives); of the content
 * where there are none. Links them.
 */
int engine_read_rules(struct engine *engine, const text_list *paths);

/* Reads the rules of one text in the place of files. Links them. */
int engine_read_text(struct engine *engine, struct str text);

/* Freezes dictionary and datasets and compiles the rules, if there are any. */
int engine_compile(struct engine *engine);

/* Reads the names of ATT&CK from the content. */
int engine_read_attack(struct engine *engine);

void engine_free(struct engine *engine);

/* Says how many rules were read, loaded and refused; each refusal with --verbose or `all`. */
void engine_say_refusals(const struct engine *engine, bool all);

/* "file:line:column: reason", printable, of one refusal. */
void engine_describe_refusal(const struct sigma_refusal *refusal, struct buf *out);

#endif
