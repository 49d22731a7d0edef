"""Client certificates: who has one of an agency's is that agency, over HTTPS and syslog; who has not is refused and counted."""

import json
import re
import socket
import ssl

import jaga
from authority import Authority
from centre import CentreCase, wait_for
from jaga import RULE, process

WHOAMI = "C:\\Windows\\System32\\whoami.exe"
CONFIG = """\
agencies:
  - name: health
  - name: transport
sources:
  - agency: health
    source: ward
    certificate: [ward.health.example, Ward.Two]
  - agency: transport
    source: rail
    certificate: rail.transport.example
"""


class Certificates(CentreCase):
    def setUp(self):
        super().setUp()
        self.write("rules/whoami.yml", RULE)
        self.authority = Authority(self.dir / "ours")
        self.stranger = Authority(self.dir / "theirs")

    def start(self, *options):
        self.running = self.centre(
            *("--rules", self.dir / "rules", "--client-ca", self.authority.certificate, *options), config=CONFIG
        )
        return self.running

    def refused_ones(self):
        """(who is refused, the certificate and key it shows)"""
        name = "DNS:rail.transport.example"
        return (
            ("nobody", None),
            ("another authority's", self.stranger.issue("rail", "clientAuth", name)),
            ("self-signed", self.stranger.issue("own", "clientAuth", name, signed=False)),
            ("a server's", self.authority.issue("server", "serverAuth", name)),
            ("of no row", self.authority.issue("new", "clientAuth", "DNS:new.transport.example")),
            ("a row's name behind another", self.authority.issue("both", "clientAuth", "DNS:x.example," + name)),
        )

    def metric(self, name):
        text = self.running.ask("GET", "/metrics").text
        return int(re.search(rf"^{re.escape(name)} (\d+)$", text, re.M)[1])

    def filed(self):
        """Where events were filed: {"agency/source": stored}."""
        sources = self.running.get("/api/v1/sources")["sources"]
        return {f"{row['agency']}/{row['source']}": row["account"]["stored"] for row in sources if row["account"]["stored"]}


class Https(Certificates):
    def post(self, pair, path="/api/v1/events", token=""):
        connection = self.running.connect(certificate=pair)
        body = json.dumps(process(WHOAMI, host="CERT")) + "\n"
        try:
            return self.running.ask("POST", path, body, token, connection=connection)
        finally:
            connection.close()

    def test_events_are_filed_under_the_agency_of_the_certificate(self):
        centre = self.start()
        rail = self.authority.issue("rail", "clientAuth", "DNS:rail.transport.example")
        ward = self.authority.issue("ward", "clientAuth", "IP:10.0.0.1,DNS:WARD.health.example")
        by_common_name = self.authority.issue("ward.two", "clientAuth")
        for pair in (rail, ward, by_common_name):
            self.assertEqual(self.post(pair, "/api/v1/events?source=another").status, 200)
        self.assertEqual(self.filed(), {"transport/rail": 1, "health/ward": 2})
        centre.wait_until_matched()
        self.assertEqual({finding["agency"] for finding in centre.findings()}, {"transport", "health"})

    def test_a_certificate_sends_and_does_no_more(self):
        centre = self.start()
        rail = self.authority.issue("rail", "clientAuth", "DNS:rail.transport.example")
        for path in ("/api/v1/findings", "/api/v1/tokens"):
            connection = centre.connect(certificate=rail)
            self.assertEqual(centre.ask("GET", path, token="", connection=connection).status, 403, path)
            connection.close()

    def test_who_has_none_of_ours_is_refused_and_counted(self):
        self.start()
        for who, pair in self.refused_ones():
            with self.subTest(who):
                before = self.metric('jaga_http_refused_total{reason="unknown"}')
                self.assertEqual(self.post(pair).status, 401)
                self.assertEqual(self.metric('jaga_http_refused_total{reason="unknown"}'), before + 1)
        self.assertEqual(self.filed(), {})

    def test_a_token_goes_before_a_certificate(self):
        self.start()
        pair = self.stranger.issue("rail", "clientAuth", "DNS:rail.transport.example")
        self.assertEqual(self.post(pair, token=self.running.token).status, 200)
        self.assertEqual(self.filed(), {"health/windows": 1})

    def test_a_certificate_that_loses_its_row_is_refused_on_a_kept_connection(self):
        centre = self.start()
        pair = self.authority.issue("rail", "clientAuth", "DNS:rail.transport.example")
        connection = centre.connect(certificate=pair)
        self.addCleanup(connection.close)

        def post():
            return centre.ask("POST", "/api/v1/events", "{}\n", token="", connection=connection).status

        self.assertEqual(post(), 200)
        centre.configure(CONFIG.replace("rail.transport", "bus.transport"))
        wait_for("the refusal", lambda: post() == 401)


class Syslog(Certificates):
    MESSAGE = b"<13>1 2026-11-21T10:00:00Z host app - - - hello\n"

    def connect(self, pair):
        context = ssl._create_unverified_context()
        if pair:
            context.load_cert_chain(*pair)
        host, _, port = self.running.addresses["syslog-tls"].rpartition(":")
        wrapped = context.wrap_socket(socket.create_connection((host, int(port)), timeout=60))
        self.addCleanup(wrapped.close)
        return wrapped

    def test_messages_are_filed_under_the_agency_of_the_certificate(self):
        self.start("--syslog-tls", "127.0.0.1:0")
        for name in ("rail.transport.example", "ward.health.example"):
            connection = self.connect(self.authority.issue(name, "clientAuth", "DNS:" + name))
            connection.sendall(self.MESSAGE * 3)
        wait_for("the messages", lambda: self.filed() == {"transport/rail": 3, "health/ward": 3})

    def test_who_has_none_of_ours_is_refused_and_counted(self):
        self.start("--syslog-tls", "127.0.0.1:0")
        for who, pair in self.refused_ones():
            with self.subTest(who):
                before = self.metric("jaga_syslog_refused_unknown_total")
                connection = self.connect(pair)
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    while True:
                        connection.sendall(self.MESSAGE)
                        self.assertEqual(connection.recv(1), b"")
                self.assertEqual(self.metric("jaga_syslog_refused_unknown_total"), before + 1)
        self.assertEqual(self.filed(), {})


if __name__ == "__main__":
    jaga.main()
