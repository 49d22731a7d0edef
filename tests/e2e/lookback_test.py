"""A new rule looks at what was received before it came: what it finds, what it says of each agency, over kills and
restarts, and never twice."""

import datetime
import json
import os
import unittest

import jaga
from centre import HAS_LAKE, Centre, CentreCase, wait_for
from jaga import RULE, process

WHOAMI = "C:\\Windows\\System32\\whoami.exe"
RULE_ID = "5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001"
MANY_ID = "5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0003"
MANY = f"""\
title: Whoami thrice
id: {MANY_ID}
level: critical
correlation:
    type: event_count
    rules:
        - {RULE_ID}
    group-by:
        - User
    timespan: 10m
    generate: true
    condition:
        gte: 3
"""
OTHER = RULE.replace("whoami", "nltest").replace("Whoami", "Nltest").replace("b0001", "b0002")

# Every event is one of these: nothing narrows a look for it.
ANY = """\
title: Any event {version}
id: 5a0c1c8e-0001-4a0b-9d38-3b6f5a1b01{version:02}
level: low
logsource:
    category: process_creation
    product: windows
detection:
    nothing:
        CommandLine: 'nothing'
    condition: not nothing
"""


def stamp(day, minute):
    return f"2026-11-{day:02} 08:{minute:02}:00.000"


def history():
    """Three days, three hosts: some of it is what the rule looks for."""
    events = []
    for day in (19, 20, 21):
        for minute in range(0, 60, 2):
            image = WHOAMI if minute % 10 == day % 3 * 2 or minute in (30, 32, 34) else "C:\\Windows\\explorer.exe"
            host = f"WS{minute % 3}"
            events.append(process(image, record=day * 100 + minute, host=host, time=stamp(day, minute)))
    return events


def shape(findings):
    """What findings say, without what tells one run from another."""
    keys = ("rule", "indicator", "agency", "host", "user", "source", "count", "first", "last", "level", "title")
    return sorted(json.dumps({key: finding.get(key) for key in keys}) for finding in findings)


