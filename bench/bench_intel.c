/*
 * Indicators: how long a set takes to build, what one costs in the file, and what a look-up costs, where it hits
 * and where it misses, in random order, in CPU time. The set: 8 of 10 digests (SHA-256, SHA-1, MD5), 1 of 10 domains, 1 of 10
 * addresses, from two feeds; mapped from a file, as everywhere. Digests are looked up as text, as events carry them, so that
 * their reading is in the figure.
 *
 * A look-up costs what memory does. So the cost of memory stands beside it, of the same file at the same time, and
 * a look-up is timed twice: alone, which is its latency, the next one waiting for its end, and many together (intel_find_many()), which is
 * throughput, per look-up.
 *
 *     bench_intel [INDICATORS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/hash.h"
#include "intel/builder.h"
#include "intel/image.h"
#include "measure.h"

#define LOOK_UPS 1000000u
#define TOGETHER 32 /* look-ups of a call of intel_find_many() */
#define ROUNDS 3    /* the best counts: the others share the memory with somebody */
#define TEXT_MAX 80

static const enum indicator_type TYPES[] = {
    INDICATOR_SHA256, INDICATOR_SHA256, INDICATOR_SHA256, INDICATOR_SHA256, INDICATOR_SHA1,
    INDICATOR_SHA1,   INDICATOR_MD5,    INDICATOR_MD5,    INDICATOR_DOMAIN, INDICATOR_IPV4,
};

#define N_TYPES (sizeof(TYPES) / sizeof(TYPES[0]))

static struct str hex(uint64_t number, size_t digits, char *text)
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < digits; i += 16) {
        uint64_t word = hash_mix(number, i + 1);
        for (size_t k = 0; k < 16 && i + k < digits; k++, word >>= 4)
            text[i + k] = DIGITS[word & 15];
    }
    return str_of(text, digits);
}

/* The value of that number: distinct for distinct numbers, but for addresses in a few cases. */
static struct str value_of(uint64_t number, enum indicator_type type, char text[static TEXT_MAX])
{
    uint64_t mixed = hash_mix(number, 77);
    switch (type) {
    case INDICATOR_SHA256:
        return hex(number, 64, text);
    case INDICATOR_SHA1:
        return hex(number, 40, text);
    case INDICATOR_MD5:
        return hex(number, 32, text);
    case INDICATOR_DOMAIN:
        return str_of(text, (size_t)snprintf(text, TEXT_MAX, "%llx.example-%u.com",
                                             (unsigned long long)mixed, (unsigned)(number % 97)));
    default:
        return str_of(text,
                      (size_t)snprintf(text, TEXT_MAX, "%u.%u.%u.%u", (unsigned)(mixed & 255),
                                       (unsigned)(mixed >> 8 & 255), (unsigned)(mixed >> 16 & 255),
                                       (unsigned)(mixed >> 24 & 255)));
    }
}

static void build(uint64_t count, struct buf *file)
{
    struct intel_builder *builder = intel_builder_new(0);
    char text[TEXT_MAX];
    double start = measure_cpu();
    for (uint64_t i = 0; builder && i < count; i++) {
        struct indicator indicator = {
            .type = TYPES[i % N_TYPES],
            .value = value_of(i, TYPES[i % N_TYPES], text),
            .source = i % 3 ? STR("first feed") : STR("second feed"),
            .label = STR("something bad"),
            .confidence = 80,
            .tlp = TLP_GREEN,
            .from = TIME_UNSET,
            .until = TIME_UNSET,
        };
        if (intel_builder_add(builder, &indicator) < 0)
            exit(1);
    }
    double added = measure_cpu();
    if (!builder || intel_builder_finish(builder, file) < 0)
        exit(1);
    intel_builder_free(builder);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf(
        "build: %llu indicators in %.1f s (%.1f s to add, %.1f s to sort and write), file %.0f MB, "
        "peak memory %.0f MB\n",
        (unsigned long long)count, measure_cpu() - start, added - start, measure_cpu() - added,
        (double)file->len / 1e6, (double)usage.ru_maxrss / 1e3);
}

static void print_sizes(const struct intel *intel)
{
    for (int i = INDICATOR_NONE + 1; i < INDICATOR_COUNT; i++) {
        const struct table *table = &intel->tables[IMAGE_INDICATORS][i];
        if (table->count == 0)
            continue;
        double bytes = (double)table->count * sizeof(struct image_entry) +
                       (double)(table->n_lines + 1) * sizeof(struct image_line);
        if (image_is_text((unsigned)i))
            bytes += (double)intel->texts.len; /* one type of text in this set */
        printf("  %-8s %9llu indicators, %.1f bytes each\n", indicator_type_names[i],
               (unsigned long long)table->count, bytes / (double)table->count);
    }
}

