/* test: what every unit test includes: cmocka and the headers it wants before it. */
#ifndef JAGA_BASE_TEST_H
#define JAGA_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* The str is these bytes. */
#define assert_str(s, literal)                                                                     \
    do {                                                                                           \
        struct str assert_str_value = (s);                                                         \
        assert_int_equal(assert_str_value.len, sizeof(literal) - 1);                               \
        if (sizeof(literal) > 1)                                                                   \
            assert_memory_equal(assert_str_value.ptr, literal, sizeof(literal) - 1);               \
    } while (0)

#endif
