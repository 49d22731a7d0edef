/*
 * Text formats to events on one core: MB/s and events/s of each, over input made here (realistic
 * records, a few values of each varied) that is cut into chunks of 1 MiB as the program does. Names
 * given as arguments choose formats.
 */
#include <stdio.h>
#include <stdlib.h>

#include "parse/parse.h"
#include "measure.h"

#define INPUT_SIZE (16u << 20)
#define CHUNK_SIZE (1u << 20)
#define ROUNDS_SECONDS 0.5 /* measured for at least so long, after one round to warm up */

struct input {
    const char *what;
    const char *format;
    void (*begin)(struct buf *out);
    void (*add)(struct buf *out, unsigned i);
};

static void add_syslog(struct buf *out, unsigned i)
{
    static const char *const programs[] = {"sshd", "CRON", "systemd", "kernel", "postfix/smtpd"};
    buf_printf(out,
               "<38>Nov 21 %02u:%02u:%02u web%u %s[%u]: Accepted publickey for user%u from "
               "192.0.2.%u port %u ssh2\n",
               i / 36000 % 24, i / 600 % 60, i / 10 % 60, i % 7, programs[i % 5], i % 32768,
               i % 100, i % 250, 1024 + i % 60000);
}

static void add_rfc_5424(struct buf *out, unsigned i)
{
    buf_printf(out,
               "<165>1 2026-11-21T%02u:%02u:%02u.%03uZ web%u app %u ID47 [ex@32473 iut=\"3\" "
               "eventSource=\"Application\" eventID=\"%u\"] An application event log entry\n",
               i / 36000 % 24, i / 600 % 60, i / 10 % 60, i % 1000, i % 7, i % 32768, i);
}

static void add_syslog_json(struct buf *out, unsigned i)
{
    buf_printf(
        out,
        "Nov 21 10:00:00 ids suricata[7]: {\"event_type\":\"alert\",\"src_ip\":\"10.0.0.%u\","
        "\"src_port\":%u,\"dest_ip\":\"192.0.2.%u\",\"dest_port\":443,\"proto\":\"TCP\","
        "\"alert\":{\"signature_id\":%u,\"severity\":2,\"signature\":\"ET POLICY x\"}}\n",
        i % 250, 1024 + i % 60000, i % 240, i);
}

static void add_cef(struct buf *out, unsigned i)
{
    buf_printf(out,
               "CEF:0|Acme|Wall|1.0|%u|Port scan|7|src=10.0.0.%u dst=192.0.2.%u spt=%u dpt=443 "
               "proto=TCP act=blocked msg=many ports were tried cs1=admins cs1Label=User Group "
               "request=https://e.example/a?b\\=%u rt=%u\n",
               i % 100, i % 250, i % 240, i % 60000, i, 1763690000u + i);
}

static void add_leef(struct buf *out, unsigned i)
{
    buf_printf(out,
               "LEEF:1.0|Acme|Watch|1.0|%u|src=10.0.0.%u\tdst=192.0.2.%u\tsrcPort=%u\tdstPort=443\t"
               "proto=TCP\tusrName=user%u\tsev=5\tmsg=there are words in here\n",
               i % 100, i % 250, i % 240, i % 60000, i % 100);
}

static void add_kv(struct buf *out, unsigned i)
{
    buf_printf(out,
               "date=2026-11-21 time=10:%02u:%02u devname=\"fw1\" devid=\"FG100\" "
               "eventtime=17952552%08u00000 tz=\"+0800\" logid=\"0000000013\" type=\"traffic\" "
               "subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=10.0.0.%u srcport=%u "
               "dstip=192.0.2.%u dstport=443 proto=6 action=\"close\" policyid=7 "
               "service=\"HTTPS\" duration=%u sentbyte=%u rcvdbyte=%u\n",
               i / 60 % 60, i % 60, i, i % 250, i % 60000, i % 240, i % 300, i * 3, i * 7);
}

static void begin_csv(struct buf *out)
{
    buf_add_c(out, "TimeCreated,EventID,Level,Computer,Channel,User,Process,Message\n");
}

