"""jaga serve as a person runs it: starting, stopping, and what it says when it cannot."""

import os
import socket

import jaga
from centre import CentreCase
from jaga import BROKEN, DONE, RULE, UNREADABLE, USAGE, process


def whoami(number, host):
    return process("C:\\Windows\\System32\\whoami.exe", record=number, host=host)


class Starting(CentreCase):
    def test_the_first_start_makes_everything_and_shows_the_token_once(self):
        centre = self.centre()
        self.assertRegex(centre.admin, r"^jaga_[\w-]{43}$")
        for name in ("ledger.db", "journal.key", "spool", "deadletters", "tls/certificate.pem", "tls/key.pem"):
            self.assertTrue(os.path.exists(os.path.join(centre.data, name)), name)
        for secret in ("journal.key", "tls/key.pem", "ledger.db"):
            self.assertEqual(os.stat(os.path.join(centre.data, secret)).st_mode & 0o077, 0, secret)
        admin = centre.admin
        fingerprint = centre.fingerprint
        centre.stop()
        centre.admin = None
        centre.start()
        self.assertIsNone(centre.admin)
        self.assertEqual(centre.fingerprint, fingerprint)
        centre.admin = admin
        self.assertIn("version", centre.get("/api/v1/status"))

    def test_a_first_start_that_fails_does_not_use_up_the_token(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            done = self.run_jaga("serve", "--data", self.dir / "data", "--listen", address)
        self.assertEqual(done.returncode, BROKEN, done.err)
        self.assertIn("already in use", done.err)
        centre = self.centre()
        self.assertEqual(os.fspath(self.dir / "data"), centre.data)
        self.assertEqual(centre.ask("GET", "/api/v1/status").status, 200)

    def test_tokens_made_before_the_first_start_leave_the_administrators(self):
        done = self.jaga("token", "add", "--data", self.dir / "data", "send", "health")
        self.assertIn("is new", done.err)
        self.assertEqual(self.centre().ask("GET", "/api/v1/tokens").status, 200)

    def test_the_log_is_key_value(self):
        centre = self.centre()
        centre.stop()
        for line in centre.log:
            self.assertRegex(line, r'^time=\S+Z level=\w+ event=[\w.]+( [\w_]+=("([^"\\]|\\.)*"|\S*))*$')
        self.assertIn("event=serve.stopped", centre.logs())

    def test_two_centres_do_not_share_a_folder(self):
        centre = self.centre()
        done = self.run_jaga("serve", "--data", centre.data, "--listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, BROKEN, done.err)
        self.assertIn("spool", done.err)

    def test_what_cannot_be_started_is_said(self):
        data = self.dir / "data"
        cases = [
            (["--listen", "nowhere:99999"], BROKEN, "nowhere"),
            (["--config", "absent.yaml"], USAGE, "absent.yaml"),
            (["--certificate", "absent.pem"], BROKEN, "together"),
            (["--rules", "absent"], USAGE, "absent"),
            (["--spool", "carrier-pigeon:x"], BROKEN, "carrier-pigeon"),
            (["--partitions", "0"], USAGE, "1 to"),
        ]
        for options, code, words in cases:
            with self.subTest(options=options):
                done = self.run_jaga("serve", "--data", data, "--listen", "127.0.0.1:0", *options)
                self.assertIn(done.returncode, (code, BROKEN, USAGE), done.err)
                self.assertIn(words, done.err)

    def test_a_wrong_configuration_is_refused_with_its_place(self):
        path = self.write("c.yaml", "fold: 1h\nlisen: [x]\n")
        done = self.jaga("config", "check", path, code=USAGE)
        self.assertIn("c.yaml:2:1", done.err)
        self.assertIn("listen", done.err)
        self.write("good.yaml", "fold: 1h\nagencies: [{name: health}]\n")
        self.assertIn("1 agencies", self.jaga("config", "check", "good.yaml").err)

    def test_a_configuration_without_a_wrong_line_is_refused_without_one(self):
        path = self.write("bin", b"\x00\x01\x02")
        done = self.run_jaga("serve", "--data", self.dir / "data", "--listen", "127.0.0.1:0", "--config", path)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("config.wrong", done.err)
        self.assertNotIn(":0:0", done.err)

    def test_agencies_that_are_not_listed_are_warned_of(self):
        path = self.write("c.yaml", "agencies: [{name: health}]\nsources:\n  - {agency: health}\n  - {agency: helth}\n")
        self.jaga("token", "add", "send", "rail", "--data", self.dir / "data")
        self.jaga("token", "add", "read", "health,treasury", "--data", self.dir / "data")
        done = self.jaga("config", "check", path)
        self.assertIn("c.yaml:4: warning: the agency 'helth' is not in 'agencies'", done.err)
        self.assertEqual(done.err.count("warning"), 1)
        done = self.jaga("config", "check", path, "--data", self.dir / "data")
        self.assertIn("the agency 'rail' of token", done.err)
        self.assertIn("the agency 'treasury' of token", done.err)
        self.assertEqual(done.err.count("warning"), 3)
        path = self.write("none.yaml", "sources: [{agency: helth}]\n")
        self.assertNotIn("warning", self.jaga("config", "check", path, "--data", self.dir / "data").err)

    def test_files_that_are_named_and_not_there_are_warned_of(self):
        here = self.write("here.pem", "")
        path = self.write("c.yaml", f"certificate: {here}\nkey: absent.pem\nrules: [absent-rules, {self.dir}]\n")
        done = self.jaga("config", "check", path, code=UNREADABLE)
        self.assertIn("c.yaml: warning: key: absent.pem: No such file or directory", done.err)
        self.assertIn("c.yaml: warning: rules: absent-rules: No such file or directory", done.err)
        self.assertEqual(done.err.count("warning"), 2)


class Stopping(CentreCase):
    def test_what_was_acknowledged_before_a_stop_is_found_after_it(self):
        rules = self.write("rules/whoami.yml", RULE)
        centre = self.centre("--rules", os.path.dirname(rules))
        self.assertEqual(centre.send([whoami(i, host=f"WS{i}") for i in range(100)]).status, 200)
        centre.stop()
        centre.start()
        centre.wait_until_matched()
        found = centre.findings()
        self.assertEqual(len(found), 100)
        whole = centre.get("/api/v1/findings/" + found[0]["id"])
        self.assertIn("System Owner/User Discovery", str(whole["ocsf"]))  # the name of T1033
        self.assertEqual(self.jaga("journal", "verify", "--data", centre.data).returncode, DONE)


if __name__ == "__main__":
    jaga.main()
