"""
Isolation: whatever a reader of one agency asks, nothing of another agency shows, and the answer is that of a centre which never
heard of the other. Two centres: `shared` has the events of both agencies, `alone` only those of the reader's.
"""

import json
import os
import pathlib
import random
import re
import tempfile
import threading
import unittest

import jaga

from centre import HAS_LAKE, Centre, wait_for
from jaga import ROOT, process

# In every text of the other agency, in names of its fields, and in its own name. No question has it: it can't be an echo.
MARK = "zq7x"
OTHER = MARK + "agency"
RULE = "title: Who am I\nid: 7c2d4a3e-0001-4c51-9ac9-0b6a2f4e5a77\nlogsource:\n  product: windows\n  category: process_creation\n" \
    "detection:\n  s:\n    Image|endswith: whoami.exe\n  condition: s\nlevel: high\n"

# Columns that no two centres agree on, whoever else is there: where and when an event was received.
OWN_COLUMNS = {"_id", "_key", "_part", "_received", "EventId", "SystemAlertId", "VendorOriginalId", "ProcessingEndTime"}


def own_events():
    hour = "2026-11-21 0%d:00:%02d.000"
    rows = []
    for n in range(60):
        event = process(f"C:\\Windows\\tool{n % 7}.exe", n, host=f"H{n % 4}", time=hour % (8 + n % 2, n), command=f"tool{n % 7} /n {n}")
        event["User"] = f"CORP\\user{n % 5}"
        event["ParentImage"] = "C:\\Windows\\explorer.exe" if n % 3 else "C:\\Windows\\System32\\cmd.exe"
        event["ProcessId"] = 1000 + n
        event["ProcessGuid"] = f"{{00000000-0000-0000-0000-{n:012d}}}"
        rows.append(event)
    rows += [process("C:\\Windows\\whoami.exe", 100 + n, host="H1", command="whoami /all") for n in range(3)]
    rows.append(dict(process("C:\\x\\odd.exe", 200, host="H2"), OwnField="own", Hashes="SHA1=" + "A" * 40))
    return rows


def other_events():
    """Texts where the reader has numbers, many of them, marked; some in the reader's own words, so that a join would meet."""
    rows = []
    for n in range(240):
        event = process(f"C:\\{MARK}\\{n}.exe", n, host=f"{MARK}host{n % 9}", time=f"2026-11-21 08:{n % 60:02d}:30.000", command=f"{MARK} {n}")
        event["User"] = MARK + "user"
        event["ParentImage"] = MARK + "parent"
        event["ProcessGuid"] = "{" + MARK + "}"
        event["Hashes"] = "MD5=" + MARK
        event[MARK + "Field"] = MARK + "value"
        event["OwnField"] = MARK
        rows.append(event)
    rows += [dict(process("C:\\Windows\\tool1.exe", 500 + n, host="H1", command=MARK), User="CORP\\user1") for n in range(20)]
    rows += [process("C:\\Windows\\whoami.exe", 600, host=MARK + "host", command=f"whoami /all {MARK}")]
    return rows


# ---- attempts: each must give what it gives without the other agency ----

