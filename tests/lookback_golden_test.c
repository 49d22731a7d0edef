/*
 * Looking back finds what was found as it arrived: every rule, alone, over a lake filled from a spool by the store, against
 * the engine over the same spool; and so do indicators, made of what these events hold, some of them already known. The
 * samples of all formats, the rules and their tests that we ship, and, where they are, SigmaHQ's rules and real events.
 *
 *     lookback_golden_test CONTENT DATA [RULE_STEP]
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench_rules.h"
#include "bench/measure.h"
#include "hunt/function.h"
#include "hunt/lookback.h"
#include "intel/builder.h"
#include "intel/canonical.h"
#include "intel/news.h"
#include "io/input.h"
#include "lake/lake_test.h"
#include "parse/samples_test.h"
#include "watch/batch_reader.h"
#include "watch/store.h"

#define RECEIVED (INT64_C(1795305600) * TIME_SECOND_US) /* 2026-11-22 */
#define PARTITIONS 2
#define STREAM_MAX (256u << 10) /* bytes of one file; the rest is as the first part */
#define BATCH_EVENTS 500
#define INDICATOR_EVERY 29 /* values of typed fields, of which one is an indicator */
#define INDICATOR_KNOWN 3  /* indicators, of which one is not new */

/* An event that a rule matched. */
struct hit {
    uint32_t rule;
    struct lake_id id;
};

struct world {
    struct bench_rules rules;
    const char *place;
    char lake_place[256], spool_place[256];
    struct spool *spool;
    struct lake *lake;
    uint32_t n_batches;
    VEC(struct hit) live, past;
    uint64_t events;
    bool *wanted;

    struct intel_builder *known, *both;
    struct buf known_file, both_file, list;
    struct intel *known_intel, *intel;
    struct intel_news *news;
    struct intel_matcher *indicators;
    uint64_t values, added;
    struct lookback_screens *screens;

    /* of the batch that is read */
    struct matcher *matcher;
    uint32_t partition;
    uint64_t offset;
};

/* ---- filling ---- */

static struct spool_receipt receipt;
static _Atomic bool answered;

static void on_done(void *context, const struct spool_receipt *done)
{
    (void)context;
    receipt = *done;
    atomic_store(&answered, true);
}

static void nap(void)
{
    const struct timespec moment = {.tv_nsec = 200000};
    nanosleep(&moment, NULL);
}

static void append(struct world *world, struct str text, const uint32_t *ends, uint32_t n,
                   enum format_id format, bool split)
{
    const struct spool_batch batch = {
        .agency = world->n_batches % 3 ? STR("moh") : STR("mof"),
        .source = STR("samples"),
        .received = RECEIVED + world->n_batches * TIME_SECOND_US,
        .format = (uint8_t)format,
        .split = split,
        .n = n,
        .ends = ends,
        .bytes = text.ptr,
    };
    atomic_store(&answered, false);
    assert_int_equal(
        spool_local.append(world->spool, world->n_batches++ % PARTITIONS, &batch, on_done, NULL),
        0);
    while (!atomic_load(&answered))
        nap();
    assert_int_equal(receipt.status, 0);
}

/* The lines of a text, in batches; those of formats with a first line in one. */
static void append_lines(struct world *world, struct str text, enum format_id format)
{
    static uint32_t ends[1u << 20];
    bool whole = format != FORMAT_JSON;
    uint32_t n = 0;
    const char *from = text.ptr;
    for (size_t i = 0; i < text.len && n < sizeof(ends) / sizeof(*ends); i++) {
        if (text.ptr[i] != '\n')
            continue;
        ends[n++] = (uint32_t)(text.ptr + i + 1 - from);
        if (!whole && n == BATCH_EVENTS) {
            append(world, str_of(from, ends[n - 1]), ends, n, format, false);
            from = text.ptr + i + 1;
            n = 0;
        }
    }
    if (n)
        append(world, str_of(from, ends[n - 1]), ends, n, format, false);
}

