#include "hunt/published_test.h"

#include <ftw.h>
#include <unistd.h>

#include "base/buf.h"
#include "io/file.h"

#define QUERIES PROJECT_ROOT "/../shared/data/kql"
#define FILE_MAX (1u << 20)

static void (*look_at)(const char *name, struct str text);

static int look_at_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    struct buf text = {0};
    (void)status;
    if (type != FTW_F || !str_ends(str_from_c(path), STR(".kql")))
        return 0;
    if (file_read(path, FILE_MAX, &text) < 0)
        fail_msg("%s can't be read", path);
    look_at(path + walk->base, buf_str(&text));
    buf_free(&text);
    return 0;
}

void published_each(void (*look)(const char *name, struct str text))
{
    if (access(QUERIES, R_OK) < 0) {
        print_message("skipped: " QUERIES " is not there\n");
        skip();
    }
    look_at = look;
    assert_int_equal(nftw(QUERIES, look_at_file, 16, FTW_PHYS), 0);
}
