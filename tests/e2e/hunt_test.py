"""Hunts: what came in through a door is found by KQL and SQL, within limits, and by nobody whom it does not concern."""

import csv
import io
import json
import shutil
import subprocess
import threading
import unittest

import jaga

from centre import HAS_LAKE, CentreCase, wait_for
from jaga import BROKEN, DONE, REFUSED, ROOT, UNREADABLE, USAGE, process

# Too much for any machine: it ends when it is cancelled, or its time is over.
ENDLESS = "range x from 1 to 100000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 100000 step 1 " \
    "| extend k = 1) on k | join kind=inner (range z from 1 to 100000 step 1 | extend k = 1) on k | summarize sum(x * y + z)"


@unittest.skipUnless(HAS_LAKE, "libduckdb is not there: tools/duckdb.sh fetches it")
class HuntCase(CentreCase):
    def filled(self, *options):
        """A centre with events of two agencies, that are in the lake."""
        centre = self.centre(*options)
        self.parks = centre.add_token("parks", "windows")
        centre.send([process("C:\\Windows\\whoami.exe", n, host="H1", command="whoami /all") for n in range(3)])
        centre.send([process("C:\\secret\\parks.exe", 9, host="P1", command="parks 4711")], token=self.parks)
        wait_for("everything to be in the lake", lambda: self.stored(centre) == (4, 0))
        return centre

    @staticmethod
    def stored(centre):
        lake = centre.get("/api/v1/status")["lake"]
        return lake["rows"], lake["lag"]

    def reader(self, centre, agency):
        return centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": agency}).json["token"]

    def hunt(self, centre, query, accept="application/json", token=None, **more):
        return centre.ask("POST", "/api/v1/hunts", dict(more, query=query), token=token, headers={"Accept": accept})

    def rows(self, centre, query, **more):
        answer = self.hunt(centre, query, **more)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json["rows"]


class Interface(HuntCase):
    def test_events_are_found_in_each_form(self):
        centre = self.filled()
        query = "windows_sysmon | where Image endswith 'WHOAMI.exe' | summarize n = count() by Computer"
        answer = self.hunt(centre, query)
        self.assertEqual(answer.status, 200, answer.text)
        whole = answer.json
        self.assertEqual(whole["columns"], [{"name": "Computer", "type": "string"}, {"name": "n", "type": "long"}])
        self.assertEqual((whole["rows"], whole["cut"], whole["done"]["rows"]), ([["H1", 3]], False, 1))
        frames = [json.loads(line) for line in self.hunt(centre, query, "application/x-ndjson").text.splitlines()]
        self.assertIn("hunt", frames[0])
        self.assertIn({"row": ["H1", 3]}, frames)
        self.assertIn({"end": 0, "rows": 1, "cut": False}, frames)
        self.assertIn("done", frames[-1])
        table = list(csv.reader(io.StringIO(self.hunt(centre, query, "text/csv").text)))
        self.assertEqual(table, [["Computer", "n"], ["H1", "3"]])

    def test_the_body_may_be_the_query_itself(self):
        centre = self.filled()
        answer = centre.ask("POST", "/api/v1/hunts?rows=2", "windows_sysmon | project Computer")
        self.assertEqual((answer.status, len(answer.json["rows"]), answer.json["cut"]), (200, 2, True), answer.text)

    def test_several_statements_have_several_results(self):
        centre = self.filled()
        answer = self.hunt(centre, "print a = 1; print b = 'x'; print c = 1s").json
        self.assertEqual(answer["rows"], [[1]])
        self.assertEqual([table["rows"] for table in answer["more"]], [[["x"]], [["00:00:01"]]])

    def test_a_mistake_says_where_it_is(self):
        centre = self.filled()
        answer = self.hunt(centre, "windows_sysmon\n| where Imagee == 'x'")
        self.assertEqual((answer.status, answer.json["line"]), (400, 2), answer.text)
        self.assertIn("Imagee", answer.json["detail"])
        for body in ({"query": 5}, {"query": "print 1", "what": 1}, {"query": ""}, {"query": "print 1", "language": "x"},
                     {"query": "print 1", "limits": {"rows": 0}}, {"query": "print 1", "from": "soon"}):
            self.assertEqual(centre.ask("POST", "/api/v1/hunts", body).status, 400, body)

    def test_times_narrow_what_is_looked_at(self):
        centre = self.filled()
        count = "windows_sysmon | count"
        self.assertEqual(self.rows(centre, count, until="2026-11-21T07:00:00Z"), [[0]])
        self.assertEqual(self.rows(centre, count, **{"from": "2026-11-21T07:00:00Z"}), [[4]])

    def test_a_plan_shows_its_sql(self):
        centre = self.filled()
        plan = self.hunt(centre, "windows_sysmon | take 1", explain=True).json["plan"]
        self.assertIn("SELECT", plan)

    def test_a_plan_is_made_without_a_look_at_the_data(self):
        centre = self.filled()
        rows = ENDLESS[:ENDLESS.index("| summarize")]
        plan = self.hunt(centre, rows + "| evaluate pivot(x)", explain=True, limits={"time": "2s"})
        self.assertEqual(plan.status, 200, plan.text)
        wrong = self.hunt(centre, "windows_sysmon | summarize count() by Computer | evaluate pivot(Computer) | project H1", explain=True)
        self.assertEqual(wrong.status, 400, wrong.text)
        self.assertIn("explain runs nothing", wrong.json["detail"])


    def test_hidden_literals_are_shown_nowhere(self):
        centre = self.filled()
        running = f"let key = h's3cr3t'; {ENDLESS} | extend k = key"
        thread = threading.Thread(target=lambda: self.hunt(centre, running))
        thread.start()
        listed = wait_for("the hunt", lambda: centre.get("/api/v1/hunts")["hunts"])[0]
        self.assertIn("let key = h'***'", listed["query"])
        centre.ask("DELETE", "/api/v1/hunts/" + listed["id"])
        thread.join()
        plan = self.hunt(centre, "windows_sysmon | where Image has h's3cr3t' | take 1", explain=True)
        self.assertEqual(plan.status, 200, plan.text)
        self.assertIn("***", plan.text)
        wrong = self.hunt(centre, "windows_sysmon | where Image has h's3cr3t' and nothing_of(h's3cr3t', 1)")
        self.assertEqual(wrong.status, 400)
        for text in (plan.text, wrong.text, self.hunt(centre, "print datetime(h's3cr3t')").text,
                     self.hunt(centre, "print assert(false, h's3cr3t')").text, centre.logs()):
            self.assertNotIn("s3cr3t", text)
        self.assertEqual(self.rows(centre, "print h's3cr3t'"), [["s3cr3t"]])  # who asks for it is shown it


