"""Shipped hunts: each finds what was planted in ordinary telemetry, only that, and nothing where nothing was planted.

The cases are tests/hunts/cases_*.py. Every case has two agencies in one centre: one with the planted events, and its twin without."""

import importlib
import os
import re
import sys
import unittest

import jaga
from centre import HAS_LAKE, CentreCase, wait_for
from hunt_test import HuntCase
from jaga import ROOT
from mmdb import mmdb, place

sys.path.insert(0, str(ROOT / "tests/hunts"))

from case import CASES  # noqa: E402
from telemetry import NOW, before, conn, http, iso, lines  # noqa: E402

for path in sorted((ROOT / "tests/hunts").glob("cases_*.py")):
    importlib.import_module(path.stem)

# Their ids, by the names of their files.
HUNTS = {
    path.stem: re.search(r"^// id: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)[1]
    for path in (ROOT / "content/hunts").glob("*.kql")
}

PLACES = {
    "192.0.2.0/24": place("Austria", 48.2, 16.37),
    "203.0.113.0/24": place("Australia", -33.87, 151.21),
}

# For work on one: ANALYTICS=rare_program,mass_download
ONLY = set(filter(None, os.environ.get("ANALYTICS", "").split(",")))


class Cases(unittest.TestCase):
    def test_every_hunt_has_a_case(self):
        self.assertEqual(set(HUNTS), set(CASES))

    def test_the_documentation_lists_each_as_its_file_says(self):
        text = (ROOT / "docs/analytics.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| (\w+) \| (\w+) \|$", text, re.MULTILINE)
        files = []
        for path in (ROOT / "content/hunts").glob("*.kql"):
            said = dict(re.findall(r"^// (\w+): (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
            tables = re.sub(r"\b(?!or\b)\w+", r"`\g<0>`", said["tables"].strip("[]"))
            files.append((path.stem, said["title"], tables, said["every"], said["level"]))
        self.assertEqual(sorted(rows), sorted(files))


@unittest.skipUnless(HAS_LAKE, "libduckdb is not there: tools/duckdb.sh fetches it")
class Analytics(CentreCase):
    def token(self, data, *rights):
        """Made before the centre starts: it then knows all of them at once."""
        done = self.jaga("token", "add", "--data", data, *rights)
        return re.search(r"\bjaga_[\w-]{43}\b", done.out)[0]

    def filled(self, cases):
        """A centre with the events of all cases. Sets self.readers: a token for each agency."""
        data = self.dir / "data"
        data.mkdir(mode=0o700)
        told = {}
        for case in cases:
            told[case.hunt] = case.ordinary_events + case.planted_events
            told[case.hunt + "_twin"] = case.ordinary_events
        senders = {agency: self.token(data, "send", agency, "test") for agency in told}
        self.readers = {agency: self.token(data, "read", agency) for agency in told}
        centre = self.centre("--geo", self.write("places.mmdb", mmdb(PLACES)), "--no-schedule", agency=None)
        for agency, events in told.items():
            answer = centre.ask(
                "POST", "/api/v1/events", lines(events), token=senders[agency],
                headers={"Content-Type": "application/x-ndjson"},
            )
            self.assertEqual(answer.status, 200, answer.text)
        total = sum(map(len, told.values()))
        wait_for("everything to be in the lake", lambda: self.stored(centre) == (total, 0))
        return centre

    @staticmethod
    def stored(centre):
        lake = centre.get("/api/v1/status")["lake"]
        return lake["rows"], lake["lag"]

    def rows(self, centre, hunt, agency, parameters):
        answer = centre.ask(
            "POST", "/api/v1/hunts", {"hunt": HUNTS[hunt], "now": iso(NOW), "parameters": parameters},
            token=self.readers[agency],
        )
        self.assertEqual(answer.status, 200, f"{hunt}: {answer.text}")
        columns = [column["name"] for column in answer.json["columns"]]
        return [dict(zip(columns, row)) for row in answer.json["rows"]]

    def assert_finding_is_told(self, hunt, row):
        """Whatever the title, the time and the identity of a finding are made of is there."""
        text = (ROOT / f"content/hunts/{hunt}.kql").read_text(encoding="utf-8")
        said = dict(re.findall(r"^//   (\w+): (.+)$", text, re.MULTILINE))
        named = re.findall(r"{(\w+)}", said["title"]) + said["entity"].strip("[]").split(", ")
        for column in named + [said[key] for key in ("time", "level", "events") if key in said]:
            self.assertNotIn(row[column], (None, ""), f"{hunt}: {column} of {row}")

    def test_each_finds_what_was_planted_and_nothing_else(self):
        cases = [case.told() for hunt, case in sorted(CASES.items()) if not ONLY or hunt in ONLY]
        centre = self.filled(cases)
        for case in cases:
            with self.subTest(case.hunt):
                found = self.rows(centre, case.hunt, case.hunt, case.parameters)
                shown = [{name: row.get(name) for name in case.expected[0]} for row in found]
                order = lambda row: sorted(map(str, row.items()))  # noqa: E731
                self.assertEqual(sorted(shown, key=order), sorted(case.expected, key=order), found)
                for row in found:
                    self.assert_finding_is_told(case.hunt, row)
                self.assertEqual(self.rows(centre, case.hunt, case.hunt + "_twin", case.parameters), [])


# The same connection, and the same request, as sources tell of them.
TIME = iso(before(hours=1))
ENDS = {"src_ip": "10.0.0.1", "dst_ip": "192.0.2.1", "dst_port": 443}
CONNECTIONS = [
    conn(before(hours=1), "10.0.0.1", "192.0.2.1", sent=7, received=9, seconds=1.5),
    {"timestamp": TIME, "event_type": "flow", "flow_id": 5, "src_ip": "10.0.0.1", "dest_ip": "192.0.2.1", "dest_port": 443, "proto": "TCP",
     "flow": {"bytes_toserver": 7, "bytes_toclient": 9, "age": 2}},
    {"eventtime": TIME, "devid": "FG100", "type": "traffic", "subtype": "forward", "action": "close", "srcip": "10.0.0.1",
     "dstip": "192.0.2.1", "dstport": 443, "sentbyte": 7, "rcvdbyte": 9, "duration": 3},
    {"DeviceVendor": "Palo Alto Networks", "DeviceProduct": "PAN-OS", "DeviceEventClassID": "end", "src": "10.0.0.1", "dst": "192.0.2.1",
     "dpt": 443, "act": "allow", "out": 7, "in": 9, "proto": "tcp"},
    {"start": int(before(hours=1).timestamp()), "srcaddr": "10.0.0.1", "dstaddr": "192.0.2.1", "dstport": 443, "protocol": 6, "bytes": 7,
     "action": "ACCEPT"},
    {"@timestamp": TIME, "action": "allow", **ENDS},
]
REFUSED = [
    conn(before(hours=1), "10.0.0.2", "192.0.2.1", state="REJ"),
    {"start": int(before(hours=1).timestamp()), "srcaddr": "10.0.0.2", "dstaddr": "192.0.2.1", "dstport": 443, "action": "REJECT"},
    {"@timestamp": TIME, "action": "deny", **ENDS, "src_ip": "10.0.0.2"},
]
REQUESTS = [
    http(before(hours=1), "10.0.0.1", "www.example", "/a", "Agent/1", status=404),
    {"timestamp": TIME, "event_type": "http", "src_ip": "10.0.0.1", "dest_ip": "192.0.2.80", "dest_port": 80,
     "http": {"hostname": "www.example", "url": "/a", "http_user_agent": "Agent/1", "http_method": "GET", "status": 404}},
    {"@timestamp": TIME, "c-ip": "10.0.0.1", "c-uri": "/a", "cs-host": "www.example", "cs-method": "GET", "c-useragent": "Agent/1",
     "sc-status": 404},
    {"@timestamp": TIME, "c-ip": "10.0.0.1", "cs-uri-stem": "/a", "cs-host": "www.example", "cs-method": "GET", "cs-user-agent": "Agent/1",
     "sc-status": 404},
]


class Sessions(HuntCase):
    """ASimNetworkSessionLogs and ASimWebSessionLogs, whichever source there is."""

    def setUp(self):
        super().setUp()
        self.served = self.centre()
        events = CONNECTIONS + REFUSED + REQUESTS
        self.assertEqual(self.served.send(events).status, 200)
        wait_for("everything to be in the lake", lambda: self.stored(self.served) == (len(events), 0))

    def test_connections_are_alike(self):
        rows = self.rows(
            self.served, "ASimNetworkSessionLogs | where EventResult == 'Success' and DstPortNumber == 443 "
            "| project _dataset, SrcIpAddr, DstIpAddr, SrcBytes, DstBytes, NetworkDuration"
        )
        ends = ["10.0.0.1", "192.0.2.1"]
        self.assertEqual(sorted(rows), [
            ["aws_vpcflow", *ends, 7, None, None], ["firewall", *ends, None, None, None], ["fortigate", *ends, 7, 9, 3000],
            ["paloalto", *ends, 7, 9, None], ["suricata", *ends, 7, 9, 2000], ["zeek", *ends, 7, 9, 1500],
        ])
        rows = self.rows(self.served, "ASimNetworkSessionLogs | where EventResult != 'Success' | project _dataset, SrcIpAddr")
        self.assertEqual(sorted(rows), [["aws_vpcflow", "10.0.0.2"], ["firewall", "10.0.0.2"], ["zeek", "10.0.0.2"]])

    def test_requests_are_alike(self):
        rows = self.rows(
            self.served, "ASimWebSessionLogs | project _dataset, SrcIpAddr, HttpHost, Url, HttpUserAgent, HttpRequestMethod, EventResult, "
            "EventResultDetails"
        )
        same = ["10.0.0.1", "www.example", "/a", "Agent/1", "GET", "Failure", "404"]
        self.assertEqual(sorted(rows), [[name, *same] for name in ("proxy", "suricata", "webserver", "zeek")])


if __name__ == "__main__":
    jaga.main()
