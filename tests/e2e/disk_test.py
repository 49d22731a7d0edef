"""A disk that is full, or may not be written: the centre says so, refuses what it cannot keep, and goes on by itself."""

import os
import subprocess

import jaga
from centre import CentreCase, wait_for
from jaga import RULE, process

SIZE = 128 << 20  # with room for the ledger, which keeps the events of findings
FILLER = "x" * 200000


def mount(folder, *options):
    return subprocess.run(["mount", *options, folder], capture_output=True, check=False).returncode == 0


class Disk(CentreCase):
    """The data folder is a file system of its own, small and in memory."""

    def setUp(self):
        super().setUp()
        self.folder = self.dir / "disk"
        self.folder.mkdir()
        if not mount(str(self.folder), "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs"):
            self.skipTest("this user may not mount a file system")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.folder)], check=False)
        self.write("rules/whoami.yml", RULE)
        self.place, self.dir = self.dir, self.folder  # the centre's data goes there
        self.running = self.centre("--rules", self.place / "rules")
        self.dir = self.place
        self.sent = 0

    def send(self):
        """One large event with a host of its own; the status of the answer."""
        self.sent += 1
        event = process("C:\\Windows\\System32\\whoami.exe", record=self.sent, host=f"H{self.sent}")
        event["Filler"] = FILLER
        answer = self.running.send([event])
        return answer.status, f"H{self.sent}"

    def send_until(self, what, fits):
        """Hosts of the events that were acknowledged on the way."""
        kept = []

        def once():
            status, host = self.send()
            if status == 200:
                kept.append(host)
            return fits(status)

        wait_for(what, once)
        return kept

    def check_all_are_found(self, kept):
        self.running.wait_until_matched()
        wait_for("the findings", lambda: len(self.running.findings()) >= len(kept))
        self.assertEqual(sorted(finding["host"] for finding in self.running.findings()), sorted(kept))

    def test_a_full_disk_refuses_and_recovers_when_there_is_room(self):
        kept = self.send_until("an event to be stored", lambda status: status == 200)
        ballast = self.folder / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * (1 << 16))
            except OSError:
                pass
        kept += self.send_until("a refusal", lambda status: status in (429, 503))
        self.assertEqual(self.running.ask("GET", "/readyz").status, 503)
        self.assertEqual(self.running.ask("GET", "/healthz").status, 200)
        ballast.unlink()
        kept += self.send_until("an event to be stored again", lambda status: status == 200)
        self.check_all_are_found(kept)
        self.assertIn("No space left", self.running.logs())

    def test_a_disk_that_may_not_be_written_is_named_at_the_start(self):
        kept = self.send_until("an event to be stored", lambda status: status == 200)
        self.running.stop()
        self.assertTrue(mount(str(self.folder), "-o", "remount,ro"))
        with self.assertRaisesRegex(AssertionError, "Read-only file system"):
            self.running.start()
        self.running.close()
        self.assertTrue(mount(str(self.folder), "-o", "remount,rw"))
        self.running.start()
        self.check_all_are_found(kept)


class Folder(CentreCase):
    def test_folders_that_become_read_only_make_senders_wait_and_lose_nothing(self):
        """The centre runs as somebody whom rights bind, with a spool of small segments: it needs a new one soon."""
        self.write("rules/whoami.yml", RULE)
        centre = self.centre("--rules", self.dir / "rules", "--spool-quota", "8M", unprivileged=True)
        folders = [folder for folder, _, _ in os.walk(centre.data)]
        kept = []

        def status():
            host = f"R{len(kept)}"
            event = dict(process("C:\\Windows\\System32\\whoami.exe", host=host), Filler=FILLER)
            answer = centre.send([event]).status
            if answer == 200:
                kept.append(host)
            return answer

        self.assertEqual(status(), 200)
        for folder in folders:
            os.chmod(folder, 0o500)
        wait_for("a refusal", lambda: status() == 503)
        self.assertIn("Permission denied", centre.ask("GET", "/readyz").text)
        self.assertEqual(centre.ask("GET", "/healthz").status, 200)
        wait_for("the log to say it", lambda: status() == 503 and "event=spool.failing" in centre.logs())
        for folder in folders:
            os.chmod(folder, 0o700)
        wait_for("an event to be stored again", lambda: status() == 200)
        centre.wait_until_matched()
        self.assertEqual(sorted(finding["host"] for finding in centre.findings()), sorted(kept))


class Quota(CentreCase):
    def test_a_quota_makes_senders_wait_and_loses_nothing(self):
        self.write("rules/whoami.yml", RULE)
        centre = self.centre(
            *("--rules", self.dir / "rules", "--snapshot", "1s"),
            *("--spool-quota", "4M", "--spool-keep-size", "2M"),
        )
        waited = 0
        for number in range(60):
            event = dict(process("C:\\Windows\\System32\\whoami.exe", host=f"Q{number}"), Filler=FILLER)

            def stored(event=event):
                nonlocal waited
                status = centre.send([event]).status
                waited += status != 200
                return status == 200

            wait_for("room", stored)
        self.assertGreater(waited, 0)
        centre.wait_until_matched()
        self.assertEqual(
            sorted(finding["host"] for finding in centre.findings()), sorted(f"Q{number}" for number in range(60))
        )
        spool = os.path.join(centre.data, "spool")
        self.assertLessEqual(sum(os.path.getsize(os.path.join(spool, name)) for name in os.listdir(spool)), 4 << 20)

    def test_a_quota_that_stays_full_is_said(self):
        centre = self.centre("--spool-quota", "1M", "--spool-keep", "0s", "--spool-keep-size", "0")
        event = {"filler": FILLER}
        wait_for("a refusal", lambda: centre.send([event]).status == 503)
        self.assertIn("quota", centre.ask("GET", "/readyz").text)

        def said():
            centre.send([event])
            return "event=spool.failing" in centre.logs()

        wait_for("the log to say it", said)


if __name__ == "__main__":
    jaga.main()
