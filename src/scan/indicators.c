#include "scan/indicators.h"

#define KEPT_MEMORY_MAX (256u << 20)

enum sigma_level indicator_level(const struct indicator *indicator)
{
    if (indicator->confidence == INDICATOR_CONFIDENCE_UNSET)
        return SIGMA_MEDIUM;
    return indicator->confidence >= 75   ? SIGMA_HIGH
           : indicator->confidence >= 40 ? SIGMA_MEDIUM
                                         : SIGMA_LOW;
}

int indicator_describe(struct arena *arena, const struct indicator *is, struct sigma_meta *ret_meta)
{
    const char *type = indicator_type_names[is->type];
    struct str *tags = arena_zero(arena, 3, sizeof(*tags));
    struct sigma_meta meta = {
        .id = is->id.len ? is->id : arena_printf(arena, "%s:%.*s", type, STR_ARG(is->value)),
        .title =
            is->label.len
                ? arena_printf(arena, "%.*s: %s %.*s", STR_ARG(is->label), type, STR_ARG(is->value))
                : arena_printf(arena, "Indicator: %s %.*s", type, STR_ARG(is->value)),
        .level = indicator_level(is),
        .tags = tags,
    };
    if (!tags || !meta.id.ptr || !meta.title.ptr)
        return -ENOMEM;
    tags[meta.n_tags++] = arena_printf(arena, "indicator:%s", type);
    if (is->source.len)
        tags[meta.n_tags++] = arena_printf(arena, "feed:%.*s", STR_ARG(is->source));
    if (is->tlp != TLP_NONE)
        tags[meta.n_tags++] = arena_printf(arena, "tlp:%s", tlp_names[is->tlp]);
    for (uint32_t i = 0; i < meta.n_tags; i++)
        if (!tags[i].ptr)
            return -ENOMEM;
    *ret_meta = meta;
    return 0;
}

void indicators_kept_free(struct indicators_kept *kept)
{
    map_free(&kept->numbers);
    vec_free(&kept->metas);
    buf_free(&kept->key);
    arena_free(&kept->arena);
}

/* Past the limits: one for all, so that they are still counted. */
static struct indicator any_indicator(void)
{
    return (struct indicator){
        .type = INDICATOR_NONE,
        .value = STR("of many kinds"),
        .label = STR("Other indicators"),
        .confidence = INDICATOR_CONFIDENCE_UNSET,
    };
}

static int keep(struct indicators_kept *kept, const struct indicator *indicator,
                uint32_t *ret_number)
{
    struct str key = arena_copy(&kept->arena, buf_str(&kept->key));
    struct sigma_meta *meta = arena_zero(&kept->arena, 1, sizeof(*meta));
    struct indicator copy = *indicator;
    uint32_t number = (uint32_t)kept->metas.len;
    copy.id = arena_copy(&kept->arena, copy.id);
    if (!key.ptr || !meta || !copy.id.ptr || indicator_describe(&kept->arena, &copy, meta) < 0 ||
        vec_push(&kept->metas, meta) < 0 || map_put(&kept->numbers, key, number) < 0)
        return -ENOMEM;
    *ret_number = number;
    return 0;
}

int indicators_keep(struct indicators_kept *kept, const struct indicator *indicator,
                    uint32_t *ret_number)
{
    struct indicator other = any_indicator();
    if (kept->metas.len == 0) {
        arena_init(&kept->arena, KEPT_MEMORY_MAX);
        buf_clear(&kept->key);
        if (keep(kept, &other, ret_number) < 0) /* number 0, while there is room */
            return -ENOMEM;
    }
    buf_clear(&kept->key);
    buf_add_byte(&kept->key, (char)indicator->type);
    buf_add_str(&kept->key, indicator->value);
    if (kept->key.failed)
        return -ENOMEM;
    uint32_t number = map_get(&kept->numbers, buf_str(&kept->key));
    if (number == MAP_NONE) {
        number = 0;
        if (kept->metas.len < INDICATORS_KEPT_MAX && kept->arena.size < KEPT_MEMORY_MAX / 4 * 3 &&
            keep(kept, indicator, &number) < 0)
            return -ENOMEM;
    }
    *ret_number = number;
    return 0;
}
