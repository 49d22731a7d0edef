"""rsyslog for the tests: Debian's, unpacked by tools/clients.sh, or the one that is installed."""

import os
import pathlib
import shutil

from jaga import ROOT

UNPACKED = ROOT / "out" / "clients" / "rsyslog"


def find():
    """The folder that holds usr/, or None."""
    if (UNPACKED / ".done").exists():
        return UNPACKED
    return pathlib.Path("/") if shutil.which("rsyslogd", path="/usr/sbin:/usr/bin") else None


FOLDER = find()


def modules():
    return next((FOLDER / "usr" / "lib").glob("*/rsyslog"))


def has(module):
    """Is that module there ("omelasticsearch")?"""
    return FOLDER is not None and (modules() / f"{module}.so").exists()


def command(*arguments):
    return [str(FOLDER / "usr" / "sbin" / "rsyslogd"), "-M", str(modules()), *map(str, arguments)]


def environment():
    """Where its libraries are, for a process that runs it."""
    if FOLDER != UNPACKED:
        return {}
    libraries = [str(modules().parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return {"LD_LIBRARY_PATH": ":".join(libraries)}
