"""Real data from public projects, where it lies beside the checkout: what the readers and the rules
must make of it. Skipped, saying so, where it is absent."""

import collections
import csv
import gzip
import json
import random
import subprocess
import unittest

import jaga

DATA = jaga.ROOT.parent / "shared" / "data"
SIGMA = DATA / "sigma"
RULES = [SIGMA / name for name in ("rules", "rules-emerging-threats", "rules-threat-hunting")]
RULE_OPTIONS = [option for folder in RULES for option in ("-r", folder)]

# Where the second evaluator is wrong, by rule. The value of the comparison is the reason.
MATRIX_DIFFERENCES = {
    "e4b6d2a7-d8a4-4f19-acbd-943c16d90647": "its filter has CommandLine|contains: '', which every "
    "value contains: the filter takes wmic.exe out, as pySigma's '*' for an empty contains does",
}


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@unittest.skipUnless(DATA.is_dir(), f"the shared data is not at {DATA}")
class Corpus(jaga.Case):
    def count(self, *files, code=jaga.DONE):
        return len(self.jaga("cat", *files, code=code).stdout.splitlines())

    def test_every_rule_of_sigmahq_is_loaded_or_needs_a_placeholder(self):
        files = sum(len(list(folder.rglob("*.yml"))) for folder in RULES)
        log = self.jaga("scan", "--verbose", *RULE_OPTIONS, "-").err
        refused = [line for line in log.splitlines() if ".yml:" in line]
        self.assertIn(f"{files} read, {files - len(refused)} loaded, {len(refused)} refused", log)
        for line in refused:
            self.assertIn("placeholder", line)

    def test_a_second_evaluator_agrees_on_every_rule_and_file(self):
        want = {(row["file"], row["rule_id"]): int(row["hits"]) for row in rows(SIGMA / "matrix.csv")}
        files = sorted((SIGMA / "regression_data").rglob("*.evtx"))
        got = collections.Counter()
        for finding in self.findings(*RULE_OPTIONS, *files):
            path = finding["evidences"][0]["data"]["_source"]
            key = path[path.index("regression_data"):], finding["finding_info"]["analytic"]["uid"]
            got[key] += 1
        differences = {key for key in want.keys() | got.keys() if want.get(key, 0) != got.get(key, 0)}
        self.assertEqual([key for key in differences if key[1] not in MATRIX_DIFFERENCES], [])

    def test_event_logs_whole_and_damaged_give_their_records(self):
        parser = DATA / "evtx" / "parser"
        for row in rows(parser / "expected.csv"):
            errors = int(row["errors"])
            code = jaga.UNREADABLE if errors else jaga.DONE
            count = self.count(parser / row["file"], code=code)
            self.assertEqual(count, int(row["records"]), row["file"])

    def test_every_record_of_the_attack_samples_is_read(self):
        files = sorted((DATA / "evtx" / "attack-samples").rglob("*.evtx"))
        self.assertEqual(self.count(*files), 8255)

    def test_cloudtrail_files_give_every_element_of_their_records(self):
        files = sorted((DATA / "json" / "cloudtrail").rglob("*.json"))
        want = sum(len(json.loads(file.read_bytes())["Records"]) for file in files)
        self.assertEqual(self.count(*files), want)

    def test_zeek_as_json_and_as_tsv_gives_equal_events(self):
        for tsv in sorted((DATA / "json" / "zeek-tsv").glob("*.log.gz")):
            other = DATA / "json" / "zeek" / tsv.name.replace(".log.gz", ".json.gz")
            with self.subTest(tsv.name):
                for left, right in zip(self.events(tsv), self.events(other), strict=True):
                    self.assert_same_event(left, right)

    def assert_same_event(self, tsv, from_json):
        from_json.pop("_write_ts", None)  # the JSON writer's own
        for name in tsv.keys() | from_json.keys():
            left, right = tsv.get(name), from_json.get(name)
            # TSV writes a set without elements and one with an empty string alike, JSON may leave it out.
            if left in (None, [], [""], "") and right in (None, [], [""], ""):
                continue
            lefts, rights = ([value] if not isinstance(value, list) else value for value in (left, right))
            self.assertEqual(len(lefts), len(rights), name)
            for one, two in zip(lefts, rights):
                try:
                    self.assertAlmostEqual(float(one), float(two), delta=1e-5 + 1e-6 * abs(float(two)), msg=name)
                except (TypeError, ValueError):
                    self.assertEqual(str(one), str(two), name)

    def test_findings_do_not_depend_on_threads_or_on_the_order_of_files(self):
        files = sorted((DATA / "evtx" / "attack-samples").rglob("*.evtx"))
        shuffled = list(files)
        random.Random(7).shuffle(shuffled)
        one, two, other = (
            sorted(self.jaga("scan", "-o", "jsonl", *RULE_OPTIONS, "-j", jobs, *order).out.splitlines())
            for jobs, order in ((1, files), (2, files), (2, shuffled))
        )
        self.assertGreater(len(one), 1000)
        self.assertEqual(one, two)
        self.assertEqual(one, other)

    def test_findings_do_not_depend_on_the_order_of_lines_or_on_chunks(self):
        text = subprocess.run(["zstd", "-dc", DATA / "lanes" / "match_heavy.ndjson.zst"],
                              capture_output=True, check=True).stdout
        lines = text.splitlines(keepends=True)
        random.Random(7).shuffle(lines)
        reference = bag(self.findings(*RULE_OPTIONS, "-", stdin=text))
        self.assertGreater(sum(reference.values()), 1000)
        for path in (self.write("plain", b"".join(lines)), self.write("packed", gzip.compress(text, 1))):
            self.assertEqual(bag(self.findings(*RULE_OPTIONS, path)), reference)


def bag(found):
    """Findings without where they stood."""
    counts = collections.Counter()
    for finding in found:
        data = dict(finding["evidences"][0]["data"])
        for name in ("_source", "_record"):
            data.pop(name)
        counts[finding["finding_info"]["analytic"]["uid"], json.dumps(data, sort_keys=True)] += 1
    return counts


if __name__ == "__main__":
    jaga.main()
