"""Proofs: an export proves itself, row by row, with a public key and nothing else."""

import base64
import json
import os
import re
import shutil
import socket

import jaga
from centre import Centre, wait_for
from jaga import process
from lake_test import SYSLOG_CONFIG, LakeCase

CONFIG = "agencies: [{name: health}, {name: transport}]"


def process_at(i, day, **more):
    return process(f"C:\\{i}.exe", record=i, time=f"2026-11-{day} 08:00:0{i % 10}.000", **more)


class ProofsCase(LakeCase):
    def key(self, data):
        return re.search(r"\b[0-9a-f]{64}\b", self.jaga("journal", "verify", "--data", data).out)[0]

    def other_centre(self):
        """With a folder, a ledger and a key of its own."""
        os.makedirs(self.dir / "other")
        centre = Centre(self.dir / "other", config=CONFIG)
        self.addCleanup(self._close, centre)
        return centre

    def export(self, name, *more, dataset="windows_sysmon", data=None, **how):
        return self.jaga("lake", "export", dataset, name, "--proofs", "--data", data or self.data, *more, **how)

    def lines(self, name):
        return (self.dir / name).read_text().splitlines()

    def changed(self, change, rows="all.ndjson"):
        """The export with what `change` makes of its rows, beside proofs as they are."""
        made = change([json.loads(line) for line in self.lines(rows)])
        self.write("changed.ndjson", "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in made))
        shutil.copy(self.dir / (rows + ".proofs"), self.dir / "changed.ndjson.proofs")
        return "changed.ndjson"

    def verify(self, name, **more):
        return self.jaga("verify", "export", name, "--public-key", self.public_key, **more)

    def assert_counts(self, done, rows, proven, altered=0, unproven=0, missing=0):
        self.assertIn(
            f"{rows} events: {proven} proven, {altered} altered, {unproven} without proof; {missing} that have one are missing",
            done.out,
        )


class Ended(ProofsCase):
    """Exports of a folder whose centre has ended."""

    def setUp(self):
        super().setUp()
        centre = self.centre(config=CONFIG)
        other = centre.add_token("transport", "gates")
        for token, n in ((centre.token, 30), (other, 12)):
            self.assertEqual(centre.send([process_at(i, 20 + i % 3) for i in range(n)], token=token).status, 200)
        self.wait_until_stored(centre)
        centre.stop()
        self.ended = centre
        self.data = centre.data
        self.public_key = self.key(self.data)

    def test_all_rows_of_an_export_are_proven(self):
        for name in ("all.ndjson", "all.parquet"):
            with self.subTest(name):
                self.assertIn("42 events have a proof", self.export(name).err)
                done = self.verify(name)
                self.assert_counts(done, 42, 42)
                self.assertIn(self.public_key, done.out)
                self.export("own." + name, "--agency", "transport", "--from", "2026-11-21T00:00:00Z")
                self.assert_counts(self.verify("own." + name), 8, 8)
        self.export("none.ndjson", "--agency", "nobody")
        self.assert_counts(self.verify("none.ndjson"), 0, 0)
        self.write("two.ndjson.proofs", "there already")
        self.export("two.ndjson", code=jaga.USAGE)
        self.assertFalse((self.dir / "two.ndjson").exists())
        self.assertEqual((self.dir / "two.ndjson.proofs").read_text(), "there already")

    def test_one_event_is_proven_out_of_an_export_alone(self):
        self.export("all.parquet")
        self.export("all.ndjson")
        row = json.loads(self.lines("all.ndjson")[7])
        event = row["_id"]
        for name in ("all.ndjson", "all.ndjson.proofs"):
            os.rename(self.dir / name, self.dir / name.replace("ndjson", "jsonl"))
        for name in ("all.jsonl", "all.parquet"):
            done = self.jaga("verify", "event", event, "--from", name, "--public-key", self.public_key)
            self.assertIn(f"event {event} is as it was received", done.out)
            self.assertIn(row["_raw"][:100], done.out)
            self.assertIn(self.public_key, done.out)
        self.jaga("verify", "event", "7.7", "--from", "all.jsonl", code=jaga.USAGE)
        self.jaga("verify", "event", "all.jsonl", "--from", "all.jsonl", code=jaga.USAGE)
        for name in ("all.jsonl", "all.jsonl.proofs"):
            os.remove(self.dir / name)
        shutil.rmtree(self.data)
        self.assertEqual({path.name for path in self.dir.iterdir()} - {"cache"}, {"all.parquet", "all.parquet.proofs"})
        self.assert_counts(self.verify("all.parquet"), 42, 42)

    def test_a_row_that_was_changed_is_named_and_the_others_are_proven(self):
        self.export("all.ndjson")
        at = 17
        row = json.loads(self.lines("all.ndjson")[at])
        event, key = row["_id"], row["_key"]
        other = json.loads(self.lines("all.ndjson")[3])
        for change in (
            {"_raw": row["_raw"].replace("C:", "D:", 1)},
            {"_raw": row["_raw"] + " "},
            {"_agency": "transport" if row["_agency"] == "health" else "health"},
            {"_source": "gate"},
            {"_dataset": "windows_security"},
            {"_format": "xml"},
            {"_time": row["_time"].replace("08:00", "08:01")},
            {"_time": row["_time"].replace("Z", "+00:00")},
            {"_received": row["_received"].replace("2026", "2027")},
            {"_key": key + 1},
            {"_part": 1},
            {"_bytes": "00"},
        ):
            with self.subTest(change):
                name = self.changed(lambda rows, c=change: rows[:at] + [dict(rows[at], **c)] + rows[at + 1 :])
                done = self.verify(name, code=jaga.REFUSED)
                self.assert_counts(done, 42, 41, altered=1)
                self.assertIn(f"{name}: row {at + 1}: event {event}: ", done.err)
                refused = self.jaga("verify", "event", event, "--from", name, code=jaga.REFUSED)
                self.assertIn(f"event {event}: ", refused.err)
                self.jaga("verify", "event", other["_id"], "--from", name)

        twice = json.dumps(row)[:-1] + f', "_raw": {json.dumps(row["_raw"])}}}'
        for what, change, counts in (
            ("a name twice", lambda rows: rows[:at] + [twice] + rows[at + 1 :], (42, 41, 1, 0, 1)),
            ("no JSON", lambda rows: rows[:at] + ["{"] + rows[at + 1 :], (42, 41, 1, 0, 1)),
            ("missing", lambda rows: rows[:at] + rows[at + 1 :], (41, 41, 0, 0, 1)),
            ("doubled", lambda rows: rows + [rows[at]], (43, 42, 0, 1, 0)),
            ("added", lambda rows: rows + [dict(rows[at], _id="0.999", _key=999)], (43, 42, 0, 1, 0)),
            ("all another's", lambda rows: [dict(r, _source="gate") for r in rows], (42, 0, 42, 0, 0)),
            ("nothing", lambda rows: [], (0, 0, 0, 0, 42)),
        ):
            with self.subTest(what):
                self.assert_counts(self.verify(self.changed(change), code=jaga.REFUSED), *counts)
        name = self.changed(lambda rows: rows + [dict(rows[at], _id="0.999", _key=999)])
        self.assertIn("row 43: event 0.999: there is no proof of it", self.verify(name, code=jaga.REFUSED).err)

    def test_a_changed_row_of_parquet_is_named(self):
        self.export("all.ndjson")
        at = 17
        event = json.loads(self.lines("all.ndjson")[at])["_id"]
        name = self.changed(lambda rows: rows[:at] + [dict(rows[at], _raw=rows[at]["_raw"] + " ")] + rows[at + 2 :])
        forger = self.other_centre()
        forger.stop()
        self.jaga("lake", "import", "windows_sysmon", name, "--data", forger.data)
        self.export("changed.parquet", data=forger.data)
        self.verify("changed.parquet", code=jaga.REFUSED)  # by proofs of the forger's own
        shutil.copy(self.dir / "all.ndjson.proofs", self.dir / "changed.parquet.proofs")
        done = self.verify("changed.parquet", code=jaga.REFUSED)
        self.assert_counts(done, 41, 40, altered=1, missing=1)
        self.assertIn(f"event {event}: it is not as the centre received it", done.err)
        self.write("broken.parquet", "PAR1 and nothing more")
        shutil.copy(self.dir / "all.ndjson.proofs", self.dir / "broken.parquet.proofs")
        self.assertIn("broken.parquet", self.verify("broken.parquet", code=jaga.USAGE).err)

    def test_proofs_that_were_changed_prove_nothing(self):
        self.export("all.ndjson")
        proofs = self.lines("all.ndjson.proofs")
        whole = "\n".join(proofs) + "\n"
        path = self.dir / "all.ndjson.proofs"
        self.assertIn("another key", self.jaga("verify", "export", "all.ndjson", "--public-key", "0" * 64, code=jaga.REFUSED).err)
        self.jaga("verify", "export", "all.ndjson", "--public-key", "key", code=jaga.USAGE)
        for length in (0, 5, len(whole) // 2, len(whole) - 2, len(whole) - len(proofs[-1]) - 1):
            with self.subTest(length=length):
                path.write_text(whole[:length])
                self.assertIn("all.ndjson.proofs", self.verify("all.ndjson", code=jaga.UNREADABLE).err)
        for line in range(len(proofs)):
            with self.subTest(without=line):
                path.write_text("\n".join(proofs[:line] + proofs[line + 1 :]) + "\n")
                self.verify("all.ndjson", code=jaga.UNREADABLE)

        line, block = next((i, json.loads(text)) for i, text in enumerate(proofs) if '"block"' in text)
        n = len(base64.b64decode(block["hashes"])) // 32

        def other(**members):
            changed = dict(block, **members)
            path.write_text("\n".join(proofs[:line] + [json.dumps(changed)] + proofs[line + 1 :]) + "\n")

        hashes = bytearray(base64.b64decode(block["hashes"]))
        hashes[5] ^= 1
        other(hashes=base64.b64encode(hashes).decode())
        done = self.verify("all.ndjson", code=jaga.REFUSED)
        self.assert_counts(done, 42, 42 - n, unproven=n)
        self.assertIn("the hashes of its block lead to another root", done.err)
        other(block=dict(block["block"], seq=block["block"]["seq"] + 100))
        done = self.verify("all.ndjson", code=jaga.REFUSED)
        self.assert_counts(done, 42, 42 - n, unproven=n)
        self.assertIn("its block is not in the signed journal", done.err)
        other(leaves=[[0, 0, 0, 1 << 40]])
        self.assertIn("'leaves'", self.verify("all.ndjson", code=jaga.UNREADABLE).err)
        os.remove(path)
        self.assertIn("--proofs", self.verify("all.ndjson", code=jaga.UNREADABLE).err)

    def test_events_on_hold_are_proven_when_their_day_is_gone(self):
        rows = self.rows(self.ended, "SELECT _id FROM windows_sysmon WHERE _time < TIMESTAMP '2026-11-21' LIMIT 3")
        held = ",".join(row[0] for row in rows)
        self.jaga("lake", "hold", "case-7", "--events", held, "--reason", "why", "--data", self.data)
        self.jaga("lake", "drop", "--day", "2026-11-20", "--data", self.data)
        for name in ("held.ndjson", "held.parquet"):
            self.export(name)
            self.assert_counts(self.verify(name), 31, 31)


class Bytes(ProofsCase):
    def test_what_is_no_text_is_proven_by_its_bytes(self):
        centre = self.centre("--syslog-tcp", "127.0.0.1:0", config=SYSLOG_CONFIG)
        host, _, port = centre.addresses["syslog-tcp"].rpartition(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"<38>1 2026-11-22T08:00:00Z gate gadget 77 - - \xff\xfe no text\n")
            wait_for("the message", lambda: centre.account()["stored"] == 1)
        self.wait_until_stored(centre)
        centre.stop()
        self.data = centre.data
        self.public_key = self.key(self.data)
        dataset = json.loads(self.jaga("lake", "show", "--json", "--data", self.data).out)["dataset"]
        for name in ("all.parquet", "all.ndjson"):
            self.export(name, dataset=dataset)
            self.assert_counts(self.verify(name), 1, 1)
        (row,) = map(json.loads, self.lines("all.ndjson"))
        self.assertIn(b"\xff\xfe no text", bytes.fromhex(row["_bytes"]))
        for change in ({"_bytes": row["_bytes"].replace("fffe", "fffd")}, {"_raw": "other"}, {"_bytes": row["_bytes"][1:]}):
            name = self.changed(lambda rows, c=change: [dict(rows[0], **c)])
            self.assert_counts(self.verify(name, code=jaga.REFUSED), 1, 0, altered=1)


class Running(ProofsCase):
    """Of a centre that runs, as far as the caller may see."""

    def remote(self, centre, *command, token=None, **more):
        return self.jaga(
            *command, "--to", centre.url, "--fingerprint", centre.fingerprint, env={"JAGA_TOKEN": token or centre.admin}, **more
        )

    def test_an_agency_proves_what_it_exports(self):
        centre = self.centre(config=CONFIG)
        other = centre.add_token("transport", "gates")
        reader = centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": "transport"}).json["token"]
        sent = {}
        for token, n in ((centre.token, 500), (other, 40)):
            sent[token] = centre.send([process_at(i, 21) for i in range(n)], token=token).json["first"]
        self.wait_until_stored(centre)
        for first in sent.values():
            proof = f"/api/v1/lake/events/{first}/proof"
            wait_for("the roots to be signed", lambda path=proof: centre.ask("GET", path).status == 200, every=0.5)
        self.public_key = self.key(centre.data)

        for name in ("all.ndjson", "all.parquet"):
            self.remote(centre, "lake", "export", "windows_sysmon", name, "--proofs")
            self.assert_counts(self.verify(name), 540, 540)
        self.remote(centre, "lake", "export", "windows_sysmon", "own.parquet", "--proofs", token=reader)
        self.assert_counts(self.verify("own.parquet"), 40, 40)
        proofs = [json.loads(line) for line in self.lines("own.parquet.proofs")]
        leaves = sum(run[3] for line in proofs for run in line.get("leaves", []))
        self.assertEqual((leaves, proofs[-1]["end"]["events"]), (40, 40))
        blocks = [line for line in self.lines("all.parquet.proofs") if line.startswith('{"block"')]
        self.assertLess(sum(map(len, blocks)), 540 * 45 + 1000 * len(blocks))

        # What another centre is given is that centre's to prove; the export stays proven by the first one's key.
        again = self.other_centre()
        self.remote(again, "lake", "import", "windows_sysmon", "all.parquet")
        event = next(iter(sent.values()))
        proof = f"/api/v1/lake/events/{event}/proof"
        wait_for("the new root to be signed", lambda: again.ask("GET", proof).status == 200, every=0.5)
        self.remote(again, "verify", "event", event)
        self.remote(again, "lake", "export", "windows_sysmon", "again.ndjson", "--proofs")
        shutil.copy(self.dir / "all.parquet.proofs", self.dir / "again.ndjson.proofs")
        self.assert_counts(self.verify("again.ndjson"), 540, 540)


if __name__ == "__main__":
    jaga.main()
