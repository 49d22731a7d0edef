"""Real shippers send to a centre: every event arrives once; and, with the centre killed in between, none is lost.

The clients are those of tools/clients.sh and of Debian; what is not there is skipped. Configurations are taken from
docs/shippers.md. JAGA_CLIENT_EVENTS says how many events each sends.
"""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import unittest

import rsyslogd
from centre import CentreCase, wait_for
from jaga import ROOT, main

EVENTS = int(os.environ.get("JAGA_CLIENT_EVENTS", "2000"))
CLIENTS = ROOT / "out" / "clients"
WAIT = 60 + EVENTS // 200


def snippet(name):
    """The configuration that docs/shippers.md marks with this name."""
    page = (ROOT / "docs" / "shippers.md").read_text(encoding="utf-8")
    return re.search(rf"<!-- test: {name} -->\n```\w*\n(.*?)```", page, re.S)[1]


def line(n):
    return f"event {n} of the client"


class Shipper:
    """A client under way: it reads the lines that are written to it, and sends them."""

    def __init__(self, case, command, env=None, by_file=False):
        self.log = case.dir / "client.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL if by_file else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(os.environ, **(env or {})),
                cwd=case.dir,
            )
        case.addCleanup(self.end)
        self.file = (case.dir / "client.in").open("ab") if by_file else self.process.stdin

    def write(self, first, behind):
        self.file.write("".join(line(n) + "\n" for n in range(first, behind)).encode())
        self.file.flush()

    def finish(self):
        """No more lines. A client that reads a pipe ends by itself, and says that it has sent all."""
        self.file.close()
        if self.process.stdin:
            code = self.process.wait(timeout=WAIT)
            assert code == 0, self.output()

    def output(self):
        return self.log.read_text(errors="replace")[-4000:]

    def end(self):
        if not self.file.closed:
            self.file.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class ShippersTest(CentreCase):
    def start_centre(self, source):
        self.running = self.centre(source=source)
        host, _, port = self.running.addresses["https"].rpartition(":")
        self.port = port
        self.url = f"https://localhost:{port}"
        self.certificate = pathlib.Path(self.running.data) / "tls" / "certificate.pem"

    def fill(self, text):
        """A configuration of the page, for this centre."""
        for old, new in (
            ("centre.example:8443", f"localhost:{self.port}"),
            ("/etc/jaga/centre.pem", str(self.certificate)),
            ("TOKEN", self.running.token),
        ):
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text

    def node(self, program, *words):
        if not (CLIENTS / "node" / ".done").exists():
            self.skipTest("the clients from npm are not there (tools/clients.sh)")
        command = ["node", CLIENTS / "node" / program, *words]
        return lambda: Shipper(self, command, env={"NODE_EXTRA_CA_CERTS": str(self.certificate)})

    def arrived(self):
        """How often each event is in the spool, by its number."""
        counts = collections.Counter()
        for path in pathlib.Path(self.running.data, "spool").rglob("*"):
            if path.is_file():
                counts.update(re.findall(rb"event (\d+) of the client", path.read_bytes()))
        return counts

    def missing(self):
        counts = self.arrived()
        return [n for n in range(EVENTS) if counts[b"%d" % n] == 0]

    def check(self, make):
        """All events in peace, each once. Then again, with the centre killed while they are sent."""
        client = make()
        client.write(0, EVENTS)
        client.finish()
        wait_for("all events", lambda: not self.missing(), WAIT)
        counts = self.arrived()
        self.assertEqual(sum(counts.values()), EVENTS, [n for n in counts if counts[n] > 1][:5])
        account = self.running.account()
        self.assertEqual((account["stored"], account["rejected"], account["in_flight"]), (EVENTS, 0, 0))
        client.end()

    def check_killed(self, make):
        client = make()
        client.write(0, EVENTS // 2)
        wait_for("the first events", self.arrived, WAIT)
        self.running.kill()
        # A client that can't send reads no more, and the pipe to it fills up.
        writer = threading.Thread(target=client.write, args=(EVENTS // 2, EVENTS))
        writer.start()
        self.running.start()
        writer.join()
        client.finish()
        try:
            wait_for("all events", lambda: not self.missing(), WAIT)
        except AssertionError:
            missing = self.missing()
            self.fail(f"{len(missing)} lost, the first {missing[:5]}: {client.output()}")
        client.end()

    # ---- Elasticsearch ----

    def elastic(self):
        self.start_centre("app")
        return self.node("elastic.mjs", self.url, self.running.token, "logs-app")

    def test_elasticsearch_client(self):
        self.check(self.elastic())

    def test_elasticsearch_client_when_the_centre_is_killed(self):
        self.check_killed(self.elastic())

    # ---- OpenTelemetry ----

    def otlp(self, encoding):
        self.start_centre("app")
        return self.node("otlp.mjs", encoding, self.url, self.running.token, "app")

    def test_opentelemetry_protobuf(self):
        self.check(self.otlp("protobuf"))

    def test_opentelemetry_protobuf_when_the_centre_is_killed(self):
        self.check_killed(self.otlp("protobuf"))

    def test_opentelemetry_json(self):
        self.check(self.otlp("json"))

    # ---- rsyslog ----

    def rsyslog(self):
        if not rsyslogd.has("omelasticsearch"):
            self.skipTest("rsyslog with rsyslog-elasticsearch is not there (tools/clients.sh)")
        self.start_centre("linux")
        config = self.write(
            "rsyslog.conf",
            f'global(workDirectory="{self.dir}")\n'
            'module(load="imfile")\n'
            f'input(type="imfile" File="{self.dir}/client.in" Tag="client:")\n' + self.fill(snippet("rsyslog")),
        )
        self.write("client.in", "")
        env = rsyslogd.environment()
        subprocess.run(
            rsyslogd.command("-N1", "-f", config), check=True, capture_output=True, env=dict(os.environ, **env)
        )
        command = rsyslogd.command("-n", "-f", config, "-i", self.dir / "rsyslog.pid")
        return lambda: Shipper(self, command, env, by_file=True)

    def test_rsyslog(self):
        self.check(self.rsyslog())

    def test_rsyslog_when_the_centre_is_killed(self):
        self.check_killed(self.rsyslog())

    # ---- syslog-ng ----

    def syslog_ng(self):
        root = CLIENTS / "syslog-ng"
        if not (root / ".done").exists():
            self.skipTest("syslog-ng is not there (tools/clients.sh)")
        self.start_centre("linux")
        config = self.write(
            "syslog-ng.conf",
            "@version: 3.38\n"
            f'source s_in {{ file("{self.dir}/client.in" follow-freq(0.1) flags(no-parse)'
            " log-iw-size(10000) log-fetch-limit(1000)); };\n"
            + self.fill(snippet("syslog-ng"))
            + "log { source(s_in); destination(d_jaga); flags(flow-control); };\n",
        )
        self.write("client.in", "")
        libraries = ":".join(str(root / path) for path in
                             ("usr/lib/x86_64-linux-gnu", "usr/lib/syslog-ng", "lib/x86_64-linux-gnu"))
        command = [root / "usr/sbin/syslog-ng", "--foreground", "--no-caps", "--cfgfile", config]
        command += ["--module-path", root / "usr/lib/syslog-ng/3.38"]
        for option, name in (("--persist-file", "persist"), ("--pidfile", "pid"), ("--control", "ctl")):
            command += [option, self.dir / f"syslog-ng.{name}"]
        return lambda: Shipper(self, command, env={"LD_LIBRARY_PATH": libraries}, by_file=True)

    def test_syslog_ng(self):
        self.check(self.syslog_ng())

    def test_syslog_ng_when_the_centre_is_killed(self):
        self.check_killed(self.syslog_ng())

    # ---- curl ----

    def curl(self, name):
        """What the page's command prints."""
        if not shutil.which("curl"):
            self.skipTest("curl is not installed")
        self.start_centre("app")
        self.write("events.ndjson", "".join(json.dumps({"message": line(n)}) + "\n" for n in range(EVENTS)))
        script = self.fill(snippet(name))
        done = subprocess.run(["sh", "-c", script], cwd=self.dir, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def test_curl(self):
        answer = self.curl("curl")
        self.assertEqual((answer["stored"], answer["rejected"]), (EVENTS, 0))
        self.assertFalse(self.missing())

    def test_curl_as_splunk(self):
        self.assertEqual(self.curl("hec"), {"text": "Success", "code": 0})
        self.assertEqual(self.running.account()["stored"], 2)


if __name__ == "__main__":
    unittest.installHandler()
    main()
