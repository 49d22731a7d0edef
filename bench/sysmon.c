#include "sysmon.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/time.h"

#define HOSTS 3000
#define PROGRAMS 600
#define SERVERS 20000 /* addresses that are connected to */

/* The event that is put together. */
struct making {
    struct sysmon_event *event;
    size_t values_len, raw_len;
    uint64_t random;
};

static uint64_t next(struct making *making)
{
    making->random = hash_mix(making->random, 0x5851f42d4c957f2du);
    return making->random;
}

/* Few of n often, many seldom: about 1/rank. */
static uint32_t seldom(struct making *making, uint32_t n)
{
    uint64_t random = next(making);
    double unit = (double)(random >> 11) / 9007199254740992.0;
    /* About n^unit. */
    double exponent = unit * (double)(63 - __builtin_clzll(n)), value = 1;
    while (exponent >= 1) {
        value *= 2;
        exponent -= 1;
    }
    value *= 1 + exponent * (0.6931 + exponent * 0.3069);
    uint32_t rank = (uint32_t)value - 1;
    return rank < n ? rank : n - 1;
}

static void add(struct making *making, const char *name, enum lake_kind kind, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

static void add(struct making *making, const char *name, enum lake_kind kind, const char *format,
                ...)
{
    struct sysmon_event *event = making->event;
    char *value = event->values + making->values_len;
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(value, sizeof(event->values) - making->values_len, format, arguments);
    va_end(arguments);
    making->values_len += (size_t)len;
    struct lake_cell *cell = &event->cells[event->row.n_cells++];
    *cell = (struct lake_cell){
        .name = str_from_c(name),
        .text = str_of(value, (size_t)len),
        .kind = (uint8_t)kind,
        .column = (uint8_t)kind,
    };
    cell->field = (uint32_t)(hash_text(cell->name) % 4093) + 1;
    char *raw = event->raw + making->raw_len;
    size_t at = 0;
    raw[at++] = making->raw_len ? ',' : '{';
    raw[at++] = '"';
    memcpy(raw + at, name, cell->name.len);
    at += cell->name.len;
    memcpy(raw + at, "\":", 2);
    at += 2;
    if (kind == LAKE_TEXT)
        raw[at++] = '"';
    for (int i = 0; i < len; i++) {
        if (value[i] == '\\' || value[i] == '"')
            raw[at++] = '\\';
        raw[at++] = value[i];
    }
    if (kind == LAKE_TEXT)
        raw[at++] = '"';
    making->raw_len += at;
}

static const char *const folders[] = {"Windows\\System32", "Windows\\SysWOW64",
                                      "Program Files\\Vendor", "Program Files (x86)\\Office",
                                      "Users\\Public\\AppData\\Local\\Temp"};
static const char *const stems[] = {"svchost", "cmd",    "powershell", "conhost", "chrome",
                                    "agent",   "update", "backup",     "java",    "python"};

static void program_path(uint32_t program, char *ret_path, size_t size)
{
    uint64_t hash = hash_mix(program, 77);
    if (program < 10)
        snprintf(ret_path, size, "C:\\Windows\\System32\\%s.exe", stems[program]);
    else
        snprintf(ret_path, size, "C:\\%s\\%s%u.exe", folders[hash % 5], stems[hash / 5 % 10],
                 program);
}

static void command_line(struct making *making, uint32_t program, char *ret_text, size_t size)
{
    static const char *const forms[] = {"-k netsvcs -p -s Schedule",
                                        "/c dir C:\\Users",
                                        "-NoProfile -File C:\\Scripts\\run.ps1",
                                        "0xffffffff -ForceV1",
                                        "--type=renderer --lang=en-GB",
                                        "--once"};
    char path[128];
    uint64_t random = next(making);
    program_path(program, path, sizeof(path));
    if (random % 4 == 0)
        snprintf(ret_text, size, "\"%s\" %s --job %" PRIu64 " --token %08" PRIx64, path,
                 forms[program % 6], random / 4 % 100000, random >> 32);
    else
        snprintf(ret_text, size, "\"%s\" %s", path, forms[random / 4 % 3 + program % 4]);
}

static void add_guid(struct making *making, const char *name, uint32_t host, int64_t time)
{
    uint64_t machine = hash_mix(host, 5);
    add(making, name, LAKE_TEXT, "{%08" PRIx32 "-%04" PRIx32 "-%08" PRIx64 "-%08" PRIx64 "}",
        (uint32_t)machine, (uint32_t)(machine >> 40) & 0xffff, (uint64_t)(time / TIME_SECOND_US),
        next(making) & 0xffffff);
}

static void add_process(struct making *making, uint32_t host, uint32_t program, int64_t time)
{
    char path[128];
    program_path(program, path, sizeof(path));
    add_guid(making, "ProcessGuid", host, time);
    add(making, "ProcessId", LAKE_INTEGER, "%u", (unsigned)(next(making) % 5000) * 4);
    add(making, "Image", LAKE_TEXT, "%s", path);
    add(making, "User", LAKE_TEXT, "AGENCY\\user%u", host * 2 + (unsigned)(next(making) % 2));
}

static void add_creation(struct making *making, uint32_t host, uint32_t program, int64_t time)
{
    char text[512];
    uint32_t parent = (program * 7 + (uint32_t)(next(making) % 3)) % PROGRAMS;
    uint64_t hash = hash_mix(program, 9);
    command_line(making, program, text, sizeof(text));
    add(making, "CommandLine", LAKE_TEXT, "%s", text);
    add(making, "CurrentDirectory", LAKE_TEXT, "C:\\Windows\\system32\\");
    add_guid(making, "LogonGuid", host, 0);
    add(making, "LogonId", LAKE_TEXT, "0x%" PRIx32, host * 977 + 999);
    add(making, "IntegrityLevel", LAKE_TEXT, program % 3 ? "System" : "Medium");
    add(making, "Hashes", LAKE_TEXT, "MD5=%016" PRIX64 "%016" PRIX64 ",IMPHASH=%016" PRIX64, hash,
        hash_mix(hash, 1), hash_mix(hash, 2));
    add_guid(making, "ParentProcessGuid", host, time - 1000000000);
    add(making, "ParentProcessId", LAKE_INTEGER, "%u", (unsigned)(next(making) % 5000) * 4);
    program_path(parent, text, sizeof(text));
    add(making, "ParentImage", LAKE_TEXT, "%s", text);
    add(making, "ParentUser", LAKE_TEXT, "NT AUTHORITY\\SYSTEM");
    command_line(making, parent, text, sizeof(text));
    add(making, "ParentCommandLine", LAKE_TEXT, "%s", text);
}

static void add_connection(struct making *making, uint32_t host)
{
    uint32_t server = seldom(making, SERVERS);
    add(making, "Protocol", LAKE_TEXT, "tcp");
    add(making, "Initiated", LAKE_BOOLEAN, "true");
    add(making, "SourceIsIpv6", LAKE_BOOLEAN, "false");
    add(making, "SourceIp", LAKE_TEXT, "10.%u.%u.%u", host >> 16, host >> 8 & 255, host & 255);
    add(making, "SourceHostname", LAKE_TEXT, "host%05u.agency.example", host);
    add(making, "SourcePort", LAKE_INTEGER, "%u", 49152 + (unsigned)(next(making) % 16000));
    add(making, "DestinationIsIpv6", LAKE_BOOLEAN, "false");
    add(making, "DestinationIp", LAKE_TEXT, "203.%u.%u.%u", server >> 14, server >> 7 & 127,
        server & 127);
    add(making, "DestinationHostname", LAKE_TEXT, "service%u.cloud.example", server);
    add(making, "DestinationPort", LAKE_INTEGER, "%d", server % 5 ? 443 : 80);
    add(making, "DestinationPortName", LAKE_TEXT, server % 5 ? "https" : "http");
}

static void add_system(struct making *making, uint64_t i, uint32_t host, unsigned event_id,
                       int64_t time)
{
    char text[TIME_TEXT_MAX];
    text[time_format(time, text)] = '\0';
    add(making, "UtcTime", LAKE_TEXT, "%s", text);
    add(making, "EventID", LAKE_INTEGER, "%u", event_id);
    add(making, "Computer", LAKE_TEXT, "host%05u.agency.example", host);
    add(making, "EventRecordID", LAKE_INTEGER, "%" PRIu64, 100000 + i / HOSTS);
    add(making, "Channel", LAKE_TEXT, "Microsoft-Windows-Sysmon/Operational");
    add(making, "Provider_Name", LAKE_TEXT, "Microsoft-Windows-Sysmon");
    add(making, "Level", LAKE_INTEGER, "4");
    add(making, "Task", LAKE_INTEGER, "%u", event_id);
    add(making, "Keywords", LAKE_TEXT, "0x8000000000000000");
    add(making, "ThreadID", LAKE_INTEGER, "%u", 2000 + host % 4000);
    add(making, "RuleName", LAKE_TEXT, "-");
}

uint64_t sysmon_next(uint64_t n, uint32_t partition, uint32_t partitions)
{
    uint64_t round = (uint64_t)SYSMON_RUN * partitions;
    uint64_t before = (uint64_t)SYSMON_RUN * partition, rest = n % round;
    uint64_t more = rest > before ? rest - before : 0;
    return n / round * SYSMON_RUN + (more < SYSMON_RUN ? more : SYSMON_RUN);
}

void sysmon_make(struct sysmon_event *event, uint64_t i, int64_t time, uint32_t partitions)
{
    static const char *const agencies[] = {"MOH", "MOF", "MOE", "MHA", "MND"};
    struct making making = {.event = event, .random = hash_mix(i, 0x2545f4914f6cdd1du)};
    uint32_t host = (uint32_t)(next(&making) % HOSTS);
    uint32_t program = seldom(&making, PROGRAMS);
    unsigned kind = (unsigned)(next(&making) % 100);
    unsigned event_id = kind < 62 ? 1 : kind < 85 ? 3 : 11;
    event->row = (struct lake_row){
        .id = {.partition = (uint32_t)(i / SYSMON_RUN % partitions)},
        .time = time,
        .received = time + TIME_SECOND_US,
        .agency = str_from_c(agencies[host % 5]),
        .source = STR("wef"),
        .dataset = STR("windows_sysmon"),
        .format = STR("json"),
        .cells = event->cells,
    };
    event->row.id.offset = sysmon_next(i, event->row.id.partition, partitions);
    add_system(&making, i, host, event_id, time);
    add_process(&making, host, program, time);
    if (event_id == 1) {
        add_creation(&making, host, program, time);
        add(&making, "Description", LAKE_TEXT, "Program %u of the vendor", program);
        add(&making, "Company", LAKE_TEXT, "Vendor Corporation");
        add(&making, "OriginalFileName", LAKE_TEXT, "PROGRAM%u.EXE", program);
    } else if (event_id == 3) {
        add_connection(&making, host);
    } else {
        add(&making, "TargetFilename", LAKE_TEXT,
            "C:\\Users\\user%u\\AppData\\Local\\Temp\\%08" PRIx64 ".tmp", host,
            next(&making) >> 32);
        add(&making, "CreationUtcTime", LAKE_TEXT, "2026-11-01T10:11:12Z");
    }
    event->raw[making.raw_len++] = '}';
    event->row.raw = str_of(event->raw, making.raw_len);
}
