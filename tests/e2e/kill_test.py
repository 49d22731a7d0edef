"""The centre killed (SIGKILL) at random moments under load: what was acknowledged is there once, and so are its findings.

Each event has a host of its own and matches a rule, so the findings are the list of events that were matched; three
events of one user make a correlation true. JAGA_KILLS says how often (5; `make soak`: 50)."""

import http.client
import os
import random
import threading
import time

import jaga
from centre import CentreCase, wait_for
from jaga import RULE, process

KILLS = int(os.environ.get("JAGA_KILLS", "5"))
SENDERS = 3
BATCH = 30

CORRELATION = """\
title: Three by one user
id: 5a0c1c8e-0003-4a0b-9d38-3b6f5a1b0003
correlation:
    type: event_count
    rules:
        - 5a0c1c8e-0001-4a0b-9d38-3b6f5a1b0001
    group-by:
        - User
    timespan: 1h
    condition:
        gte: 3
    generate: true
level: high
"""


class Sender(threading.Thread):
    """Sends batches with a sequence of its own; one that was not acknowledged is sent again, the same.

    `going` makes it pause, between two batches."""

    def __init__(self, case, centre, number, token=None):
        super().__init__(daemon=True)
        self.case, self.centre, self.number, self.token = case, centre, number, token
        self.acknowledged = []
        self.going = threading.Event()
        self.going.set()
        self.stopping = threading.Event()
        self.error = None

    def batch(self, sequence):
        now = time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime())
        events = []
        for i in range(BATCH):
            number = sequence * BATCH + i
            host = f"S{self.number}-{number}"
            events.append(
                dict(
                    process("C:\\Windows\\System32\\whoami.exe", record=number, host=host, time=now),
                    User=f"CORP\\u{self.number}-{number // 3}",
                )
            )
        return events

    def send(self, events, sequence):
        headers = {"X-Jaga-Producer": f"{self.number + 1:016x}", "X-Jaga-Sequence": str(sequence)}
        while True:
            try:
                answer = self.centre.send(events, token=self.token, headers=headers)
                if answer.status == 200:
                    return
                self.case.assertIn(answer.status, (429, 503), answer.text)
            except (OSError, http.client.HTTPException):
                pass  # it was killed: again
            time.sleep(0.02)

    def run(self):
        sequence = 0
        try:
            while not self.stopping.is_set():
                self.going.wait()
                sequence += 1
                events = self.batch(sequence)
                self.send(events, sequence)
                self.acknowledged += [(event["Computer"], event["User"]) for event in events]
        except BaseException as error:  # the test's thread tells
            self.error = error


class Kill(CentreCase):
    def test_nothing_acknowledged_is_lost_or_doubled_and_neither_are_findings(self):
        self.write("rules/whoami.yml", RULE)
        self.write("rules/three.yml", CORRELATION)
        seed = int.from_bytes(os.urandom(4), "big")
        chance = random.Random(seed)
        print(f"seed {seed}, {KILLS} kills", flush=True)
        centre = self.centre(
            "--rules", self.dir / "rules", "--throttle", 1000000, "--snapshot", "1s", "--lateness", "10s"
        )
        senders = [Sender(self, centre, number) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            before = [len(sender.acknowledged) for sender in senders]
            wait_for("each sender to go on", lambda: self.all_went_on(senders, before))
            time.sleep(chance.random() * 1.5)  # a random moment is what is tested
            centre.kill()
            centre.start()
        for sender in senders:
            sender.stopping.set()
        for sender in senders:
            sender.join()
            if sender.error:
                raise sender.error
        acknowledged = [event for sender in senders for event in sender.acknowledged]
        centre.wait_until_matched()
        print(f"{len(acknowledged)} events acknowledged", flush=True)
        self.check_findings(centre, acknowledged)
        self.check_correlations(centre, acknowledged)
        centre.stop()
        self.jaga("journal", "verify", "--data", centre.data)

    @staticmethod
    def all_went_on(senders, before):
        for sender in senders:
            if sender.error:
                raise sender.error
        return all(len(sender.acknowledged) > count for sender, count in zip(senders, before))

    def check_findings(self, centre, acknowledged):
        found = {}
        for finding in centre.findings(kind="rule"):
            self.assertNotIn(finding["host"], found, "two findings of one event")
            if finding["count"] != 1:
                whole = centre.get("/api/v1/findings/" + finding["id"])
                ids = [(event["partition"], event["offset"]) for event in whole["events"]]
                self.fail(f"{finding['host']} was counted {finding['count']} times: {ids}\n" + centre.logs())
            found[finding["host"]] = finding
        self.assertEqual(sorted(found), sorted(host for host, _ in acknowledged))

    def check_correlations(self, centre, acknowledged):
        """Every user of three events has exactly one; they come when no earlier event can come any more."""
        counts = {}
        for _, user in acknowledged:
            counts[user] = counts.get(user, 0) + 1
        expected = sorted(user for user, count in counts.items() if count == 3)
        found = wait_for(
            "all correlations", lambda: self.enough(centre.findings(kind="correlation"), len(expected)), seconds=120
        )
        for finding in found:
            self.assertEqual(finding["count"], 1, finding)
        self.assertEqual(len(found), len(expected))
        # Of very many at once, some come without their events, and so without the user.
        users = [finding["user"] for finding in found if finding["user"]]
        self.assertEqual(len(users), len(set(users)))
        self.assertLessEqual(set(users), set(expected))

    @staticmethod
    def enough(found, n):
        return found if len(found) >= n else None


if __name__ == "__main__":
    jaga.main()
