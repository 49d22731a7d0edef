"""The lake: what came through the doors can be found, once, with the loss account's counts, over kills and full disks.

JAGA_KILLS says how often the centre is killed (5; `make soak`: 50)."""

import collections
import json
import os
import random
import shutil
import socket
import subprocess
import time
import unittest

import jaga
from centre import HAS_LAKE, CentreCase, wait_for
from jaga import BROKEN, process
from kill_test import KILLS, Sender

LAKE_ASK = os.environ.get("LAKE_ASK", "")


@unittest.skipUnless(HAS_LAKE, "libduckdb is not there: tools/duckdb.sh fetches it")
class LakeCase(CentreCase):
    def lag(self, centre):
        return centre.get("/api/v1/status")["lake"]["lag"]

    def wait_until_stored(self, centre):
        wait_for("everything to be in the lake", lambda: self.lag(centre) == 0)

    def rows(self, centre, sql):
        """Of a lake whose centre has ended."""
        done = subprocess.run(
            [LAKE_ASK, os.path.join(centre.data, "lake"), sql], capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]


class Doors(LakeCase):
    def test_what_comes_through_the_doors_can_be_found(self):
        centre = self.centre("--syslog-tcp", "127.0.0.1:0", config=SYSLOG_CONFIG)
        image = "C:\\Windows\\System32\\whoami.exe"
        centre.send([process(image, host="PC1"), {"what": "nobody knows", "n": 7}, "not JSON"])
        host, _, port = centre.addresses["syslog-tcp"].rpartition(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"<38>1 2026-11-22T08:00:00Z gate sshd 77 - - Accepted password for ann\n")
            wait_for("the message", lambda: self.stored(centre) == 3)
        self.wait_until_stored(centre)
        status = centre.get("/api/v1/status")["lake"]
        self.assertEqual((status["events"], status["rows"], status["problem"]), (3, 3, ""))
        centre.stop()
        self.assertEqual(
            self.rows(centre, "SELECT _agency, _source, _format, Image, _part FROM windows_sysmon"),
            [["health", "windows", "json", image, 0]],
        )
        ((source, extra, raw),) = self.rows(centre, "SELECT _source, n, _raw FROM unrecognised WHERE n IS NOT NULL")
        self.assertEqual((source, extra, json.loads(raw)), ("windows", "7", {"what": "nobody knows", "n": 7}))

    @staticmethod
    def stored(centre):
        return centre.account()["stored"]


SYSLOG_CONFIG = "sources: [{agency: health, source: gate, peer: [127.0.0.1]}]\n"