KQL = """
windows_sysmon | where true | summarize count(), dcount(Image), min(_time), max(_time)
windows_sysmon | distinct _agency
windows_sysmon | where _agency != 'health' | count
windows_sysmon | where _agency in ('health', strcat('zq', '7xagency')) | summarize count() by _agency
windows_sysmon | project Computer, Image, CommandLine, _agency, _source | sort by Image asc, CommandLine asc
windows_sysmon | where Image startswith 'C:\\\\zq' | project Image
windows_sysmon | where * has 'zq' | count
windows_sysmon | top 5 by CommandLine desc | project CommandLine
windows_sysmon | getschema
windows_sysmon | extend d = pack_all() | project keys = bag_keys(d) | take 1
windows_sysmon | summarize dcount(Computer), countif(isempty(User)), arg_max(Image, Computer), take_any(_agency)
windows_sysmon | summarize percentile(ProcessId, 99), stdev(ProcessId), avg(EventRecordID) by Computer | sort by Computer asc
let t = windows_sysmon; t | union t | summarize count() by Computer | sort by Computer asc
let all_ = materialize(windows_sysmon | project Computer, Image); all_ | join kind=fullouter all_ on Computer | count
let f = (x: string) { windows_sysmon | where Computer startswith x }; f('') | count
let peek = (t: (Image: string)) { t | summarize max(Image) }; peek(windows_sysmon)
windows_sysmon | join kind=rightouter (windows_sysmon | project Image, other = Computer) on Image | summarize count() by other | sort by other asc
windows_sysmon | join kind=innerunique (windows_sysmon | summarize n = count() by Computer) on Computer | project Computer, n
windows_sysmon | join kind=rightanti (windows_sysmon | where Computer == 'H1') on Computer | count
windows_sysmon | join kind=leftanti (windows_sysmon | where Computer == 'H1') on Computer | summarize count() by Computer | sort by Computer asc
windows_sysmon | lookup kind=leftouter (windows_sysmon | summarize n = count() by User) on User | summarize max(n)
datatable(Computer:string)['H1', 'H2'] | join kind=inner windows_sysmon on Computer | summarize count() by User | sort by User asc
union windows_* | summarize count()
union withsource=t * | summarize count() by t | sort by t asc
union isfuzzy=true nothing_of_that_name, windows_sysmon | count
search 'zq*' | count
search in (windows_sysmon) * | summarize count() by $table
search 'whoami' | project Computer
find where Computer startswith 'zq' | count
find in (windows_sysmon) where User has 'user1' project Computer | count
events | summarize count() by event_dataset = 'x'
events | distinct _agency
events | where host_name startswith 'zq' | count
DeviceProcessEvents | summarize count() by DeviceName | sort by DeviceName asc
DeviceProcessEvents | where ProcessCommandLine has 'whoami' | project DeviceName, AccountName, FileName, ProcessCommandLine
DeviceProcessEvents | summarize rare = dcount(DeviceName) by FileName | sort by rare asc, FileName asc
Event | summarize count()
SecurityEvent | summarize count() by Computer
Sysmon | count
SecurityAlert | project AlertName, CompromisedEntity, AlertSeverity | sort by AlertName asc
SecurityAlert | summarize count() by AlertName | sort by AlertName asc
SecurityAlert | where tostring(pack_all()) has 'zq' | count
SecurityAlert | join kind=fullouter (windows_sysmon | where Computer == 'H1' | take 1) on $left.AlertName == $right.Image | count
SecurityIncident | count
let n = toscalar(windows_sysmon | summarize count()); print n
let hosts = windows_sysmon | distinct Computer; windows_sysmon | where Computer !in (hosts) | count
windows_sysmon | where Computer in ((windows_sysmon | where User startswith 'zq' | project Computer)) | count
windows_sysmon | mv-expand part = split(CommandLine, ' ') | summarize count() by tostring(part) | sort by part asc
windows_sysmon | mv-apply p = split(CommandLine, ' ') on (summarize n = count()) | summarize sum(n)
windows_sysmon | parse CommandLine with tool ' /n ' n:long | summarize max(n), count() by tool | sort by tool asc
windows_sysmon | make-series n = count() on _time from datetime(2026-11-21 08:00) to datetime(2026-11-21 10:00) step 30m by Computer | sort by Computer asc
windows_sysmon | evaluate pivot(Computer) | count
windows_sysmon | where isnotempty(User) | summarize count() by User, Computer | evaluate pivot(Computer, sum(count_), User) | sort by User asc
windows_sysmon | extend b = bag_pack(Computer, 1) | evaluate bag_unpack(b) | getschema
windows_sysmon | evaluate autocluster()
windows_sysmon | evaluate narrow()
windows_sysmon | top-nested 2 of Computer by count(), top-nested 1 of User by count()
windows_sysmon | partition by Computer (top 1 by Image asc | project Computer, Image) | sort by Computer asc
windows_sysmon | sort by Image asc, CommandLine asc | serialize n = row_number(), before = prev(Computer) | where n < 5 | project n, before, Image
windows_sysmon | facet by Computer, User
windows_sysmon | fork (summarize count() by Computer | sort by Computer asc) (count)
windows_sysmon | sample-distinct 100 of Computer | summarize count()
windows_sysmon | reduce by CommandLine
windows_sysmon | as t | union t | count
range x from 1 to 3 step 1 | extend n = toscalar(windows_sysmon | count)
windows_sysmon | take 0
windows_sysmon | where Imagee == 'x'
windows_sysmon | project OwnFieldd
windows_sysmon | where OwnField != '' | project OwnField, Computer
database('other').windows_sysmon | count
workspace('other').windows_sysmon | summarize count()
cluster('x').database('y').windows_sysmon | count
table('windows_sysmon') | count
externaldata(x: string) ['file:///etc/passwd']
externaldata(x: string) [h'https://example.org/x.csv'] with (format='csv')
evaluate sql_request('x', 'select 1')
evaluate http_request('http://127.0.0.1/')
windows_sysmon | invoke nothing()
windows_sysmon | where assert(Computer startswith 'H', 'seen')
windows_sysmon | where assert(strlen(Image) < 30, 'seen') | count
windows_sysmon | extend x = assert(User startswith 'CORP', 'seen') | summarize countif(x)
windows_sysmon | where CommandLine matches regex Image | count
windows_sysmon | where ProcessId * (9223372036854775807 - ProcessId) > 0 | count
windows_sysmon | where strlen(strrep(Computer, iff(Computer startswith 'H', 1, 1000000000))) > 0 | count
windows_sysmon | where todatetime(CommandLine) > ago(1d) | count
windows_sysmon | where datetime_add('day', iff(Computer startswith 'H', 1, 9223372036854775807), _time) > ago(9999d) | count
windows_sysmon | join kind=inner (windows_sysmon | where assert(Computer startswith 'H', 'seen')) on Computer | count
union (windows_sysmon | where assert(Computer startswith 'H', 'seen')), (print x = 1) | count
let c = toscalar(windows_sysmon | where assert(Computer startswith 'H', 'seen') | count); print c
windows_sysmon | where parse_json(iff(Computer startswith 'H', '{}', '{"a":')).a == 1 | count
windows_sysmon | where Computer startswith 'zq' | where assert(Computer startswith 'H', 'seen') | count
windows_sysmon | where Computer startswith 'zq' and ProcessId * 9223372036854775807 > 0 | summarize count() by bin(_time, 1h)
windows_sysmon | where _agency != 'health' or assert(Computer startswith 'H', 'seen') | count
windows_sysmon | where Image in~ ('C:\\zq') or isnotempty(User) | extend d = bin(_time, 10m) | summarize count(), dcount(User) by d | sort by d asc
DeviceProcessEvents | where DeviceName startswith 'zq' | summarize count() by bin(Timestamp, 1h)
DeviceProcessEvents | where DeviceName !startswith 'zq' and FileName has_any ('tool1', 'whoami') | summarize count() by bin(Timestamp, 1h)
DeviceProcessEvents | where ProcessCommandLine has 'whoami' and assert(DeviceName startswith 'H', 'seen') | project DeviceName, FileName
DeviceProcessEvents | where DeviceName has 'zq' | join kind=rightouter (DeviceProcessEvents | extend k = ProcessId % 7) on DeviceName | summarize count() by k
declare query_parameters(_agency: string = 'health'); windows_sysmon | count
""".strip().splitlines()

