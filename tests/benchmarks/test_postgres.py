"""A PostgreSQL server ends with the process that started it, however that ends."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from benchmarks.processes import running

STARTER = """
import sys, time
from pathlib import Path
from benchmarks.postgres import postgres
with postgres(Path(sys.argv[1])) as server:
    print(server.get_pid(), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_a_server_does_not_outlive_its_starter(*, killed: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="sourcier-pg-", ignore_cleanup_errors=True) as place:
        folder = Path(place) / "pg"
        command = [sys.executable, "-c", STARTER, str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
            assert starter.stdout is not None
            pid = int(starter.stdout.readline())
            assert running(pid)
            if killed:
                starter.kill()
            starter.communicate()
        begun = time.monotonic()
        while running(pid) or folder.exists() is killed:
            assert time.monotonic() - begun < 20, "it outlived its starter"
            time.sleep(0.05)
