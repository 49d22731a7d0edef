"""Saved hunts: run by schedule and by hand, for each agency alone; their rows are findings, each once."""

import datetime
import os
import random
import signal
import sqlite3
import time
import unittest

import jaga

from centre import HAS_LAKE, CentreCase, wait_for
from jaga import DONE, REFUSED, USAGE, process

KILLS = int(os.environ.get("JAGA_KILLS", "5"))
ID = "3d0c4c1e-8a53-4f43-9d0b-2f6f3c1a7e11"

HEADER = f"""\
// title: Whoami was run
// id: {ID}
// description: Who asks for the own name.
// level: medium
// attack: [T1033, TA0007]
// tables: [windows_sysmon]
"""
SCHEDULE = "// every: 1d\n"
FINDING = """\
// finding:
//   title: "whoami on {Computer}"
//   time: Last
//   entity: [Computer]
//   host: Computer
//   process: Image
//   events: Ids
"""
QUERY = """\
declare query_parameters(name:string = "whoami.exe", most:long = 1000000);
windows_sysmon
| where Image endswith name
| summarize Last = max(_time), Image = take_any(Image), n = count(), Ids = make_list(_id) by Computer
| where n <= most
"""
WHOLE = HEADER + SCHEDULE + FINDING + QUERY


def events(host, n, minute=0):
    return [
        process("C:\\Windows\\whoami.exe", k, host=host, time=f"2026-11-21 08:{minute:02}:{k % 60:02}.000") for k in range(n)
    ]


@unittest.skipUnless(HAS_LAKE, "libduckdb is not there: tools/duckdb.sh fetches it")
class SavedCase(CentreCase):
    def filled(self, *options, hunt=WHOLE):
        """A centre with a hunt in a folder, and events of two agencies in the lake."""
        if hunt:
            self.write("hunts/one.kql", hunt)
            options += ("--hunts", self.path("hunts"))
        centre = self.centre(*options)
        self.parks = centre.add_token("parks", "windows")
        centre.send(events("H1", 3))
        centre.send(events("P1", 2), token=self.parks)
        self.wait_stored(centre, 5)
        return centre

    def path(self, name):
        return str(self.dir / name)

    def wait_stored(self, centre, rows):
        wait_for("everything to be in the lake", lambda: self.stored(centre) == (rows, 0))

    @staticmethod
    def stored(centre):
        lake = centre.get("/api/v1/status")["lake"]
        return lake["rows"], lake["lag"]

    def reader(self, centre, agency):
        return centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": agency}).json["token"]

    def saved(self, centre, token=None):
        return centre.ask("GET", "/api/v1/saved-hunts/" + ID, token=token).json

    def runs(self, centre, token=None):
        return {run["agency"]: run for run in self.saved(centre, token)["runs"]}

    def run_now(self, centre, agencies=("health", "parks"), token=None):
        """Has it run for all agencies, and waits until it has."""
        before = self.runs(centre)
        answer = centre.ask("POST", f"/api/v1/saved-hunts/{ID}/run", token=token)
        self.assertEqual(answer.status, 204, answer.text)
        return wait_for(
            "the hunt to have run",
            lambda: all(a in (now := self.runs(centre)) and now[a] != before.get(a) for a in agencies) and now,
        )

    def found(self, centre, **query):
        return sorted((f["agency"], f["host"], f["count"]) for f in centre.findings(kind="hunt", **query))


