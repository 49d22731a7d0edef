"""A centre for end-to-end tests: `jaga serve` in a scratch folder, on ports that the kernel chooses."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

from jaga import JAGA, NOBODY, ROOT, Case, as_nobody

START_SECONDS = 60
WAIT_SECONDS = 60

# Where npm cannot fetch the lake's library, what is no test of the lake goes without one.
HAS_LAKE = os.path.exists(os.environ.get("JAGA_DUCKDB", ROOT / "out/duckdb/libduckdb.so"))


def wait_for(what, ask, seconds=WAIT_SECONDS, every=0.02):
    """Asks until the answer is true; returns it."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(every)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.body)


class Centre:
    """A running `jaga serve`. Start it again after stop() or kill(): it keeps its folder and ports."""

    def __init__(
        self, folder, *options, config=None, agency="health", source="windows", env=None, unprivileged=False
    ):
        self.data = os.path.join(str(folder), "data")
        self.options = [str(option) for option in options]
        self.env = dict(os.environ, XDG_CACHE_HOME=os.path.join(str(folder), "cache"), **(env or {}))
        self.unprivileged = unprivileged  # not as root, whom rights do not bind
        self.process = None
        self.admin = None
        self.addresses = {}
        self.log = []
        self.kept = []  # sockets, while it is stopped
        os.makedirs(self.data, mode=0o700, exist_ok=True)
        if config is not None:
            self.configure(config)
        if unprivileged and os.getuid() == 0:
            os.chown(self.data, NOBODY, NOBODY)
        self.start()
        try:
            self.token = self.add_token(agency=agency, source=source) if agency else None
        except BaseException:
            self.close()  # nobody else knows of it yet
            raise

    def configure(self, text):
        path = os.path.join(self.data, "jaga.yaml")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)

    # ---- the process ----

    def start(self):
        listen = self.addresses.get("https", "127.0.0.1:0")
        command = [JAGA, "serve", "--data", self.data, "--listen", listen, *self.options]
        if not HAS_LAKE:
            command += ["--lake", "none"]
        for kind in ("syslog-udp", "syslog-tcp", "syslog-tls"):
            if kind in self.addresses:  # the port of before, so that clients find it again
                at = command.index("--" + kind)
                command[at + 1] = self.addresses[kind]
        # setpriv: it dies with us, also when a test is killed and cleans nothing up.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            preexec_fn=as_nobody if self.unprivileged else None,
        )
        self.log_thread = threading.Thread(target=self._read_log, daemon=True)
        self.log_thread.start()
        self._read_introduction()
        self._free_ports()
        self.output_thread = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.output_thread.start()

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def _read_introduction(self):
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            found = re.search(r"\b(https?|syslog-\w+)://(\S+)", line)
            if found:
                self.addresses[found[1]] = found[2]
            if found := re.match(r"\s+token\s+(\S+)", line):
                self.admin = found[1]
            if found := re.match(r"\s+certificate\s+sha256 (\S+)", line):
                self.fingerprint = found[1]
            if lines[1:] and line == "\n" and "https" in self.addresses and len(lines) > 3:
                return
        self.process.wait()
        self.log_thread.join()
        raise AssertionError("jaga serve ended: " + "\n".join(self.log))

    def stop(self):
        """SIGTERM, and it ends in order."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=WAIT_SECONDS)
        self._after()
        assert code == 0, f"exit code {code}\n" + self.logs()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._after()

    def _keep_ports(self):
        """Nobody else is given them until the next start: a socket that is bound and does not listen lets only that in."""
        for kind, address in self.addresses.items():
            if kind == "syslog-udp":
                continue  # it would take datagrams
            host, _, port = address.rpartition(":")
            kept = socket.socket(socket.AF_INET6 if host.startswith("[") else socket.AF_INET)
            self.kept.append(kept)
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.bind((host.strip("[]"), int(port)))

    def _free_ports(self):
        while self.kept:
            self.kept.pop().close()

    def _after(self):
        self._keep_ports()
        self.log_thread.join()
        self.output_thread.join()
        self.process.stdout.close()
        self.process.stderr.close()
        for word in ("Sanitizer", "runtime error"):
            assert word not in self.logs(), self.logs()

    def close(self):
        """For clean-up: ends it if it still runs."""
        if self.process.poll() is None:
            self.kill() if self.admin is None else self.stop()
        elif not self.process.stderr.closed:
            self._after()
        self._free_ports()

    def logs(self):
        return "\n".join(self.log)

    # ---- the interface ----

    @property
    def url(self):
        return "https://" + self.addresses["https"]

    def connect(self, timeout=WAIT_SECONDS, certificate=None):
        """`certificate`: paths of the client's own and of its key."""
        context = ssl._create_unverified_context()
        if certificate:
            context.load_cert_chain(*certificate)
        host, _, port = self.addresses["https"].rpartition(":")
        return http.client.HTTPSConnection(host.strip("[]"), int(port), context=context, timeout=timeout)

    def ask(self, method, path, body=None, token=None, headers=None, connection=None):
        """One request; `token`: the administrator's unless given ("" for none)."""
        own = connection or self.connect()
        token = self.admin if token is None else token
        headers = dict(headers or {})
        if token and "Authorization" not in headers:
            headers["Authorization"] = "Bearer " + token
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        try:
            own.request(method, path, body=body, headers=headers)
            answer = own.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            if connection is None:
                own.close()

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode({key.rstrip("_"): value for key, value in query.items()})
        answer = self.ask("GET", path)
        assert answer.status == 200, f"{path}: {answer.status} {answer.text}"
        return answer.json

    def add_token(self, agency="health", source=None, *more):
        """A sender's token, made with the command line, and known to the server."""
        command = [JAGA, "token", "add", "--data", self.data, *more, "send", agency]
        if source:
            command.append(source)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.env)
        assert done.returncode == 0, done.stderr
        token = re.search(r"\bjaga_[\w-]{43}\b", done.stdout)[0]
        # Not too often: who shows too many tokens that are not known is kept waiting.
        wait_for("the token to be known", lambda: self.send([], token=token).status == 200, every=0.5)
        return token

    def send(self, events, token=None, headers=None, path="/api/v1/events"):
        """Events (dicts, or texts as they are) to the NDJSON door."""
        body = "".join((event if isinstance(event, str) else json.dumps(event)) + "\n" for event in events)
        headers = dict({"Content-Type": "application/x-ndjson"}, **(headers or {}))
        return self.ask("POST", path, body=body, token=token or self.token, headers=headers)

    def findings(self, **query):
        """All findings that fit, page by page."""
        found = []
        while True:
            page = self.get("/api/v1/findings", limit=1000, **query)
            found += page["findings"]
            if not page["cursor"]:
                return found
            query["cursor"] = page["cursor"]

    def wait_for_findings(self, n, seconds=WAIT_SECONDS, **query):
        def enough():
            found = self.findings(**query)
            return found if len(found) >= n else None

        return wait_for(f"{n} findings", enough, seconds)

    def wait_until_matched(self, seconds=WAIT_SECONDS):
        """Until everything that is stored has been matched and its findings are kept."""
        wait_for("everything to be matched", lambda: self.get("/api/v1/status")["live"]["lag"] == 0, seconds)

    def account(self):
        """The sums of the loss account; they must add up."""
        total = self.get("/api/v1/account")["account"]
        parts = ("stored", "repeated", "rejected", "failed", "in_flight")
        assert total["received"] == sum(total[part] for part in parts), total
        return total


class CentreCase(Case):
    """A test with centres that are stopped at its end."""

    def centre(self, *options, **more):
        centre = Centre(self.dir, *options, **more)
        self.addCleanup(self._close, centre)
        return centre

    @staticmethod
    def _close(centre):
        with contextlib.suppress(ProcessLookupError):
            centre.close()
