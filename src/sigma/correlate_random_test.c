/*
 * Random correlations over random hits: the same matches for every order of arrival, and those
 * that a slow and obvious reading of correlate.h's definitions gives.
 */
#include <math.h>
#include <stdio.h>

#include "sigma/correlate_test.h"

#define ROUNDS 400
#define HITS_MAX 120
#define RULES 3

static uint64_t rng_state;

static uint32_t random_below(uint32_t n)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t)(rng_state >> 33) % n;
}

static const char *const users[] = {"ann", "ANN", "bob", NULL};
static const char *const numbers[] = {"1", "2", "3", "10", "-1", "x", NULL};

struct made_hit {
    int64_t time;
    uint32_t rule;
    uint64_t event;
    const char *user;   /* field User */
    const char *host;   /* field Host */
    const char *number; /* field Number */
};

struct input {
    struct made made;
    struct made_hit hits[HITS_MAX]; /* in order */
    uint32_t n_hits;
};

/* ---- making ---- */

static struct sigma_node *random_expression(struct made *made, uint32_t depth)
{
    uint32_t kind = random_below(depth ? 5 : 1);
    if (kind < 2)
        return made_node(made, SIGMA_REF, random_below(RULES), NULL, NULL);
    if (kind == 2)
        return made_node(made, SIGMA_NOT, 0, random_expression(made, depth - 1), NULL);
    return made_node(made, kind == 3 ? SIGMA_AND : SIGMA_OR, 0, random_expression(made, depth - 1),
                     random_expression(made, depth - 1));
}

static void random_bounds(struct sigma_correlation *c)
{
    static const enum sigma_op ops[] = {SIGMA_GREATER_EQUAL, SIGMA_GREATER, SIGMA_LESS,
                                        SIGMA_LESS_EQUAL,    SIGMA_NUMBER,  SIGMA_NUMBER};
    uint32_t op = random_below(3) ? 0 : random_below(6);
    made_bound(c, ops[op], 1 + random_below(4));
    c->bounds[0].negated = op == 5;
    if (random_below(5) == 0)
        made_bound(c, SIGMA_LESS_EQUAL, 2 + random_below(4));
}

static struct sigma_correlation *random_correlation(struct made *made)
{
    static const enum sigma_correlation_type types[] = {
        SIGMA_EVENT_COUNT,      SIGMA_VALUE_COUNT,      SIGMA_TEMPORAL,
        SIGMA_TEMPORAL_ORDERED, SIGMA_TEMPORAL_ORDERED, SIGMA_VALUE_SUM,
        SIGMA_VALUE_PERCENTILE, SIGMA_VALUE_MEDIAN,     SIGMA_VALUE_AVG};
    enum sigma_correlation_type type = types[random_below(9)];
    bool temporal = type == SIGMA_TEMPORAL || type == SIGMA_TEMPORAL_ORDERED;
    struct sigma_correlation *c =
        made_add(made, type, temporal ? RULES : 1 + random_below(RULES), 3 + random_below(15));
    if (random_below(4))
        made_group(made, c, STR("User"));
    if (!temporal || random_below(3) == 0)
        random_bounds(c);
    else if (random_below(2))
        c->expression = random_expression(made, 3);
    if (!temporal && type != SIGMA_EVENT_COUNT)
        c->fields[c->n_fields++] = STR("Number");
    if (type == SIGMA_VALUE_COUNT && random_below(2))
        c->fields[c->n_fields++] = STR("Host");
    c->percentile = 10 * random_below(11);
    return c;
}

/* One on top of the other, perhaps by a field that only the events have. */
static void random_chain(struct made *made)
{
    struct sigma_correlation *c = random_correlation(made);
    c->sources[random_below(c->n_sources)] = (struct sigma_source){true, c->number - 1};
    c->timespan_us *= 3;
    if (random_below(2))
        made_group(made, c, STR("Host"));
}

