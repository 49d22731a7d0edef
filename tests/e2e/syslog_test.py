"""The syslog doors with real senders: logger(1) and rsyslog, over UDP, TCP and TLS; and very many idle connections."""

import collections
import contextlib
import os
import pathlib
import re
import resource
import socket
import ssl
import subprocess
import unittest

import centre
import jaga
import rsyslogd
from centre import wait_for

EVENTS = int(os.environ.get("JAGA_SYSLOG_EVENTS", "2000"))
CONNECTIONS = int(os.environ.get("JAGA_SYSLOG_CONNECTIONS", "500"))
MEMORY_MAX = 600 << 20  # of the centre, with 10,000 connections
WAIT = 60 + EVENTS // 500

CONFIG = """\
sources:
  - agency: health
    source: relay
    peer: [127.0.0.1]
"""

RSYSLOG = """\
global(workDirectory="{work}" maxMessageSize="64k" {tls})
module(load="imfile")
input(type="imfile" File="{work}/in.log" Tag="test:" Severity="info" Facility="local0")
action(type="omfwd" Target="127.0.0.1" Port="{port}" Protocol="{protocol}" {more}
       action.resumeRetryCount="-1" action.resumeInterval="1"
       queue.type="Disk" queue.filename="q" queue.size="1000000" queue.maxDiskSpace="1g")
"""


