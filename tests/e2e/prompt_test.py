"""The analyst's terminal: hunts that are interrupted, progress, and the prompt, in a pseudo-terminal."""

import os
import unittest

import jaga

from centre import HAS_LAKE, CentreCase, wait_for
from jaga import DONE, INTERRUPTED, JAGA, process
from terminal import Terminal

# Too much for any machine: it ends when it is cancelled.
ENDLESS = "range x from 1 to 100000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 100000 step 1 " \
    "| extend k = 1) on k | join kind=inner (range z from 1 to 100000 step 1 | extend k = 1) on k | summarize sum(x * y + z)"


@unittest.skipUnless(HAS_LAKE, "libduckdb is not there: tools/duckdb.sh fetches it")
class PromptCase(CentreCase):
    def filled(self, *options):
        """A centre with events that are in the lake."""
        centre = self.centre(*options)
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

    def test_one_that_waits_for_its_turn_says_so(self):
        centre = self.filled("--hunts-max", "1")
        to = self.remote(centre)
        first = self.terminal(*to, ENDLESS)
        wait_for("the hunt", lambda: centre.get("/api/v1/hunts")["hunts"])
        second = self.terminal(*to, "print answer = 42")
        second.wait_for(r"waits for its turn  \d")
        third = self.terminal(*to, "print answer = 43")
        third.wait_for(r"waits for its turn, 1 before it  \d")
        first.type("\x03")
        second.wait_for(r"42\n1 row")
        third.wait_for(r"43\n1 row")


class Prompt(PromptCase):
    def prompt(self, *arguments, **more):
        terminal = self.terminal(*arguments, **more)
        terminal.wait_for("hunt> ")
        return terminal

    def answer(self, terminal, text):
        """What is shown from a query to the next prompt."""
        terminal.type(text)
        return terminal.wait_for(r"\d\.\d{3} s.*?hunt> ")

    def leave(self, terminal):
        terminal.type("\x04")
        self.assertEqual(terminal.end(), DONE)

    def test_queries_of_many_lines_are_completed_asked_and_found_again(self):
        where = self.folder(self.filled())
        terminal = self.prompt(*where)
        terminal.type("windows_sysm\t")
        terminal.wait_for("on ")  # what is there already is not drawn again
        terminal.type("\n")
        terminal.wait_for("-> ")
        terminal.type("| where CommandL\t")
        terminal.wait_for("ine ")
        terminal.type("startswith 'whoami'\n")
        terminal.wait_for("-> ")
        terminal.type("| summ\t")
        terminal.wait_for("arize ")
        shown = self.answer(terminal, "n = count() by Computer;\n")
        self.assertRegex(shown, r"(?s)Computer +n\n.*WS1 +3\n1 row\n")
        self.leave(terminal)
        terminal = self.prompt(*where, columns=200)
        terminal.type("\x1b[A")
        terminal.wait_for(r"windows_sysmon \| where CommandLine startswith 'whoami' \| summarize n = count\(\) by Computer;")
        self.assertIn("WS1", self.answer(terminal, "\n"))
        self.leave(terminal)
        history = self.dir / "state/jaga/hunt_history"
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)

    def test_an_empty_line_ends_a_query_and_a_let_alone_does_not(self):
        terminal = self.prompt(*self.folder(self.filled()))
        terminal.type("let least = 2;\n\nwindows_sysmon\n| summarize n = count()\n| where n > least\n")
        self.assertRegex(self.answer(terminal, "\n"), r"n\n─\n3\n1 row")
        self.leave(terminal)

    def test_a_mistake_is_pointed_at_and_the_prompt_stays(self):
        terminal = self.prompt(*self.folder(self.filled()), env={"NO_COLOR": "1"})
        terminal.type("windows_sysmon\n| where Imagee == 'x';\n")
        shown = terminal.wait_for(r"did you mean 'Image'.*?hunt> ")
        self.assertIn("  | where Imagee == 'x';\n          ^\n", shown)
        terminal.type("\\nothing\n")
        terminal.wait_for(r"no command \\nothing.*?hunt> ")
        self.leave(terminal)

    def check_interruption(self, terminal, is_running, is_gone):
        terminal.type(ENDLESS + ";\n")
        terminal.wait_for("Ctrl-C ends it")
        wait_for("the hunt", is_running)
        terminal.type("\x03")
        terminal.wait_for("interrupted.*?hunt> ")
        wait_for("the hunt to be gone", is_gone)
        terminal.type("print 'never asked")
        terminal.wait_for("never asked")
        terminal.type("\x03")
        terminal.wait_for("hunt> ")
        self.assertRegex(self.answer(terminal, "print answer = 42;\n"), r"(?s)answer\n.*42\n1 row")
        self.leave(terminal)

    def test_an_interruption_ends_the_hunt_and_not_the_prompt(self):
        centre = self.filled()
        hunts = lambda: centre.get("/api/v1/hunts")["hunts"]
        self.check_interruption(self.prompt(*self.remote(centre)), hunts, lambda: not hunts())
        self.check_interruption(self.prompt(*self.folder(centre)), lambda: True, lambda: True)

    def test_commands_show_what_there_is_and_change_how_it_is_asked(self):
        centre = self.filled()
        terminal = self.prompt(*self.remote(centre), columns=200)
        terminal.type("\\tables sysmon\n")
        self.assertIn("windows_sysmon", terminal.wait_for("rows.*?hunt> "))
        self.assertRegex(self.answer(terminal, "\\columns windows_sysmon\n"), r"CommandLine +string\n")
        self.assertRegex(self.answer(terminal, "\\x\nwindows_sysmon | take 1;\n"), r"(?s)── 1 ─.*Computer +WS1\n")
        terminal.type("\\explain\n")
        terminal.wait_for("SELECT.*?hunt> ")
        self.assertRegex(self.answer(terminal, "\\set until 2020-01-01\nwindows_sysmon | count;\n"), r"Count +0\n")
        self.assertRegex(self.answer(terminal, "\\set until\nwindows_sysmon | count;\n"), r"Count +3\n")
        self.assertIn("4", self.answer(terminal, "\\set sql on\nSELECT 2 + 2 AS n;\n"))
        terminal.type("\\set rows 0\n")
        terminal.wait_for("takes 1 to .*?hunt> ")
        self.answer(terminal, "\\set sql off\n\\o csv found.csv\nwindows_sysmon | distinct Image;\n")
        terminal.type("\\o\n")
        terminal.wait_for("hunt> ")
        self.assertEqual((self.dir / "found.csv").read_bytes(), b"Image\r\nC:\\Windows\\whoami.exe\r\n")
        terminal.type("\\quit\n")
        self.assertEqual(terminal.end(), DONE)

    def test_a_pasted_query_with_tabs_is_taken_as_it_is(self):
        terminal = self.prompt(*self.folder(self.filled()))
        shown = self.answer(terminal, "windows_sysmon\n\t| where Image\tendswith 'whoami.exe'\n\t| count\n\n")
        self.assertRegex(shown, r"(?s)Count\n.*3\n")
        self.leave(terminal)


if __name__ == "__main__":
    jaga.main()
