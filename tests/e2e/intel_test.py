"""Indicators: feeds are taken, kept and built; values and events are matched against them."""

import json

import jaga

MD5 = "d41d8cd98f00b204e9800998ecf8427e"


def stix(*indicators):
    objects = [
        dict({"type": "indicator", "spec_version": "2.1", "id": f"indicator--{i}", "pattern_type": "stix",
              "valid_from": "2026-01-01T00:00:00Z"}, **indicator)
        for i, indicator in enumerate(indicators)
    ]
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects})


def connection(address, record=1, **more):
    event = jaga.process("C:\\a.exe", record)
    event.update({"EventID": 3, "DestinationIp": address}, **more)
    return event


class Feeds(jaga.Case):
    def add(self, *args):
        result = self.run_jaga("intel", "add", *args)
        self.assertEqual(result.returncode, jaga.DONE, result.err)
        return result.out

    def match(self, *values, stdin=b""):
        return self.run_jaga("intel", "match", *values, stdin=stdin)

    def test_each_format_is_taken_and_found(self):
        self.write("bundle.json", stix({"pattern": "[ipv4-addr:value = '192.0.2.1']", "name": "Loader C2"}))
        self.write("event.json", json.dumps({"Event": {"uuid": "e-1", "info": "Campaign", "Attribute": [
            {"type": "domain", "value": "evil.example", "to_ids": True}]}}))
        self.write("feed.csv", "type,value,confidence\nurl,http://bad.example/x,90\n")
        self.write("list.txt", f"# a list\n198.51.100.0/24\n{MD5.upper()}\n")
        out = self.add("bundle.json", "event.json", "feed.csv", "list.txt")
        self.assertIn("5 indicators of 5", out)
        for value, label in [
            ("192[.]0[.]2[.]1", "Loader C2"),
            ("a.b.evil.example", "Campaign"),
            ("hxxp://BAD.example:80/x", "confidence 90"),
            ("198.51.100.77", "198.51.100.0/24"),
            (MD5, "md5"),
        ]:
            result = self.match(value)
            self.assertEqual(result.returncode, jaga.FOUND, value)
            self.assertIn(label, result.out)
        self.assertEqual(self.match("192.0.2.2", "notevil.example").returncode, jaga.DONE)

    def test_values_come_from_standard_input(self):
        self.write("list.txt", "192.0.2.1\n")
        self.add("list.txt")
        result = self.match("-", stdin=b"192.0.2.9\n\n192.0.2.1\n")
        self.assertEqual(result.returncode, jaga.FOUND)
        self.assertEqual(result.out.count("\n"), 1)

    def test_what_cannot_be_used_is_said_with_its_reason(self):
        self.write("bundle.json", stix(
            {"pattern": "[ipv4-addr:value = '192.0.2.1']"},
            {"pattern": "[file:name = 'a' AND domain-name:value = 'b.example']"},
            {"pattern": "[ipv4-addr:value = '192.0.2.2']", "revoked": True},
            {"pattern": "[ipv4-addr:value ="},
        ))
        out = self.add("bundle.json")
        self.assertIn("1 indicators taken", out)
        self.assertIn("1 not usable: patterns that need several facts at once", out)
        self.assertIn("1 not usable: revoked or deleted", out)
        self.assertIn("1 not usable: patterns that cannot be read", out)

    def test_a_feed_that_is_added_again_replaces_what_was_there(self):
        self.write("list.txt", "192.0.2.1\n192.0.2.2\n")
        self.add("--feed", "mine", "list.txt")
        self.write("list.txt", "192.0.2.2\n192.0.2.3\n")
        self.assertIn("2 indicators of 2", self.add("--feed", "mine", "list.txt"))
        self.assertEqual(self.match("192.0.2.1").returncode, jaga.DONE)
        self.assertEqual(self.match("192.0.2.3").returncode, jaga.FOUND)

    def test_a_feed_that_cannot_be_read_leaves_everything_as_it_was(self):
        self.write("list.txt", "192.0.2.1\n")
        self.add("--feed", "mine", "list.txt")
        self.write("broken.json", '{"Event": {"Attribute": [')
        result = self.run_jaga("intel", "add", "--feed", "mine", "broken.json")
        self.assertEqual(result.returncode, jaga.UNREADABLE)
        self.assertIn("broken.json:1:", result.err)
        self.assertEqual(self.match("192.0.2.1").returncode, jaga.FOUND)
        self.assertEqual(sorted(p.name for p in (self.dir / "jaga-data/intel/feeds").iterdir()), ["mine.csv"])

    def test_a_feed_without_anything_is_an_error_and_changes_nothing(self):
        self.write("list.txt", "192.0.2.1\n")
        self.add("--feed", "mine", "list.txt")
        self.write("empty.txt", "")
        self.write("binary.txt", b"\x7fELF\x00\x00192.0.2.9\n")
        self.write("useless.txt", "192.0.2.300\nno indicator at all\n")
        self.write("titles.csv", "type,value\n")
        (self.dir / "folder").mkdir()
        for path, why in [
            ("empty.txt", "mine: nothing is taken: it is empty"),
            ("titles.csv", "mine: nothing is taken: it is empty"),
            ("binary.txt", "binary.txt: it is no text"),
            ("useless.txt", "none of 2 values is usable"),
            ("folder", "folder: there is no file in it"),
        ]:
            result = self.run_jaga("intel", "add", "--feed", "mine", path)
            self.assertEqual(result.returncode, jaga.UNREADABLE, path)
            self.assertIn(why, result.err)
            self.assertEqual(self.match("192.0.2.1").returncode, jaga.FOUND)

    def test_cells_may_be_separated_by_semicolons_and_tabs(self):
        for n, separator in enumerate([";", "\t"]):
            rows = [("type", "value", "comment"), ("ip", f"192.0.2.{n}", "C2, second stage")]
            self.write("feed.csv", "".join(separator.join(row) + "\n" for row in rows))
            self.assertIn("feed: 1 indicators taken", self.add("feed.csv"))
            self.assertIn("C2, second stage", self.match(f"192.0.2.{n}").out)
            self.write("rows.csv", separator.join(rows[1]) + "\n")
            self.assertIn("1 indicators taken", self.add("--columns", "type,value,label", "rows.csv"))

    def test_a_confidence_that_is_none_is_said_and_counted(self):
        self.write("feed.csv", "ip,confidence\n192.0.2.1,250\n192.0.2.2,high\n192.0.2.3,\n192.0.2.4,100\n")
        out = self.add("feed.csv")
        self.assertIn("4 indicators taken", out)
        self.assertIn("2 not usable: confidences that are no number from 0 to 100 (line 2: 250)", out)
        self.write("bundle.json", stix({"pattern": "[ipv4-addr:value = '192.0.2.5']", "confidence": 101}))
        self.assertIn("1 not usable: confidences that are no number from 0 to 100 (101)", self.add("bundle.json"))

    def test_what_nothing_matches_is_said(self):
        self.write("list.txt", "192.0.2.1\n")
        self.add("list.txt")
        result = self.match("192.0.2.2")
        self.assertEqual((result.returncode, result.out), (jaga.DONE, ""))
        self.assertIn("no indicator matches", result.err)
        self.assertEqual(self.match("192.0.2.1").err, "")

    def test_feeds_that_agree_are_one_indicator(self):
        self.write("one.txt", "192.0.2.1\n")
        self.write("two.txt", "192.0.2.1\n")
        self.assertIn("1 indicators of 2 (1 merged", self.add("one.txt", "two.txt"))
        self.assertIn("from one, two", self.match("192.0.2.1").out)

    def test_removed_is_gone(self):
        self.write("list.txt", "192.0.2.1\n")
        self.add("list.txt")
        self.assertEqual(self.run_jaga("intel", "remove", "list").returncode, jaga.DONE)
        self.assertEqual(self.match("192.0.2.1").returncode, jaga.DONE)
        self.assertEqual(self.run_jaga("intel", "remove", "list").returncode, jaga.USAGE)

    def test_a_name_cannot_lead_out_of_the_folder(self):
        self.write("list.txt", "192.0.2.1\n")
        result = self.run_jaga("intel", "add", "--feed", "../../x", "list.txt")
        self.assertEqual(result.returncode, jaga.USAGE)
        self.assertFalse((self.dir / "x.csv").exists())

    def test_expired_is_listed_and_not_built(self):
        self.write("bundle.json", stix(
            {"pattern": "[ipv4-addr:value = '192.0.2.1']", "valid_until": "2026-01-02T00:00:00Z"},
            {"pattern": "[ipv4-addr:value = '192.0.2.2']"}))
        self.assertIn("1 indicators of 2 (0 merged, 0 allow-listed, 1 expired)", self.add("bundle.json"))
        self.assertIn("1 of them expired", self.run_jaga("intel", "list").out)
        self.assertIn("expired 2026-01-02", self.run_jaga("intel", "list", "--type", "ipv4").out)
        self.assertEqual(self.match("192.0.2.1").returncode, jaga.DONE)

    def test_allow_lists_hold_whatever_the_order(self):
        self.write("bad.txt", "evil.example\n203.0.112.0/23\nwww.good.example\n")
        self.add("bad.txt")
        self.assertEqual(self.match("www.good.example").returncode, jaga.FOUND)
        self.write("warning.json", json.dumps({
            "name": "ours", "type": "hostname", "matching_attributes": ["hostname", "domain", "url"],
            "list": ["good.example"]}))
        self.write("ours.txt", "203.0.113.0/24\n")
        self.add("warning.json")
        self.add("--allow", "ours.txt")
        self.assertEqual(self.match("www.good.example").returncode, jaga.DONE)
        self.assertEqual(self.match("203.0.113.5").returncode, jaga.DONE)
        self.assertEqual(self.match("203.0.112.5").returncode, jaga.FOUND)

    def test_a_damaged_file_is_refused(self):
        self.write("list.txt", "192.0.2.1\n")
        self.add("list.txt")
        path = self.dir / "jaga-data/intel/indicators.jint"
        damaged = bytearray(path.read_bytes())
        damaged[40] ^= 1
        path.write_bytes(damaged)
        result = self.match("192.0.2.1")
        self.assertNotEqual(result.returncode, jaga.DONE)
        self.assertIn("damaged", result.err)


