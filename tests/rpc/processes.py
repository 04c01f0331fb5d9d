"""What the system knows of a server's processes: who started whom, and who has which connection."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc")
WORKER = "sourcier.workers.worker"
SOLVER = "sourcier.service.solver_child"


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


def _stat(pid: int) -> list[str]:
    """State, parent and more of a process; its name before them may hold anything."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


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
    found = set()
    lines = [
        line.split()
        for table in ("tcp", "tcp6")  # gRPC's sockets speak both
        for line in (PROC / str(pid) / "net" / table).read_text().splitlines()[1:]
    ]
    for fields in lines:
        local, remote, inode = fields[1], fields[2], fields[9]
        if inode in inodes and int(local.rpartition(":")[2], 16) == port:
            found.add(int(remote.rpartition(":")[2], 16))
    return found - {0}


def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it is so."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
