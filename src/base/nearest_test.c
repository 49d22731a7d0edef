#include "base/test.h"

#include "base/nearest.h"

static struct str nearest_of(const char *word, const char *words)
{
    struct nearest nearest;
    struct str rest = str_from_c(words), candidate;
    nearest_begin(&nearest, str_from_c(word));
    while (str_cut(&rest, ' ', &candidate))
        nearest_offer(&nearest, candidate);
    return nearest.found;
}

static void a_slip_of_the_finger_is_near(void **state)
{
    (void)state;
    assert_str(nearest_of("formt", "colour format content"), "format");
    assert_str(nearest_of("fromat", "colour format content"), "format");
    assert_str(nearest_of("formaat", "colour format content"), "format");
}

static void case_counts_nothing(void **state)
{
    (void)state;
    assert_str(nearest_of("DEVICEEVENTS", "DeviceInfo DeviceEvents"), "DeviceEvents");
}

static void the_first_of_equals_and_the_nearest_of_all_is_taken(void **state)
{
    (void)state;
    assert_str(nearest_of("cat", "cart bat cut"), "cart");
    assert_str(nearest_of("cat", "cart cat"), "cat");
}

static void what_has_little_in_common_is_not_near(void **state)
{
    (void)state;
    assert_str(nearest_of("Syslog", "DeviceProcessEvents SigninLogs"), "");
    char long_word[NEAREST_WORD_MAX + 2];
    memset(long_word, 'a', sizeof(long_word) - 1);
    long_word[sizeof(long_word) - 1] = '\0';
    assert_str(nearest_of(long_word, long_word), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_of_the_finger_is_near),
        cmocka_unit_test(case_counts_nothing),
        cmocka_unit_test(the_first_of_equals_and_the_nearest_of_all_is_taken),
        cmocka_unit_test(what_has_little_in_common_is_not_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