class Kills(LakeCase):
    def test_no_event_is_lost_or_doubled_over_kills(self):
        """After each kill: what senders were told, what the loss account says, and what the lake has, per source."""
        seed = int.from_bytes(os.urandom(4), "big")
        chance = random.Random(seed)
        print(f"seed {seed}, {KILLS} kills", flush=True)
        centre = self.centre("--throttle", 1000000)
        tokens = {f"s{number}": centre.add_token("health", f"s{number}") for number in range(3)}
        senders = [Sender(self, centre, number, token) for number, token in enumerate(tokens.values())]
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            before = [len(sender.acknowledged) for sender in senders]
            wait_for(
                "each sender to go on",
                lambda: all(len(s.acknowledged) > n or s.error for s, n in zip(senders, before)),
            )
            time.sleep(chance.random() * 4)  # a random moment, before or in a commit of the lake
            centre.kill()
            centre.start()
            self.check_account(centre, senders)
        for sender in senders:
            sender.stopping.set()
        for sender in senders:
            sender.join()
            if sender.error:
                raise sender.error
        self.check_account(centre, senders)
        centre.stop()
        acknowledged = collections.Counter(host for s in senders for host, _ in s.acknowledged)
        found = collections.Counter(host for (host,) in self.rows(centre, "SELECT Computer FROM windows_sysmon"))
        print(f"{sum(acknowledged.values())} events acknowledged", flush=True)
        self.assertEqual(found, acknowledged)
        ids = self.rows(centre, "SELECT count(*), count(DISTINCT _id) FROM windows_sysmon")
        self.assertEqual(ids, [[len(acknowledged), len(acknowledged)]])
        self.jaga("lake", "verify", "--data", centre.data)

    def check_account(self, centre, senders):
        """While nobody sends."""
        for sender in senders:
            sender.going.clear()

        def differs():
            told = {f"s{sender.number}": len(sender.acknowledged) for sender in senders}
            account = {row["source"]: row["account"] for row in centre.get("/api/v1/sources")["sources"] if row["source"] in told}
            for numbers in account.values():
                parts = ("stored", "repeated", "rejected", "failed", "in_flight")
                self.assertEqual(numbers["received"], sum(numbers[part] for part in parts))
            stored = {source: numbers["stored"] for source, numbers in account.items()}
            rows = {source: n for source, n in self.count_by_source(centre).items() if source in told}
            return (told, stored, rows) if not told == stored == rows else None

        try:
            wait_for("acknowledgements, account and lake to be the same", lambda: not differs(), every=0.3)
        except AssertionError:
            self.assertIsNone(differs())
        for sender in senders:
            sender.going.set()

    @staticmethod
    def count_by_source(centre):
        query = "windows_sysmon | summarize n = count() by _source"
        answer = centre.ask("POST", "/api/v1/hunts", {"query": query})
        return dict(answer.json["rows"])


class Trouble(LakeCase):
    def test_a_lake_of_another_spool_is_refused(self):
        centre = self.centre()
        centre.send([process("C:\\a.exe")])
        self.wait_until_stored(centre)
        centre.stop()
        shutil.rmtree(os.path.join(centre.data, "spool"))
        with self.assertRaisesRegex(AssertionError, "filled from another spool"):
            centre.start()

    def test_without_a_lake_nothing_is_held_back(self):
        centre = self.centre("--spool-keep-size", "0")
        centre.send([process("C:\\a.exe")])
        self.wait_until_stored(centre)
        centre.stop()
        with open(os.path.join(centre.data, "spool", "consumers"), encoding="utf-8") as file:
            self.assertIn("lake", file.read())
        centre.options += ("--lake", "none")
        centre.start()
        self.assertNotIn("lake", centre.get("/api/v1/status"))
        centre.stop()
        with open(os.path.join(centre.data, "spool", "consumers"), encoding="utf-8") as file:
            self.assertNotIn("lake", file.read())

    def test_a_library_that_is_not_there_is_said(self):
        done = self.jaga("serve", "--data", self.dir / "data", "--duckdb", self.dir / "none.so", code=BROKEN)
        self.assertIn("the lake needs libduckdb", done.err)
        self.assertIn("--lake none", done.err)

    def test_two_centres_cannot_have_one_lake(self):
        centre = self.centre()
        lake = os.path.join(centre.data, "lake")
        done = self.jaga("serve", "--data", self.dir / "other", "--lake", "duckdb:" + lake, code=BROKEN)
        self.assertIn(lake, done.err)


