"""What the system knows of a server's processes: who started whom, and who has which connection. Linux only."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
WORKER: Final = "sourcier.workers.worker"
SOLVER: Final = "sourcier.service.solver_child"


def children(pid: int, module: str) -> list[int]:
    """The processes that `pid` started with this module and that still run."""
    found = []
    for folder in PROC.iterdir():
        if folder.name.isdigit() and running(int(folder.name)):
            try:
                parent = int(_stat(int(folder.name))[1])
                command = (folder / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if parent == pid and module in command:
                found.append(int(folder.name))
    return sorted(found)


def running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return _stat(pid)[0] != "Z"
    except OSError:
        return False


def cores(pid: int) -> list[set[int]]:
    """On which cores each thread of the process may run."""
    found = []
    for thread in (PROC / str(pid) / "task").iterdir():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            found.append(os.sched_getaffinity(int(thread.name)))
    return found


def callers(pid: int, port: int) -> set[int]:
    """The ports from which the process has connections to its `port`."""
    inodes = set()
    for descriptor in (PROC / str(pid) / "fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    lines = [
        line.split()
        for table in ("tcp", "tcp6")  # gRPC's sockets speak both
        for line in (PROC / str(pid) / "net" / table).read_text().splitlines()[1:]
    ]
    pairs = {(fields[1], fields[2]) for fields in lines if fields[9] in inodes}
    return {_port(remote) for local, remote in pairs if _port(local) == port} - {0}


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def _stat(pid: int) -> list[str]:
    """State, parent and more of a process; its name before them may hold anything."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