class Limits(HuntCase):
    def test_a_hunt_that_takes_too_long_ends(self):
        centre = self.filled()
        answer = self.hunt(centre, ENDLESS, limits={"time": "300ms"})
        self.assertEqual(answer.status, 422, answer.text)
        self.assertIn("longer", answer.json["detail"])

    def test_running_hunts_are_counted_listed_and_cancelled(self):
        centre = self.filled()
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.hunt(centre, ENDLESS))) for _ in range(3)]
        for thread in threads:
            thread.start()
        running = wait_for("three hunts", lambda: len(h := centre.get("/api/v1/hunts")["hunts"]) == 3 and h)
        self.assertEqual([hunt["ahead"] for hunt in running], [None] * 3)
        reader = self.reader(centre, "health")
        self.assertEqual(centre.ask("GET", "/api/v1/hunts", token=reader).json["hunts"], [])
        self.assertEqual(centre.ask("DELETE", "/api/v1/hunts/" + running[0]["id"], token=reader).status, 404)
        for hunt in running:
            self.assertEqual(centre.ask("DELETE", "/api/v1/hunts/" + hunt["id"]).status, 204)
        for thread in threads:
            thread.join()
        self.assertEqual([answer.status for answer in answers], [409] * 3)
        self.assertEqual(self.rows(centre, "print 1"), [[1]])

    def test_further_hunts_wait_for_their_turn_and_are_told(self):
        centre = self.filled("--hunts-max", "1")
        blocking = threading.Thread(target=lambda: self.hunt(centre, ENDLESS))
        blocking.start()
        running = wait_for("the hunt", lambda: centre.get("/api/v1/hunts")["hunts"])[0]["id"]
        answers = []
        waiting = [threading.Thread(target=lambda n=n: answers.append(self.hunt(centre, f"print {n}"))) for n in range(8)]
        for thread in waiting:
            thread.start()
        wait_for("eight that wait", lambda: sorted(h["ahead"] for h in centre.get("/api/v1/hunts")["hunts"] if h["ahead"] is not None)
                 == list(range(8)))
        refused = self.hunt(centre, "print 9")
        self.assertEqual((refused.status, refused.headers["Retry-After"]), (429, "5"), refused.text)
        self.assertIn("wait", refused.json["detail"])
        frames = []
        reader = self.reader(centre, "health")
        listener = threading.Thread(target=lambda: frames.extend(
            json.loads(line) for line in self.hunt(centre, "print 10", "application/x-ndjson", token=reader).text.splitlines()))
        listener.start()
        wait_for("the reader's", lambda: centre.ask("GET", "/api/v1/hunts", token=reader).json["hunts"])
        metrics = centre.ask("GET", "/metrics").text
        self.assertIn("jaga_hunts_running 1", metrics)
        self.assertIn("jaga_hunts_waiting 9", metrics)
        self.assertIn("jaga_hunts_refused_total 1", metrics)
        cancelled = next(h["id"] for h in centre.get("/api/v1/hunts")["hunts"] if h["ahead"] == 7)
        self.assertEqual(centre.ask("DELETE", "/api/v1/hunts/" + cancelled).status, 204)
        wait_for("it to be cancelled", lambda: answers)
        self.assertEqual(answers[0].status, 409)
        self.assertEqual(centre.ask("DELETE", "/api/v1/hunts/" + running).status, 204)
        for thread in [blocking, *waiting, listener]:
            thread.join()
        self.assertEqual(sorted(answer.status for answer in answers), [200] * 7 + [409])
        self.assertIn({"row": [10]}, frames)

    def test_who_waits_and_reads_frames_is_told_how_many_are_before(self):
        centre = self.filled("--hunts-max", "1")
        thread = threading.Thread(target=lambda: self.hunt(centre, ENDLESS))
        thread.start()
        running = wait_for("the hunt", lambda: centre.get("/api/v1/hunts")["hunts"])[0]["id"]
        connection = centre.connect()
        connection.request("POST", "/api/v1/hunts", json.dumps({"query": "print 1"}), {"Authorization": "Bearer " + centre.admin,
            "Content-Type": "application/json", "Accept": "application/x-ndjson"})
        answer = connection.getresponse()
        self.assertEqual(json.loads(answer.readline()), {"waiting": {"ahead": 0}})
        self.assertEqual(centre.ask("DELETE", "/api/v1/hunts/" + running).status, 204)
        self.assertIn(b'{"row":[1]}', answer.read())
        thread.join()
        connection.close()

    def test_a_hunt_that_takes_too_much_memory_ends_and_others_go_on(self):
        centre = self.filled("--hunt-memory", "64M")
        large = "SELECT length(list(x)::VARCHAR) FROM (SELECT repeat('x', 100) || i AS x FROM range(100000000) r(i))"
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.hunt(centre, large, language="sql")))
        thread.start()
        while thread.is_alive():
            self.assertEqual(self.rows(centre, "windows_sysmon | count"), [[4]])
        self.assertEqual(answers[0].status, 422, answers[0].text)
        self.assertIn("memory", answers[0].json["detail"])
        centre.send([process("C:\\Windows\\later.exe", 50)])
        wait_for("what comes later", lambda: self.rows(centre, "windows_sysmon | count") == [[5]])
        metrics = centre.ask("GET", "/metrics").text
        self.assertIn('jaga_hunts_total{end="memory"} 1', metrics)

    def test_a_centre_says_how_much_may_be_asked_for(self):
        centre = self.filled("--hunt-rows-max", "2", "--hunt-time-max", "5s")
        answer = self.hunt(centre, "windows_sysmon | project Computer").json
        self.assertEqual((len(answer["rows"]), answer["cut"]), (2, True))
        for limits in ({"rows": 3}, {"time": "6s"}):
            self.assertEqual(self.hunt(centre, "print 1", limits=limits).status, 400, limits)

    def test_a_client_that_goes_away_ends_its_hunt(self):
        centre = self.filled()
        for accept in ("application/x-ndjson", "application/json"):
            with self.subTest(accept):
                connection = centre.connect()
                body = json.dumps({"query": ENDLESS, "limits": {"time": "1h"}})
                connection.request("POST", "/api/v1/hunts", body, {"Authorization": "Bearer " + centre.admin,
                    "Content-Type": "application/json", "Accept": accept})
                wait_for("the hunt", lambda: centre.get("/api/v1/hunts")["hunts"])
                if accept.endswith("ndjson"):
                    connection.getresponse().readline()
                connection.close()
                wait_for("the hunt to end", lambda: not centre.get("/api/v1/hunts")["hunts"])

    def test_a_centre_that_stops_ends_its_hunts(self):
        centre = self.filled()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.hunt(centre, ENDLESS)))
        thread.start()
        wait_for("the hunt", lambda: centre.get("/api/v1/hunts")["hunts"])
        centre.stop()
        thread.join()
        self.assertEqual(answers[0].status, 409)


