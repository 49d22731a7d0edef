"""A machine whose clock jumps, or which stands still for a while: what was acknowledged is kept and found once, and time
that nobody watched is nobody's silence."""

import calendar
import glob
import os
import signal
import threading
import time
import unittest

import jaga
from centre import CentreCase, wait_for
from jaga import RULE, process

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
HOUR = 3600
CONFIG = """\
agencies: [{name: health}]
sources: [{agency: health, source: windows, expect: 5m}]
"""


class ClockCase(CentreCase):
    def setUp(self):
        super().setUp()
        self.write("rules/whoami.yml", RULE)
        self.sent = 0

    def send(self, n=10):
        """Events with a host each; all are acknowledged."""
        events = [process("C:\\Windows\\System32\\whoami.exe", host=f"H{self.sent + i}") for i in range(n)]
        self.assertEqual(self.running.send(events).status, 200)
        self.sent += n

    def check_each_once(self):
        self.running.wait_until_matched()
        found = [f for f in self.running.findings() if f["title"] == "Whoami"]
        self.assertEqual(sorted(f["host"] for f in found), sorted(f"H{i}" for i in range(self.sent)))
        self.assertEqual({f["count"] for f in found}, {1})


@unittest.skipUnless(LIBRARIES, "faketime is not there (tools/deps.sh)")
@unittest.skipIf(jaga.is_sanitized(), "AddressSanitizer has to be loaded first, and so has faketime")
class Jumps(ClockCase):
    def start(self):
        self.clock = self.dir / "clock"
        self.set_clock(0)
        self.running = self.centre(
            *("--rules", self.dir / "rules", "--throttle", "1000000", "--snapshot", "1s"),
            config=CONFIG,
            env={
                "LD_PRELOAD": LIBRARIES[0],
                "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # as with a clock that is set: only the time of day jumps
            },
        )

    def set_clock(self, seconds):
        """So far from the real time of day."""
        new = self.write("clock.new", f"{seconds:+d}\n")
        os.replace(new, self.clock)

    def health(self):
        [row] = self.running.get("/api/v1/sources")["sources"]
        return row["health"] or {}

    def look(self, seconds):
        """Sends, and waits until the source was looked at by the clock of now."""
        self.send()

        def looked():
            seen = self.health().get("last_seen")
            if not seen:
                return False
            then = calendar.timegm(time.strptime(seen[:19], "%Y-%m-%dT%H:%M:%S"))
            return abs(then - time.time() - seconds) < HOUR / 2

        wait_for("a look at the source", looked)

    def test_a_clock_that_is_set_back_and_forth_loses_nothing(self):
        self.start()
        self.look(0)
        for seconds in (-HOUR, -365 * 24 * HOUR, 24 * HOUR, 0):
            self.set_clock(seconds)
            self.look(seconds)
            self.assertFalse(self.health()["silent"], seconds)
            self.check_each_once()
        self.jaga("journal", "verify", "--data", self.running.data)

    def test_a_centre_that_starts_before_its_own_past_loses_nothing(self):
        self.start()
        self.send()
        self.running.stop()
        self.set_clock(-24 * HOUR)
        self.running.start()
        self.send()
        self.running.kill()
        self.set_clock(-48 * HOUR)
        self.running.start()
        self.send()
        self.check_each_once()
        self.jaga("journal", "verify", "--data", self.running.data)


class StandsStill(ClockCase):
    def test_a_centre_that_was_stopped_under_load_loses_nothing(self):
        self.running = self.centre("--rules", self.dir / "rules", "--throttle", "1000000", "--snapshot", "1s")
        over = threading.Event()
        problems = []

        def load():
            try:
                while not over.is_set():
                    self.send()
            except BaseException as problem:  # told by the thread that asks
                problems.append(problem)

        sender = threading.Thread(target=load, daemon=True)
        sender.start()
        for _ in range(5):
            before = self.sent
            wait_for("the load", lambda: problems or self.sent >= before + 100)
            self.running.process.send_signal(signal.SIGSTOP)
            wait_for("it to stand still", self.is_stopped)
            before = self.sent
            self.running.process.send_signal(signal.SIGCONT)
            wait_for("the load to go on", lambda: problems or self.sent >= before + 100)
        over.set()
        sender.join()
        self.assertEqual(problems, [])
        self.check_each_once()

    def is_stopped(self):
        """All of its threads (proc(5): T)."""
        tasks = glob.glob(f"/proc/{self.running.process.pid}/task/*/stat")
        states = []
        for task in tasks:
            with open(task, encoding="ascii") as file:
                states.append(file.read().rpartition(")")[2].split()[0])
        return all(state == "T" for state in states)


if __name__ == "__main__":
    jaga.main()