struct lines {
    struct sink sink;
    struct buf text;
};

static int add_line(struct sink *sink, struct event *event)
{
    struct lines *lines = (struct lines *)(void *)sink;
    event_write_json(event, &lines->text);
    buf_add_byte(&lines->text, '\n');
    return 0;
}

static void no_error(struct sink *sink, const struct parse_error *error)
{
    (void)sink;
    (void)error;
}

/* What is no text, or one text over many lines, is sent as shippers would: a JSON object for each event. */
static void append_parsed(struct world *world, struct str text, const struct format *format)
{
    const struct parse_options options = {.reference_us = RECEIVED};
    struct lines lines = {.sink = {.event = add_line, .error = no_error}};
    struct cutter cutter = {.format = format};
    struct parser *parser = parser_new(&world->rules.fields, &options);
    assert_non_null(parser);
    while (text.len > 0) {
        struct chunk chunk = {0};
        size_t taken = format->cut(&cutter, text, true, &chunk.body);
        if (taken == 0)
            break;
        chunk.header = buf_str(&cutter.header);
        if (chunk.body.len)
            parser_run(parser, format, &chunk, &lines.sink);
        text = str_skip(text, taken);
    }
    buf_free(&cutter.header);
    parser_free(parser);
    append_lines(world, buf_str(&lines.text), FORMAT_JSON);
    buf_free(&lines.text);
}

static bool has_lines(struct str text)
{
    struct str rest = text, line;
    if (!str_cut_line(&rest, &line))
        return false;
    line = str_trim(line);
    return line.len > 1 && line.ptr[line.len - 1] == '}';
}

static void append_stream(struct world *world, struct str text)
{
    const struct format *format = format_recognise(str_first(text, PARSE_PROBE_SIZE));
    bool as_is = format->id == FORMAT_ZEEK || format->id == FORMAT_CSV ||
                 format->id == FORMAT_SYSLOG || format->id == FORMAT_AUDITD ||
                 (format->id == FORMAT_JSON && has_lines(text));
    if (as_is)
        append_lines(world, text, format->id);
    else if (format->id != FORMAT_PLAIN)
        append_parsed(world, text, format);
}

static void append_file(struct world *world, const struct walk_file *file)
{
    const struct unpack_limits limits = {
        .bytes_max = UINT64_C(1) << 30, .ratio_max = 1000, .members_max = 1000};
    struct input_stream stream;
    struct err err = {0};
    struct buf text = {0};
    struct input *input = input_open(file, &limits, &err);
    while (input && input_next(input, &stream, &err) == 1) {
        ssize_t n = 1;
        buf_clear(&text);
        if (stream.map.bytes.ptr)
            buf_add(&text, stream.map.bytes.ptr,
                    stream.map.bytes.len < STREAM_MAX ? stream.map.bytes.len : STREAM_MAX);
        while (!stream.map.bytes.ptr && text.len < STREAM_MAX && n > 0) {
            char *room = buf_reserve(&text, 1u << 16);
            n = room ? input_read(input, room, 1u << 16, &err) : 0;
            text.len += n > 0 ? (size_t)n : 0;
        }
        if (stream.map.bytes.ptr)
            file_unmap(&stream.map);
        append_stream(world, buf_str(&text));
    }
    buf_free(&text);
    if (input)
        input_close(input);
}

static void append_folder(struct world *world, const char *folder)
{
    struct walk walk;
    if (access(folder, R_OK) < 0)
        return;
    walk_init(&walk, NULL, NULL);
    assert_int_equal(walk_add(&walk, folder), 0);
    for (size_t i = 0; i < walk.files.len; i++)
        if (!str_ends(str_from_c(walk.files.items[i].path), STR(".yml")))
            append_file(world, &walk.files.items[i]);
    walk_free(&walk);
}

static void no_free(struct store_version *version)
{
    (void)version;
}

