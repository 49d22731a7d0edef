"""What jaga serve reads again while events come: the new is used, what is wrong is named and the old stays, and no event
is missed or counted twice."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import threading

import jaga
from authority import Authority
from centre import CentreCase, wait_for
from jaga import ROOT, RULE, process

THROTTLE = 1_000_000  # matches of a rule that are kept apart by host
SYSMON = {"Provider_Name": "Microsoft-Windows-Sysmon", "Channel": "Microsoft-Windows-Sysmon/Operational"}
FILTER = """\
title: The scanner may ask
logsource:
    product: windows
    category: process_creation
filter:
    rules:
        - 5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001
    selection:
        User: 'CORP\\scanner'
    condition: not selection
"""


def whoami(host="WS1"):
    return process("C:\\Windows\\System32\\whoami.exe", host=host)


def nltest(host="WS1"):
    return process("C:\\nltest.exe", host=host)


def nltest_rule(title):
    return RULE.replace("whoami", "nltest").replace("Whoami", title).replace("b0001", "b0002")


def lookup(host, name):
    return {**SYSMON, "EventID": 22, "Computer": host, "QueryName": name}


class Crowd(threading.Thread):
    """Sends one event after the other, all of one finding, until it is told to end."""

    def __init__(self, centre):
        super().__init__(daemon=True)
        self.centre = centre
        self.sent = 0
        self.refusal = None
        self.over = threading.Event()
        self.start()

    def run(self):
        connection = self.centre.connect()
        body = json.dumps(whoami("CROWD")) + "\n"
        while not self.over.is_set() and not self.refusal:
            answer = self.centre.ask("POST", "/api/v1/events", body, self.centre.token, connection=connection)
            if answer.status == 200:
                self.sent += 1
            else:
                self.refusal = f"{answer.status} {answer.text}"
        connection.close()

    def end(self):
        self.over.set()
        self.join()


class ReloadCase(CentreCase):
    def setUp(self):
        super().setUp()
        self.write("rules/whoami.yml", RULE)
        self.authority = Authority(self.dir / "authority")
        self.certificate, self.key = self.dir / "chain.pem", self.dir / "key.pem"
        self.use_certificate("first")

    def start(self):
        self.running = self.centre(
            *("--rules", self.dir / "rules", "--certificate", self.certificate, "--key", self.key),
            *("--syslog-tcp", "127.0.0.1:0", "--throttle", THROTTLE),
            config="agencies: [{name: health}]\n",
        )
        return self.running

    def replace(self, path, content):
        os.replace(self.write("new", content), path)

    def use_certificate(self, name):
        made = self.authority.issue(name, "serverAuth", f"IP:127.0.0.1,DNS:{name}.example")
        for path, place in zip(made, (self.certificate, self.key)):
            shutil.copyfile(path, place)

    def crowd(self):
        crowd = Crowd(self.running)
        self.addCleanup(crowd.end)
        wait_for("the first event", lambda: crowd.sent or crowd.refusal)
        return crowd

    def check_each_once(self, crowd):
        crowd.end()
        self.assertIsNone(crowd.refusal)
        self.running.wait_until_matched()
        self.assertEqual(sum(found["count"] for found in self.running.findings(host="CROWD")), crowd.sent)

    def logged(self, *words, since):
        """Waits for a line with all the words."""
        wait_for(
            f"{words} in the log",
            lambda: any(all(word in line for word in words) for line in self.running.log[since:]),
        )

    def hang_up(self, *words):
        """SIGHUP, and a line of the log with all the words."""
        since = len(self.running.log)
        self.running.process.send_signal(signal.SIGHUP)
        self.logged(*words, since=since)

    def titles(self, host):
        return {f["title"] for f in self.running.findings(host=host)}

    def find(self, event, host, title):
        """The event is found by this title, and by nothing that came before it."""
        self.assertEqual(self.running.send([event]).status, 200)
        self.running.wait_until_matched()
        self.assertEqual(self.titles(host), {title})


class Signalled(ReloadCase):
    def rewrite_unseen(self, name, old, new):
        """Changes a file so that its size, its time and its inode stay: only a signal tells the centre."""
        path = self.dir / name
        before = path.stat()
        self.assertEqual(len(old), len(new))
        with open(path, "r+b") as file:
            text = file.read().replace(old.encode(), new.encode())
            file.seek(0)
            file.write(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_rules_are_read_again(self):
        self.write("rules/other.yml", nltest_rule("First"))
        self.start()
        crowd = self.crowd()
        self.find(nltest("A"), "A", "First")
        self.rewrite_unseen("rules/other.yml", "First", "Again")
        self.hang_up("rules.loaded", "rules=2")
        self.find(nltest("B"), "B", "Again")
        self.check_each_once(crowd)

    def test_indicators_are_read_again(self):
        centre = self.start()
        crowd = self.crowd()
        self.jaga("intel", "add", "--data", centre.data, self.write("feed.txt", "bad.example\n"))
        self.hang_up("rules.loaded", "indicators=1")
        self.assertEqual(centre.send([lookup("DNS", "bad.example")]).status, 200)
        centre.wait_until_matched()
        self.assertEqual(len(self.titles("DNS")), 1)
        self.check_each_once(crowd)

    def test_sources_are_read_again(self):
        centre = self.start()
        host, _, port = centre.addresses["syslog-tcp"].rpartition(":")
        crowd = self.crowd()

        def arrives():
            # A sender that the centre doesn't know is cut off.
            with socket.create_connection((host, int(port))) as sender, contextlib.suppress(OSError):
                sender.sendall(b"<13>Nov 21 10:00:00 host app: hello\n")
                sender.shutdown(socket.SHUT_WR)
                sender.recv(1)
            rows = centre.get("/api/v1/sources")["sources"]
            return [row for row in rows if row["agency"] == "rail" and row["account"]["stored"]]

        self.assertEqual(arrives(), [])
        centre.configure("sources: [{agency: rail, source: signal, peer: 127.0.0.1}]\n")
        self.hang_up("rules.loaded")
        wait_for("the message", arrives)
        self.check_each_once(crowd)

    def test_the_servers_certificate_is_read_again(self):
        self.start()
        crowd = self.crowd()
        since = len(self.running.log)
        self.use_certificate("second")
        self.running.process.send_signal(signal.SIGHUP)
        self.logged("reload.certificate", "sha256", since=since)  # at the signal, or seen a moment before it
        self.assertEqual(self.served_names(), ["second.example"])
        self.assertEqual(self.running.logs().count("sha256="), 1)
        self.check_each_once(crowd)  # on the connection of before

    def served_names(self):
        context = ssl.create_default_context(cafile=self.authority.certificate)
        host, _, port = self.running.addresses["https"].rpartition(":")
        with socket.create_connection((host, int(port))) as raw, context.wrap_socket(raw, server_hostname=host) as tls:
            return [value for kind, value in tls.getpeercert()["subjectAltName"] if kind == "DNS"]

    def test_what_is_wrong_is_named_and_the_old_stays(self):
        centre = self.start()
        self.jaga("intel", "add", "--data", centre.data, self.write("feed.txt", "bad.example\n"))
        self.hang_up("rules.loaded", "indicators=1")
        image = pathlib.Path(centre.data, "intel", "indicators.jint")
        crowd = self.crowd()
        for path, content, words in (
            (image, b"rubbish", ("indicators.jint",)),
            (pathlib.Path(centre.data, "jaga.yaml"), b"sources: [{agency: health, pear: 1}]\n", ("jaga.yaml:1:28", "pear")),
            (self.certificate, b"rubbish", ("chain.pem", "the old one stays")),
            (self.key, b"rubbish", ("key.pem", "the old one stays")),
        ):
            with self.subTest(path.name):
                good = path.read_bytes()
                since = len(centre.log)
                self.replace(path, content)
                centre.process.send_signal(signal.SIGHUP)
                self.logged(*words, since=since)
                self.assertEqual(self.served_names(), ["first.example"])
                host = "OLD-" + path.name
                self.assertEqual(centre.send([lookup(host, "bad.example"), whoami(host)]).status, 200)
                centre.wait_until_matched()
                self.assertEqual(len(self.titles(host)), 2)
                self.replace(path, good)
        self.check_each_once(crowd)

    def test_a_broken_rule_is_named_and_the_others_stay(self):
        self.start()
        crowd = self.crowd()
        self.write("rules/broken.yml", "title: Broken\nlogsource: {}\ndetection: [\n")
        self.hang_up("broken.yml:")
        self.hang_up("rules.loaded", "rules=1")
        self.check_each_once(crowd)


class Watched(CentreCase):
    """Files that change, without a signal."""

    def test_a_new_rule_takes_effect_and_no_event_is_missed_meanwhile(self):
        self.write("rules/whoami.yml", RULE)
        centre = self.centre("--rules", self.dir / "rules")
        self.assertEqual(centre.send([whoami()]).status, 200)
        self.write("rules/nltest.yml", nltest_rule("Nltest"))
        sent = 0

        def found_by_the_new_rule():
            nonlocal sent
            events = [whoami(f"H{sent}"), nltest(f"H{sent}")]
            self.assertEqual(centre.send(events).status, 200)
            sent += 1
            return [finding for finding in centre.findings() if finding["title"] == "Nltest"]

        wait_for("the new rule", found_by_the_new_rule)
        centre.wait_until_matched()
        old = [finding for finding in centre.findings() if finding["title"] == "Whoami"]
        self.assertEqual(sum(finding["count"] for finding in old), sent + 1)

    def test_a_broken_configuration_leaves_the_old_rules(self):
        self.write("rules/whoami.yml", RULE)
        centre = self.centre("--rules", self.dir / "rules", config="agencies: []\n")
        self.write("rules/bad.yml", RULE.replace("detection:", "detecting:").replace("b0001", "b0009"))
        centre.configure("fold: 2h\nagencies: []\n")
        wait_for("the setting to be named", lambda: "fold takes effect at the next start" in centre.logs())
        wait_for("the bad rule to be named", lambda: "bad.yml:" in centre.logs())
        centre.configure("agencies: [\n")
        wait_for("the complaint", lambda: "config.wrong" in centre.logs())
        self.assertEqual(centre.send([whoami()]).status, 200)
        centre.wait_for_findings(1)

    def test_an_agency_may_leave_out_rules_and_levels(self):
        self.write("rules/whoami.yml", RULE)
        self.write("rules/nltest.yml", nltest_rule("Nltest").replace("level: high", "level: low"))
        centre = self.centre(
            "--rules",
            self.dir / "rules",
            config="agencies:\n  - {name: quiet, level: medium}\n  - {name: deaf, without: [attack.t1033]}\n",
        )
        events = [whoami(), nltest()]
        for agency in ("health", "quiet", "deaf"):
            token = centre.add_token(agency=agency, source="windows")
            self.assertEqual(centre.send(events, token=token).status, 200)
        centre.wait_until_matched()
        found = {(finding["agency"], finding["title"]) for finding in centre.findings()}
        self.assertEqual(found, {("health", "Whoami"), ("health", "Nltest"), ("quiet", "Whoami")})

    def test_an_exception_takes_matches_away_and_counts_them(self):
        self.write("rules/whoami.yml", RULE)
        centre = self.centre("--rules", self.dir / "rules")
        self.write("filter.yml", FILTER)
        self.jaga("exception", "add", "filter.yml", "--data", centre.data, "--reason", "ticket 7")
        event = dict(whoami(), User="CORP\\scanner")

        def used():
            self.assertEqual(centre.send([event]).status, 200)
            return any(row["used"] for row in centre.get("/api/v1/exceptions")["exceptions"])

        wait_for("the exception to be used", used)
        before = sum(finding["count"] for finding in centre.findings())
        self.assertEqual(centre.send([event] * 10 + [whoami("WS9")]).status, 200)
        found = centre.wait_for_findings(1, host="WS9")
        centre.wait_until_matched()
        self.assertEqual(found[0]["count"], 1)
        self.assertEqual(sum(finding["count"] for finding in centre.findings()), before + 1)


class Unsignalled(ReloadCase):
    def test_changed_content_is_noticed(self):
        """A folder of --content: its rules take the place of the binary's, and change with it."""
        content = self.dir / "content"
        shutil.copytree(ROOT / "content" / "datasets", content / "datasets")
        self.write("content/rules/whoami.yml", RULE)
        self.running = self.centre("--content", content, "--throttle", THROTTLE)
        crowd = self.crowd()
        since = len(self.running.log)
        self.write("content/rules/nltest.yml", nltest_rule("New"))
        self.logged("rules.loaded", "rules=2", since=since)
        self.find(nltest("A"), "A", "New")
        since = len(self.running.log)
        self.write("content/datasets/wrong.yaml", "dataset: [\n")
        self.logged("wrong.yaml:", since=since)
        self.logged("reload.failed", since=since)
        self.find(nltest("B"), "B", "New")
        self.check_each_once(crowd)


if __name__ == "__main__":
    jaga.main()