/* The file as others have it: mapped. Its builder's memory is given back. */
static struct str map_file(struct buf *file)
{
    FILE *temporary = tmpfile();
    if (!temporary || fwrite(file->ptr, 1, file->len, temporary) != file->len ||
        fflush(temporary) != 0)
        exit(1);
    void *bytes = mmap(NULL, file->len, PROT_READ, MAP_SHARED, fileno(temporary), 0);
    if (bytes == MAP_FAILED)
        exit(1);
    struct str mapped = str_of(bytes, file->len);
    buf_free(file);
    fclose(temporary);
    return mapped;
}

/* What the memory under all this costs: `dependent`: the next address is known only when the last has been read. */
static double memory_ns(struct str bytes, bool dependent)
{
    double seconds = 0;
    uint64_t sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = measure_cpu();
        uint64_t at = 1, word;
        for (uint64_t i = 0; i < LOOK_UPS; i++) {
            at = hash_mix(at + (dependent ? sum : 0), i);
            memcpy(&word, bytes.ptr + at % (bytes.len / 64) * 64, sizeof(word));
            sum += word;
        }
        double took = measure_cpu() - start;
        seconds = round == 0 || took < seconds ? took : seconds;
    }
    volatile uint64_t sink = sum;
    (void)sink;
    return seconds * 1e9 / LOOK_UPS;
}

