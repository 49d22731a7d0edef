"""jaga drill: every drill, into a real centre over its doors; jaga findings; what is wrong with a file of a drill."""

import json
import socket
import subprocess

import jaga
from centre import CentreCase
from jaga import BROKEN, DONE, FOUND, JAGA, REFUSED, USAGE, Case

DRILLS = ["cloud-key-theft", "insider-exfiltration", "phish-to-ransomware", "supply-chain-agent", "web-shell"]

DOORS = {"elasticsearch", "hec", "hec-raw", "ndjson", "otlp"}

# Sources that fall silent in a drill: their rhythm is declared, because a drill is too short to learn it.
CONFIG = """\
sources:
  - {agency: health, source: servers, expect: 6s}
  - {agency: finance, source: cloudtrail, expect: 6s}
"""

SMALL = """\
drill: small
title: Small
about: A drill of one step.
start: Mon 09:00
length: 10m
agencies: [health]
steps:
  - name: Log cleared
    at: 1m
    agency: health
    technique: T1070.001
    what: The security log is cleared.
    events:
      - {source: servers, on: servers 1, like: security_cleared}
    expect: [%s]
"""


class Drilling(CentreCase):
    def drill_centre(self, *drills):
        indicators = "".join(self.jaga("drill", "indicators", drill).out for drill in drills)
        if indicators:
            path = self.write("indicators.txt", indicators)
            self.jaga("intel", "add", "--data", self.dir / "data", "--feed", "drill", path)
        centre = self.centre("--lateness", "3s", config=CONFIG, agency=None)
        self.token = self.write("token", centre.admin + "\n")
        return centre

    def to(self, centre):
        return ["--to", centre.url, "--token-file", self.token, "--fingerprint", centre.fingerprint]

    def run_drill(self, centre, drill, *more, code=DONE):
        report = self.dir / "report.json"
        done = self.jaga("drill", "run", drill, *self.to(centre), "--report", report, *more, code=code)
        with open(report, encoding="utf-8") as file:
            return done, json.load(file)

    def check_drill(self, drill):
        centre = self.drill_centre(drill)
        done, report = self.run_drill(centre, drill, "--duration", "5s", "--wait", "30s")
        for step in report["steps"]:
            wanted = "detected" if step["expected"] else "blind spot"
            self.assertEqual(step["verdict"], wanted, step["name"])
        self.assertEqual(report["false_findings"], [])
        self.assertEqual(report["missed"], 0)
        self.assertTrue(report["accounts_agree"])
        sent = 0
        for source in report["sources"]:
            self.assertEqual(source["stored"], source["sent"], source)
            self.assertEqual(source["rejected"], 0, source)
            sent += source["sent"]
        self.assertEqual(sent, report["noise_events"] + report["intrusion_events"])
        self.assertEqual(centre.account()["stored"], sent)
        self.assertGreater(report["noise_events"], report["intrusion_events"])
        self.assertEqual({source["door"] for source in report["sources"]}, DOORS)
        self.assertIn("none: every finding belongs to a step", done.out)

    def test_a_step_that_nothing_finds_is_missed_and_one_that_is_not_meant_is_false(self):
        centre = self.drill_centre()
        wrong = self.write("wrong.yaml", SMALL % "No Such Rule")
        more = ["--duration", "1s", "--noise", "10", "--wait", "4s"]
        done, report = self.run_drill(centre, wrong, *more, code=FOUND)
        self.assertEqual([step["verdict"] for step in report["steps"]], ["missed"])
        self.assertEqual([finding["title"] for finding in report["false_findings"]], ["Security Log Cleared"])
        self.assertIn("0 of 1", done.out)
        # The same events again, rightly described: what is counted on an older finding is found too.
        right = self.write("right.yaml", SMALL % "security log cleared")
        _, report = self.run_drill(centre, right, *more)
        self.assertEqual([step["verdict"] for step in report["steps"]], ["detected"])

    def test_tokens_are_made_for_the_drill_and_revoked_after_it(self):
        centre = self.drill_centre()
        path = self.write("small.yaml", SMALL % "Security Log Cleared")
        self.run_drill(centre, path, "--duration", "1s", "--noise", "10")
        made = [token for token in centre.get("/api/v1/tokens")["tokens"] if token["note"] == "drill"]
        self.assertEqual({token["source"] for token in made}, {"workstations", "servers", "linux", "dns", "proxy"})
        self.assertTrue(all(token["revoked"] for token in made))

    def test_findings_are_listed_and_followed(self):
        centre = self.drill_centre()
        path = self.write("small.yaml", SMALL % "Security Log Cleared")
        follower = subprocess.Popen(
            [JAGA, "findings", "follow", "--json", *map(str, self.to(centre))], stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.terminate)
        while centre.get("/api/v1/status")["connections"] < 2:
            pass  # until the follower is there
        self.run_drill(centre, path, "--duration", "1s", "--noise", "10")
        followed = json.loads(follower.stdout.readline())
        self.assertEqual((followed["title"], followed["agency"]), ("Security Log Cleared", "health"))
        done = self.jaga("findings", "list", *self.to(centre))
        self.assertRegex(done.out, r"high\s+health\s+Security Log Cleared")
        self.assertIn("HA-DC01.health.gov.example", done.out)
        self.assertEqual(self.jaga("findings", "list", "--agency", "finance", *self.to(centre)).out, "")
        self.assertEqual(self.jaga("findings", "list", "--level", "critical", *self.to(centre)).out, "")

    def test_a_token_that_may_not_make_others_is_refused_with_words(self):
        centre = self.drill_centre()
        self.write("token", "jaga_" + "x" * 43 + "\n")
        done = self.run_jaga("drill", "run", "web-shell", *self.to(centre))
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("401", done.err)


