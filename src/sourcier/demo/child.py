"""The demo's server: the real command ``sourcier serve`` in a process of its own, on a ledger of its own."""

import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sourcier.domain.errors import Kind, Reason, Refusal

HOST: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_768)  # below those that systems hand out by themselves
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 60.0
HURRY_SECONDS: Final = 0.5
LOG_TAIL_LINES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A running server. `database` is its ledger's URL, `log` what it writes to standard error."""

    process: subprocess.Popen[str]
    target: str
    database: str
    log: Path

    def stop(self) -> float:
        """Ask it to end (SIGTERM) and wait until it did; seconds. Raises `Refusal` unless it ended well."""
        began = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise _failed(self.log, "did not end") from None
        if code != 0:
            raise _failed(self.log, f"ended with {code}")
        return time.monotonic() - began


@contextmanager
def server(folder: Path) -> Iterator[Child]:
    """A server that listens, on an embedded ledger in `folder`; whatever happens, it is gone afterwards."""
    child = _start(folder, _free_port())
    try:
        _await_listening(child)
        yield child
    finally:
        _end(child.process)
        if child.process.stdout is not None:
            child.process.stdout.close()


def _end(process: subprocess.Popen[str]) -> None:
    """End the process if it still runs, without its waits: the second signal cuts them short."""
    while process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(HURRY_SECONDS)


def sourcier(*arguments: str) -> list[str]:
    """The command line of another ``sourcier`` of this very installation."""
    return [sys.executable, "-m", "sourcier", *arguments]


def _start(folder: Path, port: int) -> Child:
    database = f"sqlite:///{folder / 'ledger.db'}"
    log = folder / "server.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            sourcier("serve", "--db", database, "--host", HOST, "--port", str(port)),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    return Child(process=process, target=f"{HOST}:{port}", database=database, log=log)


def _await_listening(child: Child) -> None:
    """The server's first line on standard output says that it serves; nothing comes when it cannot."""
    assert child.process.stdout is not None
    if not child.process.stdout.readline():
        child.process.wait(START_SECONDS)
        raise _failed(child.log, "did not start")


def _free_port() -> int:
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise Refusal(kind=Kind.UNAVAILABLE, reason=Reason.INTERNAL, message=f"no free port on {HOST}")


def _failed(log: Path, what: str) -> Refusal:
    tail = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return Refusal(
        kind=Kind.UNAVAILABLE, reason=Reason.INTERNAL, message="\n".join([f"the demo's server {what}", *tail])
    )
