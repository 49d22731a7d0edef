#include "spool/spool.h"

static const struct spool_ops *const engines[] = {&spool_local};

const struct spool_ops *spool_engine(struct str url, struct str *ret_place)
{
    size_t colon = str_index(url, ':');
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        if (!str_eq(str_first(url, colon), str_from_c(engines[i]->scheme)) || colon + 1 >= url.len)
            continue;
        *ret_place = str_skip(url, colon + 1);
        return engines[i];
    }
    return NULL;
}