class Care(LakeCase):
    """`jaga lake` and `jaga verify` on the folder of a centre that has ended."""

    def setUp(self):
        super().setUp()
        self.ended = self.centre(config="agencies: [{name: health}, {name: transport}]")
        other = self.ended.add_token("transport", "gates")
        days = ("20", "21", "22")
        for token, n in ((self.ended.token, 30), (other, 12)):
            events = [
                process(f"C:\\{i}.exe", record=i, time=f"2026-11-{days[i % 3]} 08:00:0{i % 10}.000") for i in range(n)
            ]
            self.assertEqual(self.ended.send(events, token=token).status, 200)
        self.wait_until_stored(self.ended)
        self.ended.stop()

    def lake(self, command, *arguments, **more):
        return self.jaga("lake", command, "--data", self.ended.data, *arguments, **more)

    def shares(self):
        lines = self.lake("show", "--json").out.splitlines()
        return {(s["day"], s["agency"]): s["rows"] for s in map(json.loads, lines)}

    def test_show_says_what_is_there(self):
        expected = {(f"2026-11-{day}", agency): n for day in (20, 21, 22) for agency, n in (("health", 10), ("transport", 4))}
        self.assertEqual(self.shares(), expected)
        told = self.lake("show").out
        self.assertIn("42 events", told)
        self.assertIn("3 days, from 2026-11-20 08:00:00 to 2026-11-22 08:00:09", told)
        self.assertIn("bytes an event", told)

    def test_what_is_dropped_comes_back_from_an_export(self):
        before = self.shares()
        for name in ("all.parquet", "all.ndjson"):
            self.assertIn("42 events", self.lake("export", "windows_sysmon", name).err)
            self.lake("drop", "--day", "2026-11-21", "--agency", "health")
            self.assertNotIn(("2026-11-21", "health"), self.shares())
            self.lake("verify")
            self.assertIn("10 events that were not there", self.lake("import", "windows_sysmon", name).err)
            self.assertEqual(self.shares(), before)
        self.assertIn("--day", self.lake("drop", code=jaga.USAGE).err)

    def test_a_proof_holds_anywhere_and_for_nothing_else(self):
        ((event, raw),) = self.rows(self.ended, "SELECT _id, _raw FROM windows_sysmon WHERE Image = 'C:\\7.exe' AND _agency = 'health'")
        done = self.jaga("verify", "event", event, "--data", self.ended.data, "-w", "proof.json")
        self.assertIn(f"event {event} is as it was received", done.out)
        self.assertIn(raw, done.out)
        key = next(line.split()[1] for line in done.out.splitlines() if line.startswith("  by"))
        self.assertIn(key, self.jaga("journal", "verify", "--data", self.ended.data).out)
        proof = json.loads((self.dir / "proof.json").read_text())
        self.jaga("verify", "event", "proof.json", "--public-key", key)
        self.jaga("verify", "event", "proof.json", "--public-key", "0" * 64, code=jaga.REFUSED)
        for part, member, value in (
            ("event", "agency", "transport"),
            ("event", "raw", "e30="),
            ("block", "seq", proof["block"]["seq"] + 1),
            ("path", "index", proof["path"]["index"] ^ 1),
            ("journal", "before", "0" * 64),
            ("signature", "time_us", proof["signature"]["time_us"] + 1),
        ):
            with self.subTest(part=part, member=member):
                changed = dict(proof, **{part: dict(proof[part], **{member: value})})
                self.write("changed.json", json.dumps(changed))
                self.jaga("verify", "event", "changed.json", code=jaga.REFUSED)
        self.write("changed.json", json.dumps(dict(proof, path=[])))
        self.assertIn("'path'", self.jaga("verify", "event", "changed.json", code=jaga.USAGE).err)
        self.jaga("verify", "event", "7.4242", "--data", self.ended.data, code=jaga.USAGE)


