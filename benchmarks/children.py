"""Servers as child processes, on loopback: started, watched and ended with SIGTERM."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from types import MappingProxyType
from typing import Final

HOST: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections."""

START_SECONDS: Final = 60
END_SECONDS: Final = 60
SAMPLE_SECONDS: Final = 0.5
READY: Final = " serves on "
LOG_LINES: Final = 10
LOG_CHARACTERS: Final = 500
PROC: Final = Path("/proc")


class ServerFailed(RuntimeError):
    """The server did not start. Like every error while it runs, it carries the end of the log as a note."""


@dataclass(slots=True, kw_only=True)
class Running:
    """A server that answers at `target`. Memory is the most at any sample, MiB resident; None without /proc.

    `solver_pids` are those seen at samples: more than there should be at a time means that solvers were killed.
    `exit_code` is known once it has ended.
    """

    target: str
    pid: int
    exit_code: int | None = None
    server_mib: float | None = None
    solvers_mib: float | None = None
    solver_pids: set[int] = field(default_factory=set)

    def sample(self) -> None:
        """Look at the memory of the server and of all processes that descend from it."""
        if (PROC / str(self.pid)).is_dir():
            pids = set(_descendants(self.pid))
            self.solver_pids |= pids
            self.server_mib = max(self.server_mib or 0.0, _resident_mib(self.pid))
            self.solvers_mib = max(self.solvers_mib or 0.0, sum(_resident_mib(pid) for pid in pids))

    def processes(self) -> dict[int, tuple[float, int]]:
        """MiB resident and open handles of the server and of all processes that descend from it, by their ids."""
        return {pid: (_resident_mib(pid), _handles(pid)) for pid in (self.pid, *_descendants(self.pid))}

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU since the start: of the server, and of its solver processes, those that have ended included."""
        own, ended = _cpu_seconds(self.pid)
        return own, ended + sum(sum(_cpu_seconds(pid)) for pid in _descendants(self.pid))


@asynccontextmanager
async def serving(
    database_url: str, log: Path, options: tuple[str, ...], environment: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Running]:
    """A server on this ledger until the block ends or this process gets SIGTERM. Raises ServerFailed."""
    port = free_port()
    arguments = ("-m", "sourcier", "serve", "--host", HOST, "--port", str(port), *options)
    # Not an argument: the URL may hold a password.
    async with child(arguments, log, {**environment, "SOURCIER_DB": database_url}) as running:
        yield running


@asynccontextmanager
async def child(arguments: tuple[str, ...], log: Path, environment: Mapping[str, str]) -> AsyncIterator[Running]:
    """A server in Python, until the block ends or this process gets SIGTERM, that first prints where it serves.

    Raises ServerFailed.
    """
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **environment},
        )
    running = Running(target="", pid=process.pid)
    watch = asyncio.create_task(_watch(running))
    task = asyncio.current_task()
    assert task is not None, "a task runs this block"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        running.target = await _ready(process)
        yield running
        running.sample()
    except Exception as error:
        error.add_note(f"the end of the server's log:\n{_tail(log)}")
        raise
    finally:
        watch.cancel()
        await _end(process)
        running.exit_code = process.returncode


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    for port in SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise ServerFailed(f"no port of {PORTS.start} to {PORTS.stop - 1} is free")


async def _ready(process: asyncio.subprocess.Process) -> str:
    """Where the server says that it serves."""
    assert process.stdout is not None, "its output is a pipe"
    line = b""
    with suppress(TimeoutError):
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    _, found, target = line.decode().rstrip().partition(READY)
    if not found:
        raise ServerFailed(f"the server did not start within {START_SECONDS} s")
    return target


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _watch(running: Running) -> None:
    while True:
        running.sample()
        await asyncio.sleep(SAMPLE_SECONDS)


def _descendants(pid: int) -> Iterator[int]:
    for path in PROC.glob(f"{pid}/task/*/children"):
        with suppress(OSError):
            for child in path.read_text().split():
                yield int(child)
                yield from _descendants(int(child))


def _resident_mib(pid: int) -> float:
    with suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1_024
    return 0.0


def _handles(pid: int) -> int:
    with suppress(OSError):
        return len(list((PROC / str(pid) / "fd").iterdir()))
    return 0


def _cpu_seconds(pid: int) -> tuple[float, float]:
    """CPU of the process itself, and of its children that have ended."""
    with suppress(OSError):
        # The name in parentheses may hold blanks; user and system time are the 14th to 17th field.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        user, system, ended_user, ended_system = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:15])
        return user + system, ended_user + ended_system
    return 0.0, 0.0


def _tail(log: Path) -> str:
    """The last lines, each cut: one line may hold a whole traceback with its values."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join(line[:LOG_CHARACTERS] for line in lines)
