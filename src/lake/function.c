#include <errno.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "lake/duckdb.h"

/* What DuckDB hands back with each call. */
struct registered {
    struct lake_function function;
};

/* A call, with what its output needs. */
struct calling {
    struct lake_call call; /* first: callbacks get it */
    const struct duck *duck;
    struct duck_function_info *info;
    struct duck_vector *output;
    uint64_t *valid; /* of the output; NULL: all are */
};

static void put_null(struct lake_call *call, uint32_t row)
{
    struct calling *calling = (struct calling *)call;
    if (!calling->valid) {
        calling->duck->vector_ensure_validity_writable(calling->output);
        calling->valid = calling->duck->vector_get_validity(calling->output);
    }
    calling->valid[row / 64] &= ~(UINT64_C(1) << row % 64);
}

static void put_text(struct lake_call *call, uint32_t row, struct str text)
{
    struct calling *calling = (struct calling *)call;
    if (call->kind != LAKE_BYTES && utf8_valid(text) != text.len)
        text = utf8_repair(text, call->scratch);
    if (text.ptr)
        calling->duck->unsafe_vector_assign_string_element_len(calling->output, row, text.ptr,
                                                               text.len);
    else
        calling->duck->unsafe_vector_assign_string_element_len(calling->output, row, "", 0);
}

static void refuse(struct lake_call *call, const char *message)
{
    struct calling *calling = (struct calling *)call;
    calling->duck->scalar_function_set_error(calling->info, message);
}

/* An argument as lake.h has it; false: no memory. */
static bool take_argument(const struct duck *duck, struct duck_vector *vector, enum lake_kind kind,
                          uint32_t n, struct arena *arena, struct lake_vector *ret_vector)
{
    const void *data = duck->vector_get_data(vector);
    *ret_vector = (struct lake_vector){.kind = kind, .valid = duck->vector_get_validity(vector)};
    if (kind == LAKE_INTEGER || kind == LAKE_TIME) {
        ret_vector->integers = data;
    } else if (kind == LAKE_DOUBLE) {
        ret_vector->doubles = data;
    } else if (kind == LAKE_BOOLEAN) {
        int64_t *integers = arena_alloc(arena, n * sizeof(*integers));
        for (uint32_t i = 0; integers && i < n; i++)
            integers[i] = ((const uint8_t *)data)[i] != 0;
        ret_vector->integers = integers;
    } else {
        struct str *texts = arena_alloc(arena, n * sizeof(*texts));
        for (uint32_t i = 0; texts && i < n; i++)
            texts[i] = lake_is_null(ret_vector, i)
                           ? (struct str){"", 0}
                           : duck_string_str((const union duck_string *)data + i);
        ret_vector->texts = texts;
    }
    return ret_vector->integers != NULL;
}

static enum lake_kind parameter_kind(const struct lake_function *function, uint32_t index)
{
    uint32_t n = 0;
    while (function->parameters[n] != LAKE_NULL)
        n++;
    return function->parameters[index < n ? index : n - 1];
}

/* What is NULL among the arguments is NULL in the output. */
static void pass_nulls(struct calling *calling)
{
    const struct lake_call *call = &calling->call;
    for (uint32_t k = 0; k < call->n_arguments; k++) {
        if (!call->arguments[k].valid)
            continue;
        for (uint32_t i = 0; i < call->n_rows; i++)
            if (lake_is_null(&call->arguments[k], i))
                put_null(&calling->call, i);
    }
}

/* Called by DuckDB, which has nowhere to hold its own table of functions: it is that of the process. */
static void call_function(struct duck_function_info *info, struct duck_data_chunk *input,
                          struct duck_vector *output)
{
    struct err ignored;
    const struct duck *duck = duck_load(NULL, &ignored);
    const struct registered *registered = duck->scalar_function_get_extra_info(info);
    const struct lake_function *function = &registered->function;
    uint32_t n_rows = (uint32_t)duck->data_chunk_get_size(input);
    uint32_t n = (uint32_t)duck->data_chunk_get_column_count(input);
    struct arena scratch;
    arena_init(&scratch, LAKE_TEXT_MAX);
    struct lake_vector *arguments = arena_alloc(&scratch, n * sizeof(*arguments) + 1);
    bool whole = arguments != NULL;
    for (uint32_t i = 0; whole && i < n; i++)
        whole = take_argument(duck, duck->data_chunk_get_vector(input, i),
                              parameter_kind(function, i), n_rows, &scratch, &arguments[i]);
    if (!whole) {
        duck->scalar_function_set_error(info, "no memory");
        arena_free(&scratch);
        return;
    }
    struct calling calling = {
        .call =
            {
                .arguments = arguments,
                .n_arguments = n,
                .n_rows = n_rows,
                .context = function->context,
                .scratch = &scratch,
                .kind = function->result,
                .data = duck->vector_get_data(output),
                .put_text = put_text,
                .put_null = put_null,
                .refuse = refuse,
            },
        .duck = duck,
        .info = info,
        .output = output,
    };
    function->call(&calling.call);
    if (!function->takes_nulls)
        pass_nulls(&calling);
    arena_free(&scratch);
}

