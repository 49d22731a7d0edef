/* The datasets we ship: they load, and events of real shapes reach the logsources they should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "event/dataset.h"

#define SLOTS 40

static struct fields fields;
static struct datasets *datasets;
static struct slot slots[SLOTS];
static struct event event;
static struct arena scratch;

/* The names that enum format_id's rows have in parse. */
static const char *const FORMATS[] = {NULL,     "evtx",   "json", "xml",     "syslog",
                                      "cef",    "leef",   "kv",   "csv",     "zeek",
                                      "auditd", "access", "w3c",  "journal", "plain"};

static void add_file(const char *path)
{
    struct buf text = {0};
    struct err err = {0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char bytes[4096];
    size_t n;
    while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
        buf_add(&text, bytes, n);
    fclose(file);
    if (datasets_add(datasets, buf_str(&text), str_from_c(path), &err) < 0)
        fail_msg("%s:%u:%u: %s", path, err.line, err.column, err.message);
    buf_free(&text);
}

static int is_yaml(const struct dirent *entry)
{
    return str_ends(str_from_c(entry->d_name), STR(".yaml"));
}

static int load(void **state)
{
    (void)state;
    struct dirent **names;
    int n = scandir(CONTENT_DATASETS, &names, is_yaml, alphasort);
    assert_true(n > 0);
    assert_int_equal(fields_init(&fields), 0);
    datasets = datasets_new(&fields);
    assert_non_null(datasets);
    datasets_name_formats(datasets, FORMATS, sizeof(FORMATS) / sizeof(FORMATS[0]));
    arena_init(&scratch, 1 << 20);
    for (int i = 0; i < n; i++) {
        char path[4096];
        (void)snprintf(path, sizeof(path), "%s/%s", CONTENT_DATASETS, names[i]->d_name);
        add_file(path);
        free(names[i]);
    }
    free(names);
    return datasets_freeze(datasets);
}

static int unload(void **state)
{
    (void)state;
    datasets_free(datasets);
    fields_free(&fields);
    arena_free(&scratch);
    return 0;
}

/* An event written "Name=value|Name=value"; recognised. */
static void recognise(const char *format, const char *text)
{
    arena_reset(&scratch);
    event = (struct event){.slots = slots,
                           .slots_max = SLOTS,
                           .route = ROUTE_NONE,
                           .dataset = DATASET_NONE,
                           .time = TIME_UNSET,
                           .scratch = &scratch};
    for (size_t i = 1; i < sizeof(FORMATS) / sizeof(FORMATS[0]); i++)
        if (strcmp(FORMATS[i], format) == 0)
            event.format = (uint8_t)i;
    struct str rest = str_from_c(text), part;
    while (str_cut(&rest, '|', &part)) {
        size_t equals = str_index(part, '=');
        struct str name = str_first(part, equals), value = str_skip(part, equals + 1);
        slots[event.n_slots++] = (struct slot){.name = name.ptr,
                                               .name_len = (uint16_t)name.len,
                                               .text = value.ptr,
                                               .text_len = (uint32_t)value.len,
                                               .field = fields_find(&fields, name)};
    }
    datasets_recognise(datasets, &event);
}

/* "product/category/service", empty parts for any. */
static bool provides(const char *logsource)
{
    struct logsource wanted = {0};
    struct str rest = str_from_c(logsource);
    str_cut(&rest, '/', &wanted.product);
    str_cut(&rest, '/', &wanted.category);
    wanted.service = rest;
    const struct route *route = datasets_route(datasets, event.route);
    for (uint32_t i = 0; route && i < route->n_logsources; i++)
        if (logsource_provides(&route->logsources[i], &wanted))
            return true;
    return false;
}

struct example {
    const char *format, *event, *dataset;
    const char *provided; /* logsources, separated by spaces */
    const char *not_provided;
};

static const struct example EXAMPLES[] = {
    /* Windows */
    {"evtx",
     "Channel=Microsoft-Windows-Sysmon/"
     "Operational|Provider_Name=Microsoft-Windows-Sysmon|EventID=1",
     "windows_sysmon", "windows/process_creation/ windows//sysmon windows// /process_creation/",
     "windows/file_event/ windows//security linux//"},
    {"json", "EventID=11|UtcTime=2026-01-01 00:00:00.000|ProcessGuid={1}|TargetFilename=x",
     "windows_sysmon", "windows/file_event/", "windows/process_creation/"},
    {"json", "EventID=1|UtcTime=x|ProcessGuid={1}|product=windows|category=process_creation",
     "windows_sysmon", "windows/process_creation/ windows//",
     "windows//sysmon windows/file_event/"},
    {"json", "EventID=12|Channel=Microsoft-Windows-Sysmon/Operational", "windows_sysmon",
     "windows/registry_event/ windows/registry_add/ windows/registry_delete/",
     "windows/registry_set/"},
    {"evtx", "Channel=Security|EventID=4688|Provider_Name=Microsoft-Windows-Security-Auditing",
     "windows_security", "windows/process_creation/ windows//security",
     "windows//sysmon windows/authentication/"},
    {"evtx", "Channel=Security|EventID=4663|ObjectType=Key", "windows_security",
     "windows//security", "windows/file_access/"},
    {"evtx", "Channel=Security|EventID=4663|ObjectType=File", "windows_security",
     "windows/file_access/", ""},
    {"evtx", "Channel=Security|EventID=4657|OperationType=%%1906", "windows_security",
     "windows/registry_delete/ windows/registry_event/",
     "windows/registry_set/ windows/registry_add/"},
    {"evtx", "Channel=System|EventID=7045|Provider_Name=Service Control Manager", "windows_system",
     "windows//system", "windows//security"},
    {"evtx", "Channel=System|EventID=1014|Provider_Name=Microsoft-Windows-DNS-Client",
     "windows_system", "windows//system", "windows//dns-client"},
    {"json", "EventID=7045|Provider_Name=Service Control Manager", "windows_system",
     "windows//system", ""},
    {"evtx", "Channel=PowerShellCore/Operational|EventID=4104", "windows_powershell",
     "windows/ps_script/ windows//powershell", "windows/ps_module/"},
    {"evtx", "Channel=Windows PowerShell|EventID=400", "windows_powershell_classic",
     "windows/ps_classic_start/", "windows//powershell"},
    {"evtx", "Channel=Microsoft-Windows-PrintService/Admin|EventID=808", "windows_printservice",
     "windows//printservice-admin", "windows//printservice-operational"},
    {"evtx", "Channel=Microsoft-Windows-Windows Defender/Operational|EventID=1116",
     "windows_defender", "windows//windefend /antivirus/", ""},
    {"evtx", "Channel=Microsoft-Windows-Windows Defender/Operational|EventID=5001",
     "windows_defender", "windows//windefend", "/antivirus/"},
    {"evtx", "Channel=Vendor/Unheard|EventID=5", "windows", "windows//", "windows//system"},
};

static void check_logsources(const struct example *example, const char *list, bool wanted)
{
    struct str rest = str_from_c(list), part;
    while (str_cut(&rest, ' ', &part) && part.len) {
        char text[256];
        (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(part));
        if (provides(text) != wanted)
            fail_msg("%s: %s is %sprovided", example->event, text, wanted ? "not " : "");
    }
}

static void events_of_known_shapes_reach_their_logsources(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(EXAMPLES) / sizeof(EXAMPLES[0]); i++) {
        const struct example *example = &EXAMPLES[i];
        recognise(example->format, example->event);
        const struct dataset *dataset = datasets_get(datasets, event.dataset);
        struct str name = dataset ? dataset->name : STR("none");
        if (!str_eq(name, str_from_c(example->dataset)))
            fail_msg("%s: is %.*s, not %s", example->event, STR_ARG(name), example->dataset);
        check_logsources(example, example->provided, true);
        check_logsources(example, example->not_provided, false);
    }
}

