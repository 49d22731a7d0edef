"""The interface for programs: its description holds, and no client, slow, hostile or wrong, harms another."""

import gzip
import json
import socket
import ssl
import threading

from centre import HAS_LAKE, CentreCase, wait_for
from jaga import RULE, main, process

try:
    import jsonschema
except ImportError:
    jsonschema = None
try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    text_string_to_metric_families = None

SCHEMAS = "#/components/schemas/"
SAVED_HUNT = "// id: {id}\n// title: t\n// description: d\n// level: low\nprint 1\n"


class ApiCase(CentreCase):
    def address(self, centre):
        host, _, port = centre.addresses["https"].rpartition(":")
        return host.strip("[]"), int(port)

    def open_tls(self, centre):
        raw = socket.create_connection(self.address(centre), timeout=60)
        return ssl._create_unverified_context().wrap_socket(raw)

    def assert_serves(self, centre):
        self.assertEqual(centre.ask("GET", "/healthz").status, 200)

    def with_finding(self):
        """A centre that has found something; and the finding."""
        centre = self.centre("--rules", self.write("rules/whoami.yml", RULE))
        self.assertEqual(centre.send([process(r"C:\whoami.exe")]).status, 200)
        return centre, centre.wait_for_findings(1)[0]


class Description(ApiCase):
    def references(self, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "$ref":
                    yield inner
                else:
                    yield from self.references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from self.references(inner)

    def test_the_document_is_sound(self):
        centre = self.centre()
        document = centre.ask("GET", "/api/openapi.json", token="").json
        self.assertEqual(document["openapi"], "3.1.0")
        names = set()
        for path, methods in document["paths"].items():
            wanted = {part[1:-1] for part in path.split("/") if part.startswith("{")}
            for method, operation in methods.items():
                self.assertIn(method, ("get", "put", "post", "delete", "patch"))
                self.assertNotIn(operation["operationId"], names)
                names.add(operation["operationId"])
                given = {row["name"] for row in operation["parameters"] if row["in"] == "path"}
                self.assertEqual(given, wanted, path)
                self.assertTrue(operation["summary"].endswith("."))
                self.assertIn("default", operation["responses"])
        schemas = document["components"]["schemas"]
        used = set(self.references(document))
        for reference in used:
            self.assertTrue(reference.startswith(SCHEMAS))
            self.assertIn(reference[len(SCHEMAS) :], schemas)
        self.assertEqual({name for name in schemas if SCHEMAS + name not in used}, set())
        if jsonschema:
            for schema in schemas.values():
                jsonschema.Draft202012Validator.check_schema(schema)

    def check(self, document, operation, answer, what):
        """Does an answer have the type, and the shape, that its operation promises?"""
        answers = operation["responses"]
        promised = answers.get(str(answer.status), answers["default"])
        self.assertEqual(
            str(answer.status) in answers, answer.status < 400, f"{what}: {answer.status} {answer.text}"
        )
        if "content" not in promised:
            self.assertEqual(answer.body, b"", what)
            return
        ((kind, content),) = promised["content"].items()
        self.assertEqual(answer.headers["Content-Type"], kind, what)
        if jsonschema and kind.endswith("json") and not kind.endswith("ndjson"):
            schema = {"components": document["components"], **content["schema"]}
            jsonschema.validate(answer.json, schema, cls=jsonschema.Draft202012Validator)

    def test_every_path_answers_as_it_is_described(self):
        centre, finding = self.with_finding()
        document = centre.get("/api/openapi.json")
        rule = "title: F\nlogsource:\n  product: windows\nfilter:\n  rules: any\n  s:\n    User: x\n  condition: not s\n"
        bodies = {
            "post_api_v1_events": json.dumps(process("a.exe")),
            "patch_api_v1_findings_id": {"status": "closed"},
            "post_api_v1_tokens": {"role": "send", "agency": "health", "note": "of a test"},
            "post_api_v1_lake_drop": {"dataset": "nothing"},
            "post_api_v1_lake_holds": {"name": "case-7", "reason": "of a test", "events": []},
            "post_api_v1_lake_export": {"dataset": "windows_sysmon"},
            "post_api_v1_lake_import": "",
            "post_api_v1_hunts": {"query": "print 1"},
            "post_api_v1_exceptions": {"agency": "health", "reason": "of a test", "filter": rule},
        }
        queries = {"post_api_v1_lake_import": "?dataset=windows_sysmon"}
        saved = {"text": SAVED_HUNT.format(id="kept-1")}
        bodies["post_api_v1_savedhunts"] = {"text": SAVED_HUNT.format(id="kept-2")}
        bodies["put_api_v1_savedhunts_id"] = saved
        if HAS_LAKE:
            centre.ask("POST", "/api/v1/saved-hunts", saved)
        token = centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": "health"}).json["id"]
        exception = centre.ask("POST", "/api/v1/exceptions", bodies["post_api_v1_exceptions"]).json["id"]
        event = centre.send([process("b.exe")]).json["first"]
        bodies["post_api_v1_lake_holds"]["events"] = [event]
        if HAS_LAKE:
            proof = f"/api/v1/lake/events/{event}/proof"
            wait_for("the journal to be signed", lambda: centre.ask("GET", proof).status == 200, every=0.5)
        ids = {
            "/api/v1/findings": finding["id"],
            "/api/v1/tokens": token,
            "/api/v1/exceptions": exception,
            "/api/v1/saved-hunts": "kept-1",
            "/api/v1/deadletters": "0",
            "/api/v1/lake/events": event,
            "/api/v1/lake/holds": "case-7",
        }
        centre.send(["this is no JSON"])  # a dead letter, whose offset is 0
        called = 0
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                name = operation["operationId"]
                if path.endswith("/stream"):
                    continue  # it does not end: see Stream
                if ("/lake" in path or "hunts" in path) and not HAS_LAKE:
                    continue
                if path == "/api/v1/hunts/{id}":
                    continue  # there is one only while it runs: see hunt_test.py
                if path.startswith("/api/v1/lookbacks/"):
                    continue  # there is one only when a rule is new: see lookback_test.py
                base, brace, rest = path.partition("/{")
                rest = rest.partition("}")[2]
                target = f"{base}/{ids[base]}{rest}" if brace else path + queries.get(name, "")
                sender = centre.token if name == "post_api_v1_events" else None
                answer = centre.ask(method.upper(), target, bodies.get(name), token=sender)
                self.check(document, operation, answer, f"{method} {target}")
                if path.endswith("/replay"):
                    self.assertEqual(answer.status, 422, answer.text)  # as malformed as before
                else:
                    self.assertLess(answer.status, 300, answer.text)
                if brace:
                    answer = centre.ask(method.upper(), f"{base}/nothing{rest}", bodies.get(name))
                    self.check(document, operation, answer, f"{method} {base}/nothing{rest}")
                    self.assertEqual(answer.status, 404)
                if operation.get("security") != []:
                    answer = centre.ask(method.upper(), target, bodies.get(name), token="")
                    self.assertEqual(answer.status, 401, target)
                    self.check(document, operation, answer, target)
                called += 1
        self.assertGreaterEqual(called, 19)

    def test_a_foreign_token_sees_nothing_of_others(self):
        centre, finding = self.with_finding()
        token = centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": "parks"}).json["token"]
        self.assertEqual(centre.ask("GET", "/api/v1/findings", token=token).json["findings"], [])
        self.assertEqual(centre.ask("GET", f"/api/v1/findings/{finding['id']}", token=token).status, 404)
        self.assertEqual(centre.ask("GET", "/api/v1/sources", token=token).json["sources"], [])
        self.assertEqual(centre.ask("GET", "/api/v1/account", token=token).json["agencies"], [])
        if HAS_LAKE:
            event = centre.send([process("b.exe")]).json["first"]
            wait_for("the lake to have it", lambda: centre.get("/api/v1/status")["lake"]["lag"] == 0)
            self.assertEqual(len(centre.get("/api/v1/lake")["shares"]), 1)
            self.assertEqual(centre.ask("GET", "/api/v1/lake", token=token).json["shares"], [])
            answer = centre.ask("GET", f"/api/v1/lake/events/{event}/proof", token=token)
            self.assertEqual((answer.status, answer.json["detail"]), (404, "there is no such event"))

    def test_figures_are_prometheus_text(self):
        centre, _ = self.with_finding()
        answer = centre.ask("GET", "/metrics")
        self.assertIn("version=0.0.4", answer.headers["Content-Type"])
        for agency, status in (("*", 200), ("health", 403)):  # its series name the sources of all
            token = centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": agency}).json["token"]
            self.assertEqual(centre.ask("GET", "/metrics", token=token).status, status, agency)
        if not text_string_to_metric_families:
            self.skipTest("python3-prometheus-client is not there")
        families = {}
        for family in text_string_to_metric_families(answer.text):
            self.assertFalse(family.name in families, family.name)
            self.assertTrue(family.documentation)
            families[family.name] = family
        samples = {}
        for family in families.values():
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                self.assertNotIn(key, samples)
                samples[key] = sample.value
        self.assertEqual(samples["jaga_findings_opened_total", ()], 1)
        self.assertEqual(samples["jaga_finding_latency_seconds_count", ()], 1)
        self.assertEqual(samples["jaga_spool_events_total", (("spool", "events"),)], 1)


class Stream(ApiCase):
    def test_a_finding_comes_on_the_stream_and_a_client_that_comes_back_misses_none(self):
        centre = self.centre("--rules", self.write("rules/whoami.yml", RULE))

        def read(stream, n):
            found = []
            while len(found) < n:
                line = stream.readline()
                self.assertTrue(line, "the stream ended")
                if line.startswith(b"id: "):
                    number = line[4:].strip().decode()
                elif line.startswith(b"data: "):
                    found.append((number, json.loads(line[6:])))
            return found

        def open_stream(headers):
            connection = centre.connect()
            headers = {"Authorization": "Bearer " + centre.admin, **headers}
            connection.request("GET", "/api/v1/findings/stream", headers=headers)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
            return answer

        with open_stream({}) as stream:
            centre.send([process(r"C:\whoami.exe", host="A")])
            ((number, first),) = read(stream, 1)
            self.assertEqual(first["host"], "A")
        centre.send([process(r"C:\whoami.exe", host="B"), process(r"C:\whoami.exe", host="C")])
        centre.wait_for_findings(3)
        with open_stream({"Last-Event-ID": number}) as stream:
            self.assertEqual({finding["host"] for _, finding in read(stream, 2)}, {"B", "C"})


class Hostile(ApiCase):
    def test_slow_clients_are_cut_off_and_others_served(self):
        centre = self.centre()
        starts = [
            b"",
            b"GET /healthz HTTP/1.1\r\nHost: jaga\r\nX-Slow: ",
            f"POST /api/v1/events HTTP/1.1\r\nHost: jaga\r\nAuthorization: Bearer {centre.token}\r\n"
            "Content-Length: 60000000\r\n\r\n{".encode(),
        ]
        slow = [self.open_tls(centre) for _ in range(60)]
        for number, client in enumerate(slow):
            client.sendall(starts[number % len(starts)])
        for _ in range(20):
            self.assert_serves(centre)
        for client in slow:
            client.close()
        wait_for("the connections to be gone", lambda: centre.get("/api/v1/status")["connections"] < 5)

    def test_an_endless_header_ends(self):
        centre = self.centre()
        with self.open_tls(centre) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: jaga\r\nX: ")
            try:
                for _ in range(1000):
                    client.sendall(b"x" * 1024)
                answer = client.recv(4096)
            except OSError:
                answer = b""
            self.assertTrue(answer == b"" or b" 431 " in answer or b" 413 " in answer, answer)
        self.assert_serves(centre)

    def test_a_bomb_is_refused(self):
        centre = self.centre()
        bomb = gzip.compress(bytes(200 << 20))
        headers = {"Content-Encoding": "gzip", "Authorization": "Bearer " + centre.token}
        answer = centre.ask("POST", "/api/v1/events", bomb, headers=headers)
        self.assertEqual(answer.status, 413)
        self.assert_serves(centre)

    def test_what_is_no_tls_harms_nobody(self):
        centre = self.centre()
        for first in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01" + bytes(100), bytes(5000), b"\x80" * 3):
            with socket.create_connection(self.address(centre), timeout=60) as client:
                try:
                    client.sendall(first)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(4096):
                        pass
                except OSError:
                    pass
        old = ssl._create_unverified_context()
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(self.address(centre), timeout=60) as client:
            with self.assertRaises((ssl.SSLError, OSError)):
                old.wrap_socket(client)
        self.assert_serves(centre)

    def test_a_thousand_guesses_do_not_stop_a_sender(self):
        centre = self.centre()
        self.assertEqual(centre.send([process("a.exe")]).status, 200)
        statuses = []

        def guess():
            connection = centre.connect()
            for number in range(1000):
                answer = centre.ask("GET", "/api/v1/findings", token=f"jaga_{number:043}", connection=connection)
                statuses.append(answer.status)
            connection.close()

        guesser = threading.Thread(target=guess)
        guesser.start()
        served = 0
        while guesser.is_alive() or served < 20:
            self.assertEqual(centre.send([process("a.exe")]).status, 200)
            served += 1
        guesser.join()
        self.assertEqual(len(statuses), 1000)
        self.assertEqual(set(statuses), {401, 429})
        self.assertLess(statuses.count(401), 100)


if __name__ == "__main__":
    main()