SQL = """
SELECT count(*), min(_time), max(_time), count(DISTINCT Image) FROM windows_sysmon
SELECT DISTINCT _agency FROM windows_sysmon
SELECT _agency, _source, count(*) FROM windows_sysmon GROUP BY ALL ORDER BY ALL
SELECT Computer, Image, CommandLine FROM windows_sysmon ORDER BY ALL
SELECT count(*) FROM windows_sysmon WHERE _agency LIKE 'zq%' OR true
SELECT max(CommandLine), min(Computer), any_value(_agency) FROM windows_sysmon
SELECT max(columns(c -> c NOT IN ('_id', '_key', '_received'))) FROM windows_sysmon
SELECT a.Computer, count(*) FROM windows_sysmon a FULL JOIN windows_sysmon b ON a.Computer = b.Computer GROUP BY 1 ORDER BY 1
SELECT count(*) FROM windows_sysmon a, windows_sysmon b
SELECT count(*) FROM windows_sysmon a ANTI JOIN windows_sysmon b ON a.Image = b.Image
WITH w AS (SELECT * FROM windows_sysmon) SELECT count(*) FROM w UNION ALL SELECT count(*) FROM windows_sysmon
WITH _agency AS (SELECT 1) SELECT count(*) FROM windows_sysmon
WITH windows_sysmon AS (SELECT * FROM windows_sysmon) SELECT count(*) FROM windows_sysmon
SELECT (SELECT count(*) FROM windows_sysmon b WHERE b._agency <> a._agency) FROM windows_sysmon a LIMIT 1
SELECT EXISTS (SELECT 1 FROM windows_sysmon WHERE Computer LIKE 'zq%')
SELECT count(*) FROM windows_sysmon WHERE Computer NOT IN (SELECT Computer FROM windows_sysmon WHERE User LIKE 'CORP%')
SELECT list(DISTINCT Computer ORDER BY Computer), histogram(_agency) FROM windows_sysmon
SELECT approx_count_distinct(Computer), mode(_agency), entropy(_agency) FROM windows_sysmon
SELECT Computer, row_number() OVER (ORDER BY Computer DESC, Image, CommandLine) FROM windows_sysmon ORDER BY 2 LIMIT 5
SELECT count(*) FROM windows_sysmon TABLESAMPLE 100%
PIVOT windows_sysmon ON Computer IN ('H1', 'H2') USING count(*) GROUP BY User ORDER BY User
UNPIVOT (SELECT Computer, User FROM windows_sysmon ORDER BY ALL LIMIT 3) ON Computer, User
SELECT Computer::BIGINT FROM windows_sysmon
SELECT CAST(split_part(CommandLine, ' ', 3) AS BIGINT) AS n FROM windows_sysmon WHERE CommandLine LIKE 'tool%' ORDER BY 1
SELECT sum(CASE WHEN Computer LIKE 'H%' THEN 1 ELSE Image::BIGINT END) FROM windows_sysmon
SELECT count(*) FROM windows_sysmon WHERE CASE WHEN Computer LIKE 'H%' THEN true ELSE error(Image) END
SELECT count(*) FROM windows_sysmon WHERE Computer LIKE 'H%' OR error('seen ' || CommandLine)
SELECT count(*) FROM windows_sysmon WHERE Computer LIKE 'H%' OR Image::BIGINT > 0
SELECT count(*) FROM windows_sysmon WHERE coalesce(try_cast(Computer AS BIGINT), CASE WHEN Computer[1] = 'H' THEN 1 ELSE error('x') END) = 1
SELECT count(*) FROM windows_sysmon WHERE regexp_matches('x', CASE WHEN Computer LIKE 'H%' THEN 'x' ELSE '(' END)
SELECT count(*) FROM windows_sysmon WHERE strptime(CASE WHEN Computer LIKE 'H%' THEN '2026' ELSE Computer END, '%Y') IS NOT NULL
SELECT count(*) FROM windows_sysmon WHERE length(repeat('x', CASE WHEN Computer LIKE 'H%' THEN 1 ELSE 4000000000 END)) > 0
SELECT count(*) FROM windows_sysmon WHERE json_extract(CASE WHEN Computer LIKE 'H%' THEN '{}' ELSE '{' || Image END, '$.a') IS NULL
SELECT count(*) FROM windows_sysmon WHERE 9223372036854775807 + (CASE WHEN Computer LIKE 'H%' THEN 0 ELSE 1 END) > 0
SELECT count(*) FROM windows_sysmon WHERE (SELECT CASE WHEN Computer LIKE 'H%' THEN 1 ELSE error(Computer) END) = 1
SELECT count(*) FROM windows_sysmon a JOIN windows_sysmon b ON a.Image = b.Image AND (b.Computer LIKE 'H%' OR error(b.Computer))
SELECT count(*) FROM (SELECT * FROM windows_sysmon WHERE Computer LIKE 'H%' OR error(Computer)) WHERE _agency = 'health'
SELECT Computer FROM windows_sysmon GROUP BY Computer HAVING Computer LIKE 'H%' OR error(Computer) ORDER BY 1
SELECT enum_code(Computer::ENUM('H0', 'H1', 'H2', 'H3')) FROM windows_sysmon ORDER BY 1 LIMIT 1
SELECT chr(CASE WHEN Computer LIKE 'H%' THEN 65 ELSE -1 END), count(*) FROM windows_sysmon GROUP BY 1
SELECT zqcolumn FROM windows_sysmon
SELECT OwnFieldd FROM windows_sysmon
SELECT * FROM windows_sysmonn
SELECT count(OwnField), max(OwnField) FROM windows_sysmon
""".strip().splitlines()