static void every_dataset_has_a_title_and_can_be_found(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < datasets_count(datasets); i++) {
        const struct dataset *dataset = datasets_get(datasets, i);
        assert_true(dataset->title.len > 0);
        assert_int_equal(datasets_find(datasets, dataset->name), i);
    }
}

static void audit_events_answer_to_the_names_of_sysmon(void **state)
{
    (void)state;
    recognise("evtx", "Channel=Security|EventID=4657|ObjectName=\\REGISTRY\\MACHINE\\SOFTWARE\\Run|"
                      "ObjectValueName=x|OperationType=%%1904|SubjectDomainName=CORP|"
                      "SubjectUserName=eve");
    assert_true(str_eq(event_get(&event, "TargetObject"), STR("HKLM\\SOFTWARE\\Run\\x")));
    assert_true(str_eq(event_get(&event, "EventType"), STR("SetValue")));
    assert_true(str_eq(event_get(&event, "User"), STR("CORP\\eve")));
    recognise("evtx", "Channel=Security|EventID=5156|Direction=%%14593");
    assert_true(str_eq(event_get(&event, "Initiated"), STR("true")));
    recognise("evtx", "Channel=Security|EventID=4688|NewProcessName=C:\\a.exe");
    uint32_t natives[4];
    uint32_t n = datasets_resolve(datasets, datasets_route(datasets, event.route),
                                  fields_find(&fields, STR("Image")), natives, 4);
    assert_int_equal(n, 2);
    assert_int_equal(natives[1], fields_find(&fields, STR("NewProcessName")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_known_shapes_reach_their_logsources),
        cmocka_unit_test(every_dataset_has_a_title_and_can_be_found),
        cmocka_unit_test(audit_events_answer_to_the_names_of_sysmon),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
