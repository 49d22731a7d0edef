/* A drill's file: keys by tables, then a trial of every text. */
#include "readiness/reader.h"

#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "readiness/random.h"

const char *const drill_door_names[] = {"elasticsearch", "hec", "hec-raw", "otlp", "ndjson", NULL};

/* What a reader of a part needs of the whole. */
struct agency_reading {
    struct drill *drill;
    struct drill_agency *agency;
};

struct step_reading {
    struct drill *drill;
    struct drill_step *step;
};

struct act_reading {
    struct drill *drill;
    const struct drill_step *step;
    struct drill_act *act;
};

/* ---- populations ---- */

/* A value of a member: its own where there is a list, round and round. */
static int member_binding(const struct reader *reader, const struct yaml_pair *pair, size_t i,
                          struct text_binding *ret_binding)
{
    const struct yaml_node *value = pair->value;
    if (value->kind == YAML_LIST && value->count == 0)
        return reader_refuse(reader, value, "expected at least one value");
    if (value->kind == YAML_LIST)
        value = value->items[i % value->count];
    return reader_binding(reader, yaml_text(pair->key), value, ret_binding);
}

/* Fills {n} in, so that a machine's name is the same in every event. */
static int settle(const struct reader *reader, uint64_t n, struct text_binding *binding)
{
    struct random random = {n};
    struct text_filling filling = {.random = &random, .n = n};
    struct buf value = {0};
    bool number;
    int status = text_fill(&binding->text, &filling, &value, &number, reader->err);
    if (status == 0 && text_literal(buf_str(&value), reader->arena, &binding->text) < 0)
        status = reader_no_memory(reader);
    text_filling_free(&filling);
    buf_free(&value);
    return status;
}

static int read_member(const struct reader *reader, const struct yaml_node *map, size_t i,
                       struct text_scope *ret_member)
{
    struct text_binding *bindings = arena_zero(reader->arena, map->count, sizeof(*bindings));
    size_t n = 0;
    if (!bindings)
        return reader_no_memory(reader);
    for (uint32_t k = 0; k < map->count; k++) {
        if (str_eq(yaml_text(map->pairs[k].key), STR("count")))
            continue;
        int status = member_binding(reader, &map->pairs[k], i, &bindings[n]);
        if (status == 0)
            status = settle(reader, i + 1, &bindings[n]);
        if (status < 0)
            return status;
        n++;
    }
    *ret_member = (struct text_scope){bindings, n};
    return 0;
}

static int read_population(const struct reader *reader, const struct yaml_node *map,
                           struct drill_population *population)
{
    uint64_t count = 0;
    const struct yaml_node *counted = yaml_get(map, "count");
    if (!counted)
        return reader_refuse(reader, map, "a population needs the key 'count'");
    int status = reader_count(reader, counted, 1, DRILL_MEMBERS_MAX, &count);
    if (status < 0)
        return status;
    population->count = (size_t)count;
    population->members = arena_zero(reader->arena, count, sizeof(*population->members));
    if (!population->members)
        return reader_no_memory(reader);
    for (size_t i = 0; status == 0 && i < population->count; i++)
        status = read_member(reader, map, i, &population->members[i]);
    return status;
}

static int agency_populations(const struct reader *reader, const struct yaml_node *map, void *to)
{
    struct drill_agency *agency = ((struct agency_reading *)to)->agency;
    if (map->kind != YAML_MAP)
        return reader_refuse(reader, map, "expected populations by their names");
    agency->populations = arena_zero(reader->arena, map->count + 1, sizeof(*agency->populations));
    if (!agency->populations)
        return reader_no_memory(reader);
    for (uint32_t i = 0; i < map->count; i++) {
        agency->populations[i].name = yaml_text(map->pairs[i].key);
        int status = read_population(reader, map->pairs[i].value, &agency->populations[i]);
        if (status < 0)
            return status;
        agency->n_populations++;
    }
    return 0;
}

static const struct drill_population *population_find(const struct drill_agency *agency,
                                                      struct str name)
{
    for (size_t i = 0; i < agency->n_populations; i++)
        if (str_eq(name, agency->populations[i].name))
            return &agency->populations[i];
    return NULL;
}