class Running(LakeCase):
    """The same commands, of a centre that runs."""

    def remote(self, centre, *command, token=None, **more):
        return self.jaga(
            *command, "--to", centre.url, "--fingerprint", centre.fingerprint, env={"JAGA_TOKEN": token or centre.admin}, **more
        )

    def test_a_running_centre_shows_proves_and_drops(self):
        centre = self.centre()
        other = centre.add_token("transport", "gates")
        reader = centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": "transport"}).json["token"]
        event = centre.send([process("C:\\a.exe", time="2026-11-21 08:00:00.000")]).json["first"]
        centre.send([process("C:\\b.exe", time="2026-11-20 08:00:00.000")], token=other)
        self.wait_until_stored(centre)
        wait_for("the reader's token", lambda: centre.ask("GET", "/api/v1/lake", token=reader).status == 200, every=0.5)
        told = self.remote(centre, "lake", "show").out
        self.assertIn("2 events", told)
        self.assertIn("0 events are still on their way", told)
        rows = [json.loads(line) for line in self.remote(centre, "lake", "show", "--json", token=reader).out.splitlines()]
        self.assertEqual([(row["day"], row["agency"], row["rows"]) for row in rows], [("2026-11-20", "transport", 1)])

        proof = f"/api/v1/lake/events/{event}/proof"
        wait_for("the journal to be signed", lambda: centre.ask("GET", proof).status == 200, every=0.5)
        self.remote(centre, "verify", "event", event, "-w", "proof.json")
        self.jaga("verify", "event", "proof.json")
        refused = self.remote(centre, "verify", "event", event, token=reader, code=jaga.REFUSED)
        self.assertIn("there is no such event", refused.err)

        self.remote(centre, "lake", "drop", "--day", "2026-11-20", token=reader, code=jaga.REFUSED)
        self.assertIn("1 events went", self.remote(centre, "lake", "drop", "--day", "2026-11-20").err)
        self.assertIn("1 events,", self.remote(centre, "lake", "show").out)
        entries = centre.get("/api/v1/journal", limit=1000)["entries"]
        (dropped,) = [entry["body"]["lake.drop"]["list"][0] for entry in entries if entry["action"] == "lake.drop"]
        self.assertEqual((dropped["day"], dropped["rows"]), ("2026-11-20", 1))

        centre.send([process("C:\\c.exe", time="2026-11-20 09:00:00.000")], token=other)
        self.wait_until_stored(centre)
        told = self.remote(centre, "lake", "verify").out
        self.assertIn("2 events in 2 blocks; the journal names 3, of which 1 went with their day", told)
        self.remote(centre, "lake", "verify", token=reader, code=jaga.REFUSED)
        centre.stop()
        self.assertEqual(self.jaga("lake", "verify", "--data", centre.data).out, told)
        lake = os.path.join(centre.data, "lake")
        os.remove(os.path.join(lake, "2026-11-21.duckdb"))
        self.assertIn("2026-11-21", self.jaga("lake", "verify", "--data", centre.data, code=jaga.REFUSED).err)


    def test_a_running_centre_exports_and_imports(self):
        centre = self.centre()
        other = centre.add_token("transport", "gates")
        reader = centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": "transport"}).json["token"]
        for token, n in ((centre.token, 3000), (other, 40)):
            events = [process(f"C:\\{i}.exe", record=i, time="2026-11-21 08:00:00.000", command="x" * 500) for i in range(n)]
            self.assertEqual(centre.send(events, token=token).status, 200)
        self.wait_until_stored(centre)
        wait_for("the reader's token", lambda: centre.ask("GET", "/api/v1/lake", token=reader).status == 200, every=0.5)

        self.remote(centre, "lake", "export", "windows_sysmon", "all.ndjson")
        self.remote(centre, "lake", "export", "windows_sysmon", "all.parquet")
        self.assertEqual((self.dir / "all.parquet").read_bytes()[:4], b"PAR1")
        self.remote(centre, "lake", "export", "windows_sysmon", "own.ndjson", token=reader)
        self.remote(centre, "lake", "export", "windows_sysmon", "no.ndjson", "--agency", "health", token=reader)
        self.assertEqual((self.dir / "no.ndjson").read_bytes(), b"")
        own = [json.loads(line) for line in (self.dir / "own.ndjson").read_text().splitlines()]
        self.assertEqual((len(own), {row["_agency"] for row in own}), (40, {"transport"}))
        whole = [json.loads(line) for line in (self.dir / "all.ndjson").read_text().splitlines()]
        self.assertEqual(len({row["_id"] for row in whole}), 3040)

        self.remote(centre, "lake", "drop", "--day", "2026-11-21")
        self.assertIn("0 events,", self.remote(centre, "lake", "show").out)
        self.remote(centre, "lake", "import", "windows_sysmon", "all.ndjson", token=reader, code=jaga.REFUSED)
        done = self.remote(centre, "lake", "import", "windows_sysmon", "all.ndjson")
        self.assertIn("3040 events that were not there", done.err)
        self.assertIn("0 events that were not there", self.remote(centre, "lake", "import", "windows_sysmon", "own.ndjson").err)
        self.remote(centre, "lake", "export", "windows_sysmon", "again.ndjson")
        self.assertEqual(self.exported("again.ndjson"), self.exported("all.ndjson"))

        self.assertIn("0 events that were not there", self.remote(centre, "lake", "import", "windows_sysmon", "all.parquet").err)
        self.remote(centre, "lake", "drop", "--day", "2026-11-21")
        self.remote(centre, "lake", "import", "windows_sysmon", "all.parquet", token=reader, code=jaga.REFUSED)
        done = self.remote(centre, "lake", "import", "windows_sysmon", "all.parquet")
        self.assertIn("3040 events that were not there", done.err)
        self.remote(centre, "lake", "export", "windows_sysmon", "last.ndjson")
        self.assertEqual(self.exported("last.ndjson"), self.exported("all.ndjson"))
        (self.dir / "not.parquet").write_text("PAR1 and nothing more")
        refused = self.remote(centre, "lake", "import", "windows_sysmon", "not.parquet", code=jaga.USAGE)
        self.assertIn("not.parquet", refused.err)
        event = next(row["_id"] for row in whole if row["_agency"] == "health")
        proof = f"/api/v1/lake/events/{event}/proof"
        wait_for("the new root to be signed", lambda: centre.ask("GET", proof).status == 200, every=0.5)
        self.remote(centre, "verify", "event", event)

    def exported(self, name):
        """Its rows, in an order of their own."""
        return sorted((self.dir / name).read_text().splitlines())

    def test_an_export_ends_with_its_client(self):
        centre = self.centre()
        events = [process(f"C:\\{i}.exe", record=i, command="x" * 5000) for i in range(2000)]
        for _ in range(3):
            self.assertEqual(centre.send(events).status, 200)
        self.wait_until_stored(centre)
        connection = centre.connect()
        connection.request("POST", "/api/v1/lake/export", body='{"dataset": "windows_sysmon"}',
                           headers={"Authorization": "Bearer " + centre.admin, "Content-Type": "application/json"})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(len(answer.read(1000)), 1000)
        self.assertNotIn("lake.export", centre.logs())  # it waits for us
        connection.close()
        wait_for("the export to end", lambda: "event=lake.export" in centre.logs())
        self.assertIn("problem=", next(line for line in centre.log if "event=lake.export" in line))

    def test_events_on_hold_stay_whatever_goes(self):
        centre = self.centre(config="retention: [{days: 1000}]")
        old = time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(time.time() - 200 * 86400))
        events = [process(f"C:\\{i}.exe", record=i, time=old) for i in range(20)]
        first = centre.send(events).json["first"]
        self.wait_until_stored(centre)
        self.assertIn("--reason", self.remote(centre, "lake", "hold", "case-7", "--events", first, code=jaga.USAGE).err)
        why = ("--reason", "subject of case 7")
        held = self.remote(centre, "lake", "hold", "case-7", "--events", first, *why)
        self.assertIn("1 events are on hold", held.err)
        query = "windows_sysmon | where Image in ('C:\\\\3.exe', 'C:\\\\4.exe')"
        held = self.remote(centre, "lake", "hold", "case-7", "--query", query + " | project _id", *why)
        self.assertIn("2 events are on hold; 0 of them", held.err)
        lost = self.remote(centre, "lake", "hold", "x", "--query", query + " | project Image", *why, code=jaga.USAGE)
        self.assertIn("project _id", lost.err)
        missing = self.remote(centre, "lake", "hold", "x", "--events", "0.4711", *why, code=jaga.REFUSED)
        self.assertIn("there is no event 0.4711", missing.err)
        self.remote(centre, "lake", "hold", "case-8", "--events", first, *why)

        centre.configure("retention: [{days: 100}]")
        wait_for("retention", lambda: "event=lake.retention" in centre.logs())
        self.assertEqual(self.images(centre), ["C:\\0.exe", "C:\\3.exe", "C:\\4.exe"])
        proof = f"/api/v1/lake/events/{first}/proof"
        wait_for("the journal to be signed", lambda: centre.ask("GET", proof).status == 200, every=0.5)
        self.remote(centre, "verify", "event", first)

        rows = [json.loads(line) for line in self.remote(centre, "lake", "holds", "--json").out.splitlines()]
        self.assertEqual([(row["name"], row["events"], row["reason"]) for row in rows],
                         [("case-7", 3, "subject of case 7"), ("case-8", 1, "subject of case 7")])
        entries = centre.get("/api/v1/journal", limit=1000)["entries"]
        noted = [entry for entry in entries if entry["action"] == "lake.hold"]
        self.assertEqual([entry["body"]["lake.hold"]["list"][0]["events"] for entry in noted], [1, 2, 1])
        self.assertEqual({entry["actor"] for entry in noted}, {rows[0]["by"]})

        self.remote(centre, "lake", "release", "case-7")
        self.assertEqual(self.images(centre), ["C:\\0.exe"])
        self.remote(centre, "lake", "release", "case-7", code=jaga.REFUSED)
        centre.stop()
        self.assertIn("case-8  1 events", self.jaga("lake", "holds", "--data", centre.data).out)
        self.jaga("lake", "release", "case-8", "--data", centre.data)
        self.assertEqual(self.rows(centre, "SELECT Image FROM windows_sysmon"), [])

    def images(self, centre):
        answer = centre.ask("POST", "/api/v1/hunts", {"query": "windows_sysmon | project Image | sort by Image asc"})
        return [row[0] for row in answer.json["rows"]]


