"""Tables: rows that Microsoft exports are known as what they are, and `jaga tables` says what hunts may name."""

import json

import jaga
from jaga import lines

RULES = r"""
title: Tool
id: 5a0c1c8e-0002-4a0b-9d38-3b6f5a1b0001
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\tool.exe', CommandLine|contains: secret, ParentImage|endswith: '\cmd.exe'}
  condition: selection
level: high
---
title: Run key
id: 5a0c1c8e-0002-4a0b-9d38-3b6f5a1b0002
logsource: {product: windows, category: registry_set}
detection:
  selection: {TargetObject|startswith: 'HKLM\', TargetObject|endswith: '\Run\evil', Details: evil.exe}
  condition: selection
level: high
---
title: Sign-in
id: 5a0c1c8e-0002-4a0b-9d38-3b6f5a1b0003
logsource: {product: azure, service: signinlogs}
detection:
  selection: {AppId: app, ResultType: 50126}
  condition: selection
level: high
"""

PROCESS = {
    "DeviceId": "1", "DeviceName": "pc1.example", "ActionType": "ProcessCreated", "FileName": "tool.exe",
    "FolderPath": r"C:\Temp\tool.exe", "ProcessCommandLine": "tool.exe secret", "AccountName": "eve",
    "InitiatingProcessFileName": "cmd.exe", "InitiatingProcessFolderPath": r"c:\windows\system32\cmd.exe",
}
REGISTRY = {
    "DeviceName": "pc1.example", "ActionType": "RegistryValueSet",
    "RegistryKey": r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run",
    "RegistryValueName": "evil", "RegistryValueData": "evil.exe",
}
TIME = "2026-11-20T10:00:00Z"


def streamed(table, row):
    """As the streaming API of Defender XDR sends a row to an event hub."""
    return {"time": "2026-11-20T10:05:00Z", "tenantId": "t", "operationName": "Publish",
            "category": f"AdvancedHunting-{table}", "properties": {"Timestamp": TIME, **row}}


def exported(table, row):
    """As a data export rule of Log Analytics writes it."""
    return {"TenantId": "t", "TimeGenerated": TIME, "Type": table, **row}


class Exports(jaga.Case):
    def setUp(self):
        super().setUp()
        self.write("rules.yml", RULES)

    def found(self, name, content):
        """Title, host, and time of what the rules find in a file."""
        found = self.findings("--rules", "rules.yml", self.write(name, content))
        return [(f["finding_info"]["title"], f["evidences"][0].get("device", {}).get("hostname"), f["time"])
                for f in found]

    def assert_found(self, name, content, *titles):
        self.assertEqual(self.found(name, content), [(t, "pc1.example", 1795168800000) for t in titles])

    def test_rules_find_what_the_streaming_api_sends(self):
        records = [streamed("DeviceProcessEvents", PROCESS), streamed("DeviceRegistryEvents", REGISTRY)]
        self.assert_found("hub.json", json.dumps({"records": records}), "Tool", "Run key")

    def test_rules_find_what_log_analytics_exports(self):
        rows = [exported("DeviceProcessEvents", PROCESS), exported("DeviceRegistryEvents", REGISTRY)]
        self.assert_found("export.json", lines(rows), "Tool", "Run key")

    def test_rules_find_what_the_hunting_page_exports(self):
        row = {"Timestamp": TIME, **PROCESS}
        self.assert_found("page.csv", ",".join(row) + "\n" + ",".join(row.values()) + "\n", "Tool")

    def test_security_events_from_log_analytics_are_those_of_windows(self):
        row = {"Channel": "Security", "EventID": 4688, "Computer": "pc1.example",
               "NewProcessName": r"C:\Temp\tool.exe", "CommandLine": "tool.exe secret",
               "ParentProcessName": r"C:\Windows\System32\cmd.exe"}
        self.assert_found("security.json", lines([exported("SecurityEvent", row)]), "Tool")

    def test_sign_ins_of_the_table_and_of_the_diagnostic_setting_are_the_same(self):
        table = exported("SigninLogs", {"AppId": "app", "ResultType": "50126", "UserPrincipalName": "eve"})
        setting = {"time": TIME, "category": "SignInLogs", "resultType": "50126", "properties": {"appId": "app"}}
        for row in (table, setting):
            self.assertEqual([title for title, _, _ in self.found("signin.json", lines([row]))], ["Sign-in"])


class Tables(jaga.Case):
    def test_the_list_has_published_tables_and_events(self):
        names = {line.split()[0] for line in self.jaga("tables", "list").out.splitlines()}
        self.assertLessEqual({"SecurityEvent", "DeviceProcessEvents", "SigninLogs", "events"}, names)
        self.assertNotIn("windows_sysmon", names)

    def test_a_table_is_shown_with_its_columns_and_what_they_are_made_of(self):
        out = self.jaga("tables", "show", "DeviceProcessEvents").out
        self.assertRegex(out, r"\nProcessId +long\n")
        self.assertRegex(out, r"\nFrom windows_sysmon, where EventID == 1 and isnotempty.Image.:\n(  .*\n)*  ProcessCommandLine +CommandLine\n")

    def test_a_mistyped_name_has_a_suggestion(self):
        done = self.jaga("tables", "show", "securityevents", code=jaga.USAGE)
        self.assertIn("did you mean 'SecurityEvent'?", done.err)

    def test_a_table_of_ones_own_is_a_file_more(self):
        self.jaga("content", "export", "mine")
        self.write("mine/tables/Mine.yaml", "name: Mine\nabout: My own\ncolumns: {Who: string}\n"
                   "from: [{dataset: windows_sysmon, columns: {Who: User}}]\n")
        self.assertRegex(self.jaga("tables", "show", "Mine", "--content", "mine").out, r"\n  Who +User\n")

    def test_a_field_that_no_dataset_knows_is_said_with_its_place(self):
        self.jaga("content", "export", "mine")
        path = self.write("mine/tables/Mine.yaml", "name: Mine\nabout: My own\ncolumns: {Who: string}\n"
                          "from:\n- dataset: windows_sysmon\n  columns:\n    Who: tolower(Usr)\n")
        done = self.jaga("tables", "list", "--content", "mine", code=jaga.USAGE)
        self.assertIn("Mine.yaml:7:10: dataset windows_sysmon knows no field 'Usr'", done.err, path)


if __name__ == "__main__":
    jaga.main()
