"""A program in a terminal of its own: what it shows is waited for, keys are pressed."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

WAIT_SECONDS = 60


def plain(text):
    """Without colours and movements of the cursor."""
    return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])|\r|\x08", "", text)


class Terminal:
    """`command` with a pseudo-terminal for input, output and errors."""

    def __init__(self, command, columns=80, rows=24, env=None, cwd=None):
        self.shown = ""  # everything so far, as it came
        self.at = 0  # up to where it was waited for, in its plain text
        self.code = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                if cwd:
                    os.chdir(cwd)
                os.execvpe(command[0], [str(word) for word in command], env or os.environ)
            finally:
                os._exit(127)

    def read(self, seconds):
        """More of what it shows. False: it has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            part = os.read(self.fd, 65536)
        except OSError:  # Linux: the other end is closed
            return False
        self.shown += part.decode(errors="replace")
        return bool(part)

    def wait_for(self, pattern, seconds=WAIT_SECONDS):
        """Until the pattern was shown, after the last one that was waited for; returns all from there to its end."""
        end = time.monotonic() + seconds
        while True:
            text = plain(self.shown)
            found = re.compile(pattern, re.S).search(text, self.at)
            if found:
                before, self.at = self.at, found.end()
                return text[before : self.at]
            if not self.read(0.2) or time.monotonic() > end:
                raise AssertionError(f"no {pattern!r} in {text[self.at:]!r}")

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, seconds=WAIT_SECONDS):
        """Waits for its end; the exit code."""
        end = time.monotonic() + seconds
        while self.read(0.2) and time.monotonic() < end:
            pass
        return self.close(kill=time.monotonic() >= end)

    def close(self, kill=True):
        if self.code is None:
            if kill:
                os.kill(self.pid, signal.SIGKILL)
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self.fd)
        return self.code