/* ---- sources ---- */

static int source_name(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct drill_source *)to)->name);
}

static int source_door(const struct reader *reader, const struct yaml_node *node, void *to)
{
    for (unsigned i = 0; drill_door_names[i]; i++) {
        if (str_eq(yaml_text(node), str_from_c(drill_door_names[i]))) {
            ((struct drill_source *)to)->door = (enum drill_door)i;
            return 0;
        }
    }
    return reader_refuse(reader, node, "expected elasticsearch, hec, hec-raw, otlp or ndjson");
}

static int source_kind(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct drill_source *)to)->kind);
}

static int source_noise(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct drill_source *source = to;
    source->noise = drill_library_noise(reader->library, yaml_text(node));
    if (!source->noise)
        return reader_refuse(reader, node, "there is no noise '%.*s'",
                             STR_ARG(str_first(yaml_text(node), 64)));
    return 0;
}

static int source_rate(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_number(reader, node, 0, DRILL_RATE_MAX, &((struct drill_source *)to)->rate);
}

static int source_night(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_number(reader, node, 0, 100, &((struct drill_source *)to)->night);
}

/* The agency's own: found by read_source(), which knows the agency. */
static int source_population(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct str name;
    (void)to;
    return reader_text(reader, node, &name);
}

static const struct reader_key source_keys[] = {
    {"name", source_name, true},    {"door", source_door, true},
    {"kind", source_kind, false},   {"population", source_population, false},
    {"noise", source_noise, false}, {"rate", source_rate, false},
    {"night", source_night, false}, {0},
};

static struct drill_source *source_find(const struct drill *drill, size_t agency, struct str name)
{
    for (size_t i = 0; i < drill->n_sources; i++)
        if (drill->sources[i].agency == agency && str_eq(name, drill->sources[i].name))
            return &drill->sources[i];
    return NULL;
}

static int read_source(const struct reader *reader, const struct yaml_node *map,
                       struct agency_reading *reading)
{
    struct drill *drill = reading->drill;
    struct drill_source *source = &drill->sources[drill->n_sources];
    const struct yaml_node *population = yaml_get(map, "population");
    *source = (struct drill_source){.agency = (size_t)(reading->agency - drill->agencies),
                                    .night = 1,
                                    .line = map->line,
                                    .column = map->column};
    int status = reader_map(reader, map, source_keys, "a source", source);
    if (status < 0)
        return status;
    if (source_find(drill, source->agency, source->name))
        return reader_refuse(reader, map, "the agency has two sources '%.*s'",
                             STR_ARG(source->name));
    source->population =
        population ? population_find(reading->agency, yaml_text(population)) : NULL;
    if (population && !source->population)
        return reader_refuse(reader, population, "the agency has no such population");
    if (source->kind.len == 0)
        source->kind = source->name;
    drill->n_sources++;
    return 0;
}

static int agency_sources(const struct reader *reader, const struct yaml_node *list, void *to)
{
    int status = 0;
    if (list->kind != YAML_LIST || list->count == 0)
        return reader_refuse(reader, list, "expected a list of sources");
    for (uint32_t i = 0; status == 0 && i < list->count; i++)
        status = read_source(reader, list->items[i], to);
    return status;
}

/* ---- agencies ---- */

static int agency_name(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct agency_reading *)to)->agency->name);
}

static int agency_title(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct agency_reading *)to)->agency->title);
}

static int agency_vars(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_bindings(reader, node, &((struct agency_reading *)to)->agency->vars);
}

static const struct reader_key agency_keys[] = {
    {"name", agency_name, false},      {"title", agency_title, true},
    {"vars", agency_vars, false},      {"populations", agency_populations, false},
    {"sources", agency_sources, true}, {0},
};

