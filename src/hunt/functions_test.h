/* functions_test: the cases of functions_test.c, by subject. */
#ifndef JAGA_HUNT_FUNCTIONS_TEST_H
#define JAGA_HUNT_FUNCTIONS_TEST_H

/* An expression for print, or a query, and its rows: cells separated by '|', rows by a line end. */
struct function_case {
    const char *query;
    const char *expected;
};

/* Each ended by one without a query. */
extern const struct function_case convert_cases[];
extern const struct function_case string_cases[];
extern const struct function_case terms_cases[];
extern const struct function_case time_cases[];
extern const struct function_case control_cases[];
extern const struct function_case dynamic_cases[];
extern const struct function_case number_cases[];
extern const struct function_case ip_cases[];
extern const struct function_case aggregate_cases[];
extern const struct function_case window_cases[];
extern const struct function_case series_cases[];
extern const struct function_case parse_cases[];

#endif