@unittest.skipUnless(HAS_LAKE, "without the lake's library")
class Lookback(CentreCase):
    def rules(self, *texts, of="one"):
        """The rules of a centre from now on."""
        folder = self.dir / f"{of}.rules"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for i, text in enumerate(texts):
            (folder / f"{i}.yml").write_text(text)
        return folder

    def start(self, folder="one", lateness="30d"):
        (self.dir / folder).mkdir()
        rules = self.dir / f"{folder}.rules"
        centre = Centre(self.dir / folder, "--rules", rules, "--lateness", lateness, "--no-schedule")
        self.addCleanup(self._close, centre)
        return centre

    @staticmethod
    def looks(centre):
        return centre.get("/api/v1/lookbacks")["lookbacks"]

    def done(self, centre, n=1):
        def ended():
            looks = self.looks(centre)
            return looks if len(looks) == n and all(look["state"] == "done" for look in looks) else None

        return wait_for("the look-back to be done", ended)

    @staticmethod
    def verdicts(centre, look):
        report = centre.get(f"/api/v1/lookbacks/{look['id']}")
        return {(v["rule"], v["agency"]): v for v in report["verdicts"]}

    def replay(self, events, *rules):
        """What the same rules find where they are there from the beginning."""
        self.rules(*rules, of="replay")
        centre = self.start("replay")
        centre.send(events)
        centre.wait_until_matched()
        findings = centre.findings()
        looks = self.looks(centre)
        centre.close()
        self.assertEqual(looks, [])
        return shape(findings)

    def test_events_that_are_too_large_to_be_held_together_are_all_looked_at(self):
        self.rules(OTHER)
        centre = self.start()
        for n in range(90):
            centre.send([process(WHOAMI, n, host=f"WS{n % 3}", command="x" * 1000000, time=stamp(20, n % 60))])
        centre.wait_until_matched()
        self.rules(OTHER, RULE)
        (look,) = self.done(centre)
        self.assertEqual((look["candidates"], look["matches"]), (90, 90))
        self.assertEqual(sum(finding["count"] for finding in centre.findings() if finding["rule"] == RULE_ID), 90)

    def test_the_past_and_the_present_agree(self):
        expected = self.replay(history(), RULE)
        self.rules(OTHER)
        centre = self.start()
        centre.send(history())
        centre.wait_until_matched()
        self.assertEqual(centre.findings(), [])
        self.rules(OTHER, RULE)
        (look,) = self.done(centre)
        self.assertEqual([rule["rule"] for rule in look["rules"]], [RULE_ID])
        self.assertEqual(look["progress"], 1)
        self.assertEqual(shape(centre.findings()), expected)
        verdict = self.verdicts(centre, look)[(RULE_ID, "health")]
        self.assertEqual(verdict["verdict"], "affected")
        self.assertEqual(verdict["matches"], sum(finding["count"] for finding in centre.findings()))
        self.assertEqual(verdict["days"], 3)
        # The same rules again start nothing, nor does a restart.
        centre.stop()
        centre.start()
        centre.send([process(WHOAMI, record=1, host="NEW", time=stamp(21, 59))])
        centre.wait_for_findings(len(expected) + 1)
        self.assertEqual(len(self.looks(centre)), 1)

    def test_a_rule_can_be_hunted_for(self):
        self.rules(OTHER)
        centre = self.start()
        centre.send(history())
        centre.wait_until_matched()
        centre.stop()
        rule = self.write("rule.yml", RULE)
        wanted = [event["EventRecordID"] for event in reversed(history()) if event["Image"] == WHOAMI]
        rows = self.jaga("hunt", "--sigma", rule, "--data", centre.data, "-o", "jsonl").stdout.decode().splitlines()
        self.assertEqual([json.loads(row)["Event"]["EventRecordID"] for row in rows], wanted)
        plan = self.jaga("hunt", "--sigma", rule, "--data", centre.data, "--explain").stdout.decode()
        self.assertIn("windows_sysmon", plan)
        self.assertIn("whoami.exe", plan)

    def test_correlations_run_over_the_past(self):
        """In detection they come with the lateness that is allowed: so these events are of now."""
        self.rules(RULE, MANY, of="live")
        live = self.start("live", lateness="20s")
        self.rules(OTHER)
        past = self.start(lateness="20s")
        now = datetime.datetime.now(datetime.timezone.utc)
        times = [now - datetime.timedelta(seconds=second) for second in (3, 2, 1)]
        events = [process(WHOAMI, record=i, time=time.strftime("%Y-%m-%d %H:%M:%S.000")) for i, time in enumerate(times)]
        live.send(events)
        past.send(events)
        past.wait_until_matched()
        self.assertEqual(past.findings(), [])
        self.rules(OTHER, RULE, MANY)
        (look,) = self.done(past)
        self.assertEqual({rule["rule"] for rule in look["rules"]}, {RULE_ID, MANY_ID})
        self.assertEqual(self.verdicts(past, look)[(MANY_ID, "health")]["verdict"], "affected")
        expected = shape(live.wait_for_findings(2))
        self.assertTrue(any(MANY_ID in finding for finding in expected))
        self.assertEqual(shape(past.findings()), expected)

    def test_a_kill_loses_nothing_and_doubles_nothing(self):
        expected = self.replay(history(), RULE)
        self.rules(OTHER)
        centre = self.start()
        centre.send(history())
        centre.wait_until_matched()
        self.rules(OTHER, RULE)
        for _ in range(5):
            wait_for("a look-back", lambda: self.looks(centre))
            centre.kill()
            centre.start()
        self.done(centre)
        self.assertEqual(shape(centre.findings()), expected)

    def test_each_agency_has_a_verdict_of_its_own(self):
        self.rules(OTHER)
        centre = self.start()
        token = centre.add_token("finance", "windows")
        linux = centre.add_token("justice", "linux")
        centre.send(history())
        centre.send([process("C:\\Windows\\explorer.exe", time=stamp(20, 5))], token=token)
        centre.send([{"door": "opened"}], token=linux)
        centre.wait_until_matched()
        self.rules(OTHER, RULE)
        (look,) = self.done(centre)
        verdicts = self.verdicts(centre, look)
        self.assertEqual(verdicts[(RULE_ID, "health")]["verdict"], "affected")
        self.assertEqual(verdicts[(RULE_ID, "finance")]["verdict"], "clean")
        self.assertEqual(verdicts[(RULE_ID, "finance")]["days"], 1)
        self.assertIn("2026-11-19", verdicts[(RULE_ID, "finance")]["missing"])
        self.assertEqual(verdicts[(RULE_ID, "justice")]["verdict"], "cannot tell")
        self.assertIn("windows_sysmon", verdicts[(RULE_ID, "justice")]["datasets"])
        # A reader sees what is said of his agency, and no figures of the others.
        reader = self.reader(centre, "finance")
        answer = centre.ask("GET", f"/api/v1/lookbacks/{look['id']}", token=reader)
        self.assertEqual([v["agency"] for v in answer.json["verdicts"]], ["finance"])
        self.assertNotIn("matches", answer.json)
        self.assertEqual(centre.ask("DELETE", f"/api/v1/lookbacks/{look['id']}", token=reader).status, 403)
        shown = self.jaga("lookback", "show", "--data", centre.data, look["id"]).stdout.decode()
        self.assertIn("cannot tell", shown)

    def reader(self, centre, agency):
        made = self.jaga("token", "add", "--data", centre.data, "read", agency).stdout.decode()
        token = next(word for word in made.split() if word.startswith("jaga_"))
        wait_for("the token to be known", lambda: centre.ask("GET", "/api/v1/findings", token=token).status == 200, every=0.5)
        return token

    def test_a_changed_rule_finds_what_is_new_only(self):
        self.rules(RULE)
        centre = self.start()
        centre.send(history())
        centre.wait_until_matched()
        before = sum(finding["count"] for finding in centre.findings())
        self.rules(RULE.replace("'\\whoami.exe'", "\n            - '\\whoami.exe'\n            - '\\explorer.exe'"))
        self.done(centre)
        after = sum(finding["count"] for finding in centre.findings())
        self.assertGreater(before, 0)
        self.assertEqual(after, len(history()))

    def test_a_running_centre_can_be_hunted_for_a_rule(self):
        self.rules(OTHER)
        centre = self.start()
        other = centre.add_token("finance", "windows")
        centre.send(history())
        centre.send([process(WHOAMI, record=7, host="F1", time=stamp(21, 58))], token=other)
        centre.wait_until_matched()
        rule = self.write("rule.yml", RULE)
        wanted = [event["EventRecordID"] for event in reversed(history()) if event["Image"] == WHOAMI]

        def hunt(token, *options):
            where = ("--to", centre.url, "--insecure", "--token-file", self.write("token", token))
            return self.jaga("hunt", "--sigma", rule, *where, *options).out

        wait_for("the lake", lambda: centre.get("/api/v1/status")["lake"]["lag"] == 0)
        everything = [json.loads(row)["Event"]["EventRecordID"] for row in hunt(centre.admin, "-o", "jsonl").splitlines()]
        self.assertEqual(everything, [7, *wanted])
        # An agency sees its own, and no more rows than it asks for.
        reader = self.reader(centre, "health")
        own = [json.loads(row) for row in hunt(reader, "-o", "jsonl").splitlines()]
        self.assertEqual([row["Event"]["EventRecordID"] for row in own], wanted)
        self.assertEqual({row["Agency"] for row in own}, {"health"})
        self.assertEqual(len(hunt(reader, "-o", "csv", "--rows", "2").splitlines()), 3)
        self.assertIn("whoami.exe", hunt(reader, "--explain"))
        # What is no rule is said with its place; nothing is kept of any of it.
        answer = centre.ask("POST", "/api/v1/hunts?language=sigma", body="title: x\ndetection: nothing\n", token=reader)
        self.assertEqual(answer.status, 400)
        self.assertEqual(self.looks(centre), [])

    # ---- indicators ----

    def add_feed(self, centre, name, *values):
        self.jaga("intel", "add", "--data", centre.data, "--feed", name, self.write(f"{name}.txt", "\n".join(values) + "\n"))

    def load_feed(self, centre, name, *values):
        """Until detection matches by it."""
        before = centre.get("/api/v1/status")["live"]["rules_version"]
        self.add_feed(centre, name, *values)
        wait_for("the feed", lambda: centre.get("/api/v1/status")["live"]["rules_version"] > before)

    def network(self):
        """What a proxy and a host saw: of each kind of field something, spelled as it happens to be."""
        events = history()
        for day in (19, 20, 21):
            for minute, url in enumerate(("HTTP://Www.Evil.Example:80/%61?x=1", "https://good.example/", "http://192.0.2.7/a")):
                events.append(process("C:\\curl.exe", record=day * 1000 + minute, host="WS9", time=stamp(day, minute), command=f"curl {url}"))
        return events

    FEED = ("evil.example", "192.0.2.0/24", "whoami.exe")

    def replay_feed(self, events, *values):
        """What indicators find where they are there from the beginning."""
        self.rules(OTHER, of="feed")
        centre = self.start("feed")
        self.load_feed(centre, "one", *values)
        centre.send(events)
        centre.wait_until_matched()
        findings = centre.findings()
        self.assertEqual(self.looks(centre), [])
        centre.close()
        return shape(findings)

    def test_new_indicators_find_what_they_would_have_found(self):
        expected = self.replay_feed(self.network(), *self.FEED)
        self.assertGreater(len(expected), 3)
        self.rules(OTHER)
        centre = self.start()
        centre.send(self.network())
        centre.wait_until_matched()
        self.add_feed(centre, "one", *self.FEED)
        (look,) = self.done(centre)
        self.assertEqual([rule["kind"] for rule in look["rules"]], ["indicators"])
        self.assertIn("3 new indicators", look["rules"][0]["title"])
        self.assertEqual(shape(centre.findings()), expected)
        verdicts = self.verdicts(centre, look)
        self.assertEqual(verdicts[("indicators", "health")]["verdict"], "affected")
        self.assertEqual(verdicts[("indicators", "health")]["matches"], look["matches"])
        self.assertEqual(verdicts[("indicator domain evil.example", "health")]["matches"], 3)
        self.assertEqual(verdicts[("indicator domain evil.example", "health")]["days"], 3)
        # Not every event was made again.
        self.assertLess(look["candidates"], look["events"])
        # The same once more is not new, nor is it after a restart; one that is more is, alone.
        self.add_feed(centre, "two", *self.FEED)
        centre.stop()
        centre.start()
        self.add_feed(centre, "three", "good.example", *self.FEED)
        looks = self.done(centre, 2)
        self.assertEqual([rule["title"] for rule in looks[0]["rules"]], ["1 new indicator (1 domain)"])
        self.assertEqual(len(centre.findings()), len(expected) + 3)  # one of each day
        self.assertIn("3 new indicators", self.jaga("lookback", "list", "--data", centre.data).out)
        # The same from elsewhere.
        where = ("--to", centre.url, "--insecure", "--token-file", self.write("token", centre.admin))
        self.assertIn("3 new indicators", self.jaga("lookback", "list", *where).out)
        shown = self.jaga("lookback", "show", *where, look["id"]).out
        self.assertRegex(shown, "affected +health +indicator domain evil.example +3 matches")
        rows = [json.loads(row)["id"] for row in self.jaga("lookback", "list", *where, "--json").out.splitlines()]
        self.assertEqual(rows, [other["id"] for other in looks])
        self.assertEqual(json.loads(self.jaga("lookback", "show", *where, "--json", look["id"]).out)["id"], look["id"])
        self.assertNotEqual(self.run_jaga("lookback", "cancel", *where, look["id"]).returncode, 0)  # it is done
        self.assertIn('jaga_lookback_total{end="done"}', centre.ask("GET", "/metrics", token=centre.admin).text)

    def test_indicators_that_came_while_the_centre_was_stopped_look_back(self):
        self.rules(OTHER)
        centre = self.start()
        self.load_feed(centre, "old", "other.example")
        centre.send(self.network())
        centre.wait_until_matched()
        centre.stop()
        self.add_feed(centre, "one", "evil.example")
        centre.start()
        (look,) = self.done(centre)
        self.assertEqual(look["rules"][0]["title"], "1 new indicator (1 domain)")
        self.assertEqual(len(centre.findings()), 3)  # one of each day

    def test_a_kill_loses_no_indicator(self):
        expected = self.replay_feed(self.network(), *self.FEED)
        self.rules(OTHER)
        centre = self.start()
        centre.send(self.network())
        centre.wait_until_matched()
        self.add_feed(centre, "one", *self.FEED)
        for _ in range(4):
            wait_for("a look-back", lambda: self.looks(centre))
            centre.kill()
            centre.start()
        self.done(centre)
        self.assertEqual(shape(centre.findings()), expected)

    # One indicator of each kind, and an event for each that holds it as its sender spells it.
    KINDS = (
        ("ipv4", "192.0.2.1"),
        ("ipv6", "2001:db8::7"),
        ("cidr4", "198.51.100.0/24"),
        ("cidr6", "2001:db8:1::/48"),
        ("domain", "worse.example"),
        ("host", "www.bad.example"),
        ("url", "http://evil.example/drop"),
        ("md5", "d41d8cd98f00b204e9800998ecf8427e"),
        ("sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("email", "bad@mail.example"),
        ("file-name", "dropper.exe"),
        ("file-path", "c:\\temp\\stage two.exe"),
        ("ja3", "e7d705a3286e19ea42f587b344ee6865"),
        ("ja4", "t13d1516h2_8daaf6152771_b186095e22b6"),
        ("user-agent", "Evil/1.0"),
    )

    @staticmethod
    def all_kinds():
        def seen(kind, n, **more):
            return dict({"timestamp": f"2026-11-20T08:00:{n:02}.000000+0000", "flow_id": n, "event_type": kind, "src_ip": "10.0.0.1",
                         "src_port": 4000 + n, "dest_ip": "10.0.0.2", "dest_port": 443, "proto": "TCP"}, **more)

        def ran(n, image, **more):
            return dict(process(image, record=n, time=stamp(21, n)), **more)

        return [
            seen("flow", 1, src_ip="192.0.2.1"),
            seen("flow", 2, dest_ip="2001:0db8:0:0:0:0:0:7"),
            seen("flow", 3, dest_ip="198.51.100.77"),
            seen("flow", 4, src_ip="2001:db8:1:ff::1"),
            seen("tls", 5, tls={"sni": "CDN.Worse.example"}),
            seen("http", 6, http={"hostname": "WWW.bad.example", "url": "/"}),
            seen("http", 7, http={"hostname": "sub.www.bad.example", "url": "/"}),  # another host
            seen("smtp", 8, smtp={"mail_from": "<Bad@mail.example>"}),
            seen("tls", 9, tls={"ja3": {"hash": "e7d705a3286e19ea42f587b344ee6865"}}),
            seen("tls", 10, tls={"ja4": "t13d1516h2_8daaf6152771_b186095e22b6"}),
            seen("http", 11, http={"hostname": "a.example", "url": "/", "http_user_agent": "Evil/1.0"}),
            ran(12, "C:\\curl.exe", CommandLine="curl -o x HTTP://evil.example:80/%64rop"),
            ran(13, "C:\\a.exe", Hashes="SHA1=DA39A3EE5E6B4B0D3255BFEF95601890AFD80709,MD5=00"),
            ran(14, "C:\\b.exe", Hashes="MD5=D41D8CD98F00B204E9800998ECF8427E"),
            ran(15, "C:\\c.exe", Hashes="SHA256=E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
            ran(16, "D:\\Users\\anna\\Dropper.EXE"),
            ran(17, "C:\\TEMP\\Stage Two.exe"),
            ran(18, "C:\\Windows\\explorer.exe"),
        ]

    def test_each_kind_of_indicator_looks_back(self):
        feed = self.write("kinds.csv", "type,value\n" + "".join(f"{kind},{value}\n" for kind, value in self.KINDS))

        def load(centre):
            before = centre.get("/api/v1/status")["live"]["rules_version"]
            self.jaga("intel", "add", "--data", centre.data, feed)
            wait_for("the feed", lambda: centre.get("/api/v1/status")["live"]["rules_version"] > before)

        self.rules(OTHER, of="feed")
        live = self.start("feed")
        load(live)
        live.send(self.all_kinds())
        live.wait_until_matched()
        expected = shape(live.findings())
        live.close()
        self.rules(OTHER)
        centre = self.start()
        centre.send(self.all_kinds())
        centre.wait_until_matched()
        load(centre)
        (look,) = self.done(centre)
        self.assertEqual(look["rules"][0]["count"], len(self.KINDS))
        found = {name for name, _ in self.verdicts(centre, look) if name.startswith("indicator ")}
        self.assertEqual(found, {f"indicator {kind} {value}" for kind, value in self.KINDS})
        self.assertEqual(shape(centre.findings()), expected)
        self.assertLess(look["candidates"], look["events"])  # one has nothing, another only looks so

    def test_rules_correlations_and_indicators_of_one_look_have_a_verdict_each(self):
        self.rules(OTHER)
        centre = self.start()
        self.load_feed(centre, "old", "other.example")
        centre.send(self.network())
        centre.send([process("C:\\calc.exe", time=stamp(20, 1))], token=centre.add_token("finance", "windows"))
        centre.send([{"door": "opened"}], token=centre.add_token("justice", "linux"))
        centre.wait_until_matched()
        centre.stop()
        self.rules(OTHER, RULE, MANY)
        self.add_feed(centre, "one", *self.FEED)
        centre.start()
        (look,) = self.done(centre)
        self.assertEqual({rule["kind"] for rule in look["rules"]}, {"rule", "correlation", "indicators"})
        listed = self.jaga("lookback", "list", "--data", centre.data).out
        self.assertRegex(listed, "Whoami and 1 more, 3 new indicators \\(")
        self.assertRegex(self.jaga("lookback", "show", "--data", centre.data, look["id"]).out, f"cannot tell +justice +{MANY_ID} +Whoami thrice +logs of 0 days")
        verdicts = {key: verdict["verdict"] for key, verdict in self.verdicts(centre, look).items() if not key[0].startswith("indicator ")}
        self.assertEqual(verdicts, {
            (subject, agency): verdict
            for subject in (RULE_ID, MANY_ID, "indicators")
            for agency, verdict in (("health", "affected"), ("finance", "clean"), ("justice", "cannot tell"))})
        # What a verdict counts is what its findings count, and the look counts all of them.
        figures = self.verdicts(centre, look)
        for subject in (RULE_ID, MANY_ID):
            findings = [finding for finding in centre.findings() if finding["rule"] == subject]
            self.assertEqual(figures[(subject, "health")]["matches"], sum(finding["count"] for finding in findings), subject)
        self.assertEqual(look["matches"], sum(figures[(subject, "health")]["matches"] for subject in (RULE_ID, MANY_ID, "indicators")))

    # ---- a look that is ended ----

    def long_look(self, centre, version, n=1):
        """A look at every event, the nth, once it has found something: likely it is under way then."""
        self.rules(OTHER, ANY.format(version=version))

        def under_way():
            looks = self.looks(centre)
            return looks[0] if len(looks) == n and looks[0]["matches"] else None

        return wait_for("the look to find something", under_way)

    def many(self):
        """Every day is a transaction of its own."""
        return [process("C:\\x.exe", record=day * 1000 + n, host=f"WS{n}", time=f"2026-11-{day:02} 08:{n // 60:02}:{n % 60:02}.000")
                for day in range(1, 22) for n in range(300)]

    def prepared(self):
        self.rules(OTHER)
        centre = self.start()
        centre.send(self.many())
        centre.wait_until_matched()
        wait_for("the lake", lambda: centre.get("/api/v1/status")["lake"]["lag"] == 0)
        return centre

    def ended_under_way(self, end):
        """A look that `end` ended where it was; the centre. Where it was too late, once more with another rule."""
        centre = self.prepared()
        for version in range(20):
            look = self.long_look(centre, version, version + 1)
            if end(centre, look):
                return centre, look["id"]
            self.done(centre, version + 1)
        return self.fail("no look took long enough to be ended")

    def assert_found_once(self, centre, look):
        """All events, and none twice."""
        report = centre.get(f"/api/v1/lookbacks/{look}")
        rule = report["rules"][0]["rule"]
        self.assertEqual(sum(finding["count"] for finding in centre.findings() if finding["rule"] == rule), len(self.many()))
        self.assertEqual(report["matches"], len(self.many()))
        self.assertEqual(report["state"], "done")
        self.assertEqual([verdict["verdict"] for verdict in report["verdicts"]], ["affected"])

    def resume(self, centre, look):
        self.jaga("lookback", "resume", "--data", centre.data, look)
        wait_for("the look to end", lambda: centre.get(f"/api/v1/lookbacks/{look}")["state"] == "done")
        self.assert_found_once(centre, look)

    def test_a_look_under_way_is_cancelled_and_goes_on(self):
        centre, look = self.ended_under_way(lambda centre, look: centre.ask("DELETE", f"/api/v1/lookbacks/{look['id']}", token=centre.admin).status == 204)
        wait_for("the cancel", lambda: 'jaga_lookback_total{end="cancelled"} 1' in centre.ask("GET", "/metrics", token=centre.admin).text)
        found = self.looks(centre)[0]["matches"]
        self.assertGreater(found, 0)
        self.assertLess(found, len(self.many()))
        centre.stop()
        centre.start()
        self.assertEqual(self.looks(centre)[0]["state"], "cancelled")
        self.assertEqual(self.looks(centre)[0]["matches"], found)
        self.resume(centre, look)

    def test_a_look_is_cancelled_from_the_data_folder(self):
        centre, look = self.ended_under_way(
            lambda centre, look: self.run_jaga("lookback", "cancel", "--data", centre.data, look["id"]).returncode == 0)
        wait_for("the cancel", lambda: 'jaga_lookback_total{end="cancelled"} 1' in centre.ask("GET", "/metrics", token=centre.admin).text)
        self.resume(centre, look)

    def test_a_look_that_is_killed_under_way_goes_on(self):
        centre = self.prepared()
        (look, kills) = (self.long_look(centre, 0)["id"], 0)
        while kills < 5 and centre.get(f"/api/v1/lookbacks/{look}")["state"] != "done":
            before = centre.get(f"/api/v1/lookbacks/{look}")["matches"]
            centre.kill()
            kills += 1
            centre.start()
            wait_for("more", lambda: centre.get(f"/api/v1/lookbacks/{look}")["matches"] > before
                     or centre.get(f"/api/v1/lookbacks/{look}")["state"] == "done")
        self.assertGreater(kills, 0)
        wait_for("the look to end", lambda: centre.get(f"/api/v1/lookbacks/{look}")["state"] == "done")
        self.assert_found_once(centre, look)

    # ---- what looks leave behind ----

    @staticmethod
    def lists(centre):
        return [name for name in os.listdir(os.path.join(centre.data, "lookback")) if name.startswith("new-")]

    def test_lists_that_no_look_needs_are_removed(self):
        self.rules(OTHER)
        centre = self.start()
        centre.send(self.network())
        centre.wait_until_matched()

        self.add_feed(centre, "one", *self.FEED)
        self.done(centre)
        wait_for("the list to go", lambda: not self.lists(centre))
        # What a kill leaves behind goes at the next start; what a cancelled look needs stays until it is done.
        centre.stop()
        self.add_feed(centre, "two", "good.example", *self.FEED)
        self.write(os.path.join(centre.data, "lookback", "new-1-0000000000000002.list"), "jaga")
        centre.start()
        self.done(centre, 2)
        wait_for("the lists to go", lambda: not self.lists(centre))

    def test_the_list_of_a_cancelled_look_stays_until_it_is_done(self):
        self.rules(OTHER)
        centre = self.start()
        self.load_feed(centre, "old", "other.example")
        centre.send(self.many())
        centre.wait_until_matched()
        centre.stop()
        self.add_feed(centre, "one", "x.exe")
        self.rules(OTHER, ANY.format(version=99))
        centre.start()
        look = wait_for("a look", lambda: self.looks(centre))[0]["id"]
        if self.run_jaga("lookback", "cancel", "--data", centre.data, look).returncode == 0:
            self.assertEqual(len(self.lists(centre)), 1)
            centre.kill()
            centre.start()
            self.assertEqual(len(self.lists(centre)), 1)
            self.jaga("lookback", "resume", "--data", centre.data, look)
        self.done(centre)
        wait_for("the list to go", lambda: not self.lists(centre))
        self.assertEqual(self.verdicts(centre, self.looks(centre)[0])[("indicators", "health")]["matches"], len(self.many()))

    def test_nobody_asks_for_indicators_by_sql(self):
        self.rules(OTHER)
        centre = self.start()
        centre.send(history())
        query = {"query": "SELECT jaga_screen('evil.example', 3, 1)", "language": "sql"}
        answer = centre.ask("POST", "/api/v1/hunts", body=json.dumps(query), token=centre.admin, headers={"Content-Type": "application/json"})
        self.assertIn("may not be used", answer.text)

    def test_what_is_allowed_is_not_found_in_the_past(self):
        self.rules(OTHER)
        centre = self.start()
        centre.send(self.network())
        centre.wait_until_matched()
        self.jaga("intel", "add", "--data", centre.data, "--allow", self.write("allow.txt", "www.evil.example\n"))
        self.add_feed(centre, "one", "evil.example")
        (look,) = self.done(centre)
        self.assertEqual(centre.findings(), [])
        self.assertEqual(self.verdicts(centre, look)[("indicators", "health")]["verdict"], "clean")


if __name__ == "__main__":
    jaga.main()
