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
    {"json", "Provider_Name=Microsoft-Windows-Kernel-File|EventID=12|FileName=x",
     "windows_kernel_file", "windows/file_access/", "windows/file_rename/"},
    {"evtx", "Channel=RPCFW|EventID=3|Provider_Name=RPCFW", "rpc_firewall",
     "rpc_firewall/application/", ""},
    /* Linux */
    {"auditd", "type=SYSCALL|type=EXECVE|a0=ls|a1=-l|exe=/bin/ls", "linux_auditd",
     "linux//auditd linux/process_creation/ linux//", "linux/file_event/"},
    {"json", "type=SYSCALL|syscall=42|exe=/usr/bin/python3|product=linux", "linux_auditd",
     "linux// linux//auditd", "linux/process_creation/"},
    {"auditd", "type=PATH|nametype=CREATE|name=/etc/cron.d/x", "linux_auditd", "linux/file_event/",
     ""},
    {"syslog",
     "Channel=Linux-Sysmon/Operational|Provider_Name=Linux-Sysmon|EventID=1|program=sysmon",
     "linux_sysmon", "linux/process_creation/ linux//sysmon",
     "windows/process_creation/ linux//syslog"},
    {"json", "EventID=1|UtcTime=x|ProcessGuid=y|Image=/bin/sh", "linux_sysmon",
     "linux/process_creation/", "windows/process_creation/"},
    {"syslog", "host=a|program=sshd|message=Failed password", "linux_syslog",
     "linux//sshd linux//auth linux//syslog linux//", "linux//cron linux//sudo"},
    {"syslog", "host=a|program=CRON|message=x", "linux_syslog", "linux//cron linux//syslog",
     "linux//auth"},
    {"syslog", "host=a|program=clamd|message=x FOUND", "linux_syslog", "linux//clamav /antivirus/",
     ""},
    {"journal", "SYSLOG_IDENTIFIER=sudo|MESSAGE=x|__REALTIME_TIMESTAMP=1", "linux_journal",
     "linux//sudo linux//auth", "linux//cron"},
    /* Other endpoints */
    {"json",
     "event_type=9|process.executable.path=/bin/"
     "zsh|process.audit_token.pid=1|event.exec.target.executable.path=/bin/ls",
     "macos_eslogger", "macos/process_creation/", "macos/file_event/"},
    {"json",
     "host.os.type=linux|event.category=process|event.type=start|process.executable=/bin/ls",
     "ecs_endpoint", "linux/process_creation/ linux//", "windows/process_creation/"},
    /* Network */
    {"zeek", "_path=dns|ts=1.0|query=a.test", "zeek", "zeek//dns /dns/ zeek// /network/dns",
     "/proxy/ zeek//http"},
    {"json", "_path=http|ts=1.0|uri=/", "zeek", "zeek//http /proxy/ /webserver/", "/dns/"},
    {"json", "_path=conn|ts=1.0|service=ssl", "zeek", "zeek//conn /firewall/", "zeek//ssl"},
    {"json", "ts=1|uid=C1|id.orig_h=10.0.0.1|id.resp_h=10.0.0.2|query=a.test|trans_id=3",
     "zeek_unlabelled", "zeek//dns /dns/", "zeek//http"},
    {"json", "timestamp=x|flow_id=1|event_type=dns|src_ip=10.0.0.1|dest_ip=10.0.0.2", "suricata",
     "suricata//dns /dns/", "/proxy/"},
    {"syslog", "host=r1|cisco.facility=AAA|cisco.severity=5|cisco.mnemonic=USER_LOGGED|message=x",
     "cisco", "cisco//aaa cisco//syslog", "cisco//bgp linux//"},
    {"json", "message=<189>Jan 1 00:00:00 sw %AAA-5-X: y|product=cisco|service=aaa", "none",
     "cisco//aaa", "cisco//bgp"},
    {"syslog", "host=r1|cisco.facility=BGP|cisco.mnemonic=ADJCHANGE|message=x", "cisco",
     "cisco//bgp", "cisco//aaa"},
    {"syslog", "host=r1|program=rpd|message=bgp", "juniper", "juniper//bgp", ""},
    {"syslog", "host=r1|message=%%01BGP/3/STATE_CHG", "huawei", "huawei//bgp", "linux//"},
    {"kv", "devname=fw|devid=FGT60|logid=0100044547|type=event|subtype=system|cfgpath=system.admin",
     "fortigate", "fortigate//event", "/firewall/"},
    {"kv", "devname=fw|devid=FGT60|type=traffic|subtype=forward|dstip=10.0.0.1", "fortigate",
     "/firewall/", "fortigate//event"},
    {"cef",
     "DeviceVendor=Palo Alto Networks|DeviceProduct=PAN-OS|DeviceEventClassID=end|src=10.0.0.1",
     "paloalto", "paloalto/appliance/globalprotect /firewall/", ""},
    {"cef",
     "DeviceVendor=Acme|DeviceProduct=Wall|DeviceEventClassID=1|src=10.0.0.1|dst=10.0.0.2|dpt=23",
     "cef", "/firewall/", "/proxy/"},
    /* Web */
    {"access", "c-ip=10.0.0.1|cs-method=GET|cs-uri-stem=/|sc-status=200", "webserver",
     "/webserver/ //apache //nginx", "/proxy/"},
    {"w3c", "cs-method=GET|cs-uri-stem=/|sc-status=200|sc-win32-status=0", "webserver",
     "/webserver/ windows//iis", "/proxy/ //nginx"},
    {"w3c",
     "cs-method=GET|cs-host=a.test|s-action=TCP_NC_MISS|cs-uri-scheme=http|cs-uri-path=/"
     "|sc-status=200",
     "proxy", "/proxy/", "/webserver/"},
    {"json",
     "c-ip=10.0.0.1|cs-method=POST|cs-uri-query=/"
     "x|sc-status=200|product=webserver|category=webserver",
     "webserver", "/webserver/", "/proxy/"},
    {"json", "event.dataset=nginx.access|url.original=/x", "ecs_web", "/webserver/ //nginx",
     "//apache"},
    /* Clouds */
    {"json",
     "eventVersion=1.08|eventSource=iam.amazonaws.com|eventName=CreateUser|awsRegion=us-east-1",
     "aws_cloudtrail", "aws//cloudtrail", "aws/authentication/"},
    {"json", "time=x|resourceId=/tenants/1|operationName=Add user|category=AuditLogs",
     "azure_audit", "azure//auditlogs", "azure//signinlogs"},
    {"json", "TimeGenerated=x|OperationName=Sign-in activity|Category=SignInLogs|ResultType=0",
     "azure_signin", "azure//signinlogs", ""},
    {"json",
     "time=x|resourceId=/subscriptions/1|operationName=MICROSOFT.COMPUTE/X|category=Administrative",
     "azure_activity", "azure//activitylogs", ""},
    {"json", "riskEventType=anonymizedIPAddress", "azure_risk", "azure//riskdetection azure//pim",
     ""},
    {"json", "CreationTime=x|Operation=New-InboxRule|Workload=Exchange|RecordType=1", "m365_audit",
     "m365//audit m365//exchange", "m365//threat_management"},
    {"json", "eventSource=SecurityComplianceCenter|eventName=x|status=success", "m365_audit",
     "m365//threat_management m365//threat_detection", "m365//exchange"},
    {"json", "protoPayload.methodName=x|protoPayload.serviceName=iam.googleapis.com", "gcp_audit",
     "gcp//gcp.audit", "gcp//google_workspace.admin"},
    {"json", "protoPayload.methodName=x|protoPayload.serviceName=login.googleapis.com", "gcp_audit",
     "gcp//google_workspace.login", ""},
    {"json", "kind=admin#reports#activity|id.applicationName=admin|events.name=x",
     "google_workspace", "gcp//google_workspace.admin", "gcp//google_workspace.login"},
    {"json", "eventType=user.session.start|published=x|actor.alternateId=a@b", "okta", "okta//okta",
     ""},
    {"json", "event_type_id=5|user_name=x", "onelogin", "onelogin//onelogin.events", ""},
    {"json", "event_type=authentication|access_device.ip=10.0.0.1|factor=push", "cisco_duo",
     "cisco//duo", "cisco//aaa"},
    /* Platforms and applications */
    {"json", "action=repo.create|actor=eve|org=acme|@timestamp=1", "github_audit", "github//audit",
     ""},
    {"json", "auditType.category=Permissions|auditType.action=x", "bitbucket_audit",
     "bitbucket//audit", ""},
    {"json", "kind=Event|apiVersion=audit.k8s.io/v1|verb=create|objectRef.resource=pods",
     "kubernetes_audit", "kubernetes//audit kubernetes/application/audit", ""},
    {"json", "logtype=4002|node_id=canary-1|src_host=10.0.0.1", "opencanary",
     "opencanary/application/", ""},
    {"json", "Signature=EICAR|Filename=x", "antivirus", "/antivirus/", ""},
    {"json", "query=a.test|record_type=A", "dns", "/dns/", ""},
    {"plain", "message=java.lang.OutOfMemoryError", "application_text",
     "jvm/application/ django/application/ sql/application/", "//nginx"},
    {"plain", "message=[core:error] child exited", "application_text", "//apache", "//nginx"},
    /* tables of Microsoft Defender XDR and Log Analytics, exported under their own names */
    {"json",
     "Type=DeviceProcessEvents|TimeGenerated=x|DeviceId=1|ActionType=ProcessCreated|FolderPath=C:"
     "\\a.exe",
     "defender_device", "windows/process_creation/", "linux//"},
    {"csv",
     "Timestamp=x|DeviceId=1|ActionType=ProcessCreated|InitiatingProcessFileName=bash|FolderPath=/"
     "bin/ls",
     "defender_device", "linux/process_creation/", "windows//"},
    {"json",
     "time=x|category=AdvancedHunting-DeviceRegistryEvents|properties.ActionType=RegistryValueSet",
     "defender_device_stream", "windows/registry_set/", "windows/process_creation/"},
    {"json", "time=x|category=AdvancedHunting-EmailEvents|properties.NetworkMessageId=1",
     "defender_xdr_stream", "m365//", "windows//"},
    {"json", "Type=IdentityLogonEvents|TimeGenerated=x|ActionType=LogonSuccess", "defender_xdr",
     "m365//", ""},
    {"csv", "Timestamp=x|NetworkMessageId=1|EmailDirection=Inbound|Subject=a", "defender_xdr",
     "m365//", ""},
    {"json", "Type=SecurityEvent|TimeGenerated=x|EventID=4688|Channel=Security|Computer=a",
     "windows_security", "windows/process_creation/ windows//security", ""},
    {"json",
     "Type=Event|TimeGenerated=x|EventLog=System|EventID=7045|Source=Service Control Manager",
     "log_analytics_event", "windows//system", "windows//application"},
    {"json", "Type=Syslog|TimeGenerated=x|ProcessName=sshd|Facility=authpriv|SyslogMessage=Failed",
     "log_analytics_syslog", "linux//sshd linux//auth", "linux//cron"},
    {"json",
     "Type=CommonSecurityLog|TimeGenerated=x|DeviceVendor=Palo Alto Networks|DeviceProduct=PAN-OS|"
     "DeviceEventClassID=end|SourceIP=10.0.0.1",
     "log_analytics_cef", "paloalto/firewall/ /firewall/", "fortigate//"},
    {"json",
     "Type=AWSCloudTrail|TimeGenerated=x|EventName=ConsoleLogin|EventSource=signin.amazonaws.com",
     "log_analytics_aws", "aws//cloudtrail aws/authentication/", ""},
    {"json", "Type=OfficeActivity|TimeGenerated=x|OfficeWorkload=Exchange|Operation=New-InboxRule",
     "m365_audit", "m365//exchange", ""},
    {"json", "Type=AADUserRiskEvents|TimeGenerated=x|RiskLevel=high", "azure_risk",
     "azure//riskdetection", ""},
    {"json", "Type=AADManagedIdentitySignInLogs|TimeGenerated=x|ServicePrincipalName=a",
     "azure_signin", "azure//signinlogs", ""},
    {"json", "Type=DnsEvents|TimeGenerated=x|Name=evil.example|QueryType=A", "log_analytics_dns",
     "/dns/", ""},
    {"json", "Type=W3CIISLog|TimeGenerated=x|csMethod=GET|csUriStem=/", "log_analytics_iis",
     "windows/webserver/iis", ""},
    {"json", "Type=AzureDiagnostics|TimeGenerated=x|ResourceType=VAULTS", "azure_diagnostics",
     "azure//", ""},
    {"json", "Type=IntuneDevices|TimeGenerated=x|DeviceName=a", "log_analytics", "azure//", ""},
    {"json", "f0=b2de|f1=bba6|product=synthetic", "none", "synthetic//", "windows//"},
    {"json", "EventType=authentication_failure|User=a|product=windows|category=authentication",
     "none", "windows/authentication/", "windows/process_creation/"},
    {"json", "nothing=known", "none", "", "windows// linux// //syslog"},
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