static struct duck_logical_type *make_type(const struct duck *duck, enum lake_kind kind)
{
    struct duck_logical_type *type = duck->create_logical_type(duck_type_of(kind));
    if (kind == LAKE_JSON)
        duck->logical_type_set_alias(type, "JSON");
    return type;
}

static int register_one(struct lake *lake, const struct lake_function *from, struct err *err)
{
    const struct duck *duck = lake->duck;
    struct registered *registered = malloc(sizeof(*registered));
    if (!registered)
        return err_set(err, -ENOMEM, "no memory");
    *registered = (struct registered){*from};
    struct duck_scalar_function *function = duck->create_scalar_function();
    duck->scalar_function_set_name(function, from->name);
    for (uint32_t i = 0; from->parameters[i] != LAKE_NULL; i++) {
        struct duck_logical_type *type =
            duck->create_logical_type(duck_type_of(from->parameters[i]));
        if (from->variadic && from->parameters[i + 1] == LAKE_NULL)
            duck->scalar_function_set_varargs(function, type);
        else
            duck->scalar_function_add_parameter(function, type);
        duck->destroy_logical_type(&type);
    }
    struct duck_logical_type *result = make_type(duck, from->result);
    duck->scalar_function_set_return_type(function, result);
    duck->destroy_logical_type(&result);
    if (from->takes_nulls)
        duck->scalar_function_set_special_handling(function);
    if (from->impure)
        duck->scalar_function_set_volatile(function);
    duck->scalar_function_set_extra_info(function, registered, free);
    duck->scalar_function_set_function(function, call_function);
    enum duck_state state = duck->register_scalar_function(lake->admin, function);
    duck->destroy_scalar_function(&function);
    return state == DUCK_OK
               ? 0
               : err_set(err, -EINVAL, "the engine refused the function %s", from->name);
}

int functions_register(struct lake *lake, const struct lake_function *functions, size_t n,
                       struct err *err)
{
    int status = 0;
    pthread_mutex_lock(&lake->lock);
    for (size_t i = 0; status == 0 && i < n; i++)
        status = register_one(lake, &functions[i], err);
    pthread_mutex_unlock(&lake->lock);
    return status;
}

/* jaga_leaf(key, part, time, received, agency, source, dataset, format, raw, bytes): the hash, in hex. */
static void hash_leaves(struct lake_call *call)
{
    const struct lake_vector *arguments = call->arguments;
    for (uint32_t i = 0; i < call->n_rows; i++) {
        uint64_t key = (uint64_t)arguments[0].integers[i];
        struct lake_leaf leaf = {
            .partition = (uint32_t)(key >> 48),
            .offset = key & LAKE_OFFSET_MAX,
            .part = (uint32_t)arguments[1].integers[i],
            .time = arguments[2].integers[i],
            .received = arguments[3].integers[i],
            .agency = arguments[4].texts[i],
            .source = arguments[5].texts[i],
            .dataset = arguments[6].texts[i],
            .format = arguments[7].texts[i],
            .raw = arguments[lake_is_null(&arguments[9], i) ? 8 : 9].texts[i],
        };
        unsigned char hash[LAKE_HASH];
        char hex[2 * LAKE_HASH];
        merkle_leaf(&leaf, hash);
        for (size_t k = 0; k < LAKE_HASH; k++) {
            hex[2 * k] = "0123456789abcdef"[hash[k] >> 4];
            hex[2 * k + 1] = "0123456789abcdef"[hash[k] & 15];
        }
        call->put_text(call, i, str_of(hex, sizeof(hex)));
    }
}

/* jaga_among(key, keys): is the key one of those? 8 bytes each, as they are in memory, in their order. */
static bool is_among(int64_t key, struct str keys)
{
    size_t low = 0, high = keys.len / sizeof(key);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int64_t at;
        memcpy(&at, keys.ptr + middle * sizeof(at), sizeof(at));
        if (at == key)
            return true;
        if (at < key)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static void look_up_keys(struct lake_call *call)
{
    for (uint32_t i = 0; i < call->n_rows; i++)
        call->booleans[i] = is_among(call->arguments[0].integers[i], call->arguments[1].texts[i]);
}

int functions_own(struct lake *lake, struct err *err)
{
    static const struct lake_function own[] = {
        {
            .name = "jaga_leaf",
            .result = LAKE_TEXT,
            .parameters = {LAKE_INTEGER, LAKE_INTEGER, LAKE_TIME, LAKE_TIME, LAKE_TEXT, LAKE_TEXT,
                           LAKE_TEXT, LAKE_TEXT, LAKE_TEXT, LAKE_BYTES},
            .takes_nulls = true,
            .call = hash_leaves,
        },
        {
            .name = "jaga_among",
            .result = LAKE_BOOLEAN,
            .parameters = {LAKE_INTEGER, LAKE_BYTES},
            .call = look_up_keys,
        },
    };
    return functions_register(lake, own, sizeof(own) / sizeof(own[0]), err);
}