# Refused, in the same words whoever else is there.
FORBIDDEN = """
SELECT * FROM lake.shares
SELECT * FROM lake.columns
SELECT * FROM "2026-11-21".windows_sysmon
FROM "2026-11-21"._shares
SELECT * FROM duckdb_tables()
SELECT * FROM duckdb_columns()
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_views()
SELECT * FROM duckdb_memory()
SELECT * FROM duckdb_temporary_files()
SELECT * FROM duckdb_prepared_statements()
SELECT * FROM information_schema.tables
SELECT * FROM pg_catalog.pg_class
SELECT * FROM sqlite_master
SELECT * FROM pragma_storage_info('windows_sysmon')
SELECT * FROM pragma_table_info('windows_sysmon')
SELECT stats(Computer) FROM windows_sysmon
SELECT * FROM query('SELECT 1')
SELECT * FROM query_table('windows_sysmon')
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_parquet('*.parquet')
SELECT * FROM glob('*')
SELECT * FROM sniff_csv('/etc/passwd')
SELECT * FROM '/etc/passwd'
SELECT * FROM seq_scan('windows_sysmon')
SELECT * FROM sql_auto_complete('SELECT ')
SELECT * FROM json_execute_serialized_sql('{}')
SELECT current_setting('temp_directory')
SELECT getvariable('x')
SELECT current_query()
SELECT version()
SELECT jaga_leaf(1, 1, now(), now(), '', '', '', '', '', ''::BLOB)
SUMMARIZE windows_sysmon
DESCRIBE windows_sysmon
SHOW TABLES
SHOW ALL TABLES
FROM (SUMMARIZE windows_sysmon)
FROM (DESCRIBE windows_sysmon)
EXPLAIN SELECT * FROM windows_sysmon
EXPLAIN ANALYZE SELECT * FROM windows_sysmon
COPY windows_sysmon TO '/tmp/x.csv'
COPY (SELECT 1) TO STDOUT
EXPORT DATABASE '/tmp/x'
ATTACH '/tmp/x.duckdb'
DETACH lake
USE lake
SET threads = 1
SET VARIABLE x = 1
RESET threads
PRAGMA database_list
PRAGMA show_tables
CALL pragma_version()
PREPARE p AS SELECT 1
EXECUTE p
CREATE MACRO m() AS TABLE SELECT 1
CREATE TEMP VIEW v AS SELECT 1
CREATE TABLE t AS SELECT 1
INSERT INTO windows_sysmon SELECT * FROM windows_sysmon
UPDATE windows_sysmon SET _agency = 'health'
DELETE FROM windows_sysmon
DROP VIEW windows_sysmon
CHECKPOINT
VACUUM
LOAD json
INSTALL httpfs
SELECT 1; SELECT 2
""".strip().splitlines()

