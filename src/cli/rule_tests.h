/*
 * rule_tests: tests of rules as SigmaHQ lays them out: a folder per rule with an info.yml, which
 * names the rule and says how often it has to match the events of a file.
 *
 *     rule_metadata:
 *       - {id, title}
 *     regression_tests_info:
 *       - {name, type: evtx | json | .., match_count: N (absent: at least once), path}
 *
 * `match_count: 0` is a negative test; other counts are a minimum, unless exactness is asked for. A
 * file with the same events in another format beside the one that is named (x.json beside x.evtx)
 * has to give the same and is a test of its own.
 */
#ifndef JAGA_CLI_RULE_TESTS_H
#define JAGA_CLI_RULE_TESTS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "io/content.h"

#define RULE_TEST_AT_LEAST_ONCE INT64_MAX
#define RULE_TESTS_MEMORY_MAX (256u << 20) /* bytes of all tests */

struct rule_test {
    struct str info;  /* path of the info.yml */
    struct str rule;  /* id */
    struct str title; /* of the rule; may be empty */
    struct str name;  /* of the test */
    const char *file; /* its events; NULL: the file was not found (then `wanted` names it) */
    struct str bytes; /* of a file that is part of the content; ptr NULL: one to open */
    struct str wanted;
    int64_t count; /* matches expected, or RULE_TEST_AT_LEAST_ONCE */
    bool twin;     /* the same events in another format */
};

struct rule_tests {
    struct arena arena;
    VEC(struct rule_test) tests;
    const struct content *content; /* where files are looked for; NULL: the file system */
};

void rule_tests_init(struct rule_tests *tests);
void rule_tests_free(struct rule_tests *tests);

/* Adds the tests of one info.yml. 0, or a code with *err (line and column in the file). */
int rule_tests_add(struct rule_tests *tests, const char *info_path, struct err *err);

/* The same for one that is part of the content, as are its events. The content outlives them. */
int rule_tests_add_content(struct rule_tests *tests, const struct content *content,
                           const struct content_file *info, struct err *err);

#endif
