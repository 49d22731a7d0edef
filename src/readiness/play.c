#include "readiness/play.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/vec.h"

#define HOUR_US (3600 * TIME_SECOND_US)
#define OPENS 8 /* o'clock, Monday to Friday */
#define CLOSES 18
/* In a drill shorter than this, what lies between the events of a step is shortened too. */
#define NATURAL_US (60 * TIME_SECOND_US)
#define NEVER INT64_MAX

/* Noise of a source: its own chance, so that one source changes nothing in another. */
struct hum {
    struct random random;
    int64_t next_us; /* behind the start; NEVER: none */
};

/* One event of a step, or the moment from which its source is silent. */
struct cue {
    int64_t at_us; /* behind the start */
    size_t step, act;
    uint64_t nth; /* repeat, from 1; 0: the silence */
};

struct play {
    const struct drill *drill;
    struct play_options options;
    struct arena arena;
    struct text_scope vars; /* the drill's, filled in for this run */
    struct hum *hums;       /* one for each source */
    VEC(struct cue) cues;
    size_t next_cue;
    int64_t end_us; /* behind the start: no noise after it */
    struct random random;
    struct text_filling filling;
    struct buf out;
};

/* ---- the day ---- */

/* Events a second that a source makes at a moment behind the start. */
static double rate_at(const struct play *play, const struct drill_source *source, int64_t at_us)
{
    const struct drill *drill = play->drill;
    double pressed = (double)drill->length_us / (double)play->options.duration_us;
    int64_t nominal = drill->start_us + (int64_t)((double)at_us * pressed);
    int64_t day = nominal / TIME_DAY_US % 7, hour = nominal % TIME_DAY_US / HOUR_US;
    bool open = day < 5 && hour >= OPENS && hour < CLOSES;
    return source->rate / 60 * play->options.noise * (open ? 1 : source->night);
}

/* A Poisson process: what lies between two events is exponential. */
static void hum_on(struct play *play, size_t i)
{
    struct hum *hum = &play->hums[i];
    double rate = rate_at(play, &play->drill->sources[i], hum->next_us);
    double gap_us = rate > 0 ? -log(random_unit(&hum->random)) / rate * 1e6 : INFINITY;
    if (gap_us > (double)(play->end_us - hum->next_us))
        hum->next_us = NEVER;
    else
        hum->next_us += (int64_t)gap_us;
}

/* ---- the intrusion ---- */

static int add_cues(struct play *play, size_t step_index)
{
    const struct drill_step *step = &play->drill->steps[step_index];
    double pressed = (double)play->options.duration_us / (double)play->drill->length_us;
    double shorter = play->options.duration_us < NATURAL_US
                         ? (double)play->options.duration_us / (double)NATURAL_US
                         : 1;
    int64_t at = (int64_t)((double)step->at_us * pressed);
    for (size_t i = 0; i < step->n_acts; i++) {
        const struct drill_act *act = &step->acts[i];
        at += (int64_t)((double)act->after_us * shorter);
        for (uint64_t nth = 1; nth <= act->repeat; nth++) {
            if (nth > 1)
                at += (int64_t)((double)act->every_us * shorter);
            if (vec_push(&play->cues, (struct cue){at, step_index, i, nth}) < 0)
                return -ENOMEM;
        }
    }
    if (at > play->end_us)
        play->end_us = at;
    if (step->silence != SIZE_MAX)
        return vec_push(&play->cues, (struct cue){at, step_index, 0, 0});
    return 0;
}

static int by_time(const void *left, const void *right)
{
    const struct cue *a = left, *b = right;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    if (a->step != b->step)
        return a->step < b->step ? -1 : 1;
    if ((a->nth == 0) != (b->nth == 0))
        return a->nth == 0 ? 1 : -1;
    if (a->act != b->act)
        return a->act < b->act ? -1 : 1;
    return (a->nth > b->nth) - (a->nth < b->nth);
}

/* ---- a run ---- */

/* The drill's own names mean one thing throughout a run: the address that commands come from, a ticket's number. */
static int settle_vars(struct play *play, struct err *err)
{
    const struct text_scope *vars = &play->drill->vars;
    struct text_binding *settled = arena_zero(&play->arena, vars->n + 1, sizeof(*settled));
    if (!settled)
        return err_set(err, -ENOMEM, "no memory");
    text_filling_restart(&play->filling);
    play->filling.scopes[0] = *vars;
    for (size_t i = 0; i < vars->n; i++) {
        struct buf value = {0};
        bool number = false;
        int status = text_fill(&vars->bindings[i].text, &play->filling, &value, &number, err);
        settled[i].name = vars->bindings[i].name;
        settled[i].plain = vars->bindings[i].plain || number;
        if (status == 0 && text_literal(buf_str(&value), &play->arena, &settled[i].text) < 0)
            status = err_set(err, -ENOMEM, "no memory");
        buf_free(&value);
        if (status < 0)
            return status;
    }
    play->vars = (struct text_scope){settled, vars->n};
    return 0;
}