static void assert_stands_for(const char *name, const char *native)
{
    uint32_t natives[8];
    uint32_t n = datasets_resolve(datasets, datasets_route(datasets, event.route),
                                  fields_find(&fields, str_from_c(name)), natives, 8);
    for (uint32_t i = 0; i < n; i++)
        if (natives[i] == fields_find(&fields, str_from_c(native)))
            return;
    fail_msg("%s does not stand for %s", native, name);
}

static void sysmon_events_moved_to_ecs_answer_to_their_own_names(void **state)
{
    (void)state;
    recognise("json", "Channel=Microsoft-Windows-Sysmon/Operational|EventID=1|user.domain=CORP|"
                      "user.name=eve|process.hash.md5=a|process.hash.sha256=b|process.pe.imphash=c|"
                      "process.executable=x");
    assert_true(str_eq(event_get(&event, "User"), STR("CORP\\eve")));
    assert_true(str_eq(event_get(&event, "Hashes"), STR("MD5=a,SHA256=b,IMPHASH=c")));
    assert_stands_for("Image", "process.executable");
    assert_stands_for("ParentCommandLine", "process.parent.command_line");
    recognise("json", "Channel=Microsoft-Windows-Sysmon/Operational|EventID=3|"
                      "network.direction=egress|destination.port=88");
    assert_true(str_eq(event_get(&event, "Initiated"), STR("true")));
    assert_stands_for("DestinationPort", "destination.port");
    recognise("json", "Channel=Microsoft-Windows-Sysmon/Operational|EventID=13|registry.path=x");
    assert_stands_for("TargetObject", "registry.path");
}