# Pieces of pipelines, put together at random. None keeps some of equal rows: which ones is not said.
SOURCES = ["windows_sysmon", "DeviceProcessEvents", "union windows_sysmon, windows_security", "events",
           "(windows_sysmon | join kind=inner (windows_sysmon | summarize n = count() by Computer) on Computer)"]
STEPS = [
    "where _agency != 'x'", "where _time > datetime(2026-11-21 08:20)", "where * has 'tool1'", "extend a = _agency", "count",
    "summarize count() by _agency", "summarize dcount(_source)", "summarize n = count() by bin(_time, 10m) | sort by _time asc",
    "summarize min(_time), max(_time) by _agency", "summarize arg_max(_time, _agency)", "project _agency, _source, _time",
    "distinct _agency, _source", "sort by _time asc", "sort by _time desc, _raw asc | take 3", "project-away *Guid*", "project-keep _a*, C*",
    "extend p = tostring(pack_all()) | project l = strlen(p) > 0", "getschema", "where assert(_agency == 'health', 'seen')",
    "extend x = toint(_source)", "where _source startswith 'w' or assert(false, 'seen')", "mv-expand k = bag_keys(pack_all())",
    "summarize make_set(_agency), make_set(_source)", "where isnotempty(_raw)", "extend r = strlen(_raw) | summarize sum(r)",
    "extend h = hash(_raw) | summarize dcount(h)", "parse _raw with * 'Computer\":\"' host '\"' * | summarize count() by host",
    "where Computer startswith 'zq' or isnotempty(User)", "extend slot = bin(_time, 10m)", "where Image has 'tool1' and strlen(Image) % 2 == 0",
    "evaluate bag_unpack(todynamic(_raw)) | getschema", "serialize r = row_number() | summarize max(r)", "search 'zq*'",
]


class Pair:
    """The two centres, with the same reader in each."""

    def __init__(self, folder):
        self.centres = []
        try:
            for name in ("shared", "alone"):
                (folder / name).mkdir()
                (folder / name / "rule.yml").write_text(RULE)
                self.centres.append(Centre(folder / name, "--rules", folder / name / "rule.yml", "--partitions", "1"))
            self.shared, self.alone = self.centres
            self.fill()
        except BaseException:
            self.close()
            raise

    def fill(self):
        own, other = own_events(), other_events()
        token = self.shared.add_token(OTHER, MARK + "source")
        self.send(self.shared, other[:150], token)  # before, between and behind the reader's
        for centre in self.centres:
            self.send(centre, own[:30], centre.token)
        self.send(self.shared, other[150:], token)
        for centre in self.centres:
            self.send(centre, own[30:], centre.token)
        for centre, rows in ((self.shared, len(own) + len(other)), (self.alone, len(own))):
            wait_for("the lake", lambda c=centre, n=rows: (s := c.get("/api/v1/status")["lake"])["rows"] == n and s["lag"] == 0)
            wait_for("findings", lambda c=centre: c.findings(agency="health"))
        wait_for("findings of the other", lambda: self.shared.findings(agency=OTHER))
        self.readers = [self.reader(centre, "health") for centre in self.centres]
        self.other = self.reader(self.shared, OTHER)

    @staticmethod
    def send(centre, events, token):
        answer = centre.send(events, token=token)
        assert answer.status == 200, answer.text

    @staticmethod
    def reader(centre, agency):
        return centre.ask("POST", "/api/v1/tokens", {"role": "read", "agency": agency}).json["token"]

    def close(self):
        for centre in self.centres:
            centre.close()

    def both(self, method, path, body=None, headers=None):
        return [c.ask(method, path, body, token=t, headers=headers) for c, t in zip(self.centres, self.readers)]

    def hunt(self, query, language="kql", accept="application/json", **more):
        return self.both("POST", "/api/v1/hunts", dict(more, query=query, language=language), {"Accept": accept})


def without_own(tables):
    """A result without what differs anyhow: how long it took, columns of the place, and the order of equal rows."""
    tables = dict(tables)
    tables.pop("done", None)
    tables["more"] = [without_own(table) for table in tables.get("more", [])]
    keep = [i for i, column in enumerate(tables.get("columns", [])) if column["name"] not in OWN_COLUMNS]
    tables["columns"] = [tables["columns"][i] for i in keep] if "columns" in tables else None
    tables["rows"] = sorted(([row[i] for i in keep] for row in tables.get("rows", [])), key=json.dumps)
    return tables


@unittest.skipUnless(HAS_LAKE, "libduckdb is not there: tools/duckdb.sh fetches it")
class IsolationCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="jaga-isolation-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.pair = Pair(pathlib.Path(cls.folder.name))
        cls.addClassCleanup(cls.pair.close)

    def hides(self, answer, what):
        text = answer.text + "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        at = text.lower().find(MARK)
        self.assertEqual(at, -1, (what, text[max(at - 200, 0):at + 200]))

    def same(self, answers, what):
        """Nothing of the other shows, and the two answers are one. Returns its status."""
        shared, alone = answers
        self.hides(shared, what)
        self.assertEqual(shared.status, alone.status, (what, shared.text[:400], alone.text[:400]))
        if shared.status == 200:
            self.assertEqual(without_own(shared.json), without_own(alone.json), what)
        else:
            self.assertEqual(shared.json, alone.json, what)
        return shared.status


