/*
 * signature: the text of hunt_function.signature (function.h) taken apart. Texts point into it.
 */
#ifndef JAGA_HUNT_SIGNATURE_H
#define JAGA_HUNT_SIGNATURE_H

#include "hunt/function.h"

#define SIGNATURE_PARAMETERS_MAX 9

enum parameter_kind {
    PARAMETER_TYPED, /* of `type` */
    PARAMETER_NUMBER,
    PARAMETER_SCALAR,
    PARAMETER_SAME,
    PARAMETER_TYPE, /* typeof(...) */
};

struct parameter {
    struct str name;
    enum parameter_kind kind;
    enum kql_type type;
    bool constant, raw, repeated, optional;
    struct str fallback; /* SQL; empty: none */
};

enum signature_result {
    RESULT_TYPED,
    RESULT_FIRST, /* $1 */
    RESULT_SAME,
    RESULT_ANY,
};

struct signature {
    struct str name;
    struct parameter parameters[SIGNATURE_PARAMETERS_MAX];
    uint32_t n_parameters;
    uint32_t n_needed;
    bool repeated; /* the last */
    enum signature_result result;
    enum kql_type type;
};

/* False: the text is no signature; the unit test reads all of them. */
bool signature_read(const char *text, struct signature *ret);

#endif
