"""The demo's server: the real command ``sourcier serve`` in a process of its own, on a ledger of its own."""

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
    database, log = f"sqlite:///{folder / 'ledger.db'}", folder / "server.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            sourcier("serve", "--db", database, "--host", HOST, "--port", "0"),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        yield Child(process=process, target=_listening(process, log), database=database, log=log)
    finally:
        _end(process)
        if process.stdout is not None:
            process.stdout.close()


def _end(process: subprocess.Popen[str]) -> None:
    """End the process if it still runs, without its waits: the second signal cuts them short."""
    while process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(HURRY_SECONDS)


def sourcier(*arguments: str) -> list[str]:
    """The command line of another ``sourcier`` of this very installation."""
    return [sys.executable, "-m", "sourcier", *arguments]


def _listening(process: subprocess.Popen[str], log: Path) -> str:
    """Where the server listens: its first line on standard output says so; nothing comes when it cannot."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(START_SECONDS)
        raise _failed(log, "did not start")
    return line.split()[-1]


def _failed(log: Path, what: str) -> Refusal:
    tail = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return Refusal(
        kind=Kind.UNAVAILABLE, reason=Reason.INTERNAL, message="\n".join([f"the demo's server {what}", *tail])
    )