class Questions(IsolationCase):
    def all_same(self, queries, language):
        statuses = []
        for query in queries:
            with self.subTest(query):
                statuses.append(self.same(self.pair.hunt(query, language), query))
        self.assertNotIn(500, statuses)
        return statuses

    def test_kql_answers_as_if_there_were_no_other(self):
        statuses = self.all_same(KQL, "kql")
        self.assertGreater(statuses.count(200), 60)

    def test_sql_answers_as_if_there_were_no_other(self):
        statuses = self.all_same(SQL, "sql")
        self.assertGreater(statuses.count(200), 30)

    def test_what_is_refused_is_refused_in_the_same_words(self):
        statuses = self.all_same(FORBIDDEN, "sql")
        self.assertTrue(all(status in (400, 403) for status in statuses), statuses)

    def test_plans_depend_on_nothing_of_the_other(self):
        for query in KQL + SQL:
            language = "sql" if query in SQL else "kql"
            shared, alone = self.pair.hunt(query, language, explain=True)
            self.hides(shared, query)
            plans = [re.sub(r"TIMESTAMP '[^']*'", "TIMESTAMP", answer.text) for answer in (shared, alone)]  # now
            self.assertEqual((shared.status, plans[0]), (alone.status, plans[1]), query)

    def test_each_form_of_an_answer_hides_the_other(self):
        for query in ("windows_sysmon | project Computer, Image, _agency | sort by Image asc", "windows_sysmon | where assert(false, 'x')",
                      "search 'zq*'", "windows_sysmon | take 3; windows_sysmon | count"):
            for accept in ("application/x-ndjson", "text/csv"):
                shared, alone = self.pair.hunt(query, accept=accept)
                self.hides(shared, query)
                self.assertEqual(shared.status, alone.status, query)
                # A line of progress comes by the clock.
                lines = [[line for line in answer.text.splitlines() if not line.startswith('{"progress":')] for answer in (shared, alone)]
                self.assertEqual(len(lines[0]), len(lines[1]), query)

    def test_limits_cut_own_rows_only(self):
        for limits in ({"rows": 1}, {"rows": 63}, {"rows": 64}, {"bytes": 2000}):
            shared, alone = self.pair.hunt("windows_sysmon | sort by Image asc, CommandLine asc | project Image, CommandLine", limits=limits)
            self.assertEqual(without_own(shared.json), without_own(alone.json), limits)

    def test_times_name_own_rows_only(self):
        for times in ({"from": "2026-11-21T08:30:00Z"}, {"until": "2026-11-21T08:00:10Z"}, {"until": "2020-01-01T00:00:00Z"}):
            for query, language in (("windows_sysmon | count", "kql"), ("SELECT count(*) FROM windows_sysmon", "sql"), ("search *| count", "kql")):
                self.same(self.pair.hunt(query, language, **times), (query, times))

    def test_random_pipelines_answer_as_if_there_were_no_other(self):
        seed = int(os.environ.get("ISOLATION_SEED", "20261122"))
        chance = random.Random(seed)
        good = 0
        for _ in range(int(os.environ.get("ISOLATION_PIPELINES", "120"))):
            steps = chance.sample(STEPS, chance.randint(1, 4))
            query = " | ".join([chance.choice(SOURCES), *steps])
            answers = self.pair.hunt(query)
            good += self.same(answers, (seed, query)) == 200
        self.assertGreater(good, 20)

    def test_conditions_beside_one_that_may_fail_tell_nothing(self):
        seen = "assert(%s startswith 'H', 'seen')"
        certain = ["%s startswith 'zq'", "%s !startswith 'H'", "%s in~ ('h1', 'zq1')", "%s matches regex '^zq'", "isnotempty(%s)",
                   "(%s has 'zq' or _agency != 'health')", "tolower(%s) contains 'z'", "_time between (datetime(2026-11-21) .. 1d) and %s != ''"]
        statuses = []
        for table, host in (("windows_sysmon", "Computer"), ("DeviceProcessEvents", "DeviceName")):
            for condition in certain:
                for form in (f"{condition} and {seen}", f"{seen} and {condition}", f"{condition} | where {seen}", f"{condition} or {seen}",
                             f"{condition} | extend ok = {seen} | where ok"):
                    query = f"{table} | where {form.replace('%s', host)} | count"
                    statuses.append(self.same(self.pair.hunt(query), query))
        self.assertEqual(set(statuses), {200})

    def test_shipped_hunts_answer_as_if_there_were_no_other(self):
        for path in sorted((ROOT / "content/hunts").glob("*.kql")):
            answers = self.pair.hunt(path.read_text(encoding="utf-8"))
            self.same(answers, path.name)

    def test_the_other_sees_its_own(self):
        """Or none of this would mean anything."""
        rows = self.pair.shared.ask("POST", "/api/v1/hunts", {"query": "windows_sysmon | summarize count(), countif(Computer startswith 'zq')"},
                                    token=self.pair.other).json["rows"]
        self.assertEqual(rows, [[261, 241]])
        answer = self.pair.shared.ask("POST", "/api/v1/hunts", {"query": "windows_sysmon | where assert(Computer startswith 'H', 'x')"},
                                      token=self.pair.other)
        self.assertEqual(answer.status, 400)


