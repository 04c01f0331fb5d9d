"""A process that ends with its parent, and leaves signals to it."""

import subprocess
import sys
import time
from pathlib import Path

CHILD = """
import os, sys, time
from sourcier.processes.parent import die_with
die_with(int(sys.argv[1]))
print(os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}, str(os.getpid())])
child.wait()
"""


def test_a_child_is_gone_when_its_parent_was_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait(10)
    for _ in range(1_000):
        if not running(pid):
            return
        time.sleep(0.01)
    raise AssertionError("it outlived its parent")


def test_a_child_of_another_parent_leaves_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD, "1"], capture_output=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (0, b"")


def running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
