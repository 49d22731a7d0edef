#include "lake/lake_test.h"

int main(void)
{
    if (!test_library())
        return TEST_SKIPPED;
    return lake_conformance(&lake_duckdb, test_place, test_place_remove);
}
