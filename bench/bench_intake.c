/*
 * What the doors have in common: events checked, copied, counted and handed over, to a spool that takes all
 * and keeps nothing. One thread, batches of 1,000 events.
 *
 *     bench_intake [SECONDS]
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/clock.h"
#include "watch/intake.h"

#define BATCH 1000
#define SENDERS 1000

/* A process creation as Winlogbeat writes it, about 1 kB. */
static const char windows[] =
    "{\"@timestamp\":\"2026-11-21T08:15:30.123Z\",\"winlog\":{\"channel\":\"Security\",\"event_"
    "id\":4688,"
    "\"provider_name\":\"Microsoft-Windows-Security-Auditing\",\"computer_name\":\"ws-0417.health."
    "example\","
    "\"record_id\":7731245,\"task\":\"Process Creation\",\"event_data\":{\"SubjectUserSid\":"
    "\"S-1-5-21-3623811015-3361044348-30300820-1013\",\"SubjectUserName\":\"mtan\","
    "\"SubjectDomainName\":"
    "\"HEALTH\",\"SubjectLogonId\":\"0x3e7a1\",\"NewProcessId\":\"0x1c44\",\"NewProcessName\":"
    "\"C:\\\\Windows\\\\System32\\\\WindowsPowerShell\\\\v1.0\\\\powershell.exe\","
    "\"TokenElevationType\":"
    "\"%%1936\",\"ProcessId\":\"0xa30\",\"CommandLine\":\"powershell.exe -NoProfile "
    "-ExecutionPolicy Bypass "
    "-File \\\"C:\\\\Program Files\\\\Inventory\\\\collect.ps1\\\" -Out "
    "C:\\\\ProgramData\\\\inventory.json\","
    "\"ParentProcessName\":\"C:\\\\Windows\\\\System32\\\\svchost.exe\",\"MandatoryLabel\":\"S-1-"
    "16-12288\"}},"
    "\"host\":{\"name\":\"ws-0417\",\"ip\":[\"10.20.4.17\"],\"os\":{\"name\":\"Windows 11 "
    "Enterprise\"}},"
    "\"agent\":{\"type\":\"winlogbeat\",\"version\":\"8.15.0\"}}";

static const char syslog[] =
    "<38>1 2026-11-21T08:15:30.123456+08:00 gw1.health.example sshd 4123 - - Accepted publickey "
    "for ops from "
    "10.20.0.9 port 50122 ssh2: ED25519 SHA256:Zr0l3cI3oGvA8yXqv4l2m1k5d0tqkq5mJ0Yh6n2ZB1c";

static int take(struct spool *spool, uint32_t partition, const struct spool_batch *batch,
                spool_done *done, void *context)
{
    (void)spool;
    (void)batch;
    done(context, &(struct spool_receipt){.partition = partition});
    return 0;
}

static const struct spool_ops takes_all = {.scheme = "null", .append = take};

static void count(void *context, const struct intake_result *result)
{
    *(uint64_t *)context += result->stored;
}

struct bench {
    struct senders *senders;
    struct intake *intake;
    double seconds;
};

static void run(struct bench *bench, const char *what, struct str event, enum format_id format)
{
    struct intake_batch batch = {0};
    uint64_t stored = 0;
    int64_t start = clock_ticks_us(), now = start;
    while (now - start < (int64_t)(bench->seconds * 1e6)) {
        struct sender *sender = senders_intern(bench->senders, STR("health"), STR("windows"));
        intake_begin(&batch, bench->intake, sender, DOOR_NDJSON, format, STR("10.0.0.1"), STR(""));
        for (int i = 0; i < BATCH; i++)
            intake_add(&batch, event);
        if (intake_submit(&batch, count, &stored) < 0)
            abort();
        now = clock_ticks_us();
    }
    double seconds = (double)(now - start) / 1e6;
    printf("%s, %zu bytes: %.0f events/s, %.2f GB/s\n", what, event.len, (double)stored / seconds,
           (double)stored * (double)event.len / seconds / 1e9);
    intake_batch_free(&batch);
}

static void run_look_ups(struct bench *bench)
{
    char names[SENDERS][16];
    uint64_t n = 0;
    for (int i = 0; i < SENDERS; i++)
        snprintf(names[i], sizeof(names[i]), "host-%d", i);
    int64_t start = clock_ticks_us(), now = start;
    for (; now - start < (int64_t)(bench->seconds * 1e6); now = clock_ticks_us())
        for (int i = 0; i < SENDERS; i++, n++)
            if (!senders_intern(bench->senders, STR("health"), str_from_c(names[i])))
                abort();
    printf("a sender looked up among %d: %.0f ns\n", SENDERS,
           (double)(now - start) * 1e3 / (double)n);
}

int main(int argc, char **argv)
{
    struct bench bench = {.senders = senders_new(8),
                          .seconds = argc > 1 ? strtod(argv[1], NULL) : 2};
    bench.intake =
        intake_new(&(struct intake_options){.engine = &takes_all, .senders = bench.senders});
    if (!bench.senders || !bench.intake)
        return 1;
    run(&bench, "JSON, checked", STR(windows), FORMAT_JSON);
    run(&bench, "syslog", STR(syslog), FORMAT_SYSLOG);
    run_look_ups(&bench);
    intake_free(bench.intake);
    senders_free(bench.senders);
    return 0;
}