/* An agency of the library by its name, or one described here. */
static int read_agency(const struct reader *reader, const struct yaml_node *node,
                       struct agency_reading *reading)
{
    struct err inner = {0};
    const struct reader of_library = {reader->arena, reader->library, &inner};
    const struct yaml_node *map = drill_library_agency(reader->library, yaml_text(node));
    if (node->kind == YAML_MAP)
        return reader_map(reader, node, agency_keys, "an agency", reading);
    if (!map)
        return reader_refuse(reader, node, "there is no agency '%.*s' in the library",
                             STR_ARG(str_first(yaml_text(node), 64)));
    reading->agency->name = yaml_text(node);
    int status = reader_map(&of_library, map, agency_keys, "an agency", reading);
    if (status < 0)
        reader_refuse(reader, node, "in the library, line %u: %.200s", inner.line, inner.message);
    return status;
}

/* Its sources, to be counted before they are read. */
static size_t count_sources(const struct reader *reader, const struct yaml_node *node)
{
    const struct yaml_node *map =
        node->kind == YAML_MAP ? node : drill_library_agency(reader->library, yaml_text(node));
    const struct yaml_node *sources = yaml_get(map, "sources");
    return sources ? sources->count : 0;
}

static int drill_agencies(const struct reader *reader, const struct yaml_node *list, void *to)
{
    struct drill *drill = to;
    size_t n_sources = 0;
    if (list->kind != YAML_LIST)
        return reader_refuse(reader, list, "expected a list of agencies");
    for (uint32_t i = 0; i < list->count; i++)
        n_sources += count_sources(reader, list->items[i]);
    drill->agencies = arena_zero(reader->arena, list->count + 1, sizeof(*drill->agencies));
    drill->sources = arena_zero(reader->arena, n_sources + 1, sizeof(*drill->sources));
    if (!drill->agencies || !drill->sources)
        return reader_no_memory(reader);
    for (uint32_t i = 0; i < list->count; i++) {
        struct agency_reading reading = {drill, &drill->agencies[i]};
        int status = read_agency(reader, list->items[i], &reading);
        if (status < 0)
            return status;
        drill->n_agencies++;
    }
    return 0;
}

/* ---- acts ---- */

static int act_source(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct act_reading *reading = to;
    const struct drill_source *source =
        source_find(reading->drill, reading->step->agency, yaml_text(node));
    if (!source)
        return reader_refuse(reader, node, "the agency of the step has no source '%.*s'",
                             STR_ARG(str_first(yaml_text(node), 64)));
    reading->act->source = (size_t)(source - reading->drill->sources);
    return 0;
}

/* "workstations 7": the seventh of them. */
static int act_on(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct act_reading *reading = to;
    struct str text = yaml_text(node), name;
    uint64_t number = 0;
    name = str_first(text, str_index(text, ' '));
    const struct drill_population *population =
        population_find(&reading->drill->agencies[reading->step->agency], name);
    if (!population)
        return reader_refuse(reader, node, "the agency of the step has no population '%.*s'",
                             STR_ARG(str_first(name, 64)));
    if (str_to_u64(str_skip(text, name.len + 1), &number) < 0 || number < 1 ||
        number > population->count)
        return reader_refuse(reader, node, "expected '%.*s' and a number from 1 to %zu",
                             STR_ARG(name), population->count);
    reading->act->member = &population->members[number - 1];
    return 0;
}

static int act_like(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_emit_like(reader, node, &((struct act_reading *)to)->act->emit);
}

static int act_with(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_emit_with(reader, node, &((struct act_reading *)to)->act->emit);
}

static int act_repeat(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_count(reader, node, 1, DRILL_REPEAT_MAX,
                        &((struct act_reading *)to)->act->repeat);
}

static int act_every(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_duration(reader, node, &((struct act_reading *)to)->act->every_us);
}

static int act_after(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_duration(reader, node, &((struct act_reading *)to)->act->after_us);
}

static const struct reader_key act_keys[] = {
    {"source", act_source, true},  {"on", act_on, false},
    {"like", act_like, true},      {"with", act_with, false},
    {"repeat", act_repeat, false}, {"every", act_every, false},
    {"after", act_after, false},   {0},
};

/* ---- steps ---- */

static int step_name(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct step_reading *)to)->step->name);
}

