/* The tables that jaga ships, over the datasets that it ships. */
#include "base/test.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "hunt/world_test.h"

static struct world world;

static int load(void **state)
{
    (void)state;
    world_load(&world);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    world_unload(&world);
    return 0;
}

/* A row is wanted by its time, in this name or that. */
static void every_table_of_rows_with_a_time_has_it_from_the_lake(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < tables_count(world.tables); i++) {
        const struct table *table = tables_get(world.tables, i);
        uint32_t time = table_column_find(table, STR("TimeGenerated"));
        for (uint32_t s = 0; time != TABLE_COLUMN_NONE && s < table->n_sources; s++) {
            const struct table_source *source = &table->sources[s];
            struct str wanted = source->kind == TABLE_FROM_FINDINGS ? STR("created") : STR("_time");
            if (!table->open && !str_eq(source->cells[time].text, wanted))
                fail_msg("%.*s: TimeGenerated of %.*s is %.*s", STR_ARG(table->name),
                         STR_ARG(source->dataset), STR_ARG(source->cells[time].text));
        }
    }
}

/* withsource, union and searches tell rows apart by the name of their table. */
static void a_row_says_which_table_it_is_of(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < tables_count(world.tables); i++) {
        const struct table *table = tables_get(world.tables, i);
        uint32_t type = table_column_find(table, STR("Type"));
        for (uint32_t s = 0;
             !table->open && table->origin.len && type != TABLE_COLUMN_NONE && s < table->n_sources;
             s++) {
            char wanted[80];
            const struct table_cell *cell = &table->sources[s].cells[type];
            (void)snprintf(wanted, sizeof(wanted), "'%.*s'", STR_ARG(table->name));
            if (!cell->same && !str_eq(cell->text, str_from_c(wanted)))
                fail_msg("%.*s: Type of %.*s is %.*s", STR_ARG(table->name),
                         STR_ARG(table->sources[s].dataset), STR_ARG(cell->text));
        }
    }
}

static void assert_made_of(const char *table, const char *dataset, const char *column,
                           const char *text)
{
    const struct table *found = tables_find(world.tables, str_from_c(table));
    assert_non_null(found);
    uint32_t index = table_column_find(found, str_from_c(column));
    assert_int_not_equal(index, TABLE_COLUMN_NONE);
    for (uint32_t s = 0; s < found->n_sources; s++)
        if (str_eq(found->sources[s].dataset, str_from_c(dataset)) &&
            str_eq(found->sources[s].cells[index].text, str_from_c(text)))
            return;
    fail_msg("%s.%s is not made of %s's %s", table, column, dataset, text);
}

static void what_the_sources_of_an_agency_tell_is_found_under_the_published_names(void **state)
{
    (void)state;
    assert_made_of("DeviceProcessEvents", "windows_sysmon", "ProcessCommandLine", "CommandLine");
    assert_made_of("DeviceProcessEvents", "windows_security", "FolderPath", "NewProcessName");
    assert_made_of("DeviceNetworkEvents", "linux_auditd", "RemoteIP", "laddr");
    assert_made_of("DeviceProcessEvents", "windows_sysmon", "ProcessCommandLine",
                   "process.command_line"); /* as Winlogbeat and Elastic have it */
    assert_made_of("SecurityEvent", "windows_security", "NewProcessName", "NewProcessName");
    assert_made_of("SigninLogs", "azure_signin", "UserPrincipalName",
                   "properties.userPrincipalName");
    assert_made_of("AWSCloudTrail", "aws_cloudtrail", "EventName", "eventName");
    assert_made_of("CommonSecurityLog", "paloalto", "DestinationIP", "dst");
    assert_made_of("Syslog", "linux_journal", "SyslogMessage", "MESSAGE");
    assert_made_of("DnsEvents", "zeek", "Name", "query");
    assert_made_of("W3CIISLog", "webserver", "csMethod", "cs-method");
    assert_made_of("SecurityAlert", "", "SystemAlertId", "id");
    assert_made_of("events", "windows_sysmon", "process.command_line",
                   "coalesce(tostring(['CommandLine']), tostring(['SourceCommandLine']), "
                   "tostring(['process.command_line']))");
    assert_made_of("events", "suricata", "destination.ip", "dest_ip");
}

static void rows_exported_from_microsoft_keep_their_columns(void **state)
{
    (void)state;
    assert_made_of("DeviceFileEvents", "defender_device", "FolderPath", "FolderPath");
    assert_made_of("DeviceFileEvents", "defender_device_stream", "FolderPath",
                   "properties.FolderPath");
    assert_made_of("SigninLogs", "azure_signin", "IPAddress", "IPAddress");
    assert_made_of("EmailEvents", "defender_xdr", "Subject", "Subject");
    assert_made_of("IntuneDevices", "log_analytics", "UPN", "UPN");
    assert_made_of("DeviceEvents", "defender_device_stream", "AdditionalFields",
                   "coalesce(todynamic(['properties.AdditionalFields']), "
                   "todynamic(_raw).properties['AdditionalFields'])");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_of_rows_with_a_time_has_it_from_the_lake),
        cmocka_unit_test(a_row_says_which_table_it_is_of),
        cmocka_unit_test(what_the_sources_of_an_agency_tell_is_found_under_the_published_names),
        cmocka_unit_test(rows_exported_from_microsoft_keep_their_columns),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
