"""The analyst's terminal: hunts that are interrupted, progress, and the prompt, in a pseudo-terminal."""

import os
import unittest

import jaga

from centre import HAS_LAKE, CentreCase, wait_for
from jaga import DONE, INTERRUPTED, JAGA, process
from terminal import Terminal, plain

# Too much for any machine: it ends when it is cancelled.
ENDLESS = "range x from 1 to 100000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 100000 step 1 " \
    "| extend k = 1) on k | join kind=inner (range z from 1 to 100000 step 1 | extend k = 1) on k | summarize sum(x * y + z)"


@unittest.skipUnless(HAS_LAKE, "libduckdb is not there: tools/duckdb.sh fetches it")
class PromptCase(CentreCase):
    def filled(self):
        """A centre with events that are in the lake."""
        centre = self.centre()
        centre.send([process("C:\\Windows\\whoami.exe", n, host="WS1", command="whoami /all") for n in range(3)])
        wait_for("everything to be in the lake", lambda: self.stored(centre) == (3, 0))
        return centre

    @staticmethod
    def stored(centre):
        lake = centre.get("/api/v1/status")["lake"]
        return lake["rows"], lake["lag"]

    def remote(self, centre):
        token = self.dir / "token"
        token.write_text(centre.admin)
        return ("--to", centre.url, "--token-file", token, "--insecure")

    def folder(self, centre):
        centre.stop()
        return ("--data", centre.data)

    def terminal(self, *arguments, env=None, **more):
        environment = dict(os.environ, TERM="xterm", XDG_STATE_HOME=str(self.dir / "state"), LC_ALL="C.UTF-8", **(env or {}))
        terminal = Terminal([JAGA, "hunt", *arguments], env=environment, cwd=self.dir, **more)
        self.addCleanup(terminal.close)
        return terminal


class Interrupted(PromptCase):
    def test_of_a_folder_a_hunt_shows_its_progress_and_ends(self):
        terminal = self.terminal(*self.folder(self.filled()), ENDLESS)
        terminal.wait_for(r"Ctrl-C ends it")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), INTERRUPTED)
        self.assertTrue(terminal.shown.endswith("\r\x1b[K"), terminal.shown[-100:])

    def test_of_a_centre_a_hunt_is_gone_there(self):
        centre = self.filled()
        terminal = self.terminal(*self.remote(centre), ENDLESS)
        terminal.wait_for(r"Ctrl-C ends it")
        wait_for("the hunt", lambda: centre.get("/api/v1/hunts")["hunts"])
        terminal.type("\x03")
        self.assertEqual(terminal.end(), INTERRUPTED)
        wait_for("the hunt to be gone", lambda: not centre.get("/api/v1/hunts")["hunts"])


if __name__ == "__main__":
    jaga.main()