static int step_at(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct step_reading *reading = to;
    int status = reader_duration(reader, node, &reading->step->at_us);
    if (status == 0 && reading->step->at_us > reading->drill->length_us)
        return reader_refuse(reader, node, "the drill is over by then");
    if (status == 0 && reading->step > reading->drill->steps &&
        reading->step->at_us < reading->step[-1].at_us)
        return reader_refuse(reader, node, "steps are in the order of their times");
    return status;
}

static int step_agency(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct step_reading *reading = to;
    for (size_t i = 0; i < reading->drill->n_agencies; i++) {
        if (str_eq(yaml_text(node), reading->drill->agencies[i].name)) {
            reading->step->agency = i;
            return 0;
        }
    }
    return reader_refuse(reader, node, "there is no such agency in this drill");
}

static int step_technique(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct step_reading *)to)->step->technique);
}

static int step_what(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct step_reading *)to)->step->what);
}

static int step_silence(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct step_reading *reading = to;
    const struct drill_source *source =
        source_find(reading->drill, reading->step->agency, yaml_text(node));
    if (!source)
        return reader_refuse(reader, node, "the agency of the step has no such source");
    reading->step->silence = (size_t)(source - reading->drill->sources);
    return 0;
}

static int step_expect(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct drill_step *step = ((struct step_reading *)to)->step;
    if (str_eq(yaml_text(node), STR("nothing")))
        return 0;
    return reader_texts(reader, node, &step->expect, &step->n_expect);
}

static int step_also(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct drill_step *step = ((struct step_reading *)to)->step;
    return reader_texts(reader, node, &step->also, &step->n_also);
}

static int step_events(const struct reader *reader, const struct yaml_node *list, void *to)
{
    struct step_reading *reading = to;
    struct drill_step *step = reading->step;
    if (list->kind != YAML_LIST)
        return reader_refuse(reader, list, "expected a list of events");
    step->acts = arena_zero(reader->arena, list->count + 1, sizeof(*step->acts));
    if (!step->acts)
        return reader_no_memory(reader);
    for (uint32_t i = 0; i < list->count; i++) {
        struct act_reading act = {reading->drill, step, &step->acts[i]};
        act.act->repeat = 1;
        int status = reader_map(reader, list->items[i], act_keys, "an event", &act);
        if (status < 0)
            return status;
        step->n_acts++;
    }
    return 0;
}

static const struct reader_key step_keys[] = {
    {"name", step_name, true},      {"at", step_at, true},
    {"agency", step_agency, true},  {"technique", step_technique, true},
    {"what", step_what, true},      {"expect", step_expect, true},
    {"also", step_also, false},     {"silence", step_silence, false},
    {"events", step_events, false}, {0},
};

static int drill_steps(const struct reader *reader, const struct yaml_node *list, void *to)
{
    struct drill *drill = to;
    if (list->kind != YAML_LIST || list->count == 0)
        return reader_refuse(reader, list, "expected a list of steps");
    drill->steps = arena_zero(reader->arena, list->count, sizeof(*drill->steps));
    if (!drill->steps)
        return reader_no_memory(reader);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct yaml_node *map = list->items[i];
        struct step_reading reading = {drill, &drill->steps[i]};
        *reading.step =
            (struct drill_step){.silence = SIZE_MAX, .line = map->line, .column = map->column};
        int status = reader_map(reader, map, step_keys, "a step", &reading);
        if (status < 0)
            return status;
        if (reading.step->n_acts == 0 && reading.step->silence == SIZE_MAX)
            return reader_refuse(reader, map, "a step has events, or silences a source");
        drill->n_steps++;
    }
    return 0;
}

/* ---- the drill ---- */

static int drill_name(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct drill *)to)->name);
}

static int drill_title(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct drill *)to)->title);
}

static int drill_about(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_text(reader, node, &((struct drill *)to)->about);
}

