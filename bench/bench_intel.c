/*
 * Indicators: how long a set takes to build, what one costs in the file, and what a look-up costs, where it hits
 * and where it misses, in random order, in CPU time. The set: 8 of 10 digests (SHA-256, SHA-1, MD5), 1 of 10 domains, 1 of 10
 * addresses, from two feeds. Digests are looked up as text, as events carry them, so that their reading is in the figure.
 *
 *     bench_intel [INDICATORS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/hash.h"
#include "intel/builder.h"
#include "intel/image.h"
#include "measure.h"

#define LOOK_UPS 2000000u
#define ROUNDS 3 /* the best counts: the others share the memory with somebody */
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
                       (double)table->filter_blocks * IMAGE_FILTER_WORDS * 4 +
                       (double)((UINT64_C(1) << table->directory_bits) + 1) * 4;
        if (image_is_text((unsigned)i))
            bytes += (double)intel->texts.len; /* one type of text in this set */
        printf("  %-8s %9llu indicators, %.1f bytes each\n", indicator_type_names[i],
               (unsigned long long)table->count, bytes / (double)table->count);
    }
}

/* Values that are there (`hit`) or not, made before the clock starts. */
static void look_up(const struct intel *intel, uint64_t count, enum indicator_type type, bool hit)
{
    char *texts = malloc((size_t)LOOK_UPS * TEXT_MAX);
    uint8_t *lengths = malloc(LOOK_UPS);
    uint64_t slot = 0, found = 0;
    if (!texts || !lengths)
        exit(1);
    while (TYPES[slot] != type)
        slot++;
    for (uint64_t i = 0; i < LOOK_UPS; i++) {
        uint64_t number = hash_mix(i, 5) % (count / N_TYPES) * N_TYPES + slot;
        lengths[i] =
            (uint8_t)value_of(hit ? number : number + count, type, texts + i * TEXT_MAX).len;
    }
    double seconds = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = measure_cpu();
        found = 0;
        for (uint64_t i = 0; i < LOOK_UPS; i++) {
            struct indicator indicator;
            found +=
                intel_find(intel, type, str_of(texts + i * TEXT_MAX, lengths[i]), 0, &indicator);
        }
        double took = measure_cpu() - start;
        seconds = round == 0 || took < seconds ? took : seconds;
    }
    printf("  %-8s %-5s %5.0f ns a look-up, %.2f %% found\n", indicator_type_names[type],
           hit ? "hit" : "miss", seconds * 1e9 / LOOK_UPS, (double)found * 100 / LOOK_UPS);
    free(texts);
    free(lengths);
}

/* ---- events ---- */

#define EVENTS 1000000u
#define DISTINCT 4096u /* values of a field before they repeat, as programs and hosts do */
#define N_FIELDS 12u

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

/* What indicators cost an event, recognition left out. */
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
                .slots = slots + hash_mix(i, 3) % DISTINCT * N_FIELDS,
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
    printf(
        "events: %.0f ns each, of %u fields with 10 values to look up; %.3f %% hold an indicator\n",
        seconds * 1e9 / EVENTS, N_FIELDS, (double)found * 100 / EVENTS);
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
    double start = measure_cpu();
    struct intel *intel = intel_open(buf_str(&file), &err);
    if (!intel) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("open: %.0f us\n", (measure_cpu() - start) * 1e6);
    print_sizes(intel);
    static const enum indicator_type asked[] = {INDICATOR_SHA256, INDICATOR_MD5, INDICATOR_DOMAIN,
                                                INDICATOR_IPV4};
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        for (int hit = 0; hit < 2; hit++)
            look_up(intel, count, asked[i], hit);
    match_events(intel);
    intel_close(intel);
    buf_free(&file);
    return 0;
}
