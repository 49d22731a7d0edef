/*
 * Functions of KQL on numbers, and hashes.
 */
#include "hunt/function.h"

#define HEX "lower(to_hex($1))"
#define POSITIVE_LOG(name)                                                                         \
    "(CASE WHEN $1 > 0 THEN " name "($1) WHEN $1 = 0 THEN '-Infinity'::DOUBLE END)"

const struct hunt_function hunt_number_scalars[] = {
    {"abs(value: timespan) timespan", .sql = "abs($1)"},
    {"abs(value: number) $1", .sql = "abs($1)"},
    {"ceiling(value: number) $1", .sql = "ceiling($1)"},
    {"round(value: real, digits: long = 0) real", .sql = "round($1, CAST($2 AS INTEGER))"},
    {"sqrt(value: real) real", .sql = "(CASE WHEN $1 >= 0 THEN sqrt($1) END)"},
    {"pow(base: real, exponent: real) real", .sql = "TRY(pow($1, $2))"},
    {"exp(value: real) real", .sql = "exp($1)"},
    {"exp2(value: real) real", .sql = "pow(2, $1)"},
    {"exp10(value: real) real", .sql = "pow(10, $1)"},
    {"log(value: real) real", .sql = POSITIVE_LOG("ln")},
    {"log2(value: real) real", .sql = POSITIVE_LOG("log2")},
    {"log10(value: real) real", .sql = POSITIVE_LOG("log10")},
    {"sign(value: number) int", .sql = "CAST(sign($1) AS BIGINT)"},
    {"sin(angle: real) real", .sql = "sin($1)"},
    {"cos(angle: real) real", .sql = "cos($1)"},
    {"tan(angle: real) real", .sql = "tan($1)"},
    {"asin(value: real) real", .sql = "TRY(asin($1))"},
    {"acos(value: real) real", .sql = "TRY(acos($1))"},
    {"atan(value: real) real", .sql = "atan($1)"},
    {"atan2(y: real, x: real) real", .sql = "atan2($1, $2)"},
    {"pi() real", .sql = "pi()", .filled = true},
    {"degrees(angle: real) real", .sql = "degrees($1)"},
    {"radians(angle: real) real", .sql = "radians($1)"},
    {"gamma(value: real) real", .sql = "TRY(gamma($1))"},
    {"loggamma(value: real) real", .sql = "TRY(lgamma($1))"},
    {"min_of(value: same...) same", .sql = "least($*)"},
    {"max_of(value: same...) same", .sql = "greatest($*)"},
    {"isnan(value: real) bool", .sql = "isnan($1)"},
    {"isinf(value: real) bool", .sql = "isinf($1)"},
    {"isfinite(value: real) bool", .sql = "isfinite($1)"},
    {"rand() real", .sql = "random()", .filled = true},
    {"rand(below: long) long", .sql = "CAST(floor(random() * $1) AS BIGINT)"},
    {"tohex(value: long, digits: long = 0) string",
     .sql = "lpad(" HEX ", CAST(greatest($2, length(" HEX ")) AS INTEGER), '0')"},
    {"binary_and(a: long, b: long) long", .sql = "($1 & $2)"},
    {"binary_or(a: long, b: long) long", .sql = "($1 | $2)"},
    {"binary_xor(a: long, b: long) long", .sql = "xor($1, $2)"},
    {"binary_not(a: long) long", .sql = "(~$1)"},
    {"binary_shift_left(value: long, bits: long) long",
     .sql = "TRY(CAST($1 AS BIGINT) << CAST($2 % 64 AS INTEGER))"},
    {"binary_shift_right(value: long, bits: long) long", .sql = "($1 >> CAST($2 % 64 AS INTEGER))"},
    {"bitset_count_ones(value: long) long", .sql = "CAST(bit_count($1) AS BIGINT)"},
    {"hash_md5(value: string) string", .sql = "md5($1)", .filled = true},
    {"hash_sha1(value: string) string", .sql = "sha1($1)", .filled = true},
    {"hash_sha256(value: string) string", .sql = "sha256($1)", .filled = true},
    /* Kusto promises no more of hash() than that it is the same within a query. */
    {"hash(value: string) long", .sql = "CAST(hash($1) >> 1 AS BIGINT)", .filled = true},
    {"hash(value: string, modulo: long) long",
     .sql = "(CAST(hash($1) >> 1 AS BIGINT) % nullif($2, 0))"},
    {0},
};