class Reload(HuntCase):
    TABLE = "name: Starts\nabout: starts of programs\ncolumns:\n  What: string\nfrom:\n" \
        "  - dataset: windows_sysmon\n    columns:\n      What: %s\n"

    def test_tables_are_read_again_and_hunts_that_run_go_on(self):
        content = self.dir / "content"
        shutil.copytree(ROOT / "content", content)
        centre = self.filled("--content", content)
        self.assertEqual(self.hunt(centre, "Starts | count").status, 400)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.hunt(centre, "windows_sysmon | take 1; " + ENDLESS)))
        thread.start()
        running = wait_for("the hunt", lambda: centre.get("/api/v1/hunts")["hunts"])[0]["id"]
        (content / "tables/Starts.yaml").write_text(self.TABLE % "Image")
        wait_for("the table", lambda: self.hunt(centre, "Starts | count").status == 200)
        self.assertEqual(self.rows(centre, "Starts | where What endswith 'whoami.exe' | count"), [[3]])
        since = len(centre.log)
        (content / "tables/Starts.yaml").write_text(self.TABLE % "nothing_of_that_name")
        wait_for("the complaint", lambda: any("reload.tables" in line for line in centre.log[since:]))
        self.assertEqual(self.rows(centre, "Starts | where What endswith 'whoami.exe' | count"), [[3]])
        self.assertEqual([hunt["id"] for hunt in centre.get("/api/v1/hunts")["hunts"]], [running])
        self.assertEqual(centre.ask("DELETE", "/api/v1/hunts/" + running).status, 204)
        thread.join()
        self.assertEqual(answers[0].status, 409)


