/*
 * Every rule of the SigmaHQ repository, where a copy lies beside the
 * project: taken, or refused with its place and a reason.
 */
#include "sigma/rule_test.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#define RULES "../shared/data/sigma"

static struct sigma_set *reading; /* what the walk adds to */

static int add_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    size_t len = strlen(path);
    (void)walk;
    if (type != FTW_F || len < 4 || strcmp(path + len - 4, ".yml") != 0 ||
        strstr(path, "regression"))
        return 0;
    FILE *file = fopen(path, "rb");
    char *text = malloc((size_t)status->st_size + 1);
    assert_non_null(file);
    assert_non_null(text);
    size_t read = fread(text, 1, (size_t)status->st_size, file);
    assert_int_equal(sigma_set_add(reading, str_of(text, read), str_from_c(path)), 0);
    fclose(file);
    free(text);
    return 0;
}

static void every_rule_is_taken_or_refused_with_a_reason(void **state)
{
    (void)state;
    struct sigma_set set;
    if (access(PROJECT_ROOT "/" RULES, R_OK) < 0) {
        print_message("skipped: " RULES " is not there\n");
        skip();
    }
    assert_int_equal(sigma_set_init(&set), 0);
    reading = &set;
    assert_int_equal(nftw(PROJECT_ROOT "/" RULES, add_file, 16, FTW_PHYS), 0);
    assert_int_equal(sigma_set_link(&set), 0);
    assert_int_equal(set.n_documents + set.n_derived,
                     set.rules.len + set.correlations.len + set.filters.len + set.refusals.len);
    print_message("%u documents, %zu rules, %zu correlations, %zu refused\n", set.n_documents,
                  set.rules.len, set.correlations.len, set.refusals.len);
    for (size_t i = 0; i < set.refusals.len; i++) {
        const struct sigma_refusal *refusal = &set.refusals.items[i];
        print_message("%.*s:%u:%u: %s\n", STR_ARG(refusal->origin), refusal->err.line,
                      refusal->err.column, refusal->err.message);
        assert_true(refusal->err.line > 0 && refusal->err.message[0]);
    }
    assert_true(set.rules.len > 100 * set.refusals.len);
    sigma_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_is_taken_or_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
