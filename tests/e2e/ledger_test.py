"""The ledger's commands: tokens, exceptions, and the journal that proves what was done."""

import hashlib
import json
import os
import sqlite3
import struct

import jaga

FILTER = """\
title: The scanner's account
id: 5a0c1c8e-0001-4a0b-9d38-3b6f5a1b00ff
logsource:
    product: windows
    category: process_creation
filter:
    rules: any
    selection:
        User: svc_scan
    condition: not selection
"""


class Ledger(jaga.Case):
    def add_token(self, *args):
        """The token's text and its id."""
        done = self.jaga("token", "add", *args)
        text = done.out.strip()
        self.assertRegex(text, r"^jaga_[A-Za-z0-9_-]{43}$")
        return text, done.err.split("token ")[1].split(";")[0]

    def tokens(self):
        return self.jaga("token", "list").out.splitlines()

    def journal(self, *args):
        return [json.loads(line) for line in self.jaga("journal", "list", *args).out.splitlines()]

    def sql(self, text, *values):
        with sqlite3.connect(self.dir / "jaga-data" / "ledger.db") as database:
            database.execute(text, values)
        database.close()


class Tokens(Ledger):
    def test_a_token_is_shown_once_and_only_its_hash_is_kept(self):
        text, _ = self.add_token("send", "moh", "dc1", "--rate", "100", "--note", "mail gateway")
        for path in (self.dir / "jaga-data").iterdir():
            self.assertNotIn(text[5:].encode(), path.read_bytes(), path)
        self.assertNotIn(text[5:], self.jaga("token", "list").out)
        (row,) = self.tokens()
        for word in ("send", "valid", "moh/dc1", "100/s", "# mail gateway"):
            self.assertIn(word, row)

    def test_what_was_revoked_or_has_expired_is_marked(self):
        _, revoked = self.add_token("admin")
        _, kept = self.add_token("read", "moh,mof")
        _, expired = self.add_token("read", "*", "--expires", "2020-01-01T00:00:00Z")
        self.jaga("token", "revoke", revoked)
        states = {row.split()[0]: row.split()[2] for row in self.tokens()}
        self.assertEqual(states, {revoked: "revoked", kept: "valid", expired: "expired"})

    def test_revoking_is_all_or_nothing(self):
        _, known = self.add_token("admin")
        done = self.jaga("token", "revoke", known, "t-nobody", code=jaga.USAGE)
        self.assertIn("t-nobody", done.err)
        self.assertIn("valid", self.tokens()[0])

    def test_wrong_arguments_are_explained(self):
        for args in (("sned", "moh"), ("send",), ("admin", "moh"), ("read", "moh", "dc1")):
            done = self.jaga("token", "add", *args, code=jaga.USAGE)
            self.assertIn("send AGENCY", done.err)
        self.assertIn("label", self.jaga("token", "add", "send", "a b", code=jaga.USAGE).err)
        done = self.jaga("token", "add", "admin", "--expires", "soon", code=jaga.USAGE)
        self.assertIn("'never'", done.err)

    def test_without_a_centre_only_add_makes_one(self):
        for args in (("token", "list"), ("exception", "list"), ("journal", "verify")):
            self.assertIn("--data", self.jaga(*args, code=jaga.USAGE).err)
        self.assertFalse((self.dir / "jaga-data").exists())
        self.add_token("admin")
        self.assertEqual((self.dir / "jaga-data").stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.dir / "jaga-data" / "ledger.db").stat().st_mode & 0o777, 0o600)

    def test_hostile_notes_do_not_reach_the_terminal(self):
        self.add_token("admin", "--note", "a\x1b[2Jb")
        self.assertNotIn("\x1b", self.jaga("token", "list").out)


class Exceptions(Ledger):
    def setUp(self):
        super().setUp()
        self.add_token("admin")
        self.filter = self.write("filter.yml", FILTER)

    def test_an_exception_is_added_listed_and_removed(self):
        name = self.jaga(
            "exception", "add", self.filter, "--agency", "moh", "--reason", "scans at night"
        ).out.strip()
        row = self.jaga("exception", "list").out
        for word in (name, "moh", "used 0", "by cli:", "# scans at night"):
            self.assertIn(word, row)
        self.assertNotIn("svc_scan", row)
        self.assertIn("        User: svc_scan", self.jaga("exception", "list", "--verbose").out)
        self.jaga("exception", "remove", name)
        self.assertEqual(self.jaga("exception", "list").out, "")
        self.jaga("exception", "remove", name, code=jaga.USAGE)

    def test_a_filter_that_cannot_be_read_is_refused_with_its_place(self):
        bad = self.write("bad.yml", FILTER.replace("not selection", "not selektion"))
        done = self.jaga("exception", "add", bad, "--reason", "x", code=jaga.REFUSED)
        self.assertRegex(done.err, r"bad\.yml:10:\d+: .*selektion")
        self.assertEqual(self.jaga("exception", "list").out, "")

    def test_only_one_filter_is_an_exception(self):
        for name, text in (
            ("rule.yml", jaga.RULE),
            ("two.yml", FILTER + "---\n" + FILTER.replace("00ff", "00fe")),
            ("mixed.yml", FILTER + "---\n" + jaga.RULE),
            ("empty.yml", ""),
            ("other.yml", "a: b\n"),
        ):
            done = self.jaga(
                "exception", "add", self.write(name, text), "--reason", "x", code=jaga.REFUSED
            )
            self.assertIn("one Sigma filter", done.err, name)
        self.assertEqual(self.jaga("exception", "list").out, "")

    def test_a_reason_is_wanted(self):
        self.assertIn("--reason", self.jaga("exception", "add", self.filter, code=jaga.USAGE).err)