static void random_input(struct input *input, uint32_t chain)
{
    static const char *const ids[RULES] = {"one", "two", "three"};
    made_init(&input->made, RULES);
    for (uint32_t i = 0; i < RULES; i++)
        input->made.rules[i].meta.id = str_from_c(ids[i]);
    (void)random_correlation(&input->made);
    while (chain-- > 0)
        random_chain(&input->made);
    input->n_hits = 0;
    uint32_t n = 1 + random_below(HITS_MAX - RULES);
    int64_t time = 0;
    for (uint64_t event = 1; input->n_hits < n; event++) {
        struct made_hit hit = {.event = event};
        time += random_below(2) ? 0 : random_below(random_below(8) ? 4 : 30);
        hit.time = time;
        hit.user = users[random_below(4)];
        hit.host = users[random_below(4)];
        hit.number = numbers[random_below(7)];
        uint32_t rules = 1 + random_below(7); /* the rules it matches, as bits */
        if (random_below(3))
            rules = 1u << random_below(RULES);
        for (hit.rule = 0; hit.rule < RULES; hit.rule++)
            if (rules >> hit.rule & 1)
                input->hits[input->n_hits++] = hit;
    }
}

/* ---- the slow reading ---- */

/* A hit of the one group and correlation that is looked at. */
struct seen {
    const struct made_hit *hit;
    uint32_t source;
};

struct reading {
    const struct sigma_correlation *c;
    struct seen seen[HITS_MAX];
    uint32_t n;
};

static bool same_text(const char *a, const char *b)
{
    return a && b && str_eq_ascii_nocase(str_from_c(a), str_from_c(b));
}

static bool part_of(const struct sigma_correlation *c, const struct made_hit *hit, const char *user)
{
    double number;
    if (hit->rule >= c->n_sources || (c->n_group_by && !same_text(hit->user, user)))
        return false;
    if (c->n_fields == 0)
        return true;
    if (!hit->number || (c->n_fields == 2 && !hit->host))
        return false;
    return c->type == SIGMA_VALUE_COUNT || str_to_double(str_from_c(hit->number), &number) == 0;
}