class Interface(IsolationCase):
    def test_no_path_tells_of_the_other(self):
        paths = self.pair.shared.get("/api/openapi.json")["paths"]
        asked = 0
        for path, methods in paths.items():
            if "get" in methods and "{" not in path and "stream" not in path:
                shared, _ = self.pair.both("GET", path)
                self.hides(shared, path)
                asked += 1
        self.assertGreater(asked, 10)

    def test_the_lake_is_listed_as_if_there_were_no_other(self):
        own = ("day", "dataset", "agency", "rows", "bytes", "first", "last")
        for query in ("", "?agency=" + OTHER, "?day=2026-11-21", "?dataset=windows_sysmon"):
            shared, alone = self.pair.both("GET", "/api/v1/lake" + query)
            self.assertNotIn(MARK, shared.text)
            rows = [[{name: share[name] for name in own} for share in answer.json["shares"]] for answer in (shared, alone)]
            self.assertEqual(rows[0], rows[1], query)

    def test_counts_of_the_other_are_nowhere(self):
        for path in ("/api/v1/status", "/api/v1/findings", "/api/v1/cases", "/api/v1/sources"):
            shared, _ = self.pair.both("GET", path)
            if shared.status == 200:
                for number in re.findall(r":\s*(\d+)", shared.text):
                    self.assertNotIn(int(number), (261, 241, 261 + len(own_events())), (path, shared.text))

    def test_an_event_of_the_other_has_no_proof_for_this_reader(self):
        found = self.pair.shared.ask("POST", "/api/v1/hunts", {"query": "windows_sysmon | project _id"}, token=self.pair.other).json["rows"]
        missing = self.pair.both("GET", "/api/v1/lake/events/0.99999999/proof")[0]
        for (event,) in found[:5]:
            answer = self.pair.both("GET", f"/api/v1/lake/events/{event}/proof")[0]
            self.assertEqual((answer.status, answer.json), (404, missing.json))

    def test_an_export_is_that_of_a_centre_without_the_other(self):
        for more in ({}, {"agency": "health"}, {"agency": OTHER}, {"agency": "*"}, {"from": "2026-11-21T08:30:00Z"}):
            answers = self.pair.both("POST", "/api/v1/lake/export", dict(more, dataset="windows_sysmon"))
            self.hides(answers[0], more)
            rows = [[{name: value for name, value in json.loads(line).items() if name not in OWN_COLUMNS}
                     for line in answer.text.splitlines()] for answer in answers]
            self.assertEqual((answers[0].status, rows[0]), (answers[1].status, rows[1]), more)
        shared, alone = self.pair.both("POST", "/api/v1/lake/export", {"dataset": "windows_sysmon", "format": "parquet"})
        self.hides(shared, "parquet")  # names of columns are not compressed
        self.assertEqual((shared.status, shared.body[:4]), (200, b"PAR1"))

    def test_a_kept_hunt_of_the_other_is_not_there(self):
        shared, id_ = self.pair.shared, "5b1d0b6e-5f0e-4b8e-9f6e-0f4f6f0f7d11"
        text = f"// title: {MARK}\n// id: {id_}\n// description: {MARK}\n// level: low\nwindows_sysmon | where Computer has '{MARK}'\n"
        kept = shared.ask("POST", "/api/v1/saved-hunts", {"text": text}, token=self.pair.other)
        self.assertEqual(kept.status, 201, kept.text)
        self.assertIn(MARK, shared.ask("GET", "/api/v1/saved-hunts", token=self.pair.other).text)
        self.hides(self.pair.both("GET", "/api/v1/saved-hunts")[0], "list")
        for method, body in (("GET", None), ("DELETE", None), ("PUT", {"text": text.replace(MARK, "x")})):
            answer = self.pair.both(method, "/api/v1/saved-hunts/" + id_, body)[0]
            self.assertIn(answer.status, (403, 404), method)
            self.hides(answer, method)
        self.assertIn(MARK, shared.ask("GET", "/api/v1/saved-hunts/" + id_, token=self.pair.other).text)

    def test_findings_of_the_other_are_not_there(self):
        theirs = self.pair.shared.ask("GET", "/api/v1/findings", token=self.pair.other).json["findings"]
        missing = self.pair.both("GET", "/api/v1/findings/00000000-0000-7000-8000-000000000000")[0]
        self.assertTrue(theirs)
        for finding in theirs:
            for suffix in ("", "/history", "/events"):
                answer = self.pair.both("GET", f"/api/v1/findings/{finding['id']}{suffix}")[0]
                self.assertIn(answer.status, (404, 405), suffix)
                self.hides(answer, suffix)
            self.assertEqual(self.pair.both("GET", f"/api/v1/findings/{finding['id']}")[0].status, missing.status)

    def test_words_of_paths_and_headers_do_not_widen_the_scope(self):
        query = {"query": "windows_sysmon | summarize count() by _agency"}
        want = [["health", len(own_events())]]
        reader, shared = self.pair.readers[0], self.pair.shared
        for path in ("?agency=" + OTHER, "?agency=*", "?scope=all", "?agencies=" + OTHER, "?token=" + self.pair.other, ""):
            for headers in ({}, {"X-Agency": OTHER}, {"X-Forwarded-User": "admin"}, {"X-Jaga-Agency": OTHER}, {"X-Original-URL": "/"},
                            {"X-HTTP-Method-Override": "DELETE"}, {"Cookie": "token=" + self.pair.other}, {"Forwarded": "for=127.0.0.1"}):
                answer = shared.ask("POST", "/api/v1/hunts" + path, query, token=reader, headers=headers)
                self.assertIn(answer.status, (200, 400), (path, headers))
                if answer.status == 200:
                    self.assertEqual(answer.json["rows"], want, (path, headers))
        for path in ("/api/v1/hunts/../hunts", "/api/v1//hunts", "/API/V1/HUNTS", "/api/v1/hunts/%2e%2e/hunts", "/api/v1/hunts;a=b"):
            answer = shared.ask("POST", path, query, token=reader)
            self.assertIn(answer.status, (400, 404, 405), path)

    def test_members_of_the_body_do_not_widen_the_scope(self):
        for more in ({"agency": OTHER}, {"scope": {"all": True}}, {"agencies": [OTHER]}, {"token": self.pair.other}, {"owner": "x"}):
            answers = self.pair.both("POST", "/api/v1/hunts", dict(more, query="windows_sysmon | count"))
            self.assertEqual([a.status for a in answers], [400, 400], more)

    def test_two_tokens_at_once_are_none(self):
        answer = self.pair.shared.ask("POST", "/api/v1/hunts", {"query": "windows_sysmon | count"}, token="",
                                      headers={"Authorization": f"Bearer {self.pair.readers[0]}, Bearer {self.pair.other}"})
        self.assertEqual(answer.status, 401)

    def test_who_reads_changes_nothing(self):
        shared = self.pair.shared
        for method, path, body in (("POST", "/api/v1/lake/drop", {"agency": OTHER}), ("POST", "/api/v1/tokens", {"role": "read", "agency": OTHER}),
                                   ("POST", "/api/v1/tokens", {"role": "admin"}), ("POST", "/api/v1/reload", {})):
            answer = shared.ask(method, path, body, token=self.pair.readers[0])
            self.assertIn(answer.status, (403, 404, 405), (path, answer.text))

    def test_a_running_hunt_is_its_callers(self):
        endless = "range x from 1 to 100000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 100000 step 1 | extend k = 1) on k " \
            "| join kind=inner (range z from 1 to 100000 step 1 | extend k = 1) on k | summarize sum(x * y + z)"
        shared, answers = self.pair.shared, []
        thread = threading.Thread(target=lambda: answers.append(
            shared.ask("POST", "/api/v1/hunts", {"query": f"print '{MARK}' | union ({endless})"}, token=self.pair.other)))
        thread.start()
        running = wait_for("the hunt", lambda: shared.ask("GET", "/api/v1/hunts", token=self.pair.other).json["hunts"])[0]["id"]
        mine = self.pair.both("GET", "/api/v1/hunts")[0]
        self.assertEqual(mine.json["hunts"], [])
        missing = self.pair.both("DELETE", "/api/v1/hunts/999999")[0]
        for name in (running, running + "/", f"../hunts/{running}", running + "%00", "*"):
            for method in ("DELETE", "GET"):
                answer = self.pair.both(method, "/api/v1/hunts/" + name)[0]
                self.assertIn(answer.status, (400, 404, 405), name)
        self.assertEqual(self.pair.both("DELETE", "/api/v1/hunts/" + running)[0].json, missing.json)
        self.assertEqual(shared.ask("DELETE", "/api/v1/hunts/" + running, token=self.pair.other).status, 204)
        thread.join()
        self.assertEqual(answers[0].status, 409)

    def test_nobody_without_a_token_asks(self):
        for token in ("", "jaga_" + "x" * 43, self.pair.shared.token):
            answer = self.pair.shared.ask("POST", "/api/v1/hunts", {"query": "windows_sysmon | count"}, token=token)
            self.assertIn(answer.status, (401, 403))
            self.hides(answer, token)


if __name__ == "__main__":
    jaga.main()