class Retention(LakeCase):
    def test_rules_of_the_configuration_are_applied(self):
        centre = self.centre(config="retention: [{agency: health, days: 1000}, {days: 100}]")
        other = centre.add_token("transport", "gates")
        old = time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime(time.time() - 200 * 86400))
        for token in (centre.token, other):
            centre.send([process("C:\\old.exe", time=old)], token=token)
        self.wait_until_stored(centre)
        centre.configure("retention: [{agency: health, days: 1000}, {days: 101}]")
        wait_for("retention", lambda: "event=lake.retention" in centre.logs())
        centre.stop()
        self.assertEqual(self.rows(centre, "SELECT _agency FROM windows_sysmon"), [["health"]])

    def test_a_wrong_rule_is_told(self):
        self.write("jaga.yaml", "retention: [{days: 0}]")
        self.assertIn("1:20: expected a number of days", self.jaga("config", "check", "jaga.yaml", code=jaga.USAGE).err)
        self.write("jaga.yaml", "retention:\n- {days: 3}\n- {agency: health, size: 1G}\n")
        self.assertNotIn("dataset", self.jaga("config", "check", "jaga.yaml").err)
        self.write("jaga.yaml", "retention:\n- {dataset: windows_sysmom, days: 3}\n- {dataset: unrecognised, days: 3}\n- {days: 3}\n- {agency: health, size: 1G}\n")
        told = self.jaga("config", "check", "jaga.yaml").err
        self.assertIn(":2: warning: there is no dataset 'windows_sysmom': is it 'windows_sysmon'?", told)
        self.assertNotIn(":3:", told)
        self.write("jaga.yaml", "retention:\n- {days: 3}\n- {agency: health, size: 1G}\n")
        self.assertIn(":2: warning: this rule of retention is for everything", self.jaga("config", "check", "jaga.yaml").err)


if __name__ == "__main__":
    jaga.main()