class Schedule(SavedCase):
    def test_a_hunt_that_is_due_runs_for_each_agency_that_has_events(self):
        centre = self.filled("--hunt-lag", "0s")
        wait_for("its findings", lambda: len(self.found(centre)) == 2)
        self.assertEqual(self.found(centre), [("health", "H1", 1), ("parks", "P1", 1)])
        runs = self.runs(centre)
        self.assertEqual({a: (r["outcome"], r["rows"], r["findings"]) for a, r in runs.items()},
                         {"health": ("found", 1, 1), "parks": ("found", 1, 1)})
        # A start within the day runs nothing again.
        centre.stop()
        centre.start()
        self.assertEqual(self.runs(centre), runs)

    def test_a_finding_is_an_ordinary_one(self):
        centre = self.filled("--no-schedule")
        self.run_now(centre)
        finding = centre.findings(kind="hunt", agency="health")[0]
        self.assertEqual((finding["rule"], finding["title"], finding["level"]), (ID, "whoami on H1", "medium"))
        self.assertEqual(finding["tags"], ["attack.t1033", "attack.discovery"])
        self.assertEqual(finding["last"], "2026-11-21T08:00:02Z")
        whole = centre.get("/api/v1/findings/" + finding["id"])
        self.assertEqual([event["event"]["Computer"] for event in whole["events"]], ["H1"] * 3)
        ocsf = whole["ocsf"]
        self.assertEqual((ocsf["class_uid"], ocsf["finding_info"]["title"]), (2004, "whoami on H1"))
        self.assertEqual(ocsf["finding_info"]["analytic"]["category"], "Saved hunt")
        self.assertEqual(ocsf["finding_info"]["analytic"]["uid"], ID)
        self.assertEqual(ocsf["finding_info"]["attacks"][0]["technique"]["uid"], "T1033")
        self.assertEqual(ocsf["metadata"]["tenant_uid"], "health")
        self.assertEqual(ocsf["evidences"][0]["data"]["n"], 3)
        self.assertIn(("Hostname", "H1"), [(o["type"], o["value"]) for o in ocsf["observables"]])
        metrics = centre.ask("GET", "/metrics").text
        self.assertIn('jaga_saved_hunt_runs_total{outcome="found"} 2', metrics)
        self.assertIn("jaga_saved_hunt_findings_total 2", metrics)
        closed = centre.ask("PATCH", "/api/v1/findings/" + finding["id"], {"status": "closed"})
        self.assertEqual(closed.status, 200, closed.text)

    def test_a_run_that_could_not_be_recorded_is_run_again(self):
        centre = self.filled("--no-schedule")
        holder = sqlite3.connect(os.path.join(centre.data, "ledger.db"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        answer = centre.ask("POST", f"/api/v1/saved-hunts/{ID}/run")
        self.assertEqual(answer.status, 204, answer.text)
        wait_for("the complaint", lambda: any("event=hunt.schedule" in line for line in centre.log))
        self.assertEqual(self.runs(centre), {})
        holder.execute("ROLLBACK")
        holder.close()
        wait_for("both runs", lambda: len(self.runs(centre)) == 2)
        self.assertEqual(self.found(centre), [("health", "H1", 1), ("parks", "P1", 1)])

    def test_the_same_row_is_found_once_and_new_evidence_counts(self):
        centre = self.filled("--no-schedule")
        for _ in range(3):
            self.run_now(centre)
        self.assertEqual(self.found(centre), [("health", "H1", 1), ("parks", "P1", 1)])
        centre.send(events("H1", 1, minute=5))
        self.wait_stored(centre, 6)
        runs = self.run_now(centre)
        self.assertEqual((runs["health"]["findings"], runs["parks"]["findings"]), (1, 0))
        self.assertEqual(self.found(centre), [("health", "H1", 2), ("parks", "P1", 1)])
        # Once it is closed, the old evidence opens no new one, and new evidence does.
        finding = centre.findings(kind="hunt", agency="health")[0]
        centre.ask("PATCH", "/api/v1/findings/" + finding["id"], {"status": "closed"})
        self.run_now(centre)
        self.assertEqual(self.found(centre, status="open"), [("parks", "P1", 1)])
        centre.send(events("H1", 1, minute=9))
        self.wait_stored(centre, 7)
        self.run_now(centre)
        self.assertEqual(self.found(centre, status="open"), [("health", "H1", 1), ("parks", "P1", 1)])

    def test_nothing_found_is_told_from_nothing_to_look_at(self):
        hunt = WHOLE.replace('"whoami.exe"', '"nothing.exe"')
        centre = self.filled("--no-schedule", hunt=hunt)
        self.assertEqual({r["outcome"] for r in self.run_now(centre).values()}, {"clean"})
        centre.stop()
        self.write("hunts/one.kql", hunt.replace("tables: [windows_sysmon]", "tables: [Syslog]"))
        centre.start()
        run = self.run_now(centre)["health"]
        self.assertEqual((run["outcome"], run["problem"]), ("no-data", "Syslog has no rows of that time"))
        centre.stop()
        self.write("hunts/one.kql", hunt.replace("tables: [windows_sysmon]", "tables: [Syslog or windows_sysmon]"))
        centre.start()
        self.assertEqual(self.run_now(centre)["health"]["outcome"], "clean")

    def test_a_hunt_that_fails_says_why(self):
        hunt = WHOLE.replace("| where n <= most", '| where Computer matches regex strcat("(", Computer)')
        centre = self.filled("--no-schedule", hunt=hunt)
        run = self.run_now(centre)["health"]
        self.assertEqual((run["outcome"], run["rows"], run["findings"]), ("failed", 0, 0))
        self.assertTrue(run["problem"])
        self.assertEqual(self.found(centre), [])

    def test_a_central_hunt_says_whose_its_rows_are(self):
        hunt = HEADER + "// scope: centre\n" + FINDING + QUERY.replace("by Computer", "by Computer, _agency")
        centre = self.filled("--no-schedule", hunt=hunt)
        self.run_now(centre, ("",))
        self.assertEqual(self.found(centre), [("health", "H1", 1), ("parks", "P1", 1)])
        self.assertEqual(self.runs(centre, self.reader(centre, "health")), {})

    def test_exceptions_and_the_choice_of_an_agency_are_respected(self):
        config = f"agencies:\n  - name: parks\n    without: [{ID}]\n  - name: health\n"
        self.write("hunts/one.kql", WHOLE)
        centre = self.centre("--no-schedule", "--hunts", self.path("hunts"), config=config)
        self.parks = centre.add_token("parks", "windows")
        centre.send(events("H1", 1) + events("H2", 1))
        centre.send(events("P1", 2), token=self.parks)
        self.wait_stored(centre, 4)
        rule = f"""\
title: H1 may
logsource: {{product: jaga, service: hunt}}
filter:
  rules: [{ID}]
  selection: {{Computer: H1}}
  condition: not selection
"""
        exception = {"agency": "health", "reason": "a test", "filter": rule}
        self.assertEqual(centre.ask("POST", "/api/v1/exceptions", exception).status, 201)
        self.run_now(centre)
        self.assertEqual(self.found(centre), [("health", "H2", 1)])
        self.assertEqual(centre.get("/api/v1/exceptions")["exceptions"][0]["used"], 1)
        centre.configure("agencies:\n  - name: parks\n  - name: health\n")
        centre.process.send_signal(signal.SIGHUP)
        wait_for("the new choice", lambda: self.run_now(centre) and len(self.found(centre)) == 2)
        self.assertEqual(self.found(centre), [("health", "H2", 1), ("parks", "P1", 1)])


class Kept(SavedCase):
    def test_a_hunt_is_kept_changed_and_removed(self):
        centre = self.filled("--no-schedule", hunt=None)
        self.assertEqual(centre.ask("POST", "/api/v1/saved-hunts", {"text": WHOLE}).status, 201)
        self.assertEqual(centre.ask("POST", "/api/v1/saved-hunts", {"text": WHOLE}).status, 409)
        self.run_now(centre)
        self.assertEqual(len(self.found(centre)), 2)
        listed = {hunt["id"]: hunt for hunt in centre.get("/api/v1/saved-hunts")["hunts"]}
        self.assertEqual((listed[ID]["outcomes"]["found"], listed[ID]["every"]), (2, 86400))
        changed = WHOLE.replace("Whoami was run", "Another title")
        self.assertEqual(centre.ask("PUT", "/api/v1/saved-hunts/" + ID, {"text": changed}).json["title"], "Another title")
        bad = centre.ask("PUT", "/api/v1/saved-hunts/" + ID, {"text": WHOLE.replace("Last = max", "Lost = max")})
        self.assertEqual(bad.status, 400)
        self.assertIn("line 10, column 12: the query's result has no column 'Last'", bad.json["detail"])
        self.assertEqual(centre.ask("DELETE", "/api/v1/saved-hunts/" + ID).status, 204)
        self.assertEqual(centre.ask("GET", "/api/v1/saved-hunts/" + ID).status, 404)
        actions = [entry["action"] for entry in centre.get("/api/v1/journal?limit=1000")["entries"]]
        for action in ("hunt.add", "hunt.run", "hunt.change", "hunt.remove"):
            self.assertIn(action, actions)

    def test_who_reads_keeps_hunts_of_the_own_agencies_to_run_by_hand(self):
        centre = self.filled("--no-schedule", hunt=None)
        health, parks = self.reader(centre, "health"), self.reader(centre, "parks")
        answer = centre.ask("POST", "/api/v1/saved-hunts", {"text": WHOLE}, token=health)
        self.assertEqual(answer.status, 403, answer.text)
        text = HEADER + QUERY
        answer = centre.ask("POST", "/api/v1/saved-hunts", {"text": text, "agencies": "parks"}, token=health)
        self.assertEqual(answer.status, 403, answer.text)
        answer = centre.ask("POST", "/api/v1/saved-hunts", {"text": text}, token=health)
        self.assertEqual((answer.status, answer.json["agencies"]), (201, "health"), answer.text)
        for method, body in (("GET", None), ("PUT", {"text": text}), ("DELETE", None)):
            self.assertEqual(centre.ask(method, "/api/v1/saved-hunts/" + ID, body, token=parks).status, 404)
        self.assertNotIn(ID, centre.ask("GET", "/api/v1/saved-hunts", token=parks).text)
        again = centre.ask("POST", "/api/v1/saved-hunts", {"text": text}, token=parks)
        self.assertEqual(again.status, 409)
        self.assertEqual(centre.ask("POST", f"/api/v1/saved-hunts/{ID}/run", token=health).status, 403)
        rows = centre.ask("POST", "/api/v1/hunts", {"hunt": ID}, token=health).json["rows"]
        self.assertEqual([row[0] for row in rows], ["H1"])
        other = self.reader(centre, "health")
        self.assertEqual(centre.ask("DELETE", "/api/v1/saved-hunts/" + ID, token=other).status, 403)
        self.assertEqual(centre.ask("DELETE", "/api/v1/saved-hunts/" + ID, token=health).status, 204)

    def test_parameters_are_given_by_name(self):
        centre = self.filled("--no-schedule")
        ask = lambda **body: centre.ask("POST", "/api/v1/hunts", dict(body, hunt=ID))
        self.assertEqual(len(ask(parameters={"most": "2"}).json["rows"]), 1)
        self.assertEqual(len(ask(now="2026-11-21T08:00:01Z").json["rows"]), 2)
        self.assertEqual(len(ask(now="2026-11-21T08:00:00Z").json["rows"]), 0)
        for parameters, problem in (
            ({"mots": "2"}, "did you mean 'most'?"),
            ({"most": "two"}, "the parameter 'most' is a long, which 'two' is not"),
        ):
            answer = ask(parameters=parameters)
            self.assertEqual(answer.status, 400)
            self.assertIn(problem, answer.json["detail"])


class Commands(SavedCase):
    def client(self, centre, *more):
        token = self.write("token", centre.admin + "\n")
        os.chmod(token, 0o600)
        return ("--to", centre.url, "--token-file", token, "--insecure", *more)

    def test_a_folder_of_hunts_is_listed_checked_and_run(self):
        centre = self.filled("--no-schedule")
        listed = self.jaga("hunts", "list", "--hunts", self.path("hunts")).out
        self.assertIn(ID, listed)
        self.assertGreater(len(listed.splitlines()), 10)  # the shipped ones
        self.assertIn("whoami.exe", self.jaga("hunts", "show", ID, "--hunts", self.path("hunts")).out)
        self.assertIn("1 good, 0 bad", self.jaga("hunts", "check", self.path("hunts")).err)
        self.write("bad/two.kql", WHOLE.replace("every: 1d", "evry: 1d"))
        checked = self.jaga("hunts", "check", self.path("bad"), code=REFUSED)
        self.assertIn("two.kql:7:4: unknown key 'evry'; did you mean 'every'?", checked.err)
        run = ("hunts", "run", ID, "-o", "jsonl", "--hunts", self.path("hunts"))
        to = self.client(centre)
        self.assertEqual(len(self.jaga(*run, *to).out.splitlines()), 2)
        self.assertEqual(len(self.jaga(*run, *to, "--parameter", "most=2").out.splitlines()), 1)
        self.assertEqual(len(self.jaga(*run, *to, "--now", "2026-11-21T08:00:00Z").out.splitlines()), 0)
        centre.stop()
        folder = (*run, "--data", centre.data)
        self.assertEqual(len(self.jaga(*folder).out.splitlines()), 2)
        self.assertEqual(len(self.jaga(*folder, "--parameter", "most=2").out.splitlines()), 1)
        self.assertEqual(len(self.jaga(*folder, "--now", "2026-11-21T08:00:00Z").out.splitlines()), 0)
        for wrong, problem in (("mots=2", "did you mean 'most'?"), ("most=x", "is a long"), ("most", "NAME=VALUE")):
            self.assertIn(problem, self.jaga(*folder, "--parameter", wrong, code=USAGE).err)

    def test_a_centre_is_given_a_hunt_to_keep(self):
        centre = self.filled("--no-schedule", hunt=None)
        to = self.client(centre)
        path = self.write("one.kql", WHOLE)
        self.jaga("hunts", "add", path, "--agency", "parks", *to)
        self.jaga("hunts", "add", path, *to, code=REFUSED)
        self.write("one.kql", WHOLE.replace("level: medium", "level: high"))
        self.jaga("hunts", "change", path, "--agency", "parks", *to)
        self.jaga("hunts", "run", ID, "--record", *to)
        wait_for("its finding", lambda: self.found(centre) == [("parks", "P1", 1)])
        self.assertEqual(centre.findings(kind="hunt")[0]["level"], "high")
        self.assertRegex(self.jaga("hunts", "list", *to).out, ID + r".*\(1 found\)")
        self.jaga("hunts", "run", "rare_program", *to)  # a shipped one, by its name
        shown = self.jaga("hunts", "show", ID, *to).out
        self.assertIn("level: high", shown)
        self.assertRegex(shown, r"parks .* found +1 rows, 1 findings")
        self.jaga("hunts", "remove", ID, *to)
        self.jaga("hunts", "show", ID, *to, code=REFUSED)


class Draft(SavedCase):
    """A draft is a rule that our engine reads, and that selects what the hunt selects."""

    EVENTS = [
        ("C:\\Windows\\System32\\whoami.exe", "whoami /all"),
        ("C:\\Windows\\System32\\WHOAMI.EXE", "WHOAMI /ALL"),
        ("whoami.exe", "whoami"),
        ("C:\\tools\\notwhoami.exe", "notwhoami /all"),
        ("C:\\whoami.exe\\cmd.exe", "cmd /c whoami.exe*"),
        ("C:\\Windows\\System32\\net.exe", "net user anna secret?"),
        ("C:\\Windows\\System32\\net1.exe", "net1 users"),
        ("C:\\Program Files\\it's\\app.exe", "app.exe \\\\server\\share"),
        ("C:\\x\\powershell.exe", ""),
    ]
    TABLE = "DeviceProcessEvents"
    FILTERS = [
        'FileName == "whoami.exe"',
        'FileName =~ "whoami.exe"',
        'FileName != "whoami.exe"',
        'FileName in ("whoami.exe", "net.exe")',
        'FileName in~ (names)',
        'FileName !in~ (names)',
        'FileName startswith "NET"',
        'FileName startswith_cs "NET"',
        'FileName contains "who" and FileName endswith ".EXE"',
        'FolderPath endswith_cs @"\\whoami.exe"',
        'FolderPath contains "whoami" and not(ProcessCommandLine has "all")',
        'ProcessCommandLine has "user"',
        'ProcessCommandLine has "whoami.exe"',
        'ProcessCommandLine hasprefix "net" or ProcessCommandLine hassuffix "users"',
        'ProcessCommandLine has_any ("anna", "all")',
        'ProcessCommandLine has_all ("net", "anna")',
        'ProcessCommandLine !has "all"',
        'ProcessCommandLine contains "exe*"',
        'ProcessCommandLine endswith "secret?"',
        'ProcessCommandLine contains @"\\\\server\\"',
        'ProcessCommandLine matches regex "(?i)^who.*all$"',
        'isempty(ProcessCommandLine) or FolderPath contains "it\'s"',
        'isnotempty(ProcessCommandLine) and ProcessId between (3 .. 5)',
        'ProcessId >= 7 or (ProcessId < 2 and ActionType == "ProcessCreated")',
        'Timestamp > ago(3650d) and (FileName =~ "net.exe" or FileName =~ "net1.exe") and ProcessCommandLine startswith "net"',
        'ActionType == "Other" or FileName == "app.exe"',
        'not(FileName == "app.exe" and ProcessCommandLine has "share")',
    ]

    def hunt(self, query):
        return HEADER.replace("tables: [windows_sysmon]", "tables: [DeviceProcessEvents]") + \
            'let names = dynamic(["WHOAMI.exe", "net.exe"]);\n' + query + "\n"

    def sample(self):
        events = [process(image, n, command=command) for n, (image, command) in enumerate(self.EVENTS)]
        for n, event in enumerate(events):
            event["ProcessId"] = n
        return events

    def test_a_draft_selects_what_the_hunt_selects(self):
        centre = self.centre("--no-schedule")
        centre.send(self.sample())
        self.wait_stored(centre, len(self.EVENTS))
        sample = self.write("sample.json", jaga.lines(self.sample()))
        for number, condition in enumerate(self.FILTERS):
            with self.subTest(condition):
                query = f"{self.TABLE} | where {condition} | project ProcessId"
                path = self.write(f"draft{number}.kql", self.hunt(query))
                rule = self.write(f"rules/draft{number}.yml", self.jaga("hunts", "draft", path).out)
                answer = centre.ask("POST", "/api/v1/hunts", {"query": self.hunt(query)})
                self.assertEqual(answer.status, 200, answer.text)
                hunted = sorted(row[0] for row in answer.json["rows"])
                self.jaga("rules", "check", rule)
                found = self.findings("--rules", rule, sample)
                drafted = sorted(int(f["evidences"][0]["data"]["ProcessId"]) for f in found)
                self.assertEqual(drafted, hunted, condition)

    def test_what_sigma_does_not_say_is_refused_with_its_place(self):
        for query, place, problem in (
            ("T", "8:1", "there is no table"),
            ("windows_sysmon", "8:1", "without a filter it is every event"),
            ("windows_sysmon | where Image has 'a' | summarize count()", "8:40", "more than a filter"),
            ("windows_sysmon | where Image has 'a' | take 5", "8:40", "more than a filter"),
            ("windows_sysmon | where strlen(Image) > 5", "8:24", "what is computed"),
            ("windows_sysmon | where Image == ParentImage", "8:33", "constants only"),
            ("windows_sysmon | where _source == 'x'", "8:24", "the lake's own columns"),
            ("DeviceProcessEvents | where SHA256 == 'x'", "8:29", "as it is"),
            ("DeviceProcessEvents | where FileName has 'x'", "8:38", "a part of a path"),
            ("DeviceProcessEvents | where ActionType == 'x'", "", "always false"),
            ("union windows_sysmon, linux_sysmon | where Image has 'x'", "8:1", "one table"),
            ("events | where ['host.name'] has 'x'", "8:1", "no logsource"),
        ):
            with self.subTest(query):
                path = self.write("draft.kql", self.hunt(query))
                refused = self.jaga("hunts", "draft", path, code=REFUSED).err
                self.assertIn(problem, refused)
                self.assertIn(f"draft.kql:{place}", refused)


class Kill(SavedCase):
    def test_after_kills_each_finding_is_there_once(self):
        hosts = 40
        hunt = WHOLE.replace("every: 1d", "every: 1m").replace("by Computer", "by Computer, Agency = _agency")
        self.write("hunts/one.kql", hunt)
        centre = self.centre("--hunts", self.path("hunts"), "--hunt-lag", "0s")
        agencies = [f"a{n}" for n in range(6)]
        for agency in agencies:
            token = centre.add_token(agency, "windows")
            centre.send([e for n in range(hosts) for e in events(f"{agency}-{n}", 1)], token=token)
        self.wait_stored(centre, hosts * len(agencies))
        for _ in range(KILLS):
            centre.ask("POST", f"/api/v1/saved-hunts/{ID}/run")
            time.sleep(random.uniform(0, 0.6))  # somewhere in the midst
            centre.kill()
            centre.start()
        self.run_now(centre, agencies)
        expected = sorted((a, f"{a}-{n}", 1) for a in agencies for n in range(hosts))
        self.assertEqual(self.found(centre), expected)
        self.assertEqual({r["outcome"] for r in self.runs(centre).values()}, {"found"})
        self.assertEqual(self.jaga("journal", "verify", "--data", centre.data).returncode, DONE)


if __name__ == "__main__":
    jaga.main()
