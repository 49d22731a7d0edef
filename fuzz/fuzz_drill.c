/*
 * Drill files: library files and, behind the last NUL, a drill. Whatever the bytes, what is taken can be played.
 */
#include "base/time.h"
#include "readiness/play.h"

#define EVENTS_MAX 200 /* of a drill that are made */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(const struct drill *drill)
{
    const struct play_options options = {.seed = 1, .noise = 1, .duration_us = TIME_SECOND_US};
    struct err err = {0};
    struct play_event event;
    struct play *play = play_new(drill, &options, &err);
    for (int i = 0; play && i < EVENTS_MAX && play_next(play, &event, &err) > 0; i++)
        continue;
    play_free(play);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct drill_library library;
    struct drill drill;
    struct err err = {0};
    struct str rest = {(const char *)data, size};
    drill_library_init(&library);
    for (size_t end; (end = str_index(rest, '\0')) < rest.len; rest = str_skip(rest, end + 1))
        (void)drill_library_add(&library, str_first(rest, end), &err);
    if (drill_read(&drill, &library, rest, &err) == 0) {
        play(&drill);
        drill_free(&drill);
    }
    drill_library_free(&library);
    return 0;
}
