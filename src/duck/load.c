#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "duck/duck.h"

static const char *const beside_executable[] = {
    "../lib/jaga/libduckdb.so",
    "../../../out/duckdb/libduckdb.so",
};

struct symbol {
    const char *name;
    size_t place; /* in struct duck */
};

static const struct symbol symbols[] = {
#define DUCK_SYMBOL(type, name, arguments) {"duckdb_" #name, offsetof(struct duck, name)},
    DUCK_FUNCTIONS(DUCK_SYMBOL)
#undef DUCK_SYMBOL
};

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static struct duck table;
static bool loaded;

/* The path of a file beside the executable; false: it does not fit. */
static bool path_beside(const char *relative, char ret_path[static PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len <= 0)
        return false;
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    if (!slash)
        return false;
    slash[1] = '\0';
    return snprintf(ret_path, PATH_MAX, "%s%s", self, relative) < PATH_MAX;
}

static void *open_beside(void)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(beside_executable) / sizeof(beside_executable[0]); i++)
        if (path_beside(beside_executable[i], path) && access(path, R_OK) == 0)
            return dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return NULL;
}

static void *open_library(const char *file, struct err *err)
{
    const char *named = file ? file : getenv("JAGA_DUCKDB");
    void *library = named && named[0] ? dlopen(named, RTLD_NOW | RTLD_LOCAL) : open_beside();
    if (!library && !(named && named[0]))
        library = dlopen("libduckdb.so", RTLD_NOW | RTLD_LOCAL);
    if (library)
        return library;
    const char *why = dlerror();
    if (named && named[0])
        err_set(err, -ENOENT, "the lake needs libduckdb: %s", why ? why : named);
    else
        err_set(
            err, -ENOENT,
            "the lake needs libduckdb.so, which is neither in lib/jaga beside the program nor in "
            "the system: --duckdb FILE or JAGA_DUCKDB names it, 'make' fetches it");
    return NULL;
}

static bool find_symbols(void *library, struct err *err)
{
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *found = dlsym(library, symbols[i].name);
        if (!found) {
            err_set(err, -ENOSYS, "this libduckdb has no %s: version 1.5 or later is needed",
                    symbols[i].name);
            return false;
        }
        memcpy((char *)&table + symbols[i].place, &found, sizeof(found));
    }
    return true;
}

const struct duck *duck_load(const char *file, struct err *err)
{
    pthread_mutex_lock(&loading);
    if (!loaded) {
        void *library = open_library(file, err);
        loaded = library && find_symbols(library, err);
        if (library && !loaded)
            dlclose(library);
    }
    pthread_mutex_unlock(&loading);
    return loaded ? &table : NULL;
}
