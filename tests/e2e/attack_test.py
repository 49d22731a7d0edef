"""Clients that want to hurt a centre, and operators who are careless. Meanwhile a well-behaved client sends, and must not
notice: not one of its requests fails."""

import concurrent.futures
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import sqlite3
import threading
import time
import unittest
import zlib

import jaga
from centre import CentreCase, wait_for
from jaga import RULE, process

MEMORY_MAX_KB = 3_000_000 if jaga.is_sanitized() else 700_000
WHOAMI = "C:\\Windows\\System32\\whoami.exe"


def peak_memory_kb(pid):
    """VmHWM of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


class Witness(threading.Thread):
    """A well-behaved client on one kept connection: every request is to be answered with 200."""

    def __init__(self, centre):
        super().__init__(daemon=True)
        self.centre = centre
        self.stored = 0
        self.problem = None
        self.over = threading.Event()

    def run(self):
        connection = self.centre.connect(timeout=30)
        try:
            while not self.over.is_set():
                body = json.dumps({"witness": self.stored}) + "\n"
                answer = self.centre.ask(
                    "POST", "/api/v1/events?source=witness", body, self.centre.token, connection=connection
                )
                if answer.status != 200:
                    self.problem = f"{answer.status} {answer.text}"
                    return
                self.stored += 1
        except (OSError, http.client.HTTPException) as problem:
            self.problem = repr(problem)
        finally:
            connection.close()

    def goes_on(self, n=5):
        """Waits for n more of its events."""
        goal = self.stored + n
        wait_for("the well-behaved client", lambda: self.problem or self.stored >= goal, every=0.002)
        assert not self.problem, self.problem


class AttackCase(CentreCase):
    def centre(self, *options, **more):
        more.setdefault("source", None)
        self.running = super().centre(*options, **more)
        return self.running

    @contextlib.contextmanager
    def witness(self):
        """While a well-behaved client sends."""
        witness = Witness(self.running)
        witness.start()
        try:
            witness.goes_on()
            yield witness
            witness.goes_on()
        finally:
            witness.over.set()
            witness.join()
        self.assertIsNone(witness.problem)

    # ---- raw bytes ----

    def socket(self, kind="https", timeout=60):
        host, _, port = self.running.addresses[kind].rpartition(":")
        raw = socket.create_connection((host, int(port)), timeout=timeout)
        self.addCleanup(raw.close)
        return raw

    def tls(self, kind="https", timeout=60):
        wrapped = ssl._create_unverified_context().wrap_socket(self.socket(kind, timeout))
        self.addCleanup(wrapped.close)
        return wrapped

    def head(self, line="POST /api/v1/events HTTP/1.1", token=None, *more):
        lines = [line, "Host: x", f"Authorization: Bearer {token or self.running.token}", *more]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def talk(self, *parts, read=True):
        """Sends bytes on a connection of their own; what came back until its end, b"" after a reset."""
        raw = self.tls()
        answer = b""
        try:
            for part in parts:
                raw.sendall(part)
            while read:
                more = raw.recv(65536)
                if not more:
                    break
                answer += more
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            raw.close()
        return answer

    def status(self, *parts):
        """Of the first answer; 0: closed without one."""
        answer = self.talk(*parts)
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0

    def post(self, body, *headers, path="/api/v1/events", token=None):
        return self.status(
            self.head(f"POST {path} HTTP/1.1", token, f"Content-Length: {len(body)}", "Connection: close", *headers)
            + body
        )

    def metric(self, name):
        text = self.running.ask("GET", "/metrics").text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


# ---- hostile clients ----


class SlowAndEndless(AttackCase):
    def test_heads_and_bodies_of_a_byte_at_a_time_are_cut_off(self):
        self.centre("--request-time", "2s")
        starts = [
            b"POST /api/v1/ev",
            self.head()[:-2] + b"Content-Length: 1000\r\n\r\n{",
            self.head()[:-2] + b"Transfer-Encoding: chunked\r\n\r\n3",
            b"",
        ]
        with self.witness() as witness:
            slow = [self.tls() for _ in range(24)]
            for i, raw in enumerate(slow):
                raw.sendall(starts[i % len(starts)])
                raw.setblocking(False)

            def trickle(raw):
                try:
                    raw.send(b"1")
                    return not raw.recv(1000)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    return False
                except (OSError, ssl.SSLError):
                    return True

            while slow:
                slow = wait_for("a slow client to be cut off", lambda: [r for r in slow if not trickle(r)] or True)
                slow = [] if slow is True else slow
                witness.goes_on(1)
        self.assertGreater(self.metric("jaga_http_late_total"), 0)

    def test_a_head_without_an_end(self):
        self.centre()
        with self.witness():
            endless = b"".join(b"X-%d: %s\r\n" % (i, b"a" * 900) for i in range(200))
            self.assertIn(self.status(self.head()[:-2] + endless), (0, 413, 431))
            self.assertIn(self.status(b"GET /" + b"a" * 100_000), (0, 400, 414, 431))
            self.assertIn(self.status(b"GET / HTTP/1.1\r\nHost: " + b"a" * 100_000), (0, 413, 431))

    def test_a_line_of_syslog_without_an_end(self):
        self.centre(
            "--syslog-tcp", "127.0.0.1:0", "--syslog-tls", "127.0.0.1:0",
            config="sources:\n  - {agency: health, source: wall, peer: [127.0.0.1]}\n",
        )  # fmt: skip
        before = peak_memory_kb(self.running.process.pid)
        with self.witness():
            for connect, start in ((self.socket, b""), (self.tls, b""), (self.socket, b"999999999999 "), (self.socket, b"99999999 ")):
                raw = connect("syslog-tls" if connect == self.tls else "syslog-tcp")
                with contextlib.suppress(OSError):
                    raw.sendall(start + b"<13>")
                    for _ in range(64):
                        raw.sendall(b"a" * (1 << 20))
                raw.close()
        if not jaga.is_sanitized():
            self.assertLess(peak_memory_kb(self.running.process.pid) - before, 200_000)

    def test_connections_opened_and_left(self):
        self.centre("--connections", "300")
        with self.witness() as witness:
            left = [self.socket() for _ in range(140)]
            witness.goes_on()
            for _ in range(500):
                host, _, port = self.running.addresses["https"].rpartition(":")
                socket.create_connection((host, int(port))).close()
            witness.goes_on()
            del left
        self.assertEqual(self.running.send([{"n": 1}]).status, 200)

    def test_streams_that_nobody_reads_leave_room_for_others(self):
        centre = self.centre()
        answer = centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": "transport"})
        reader = answer.json["token"]
        with self.witness():
            for _ in range(80):
                self.tls().sendall(self.head("GET /api/v1/findings/stream HTTP/1.1", reader))
            wait_for("streams", lambda: self.metric("jaga_http_streams") > 0)
            with self.tls() as other:
                other.sendall(self.head("GET /api/v1/findings/stream HTTP/1.1", centre.admin))
                self.assertIn(b" 200 ", other.recv(1000))


class Bombs(AttackCase):
    def test_what_unpacks_to_more_than_may_be_is_refused_early(self):
        self.centre("--body-max", "4M")
        pid = self.running.process.pid
        zeros = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join(zeros.compress(bytes(1 << 20)) for _ in range(1024)) + zeros.flush()
        before = peak_memory_kb(pid)
        with self.witness():
            self.assertEqual(self.post(bomb, "Content-Encoding: gzip"), 413)
            self.assertEqual(self.post(zlib.compress(bytes(64 << 20)), "Content-Encoding: deflate"), 413)
            twice = gzip.compress(gzip.compress(b'{"a":1}\n'))
            self.assertEqual(self.post(twice, "Content-Encoding: gzip, gzip"), 415)
        if not jaga.is_sanitized():
            self.assertLess(peak_memory_kb(pid) - before, 100_000)

    def test_packed_bodies_that_are_damaged(self):
        self.centre()
        good = gzip.compress(b'{"a":1}\n' * 1000)
        wrong_sum = good[:-8] + bytes(4) + good[-4:]
        wrong_size = good[:-4] + bytes(4)
        with self.witness():
            self.assertEqual(self.post(good, "Content-Encoding: gzip"), 200)
            self.assertEqual(self.post(good + good, "Content-Encoding: gzip"), 200)
            for bad in (wrong_sum, wrong_size, good[:-1], good[:40], good + b"rubbish", b"\x1f\x8b", b"plain"):
                self.assertEqual(self.post(bad, "Content-Encoding: gzip"), 400, bad[-40:])

    def test_large_bodies_of_many_clients_have_a_common_limit(self):
        centre = self.centre()
        other = centre.add_token("transport", "heavy")
        body = b'{"a":"' + b"x" * ((63 << 20)) + b'"}\n'
        with self.witness():

            def attack(_):
                with contextlib.suppress(OSError, ssl.SSLError):
                    raw = self.tls()
                    raw.sendall(self.head(token=other)[:-2] + b"Content-Length: %d\r\n\r\n" % (len(body) + 9))
                    raw.sendall(body)  # and never the last nine bytes
                    return raw

            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                held = list(pool.map(attack, range(24)))
        self.assertTrue(held)
        self.assertLess(peak_memory_kb(centre.process.pid), MEMORY_MAX_KB)


class Strangers(AttackCase):
    def test_what_is_not_our_tls(self):
        self.centre()
        with self.witness():
            half = []
            for i in range(200):
                raw = self.socket()
                raw.sendall((b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(300), b"\x16\x03\x01\x02\x00\x01")[i % 3])
                half.append(raw)
            old = ssl._create_unverified_context()
            with contextlib.suppress(ValueError, ssl.SSLError):
                old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
                old.set_ciphers("ALL:@SECLEVEL=0")
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                old.wrap_socket(self.socket())

    def test_guessing_slows_the_guesser_and_is_counted(self):
        centre = self.centre()
        schemes = ("Bearer jaga_%s", "Splunk jaga_%s", "Basic am06%s", "ApiKey %s", "Bearer", "Basic ????", "Nonsense %s")
        self.assertEqual(centre.ask("GET", "/api/v1/findings").status, 200)  # who was known stays so
        with self.witness():
            connection = centre.connect()
            seen = set()
            for i in range(300):
                scheme = schemes[i % len(schemes)]
                header = scheme % f"{i:043d}" if "%" in scheme else scheme
                answer = centre.ask("GET", "/api/v1/findings", headers={"Authorization": header}, connection=connection)
                seen.add(answer.status)
            connection.close()
        self.assertEqual(seen, {401, 429})
        self.assertEqual(centre.ask("GET", "/api/v1/findings").status, 200)

    def test_requests_of_odd_shapes(self):
        centre = self.centre()
        get = f"Authorization: Bearer {centre.admin}\r\nHost: x\r\nConnection: close\r\n\r\n"
        with self.witness():
            for target, expected in (
                ("/api/v1/findings?" + "a=b&" * 40, (400, 414)),
                ("/api/v1/findings?agency=" + "a" * 7000, (200, 400, 414)),
                ("/api/v1/findings?agency=%00", (200, 400)),
                ("/api/v1/findings%00", (400, 404)),
                ("/api/v1/findings/%00", (400, 404)),
                ("/api/v1/../v1/findings", (400, 404)),
                ("/api/v1/%2e%2e/tokens", (400, 404)),
                ("/api/v1/findings/..%2f..%2ftokens", (400, 404)),
                ("/api/v1/findings/%c0%ae%c0%ae", (400, 404)),
                ("/api/v1/findings/%ff%fe", (400, 404)),
                ("/api/v1/findings?agency=%c0%80", (200, 400)),
                ("/api/v1/findings?cursor=" + "%41" * 2000, (400,)),
                ("/api/v1/findings?%", (400,)),
                ("/api/v1/findings?limit=18446744073709551617", (400,)),
                ("/api/v1/findings?limit=-1", (400,)),
                ("/api/v1/deadletters?offset=18446744073709551615", (200, 400)),
                ("/api/v1/journal?after=9223372036854775807", (200, 400)),
                ("//api/v1/findings", (400, 404)),
                ("http://elsewhere/api/v1/findings", (200, 400, 404)),
                ("*", (400, 404)),
            ):
                status = self.status(f"GET {target} HTTP/1.1\r\n{get}".encode("latin-1"))
                self.assertIn(status, expected, target[:80])
            for request, expected in (
                (b"GET /api/v1/status HTTP/1.0\r\n" + get.encode(), (200,)),
                (b"HEAD /api/v1/status HTTP/1.1\r\n" + get.encode(), (200,)),
                (b"OPTIONS /api/v1/status HTTP/1.1\r\n" + get.encode(), (204,)),
                (b"OPTIONS * HTTP/1.1\r\n" + get.encode(), (204, 400, 404)),
                (b"TRACE /api/v1/status HTTP/1.1\r\n" + get.encode(), (400, 405, 501)),
                (b"CONNECT elsewhere:443 HTTP/1.1\r\n" + get.encode(), (400, 404, 405, 501)),
                (b"G\x00T / HTTP/1.1\r\n" + get.encode(), (0, 400, 404, 405, 501)),
                (b"GET /api/v1/status HTTP/9.9\r\n" + get.encode(), (0, 400, 505)),
                (b"\r\n\r\n\r\nGET /healthz\r\n\r\n", (0, 400)),
                (b"\x00" * 5000, (0, 400, 414, 431)),
            ):
                self.assertIn(self.status(request), expected, request[:60])

    def test_lengths_that_contradict_each_other(self):
        self.centre("--request-time", "2s")
        smuggled = self.head("GET /api/v1/tokens HTTP/1.1", self.running.admin, "Connection: close")
        with self.witness():
            for headers in (
                ("Content-Length: 4", "Transfer-Encoding: chunked"),
                ("Transfer-Encoding: chunked", "Content-Length: 4"),
                ("Content-Length: 4", "Content-Length: 400"),
                ("Content-Length: -1",),
                ("Content-Length: 99999999999999999999999",),
                ("Content-Length: 0x10",),
                ("Transfer-Encoding: gzip, chunked",),
                ("Transfer-Encoding: xchunked",),
            ):
                answer = self.talk(self.head("POST /api/v1/events HTTP/1.1", None, *headers) + b"0\r\n\r\n" + smuggled)
                self.assertNotIn(b"HTTP/1.1 200", answer, headers)
            for chunk in (b"fffffffffffffffff\r\n", b"-1\r\n", b"zz\r\n", b"5;" + b"a" * 100_000, b"5\r\nhelloX"):
                answer = self.talk(self.head("POST /api/v1/events HTTP/1.1", None, "Transfer-Encoding: chunked") + chunk + smuggled)
                self.assertNotIn(b"HTTP/1.1 200", answer, chunk[:40])

    def test_a_head_given_up_halfway_ends_with_its_connection(self):
        centre = self.centre("--request-time", "2s")
        for n in (500, 1000, 2000, 3000, 5000):
            self.talk(self.head(f"GET /healthz?{'a=b&' * n} HTTP/1.1", None, "Connection: close"))
        self.assertEqual(centre.stop(), 0)

    def test_pipelined_requests_are_answered_in_order(self):
        self.centre()
        one = self.head("POST /api/v1/events HTTP/1.1", None, "Content-Length: 8") + b'{"a":1}\n'
        last = self.head("GET /api/v1/nothing HTTP/1.1", None, "Connection: close")
        answer = self.talk(one * 50 + last)
        self.assertEqual(answer.count(b"HTTP/1.1 200"), 50)
        self.assertEqual(answer.count(b"HTTP/1.1 404"), 1)

    def test_events_of_odd_bytes_are_stored_or_rejected_but_never_lost(self):
        centre = self.centre()
        with self.witness() as witness:
            odd = [
                b"[" * 10_000 + b"]" * 10_000,
                b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
                b'{"' + b"k" * (1 << 20) + b'":1}',
                b'{"' + b"k" * 900_000 + b'":1}',
                b'{"a":"\\ud800"}',
                b'{"a":"\\udc00\\ud800"}',
                b'{"\\u0000":"\\u0000"}',
                b'{"a":"\x00"}',
                b'{"a":"\xff\xfe\xc0\x80\xed\xa0\x80"}',
                b'{"a":1e999,"b":-1e999,"c":1e-999,"d":99999999999999999999999}',
                b'{"a":01}',
                b'{"a":1,"a":2}',
                b"{}" * 1000,
                b"\x00" * 1000,
                b"\xef\xbb\xbf{}",
                b"nul",
            ]
            for event in odd:
                self.assertIn(self.post(event + b"\n"), (200, 400), event[:40])
            self.assertEqual(self.post(b'{"a":1}\n' + b"\n".join(odd) + b"\n"), 200)
            for door in ("/_bulk", "/services/collector/event", "/services/collector/raw", "/v1/logs"):
                for event in odd:
                    status = self.post(event + b"\n", "Content-Type: application/json", path=door)
                    self.assertIn(status, (200, 400, 413), (door, event[:40]))
            for name in ("%00", "%ff%fe", "..%2f..", "a" * 500, "%0a", "%e2%80%ae", '"}{', "'%3b--"):
                self.assertIn(self.post(b"{}\n", path="/api/v1/events?source=" + name), (200, 400), name)
            witness.over.set()
            witness.join()
            centre.wait_until_matched()
            total = centre.account()
            self.assertGreater(total["rejected"], 0)
            witness.goes_on = lambda: None


class Rights(AttackCase):
    """Every door and view with a token that is not for it."""

    CONFIG = "agencies:\n  - name: health\n  - name: transport\n"

    def token(self, role, agency, **more):
        answer = self.running.ask("POST", "/api/v1/tokens", {"role": role, "agency": agency, **more})
        self.assertEqual(answer.status, 201, answer.text)
        return answer.json["token"], answer.json["id"]

    def test_a_reader_sees_its_own_agency_only(self):
        centre = self.centre("--rules", self.write("rule.yml", RULE), "--lateness", "1s", config=self.CONFIG)
        senders = {name: self.token("send", name)[0] for name in ("health", "transport")}
        for name, token in senders.items():
            events = [process(WHOAMI, host=f"only-{name}"), "this is no JSON only-" + name]
            self.assertEqual(centre.send(events, token, path=f"/api/v1/events?source=only-{name}").status, 200)
        centre.ask("POST", "/api/v1/exceptions", {
            "agency": "transport", "reason": "only-transport",
            "filter": "title: F\nid: 5a0c1c8e-0009-4a0b-9d38-3b6f5a1b0009\nlogsource:\n  category: process_creation\n"
            "  product: windows\nfilter:\n  rules: any\n  selection:\n    Image: only-transport\n  condition: selection\n",
        })  # fmt: skip
        found = {f["agency"]: f["id"] for f in centre.wait_for_findings(2)}
        reader = self.token("read", "health")[0]
        for path in (
            "/api/v1/findings", "/api/v1/findings?agency=transport", "/api/v1/findings?agency=health&agency=transport",
            f"/api/v1/findings/{found['transport']}", "/api/v1/sources", "/api/v1/sources?agency=transport",
            "/api/v1/account", "/api/v1/account?agency=transport", "/api/v1/deadletters", "/api/v1/exceptions",
            "/api/v1/status", "/metrics", "/api/v1/rules/top", "/api/v1/tokens", "/api/v1/journal",
        ):  # fmt: skip
            answer = centre.ask("GET", path, token=reader)
            self.assertIn(answer.status, (200, 403, 404), path)
            self.assertNotIn("only-transport", answer.text, path)
            if answer.status == 200 and "agency=" not in path:
                self.assertNotIn("transport", answer.text, path)
        for path in ("/api/v1/tokens", "/api/v1/journal", "/metrics", "/api/v1/rules/top"):
            self.assertEqual(centre.ask("GET", path, token=reader).status, 403, path)
        with self.tls() as raw:
            raw.sendall(self.head("GET /api/v1/findings/stream?after=0 HTTP/1.1", reader))
            text = b""
            while b"only-health" not in text and b'"agency":"health"' not in text:
                text += raw.recv(65536)
            self.assertNotIn(b"transport", text)
        for method, path, body in (
            ("POST", "/api/v1/events", "{}\n"), ("POST", "/_bulk", '{"create":{}}\n{}\n'),
            ("POST", "/services/collector/event", '{"event":1}'), ("POST", "/v1/logs", "{}"),
            ("PATCH", f"/api/v1/findings/{found['health']}", '{"status":"closed"}'),
            ("POST", "/api/v1/exceptions", "{}"), ("POST", "/api/v1/tokens", '{"role":"admin"}'),
            ("DELETE", "/api/v1/tokens/x", None), ("POST", "/api/v1/deadletters/0/replay", None),
        ):  # fmt: skip
            headers = {"User-Agent": "attack"}  # rsyslog, which has none, gets no reply
            self.assertEqual(centre.ask(method, path, body, reader, headers).status, 403, path)
            if "events" not in path and "_bulk" not in path and "services" not in path and "logs" not in path:
                self.assertEqual(centre.ask(method, path, body, senders["health"]).status, 403, path)
        for path in ("/api/v1/findings", "/api/v1/status", "/metrics", "/api/v1/findings/stream"):
            self.assertEqual(centre.ask("GET", path, token=senders["health"]).status, 403, path)

    def test_a_token_that_is_revoked_or_expires_is_refused_on_a_kept_connection(self):
        centre = self.centre()
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
        for more, end in (({}, True), ({"expires": soon}, False)):
            sender, identity = self.token("send", "health", **more)
            connection = centre.connect()
            path = "/api/v1/events?source=x"
            self.assertEqual(centre.ask("POST", path, "{}\n", sender, connection=connection).status, 200)
            if end:
                self.assertEqual(centre.ask("DELETE", "/api/v1/tokens/" + identity).status, 204)
            wait_for(
                "the token to be refused",
                lambda: centre.ask("POST", path, "{}\n", sender, connection=connection).status == 401,
                every=0.2,
            )
            connection.close()

    def test_tokens_that_come_and_go_disturb_nobody(self):
        centre = self.centre()
        with self.witness():

            def churn(_):
                for _ in range(20):
                    _, identity = self.token("send", "health")
                    self.assertEqual(centre.ask("DELETE", "/api/v1/tokens/" + identity).status, 204)

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(churn, range(4)))


# ---- careless operators ----


class Carelessness(AttackCase):
    def setUp(self):
        super().setUp()
        self.rules = self.dir / "rules"
        self.write("rules/whoami.yml", RULE)

    def logged(self, word, since):
        wait_for(f"'{word}' in the log", lambda: any(word in line for line in self.running.log[since:]))

    def find(self, host):
        """An event of this host is found."""
        answer = self.running.send([process(WHOAMI, host=host)], path="/api/v1/events?source=ws")
        self.assertEqual(answer.status, 200)
        wait_for(
            f"the finding of {host}",
            lambda: any(host in json.dumps(found) for found in self.running.findings()),
        )

    def test_rules_that_are_broken_emptied_or_removed(self):
        centre = self.centre("--rules", self.rules)
        with self.witness():
            self.find("before")
            since = len(centre.log)
            self.write("rules/broken.yml", "title: [\n\x00")
            self.logged("rules.loaded", since)
            self.find("beside-a-broken-one")
            since = len(centre.log)
            shutil.rmtree(self.rules)
            self.logged("reload", since)
            self.find("while-they-are-gone")
            since = len(centre.log)
            self.write("rules/whoami.yml", RULE)
            self.logged("rules.loaded", since)
            self.find("when-they-are-back")

    def test_a_configuration_that_cannot_be_read(self):
        centre = self.centre("--rules", self.rules, config="agencies:\n  - name: health\n")
        path = pathlib.Path(centre.data, "jaga.yaml")
        with self.witness():
            for text in ("agencies: [\n", "\x00\xff", "agencies:\n  - nonsense: 1\n", "x" * (9 << 20)):
                since = len(centre.log)
                centre.configure(text)
                self.logged("config.", since)
            since = len(centre.log)
            path.unlink()
            path.mkdir()
            self.logged("config.unreadable", since)
            self.find("all-the-same")

    def test_a_certificate_with_the_key_of_another(self):
        centre = self.centre()
        folder = pathlib.Path(centre.data, "tls")
        key = next(path for path in folder.iterdir() if "key" in path.name)
        good = key.read_bytes()
        with self.witness():
            for bad in (b"", b"rubbish", good[: len(good) // 2]):
                since = len(centre.log)
                key.write_bytes(bad)
                self.logged("stays", since)
                self.assertEqual(centre.send([{"n": 1}]).status, 200)
            key.write_bytes(good)

    def test_indicators_cut_off_under_the_mapping(self):
        centre = self.centre("--rules", self.rules)
        feed = self.write("feed.txt", "".join(f"host{i}.bad.example\n" for i in range(50_000)))
        self.jaga("intel", "add", "--data", centre.data, feed)
        self.logged("indicators=50000", 0)
        image = pathlib.Path(centre.data, "intel", "indicators.jint")
        whole = image.read_bytes()
        dns = [{"Provider_Name": "Microsoft-Windows-Sysmon", "Channel": "Microsoft-Windows-Sysmon/Operational",
                "EventID": 22, "Computer": "WS1", "QueryName": f"host{i}.bad.example"} for i in range(0, 50_000, 50)]  # fmt: skip
        with self.witness():
            since = len(centre.log)
            os.truncate(image, 4096)
            self.assertEqual(centre.send(dns, path="/api/v1/events?source=ws").status, 200)
            self.find("behind-them")  # of the same source, so those before it were matched
            self.logged("intel.unreadable", since)
            since = len(centre.log)
            image.write_bytes(whole)
            self.logged("indicators=50000", since)
            self.find("after-all")

    def test_a_ledger_that_somebody_holds(self):
        centre = self.centre("--rules", self.rules, "--fold", "1s")
        self.find("before")
        holder = sqlite3.connect(os.path.join(centre.data, "ledger.db"), isolation_level=None)
        with self.witness() as witness:
            holder.execute("BEGIN IMMEDIATE")
            since = len(centre.log)
            for i in range(20):
                answer = centre.send([process(WHOAMI, host=f"held-{i}")], path="/api/v1/events?source=ws")
                self.assertEqual(answer.status, 200)
            self.logged("detect.ledger", since)
            witness.goes_on(20)
            holder.execute("ROLLBACK")
            holder.close()
            wait_for(
                "the findings of that time",
                lambda: sum("held-" in json.dumps(found) for found in centre.findings()) >= 20,
            )
        found = [json.dumps(finding) for finding in centre.findings()]
        for i in range(20):
            self.assertEqual(sum(f'"held-{i}"' in text or f"held-{i} " in text for text in found), 1, i)


if __name__ == "__main__":
    unittest.installHandler()
    jaga.main()
