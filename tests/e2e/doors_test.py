"""The same event through every HTTP door, in every shape a shipper may give it, is the same finding."""

import json
import unittest

from centre import CentreCase
from jaga import RULE, main, process

IMAGE = "C:\\Windows\\System32\\whoami.exe"

XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID>"
    "<TimeCreated SystemTime='2026-11-21T08:00:00.000Z'/><EventRecordID>1</EventRecordID>"
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>%s</Computer></System>"
    "<EventData><Data Name='UtcTime'>2026-11-21 08:00:00.000</Data>"
    "<Data Name='Image'>C:\\Windows\\System32\\whoami.exe</Data></EventData></Event>"
)


def any_value(value):
    """OTLP's JSON of a value."""
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": any_value(v)} for key, v in value.items()]}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(v) for v in value]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def otlp(body):
    record = {"timeUnixNano": "1795248000000000000", "body": any_value(body)}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})


def receiver(host):
    """As OpenTelemetry's windowseventlog receiver gives an event."""
    return {
        "provider": {"name": "Microsoft-Windows-Sysmon"},
        "event_id": {"id": 1, "qualifiers": 0},
        "channel": "Microsoft-Windows-Sysmon/Operational",
        "computer": host,
        "event_data": {"data": [{"UtcTime": "2026-11-21 08:00:00.000"}, {"Image": IMAGE}]},
    }


def winlogbeat(host):
    return {
        "@timestamp": "2026-11-21T08:00:00.000Z",
        "winlog": {
            "channel": "Microsoft-Windows-Sysmon/Operational",
            "provider_name": "Microsoft-Windows-Sysmon",
            "event_id": "1",
            "computer_name": host,
            "event_data": {"Image": IMAGE},
        },
    }


def bulk(event):
    return '{"create":{"_index":"winlogbeat-9.2.0"}}\n' + json.dumps(event) + "\n"


# Path, type of the body, the body for a host.
SHAPES = {
    "elastic": ("/_bulk", "application/x-ndjson", lambda host: bulk(process(IMAGE, host=host))),
    "elastic-winlogbeat": ("/_bulk", "application/x-ndjson", lambda host: bulk(winlogbeat(host))),
    "hec-object": (
        "/services/collector",
        "application/json",
        lambda host: json.dumps({"event": process(IMAGE, host=host), "host": "forwarder"}),
    ),
    "hec-xml": (
        "/services/collector/event",
        "application/json",
        lambda host: json.dumps({"event": XML % host, "sourcetype": "XmlWinEventLog"}),
    ),
    "hec-raw": (
        "/services/collector/raw?sourcetype=json",
        "text/plain",
        lambda host: json.dumps(process(IMAGE, host=host)) + "\n",
    ),
    "otlp-receiver": ("/v1/logs", "application/json", lambda host: otlp(receiver(host))),
    "otlp-xml": ("/v1/logs", "application/json", lambda host: otlp(XML % host)),
    "ndjson": ("/api/v1/events", "application/x-ndjson", lambda host: json.dumps(process(IMAGE, host=host)) + "\n"),
    "list": ("/api/v1/events", "application/json", lambda host: json.dumps([process(IMAGE, host=host)], indent=2)),
}


SSHD = """\
title: Failed password
id: 5a0c1c8e-000a-4a0b-9d38-3b6f5a1b0001
logsource: {product: linux, service: sshd}
detection:
  selection: {program: sshd, message|contains: Failed password}
  condition: selection
level: medium
"""

SHELL = """\
title: Web shell
id: 5a0c1c8e-000a-4a0b-9d38-3b6f5a1b0002
logsource: {category: webserver}
detection:
  selection: {cs-uri-stem|endswith: /shell.php}
  condition: selection
level: high
"""

# Lines that jaga cat takes apart, as the text of an event.
LINES = [
    ("Failed password", "2026-11-21T10:00:00+08:00 %s sshd[7]: Failed password for root from 192.0.2.1"),
    ("Failed password", "Nov 21 10:00:00 %s sshd[7]: Failed password for root from 192.0.2.1"),
    ("Web shell", '%s - - [21/Nov/2026:10:00:00 +0800] "GET /shell.php?c=id HTTP/1.1" 200 5 "-" "curl/8"'),
]

# How doors carry a text.
TEXTS = {
    "hec": ("/services/collector/event", "application/json", lambda text: json.dumps({"event": text})),
    "otlp": ("/v1/logs", "application/json", otlp),
    "ndjson": ("/api/v1/events", "application/x-ndjson", lambda text: json.dumps({"message": text}) + "\n"),
    "elastic": ("/_bulk", "application/x-ndjson", lambda text: bulk({"event": {"original": text}})),
}


class DoorsTest(CentreCase):
    def test_lines_that_doors_carry_as_text_are_taken_apart(self):
        rules = self.dir / "rules"
        rules.mkdir()
        (rules / "sshd.yml").write_text(SSHD)
        (rules / "shell.yml").write_text(SHELL)
        centre = self.centre("--rules", rules, "--fold", "0s")
        for path, kind, body in TEXTS.values():
            for n, (_, line) in enumerate(LINES):
                answer = centre.ask("POST", path, body(line % f"192.0.2.{n}"), centre.token, {"Content-Type": kind})
                self.assertEqual(answer.status, 200, answer.text)
        centre.wait_until_matched()
        found = [finding["title"] for finding in centre.findings() for _ in range(finding["count"])]
        self.assertEqual(sorted(found), sorted(title for title, _ in LINES for _ in TEXTS))

    def test_every_shape_is_the_same_finding(self):
        centre = self.centre("--rules", self.write("rule.yml", RULE))
        for name, (path, kind, body) in SHAPES.items():
            answer = centre.ask("POST", path, body(name), token=centre.token, headers={"Content-Type": kind})
            self.assertEqual(answer.status, 200, f"{name}: {answer.text}")
        found = centre.wait_for_findings(len(SHAPES))
        text = json.dumps(found)
        for name in SHAPES:
            self.assertIn(f'"{name}"', text, "no finding on this host")
        self.assertEqual(len(found), len(SHAPES))
        self.assertEqual(centre.account()["rejected"], 0)


if __name__ == "__main__":
    unittest.installHandler()
    main()