/* Is hit i the first of its event in the window from..to? */
static bool first_of_event(const struct reading *r, uint32_t from, uint32_t i)
{
    return i == from || r->seen[i].hit->event != r->seen[i - 1].hit->event;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Can events of the window be the sources of `set`, in order, each its own event? */
static bool chain_exists(const struct reading *r, uint32_t from, uint32_t to, uint32_t set)
{
    uint64_t used = 0;
    for (uint32_t i = from; i < to && set;) {
        uint32_t sources = 0, next = i;
        while (next < to && r->seen[next].hit->event == r->seen[i].hit->event)
            sources |= 1u << r->seen[next++].source;
        uint32_t wanted = set & -set; /* the lowest */
        if (sources & wanted && r->seen[i].hit->event != used) {
            used = r->seen[i].hit->event;
            set &= ~wanted;
        }
        i = next;
    }
    return set == 0;
}

/* The expression, where a source is there if it is in `chain`, and absent if it is not in `all`. */
static bool expression(const struct sigma_node *node, bool negated, uint32_t chain, uint32_t all)
{
    switch (node->kind) {
    case SIGMA_REF:
        return ((negated ? ~all : chain) >> node->index & 1) != 0;
    case SIGMA_NOT:
        return expression(node->children[0], !negated, chain, all);
    default: {
        bool a = expression(node->children[0], negated, chain, all);
        bool b = expression(node->children[1], negated, chain, all);
        return (node->kind == SIGMA_AND) != negated ? a && b : a || b;
    }
    }
}

static uint32_t all_sources(const struct reading *r, uint32_t from, uint32_t to)
{
    uint32_t all = 0;
    for (uint32_t i = from; i < to; i++)
        all |= 1u << r->seen[i].source;
    return all;
}

static double value_of(const struct reading *r, uint32_t from, uint32_t to)
{
    double values[HITS_MAX], sum = 0;
    uint32_t n = 0, longest = 0;
    switch (r->c->type) {
    case SIGMA_TEMPORAL:
        return __builtin_popcount(all_sources(r, from, to));
    case SIGMA_TEMPORAL_ORDERED:
        if (r->c->n_bounds == 0)
            return __builtin_popcount(all_sources(r, from, to));
        for (uint32_t set = 0; set < 1u << RULES; set++)
            if ((uint32_t)__builtin_popcount(set) > longest && chain_exists(r, from, to, set))
                longest = (uint32_t)__builtin_popcount(set);
        return longest;
    case SIGMA_VALUE_COUNT:
        for (uint32_t i = from; i < to; i++) {
            bool known = false;
            for (uint32_t j = from; j < i && !known; j++)
                known =
                    same_text(r->seen[i].hit->number, r->seen[j].hit->number) &&
                    (r->c->n_fields == 1 || same_text(r->seen[i].hit->host, r->seen[j].hit->host));
            n += !known;
        }
        return n;
    default:
        break;
    }
    for (uint32_t i = from; i < to; i++) {
        if (!first_of_event(r, from, i))
            continue;
        values[n] = 0;
        if (r->c->n_fields)
            (void)str_to_double(str_from_c(r->seen[i].hit->number), &values[n]);
        sum += values[n++];
    }
    if (r->c->type == SIGMA_EVENT_COUNT)
        return n;
    if (r->c->type == SIGMA_VALUE_SUM)
        return sum;
    if (r->c->type == SIGMA_VALUE_AVG)
        return sum / n;
    qsort(values, n, sizeof(*values), compare_doubles);
    double place =
        (double)(n - 1) * (r->c->type == SIGMA_VALUE_MEDIAN ? 50 : r->c->percentile) / 100;
    uint32_t below = (uint32_t)floor(place);
    double above = values[below + 1 < n ? below + 1 : below];
    return values[below] + (above - values[below]) * (place - below);
}

static bool holds(const struct reading *r, uint32_t from, uint32_t to)
{
    const struct sigma_correlation *c = r->c;
    uint32_t all = all_sources(r, from, to);
    if (c->n_bounds == 0) {
        if (c->type == SIGMA_TEMPORAL)
            return c->expression ? expression(c->expression, false, all, all)
                                 : all == (1u << c->n_sources) - 1;
        for (uint32_t chain = 0; chain < 1u << RULES; chain++)
            if (chain_exists(r, from, to, chain) &&
                (c->expression ? expression(c->expression, false, chain, all)
                               : chain == (1u << c->n_sources) - 1))
                return true;
        return false;
    }
    double value = value_of(r, from, to);
    for (uint32_t i = 0; i < c->n_bounds; i++) {
        double bound = c->bounds[i].number;
        bool ok;
        switch (c->bounds[i].op) {
        case SIGMA_GREATER:
            ok = value > bound + 1e-9;
            break;
        case SIGMA_GREATER_EQUAL:
            ok = value > bound - 1e-9;
            break;
        case SIGMA_LESS:
            ok = value < bound - 1e-9;
            break;
        case SIGMA_LESS_EQUAL:
            ok = value < bound + 1e-9;
            break;
        default:
            ok = (fabs(value - bound) < 1e-9) != c->bounds[i].negated;
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool has_not(const struct sigma_node *node)
{
    if (!node || node->kind == SIGMA_REF)
        return false;
    return node->kind == SIGMA_NOT || has_not(node->children[0]) || has_not(node->children[1]);
}

static bool is_rising(const struct sigma_correlation *c)
{
    for (uint32_t i = 0; i < c->n_bounds; i++)
        if (c->bounds[i].op != SIGMA_GREATER && c->bounds[i].op != SIGMA_GREATER_EQUAL)
            return false;
    return !has_not(c->expression) && c->type != SIGMA_VALUE_AVG && c->type != SIGMA_VALUE_MEDIAN &&
           c->type != SIGMA_VALUE_PERCENTILE;
}

/* Writes the match of the window from..to as catch_match() does. */
static void write_match(const struct reading *r, uint32_t from, uint32_t to, struct buf *out)
{
    uint64_t marks[CORRELATE_EVENTS_MAX];
    struct str group = str_from_c(r->seen[from].hit->user);
    struct correlation_match match = {
        .first = r->seen[from].hit->time,
        .last = r->seen[to - 1].hit->time,
        .value = value_of(r, from, to),
        .group_values = &group,
        .n_groups = r->c->n_group_by,
        .events = marks,
    };
    for (uint32_t i = from; i < to; i++) {
        if (!first_of_event(r, from, i))
            continue;
        match.count++;
        if (match.n_events < CORRELATE_EVENTS_MAX)
            marks[match.n_events++] = r->seen[i].hit->event;
    }
    catch_match(out, &match);
}

/* Every window of the group, one after the other, as correlate.h defines them. */
static void read_group(const struct reading *r, struct buf *out)
{
    bool rising = is_rising(r->c), fired = false;
    int64_t span = r->c->timespan_us, last_before = INT64_MIN / 2;
    uint32_t judged = 0; /* full windows: hits that have been in one */
    for (uint32_t i = 0; i < r->n; i++) {
        int64_t time = r->seen[i].hit->time;
        uint32_t from = i, to = i + 1;
        if (rising) {
            if (to < r->n && r->seen[to].hit->time == time)
                continue; /* the instant is not over */
            from = 0;
            while (r->seen[from].hit->time < time - span)
                from++;
            if (r->seen[from].hit->time == time)
                fired = false; /* nothing was left of what was before */
        } else {
            if (i > 0 && r->seen[i - 1].hit->time == time)
                continue; /* the same window */
            while (to < r->n && r->seen[to].hit->time <= time + span)
                to++;
            if (time > last_before + span)
                fired = false;
            last_before = time;
            if (to <= judged)
                continue; /* part of the window before: not full */
            judged = to;
        }
        bool now = holds(r, from, to);
        if (now && !fired)
            write_match(r, from, to, out);
        fired = now;
    }
}

static void read_slowly(const struct input *input, struct buf *out)
{
    const struct sigma_correlation *c = &input->made.correlations[0];
    for (uint32_t g = 0; g < (c->n_group_by ? 3 : 1); g += 2) { /* "ann" and "bob" */
        struct reading reading = {.c = c};
        for (uint32_t i = 0; i < input->n_hits; i++)
            if (part_of(c, &input->hits[i], users[g]))
                reading.seen[reading.n++] = (struct seen){&input->hits[i], input->hits[i].rule};
        read_group(&reading, out);
    }
}

/* ---- the engine ---- */

static void add_hit(struct correlator *correlator, const struct made_hit *hit)
{
    const struct str *names;
    struct str values[4];
    uint32_t n = correlator_fields(correlator, hit->rule, &names);
    assert_true(n <= 4);
    for (uint32_t i = 0; i < n; i++)
        values[i] = str_from_c(str_eq(names[i], STR("User"))   ? hit->user
                               : str_eq(names[i], STR("Host")) ? hit->host
                                                               : hit->number);
    struct correlation_hit made = {
        .time = hit->time,
        .rule = hit->rule,
        .source = hit->event / 7, /* grows with the event, like files read one after the other */
        .record = hit->event,
        .event = hit->event,
        .values = values,
        .n_values = n,
    };
    assert_int_equal(correlator_add(correlator, &made), 0);
}

/* Runs the hits in an order of arrival in which none comes more than `disorder` late. */
static void run(const struct input *input, int64_t disorder, bool shuffled, struct buf *out)
{
    struct err err = {0};
    struct correlator_options options = {.disorder_us = disorder};
    struct correlator *correlator =
        correlator_new(&input->made.set, &options, catch_match, out, &err);
    if (!correlator)
        fail_msg("%s", err.message);
    uint32_t order[HITS_MAX], n = input->n_hits;
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = 0; shuffled && i < n; i++) {
        /* a hit may move ahead of others that are not more than the disorder older */
        uint32_t most = i;
        while (most + 1 < n &&
               (disorder == CORRELATE_DISORDER_ALL ||
                input->hits[order[most + 1]].time - input->hits[i].time <= disorder))
            most++;
        uint32_t other = i + random_below(most - i + 1);
        if (disorder != CORRELATE_DISORDER_ALL) {
            /* keep every older one within reach: swap only when that stays true */
            int64_t newest = input->hits[order[other]].time, oldest = INT64_MAX;
            for (uint32_t j = i; j < n; j++)
                if (input->hits[order[j]].time < oldest)
                    oldest = input->hits[order[j]].time;
            if (newest - oldest > disorder)
                continue;
        }
        uint32_t moved = order[i];
        order[i] = order[other];
        order[other] = moved;
    }
    for (uint32_t i = 0; i < n; i++) {
        add_hit(correlator, &input->hits[order[i]]);
        if (shuffled && disorder != CORRELATE_DISORDER_ALL && random_below(4) == 0)
            assert_int_equal(correlator_release(correlator, input->hits[order[i]].time - disorder),
                             0);
    }
    assert_int_equal(correlator_finish(correlator), 0);
    struct correlator_stats stats;
    correlator_stats(correlator, &stats);
    assert_int_equal(stats.late, 0);
    assert_int_equal(stats.windows, 0);
    assert_int_equal(stats.memory, 0);
    correlator_free(correlator);
    buf_add_byte(out, '\0');
}

/*
 * The same set read again: the rules the other way round, the correlations behind one that was not there.
 * Borrows from `made`.
 */
static void read_again(const struct made *made, struct made *again)
{
    made_init(again, RULES);
    for (uint32_t i = 0; i < RULES; i++)
        again->rules[i] = made->rules[RULES - 1 - i];
    struct sigma_correlation *added = made_add(again, SIGMA_EVENT_COUNT, 2, 5);
    made_group(again, added, STR("Host"));
    made_bound(added, SIGMA_GREATER_EQUAL, 1);
    added->generate = false;
    for (uint32_t i = 0; i < made->set.correlations.len; i++) {
        const struct sigma_correlation *from = &made->correlations[i];
        struct sigma_correlation *to = made_add(again, from->type, from->n_sources, 0);
        struct sigma_source *sources = to->sources;
        *to = *from;
        to->number = i + 1;
        to->sources = sources;
        for (uint32_t s = 0; s < from->n_sources; s++) {
            sources[s] = from->sources[s];
            sources[s].index =
                sources[s].correlation ? sources[s].index + 1 : RULES - 1 - sources[s].index;
        }
    }
}

/* The matches of the set that was read again, with their numbers in the first. */
static void catch_match_again(void *context, const struct correlation_match *match)
{
    struct correlation_match first = *match;
    first.correlation--;
    catch_match(context, &first);
}

static struct correlator *new_correlator(const struct made *made, correlator_sink *sink,
                                         struct buf *out)
{
    struct err err = {0};
    struct correlator_options options = {.disorder_us = CORRELATE_DISORDER_ALL};
    struct correlator *correlator = correlator_new(&made->set, &options, sink, out, &err);
    if (!correlator)
        fail_msg("%s", err.message);
    return correlator;
}

/* Runs the hits in order; now and then the correlator is saved, and another goes on in its place. */
static void run_with_changes(const struct input *input, struct buf *out)
{
    struct made again;
    struct err err = {0};
    bool first = true;
    read_again(&input->made, &again);
    struct correlator *correlator = new_correlator(&input->made, catch_match, out);
    for (uint32_t i = 0; i < input->n_hits; i++) {
        struct made_hit hit = input->hits[i];
        if (!first)
            hit.rule = RULES - 1 - hit.rule;
        add_hit(correlator, &hit);
        if (random_below(3) == 0)
            assert_int_equal(correlator_release(correlator, hit.time - (int64_t)random_below(10)),
                             0);
        if (random_below(8))
            continue;
        struct buf state = {0};
        struct correlator_stats stats;
        assert_int_equal(correlator_save(correlator, &state), 0);
        correlator_free(correlator);
        bool was_first = first;
        first = random_below(2);
        correlator = first ? new_correlator(&input->made, catch_match, out)
                           : new_correlator(&again, catch_match_again, out);
        if (correlator_load(correlator, buf_str(&state), &err) < 0)
            fail_msg("%s", err.message);
        correlator_stats(correlator, &stats);
        if (was_first) /* else: what only the added correlation waited for */
            assert_int_equal(stats.dropped, 0);
        buf_free(&state);
    }
    assert_int_equal(correlator_finish(correlator), 0);
    struct correlator_stats stats;
    correlator_stats(correlator, &stats);
    assert_int_equal(stats.late, 0);
    assert_int_equal(stats.memory, 0);
    correlator_free(correlator);
    made_free(&again);
    buf_add_byte(out, '\0');
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of the text in order; groups are told one after the other, or as time goes by. */
static void sort_lines(struct buf *text)
{
    char *lines[HITS_MAX * 2], *copy = strdup(text->ptr);
    size_t n = 0;
    struct str rest = str_from_c(copy), line;
    while (str_cut_line(&rest, &line) && n < HITS_MAX * 2) {
        copy[line.ptr + line.len - copy] = '\0';
        lines[n++] = copy + (line.ptr - copy);
    }
    qsort(lines, n, sizeof(*lines), compare_lines);
    buf_clear(text);
    for (size_t i = 0; i < n; i++)
        buf_printf(text, "%s\n", lines[i]);
    buf_add_byte(text, '\0');
    free(copy);
}

static void the_order_of_arrival_does_not_matter(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct input input;
        rng_state = round * 0x9e3779b97f4a7c15u;
        random_input(&input, round % 4);
        struct buf sorted = {0}, shuffled = {0}, bounded = {0}, live = {0};
        run(&input, CORRELATE_DISORDER_ALL, false, &sorted);
        run(&input, CORRELATE_DISORDER_ALL, true, &shuffled);
        run(&input, 8, true, &bounded);
        run(&input, 0, false, &live);
        assert_string_equal(sorted.ptr, shuffled.ptr);
        assert_string_equal(sorted.ptr, bounded.ptr);
        assert_string_equal(sorted.ptr, live.ptr);
        buf_free(&sorted);
        buf_free(&shuffled);
        buf_free(&bounded);
        buf_free(&live);
        made_free(&input.made);
    }
}

static void saved_and_loaded_into_the_same_rules_in_another_order_it_goes_on(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= ROUNDS * 2; round++) {
        struct input input;
        rng_state = round * 0x9e3779b97f4a7c15u;
        random_input(&input, round % 4);
        struct buf whole = {0}, parts = {0};
        run(&input, CORRELATE_DISORDER_ALL, false, &whole);
        run_with_changes(&input, &parts);
        sort_lines(&whole); /* windows of one chain depth take their turns by number */
        sort_lines(&parts);
        assert_string_equal(whole.ptr, parts.ptr);
        buf_free(&whole);
        buf_free(&parts);
        made_free(&input.made);
    }
}

static void the_matches_are_those_of_the_definition(void **state)
{
    (void)state;
    size_t matches = 0;
    for (uint64_t round = 1; round <= ROUNDS * 5; round++) {
        struct input input;
        rng_state = round * 0x9e3779b97f4a7c15u;
        random_input(&input, 0);
        struct buf fast = {0}, slow = {0};
        run(&input, CORRELATE_DISORDER_ALL, false, &fast);
        read_slowly(&input, &slow);
        buf_add_byte(&slow, '\0');
        sort_lines(&fast);
        sort_lines(&slow);
        if (strcmp(fast.ptr, slow.ptr) != 0)
            fail_msg("round %llu, type %d:\nfast\n%s\nslow\n%s", (unsigned long long)round,
                     (int)input.made.correlations[0].type, fast.ptr, slow.ptr);
        for (size_t i = 0; i < fast.len; i++)
            matches += fast.ptr[i] == '\n';
        buf_free(&fast);
        buf_free(&slow);
        made_free(&input.made);
    }
    assert_true(matches > ROUNDS); /* else the test would prove little */
}

/* ---- many groups and values: tables grow, and lose what they had ---- */

#define MANY 6000
#define MANY_USERS 700
#define MANY_VALUES 300
#define MANY_SPAN 400

struct many {
    uint32_t user, value;
    bool fires;
};

/* Distinct values of the user within the span before hit i, itself included. */
static uint32_t distinct_values(const struct many *hits, uint32_t i)
{
    uint32_t n = 0, oldest = i > MANY_SPAN ? i - MANY_SPAN : 0;
    bool seen[MANY_VALUES] = {false};
    for (uint32_t j = oldest; j <= i; j++) {
        if (hits[j].user != hits[i].user || seen[hits[j].value])
            continue;
        seen[hits[j].value] = true;
        n++;
    }
    return n;
}

static void count_fires(void *context, const struct correlation_match *match)
{
    struct many *hits = context;
    assert_true(hits[match->last].fires);
    hits[match->last].fires = false;
}

static void many_groups_and_values_come_and_go(void **state)
{
    (void)state;
    static struct many hits[MANY];
    bool firing[MANY_USERS] = {false};
    int64_t last[MANY_USERS];
    uint32_t expected = 0;
    rng_state = 42;
    for (uint32_t u = 0; u < MANY_USERS; u++)
        last[u] = INT64_MIN / 2;
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t range = i / 1000 % 2 ? 20 : MANY_USERS; /* few groups, then many */
        hits[i] = (struct many){random_below(range), random_below(MANY_VALUES), false};
        uint32_t user = hits[i].user;
        bool holds = distinct_values(hits, i) >= 3;
        hits[i].fires = holds && !(firing[user] && i - last[user] <= MANY_SPAN);
        expected += hits[i].fires;
        firing[user] = holds;
        last[user] = i;
    }
    assert_true(expected > 100);

    struct made made;
    struct err err = {0};
    made_init(&made, 1);
    struct sigma_correlation *c = made_add(&made, SIGMA_VALUE_COUNT, 1, MANY_SPAN);
    made_group(&made, c, STR("User"));
    made_bound(c, SIGMA_GREATER_EQUAL, 3);
    c->fields[c->n_fields++] = STR("Value");
    struct correlator_options options = {.disorder_us = 50};
    struct correlator *correlator = correlator_new(&made.set, &options, count_fires, hits, &err);
    assert_non_null(correlator);
    for (uint32_t at = 0; at < MANY; at++) {
        uint32_t i = (at & ~31u) + (31 - at % 32); /* every 32 hits the other way round */
        if (i >= MANY)
            i = at;
        char user[16], value[16];
        (void)snprintf(user, sizeof(user), "user %u", hits[i].user);
        (void)snprintf(value, sizeof(value), "%u", hits[i].value);
        struct str values[2] = {str_from_c(user), str_from_c(value)};
        struct correlation_hit hit = {.time = i, .record = i, .values = values, .n_values = 2};
        assert_int_equal(correlator_add(correlator, &hit), 0);
    }
    assert_int_equal(correlator_finish(correlator), 0);
    struct correlator_stats stats;
    correlator_stats(correlator, &stats);
    assert_int_equal(stats.matches, expected);
    assert_int_equal(stats.late, 0);
    assert_int_equal(stats.memory, 0);
    correlator_free(correlator);
    made_free(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test(saved_and_loaded_into_the_same_rules_in_another_order_it_goes_on),
        cmocka_unit_test(the_matches_are_those_of_the_definition),
        cmocka_unit_test(many_groups_and_values_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