static void fill(struct world *world, const char *content, const char *data)
{
    static const char *const folders[] = {"sigma/regression_data", "evtx", "json"};
    char path[4096];
    struct err err = {0};
    struct store_version version = {
        .datasets = world->rules.datasets, .fields = &world->rules.fields, .free = no_free};
    const struct store_options options = {.lake_engine = &lake_duckdb,
                                          .lake = world->lake,
                                          .engine = &spool_local,
                                          .spool = world->spool};
    struct store_stats stats;
    for (size_t i = 0; i < n_samples; i++)
        append_lines(world, samples[i].text, FORMAT_UNKNOWN);
    (void)snprintf(path, sizeof(path), "%s/rules/tests", content);
    append_folder(world, path);
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", data, folders[i]);
        append_folder(world, path);
    }
    struct store *store = store_start(&options, &version, &err);
    if (!store)
        fail_msg("%s", err.message);
    do {
        nap();
        store_stats(store, &stats);
    } while (stats.lag);
    store_stop(store);
}

/* ---- as it arrives ---- */

static int match_live(void *context, struct event *event, struct batch_place place)
{
    struct world *world = context;
    const uint32_t *rules;
    datasets_recognise(world->rules.datasets, event);
    size_t n = matcher_run(world->matcher, event, &rules);
    for (size_t i = 0; i < n; i++) {
        struct hit hit = {rules[i], {world->partition, world->offset + place.index, place.part}};
        assert_int_equal(vec_push(&world->live, hit), 0);
    }
    world->events++;
    return 0;
}

/* All of the spool, in its order. */
static void read_all(struct world *world,
                     int (*each)(void *context, struct event *event, struct batch_place place))
{
    struct batch_reader reading;
    struct spool_batch batch;
    assert_int_equal(batch_reader_init(&reading, &world->rules.fields, each, world), 0);
    for (world->partition = 0; world->partition < PARTITIONS; world->partition++) {
        struct spool_reader *reader = spool_local.reader_new(world->spool, world->partition, 0);
        assert_non_null(reader);
        while (spool_local.read(reader, &batch, &world->offset) == 1)
            assert_int_equal(batch_reader_run(&reading, &batch, 0, batch.n), 0);
        spool_local.reader_free(reader);
    }
    batch_reader_free(&reading);
}

static void run_live(struct world *world)
{
    world->matcher = matcher_new(world->rules.ruleset);
    assert_non_null(world->matcher);
    read_all(world, match_live);
    matcher_free(world->matcher);
}

/* ---- looking back ---- */

static int match_past(void *context, const struct lookback_event *found)
{
    struct world *world = context;
    for (size_t i = 0; i < found->n_rules; i++)
        assert_int_equal(vec_push(&world->past, (struct hit){found->rules[i], found->id}), 0);
    return 0;
}

static struct lookback_stats run_past(struct world *world, const bool *rules, bool whole)
{
    const struct lookback_options options = {
        .ops = &lake_duckdb,
        .lake = world->lake,
        .set = &world->rules.set,
        .ruleset = world->rules.ruleset,
        .datasets = world->rules.datasets,
        .fields = &world->rules.fields,
        .rules = rules,
        .scope = {.all = true},
        .whole = whole,
    };
    struct err err = {0};
    struct lookback_stats stats;
    struct lookback *lookback = lookback_new(&options, &err);
    if (!lookback)
        fail_msg("%s", err.message);
    world->past.len = 0;
    if (lookback_run(lookback, INT64_MIN, INT64_MAX, match_past, world, &err) < 0)
        fail_msg("%s", err.message);
    lookback_stats(lookback, &stats);
    lookback_free(lookback);
    return stats;
}

/* ---- comparing ---- */

static int by_place(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    int64_t kx = lake_key(&x->id), ky = lake_key(&y->id);
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    if (kx != ky)
        return kx < ky ? -1 : 1;
    return x->id.part < y->id.part ? -1 : x->id.part > y->id.part;
}

