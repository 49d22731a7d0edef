"""Shipped hunts: each finds what was planted in ordinary telemetry, only that, and nothing where nothing was planted.

The cases are tests/hunts/cases_*.py. Every case has two agencies in one centre: one with the planted events, and its twin without."""

import importlib
import os
import re
import sys
import unittest

import jaga
from centre import HAS_LAKE, CentreCase, wait_for
from jaga import ROOT
from mmdb import mmdb, place

sys.path.insert(0, str(ROOT / "tests/hunts"))

from case import CASES  # noqa: E402
from telemetry import NOW, iso, lines  # noqa: E402

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
            tables = ", ".join(f"`{table}`" for table in said["tables"].strip("[]").split(", "))
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

    def test_each_finds_what_was_planted_and_nothing_else(self):
        cases = [case.told() for hunt, case in sorted(CASES.items()) if not ONLY or hunt in ONLY]
        centre = self.filled(cases)
        for case in cases:
            with self.subTest(case.hunt):
                found = self.rows(centre, case.hunt, case.hunt, case.parameters)
                shown = [{name: row.get(name) for name in case.expected[0]} for row in found]
                order = lambda row: sorted(map(str, row.items()))  # noqa: E731
                self.assertEqual(sorted(shown, key=order), sorted(case.expected, key=order), found)
                self.assertEqual(self.rows(centre, case.hunt, case.hunt + "_twin", case.parameters), [])


if __name__ == "__main__":
    jaga.main()
