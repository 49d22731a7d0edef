#include "api/hunt_turns.h"

uint32_t turns_count(const struct turns *turns, bool running)
{
    uint32_t n = 0;
    for (const struct turn *turn = turns->first; turn; turn = turn->next)
        n += turn->runs == running;
    return n;
}

static uint32_t of_person(const struct turns *turns, const struct turn *of, bool running)
{
    uint32_t n = 0;
    for (const struct turn *turn = turns->first; turn; turn = turn->next)
        n += turn->runs == running && turn->person == of->person;
    return n;
}

static uint32_t of_agency(const struct turns *turns, const struct turn *of)
{
    uint32_t n = 0;
    for (const struct turn *turn = turns->first; turn; turn = turn->next)
        n += turn->runs && str_eq(turn->agency, of->agency);
    return n;
}

/* Is it the turn of a rather than of b, who came earlier? */
static bool is_before(const struct turns *turns, const struct turn *a, const struct turn *b)
{
    uint32_t agency_a = of_agency(turns, a), agency_b = of_agency(turns, b);
    if (agency_a != agency_b)
        return agency_a < agency_b;
    return of_person(turns, a, true) < of_person(turns, b, true);
}

/* Of those that wait and may run, or NULL. */
static struct turn *next_of(const struct turns *turns)
{
    struct turn *next = NULL;
    if (turns_count(turns, true) >= turns->running_max)
        return NULL;
    for (struct turn *turn = turns->first; turn; turn = turn->next)
        if (!turn->runs && of_person(turns, turn, true) < turns->person_running_max &&
            (!next || is_before(turns, turn, next)))
            next = turn;
    return next;
}

static void serve(struct turns *turns)
{
    for (struct turn *next; (next = next_of(turns)) != NULL;)
        next->runs = true;
}

enum turns_answer turns_enter(struct turns *turns, struct turn *turn)
{
    struct turn **place = &turns->first;
    while (*place)
        place = &(*place)->next;
    turn->runs = false;
    turn->next = NULL;
    *place = turn;
    serve(turns);
    if (turn->runs)
        return TURNS_TAKEN;
    bool person_full = of_person(turns, turn, false) > turns->person_waiting_max;
    if (!person_full && turns_count(turns, false) <= turns->waiting_max)
        return TURNS_TAKEN;
    *place = NULL;
    return person_full ? TURNS_PERSON_FULL : TURNS_FULL;
}

void turns_leave(struct turns *turns, struct turn *turn)
{
    struct turn **place = &turns->first;
    while (*place && *place != turn)
        place = &(*place)->next;
    if (*place)
        *place = turn->next;
    serve(turns);
}

uint32_t turns_ahead(const struct turns *turns, const struct turn *turn)
{
    uint32_t n = 0;
    for (const struct turn *row = turns->first; row && row != turn; row = row->next)
        n += !row->runs;
    return n;
}