static void report(const struct world *world, const struct hit *hit, const char *what)
{
    char id[LAKE_ID_TEXT_MAX];
    const struct sigma_meta *meta = &world->rules.set.rules.items[hit->rule]->meta;
    id[lake_id_format(&hit->id, id)] = '\0';
    fprintf(stderr, "%s: event %s, %.*s (%.*s)\n", what, id, STR_ARG(meta->title),
            STR_ARG(meta->origin));
}

/* What is found in one of two sorted lists and not in the other. */
static size_t compare(const struct world *world, const struct hit *live, size_t n_live,
                      const struct hit *past, size_t n_past)
{
    size_t i = 0, k = 0, differences = 0;
    while (i < n_live || k < n_past) {
        int order = i == n_live ? 1 : k == n_past ? -1 : by_place(&live[i], &past[k]);
        if (order != 0 && differences++ < 20)
            report(world, order < 0 ? &live[i] : &past[k], order < 0 ? "missed" : "too much");
        i += order <= 0;
        k += order >= 0;
    }
    return differences;
}

static size_t compare_all(struct world *world)
{
    struct lookback_stats stats = run_past(world, NULL, true);
    qsort(world->past.items, world->past.len, sizeof(struct hit), by_place);
    printf("%llu events made again, %llu lost, %zu matches of %zu\n",
           (unsigned long long)stats.events, (unsigned long long)stats.lost, world->past.len,
           world->live.len);
    return compare(world, world->live.items, world->live.len, world->past.items, world->past.len);
}

static size_t compare_each(struct world *world, uint32_t step)
{
    size_t differences = 0, at = 0;
    uint64_t candidates = 0, compared = 0;
    for (uint32_t i = 0; i < world->rules.set.rules.len; i++) {
        size_t from = at;
        while (at < world->live.len && world->live.items[at].rule == i)
            at++;
        if (i % step != 0 && at == from)
            continue;
        world->wanted[i] = true;
        candidates += run_past(world, world->wanted, false).candidates;
        world->wanted[i] = false;
        qsort(world->past.items, world->past.len, sizeof(struct hit), by_place);
        differences +=
            compare(world, world->live.items + from, at - from, world->past.items, world->past.len);
        compared++;
    }
    printf("%llu rules alone: %llu candidates, %zu matches\n", (unsigned long long)compared,
           (unsigned long long)candidates, world->live.len);
    return differences;
}

/* ---- indicators ---- */

static void add_indicator(struct world *world, enum indicator_type type, struct str text)
{
    char bytes[INDICATOR_VALUE_MAX];
    struct indicator indicator = {.type = type,
                                  .source = STR("feed"),
                                  .confidence = 50,
                                  .from = TIME_UNSET,
                                  .until = TIME_UNSET};
    if (!indicator_canonical(type, text, bytes, &indicator.value))
        return;
    assert_true(intel_builder_add(world->both, &indicator) >= 0);
    if (world->added++ % INDICATOR_KNOWN == 0)
        assert_true(intel_builder_add(world->known, &indicator) >= 0);
}

/* The network around an address. */
static void add_network(struct world *world, struct str address)
{
    char text[INDICATOR_VALUE_MAX];
    bool wide = indicator_guess_address(address) == INDICATOR_IPV6;
    int len = snprintf(text, sizeof(text), "%.*s/%d", STR_ARG(address), wide ? 48 : 24);
    if (len < (int)sizeof(text))
        add_indicator(world, wide ? INDICATOR_CIDR6 : INDICATOR_CIDR4, str_of(text, (size_t)len));
}

