"""The child's side of the protocol, and its end when the parent closes the socket."""

import io
import os
import pickle
import signal
import socket
import subprocess
import sys

import pytest

from sourcier.service import solver_child


def test_messages_come_back_as_they_were_sent() -> None:
    pipe = io.BytesIO()
    messages = [(5, ("model", 1)), (None, None), ("x" * 100_000, None)]
    for message in messages:
        solver_child.send(pipe, message)
    pipe.seek(0)
    assert [solver_child.receive(pipe) for _ in messages] == messages
    assert solver_child.receive(pipe) is None


@pytest.mark.parametrize("cut", [1, 8, 12])
def test_a_message_that_breaks_off_is_the_end(cut: int) -> None:
    whole = io.BytesIO()
    solver_child.send(whole, (5, ("model",)))
    assert solver_child.receive(io.BytesIO(whole.getvalue()[:cut])) is None


def test_an_answer_is_a_solution_or_an_error() -> None:
    assert solver_child.answer(divmod, (7, 2)) == ((3, 1), None)
    solution, error = solver_child.answer(divmod, (7, 0))
    assert solution is None
    assert "ZeroDivisionError" in str(error)


def test_a_child_leaves_when_the_socket_closes() -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "sourcier.service.solver_child", str(os.getpid()), str(1 << 30), "operator:add"]
    with theirs:
        process = subprocess.Popen(command, stdin=theirs.fileno())
    with ours, ours.makefile("rb") as inbox, ours.makefile("wb") as outbox:
        assert solver_child.receive(inbox) == (None, None)
        solver_child.send(outbox, (100, (2, 3)))
        assert solver_child.receive(inbox) == (5, None)
    assert process.wait(timeout=10) == 0


def test_a_child_of_another_parent_leaves_at_once() -> None:
    command = [sys.executable, "-m", "sourcier.service.solver_child", "1", str(1 << 30), "operator:add"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30)
    assert done.returncode == 0
    assert done.stdout == b""


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
