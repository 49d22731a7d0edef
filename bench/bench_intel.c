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
#include <time.h>

#include "base/hash.h"
#include "intel/builder.h"
#include "intel/image.h"

#define LOOK_UPS 2000000u
#define ROUNDS 3 /* the best counts: the others share the memory with somebody */
#define TEXT_MAX 80

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

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
    double start = now();
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
    double added = now();
    if (!builder || intel_builder_finish(builder, file) < 0)
        exit(1);
    intel_builder_free(builder);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf(
        "build: %llu indicators in %.1f s (%.1f s to add, %.1f s to sort and write), file %.0f MB, "
        "peak memory %.0f MB\n",
        (unsigned long long)count, now() - start, added - start, now() - added,
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
        double start = now();
        found = 0;
        for (uint64_t i = 0; i < LOOK_UPS; i++) {
            struct indicator indicator;
            found +=
                intel_find(intel, type, str_of(texts + i * TEXT_MAX, lengths[i]), 0, &indicator);
        }
        double took = now() - start;
        seconds = round == 0 || took < seconds ? took : seconds;
    }
    printf("  %-8s %-5s %5.0f ns a look-up, %.2f %% found\n", indicator_type_names[type],
           hit ? "hit" : "miss", seconds * 1e9 / LOOK_UPS, (double)found * 100 / LOOK_UPS);
    free(texts);
    free(lengths);
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    struct buf file = {0};
    struct err err;
    build(count, &file);
    double start = now();
    struct intel *intel = intel_open(buf_str(&file), &err);
    if (!intel) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("open: %.0f us\n", (now() - start) * 1e6);
    print_sizes(intel);
    static const enum indicator_type asked[] = {INDICATOR_SHA256, INDICATOR_MD5, INDICATOR_DOMAIN,
                                                INDICATOR_IPV4};
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        for (int hit = 0; hit < 2; hit++)
            look_up(intel, count, asked[i], hit);
    intel_close(intel);
    buf_free(&file);
    return 0;
}
