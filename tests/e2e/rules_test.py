"""The commands about rules, datasets and content."""

import json
import os
import zipfile

import jaga
from jaga import RULE, lines, process

INFO = """\
id: 5a0c1c8e-0009-4a0b-9d38-3b6f5a1b0009
rule_metadata:
    - id: 5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001
      title: Whoami
regression_tests_info:
    - name: Positive
      type: json
      match_count: 1
      path: regression_data/whoami/yes.json
    - name: Negative
      type: json
      match_count: 0
      path: regression_data/whoami/no.json
"""

WHOAMI = process("C:\\Windows\\System32\\whoami.exe")
OTHER = process("C:\\Windows\\notepad.exe")


class Rules(jaga.Case):
    def test_check_says_where_and_why(self):
        self.write("rules/good.yml", RULE)
        self.write("rules/bad.yml", RULE.replace("0001", "0003").replace("|endswith", "|endswhith"))
        self.write("rules/broken.yml", "title: [\n")
        self.write("rules/README.md", "no rule")
        done = self.jaga("rules", "check", "rules", code=jaga.REFUSED)
        self.assertRegex(done.out, r"rules/bad\.yml:\d+:\d+: error: .*endswhith")
        self.assertRegex(done.out, r"rules/broken\.yml:\d+")
        self.assertIn("1 rules", done.out)
        self.assertIn("2 refused", done.out)
        self.assertEqual(done.err, "")

    def test_a_rule_refused_by_the_matcher_is_counted_once(self):
        bad = RULE.replace("Image|endswith: '\\whoami.exe'", "Image|re: '(whoami'")
        self.assertNotEqual(bad, RULE)
        done = self.jaga("rules", "check", self.write("bad.yml", bad), code=jaga.REFUSED)
        self.assertIn("1 documents: 0 rules, 0 correlations, 0 filters, 1 refused", done.out)
        self.assertEqual(done.err, "")

    def test_check_of_good_rules_is_0(self):
        self.jaga("rules", "check", self.write("good.yml", RULE))

    def test_rules_come_from_archives_too(self):
        with zipfile.ZipFile(self.dir / "rules.zip", "w") as archive:
            archive.writestr("sigma/rules/whoami.yml", RULE)
            archive.writestr("sigma/README.md", "no rule: [")
        path = self.write("a.json", lines([WHOAMI, OTHER]))
        self.assertEqual(len(self.findings("-r", "rules.zip", path)), 1)

    def test_placeholders_are_filled_or_the_rule_is_refused(self):
        rule = RULE.replace("Image|endswith: '\\whoami.exe'", "User|expand: '%admins%'")
        self.write("rule.yml", rule)
        self.write("names.yml", "vars:\n    admins:\n        - 'CORP\\anna'\n        - other\n")
        path = self.write("a.json", lines([WHOAMI]))
        self.assertEqual(len(self.findings("-r", "rule.yml", "-p", "names.yml", path)), 1)
        done = self.jaga("scan", "--strict", "-r", "rule.yml", path, code=jaga.REFUSED)
        self.assertIn("%admins%", done.err)

    def test_a_second_run_finds_the_same_from_the_cache(self):
        for i in range(150):
            self.write(f"rules/{i}.yml", RULE.replace("0001\n", f"1{i:03}\n", 1))
        path = self.write("a.json", lines([WHOAMI]))
        args = ("scan", "-o", "jsonl", "-r", "rules", path)
        first = self.jaga(*args).stdout
        cached = list((self.dir / "cache/jaga").iterdir())
        self.assertEqual(len(cached), 1)
        self.assertEqual(first.count(b"\n"), 150)
        self.assertEqual(self.jaga(*args).stdout, first)
        # A damaged cache is as good as none; a changed rule is not taken from it.
        cached[0].write_bytes(cached[0].read_bytes()[:-100])
        self.assertEqual(self.jaga(*args).stdout, first)
        self.write("rules/0.yml", RULE.replace("whoami", "notepad"))
        self.assertEqual(self.jaga(*args).stdout.count(b"\n"), 149)
        self.assertEqual(self.jaga(*args, "--no-cache").stdout.count(b"\n"), 149)

    def test_tests_pass_and_fail(self):
        self.write("rules/whoami.yml", RULE)
        self.write("regression_data/whoami/info.yml", INFO)
        self.write("regression_data/whoami/yes.json", lines([WHOAMI, OTHER]))
        self.write("regression_data/whoami/no.json", lines([OTHER]))
        done = self.jaga("rules", "test", "regression_data")
        self.assertIn("2 of 2 tests passed", done.out)
        self.write("regression_data/whoami/no.json", lines([WHOAMI]))
        done = self.jaga("rules", "test", "-r", "rules", "regression_data", code=jaga.REFUSED)
        self.assertIn("FAILED Whoami", done.out)
        self.assertIn("1 matches, 0 expected", done.out)
        self.assertIn("1 of 2 tests passed", done.out)

    def test_more_matches_than_stated_fail_only_strictly(self):
        self.write("rules/whoami.yml", RULE)
        self.write("regression_data/whoami/info.yml", INFO)
        self.write("regression_data/whoami/yes.json", lines([WHOAMI, WHOAMI]))
        self.write("regression_data/whoami/no.json", lines([OTHER]))
        self.jaga("rules", "test", "regression_data")
        self.jaga("rules", "test", "--strict", "regression_data", code=jaga.REFUSED)

    def test_a_missing_test_file_fails(self):
        self.write("rules/whoami.yml", RULE)
        self.write("regression_data/whoami/info.yml", INFO)
        done = self.jaga("rules", "test", "regression_data", code=jaga.REFUSED)
        self.assertIn("its file is not there", done.out)

    def test_explain_says_why(self):
        rule = self.write("rule.yml", RULE)
        path = self.write("a.json", lines([OTHER, WHOAMI]))
        done = self.jaga("rules", "explain", rule, path)
        self.assertIn("record 2", done.out)
        self.assertIn("notepad.exe", done.out)
        self.assertIn("1 matched, 1 of its logsource did not", done.out)

    def test_coverage_makes_no_layer_of_what_are_no_findings(self):
        self.write("other.jsonl", jaga.lines([process("a"), process("b")]))
        done = self.jaga("rules", "coverage", "--findings", "other.jsonl", code=jaga.UNREADABLE)
        self.assertIn("2 events are no findings", done.err)
        self.assertEqual(done.out, "")
        done = self.jaga("rules", "coverage", "--findings", "absent", code=jaga.UNREADABLE)
        self.assertEqual(done.out, "")
        self.write("none.jsonl", "")
        self.assertIn('"layer": "4.5"', self.jaga("rules", "coverage", "--findings", "none.jsonl").out)

    def test_coverage_takes_rules_by_option_and_as_paths_together(self):
        rule = self.write("rule.yml", jaga.RULE)
        more = self.write("more.yml", jaga.RULE.replace("1b0001", "1b0002"))
        done = self.jaga("rules", "coverage", "-r", rule, more)
        self.assertIn("; 2 rules", done.err)

    def test_coverage_is_a_navigator_layer(self):
        rule = self.write("rule.yml", RULE)
        layer = json.loads(self.jaga("rules", "coverage", rule).out)
        self.assertEqual(layer["versions"]["layer"], "4.5")
        scores = {t["techniqueID"]: t["score"] for t in layer["techniques"] if t.get("score")}
        self.assertEqual(scores, {"T1033": 1})
        self.write("a.json", lines([WHOAMI] * 3))
        self.jaga("scan", "-o", "jsonl", "-w", "found.jsonl", "-r", rule, "a.json")
        layer = json.loads(self.jaga("rules", "coverage", "--findings", "found.jsonl", rule).out)
        scores = {t["techniqueID"]: t["score"] for t in layer["techniques"] if t.get("score")}
        self.assertEqual(scores, {"T1033": 3})

    def test_bench_measures_each_rule(self):
        rule = self.write("rule.yml", RULE)
        done = self.jaga("rules", "bench", "-r", rule, self.write("a.json", lines([WHOAMI, OTHER] * 50)))
        self.assertRegex(done.out, r"\d+\.\d +50  Whoami")
        self.assertIn("100 events, 1 rules", done.out)

    def test_content_is_carried_shown_exported_and_replaced(self):
        names = self.jaga("content", "list").out.split()
        self.assertIn("datasets/windows.yaml", names)
        self.jaga("content", "export", "mine")
        for name in names:
            self.assertEqual((self.dir / "mine" / name).read_bytes(), self.jaga("content", "show", name).stdout)
        self.jaga("content", "show", "nothing", code=jaga.USAGE)
        # With only one dataset of our own, Sysmon is not known any more.
        for name in names:
            if name.startswith("datasets/") and name != "datasets/web.yaml":
                os.remove(self.dir / "mine" / name)
        rule = self.write("rule.yml", RULE)
        path = self.write("a.json", lines([WHOAMI]))
        self.assertEqual(len(self.findings("-r", rule, path)), 1)
        self.assertEqual(len(self.findings("-r", rule, "--content", "mine", path)), 0)

    def test_a_broken_dataset_is_said_with_its_place(self):
        self.write("mine/datasets/x.yaml", "name: x\nrecognise: 5\n")
        rule = self.write("rule.yml", RULE)
        path = self.write("a.json", lines([WHOAMI]))
        done = self.jaga("scan", "-r", rule, "--content", "mine", path, code=jaga.USAGE)
        self.assertRegex(done.err, r"x\.yaml:\d+:\d+: ")

    def test_datasets_can_be_looked_up(self):
        self.assertIn("windows_sysmon", self.jaga("datasets", "list").out)
        self.assertIn("process.executable", self.jaga("datasets", "show", "windows_sysmon").out)
        self.jaga("datasets", "show", "nothing", code=jaga.USAGE)


class Spellings(jaga.Case):
    def test_a_guid_matches_with_braces_and_without_on_either_side(self):
        guid = "0CCE9217-69AE-11D9-BED3-505054503030"
        for in_rule in (guid, "{" + guid + "}"):
            rule = self.write("rule.yml", f"""\
title: Audit policy
logsource: {{product: windows, service: security}}
detection:
    selection: {{EventID: 4719, SubcategoryGuid: '{in_rule}'}}
    condition: selection
level: high
""")
            for in_event in (guid.lower(), "{" + guid + "}"):
                event = {"Channel": "Security", "EventID": 4719, "SubcategoryGuid": in_event}
                found = self.findings("-r", rule, "-", stdin=jaga.lines([event]))
                self.assertEqual(len(found), 1, (in_rule, in_event))
                self.assertEqual(found[0]["evidences"][0]["data"]["SubcategoryGuid"], in_event)


if __name__ == "__main__":
    jaga.main()
