"""jaga ship: each line arrives exactly once, whatever is killed, rotated, busy or gone."""

import gzip
import http.server
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
import unittest
import urllib.parse

import centre
import jaga
from centre import wait_for

KILLS = int(os.environ.get("SHIP_KILLS", "12"))
TOKEN = "jaga_" + "x" * 43
MAKE_EVTX = os.environ.get("MAKE_EVTX")


class Receiver:
    """What a centre promises a shipper: a sequence of a producer is stored once. Fails as it is told to."""

    def __init__(self, port=0):
        self.lock = threading.Lock()
        self.last = {}  # producer: sequence
        self.lines = []  # (format, line), in the order they were stored
        self.requests = []  # (status, format, lines)
        self.answers = []  # statuses to give before anything is stored: (status, headers)
        self.lose = 0  # answers that get lost after the events were stored
        self.lines_max = None  # more in a request are too many (413)
        self.random = None  # a chance of losing an answer
        self.closed = False
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.handle(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # senders that were killed

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def handle(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        if self.closed:
            request.close_connection = True
            return
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
        lines = body.decode(errors="surrogateescape").splitlines()
        with self.lock:
            status, headers, lost = self.decide(request.headers, query, lines)
            self.requests.append((status, query, lines))
        if lost:
            request.close_connection = True
            return
        answer = json.dumps({"stored": len(lines), "rejected": 0}).encode()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def decide(self, headers, query, lines):
        if headers.get("Authorization") != "Bearer " + TOKEN:
            return 401, {}, False
        if self.answers:
            return (*self.answers.pop(0), False)
        if self.lines_max and len(lines) > self.lines_max:
            return 413, {}, False
        producer, sequence = headers["X-Jaga-Producer"], int(headers["X-Jaga-Sequence"])
        if sequence > self.last.get(producer, 0):
            self.last[producer] = sequence
            self.lines += [(query["format"][0], line) for line in lines]
        lost = self.lose > 0 or (self.random and self.random.random() < 0.2)
        self.lose -= self.lose > 0
        return 200, {}, lost

    def texts(self):
        with self.lock:
            return [line for _, line in self.lines]

    def close(self):
        if self.closed:
            return
        self.closed = True  # for connections that are kept
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class ShipCase(jaga.Case):
    def receiver(self, **more):
        receiver = Receiver(**more)
        self.addCleanup(receiver.close)
        return receiver

    def command(self, to, *paths):
        return [jaga.JAGA, "ship", *map(str, paths), "--to", to, "--state", str(self.dir / "state")]

    def ship(self, to, *paths, code=jaga.DONE, token=TOKEN):
        """Until everything is sent."""
        return self.jaga(*self.command(to, *paths)[1:], "--once", code=code, env={"JAGA_TOKEN": token})

    def follow(self, to, *paths, token=TOKEN):
        """A sender that runs on; it is stopped at the end of the test."""
        process = subprocess.Popen(
            self.command(to, *paths),
            cwd=self.dir,
            env=dict(os.environ, JAGA_TOKEN=token),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

        def stop():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
            self.assertNotIn(b"Sanitizer", err)
            self.assertNotIn(b"runtime error", err)

        self.addCleanup(stop)
        return process

    def append(self, name, text):
        with open(self.dir / name, "a", encoding="utf-8") as file:
            file.write(text)


class OnceTest(ShipCase):
    def test_lines_arrive_as_they_are_and_only_once(self):
        receiver = self.receiver()
        self.write("a.log", "<34>Nov 21 10:00:00 host su: one\n<34>Nov 21 10:00:01 host su: two\n")
        self.write("b.json", '{"a": 1}\n{"a": 2}\n')
        self.ship(receiver.url, "a.log", "b.json")
        self.assertEqual(
            sorted(receiver.lines),
            [
                ("json", '{"a": 1}'),
                ("json", '{"a": 2}'),
                ("syslog", "<34>Nov 21 10:00:00 host su: one"),
                ("syslog", "<34>Nov 21 10:00:01 host su: two"),
            ],
        )
        self.append("b.json", '{"a": 3}\n')
        self.ship(receiver.url, "a.log", "b.json")
        self.assertEqual(len(receiver.lines), 5)
        self.assertIn(("json", '{"a": 3}'), receiver.lines)
        n = len(receiver.requests)
        self.ship(receiver.url, "a.log", "b.json")
        self.assertEqual(len(receiver.requests), n)

    def test_other_formats_arrive_as_cat_prints_them(self):
        receiver = self.receiver()
        files = [
            self.write("hosts.csv", "host,user\nweb-1,anna\nweb-2,ben\n"),
            self.write(
                "conn.log",
                "#separator \\x09\n#fields\tts\tuid\n#types\ttime\tstring\n1700000000.5\tC1\n1700000001.5\tC2\n",
            ),
            self.write("list.json", '[{"a": 1},\n {"a": 2}]\n'),
            self.write(
                "audit.log",
                "type=SYSCALL msg=audit(1700000000.123:7): syscall=59 comm=\"id\"\n"
                'type=EXECVE msg=audit(1700000000.123:7): argc=1 a0="id"\n'
                "type=SYSCALL msg=audit(1700000001.123:8): syscall=59 comm=\"ls\"\n",
            ),
        ]
        packed = self.dir / "old.log.gz"
        packed.write_bytes(gzip.compress(b"<34>Nov 21 10:00:00 host su: packed\n"))
        files.append(str(packed))
        wanted = [event for file in files for event in self.events(file)]
        self.ship(receiver.url, *files)
        key = json.dumps
        self.assertEqual(sorted(map(key, map(json.loads, receiver.texts()))), sorted(map(key, wanted)))
        self.assertGreaterEqual(len(wanted), 9)
        self.ship(receiver.url, *files)
        self.assertEqual(len(receiver.lines), len(wanted))

    def test_a_long_line_is_passed_over_and_said(self):
        receiver = self.receiver()
        self.write("a.log", "one\n" + "x" * (3 << 20) + "\ntwo\n")
        done = self.ship(receiver.url, "a.log", code=jaga.UNREADABLE)
        self.assertEqual(receiver.texts(), ["one", "two"])
        self.assertIn("longer than 1 MiB", done.err)

    def test_what_is_no_log_is_said(self):
        receiver = self.receiver()
        self.write("a.bin", bytes(range(256)) * 8)
        done = self.ship(receiver.url, "a.bin", code=jaga.UNREADABLE)
        self.assertIn("binary", done.err)

    def test_too_large_requests_are_sent_in_parts(self):
        receiver = self.receiver()
        receiver.lines_max = 10
        lines = [f"line {i}" for i in range(157)]
        self.write("a.log", "".join(line + "\n" for line in lines))
        self.ship(receiver.url, "a.log")
        self.assertEqual(receiver.texts(), lines)
        self.assertIn(413, [status for status, _, _ in receiver.requests])

    def test_an_event_that_no_request_can_hold_is_kept_and_said(self):
        receiver = self.receiver()
        receiver.answers = [(413, {})]
        self.write("a.log", "large\n")
        done = self.ship(receiver.url, "a.log", code=jaga.UNREADABLE)
        self.assertIn("too large", done.err)
        self.assertEqual((self.dir / "state" / "refused.ndjson").read_text(), "large\n")

    def test_a_busy_centre_is_asked_again(self):
        receiver = self.receiver()
        receiver.answers = [(503, {}), (429, {"Retry-After": "1"}), (500, {})]
        self.write("a.log", "one\n")
        self.ship(receiver.url, "a.log")
        self.assertEqual(receiver.texts(), ["one"])
        self.assertEqual([status for status, _, _ in receiver.requests], [503, 429, 500, 200])

    def test_an_answer_that_was_lost_doubles_nothing(self):
        receiver = self.receiver()
        receiver.lose = 2
        self.write("a.log", "one\n")
        self.ship(receiver.url, "a.log")
        self.assertEqual(receiver.texts(), ["one"])
        self.assertEqual(len(receiver.requests), 3)

    def test_a_refusal_ends_it_and_is_said(self):
        receiver = self.receiver()
        self.write("a.log", "one\n")
        done = self.ship(receiver.url, "a.log", code=jaga.REFUSED, token="wrong")
        self.assertIn("401", done.err)
        self.ship(receiver.url, "a.log")
        self.assertEqual(receiver.texts(), ["one"])

    def test_two_senders_do_not_share_a_state(self):
        receiver = self.receiver()
        self.write("a.log", "one\n")
        self.follow(receiver.url, "a.log")
        wait_for("the line", receiver.texts)
        done = self.ship(receiver.url, "a.log", code=jaga.BROKEN)
        self.assertIn("another jaga ship", done.err)

    def test_a_damaged_state_is_said_and_not_used(self):
        receiver = self.receiver()
        self.write("a.log", "one\n")
        self.ship(receiver.url, "a.log")
        state = self.dir / "state" / "positions"
        state.write_bytes(state.read_bytes()[:-20])
        done = self.ship(receiver.url, "a.log", code=jaga.USAGE)
        self.assertIn("damaged", done.err)
        self.assertEqual(receiver.texts(), ["one"])


class FollowTest(ShipCase):
    def test_lines_arrive_as_they_are_written(self):
        receiver = self.receiver()
        self.write("a.log", "one\n")
        self.follow(receiver.url, "a.log")
        wait_for("the first", lambda: receiver.texts() == ["one"])
        self.append("a.log", "two\nthr")
        wait_for("the second", lambda: receiver.texts() == ["one", "two"])
        self.append("a.log", "ee\n")
        wait_for("the third", lambda: receiver.texts() == ["one", "two", "three"])

    def test_a_last_line_without_its_end_arrives_when_nothing_follows(self):
        receiver = self.receiver()
        self.write("a.log", "one\ntwo")
        self.follow(receiver.url, "a.log")
        wait_for("both", lambda: receiver.texts() == ["one", "two"])

    def test_new_files_are_found(self):
        receiver = self.receiver()
        (self.dir / "logs").mkdir()
        self.follow(receiver.url, "logs", "later-*.log")
        self.write("logs/a.log", "one\n")
        self.write("logs/deep/b.log", "two\n")
        self.write("later-1.log", "three\n")
        wait_for("all", lambda: sorted(receiver.texts()) == ["one", "three", "two"])

    def test_a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_start(self):
        receiver = self.receiver()
        self.write("a.log", "one\n")
        self.follow(receiver.url, "a.log")
        wait_for("the first", receiver.texts)
        self.append("a.log", "two\n")
        os.rename(self.dir / "a.log", self.dir / "a.log.1")
        self.append("a.log.1", "three\n")  # its writer has it open still
        self.write("a.log", "four\n")
        wait_for("all", lambda: sorted(receiver.texts()) == ["four", "one", "three", "two"])

    def test_a_file_that_was_copied_and_truncated_loses_nothing(self):
        receiver = self.receiver()
        process = self.follow(receiver.url, "a.log")
        self.write("a.log", "one\n")
        wait_for("the first", receiver.texts)
        process.send_signal(signal.SIGSTOP)
        self.append("a.log", "two\n")
        self.write("a.log.1", (self.dir / "a.log").read_bytes())
        os.truncate(self.dir / "a.log", 0)
        self.append("a.log", "three, which is longer than all before\n")
        process.send_signal(signal.SIGCONT)
        wait_for("all", lambda: len(receiver.texts()) == 3)
        self.assertEqual(receiver.texts(), ["one", "two", "three, which is longer than all before"])

    def test_copies_in_a_folder_that_is_followed_arrive_once(self):
        receiver = self.receiver()
        self.write("logs/a.log", "one\n")
        self.follow(receiver.url, "logs")
        wait_for("the first", receiver.texts)
        self.append("logs/a.log", "two\n")
        wait_for("the second", lambda: len(receiver.texts()) == 2)
        self.write("logs/a.log.1", (self.dir / "logs" / "a.log").read_bytes())
        os.truncate(self.dir / "logs" / "a.log", 0)
        self.append("logs/a.log", "three\n")
        wait_for("the third", lambda: len(receiver.texts()) >= 3)
        self.write("logs/b.log", "four\n")
        wait_for("the fourth", lambda: "four" in receiver.texts())
        self.assertEqual(receiver.texts(), ["one", "two", "three", "four"])

    def test_rotation_while_nothing_ran_loses_nothing(self):
        receiver = self.receiver()
        self.write("a.log", "one\n")
        self.write("b.log", "uno\n")
        self.ship(receiver.url, "a.log", "b.log")
        self.append("a.log", "two\n")
        self.append("b.log", "due\n")
        os.rename(self.dir / "a.log", self.dir / "a.log.1")
        self.write("a.log", "three\n")
        self.write("b.log.1", (self.dir / "b.log").read_bytes())
        os.truncate(self.dir / "b.log", 0)
        self.append("b.log", "tre\n")
        self.ship(receiver.url, "a.log", "b.log")
        self.assertEqual(sorted(receiver.texts()), ["due", "one", "three", "tre", "two", "uno"])

    def test_nothing_is_lost_while_the_centre_is_away(self):
        receiver = self.receiver()
        self.write("a.log", "one\n")
        self.follow(receiver.url, "a.log")
        wait_for("the first", receiver.texts)
        receiver.close()
        self.append("a.log", "two\n")
        back = Receiver(port=receiver.port)
        back.last = receiver.last
        self.addCleanup(back.close)
        wait_for("the second", lambda: back.texts() == ["two"])

    def test_killed_at_any_moment_each_line_arrives_once(self):
        receiver = self.receiver()
        chance = random.Random(7)
        receiver.random = chance
        written = []

        def write(n):
            for _ in range(n):
                written.append(f"line {len(written)} " + "x" * chance.randrange(200))
                self.append("a.log", written[-1] + "\n")

        write(1)
        for round_number in range(KILLS):
            process = self.follow(receiver.url, "a.log*", "--batch", "1K")
            before = len(receiver.requests)
            write(chance.randrange(1, 60))
            if round_number % 4 == 1:
                os.rename(self.dir / "a.log", self.dir / f"a.log.{round_number}")
            if round_number % 4 == 3:
                self.write(f"a.log.{round_number}", (self.dir / "a.log").read_bytes())
                os.truncate(self.dir / "a.log", 0)
            write(chance.randrange(1, 60))
            want = before + chance.randrange(0, 4)
            wait_for(
                "some requests, or everything",
                lambda: len(receiver.requests) >= want or len(receiver.texts()) >= len(written),
            )
            process.kill()
            process.wait()
            write(chance.randrange(1, 20))
        receiver.random = None
        self.ship(receiver.url, "a.log*")
        self.assertEqual(sorted(receiver.texts()), sorted(written))


@unittest.skipUnless(MAKE_EVTX, "MAKE_EVTX does not name the build's tests/make_evtx")
class EvtxTest(ShipCase):
    """A Windows log: its file is changed in place, chunk by chunk, and has numbered records."""

    def grow(self, n):
        """The file has n records now."""
        text = "".join(
            f"Provider_Name=Test\nEventID=7\nComputer=WS1\nEventRecordID={i}\nNote=record {i}\n\n" for i in range(1, n + 1)
        )
        made = subprocess.run([MAKE_EVTX], input=text.encode(), capture_output=True, check=True).stdout
        with open(self.dir / "log.evtx", "ab") as file:
            file.truncate(max(len(made), file.tell()))
        with open(self.dir / "log.evtx", "r+b") as file:
            file.write(made)
        return len(made)

    @staticmethod
    def records(receiver):
        return [json.loads(line)["EventRecordID"] for line in receiver.texts()]

    def test_each_record_of_a_growing_file_arrives_once(self):
        receiver = self.receiver()
        first = self.grow(3)
        self.follow(receiver.url, "log.evtx")
        wait_for("the first records", lambda: len(self.records(receiver)) == 3)
        self.assertEqual(self.grow(5), first)  # in the chunk that was read
        wait_for("those behind them", lambda: len(self.records(receiver)) == 5)
        self.assertGreater(self.grow(2000), first)  # in chunks behind
        wait_for("those of new chunks", lambda: len(self.records(receiver)) >= 2000)
        self.assertEqual(self.records(receiver), list(range(1, 2001)))

    def test_what_came_while_nothing_ran_arrives_once(self):
        receiver = self.receiver()
        for n in (3, 700, 700, 2000):
            self.grow(n)
            self.ship(receiver.url, "log.evtx")
            self.assertEqual(self.records(receiver), list(range(1, n + 1)))

    def test_from_its_end_on_only_new_records_arrive(self):
        receiver = self.receiver()
        self.grow(700)
        self.ship(receiver.url, "log.evtx", "--from-end")
        self.assertEqual(self.records(receiver), [])
        self.grow(703)
        self.ship(receiver.url, "log.evtx", "--from-end")
        self.assertEqual(self.records(receiver), [701, 702, 703])


class OptionsTest(ShipCase):
    def test_from_the_end_on_only_what_is_added_arrives(self):
        receiver = self.receiver()
        self.write("logs/lines.log", "old\n")
        self.write("logs/hosts.csv", "host,user\nold,anna\n")
        self.ship(receiver.url, "logs", "--from-end")
        self.append("logs/lines.log", "new\n")
        self.append("logs/hosts.csv", "new,ben\n")
        self.write("logs/later.log", "all of it\n")  # was not there at the start
        self.ship(receiver.url, "logs", "--from-end")
        texts = receiver.texts()
        self.assertEqual(sorted(text for text in texts if not text.startswith("{")), ["all of it", "new"])
        self.assertEqual([json.loads(text)["host"] for text in texts if text.startswith("{")], ["new"])

    def test_what_comes_after_the_first_start_is_sent_though_nothing_ran(self):
        receiver = self.receiver()
        self.write("logs/old.log", "old\n")
        process = self.follow(receiver.url, "logs", "--from-end")
        wait_for("it to have looked", lambda: (self.dir / "state" / "positions").exists())
        process.kill()
        process.wait()
        self.append("logs/old.log", "new\n")
        self.write("logs/later.log", "all of it\n")
        self.ship(receiver.url, "logs", "--from-end")
        self.assertEqual(sorted(receiver.texts()), ["all of it", "new"])

    def test_files_that_come_later_are_sent_from_their_start(self):
        receiver = self.receiver()
        self.write("logs/old.log", "old\n")
        self.follow(receiver.url, "logs", "--from-end")
        wait_for("it to have looked", lambda: (self.dir / "state" / "positions").exists())
        self.write("logs/later.log", "all of it\n")
        self.append("logs/old.log", "new\n")
        wait_for("both", lambda: len(receiver.texts()) >= 2)
        self.assertEqual(sorted(receiver.texts()), ["all of it", "new"])

    def test_a_rate_is_kept_to(self):
        receiver = self.receiver()
        lines = [f"line {i:03} " + "x" * 90 for i in range(100)]
        self.write("a.log", "".join(line + "\n" for line in lines))
        begun = time.monotonic()
        self.ship(receiver.url, "a.log", "--rate", "50", "--batch", "1K")
        spent = time.monotonic() - begun
        self.assertEqual(receiver.texts(), lines)
        last = len(receiver.requests[-1][2])
        self.assertGreaterEqual(spent, (len(lines) - last) / 50)  # it may be slower, never faster


class CentreTest(ShipCase, centre.CentreCase):
    def test_the_certificate_is_looked_at_before_the_token_is_sent(self):
        real = self.centre()
        self.write("a.log", "one\n")
        done = self.ship(real.url, "a.log", "--fingerprint", "00" * 32, code=jaga.REFUSED, token=real.token)
        self.assertIn("pinned", done.err)
        done = self.ship(real.url, "a.log", code=jaga.REFUSED, token=real.token)
        for words in ("certificate", "--ca FILE", "--fingerprint"):
            self.assertIn(words, done.err)
        self.assertEqual(real.account()["received"], 0)
        self.ship(real.url, "a.log", "--fingerprint", real.fingerprint, token=real.token)
        self.append("a.log", "two\n")
        name = real.url.replace("127.0.0.1", "localhost")
        self.ship(name, "a.log", "--ca", os.path.join(real.data, "tls", "certificate.pem"), token=real.token)
        self.assertEqual(real.account()["stored"], 2)

    def test_a_centre_that_is_killed_has_each_line_once(self):
        real = self.centre()
        self.write("a.log", "")
        self.follow(real.url, "a.log", "--insecure", "--batch", "1K", token=real.token)
        for round_number in range(4):
            self.append("a.log", "".join(f"line {round_number} {i}\n" for i in range(500)))
            wait_for("some of it", lambda: real.account()["received"] > 0)
            real.kill()
            real.start()
        self.append("a.log", "the last line\n")
        wait_for("the last", lambda: b"the last line" in self.spool(real))
        lines = self.spool(real)
        for round_number in range(4):
            for i in range(500):
                self.assertEqual(lines.count(b"line %d %d\n" % (round_number, i)), 1)

    @staticmethod
    def spool(real):
        """The bytes of the spool's segments."""
        files = pathlib.Path(real.data, "spool").rglob("*")
        return b"".join(path.read_bytes() for path in files if path.is_file())


if __name__ == "__main__":
    jaga.main()
