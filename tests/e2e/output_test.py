"""What comes out: the same for any number of threads, colours only where wanted, formats that parse."""

import csv
import io
import os
import pty
import random
import subprocess

import jaga
from jaga import JAGA, RULE, lines, process

CORRELATION = """\
title: Many whoami
id: 5a0c1c8e-0002-4a0b-9d38-3b6f5a1b0002
status: test
name: many
correlation:
    type: event_count
    rules:
        - 5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001
    group-by:
        - Computer
    timespan: 1h
    condition:
        gte: 3
    generate: true
level: critical
"""


def some_events(n, seed=1):
    rng = random.Random(seed)
    images = ["C:\\Windows\\System32\\whoami.exe", "C:\\Windows\\notepad.exe", "C:\\a b\\é.exe"]
    return [
        process(
            images[rng.randrange(10) // 9 if rng.random() < 0.9 else 2],
            record=i,
            host=f"WS{rng.randrange(5)}",
            time=f"2026-11-21 {8 + i // 3600 % 12:02}:{i // 60 % 60:02}:{i % 60:02}.{i % 1000:03}",
            command="x" * rng.randrange(300),
        )
        for i in range(n)
    ]


class Output(jaga.Case):
    def setUp(self):
        super().setUp()
        self.rule = self.write("rule.yml", RULE + "---\n" + CORRELATION)

    def test_threads_and_chunks_do_not_change_a_byte(self):
        path = self.write("a.json", lines(some_events(20000)))
        one = self.jaga("scan", "-q", "-j", "1", "-o", "jsonl", "-r", self.rule, path).stdout
        self.assertGreater(one.count(b"\n"), 1000)
        self.assertIn(b"Many whoami", one)
        for jobs in ("2", "5"):
            self.assertEqual(one, self.jaga("scan", "-q", "-j", jobs, "-o", "jsonl", "-r", self.rule, path).stdout)
        cat = self.jaga("cat", "-j", "1", path).stdout
        self.assertEqual(cat, self.jaga("cat", "-j", "4", path).stdout)

    def test_order_of_the_input_does_not_change_what_is_found(self):
        def found(events):
            path = self.write("a.json", lines(events))
            out = self.findings("-q", "-r", self.rule, path)
            return sorted(
                (f["finding_info"]["title"], f["time"], f["evidences"][0]["data"].get("EventRecordID"))
                for f in out
            )

        events = some_events(5000)
        shuffled = events[:]
        random.Random(7).shuffle(shuffled)
        one, two = found(events), found(shuffled)
        # Events of one instant may stand in another order: a correlation may end on another of them.
        self.assertEqual([(t, when) for t, when, _ in one], [(t, when) for t, when, _ in two])

    def test_every_output_is_what_it_says(self):
        path = self.write("a.json", lines(some_events(500)))
        rows = list(csv.reader(io.StringIO(self.jaga("scan", "-o", "csv", "-r", self.rule, path).out)))
        self.assertTrue(all(len(row) == len(rows[0]) for row in rows))
        self.assertGreater(len(rows), 10)
        rows = list(csv.DictReader(io.StringIO(self.jaga("scan", "-o", "timesketch", "-r", self.rule, path).out)))
        self.assertTrue({"message", "datetime", "timestamp_desc"} <= set(rows[0]))
        html = self.jaga("scan", "-o", "html", "-r", self.rule, path).out
        self.assertTrue(html.lower().startswith("<!doctype html>"))
        self.assertTrue(html.rstrip().endswith("</main>"))
        finding = self.findings("-r", self.rule, path)[0]
        self.assertEqual(finding["class_uid"], 2004)
        self.assertEqual(finding["evidences"][0]["data"]["_source"], path)

    def test_write_goes_to_a_file(self):
        path = self.write("a.json", lines(some_events(100)))
        done = self.jaga("scan", "-o", "jsonl", "-w", "out.jsonl", "-r", self.rule, path)
        self.assertEqual(done.out, "")
        self.assertIn("Whoami", (self.dir / "out.jsonl").read_text())

    def test_level_tag_and_time_choose(self):
        path = self.write("a.json", lines(some_events(2000)))
        def titles(*args):
            return {f["finding_info"]["title"] for f in self.findings(*args, "-r", self.rule, path)}
        self.assertEqual(titles(), {"Whoami", "Many whoami"})
        self.assertEqual(titles("--level", "critical"), {"Many whoami"})
        self.assertEqual(titles("--tag", "attack.t1033"), {"Whoami"})
        self.assertEqual(titles("--tag", "attack.t10"), set())
        self.assertEqual(titles("--from", "2027-01-01"), set())
        self.assertEqual(titles("--to", "2026-01-01T00:00:00Z"), set())
        self.assertEqual(titles("--from", "2026-11-21", "--to", "2026-11-22"), {"Whoami", "Many whoami"})

    def on_terminal(self, *args, env=None):
        """What jaga writes to a terminal: output and errors together."""
        main, other = pty.openpty()
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        environment["TERM"] = "xterm"
        environment.update(env or {})
        with subprocess.Popen([JAGA, *args], stdout=other, stderr=other, stdin=subprocess.DEVNULL, env=environment):
            os.close(other)
            text = b""
            while True:
                try:
                    part = os.read(main, 65536)
                except OSError:
                    break
                if not part:
                    break
                text += part
        os.close(main)
        return text

    def test_colours_only_on_a_terminal_and_only_when_wanted(self):
        path = self.write("a.json", lines(some_events(100)))
        scan = ["scan", "-r", self.rule, path]
        self.assertIn(b"\033[", self.on_terminal(*scan))
        self.assertNotIn(b"\033[", self.on_terminal(*scan, env={"NO_COLOR": "1"}))
        self.assertNotIn(b"\033[", self.on_terminal(*scan, env={"TERM": "dumb"}))
        self.assertNotIn(b"\033[", self.on_terminal(*scan, "--color", "never"))
        self.assertNotIn("\033[", self.jaga(*scan, env={"NO_COLOR": ""}).out)
        self.assertIn("\033[", self.jaga(*scan, "--color", "always").out)

    @staticmethod
    def rows(text):
        """The names in the first column of a help text."""
        return [line[2:21].strip() for line in text.splitlines() if line.startswith("  ") and line[2:3].strip()]

    def test_help_of_every_command_fits_a_terminal(self):
        known = []
        for name in self.rows(self.jaga("--help").out):
            if name.endswith(" ..."):
                known += self.rows(self.jaga(name[:-4], "--help").out)
            elif not name.startswith("jaga"):
                known.append(name)
        self.assertGreater(len(known), 25)
        for command in known:
            done = self.jaga(*command.split(), "--help")
            self.assertTrue(all(len(line) <= 80 for line in done.out.splitlines()), done.out)

    def test_the_man_page_names_every_option(self):
        page = self.jaga("man").out
        for option in ("rules", "fail\\-level", "unpack\\-ratio", "recover"):
            self.assertIn("\\-\\-" + option, page)


if __name__ == "__main__":
    jaga.main()
