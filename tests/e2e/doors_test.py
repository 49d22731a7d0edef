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


class DoorsTest(CentreCase):
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