class Command(HuntCase):
    """The same questions to a running centre and, once it has ended, to its folder."""

    def ask(self, *arguments, code=DONE, stdin=None):
        return self.jaga("hunt", *self.where, *arguments, code=code, stdin=stdin)

    def check(self):
        query = "windows_sysmon | where Image endswith 'whoami.exe' | summarize n = count() by Computer"
        self.assertEqual(self.ask("-o", "csv", query).out.split(), ["Computer,n", "H1,3"])
        self.assertEqual(json.loads(self.ask("-o", "jsonl", "-", stdin=query).out), {"Computer": "H1", "n": 3})
        self.assertIn("H1        3", self.ask(query).out)
        self.assertIn("█", self.ask(query + " | render barchart").out)
        self.assertIn("4", self.ask("--sql", "SELECT count(*) FROM windows_sysmon").out)
        self.assertIn("SELECT", self.ask("--explain", query).out)
        self.assertIn("cut", self.ask("--rows", "2", "windows_sysmon | project Image").out)
        self.assertIn("0", self.ask("-o", "csv", "--until", "2020-01-01", "windows_sysmon | count").out.split())
        wrong = self.ask("windows_sysmon\n| where Imagee == 'x'", code=USAGE).err
        self.assertIn("\n  | where Imagee == 'x'\n          ^\n", wrong)
        self.ask("--time-limit", "300ms", ENDLESS, code=REFUSED)
        self.assertIn("zero byte", self.ask("-", stdin="print 1\0", code=UNREADABLE).err)
        saved = self.write("saved.kql", query)
        self.assertIn(f"hunt - < {saved}", self.ask(saved, code=USAGE).err)
        for form in ("table", "csv"):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([jaga.JAGA, "hunt", *self.where, "-o", form, "print 1"], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual((done.returncode, b"No space left" in done.stderr), (BROKEN, True), form)

    def test_a_centre_and_a_folder_answer_alike(self):
        centre = self.filled()
        token = self.dir / "token"
        token.write_text(centre.admin)
        self.where = ("--to", centre.url, "--token-file", token, "--insecure")
        self.check()
        self.assertRegex(self.jaga("hunt", "--data", centre.data, "print 1", code=BROKEN).err, "(?s)has this lake open.*--to URL")
        centre.stop()
        self.where = ("--data", centre.data)
        self.check()
        self.assertIn("answer", self.ask("print answer = 42").out)


# What an agency may try to see of another's: each must give nothing of it.
TRIES = [
    ("kql", "windows_sysmon | project Computer, Image, CommandLine, _agency"),
    ("kql", "windows_sysmon | where _agency == 'parks'"),
    ("kql", "let t = windows_sysmon; t | union t | project _agency, Computer"),
    ("kql", "windows_sysmon | join kind=fullouter (windows_sysmon | where Computer == 'P1') on Computer"),
    ("kql", "windows_sysmon | join kind=rightanti (windows_sysmon) on $left._id == $right.Image"),
    ("kql", "search 'parks'"),
    ("kql", "union windows_* | where * has 'secret'"),
    ("kql", "events | distinct _agency"),
    ("kql", "SecurityAlert | project AlertName"),
    ("sql", "SELECT Computer, Image, CommandLine, _agency FROM windows_sysmon"),
    ("sql", "SELECT a._agency, b.Image FROM windows_sysmon a FULL JOIN windows_sysmon b ON a._id <> b._id"),
    ("sql", "WITH w AS (SELECT * FROM windows_sysmon) SELECT * FROM w UNION ALL SELECT * FROM windows_sysmon"),
    ("sql", "SELECT CAST(split_part(CommandLine, ' ', 2) AS BIGINT) FROM windows_sysmon WHERE CommandLine LIKE '%4%'"),
]

# Refused: they name what is no dataset, or do what no question does.
FORBIDDEN = [
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM information_schema.tables",
    "DELETE FROM windows_sysmon",
    "ATTACH 'x.db'",
    "COPY windows_sysmon TO '/tmp/x.csv'",
    "SET threads = 1",
    "SELECT 1; SELECT 2",
]


class Agencies(HuntCase):
    def test_one_sees_nothing_of_another(self):
        centre = self.filled()
        token = self.reader(centre, "health")
        for language, query in TRIES:
            answer = self.hunt(centre, query, token=token, language=language)
            if "CAST" not in query:
                self.assertEqual(answer.status, 200, (query, answer.text))
            for secret in ("P1", "secret", "parks.exe", "4711", '"parks"'):
                self.assertNotIn(secret, answer.text, query)
        self.assertEqual(self.rows(centre, "windows_sysmon | count", token=token), [[3]])
        self.assertEqual(self.rows(centre, "windows_sysmon | count"), [[4]])
        parks = self.reader(centre, "parks")
        self.assertEqual(self.rows(centre, "windows_sysmon | distinct Computer", token=parks), [["P1"]])

    def test_an_error_depends_on_own_rows_only(self):
        """Whether a query fails must not tell what another agency's rows are."""
        centre = self.filled()
        token = self.reader(centre, "health")
        for query in (
            "SELECT count(*) FROM windows_sysmon WHERE CASE WHEN Computer = 'P1' THEN error('found') ELSE true END",
            "SELECT count(*) FROM windows_sysmon WHERE CASE WHEN Computer = 'P1' THEN CAST(Image AS BIGINT) > 0 ELSE true END",
            "SELECT sum(CASE WHEN Computer = 'P1' THEN CAST(Image AS BIGINT) ELSE 1 END) FROM windows_sysmon",
        ):
            answer = self.hunt(centre, query, token=token, language="sql")
            self.assertEqual((answer.status, answer.status == 200 and answer.json["rows"]), (200, [[3]]), answer.text)

    def test_sql_reads_datasets_and_nothing_else(self):
        centre = self.filled()
        self.assertEqual(self.rows(centre, "SELECT count(*) FROM windows_sysmon", language="sql"), [[4]])
        for query in FORBIDDEN:
            answer = self.hunt(centre, query, language="sql")
            self.assertIn(answer.status, (400, 403), (query, answer.text))

    def test_who_only_sends_may_not_ask(self):
        centre = self.filled()
        self.assertEqual(self.hunt(centre, "print 1", token=centre.token).status, 403)


if __name__ == "__main__":
    jaga.main()
