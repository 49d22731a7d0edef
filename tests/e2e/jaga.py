"""What the end-to-end tests share: the binary, a scratch folder, and how to run one in the other."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

JAGA = os.environ["JAGA"]
ROOT = pathlib.Path(os.environ["JAGA_ROOT"])

NOBODY = 65534  # user and group
DONE, FOUND, USAGE, UNREADABLE, REFUSED, BROKEN, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

RULE = """\
title: Whoami
id: 5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001
status: test
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\whoami.exe'
    condition: selection
level: high
tags:
    - attack.t1033
"""


def process(image, record=1, host="WS1", time="2026-11-21 08:00:00.000", command=None):
    """A Sysmon process creation as one flat JSON object."""
    return {
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "EventRecordID": record,
        "Computer": host,
        "UtcTime": time,
        "Image": image,
        "CommandLine": command or image,
        "User": "CORP\\anna",
    }


def lines(events):
    return "".join(json.dumps(event) + "\n" for event in events)


class Case(unittest.TestCase):
    """A test with a scratch folder, and `run` to start jaga in it."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="jaga-e2e-"))
        self.dir.chmod(0o755)
        self.addCleanup(self.remove)

    def remove(self):
        for folder, _, _ in os.walk(self.dir):
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o755)
        shutil.rmtree(self.dir)

    def write(self, name, content):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return str(path)

    def run_jaga(self, *args, stdin=b"", env=None, timeout=240, **more):
        """Runs jaga in the scratch folder; the result has returncode, out and err as text."""
        environment = dict(os.environ, XDG_CACHE_HOME=str(self.dir / "cache"), **(env or {}))
        done = subprocess.run(
            [JAGA, *map(str, args)],
            cwd=self.dir,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env=environment,
            timeout=timeout,
            check=False,
            **more,
        )
        done.out = done.stdout.decode(errors="replace")
        done.err = done.stderr.decode(errors="replace")
        self.assertNotIn("Sanitizer", done.err)
        self.assertNotIn("runtime error", done.err)
        self.assertGreaterEqual(done.returncode, 0, done.err)
        return done

    def jaga(self, *args, code=DONE, **more):
        """The same, and it has to end with `code`."""
        done = self.run_jaga(*args, **more)
        self.assertEqual(done.returncode, code, done.err + done.out[-2000:])
        return done

    def events(self, *args, **more):
        """The lines of `jaga cat`, parsed."""
        return [json.loads(line) for line in self.jaga("cat", *args, **more).out.splitlines()]

    def findings(self, *args, code=DONE, **more):
        """The lines of `jaga scan -o jsonl`, parsed."""
        done = self.jaga("scan", "-o", "jsonl", *args, code=code, **more)
        return [json.loads(line) for line in done.out.splitlines()]


def is_sanitized():
    """Built with ASan? Then memory figures say nothing and the sandbox is partly off."""
    with open(JAGA, "rb") as binary:
        return b"__asan_init" in binary.read()


def as_nobody():
    """For preexec_fn: root may read everything, so tests of rights run as somebody else."""
    if os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def main():
    outcome = unittest.main(verbosity=1, exit=False).result
    if not outcome.wasSuccessful():
        sys.exit(1)
    # 77 tells Meson that there was nothing to run.
    sys.exit(77 if len(outcome.skipped) == outcome.testsRun else 0)
