/*
 * jaga_screen(text, type, number): may a value of a field of that type hold a new indicator? With the very looks of the
 * matcher, so that SQL and matcher agree on every spelling. The values of a chunk wait for memory together.
 */
#include <errno.h>
#include <stdlib.h>

#include "hunt/lookback_inside.h"
#include "hunt/native.h"
#include "parse/json_cursor.h"

struct lookback_screens {
    pthread_rwlock_t lock; /* read while a chunk is looked at */
    const struct intel_news *news;
    uint64_t number, last; /* 0: there are none */
};

/* The elements of a list; where one is not told from its text, it may be anything. */
static void ask_list(struct intel_screen *screen, uint32_t row, struct str list, bool *hits)
{
    struct json_cursor elements = json_cursor_of(list);
    struct str name, element;
    while (!hits[row] && json_cursor_next(&elements, &name, &element)) {
        bool plain = !memchr(element.ptr, '\\', element.len) && element.ptr[0] != '[' &&
                     element.ptr[0] != '{';
        if (plain)
            intel_screen_ask(screen, row, json_inside(element), hits);
        else
            hits[row] = true;
    }
}

static void ask_rows(struct lake_call *call, struct intel_screen *screen)
{
    struct buf scratch = {0};
    for (uint32_t row = 0; row < call->n_rows; row++) {
        struct str text = native_text(call, 0, row);
        call->booleans[row] = false;
        if (text.len == 0 || native_is_null(call, 0, row))
            continue;
        intel_screen_ask(screen, row, text, call->booleans);
        if (lookback_is_list(text, &scratch))
            ask_list(screen, row, text, call->booleans);
    }
    intel_screen_finish(screen);
    buf_free(&scratch);
}

/* Type and number are the same in all rows. */
static void screen(struct lake_call *call)
{
    struct lookback_screens *screens = call->context;
    if (call->n_rows == 0)
        return;
    pthread_rwlock_rdlock(&screens->lock);
    bool there = screens->number && native_integer(call, 2, 0) == (int64_t)screens->number;
    struct intel_screen *asked =
        there ? intel_screen_new(screens->news, (enum field_type)native_integer(call, 1, 0)) : NULL;
    if (asked)
        ask_rows(call, asked);
    else
        call->refuse(call, there ? "no memory to look for indicators"
                                 : "these indicators are not looked for any more");
    intel_screen_free(asked);
    pthread_rwlock_unlock(&screens->lock);
}

struct lookback_screens *lookback_screens_new(const struct lake_ops *ops, struct lake *lake,
                                              struct err *err)
{
    struct lookback_screens *screens = calloc(1, sizeof(*screens));
    if (!screens) {
        (void)err_set(err, -ENOMEM, "no memory to look for indicators");
        return NULL;
    }
    const struct lake_function function = {
        .name = "jaga_screen",
        .result = LAKE_BOOLEAN,
        .parameters = {LAKE_TEXT, LAKE_INTEGER, LAKE_INTEGER},
        .call = screen,
        .context = screens,
    };
    pthread_rwlock_init(&screens->lock, NULL);
    if (ops->functions(lake, &function, 1, err) == 0)
        return screens;
    lookback_screens_free(screens);
    return NULL;
}

void lookback_screens_free(struct lookback_screens *screens)
{
    if (!screens)
        return;
    pthread_rwlock_destroy(&screens->lock);
    free(screens);
}

uint64_t screens_put(struct lookback_screens *screens, const struct intel_news *news)
{
    uint64_t number = 0;
    pthread_rwlock_wrlock(&screens->lock);
    if (!screens->number) {
        number = screens->number = ++screens->last;
        screens->news = news;
    }
    pthread_rwlock_unlock(&screens->lock);
    return number;
}

void screens_take(struct lookback_screens *screens, uint64_t number)
{
    pthread_rwlock_wrlock(&screens->lock);
    if (screens->number == number)
        screens->number = 0;
    pthread_rwlock_unlock(&screens->lock);
}
