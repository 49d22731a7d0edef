"""The loss account: every event that a door let in is in one place of it, and what was rejected can be sent again."""

import json
import os
import subprocess
import threading
import unittest

from centre import CentreCase, wait_for
from jaga import JAGA

PARTS = ("stored", "repeated", "rejected", "failed", "in_flight")


def adds_up(account):
    return account["received"] == sum(account[part] for part in PARTS)


class AccountTest(CentreCase):
    def sources(self, centre):
        return {(row["agency"], row["source"]): row for row in centre.get("/api/v1/sources", limit=1000)["sources"]}

    def test_what_is_sent_is_stored_or_rejected_and_adds_up(self):
        centre = self.centre()
        answer = centre.send([{"n": 1}, '{"n":', {"n": 2}, "[3]"])
        self.assertEqual(answer.status, 200)
        self.assertEqual((answer.json["stored"], answer.json["rejected"]), (2, 2))
        total = centre.account()
        self.assertEqual((total["received"], total["stored"], total["rejected"]), (4, 2, 2))

    def test_many_senders_at_once_add_up_to_one(self):
        centre = self.centre()
        tokens = [centre.add_token("agency%d" % (i % 3), "source%d" % i) for i in range(6)]

        def send(number):
            for request in range(20):
                events = [{"n": n} for n in range(50)] + ["{broken"] * (request % 3)
                self.assertEqual(centre.send(events, token=tokens[number]).status, 200)

        threads = [threading.Thread(target=send, args=(i,)) for i in range(len(tokens))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rejected = sum(request % 3 for request in range(20))
        rows = self.sources(centre)
        for i in range(6):
            account = rows["agency%d" % (i % 3), "source%d" % i]["account"]
            self.assertTrue(adds_up(account), account)
            self.assertEqual((account["stored"], account["rejected"], account["failed"]), (1000, rejected, 0))
        agencies = {row["agency"]: row for row in centre.get("/api/v1/account")["agencies"]}
        for i in range(3):
            self.assertEqual(agencies["agency%d" % i]["account"]["stored"], 2000)
        self.assertEqual(centre.account()["stored"], 6000)

    def test_a_request_that_is_sent_again_with_its_sequence_is_stored_once(self):
        centre = self.centre()
        headers = {"X-Jaga-Producer": "7f", "X-Jaga-Sequence": "1"}
        for _ in range(3):
            self.assertEqual(centre.send([{"n": 1}, "{broken", {"n": 2}], headers=headers).status, 200)
        total = centre.account()
        self.assertEqual((total["stored"], total["repeated"]), (2, 4))
        letters = centre.get("/api/v1/deadletters")["letters"]
        self.assertEqual([letter["event"] for letter in letters], ["{broken"])

    def test_a_sender_that_is_too_fast_is_throttled_and_counted(self):
        centre = self.centre()
        token = centre.add_token("health", "slow", "--rate", "10")
        self.assertEqual(centre.send([{"n": n} for n in range(100)], token=token).status, 200)
        answer = centre.send([{"n": 1}], token=token)
        self.assertEqual(answer.status, 429)
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        account = self.sources(centre)["health", "slow"]["account"]
        self.assertTrue(adds_up(account), account)
        self.assertEqual((account["received"], account["throttled"]), (100, 1))

    def test_who_is_not_known_is_refused_and_counted(self):
        centre = self.centre()
        before = centre.get("/api/v1/account")["unknown"]
        self.assertEqual(centre.send([{"n": 1}], token="jaga_" + "A" * 43).status, 401)
        self.assertEqual(centre.get("/api/v1/account")["unknown"], before + 1)
        self.assertEqual(centre.account()["received"], 0)

    def test_the_metrics_say_the_same(self):
        centre = self.centre()
        centre.send([{"n": 1}, "{broken"])
        text = centre.ask("GET", "/metrics").text
        self.assertIn('jaga_events_received_total{agency="health",source="windows"} 2\n', text)
        self.assertIn('jaga_events_stored_total{agency="health",source="windows"} 1\n', text)
        self.assertIn('jaga_events_rejected_total{agency="health",source="windows"} 1\n', text)

    def test_dead_letters_outlive_a_restart(self):
        centre = self.centre()
        centre.send(["{broken"])
        centre.kill()
        centre.start()
        letters = centre.get("/api/v1/deadletters")["letters"]
        self.assertEqual(len(letters), 1)
        self.assertEqual(letters[0]["reason"], "expected the name of a member")
        self.assertEqual(centre.ask("POST", "/api/v1/deadletters/0/replay").status, 422)


class DeadLetterTest(CentreCase):
    def deadletter(self, centre, *arguments):
        return subprocess.run(
            [JAGA, "deadletter", arguments[0], "--to", centre.url, "--fingerprint", centre.fingerprint, *arguments[1:]],
            env=dict(os.environ, JAGA_TOKEN=centre.admin),
            capture_output=True,
            check=False,
        )

    def test_dead_letters_are_listed_and_shown_exactly(self):
        centre = self.centre()
        centre.ask("POST", "/api/v1/events", body=b'{"n":1}\n{"n":\xff\n[7]\n', token=centre.token)
        done = self.deadletter(centre, "list")
        self.assertEqual(done.returncode, 0, done.stderr)
        letters = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([letter["offset"] for letter in letters], [0, 1])
        self.assertEqual(letters[1]["reason"], "expected a JSON object")
        done = self.deadletter(centre, "show", "0")
        self.assertEqual((done.returncode, done.stdout), (0, b'{"n":\xff'))
        self.assertEqual(self.deadletter(centre, "show", "1").stdout, b"[7]")
        done = self.deadletter(centre, "show", "2")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"there is no dead letter 2", done.stderr)

    def test_a_letter_that_is_still_malformed_is_not_replayed(self):
        centre = self.centre()
        centre.send(["{}", "{broken"])
        done = self.deadletter(centre, "replay", "0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"still malformed", done.stderr)
        self.assertEqual(centre.account()["received"], 2)


class SilenceTest(CentreCase):
    def test_a_declared_source_that_falls_silent_is_a_finding_until_it_speaks(self):
        config = json.dumps({"sources": [{"agency": "health", "source": "windows", "expect": "1s"}]})
        centre = self.centre(config=config)
        found = centre.wait_for_findings(1, rule="source.silent")
        self.assertEqual(found[0]["title"], "Source silent: health/windows")

        def speaks():
            centre.send([{"n": 1}])
            finding = centre.get("/api/v1/findings/" + found[0]["id"])
            return finding["status"] == "cleared"

        wait_for("the finding to be cleared", speaks)


if __name__ == "__main__":
    unittest.main()