def resident(pid):
    """Bytes of memory that the process has."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10


class SyslogCase(centre.CentreCase):
    def start(self, *kinds, config=CONFIG):
        options = [word for kind in kinds for word in ("--syslog-" + kind, "127.0.0.1:0")]
        running = self.centre(*options, config=config)
        self.running = running
        return running

    def port(self, kind):
        return int(self.running.addresses["syslog-" + kind].rpartition(":")[2])

    def stored(self):
        return self.running.account()["stored"]

    def wait_for_stored(self, n):
        wait_for(f"{n} events", lambda: self.stored() >= n, WAIT, every=0.2)
        self.assertEqual(self.stored(), n)

    def metric(self, name):
        text = self.running.ask("GET", "/metrics").text
        return int(re.search(rf"^{name} (\d+)$", text, re.M)[1])


class LoggerTest(SyslogCase):
    def log(self, *options, n=EVENTS):
        lines = self.write("lines", "".join(f"message {i}\n" for i in range(n)))
        subprocess.run(["logger", "-n", "127.0.0.1", *options, "-f", lines], check=True, timeout=WAIT)

    def test_tcp_by_lines_and_by_octet_counts(self):
        self.start("tcp")
        self.log("-T", "-P", str(self.port("tcp")))
        self.wait_for_stored(EVENTS)
        self.log("-T", "-P", str(self.port("tcp")), "--octet-count")
        self.wait_for_stored(2 * EVENTS)
        self.log("-T", "-P", str(self.port("tcp")), "--rfc3164")
        self.wait_for_stored(3 * EVENTS)

    def test_udp(self):
        self.start("udp")
        self.log("-d", "-P", str(self.port("udp")), n=200)
        self.wait_for_stored(200)
        self.assertEqual(self.metric("jaga_syslog_datagrams_lost_total"), 0)

    def test_who_is_not_known_is_refused(self):
        self.start("tcp", "udp", config="sources: []\n")
        with socket.create_connection(("127.0.0.1", self.port("tcp"))) as connection:
            self.assertEqual(connection.recv(1), b"")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"<1>x", ("127.0.0.1", self.port("udp")))
        wait_for("both to be counted", lambda: self.metric("jaga_syslog_refused_unknown_total") == 2)
        self.assertEqual(self.stored(), 0)


@unittest.skipUnless(rsyslogd.FOLDER, "rsyslog is not there (tools/clients.sh)")
class RsyslogTest(SyslogCase):
    def rsyslog(self, protocol, port, more="", tls=""):
        """An rsyslog that forwards what is written to in.log."""
        work = self.dir / "rsyslog"
        work.mkdir(exist_ok=True)
        config = self.write(
            "rsyslog.conf", RSYSLOG.format(work=work, port=port, protocol=protocol, more=more, tls=tls)
        )
        log = open(self.dir / "rsyslog.log", "ab")
        process = subprocess.Popen(
            rsyslogd.command("-n", "-f", config, "-i", self.dir / "rsyslog.pid"),
            stdout=log,
            stderr=log,
            env=dict(os.environ, **rsyslogd.environment()),
        )
        log.close()

        def end():
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)

        self.addCleanup(end)
        return process

    def feed(self, first, behind):
        with open(self.dir / "rsyslog" / "in.log", "a", encoding="utf-8") as file:
            file.write("".join(f"message {i} of the client\n" for i in range(first, behind)))

    def arrived(self):
        """How often each message is in the spool, by its number."""
        counts = collections.Counter()
        for path in pathlib.Path(self.running.data, "spool").rglob("*"):
            if path.is_file():
                counts.update(re.findall(rb"message (\d+) of the client", path.read_bytes()))
        return counts

    def each_once(self, n, again=0):
        """Each message arrives; at most `again` of them twice."""
        with contextlib.suppress(AssertionError):  # said below, with what is missing
            wait_for("all messages", lambda: len(self.arrived()) >= n, WAIT, every=1)
        counts = self.arrived()
        self.assertEqual([i for i in range(n) if counts[b"%d" % i] == 0], [], "lost")
        doubled = [i for i in counts if counts[i] > 1]
        # A sender that finds its connection closed cannot know what became of its last batch.
        self.assertTrue(len(doubled) <= again, f"doubled: {doubled}")

    def check_with_stops(self, *args, **more):
        """The centre is stopped twice while messages are sent; it ends in order, and nothing is lost."""
        self.rsyslog(*args, **more)
        self.feed(0, EVENTS // 2)
        wait_for("the first", lambda: self.stored() > 0, WAIT, every=0.1)
        self.running.stop()
        self.feed(EVENTS // 2, EVENTS)
        self.running.start()
        self.feed(EVENTS, EVENTS + 10)
        wait_for("messages again", lambda: self.stored() > 0, WAIT, every=0.1)
        self.running.stop()
        self.running.start()
        self.feed(EVENTS + 10, EVENTS + 20)
        self.each_once(EVENTS + 20, again=2 * 128)  # batches of rsyslog's queue

    def test_udp(self):
        self.start("udp")
        self.rsyslog("udp", self.port("udp"))
        self.feed(0, 200)
        wait_for("all", lambda: self.stored() == 200, WAIT, every=0.1)
        self.each_once(200)

    def test_tcp_by_lines(self):
        self.start("tcp")
        self.rsyslog("tcp", self.port("tcp"))
        self.feed(0, EVENTS)
        self.wait_for_stored(EVENTS)
        self.each_once(EVENTS)

    def test_tcp_through_stops_of_the_centre(self):
        self.start("tcp")
        self.check_with_stops("tcp", self.port("tcp"), more='TCP_Framing="octet-counted"')

    @unittest.skipUnless(rsyslogd.has("lmnsd_gtls"), "rsyslog-gnutls is not there")
    def test_tls_through_stops_of_the_centre(self):
        self.start("tls")
        certificate = pathlib.Path(self.running.data) / "tls" / "certificate.pem"
        self.check_with_stops(
            "tcp",
            self.port("tls"),
            more='StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="anon" TCP_Framing="octet-counted"',
            tls=f'defaultNetstreamDriverCAFile="{certificate}"',
        )


class ManyTest(SyslogCase):
    def test_idle_connections_cost_little_and_bad_ones_harm_nobody(self):
        files = CONNECTIONS + 200
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < files:
            self.skipTest(f"no more than {hard} files may be open")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))
        running = self.start("tls")
        before = resident(running.process.pid)
        context = ssl._create_unverified_context()
        connections = []
        self.addCleanup(lambda: [connection.close() for connection in connections])
        address = ("127.0.0.1", self.port("tls"))
        for _ in range(CONNECTIONS):
            connections.append(context.wrap_socket(socket.create_connection(address)))
        wait_for("all connections", lambda: self.metric("jaga_syslog_connections") == CONNECTIONS)
        each = (resident(running.process.pid) - before) / CONNECTIONS
        print(f"{CONNECTIONS} idle TLS connections: {each / 1024:.1f} KiB each", flush=True)
        if not jaga.is_sanitized():
            self.assertLess(each * 10000, MEMORY_MAX)

        garbage = socket.create_connection(address)
        garbage.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
        half = socket.create_connection(address)
        half.sendall(b"\x16\x03\x01\x02")
        endless = context.wrap_socket(socket.create_connection(address))
        endless.sendall(b"x" * (3 << 20))
        self.addCleanup(garbage.close)
        self.addCleanup(half.close)
        self.addCleanup(endless.close)
        for i, connection in enumerate(connections[::50]):
            message = f"<13>Nov 21 10:00:00 host test: {i}"
            connection.sendall(f"{len(message)} {message}".encode())
        self.wait_for_stored(len(connections[::50]))
        self.assertEqual(self.metric("jaga_syslog_connections"), CONNECTIONS + 2)


if __name__ == "__main__":
    jaga.main()
