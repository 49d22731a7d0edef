/*
 * KQL to a tree on one core, and the tree back to text: microseconds a query and MB/s, of queries of
 * three sizes made here, and of the files given as arguments, all together.
 *
 *     bench_kql [FILE]...
 */
#include <stdio.h>

#include "hunt/kql.h"
#include "measure.h"

#define ROUNDS_SECONDS 0.5
#define MEMORY_MAX ((size_t)64 << 20)

static const char small[] =
    "SecurityEvent | where TimeGenerated > ago(1h) and EventID == 4625 | take 10";

static const char typical[] =
    "// Accounts that failed often and then came in, by host.\n"
    "let since = 1d;\n"
    "let known = dynamic(['10.0.0.1', '10.0.0.2', '192.0.2.7']);\n"
    "let failures = SecurityEvent\n"
    "| where TimeGenerated > ago(since) and EventID == 4625\n"
    "| where not(IpAddress in (known)) and TargetUserName !endswith '$'\n"
    "| summarize failed = count(), first = min(TimeGenerated), hosts = make_set(Computer, 100)\n"
    "    by TargetUserName, IpAddress, bin(TimeGenerated, 10m)\n"
    "| where failed >= 20;\n"
    "SecurityEvent\n"
    "| where TimeGenerated > ago(since) and EventID == 4624 and LogonType in (3, 10)\n"
    "| join kind=inner hint.strategy=shuffle (failures) on TargetUserName, IpAddress\n"
    "| extend gap = TimeGenerated - first, risky = iff(Process has_any ('cmd', 'powershell'), 1, "
    "0)\n"
    "| where gap between (0s .. 1h) and CommandLine matches regex @'(?i)-enc\\w*\\s'\n"
    "| project-reorder TimeGenerated, TargetUserName, Ip*, hosts\n"
    "| top 50 by failed desc nulls last\n"
    "| render table with (title='Guessed passwords')\n";

/* A list of hashes, as a feed makes of it. */
static void make_large(struct buf *out)
{
    buf_add_c(out, "DeviceFileEvents | where SHA256 in~ (");
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(out, "%s'%064x'", i ? ", " : "", i * 2654435761u);
    buf_add_c(out, ") | distinct DeviceName, SHA256");
}

static uint32_t parse(struct arena *arena, struct str text, struct kql_query_list *ret_list)
{
    struct err err = {0};
    arena_reset(arena);
    return kql_parse_all(arena, text, ret_list, &err) < 0 ? 0 : ret_list->len;
}

static void report(const char *what, uint32_t queries, uint64_t rounds, double seconds,
                   double bytes)
{
    double count = (double)rounds * queries;
    printf("%-32s %6.0f bytes: %8.2f us a query, %8.0f a second, %6.1f MB/s\n", what,
           bytes / queries, seconds / count * 1e6, count / seconds,
           bytes * (double)rounds / seconds / 1e6);
}

/* Measures reading `count` texts one after the other, and then printing what was read. */
static void measure(const char *what, const struct str *texts, size_t count)
{
    struct arena arena;
    struct kql_query_list list = {0};
    struct buf out = {0};
    double reading = 0, printing = 0, bytes = 0;
    uint32_t queries = 0;
    uint64_t rounds = 0;
    arena_init(&arena, MEMORY_MAX);
    for (; reading < ROUNDS_SECONDS; rounds++) {
        queries = 0;
        bytes = 0;
        for (size_t i = 0; i < count; i++) {
            double start = measure_cpu();
            uint32_t n = parse(&arena, texts[i], &list);
            double read = measure_cpu();
            if (n == 0)
                continue; /* the time of a refusal is nobody's */
            buf_clear(&out);
            kql_print_all(&out, &list);
            printing += measure_cpu() - read;
            reading += read - start;
            queries += n;
            bytes += (double)texts[i].len;
        }
        if (queries == 0)
            measure_die(what, "is no KQL");
    }
    report(what, queries, rounds, reading, bytes);
    report("  printed", queries, rounds, printing, bytes);
    buf_free(&out);
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    static struct str files[1000];
    struct buf large = {0};
    size_t count = 0;
    make_large(&large);
    struct str of_large = buf_str(&large);
    measure("one line", &STR(small), 1);
    measure("a typical hunt", &STR(typical), 1);
    measure("a list of 1000 hashes", &of_large, 1);
    while (count + 1 < (size_t)argc && count < sizeof(files) / sizeof(files[0])) {
        files[count] = measure_read(argv[count + 1]);
        count++;
    }
    if (count)
        measure("published queries", files, count);
    while (count > 0)
        measure_free(files[--count]);
    buf_free(&large);
    return 0;
}