/* "Mon 08:30". */
static int drill_start(const struct reader *reader, const struct yaml_node *node, void *to)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    struct str text = yaml_text(node);
    for (size_t day = 0; day < 7 && text.len == 9; day++) {
        uint64_t hour, minute;
        if (!str_starts(text, str_from_c(days[day])) || text.ptr[3] != ' ' || text.ptr[6] != ':' ||
            str_to_u64(str_first(str_skip(text, 4), 2), &hour) < 0 ||
            str_to_u64(str_skip(text, 7), &minute) < 0 || hour > 23 || minute > 59)
            continue;
        ((struct drill *)to)->start_us =
            (int64_t)day * TIME_DAY_US + (int64_t)(hour * 60 + minute) * 60 * TIME_SECOND_US;
        return 0;
    }
    return reader_refuse(reader, node, "expected a day and a time, such as 'Mon 08:30'");
}

static int drill_length(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_duration(reader, node, &((struct drill *)to)->length_us);
}

static int drill_vars(const struct reader *reader, const struct yaml_node *node, void *to)
{
    return reader_bindings(reader, node, &((struct drill *)to)->vars);
}

static int drill_indicators(const struct reader *reader, const struct yaml_node *node, void *to)
{
    struct drill *drill = to;
    return reader_texts(reader, node, &drill->indicators, &drill->n_indicators);
}

static const struct reader_key drill_keys[] = {
    {"drill", drill_name, true},
    {"title", drill_title, true},
    {"about", drill_about, true},
    {"start", drill_start, true},
    {"length", drill_length, true},
    {"vars", drill_vars, false},
    {"indicators", drill_indicators, false},
    {"agencies", drill_agencies, true},
    {"steps", drill_steps, true},
    {0},
};

/* ---- the trial ---- */

struct trial {
    const struct drill *drill;
    struct text_filling filling;
    struct buf out;
    struct err *err;
};

/* Fills an event in once; what is wrong is said at line and column of the drill. */
static int try_emit(struct trial *trial, const struct drill_emit *emit,
                    const struct text_scope *member, size_t agency, uint32_t line, uint32_t column)
{
    struct err inner = {0};
    buf_clear(&trial->out);
    drill_scopes(emit, member, &trial->drill->vars, &trial->drill->agencies[agency],
                 &trial->filling);
    int status = drill_write_event(emit, &trial->filling, &trial->out, &inner);
    return status < 0 ? err_at(trial->err, status, line, column, "in the shape '%.*s': %.200s",
                               STR_ARG(emit->shape->name), inner.message)
                      : 0;
}

static int try_all(struct trial *trial)
{
    const struct drill *drill = trial->drill;
    int status = 0;
    for (size_t i = 0; status == 0 && i < drill->n_sources; i++) {
        const struct drill_source *source = &drill->sources[i];
        for (size_t k = 0; status == 0 && source->noise && k < source->noise->n; k++)
            status = try_emit(trial, &source->noise->emits[k],
                              source->population ? &source->population->members[0] : NULL,
                              source->agency, source->line, source->column);
    }
    for (size_t i = 0; status == 0 && i < drill->n_steps; i++) {
        const struct drill_step *step = &drill->steps[i];
        for (size_t k = 0; status == 0 && k < step->n_acts; k++)
            status = try_emit(trial, &step->acts[k].emit, step->acts[k].member, step->agency,
                              step->acts[k].emit.line, step->acts[k].emit.column);
    }
    return status;
}

int drill_read(struct drill *drill, const struct drill_library *library, struct str text,
               struct err *err)
{
    struct yaml_node *map;
    struct random random = {0};
    *drill = (struct drill){0};
    arena_init(&drill->arena, DRILL_MEMORY_MAX);
    const struct reader reader = {&drill->arena, library, err};
    struct trial trial = {.drill = drill, .filling = {.random = &random}, .err = err};
    int status = reader_document(&reader, text, &map);
    if (status == 0)
        status = reader_map(&reader, map, drill_keys, "a drill", drill);
    if (status == 0)
        status = try_all(&trial);
    text_filling_free(&trial.filling);
    buf_free(&trial.out);
    if (status < 0)
        drill_free(drill);
    return status;
}

void drill_free(struct drill *drill)
{
    arena_free(&drill->arena);
}