/* As one or the other of what it may be, in turns. */
static void add_value(struct world *world, enum field_type field, struct str text)
{
    static const enum indicator_type types[][2] = {
        [FIELD_DOMAIN] = {INDICATOR_DOMAIN, INDICATOR_HOST},
        [FIELD_HOST] = {INDICATOR_HOST, INDICATOR_DOMAIN},
        [FIELD_URL] = {INDICATOR_URL, INDICATOR_URL},
        [FIELD_EMAIL] = {INDICATOR_EMAIL, INDICATOR_EMAIL},
        [FIELD_PATH] = {INDICATOR_FILE_NAME, INDICATOR_FILE_PATH},
        [FIELD_AGENT] = {INDICATOR_USER_AGENT, INDICATOR_USER_AGENT},
        [FIELD_JA3] = {INDICATOR_JA3, INDICATOR_JA3},
        [FIELD_JA4] = {INDICATOR_JA4, INDICATOR_JA4},
    };
    bool other = world->added % 2;
    struct str part;
    if (field == FIELD_IP && other)
        add_network(world, text);
    else if (field == FIELD_IP)
        add_indicator(world, indicator_guess_address(text), text);
    else if (field == FIELD_HASH)
        add_indicator(world, indicator_digest_type(text), text);
    else if (field == FIELD_HASHES)
        while (str_cut(&text, ',', &part)) {
            part = str_skip(part, str_index(part, '=') + 1);
            add_indicator(world, indicator_digest_type(part), part);
        }
    else if ((size_t)field < sizeof(types) / sizeof(types[0]) && types[field][other])
        add_indicator(world, types[field][other], text);
}

static int take_values(void *context, struct event *event, struct batch_place place)
{
    struct world *world = context;
    (void)place;
    datasets_recognise(world->rules.datasets, event);
    for (uint32_t i = 0; event->dataset != DATASET_NONE && i < event->n_slots; i++) {
        const struct dataset_field *field =
            datasets_field(world->rules.datasets, event->dataset, event->slots[i].field);
        if (field && field->type >= FIELD_IP && world->values++ % INDICATOR_EVERY == 0)
            add_value(world, field->type, event_text(event, &event->slots[i]));
    }
    return 0;
}

/* An event by how many indicators it has: as a hit of the rule of that number. */
static int match_indicators(void *context, struct event *event, struct batch_place place)
{
    struct world *world = context;
    const struct intel_match *matches;
    datasets_recognise(world->rules.datasets, event);
    size_t n = intel_matcher_run(world->indicators, event, RECEIVED, &matches);
    struct hit hit = {(uint32_t)n, {world->partition, world->offset + place.index, place.part}};
    if (n)
        assert_int_equal(vec_push(&world->live, hit), 0);
    return 0;
}

static int match_past_indicators(void *context, const struct lookback_event *found)
{
    struct world *world = context;
    struct hit hit = {(uint32_t)found->n_indicators, found->id};
    assert_int_equal(vec_push(&world->past, hit), 0);
    return 0;
}

static int put_bytes(void *context, struct str bytes)
{
    buf_add_str(context, bytes);
    return 0;
}

static void make_news(struct world *world)
{
    uint64_t counts[INDICATOR_COUNT];
    struct err err = {0};
    world->known = intel_builder_new(0);
    world->both = intel_builder_new(0);
    read_all(world, take_values);
    assert_int_equal(intel_builder_finish(world->known, &world->known_file), 0);
    assert_int_equal(intel_builder_finish(world->both, &world->both_file), 0);
    world->known_intel = intel_open(buf_str(&world->known_file), &err);
    world->intel = intel_open(buf_str(&world->both_file), &err);
    assert_int_equal(
        intel_news_write(world->known_intel, world->intel, put_bytes, &world->list, counts), 0);
    world->news = intel_news_open(buf_str(&world->list), world->intel, &err);
    world->indicators = intel_matcher_new(world->intel, world->rules.datasets);
    assert_non_null(world->news);
    assert_non_null(world->indicators);
    intel_matcher_only(world->indicators, world->news);
}

static void free_news(struct world *world)
{
    intel_matcher_free(world->indicators);
    intel_news_close(world->news);
    intel_close(world->known_intel);
    intel_close(world->intel);
    buf_free(&world->known_file);
    buf_free(&world->both_file);
    buf_free(&world->list);
    intel_builder_free(world->known);
    intel_builder_free(world->both);
}

