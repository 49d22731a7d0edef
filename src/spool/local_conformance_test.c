#include "spool/spool_test.h"

int main(void)
{
    return spool_conformance(&spool_local, test_folder, test_folder_remove);
}
