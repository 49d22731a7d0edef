#include "spool/spool.h"

static const struct spool_ops *const engines[] = {&spool_local};

const struct spool_ops *spool_engine(struct str url, struct str *ret_place)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        *ret_place = str_behind_scheme(url, engines[i]->scheme);
        if (ret_place->len)
            return engines[i];
    }
    return NULL;
}