/* Indicators are looked up in the fields that are typed as what they are. */
static void what_can_be_an_indicator_is_typed_so(void **state)
{
    (void)state;
    static const struct {
        const char *dataset, *field;
        enum field_type type;
    } typed[] = {
        {"windows_sysmon", "DestinationIp", FIELD_IP},
        {"windows_sysmon", "Hashes", FIELD_HASHES},
        {"windows_sysmon", "QueryName", FIELD_DOMAIN},
        {"windows_sysmon", "QueryResults", FIELD_ANSWERS},
        {"windows_sysmon", "Image", FIELD_PATH},
        {"windows_sysmon", "CommandLine", FIELD_COMMAND},
        {"windows_sysmon", "file.hash.sha256", FIELD_HASH},
        {"linux_sysmon", "DestinationIp", FIELD_IP},
        {"windows_security", "IpAddress", FIELD_IP},
        {"windows_security", "NewProcessName", FIELD_PATH},
        {"windows_dns_client", "QueryResults", FIELD_ANSWERS},
        {"windows_bits_client", "RemoteName", FIELD_URL},
        {"linux_auditd", "exe", FIELD_PATH},
        {"ecs_endpoint", "dll.hash.sha256", FIELD_HASH},
        {"ecs_endpoint", "url.full", FIELD_URL},
        {"zeek", "id.resp_h", FIELD_IP},
        {"zeek", "query", FIELD_DOMAIN},
        {"zeek", "answers", FIELD_ANSWERS},
        {"zeek", "ja3", FIELD_JA3},
        {"zeek", "ja4", FIELD_JA4},
        {"zeek", "mailfrom", FIELD_EMAIL},
        {"zeek", "url", FIELD_URL},
        {"zeek_unlabelled", "server_name", FIELD_DOMAIN},
        {"suricata", "tls.ja3.hash", FIELD_JA3},
        {"suricata", "tls.ja4", FIELD_JA4},
        {"suricata", "tls.fingerprint", FIELD_HASH},
        {"suricata", "dns.answers.rdata", FIELD_ANSWERS},
        {"suricata", "email.from", FIELD_EMAIL},
        {"suricata", "url", FIELD_URL},
        {"proxy", "c-uri", FIELD_URL},
        {"proxy", "c-useragent", FIELD_AGENT},
        {"webserver", "c-ip", FIELD_IP},
        {"fortigate", "filehash", FIELD_HASH},
        {"fortigate", "qname", FIELD_DOMAIN},
        {"paloalto", "request", FIELD_URL},
        {"cef", "fileHash", FIELD_HASH},
        {"aws_cloudtrail", "sourceIPAddress", FIELD_IP},
        {"azure_signin", "IPAddress", FIELD_IP},
        {"m365_audit", "ClientIP", FIELD_IP},
        {"m365_audit", "AttachmentData.SHA256", FIELD_HASH},
        {"okta", "client.ipAddress", FIELD_IP},
        {"gcp_audit", "protoPayload.requestMetadata.callerIp", FIELD_IP},
        {"github_audit", "user_agent", FIELD_AGENT},
        {"kubernetes_audit", "sourceIPs", FIELD_IP},
        {"dns", "answer", FIELD_ANSWERS},
        {"antivirus", "sha256", FIELD_HASH},
    };
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        uint32_t dataset = datasets_find(datasets, str_from_c(typed[i].dataset));
        uint32_t field = fields_find(&fields, str_from_c(typed[i].field));
        const struct dataset_field *row = datasets_field(datasets, dataset, field);
        if (!row || row->type != typed[i].type)
            fail_msg("%s: %s", typed[i].dataset, typed[i].field);
    }
}

static void host_and_path_are_a_url_together(void **state)
{
    (void)state;
    recognise("zeek", "_path=http|ts=1|uid=C1|id.orig_h=10.0.0.1|host=evil.example|uri=/x?y");
    assert_true(str_eq(event_get(&event, "url"), STR("http://evil.example/x?y")));
    recognise("json", "event_type=http|timestamp=2026-11-21T00:00:00Z|src_ip=10.0.0.1|flow_id=1|"
                      "http.hostname=evil.example|http.url=/x");
    assert_true(str_eq(event_get(&event, "url"), STR("http://evil.example/x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_known_shapes_reach_their_logsources),
        cmocka_unit_test(every_dataset_has_a_title_and_can_be_found),
        cmocka_unit_test(audit_events_answer_to_the_names_of_sysmon),
        cmocka_unit_test(sysmon_events_moved_to_ecs_answer_to_their_own_names),
        cmocka_unit_test(what_can_be_an_indicator_is_typed_so),
        cmocka_unit_test(host_and_path_are_a_url_together),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
