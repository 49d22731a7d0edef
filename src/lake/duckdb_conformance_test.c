#include "lake/fixture_test.h"

int main(void)
{
    if (!test_library())
        return TEST_SKIPPED;
    fixture_engine(&lake_duckdb, test_place, test_place_remove);
    return lake_conformance() + lake_keeping_conformance() + lake_scope_conformance();
}