static void add_csv(struct buf *out, unsigned i)
{
    buf_printf(out, "2026-11-21 10:%02u:%02u,%u,4,dc%u.example,Security,EX\\user%u,%u,%s\n",
               i / 60 % 60, i % 60, 4600 + i % 100, i % 7, i % 100, i,
               i % 4 ? "An account was logged on" : "\"An account, it seems, was \"\"here\"\"\"");
}

static void begin_zeek(struct buf *out)
{
    buf_add_c(out, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
                   "#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto"
                   "\ttrans_id\trtt\tquery\tqclass\tqclass_name\trcode\tAA\tTC\tanswers\tTTLs\n"
                   "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tinterval\tstring\t"
                   "count\tstring\tcount\tbool\tbool\tvector[string]\tvector[interval]\n");
}

static void add_zeek(struct buf *out, unsigned i)
{
    buf_printf(out,
               "%u.%06u\tCqKst53mF3det%u\t10.47.1.%u\t%u\t10.0.0.100\t53\tudp\t%u\t0.000870\t"
               "www%u.e.example\t1\tC_INTERNET\t0\tF\tF\tise.e.example,192.0.2.%u\t"
               "2230.000000,41830.000000\n",
               1763690000 + i / 1000, i % 1000 * 1000, i, i % 250, i % 60000, i % 65536, i % 999,
               i % 240);
}

static void add_auditd(struct buf *out, unsigned i)
{
    unsigned ms = i % 1000, seconds = 1763690000 + i / 1000;
    buf_printf(out,
               "type=SYSCALL msg=audit(%u.%03u:%u): arch=c000003e syscall=59 success=yes exit=0 "
               "a0=55b2c8d0 a1=55b2d0e0 a2=0 a3=8 items=2 ppid=%u pid=%u auid=1000 uid=0 gid=0 "
               "euid=0 tty=pts0 ses=3 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"exec\"\n",
               seconds, ms, i, i % 32768, i % 32768 + 1);
    buf_printf(out,
               "type=EXECVE msg=audit(%u.%03u:%u): argc=2 a0=\"cat\" a1=\"/home/user%u/file\"\n"
               "type=CWD msg=audit(%u.%03u:%u): cwd=\"/root\"\n"
               "type=PATH msg=audit(%u.%03u:%u): item=0 name=\"/usr/bin/cat\" inode=%u dev=08:01 "
               "mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL\n"
               "type=PROCTITLE msg=audit(%u.%03u:%u): proctitle=636174002F6574632F736861646F77\n",
               seconds, ms, i, i % 100, seconds, ms, i, seconds, ms, i, i, seconds, ms, i);
}

static void add_access(struct buf *out, unsigned i)
{
    buf_printf(
        out,
        "203.0.113.%u - - [21/Nov/2026:10:%02u:%02u +0800] \"GET /shop/item%u?color=red&q=%u "
        "HTTP/1.1\" 200 %u \"https://e.example/shop\" \"Mozilla/5.0 (Windows NT 10.0; Win64; "
        "x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\"\n",
        i % 250, i / 600 % 60, i / 10 % 60, i % 500, i, i % 9999);
}

static void begin_w3c(struct buf *out)
{
    buf_add_c(out, "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time "
                   "s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
                   "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n");
}

static void add_w3c(struct buf *out, unsigned i)
{
    buf_printf(
        out,
        "2026-11-21 10:%02u:%02u 192.0.2.1 GET /shop/item%u color=red&q=%u 443 - 203.0.113.%u "
        "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36 - 200 0 0 %u\n",
        i / 600 % 60, i / 10 % 60, i % 500, i, i % 250, i % 300);
}

static void add_journal(struct buf *out, unsigned i)
{
    buf_printf(
        out,
        "__CURSOR=s=00;i=%x;b=11\n__REALTIME_TIMESTAMP=17952552%08u\n"
        "__MONOTONIC_TIMESTAMP=%u\n_BOOT_ID=110011001100\n_TRANSPORT=syslog\nPRIORITY=6\n"
        "SYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=sshd\nSYSLOG_PID=%u\n_HOSTNAME=web%u\n_UID=0\n"
        "_COMM=sshd\n_EXE=/usr/sbin/sshd\n_SYSTEMD_UNIT=ssh.service\n"
        "MESSAGE=Accepted publickey for user%u from 192.0.2.7\n\n",
        i, i, i, i % 32768, i % 7, i % 100);
}