class Scan(jaga.Case):
    def scan(self, *args):
        result = self.run_jaga("scan", "events.jsonl", "-o", "jsonl", *args)
        findings = [json.loads(line) for line in result.out.splitlines()]
        return [f for f in findings if "osint" in f], result

    def test_an_indicator_is_a_finding_that_says_where_and_by_whom(self):
        self.write("events.jsonl", jaga.lines([connection("192.0.2.1"), connection("192.0.2.2", 2)]))
        self.write("bundle.json", stix({"pattern": "[ipv4-addr:value = '192.0.2.1']", "name": "Loader C2",
                                        "confidence": 90}))
        found, result = self.scan("--intel", "bundle.json")
        self.assertEqual(result.returncode, jaga.DONE, result.err)
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["finding_info"]["title"], "Loader C2: ipv4 192.0.2.1")
        self.assertEqual(found[0]["severity"], "High")
        self.assertEqual(found[0]["osint"][0]["vendor_name"], "bundle")
        self.assertEqual(found[0]["unmapped"]["field"], "DestinationIp")
        self.assertEqual(found[0]["evidences"][0]["data"]["_record"], 1)

    def test_built_files_and_feeds_go_together(self):
        self.write("events.jsonl", jaga.lines([connection("192.0.2.1", Hashes="MD5=" + MD5.upper())]))
        self.write("one.txt", "192.0.2.1\n")
        self.write("two.txt", MD5)
        self.run_jaga("intel", "add", "one.txt")
        found, _ = self.scan("--intel", "jaga-data", "--intel", "two.txt")
        self.assertEqual(len(found), 2)

    def test_allow_lists_of_a_data_folder_hold_for_the_feeds_beside_it(self):
        self.write("events.jsonl", jaga.lines([connection("192.0.2.1"), connection("192.0.2.2", 2)]))
        self.write("ours.txt", "192.0.2.1\n")
        self.write("feed.csv", "ip\n192.0.2.1\n192.0.2.2\n")
        self.run_jaga("intel", "add", "--allow", "ours.txt")
        for folder in ("jaga-data", "jaga-data/intel"):
            found, _ = self.scan("--intel", "feed.csv", "--intel", folder)
            self.assertEqual([f["osint"][0]["value"] for f in found], ["192.0.2.2"])

    def test_every_output_shows_it(self):
        self.write("events.jsonl", jaga.lines([connection("192.0.2.1")]))
        self.write("one.txt", "192.0.2.1\n")
        for output in ["table", "csv", "timesketch", "html"]:
            result = self.run_jaga("scan", "events.jsonl", "-o", output, "--intel", "one.txt")
            self.assertEqual(result.returncode, jaga.DONE, result.err)
            self.assertIn("Indicator: ipv4 192.0.2.1", result.out, output)

    def test_the_threads_do_not_matter(self):
        self.write("events.jsonl", jaga.lines(connection(f"192.0.2.{i % 250}", i) for i in range(1, 3000)))
        self.write("list.txt", "".join(f"192.0.2.{i}\n" for i in range(0, 250, 7)))
        outs = {self.run_jaga("scan", "events.jsonl", "-o", "csv", "--intel", "list.txt", "-j", j).out
                for j in (1, 2, 4)}
        self.assertEqual(len(outs), 1)

    def test_an_indicator_counts_where_it_held_when_the_event_happened(self):
        self.write("events.jsonl", jaga.lines([connection("192.0.2.1"), connection("192.0.2.2", 2),
                                               connection("192.0.2.3", 3)]))
        self.write("feed.csv", "type,value,valid_from,valid_until\n"
                               "ipv4,192.0.2.1,2026-01-01,2099-01-01\n"
                               "ipv4,192.0.2.2,2026-11-21,\n"
                               "ipv4,192.0.2.3,2098-01-01,\n")
        found, _ = self.scan("--intel", "feed.csv")
        self.assertEqual({f["osint"][0]["value"] for f in found}, {"192.0.2.1", "192.0.2.2"})

    def test_a_feed_that_is_not_there_stops_the_scan(self):
        self.write("events.jsonl", jaga.lines([connection("192.0.2.1")]))
        _, result = self.scan("--intel", "missing.txt")
        self.assertEqual(result.returncode, jaga.USAGE)
        self.assertIn("missing.txt", result.err)


if __name__ == "__main__":
    jaga.main()
