"""Inputs that want to hurt: bombs, endless lines, signals, readers who leave."""

import gzip
import io
import os
import signal
import subprocess
import zipfile

import jaga
from jaga import JAGA, RULE, lines, process

MEMORY_MAX_KB = 900_000 if jaga.is_sanitized() else 200_000
BLOCK = b"a" * (1 << 20)


def peak_memory_kb(pid):
    """VmHWM of a process that has not been waited for."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


class Hostile(jaga.Case):
    def feed(self, args, blocks):
        """Runs jaga over a pipe; returns exit code, output, errors, and peak memory before its end."""
        with subprocess.Popen(
            [JAGA, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir
        ) as process_:
            for block in blocks:
                process_.stdin.write(block)
            process_.stdin.flush()
            peak = peak_memory_kb(process_.pid)
            out, err = process_.communicate()
        return process_.returncode, out, err.decode(), peak

    def test_a_line_of_two_gigabytes(self):
        def blocks():
            yield b'{"before": 1}\n'
            for _ in range(2048):
                yield BLOCK
            yield b'\n{"after": 2}\n'

        code, out, err, peak = self.feed(["cat", "--format", "json", "-"], blocks())
        self.assertEqual(code, jaga.UNREADABLE)
        self.assertIn("offset 14", err)
        self.assertEqual(out, b'{"before":1}\n{"after":2}\n')
        self.assertLess(peak, MEMORY_MAX_KB)

    def test_memory_does_not_grow_with_the_input(self):
        rule = self.write("rule.yml", RULE)
        block = lines([process("C:\\x.exe")] * 2000).encode()
        code, _, err, peak = self.feed(
            ["scan", "-q", "-j", "2", "-r", rule, "-"], (block for _ in range(400))
        )
        self.assertEqual(code, jaga.DONE, err)
        self.assertLess(peak, MEMORY_MAX_KB)

    def test_a_mapped_file_larger_than_the_memory_allowed(self):
        path = self.dir / "big.json"
        block = lines([{"n": 1, "text": "x" * 1000}] * 1000).encode()
        with open(path, "wb") as file:
            for _ in range(500):
                file.write(block)
        with subprocess.Popen(
            [JAGA, "cat", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process_:
            size = peak = 0
            while True:
                part = process_.stdout.read(1 << 20)
                if not part:
                    break
                size += len(part)
                if size > 450_000_000 and not peak:
                    peak = peak_memory_kb(process_.pid)
            process_.wait()
        self.assertGreater(size, 500_000_000)
        self.assertLess(peak, MEMORY_MAX_KB)

    def test_values_that_do_not_fit_into_an_event_are_counted(self):
        wide = {f"field{n}": n for n in range(5000)}
        done = self.jaga("cat", self.write("wide.json", lines([wide, {"a": 1}])))
        self.assertIn("events too large to keep all their values: 1\n", done.err)

    def test_a_gzip_bomb(self):
        out = io.BytesIO()
        with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9) as packed:
            for _ in range(400):
                packed.write(BLOCK)
        path = self.write("bomb.gz", out.getvalue())
        done = self.jaga("cat", path, code=jaga.UNREADABLE)
        self.assertIn("taken for a zip bomb (--unpack-ratio)", done.err)

    def test_a_zip_bomb_of_many_members(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(100):
                archive.writestr(f"m{i}", BLOCK * 2)
        path = self.write("bomb.zip", out.getvalue())
        self.assertIn("zip bomb", self.jaga("cat", path, code=jaga.UNREADABLE).err)
        done = self.jaga("cat", "--unpack-members", "5", path, code=jaga.UNREADABLE)
        self.assertIn("more than 5 members", done.err)
        done = self.jaga("cat", "--unpack-max", "3M", path, code=jaga.UNREADABLE)
        self.assertIn("--unpack-max", done.err)

    def test_ctrl_c_finishes_the_output_and_says_so(self):
        rule = self.write("rule.yml", RULE)
        event = lines([process("C:\\Windows\\System32\\whoami.exe")]).encode()
        for output in ("table", "jsonl", "csv", "html"):
            with subprocess.Popen(
                [JAGA, "scan", "-o", output, "-r", rule, "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process_:
                # Once the pipe takes no more, jaga is in the middle of reading.
                for _ in range(3000):
                    process_.stdin.write(event)
                process_.stdin.flush()
                process_.send_signal(signal.SIGINT)
                out, err = process_.communicate(timeout=120)
            self.assertEqual(process_.returncode, jaga.INTERRUPTED, err)
            self.assertIn(b"interrupted", err)
            if output == "html":
                self.assertTrue(out.rstrip().endswith(b"</main>"), out[-200:])

    def test_a_reader_who_leaves_is_no_error(self):
        path = self.write("a.json", lines([{"n": i} for i in range(200_000)]))
        with subprocess.Popen(
            [JAGA, "cat", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process_:
            process_.stdout.read(10)
            process_.stdout.close()
            err = process_.stderr.read()
        self.assertEqual(process_.returncode, jaga.DONE)
        self.assertEqual(err, b"")

    def test_a_regex_that_never_ends_is_bounded(self):
        rule = RULE.replace("Image|endswith: '\\whoami.exe'", "CommandLine|re: '^(?=(a+)+$)(a+)+\\1b$'")
        path = self.write("a.json", lines([process("x", command="a" * 4000)] * 20))
        done = self.run_jaga("scan", "-r", self.write("rule.yml", rule), path)
        self.assertIn(done.returncode, (jaga.DONE, jaga.USAGE), done.err)

    def test_names_and_texts_cannot_drive_the_terminal(self):
        name = "evil\033[31m\n\rname.json"
        rule = self.write("rule.yml", RULE)
        event = process("C:\\\033]0;owned\007\\whoami.exe", host="\033[2JHOST")
        self.write(name, lines([event]) + "{broken\n")
        done = self.run_jaga("scan", "-r", rule, name)
        for text in (done.out, done.err):
            self.assertNotIn("\033", text)
            self.assertNotIn("\007", text)
            self.assertNotIn("\r", text)

    def test_a_file_that_is_truncated_while_it_is_read(self):
        path = self.write("a.json", lines([{"n": i, "pad": "x" * 500} for i in range(200_000)]))
        with subprocess.Popen(
            [JAGA, "cat", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process_:
            process_.stdout.read(10)  # it has begun, and waits for us to read on
            os.truncate(path, 1000)
            process_.stdout.read()
            err = process_.stderr.read()
        self.assertEqual(process_.returncode, jaga.UNREADABLE, err)
        self.assertIn(b"became shorter", err)


if __name__ == "__main__":
    jaga.main()