static void add_plain(struct buf *out, unsigned i)
{
    buf_printf(out, "2026/11/21 10:00:00 [error] 7#7: *%u open() \"/srv/www/x\" failed\n", i);
}

static const struct input INPUTS[] = {
    {"syslog, RFC 3164", "syslog", NULL, add_syslog},
    {"syslog, RFC 5424", "syslog", NULL, add_rfc_5424},
    {"syslog with JSON", "syslog", NULL, add_syslog_json},
    {"CEF", "cef", NULL, add_cef},
    {"LEEF", "leef", NULL, add_leef},
    {"key=value", "kv", NULL, add_kv},
    {"CSV", "csv", begin_csv, add_csv},
    {"Zeek TSV", "zeek", begin_zeek, add_zeek},
    {"auditd", "auditd", NULL, add_auditd},
    {"access log, combined", "access", NULL, add_access},
    {"W3C (IIS)", "w3c", begin_w3c, add_w3c},
    {"journal export", "journal", NULL, add_journal},
    {"plain lines", "plain", NULL, add_plain},
};

struct count {
    struct sink sink;
    uint64_t events, slots, errors;
};

static int count_event(struct sink *sink, struct event *event)
{
    struct count *count = (struct count *)sink;
    count->events++;
    count->slots += event->n_slots;
    return 0;
}

static void count_error(struct sink *sink, const struct parse_error *error)
{
    (void)error;
    ((struct count *)sink)->errors++;
}

/* Time of this core alone, so that other work on the machine counts less. */
static void run(struct parser *parser, const struct format *format, struct str data,
                struct sink *sink)
{
    struct cutter cutter = {.format = format};
    while (data.len) {
        bool last = data.len <= CHUNK_SIZE;
        struct chunk chunk = {0};
        size_t taken = format->cut(&cutter, str_first(data, CHUNK_SIZE), last, &chunk.body);
        if (taken == 0)
            break;
        chunk.header = buf_str(&cutter.header);
        parser_run(parser, format, &chunk, sink);
        data = str_skip(data, taken);
    }
    buf_free(&cutter.header);
}

static void measure(struct parser *parser, const struct input *input)
{
    const struct format *format = format_by_name(str_from_c(input->format));
    struct buf data = {0};
    if (input->begin)
        input->begin(&data);
    for (unsigned i = 0; data.len < INPUT_SIZE && !data.failed; i++)
        input->add(&data, i);
    struct count count = {.sink = {count_event, count_error}};
    run(parser, format, buf_str(&data), &count.sink);
    count = (struct count){.sink = {count_event, count_error}};
    uint64_t bytes = 0;
    double start = measure_cpu(), seconds;
    do {
        run(parser, format, buf_str(&data), &count.sink);
        bytes += data.len;
        seconds = measure_cpu() - start;
    } while (seconds < ROUNDS_SECONDS);
    double events = (double)count.events;
    printf("%6.0f MB/s %9.0f events/s %5.1f slots/event %5.0f bytes/event  %s\n",
           (double)bytes / seconds / 1e6, events / seconds, (double)count.slots / events,
           (double)bytes / events, input->what);
    buf_free(&data);
}

int main(int argc, char **argv)
{
    struct fields fields;
    struct parse_options options = {.reference_us = INT64_C(1795262400000000)};
    struct parser *parser = fields_init(&fields) == 0 ? parser_new(&fields, &options) : NULL;
    if (!parser)
        return 1;
    for (size_t i = 0; i < sizeof(INPUTS) / sizeof(*INPUTS); i++) {
        bool chosen = argc < 2;
        for (int a = 1; a < argc; a++)
            chosen |= strcmp(argv[a], INPUTS[i].format) == 0;
        if (chosen)
            measure(parser, &INPUTS[i]);
    }
    parser_free(parser);
    fields_free(&fields);
    return 0;
}