def add_drill_tests():
    for drill in DRILLS:

        def test(self, drill=drill):
            self.check_drill(drill)

        setattr(Drilling, "test_every_step_is_found_and_nothing_else_" + drill.replace("-", "_"), test)


class Files(Case):
    def test_every_drill_is_listed_and_shown(self):
        listed = self.jaga("drill", "list").out
        for drill in DRILLS:
            self.assertIn(drill, listed)
            self.assertIn("expected:", self.jaga("drill", "show", drill).out)
        self.jaga("drill", "check", *DRILLS)

    def test_the_same_seed_gives_the_same_drill(self):
        def titles(seed):
            out = self.jaga("drill", "run", "web-shell", "--dry", "--duration", "2s", "--seed", seed).out
            return [line.split('"GET ')[1].split(" HTTP")[0] for line in out.splitlines() if '"GET ' in line]

        self.assertEqual(titles("7"), titles("7"))
        self.assertNotEqual(titles("7"), titles("8"))

    def test_noise_alone_is_dense_in_working_hours_only(self):
        day = self.write("day.yaml", SMALL % "x")
        night = self.write("night.yaml", (SMALL % "x").replace("Mon 09:00", "Sun 09:00"))
        lines = [len(self.jaga("drill", "run", path, "--dry", "--duration", "1m").out.splitlines()) for path in (day, night)]
        self.assertGreater(lines[0], 2 * lines[1])
        silent = self.jaga("drill", "run", day, "--dry", "--noise", "0").out
        self.assertEqual(len(silent.splitlines()), 1)
        self.assertEqual(json.loads(silent)["winlog"]["event_id"], "1102")

    def test_what_is_wrong_with_a_file_is_said_with_its_place(self):
        good = SMALL % "x"
        cases = [
            ("start: Mon 09:00", "start: Mon 25:00", 4, "expected a day and a time"),
            ("agencies: [health]", "agencies: [healt]", 6, "there is no agency"),
            ("like: security_cleared", "like: security_cleered", 14, "there is no shape"),
            ("source: servers", "source: server", 14, "no source 'server'"),
            ("on: servers 1", "on: servers 9", 14, "from 1 to 5"),
            ("    what:", "    whta:", 12, "no key 'whta'"),
            ("at: 1m", "at: 11m", 9, "over by then"),
            ("like: security_cleared", "like: sysmon_process", 14, "nothing gives '{Image}' a value"),
            ("like: security_cleared", "like: security_cleared, with: {user: '{user'}", 14, "no '}' behind it"),
            ("like: security_cleared", "like: security_cleared, with: {user: '{nme:3}'}", 14, "no such function"),
            ("like: security_cleared", "like: security_cleared, with: {user: '{user}'}", 14, "needs itself"),
        ]
        for old, new, line, words in cases:
            with self.subTest(new=new):
                self.assertIn(old, good)
                path = self.write("bad.yaml", good.replace(old, new, 1))
                done = self.run_jaga("drill", "check", path)
                self.assertEqual(done.returncode, REFUSED, done.err)
                self.assertIn(f"bad.yaml:{line}:", done.err)
                self.assertIn(words, done.err)

    def test_a_centre_that_is_not_there_is_named_and_not_waited_for(self):
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            url = f"https://127.0.0.1:{held.getsockname()[1]}"
            done = self.run_jaga("drill", "run", "web-shell", "--to", url)
        self.assertEqual(done.returncode, BROKEN, done.err)
        self.assertIn(url, done.err)
        self.assertIn("onnect", done.err)

    def test_a_centre_has_to_be_named(self):
        for command in (["drill", "run", "web-shell"], ["findings", "list"], ["findings", "follow"]):
            done = self.run_jaga(*command)
            self.assertEqual(done.returncode, USAGE)
            self.assertIn("--to URL", done.err)
        done = self.run_jaga("drill", "show", "no-such-drill")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("no-such-drill", done.err)


add_drill_tests()

if __name__ == "__main__":
    jaga.main()