static int set_up(struct play *play, struct err *err)
{
    const struct drill *drill = play->drill;
    play->hums = arena_zero(&play->arena, drill->n_sources + 1, sizeof(*play->hums));
    if (!play->hums)
        return err_set(err, -ENOMEM, "no memory");
    play->end_us = play->options.duration_us;
    for (size_t i = 0; i < drill->n_steps; i++)
        if (add_cues(play, i) < 0)
            return err_set(err, -ENOMEM, "no memory");
    qsort(play->cues.items, play->cues.len, sizeof(*play->cues.items), by_time);
    for (size_t i = 0; i < drill->n_sources; i++) {
        play->hums[i].random.state = play->options.seed + (i + 1) * UINT64_C(0x100000001B3);
        play->hums[i].next_us = 0;
        if (drill->sources[i].noise)
            hum_on(play, i);
        else
            play->hums[i].next_us = NEVER;
    }
    return settle_vars(play, err);
}

struct play *play_new(const struct drill *drill, const struct play_options *options,
                      struct err *err)
{
    struct play *play = calloc(1, sizeof(*play));
    if (!play) {
        err_set(err, -ENOMEM, "no memory");
        return NULL;
    }
    play->drill = drill;
    play->options = *options;
    if (play->options.duration_us <= 0)
        play->options.duration_us = drill->length_us;
    play->random.state = options->seed;
    play->filling.random = &play->random;
    play->filling.time_us = options->start_us;
    arena_init(&play->arena, DRILL_MEMORY_MAX);
    if (set_up(play, err) < 0) {
        play_free(play);
        return NULL;
    }
    return play;
}

void play_free(struct play *play)
{
    if (!play)
        return;
    vec_free(&play->cues);
    text_filling_free(&play->filling);
    buf_free(&play->out);
    arena_free(&play->arena);
    free(play);
}

/* One of a noise's events, the heavier the more often. */
static const struct drill_emit *choose(const struct drill_noise *noise, struct random *random)
{
    uint64_t at = random_below(random, noise->weight);
    size_t i = 0;
    for (; at >= noise->emits[i].weight; i++)
        at -= noise->emits[i].weight;
    return &noise->emits[i];
}

static int write_event(struct play *play, const struct drill_emit *emit,
                       const struct text_scope *member, size_t agency, int64_t at_us,
                       struct err *err)
{
    buf_clear(&play->out);
    drill_scopes(emit, member, &play->vars, &play->drill->agencies[agency], &play->filling);
    play->filling.time_us = play->options.start_us + at_us;
    return drill_write_event(emit, &play->filling, &play->out, err);
}

static int next_noise(struct play *play, size_t i, struct play_event *ret_event, struct err *err)
{
    const struct drill_source *source = &play->drill->sources[i];
    struct hum *hum = &play->hums[i];
    const struct drill_population *population = source->population;
    const struct text_scope *member =
        population ? &population->members[random_below(&hum->random, population->count)] : NULL;
    int64_t at = hum->next_us;
    play->filling.random = &hum->random;
    play->filling.n = 0;
    int status =
        write_event(play, choose(source->noise, &hum->random), member, source->agency, at, err);
    hum_on(play, i);
    *ret_event =
        (struct play_event){i, PLAY_NOISE, play->options.start_us + at, buf_str(&play->out)};
    return status < 0 ? status : 1;
}

static int next_step(struct play *play, struct play_event *ret_event, struct err *err)
{
    const struct cue *cue = &play->cues.items[play->next_cue++];
    const struct drill_step *step = &play->drill->steps[cue->step];
    if (cue->nth == 0) {
        play->hums[step->silence].next_us = NEVER;
        *ret_event = (struct play_event){step->silence, cue->step,
                                         play->options.start_us + cue->at_us, STR("")};
        return 1;
    }
    const struct drill_act *act = &step->acts[cue->act];
    play->filling.random = &play->random;
    play->filling.n = cue->nth;
    int status = write_event(play, &act->emit, act->member, step->agency, cue->at_us, err);
    *ret_event = (struct play_event){act->source, cue->step, play->options.start_us + cue->at_us,
                                     buf_str(&play->out)};
    return status < 0 ? status : 1;
}

int play_next(struct play *play, struct play_event *ret_event, struct err *err)
{
    size_t first = 0;
    for (size_t i = 1; i < play->drill->n_sources; i++)
        if (play->hums[i].next_us < play->hums[first].next_us)
            first = i;
    bool cue = play->next_cue < play->cues.len;
    int64_t noise_us = play->hums[first].next_us;
    if (!cue && noise_us == NEVER)
        return 0;
    if (cue && play->cues.items[play->next_cue].at_us <= noise_us)
        return next_step(play, ret_event, err);
    return next_noise(play, first, ret_event, err);
}