/* What runs after it begins when all before it is done: predicted branches must not overlap look-ups. */
static inline void wait_for_all(void)
{
#if defined(__x86_64__)
    __builtin_ia32_lfence();
#elif defined(__aarch64__)
    __asm__ volatile("dsb sy\n\tisb" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Values of a type to look up: `hit`: that are there. */
struct values {
    enum indicator_type type;
    char *texts;
    uint8_t *lengths;
};

static void make_values(struct values *values, uint64_t count, bool hit)
{
    uint64_t slot = 0;
    while (TYPES[slot] != values->type)
        slot++;
    for (uint64_t i = 0; i < LOOK_UPS; i++) {
        uint64_t number = hash_mix(i, 5) % (count / N_TYPES) * N_TYPES + slot;
        values->lengths[i] = (uint8_t)value_of(hit ? number : number + count, values->type,
                                               values->texts + i * TEXT_MAX)
                                 .len;
    }
}

static inline struct str value_at(const struct values *values, uint64_t i)
{
    return str_of(values->texts + i * TEXT_MAX, values->lengths[i]);
}

static uint64_t look_up_alone(const struct intel *intel, const struct values *values)
{
    uint64_t found = 0;
    for (uint64_t i = 0; i < LOOK_UPS; i++) {
        struct indicator indicator;
        found += intel_find(intel, values->type, value_at(values, i), 0, &indicator);
        wait_for_all();
    }
    return found;
}

static uint64_t look_up_together(const struct intel *intel, const struct values *values)
{
    struct indicator indicators[TOGETHER];
    uint64_t found = 0;
    for (uint64_t i = 0; i < LOOK_UPS;) {
        size_t n = 0;
        for (; n < TOGETHER && i < LOOK_UPS; n++, i++)
            indicators[n] = (struct indicator){.type = values->type, .value = value_at(values, i)};
        found += intel_find_many(intel, indicators, n, 0);
    }
    return found;
}

static double look_ups_ns(uint64_t (*look_up)(const struct intel *, const struct values *),
                          const struct intel *intel, const struct values *values,
                          uint64_t *ret_found)
{
    double seconds = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = measure_cpu();
        *ret_found = look_up(intel, values);
        double took = measure_cpu() - start;
        seconds = round == 0 || took < seconds ? took : seconds;
    }
    return seconds * 1e9 / LOOK_UPS;
}

static void look_up(const struct intel *intel, uint64_t count)
{
    static const enum indicator_type asked[] = {INDICATOR_SHA256, INDICATOR_SHA1, INDICATOR_MD5,
                                                INDICATOR_DOMAIN, INDICATOR_IPV4};
    struct values values = {.texts = malloc((size_t)LOOK_UPS * TEXT_MAX),
                            .lengths = malloc(LOOK_UPS)};
    uint64_t found;
    if (!values.texts || !values.lengths)
        exit(1);
    printf("look-ups, ns each:  alone (latency)  together (throughput, %u a call)\n", TOGETHER);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        for (int hit = 0; hit < 2; hit++) {
            values.type = asked[i];
            make_values(&values, count, hit);
            double alone = look_ups_ns(look_up_alone, intel, &values, &found);
            double together = look_ups_ns(look_up_together, intel, &values, &found);
            printf("  %-8s %-5s %15.0f %17.0f    %.2f %% found\n", indicator_type_names[asked[i]],
                   hit ? "hit" : "miss", alone, together, (double)found * 100 / LOOK_UPS);
        }
    free(values.texts);
    free(values.lengths);
}

/* ---- events ---- */

#define EVENTS 1000000u
#define DISTINCT                                                                                   \
    32768u /* events before they repeat: what they look up does not stay in the cache */
#define N_FIELDS 12u
#define EVENT_LOOK_UPS 8u /* two digests, two addresses, a name and the three above it */

static const char DATASET[] = "name: bench\n"
                              "title: a process that connects\n"
                              "recognise: [{Channel: bench}]\n"
                              "logsources: [{product: windows}]\n"
                              "fields:\n"
                              "  Image: {type: path}\n"
                              "  ParentImage: {type: path}\n"
                              "  CurrentDirectory: {type: path}\n"
                              "  CommandLine: {type: command}\n"
                              "  Hashes: {type: hashes}\n"
                              "  SourceIp: {type: ip}\n"
                              "  DestinationIp: {type: ip}\n"
                              "  DestinationHostname: {type: domain}\n";

static const char *const NAMES[N_FIELDS] = {
    "Image",   "ParentImage",   "CurrentDirectory",    "CommandLine", "Hashes",  "SourceIp",
    "Channel", "DestinationIp", "DestinationHostname", "EventID",     "LogonId", "User",
};

static struct str field_value(unsigned field, uint64_t number, struct arena *arena)
{
    char text[TEXT_MAX], more[TEXT_MAX];
    unsigned mixed = (unsigned)hash_mix(number, field);
    switch (field) {
    case 0:
    case 1:
        return arena_printf(arena, "C:\\Program Files\\Vendor %u\\tool-%u.exe", mixed % 99, mixed);
    case 2:
        return arena_printf(arena, "C:\\Users\\user%u\\", mixed % 999);
    case 3:
        return arena_printf(arena, "tool-%u.exe --quiet --port %u /x:%u", mixed, mixed % 9999,
                            mixed);
    case 4:
        return arena_printf(arena, "MD5=%.*s,SHA256=%.*s", STR_ARG(hex(mixed, 32, text)),
                            STR_ARG(hex(mixed, 64, more)));
    case 5:
    case 7:
        return arena_copy(arena, value_of(mixed, INDICATOR_IPV4, text));
    case 6:
        return STR("bench");
    case 8:
        return arena_printf(arena, "host-%u.service.example.net", mixed % 5000);
    default:
        return arena_printf(arena, "%u", mixed);
    }
}

/*
 * What indicators cost an event, recognition left out. Events come in the order in which they lie in memory, so that
 * their own bytes are at hand, as those of an event that was just parsed.
 */
static void match_events(const struct intel *intel)
{
    struct fields fields;
    struct arena arena, scratch;
    struct err err;
    const struct intel_match *matches;
    struct slot *slots = calloc((size_t)DISTINCT * N_FIELDS, sizeof(*slots));
    arena_init(&arena, 256u << 20);
    arena_init(&scratch, 1u << 20);
    if (!slots || fields_init(&fields) < 0)
        exit(1);
    struct datasets *datasets = datasets_new(&fields);
    if (!datasets || datasets_add(datasets, STR(DATASET), STR("bench"), &err) < 0 ||
        datasets_freeze(datasets) < 0)
        exit(1);
    for (uint64_t i = 0; i < DISTINCT; i++)
        for (unsigned k = 0; k < N_FIELDS; k++) {
            struct str value = field_value(k, i, &arena);
            slots[i * N_FIELDS + k] = (struct slot){
                .name = NAMES[k],
                .name_len = (uint16_t)strlen(NAMES[k]),
                .text = value.ptr,
                .text_len = (uint32_t)value.len,
                .field = fields_find(&fields, str_from_c(NAMES[k])),
            };
        }
    struct intel_matcher *matcher = intel_matcher_new(intel, datasets);
    double seconds = 0;
    uint64_t found = 0;
    for (int round = 0; matcher && round < ROUNDS; round++) {
        double start = measure_cpu();
        found = 0;
        for (uint64_t i = 0; i < EVENTS; i++) {
            struct event event = {
                .slots = slots + i % DISTINCT * N_FIELDS,
                .n_slots = N_FIELDS,
                .dataset = 0,
                .time = TIME_UNSET,
                .scratch = &scratch,
            };
            found += intel_matcher_run(matcher, &event, 0, &matches);
        }
        double took = measure_cpu() - start;
        seconds = round == 0 || took < seconds ? took : seconds;
    }
    printf("events: %.0f ns each, of %u fields with %u look-ups, which wait for memory together; "
           "%.3f %% hold "
           "an indicator\n",
           seconds * 1e9 / EVENTS, N_FIELDS, EVENT_LOOK_UPS, (double)found * 100 / EVENTS);
    intel_matcher_free(matcher);
    datasets_free(datasets);
    fields_free(&fields);
    arena_free(&arena);
    arena_free(&scratch);
    free(slots);
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    struct buf file = {0};
    struct err err;
    build(count, &file);
    struct str bytes = map_file(&file);
    double start = measure_cpu();
    struct intel *intel = intel_open(bytes, &err);
    if (!intel) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("open: %.0f us\n", (measure_cpu() - start) * 1e6);
    print_sizes(intel);
    printf("memory: %.0f ns a dependent read of the file at random, %.0f ns an independent one\n",
           memory_ns(bytes, true), memory_ns(bytes, false));
    look_up(intel, count);
    match_events(intel);
    intel_close(intel);
    munmap((void *)(uintptr_t)bytes.ptr, bytes.len);
    return 0;
}
