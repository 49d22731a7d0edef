"""Every exit code, and a clear word with it."""

import jaga
from jaga import RULE, lines, process


class ExitCodes(jaga.Case):
    def setUp(self):
        super().setUp()
        self.rule = self.write("rule.yml", RULE)
        self.hit = self.write("hit.json", lines([process("C:\\Windows\\System32\\whoami.exe")]))
        self.quiet = self.write("quiet.json", lines([process("C:\\Windows\\notepad.exe")]))

    def test_done(self):
        done = self.jaga("scan", "-r", self.rule, self.hit)
        self.assertIn("Whoami", done.out)
        self.assertEqual(done.err, "")

    def test_a_finding_at_the_fail_level_is_1(self):
        self.jaga("scan", "-r", self.rule, "--fail-level", "high", self.hit, code=jaga.FOUND)
        self.jaga("scan", "-r", self.rule, "--fail-level", "medium", self.hit, code=jaga.FOUND)
        self.jaga("scan", "-r", self.rule, "--fail-level", "critical", self.hit)
        self.jaga("scan", "-r", self.rule, "--fail-level", "low", self.quiet)

    def test_wrong_usage_is_2_and_helps(self):
        self.assertIn("did you mean 'scan'", self.jaga("scna", code=jaga.USAGE).err)
        self.assertIn("did you mean 'check'", self.jaga("rules", "chek", code=jaga.USAGE).err)
        self.assertIn("did you mean --rules", self.jaga("scan", "--rule", "x", code=jaga.USAGE).err)
        self.assertIn("PATH", self.jaga("scan", code=jaga.USAGE).err)
        self.assertIn("table", self.jaga("scan", "-o", "tabel", "x", code=jaga.USAGE).err)
        self.assertIn("1 to 256", self.jaga("scan", "-j", "0", "x", code=jaga.USAGE).err)
        self.assertIn("--from", self.jaga("scan", "--from", "yesterdayish", "x", code=jaga.USAGE).err)
        self.assertIn("what?", self.jaga("rules", code=jaga.USAGE).err)
        self.jaga(code=jaga.USAGE)

    def test_rules_that_are_not_there_are_wrong_usage(self):
        done = self.jaga("scan", "-r", "nowhere", self.hit, code=jaga.USAGE)
        self.assertIn("nowhere: No such file", done.err)

    def test_an_input_that_cannot_be_read_is_3_and_the_rest_is_read(self):
        done = self.jaga("scan", "-r", self.rule, "missing.evtx", self.hit, code=jaga.UNREADABLE)
        self.assertIn("missing.evtx: No such file", done.err)
        self.assertIn("Whoami", done.out)

    def test_a_refused_rule_is_4_with_strict_only(self):
        bad = self.write("bad.yml", RULE.replace("condition: selection", "condition: selektion"))
        done = self.jaga("scan", "-r", self.rule, "-r", bad, self.hit)
        self.assertIn("1 refused", done.err)
        done = self.jaga("scan", "--strict", "-r", self.rule, "-r", bad, self.hit, code=jaga.REFUSED)
        self.assertRegex(done.err, r"bad\.yml:\d+:\d+: .*selektion")
        self.assertEqual(done.out, "")

    def test_a_finding_outranks_an_unreadable_input(self):
        self.jaga("scan", "-r", self.rule, "--fail-level", "low", "missing", self.hit, code=jaga.FOUND)

    def test_output_that_cannot_be_opened_is_5(self):
        self.jaga("scan", "-r", self.rule, "-w", "no/such/folder", self.hit, code=jaga.BROKEN)

    def test_a_tag_that_no_rule_has_is_said(self):
        for tag, said in (("t1003", True), ("attack.t9999", True), ("Attack.T1003", False)):
            done = self.jaga("scan", "-q", "--tag", tag, self.write("empty", ""))
            self.assertEqual("no rule has it" in done.err, said, tag)

    def test_a_full_disk_is_5(self):
        with open("/dev/full", "wb") as full:
            import subprocess

            done = subprocess.run([jaga.JAGA, "cat", self.hit], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, jaga.BROKEN)
        self.assertIn(b"No space left", done.stderr)

    def test_help_and_version_are_0(self):
        self.assertIn("Exit codes", self.jaga("--help").out)
        self.assertIn("--fail-level", self.jaga("scan", "--help").out)
        self.assertIn("--fail-level", self.jaga("help", "scan").out)

    def test_help_of_a_group_lists_its_commands(self):
        for ask in (("rules", "--help"), ("rules", "-h"), ("help", "rules")):
            out = self.jaga(*ask).out
            self.assertIn("rules explain", out)
            self.assertNotIn("  scan", out)
        self.jaga("help", "rules", "test")
        self.jaga("frobnicate", "--help", code=jaga.USAGE)
        self.jaga("help", "frobnicate", code=jaga.USAGE)
        self.assertRegex(self.jaga("--version").out, r"^jaga \d")


if __name__ == "__main__":
    jaga.main()
