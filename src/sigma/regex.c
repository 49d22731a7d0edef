#define PCRE2_CODE_UNIT_WIDTH 8
#include "sigma/regex.h"

#include <errno.h>
#include <hs/hs.h>
#include <pcre2.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sigma/rule.h"

#define JIT_STACK_START (32u << 10)

/* What vectorscan makes of an expression, once somebody needs it. */
enum linear_state { LINEAR_UNTRIED, LINEAR_READY, LINEAR_IMPOSSIBLE };

struct regex {
    pcre2_code *code;
    bool jit;
    const char *pattern; /* NUL-terminated */
    unsigned flags;
    _Atomic(hs_database_t *) linear;
    atomic_int linear_state;
};

static void regex_free(struct regex *regex)
{
    pcre2_code_free(regex->code);
    hs_free_database(atomic_load(&regex->linear));
    free(regex);
}

void regexes_free(struct regexes *regexes)
{
    for (size_t i = 0; i < regexes->items.len; i++)
        regex_free(regexes->items.items[i]);
    vec_free(&regexes->items);
    map_free(&regexes->by_text);
}

static pcre2_code *compile(struct str pattern, unsigned flags, struct err *err)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    if (flags & SIGMA_RE_NOCASE)
        options |= PCRE2_CASELESS;
    if (flags & SIGMA_RE_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (flags & SIGMA_RE_DOTALL)
        options |= PCRE2_DOTALL;
    int code;
    PCRE2_SIZE at;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, options, &code, &at, NULL);
    if (!compiled) {
        PCRE2_UCHAR message[ERR_MESSAGE_MAX / 2];
        pcre2_get_error_message(code, message, sizeof(message));
        err_set(err, -EINVAL, "regular expression: %s at byte %zu", (char *)message, (size_t)at);
        return NULL;
    }
    return compiled;
}

int regexes_add(struct regexes *regexes, struct str pattern, unsigned flags, struct arena *arena,
                struct regex **ret_regex, struct err *err)
{
    struct str key =
        arena_printf(arena, "%u:%.*s", flags & 7u, STR_ARG(pattern)); /* owns the pattern too */
    if (!key.ptr || regexes->items.len >= MAP_NONE)
        return -ENOMEM;
    if (memchr(pattern.ptr ? pattern.ptr : "", '\0', pattern.len))
        return err_set(err, -EINVAL, "regular expression: a NUL byte");
    uint32_t known = map_get(&regexes->by_text, key);
    if (known != MAP_NONE) {
        *ret_regex = regexes->items.items[known];
        return 0;
    }
    struct regex *regex = calloc(1, sizeof(*regex));
    if (!regex)
        return -ENOMEM;
    regex->pattern = key.ptr + 2;
    regex->flags = flags;
    regex->code = compile(str_skip(key, 2), flags, err);
    int code = regex->code ? 0 : -EINVAL;
    /* Without JIT, the interpreter runs. */
    regex->jit = regex->code && pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0;
    if (code == 0)
        code = map_put(&regexes->by_text, key, (uint32_t)regexes->items.len);
    if (code >= 0)
        code = vec_push(&regexes->items, regex);
    if (code < 0) {
        regex_free(regex);
        return code;
    }
    *ret_regex = regex;
    return 0;
}

int regex_scratch_init(struct regex_scratch *scratch, uint64_t match_limit)
{
    *scratch = (struct regex_scratch){0};
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    scratch->match_context = context;
    scratch->match_data = pcre2_match_data_create(1, NULL);
    scratch->jit_stack = pcre2_jit_stack_create(JIT_STACK_START, REGEX_JIT_STACK_MAX, NULL);
    if (!context || !scratch->match_data || !scratch->jit_stack) {
        regex_scratch_free(scratch);
        return -ENOMEM;
    }
    if (match_limit == 0)
        match_limit = REGEX_MATCH_LIMIT_DEFAULT;
    pcre2_set_match_limit(context, match_limit < UINT32_MAX ? (uint32_t)match_limit : UINT32_MAX);
    pcre2_set_heap_limit(context, REGEX_HEAP_LIMIT_KIB);
    pcre2_jit_stack_assign(context, NULL, scratch->jit_stack);
    return 0;
}

void regex_scratch_free(struct regex_scratch *scratch)
{
    pcre2_match_data_free(scratch->match_data);
    pcre2_match_context_free(scratch->match_context);
    pcre2_jit_stack_free(scratch->jit_stack);
    hs_free_scratch(scratch->linear_scratch);
    *scratch = (struct regex_scratch){0};
}

/* The expression as vectorscan has it, or NULL. Threads may race: one of their databases stays. */
static hs_database_t *linear_database(struct regex *regex)
{
    int state = atomic_load_explicit(&regex->linear_state, memory_order_acquire);
    if (state != LINEAR_UNTRIED)
        return state == LINEAR_READY ? atomic_load(&regex->linear) : NULL;
    unsigned flags = HS_FLAG_UTF8 | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
    if (regex->flags & SIGMA_RE_NOCASE)
        flags |= HS_FLAG_CASELESS;
    if (regex->flags & SIGMA_RE_MULTILINE)
        flags |= HS_FLAG_MULTILINE;
    if (regex->flags & SIGMA_RE_DOTALL)
        flags |= HS_FLAG_DOTALL;
    hs_database_t *database = NULL, *none = NULL;
    hs_compile_error_t *error = NULL;
    if (hs_compile(regex->pattern, flags, HS_MODE_BLOCK, NULL, &database, &error) != HS_SUCCESS) {
        hs_free_compile_error(error);
        atomic_store_explicit(&regex->linear_state, LINEAR_IMPOSSIBLE, memory_order_release);
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&regex->linear, &none, database)) {
        hs_free_database(database);
        database = none;
    }
    atomic_store_explicit(&regex->linear_state, LINEAR_READY, memory_order_release);
    return database;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
    (void)id, (void)from, (void)to, (void)flags;
    *(bool *)context = true;
    return 1;
}

/* The value on which PCRE2 gave up. */
static bool find_linear(struct regex *regex, struct str value, struct regex_scratch *scratch)
{
    hs_database_t *database = linear_database(regex);
    bool found = false;
    hs_scratch_t *linear_scratch = scratch->linear_scratch;
    if (database && value.len <= UINT32_MAX &&
        hs_alloc_scratch(database, &linear_scratch) == HS_SUCCESS) {
        scratch->linear_scratch = linear_scratch;
        hs_error_t code = hs_scan(database, value.len ? value.ptr : "", (unsigned)value.len, 0,
                                  linear_scratch, on_match, &found);
        if (code == HS_SUCCESS || code == HS_SCAN_TERMINATED) {
            scratch->rescued++;
            return found;
        }
    }
    scratch->limited++;
    return false;
}

bool regex_find(struct regex *regex, struct str value, struct regex_scratch *scratch)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(value.len ? value.ptr : "");
    int code = regex->jit ? pcre2_jit_match(regex->code, text, value.len, 0, 0, scratch->match_data,
                                            scratch->match_context)
                          : pcre2_match(regex->code, text, value.len, 0, PCRE2_NO_UTF_CHECK,
                                        scratch->match_data, scratch->match_context);
    if (code >= 0)
        return true;
    return code != PCRE2_ERROR_NOMATCH && find_linear(regex, value, scratch);
}