static size_t compare_indicators(struct world *world)
{
    const struct lookback_options options = {
        .ops = &lake_duckdb,
        .lake = world->lake,
        .set = &world->rules.set,
        .ruleset = world->rules.ruleset,
        .datasets = world->rules.datasets,
        .fields = &world->rules.fields,
        .rules = world->wanted, /* none */
        .intel = world->intel,
        .news = world->news,
        .screens = world->screens,
        .now = RECEIVED,
        .scope = {.all = true},
    };
    struct err err = {0};
    struct lookback_stats stats;
    world->live.len = world->past.len = 0;
    read_all(world, match_indicators);
    struct lookback *lookback = lookback_new(&options, &err);
    if (!lookback ||
        lookback_run(lookback, INT64_MIN, INT64_MAX, match_past_indicators, world, &err) < 0)
        fail_msg("%s", err.message);
    lookback_stats(lookback, &stats);
    lookback_free(lookback);
    qsort(world->live.items, world->live.len, sizeof(struct hit), by_place);
    qsort(world->past.items, world->past.len, sizeof(struct hit), by_place);
    for (int i = INDICATOR_NONE + 1; i < INDICATOR_COUNT; i++)
        printf("%s %llu, ", indicator_type_names[i],
               (unsigned long long)intel_count(world->intel, (enum indicator_type)i));
    printf("%llu indicators of %llu are new: %llu candidates, %zu events of %zu\n",
           (unsigned long long)(intel_count(world->intel, INDICATOR_NONE) -
                                intel_count(world->known_intel, INDICATOR_NONE)),
           (unsigned long long)intel_count(world->intel, INDICATOR_NONE),
           (unsigned long long)stats.candidates, world->past.len, world->live.len);
    return compare(world, world->live.items, world->live.len, world->past.items, world->past.len);
}

int main(int argc, char **argv)
{
    static struct world world;
    static char folders[4][4096];
    static const char *const names[] = {"rules", "rules-emerging-threats", "rules-threat-hunting"};
    char *paths[4] = {folders[0]};
    int n = 1;
    struct err err = {0};
    if (argc < 3)
        return 2;
    if (!test_library())
        return TEST_SKIPPED;
    (void)snprintf(folders[0], sizeof(folders[0]), "%s/rules", argv[1]);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(folders[n], sizeof(folders[n]), "%s/sigma/%s", argv[2], names[i]);
        paths[n] = folders[n];
        n += access(folders[n], R_OK) == 0;
    }
    bench_rules_load(&world.rules, argv[1], paths, n);
    world.wanted = calloc(world.rules.set.rules.len + 1, 1);
    world.place = test_place();
    (void)snprintf(world.lake_place, sizeof(world.lake_place), "%s/lake", world.place);
    (void)snprintf(world.spool_place, sizeof(world.spool_place), "%s/spool", world.place);
    world.spool = spool_local.open(world.spool_place,
                                   &(struct spool_options){.partitions = PARTITIONS}, &err);
    world.lake = test_open(&lake_duckdb, world.lake_place, &(struct lake_options){.threads = 1});
    if (!world.spool || !world.wanted ||
        hunt_functions_register(&lake_duckdb, world.lake, NULL, &err) < 0)
        fail_msg("%s", err.message);
    world.screens = lookback_screens_new(&lake_duckdb, world.lake, &err);
    assert_non_null(world.screens);
    fill(&world, argv[1], argv[2]);
    run_live(&world);
    qsort(world.live.items, world.live.len, sizeof(struct hit), by_place);
    printf("%llu events, %zu rules\n", (unsigned long long)world.events, world.rules.set.rules.len);
    size_t differences = compare_all(&world);
    differences += compare_each(&world, argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1);
    make_news(&world);
    differences += compare_indicators(&world);
    free_news(&world);
    lake_duckdb.close(world.lake);
    lookback_screens_free(world.screens);
    spool_local.close(world.spool);
    test_place_remove(world.place);
    vec_free(&world.live);
    vec_free(&world.past);
    free(world.wanted);
    bench_rules_free(&world.rules);
    printf("%zu differences\n", differences);
    return differences ? 1 : 0;
}
