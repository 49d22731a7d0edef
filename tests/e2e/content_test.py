"""What we ship: our rules pass their own tests, and the demo tells its story."""

import json
import re

import jaga
from jaga import ROOT

RULES = ROOT / "content/rules"
DEMO = ROOT / "content/demo"
AREAS = {"windows": 25, "linux": 12, "network": 8, "cloud": 10, "web": 6}

# One finding of each chapter of the demo's story (content/demo/README.md).
STORY = {
    "Administrator Or Local User Added On A FortiGate",
    "Switch Or Router Told To Log Less Or To Forget",
    "Office Application Starts An Interpreter Or Living Off The Land Binary",
    "Many Different Discovery Commands In Minutes",
    "LSASS Memory Written To Disk Through Comsvcs",
    "One Password Tried On Many Accounts",
    "Service Tickets Collected For Cracking",
    "Service Installed With A Command That Hides Something",
    "Directory Replication Requested By An Account That Is No Domain Controller",
    "Data Carried Out In DNS Names",
    "Security Log Cleared",
    "Script Called In An Upload Folder",
    "Reverse Shell Started From The Command Line",
    "Root Logged In With A Password Over SSH",
    "Stolen AWS Key Tries What It May Do",
    "Sign-In With A Device Code",
    "Mailbox Rule That Forwards Or Hides Mail",
}


class Content(jaga.Case):
    def test_every_rule_passes_the_tests_beside_it(self):
        done = self.jaga("rules", "test", "--strict", "-r", RULES, RULES, code=jaga.DONE)
        passed, total = re.search(r"(\d+) of (\d+) tests passed", done.out).groups()
        rules = [p for area in AREAS for p in (RULES / area).glob("*.yml")]
        self.assertEqual(passed, total)
        self.assertEqual(int(total), 2 * len(rules))

    def test_without_a_path_the_tests_within_the_binary_are_run(self):
        done = self.jaga("rules", "test", code=jaga.DONE)
        passed, total = re.search(r"(\d+) of (\d+) tests passed", done.out).groups()
        self.assertEqual(passed, total)
        self.assertEqual(int(total), 2 * len(list((RULES / "tests").glob("*/info.yml"))))

    def test_without_a_path_other_content_is_tested_by_its_own_tests(self):
        self.jaga("content", "export", "mine")
        folder = self.dir / "mine/rules/tests"
        first = sorted(folder.iterdir())[0]
        (first / "info.yml").write_text((first / "info.yml").read_text().replace(
            "match_count: 0", "match_count: 7"))
        done = self.jaga("rules", "test", "--content", "mine", code=jaga.REFUSED)
        self.assertEqual(done.out.count("FAILED"), 1, done.out)

    def test_every_rule_has_a_test_that_matches_and_one_that_does_not(self):
        for area, least in AREAS.items():
            rules = list((RULES / area).glob("*.yml"))
            self.assertGreaterEqual(len(rules), least, area)
            for rule in rules:
                folder = RULES / "tests" / rule.stem
                info = (folder / "info.yml").read_text()
                self.assertIn("match_count: 0", info, rule)
                self.assertTrue(list(folder.glob("positive.*")), rule)
                self.assertTrue(list(folder.glob("negative.*")), rule)

    def test_no_rule_is_refused_and_every_logsource_is_provided(self):
        done = self.jaga("rules", "check", RULES, code=jaga.DONE)
        self.assertIn(" 0 refused", done.out)
        self.assertIn(" 0 errors", done.out)
        self.assertNotIn("unroutable", done.out)

    def test_the_demo_tells_its_story(self):
        done = self.jaga("scan", "-q", "-o", "jsonl", DEMO, code=jaga.DONE)
        titles = {json.loads(line)["finding_info"]["title"] for line in done.out.splitlines()}
        self.assertEqual(STORY - titles, set())

    def test_ordinary_work_in_the_demo_is_left_alone(self):
        done = self.jaga("scan", "-q", "-o", "jsonl", "--level", "medium", DEMO, code=jaga.DONE)
        self.assertLess(len(done.out.splitlines()), 80)


if __name__ == "__main__":
    jaga.main()
