#include "lake/lake_test.h"

int main(void)
{
    if (!test_library())
        return TEST_SKIPPED;
    int failed = lake_conformance(&lake_duckdb, test_place, test_place_remove);
    failed += lake_keeping_conformance(&lake_duckdb, test_place, test_place_remove);
    return failed + lake_scope_conformance(&lake_duckdb, test_place, test_place_remove);
}