class Journal(Ledger):
    def test_every_change_is_an_entry_that_names_who_and_what(self):
        _, token = self.add_token("send", "moh", "dc1")
        self.jaga("token", "revoke", token)
        name = self.jaga("exception", "add", self.write("f.yml", FILTER), "--reason", "r").out.strip()
        self.jaga("exception", "remove", name)
        entries = self.journal()
        self.assertEqual([entry["seq"] for entry in entries], [1, 2, 3, 4])
        self.assertEqual(
            [entry["action"] for entry in entries],
            ["token.add", "token.revoke", "exception.add", "exception.remove"],
        )
        for entry in entries:
            self.assertRegex(entry["actor"], "^cli:.")
        self.assertEqual(json.loads(entries[0]["body"])["token.add"]["list"][0]["id"], token)
        digest = hashlib.sha256(FILTER.encode()).hexdigest()
        noted = json.loads(entries[2]["body"])["exception.add"]["list"][0]
        self.assertEqual(noted["filter"], digest)
        self.assertEqual(self.journal("--after", "3"), entries[3:])

    def test_anybody_can_check_the_hashes(self):
        for _ in range(3):
            self.add_token("admin", "--note", "Ä\n\"")
        before = bytes(32)
        for entry in self.journal():
            content = b""
            for key in ("actor", "action", "body"):
                text = entry[key].encode()
                content += struct.pack(">I", len(text)) + text
            data = b"jaga.journal.2" + before + struct.pack(">Qq", entry["seq"], entry["time_us"])
            before = hashlib.sha256(data + hashlib.sha256(content).digest()).digest()
            self.assertEqual(entry["hash"], before.hex())

    def test_a_change_behind_our_back_is_named(self):
        for _ in range(4):
            self.add_token("admin")
        self.assertIn("4 entries, whole", self.jaga("journal", "verify").out)
        self.sql("UPDATE journal SET actor = 'cli:nobody' WHERE seq = 3")
        done = self.jaga("journal", "verify", code=jaga.REFUSED)
        self.assertIn("entry 3 ", done.err)
        self.assertEqual(done.out, "")

    def test_a_public_key_is_hex(self):
        self.add_token("admin")
        self.jaga("journal", "verify", "--public-key", "ab" * 32)
        done = self.jaga("journal", "verify", "--public-key", "ab", code=jaga.USAGE)
        self.assertIn("64 hex digits", done.err)


class Trouble(Ledger):
    def test_a_newer_ledger_is_left_alone(self):
        self.add_token("admin")
        self.sql("PRAGMA user_version = 1000")
        done = self.jaga("token", "add", "admin", code=jaga.BROKEN)
        self.assertIn("newer jaga", done.err)

    def test_another_database_is_not_taken_for_a_ledger(self):
        (self.dir / "jaga-data").mkdir()
        self.sql("CREATE TABLE t (a)")
        done = self.jaga("token", "add", "admin", code=jaga.BROKEN)
        self.assertIn("not a ledger", done.err)

    def test_a_damaged_file_is_said_to_be(self):
        self.add_token("admin")
        path = self.dir / "jaga-data" / "ledger.db"
        whole = path.read_bytes()
        path.write_bytes(b"garbage" + whole[7:])
        self.assertIn("damaged", self.jaga("token", "list", code=jaga.BROKEN).err)
        path.write_bytes(whole)
        self.assertEqual(len(self.tokens()), 1)

    def test_a_folder_that_may_not_be_written_is_said_to_be(self):
        self.add_token("admin")
        folder = self.dir / "jaga-data"
        if os.getuid() == 0:
            folder.chmod(0o755)
            (folder / "ledger.db").chmod(0o644)
        else:
            (folder / "ledger.db").chmod(0o444)
            folder.chmod(0o555)
        done = self.jaga("token", "add", "admin", code=jaga.BROKEN, preexec_fn=jaga.as_nobody)
        self.assertRegex(done.err, "may not be written|Permission denied|cannot be opened|readonly")


if __name__ == "__main__":
    jaga.main()
