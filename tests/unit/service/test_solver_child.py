"""The child's side of the protocol, and its end when the parent closes the socket."""

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest

from sourcier.processes.frames import receive, send
from sourcier.service import solver_child


def test_an_answer_is_a_solution_or_an_error() -> None:
    assert solver_child.answer(divmod, (7, 2)) == ((3, 1), None)
    solution, error = solver_child.answer(divmod, (7, 0))
    assert solution is None
    assert "ZeroDivisionError" in str(error)


def command(parent: int) -> list[str]:
    """A solver that adds, of this parent."""
    return [sys.executable, "-m", "sourcier.service.solver_child", str(parent), str(1 << 30), "operator:add"]


@contextmanager
def child() -> Iterator[tuple["subprocess.Popen[bytes]", BinaryIO, BinaryIO]]:
    """A child that is ready, what it says and what it is told; afterwards it must leave by itself."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(command(os.getpid()), stdin=theirs.fileno())
    with ours, ours.makefile("rb") as inbox, ours.makefile("wb") as outbox:
        assert receive(inbox) == (None, None)
        yield process, inbox, outbox
    assert process.wait(timeout=10) == 0


def test_a_child_leaves_when_the_socket_closes() -> None:
    with child() as (_, inbox, outbox):
        send(outbox, (100, (2, 3)))
        assert receive(inbox) == (5, None)


def test_a_child_of_another_parent_leaves_at_once() -> None:
    done = subprocess.run(command(1), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0
    assert done.stdout == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_child_outlives_signals_that_go_to_the_whole_service(number: signal.Signals) -> None:
    """Its server still has orders to decide while it ends, and ends it afterwards."""
    with child() as (process, inbox, outbox):
        process.send_signal(number)
        send(outbox, (100, (2, 3)))
        assert receive(inbox) == (5, None)


def test_a_solver_is_loaded_before_it_is_used(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    with open(f"{tmp_path}/lazy_solver.py", "w", encoding="utf-8") as file:
        file.write("loaded = []\ndef load():\n    loaded.append(1)\ndef solve(x):\n    return loaded * x\n")
    assert solver_child.load_entry("lazy_solver:solve")(3) == [1, 1, 1]
    assert pickle.dumps(solver_child.load_entry("operator:add"))


def test_the_kernel_ends_a_child_that_nobody_ends() -> None:
    code = "from sourcier.service import solver_child as c; c.CPU_SLACK_SECONDS = 0; c.limit_cpu(1)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == -signal.SIGXCPU
